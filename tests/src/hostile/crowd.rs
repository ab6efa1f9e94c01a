//! Attacks by connections, of which none becomes a session that lasts.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::attack::{Ground, Orders};
use super::sessions::CROWD_ASN;
use crate::wire::Open;

/// The range that crier takes neighbors from: 2^16 addresses.
pub(super) const RANGE: u32 = Ipv4Addr::new(10, 66, 0, 0).to_bits();
/// As many addresses that it does not know.
pub(super) const NOWHERE: u32 = Ipv4Addr::new(10, 77, 0, 0).to_bits();

/// Connections a second.
const RATE: u32 = 10_000;
/// Connections between two looks at the clock.
const BURST: u32 = 100;
/// Connections that are open at a time, which are more than there is room for.
const OPEN_AT_ONCE: usize = 256;
/// Slow ones, which are more than there is room for.
const SLOW: usize = 120;
/// Between two bytes of a slow one.
const SLOWNESS: Duration = Duration::from_millis(50);

/// Ten thousand connections a second, each from the next address: a third each says nothing, who it is, and rubbish.
pub(super) fn connections(ground: &Ground<'_>, orders: &Orders, range: u32) {
    let begin = Instant::now();
    let mut open = VecDeque::new();
    for n in 0_u32.. {
        if orders.is_over() {
            return;
        }
        if n.is_multiple_of(BURST) {
            orders.add(BURST.into());
            let due = begin + Duration::from_secs(1) * (n / BURST) / (RATE / BURST);
            if let Some(early) = due.checked_duration_since(Instant::now()) {
                thread::park_timeout(early);
            }
        }
        open.extend(dial(Ipv4Addr::from_bits(range + n % 65_536), ground.target));
        if open.len() > OPEN_AT_ONCE
            && let Some(oldest) = open.pop_front()
        {
            part(oldest, n);
        }
    }
}

/// Ends a connection in one of three ways.
fn part(stream: TcpStream, n: u32) {
    let word = match n % 3 {
        0 => Vec::new(),
        1 => Open::new(CROWD_ASN, (n | 1).to_be_bytes()).encode(),
        _ => b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    };
    drop((&stream).write_all(&word));
    if n.is_multiple_of(2) {
        // A reset, which is the cheapest for who sends it.
        drop(Socket::from(stream).set_linger(Some(Duration::ZERO)));
    }
}

/// Connections that never get to an OPEN, each replaced when crier ends it.
pub(super) fn slow_opens(ground: &Ground<'_>, orders: &Orders) {
    let mut next = 0_u32;
    let mut slow: Vec<(TcpStream, VecDeque<u8>)> = Vec::new();
    while !orders.is_over() {
        slow.retain_mut(|(stream, left)| {
            // Half of them stop before the end; the others never begin.
            let byte = left.pop_front();
            byte.is_none_or(|byte| stream.write(&[byte]).is_ok()) && is_open(stream)
        });
        while slow.len() < SLOW {
            next += 1;
            // Several of each address.
            let from = Ipv4Addr::from_bits(RANGE + 1024 + next / 4 % 32_768);
            let Some(stream) = dial(from, ground.target) else { break };
            let mut open = Open::new(CROWD_ASN, from.octets()).encode();
            open.truncate(if next.is_multiple_of(2) { open.len() - 1 } else { 0 });
            slow.push((stream, open.into()));
            orders.add(1);
        }
        thread::park_timeout(SLOWNESS);
    }
}

fn is_open(mut stream: &TcpStream) -> bool {
    let mut room = [0; 4096];
    match stream.read(&mut room) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

/// Begins a connection and does not wait for it.
fn dial(from: Ipv4Addr, target: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.bind(&SocketAddr::from((from, 0)).into()).ok()?;
    match socket.connect(&target.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => None,
        _ => Some(socket.into()),
    }
}
