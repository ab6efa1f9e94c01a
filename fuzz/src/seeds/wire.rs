//! Messages.

use std::net::{Ipv4Addr, SocketAddr};

use crier_core::FamilySet;
use crier_core::attrs::tlv::Writer;
use crier_core::family::Family;
use crier_core::wire::header::{Frame, Kind, MAX_EXTENDED_LEN, frame};
use crier_core::wire::notification::{Notification, codes};
use crier_core::wire::open::{OpenParams, encode_open};
use crier_core::wire::refresh::{Refresh, Subtype};

use super::Seed;
use crate::lab::{NOW, configuration, ends, neighbor, settle, transmit_all, with_speaker};
use crate::script::{message, open, step};

/// Those of our encoders: OPENs, what a speaker says to neighbors of each kind, NOTIFICATIONs, refreshes.
pub(super) fn own() -> Vec<Seed> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let both = FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast);
    for (asn, restart) in [(65_001, None), (4_200_000_001, Some(30))] {
        let router_id = Ipv4Addr::new(10, 0, 0, 2);
        let ours = OpenParams {
            asn,
            hold: 90,
            router_id,
            families: both,
            extended_next_hop: true,
            extended_messages: true,
            restart,
            restarting: true,
            forwarding: both,
        };
        messages.push(written(|writer| encode_open(writer, &ours)));
    }
    for subtype in [Subtype::Request, Subtype::Begin, Subtype::End] {
        messages.push(written(|writer| Refresh { family: Family::Ipv6Unicast, subtype }.encode(writer)));
    }
    let words =
        Notification::with_communication(codes::cease::ADMINISTRATIVE_SHUTDOWN, "until \u{1F550} nine");
    messages.push(written(|writer| words.encode(writer)));
    for number in 0..3 {
        messages.extend(said(number));
    }
    messages.iter().flat_map(|message| of_conduct(message)).chain(scripts()).collect()
}

fn written<E>(write: impl FnOnce(&mut Writer<'_>) -> Result<(), E>) -> Vec<u8> {
    let mut room = [0; 512];
    let mut writer = Writer::new(&mut room);
    let fits = write(&mut writer).is_ok();
    assert!(fits, "a message that does not fit");
    writer.written().to_vec()
}

/// What a speaker of this configuration says to neighbors that can do different things.
fn said(number: u8) -> Vec<Vec<u8>> {
    with_speaker(configuration(number), |mut speaker| {
        let mut said = Vec::new();
        for host in 0..5 {
            let (address, asn, id) = neighbor(host);
            let Ok(conn) = speaker.accept(NOW, ends(SocketAddr::new(address, 50_000))) else { continue };
            settle(&mut speaker, NOW, |_| {}, |_| {});
            speaker.receive(NOW, conn, &open(asn, id, host * 2));
            speaker.receive(NOW, conn, &message(4, &[]));
            settle(&mut speaker, NOW, |_| {}, |_| {});
            said.push(transmit_all(&mut speaker, NOW, conn));
        }
        said
    })
}

/// The seeds in one piece of a stream, right or wrong: for the decoders of its messages, for headers, and for sessions that
/// receive it.
pub fn of_conduct(bytes: &[u8]) -> Vec<Seed> {
    let mut seeds = vec![("frame", [&[0], bytes].concat()), ("frame", [&[1], bytes].concat())];
    let mut rest = bytes;
    while let Frame::Message { kind, body, len } = frame(rest, MAX_EXTENDED_LEN) {
        rest = &rest[len..];
        match kind {
            Kind::Open => seeds.push(("open", body.to_vec())),
            Kind::Update => {
                // External, internal, and without four-octet AS numbers: see `update::bit`.
                for session in [1, 3, 0, 0x71] {
                    seeds.push(("update", [&[session, 255], body].concat()));
                }
            }
            Kind::Notification => seeds.push(("notification", body.to_vec())),
            Kind::RouteRefresh => seeds.push(("refresh", body.to_vec())),
            Kind::Keepalive => {}
        }
    }
    for configuration in 0..3 {
        seeds.push(("session", script(configuration, bytes)));
        seeds.push(("delivery", [&[configuration, 128, 7], bytes].concat()));
    }
    seeds.push(("delivery", [&[0, 0, 3], bytes].concat()));
    seeds
}

/// Two neighbors in session, one of which sends this.
fn script(configuration: u8, bytes: &[u8]) -> Vec<u8> {
    let mut script = vec![configuration];
    for host in [1, 0] {
        script.extend([
            step::ACCEPT,
            host,
            step::OPEN,
            0,
            step::KEEPALIVE,
            step::SETTLE,
            step::TRANSMIT,
            192,
        ]);
    }
    let mut rest = bytes;
    while let Frame::Message { body, len, .. } = frame(rest, MAX_EXTENDED_LEN) {
        let [high, low] = (body.len() as u16).to_be_bytes();
        match u8::try_from(body.len()) {
            Ok(length) => script.extend([step::MESSAGE, rest[18], length]),
            Err(_) => script.extend([step::LONG_MESSAGE, rest[18], high, low]),
        }
        script.extend(body);
        rest = &rest[len..];
    }
    if let Ok(length) = u8::try_from(rest.len()) {
        script.extend([step::BYTES, length]);
        script.extend(rest);
    }
    script.extend([step::SETTLE, step::TRANSMIT, 192, step::SELECT, 0, step::TRANSMIT, 192, step::SETTLE]);
    script
}

/// Sessions that dial, collide, rest, are asked for, and end.
fn scripts() -> Vec<Seed> {
    let up = [step::OPEN, 0, step::KEEPALIVE, step::SETTLE, step::TRANSMIT, 192];
    let mut scripts = vec![
        // Dialled, and dialled back.
        [&[3, step::CONNECTED, 0][..], &up, &[step::ACCEPT, 0], &up, &[step::SELECT, 1], &up].concat(),
        // Timers run out, one after the other.
        [&[1, step::ACCEPT, 0][..], &up, &[step::TIME, 0x83, step::SETTLE].repeat(8), &[step::CLOSED, 1]]
            .concat(),
        // From a range, past its limit.
        [&[0, step::ACCEPT, 5][..], &up, &[step::ACCEPT, 6], &up, &[step::ACCEPT, 7], &up].concat(),
        // Other configurations, and back.
        [&[0, step::ACCEPT, 0][..], &up, &[step::CONFIGURE, 1, step::SETTLE, step::CONFIGURE, 2, step::WORK]]
            .concat(),
    ];
    for what in 0..14 {
        let ask =
            [step::OPERATOR, what, 1, step::SETTLE, step::TRANSMIT, 192, step::TIME, 0x85, step::SETTLE];
        scripts.push([&[0, step::ACCEPT, 0][..], &up, &ask, &ask].concat());
    }
    scripts.into_iter().map(|script| ("session", script)).collect()
}
