//! Whether everything that a speaker counts agrees with what is there.

extern crate std;

use std::vec::Vec;

use super::super::Speaker;
use super::super::peer_slot::Job;
use crate::Family;
use crate::rib::with_table;

impl Speaker<'_> {
    /// Panics where the tables, the neighbors' counts and the markers contradict each other.
    pub(super) fn check(&self) {
        let rows = self.peers.len() as u16;
        let mut refs = 0;
        for family in Family::ALL {
            let found = with_table!(ref self.rib, family, table => table.check(&self.rib.shared, rows));
            refs += u64::from(found.paths.values().sum::<u32>());
            let mut markers = found.markers;
            for (peer, slot) in (0..rows).zip(self.peers.iter()).skip(1) {
                let session = &slot.families[family.index()];
                assert_eq!(
                    session.accepted,
                    found.paths.get(&peer).copied().unwrap_or(0),
                    "accepted of {peer}"
                );
                assert_eq!(session.advertised, found.told.get(&peer).copied().unwrap_or(0), "told to {peer}");
                assert_eq!(session.marker != 0, slot.session.is_some() && session.active);
                if session.marker != 0 {
                    *markers.get_mut(&session.marker).unwrap() -= 1;
                }
                if slot.job == Job::None {
                    let records = self.records(peer, family);
                    assert_eq!(session.refused as usize, records.len(), "refused of {peer}");
                    assert!(slot.session.is_some() || (session.accepted, session.advertised) == (0, 0));
                }
            }
            assert!(markers.values().all(|&left| left == 0), "markers that nobody stands at: {markers:?}");
        }
        assert_eq!(self.rib.shared.attrs.check(), refs, "holds on attribute sets");
        let records = (0..self.refused_slots()).filter(|&slot| self.refused(slot).is_some()).count();
        assert_eq!(self.rib.refused.used as usize, records);
    }

    fn records(&self, peer: u16, family: Family) -> Vec<u32> {
        let of = |slot: &u32| self.refused(*slot).is_some_and(|r| (r.peer.0, r.family) == (peer, family));
        (0..self.refused_slots()).filter(of).collect()
    }
}
