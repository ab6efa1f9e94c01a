use super::*;
use crate::netlink::decode::{Message, messages};
use crate::netlink::encode::{self, Existing, Object};

const BASE: u32 = 1000;
const HOPS: u16 = 8;
/// Of the first group.
const GROUP: u32 = BASE + HOPS as u32;

fn hop(last: u8) -> Hop {
    Hop { gateway: Some([192, 0, 2, last].into()), interface: 1, onlink: false }
}

fn sets() -> Sets {
    Sets::new(HOPS, 6, Some(BASE..BASE + 14))
}

/// What is said, in words: `1000=192.0.2.1`, `1008=[1000, 1001]`, `-1000`.
fn words(list: &mut Vec<String>) -> impl FnMut(ObjectRequest<'_>) {
    |request| {
        list.push(match request {
            ObjectRequest::Hop(id, hop) => format!("{id}={}", hop.gateway.unwrap()),
            ObjectRequest::Group(id, members) => format!("{id}={members:?}"),
            ObjectRequest::Gone(id) => format!("-{id}"),
        });
    }
}

fn prepare(sets: &mut Sets, set: SetId) -> Vec<String> {
    let mut list = Vec::new();
    sets.prepare(set, words(&mut list));
    list
}

fn drop_hop(sets: &mut Sets, hop: Hop) -> Vec<String> {
    let mut list = Vec::new();
    let mut say = words(&mut list);
    sets.drop_hops(&[hop], |_, request| say(request));
    drop(say);
    list
}

fn clear_away(sets: &mut Sets, most: usize) -> (bool, Vec<String>) {
    let mut list = Vec::new();
    let more = sets.clear_away(most, words(&mut list));
    (more, list)
}

/// The kernel's dump has this object.
fn seen(sets: &mut Sets, id: u32, object: Object<'_>, adopt: bool) -> Vec<String> {
    let mut room = [0; 200];
    let length = encode::set_next_hop(&mut room, 1, Existing::Replace, id, 186, object).unwrap();
    let (_, Message::NextHop(object)) = messages(&room[..length]).next().unwrap() else {
        panic!("no object")
    };
    let mut list = Vec::new();
    sets.seen(&object, adopt, words(&mut list));
    list
}

fn gateways(sets: &Sets, set: SetId) -> Vec<String> {
    sets.hops(set).map(|hop| hop.gateway.unwrap().to_string()).collect()
}

#[test]
fn the_same_next_hops_are_the_same_set() {
    let mut sets = sets();
    let one = sets.intern(&[hop(1), hop(2), hop(3)]).unwrap();
    assert_eq!(sets.intern(&[hop(3), hop(1), hop(2), hop(1)]), Some(one));
    let two = sets.intern(&[hop(1), hop(2)]).unwrap();
    assert!(one != two && !sets.same(one, two));
    assert_eq!(gateways(&sets, two), ["192.0.2.1", "192.0.2.2"]);
    // Each is said once, and a group after its members.
    assert_eq!(prepare(&mut sets, two), ["1000=192.0.2.1", "1001=192.0.2.2", "1009=[1000, 1001]"]);
    assert_eq!(prepare(&mut sets, one), ["1002=192.0.2.3", "1008=[1000, 1001, 1002]"]);
    assert!(prepare(&mut sets, one).is_empty());
    let single = sets.intern(&[hop(3)]).unwrap();
    assert!(prepare(&mut sets, single).is_empty());
    assert_eq!([one, two, single].map(|set| sets.object(set)), [Some(1008), Some(1009), Some(1002)]);
}

#[test]
fn a_dead_next_hop_leaves_its_groups_but_no_group_becomes_empty() {
    let mut sets = sets();
    let three = sets.intern(&[hop(1), hop(2), hop(3)]).unwrap();
    let two = sets.intern(&[hop(1), hop(2)]).unwrap();
    let other = sets.intern(&[hop(2), hop(3)]).unwrap();
    let single = sets.intern(&[hop(1)]).unwrap();
    let unsaid = sets.intern(&[hop(1), hop(4)]).unwrap();
    for set in [three, two, other, single] {
        prepare(&mut sets, set);
    }
    assert_eq!(drop_hop(&mut sets, hop(1)), ["1008=[1001, 1002]", "1009=[1001]"]);
    assert_eq!(gateways(&sets, single), ["192.0.2.1"]);
    // The kernel has not heard of this one, or has lost it: it is made as it is to be by then.
    assert_eq!(gateways(&sets, unsaid), ["192.0.2.4"]);
    // What has become the same is the same, and a group of one stays a group: its routes name it.
    assert!(sets.same(three, other));
    assert_eq!(sets.object(two), Some(1009));
    assert_eq!(drop_hop(&mut sets, hop(2)), ["1008=[1002]", "1010=[1002]"]);
    assert!(drop_hop(&mut sets, hop(2)).is_empty());
    assert_eq!(gateways(&sets, two), ["192.0.2.2"]);
    assert!(drop_hop(&mut sets, hop(9)).is_empty());
    // It comes back as a set of its own, for the former one is what is left of it.
    let again = sets.intern(&[hop(1), hop(2), hop(3)]).unwrap();
    assert!(again != three);
    assert_eq!(prepare(&mut sets, again), [format!("{}=[1000, 1001, 1002]", GROUP + again - 1)]);
}

#[test]
fn what_nobody_holds_is_cleared_away_groups_first() {
    let mut sets = sets();
    let set = sets.intern(&[hop(1), hop(2)]).unwrap();
    let kept = sets.intern(&[hop(2)]).unwrap();
    let unsaid = sets.intern(&[hop(3), hop(4)]).unwrap();
    for set in [set, kept] {
        prepare(&mut sets, set);
    }
    assert_eq!(clear_away(&mut sets, 9), (false, vec![]));
    sets.release(set);
    sets.release(unsaid);
    assert_eq!(clear_away(&mut sets, 1), (true, vec!["-1008".to_owned()]));
    assert_eq!(clear_away(&mut sets, 1), (false, vec!["-1000".to_owned()]));
    // Places are used again, and objects made anew.
    let new = sets.intern(&[hop(7), hop(2)]).unwrap();
    assert_eq!(prepare(&mut sets, new), ["1000=192.0.2.7", &format!("{}=[1000, 1001]", GROUP + new - 1)]);
    // A hold that was given back in between saves it.
    sets.release(new);
    sets.acquire(new);
    assert_eq!(clear_away(&mut sets, 9), (false, vec![]));
}

#[test]
fn tables_that_are_full_refuse() {
    let mut sets = Sets::new(3, 2, None);
    assert!(sets.intern(&[hop(1), hop(2)]).is_some() && sets.intern(&[hop(3)]).is_some());
    assert_eq!(sets.intern(&[hop(4)]), None);
    assert_eq!(sets.intern(&[hop(1)]), None);
    assert!(sets.intern(&[hop(2), hop(1)]).is_some());
    assert_eq!(sets.object(1), None);
    assert!(prepare(&mut sets, 1).is_empty());
    // Too few numbers for them are as good as none.
    let mut few = Sets::new(3, 2, Some(10..14));
    let set = few.intern(&[hop(1)]).unwrap();
    assert_eq!(few.object(set), None);
}

#[test]
fn what_an_earlier_process_left_is_known_by_its_numbers() {
    let mut sets = sets();
    assert!(seen(&mut sets, 1001, Object::Hop(hop(1)), true).is_empty());
    assert!(seen(&mut sets, 1004, Object::Hop(hop(2)), true).is_empty());
    // The groups before it had gone when that process ended.
    assert!(seen(&mut sets, 1011, Object::Group(&[1001, 1004]), true).is_empty());
    let set = sets.set_of_object(1011).unwrap();
    assert_eq!(gateways(&sets, set), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(sets.intern(&[hop(2), hop(1)]), Some(set));
    assert!(prepare(&mut sets, set).is_empty());
    let single = sets.set_of_object(1004).unwrap();
    assert_eq!((gateways(&sets, single), sets.object(single)), (vec!["192.0.2.2".to_owned()], Some(1004)));
    // New ones fill the gaps, and never meet what is there.
    for last in 5..=7 {
        let new = sets.intern(&[hop(1), hop(last)]).unwrap();
        assert!(new != set && gateways(&sets, new).len() == 2);
        assert!(prepare(&mut sets, new).iter().all(|said| !said.starts_with("1011=")));
    }
    assert_eq!(sets.set_of_object(1013), None);
    assert_eq!(sets.set_of_object(999), None);
    // Later on, what nobody knows goes.
    assert_eq!(seen(&mut sets, 1007, Object::Hop(hop(9)), false), ["-1007"]);
    assert_eq!(seen(&mut sets, 1013, Object::Group(&[1001]), false), ["-1013"]);
}

#[test]
fn what_is_not_as_it_was_is_made_anew() {
    let mut sets = sets();
    let set = sets.intern(&[hop(1), hop(2)]).unwrap();
    prepare(&mut sets, set);
    assert!(sets.lost(1000) && !sets.lost(999));
    assert_eq!(prepare(&mut sets, set), ["1000=192.0.2.1", "1008=[1000, 1001]"]);
    // A dump has one member less in the group, and only one of its members.
    sets.doubt_all();
    assert!(seen(&mut sets, 1001, Object::Hop(hop(2)), false).is_empty());
    assert!(seen(&mut sets, 1008, Object::Group(&[1001]), false).is_empty());
    let mut list = Vec::new();
    sets.repair(|of, request| {
        assert_eq!(of, set);
        words(&mut list)(request);
    });
    assert_eq!(list, ["1000=192.0.2.1", "1008=[1000, 1001]"]);
    sets.doubt(set);
    assert_eq!(prepare(&mut sets, set).len(), 3);
    sets.without_objects();
    assert_eq!((sets.object(set), prepare(&mut sets, set).len()), (None, 0));
}

#[test]
fn a_next_hop_that_has_left_its_last_set_goes() {
    let mut sets = sets();
    let set = sets.intern(&[hop(1), hop(2)]).unwrap();
    prepare(&mut sets, set);
    assert_eq!(drop_hop(&mut sets, hop(1)), [format!("{GROUP}=[1001]")]);
    assert_eq!(clear_away(&mut sets, 9), (false, vec!["-1000".to_owned()]));
    assert_eq!(clear_away(&mut sets, 9), (false, vec![]));
}

#[test]
fn a_group_that_has_shrunk_is_nobody_elses() {
    let mut sets = sets();
    let group = sets.intern(&[hop(1), hop(2)]).unwrap();
    prepare(&mut sets, group);
    drop_hop(&mut sets, hop(1));
    // A route to the object alone does not hold the group.
    let single = sets.set_of_object(BASE + 1).unwrap();
    assert!(single != group && sets.same(single, group));
    assert_eq!((sets.object(single), sets.object(group)), (Some(BASE + 1), Some(GROUP)));
}

#[test]
fn a_group_whose_place_is_that_of_a_single_next_hop_goes() {
    let mut sets = sets();
    let group = sets.intern(&[hop(1), hop(2)]).unwrap();
    prepare(&mut sets, group);
    sets.release(group);
    // It is removed, which the kernel refuses; its place is taken.
    clear_away(&mut sets, 9);
    assert_eq!(sets.intern(&[hop(2)]), Some(group));
    sets.doubt_all();
    assert_eq!(seen(&mut sets, GROUP, Object::Group(&[BASE]), false), [format!("-{GROUP}")]);
}
