use super::*;

#[test]
fn the_first_rule_that_decides_wins_and_the_end_rejects() {
    let route = Route::new("10.1.0.0/16");
    let v4 = [Match::Family(&[Family::Ipv4Unicast])];
    let v6 = [Match::Family(&[Family::Ipv6Unicast])];
    let verdict = judge(&[reject(&v6), accept(&v4), reject(&v4)], &route);
    assert_eq!((verdict.accept, verdict.rule), (true, Some(1)));
    let verdict = judge(&[reject(&v4), accept(&v4)], &route);
    assert_eq!((verdict.accept, verdict.rule), (false, Some(0)));
    assert_eq!(judge(&[accept(&v6)], &route), Verdict::default());
    assert_eq!(judge(&[], &route), Verdict::default());
    assert_eq!(judge(&[next(&[], &[])], &route).rule, None);
}

#[test]
fn all_matches_of_a_rule_must_hold_and_any_alternative_of_a_match() {
    let route = Route::new("10.1.0.0/16").path(&[1, 2]);
    let yes = Match::AsPath(&["9", "2"]);
    let no = Match::Origin(&[Origin::Egp]);
    assert!(judge(&[accept(&[yes])], &route).accept);
    assert!(!judge(&[accept(&[yes, no])], &route).accept);
    assert!(!judge(&[accept(&[no, yes])], &route).accept);
}

#[test]
fn a_match_without_alternatives_never_holds() {
    let route = Route::new("10.1.0.0/16").path(&[1]).communities(&[1]).large(&[[1, 2, 3]]);
    for one in [
        Match::Prefix(&[]),
        Match::Family(&[]),
        Match::Community(&[]),
        Match::LargeCommunity(&[]),
        Match::AsPath(&[]),
        Match::AsPathLength(&[]),
        Match::NextHop(&[]),
        Match::Origin(&[]),
    ] {
        assert!(!holds(one, &route), "{one:?}");
    }
}

#[test]
fn prefixes_by_length_and_place() {
    let ranges =
        [range("172.20.0.0/16 ge 24 le 24"), range("172.16.1.0/24 ge 32"), range("2001:db8::/32 le 48")];
    let is = |prefix: &str| holds(Match::Prefix(&ranges), &Route::new(prefix));
    assert!(is("172.20.0.0/24") && is("172.20.255.0/24") && is("172.16.1.0/32") && is("172.16.1.255/32"));
    assert!(!is("172.20.0.0/16") && !is("172.20.0.0/25") && !is("172.21.0.0/24") && !is("172.16.1.0/31"));
    assert!(!is("172.16.2.1/32") && !is("0.0.0.0/0"));
    assert!(is("2001:db8::/32") && is("2001:db8:ffff::/48") && !is("2001:db8::/49") && !is("2001:db9::/48"));
    assert!(!is("::/0"));
}

#[test]
fn nested_prefixes_are_all_found() {
    // The nearest entry around 10.1.2.0/24 does not hold it, one further out does.
    let ranges =
        [range("10.0.0.0/8 le 24"), range("10.1.0.0/16"), range("10.1.2.0/24 ge 30"), range("10.1.1.0/24")];
    let is = |prefix: &str| holds(Match::Prefix(&ranges), &Route::new(prefix));
    assert!(is("10.1.2.0/24") && is("10.1.2.4/30") && is("10.1.1.0/24") && is("10.200.0.0/24"));
    assert!(!is("10.1.2.0/29") && !is("10.1.1.0/25") && !is("10.200.0.0/25"));
}

#[test]
fn one_network_with_two_ranges() {
    let ranges =
        [range("10.0.0.0/8 ge 16 le 16"), range("10.0.0.0/8 ge 24 le 24"), range("10.0.0.0/8 ge 24 le 24")];
    let is = |prefix: &str| holds(Match::Prefix(&ranges), &Route::new(prefix));
    assert!(is("10.9.0.0/16") && is("10.9.9.0/24") && !is("10.9.0.0/20") && !is("10.0.0.0/8"));
}

#[test]
fn everything_of_one_family_does_not_mean_the_other() {
    let ranges = [range("0.0.0.0/0 le 32")];
    assert!(holds(Match::Prefix(&ranges), &Route::new("10.0.0.0/8")));
    assert!(!holds(Match::Prefix(&ranges), &Route::new("2001:db8::/32")));
    let default = [range("0.0.0.0/0")];
    assert!(holds(Match::Prefix(&default), &Route::new("0.0.0.0/0")));
    assert!(!holds(Match::Prefix(&default), &Route::new("10.0.0.0/8")));
}

#[test]
fn communities_by_value_and_by_part() {
    let route = Route::new("10.0.0.0/8").communities(&[0x0001_0002, 0xFDE8_0063]);
    let exact = |c| holds(Match::Community(&[CommunityPattern::exact(c)]), &route);
    assert!(exact(0xFDE8_0063) && !exact(0xFDE8_0064));
    let part = |high, low| holds(Match::Community(&[CommunityPattern { high, low }]), &route);
    assert!(part(Some(0xFDE8), None) && part(None, Some(2)) && part(None, None));
    assert!(!part(Some(2), None) && !part(None, Some(1)));
    assert!(!holds(Match::Community(&[CommunityPattern::ALL]), &Route::new("10.0.0.0/8")));
}

#[test]
fn large_communities_by_value_and_by_part() {
    let route = Route::new("10.0.0.0/8").large(&[[65000, 1, 2], [65000, 3, u32::MAX]]);
    let is = |pattern| holds(Match::LargeCommunity(&[LargeCommunityPattern(pattern)]), &route);
    assert!(is([Some(65000), Some(3), Some(u32::MAX)]) && is([None, Some(1), None]) && is([None; 3]));
    // Parts of two communities do not make one.
    assert!(!is([Some(65000), Some(1), Some(u32::MAX)]) && !is([Some(1), None, None]));
}

#[test]
fn path_lengths_origins_and_next_hops() {
    let route = Route::new("10.0.0.0/8").path(&[1, 2, 3]).segment(1, &[4, 5]).key(|key| key.origin = 2);
    let length = |text| holds(Match::AsPathLength(&[LengthRange::parse(text).unwrap()]), &route);
    assert!(length("4") && length("ge 4") && length("le 4") && length("ge 3 le 5"));
    assert!(!length("5") && !length("ge 5") && !length("le 3"));
    assert!(holds(Match::Origin(&[Origin::Igp, Origin::Incomplete]), &route));
    assert!(!holds(Match::Origin(&[Origin::Igp, Origin::Egp]), &route));

    let hop = |net: &str, route: &Route| holds(Match::NextHop(&[net.parse().unwrap()]), route);
    assert!(hop("192.0.2.1/32", &route) && hop("192.0.2.0/24", &route) && hop("0.0.0.0/0", &route));
    assert!(!hop("192.0.2.2/32", &route) && !hop("::/0", &route));
    let mut both = [0x20; 32];
    both[16] = 0xFE;
    let v6 = Route::new("2001:db8::/32").next_hop(&both);
    assert!(hop("2020::/16", &v6) && !hop("fe20::/16", &v6) && !hop("0.0.0.0/0", &v6));
    let local = Route::new("2001:db8::/32").next_hop(&[]);
    assert!(hop("::/128", &local) && !hop("0.0.0.0/32", &local));
}

#[test]
fn rules_below_a_next_rule_see_what_it_set() {
    let route = Route::new("10.0.0.0/8").path(&[1, 2]).communities(&[1, 2]).large(&[[1, 1, 1]]);
    let seen = |sets: &[Set<'_>], one: Match<'_>| judge(&[next(&[], sets), accept(&[one])], &route).accept;
    let has = |c| [CommunityPattern::exact(c)];
    assert!(seen(&[Set::AddCommunities(&[7])], Match::Community(&has(7))));
    assert!(seen(&[Set::AddCommunities(&[7])], Match::Community(&has(1))));
    assert!(!seen(&[Set::RemoveCommunities(&has(1))], Match::Community(&has(1))));
    assert!(seen(&[Set::RemoveCommunities(&has(1))], Match::Community(&has(2))));
    assert!(!seen(&[Set::SetCommunities(&[7])], Match::Community(&has(2))));
    assert!(seen(&[Set::SetCommunities(&[7])], Match::Community(&has(7))));
    let large = [LargeCommunityPattern::exact([1, 1, 1])];
    assert!(!seen(&[Set::SetLargeCommunities(&[])], Match::LargeCommunity(&large)));
    assert!(seen(&[Set::AddLargeCommunities(&[[2; 3]])], Match::LargeCommunity(&large)));
    assert!(seen(&[Set::Prepend(2)], Match::AsPath(&["65000 65000 1 2"])));
    assert!(seen(&[Set::Prepend(2)], Match::AsPathLength(&[LengthRange::exact(4)])));
    assert!(!seen(&[Set::Prepend(2)], Match::AsPath(&["1 2"])));
    assert!(seen(&[Set::Origin(Origin::Egp)], Match::Origin(&[Origin::Egp])));
    assert!(seen(&[Set::NextHopSelf], Match::NextHop(&["198.51.100.1/32".parse().unwrap()])));
    let hop = "203.0.113.9".parse().unwrap();
    assert!(seen(&[Set::NextHop(hop)], Match::NextHop(&["203.0.113.0/24".parse().unwrap()])));
}
