//! Read-only views of a speaker.

use core::net::IpAddr;

use ipnet::IpNet;

use super::Speaker;
use super::export::{Target, is_multiprotocol};
use super::types::{PeerId, Refusal};
use crate::attrs::tlv::{code, flag};
use crate::config::RemoteAs;
use crate::family::{Family, V4, V6};
use crate::limits::{Table, TableUse};
use crate::peer::State;
use crate::policy::Policies;
use crate::rib::selection::{Forwarding, is_valid};
use crate::rib::stored::StoredFamily;
use crate::rib::table::FamilyTable;
use crate::rib::with_table;
use crate::view::{
    Admin, AdvertisedView, DestinationView, FamilyCounts, PathSource, PathView, PeerView, Reason,
    ReceivedView, rule_position,
};
use crate::wire::attributes::{self, Context};

impl Speaker<'_> {
    /// Every neighbor, in slot order; dynamic ones until ten minutes after they closed.
    pub fn peers(&self) -> impl Iterator<Item = PeerView<'_>> {
        (1..self.peers.len() as u16).filter_map(|peer| self.peer(PeerId(peer)))
    }

    /// One neighbor.
    pub fn peer(&self, peer: PeerId) -> Option<PeerView<'_>> {
        let slot = self.peers.get(usize::from(peer.0))?;
        let config = slot.config.as_ref().filter(|_| !slot.removed)?;
        let up = slot.session.is_some();
        let agreed = slot.agreed.as_ref().filter(|_| up);
        let configured = match config.settings.remote_as {
            RemoteAs::Asn(asn) => Some(asn),
            RemoteAs::Internal => Some(self.local.asn),
            RemoteAs::External | RemoteAs::Any => None,
        };
        let external = match (config.settings.remote_as, agreed) {
            (RemoteAs::External, _) => true,
            (_, agreed) => {
                let asn = agreed.map(|agreed| agreed.asn).or(configured);
                asn.is_some_and(|asn| asn != self.local.asn)
            }
        };
        let dialled = slot.session.map_or(!config.dynamic, |conn| self.conns[usize::from(conn)].outgoing);
        Some(PeerView {
            id: peer,
            tag: config.settings.tag,
            remote: config.remote,
            port: dialled.then_some(config.port),
            dynamic: config.dynamic,
            shares_link: external && config.settings.ttl.is_one_hop(),
            state: self.state_of(slot),
            admin: if self.draining() && slot.admin == Admin::Up { Admin::Drain } else { slot.admin },
            purging: slot.job != super::peer_slot::Job::None,
            incomplete: slot.wants_more(),
            established: slot.since.filter(|_| up),
            closed: slot.closed,
            local_address: slot.ends.map(|ends| ends.local.ip()).filter(|_| up),
            local_asn: self.local.asn,
            remote_asn: agreed.map(|agreed| agreed.asn).or(configured),
            router_id: agreed.map(|agreed| agreed.router_id),
            negotiated: agreed.map(|agreed| agreed.negotiated),
            families: Family::ALL.map(|family| {
                let session = &slot.families[family.index()];
                (up && session.active).then_some(FamilyCounts {
                    received: session.accepted + session.refused,
                    received_exact: !session.inexact,
                    accepted: session.accepted,
                    advertised: session.advertised,
                    end_of_rib_received: session.end_of_rib_received,
                    end_of_rib_sent: session.end_of_rib_sent,
                })
            }),
            last_error: slot.last_error.as_ref(),
            flaps: slot.flaps,
            counters: &slot.counters,
            capabilities: if up { &slot.capabilities } else { &[] },
        })
    }

    /// The farthest state of a neighbor's connections, or its own state without any.
    pub(super) fn state_of(&self, slot: &super::peer_slot::PeerSlot) -> State {
        let of = |conn: Option<u16>| conn.map_or(State::Idle, |conn| self.conns[usize::from(conn)].state);
        slot.state.max(of(slot.outgoing)).max(of(slot.incoming))
    }

    /// The neighbor with this address.
    pub fn find_peer(&self, remote: IpAddr) -> Option<PeerId> {
        let remote = remote.to_canonical();
        let position = self.peers.iter().position(|slot| {
            !slot.removed && slot.config.as_ref().is_some_and(|config| config.remote == remote)
        })?;
        Some(PeerId(position as u16))
    }

    /// Whether neighbors that nobody configured one by one may come.
    pub fn has_ranges(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// Slots that destinations of a family may stand in: walk `1..slots` with [`Speaker::destination`].
    pub fn destination_slots(&self, family: Family) -> u32 {
        with_table!(ref self.rib, family, table => table.slots())
    }

    /// The destination in a slot, if it has one with paths.
    pub fn destination(&self, family: Family, slot: u32) -> Option<DestinationView<'_>> {
        fn find<F: StoredFamily>(table: &FamilyTable<'_, F>, slot: u32) -> Option<(IpNet, u32)> {
            table.has_paths(slot).then(|| (F::ipnet(table.net(slot)), table.head(slot)))
        }
        let (prefix, first) = with_table!(ref self.rib, family, table => find(table, slot))?;
        Some(DestinationView { prefix, slot, first, source: self })
    }

    /// The prefix of the destination in a slot, also of one that has no paths left and that somebody has yet to hear of.
    pub fn prefix_in(&self, family: Family, slot: u32) -> Option<IpNet> {
        fn prefix<F: StoredFamily>(table: &FamilyTable<'_, F>, slot: u32) -> Option<IpNet> {
            (slot != 0 && slot < table.slots() && table.is_used(slot)).then(|| F::ipnet(table.net(slot)))
        }
        with_table!(ref self.rib, family, table => prefix(table, slot))
    }

    /// Whether [`Speaker::set_installed`] said that the kernel has a route for the destination in a slot.
    pub fn is_installed(&self, family: Family, slot: u32) -> bool {
        with_table!(ref self.rib, family, table => table.is_installed(slot))
    }

    /// Every next hop in use, with its interior cost if it can be reached.
    pub fn next_hops(&self) -> impl Iterator<Item = (IpAddr, Option<u32>)> {
        self.rib.shared.attrs.hops.iter()
    }

    /// The slot of a prefix that has, or lately had, paths.
    pub fn find_destination(&self, prefix: IpNet) -> Option<u32> {
        use crate::family::AddressFamily;
        let prefix = prefix.trunc();
        match Family::of(&prefix) {
            Family::Ipv4Unicast => self.rib.v4.find(V4::net_of(&prefix)?),
            Family::Ipv6Unicast => self.rib.v6.find(V6::net_of(&prefix)?),
        }
    }

    /// What is announced to a neighbor for the destination in a slot, or why nothing is. `scratch` takes the attributes: three
    /// times the longest message, so 12 KiB, or 192 KiB with extended messages. `None`: there is no such neighbor or
    /// destination.
    pub fn advertised<'s>(
        &self,
        peer: PeerId,
        family: Family,
        slot: u32,
        scratch: &'s mut [u8],
    ) -> Option<AdvertisedView<'s>> {
        let target = self.target(peer.0);
        with_table!(ref self.rib, family, table => self.advertised_in(table, peer, target.as_ref(), slot, scratch))
    }

    fn advertised_in<'s, F: StoredFamily>(
        &self,
        table: &FamilyTable<'_, F>,
        peer: PeerId,
        target: Option<&Target>,
        slot: u32,
        scratch: &'s mut [u8],
    ) -> Option<AdvertisedView<'s>> {
        let neighbor = self.peers.get(usize::from(peer.0)).filter(|neighbor| neighbor.config.is_some())?;
        if slot == 0 || slot >= table.slots() || !table.is_used(slot) {
            return None;
        }
        let mut view = AdvertisedView {
            prefix: F::ipnet(table.net(slot)),
            announced: table.advertised.get(peer.0, slot),
            reason: Reason::NotEstablished,
            decision: None,
            source: PeerId(table.best(&self.rib.shared, slot).map_or(0, |best| table.path(best).peer)),
            attrs: None,
        };
        let Some(target) = target else { return Some(view) };
        if !neighbor.families[F::FAMILY.index()].active {
            view.reason = Reason::Family;
            return Some(view);
        }
        let policies = self.policies();
        let (verdict, decision) = target.verdict(table, &self.rib.shared, &policies, slot);
        view.decision = decision;
        let result = verdict.and_then(|export| self.show_export::<F>(target, &export, &policies, scratch));
        match result {
            Ok(attrs) => {
                view.reason = Reason::None;
                view.attrs = Some(attrs);
            }
            Err(reason) => view.reason = reason,
        }
        Some(view)
    }

    /// The attributes of an export as its receiver reads them: encoded for it, and parsed again.
    fn show_export<'s, F: StoredFamily>(
        &self,
        target: &Target,
        export: &super::export::Export,
        policies: &Policies<'_>,
        scratch: &'s mut [u8],
    ) -> Result<(crate::attrs::Key, &'s [u8]), Reason> {
        let third = scratch.len() / 3;
        let (edited, rest) = scratch.split_at_mut(third);
        let (encoded, parsed) = rest.split_at_mut(third);
        let target = Target { as4: true, ..*target };
        let (len, next_hop) = target.render::<F>(export, &self.rib.shared, policies, edited, encoded)?;
        let context = Context::for_display(target.internal);
        // The parser wants the next hop that prefixes of its own would have. The real one is put in front below.
        let stand_in = [flag::TRANSITIVE, code::NEXT_HOP, 4, 192, 0, 2, 1];
        let mut len = len;
        if is_multiprotocol(&next_hop) {
            let room = encoded.get_mut(len..len + stand_in.len()).ok_or(Reason::TooLong)?;
            room.copy_from_slice(&stand_in);
            len += stand_in.len();
        }
        let (front, behind) = parsed.split_at_mut_checked(next_hop.len()).ok_or(Reason::TooLong)?;
        front.copy_from_slice(&next_hop);
        let read = attributes::parse(&context, encoded.get(..len).unwrap_or(&[]), true, behind)
            .map_err(|_| Reason::TooLong)?;
        let mut key = read.key;
        key.next_hop_len = next_hop.len() as u8;
        Ok((key, parsed.get(..next_hop.len() + read.len).unwrap_or(&[])))
    }

    /// Incoming connections that were turned away since the start, by why.
    pub fn turned_away(&self) -> impl Iterator<Item = (Refusal, u64)> {
        Refusal::ALL.into_iter().zip(self.high.turned_away)
    }

    /// Records of refused paths: walk `0..` this with [`Speaker::refused`].
    pub fn refused_slots(&self) -> u32 {
        self.rib.refused.slots()
    }

    /// The record of a refused path in a slot.
    pub fn refused(&self, slot: u32) -> Option<ReceivedView> {
        let record = self.rib.refused.get(slot)?;
        Some(ReceivedView {
            peer: PeerId(record.peer),
            prefix: record.prefix(),
            family: record.family(),
            reason: record.reason(),
            rule: record.rule(),
        })
    }

    /// Use of every table.
    pub fn tables(&self) -> impl Iterator<Item = TableUse> {
        Table::ALL.into_iter().map(|table| self.table_use(table))
    }

    pub(super) fn table_use(&self, table: Table) -> TableUse {
        let (capacity, bytes) = self.sizes.table(table);
        let family = |family: Family| with_table!(ref self.rib, family, table => table.counts);
        let attrs = &self.rib.shared.attrs;
        let (used, high_water, refused) = match table {
            Table::Peers => {
                let used = self.peers.iter().filter(|slot| slot.config.is_some()).count() as u64;
                (used, self.high.peers.into(), self.high.peers_refused)
            }
            Table::Connections => {
                (self.open_connections().into(), self.high.connections.into(), self.high.connections_refused)
            }
            Table::Prefixes(name) => {
                let counts = family(name);
                (counts.learned.into(), counts.learned_high.into(), counts.refused_prefixes)
            }
            Table::Lingering(name) => {
                let counts = family(name);
                (counts.lingering.into(), counts.lingering_high.into(), 0)
            }
            Table::Paths(name) => {
                let counts = family(name);
                (counts.paths.into(), counts.paths_high.into(), counts.refused_paths)
            }
            Table::AttributeSets => (attrs.sets.into(), attrs.sets_high.into(), attrs.refused_sets),
            Table::AttributeBytes => (attrs.bytes.into(), attrs.bytes_high.into(), attrs.refused_bytes),
            Table::RefusedPaths => {
                (self.rib.refused.used.into(), self.rib.refused.high_water.into(), self.rib.refused.lost)
            }
            Table::LocalRoutes => {
                let counts = Family::ALL.map(family);
                let (used, high) =
                    counts.iter().fold((0, 0), |(used, high), c| (used + c.local, high + c.local_high));
                (used.into(), high.into(), 0)
            }
            Table::Advertised => {
                let told = |slot: &super::peer_slot::PeerSlot| -> u64 {
                    slot.families.iter().map(|family| u64::from(family.advertised)).sum()
                };
                let used = self.peers.iter().map(told).sum();
                (used, self.high.advertised.max(used), 0)
            }
            Table::PolicyBytes => (self.policy_len.into(), self.high.policy_bytes.into(), 0),
            Table::Buffers => {
                let used = self.conns.iter().filter(|conn| conn.carried > 0).count() as u64;
                (used, used, 0)
            }
            Table::Events => (self.events.len() as u64, self.events.high_water() as u64, self.events.lost()),
        };
        let (capacity, bytes) = match table {
            Table::Peers => (capacity, bytes + size_of_val::<[_]>(&*self.peers) as u64),
            Table::Connections => (capacity, bytes + size_of_val::<[_]>(&*self.conns) as u64),
            Table::Events => (self.events.capacity() as u64, self.events.bytes() as u64),
            _ => (capacity, bytes),
        };
        TableUse { table, used, high_water, capacity, bytes, refused }
    }
}

impl PathSource for Speaker<'_> {
    fn forwarding(&self, family: Family, slot: u32) -> Option<Forwarding> {
        let (shared, local) = (&self.rib.shared, &self.local);
        with_table!(ref self.rib, family, table => {
            table.forwarding(shared, slot, local.maximum_paths, local.as_path_relax)
        })
    }

    fn path_view(
        &self,
        family: Family,
        slot: u32,
        forwarding: Option<Forwarding>,
        path: u32,
    ) -> Option<(PathView<'_>, u32)> {
        if path == 0 {
            return None;
        }
        let shared = &self.rib.shared;
        with_table!(ref self.rib, family, table => {
            let stored = table.path(path);
            let view = PathView {
                peer: PeerId(stored.peer),
                remote: self.peers[usize::from(stored.peer)].config.as_ref().map(|config| config.remote),
                attrs: shared.attrs.view(stored.attr),
                best: forwarding.is_some_and(|forwarding| forwarding.best == path),
                multipath: table.forwards(shared, slot, forwarding, path),
                blackhole: shared.attrs.key(stored.attr).drops(),
                valid: is_valid(stored, shared),
                reachable: stored.peer == 0 || shared.cost(stored).is_some(),
                stale: false,
                since_secs: stored.since,
                step: table.step(shared, slot, path),
                rule: rule_position(stored.rule),
            };
            Some((view, stored.next))
        })
    }
}
