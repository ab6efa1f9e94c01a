use super::*;
use crate::speaker::ConfigError;

#[test]
fn nothing_compiled_means_no_policy() {
    for bytes in [&[][..], &[0], &[0; 64]] {
        let policies = Policies::new(bytes);
        assert!(policies.is_empty());
        assert_eq!(evaluate(&policies, &Route::new("10.0.0.0/8")), Verdict::default());
        assert!(!policies.depends_on_prefix(0));
    }
    let area = compiled(&[]);
    assert!(Policies::new(&area).is_empty());
}

#[test]
fn the_number_of_bytes_wanted_suffices_and_one_less_does_not() {
    let ranges: Vec<_> = (0..40).map(|i| range(&std::format!("10.{i}.0.0/16 le 24"))).collect();
    let matches = [Match::Prefix(&ranges), Match::AsPath(&["1 * 2"])];
    let rules = [accept(&matches)];
    let policies = [Policy { name: "a", rules: &rules }, Policy { name: "b", rules: &[] }];
    let mut out = vec![0; 4096];
    let Err(ConfigError::PoliciesTooLarge { wanted, limit: 16 }) = compile(&policies, &mut out[..16]) else {
        panic!("it cannot fit");
    };
    let wanted = wanted as usize;
    assert_eq!(compile(&policies, &mut out[..wanted]), Ok(wanted));
    let short = compile(&policies, &mut out[..wanted - 1]);
    assert_eq!(short, Err(ConfigError::PoliciesTooLarge { wanted: wanted as u32, limit: wanted as u32 - 1 }));
    assert!(matches!(compile(&policies, &mut []), Err(ConfigError::PoliciesTooLarge { limit: 0, .. })));
}

#[test]
fn sixteen_rules_may_change_a_route_and_no_more() {
    let sets = [Set::LocalPref(1)];
    let mut rules = vec![next(&[], &sets); 16];
    let mut out = [0; 4096];
    assert!(compile(&[Policy { name: "p", rules: &rules }], &mut out).is_ok());
    let last = Rule { sets: &sets, ..accept(&[]) };
    rules.push(last);
    let refused = compile(&[Policy { name: "p", rules: &rules }], &mut out).unwrap_err();
    assert!(matches!(refused, ConfigError::Policy { policy: 0, rule: 16, .. }));
    rules[16] = accept(&[]);
    rules.push(next(&[], &sets));
    // Nothing comes past the seventeenth, so the eighteenth does not count.
    assert!(compile(&[Policy { name: "p", rules: &rules }], &mut out).is_ok());
    rules[16] = next(&[], &[]);
    let refused = compile(&[Policy { name: "p", rules: &rules }], &mut out).unwrap_err();
    assert!(matches!(refused, ConfigError::Policy { policy: 0, rule: 17, .. }));
}

#[test]
fn what_cannot_be_compiled_is_named_by_policy_and_rule() {
    let refused = |rule: Rule<'_>| {
        let rules = [accept(&[]), rule];
        let policies = [Policy { name: "a", rules: &[] }, Policy { name: "b", rules: &rules }];
        compile(&policies, &mut [0; 1024]).map(drop)
    };
    let bad = |rule: Rule<'_>| matches!(refused(rule), Err(ConfigError::Policy { policy: 1, rule: 1, .. }));
    assert!(bad(accept(&[Match::AsPath(&["1", "x"])])));
    assert!(bad(next(&[], &[Set::LocalPref(1), Set::LocalPref(2)])));
    let [a, b] = ["192.0.2.1", "192.0.2.2"].map(|address| Set::NextHop(address.parse().unwrap()));
    for sets in [[Set::NextHopSelf, a], [a, Set::NextHopSelf], [a, b]] {
        assert!(bad(next(&[], &sets)));
    }
    assert!(!bad(next(&[], &[Set::LocalPref(1), Set::Med(None)])));
}

#[test]
fn whether_the_verdict_depends_on_the_prefix() {
    let depends = |rules: &[Rule<'_>]| {
        let area = compiled(&[Policy { name: "p", rules }]);
        Policies::new(&area).depends_on_prefix(0)
    };
    let (net, all) = ([range("10.0.0.0/8 le 32")], [range("0.0.0.0/0 le 32"), range("::/0 le 128")]);
    assert!(depends(&[accept(&[Match::Prefix(&net)])]));
    assert!(depends(&[next(&[Match::Prefix(&net)], &[Set::LocalPref(1)]), accept(&[])]));
    assert!(!depends(&[accept(&[Match::Community(&[CommunityPattern::ALL])])]));
    assert!(!depends(&[accept(&[Match::Prefix(&all)])]));
    assert!(!depends(&[accept(&[Match::Prefix(&all[..1])])]));
    assert!(!depends(&[reject(&[]), accept(&[Match::Prefix(&net)])]));
}

#[test]
fn sameness_ignores_names_places_and_the_order_of_alternatives() {
    let (ab, ba) = ([range("10.0.0.0/8"), range("11.0.0.0/8")], [range("11.0.0.0/8"), range("10.0.0.0/8")]);
    let (ab, ba) = ([Match::Prefix(&ab)], [Match::Prefix(&ba)]);
    let one = [Rule { sets: &[Set::Med(None), Set::LocalPref(1)], ..accept(&ab) }];
    let two = [Rule { sets: &[Set::LocalPref(1), Set::Med(None)], ..accept(&ba) }];
    let other = [Rule { sets: &[Set::LocalPref(2), Set::Med(None)], ..accept(&ba) }];
    let a = compiled(&[Policy { name: "x", rules: &one }]);
    let b = compiled(&[Policy { name: "new", rules: &[] }, Policy { name: "y", rules: &two }]);
    let c = compiled(&[Policy { name: "x", rules: &other }]);
    let (a, b, c) = (Policies::new(&a), Policies::new(&b), Policies::new(&c));
    assert!(same(&a, 0, &b, 1));
    assert!(!same(&a, 0, &b, 0) && !same(&a, 0, &c, 0) && !same(&a, 0, &b, 2));
}

#[test]
fn damaged_bytes_have_an_answer() {
    let (ranges, hops) =
        ([range("10.0.0.0/8 le 32"), range("10.1.0.0/16")], ["192.0.2.0/24".parse().unwrap()]);
    let first = [Match::Prefix(&ranges)];
    let second = [Match::AsPath(&["1 * 2", "empty"]), Match::NextHop(&hops)];
    let rules = [next(&first, &[Set::AddCommunities(&[1])]), accept(&second)];
    let area = compiled(&[Policy { name: "p", rules: &rules }]);
    let route = Route::new("10.1.0.0/16").path(&[1, 2]);
    assert!(evaluate(&Policies::new(&area), &route).accept);
    for at in 0..area.len() {
        evaluate(&Policies::new(&area[..at]), &route);
        for value in [0, 1, 2, 0x7F, 0x80, 0xFF] {
            let mut damaged = area.clone();
            damaged[at] = value;
            let policies = Policies::new(&damaged);
            let verdict = evaluate(&policies, &route);
            let (key, bytes) = route.encode();
            let attrs = AttrsView { key: &key, bytes: &bytes };
            let _ = policies.apply(0, verdict.applied, 1, None, attrs, &mut [0; 512]);
        }
    }
}
