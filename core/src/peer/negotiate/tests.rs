use super::*;
use crate::view::GracefulRestart;

const V4: FamilySet = FamilySet::EMPTY.with(Family::Ipv4Unicast);
const V6: FamilySet = FamilySet::EMPTY.with(Family::Ipv6Unicast);
const BOTH: FamilySet = V4.with(Family::Ipv6Unicast);

fn ours() -> OpenParams {
    OpenParams {
        asn: 65000,
        hold: 90,
        router_id: Ipv4Addr::new(10, 0, 0, 1),
        families: BOTH,
        extended_next_hop: true,
        extended_messages: true,
        restart: None,
        restarting: false,
        forwarding: FamilySet::EMPTY,
    }
}

/// A neighbor of AS 65001 that can do everything.
fn theirs() -> Open {
    Open {
        asn: 65001,
        hold: 30,
        router_id: Ipv4Addr::new(10, 0, 0, 2),
        capabilities: Capabilities {
            multiprotocol: true,
            families: BOTH,
            route_refresh: true,
            enhanced_refresh: true,
            extended_next_hop: true,
            extended_messages: true,
            graceful_restart: Some(GracefulRestart { time: 120, ..GracefulRestart::default() }),
            four_octet_as: Some(65001),
            kept: heapless::Vec::new(),
        },
    }
}

/// The neighbor with this field and, if any, this number in its capability.
fn with_as(field: u16, four: Option<u32>) -> Open {
    let mut open = theirs();
    open.asn = field;
    open.capabilities.four_octet_as = four;
    open
}

fn agreed_as(expected: RemoteAs, open: &Open) -> Result<u32, (u8, u8, u32)> {
    negotiate(&ours(), 30, expected, open).map(|agreed| agreed.asn).map_err(|fault| {
        let asn = fault.data.first_chunk().map_or(0, |&data| u32::from_be_bytes(data));
        (fault.code, fault.subcode, asn)
    })
}

#[test]
fn everything_both_can_do_is_agreed_on() {
    let agreed = negotiate(&ours(), 30, RemoteAs::External, &theirs()).unwrap();
    let wanted = Agreed {
        negotiated: Negotiated {
            hold: 30,
            keepalive: 10,
            families: BOTH,
            as4: true,
            refresh: true,
            extended_next_hop: true,
            extended_messages: true,
            graceful_restart: theirs().capabilities.graceful_restart,
        },
        asn: 65001,
        router_id: Ipv4Addr::new(10, 0, 0, 2),
    };
    assert_eq!(agreed, wanted);
}

#[test]
fn a_neighbor_without_capabilities_speaks_ipv4_with_short_as_numbers() {
    let open = Open { capabilities: Capabilities::default(), ..theirs() };
    let agreed = negotiate(&ours(), 30, RemoteAs::Asn(65001), &open).unwrap();
    let wanted = Negotiated { hold: 30, keepalive: 10, families: V4, ..Negotiated::default() };
    assert_eq!((agreed.negotiated, agreed.asn), (wanted, 65001));
}

#[test]
fn extended_messages_take_two() {
    let mut open = theirs();
    open.capabilities.extended_messages = false;
    assert!(!negotiate(&ours(), 30, RemoteAs::Any, &open).unwrap().negotiated.extended_messages);
    let ours = OpenParams { extended_messages: false, ..ours() };
    assert!(!negotiate(&ours, 30, RemoteAs::Any, &theirs()).unwrap().negotiated.extended_messages);
}

#[test]
fn extended_next_hops_take_two_and_ipv4() {
    let agreed = |ours: &OpenParams, theirs: &Open| {
        negotiate(ours, 30, RemoteAs::Any, theirs).unwrap().negotiated.extended_next_hop
    };
    let mut without = theirs();
    without.capabilities.extended_next_hop = false;
    assert!(!agreed(&ours(), &without));
    assert!(!agreed(&OpenParams { extended_next_hop: false, ..ours() }, &theirs()));
    let mut ipv6_only = theirs();
    ipv6_only.capabilities.families = V6;
    assert!(!agreed(&ours(), &ipv6_only), "there is nothing that could have one");
}

#[test]
fn the_as_number_must_be_the_expected_one() {
    let (outside, inside) = (with_as(65001, Some(65001)), with_as(65000, Some(65000)));
    for (expected, of_outside, of_inside) in [
        (RemoteAs::Asn(65001), true, false),
        (RemoteAs::Asn(65000), false, true),
        (RemoteAs::External, true, false),
        (RemoteAs::Internal, false, true),
        (RemoteAs::Any, true, true),
    ] {
        let outcome = |ok, asn| if ok { Ok(asn) } else { Err((2, 2, asn)) };
        assert_eq!(agreed_as(expected, &outside), outcome(of_outside, 65001), "{expected:?}");
        assert_eq!(agreed_as(expected, &inside), outcome(of_inside, 65000), "{expected:?}");
    }
}

#[test]
fn field_and_capability_must_agree_and_be_possible() {
    for (field, four, outcome) in [
        (65001, None, Ok(65001)),
        (65001, Some(65001), Ok(65001)),
        (AS_TRANS, Some(4_200_000_000), Ok(4_200_000_000)),
        (AS_TRANS, Some(65001), Ok(65001)),
        (65001, Some(65002), Err((2, 2, 65002))),
        (65001, Some(4_200_000_000), Err((2, 2, 4_200_000_000))),
        (0, None, Err((2, 2, 0))),
        (0, Some(0), Err((2, 2, 0))),
        (65001, Some(0), Err((2, 2, 0))),
        (AS_TRANS, Some(0), Err((2, 2, 0))),
        (0, Some(65001), Err((2, 2, 65001))),
        (AS_TRANS, None, Err((2, 2, 23456))),
        (AS_TRANS, Some(23456), Err((2, 2, 23456))),
        (65001, Some(23456), Err((2, 2, 23456))),
    ] {
        assert_eq!(agreed_as(RemoteAs::Any, &with_as(field, four)), outcome, "{field}, {four:?}");
    }
    // Not even by configuration.
    assert_eq!(agreed_as(RemoteAs::Asn(23456), &with_as(AS_TRANS, None)), Err((2, 2, 23456)));
}

#[test]
fn our_own_identifier_is_bad_within_our_as_only() {
    let same = |open: Open| Open { router_id: ours().router_id, ..open };
    let fault = negotiate(&ours(), 30, RemoteAs::Internal, &same(with_as(65000, Some(65000)))).unwrap_err();
    assert_eq!((fault.code, fault.subcode), (2, 3));
    assert!(negotiate(&ours(), 30, RemoteAs::External, &same(theirs())).is_ok());
}

#[test]
fn the_lower_hold_time_counts_and_keepalives_fit_into_it() {
    for (our_hold, their_hold, configured, hold, keepalive) in [
        (90, 180, 30, 90, 30),
        (180, 90, 60, 90, 30),
        (90, 90, 10, 90, 10),
        (9, 90, 3, 9, 3),
        (90, 3, 30, 3, 1),
        (90, 4, 30, 4, 1),
        (90, 5, 1, 5, 1),
        (90, 90, 0, 90, 1),
        (0, 90, 30, 0, 0),
        (90, 0, 30, 0, 0),
        (65535, 65535, 65535, 65535, 21845),
    ] {
        let ours = OpenParams { hold: our_hold, ..ours() };
        let open = Open { hold: their_hold, ..theirs() };
        let agreed = negotiate(&ours, configured, RemoteAs::Any, &open).unwrap().negotiated;
        assert_eq!((agreed.hold, agreed.keepalive), (hold, keepalive), "{our_hold} and {their_hold}");
    }
}

#[test]
fn families_are_those_of_both() {
    for (our_families, named, families, outcome) in [
        (BOTH, true, V6, Ok(V6)),
        (V4, true, BOTH, Ok(V4)),
        (BOTH, false, FamilySet::EMPTY, Ok(V4)),
        (V6, true, V4, Err(&[1, 4, 0, 2, 0, 1][..])),
        (V6, false, FamilySet::EMPTY, Err(&[1, 4, 0, 2, 0, 1])),
        // It named families, but none that crier knows: IPv4 is not among them.
        (BOTH, true, FamilySet::EMPTY, Err(&[1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1])),
    ] {
        let ours = OpenParams { families: our_families, ..ours() };
        let mut open = theirs();
        open.capabilities.multiprotocol = named;
        open.capabilities.families = families;
        match (negotiate(&ours, 30, RemoteAs::Any, &open), outcome) {
            (Ok(agreed), Ok(families)) => assert_eq!(agreed.negotiated.families, families),
            (Err(fault), Err(data)) => {
                assert_eq!((fault.code, fault.subcode, &fault.data[..]), (2, 7, data));
            }
            (got, _) => panic!("{got:?}"),
        }
    }
}
