//! What became of an UPDATE: of the session, of the routes it named, and of those it did not.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crier_core::attrs::tlv;
use crier_core::peer::State;
use crier_core::view::Reason;
use crier_core::wire::as_path::AsPath;

use crate::bytes::{NOTIFICATION, OPTIONAL, TRANSITIVE, WELL_KNOWN, attribute, path2, path4, reach, update};
use crate::lab::{Kind, Lab};

/// The prefixes that an UPDATE under test announces again, in NLRI and in MP_REACH_NLRI: 10.1.1.0/24 and
/// 2001:db8:1::/48.
pub(crate) const NLRI: &[u8] = &[24, 10, 1, 1];
pub(crate) const NLRI6: &[u8] = &[48, 0x20, 1, 0x0D, 0xB8, 0, 1];
/// Prefixes that it does not name: 10.9.9.0/24 and 2001:db8:9::/48.
const OTHER: &[u8] = &[24, 10, 9, 9];
const OTHER6: &[u8] = &[48, 0x20, 1, 0x0D, 0xB8, 0, 9];

pub(crate) const NEXT_HOP: [u8; 4] = [10, 0, 0, 2];
pub(crate) const NEXT_HOP6: [u8; 16] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/// Type of an attribute that nobody knows, by whose value the routes of an UPDATE are told from former ones.
pub(crate) const MARK: u8 = 201;

/// The three outcomes of RFC 7606, the two in which nothing is wrong with the bytes, and how an UPDATE may end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The session ended with this NOTIFICATION.
    Reset(u8, u8, Vec<u8>),
    /// It is treated as a withdrawal, and so many attributes were discarded besides.
    Withdrawn(u64),
    /// Well-formed, and not for us.
    Refused(Reason),
    /// It stands, and so many attributes of it were discarded.
    Stands(u64),
}

use Verdict::{Refused, Reset, Stands, Withdrawn};

/// UPDATE Message Error with this subcode and data.
pub(crate) fn reset(subcode: u8, data: &[u8]) -> Verdict {
    Reset(3, subcode, data.to_vec())
}

/// A route as it stands in the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) next_hop: Option<IpAddr>,
    pub(crate) origin: u8,
    pub(crate) med: Option<u32>,
    pub(crate) preference: u32,
    pub(crate) path: String,
    /// Flags and value by type code.
    pub(crate) attributes: BTreeMap<u8, (u8, Vec<u8>)>,
}

/// What a neighbor of this kind puts into each UPDATE, without a next hop. `mark` tells one from another.
pub(crate) fn common(kind: Kind, mark: u8) -> Vec<Vec<u8>> {
    let path = match kind {
        Kind::External => path4(&[kind.asn().into()]),
        Kind::Old => path2(&[kind.asn()]),
        Kind::Internal => Vec::new(),
    };
    let mut list = vec![attribute(WELL_KNOWN, 1, &[0]), attribute(WELL_KNOWN, 2, &path)];
    if kind == Kind::Internal {
        list.push(attribute(WELL_KNOWN, 5, &[0, 0, 0, 200]));
    }
    list.push(attribute(TRANSITIVE, MARK, &[mark]));
    list
}

/// An IPv4 UPDATE's attributes.
pub(crate) fn basic(kind: Kind, mark: u8) -> Vec<Vec<u8>> {
    let mut list = common(kind, mark);
    list.insert(2, attribute(WELL_KNOWN, 3, &NEXT_HOP));
    list
}

/// An IPv6 UPDATE's attributes, MP_REACH_NLRI first.
pub(crate) fn basic6(kind: Kind, mark: u8, nlri: &[u8]) -> Vec<Vec<u8>> {
    let mut list = common(kind, mark);
    list.insert(0, attribute(OPTIONAL, 14, &reach(2, 1, &NEXT_HOP6, nlri)));
    list
}

impl Lab<'_> {
    /// Announces the routes that the UPDATE under test is to replace, and those that it is to leave alone.
    pub(crate) fn prepare(&mut self, kind: Kind) {
        self.send(&update(&[], &basic(kind, 1).concat(), &[NLRI, OTHER].concat()));
        self.send(&update(&[], &basic6(kind, 1, &[NLRI6, OTHER6].concat()).concat(), &[]));
        assert_eq!(self.state(), State::Established);
        for prefix in ["10.1.1.0/24", "10.9.9.0/24", "2001:db8:1::/48", "2001:db8:9::/48"] {
            assert!(self.route(prefix).is_some(), "{prefix}");
        }
        self.read();
    }

    /// Sends an UPDATE that announces `prefix` with a mark of 2; what becomes of it.
    pub(crate) fn judge(&mut self, prefix: &str, bytes: &[u8]) -> Verdict {
        let before = *self.view().counters;
        let others = self.others(prefix);
        self.send(bytes);
        let said = self.words();
        if self.state() != State::Established {
            let [(NOTIFICATION, body)] = &said[..] else { panic!("ended with {said:?}") };
            assert!(self.closed);
            assert_eq!(self.others(""), [], "routes of a session that ended");
            return Reset(body[0], body[1], body[2..].to_vec());
        }
        assert_eq!(said, [], "said although nothing ended");
        assert_eq!(self.others(prefix), others, "routes that were not named");
        let counters = *self.view().counters;
        let discarded = counters.attributes_discarded - before.attributes_discarded;
        let withdrawn = counters.treated_as_withdraw - before.treated_as_withdraw;
        match (self.route(prefix), self.refusal(prefix)) {
            (Some(route), None) => {
                assert_eq!(withdrawn, 0);
                assert_eq!(route.attributes[&MARK].1, [2], "the former route stands");
                Stands(discarded)
            }
            (None, Some(Reason::Malformed | Reason::AsZero | Reason::NextHop)) if withdrawn == 1 => {
                Withdrawn(discarded)
            }
            (None, Some(reason)) if withdrawn == 0 => Refused(reason),
            other => panic!("{other:?} and {withdrawn} treated as withdrawn"),
        }
    }

    pub(crate) fn route(&self, prefix: &str) -> Option<Route> {
        let prefix: ipnet::IpNet = prefix.parse().unwrap();
        let slot = self.speaker.find_destination(prefix)?;
        let family = crier_core::Family::of(&prefix);
        let path = self.speaker.destination(family, slot)?.paths().next()?;
        let attributes = path.attrs.attributes();
        Some(Route {
            next_hop: path.attrs.next_hop(),
            origin: path.attrs.key.origin,
            med: path.attrs.key.med(),
            preference: path.attrs.key.preference(),
            path: AsPath::of(attributes).to_string(),
            attributes: tlv::iter(attributes)
                .map(|tlv| (tlv.code, (tlv.flags, tlv.value.to_vec())))
                .collect(),
        })
    }

    /// Why a prefix was refused, if it was.
    pub(crate) fn refusal(&self, prefix: &str) -> Option<Reason> {
        let prefix: ipnet::IpNet = prefix.parse().unwrap();
        let refused = (0..self.speaker.refused_slots()).filter_map(|slot| self.speaker.refused(slot));
        refused.filter(|refused| refused.prefix == prefix).map(|refused| refused.reason).next()
    }

    /// Every route but those for `prefix`.
    pub(crate) fn others(&self, prefix: &str) -> Vec<(String, Option<Route>)> {
        let slots = |family| (1..self.speaker.destination_slots(family)).map(move |slot| (family, slot));
        crier_core::Family::ALL
            .into_iter()
            .flat_map(slots)
            .filter_map(|(family, slot)| Some(self.speaker.destination(family, slot)?.prefix.to_string()))
            .filter(|found| found != prefix)
            .map(|found| (found.clone(), self.route(&found)))
            .collect()
    }
}
