//! What hosts and links must know of an IP packet: where from, where to, which connection, and how far it may still go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const IPV4_TTL: usize = 8;
const IPV6_HOP_LIMIT: usize = 7;
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
    let at = place_of_ttl(packet);
    let Some(left) = packet.get(at).and_then(|ttl| ttl.checked_sub(1)).filter(|left| *left > 0) else {
        return false;
    };
    set_ttl(packet, left);
    true
}

/// Sets a packet's TTL or hop limit.
pub fn set_ttl(packet: &mut [u8], ttl: u8) {
    let at = place_of_ttl(packet);
    let Some(before) = packet.get_mut(at).map(|place| std::mem::replace(place, ttl)) else { return };
    if at != IPV4_TTL {
        return;
    }
    // The header's checksum is a sum of 16-bit words; the TTL is the high half of one (RFC 1624, 3).
    if let Some(sum) = packet.get(10..).and_then(|rest| rest.first_chunk::<2>()) {
        let old = u32::from(!(u16::from(before) << 8));
        let sum = u32::from(!u16::from_be_bytes(*sum)) + old + (u32::from(ttl) << 8);
        let folded = (sum & 0xFFFF) + (sum >> 16);
        let folded = !(((folded & 0xFFFF) + (folded >> 16)) as u16);
        for (to, from) in packet.iter_mut().skip(10).zip(folded.to_be_bytes()) {
            *to = from;
        }
    }
}

fn place_of_ttl(packet: &[u8]) -> usize {
    if packet.first().is_some_and(|first| first >> 4 == 4) { IPV4_TTL } else { IPV6_HOP_LIMIT }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum that a sound IPv4 header has, checksum included.
    fn sum(header: &[u8]) -> u32 {
        let sum: u32 = header.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
        (sum & 0xFFFF) + (sum >> 16)
    }

    #[test]
    fn a_header_is_sound_whatever_its_ttl_becomes() {
        let mut header = [69, 0, 0, 40, 0, 0, 64, 0, 64, 6, 0, 0, 10, 0, 9, 1, 10, 0, 9, 2];
        let checksum = !(sum(&header) as u16);
        header[10..12].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(sum(&header), 0xFFFF);
        for ttl in [255, 1, 64, 63, 0, 254, 128, 2] {
            set_ttl(&mut header, ttl);
            assert_eq!((header[8], sum(&header)), (ttl, 0xFFFF));
        }
        assert!(take_hop(&mut header));
        assert_eq!((header[8], sum(&header)), (1, 0xFFFF));
        assert!(!take_hop(&mut header));
        let mut header = [0x60; 40];
        set_ttl(&mut header, 9);
        assert_eq!((header[7], header[10]), (9, 0x60));
    }
}
