//! Limits of prefixes: what they were while a session was up, and which sessions they have ended.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crier_core::ConnId;
use crier_core::config::{MaxPrefixAction, MaxPrefixes};

use crate::sim::Micros;

/// The limits that a session has had: a reload does not touch what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The lowest of them.
    pub(crate) least: u32,
    /// The highest; `u32::MAX` if one of them only warned.
    pub(crate) most: u32,
}

impl Bounds {
    fn of(limit: MaxPrefixes) -> Self {
        let most = if limit.action == MaxPrefixAction::Warn { u32::MAX } else { limit.limit };
        Self { least: limit.limit, most }
    }

    fn with(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }
}

/// What is known of limits, by host.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// By host and slot of a connection: its generation, and the limits that it had and has no longer.
    former: BTreeMap<(usize, u16), (u32, Bounds)>,
    /// By host and neighbor: how often a limit has ended their session of late, and when it last did.
    ended: BTreeMap<(usize, IpAddr), (u32, Micros)>,
}

impl Limits {
    /// A connection's neighbor is about to have another limit, perhaps.
    pub(crate) fn replaced(&mut self, host: usize, id: ConnId, limit: MaxPrefixes) {
        let bounds = self.bounds(host, id, limit);
        self.former.insert((host, id.index), (id.generation, bounds));
    }

    /// The limits that a connection has had; `limit` is the present one.
    pub(crate) fn bounds(&self, host: usize, id: ConnId, limit: MaxPrefixes) -> Bounds {
        let former =
            self.former.get(&(host, id.index)).filter(|(generation, _)| *generation == id.generation);
        former.map_or(Bounds::of(limit), |(_, former)| former.with(Bounds::of(limit)))
    }

    /// A limit has ended a session.
    pub(crate) fn ended(&mut self, now: Micros, host: usize, neighbor: IpAddr) {
        let times = self.ended.get(&(host, neighbor)).map_or(0, |(times, _)| *times);
        self.ended.insert((host, neighbor), (times + 1, now));
    }

    /// From now on is of late.
    pub(crate) fn forget_ended(&mut self) {
        self.ended.clear();
    }

    /// Sessions that limits have ended more than once of late, and not long before `now`.
    pub(crate) fn recurring(&self, now: Micros, within: Micros) -> impl Iterator<Item = (usize, IpAddr)> {
        let recurring =
            self.ended.iter().filter(move |(_, (times, last))| *times > 1 && now - *last <= within);
        recurring.map(|(session, _)| *session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_keeps_the_limits_that_it_has_had() {
        let limit = |limit, action| MaxPrefixes { limit, action };
        let (close, warn) = (MaxPrefixAction::Close, MaxPrefixAction::Warn);
        let id = |generation| ConnId { index: 3, generation };
        let mut limits = Limits::default();
        assert_eq!(limits.bounds(0, id(1), limit(5, close)), Bounds { least: 5, most: 5 });
        limits.replaced(0, id(1), limit(9, close));
        limits.replaced(0, id(1), limit(2, close));
        assert_eq!(limits.bounds(0, id(1), limit(5, close)), Bounds { least: 2, most: 9 });
        assert_eq!(limits.bounds(0, id(1), limit(5, warn)), Bounds { least: 2, most: u32::MAX });
        // Another session, on another host.
        assert_eq!(limits.bounds(0, id(2), limit(5, close)), Bounds { least: 5, most: 5 });
        assert_eq!(limits.bounds(1, id(1), limit(5, close)), Bounds { least: 5, most: 5 });
    }

    #[test]
    fn what_ends_once_does_not_recur() {
        let neighbor = IpAddr::from([192, 0, 2, 1]);
        let mut limits = Limits::default();
        let recurring = |limits: &Limits, now| limits.recurring(Micros::secs(now), Micros::secs(90)).count();
        limits.ended(Micros::secs(10), 0, neighbor);
        limits.ended(Micros::secs(10), 1, neighbor);
        assert_eq!(recurring(&limits, 20), 0);
        limits.ended(Micros::secs(50), 0, neighbor);
        assert_eq!([60, 140, 141].map(|now| recurring(&limits, now)), [1, 1, 0]);
        limits.forget_ended();
        assert_eq!(recurring(&limits, 60), 0);
    }
}
