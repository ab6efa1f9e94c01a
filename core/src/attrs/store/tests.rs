//! The store against a plain map, with an arena that is always nearly full.

extern crate std;
use super::*;
use crate::rib::index::cells;
use crate::rib::next_hops::NextHop;
use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

fn with_store(sets: u32, bytes: u32, test: impl FnOnce(&mut AttrStore<'_>)) {
    let local = 200;
    let mut headers = vec![Header::default(); sets as usize + 11];
    let mut index = vec![0; cells(sets + 10) as usize];
    let mut hops = vec![NextHop::default(); sets as usize + 11];
    let mut hop_index = vec![0; cells(sets + 10) as usize];
    let mut arena = vec![0; AttrStore::arena_bytes(bytes, local)];
    let capacity = Capacity { sets, bytes };
    let hops = NextHops::new(&mut hops, &mut hop_index, Hasher::new(9));
    test(&mut AttrStore::new(&mut headers, &mut index, hops, &mut arena, capacity, Hasher::new(9)));
}

#[test]
fn random_sets_survive_sliding() {
    with_store(60, 3_000, |store| {
        let mut model: BTreeMap<SetId, (Vec<u8>, u32)> = BTreeMap::new();
        let mut state = 99u64;
        let mut random = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        };
        let mut full = 0;
        for step in 0..100_000u32 {
            if random(2) == 0 {
                let bytes = vec![random(7) as u8; random(120) as usize];
                let key = Key { med: random(3) as u32, ..Key::default() };
                match store.intern(&key, &bytes, Owner::Learned) {
                    Ok(id) => {
                        let entry = model.entry(id).or_insert((bytes.clone(), 0));
                        assert_eq!(entry.0, bytes);
                        entry.1 += 1;
                    }
                    Err(Full) => {
                        full += 1;
                        let used: usize = model.values().map(|(b, _)| b.len() + BLOCK_HEADER).sum();
                        assert!(
                            model.len() == 60 || used + bytes.len() + BLOCK_HEADER > 3_000,
                            "full too early"
                        );
                    }
                }
            } else if !model.is_empty() {
                let nth = random(model.len() as u64) as usize;
                let id = *model.keys().nth(nth).unwrap();
                store.release(id);
                let entry = model.get_mut(&id).unwrap();
                entry.1 -= 1;
                if entry.1 == 0 {
                    model.remove(&id);
                }
            }
            if step % 3 == 0 {
                store.slide(2);
            }
            assert_eq!(store.sets as usize, model.len());
            if step % 64 == 0 {
                for (&id, (bytes, _)) in &model {
                    assert_eq!(store.view(id).bytes, bytes);
                }
            }
        }
        assert!(full > 100, "the table was never full");
        assert_eq!(store.check().unwrap(), model.values().map(|(_, refs)| u64::from(*refs)).sum::<u64>());
    });
}

#[test]
fn equal_sets_are_stored_once() {
    with_store(10, 1_000, |store| {
        let key = Key { local_pref: 5, ..Key::default() };
        let one = store.intern(&key, b"abc", Owner::Learned).unwrap();
        assert_eq!(store.intern(&key, b"abc", Owner::Learned), Ok(one));
        assert_ne!(store.intern(&Key::default(), b"abc", Owner::Learned), Ok(one));
        assert_eq!(store.sets, 2);
        store.release(one);
        assert_eq!(store.key(one).local_pref, 5);
        store.release(one);
        assert_eq!(store.sets, 1);
    });
}

#[test]
fn local_sets_have_room_when_learned_ones_have_none() {
    with_store(2, 1_000, |store| {
        for byte in 0..2 {
            store.intern(&Key::default(), &[byte], Owner::Learned).unwrap();
        }
        assert_eq!(store.intern(&Key::default(), &[2], Owner::Learned), Err(Full));
        let local = store.intern(&Key::default(), &[2], Owner::Local).unwrap();
        assert_eq!(store.intern(&Key::default(), &[2], Owner::Learned), Err(Full));
        store.release(local);
    });
}

/// Local sets that take more than their bytes keep learned ones out of room that is promised to these: that is counted.
#[test]
fn what_the_arena_has_no_room_for_is_counted_as_refused() {
    with_store(9, 400, |store| {
        store.intern(&Key::default(), &[1; 500], Owner::Local).unwrap();
        assert_eq!(store.intern(&Key::default(), &[2; 300], Owner::Learned), Err(Full));
        assert_eq!((store.refused_bytes, store.refused_sets, store.bytes), (1, 0, 0));
    });
}
