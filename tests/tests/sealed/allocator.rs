//! The allocator itself: what it counts, and for whom. Here, because it must be the one that is installed.

use std::hint::black_box;

use crier_tests::allocation::{only_count, seal, unseal, watched};

fn allocate() {
    drop(black_box(String::from("planted")));
}

#[test]
fn a_sealed_thread_is_caught() {
    only_count();
    seal();
    allocate();
    assert_eq!(unseal(), 2, "an allocation and its release");
    allocate();
    assert_eq!(unseal(), 0);
}

#[test]
fn one_call_is_watched() {
    only_count();
    let (text, count) = watched(|| black_box(String::from("planted")));
    assert_eq!((text.as_str(), count), ("planted", 1));
    drop(text);
    assert_eq!(watched(|| black_box(7)), (7, 0));
    allocate();
    assert_eq!(unseal(), 0, "nothing is left of it");
}

#[test]
fn calls_within_calls_count_for_both() {
    only_count();
    let (inner, outer) = watched(|| {
        allocate();
        let ((), inner) = watched(allocate);
        allocate();
        inner
    });
    assert_eq!((inner, outer), (2, 6));
    seal();
    let ((), count) = watched(allocate);
    allocate();
    assert_eq!((count, unseal()), (2, 4));
}

#[test]
fn a_panic_opens_the_seal() {
    only_count();
    // A box of nothing is not allocated.
    let end = std::panic::catch_unwind(|| watched(|| std::panic::resume_unwind(Box::new(()))));
    assert!(end.is_err());
    allocate();
    assert_eq!(unseal(), 0);
}
