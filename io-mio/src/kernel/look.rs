//! A look at the kernel's routes by somebody who installs nothing: for `crier doctor`, and before anything is taken over.

use std::io;

use super::Settings;
use crate::netlink::decode::{Message, messages};
use crate::netlink::encode::{self, Only};
use crate::netlink::{DATAGRAM, Family, Netlink, Received};

/// What there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Routes with the table, protocol and metric that lead to an object with one of the numbers: crier's.
    pub by_number: u32,
    /// Other routes with that table, protocol and metric.
    pub others: u32,
    /// The kernel has next-hop objects, which came with Linux 5.3.
    pub objects: bool,
}

/// Reads the kernel's routes, and looks for those like the ones that a bridge with these settings would install.
///
/// # Errors
/// What the system says.
pub fn look(settings: &Settings) -> io::Result<Found> {
    let netlink = Netlink::open()?;
    let mut room = vec![0; DATAGRAM];
    let mut found = Found::default();
    let length = encode::dump_next_hops(&mut room, 1);
    found.objects = dump(&netlink, &mut room, 1, length, |_| {}).is_ok();
    for (sequence, family) in [(2, Family::V4), (3, Family::V6)] {
        let length = encode::dump_routes(&mut room, sequence, family, Only::default());
        let result = dump(&netlink, &mut room, sequence, length, |message| {
            let Message::Route(route) = message else { return };
            if settings.is_ours(route) {
                let by_number = route.object.is_some_and(|object| settings.is_our_object(object));
                found.by_number += u32::from(by_number);
                found.others += u32::from(!by_number);
            }
        });
        // A host without IPv6.
        result.or_else(
            |error| if error.raw_os_error() == Some(libc::EOPNOTSUPP) { Ok(()) } else { Err(error) },
        )?;
    }
    Ok(found)
}

/// Asks for a dump and hands on what it has. The kernel writes each piece while the one before is read, so that there is nothing
/// to wait for.
fn dump(
    netlink: &Netlink,
    room: &mut [u8],
    sequence: u32,
    length: Option<usize>,
    mut each: impl FnMut(&Message<'_>),
) -> io::Result<()> {
    netlink.send(length.and_then(|length| room.get(..length)).unwrap_or_default())?;
    loop {
        let length = match netlink.receive(room)? {
            Received::Datagram(length) => length,
            Received::Foreign => continue,
            Received::Truncated(_) => return Err(io::ErrorKind::InvalidData.into()),
            Received::Overrun => return Err(io::Error::from_raw_os_error(libc::ENOBUFS)),
            Received::Nothing => return Err(io::ErrorKind::WouldBlock.into()),
        };
        for (origin, message) in messages(room.get(..length).unwrap_or_default()) {
            if origin.sequence != sequence {
                continue;
            }
            match message {
                Message::Done => return Ok(()),
                Message::Refused(refusal) => return Err(io::Error::from_raw_os_error(refusal.errno)),
                message => each(&message),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_bgp_has_no_such_routes() {
        // Protocol 254 and this metric are nobody's.
        let settings = Settings { protocol: 254, metric: 4_000_000_001, ..Settings::default() };
        let found = look(&settings).unwrap();
        assert_eq!((found.by_number, found.others), (0, 0));
    }

    #[test]
    fn the_local_table_has_the_kernels_own_routes() {
        // 127.0.0.0/8 and the like, by the kernel (protocol 2), wherever the loopback interface is up.
        let settings = Settings { table: 255, protocol: 2, metric: 0, ..Settings::default() };
        let up = std::fs::read_to_string("/proc/net/fib_trie").is_ok_and(|text| text.contains("127.0.0.0"));
        assert_eq!(look(&settings).unwrap().others > 0, up);
    }
}
