//! The silence after rest: who may break it, and how often.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::sim::judge::Broken;
use crate::sim::judge::session::Tally;
use crate::sim::{Micros, Rule};

/// How long an answer to a ROUTE-REFRESH may take.
const ANSWER: Micros = Micros::secs(20);
/// Length of a message's header, and where its length and its type stand (RFC 4271, 4.1).
const HEADER: usize = 19;
const LENGTH: std::ops::Range<usize> = 16..18;
const TYPE: usize = 18;
/// The type of a ROUTE-REFRESH (RFC 2918, 3).
const ROUTE_REFRESH: u8 = 5;

/// What has happened since everything was at rest. Nobody sends an UPDATE but whoever was asked for a refresh, and what he
/// sends then are the routes that he had announced.
#[derive(Debug)]
pub(crate) struct Silence {
    /// Refreshes that anybody may ask any other for.
    allowed: u32,
    /// By address of who asked and of who was asked.
    asked: BTreeMap<(IpAddr, IpAddr), Asked>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    times: u32,
    last: Micros,
}

/// What one end of a session has just sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) name: &'a str,
    pub(crate) local: IpAddr,
    pub(crate) remote: IpAddr,
    /// Whole messages.
    pub(crate) bytes: &'a [u8],
    /// What it had sent before, and has now.
    pub(crate) tallies: [Tally; 2],
}

impl Sent<'_> {
    /// How many ROUTE-REFRESHes there are in it.
    pub(crate) fn refreshes(&self) -> u32 {
        refreshes(self.bytes)
    }

    /// Whether something is announced that was not before, or otherwise, or withdrawn.
    pub(crate) fn has_news(&self) -> bool {
        let [before, after] = self.tallies;
        after.announced - before.announced > after.repeated - before.repeated
            || after.withdrawn > before.withdrawn
    }
}

impl Silence {
    /// Nothing has happened. `allowed`: ROUTE-REFRESHes that anybody may send to any other.
    pub(crate) fn new(allowed: u32) -> Self {
        Self { allowed, asked: BTreeMap::new() }
    }

    /// Judges what somebody has sent.
    pub(crate) fn sent(&mut self, now: Micros, sent: &Sent<'_>) -> Result<(), Broken> {
        let broken = |what: &str| Err(Broken::new(Rule::Silence, format!("{}: {what}", sent.name)));
        for _ in 0..sent.refreshes() {
            let asked = self.asked.entry((sent.local, sent.remote)).or_insert(Asked { times: 0, last: now });
            *asked = Asked { times: asked.times + 1, last: now };
            if asked.times > self.allowed {
                return broken("asks for a refresh after everything was at rest, again and again");
            }
        }
        let [before, after] = sent.tallies;
        if after.updates == before.updates {
            return Ok(());
        }
        let asked = self.asked.get(&(sent.remote, sent.local));
        if asked.is_none_or(|asked| now - asked.last > ANSWER) {
            return broken("an UPDATE after everything was at rest, that nobody has asked for");
        }
        if sent.has_news() {
            return broken("asked for a refresh after everything was at rest, it has news");
        }
        Ok(())
    }
}

/// How many ROUTE-REFRESHes there are among these messages.
fn refreshes(mut bytes: &[u8]) -> u32 {
    let mut count = 0;
    while let (Some(&kind), Some(&[high, low])) = (bytes.get(TYPE), bytes.get(LENGTH)) {
        count += u32::from(kind == ROUTE_REFRESH);
        let length = usize::from(u16::from_be_bytes([high, low])).max(HEADER);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEPALIVE: [u8; 19] =
        [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 19, 4];

    fn refresh() -> Vec<u8> {
        let mut message = KEEPALIVE.to_vec();
        message[17..].copy_from_slice(&[23, 5]);
        message.extend([0, 1, 0, 1]);
        message
    }

    /// One of two hosts sends bytes, and has sent so much by them.
    fn send(silence: &mut Silence, secs: u64, from: u8, bytes: &[u8], more: Tally) -> Result<(), String> {
        let address = |number: u8| IpAddr::from([192, 0, 2, number]);
        let (local, remote) = (address(from), address(3 - from));
        let sent = Sent { name: "a", local, remote, bytes, tallies: [Tally::default(), more] };
        silence.sent(Micros::secs(secs), &sent).map_err(|broken| {
            assert_eq!(broken.rule, Rule::Silence);
            broken.text
        })
    }

    fn repeats() -> Tally {
        Tally { updates: 1, announced: 3, repeated: 3, ..Tally::default() }
    }

    #[test]
    fn refreshes_are_found_among_other_messages() {
        let bytes = [&KEEPALIVE[..], &refresh(), &refresh(), &KEEPALIVE].concat();
        assert_eq!(refreshes(&bytes), 2);
        assert_eq!(refreshes(&[]), 0);
        assert_eq!(refreshes(&[0; 40]), 0);
    }

    #[test]
    fn only_who_was_asked_may_repeat_what_he_had_said_and_soon() {
        let mut silence = Silence::new(2);
        assert_eq!(send(&mut silence, 1, 1, &KEEPALIVE, Tally::default()), Ok(()));
        assert!(send(&mut silence, 1, 2, &[], repeats()).unwrap_err().contains("nobody has asked for"));
        send(&mut silence, 2, 1, &refresh(), Tally::default()).unwrap();
        assert_eq!(send(&mut silence, 3, 2, &[], repeats()), Ok(()));
        // Who asked was not asked.
        assert!(send(&mut silence, 3, 1, &[], repeats()).is_err());
        assert!(send(&mut silence, 30, 2, &[], repeats()).is_err());
    }

    #[test]
    fn an_answer_has_no_news() {
        for news in [Tally { announced: 4, ..repeats() }, Tally { withdrawn: 1, ..repeats() }] {
            let mut silence = Silence::new(1);
            send(&mut silence, 2, 1, &refresh(), Tally::default()).unwrap();
            assert!(send(&mut silence, 3, 2, &[], news).unwrap_err().contains("it has news"));
        }
    }

    #[test]
    fn nobody_asks_for_ever() {
        let mut silence = Silence::new(2);
        let two = [refresh(), refresh()].concat();
        assert_eq!(send(&mut silence, 2, 1, &two, Tally::default()), Ok(()));
        assert!(
            send(&mut silence, 60, 1, &refresh(), Tally::default()).unwrap_err().contains("again and again")
        );
        assert!(send(&mut Silence::new(0), 2, 1, &refresh(), Tally::default()).is_err());
    }
}
