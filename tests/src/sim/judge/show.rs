//! Routes for people: as one line, and as what differs between two.

use std::fmt::Debug;

use crate::sim::Route;
use crate::sim::route::Segment;

/// A route on one line.
pub fn shown(route: &Route) -> String {
    let fields = fields(route).map(|(name, value)| format!("{name} {value}"));
    fields.join(", ")
}

/// The fields in which two routes differ, on one line; empty if they are equal.
pub fn differences(expected: &Route, found: &Route) -> String {
    let pairs = fields(expected).into_iter().zip(fields(found));
    let differing = pairs.filter(|((_, expected), (_, found))| expected != found);
    let lines: Vec<_> = differing
        .map(|((name, expected), (_, found))| format!("{name} {found} instead of {expected}"))
        .collect();
    lines.join(", ")
}

/// Every field with its name. None is left out, so that routes that differ show it.
fn fields(route: &Route) -> [(&'static str, String); 9] {
    let Route {
        origin,
        as_path,
        next_hop,
        link_local,
        med,
        local_pref,
        communities,
        large_communities,
        others,
    } = route;
    let path: Vec<_> = as_path.iter().map(segment).collect();
    let communities: Vec<_> =
        communities.iter().map(|community| format!("{}:{}", community >> 16, community & 0xFFFF)).collect();
    let large: Vec<_> = large_communities.iter().map(|[a, b, c]| format!("{a}:{b}:{c}")).collect();
    [
        ("origin", origin.to_string()),
        ("as-path", format!("[{}]", path.join(" "))),
        ("next-hop", next_hop.to_string()),
        ("link-local", optional(*link_local)),
        ("med", optional(*med)),
        ("local-pref", optional(*local_pref)),
        ("communities", format!("[{}]", communities.join(" "))),
        ("large-communities", format!("[{}]", large.join(" "))),
        ("others", format!("{others:x?}")),
    ]
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Sequence(numbers) => joined(numbers, " "),
        Segment::Set(numbers) => format!("{{{}}}", joined(numbers, ",")),
    }
}

fn joined<'a>(numbers: impl IntoIterator<Item = &'a u32>, between: &str) -> String {
    let numbers: Vec<_> = numbers.into_iter().map(u32::to_string).collect();
    numbers.join(between)
}

fn optional<T: Debug>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn route() -> Route {
        Route {
            origin: 0,
            as_path: vec![Segment::Sequence(vec![65001, 70000]), Segment::Set(BTreeSet::from([1, 2]))],
            next_hop: [192, 0, 2, 1].into(),
            link_local: None,
            med: Some(5),
            local_pref: None,
            communities: BTreeSet::from([65001 << 16 | 7]),
            large_communities: BTreeSet::new(),
            others: BTreeMap::new(),
        }
    }

    #[test]
    fn everything_is_shown() {
        let expected = "origin 0, as-path [65001 70000 {1,2}], next-hop 192.0.2.1, link-local none, med 5, \
                        local-pref none, communities [65001:7], large-communities [], others {}";
        assert_eq!(shown(&route()), expected);
    }

    #[test]
    fn only_what_differs_is_named() {
        assert_eq!(differences(&route(), &route()), "");
        let mut other = route();
        (other.med, other.origin) = (None, 2);
        assert_eq!(differences(&route(), &other), "origin 2 instead of 0, med none instead of 5");
    }

    #[test]
    fn no_difference_stays_unseen() {
        let changes: [fn(&mut Route); 9] = [
            |route| route.origin = 1,
            |route| route.as_path.clear(),
            |route| route.next_hop = [192, 0, 2, 2].into(),
            |route| route.link_local = Some(std::net::Ipv6Addr::LOCALHOST),
            |route| route.med = None,
            |route| route.local_pref = Some(1),
            |route| route.communities.clear(),
            |route| assert!(route.large_communities.insert([1, 2, 3])),
            |route| assert!(route.others.insert(9, (0x80, vec![1])).is_none()),
        ];
        for change in changes {
            let mut other = route();
            change(&mut other);
            assert_eq!(differences(&route(), &other).matches("instead of").count(), 1);
        }
    }
}
