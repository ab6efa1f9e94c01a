//! Limits: whether they hold, and whether what is said to be for want of room is.

use std::net::IpAddr;

use crier_core::Family;
use crier_core::limits::{Table, TableUse};
use crier_core::view::{Admin, Reason};

use super::{Difference, List, counts, is_want_of_room};
use crate::sim::Rule;
use crate::sim::observe::Snapshot;

/// Compares a neighbor's accepted prefixes with its limit: `most` in each family, and, where one was refused for the limit,
/// 90 % of `least` (or the neighbor is about to be asked for it again). They differ if it was another one earlier in the
/// session.
pub fn limits(host: &str, neighbor: IpAddr, least: u32, most: u32, snapshot: &Snapshot) -> Vec<Difference> {
    let mut list = List::new(format!("{host} from {neighbor}"), Rule::Tables);
    for (family, counts) in counts(snapshot, neighbor) {
        if counts.accepted > most {
            let expected = format!("{family}: {most} accepted at most");
            list.put(Rule::Tables, None, &expected, &counts.accepted);
        }
        let mut refused = snapshot.refused.iter().filter(|((from, prefix), reason)| {
            *from == neighbor && Family::of(prefix) == family && **reason == Reason::MaxPrefixes
        });
        if let Some(((_, prefix), reason)) = refused.next()
            && u64::from(counts.accepted) * 10 < u64::from(least) * 9
            && snapshot.peers.get(&neighbor).is_none_or(|peer| !peer.incomplete)
        {
            let expected =
                format!("nine of ten that may be accepted, {least}, before one is refused for their number");
            let found = format!("{} accepted, {reason:?}", counts.accepted);
            list.put(Rule::Tables, Some(*prefix), &expected, &found);
        }
    }
    list.found
}

/// Whether nothing is missing for want of room, where there is enough for everything.
pub fn roomy(host: &str, snapshot: &Snapshot) -> Vec<Difference> {
    let mut list = List::new(host.to_owned(), Rule::Tables);
    for ((neighbor, prefix), reason) in &snapshot.refused {
        if is_want_of_room(*reason) {
            let found = format!("refused from {neighbor}, {reason:?}");
            list.put(Rule::Tables, Some(*prefix), &"room", &found);
        }
    }
    for (neighbor, peer) in &snapshot.peers {
        let wants = [
            (peer.incomplete, "something refused for want of room"),
            (peer.admin == Admin::Limit, "down for its number of prefixes"),
        ];
        for (_, found) in wants.iter().filter(|(is, _)| *is) {
            list.put(Rule::Tables, None, &"room", &format!("{neighbor}: {found}"));
        }
    }
    list.found
}

/// Whether what is said to be refused for a full table was refused by a table that has been full, and will be asked for
/// again.
pub fn full(host: &str, snapshot: &Snapshot) -> Vec<Difference> {
    let mut list = List::new(host.to_owned(), Rule::Tables);
    for ((neighbor, prefix), reason) in &snapshot.refused {
        let family = Family::of(prefix);
        let is_full = |row: &TableUse| match reason {
            Reason::PrefixesFull => row.table == Table::Prefixes(family),
            Reason::PathsFull => row.table == Table::Paths(family),
            Reason::AttributesFull => matches!(row.table, Table::AttributeSets | Table::AttributeBytes),
            _ => false,
        };
        if !is_want_of_room(*reason) || *reason == Reason::MaxPrefixes {
            continue;
        }
        if !snapshot.tables.iter().any(|row| is_full(row) && row.refused > 0) {
            let found = format!("refused from {neighbor}, {reason:?}");
            list.put(Rule::Tables, Some(*prefix), &"a table that was full", &found);
        }
        if snapshot.peers.get(neighbor).is_none_or(|peer| !peer.incomplete) {
            let found = format!("refused from {neighbor}, {reason:?}, for good");
            list.put(Rule::Tables, Some(*prefix), &"to be asked for again", &found);
        }
    }
    list.found
}
