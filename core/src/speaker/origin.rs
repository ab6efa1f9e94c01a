//! Routes originated here.

use ipnet::IpNet;

use super::Speaker;
use super::export::route;
use super::types::{CommandError, LocalRoute};
use crate::attrs::AttrsView;
use crate::attrs::edit::{self, Written};
use crate::attrs::store::Owner;
use crate::config::PolicyRef;
use crate::family::{AddressFamily, Family, V4, V6};
use crate::martian::is_martian;
use crate::policy::Policies;
use crate::rib::Shared;
use crate::rib::stored::StoredFamily;
use crate::rib::table::{FamilyTable, NewPath};
use crate::time::Instant;

impl Speaker<'_> {
    /// The work of [`Speaker::originate`].
    pub(super) fn on_originate(&mut self, now: Instant, route: &LocalRoute<'_>) -> Result<(), CommandError> {
        self.on_redistribute(now, route, PolicyRef::AcceptAll)
    }

    /// The work of [`Speaker::redistribute`].
    pub(super) fn on_redistribute(
        &mut self,
        now: Instant,
        route: &LocalRoute<'_>,
        policy: PolicyRef,
    ) -> Result<(), CommandError> {
        let family = Family::of(&route.prefix);
        if route.next_hop.is_some_and(|next_hop| next_hop.is_ipv4() != (family == Family::Ipv4Unicast)) {
            return Err(CommandError::NextHopFamily);
        }
        let policies = Policies::new(&*self.policy_areas[self.live_policies]);
        let (built, shaped) = (&mut *self.scratch.edited, &mut *self.scratch.imported);
        let (key, len) = edit::build_local(route, built).map_err(|_| CommandError::TooLong)?;
        let set = AttrsView { key: &key, bytes: built.get(..len).unwrap_or(&[]) };
        let through = Through { policies, policy, own_asn: self.local.asn };
        let shared = &mut self.rib.shared;
        match family {
            Family::Ipv4Unicast => {
                originate(&mut self.rib.v4, shared, route.prefix, set, &through, shaped, now)
            }
            Family::Ipv6Unicast => {
                originate(&mut self.rib.v6, shared, route.prefix, set, &through, shaped, now)
            }
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

/// The policy that a route is to pass before it is originated.
struct Through<'a> {
    policies: Policies<'a>,
    policy: PolicyRef,
    own_asn: u32,
}

fn originate<F: StoredFamily>(
    table: &mut FamilyTable<'_, F>,
    shared: &mut Shared<'_>,
    prefix: IpNet,
    set: AttrsView<'_>,
    through: &Through<'_>,
    room: &mut [u8],
    now: Instant,
) -> Result<(), CommandError> {
    let net = F::net_of(&prefix).filter(|&net| !is_martian(net)).ok_or(CommandError::Martian)?;
    let (key, bytes) = match through.policy {
        PolicyRef::Unset | PolicyRef::AcceptAll => (*set.key, set.bytes),
        PolicyRef::RejectAll => return Err(CommandError::Policy),
        PolicyRef::Named(id) => {
            let verdict = through.policies.evaluate(id, &route(net, set, through.own_asn, None));
            if !verdict.accept {
                return Err(CommandError::Policy);
            }
            let written = through.policies.apply(id, verdict.applied, through.own_asn, None, set, room);
            let Written { key, len, .. } = written.map_err(|_| CommandError::TooLong)?;
            (key, room.get(..len).unwrap_or(&[]))
        }
    };
    let attr = shared.attrs.intern(&key, bytes, Owner::Local).map_err(|_| CommandError::Full)?;
    let new = NewPath { peer: 0, attr, now_secs: now.as_secs32(), rule: 0 };
    let result = table.learn(shared, net, new);
    shared.attrs.release(attr);
    result.map(|_| ()).map_err(|_| CommandError::Full)
}
