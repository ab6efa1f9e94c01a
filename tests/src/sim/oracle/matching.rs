//! Whether a match of a policy holds for a route.

use std::net::IpAddr;

use crier::config::MatchModel;
use crier_core::Family;
use crier_core::policy::{CommunityPattern, LargeCommunityPattern, PrefixRange};
use ipnet::IpNet;

use super::as_path::places;
use crate::sim::Route;

/// Whether one of the match's alternatives holds.
pub(super) fn holds(one: &MatchModel, prefix: IpNet, route: &Route) -> bool {
    match one {
        MatchModel::Prefix(ranges) => ranges.iter().any(|range| in_range(prefix, range)),
        MatchModel::Family(families) => families.iter().any(|family| match family {
            Family::Ipv4Unicast => prefix.addr().is_ipv4(),
            Family::Ipv6Unicast => prefix.addr().is_ipv6(),
        }),
        MatchModel::Community(patterns) => {
            route.communities.iter().any(|community| patterns.iter().any(|p| community_fits(*community, p)))
        }
        MatchModel::LargeCommunity(patterns) => {
            route.large_communities.iter().any(|large| patterns.iter().any(|p| large_fits(*large, p)))
        }
        MatchModel::AsPath(patterns) => {
            let places = places(&route.as_path);
            patterns.iter().any(|pattern| path_fits(pattern, &places))
        }
        MatchModel::AsPathLength(ranges) => {
            let length = places(&route.as_path).len();
            ranges
                .iter()
                .any(|range| usize::from(range.min()) <= length && length <= usize::from(range.max()))
        }
        MatchModel::NextHop(nets) => nets.iter().any(|net| address_in(route.next_hop, *net)),
        MatchModel::Origin(origins) => origins.iter().any(|origin| *origin as u8 == route.origin),
    }
}

fn in_range(prefix: IpNet, range: &PrefixRange) -> bool {
    let len = prefix.prefix_len();
    range.net().contains(&prefix) && range.min() <= len && len <= range.max()
}

fn address_in(address: IpAddr, net: IpNet) -> bool {
    net.contains(&address)
}

/// Whether a community is one of those meant: each part equal, or any.
pub(super) fn community_fits(community: u32, pattern: &CommunityPattern) -> bool {
    let (high, low) = (community / 65_536, community % 65_536);
    pattern.high.is_none_or(|part| u32::from(part) == high)
        && pattern.low.is_none_or(|part| u32::from(part) == low)
}

/// Whether a large community is one of those meant.
pub(super) fn large_fits(community: [u32; 3], pattern: &LargeCommunityPattern) -> bool {
    pattern.0.iter().zip(community).all(|(part, number)| part.is_none_or(|part| part == number))
}

/// A word of an AS_PATH pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// `*`: any number of places.
    Any,
    /// A number, a range, or `.`: one place with an AS from here to there.
    One(u32, u32),
}

fn word(text: &str) -> Option<Word> {
    match text {
        "*" => Some(Word::Any),
        "." => Some(Word::One(0, u32::MAX)),
        _ => match text.split_once('-') {
            Some((from, to)) => Some(Word::One(from.parse().ok()?, to.parse().ok()?)),
            None => text.parse().ok().map(|number| Word::One(number, number)),
        },
    }
}

/// Whether a pattern fits a path. What is no pattern fits nothing.
fn path_fits(pattern: &str, places: &[Vec<u32>]) -> bool {
    let texts: Vec<&str> = pattern.split_whitespace().collect();
    if texts == ["empty"] {
        return places.is_empty();
    }
    let Some(mut words) = texts.iter().map(|text| word(text)).collect::<Option<Vec<Word>>>() else {
        return false;
    };
    // A number or a range alone: somewhere in the path.
    if let ([one @ Word::One(..)], [text]) = (words.as_slice(), texts.as_slice())
        && *text != "."
    {
        words = vec![Word::Any, *one, Word::Any];
    }
    all_fit(&words, places)
}

/// Whether the words fit the whole of these places: `*` tries nothing first, then one place more each time.
fn all_fit(words: &[Word], places: &[Vec<u32>]) -> bool {
    match (words, places) {
        ([], places) => places.is_empty(),
        ([Word::Any, rest @ ..], []) => all_fit(rest, &[]),
        ([Word::Any, rest @ ..], [_, further @ ..]) => all_fit(rest, places) || all_fit(words, further),
        ([Word::One(..), ..], []) => false,
        ([Word::One(from, to), rest @ ..], [place, further @ ..]) => {
            place.iter().any(|number| from <= number && number <= to) && all_fit(rest, further)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_paths() {
        let path = |numbers: &[u32]| numbers.iter().map(|number| vec![*number]).collect::<Vec<_>>();
        for (pattern, numbers, fits) in [
            ("65001", &[1, 65_001, 2][..], true),
            ("65001", &[1, 2], false),
            ("64512-65534", &[7, 65_000], true),
            ("65001 *", &[65_001, 2], true),
            ("65001 *", &[2, 65_001], false),
            ("* 65001", &[2, 65_001], true),
            ("65001 65001", &[65_001, 65_001], true),
            ("65001 65001", &[65_001, 65_001, 65_001], false),
            ("1 * 10-19", &[1, 5, 15], true),
            ("1 * 10-19", &[1, 15, 5], false),
            (". .", &[1, 2], true),
            (". .", &[1], false),
            (".", &[1], true),
            (".", &[1, 2], false),
            ("empty", &[], true),
            ("empty", &[1], false),
            ("", &[], true),
            ("*", &[], true),
            ("* 2 * 2 *", &[2, 1], false),
            ("* 2 * 2 *", &[2, 1, 2], true),
        ] {
            assert_eq!(path_fits(pattern, &path(numbers)), fits, "{pattern:?} {numbers:?}");
        }
        // An AS_SET is one place, and fits by any of its members.
        let with_set = [vec![1], vec![2, 3]];
        assert!(path_fits("1 3", &with_set) && path_fits(". .", &with_set) && !path_fits("1 2 3", &with_set));
    }
}
