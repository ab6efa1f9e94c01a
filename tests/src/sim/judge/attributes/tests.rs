use super::*;
use crate::sim::judge::message::{Message, decode};
use crate::sim::judge::update::Update;
use crate::wire::update::Attributes as Written;

/// MP_REACH_NLRI up to its prefixes: IPv6, next hop 2001:db8::1.
const REACH: [u8; 21] = [0, 2, 1, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0];
/// 2001:db8::/32.
const WIDE: [u8; 5] = [32, 0x20, 1, 0x0d, 0xb8];

fn written() -> Written {
    Written::new(&[65_001, 70_000], Ipv4Addr::new(192, 0, 2, 1))
}

/// The body of an UPDATE.
fn body(withdrawn: &[u8], attributes: &[u8], nlri: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| (bytes.len() as u16).to_be_bytes();
    [&length(withdrawn)[..], withdrawn, &length(attributes), attributes, nlri].concat()
}

fn update(body: &[u8]) -> Result<Update, String> {
    match decode(2, body)? {
        Message::Update(update) => Ok(update),
        other => Err(format!("{other:?}")),
    }
}

/// Announces 10.0.0.0/8 with these attributes.
fn announced(attributes: &Written) -> Result<Route, String> {
    match update(&attributes.announce(&[8, 10])[19..])? {
        Update::Announce { prefixes, route } => {
            assert_eq!(prefixes, ["10.0.0.0/8".parse::<IpNet>().unwrap()]);
            Ok(route)
        }
        other => Err(format!("{other:?}")),
    }
}

/// One attribute in bytes.
fn raw(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    [&[flags, code, value.len() as u8], value].concat()
}

#[test]
fn every_attribute_finds_its_place() {
    let path =
        [&[2, 1, 0, 0, 0xFD, 0xE9][..], &[2, 1, 0, 1, 0x11, 0x70], &[1, 2, 0, 0, 0, 2, 0, 0, 0, 1]].concat();
    let written = Written::default()
        .with(0x40, 1, &[2])
        .with(0x40, 2, &path)
        .with(0x40, 3, &[192, 0, 2, 1])
        .with(0x80, 4, &[0, 0, 0, 7])
        .with(0x40, 5, &[0, 0, 1, 0])
        .with(0x40, 6, &[])
        .with(0xE0, 7, &[0, 0, 0xFD, 0xE9, 10, 0, 0, 1])
        .with(0xC0, 8, &[0, 1, 0, 2, 0, 1, 0, 1])
        .with(0xC0, 32, &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3])
        .with(0xE0, 99, &[7; 300]);
    let expected = Route {
        origin: 2,
        as_path: vec![Segment::Sequence(vec![65_001, 70_000]), Segment::Set(BTreeSet::from([1, 2]))],
        next_hop: [192, 0, 2, 1].into(),
        link_local: None,
        med: Some(7),
        local_pref: Some(256),
        communities: BTreeSet::from([0x0001_0001, 0x0001_0002]),
        large_communities: BTreeSet::from([[1, 2, 3]]),
        others: BTreeMap::from([
            (6, (0x40, Vec::new())),
            (7, (0xC0, vec![0, 0, 0xFD, 0xE9, 10, 0, 0, 1])),
            (99, (0xC0, vec![7; 300])),
        ]),
    };
    assert_eq!(announced(&written), Ok(expected));
}

#[test]
fn wrong_flags_are_found() {
    for (flags, code, value) in [
        (0x80, 4, &[0, 0, 0, 7][..]),
        (0x40, 5, &[0; 4]),
        (0x40, 6, &[]),
        (0xC0, 7, &[1; 8]),
        (0xC0, 8, &[1; 4]),
        (0x80, 9, &[1; 4]),
        (0x80, 10, &[1; 4]),
        (0xC0, 16, &[1; 8]),
        (0xC0, 32, &[1; 12]),
        (0xE0, 99, &[]),
    ] {
        assert!(announced(&written().with(flags, code, value)).is_ok(), "{code}");
        for wrong in [0x80, 0x40, 0x01] {
            assert!(announced(&written().with(flags ^ wrong, code, value)).is_err(), "{code} {wrong}");
        }
    }
    // Nobody passes on what it knows as if it did not, or what it does not know as if it did.
    assert!(announced(&written().with(0xC0, 99, &[])).is_err());
    assert!(announced(&written().with(0xA0, 4, &[0; 4])).is_err());
    assert!(announced(&written().with(0xE0, 8, &[0; 4])).is_ok());
}

#[test]
fn wrong_values_are_found() {
    for (flags, code, value) in [
        (0x80, 4, &[0; 3][..]),
        (0x40, 5, &[0; 5]),
        (0x40, 6, &[0]),
        (0xC0, 7, &[0; 6]),
        (0xC0, 8, &[]),
        (0xC0, 8, &[0; 6]),
        (0x80, 9, &[0; 3]),
        (0x80, 10, &[]),
        (0xC0, 16, &[0; 9]),
        (0xC0, 32, &[0; 8]),
        (0xC0, 17, &[2, 1, 0, 0, 0, 1]),
        (0xC0, 18, &[1; 8]),
        (0xC0, 8, &[]),
    ] {
        assert!(announced(&written().with(flags, code, value)).is_err(), "{code} {value:?}");
    }
    let parts = [(1, &[0][..]), (2, &[2, 1, 0, 0, 0, 1]), (3, &[192, 0, 2, 1])];
    let with = |changed: u8, value: &[u8]| {
        parts.iter().fold(Written::default(), |written, &(code, right)| {
            written.with(0x40, code, if code == changed { value } else { right })
        })
    };
    assert!(announced(&with(0, &[])).is_ok());
    for (code, value) in [
        (1, &[3][..]),
        (1, &[]),
        (2, &[2, 0]),
        (2, &[2, 1, 0, 0, 0, 0]),
        (2, &[3, 1, 0, 0, 0, 1]),
        (2, &[2, 2, 0, 0, 0, 1]),
        (2, &[2, 1, 0, 1]),
        (3, &[0; 4]),
        (3, &[224, 0, 0, 5]),
        (3, &[192, 0, 2]),
    ] {
        assert!(announced(&with(code, value)).is_err(), "{code} {value:?}");
    }
}

#[test]
fn missing_repeated_and_cut_attributes_are_found() {
    let parts = [(1, &[0][..]), (2, &[]), (3, &[192, 0, 2, 1])];
    for without in [1, 2, 3] {
        let left = parts.iter().filter(|(code, _)| *code != without);
        let written =
            left.fold(Written::default(), |written, &(code, value)| written.with(0x40, code, value));
        assert!(announced(&written).is_err(), "{without}");
    }
    assert!(announced(&written().with(0x40, 1, &[0])).is_err());
    let whole = raw(0x80, 4, &[0, 0, 0, 7]);
    assert!(Attributes::decode(&whole).is_ok());
    for cut in 1..whole.len() {
        assert!(Attributes::decode(&whole[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn both_families_are_announced_and_withdrawn() {
    let rest = [raw(0x40, 1, &[0]), raw(0x40, 2, &[])].concat();
    let reach = raw(0x80, 14, &[&REACH[..], &WIDE].concat());
    let wide: IpNet = "2001:db8::/32".parse().unwrap();
    let Ok(Update::Announce { prefixes, route }) =
        update(&body(&[], &[reach.clone(), rest.clone()].concat(), &[]))
    else {
        panic!("no announcement")
    };
    assert_eq!((prefixes, route.next_hop), (vec![wide], "2001:db8::1".parse().unwrap()));
    let unreach = raw(0x80, 15, &[&[0, 2, 1][..], &WIDE].concat());
    assert_eq!(update(&body(&[], &unreach, &[])), Ok(Update::Withdraw { prefixes: vec![wide] }));
    let narrow = Update::Withdraw { prefixes: vec!["10.0.0.0/8".parse().unwrap()] };
    assert_eq!(update(&body(&[8, 10], &[], &[])), Ok(narrow));
    assert_eq!(update(&body(&[], &[], &[])), Ok(Update::EndOfRib(Family::Ipv4Unicast)));
    let end = raw(0x80, 15, &[0, 2, 1]);
    assert_eq!(update(&body(&[], &end, &[])), Ok(Update::EndOfRib(Family::Ipv6Unicast)));

    // What must not stand together, or not there.
    let plain = raw(0x40, 3, &[192, 0, 2, 1]);
    let wrong = [
        body(&[8, 10], &[rest.clone(), plain.clone()].concat(), &[8, 11]),
        body(&[8, 10], &[], &[8, 11]),
        body(&[8, 10], &rest, &[]),
        body(&[8, 10], &unreach, &[]),
        body(&[], &[reach.clone(), rest.clone(), plain.clone()].concat(), &[]),
        body(&[], &[reach.clone(), rest.clone(), plain.clone()].concat(), &[8, 10]),
        body(&[], &[unreach.clone(), rest.clone()].concat(), &[]),
        body(&[], &[reach.clone(), unreach, rest.clone()].concat(), &[]),
        body(&[], &[rest.clone(), reach].concat(), &[]),
        body(&[], &rest, &[]),
        body(&[], &[rest.clone(), plain].concat(), &[]),
        body(&[], &[raw(0x80, 14, &REACH), rest].concat(), &[]),
        body(&[], &raw(0x80, 15, &[0, 1, 1]), &[]),
        body(&[], &raw(0x80, 15, &[0, 25, 70]), &[]),
    ];
    for (number, body) in wrong.iter().enumerate() {
        assert!(update(body).is_err(), "{number}");
    }
}

#[test]
fn next_hops_have_their_family_and_form() {
    let announce = |value: &[u8]| {
        let attributes = [raw(0x80, 14, value), raw(0x40, 1, &[0]), raw(0x40, 2, &[])].concat();
        update(&body(&[], &attributes, &[]))
    };
    let with_second = |second: [u8; 16]| [&[0, 2, 1, 32], &REACH[4..20], &second, &[0], &WIDE[..]].concat();
    let link_local: Ipv6Addr = "fe80::1".parse().unwrap();
    let Ok(Update::Announce { route, .. }) = announce(&with_second(link_local.octets())) else {
        panic!("no announcement")
    };
    assert_eq!((route.next_hop.to_string().as_str(), route.link_local), ("2001:db8::1", Some(link_local)));
    assert!(announce(&with_second(Ipv6Addr::LOCALHOST.octets())).is_err());
    // IPv4 with a next hop of its own or of IPv6 (RFC 8950), IPv6 with one of IPv4, an odd length, a reserved octet that is set.
    assert!(announce(&[0, 1, 1, 4, 192, 0, 2, 1, 0, 8, 10]).is_ok());
    assert!(announce(&[&[0, 1, 1, 16], &REACH[4..20], &[0, 8, 10]].concat()).is_ok());
    assert!(announce(&[&[0, 2, 1, 4, 192, 0, 2, 1, 0], &WIDE[..]].concat()).is_err());
    assert!(announce(&[&[0, 2, 1, 5, 192, 0, 2, 1, 0, 0], &WIDE[..]].concat()).is_err());
    assert!(announce(&[&REACH[..20], &[1], &WIDE].concat()).is_err());
}

#[test]
fn prefixes_are_strict() {
    let withdraw = |nlri: &[u8]| update(&body(nlri, &[], &[]));
    assert!(withdraw(&[0]).is_ok());
    assert!(withdraw(&[32, 10, 0, 0, 1, 31, 10, 0, 0, 0]).is_ok());
    for wrong in
        [&[33, 10, 0, 0, 1, 0][..], &[255], &[24, 10, 0], &[8, 10, 8, 10], &[7, 11], &[31, 10, 0, 0, 1]]
    {
        assert!(withdraw(wrong).is_err(), "{wrong:?}");
    }
    let wide = |nlri: &[u8]| update(&body(&[], &raw(0x80, 15, &[&[0, 2, 1], nlri].concat()), &[]));
    assert!(wide(&[&[128][..], &[1; 16]].concat()).is_ok());
    assert!(wide(&[&[129][..], &[1; 17]].concat()).is_err());
}
