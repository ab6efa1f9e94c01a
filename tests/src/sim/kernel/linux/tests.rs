//! Requests in bytes, and what is answered, told and dumped.

use std::net::IpAddr;

use crier_io_mio::kernel::{Line, Wire};
use crier_io_mio::netlink::decode::{Message, NextHopKind, messages};
use crier_io_mio::netlink::encode::{self, Existing, Only, Via};
use crier_io_mio::netlink::{Family, Hop, Received, RouteKey};

use super::*;

const V4: &str = "10.1.0.0/16";
const V6: &str = "2001:db8:1::/48";

/// A system with one interface of both families.
fn linux() -> Linux {
    let mut fib = Fib::default();
    for (own, net) in [("192.0.2.1", "192.0.2.0/24"), ("2001:db8::1", "2001:db8::/64")] {
        fib.add_address(own.parse().unwrap());
        fib.add_connected(net.parse().unwrap(), 0);
    }
    Linux::new(fib, 1, true, Rng::new(5))
}

fn key(prefix: &str) -> RouteKey {
    RouteKey { prefix: prefix.parse().unwrap(), table: 254, protocol: 186, metric: 20 }
}

fn hop(gateway: &str) -> encode::Object<'static> {
    let gateway: IpAddr = gateway.parse().unwrap();
    encode::Object::Hop(Hop { gateway: Some(gateway), interface: 2, onlink: false })
}

impl Linux {
    /// What a line has to say, in words.
    fn heard(&mut self, line: Line) -> Vec<String> {
        let mut words = Vec::new();
        let mut room = vec![0; 32_768];
        loop {
            match self.receive(line, &mut room).unwrap() {
                Received::Datagram(length) => {
                    words.extend(messages(&room[..length]).map(|(_, message)| word(&message)));
                }
                Received::Nothing => return words,
                other => words.push(format!("{other:?}")),
            }
        }
    }

    fn ask(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Vec<String> {
        let mut room = vec![0; 4096];
        let length = write(&mut room).unwrap();
        self.send(Line::Asking, &room[..length]).unwrap();
        self.heard(Line::Asking)
    }

    fn set(&mut self, existing: Existing, id: u32, object: encode::Object<'_>) -> Vec<String> {
        self.ask(|room| encode::set_next_hop(room, 1, existing, id, 186, object))
    }

    fn lead(&mut self, existing: Existing, prefix: &str, id: u32) -> Vec<String> {
        self.ask(|room| encode::set_route(room, 1, existing, &key(prefix), Via::Object(id)))
    }

    fn dump(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut room = vec![0; 4096];
        let length = write(&mut room).unwrap();
        self.send(Line::Dumping, &room[..length]).unwrap();
    }
}

fn word(message: &Message<'_>) -> String {
    match message {
        Message::Ack => "done".to_owned(),
        Message::Refused(refusal) => format!("error {}", refusal.errno),
        Message::Route(route) => format!("{} by {}", route.key.prefix, route.object.unwrap_or_default()),
        Message::RouteGone(route) => format!("no {}", route.key.prefix),
        Message::NextHop(object) => match &object.kind {
            NextHopKind::Group(members) => {
                format!("{} of {:?}", object.id, members.clone().map(|member| member.id).collect::<Vec<_>>())
            }
            _ => object.id.to_string(),
        },
        Message::NextHopGone { id } => format!("no {id}"),
        Message::Link(link) => format!("{} works {}", link.name, link.up && link.running),
        other => format!("{other:?}"),
    }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// With two objects, a group of both, an IPv4 route to the group, and one of each family to the first object.
fn busy() -> Linux {
    let mut linux = linux();
    for (id, object) in [(1, hop("192.0.2.2")), (2, hop("192.0.2.3")), (3, hop("2001:db8::2"))] {
        assert_eq!(linux.set(Existing::Refuse, id, object), ["done"]);
    }
    assert_eq!(linux.set(Existing::Refuse, 9, encode::Object::Group(&[1, 2])), ["done"]);
    for (prefix, id) in [("10.9.0.0/16", 9), (V4, 1), (V6, 3)] {
        assert_eq!(linux.lead(Existing::Refuse, prefix, id), ["done"]);
    }
    assert_eq!(linux.heard(Line::Listening).len(), 7);
    linux
}

#[test]
fn what_linux_refuses_is_refused() {
    let mut linux = busy();
    assert_eq!(linux.set(Existing::Refuse, 1, hop("192.0.2.2")), [format!("error {}", libc::EEXIST)]);
    assert_eq!(linux.set(Existing::Replace, 9, hop("192.0.2.2")), [format!("error {}", libc::EINVAL)]);
    for group in [&[][..], &[1, 1], &[1, 9], &[1, 77]] {
        let refused = linux.set(Existing::Replace, 10, encode::Object::Group(group));
        assert_eq!(refused, [format!("error {}", libc::EINVAL)], "{group:?}");
    }
    assert_eq!(linux.set(Existing::Refuse, 4, hop("192.0.2.1")), [format!("error {}", libc::EINVAL)]);
    assert_eq!(linux.set(Existing::Refuse, 4, hop("198.51.100.1")), [format!("error {}", libc::ENETUNREACH)]);
    assert_eq!(linux.lead(Existing::Refuse, V4, 2), [format!("error {}", libc::EEXIST)]);
    assert_eq!(linux.lead(Existing::Replace, V4, 77), [format!("error {}", libc::EINVAL)]);
    assert_eq!(linux.lead(Existing::Replace, V6, 1), [format!("error {}", libc::EINVAL)]);
    let gone = linux.ask(|room| encode::delete_route(room, 1, &key("10.2.0.0/16")));
    assert_eq!(gone, [format!("error {}", libc::ESRCH)]);
    assert_eq!(linux.ask(|room| encode::delete_next_hop(room, 1, 77)), [format!("error {}", libc::ENOENT)]);
    assert!(linux.heard(Line::Listening).is_empty());
    assert_eq!(linux.lead(Existing::Replace, V4, 2), ["done"]);
    assert_eq!(linux.heard(Line::Listening), [format!("{V4} by 2")]);
}

#[test]
fn what_goes_with_an_object_goes_as_in_linux() {
    let mut linux = busy();
    assert_eq!(linux.ask(|room| encode::delete_next_hop(room, 1, 1)), ["done"]);
    // Of the IPv4 route that led there nobody hears.
    assert_eq!(linux.heard(Line::Listening), words(["no 1", "9 of [2]"]));
    assert_eq!(linux.fib.learned_at(V4.parse().unwrap()), None);
    assert_eq!(linux.ask(|room| encode::delete_next_hop(room, 1, 2)), ["done"]);
    assert_eq!(linux.heard(Line::Listening), words(["no 2", "no 9"]));
    assert_eq!(linux.ask(|room| encode::delete_next_hop(room, 1, 3)), ["done"]);
    assert_eq!(linux.heard(Line::Listening), ["no 3".to_owned(), format!("no {V6}")]);
    assert_eq!((linux.fib.learned_len(), linux.fib.objects().len()), (0, 0));
}

#[test]
fn dumps_come_in_pieces_and_say_if_something_has_changed() {
    let mut linux = busy();
    linux.dump(|room| encode::dump_links(room, 5));
    assert_eq!(linux.heard(Line::Dumping), words(["eth0 works true", "Done"]));
    linux.dump(|room| encode::dump_next_hops(room, 6));
    assert_eq!(linux.heard(Line::Dumping), words(["1", "2", "3", "9 of [1, 2]", "Done"]));
    for number in 0..30 {
        assert_eq!(linux.lead(Existing::Refuse, &format!("10.100.{number}.0/24"), 1), ["done"]);
    }
    let routes =
        |linux: &mut Linux| linux.dump(|room| encode::dump_routes(room, 7, Family::V4, Only::default()));
    routes(&mut linux);
    // The network of the interface, 32 routes, and the end, in two pieces.
    assert_eq!(linux.heard(Line::Dumping).len(), 34);
    routes(&mut linux);
    let mut room = vec![0; 32_768];
    assert!(matches!(linux.receive(Line::Dumping, &mut room), Ok(Received::Datagram(_))));
    assert_eq!(linux.ask(|room| encode::delete_route(room, 1, &key(V4))), ["done"]);
    let rest = linux.heard(Line::Dumping);
    assert!(rest.first().is_some_and(|word| word == "Interrupted"), "{rest:?}");
    assert_eq!(rest.last().map(String::as_str), Some("Done"));
}

#[test]
fn each_lie_is_told() {
    let mut linux = busy();
    linux.set_fault(Micros(1), Some(KernelFault::Refuse));
    assert_eq!(linux.lead(Existing::Replace, V4, 2), [format!("error {}", libc::ENOMEM)]);
    linux.set_fault(Micros(1), Some(KernelFault::Delay(Micros::secs(1))));
    assert!(linux.lead(Existing::Replace, V4, 2).is_empty());
    assert_eq!(linux.deadline(), Some(Micros(1_000_001)));
    linux.set_fault(Micros(2), None);
    linux.pass(Micros(1_000_001));
    assert_eq!(linux.heard(Line::Asking), ["done"]);
    linux.heard(Line::Listening);
    assert!(linux.is_calm());
    linux.set_fault(Micros(2), Some(KernelFault::Lose));
    assert_eq!(linux.lead(Existing::Replace, V4, 1), ["done"]);
    assert_eq!(linux.ask(|room| encode::delete_route(room, 1, &key(V4))), ["done"]);
    assert!(linux.fib.learned_at(V4.parse().unwrap()).is_some());
    linux.set_fault(Micros(2), None);
    linux.heard(Line::Listening);
    assert!(!linux.is_calm(), "nobody has looked yet");
    for fault in [KernelFault::Vanish, KernelFault::Overrun] {
        let mut linux = busy();
        linux.set_fault(Micros(1), Some(fault));
        let before = linux.fib.learned_len() + linux.fib.objects().len();
        linux.pass(linux.deadline().unwrap());
        assert!(linux.fib.learned_len() + linux.fib.objects().len() < before);
        let heard = linux.heard(Line::Listening);
        assert!(!heard.is_empty());
        assert_eq!(heard == ["Overrun"], fault == KernelFault::Overrun, "{heard:?}");
    }
}

#[test]
fn one_without_objects_has_none() {
    let mut linux = Linux::new(linux().fib, 1, false, Rng::new(1));
    assert_eq!(linux.set(Existing::Refuse, 1, hop("192.0.2.2")), [format!("error {}", libc::EOPNOTSUPP)]);
    let mut room = vec![0; 4096];
    let length = encode::dump_next_hops(&mut room, 1).unwrap();
    assert!(linux.send(Line::Dumping, &room[..length]).is_err());
}

#[test]
fn a_start_that_others_disturb() {
    let mut linux = busy();
    linux.start(Micros::secs(5));
    linux.disturbed = true;
    for shown in [1, 2] {
        linux.dump(|room| encode::dump_routes(room, 7, Family::V6, Only::default()));
        // The network of the interface, the route, and the end, which says nothing of what was left out.
        let dump = linux.heard(Line::Dumping);
        assert_eq!((dump.len(), dump.last().map(String::as_str)), (shown + 1, Some("Done")), "{dump:?}");
        assert_eq!(linux.heard(Line::Listening).len(), 2 - shown);
    }
}

#[test]
fn what_a_daemon_finds_on_its_start_is_not_to_be_removed() {
    let removed = |cause: Cause, after: Micros, session: bool| {
        let mut linux = busy();
        linux.pass(Micros::secs(5));
        linux.start(linux.now);
        linux.pass(Micros::secs(5) + after);
        if session {
            linux.has_had_a_session();
        }
        // With the object goes the route.
        linux.delete_object(3, cause).unwrap();
        linux.check_starts()
    };
    let ours = Cause { port: wire::ASKING, sequence: 1 };
    assert_eq!(
        removed(ours, Micros::millis(100), false),
        Err(format!("{V6} was removed on the daemon's start"))
    );
    assert_eq!(removed(ours, Micros::millis(100), true), Ok(()));
    assert_eq!(removed(ours, LEFT_ALONE, false), Ok(()));
    assert_eq!(removed(Cause::FOREIGN, Micros::millis(100), false), Ok(()));
}
