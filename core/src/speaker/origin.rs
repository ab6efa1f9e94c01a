//! Routes originated here.

use ipnet::IpNet;

use super::Speaker;
use super::types::{CommandError, LocalRoute};
use crate::attrs::AttrsView;
use crate::attrs::edit;
use crate::attrs::store::Owner;
use crate::family::{AddressFamily, Family, V4, V6};
use crate::martian::is_martian;
use crate::rib::Shared;
use crate::rib::stored::StoredFamily;
use crate::rib::table::{FamilyTable, NewPath};
use crate::time::Instant;

impl Speaker<'_> {
    /// The work of [`Speaker::originate`].
    pub(super) fn on_originate(&mut self, now: Instant, route: &LocalRoute<'_>) -> Result<(), CommandError> {
        let family = Family::of(&route.prefix);
        if route.next_hop.is_some_and(|next_hop| next_hop.is_ipv4() != (family == Family::Ipv4Unicast)) {
            return Err(CommandError::NextHopFamily);
        }
        let scratch = &mut *self.scratch.edited;
        let (key, len) = edit::build_local(route, scratch).map_err(|_| CommandError::TooLong)?;
        let set = AttrsView { key: &key, bytes: scratch.get(..len).unwrap_or(&[]) };
        let shared = &mut self.rib.shared;
        match family {
            Family::Ipv4Unicast => originate(&mut self.rib.v4, shared, route.prefix, set, now),
            Family::Ipv6Unicast => originate(&mut self.rib.v6, shared, route.prefix, set, now),
        }
    }

    /// The work of [`Speaker::withdraw`].
    pub(super) fn on_withdraw(&mut self, prefix: IpNet) -> bool {
        let shared = &mut self.rib.shared;
        match Family::of(&prefix) {
            Family::Ipv4Unicast => V4::net_of(&prefix).is_some_and(|net| self.rib.v4.forget(shared, net, 0)),
            Family::Ipv6Unicast => V6::net_of(&prefix).is_some_and(|net| self.rib.v6.forget(shared, net, 0)),
        }
    }
}

fn originate<F: StoredFamily>(
    table: &mut FamilyTable<'_, F>,
    shared: &mut Shared<'_>,
    prefix: IpNet,
    set: AttrsView<'_>,
    now: Instant,
) -> Result<(), CommandError> {
    let net = F::net_of(&prefix).filter(|&net| !is_martian(net)).ok_or(CommandError::Martian)?;
    let attr = shared.attrs.intern(set.key, set.bytes, Owner::Local).map_err(|_| CommandError::Full)?;
    let new = NewPath { peer: 0, attr, now_secs: now.as_secs32(), rule: 0 };
    let result = table.learn(shared, net, new);
    shared.attrs.release(attr);
    result.map(|_| ()).map_err(|_| CommandError::Full)
}
