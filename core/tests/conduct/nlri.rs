//! The fields of an UPDATE and the IPv4 prefixes in them (RFC 4271, 4.3 and 6.3; RFC 7606, 3, 5.2 and 5.3).

use crier_core::EventKind;
use crier_core::view::Reason;

use crate::bytes::{UPDATE, WELL_KNOWN, attribute, message, update};
use crate::lab::{Kind, established};
use crate::rows::Rows;
use crate::verdict::Verdict::{self, Refused, Stands, Withdrawn};
use crate::verdict::{NLRI, basic, reset};

fn good() -> Vec<u8> {
    basic(Kind::External, 2).concat()
}

/// The verdict on a whole UPDATE, for the prefix that is under test.
fn judge(bytes: &[u8]) -> Verdict {
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        lab.judge("10.1.1.0/24", bytes)
    })
}

/// How an UPDATE ends the session, or which IPv4 routes there are after it.
fn after(bytes: &[u8]) -> Result<Vec<String>, Verdict> {
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        lab.send(bytes);
        if let Some((_, body)) = lab.words().pop() {
            return Err(Verdict::Reset(body[0], body[1], body[2..].to_vec()));
        }
        let routes = lab.others("").into_iter().map(|(prefix, _)| prefix);
        Ok(routes.filter(|prefix| !prefix.contains(':')).collect())
    })
}

const BOTH: [&str; 2] = ["10.1.1.0/24", "10.9.9.0/24"];

fn owned(prefixes: &[&str]) -> Result<Vec<String>, Verdict> {
    Ok(prefixes.iter().map(|&prefix| prefix.to_owned()).collect())
}

#[test]
fn every_prefix_length() {
    let mut rows = Rows::default();
    for len in 0..=255u8 {
        let octets = usize::from(len).div_ceil(8);
        let whole = [&[len], &[20; 32][..octets]].concat();
        let cut = &whole[..whole.len() - 1];
        let possible = len <= 32;
        for (name, nlri, possible) in [("whole", &whole[..], possible), ("cut", cut, len == 0)] {
            let announced = after(&update(&[], &good(), nlri)).map(|routes| routes.len());
            let withdrawn = after(&update(nlri, &[], &[])).map(|routes| routes.len());
            let count = if nlri.is_empty() { 2 } else { 3 };
            let wanted =
                if possible { (Ok(count), Ok(2)) } else { (Err(reset(10, &[])), Err(reset(10, &[]))) };
            rows.check(&format!("length {len}, {name}"), &(announced, withdrawn), &wanted);
        }
    }
    rows.finish(512);
}

/// Bits behind the prefix mean nothing (RFC 4271, 4.3).
#[test]
fn host_bits() {
    let table: [(&[u8], &str); 4] = [
        (&[20, 10, 2, 0xFF], "10.2.240.0/20"),
        (&[1, 0x7F], "0.0.0.0/1"),
        (&[9, 20, 0xFF], "20.128.0.0/9"),
        (&[31, 10, 2, 3, 5], "10.2.3.4/31"),
    ];
    for (nlri, prefix) in table {
        let routes = after(&update(&[], &good(), nlri)).unwrap();
        assert!(routes.iter().any(|route| route == prefix), "{prefix}: {routes:?}");
    }
}

/// What must not be routed is refused, alone (RFC 4271, 6.3; RFC 6890).
#[test]
fn martians() {
    let table: [(&[u8], &str, bool); 10] = [
        (&[0], "0.0.0.0/0", true),
        (&[8, 0], "0.0.0.0/8", false),
        (&[32, 0, 0, 0, 0], "0.0.0.0/32", false),
        (&[8, 127], "127.0.0.0/8", false),
        (&[32, 127, 0, 0, 1], "127.0.0.1/32", false),
        (&[4, 224], "224.0.0.0/4", false),
        (&[24, 239, 1, 1], "239.1.1.0/24", false),
        (&[4, 240], "240.0.0.0/4", false),
        (&[32, 255, 255, 255, 255], "255.255.255.255/32", false),
        (&[32, 10, 0, 0, 1], "10.0.0.1/32", true),
    ];
    for (nlri, prefix, possible) in table {
        established(Kind::External, |lab| {
            lab.prepare(Kind::External);
            let wanted = if possible { Stands(0) } else { Refused(Reason::Martian) };
            assert_eq!(lab.judge(prefix, &update(&[], &good(), nlri)), wanted, "{prefix}");
            let both = update(&[], &good(), &[nlri, NLRI].concat());
            lab.send(&both);
            assert_eq!(
                lab.route("10.1.1.0/24").unwrap().attributes[&crate::verdict::MARK].1,
                [2],
                "{prefix}"
            );
        });
    }
}

/// Lengths that do not fit the message leave nothing to rely on (RFC 4271, 6.3; RFC 7606, 3 b).
#[test]
fn lengths_of_the_fields() {
    let attributes = good();
    let body = |withdrawn_len: usize, attributes_len: usize| {
        let mut body = (withdrawn_len as u16).to_be_bytes().to_vec();
        body.extend([24, 10, 7, 7]);
        body.extend((attributes_len as u16).to_be_bytes());
        body.extend(&attributes);
        body.extend(NLRI);
        message(UPDATE, &body)
    };
    let len = attributes.len();
    let mut rows = Rows::default();
    for (name, bytes, wanted) in [
        ("both right", body(4, len), owned(&BOTH)),
        ("withdrawn past the message", body(4 + 2 + len + 5, len), Err(reset(1, &[]))),
        ("withdrawn of 65535", body(65_535, len), Err(reset(1, &[]))),
        ("withdrawn leaves one octet", body(4 + 2 + len + 3, len), Err(reset(1, &[]))),
        ("attributes past the message by one", body(4, len + 5), Err(reset(1, &[]))),
        ("attributes of 65535", body(4, 65_535), Err(reset(1, &[]))),
        // Nothing is left that would be NLRI, and what was is no attribute.
        ("attributes up to the end", body(4, len + 4), Err(reset(1, &[]))),
        ("no attributes, and a prefix of garbage", body(4, 0), Err(reset(10, &[]))),
        ("nothing after the first length", message(UPDATE, &[0, 4, 24, 10]), Err(reset(1, &[]))),
        ("withdrawn one too long, nothing else", message(UPDATE, &[0, 1, 0, 0]), Err(reset(1, &[]))),
        ("attributes one too long, nothing else", message(UPDATE, &[0, 0, 0, 1]), Err(reset(1, &[]))),
    ] {
        rows.check(name, &after(&bytes), &wanted);
    }
    rows.finish(11);
}

#[test]
fn announced_and_withdrawn() {
    let twice = [NLRI, NLRI].concat();
    let new = [24, 10, 2, 2];
    let faulty = [good(), attribute(WELL_KNOWN, 4, &[1])].concat();
    let one = &["10.9.9.0/24"][..];
    let mut rows = Rows::default();
    for (name, bytes, wanted) in [
        ("withdrawn", update(NLRI, &[], &[]), owned(one)),
        ("withdrawn twice", update(&twice, &[], &[]), owned(one)),
        ("withdrawn and never announced", update(&new, &[], &[]), owned(&BOTH)),
        ("withdrawn with attributes", update(NLRI, &good(), &[]), owned(one)),
        ("announced twice", update(&[], &good(), &twice), owned(&BOTH)),
        // Withdrawing counts for nothing beside announcing (RFC 4271, 4.3).
        ("announced and withdrawn", update(NLRI, &good(), NLRI), owned(&BOTH)),
        ("one announced, one withdrawn", update(NLRI, &good(), &new), owned(&["10.9.9.0/24", "10.2.2.0/24"])),
        ("nothing at all", update(&[], &[], &[]), owned(&BOTH)),
        ("attributes for nothing", update(&[], &good(), &[]), owned(&BOTH)),
        // A fault withdraws what is announced, and what is withdrawn is withdrawn as well.
        ("a fault and both", update(&[24, 10, 9, 9], &faulty, NLRI), owned(&[])),
        ("no attributes", update(&[], &[], NLRI), owned(one)),
        ("no attributes, and withdrawn", update(&[24, 10, 9, 9], &[], NLRI), owned(&[])),
        ("a fault and a bad prefix", update(&[], &faulty, &[33, 1, 1, 1, 1, 1]), Err(reset(10, &[]))),
        (
            "a bad prefix behind a good one",
            update(&[], &good(), &[24, 10, 2, 2, 24, 10]),
            Err(reset(10, &[])),
        ),
        ("a bad prefix to withdraw", update(&[24, 10], &good(), NLRI), Err(reset(10, &[]))),
        // Whatever it meant to announce was not found, so that it cannot be withdrawn (RFC 7606, 5.2).
        ("a fault for nothing", update(&[], &faulty, &[]), Err(reset(1, &[]))),
        ("a fault beside withdrawn", update(NLRI, &faulty, &[]), Err(reset(1, &[]))),
        ("an overrun for nothing", update(&[], &[0x40, 1, 9], &[]), Err(reset(1, &[]))),
        ("a discard for nothing", update(&[], &[0x40, 6, 1, 0], &[]), owned(&BOTH)),
        // NEXT_HOP without NLRI is nobody's (RFC 4760, 3).
        ("a bad NEXT_HOP for nothing", update(&[], &[0x40, 3, 1, 0], &[]), owned(&BOTH)),
    ] {
        let found = after(&bytes).map(|mut routes| {
            routes.sort();
            routes
        });
        let wanted = wanted.map(|mut routes| {
            routes.sort();
            routes
        });
        rows.check(name, &found, &wanted);
    }
    rows.finish(20);
}

/// A route that was withdrawn for a fault comes back with the next sound UPDATE, and the counters know of it.
#[test]
fn what_was_withdrawn_comes_back() {
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        let faulty = [good(), attribute(WELL_KNOWN, 4, &[1])].concat();
        assert_eq!(lab.judge("10.1.1.0/24", &update(&[], &faulty, NLRI)), Withdrawn(0));
        assert_eq!(lab.judge("10.1.1.0/24", &update(&[], &faulty, NLRI)), Withdrawn(0));
        assert_eq!(lab.judge("10.1.1.0/24", &update(&[], &good(), NLRI)), Stands(0));
        assert_eq!(lab.view().counters.treated_as_withdraw, 2);
        let faults = lab.events.iter().filter(|kind| {
            matches!(
                kind,
                EventKind::UpdateFault { attribute: 4, withdrawn: true, reason: "has wrong flags" }
            )
        });
        assert_eq!(faults.count(), 1, "reported once a second");
    });
}

#[test]
fn many_prefixes_in_one_fault() {
    let nlri: Vec<u8> = (0..30).flat_map(|third| [24, 20, 0, third]).collect();
    established(Kind::External, |lab| {
        lab.send(&update(&[], &good(), &nlri));
        assert_eq!(lab.others("").len(), 30);
        lab.send(&update(&[], &attribute(WELL_KNOWN, 1, &[7]), &nlri));
        assert_eq!(lab.others("").len(), 0);
        assert_eq!(lab.view().counters.treated_as_withdraw, 1, "UPDATEs are counted");
    });
    assert_eq!(judge(&update(&[], &good(), NLRI)), Stands(0));
}
