//! What hosts and links must know of an IP packet: where from, where to, which connection, and how far it may still go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const TCP: u8 = 6;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const RST: u8 = 0x04;

/// The parts of a TCP packet's headers.
#[derive(Clone, Copy, Debug)]
pub struct Headers {
    /// Sender.
    pub source: SocketAddr,
    /// Receiver.
    pub destination: SocketAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Flags of TCP.
    flags: u8,
}

impl Headers {
    /// Reads them; `None`: it is no TCP packet, or is cut off. Checksums are the receiver's business.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let (source, destination, ttl, protocol, tcp): (IpAddr, IpAddr, _, _, _) = match packet.first()? >> 4
        {
            4 => {
                let header = usize::from(packet.first()? & 15) * 4;
                let at = |from: usize| Some(Ipv4Addr::from(*packet.get(from..)?.first_chunk::<4>()?));
                let tcp = packet.get(header.max(IPV4_HEADER)..)?;
                (at(12)?.into(), at(16)?.into(), *packet.get(8)?, *packet.get(9)?, tcp)
            }
            6 => {
                let at = |from: usize| Some(Ipv6Addr::from(*packet.get(from..)?.first_chunk::<16>()?));
                let tcp = packet.get(IPV6_HEADER..)?;
                (at(8)?.into(), at(24)?.into(), *packet.get(7)?, *packet.get(6)?, tcp)
            }
            _ => return None,
        };
        if protocol != TCP {
            return None;
        }
        let port = |from: usize| Some(u16::from_be_bytes(*tcp.get(from..)?.first_chunk::<2>()?));
        let (from, to) = (SocketAddr::new(source, port(0)?), SocketAddr::new(destination, port(2)?));
        Some(Self { source: from, destination: to, ttl, flags: *tcp.get(13)? })
    }

    /// A number that all packets of a connection in one direction share: routers keep them on one way by it.
    pub fn flow(&self) -> u64 {
        u64::from(self.source.port()) << 16 | u64::from(self.destination.port())
    }

    /// Whether it asks for a new connection.
    pub fn opens(&self) -> bool {
        self.flags & (SYN | ACK | RST) == SYN
    }
}

/// Takes one hop off a packet's life. False: it has none left, and goes no further.
pub fn take_hop(packet: &mut [u8]) -> bool {
    let version = packet.first().map(|first| first >> 4);
    let at = if version == Some(4) { 8 } else { 7 };
    let Some(ttl) = packet.get_mut(at).filter(|ttl| **ttl > 1) else { return false };
    *ttl -= 1;
    if version == Some(4) {
        // The header's checksum is a sum of 16-bit words; the TTL is the high half of one (RFC 1624).
        if let Some(sum) = packet.get(10..).and_then(|rest| rest.first_chunk::<2>()) {
            let sum = u32::from(u16::from_be_bytes(*sum)) + 0x100;
            let folded = ((sum & 0xFFFF) + (sum >> 16)) as u16;
            for (to, from) in packet.iter_mut().skip(10).zip(folded.to_be_bytes()) {
                *to = from;
            }
        }
    }
    true
}
