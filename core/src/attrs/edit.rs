//! Changing an attribute set: what a policy sets, what the speaker itself adds, and the set of a route originated here.
//!
//! An [`Edit`] remembers what is to change and answers what the result would be, without writing it; [`Edit::write`]
//! then writes the whole set in canonical form in one pass.

use core::net::IpAddr;

use heapless::Vec;

use super::list::{self, ListOp};
use super::tlv::{self, NoRoom, Tlv, Writer, code, flag};
use super::{AttrsView, Key};
use crate::speaker::LocalRoute;
use crate::wire::as_path::{self, AsPath};

/// Most steps that one edit takes for communities, and as many for large ones: three for each of 17 rules, and one more.
pub const MAX_LIST_OPS: usize = 52;
/// Most attributes that one edit replaces.
pub const MAX_REPLACED: usize = 4;

/// An attribute set and what is to change about it.
#[derive(Debug)]
pub struct Edit<'a> {
    key: Key,
    next_hop: &'a [u8],
    next_hop_set: bool,
    attributes: &'a [u8],
    prepend: Prepend,
    communities: Vec<ListOp<'a, 4>, MAX_LIST_OPS>,
    large_communities: Vec<ListOp<'a, 12>, MAX_LIST_OPS>,
    replaced: Vec<Replaced<'a>, MAX_REPLACED>,
}

/// An attribute set that an edit wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its key.
    pub key: Key,
    /// How many bytes were written: next hop, then attributes.
    pub len: usize,
    /// Whether the edit set the next hop, be it to the one that was there. No comparison tells.
    pub next_hop_set: bool,
}

/// What an attribute set becomes by an edit, without its being written. Attributes replaced by [`Edit::replace`] are not
/// looked at.
#[derive(Clone, Copy, Debug)]
pub struct Edited<'e> {
    key: &'e Key,
    next_hop: &'e [u8],
    attributes: &'e [u8],
    prepend: Prepend,
    communities: &'e [ListOp<'e, 4>],
    large_communities: &'e [ListOp<'e, 12>],
}

/// An AS number in front of an AS_PATH, several times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prepend {
    /// The number.
    pub asn: u32,
    /// How many times.
    pub count: u16,
}

#[derive(Clone, Copy, Debug)]
struct Replaced<'a> {
    code: u8,
    flags: u8,
    value: Option<&'a [u8]>,
}

impl<'a> Edit<'a> {
    /// Starts from this set, changing nothing.
    pub fn new(attrs: AttrsView<'a>) -> Self {
        Self {
            key: *attrs.key,
            next_hop: attrs.next_hop_bytes(),
            next_hop_set: false,
            attributes: attrs.attributes(),
            prepend: Prepend::default(),
            communities: Vec::new(),
            large_communities: Vec::new(),
            replaced: Vec::new(),
        }
    }

    /// Sets LOCAL_PREF, or removes it.
    pub fn set_local_pref(&mut self, value: Option<u32>) {
        self.key.set_local_pref(value);
    }

    /// Sets MULTI_EXIT_DISC, or removes it.
    pub fn set_med(&mut self, value: Option<u32>) {
        self.key.set_med(value);
    }

    /// Sets ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE.
    pub fn set_origin(&mut self, origin: u8) {
        self.key.origin = origin;
    }

    /// Sets the next hop: 4, 16 or 32 bytes; any other length leaves the set without one.
    pub fn set_next_hop(&mut self, bytes: &'a [u8]) {
        (self.next_hop, self.key.next_hop_len) = match bytes.len() {
            4 => (bytes, 4),
            16 => (bytes, 16),
            32 => (bytes, 32),
            _ => (&[][..], 0),
        };
        self.next_hop_set = true;
    }

    /// Puts `asn` in front of the AS_PATH `count` more times. An edit prepends one number: the last `asn` given. The
    /// neighboring AS stays the one that the route was received from (docs/decisions/007).
    pub fn prepend(&mut self, asn: u32, count: u8) {
        if count == 0 {
            return;
        }
        let count = u16::from(count);
        self.prepend = Prepend { asn, count: self.prepend.count.saturating_add(count) };
        self.key.path_len = self.key.path_len.saturating_add(count);
    }

    /// Adds a step of editing the communities. Refused past [`MAX_LIST_OPS`].
    pub fn communities(&mut self, op: ListOp<'a, 4>) -> Result<(), NoRoom> {
        self.communities.push(op).map_err(|_| NoRoom)
    }

    /// Adds a step of editing the large communities. Refused past [`MAX_LIST_OPS`].
    pub fn large_communities(&mut self, op: ListOp<'a, 12>) -> Result<(), NoRoom> {
        self.large_communities.push(op).map_err(|_| NoRoom)
    }

    /// Replaces an attribute that lies among the bytes by this value, or removes it; `flags` as canonical form has them.
    /// Not for AS_PATH and the communities, which have their own. Refused past [`MAX_REPLACED`].
    pub fn replace(&mut self, code: u8, flags: u8, value: Option<&'a [u8]>) -> Result<(), NoRoom> {
        match code {
            code::ORIGINATOR_ID => {
                let id = value.and_then(|value| value.first_chunk());
                self.key.originator_id = id.map_or(0, |id| u32::from_be_bytes(*id));
            }
            code::CLUSTER_LIST => {
                self.key.cluster_len =
                    value.map_or(0, |value| u8::try_from(value.len() / 4).unwrap_or(u8::MAX));
            }
            _ => {}
        }
        self.replaced.retain(|replaced| replaced.code != code);
        self.replaced.push(Replaced { code, flags, value }).map_err(|_| NoRoom)
    }

    /// The set as it becomes.
    pub fn edited(&self) -> Edited<'_> {
        Edited {
            key: &self.key,
            next_hop: self.next_hop,
            attributes: self.attributes,
            prepend: self.prepend,
            communities: &self.communities,
            large_communities: &self.large_communities,
        }
    }

    /// Writes the changed set into `out`: next hop, then attributes.
    pub fn write(&self, out: &mut [u8]) -> Result<Written, NoRoom> {
        let mut key = self.key;
        let mut out = Writer::new(out);
        out.put(self.next_hop)?;
        let codes = self.changed_codes();
        let mut changes = codes.iter().copied().peekable();
        for tlv in tlv::iter(self.attributes) {
            while let Some(code) = changes.next_if(|code| *code < tlv.code) {
                self.write_changed(code, None, &mut key, &mut out)?;
            }
            match changes.next_if_eq(&tlv.code) {
                Some(code) => self.write_changed(code, Some(tlv), &mut key, &mut out)?,
                None => out.put(tlv.raw)?,
            }
        }
        for code in changes {
            self.write_changed(code, None, &mut key, &mut out)?;
        }
        Ok(Written { key, len: out.len(), next_hop_set: self.next_hop_set })
    }

    /// Codes of the attributes that do not stay as they are, sorted.
    fn changed_codes(&self) -> Vec<u8, { MAX_REPLACED + 3 }> {
        let own = [
            (self.prepend.count > 0).then_some(code::AS_PATH),
            (!self.communities.is_empty()).then_some(code::COMMUNITIES),
            (!self.large_communities.is_empty()).then_some(code::LARGE_COMMUNITIES),
        ];
        let replaced = self.replaced.iter().map(|replaced| replaced.code);
        let mut codes: Vec<u8, { MAX_REPLACED + 3 }> = own.into_iter().flatten().chain(replaced).collect();
        let distinct = list::sort_and_dedup(&mut codes);
        codes.truncate(distinct);
        codes
    }

    /// Writes the attribute `code`, which was `before`, as it becomes.
    fn write_changed(
        &self,
        code: u8,
        before: Option<Tlv<'_>>,
        key: &mut Key,
        out: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let value = before.map_or(&[][..], |tlv| tlv.value);
        // An edited list keeps its Partial bit: that some speaker on the way did not know it remains true.
        let list_flags =
            flag::OPTIONAL | flag::TRANSITIVE | before.map_or(0, |tlv| tlv.flags & flag::PARTIAL);
        if let Some(replaced) = self.replaced.iter().find(|replaced| replaced.code == code) {
            return match replaced.value {
                Some(value) => out.put_attribute(replaced.flags, code, value),
                None => Ok(()),
            };
        }
        let start = out.len();
        match code {
            code::AS_PATH => as_path::prepend(out, AsPath::new(value), self.prepend.asn, self.prepend.count),
            code::COMMUNITIES => {
                key.communities = 0;
                for community in list::edited(value, &self.communities) {
                    key.communities |= Key::community_bit(u32::from_be_bytes(*community));
                    out.put(community)?;
                }
                list::finish::<4>(start, list_flags, code, out)
            }
            _ => {
                for community in list::edited(value, &self.large_communities) {
                    out.put(community)?;
                }
                list::finish::<12>(start, list_flags, code, out)
            }
        }
    }
}

impl<'e> Edited<'e> {
    /// A set that nothing is changed about.
    pub fn unchanged(attrs: AttrsView<'e>) -> Self {
        Self {
            key: attrs.key,
            next_hop: attrs.next_hop_bytes(),
            attributes: attrs.attributes(),
            prepend: Prepend::default(),
            communities: &[],
            large_communities: &[],
        }
    }

    /// The key, but for [`Key::communities`], which is known once the set is written.
    pub const fn key(&self) -> &'e Key {
        self.key
    }

    /// The next hop: none, 4, 16 or 32 bytes.
    pub const fn next_hop_bytes(&self) -> &'e [u8] {
        self.next_hop
    }

    /// The AS_PATH: what is in front of it, and its value before.
    pub fn as_path(&self) -> (Prepend, &'e [u8]) {
        (self.prepend, tlv::find(self.attributes, code::AS_PATH).unwrap_or_default())
    }

    /// Whether there is a community for which `wanted` holds.
    pub fn has_community(&self, wanted: impl Fn(&[u8; 4]) -> bool) -> bool {
        let base = tlv::find(self.attributes, code::COMMUNITIES).unwrap_or_default();
        list::edited(base, self.communities).any(wanted)
    }

    /// Whether there is a large community for which `wanted` holds.
    pub fn has_large_community(&self, wanted: impl Fn(&[u8; 12]) -> bool) -> bool {
        let base = tlv::find(self.attributes, code::LARGE_COMMUNITIES).unwrap_or_default();
        list::edited(base, self.large_communities).any(wanted)
    }
}

/// Writes the attribute set of a route originated here: ORIGIN IGP, an empty AS_PATH, and what the route has itself.
/// Without a next hop [`Key::next_hop_len`] is 0.
pub fn build_local(route: &LocalRoute<'_>, out: &mut [u8]) -> Result<(Key, usize), NoRoom> {
    let mut key = Key::default();
    key.set_med(route.med);
    key.set_local_pref(route.local_pref);
    let mut out = Writer::new(out);
    match route.next_hop {
        Some(IpAddr::V4(address)) => out.put(&address.octets())?,
        Some(IpAddr::V6(address)) => out.put(&address.octets())?,
        None => {}
    }
    key.next_hop_len = u8::try_from(out.len()).map_err(|_| NoRoom)?;
    out.put_attribute(flag::TRANSITIVE, code::AS_PATH, &[])?;
    let flags = flag::OPTIONAL | flag::TRANSITIVE;
    let start = out.len();
    for community in route.communities {
        key.communities |= Key::community_bit(*community);
        out.put(&community.to_be_bytes())?;
    }
    list::finish::<4>(start, flags, code::COMMUNITIES, &mut out)?;
    let start = out.len();
    for part in route.large_communities.as_flattened() {
        out.put(&part.to_be_bytes())?;
    }
    list::finish::<12>(start, flags, code::LARGE_COMMUNITIES, &mut out)?;
    Ok((key, out.len()))
}

#[cfg(test)]
mod tests;
