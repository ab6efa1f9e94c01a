//! What the bridge shows of itself to people.

use crier_core::Family;

use super::Settings;
use super::bridge::Bridge;
use super::cells::Stage;
use super::former::UNKNOWN;
use super::nowhere::is_nowhere;
use crate::netlink::Hop;

/// How it stands with the route of a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteView {
    /// The kernel has it, as far as known, perhaps not as it is wanted by now.
    pub installed: bool,
    /// It drops packets: the kernel has no next hops for it.
    pub blackhole: bool,
    /// The next-hop object or group that it names.
    pub object: Option<u32>,
    /// What it waits for.
    pub pending: Pending,
}

/// What a route waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pending {
    /// Nothing: the kernel has been told everything.
    #[default]
    Nothing,
    /// The kernel's answer.
    Answer,
    /// The next attempt, for the kernel refused with this error number.
    Retry(i32),
    /// That another route goes: there are `max_routes`.
    Room,
    /// That a route of the host's own for the same prefix goes, which is used instead.
    Taken,
}

impl Bridge {
    /// What it is to do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the kernel's tables were read once. Until then nothing is known and nothing asked.
    pub fn has_looked(&self) -> bool {
        self.survey.has_ended_once()
    }

    /// How it stands with the route of a destination.
    pub fn route(&self, family: Family, slot: u32) -> RouteView {
        let cell = self.cells.get(family, slot);
        RouteView {
            installed: cell.set != 0,
            blackhole: self.sets.hops(cell.set).any(|hop| is_nowhere(&hop)),
            object: if cell.set == 0 { None } else { self.sets.object(cell.set) },
            pending: match cell.stage {
                Stage::Idle => Pending::Nothing,
                Stage::InFlight | Stage::Going => Pending::Answer,
                Stage::Refused | Stage::Unsure => Pending::Retry(cell.errno.into()),
                Stage::NoRoom => Pending::Room,
                Stage::Taken => Pending::Taken,
            },
        }
    }

    /// Where the kernel's route for a destination leads, as far as known.
    pub fn route_hops(&self, family: Family, slot: u32) -> impl Iterator<Item = Hop> {
        self.sets.hops(self.cells.get(family, slot).set).filter(|hop| !is_nowhere(hop) && *hop != UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::super::nowhere::nowhere;
    use super::*;
    use crier_core::Limits;

    const V6: Family = Family::Ipv6Unicast;

    #[test]
    fn a_route_is_shown_with_its_object_its_hops_and_what_it_waits_for() {
        let limits = Limits { peers: 1, connections: 1, prefixes: 10, ..Limits::default() };
        let mut bridge = Bridge::new(Settings { max_routes: 4, ..Settings::default() }, &limits);
        assert!(!bridge.has_looked());
        assert_eq!(bridge.route(V6, 3), RouteView::default());
        let hop = Hop { gateway: None, interface: 7, onlink: false };
        let set = bridge.sets.intern(&[hop]).unwrap();
        for (stage, pending) in [
            (Stage::Idle, Pending::Nothing),
            (Stage::InFlight, Pending::Answer),
            (Stage::Refused, Pending::Retry(17)),
            (Stage::NoRoom, Pending::Room),
            (Stage::Taken, Pending::Taken),
        ] {
            let cell = bridge.cells.get_mut(V6, 3).unwrap();
            (cell.set, cell.stage, cell.errno) = (set, stage, 17);
            let object = Some(2_000_000_000);
            assert_eq!(bridge.route(V6, 3), RouteView { installed: true, blackhole: false, object, pending });
        }
        assert_eq!(bridge.route_hops(V6, 3).collect::<Vec<_>>(), [hop]);
        assert_eq!(bridge.route_hops(Family::Ipv4Unicast, 3).count(), 0);
        // One that drops has no next hops.
        let drops = bridge.sets.intern(&[nowhere(V6)]).unwrap();
        bridge.cells.get_mut(V6, 3).unwrap().set = drops;
        let shown = bridge.route(V6, 3);
        assert_eq!((shown.blackhole, shown.object), (true, Some(2_000_000_001)));
        assert_eq!(bridge.route_hops(V6, 3).count(), 0);
        bridge.sets.without_objects();
        assert_eq!(bridge.route(V6, 3).object, None);
    }
}
