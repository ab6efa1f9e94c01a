extern crate std;

use std::vec;
use std::vec::Vec;

use super::*;
use crate::rib::index;

fn with_table(run: impl FnOnce(&mut NextHops<'_>)) {
    let mut entries = vec![NextHop::default(); 4];
    let mut cells = vec![0; index::cells(4) as usize];
    let mut table = NextHops::new(&mut entries, &mut cells, Hasher::new(1));
    run(&mut table);
    table.check().unwrap();
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn each_is_stored_once_and_goes_with_its_last_holder() {
    with_table(|table| {
        let one = table.acquire(ip("192.0.2.1")).unwrap();
        assert_eq!(table.acquire(ip("192.0.2.1")), Some(one));
        let other = table.acquire(ip("2001:db8::1")).unwrap();
        assert_eq!(table.acquire(ip("192.0.2.3")).map(|id| id != one && id != other), Some(true));
        assert_eq!(table.acquire(ip("192.0.2.4")), None, "there is room for three");
        table.release(one);
        assert_eq!(table.acquire(ip("192.0.2.4")), None);
        table.release(one);
        assert_eq!(table.acquire(ip("192.0.2.4")), Some(one));
        table.check().unwrap();
    });
}

#[test]
fn without_a_driver_everything_can_be_reached() {
    with_table(|table| {
        let one = table.acquire(ip("192.0.2.1")).unwrap();
        assert!(!table.resolve(ip("192.0.2.1"), None), "nobody asked");
        assert_eq!((table.cost(one), table.cost(0), table.next_new()), (Some(0), Some(0), None));
    });
}

#[test]
fn a_driver_is_told_each_and_says_what_it_knows() {
    with_table(|table| {
        let one = table.acquire(ip("192.0.2.1")).unwrap();
        table.follow(true);
        assert_eq!(table.cost(one), Some(0), "what is in use stays until something is known of it");
        let other = table.acquire(ip("2001:db8::1")).unwrap();
        assert_eq!(table.cost(other), None);
        let told: Vec<_> = core::iter::from_fn(|| table.next_new()).collect();
        assert_eq!((told, table.has_new()), (vec![ip("192.0.2.1"), ip("2001:db8::1")], false));
        assert!(table.resolve(ip("192.0.2.1"), None) && table.resolve(ip("2001:db8::1"), Some(20)));
        assert_eq!((table.cost(one), table.cost(other)), (None, Some(20)));
        assert!(table.has_turned(one) && table.has_turned(other) && !table.is_settled());
        table.settle();
        assert!(table.is_settled() && !table.has_changed(one));
        assert!(!table.resolve(ip("2001:db8::1"), Some(20)), "nothing new");
        assert!(!table.resolve(ip("192.0.2.9"), Some(20)), "nobody uses it");
        assert!(table.resolve(ip("2001:db8::1"), Some(30)));
        assert!(table.has_changed(other) && !table.has_turned(other));
        // There and back before anybody looked: it is as it was.
        assert!(table.resolve(ip("2001:db8::1"), None) && table.resolve(ip("2001:db8::1"), Some(u32::MAX)));
        assert_eq!((table.cost(other), table.has_turned(other)), (Some(u32::MAX - 1), false));
        table.follow(false);
        assert_eq!((table.cost(one), table.has_turned(one)), (Some(0), true));
    });
}
