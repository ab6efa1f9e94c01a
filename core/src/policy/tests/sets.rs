use super::*;
use crate::attrs::tlv;

fn communities(bytes: &[u8]) -> Option<Vec<u32>> {
    let value = tlv::find(bytes.get(4..).unwrap(), code::COMMUNITIES)?;
    Some(value.as_chunks().0.iter().map(|c| u32::from_be_bytes(*c)).collect())
}

#[test]
fn no_sets_write_the_same_bytes() {
    let route = Route::new("10.0.0.0/8").path(&[1]).communities(&[9, 2]).large(&[[1, 2, 3]]);
    assert_eq!(change(&[], &route), route.encode());
}

#[test]
fn values_of_the_key() {
    let route = Route::new("10.0.0.0/8").path(&[1]).key(|key| key.set_med(Some(5)));
    let (key, bytes) =
        change(&[Set::LocalPref(200), Set::Med(Some(10)), Set::Origin(Origin::Incomplete)], &route);
    assert_eq!((key.preference(), key.med(), key.origin), (200, Some(10), 2));
    assert_eq!(bytes, route.encode().1);
    assert_eq!(change(&[Set::Med(None)], &route).0.med(), None);
    assert_eq!(change(&[Set::LocalPref(0)], &route).0.preference(), 0);
}

#[test]
fn communities_are_edited_in_a_fixed_order_and_come_out_sorted() {
    let route = Route::new("10.0.0.0/8").communities(&[0x0002_0001, 0x0001_0001, 0xFFFF_FF01]);
    let (key, bytes) = change(
        &[
            Set::AddCommunities(&[0xFFFF_0000, 0x0001_0005, 0x0002_0001]),
            Set::RemoveCommunities(&[CommunityPattern { high: Some(1), low: None }]),
        ],
        &route,
    );
    // Removing comes before adding, however they are written.
    assert_eq!(communities(&bytes), Some(vec![0x0001_0005, 0x0002_0001, 0xFFFF_0000, 0xFFFF_FF01]));
    assert_eq!(key.communities, Key::NO_EXPORT | Key::GRACEFUL_SHUTDOWN);
    let expected = Route { communities: communities(&bytes).unwrap(), ..route.clone() }.encode().1;
    assert_eq!(bytes, expected);

    let (key, bytes) = change(&[Set::RemoveCommunities(&[CommunityPattern::ALL])], &route);
    assert_eq!((key.communities, communities(&bytes)), (0, None));
    let (_, bytes) = change(&[Set::SetCommunities(&[3, 3, 1])], &route);
    assert_eq!(communities(&bytes), Some(vec![1, 3]));
    let (_, bytes) = change(&[Set::SetCommunities(&[])], &route);
    assert_eq!(communities(&bytes), None);
}

#[test]
fn an_attribute_that_was_not_there_goes_to_its_place() {
    let route = Route::new("10.0.0.0/8").path(&[1]);
    let (_, bytes) = change(&[Set::AddCommunities(&[5]), Set::AddLargeCommunities(&[[1, 2, 3]])], &route);
    assert_eq!(bytes, route.communities(&[5]).large(&[[1, 2, 3]]).encode().1);
    let codes: Vec<u8> = tlv::iter(&bytes[4..]).map(|tlv| tlv.code).collect();
    assert_eq!(codes, [2, 8, 32, 200]);
}

#[test]
fn a_list_that_grows_past_255_bytes_gets_the_long_header() {
    let many: Vec<u32> = (0..70).collect();
    let (_, bytes) = change(&[Set::AddCommunities(&many)], &Route::new("10.0.0.0/8").communities(&[69, 0]));
    assert_eq!(communities(&bytes), Some(many.clone()));
    assert_eq!(bytes, Route::new("10.0.0.0/8").communities(&many).encode().1);
}

#[test]
fn prepending_joins_the_first_sequence_and_opens_new_ones_when_it_is_full() {
    let prepended = |count, route: &Route| {
        let (key, bytes) = change(&[Set::Prepend(count)], route);
        (key.path_len, key.neighbor_as, tlv::find(&bytes[4..], code::AS_PATH).unwrap().to_vec())
    };
    let own = |n: usize| vec![OWN_ASN; n];
    let short = Route::new("10.0.0.0/8").path(&[1, 2]);
    let joined = Route::new("10.0.0.0/8").path(&[OWN_ASN, OWN_ASN, 1, 2]);
    assert_eq!(prepended(2, &short), (4, 1, joined.path));

    let empty = Route::new("10.0.0.0/8");
    assert_eq!(prepended(1, &empty), (1, 0, empty.clone().path(&[OWN_ASN]).path));
    assert_eq!(prepended(0, &short), (2, 1, short.path.clone()));

    let set = Route::new("10.0.0.0/8").segment(1, &[7, 8]);
    let expected = Route::new("10.0.0.0/8").path(&own(1)).segment(1, &[7, 8]);
    assert_eq!(prepended(1, &set), (2, 0, expected.path));

    let long = Route::new("10.0.0.0/8").path(&[9; 253]).path(&[3]);
    let mut full = own(2);
    full.extend([9; 253]);
    let expected = Route::new("10.0.0.0/8").path(&own(1)).path(&full).path(&[3]);
    assert_eq!(prepended(3, &long), (257, 9, expected.path));

    // 510 in front of a full segment: two more full ones.
    let twice = Route::new("10.0.0.0/8").path(&[9; 255]);
    let rules = [next(&[], &[Set::Prepend(255)]), Rule { sets: &[Set::Prepend(255)], ..accept(&[]) }];
    let area = compiled(&[Policy { name: "p", rules: &rules }]);
    let policies = Policies::new(&area);
    let (key, bytes) = apply(&policies, evaluate(&policies, &twice).applied, &twice);
    let expected = Route::new("10.0.0.0/8").path(&own(255)).path(&own(255)).path(&[9; 255]);
    assert_eq!((key.path_len, tlv::find(&bytes[4..], code::AS_PATH)), (765, Some(&expected.path[..])));
}

#[test]
fn next_hops_are_set_for_their_own_family() {
    let (v4, v6) = ("203.0.113.9".parse().unwrap(), "2001:db8::9".parse().unwrap());
    let sets = [Set::NextHop(v4), Set::NextHop(v6)];
    let (key, bytes) = change(&sets, &Route::new("10.0.0.0/8"));
    assert_eq!((key.next_hop_len, &bytes[..4]), (4, &[203, 0, 113, 9][..]));
    let (key, bytes) = change(&sets, &Route::new("2001:db8::/32"));
    assert_eq!((key.next_hop_len, bytes[15], bytes[16]), (16, 9, flag::TRANSITIVE));
    let unchanged = Route::new("2001:db8::/32");
    assert_eq!(change(&[Set::NextHop(v4)], &unchanged), unchanged.encode());
    assert_eq!(change(&[Set::NextHop(v4)], &Route::new("10.0.0.0/8").next_hop(&[])).0.next_hop_len, 4);
}

#[test]
fn next_hop_self_without_an_own_address_leaves_none() {
    let area = compiled(&[Policy { name: "p", rules: &[Rule { sets: &[Set::NextHopSelf], ..accept(&[]) }] }]);
    let policies = Policies::new(&area);
    let route = Route::new("10.0.0.0/8").path(&[1]);
    let applied = evaluate(&policies, &route).applied;
    let (key, bytes) = apply(&policies, applied, &route);
    assert_eq!((key.next_hop_len, &bytes[..4]), (4, &OWN_NEXT_HOP[..]));
    let (key, bytes) = route.encode();
    let mut out = [0; 256];
    let attrs = AttrsView { key: &key, bytes: &bytes };
    let Written { key, len, .. } = policies.apply(0, applied, OWN_ASN, None, attrs, &mut out).unwrap();
    assert_eq!((key.next_hop_len, &out[..len]), (0, &bytes[4..]));
}

#[test]
fn sets_of_all_rules_on_the_way_apply_in_order() {
    let only_v6 = [Match::Family(&[Family::Ipv6Unicast])];
    let rules = [
        next(&[], &[Set::LocalPref(1), Set::AddCommunities(&[1])]),
        next(&only_v6, &[Set::LocalPref(2)]),
        next(&[], &[Set::Med(Some(3)), Set::AddCommunities(&[3])]),
        Rule { sets: &[Set::LocalPref(4)], ..accept(&[]) },
    ];
    let area = compiled(&[Policy { name: "p", rules: &rules }]);
    let policies = Policies::new(&area);
    let route = Route::new("10.0.0.0/8");
    let verdict = evaluate(&policies, &route);
    assert_eq!(policies.applied_rules(0, verdict.applied).collect::<Vec<_>>(), [0, 2, 3]);
    let (key, bytes) = apply(&policies, verdict.applied, &route);
    assert_eq!((key.local_pref, key.med(), communities(&bytes)), (4, Some(3), Some(vec![1, 3])));
    let v6 = evaluate(&policies, &Route::new("::/0"));
    assert_eq!(policies.applied_rules(0, v6.applied).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_rejected_route_has_nothing_applied() {
    let rules = [next(&[], &[Set::LocalPref(1)]), Rule { sets: &[Set::Med(None)], ..reject(&[]) }];
    assert!(judge(&rules, &Route::new("10.0.0.0/8")).applied.is_empty());
    assert!(judge(&rules[..1], &Route::new("10.0.0.0/8")).applied.is_empty());
    assert!(judge(&[accept(&[])], &Route::new("10.0.0.0/8")).applied.is_empty());
}

#[test]
fn what_does_not_fit_is_refused() {
    let route = Route::new("10.0.0.0/8").path(&[1]).communities(&[1, 2]);
    let area = compiled(&[Policy {
        name: "p",
        rules: &[Rule { sets: &[Set::AddCommunities(&[7])], ..accept(&[]) }],
    }]);
    let policies = Policies::new(&area);
    let applied = evaluate(&policies, &route).applied;
    let need = apply(&policies, applied, &route).1.len();
    let (key, bytes) = route.encode();
    let attrs = AttrsView { key: &key, bytes: &bytes };
    let mut out = vec![0; need];
    for room in 0..need {
        assert!(policies.apply(0, applied, 1, None, attrs, &mut out[..room]).is_err(), "{room}");
    }
    assert!(policies.apply(0, applied, 1, None, attrs, &mut out).is_ok());
}
