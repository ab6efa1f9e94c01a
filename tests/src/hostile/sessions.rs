//! Attacks over sessions that are up.

use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use super::attack::{Ground, Orders};
use super::crowd::RANGE;
use super::scene::ATTACKER;
use crate::lab::OrFail;
use crate::raw_peer::RawPeer;
use crate::wire::update::Attributes;
use crate::wire::{KEEPALIVE, OPEN, Open, ROUTE_REFRESH, UPDATE, message};

/// Messages sent in one go.
const BATCH: u64 = 50;
/// How long a write waits before the orders are looked at again.
const GLANCE: Duration = Duration::from_millis(100);
/// Between two attempts of who is turned away.
const AGAIN: Duration = Duration::from_millis(20);
/// Sessions of those who give trouble together.
const TOILERS: u32 = 40;
/// Sessions of those who do not read.
const SILENT: u32 = 8;

/// UPDATEs with ever new attributes and prefixes.
pub(super) fn attributes(ground: &Ground<'_>, orders: &Orders) {
    let mut next = 0_u32;
    from_attacker(ground, orders, &[], || {
        let batch = (0..BATCH).flat_map(|_| {
            next += 1;
            // Sixteen communities that nobody else has, beside a path of its own.
            let communities: Vec<u8> = (0..16_u32).flat_map(|n| (next * 16 + n).to_be_bytes()).collect();
            Attributes::new(&[ATTACKER.1, next], ATTACKER.0)
                .with(0xc0, 8, &communities)
                .announce(&prefix(next))
        });
        (batch.collect(), BATCH)
    });
}

/// Paths as long as they can be, true ones and false ones.
pub(super) fn long_paths(ground: &Ground<'_>, orders: &Orders) {
    let mut next = 0_u32;
    let extended = [(6, Vec::new())];
    from_attacker(ground, orders, &extended, || {
        let batch = (0..4).flat_map(|kind| {
            next += 1;
            let path = match kind {
                // The longest that is accepted in a message of usual length: 4 KiB for one prefix.
                0 => segments([255, 255, 255, 200], next),
                // As many segments of 255 as the longest message has room for.
                1 => segments([255; 63], next),
                // 255 segments.
                2 => segments([3; 255], next),
                // 255 segments of 255, of which the attribute holds a quarter.
                _ => segments([255; 255], next).into_iter().take(64_000).collect(),
            };
            Attributes::default()
                .with(0x40, 1, &[0])
                .with(0x40, 2, &path)
                .with(0x40, 3, &ATTACKER.0.octets())
                .announce(&prefix(next))
        });
        (batch.collect(), 4)
    });
}

/// Segments of these lengths, the first of which begins with the attacker's AS.
fn segments(lengths: impl IntoIterator<Item = u8>, seed: u32) -> Vec<u8> {
    let mut path = Vec::new();
    for (at, length) in (0_u32..).zip(lengths) {
        path.extend([2, length]);
        for n in 0..u32::from(length) {
            let asn = if at + n == 0 { ATTACKER.1 } else { 100_000 + (seed + at * 256 + n) % 1_000_000_000 };
            path.extend(asn.to_be_bytes());
        }
    }
    path
}

/// Prefix number `n` of 2^22 that nobody else has.
fn prefix(n: u32) -> [u8; 4] {
    let [_, a, b, c] = (n & 0x3f_ffff).to_be_bytes();
    [24, 32 + a, b, c]
}

/// Messages longer than agreed on: each costs a session.
pub(super) fn long_messages(ground: &Ground<'_>, orders: &Orders) {
    let long = message(UPDATE, &[0; 65_535 - 19]);
    let source = source(1);
    while !orders.is_over() {
        if let Some(mut peer) = establish(source, ground.target, &[])
            && push(peer.stream(), &long, orders)
        {
            while peer.try_receive().is_ok() {}
            orders.add(1);
        } else {
            thread::park_timeout(AGAIN);
        }
    }
}

/// Sessions that ask for all there is and read nothing of it.
pub(super) fn silence(ground: &Ground<'_>, orders: &Orders) {
    let mut deaf = Vec::new();
    let ask = refresh().repeat(100);
    while !orders.is_over() {
        if deaf.len() < SILENT as usize
            && let Some(peer) = establish(source(deaf.len() as u32), ground.target, &[])
        {
            deaf.push(peer);
            orders.add(1);
        }
        // Where crier does not take a whole message any more, the rest of it is rubbish: all the same.
        deaf.retain(|peer: &RawPeer| match peer.stream().write(&ask) {
            Ok(_) => true,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        });
        thread::park_timeout(AGAIN);
    }
    deaf.iter().for_each(close);
}

/// ROUTE-REFRESH, and nothing else.
pub(super) fn refreshes(ground: &Ground<'_>, orders: &Orders) {
    let many = refresh().repeat(1000);
    from_attacker(ground, orders, &[], || (many.clone(), 1000));
}

fn refresh() -> Vec<u8> {
    message(ROUTE_REFRESH, &[0, 1, 0, 1])
}

/// UPDATEs of which each byte is work: two thousand short prefixes, with other attributes each time, from many at once.
pub(super) fn toil(ground: &Ground<'_>, orders: &Orders) {
    let messages: Vec<Vec<u8>> = (0..4).map(toilsome).collect();
    let bytes = messages.concat();
    let mut peers = Vec::new();
    while !orders.is_over() {
        if peers.len() < TOILERS as usize
            && let Some(peer) = establish(source(peers.len() as u32), ground.target, &[])
        {
            peer.read_on();
            peer.stream().set_nonblocking(true).or_fail("not waiting for a connection");
            peers.push((peer, 0));
        }
        let mut moved = false;
        peers.retain_mut(|(peer, at)| match peer.stream().write(bytes.get(*at..).unwrap_or_default()) {
            Ok(count) => {
                *at += count;
                if *at >= bytes.len() {
                    *at = 0;
                    orders.add(messages.len() as u64);
                }
                moved = true;
                true
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        });
        if !moved {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
    peers.iter().for_each(|(peer, _)| close(peer));
}

fn toilsome(n: u32) -> Vec<u8> {
    // Lengths 1 to 8, so that two bytes are a route.
    let nlri: Vec<u8> =
        (0..1900_u32).flat_map(|at| [1 + (at % 8) as u8, (at as u8).reverse_bits()]).collect();
    let own = source(0);
    Attributes::new(&[CROWD_ASN, n + 1], own).announce(&nlri)
}

/// AS number of those from the range.
pub(super) const CROWD_ASN: u32 = 65_100;

/// Address number `n` of the range.
pub(super) fn source(n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(RANGE + 256 + n)
}

/// Sessions of the attacker's, one after the other, over which batches go: bytes, and how many messages those are.
fn from_attacker(
    ground: &Ground<'_>,
    orders: &Orders,
    capabilities: &[(u8, Vec<u8>)],
    mut batch: impl FnMut() -> (Vec<u8>, u64),
) {
    while !orders.is_over() {
        let Some(peer) = establish(ATTACKER.0, ground.target, capabilities) else {
            thread::park_timeout(AGAIN);
            continue;
        };
        peer.read_on();
        loop {
            let (bytes, count) = batch();
            if !push(peer.stream(), &bytes, orders) {
                break;
            }
            orders.add(count);
        }
        close(&peer);
    }
}

/// A session from this address, if it is to be had, with these capabilities beside the usual ones.
pub(super) fn establish(
    from: Ipv4Addr,
    target: SocketAddr,
    capabilities: &[(u8, Vec<u8>)],
) -> Option<RawPeer> {
    let asn = if from == ATTACKER.0 { ATTACKER.1 } else { CROWD_ASN };
    let mut open = Open::new(asn, from.octets());
    open.capabilities.extend_from_slice(capabilities);
    let mut peer = RawPeer::try_dial(IpAddr::V4(from), target).ok()?;
    peer.offer(&open);
    let (kind, _) = peer.try_receive().ok()?;
    if kind != OPEN || peer.stream().write_all(&message(KEEPALIVE, &[])).is_err() {
        return None;
    }
    let (kind, _) = peer.try_receive().ok()?;
    peer.stream().set_write_timeout(Some(GLANCE)).or_fail("limiting a write");
    (kind == KEEPALIVE).then_some(peer)
}

/// Sends all of it, however long that takes; false once the attack is over, or the connection.
fn push(mut stream: &TcpStream, mut bytes: &[u8], orders: &Orders) -> bool {
    while !bytes.is_empty() && !orders.is_over() {
        match stream.write(bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return false,
        }
    }
    !orders.is_over()
}

/// Ends a connection, whoever else holds it.
fn close(peer: &RawPeer) {
    drop(peer.stream().shutdown(Shutdown::Both));
}
