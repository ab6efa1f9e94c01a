//! Changing a route as the rules say that matched it.

use super::eval::Applied;
use super::form::{Policies, PolicyForm, RuleForm, setting};
use crate::attrs::AttrsView;
use crate::attrs::edit::{Edit, Written};
use crate::attrs::list::ListOp;
use crate::attrs::tlv::NoRoom;

impl<'a> Policies<'a> {
    /// Writes the attributes of a route that this policy accepted, with the sets of the `applied` rules, into `out`:
    /// next hop and canonical attributes.
    ///
    /// `own_asn` is what is prepended; `own_next_hop` (4, 16 or 32 bytes) is what `next-hop = "self"` means. Without it
    /// such a rule leaves the set with no next hop ([`Key::next_hop_len`](crate::attrs::Key::next_hop_len) 0) rather than
    /// with somebody else's.
    pub fn apply(
        &self,
        id: u16,
        applied: Applied,
        own_asn: u32,
        own_next_hop: Option<&[u8]>,
        attrs: AttrsView<'_>,
        out: &mut [u8],
    ) -> Result<Written, NoRoom> {
        let mut edit = Edit::new(attrs);
        if let Some(policy) = self.policy(id) {
            for rule in rule_numbers(policy, applied).filter_map(|number| policy.rule(number)) {
                apply_sets(&rule, applied.family, own_asn, own_next_hop, &mut edit)?;
            }
        }
        edit.write(out)
    }

    /// Positions of the rules whose sets apply, in order.
    pub fn applied_rules(&self, id: u16, applied: Applied) -> impl Iterator<Item = u16> + use<'a> {
        self.policy(id).into_iter().flat_map(move |policy| rule_numbers(policy, applied))
    }
}

fn rule_numbers(policy: PolicyForm<'_>, applied: Applied) -> impl Iterator<Item = u16> {
    let slots = (0..16_u8).filter(move |slot| applied.slots >> slot & 1 == 1);
    slots
        .filter_map(move |slot| policy.slot(slot))
        .chain(applied.last.checked_sub(1 + u16::from(mutant!(WrongRule))))
}

/// Lets a rule change a route of the family with the bit `family`.
pub(super) fn apply_sets<'a>(
    rule: &RuleForm<'a>,
    family: u8,
    own_asn: u32,
    own_next_hop: Option<&'a [u8]>,
    edit: &mut Edit<'a>,
) -> Result<(), NoRoom> {
    for (kind, payload) in rule.sets() {
        let number = payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        let byte = payload.first().copied().unwrap_or(0);
        match kind {
            setting::NEXT_HOP if family_of_address(payload) == family => edit.set_next_hop(payload),
            setting::NEXT_HOP_SELF => edit.set_next_hop(own_next_hop.unwrap_or_default()),
            setting::LOCAL_PREF => edit.set_local_pref(number),
            setting::MED => edit.set_med(number),
            setting::ORIGIN => edit.set_origin(byte),
            setting::PREPEND => edit.prepend(own_asn, byte),
            setting::SET_COMMUNITIES => edit.communities(ListOp::Set(payload.as_chunks().0))?,
            setting::REMOVE_COMMUNITIES => {
                edit.communities(ListOp::Remove(payload.as_chunks().0.as_chunks().0))?
            }
            setting::ADD_COMMUNITIES => edit.communities(ListOp::Add(payload.as_chunks().0))?,
            setting::SET_LARGE_COMMUNITIES => edit.large_communities(ListOp::Set(payload.as_chunks().0))?,
            setting::REMOVE_LARGE_COMMUNITIES => {
                edit.large_communities(ListOp::Remove(payload.as_chunks().0.as_chunks().0))?;
            }
            setting::ADD_LARGE_COMMUNITIES => edit.large_communities(ListOp::Add(payload.as_chunks().0))?,
            _ => {}
        }
    }
    Ok(())
}

/// The bit of the family that a next hop of so many bytes is set for.
fn family_of_address(address: &[u8]) -> u8 {
    use super::compile::family_bit;
    use crate::family::Family::{Ipv4Unicast, Ipv6Unicast};
    family_bit(if address.len() == 4 { Ipv4Unicast } else { Ipv6Unicast })
}
