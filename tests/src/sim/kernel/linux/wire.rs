//! The sockets of the route daemon.

use std::collections::VecDeque;
use std::io;

use crier_io_mio::kernel::{Line, Wire};
use crier_io_mio::netlink::Received;
use ipnet::IpNet;

use super::request::{HEADER, Header};
use super::{Cause, Linux, is_ipv6, say};
use crate::allocation::unwatched;
use crate::sim::plan::KernelFault;

/// The number of the socket for requests, and of the one for dumps.
pub(super) const ASKING: u32 = 1_001;
const LISTENING: u32 = 1_002;
const DUMPING: u32 = 1_003;
const ADDRESSING: u32 = 1_004;

/// Messages in one piece of a dump.
const PIECE: usize = 20;

/// A dump under way.
#[derive(Debug)]
pub(super) struct Dump {
    sequence: u32,
    /// What is still to be told, as there was when it was asked for.
    left: VecDeque<Item>,
    /// What the changes stood at then.
    changes: u64,
    /// It is the last one of those that tell everything.
    is_last: bool,
    /// Something that it should have told.
    left_out: bool,
}

#[derive(Clone, Copy, Debug)]
enum Item {
    Link(usize),
    Object(u32),
    Route(IpNet),
    /// Static or not.
    Foreign(IpNet, bool),
}

/// What it says is made while a daemon is watched for allocations, which are not the daemon's.
impl Wire for Linux {
    fn send(&mut self, line: Line, requests: &[u8]) -> io::Result<()> {
        unwatched(|| match line {
            Line::Asking => {
                self.take(requests);
                Ok(())
            }
            Line::Dumping => self.begin_dump(requests),
            // Addresses do not change here.
            Line::Listening | Line::Addressing => Err(io::ErrorKind::Unsupported.into()),
        })
    }

    fn receive(&mut self, line: Line, room: &mut [u8]) -> io::Result<Received> {
        unwatched(|| {
            let datagram = match line {
                Line::Asking => self.answers.pop_front(),
                Line::Listening if std::mem::take(&mut self.overrun) => return Ok(Received::Overrun),
                Line::Listening => self.notifications.pop_front(),
                Line::Dumping => self.piece(),
                Line::Addressing => None,
            };
            let Some(datagram) = datagram else { return Ok(Received::Nothing) };
            Ok(match room.get_mut(..datagram.len()) {
                Some(room) => {
                    room.copy_from_slice(&datagram);
                    Received::Datagram(datagram.len())
                }
                None => Received::Truncated(datagram.len()),
            })
        })
    }

    fn reset(&mut self, line: Line) -> io::Result<()> {
        if line == Line::Dumping {
            self.dump = None;
        }
        Ok(())
    }

    fn port(&self, line: Line) -> u32 {
        match line {
            Line::Asking => ASKING,
            Line::Listening => LISTENING,
            Line::Dumping => DUMPING,
            Line::Addressing => ADDRESSING,
        }
    }
}

impl Linux {
    fn begin_dump(&mut self, request: &[u8]) -> io::Result<()> {
        let Some(header) = Header::read(request) else { return Err(io::ErrorKind::InvalidInput.into()) };
        let ipv6 = request.get(HEADER).copied() == Some(libc::AF_INET6 as u8);
        let fib = &self.fib;
        let left: VecDeque<Item> = match header.kind {
            libc::RTM_GETLINK => {
                self.survey_is_true = self.fault != Some(KernelFault::Lose);
                (0..self.interfaces).map(Item::Link).collect()
            }
            say::GETNEXTHOP if !self.has_objects => {
                return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP));
            }
            say::GETNEXTHOP => fib.objects().keys().copied().map(Item::Object).collect(),
            libc::RTM_GETROUTE => {
                let foreign = fib.foreign().filter(|(prefix, _)| is_ipv6(*prefix) == ipv6);
                let foreign = foreign.map(|(prefix, is_static)| Item::Foreign(prefix, is_static));
                let own = fib.learned().map(|route| route.prefix).filter(|prefix| is_ipv6(*prefix) == ipv6);
                foreign.chain(own.map(Item::Route)).collect()
            }
            _ => return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP)),
        };
        let is_last = header.kind == libc::RTM_GETROUTE && ipv6;
        self.dump =
            Some(Dump { sequence: header.sequence, left, changes: self.changes, is_last, left_out: false });
        Ok(())
    }

    /// The next piece of a dump: what has gone meanwhile is left out, what has come is not told.
    fn piece(&mut self) -> Option<Vec<u8>> {
        let mut dump = self.dump.take()?;
        let cause = Cause { port: DUMPING, sequence: dump.sequence };
        let interrupted = dump.changes != self.changes;
        // Of IPv6 routes nothing says so: the walk goes on somewhere else, and some are left out.
        let told = interrupted && !dump.is_last;
        let flags = libc::NLM_F_MULTI | if told { libc::NLM_F_DUMP_INTR } else { 0 };
        if interrupted && dump.is_last {
            dump.left.pop_front();
            (dump.changes, dump.left_out) = (self.changes, true);
        }
        if dump.is_last && !dump.left.is_empty() && std::mem::take(&mut self.disturbed) {
            let last = dump.left.len() as u64 - 1;
            dump.left.remove(self.rng.up_to(last) as usize);
            dump.left_out = true;
            self.remove_foreign();
        }
        let mut bytes = Vec::new();
        for item in dump.left.drain(..dump.left.len().min(PIECE)) {
            match item {
                Item::Link(interface) => bytes.extend(say::link(cause, flags, interface)),
                Item::Object(id) => {
                    let object = self.fib.objects().get(&id);
                    object.into_iter().for_each(|object| bytes.extend(say::object(cause, flags, id, object)));
                }
                Item::Route(prefix) => {
                    let lead = self.fib.learned_at(prefix);
                    lead.into_iter().for_each(|lead| bytes.extend(say::route(cause, flags, prefix, lead)));
                }
                Item::Foreign(prefix, is_static) => {
                    let hops = self.fib.foreign_hops(prefix, is_static);
                    // One without a way there cannot have been made.
                    if !hops.is_empty() {
                        bytes.extend(say::foreign(cause, flags, prefix, is_static, &hops));
                    }
                }
            }
        }
        if !dump.left.is_empty() {
            self.dump = Some(dump);
        } else {
            bytes.extend(say::done(cause, flags));
            if dump.is_last && self.survey_is_true && !interrupted && !dump.left_out {
                self.doubtful = false;
            }
        }
        Some(bytes)
    }
}
