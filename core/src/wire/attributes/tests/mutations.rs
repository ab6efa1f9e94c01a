//! Good UPDATEs with random damage: an answer for each, and canonical bytes whenever there are any.

use super::*;
use crate::family::{V4, V6};
use crate::wire::as_path::{AsPath, write_as_path, write_as4_path};
use crate::wire::nlri::Nlri;
use crate::wire::update::split;

const ROUNDS: u32 = 200_000;

/// Marsaglia's xorshift with 64 bits.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() % bound
    }
}

/// Attributes that updates are put together from; [`Context::as4`] or not, some are wrong.
const PARTS: [&[u8]; 22] = [
    ORIGIN,
    AS_PATH,
    SHORT_AS_PATH,
    EMPTY_AS_PATH,
    NEXT_HOP,
    LOCAL_PREF,
    &[0x40, 2, 14, 2, 2, 0, 0, 0xFD, 0xE9, 0, 1, 0, 0, 1, 1, 0, 0, 0, 9],
    &[0x40, 2, 10, 2, 2, 0xFD, 0xE9, 0x5B, 0xA0, 1, 1, 0, 9],
    &[0x80, 4, 4, 0, 0, 0, 50],
    &[0x40, 6, 0],
    &[0xC0, 7, 8, 0, 1, 0, 0, 192, 0, 2, 1],
    &[0xC0, 7, 6, 0x5B, 0xA0, 192, 0, 2, 1],
    &[0xC0, 8, 8, 0xFD, 0xE9, 0, 1, 0xFF, 0xFF, 0xFF, 1],
    &[0x80, 9, 4, 1, 2, 3, 4],
    &[0x80, 10, 8, 1, 1, 1, 1, 2, 2, 2, 2],
    &[
        0x80, 14, 26, 0, 2, 1, 16, 0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 32, 0x20, 1,
        0x0D, 0xB8,
    ],
    &[0x80, 15, 8, 0, 2, 1, 32, 0x20, 1, 0x0D, 0xB8],
    &[0xC0, 16, 8, 0, 2, 0xFD, 0xE9, 0, 0, 0, 1],
    &[0xC0, 17, 10, 2, 2, 0, 1, 0, 0, 0, 0, 0, 9],
    &[0xC0, 18, 8, 0, 1, 0, 0, 192, 0, 2, 1],
    &[0xC0, 32, 24, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0xC0, 99, 3, 1, 2, 3],
];

/// The body of an UPDATE, damaged more often than not.
fn body(random: &mut Random) -> heapless::Vec<u8, 512> {
    let mut attributes = heapless::Vec::<u8, 384>::new();
    // Two of three begin well, so that the damage is reached.
    if random.below(3) > 0 {
        for part in [ORIGIN, if random.below(2) == 0 { AS_PATH } else { SHORT_AS_PATH }, NEXT_HOP, LOCAL_PREF]
        {
            attributes.extend_from_slice(part).unwrap();
        }
    }
    for _ in 0..random.below(8) {
        attributes.extend_from_slice(PARTS[random.below(PARTS.len())]).unwrap();
    }
    for _ in 0..random.below(4) {
        if attributes.is_empty() {
            break;
        }
        let at = random.below(attributes.len());
        match random.below(5) {
            0 => attributes[at] = random.next() as u8,
            1 => attributes[at] ^= 1 << random.below(8),
            2 => attributes.truncate(at),
            3 => drop(attributes.remove(at)),
            _ => attributes[at] = attributes[at].wrapping_add(if random.below(2) == 0 { 1 } else { 255 }),
        }
    }
    let len = if random.below(16) == 0 { random.below(400) } else { attributes.len() } as u16;
    let mut body = heapless::Vec::new();
    body.extend([0, 2, 8, 10]);
    body.extend(len.to_be_bytes());
    body.extend_from_slice(&attributes).unwrap();
    if random.below(2) == 0 {
        body.extend([24, 10, 0, random.next() as u8, 32, 192, 0, 2, 1]);
    }
    body
}

/// What is always true of canonical bytes.
fn check_canonical(bytes: &[u8]) {
    assert_eq!(iter(bytes).map(|tlv| tlv.raw.len()).sum::<usize>(), bytes.len());
    assert!(iter(bytes).is_sorted_by(|one, next| one.code < next.code));
    for tlv in iter(bytes) {
        assert!(![1, 3, 4, 5, 14, 15, 17, 18].contains(&tlv.code));
        assert_eq!(tlv.flags & 0x10 != 0, tlv.value.len() > 255);
        assert_eq!(tlv.flags & 0x0F, 0);
    }
    let path = AsPath::of(bytes);
    assert!(iter(bytes).any(|tlv| tlv.code == 2));
    assert_eq!(
        path.segments().map(|segment| 2 + 4 * segment.numbers().len()).sum::<usize>(),
        path.value().len()
    );
    assert!(!path.contains(0));
}

/// What was kept goes out again, to old and new neighbors, and comes back as the same path.
fn check_round_trip(bytes: &[u8]) {
    let path = AsPath::of(bytes);
    let mut buf = [0; 2048];
    let mut w = tlv::Writer::new(&mut buf);
    w.put(ORIGIN).unwrap();
    w.put(NEXT_HOP).unwrap();
    write_as_path(&mut w, path, None, false).unwrap();
    write_as4_path(&mut w, path, None).unwrap();
    let lenient = Context { enforce_first_as: false, ..TWO_OCTET };
    let read = read(&lenient, w.written(), true).unwrap();
    if path.segments().all(|segment| !segment.kind.is_confed()) {
        assert!(AsPath::of(&read.written).numbers().eq(path.numbers()));
        assert_eq!(AsPath::of(&read.written).length(), path.length());
    }
}

#[test]
fn every_mutation_has_an_answer() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut clean, mut withdrawn, mut reset) = (0, 0, 0);
    for round in 0..ROUNDS {
        let body = body(&mut random);
        let Ok(parts) = split(&body) else {
            reset += 1;
            continue;
        };
        assert!(parts.withdrawn.len() + parts.attributes.len() + parts.nlri.len() + 4 == body.len());
        let ctx = [EXTERNAL, INTERNAL, TWO_OCTET, Context { as4: false, ..INTERNAL }][random.below(4)];
        let mut out = [0; 1024];
        let room = if random.below(8) == 0 { random.below(64) } else { out.len() };
        let parsed = match parse(&ctx, parts.attributes, !parts.nlri.is_empty(), &mut out[..room]) {
            Ok(parsed) => parsed,
            Err(error) => {
                assert!(error.code == 3 && [1, 2, 9].contains(&error.subcode));
                reset += 1;
                continue;
            }
        };
        if let Some(reach) = parsed.mp_reach {
            assert!([4, 16, 32].contains(&reach.next_hop.len()));
            assert!(Nlri::<V4>::check(reach.nlri) || Nlri::<V6>::check(reach.nlri));
        }
        if parsed.withdraw.is_some() || parsed.refuse != Reason::None {
            assert_eq!(parsed.len, 0, "{round}");
            withdrawn += 1;
            continue;
        }
        assert!(parts.nlri.is_empty() || parsed.next_hop.is_some());
        if parsed.len > 0 {
            check_canonical(&out[..parsed.len]);
            check_round_trip(&out[..parsed.len]);
            clean += 1;
        }
    }
    // The damage is neither fatal nor harmless as a rule.
    assert!(
        clean > ROUNDS / 20 && withdrawn > ROUNDS / 5 && reset > ROUNDS / 20,
        "{clean} {withdrawn} {reset}"
    );
}
