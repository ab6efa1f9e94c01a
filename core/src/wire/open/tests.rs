use super::*;
use crate::family::Family;
use crate::view::GracefulRestart;
use crate::wire::header::{Frame, MAX_LEN, frame};

type Bytes = heapless::Vec<u8, 512>;

/// AS 65001, hold time 90, identifier 10.0.0.1, then `tail`: optional parameters with their length.
fn body(tail: &[u8]) -> Bytes {
    [4, 0xFD, 0xE9, 0, 90, 10, 0, 0, 1].iter().chain(tail).copied().collect()
}

fn fault_of(body: &[u8]) -> (u8, u8, Bytes) {
    let fault = Open::parse(body).unwrap_err();
    (fault.code, fault.subcode, Bytes::from_slice(&fault.data).unwrap())
}

fn bytes(slice: &[u8]) -> Bytes {
    Bytes::from_slice(slice).unwrap()
}

fn params() -> OpenParams {
    OpenParams {
        asn: 65000,
        hold: 90,
        router_id: Ipv4Addr::new(10, 0, 0, 1),
        families: FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast),
        extended_next_hop: true,
        extended_messages: true,
        restart: None,
        restarting: false,
        forwarding: FamilySet::EMPTY,
    }
}

#[test]
fn an_open_without_parameters() {
    let open = Open::parse(&body(&[0])).unwrap();
    assert_eq!((open.asn, open.hold, open.router_id), (65001, 90, Ipv4Addr::new(10, 0, 0, 1)));
    assert_eq!((open.asn(), &open.capabilities), (65001, &Capabilities::default()));
}

#[test]
fn capabilities_may_come_in_one_parameter_or_in_many() {
    let one = [10, 2, 8, 65, 4, 0, 1, 0, 0, 2, 0];
    let many = [14, 2, 6, 65, 4, 0, 1, 0, 0, 2, 0, 2, 2, 2, 0];
    let one = Open::parse(&body(&one)).unwrap();
    assert_eq!(one, Open::parse(&body(&many)).unwrap());
    assert_eq!(one.asn(), 65536);
    assert!(one.capabilities.route_refresh);
}

#[test]
fn extended_parameters_are_read_whatever_the_short_length_says() {
    for short in [255, 1, 0] {
        let open = Open::parse(&body(&[short, 255, 0, 5, 2, 0, 2, 2, 0])).unwrap();
        assert!(open.capabilities.route_refresh, "short length {short}");
    }
    let empty = Open::parse(&body(&[255, 255, 0, 0])).unwrap();
    assert_eq!(empty.capabilities, Capabilities::default());
}

#[test]
fn an_extended_parameter_can_be_longer_than_255_bytes() {
    // 229 times route refresh, then extended messages: 460 bytes of capabilities, 463 of parameters.
    let mut long = body(&[255, 255, 1, 0xCF, 2, 1, 0xCC]);
    for _ in 0..229 {
        long.extend_from_slice(&[2, 0]).unwrap();
    }
    long.extend_from_slice(&[6, 0]).unwrap();
    let open = Open::parse(&long).unwrap();
    assert!(open.capabilities.route_refresh && open.capabilities.extended_messages);
}

#[test]
fn faults_of_the_fixed_part() {
    let mut wrong = body(&[0]);
    for version in [0, 3, 5, 255] {
        wrong[0] = version;
        assert_eq!(fault_of(&wrong), (2, 1, bytes(&[0, 4])));
    }
    for hold in [1, 2] {
        let mut wrong = body(&[0]);
        wrong[4] = hold;
        assert_eq!(fault_of(&wrong), (2, 6, Bytes::new()));
    }
    for hold in [0, 3] {
        let mut right = body(&[0]);
        right[4] = hold;
        assert_eq!(Open::parse(&right).unwrap().hold, u16::from(hold));
    }
    let mut wrong = body(&[0]);
    wrong[5] = 0;
    wrong[8] = 0;
    assert_eq!(fault_of(&wrong), (2, 3, Bytes::new()));
    // Any other identifier is one, be it an address or not (RFC 6286).
    for id in [[0, 0, 0, 1], [224, 0, 0, 1], [255; 4]] {
        let mut right = body(&[0]);
        right[5..9].copy_from_slice(&id);
        assert_eq!(Open::parse(&right).unwrap().router_id, Ipv4Addr::from(id));
    }
    for cut in 0..10 {
        assert_eq!(fault_of(&body(&[0])[..cut]), (1, 2, bytes(&[0, 19 + u8::try_from(cut).unwrap()])));
    }
}

#[test]
fn lengths_that_do_not_fit_each_other() {
    for tail in [
        &[1][..],         // parameters that are not there
        &[0, 2],          // bytes past the parameters
        &[3, 2, 2, 2, 0], // the same, with a parameter cut in two
        &[1, 2],          // a type without a length
        &[3, 2, 2, 2],    // a value that is cut
        &[4, 2, 3, 2, 0], // a value longer than the list
        &[255, 255],      // extended, and no length
        &[255, 255, 0],
        &[255, 255, 0, 1],
        &[255, 255, 0, 0, 0],    // bytes past the extended parameters
        &[255, 255, 0, 2, 2, 0], // a type with half a length: the three octets of CVE-2022-40302
        &[255, 255, 0, 3, 2, 0, 1],
        &[255, 255, 0, 4, 2, 2, 2, 0], // a short length where a long one belongs
        &[4, 2, 2, 2, 1],              // a capability longer than its parameter
    ] {
        let (code, subcode, _) = fault_of(&body(tail));
        assert_eq!((code, subcode), (2, 0), "{tail:?}");
    }
}

#[test]
fn a_capability_does_not_reach_into_the_next_parameter() {
    let (code, subcode, data) = fault_of(&body(&[8, 2, 2, 65, 4, 2, 2, 0, 1]));
    assert_eq!((code, subcode, data), (2, 0, bytes(&[65, 4])));
}

#[test]
fn other_parameters_are_unsupported() {
    for code in [0, 1, 3, 254] {
        assert_eq!(fault_of(&body(&[3, code, 1, 9])), (2, 4, bytes(&[code, 1, 9])));
    }
    // 255 is a parameter in no place but the first.
    assert_eq!(fault_of(&body(&[6, 2, 2, 2, 0, 255, 0])), (2, 4, bytes(&[255, 0])));
    assert_eq!(fault_of(&body(&[255, 255, 0, 3, 255, 0, 0])), (2, 4, bytes(&[255, 0, 0])));
}

#[test]
fn no_cut_and_no_changed_byte_of_an_open_can_do_harm() {
    let mut buf = [0; 128];
    let mut writer = Writer::new(&mut buf);
    let ours = OpenParams { restart: Some(120), ..params() };
    encode_open(&mut writer, &ours).unwrap();
    let good = bytes(&writer.written()[19..]);
    for cut in 0..good.len() {
        assert!(Open::parse(&good[..cut]).is_err(), "cut at {cut}");
    }
    for at in 0..good.len() {
        for value in 0..=255 {
            let mut changed = good.clone();
            changed[at] = value;
            if let Ok(open) = Open::parse(&changed) {
                assert!(open.hold == 0 || open.hold >= 3);
            }
        }
    }
}

#[test]
fn our_open_is_these_bytes() {
    let mut buf = [0; 128];
    let mut writer = Writer::new(&mut buf);
    encode_open(&mut writer, &params()).unwrap();
    let mut wanted = bytes(&[0xFF; 16]);
    for part in [
        &[0, 65, 1, 4, 0xFD, 0xE8, 0, 90, 10, 0, 0, 1, 36, 2, 34][..],
        &[1, 4, 0, 1, 0, 1],
        &[1, 4, 0, 2, 0, 1],
        &[2, 0],
        &[5, 6, 0, 1, 0, 1, 0, 2],
        &[6, 0],
        &[64, 2, 0, 0],
        &[65, 4, 0, 0, 0xFD, 0xE8],
    ] {
        wanted.extend_from_slice(part).unwrap();
    }
    // 34 bytes of capabilities, 36 of parameters, 65 of message.
    assert_eq!(writer.written(), wanted);
}

#[test]
fn our_open_is_read_as_it_was_meant() {
    let v4 = FamilySet::EMPTY.with(Family::Ipv4Unicast);
    for (ours, asn, restart) in [
        (params(), 65000, GracefulRestart::default()),
        (
            OpenParams { asn: 4_200_000_000, extended_next_hop: false, extended_messages: false, ..params() },
            AS_TRANS,
            GracefulRestart::default(),
        ),
        (
            OpenParams { restart: Some(u16::MAX), restarting: true, forwarding: v4, ..params() },
            65000,
            GracefulRestart {
                restarting: true,
                notification: false,
                time: 4095,
                families: params().families,
                forwarding: v4,
            },
        ),
        (
            OpenParams { families: v4, hold: 0, restart: Some(0), ..params() },
            65000,
            GracefulRestart { families: v4, ..GracefulRestart::default() },
        ),
    ] {
        let mut buf = [0; 128];
        let mut writer = Writer::new(&mut buf);
        encode_open(&mut writer, &ours).unwrap();
        let Frame::Message { kind: Kind::Open, body, .. } = frame(writer.written(), MAX_LEN) else {
            panic!()
        };
        let open = Open::parse(body).unwrap();
        assert_eq!(
            (open.asn, open.asn(), open.hold, open.router_id),
            (asn, ours.asn, ours.hold, ours.router_id)
        );
        let can = &open.capabilities;
        assert_eq!((can.multiprotocol, can.families), (true, ours.families));
        assert_eq!((can.route_refresh, can.enhanced_refresh), (true, false));
        assert_eq!(can.extended_next_hop, ours.extended_next_hop);
        assert_eq!(can.extended_messages, ours.extended_messages);
        assert_eq!(can.graceful_restart, Some(restart));
        assert_eq!(can.four_octet_as, Some(ours.asn));
    }
}

#[test]
fn an_open_that_does_not_fit_is_not_begun() {
    for room in 0..65 {
        let mut buf = [0; 65];
        let mut writer = Writer::new(&mut buf[..room]);
        assert_eq!(encode_open(&mut writer, &params()), Err(NoRoom));
        assert!(writer.is_empty());
    }
}
