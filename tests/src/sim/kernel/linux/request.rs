//! Requests in bytes: what they ask for, and what comes of that.

use crier_io_mio::netlink::decode::{Message, NextHop, NextHopKind, Route, RouteKind, messages};
use crier_io_mio::netlink::{Family, Hop, RouteKey};

use super::wire::ASKING;
use super::{Cause, Linux, interface_of, say};
use crate::sim::Micros;
use crate::sim::kernel::{Lead, Object, fib};
use crate::sim::plan::KernelFault;

/// Bytes of a message's header.
pub(super) const HEADER: usize = 16;
/// What tells the daemon's routes from others: table, protocol, metric. There is room for no other daemon's.
pub(super) const TABLE: u32 = 254;
pub(super) const PROTOCOL: u8 = 186;
pub(super) const METRIC: u32 = 20;

/// A message's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) length: usize,
    pub(super) kind: u16,
    pub(super) flags: i32,
    pub(super) sequence: u32,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, d, kind @ .., e, f, g, h, _, _, _, _] = bytes.first_chunk::<HEADER>()?;
        let [kind_low, kind_high, flags_low, flags_high] = kind;
        Some(Self {
            length: usize::try_from(u32::from_ne_bytes([*a, *b, *c, *d])).ok()?,
            kind: u16::from_ne_bytes([*kind_low, *kind_high]),
            flags: u16::from_ne_bytes([*flags_low, *flags_high]).into(),
            sequence: u32::from_ne_bytes([*e, *f, *g, *h]),
        })
    }
}

impl Linux {
    /// Takes requests: each is done at once, unless this takes its time.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        while let Some(Header { length, .. }) = Header::read(bytes) {
            let Some(message) = bytes.get(..length) else { return };
            let takes = match self.fault {
                Some(KernelFault::Delay(takes)) => takes,
                _ => Micros::ZERO,
            };
            if takes == Micros::ZERO && self.asked.is_empty() {
                self.request(message);
            } else {
                self.asked.push_back((self.now + takes, message.to_vec()));
            }
            bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }

    /// Does what a request asks for, or not, and answers.
    pub(super) fn request(&mut self, bytes: &[u8]) {
        let Some(header) = Header::read(bytes) else { return };
        let losing = self.fault == Some(KernelFault::Lose);
        self.acknowledged += u64::from(losing);
        let result = if self.fault == Some(KernelFault::Refuse) {
            Err(libc::ENOMEM)
        } else if losing && self.acknowledged.is_multiple_of(2) && self.is_recognised(header.kind) {
            self.doubtful = true;
            Ok(())
        } else {
            let cause = Cause { port: ASKING, sequence: header.sequence };
            let message = messages(bytes).next();
            message.map_or(Err(libc::EINVAL), |(_, message)| self.apply(&message, header.flags, cause))
        };
        self.answers.push_back(say::answer(header.sequence, ASKING, result));
    }

    /// Whether the daemon can find out that a request of this kind was not done. Without objects nothing tells its routes from
    /// others' with the same marks but that it remembers them: one that it takes for gone it will not touch.
    fn is_recognised(&self, kind: u16) -> bool {
        self.has_objects || kind != libc::RTM_DELROUTE
    }

    fn apply(&mut self, message: &Message<'_>, flags: i32, cause: Cause) -> Result<(), i32> {
        match message {
            Message::Route(route) => self.route(route, flags, cause),
            Message::RouteGone(route) if is_ours(&route.key) => self.delete_route(route.key.prefix, cause),
            Message::RouteGone(_) => Err(libc::ESRCH),
            Message::NextHop(_) | Message::NextHopGone { .. } if !self.has_objects => Err(libc::EOPNOTSUPP),
            Message::NextHop(object) => self.object(object, flags, cause),
            Message::NextHopGone { id } => self.delete_object(*id, cause),
            _ => Err(libc::EOPNOTSUPP),
        }
    }

    fn route(&mut self, route: &Route<'_>, flags: i32, cause: Cause) -> Result<(), i32> {
        if !is_ours(&route.key) {
            return Err(libc::EOPNOTSUPP);
        }
        let prefix = route.key.prefix;
        if self.fib.learned_at(prefix).is_some() && flags & libc::NLM_F_EXCL != 0 {
            return Err(libc::EEXIST);
        }
        let lead = match route.object {
            Some(id) => Lead::Object(id),
            None if route.kind == RouteKind::Blackhole => Lead::Hops(vec![fib::NextHop::nowhere(prefix)]),
            None => Lead::Hops(route.hops().map(|hop| self.next_hop(hop.hop)).collect::<Result<_, _>>()?),
        };
        self.set_route(prefix, lead, cause)
    }

    fn object(&mut self, object: &NextHop<'_>, flags: i32, cause: Cause) -> Result<(), i32> {
        if self.fib.objects().contains_key(&object.id) && flags & libc::NLM_F_EXCL != 0 {
            return Err(libc::EEXIST);
        }
        let made = match &object.kind {
            NextHopKind::Hop(hop) => Object::Hop(self.next_hop(hop.hop)?),
            NextHopKind::Group(members) => Object::Group(members.clone().map(|member| member.id).collect()),
            NextHopKind::Blackhole(Family::V4) => Object::Hop(fib::NextHop::NOWHERE_V4),
            NextHopKind::Blackhole(Family::V6) => Object::Hop(fib::NextHop::NOWHERE_V6),
            NextHopKind::Other => return Err(libc::EOPNOTSUPP),
        };
        self.set_object(object.id, made, cause)
    }

    /// A next hop, if its interface works and it is on the link there.
    fn next_hop(&self, hop: Hop) -> Result<fib::NextHop, i32> {
        let interface = interface_of(hop.interface).filter(|interface| *interface < self.interfaces);
        let interface = interface.ok_or(libc::ENODEV)?;
        let gateway = hop.gateway.ok_or(libc::EINVAL)?;
        if !self.fib.is_on_link(gateway, interface) {
            return Err(libc::ENETUNREACH);
        }
        if self.fib.is_own(gateway) {
            return Err(libc::EINVAL);
        }
        Ok(fib::NextHop { interface, gateway })
    }
}

fn is_ours(key: &RouteKey) -> bool {
    (key.table, key.protocol, key.metric) == (TABLE, PROTOCOL, METRIC)
}
