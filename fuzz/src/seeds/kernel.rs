//! What a kernel says.

use std::net::IpAddr;

use crier_io_mio::netlink::encode::{self, Existing, Object, Via};
use crier_io_mio::netlink::{Hop, RouteKey};
use ipnet::IpNet;

use super::Seed;
use crate::kernel::word;

/// Bytes of a message's header.
const HEADER: usize = 16;

pub(super) fn own() -> Vec<Seed> {
    let messages = messages();
    let mut seeds: Vec<Seed> = messages.iter().map(|message| ("netlink", message.clone())).collect();
    seeds.push(("netlink", messages.concat()));
    seeds.push(("netlink", [2, 0, 0, 0].repeat(9)));
    for settings in [0, 2, 4, 8, 16] {
        seeds.push(("kernel", script(settings, &messages, false)));
        seeds.push(("kernel", script(settings, &messages, true)));
    }
    seeds
}

/// One of each, as our encoder writes it for a request; a kernel tells in the same words.
fn messages() -> Vec<Vec<u8>> {
    let hop = |last: u8| Hop { gateway: Some(IpAddr::from([10, 0, 0, last])), interface: 3, onlink: false };
    let link_local = IpAddr::from([0xFE80, 0, 0, 0, 0, 0, 0, 1_u16]);
    let hops = [hop(2), Hop { gateway: Some(link_local), interface: 4, onlink: true }, hop(3)];
    let key = |prefix: IpNet, protocol| RouteKey { prefix, table: 254, protocol, metric: 20 };
    let v4 = |a, b, len| ipnet::Ipv4Net::new_assert([10, a, b, 0].into(), len).into();
    let v6 = ipnet::Ipv6Net::new_assert([0x2001, 0xDB8, 0, 0, 0, 0, 0, 0_u16].into(), 48).into();
    let (id, refuse) = (2_000_000_001, Existing::Refuse);
    let mut messages = Vec::new();
    let mut add = |write: &dyn Fn(&mut [u8]) -> Option<usize>| {
        let mut room = vec![0; 2_048];
        let length = write(&mut room).unwrap_or(0);
        room.truncate(length);
        messages.push(room);
    };
    let direct = Hop { gateway: None, interface: 3, onlink: false };
    add(&|room| encode::set_route(room, 1, refuse, &key(v4(0, 0, 24), 2), Via::Hops(&[direct])));
    add(&|room| encode::set_route(room, 2, refuse, &key(v4(9, 1, 24), 186), Via::Hops(&hops)));
    add(&|room| encode::set_route(room, 3, refuse, &key(v4(9, 2, 24), 186), Via::Object(id)));
    add(&|room| encode::set_route(room, 4, refuse, &key(v6, 186), Via::Hops(&hops[1..2])));
    add(&|room| encode::set_route(room, 5, refuse, &key(v4(9, 3, 24), 4), Via::Blackhole));
    add(&|room| encode::delete_route(room, 6, &key(v4(9, 1, 24), 186)));
    add(&|room| encode::set_next_hop(room, 7, refuse, id, 186, Object::Hop(hops[0])));
    add(&|room| encode::set_next_hop(room, 8, refuse, id + 20, 186, Object::Group(&[id, id + 1])));
    add(&|room| encode::delete_next_hop(room, 9, id));
    add(&|room| encode::dump_links(room, 10));
    // RTM_NEWLINK: eth0, number 3, up and running. RTM_NEWADDR: 10.0.0.1/24 on it.
    let mut link = vec![0, 0, 1, 0, 3, 0, 0, 0, 0x43, 0, 1, 0, 0, 0, 0, 0];
    link.extend([9, 0, 3, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0]);
    let address = [2, 24, 0, 0, 3, 0, 0, 0, 8, 0, 2, 0, 10, 0, 0, 1];
    for (kind, body) in [(16, &link[..]), (20, &address[..])] {
        let length = (HEADER + body.len()) as u32;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend([kind, 0, 2, 0, 11, 0, 0, 0, 0, 0, 0, 0]);
        message.extend(body);
        messages.push(message);
    }
    messages
}

/// The three dumps that the bridge begins with, sessions with routes, and answers to what it asks then.
fn script(settings: u8, messages: &[Vec<u8>], refuses: bool) -> Vec<u8> {
    let mut script = vec![0, settings];
    let tell = |script: &mut Vec<u8>, line: u8, message: &[u8]| {
        let (header, body) = message.split_at(HEADER.min(message.len()));
        if let (Some(kind), Ok(length)) = (header.get(4), u8::try_from(body.len())) {
            script.extend([word::MESSAGE, line, *kind, 0, length]);
            script.extend(body);
        }
    };
    for dump in [&messages[10..11], &messages[6..8], &messages[..5], &messages[3..4]] {
        script.extend([word::TURN, 1]);
        dump.iter().for_each(|message| tell(&mut script, 2, message));
        script.extend([word::DONE, 2]);
    }
    script.extend([word::TURN, 1, word::SESSION, 0, word::ROUTE, 1, word::ROUTE, 0x22, word::TURN, 1]);
    for number in 0..12_u8 {
        match refuses && number % 2 == 0 {
            true => script.extend([word::REFUSE, 0, [17, 2, 105, 12][usize::from(number / 2) % 4]]),
            false => script.extend([word::ACK, 0]),
        }
    }
    script.extend([word::TURN, 1, word::ROUTE, 0x43, word::ROUTE, 0x11, word::TURN, 1]);
    script.extend([word::ACK, 0].repeat(6));
    messages.iter().for_each(|message| tell(&mut script, 1, message));
    script.extend([word::TURN, 1, word::OVERRUN, 1, word::SESSION, 1, word::TURN, 60, word::TRUNCATED, 2]);
    script.extend([word::TURN, 250, word::ERROR, 0, word::TURN, 1]);
    script
}
