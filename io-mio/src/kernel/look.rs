//! A look at the kernel's routes by somebody who installs nothing: for `crier doctor`, and before anything is taken over.

use std::io;

use super::Settings;
use crate::netlink::decode::{Message, Route, messages};
use crate::netlink::encode::{self, Only};
use crate::netlink::{DATAGRAM, Family, Netlink, Received};

/// What there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Routes with the table, protocol and metric that lead to an object with one of the numbers: crier's.
    pub by_number: u32,
    /// Others with that table, protocol and metric that a record says to be crier's.
    pub recorded: u32,
    /// Other routes with that table, protocol and metric.
    pub others: u32,
    /// Those of them that lead to no object.
    pub plain: u32,
    /// Routes with another table, protocol or metric that lead to an object with one of the numbers, and of which no record says
    /// that they are crier's: somebody else uses the numbers.
    pub same_numbers: u32,
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
            found.count(settings, route);
        });
        // A host without IPv6.
        result.or_else(
            |error| if error.raw_os_error() == Some(libc::EOPNOTSUPP) { Ok(()) } else { Err(error) },
        )?;
    }
    Ok(found)
}

impl Found {
    fn count(&mut self, settings: &Settings, route: &Route<'_>) {
        let by_number = route.object.is_some_and(|object| settings.is_our_object(object));
        match (settings.is_ours(route), by_number, settings.is_left(route)) {
            (true, true, _) => self.by_number += 1,
            (true, false, true) => self.recorded += 1,
            (true, false, false) => {
                self.others += 1;
                self.plain += u32::from(route.object.is_none());
            }
            (false, true, false) => self.same_numbers += 1,
            (false, ..) => {}
        }
    }
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
    use super::super::Claim;
    use super::*;
    use crate::netlink::encode::{Existing, Via};
    use crate::netlink::{Hop, RouteKey};

    #[test]
    fn a_host_without_bgp_has_no_such_routes() {
        // Protocol 254 and this metric are nobody's.
        let settings = Settings { protocol: 254, metric: 4_000_000_001, ..Settings::default() };
        let found = look(&settings).unwrap();
        assert_eq!((found.by_number, found.others), (0, 0));
    }

    #[test]
    fn routes_are_told_apart_by_keys_numbers_and_records() {
        let key = RouteKey { prefix: "10.0.0.0/8".parse().unwrap(), table: 254, protocol: 186, metric: 20 };
        let claim = Claim { table: 254, protocol: 186, metric: 30, objects: Settings::default().objects };
        let settings = Settings { left: vec![claim], ..Settings::default() };
        let mut found = Found::default();
        let mut add = |key: RouteKey, object: Option<u32>| {
            let mut room = [0; 512];
            let hop = [Hop { gateway: None, interface: 1, onlink: false }];
            let via = object.map_or(Via::Hops(&hop), Via::Object);
            let length = encode::set_route(&mut room, 1, Existing::Refuse, &key, via).unwrap();
            for (_, message) in messages(&room[..length]) {
                let Message::Route(route) = message else { panic!("a route") };
                found.count(&settings, &route);
            }
        };
        add(key, Some(2_000_000_001));
        add(key, Some(7));
        add(key, None);
        add(RouteKey { metric: 30, ..key }, Some(2_000_000_001));
        add(RouteKey { metric: 31, ..key }, Some(2_000_000_001));
        add(RouteKey { metric: 31, ..key }, Some(7));
        let Found { by_number, recorded, others, plain, same_numbers, .. } = found;
        assert_eq!((by_number, recorded, others, plain, same_numbers), (1, 0, 2, 1, 1));
    }

    #[test]
    fn the_local_table_has_the_kernels_own_routes() {
        // 127.0.0.0/8 and the like, by the kernel (protocol 2), wherever the loopback interface is up.
        let settings = Settings { table: 255, protocol: 2, metric: 0, ..Settings::default() };
        let up = std::fs::read_to_string("/proc/net/fib_trie").is_ok_and(|text| text.contains("127.0.0.0"));
        assert_eq!(look(&settings).unwrap().others > 0, up);
    }
}
