//! Attributes that crier does not know, with every flag, and attributes that come in great numbers or sizes (RFC 4271, 5, 6.3
//! and 9).

use crate::bytes::{TRANSITIVE, attribute, update};
use crate::lab::{Kind, established};
use crate::rows::Rows;
use crate::verdict::Verdict::{Stands, Withdrawn};
use crate::verdict::{NLRI, basic, reset};

/// All sixteen settings of the flags that have a name and of the four that have none.
#[test]
fn every_flag() {
    let mut rows = Rows::default();
    for flags in 0..=255u8 {
        for code in [0, 11, 20, 23, 28, 35, 40, 128, 255] {
            let bytes = match flags & 0x10 {
                0 => vec![flags, code, 2, 0xAB, 0xCD],
                _ => vec![flags, code, 0, 2, 0xAB, 0xCD],
            };
            let (found, kept) = established(Kind::External, |lab| {
                lab.prepare(Kind::External);
                let list = [&basic(Kind::External, 2).concat()[..], &bytes].concat();
                let verdict = lab.judge("10.1.1.0/24", &update(&[], &list, NLRI));
                let route = lab.route("10.1.1.0/24");
                (verdict, route.and_then(|route| route.attributes.get(&code).cloned()))
            });
            // Well-known and not known here: nothing less than a reset is allowed (RFC 4271, 6.3).
            let wanted = if flags & 0x80 == 0 { reset(2, &bytes) } else { Stands(0) };
            // Passed on as a whole, marked as not understood (RFC 4271, 5).
            let passed = (flags & TRANSITIVE == TRANSITIVE).then(|| (0xE0, vec![0xAB, 0xCD]));
            rows.check(&format!("type {code} with flags {flags:#04x}"), &(found, kept), &(wanted, passed));
        }
    }
    rows.finish(2304);
}

#[test]
fn odd_lengths() {
    let mut rows = Rows::default();
    for (name, value) in [("none", vec![]), ("one", vec![1]), ("255", vec![2; 255]), ("3000", vec![3; 3000])]
    {
        let found = established(Kind::External, |lab| {
            lab.prepare(Kind::External);
            let list = [basic(Kind::External, 2).concat(), attribute(TRANSITIVE, 99, &value)].concat();
            let verdict = lab.judge("10.1.1.0/24", &update(&[], &list, NLRI));
            let route = lab.route("10.1.1.0/24").unwrap();
            (verdict, route.attributes[&99].1.len())
        });
        rows.check(name, &found, &(Stands(0), value.len()));
    }
    rows.finish(4);
}

/// Sixty-four attributes are kept of a route; one with more is not stored, and the session goes on.
#[test]
fn many() {
    let judge = |last: u8| {
        established(Kind::External, |lab| {
            lab.prepare(Kind::External);
            let many: Vec<u8> = (100..=last).flat_map(|code| attribute(TRANSITIVE, code, &[])).collect();
            let list = [basic(Kind::External, 2).concat(), many].concat();
            lab.send(&update(&[], &list, NLRI));
            (lab.state(), lab.route("10.1.1.0/24").is_some(), lab.route("10.9.9.0/24").is_some())
        })
    };
    use crier_core::peer::State::Established;
    // AS_PATH and the mark are two of them.
    assert_eq!(judge(161), (Established, true, true));
    assert_eq!(judge(162), (Established, false, true));
}

/// Each type that has no name here, repeated: the first counts (RFC 7606, 3 g).
#[test]
fn repeated() {
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        let twice = [attribute(TRANSITIVE, 99, &[1]), attribute(TRANSITIVE, 99, &[2])].concat();
        let list = [basic(Kind::External, 2).concat(), twice].concat();
        assert_eq!(lab.judge("10.1.1.0/24", &update(&[], &list, NLRI)), Stands(1));
        assert_eq!(lab.route("10.1.1.0/24").unwrap().attributes[&99], (0xE0, vec![1]));
    });
}

/// The strongest outcome wins, wherever each fault stands (RFC 7606, 3 h).
#[test]
fn faults_together() {
    let discard = attribute(0x40, 6, &[1]);
    let withdraw = attribute(0x80, 4, &[1]);
    let reset_ = attribute(0x40, 200, &[]);
    let mut rows = Rows::default();
    for (name, faults, wanted) in [
        ("discard, withdraw", vec![&discard, &withdraw], Withdrawn(1)),
        ("withdraw, discard", vec![&withdraw, &discard], Withdrawn(1)),
        ("withdraw, reset", vec![&withdraw, &reset_], reset(2, &reset_)),
        ("reset, withdraw", vec![&reset_, &withdraw], reset(2, &reset_)),
        ("discard, reset", vec![&discard, &reset_], reset(2, &reset_)),
        ("all three", vec![&discard, &withdraw, &reset_], reset(2, &reset_)),
    ] {
        for front in [true, false] {
            let faults: Vec<u8> = faults.iter().flat_map(|fault| fault.iter().copied()).collect();
            let base = basic(Kind::External, 2).concat();
            let list = if front { [faults, base].concat() } else { [base, faults].concat() };
            let found = established(Kind::External, |lab| {
                lab.prepare(Kind::External);
                lab.judge("10.1.1.0/24", &update(&[], &list, NLRI))
            });
            rows.check(&format!("{name}, in front: {front}"), &found, &wanted);
        }
    }
    rows.finish(12);
}
