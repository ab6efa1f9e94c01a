//! Two neighbors that do as they should: what one announces and withdraws, the other hears through crier, and both expect a
//! message within the hold time.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::{Namespace, OrFail, PATIENCE, fail};
use crate::raw_peer::RawPeer;
use crate::wire::update::{Attributes, Prefix, each_prefix, prefix_fields, push_prefix, withdraw};
use crate::wire::{KEEPALIVE, NOTIFICATION, Open, ROUTE_REFRESH, UPDATE, message};

/// The shortest hold time there is (RFC 4271, 4.2).
pub(super) const HOLD: u16 = 3;
/// Between two KEEPALIVEs of a neighbor's own.
const INTERVAL: Duration = Duration::from_millis(900);
/// Between two routes, so that the pair is no flood itself.
const PACE: Duration = Duration::from_millis(5);

/// What the pair noticed of crier.
#[derive(Clone, Debug, Default)]
pub struct Noticed {
    /// How long each announcement and each withdrawal took from one to the other.
    pub delays: Vec<Duration>,
    /// The longest time without a message for one of the two; one is sent little but KEEPALIVEs, one a second.
    pub silence: Duration,
}

/// The pair.
#[derive(Debug)]
pub struct Honest {
    feeder: End,
    sink: End,
    heard: Receiver<Heard>,
    next: u32,
    /// What the feeder announces beside the routes that come and go.
    kept: Vec<Prefix>,
}

/// One of the two.
#[derive(Debug)]
struct End {
    peer: Arc<Mutex<RawPeer>>,
    next_hop: Ipv4Addr,
    asn: u32,
    silence: Arc<AtomicU64>,
}

/// What one of the two hears.
enum Heard {
    Announced(Prefix),
    Withdrawn(Prefix),
    /// The feeder is asked for everything again.
    Refresh,
    /// A session is over, and why.
    Over(String),
}

impl Honest {
    /// Sessions of the two: address and AS number of the feeder, and of the sink.
    pub(super) fn establish(
        node: &Namespace,
        target: SocketAddr,
        [feeder, sink]: [(Ipv4Addr, u32); 2],
    ) -> Self {
        let (say, heard) = channel();
        let feeder = End::establish(node, target, feeder, &say);
        let sink = End::establish(node, target, sink, &say);
        Self { feeder, sink, heard, next: 0, kept: Vec::new() }
    }

    /// So many routes come and go, one after the other.
    #[track_caller]
    pub fn rounds(&mut self, rounds: u32) -> Noticed {
        self.rounds_until(|done| done >= rounds)
    }

    /// Routes come and go until `enough`, which is told how many have, for a minute at most.
    #[track_caller]
    pub fn rounds_until(&mut self, mut enough: impl FnMut(u32) -> bool) -> Noticed {
        let silences = [&self.feeder, &self.sink].map(|end| Arc::clone(&end.silence));
        silences.iter().for_each(|silence| silence.store(0, Ordering::SeqCst));
        let (mut noticed, mut done) = (Noticed::default(), 0);
        let deadline = Instant::now() + PATIENCE;
        while !enough(done) {
            if Instant::now() >= deadline {
                fail("routes come and go, and what is waited for does not come");
            }
            let prefix = self.next_prefix();
            noticed.delays.push(self.pass(
                &self.announcement(prefix),
                |heard| matches!(heard, Heard::Announced(heard) if *heard == prefix),
            ));
            noticed.delays.push(self.pass(
                &withdraw(&nlri(prefix)),
                |heard| matches!(heard, Heard::Withdrawn(heard) if *heard == prefix),
            ));
            done += 1;
            thread::park_timeout(PACE);
        }
        let longest = silences.iter().map(|silence| silence.load(Ordering::SeqCst)).max();
        noticed.silence = Duration::from_millis(longest.unwrap_or_default());
        noticed
    }

    /// Goes on as neighbors do, without routes, until `enough`.
    #[track_caller]
    pub fn idle_until(&mut self, mut enough: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !enough() {
            if Instant::now() >= deadline {
                fail("what is waited for does not come");
            }
            self.turn(Duration::from_millis(20));
        }
    }

    /// Announces a route that stays, and does not wait for it to come through.
    #[track_caller]
    pub fn announce(&mut self) -> String {
        let prefix = self.next_prefix();
        self.feeder.send(&self.announcement(prefix));
        self.kept.push(prefix);
        format!("{}/{}", Ipv4Addr::from_bits(prefix.0), prefix.1)
    }

    /// Waits until the last route that [`Honest::announce`] announced has come through.
    #[track_caller]
    pub fn await_last(&mut self) {
        let prefix = self.kept.last().copied().or_fail("looking for what was announced");
        self.await_word(|heard| matches!(heard, Heard::Announced(heard) if *heard == prefix));
    }

    fn next_prefix(&mut self) -> Prefix {
        self.next += 1;
        (u32::from_be_bytes([20, 0, 0, 0]) + ((self.next % 0xff_ffff) << 8), 24)
    }

    fn announcement(&self, prefix: Prefix) -> Vec<u8> {
        // Its own attributes: a route that goes takes them along.
        let path = [self.feeder.asn, 4_200_000_000 + self.next % 1_000_000];
        Attributes::new(&path, self.feeder.next_hop).announce(&nlri(prefix))
    }

    /// How long it takes until what is sent now has come through.
    #[track_caller]
    fn pass(&self, bytes: &[u8], is_it: impl Fn(&Heard) -> bool) -> Duration {
        let begin = Instant::now();
        self.feeder.send(bytes);
        self.await_word(is_it);
        begin.elapsed()
    }

    #[track_caller]
    fn await_word(&self, is_it: impl Fn(&Heard) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(heard) = self.turn(INTERVAL)
                && is_it(&heard)
            {
                return;
            }
            if Instant::now() >= deadline {
                fail("a route does not come through");
            }
        }
    }

    /// Waits for a word about routes.
    #[track_caller]
    fn turn(&self, wait: Duration) -> Option<Heard> {
        match self.heard.recv_timeout(wait) {
            Ok(Heard::Over(why)) => fail(format_args!("an honest neighbor: {why}")),
            Ok(Heard::Refresh) => {
                for prefix in &self.kept {
                    self.feeder.send(&self.announcement(*prefix));
                }
                None
            }
            Ok(heard) => Some(heard),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => fail("nobody listens any more"),
        }
    }
}

impl End {
    fn establish(
        node: &Namespace,
        target: SocketAddr,
        (address, asn): (Ipv4Addr, u32),
        say: &Sender<Heard>,
    ) -> Self {
        let mut peer = node.enter(|| RawPeer::dial(IpAddr::V4(address), target));
        let mut open = Open { hold: HOLD, ..Open::new(asn, address.octets()) };
        // IPv4 only: what is told of the other family has no part in this.
        open.capabilities.retain(|(code, value)| *code != 1 || value.get(1) == Some(&1));
        peer.establish(&open);
        let reader = peer.stream().try_clone().or_fail("sharing a connection");
        let silence = Arc::new(AtomicU64::new(0));
        let (say, noted) = (say.clone(), Arc::clone(&silence));
        let listening = RawPeer::over(reader);
        // The hold timer of this end: whoever waits for longer gets nothing but an error.
        let hold = Duration::from_secs(HOLD.into());
        listening.stream().set_read_timeout(Some(hold)).or_fail("limiting a read");
        thread::spawn(move || {
            let over = listen(listening, &noted, &say);
            let _ = say.send(Heard::Over(over));
        });
        let peer = Arc::new(Mutex::new(peer));
        let alive = Arc::downgrade(&peer);
        // Whatever the test waits for, until nobody has the session any more.
        thread::spawn(move || {
            while let Some(peer) = alive.upgrade() {
                if let Ok(peer) = peer.lock()
                    && peer.stream().write_all(&message(KEEPALIVE, &[])).is_err()
                {
                    return;
                }
                drop(peer);
                thread::park_timeout(INTERVAL);
            }
        });
        Self { peer, next_hop: address, asn, silence }
    }

    #[track_caller]
    fn send(&self, bytes: &[u8]) {
        self.peer.lock().or_fail("sharing a connection").send(bytes);
    }
}

/// Tells what comes until the session is over; why it is.
fn listen(mut peer: RawPeer, silence: &AtomicU64, say: &Sender<Heard>) -> String {
    let mut last = Instant::now();
    loop {
        let (kind, body) = match peer.try_receive() {
            Ok(message) => message,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return format!("nothing came for the hold time of {HOLD} s");
            }
            Err(error) => return format!("the session ended: {error}"),
        };
        let since = u64::try_from(last.elapsed().as_millis()).unwrap_or(u64::MAX);
        silence.fetch_max(since, Ordering::SeqCst);
        last = Instant::now();
        let heard = match kind {
            NOTIFICATION => return format!("a NOTIFICATION: {body:02x?}"),
            ROUTE_REFRESH => say.send(Heard::Refresh).is_ok(),
            UPDATE => tell(&body, say),
            _ => true,
        };
        if !heard {
            return "nobody listens".to_owned();
        }
    }
}

/// Tells of each prefix of an UPDATE; whether somebody listens.
fn tell(body: &[u8], say: &Sender<Heard>) -> bool {
    let Some((withdrawn, announced)) = prefix_fields(body) else { return false };
    let mut listens = true;
    let _ = each_prefix(withdrawn, |prefix| listens &= say.send(Heard::Withdrawn(prefix)).is_ok());
    let _ = each_prefix(announced, |prefix| listens &= say.send(Heard::Announced(prefix)).is_ok());
    listens
}

fn nlri(prefix: Prefix) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_prefix(&mut bytes, prefix);
    bytes
}
