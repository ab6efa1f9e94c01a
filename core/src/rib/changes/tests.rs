//! Random changes with consumers at their own pace: each must end with the latest state of everything.

extern crate std;
use super::*;
use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

const SLOTS: u32 = 40;
const CONSUMERS: u32 = 7;

#[test]
fn every_consumer_sees_the_latest_state() {
    for seed in 1..200 {
        let mut memory = vec![Node::default(); Changes::nodes(SLOTS, CONSUMERS) as usize];
        let mut changes = Changes::new(&mut memory, SLOTS);
        let mut random = Random(seed * 7919);
        let mut version = vec![0u32; SLOTS as usize + 1];
        let mut markers = vec![0; CONSUMERS as usize];
        let mut seen: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); CONSUMERS as usize];
        for step in 1..3_000u32 {
            match random.below(10) {
                0..=4 => {
                    let slot = 1 + random.below(u64::from(SLOTS)) as u32;
                    if version[slot as usize] == 0 {
                        changes.append(slot);
                    } else {
                        changes.touch(slot);
                    }
                    version[slot as usize] = step;
                }
                5..=8 => {
                    let consumer = random.below(u64::from(CONSUMERS)) as usize;
                    if markers[consumer] == 0 {
                        markers[consumer] = changes.join_at_head();
                    }
                    walk(
                        &mut changes,
                        &mut markers[consumer],
                        &mut seen[consumer],
                        &version,
                        random.below(8),
                    );
                }
                _ => {
                    let consumer = random.below(u64::from(CONSUMERS)) as usize;
                    changes.leave(core::mem::take(&mut markers[consumer]));
                    seen[consumer].clear();
                }
            }
        }
        for consumer in 0..CONSUMERS as usize {
            if markers[consumer] == 0 {
                markers[consumer] = changes.join_at_head();
            }
            walk(&mut changes, &mut markers[consumer], &mut seen[consumer], &version, u64::MAX);
            assert!(changes.at_tail(markers[consumer]));
            for slot in 1..=SLOTS {
                let latest = version[slot as usize];
                assert_eq!(seen[consumer].get(&slot).copied().unwrap_or(0), latest, "seed {seed}");
            }
        }
        assert!(markers.iter().all(|&marker| marker == markers[0]), "all share the marker at the tail");
    }
}

fn walk(
    changes: &mut Changes<'_>,
    marker: &mut Marker,
    seen: &mut BTreeMap<u32, u32>,
    version: &[u32],
    steps: u64,
) {
    let mut slot = changes.next_changed(*marker);
    for _ in 0..steps {
        if slot == 0 {
            break;
        }
        seen.insert(slot, version[slot as usize]);
        slot = changes.next_changed(slot);
    }
    changes.advance(marker, slot);
}

#[test]
fn markers_are_given_back() {
    let mut memory = vec![Node::default(); Changes::nodes(4, 3) as usize];
    let mut changes = Changes::new(&mut memory, 4);
    for slot in 1..=4 {
        changes.append(slot);
    }
    for _ in 0..100 {
        let mut markers = [changes.join_at_head(), changes.join_at_head(), changes.join_at_head()];
        assert_eq!(changes.oldest_marker(), markers[0]);
        changes.advance(&mut markers[0], 2);
        changes.advance(&mut markers[1], 3);
        assert_eq!(changes.next_changed(markers[2]), 1);
        for marker in markers {
            changes.leave(marker);
        }
        assert_eq!(changes.oldest_marker(), 0);
    }
}
