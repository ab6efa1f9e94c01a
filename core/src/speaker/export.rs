//! What one neighbor is announced: the rules between the best path and the wire, each in one place.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::types::Ends;
use crate::attrs::edit::{Edit, Written};
use crate::attrs::list::ListOp;
use crate::attrs::outgoing::{self, Outgoing};
use crate::attrs::tlv::{NoRoom, Writer};
use crate::attrs::{AttrsView, Key};
use crate::config::PolicyRef;
use crate::family::{AddressFamily, Family, Net};
use crate::policy::{Applied, Policies, RouteInput};
use crate::rib::Shared;
use crate::rib::stored::StoredFamily;
use crate::rib::table::FamilyTable;
use crate::view::{PolicyDecision, Reason};

/// GRACEFUL_SHUTDOWN (RFC 8326).
const GRACEFUL_SHUTDOWN: [u8; 4] = [0xFF, 0xFF, 0, 0];
/// NO_ADVERTISE (RFC 1997).
pub(super) const NO_ADVERTISE: [u8; 4] = [0xFF, 0xFF, 0xFF, 0x02];

/// How far draining has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Drain {
    No,
    /// Everything is announced with GRACEFUL_SHUTDOWN.
    Announcing,
    /// Everything is withdrawn.
    Withdrawn,
}

/// A neighbor as a destination of announcements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) peer: u16,
    pub(crate) internal: bool,
    pub(crate) as4: bool,
    pub(crate) local_asn: u32,
    pub(crate) export: PolicyRef,
    /// IPv4 prefixes may have IPv6 next hops (RFC 8950).
    pub(crate) extended_next_hop: bool,
    pub(crate) next_hop_self: bool,
    /// It is known to be on the same link.
    pub(crate) shares_link: bool,
    pub(crate) ends: Ends,
    pub(crate) max_message: usize,
    pub(crate) drain: Drain,
}

/// A best path that is for this neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    /// Its attribute set, before export.
    pub(crate) attr: u32,
    pub(crate) source: Source,
    /// What the policy changes about it.
    pub(crate) applied: Applied,
}

/// Where a best path came from, as far as exporting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Local,
    Learned,
}

/// Next hop bytes: 4, 16, or 32.
pub(crate) type NextHop = heapless::Vec<u8, 32>;

/// Whether a next hop stands in MP_REACH_NLRI: an IPv6 one, whatever the prefixes are (RFC 4760, 3; RFC 8950, 3).
pub(crate) fn is_multiprotocol(next_hop: &[u8]) -> bool {
    next_hop.len() != 4
}

impl Target {
    /// Decides what this neighbor is announced for a destination. The second part is the policy's share in that.
    #[inline]
    pub(crate) fn verdict<F: StoredFamily>(
        &self,
        table: &FamilyTable<'_, F>,
        shared: &Shared<'_>,
        policies: &Policies<'_>,
        slot: u32,
    ) -> (Result<Export, Reason>, Option<PolicyDecision>) {
        let Some(best) = table.best(shared, slot) else { return (Err(Reason::NoBestPath), None) };
        let path = table.path(best);
        let key = shared.attrs.key(path.attr);
        if let Some(reason) = self.rules(shared, path.peer, key) {
            return (Err(reason), None);
        }
        let source = if path.peer == 0 { Source::Local } else { Source::Learned };
        let accepted = |applied| Ok(Export { attr: path.attr, source, applied });
        let decision = |rule| Some(PolicyDecision { policy: self.export, rule });
        match self.export {
            PolicyRef::Unset if !self.internal && !mutant!(ExportWithoutPolicy) => {
                (Err(Reason::NoPolicy), None)
            }
            PolicyRef::RejectAll => (Err(Reason::Policy), decision(None)),
            PolicyRef::Unset => (accepted(Applied::default()), None),
            PolicyRef::AcceptAll => (accepted(Applied::default()), decision(None)),
            PolicyRef::Named(id) => {
                let own = self.own_next_hop(F::FAMILY);
                let view = shared.attrs.view(path.attr);
                let route = route(table.net(slot), view, self.local_asn, own.as_deref());
                let verdict = policies.evaluate(id, &route);
                let result = if verdict.accept { accepted(verdict.applied) } else { Err(Reason::Policy) };
                (result, decision(verdict.rule))
            }
        }
    }

    /// Rules that no policy can lift.
    #[inline]
    fn rules(&self, shared: &Shared<'_>, source: u16, key: &Key) -> Option<Reason> {
        if self.drain == Drain::Withdrawn {
            return Some(Reason::Drained);
        }
        if source == 0 {
            // RFC 1997 binds those who receive a route: what is originated here with NO_EXPORT is announced with it.
            return None;
        }
        if source == self.peer && !mutant!(NoSplitHorizon) {
            return Some(Reason::SplitHorizon);
        }
        // RFC 4271, 9.2.1.
        if self.internal && !shared.facts[usize::from(source)].is_external() && !mutant!(InternalToInternal) {
            return Some(Reason::InternalToInternal);
        }
        if key.communities & Key::NO_ADVERTISE != 0 {
            return Some(Reason::NoAdvertise);
        }
        let confined = key.communities & (Key::NO_EXPORT | Key::NO_EXPORT_SUBCONFED) != 0;
        (confined && !self.internal && !mutant!(NoExportIgnored)).then_some(Reason::NoExport)
    }

    /// Writes the attributes of an export but MP_REACH_NLRI, and tells how many bytes that are and the next hop.
    pub(crate) fn render<F: AddressFamily>(
        &self,
        export: &Export,
        shared: &Shared<'_>,
        policies: &Policies<'_>,
        edited: &mut [u8],
        encoded: &mut [u8],
    ) -> Result<(usize, NextHop), Reason> {
        let stored = shared.attrs.view(export.attr);
        let mut key = *stored.key;
        // RFC 4271, 5.1.4: a MED from one neighboring AS does not go on to another; a policy may set one.
        if !self.internal && export.source == Source::Learned && !mutant!(MedLeaks) {
            key.set_med(None);
        }
        let set = AttrsView { key: &key, bytes: stored.bytes };
        let own = self.own_next_hop(F::FAMILY);
        let written =
            self.edit(export, policies, set, own.as_deref(), edited).map_err(|NoRoom| Reason::TooLong)?;
        let bytes = edited.get(..written.len).unwrap_or(&[]);
        let set = AttrsView { key: &written.key, bytes };
        let chosen_here = written.next_hop_set || export.source == Source::Local;
        let next_hop = self.next_hop::<F>(chosen_here, set.next_hop_bytes(), own).ok_or(Reason::NoNextHop)?;
        let outgoing = Outgoing {
            internal: self.internal,
            as4: self.as4,
            local_asn: self.local_asn,
            next_hop: (!is_multiprotocol(&next_hop)).then_some(next_hop.as_slice()),
            local_pref: (self.drain == Drain::Announcing && !mutant!(DrainPreferred)).then_some(0),
        };
        let mut w = Writer::new(encoded);
        outgoing::write(&mut w, set, &outgoing).map_err(|NoRoom| Reason::TooLong)?;
        Ok((w.len(), next_hop))
    }

    /// Applies the policy and draining to a set.
    fn edit(
        &self,
        export: &Export,
        policies: &Policies<'_>,
        set: AttrsView<'_>,
        own: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<Written, NoRoom> {
        let draining = self.drain == Drain::Announcing && !mutant!(DrainUnmarked);
        let policy = match self.export {
            PolicyRef::Named(id) if export.applied != Applied::default() => Some(id),
            _ => None,
        };
        let written = match policy {
            Some(id) => policies.apply(id, export.applied, self.local_asn, own, set, out)?,
            None if draining => return with_community(&GRACEFUL_SHUTDOWN, set, out),
            None => {
                out.get_mut(..set.bytes.len()).ok_or(NoRoom)?.copy_from_slice(set.bytes);
                Written { key: *set.key, len: set.bytes.len(), next_hop_set: false }
            }
        };
        if !draining {
            return Ok(written);
        }
        // Both are rare together: the second edit reads what the first wrote from a copy behind it.
        let (first, rest) = out.split_at_mut_checked(written.len).ok_or(NoRoom)?;
        let written_set = AttrsView { key: &written.key, bytes: first };
        let drained = with_community(&GRACEFUL_SHUTDOWN, written_set, rest)?;
        out.copy_within(written.len..written.len + drained.len, 0);
        Ok(Written { next_hop_set: written.next_hop_set, ..drained })
    }

    /// Own address as a next hop of a family on this session.
    pub(crate) fn own_next_hop(&self, family: Family) -> Option<NextHop> {
        let local = self.ends.local.ip().to_canonical();
        match (family, local) {
            (Family::Ipv4Unicast, IpAddr::V4(addr)) => NextHop::from_slice(&addr.octets()).ok(),
            (Family::Ipv4Unicast, IpAddr::V6(addr)) => match self.ends.ipv4 {
                Some(addr) => NextHop::from_slice(&addr.octets()).ok(),
                None => self.extended_next_hop.then(|| self.own_ipv6(addr)).flatten(),
            },
            (Family::Ipv6Unicast, IpAddr::V4(_)) => NextHop::from_slice(&self.ends.ipv6?.octets()).ok(),
            (Family::Ipv6Unicast, IpAddr::V6(addr)) => self.own_ipv6(addr),
        }
    }

    /// Own IPv6 address on a session over IPv6 as a next hop.
    fn own_ipv6(&self, local: Ipv6Addr) -> Option<NextHop> {
        let global = if local.is_unicast_link_local() { self.ends.ipv6.unwrap_or(local) } else { local };
        let mut own = NextHop::from_slice(&global.octets()).ok()?;
        // RFC 2545, 3: the link-local address goes along if and only if both ends share a link.
        if let Some(addr) = self.ends.link_local
            && self.shares_link
            && !mutant!(LinkLocalDropped)
        {
            own.extend_from_slice(&addr.octets()).ok()?;
        }
        Some(own)
    }

    /// The next hop to announce (RFC 4271, 5.1.3): `edited` is the best path's after the policy, `chosen_here` that an
    /// operator's word stands behind it.
    fn next_hop<F: AddressFamily>(
        &self,
        chosen_here: bool,
        edited: &[u8],
        own: Option<NextHop>,
    ) -> Option<NextHop> {
        let keep = if chosen_here {
            !edited.is_empty()
        } else {
            (self.internal || mutant!(NextHopKept)) && !self.next_hop_self
        };
        // Never the neighbor's own address: it would forward to itself.
        if keep && !self.is_remote(edited) {
            // RFC 8950, 4: an IPv6 next hop of an IPv4 prefix goes to nobody who has not asked for such.
            let foreign = F::FAMILY == Family::Ipv4Unicast && is_multiprotocol(edited);
            if foreign && !self.extended_next_hop && !mutant!(NextHopUnasked) {
                return None;
            }
            // RFC 2545, 3: somebody else's link-local address means nothing to a neighbor that may not share that link.
            let global = if self.internal { edited.get(..16).unwrap_or(edited) } else { edited };
            return NextHop::from_slice(global).ok();
        }
        own
    }

    fn is_remote(&self, next_hop: &[u8]) -> bool {
        let remote = self.ends.remote.ip().to_canonical();
        match (next_hop.first_chunk::<16>(), next_hop.first_chunk::<4>()) {
            (Some(&octets), _) => remote == IpAddr::from(octets),
            (None, Some(&octets)) => remote == IpAddr::V4(Ipv4Addr::from(octets)),
            (None, None) => false,
        }
    }
}

/// A set with a community more, if it does not have it.
pub(super) fn with_community(
    community: &[u8; 4],
    set: AttrsView<'_>,
    out: &mut [u8],
) -> Result<Written, NoRoom> {
    let mut edit = Edit::new(set);
    edit.communities(ListOp::Add(core::slice::from_ref(community)))?;
    edit.write(out)
}

/// A route as policies see it.
#[inline]
pub(crate) fn route<'a, F: AddressFamily>(
    net: Net<F>,
    attrs: AttrsView<'a>,
    own_asn: u32,
    own_next_hop: Option<&'a [u8]>,
) -> RouteInput<'a> {
    RouteInput { family: F::FAMILY, addr: net.addr.into(), len: net.len, attrs, own_asn, own_next_hop }
}
