extern crate std;

use std::vec::Vec;

use super::*;

/// Next hop 192.0.2.1, AS_PATH 1 2, communities 2 1 (Partial), ORIGINATOR_ID 9.9.9.9.
const BYTES: &[u8] = &[
    192, 0, 2, 1, 0x40, 2, 10, 2, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0xE0, 8, 8, 0, 0, 0, 2, 0, 0, 0, 1, 0x80, 9, 4,
    9, 9, 9, 9,
];

fn key() -> Key {
    Key { next_hop_len: 4, path_len: 2, neighbor_as: 1, originator_id: 0x0909_0909, ..Key::default() }
}

fn edited(change: impl FnOnce(&mut Edit<'_>)) -> (Key, Vec<u8>) {
    let key = key();
    let mut edit = Edit::new(AttrsView { key: &key, bytes: BYTES });
    change(&mut edit);
    let mut out = [0xEE; 128];
    let Written { key, len, .. } = edit.write(&mut out).unwrap();
    (key, out[..len].to_vec())
}

#[test]
fn an_edit_of_nothing_copies() {
    assert_eq!(edited(|_| {}), (key(), BYTES.to_vec()));
}

#[test]
fn a_community_is_added_in_order_and_shows_in_the_key() {
    let (key, bytes) = edited(|edit| edit.communities(ListOp::Add(&[[0xFF, 0xFF, 0, 0]])).unwrap());
    assert_eq!(key.communities, Key::GRACEFUL_SHUTDOWN);
    assert_eq!(bytes[..17], BYTES[..17]);
    // The Partial bit stays.
    assert_eq!(bytes[17..32], [0xE0, 8, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0xFF, 0xFF, 0, 0]);
    assert_eq!(bytes[32..], BYTES[28..]);
}

#[test]
fn replaced_attributes_keep_their_place_and_the_key() {
    let (key, bytes) = edited(|edit| {
        edit.replace(code::ORIGINATOR_ID, flag::OPTIONAL, None).unwrap();
        edit.replace(code::CLUSTER_LIST, flag::OPTIONAL, Some(&[1, 2, 3, 4, 5, 6, 7, 8])).unwrap();
        edit.replace(code::ATOMIC_AGGREGATE, flag::TRANSITIVE, Some(&[])).unwrap();
    });
    assert_eq!((key.originator_id, key.cluster_len), (0, 2));
    let codes: Vec<u8> = tlv::iter(&bytes[4..]).map(|tlv| tlv.code).collect();
    assert_eq!(codes, [2, 6, 8, 10]);
    assert_eq!(tlv::find(&bytes[4..], code::CLUSTER_LIST), Some(&[1, 2, 3, 4, 5, 6, 7, 8][..]));
    let (key, bytes) =
        edited(|edit| edit.replace(code::ORIGINATOR_ID, flag::OPTIONAL, Some(&[1, 1, 1, 1])).unwrap());
    assert_eq!((key.originator_id, &bytes[28..]), (0x0101_0101, &[0x80, 9, 4, 1, 1, 1, 1][..]));
}

#[test]
fn a_next_hop_of_an_impossible_length_is_none() {
    let (key, bytes) = edited(|edit| edit.set_next_hop(&[1, 2, 3]));
    assert_eq!((key.next_hop_len, &bytes[..]), (0, &BYTES[4..]));
}

#[test]
fn a_next_hop_that_is_set_is_told_from_one_that_is_kept() {
    let key = key();
    for (next_hop, set) in [(None, false), (Some(&BYTES[..4]), true), (Some(&[][..]), true)] {
        let mut edit = Edit::new(AttrsView { key: &key, bytes: BYTES });
        if let Some(next_hop) = next_hop {
            edit.set_next_hop(next_hop);
        }
        assert_eq!(edit.write(&mut [0; 128]).unwrap().next_hop_set, set);
    }
}

#[test]
fn more_steps_than_there_is_room_for_are_refused() {
    edited(|edit| {
        for _ in 0..MAX_LIST_OPS {
            assert!(edit.communities(ListOp::Add(&[])).is_ok());
        }
        assert_eq!(edit.communities(ListOp::Add(&[])), Err(NoRoom));
    });
}

#[test]
fn a_local_route_has_an_empty_path_and_sorted_communities() {
    let route = LocalRoute {
        prefix: "10.0.0.0/8".parse().unwrap(),
        next_hop: None,
        med: Some(5),
        local_pref: None,
        communities: &[0xFFFF_FF01, 1, 0xFFFF_FF01],
        large_communities: &[[2, 0, 0], [1, 0, 0]],
    };
    let mut out = [0xEE; 128];
    let (key, len) = build_local(&route, &mut out).unwrap();
    let large = [0xC0, 32, 24, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
    let expected = [&[0x40, 2, 0, 0xC0, 8, 8, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 1][..], &large].concat();
    assert_eq!(out[..len], expected);
    let wanted = Key { med: 5, flags: Key::HAS_MED, communities: Key::NO_EXPORT, ..Key::default() };
    assert_eq!(key, wanted);
    for room in 0..len {
        assert_eq!(build_local(&route, &mut out[..room]), Err(NoRoom));
    }
}

#[test]
fn a_local_route_with_a_next_hop_and_nothing_else() {
    let bare = LocalRoute {
        prefix: "::/0".parse().unwrap(),
        next_hop: Some("2001:db8::1".parse().unwrap()),
        med: None,
        local_pref: Some(7),
        communities: &[],
        large_communities: &[],
    };
    let mut out = [0; 64];
    let (key, len) = build_local(&bare, &mut out).unwrap();
    assert_eq!((key.next_hop_len, key.preference(), len), (16, 7, 19));
    assert_eq!(out[14..19], [0, 1, 0x40, 2, 0]);
}
