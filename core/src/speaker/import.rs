//! From a neighbor's UPDATE to the tables: which paths are accepted, with what attributes, and what becomes of the rest.

use super::export::{NO_ADVERTISE, route, with_community};
use super::peer_slot::PeerSlot;
use crate::attrs::edit::Written;
use crate::attrs::store::{AttrStore, Owner, SetId};
use crate::attrs::{AttrsView, Key};
use crate::config::{MaxPrefixAction, PolicyRef};
use crate::family::{Family, Net};
use crate::martian::is_martian;
use crate::policy::{Applied, Policies};
use crate::rib::Shared;
use crate::rib::refused::RefusedPaths;
use crate::rib::stored::StoredFamily;
use crate::rib::table::{FamilyTable, NewPath};
use crate::view::{Reason, rule_number};
use crate::wire::nlri::Nlri;
use crate::wire::notification::{Notification, codes};

/// One UPDATE's announcements or withdrawals in one family, on their way into the tables.
pub(crate) struct Importer<'a, 'm, F: StoredFamily> {
    pub(crate) peer: u16,
    pub(crate) slot: &'a mut PeerSlot,
    pub(crate) internal: bool,
    pub(crate) local_asn: u32,
    pub(crate) table: &'a mut FamilyTable<'m, F>,
    pub(crate) shared: &'a mut Shared<'m>,
    pub(crate) refused: &'a mut RefusedPaths<'m>,
    pub(crate) policies: &'a Policies<'a>,
    /// Room for an attribute set changed by the policy.
    pub(crate) scratch: &'a mut [u8],
    pub(crate) now_secs: u32,
    /// The rule of the import policy that decided about the prefix at hand.
    pub(crate) rule: u8,
}

/// The limit of prefixes was exceeded and the session is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitExceeded {
    pub(crate) family: Family,
    pub(crate) limit: u32,
}

/// What sets of one UPDATE differ by: what the policy changed, and whether the community BLACKHOLE counts.
type Made = (Applied, bool);

/// Attribute sets that this UPDATE's paths use: the last one made.
#[derive(Clone, Copy, Debug, Default)]
struct Interned {
    last: Option<(Made, Result<SetId, Reason>)>,
}

impl<F: StoredFamily> Importer<'_, '_, F> {
    /// Takes prefixes out.
    pub(crate) fn withdraw(&mut self, prefixes: &[u8]) {
        for net in Nlri::<F>::new(prefixes) {
            if !self.forget(net) && mutant!(UnknownWithdrawal) {
                unreachable!("withdrawn and never announced");
            }
            self.forget_refused(net);
            if mutant!(OneWithdrawalPerUpdate) {
                break;
            }
        }
    }

    /// Refuses prefixes: none of them remains from this neighbor.
    pub(crate) fn refuse_all(&mut self, prefixes: &[u8], reason: Reason) {
        for net in Nlri::<F>::new(prefixes) {
            self.refuse(net, reason);
        }
    }

    /// Learns prefixes with these attributes.
    pub(crate) fn announce(&mut self, prefixes: &[u8], received: AttrsView<'_>) -> Result<(), LimitExceeded> {
        let mut interned = Interned::default();
        let mut result = Ok(());
        for net in Nlri::<F>::new(prefixes) {
            result = self.announce_one(net, received, &mut interned);
            if result.is_err() {
                break;
            }
        }
        interned.release(&mut self.shared.attrs);
        result
    }

    #[inline]
    fn announce_one(
        &mut self,
        net: Net<F>,
        received: AttrsView<'_>,
        interned: &mut Interned,
    ) -> Result<(), LimitExceeded> {
        self.rule = 0;
        let set = if is_martian(net) {
            Err(Reason::Martian)
        } else {
            let drops = self.may_drop(net);
            self.decide(net, received).and_then(|applied| self.intern((applied, drops), received, interned))
        };
        match set {
            Ok(attr) => self.learn(net, attr),
            Err(reason) => {
                self.refuse(net, reason);
                Ok(())
            }
        }
    }

    /// The policy's decision.
    #[inline]
    fn decide(&mut self, net: Net<F>, received: AttrsView<'_>) -> Result<Applied, Reason> {
        match self.slot.settings().map_or(PolicyRef::RejectAll, |settings| settings.import) {
            PolicyRef::Unset if !self.internal => Err(Reason::NoPolicy),
            PolicyRef::Unset | PolicyRef::AcceptAll => Ok(Applied::default()),
            PolicyRef::RejectAll => Err(Reason::Policy),
            PolicyRef::Named(id) => {
                let verdict = self.policies.evaluate(id, &route(net, received, self.local_asn, None));
                self.rule = rule_number(verdict.rule);
                if verdict.accept { Ok(verdict.applied) } else { Err(Reason::Policy) }
            }
        }
    }

    /// Whether the community BLACKHOLE counts: from a neighbor that may use it, for a single address. What is announced for more
    /// than that may well be a mistake, and would take others along (RFC 7999, 3.3).
    #[inline]
    fn may_drop(&self, net: Net<F>) -> bool {
        net.len == F::BITS && self.slot.settings().is_some_and(|settings| settings.blackhole)
    }

    /// The number of the attribute set after the policy's changes.
    #[inline]
    fn intern(
        &mut self,
        made: Made,
        received: AttrsView<'_>,
        interned: &mut Interned,
    ) -> Result<SetId, Reason> {
        if let Some((last, set)) = interned.last
            && last == made
        {
            return set;
        }
        let set = self.store(made, received);
        interned.replace(made, set, &mut self.shared.attrs);
        set
    }

    fn store(&mut self, (applied, may_drop): Made, received: AttrsView<'_>) -> Result<SetId, Reason> {
        let policy = self.slot.settings().map(|settings| settings.import);
        let (first, second);
        let (mut key, mut bytes, room) = match policy {
            Some(PolicyRef::Named(id)) if applied != Applied::default() => {
                let applied = self.policies.apply(id, applied, self.local_asn, None, received, self.scratch);
                let Written { key, len, .. } = applied.map_err(|_| Reason::TooLong)?;
                // `next-hop = "self"` has no meaning on the way in: there is nobody to forward to.
                if key.next_hop_len == 0 {
                    return Err(Reason::NextHop);
                }
                (first, second) = self.scratch.split_at_mut_checked(len).ok_or(Reason::TooLong)?;
                (key, &*first, second)
            }
            _ => (*received.key, received.bytes, &mut *self.scratch),
        };
        // The policy has the last word on the community: what it takes away does not count, and what it adds does.
        if may_drop && key.communities & Key::BLACKHOLE != 0 {
            // RFC 7999, 3.2: it is not for others to drop what this neighbor asked us to drop.
            let written = with_community(&NO_ADVERTISE, AttrsView { key: &key, bytes }, room);
            let Written { key: marked, len, .. } = written.map_err(|_| Reason::TooLong)?;
            (key, bytes) = (marked, room.get(..len).unwrap_or(&[]));
            key.flags |= Key::DROPS;
        }
        // RFC 8326, 4.2: a neighbor about to go down is the last choice, whatever the policy prefers.
        if !self.internal && (key.communities | received.key.communities) & Key::GRACEFUL_SHUTDOWN != 0 {
            key.set_local_pref(Some(0));
        }
        self.shared.attrs.intern(&key, bytes, Owner::Learned).map_err(|_| Reason::AttributesFull)
    }

    #[inline]
    fn learn(&mut self, net: Net<F>, attr: SetId) -> Result<(), LimitExceeded> {
        if let Some(settings) = self.slot.settings()
            && self.slot.families[F::FAMILY.index()].accepted
                >= settings.max_prefixes.limit.saturating_add(mutant!(PrefixLimit).into())
        {
            let (limit, action) = (settings.max_prefixes.limit, settings.max_prefixes.action);
            if !self.within_limit(net, action) {
                return match action {
                    MaxPrefixAction::Close | MaxPrefixAction::Restart => {
                        Err(LimitExceeded { family: F::FAMILY, limit })
                    }
                    MaxPrefixAction::Refuse | MaxPrefixAction::Warn => {
                        self.slot.families[F::FAMILY.index()].limit_refused = true;
                        self.refuse(net, Reason::MaxPrefixes);
                        Ok(())
                    }
                };
            }
        }
        let new = NewPath { peer: self.peer, attr, now_secs: self.now_secs, rule: self.rule };
        match self.table.learn(self.shared, net, new) {
            Ok(more) => {
                let family = &mut self.slot.families[F::FAMILY.index()];
                family.accepted += u32::from(more);
                if family.refused > 0 && !mutant!(RefusedAndAccepted) {
                    self.forget_refused(net);
                }
            }
            Err(reason) => self.refuse(net, reason),
        }
        Ok(())
    }

    /// Whether a prefix may be accepted although the limit is reached: it replaces one, or the limit only warns.
    fn within_limit(&mut self, net: Net<F>, action: MaxPrefixAction) -> bool {
        let family = &mut self.slot.families[F::FAMILY.index()];
        if self.table.find(net).is_some_and(|slot| self.table.has_path_of(slot, self.peer)) {
            return true;
        }
        family.limit_exceeded = true;
        action == MaxPrefixAction::Warn
    }

    /// Takes an accepted path out; whether there was one.
    fn forget(&mut self, net: Net<F>) -> bool {
        let had = self.table.forget(self.shared, net, self.peer);
        self.slot.families[F::FAMILY.index()].accepted -= u32::from(had);
        had
    }

    fn forget_refused(&mut self, net: Net<F>) {
        let family = &mut self.slot.families[F::FAMILY.index()];
        if family.refused > 0 && self.refused.remove(self.peer, net).is_some() {
            family.refused -= 1;
        }
    }

    /// Refuses a path. One that it would have replaced goes too: nobody forwards on a path that its neighbor no longer
    /// offers.
    fn refuse(&mut self, net: Net<F>, reason: Reason) {
        self.forget(net);
        let slot = &mut *self.slot;
        if matches!(reason, Reason::PrefixesFull | Reason::PathsFull | Reason::AttributesFull) {
            slot.counters.refused_full += 1;
            slot.incomplete = true;
        }
        let mine = slot.families.iter().map(|family| family.refused).sum();
        let family = &mut slot.families[F::FAMILY.index()];
        let rule = if reason == Reason::Policy { self.rule } else { 0 };
        match self.refused.put(self.peer, net, reason, rule, mine) {
            Some(new) => family.refused += u32::from(new),
            None => family.inexact = true,
        }
    }
}

impl Interned {
    fn replace(&mut self, made: Made, set: Result<SetId, Reason>, attrs: &mut AttrStore<'_>) {
        self.release(attrs);
        self.last = Some((made, set));
    }

    /// Gives back the hold that [`AttrStore::intern`] took; the paths have their own.
    fn release(&mut self, attrs: &mut AttrStore<'_>) {
        if let Some((_, Ok(set))) = self.last.take() {
            attrs.release(set);
        }
    }
}

impl LimitExceeded {
    /// Cease / Maximum Number of Prefixes Reached, with family and limit as data (RFC 4486, 4).
    pub(crate) fn notification(self) -> Notification {
        let (afi, safi) = self.family.afi_safi();
        let [high, low] = afi.to_be_bytes();
        let [a, b, c, d] = self.limit.to_be_bytes();
        let data = [high, low, safi, a, b, c, d];
        Notification::with_data(codes::cease::MAXIMUM_NUMBER_OF_PREFIXES_REACHED, &data)
    }
}
