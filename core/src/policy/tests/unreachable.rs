use super::*;

fn found(rules: &[Rule<'_>]) -> Vec<(usize, Option<usize>)> {
    let by = |why| match why {
        Why::Contradiction => None,
        Why::Shadowed { by } => Some(by),
    };
    unreachable_rules(&Policy { name: "p", rules }).map(|found| (found.rule, by(found.why))).collect()
}

#[test]
fn everything_behind_an_unconditional_decision() {
    let v4 = [Match::Family(&[Family::Ipv4Unicast])];
    assert_eq!(found(&[accept(&v4), reject(&[]), accept(&v4), accept(&[])]), [(2, Some(0)), (3, Some(1))]);
    assert_eq!(found(&[next(&[], &[]), accept(&[])]), []);
}

#[test]
fn prefixes_within_prefixes() {
    let wide = [range("10.0.0.0/8 ge 16 le 24"), range("11.0.0.0/8 le 32")];
    let inside = [range("10.1.0.0/16 ge 20 le 24"), range("11.1.1.1/32")];
    let longer = [range("10.1.0.0/16 ge 20 le 25")];
    let outside = [range("0.0.0.0/0 ge 16 le 24")];
    let (wide, inside) = ([Match::Prefix(&wide)], [Match::Prefix(&inside)]);
    assert_eq!(found(&[reject(&wide), accept(&inside)]), [(1, Some(0))]);
    assert_eq!(found(&[reject(&wide), accept(&[Match::Prefix(&longer)])]), []);
    assert_eq!(found(&[reject(&wide), accept(&[Match::Prefix(&outside)])]), []);
    assert_eq!(found(&[next(&wide, &[]), accept(&inside)]), []);
    // A narrower rule behind is still within.
    let narrow = [Match::Prefix(&[range("10.1.0.0/16 ge 20 le 24")]), Match::Origin(&[Origin::Igp])];
    assert_eq!(found(&[reject(&wide), accept(&narrow)]), [(1, Some(0))]);
    assert_eq!(found(&[reject(&narrow), accept(&wide)]), []);
}

#[test]
fn families_together_shadow_what_neither_does_alone() {
    let (v4, v6) = ([Match::Family(&[Family::Ipv4Unicast])], [Match::Prefix(&[range("::/0 le 128")])]);
    let tagged = [Match::Community(&[CommunityPattern::ALL])];
    assert_eq!(found(&[accept(&v4), reject(&v6), accept(&tagged)]), [(2, Some(1))]);
    assert_eq!(found(&[accept(&v4), accept(&tagged)]), []);
}

#[test]
fn equal_and_narrower_sets() {
    let community = |high, low| [CommunityPattern { high, low }];
    let (any, one) = (community(Some(1), None), community(Some(1), Some(2)));
    assert_eq!(
        found(&[accept(&[Match::Community(&any)]), accept(&[Match::Community(&one)])]),
        [(1, Some(0))]
    );
    assert_eq!(found(&[accept(&[Match::Community(&one)]), accept(&[Match::Community(&any)])]), []);
    let paths =
        |first, second| found(&[accept(&[Match::AsPath(&[first])]), accept(&[Match::AsPath(&[second])])]);
    assert_eq!(paths("1", "1 *"), [(1, Some(0))]);
    assert_eq!(paths("1-5", "* 3 4"), [(1, Some(0))]);
    assert_eq!(paths("1  *", "1 * *"), [(1, Some(0))]);
    assert_eq!(paths("*", "7"), [(1, Some(0))]);
    assert_eq!(paths("1 *", "1"), []);
    assert_eq!(paths("3", "1-5"), []);
}

#[test]
fn a_next_rule_between_can_bring_new_matches() {
    let tagged = [Match::Community(&[CommunityPattern::exact(1)])];
    let rules = |sets| [accept(&tagged), next(&[], sets), accept(&tagged)];
    assert_eq!(found(&rules(&[Set::LocalPref(1)])), [(2, Some(0))]);
    assert_eq!(found(&rules(&[Set::AddCommunities(&[1])])), []);
}

#[test]
fn rules_that_contradict_themselves() {
    let v6 = Match::Family(&[Family::Ipv6Unicast]);
    let net = [range("10.0.0.0/8")];
    assert_eq!(found(&[accept(&[v6, Match::Prefix(&net)])]), [(0, None)]);
    assert_eq!(found(&[accept(&[Match::Origin(&[])])]), [(0, None)]);
    assert_eq!(
        found(&[accept(&[Match::Origin(&[Origin::Igp]), Match::Origin(&[Origin::Egp])])]),
        [(0, None)]
    );
    let lengths = |text| [LengthRange::parse(text).unwrap()];
    let path = |pattern, length| {
        found(&[accept(&[Match::AsPath(&[pattern]), Match::AsPathLength(&lengths(length))])]).len()
    };
    assert_eq!((path("1 2 *", "le 1"), path("1 2", "ge 3"), path("empty", "ge 1")), (1, 1, 1));
    assert_eq!((path("1 2 *", "ge 3"), path("1 2", "2"), path("1", "le 1")), (0, 0, 0));
    assert_eq!(path("1", "0"), 1);
}
