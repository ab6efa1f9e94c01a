//! What the kernel says of signatures. It drops a segment that is not signed as it should be without a word, and only counts it,
//! for the whole host: so what is concluded from that is said with care.

use std::fs::File;
use std::io::Read;

use crier_core::{Instant, Millis};

/// The kernel's counters (/proc/net/netstat).
const PATH: &str = "/proc/net/netstat";
/// Bytes of that file that are looked at; Linux 6.18 has a quarter of it.
const ROOM: usize = 16 << 10;
/// The file is read at most this often, however many connections fail.
const APART: Millis = Millis::from_secs(1);
/// What is suspected is logged at most this often.
const TOLD_APART: Millis = Millis::from_secs(60);
/// What grew before that says nothing of today.
const RECENT: Millis = Millis::from_secs(600);

/// Segments that were dropped, since the host (or its network namespace) started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// A signature was missing (`TCPMD5NotFound`).
    pub missing: u64,
    /// There was a signature, and no key for it (`TCPMD5Unexpected`).
    pub unexpected: u64,
    /// A signature was wrong (`TCPMD5Failure`).
    pub wrong: u64,
}

impl Counts {
    /// As they are now; `None` if the kernel does not tell. Allocates nothing.
    pub fn now() -> Option<Self> {
        let mut room = [0; ROOM];
        let mut file = File::open(PATH).ok()?;
        let mut len = 0;
        while let Ok(more @ 1..) = file.read(room.get_mut(len..)?) {
            len += more;
        }
        Self::parse(room.get(..len)?)
    }

    /// In lines of names, each followed by one of values.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = str::from_utf8(text).ok()?.lines().filter(|line| line.starts_with("TcpExt:"));
        let (names, values) = (lines.next()?, lines.next()?);
        let mut counts = Self::default();
        for (name, value) in names.split_ascii_whitespace().zip(values.split_ascii_whitespace()) {
            let place = match name {
                "TCPMD5NotFound" => &mut counts.missing,
                "TCPMD5Unexpected" => &mut counts.unexpected,
                "TCPMD5Failure" => &mut counts.wrong,
                _ => continue,
            };
            *place = value.parse().ok()?;
        }
        Some(counts)
    }
}

/// Growth of one counter between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Growth {
    by: u64,
    from: Instant,
    to: Instant,
}

/// When which counter last grew.
#[derive(Debug)]
pub struct Signatures {
    counts: Counts,
    at: Instant,
    missing: Option<Growth>,
    unexpected: Option<Growth>,
    wrong: Option<Growth>,
    told: Option<Instant>,
}

impl Signatures {
    /// What was before does not count.
    pub fn new(now: Instant) -> Self {
        let counts = Counts::now().unwrap_or_default();
        Self { counts, at: now, missing: None, unexpected: None, wrong: None, told: None }
    }

    /// Looks at the counters, if the last time is long enough ago.
    pub fn look(&mut self, now: Instant) {
        if now.since(self.at) >= APART
            && let Some(counts) = Counts::now()
        {
            self.note(now, counts);
        }
    }

    /// What is to be logged of a neighbor that could not be reached; nothing too often.
    pub fn tell(&mut self, signed: bool, now: Instant) -> Option<String> {
        if self.told.is_some_and(|told| now.since(told) < TOLD_APART) {
            return None;
        }
        let suspicion = self.suspicion(signed, now)?;
        self.told = Some(now);
        Some(suspicion)
    }

    fn note(&mut self, now: Instant, counts: Counts) {
        let (before, from) = (self.counts, self.at);
        let growth = |before: u64, after: u64| {
            let by = after.saturating_sub(before);
            (by > 0).then_some(Growth { by, from, to: now })
        };
        self.missing = growth(before.missing, counts.missing).or(self.missing);
        self.unexpected = growth(before.unexpected, counts.unexpected).or(self.unexpected);
        self.wrong = growth(before.wrong, counts.wrong).or(self.wrong);
        (self.counts, self.at) = (counts, now);
    }

    /// What may be the matter with a neighbor whose session does not come up, by what was dropped lately. `signed`: it has a key.
    pub fn suspicion(&self, signed: bool, now: Instant) -> Option<String> {
        let signs = if signed {
            [
                (self.wrong, "with a wrong signature", "the neighbor seems to have another key"),
                (self.missing, "without a signature", "the neighbor seems to have no key"),
            ]
        } else {
            let here = "the neighbor seems to have a key, and here it has none (password-file)";
            [(self.unexpected, "with a signature", here), (None, "", "")]
        };
        let recent = |growth: &Growth| now.since(growth.to) <= RECENT;
        let (growth, what, then) =
            signs.into_iter().find_map(|(growth, what, then)| Some((growth.filter(recent)?, what, then)))?;
        let span = crate::text::short_span(now.since(growth.from).as_secs().max(1));
        Some(format!(
            "{then}: {} segments {what} were dropped within the last {span} (from whomever: the kernel counts for the whole host)",
            growth.by
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPRcvQDrop\n\
                        TcpExt: 1 20 300 4000 5\nIpExt: TCPMD5Failure\nIpExt: 7\n";

    const fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn the_counters_are_found_by_name() {
        let expected = Counts { missing: 20, unexpected: 300, wrong: 4000 };
        assert_eq!(Counts::parse(TEXT.as_bytes()), Some(expected));
        assert_eq!(Counts::parse(b"TcpExt: A B\nTcpExt: 1 2\n"), Some(Counts::default()));
        for bad in ["", "TcpExt: TCPMD5Failure\n", "TcpExt: TCPMD5Failure\nTcpExt: many\n", "\u{0}"] {
            assert_eq!(Counts::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Counts::parse(b"TcpExt: \xff\n"), None);
        assert!(Counts::now().is_some(), "this host's own");
    }

    #[test]
    fn growth_is_named_for_whom_it_may_concern_and_forgotten() {
        let mut signatures = Signatures { counts: Counts::default(), ..Signatures::new(at(0)) };
        assert_eq!(signatures.suspicion(true, at(1)), None);
        signatures.note(at(5), Counts { unexpected: 2, ..Counts::default() });
        assert_eq!(signatures.suspicion(true, at(6)), None);
        let said = signatures.suspicion(false, at(6)).unwrap();
        assert!(said.contains("seems to have a key, and here it has none"), "{said}");
        assert!(said.contains("2 segments with a signature were dropped within the last 6s"), "{said}");

        signatures.note(at(10), Counts { unexpected: 2, missing: 7, wrong: 0 });
        let said = signatures.suspicion(true, at(10)).unwrap();
        assert!(said.contains("no key") && said.contains("7 segments"), "{said}");
        signatures.note(at(20), Counts { unexpected: 2, missing: 7, wrong: 1 });
        let said = signatures.suspicion(true, at(20)).unwrap();
        assert!(said.contains("another key") && said.contains("last 10s"), "{said}");
        assert_eq!(signatures.tell(true, at(20)), Some(said));
        assert_eq!(signatures.tell(true, at(79)), None, "not that often");
        assert!(signatures.tell(true, at(80)).is_some());
        assert_eq!(signatures.suspicion(true, at(621)), None);
    }
}
