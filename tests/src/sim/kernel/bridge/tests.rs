//! A real speaker with two neighbors, a bridge, and a kernel that lies.

use std::net::{Ipv4Addr, SocketAddr};

use crier_core::config::{Config, Settings};
use crier_core::speaker::{Action, CloseCause, Ends, LocalRoute};
use crier_core::{ConnId, Instant, Limits, Speaker};

use super::*;
use crate::rig::{self, neighbor, quick};
use crate::wire::update::{Attributes, push_prefix, withdraw};
use crate::wire::{KEEPALIVE, Open, message};

const NEIGHBORS: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(192, 0, 2, 3)];

/// A host: time, speaker, bridge, table.
struct Host {
    now: Micros,
    speaker: Speaker<'static>,
    conns: Vec<Option<ConnId>>,
    bridge: Bridge,
    fib: Fib,
}

fn nlri(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut bytes = Vec::new();
    numbers.into_iter().for_each(|n| push_prefix(&mut bytes, ((20 << 24) + (n << 8), 24)));
    bytes
}

fn prefix(n: u32) -> IpNet {
    IpNet::new(IpAddr::from(((20 << 24) + (n << 8)).to_be_bytes()), 24).unwrap()
}

impl Host {
    fn new() -> Self {
        let limits = Limits { peers: 4, connections: 8, prefixes: 5_000, paths: 9_000, ..Limits::default() };
        let now = Micros::secs(1);
        let mut speaker = rig::speaker(&limits, Instant::from_millis(now.as_millis()));
        let settings = Settings { passive: true, local_address: None, ..quick() };
        let peers = NEIGHBORS.map(|address| neighbor(SocketAddr::new(address.into(), 179), settings));
        let config = Config { local: rig::local(), peers: &peers, ranges: &[], policies: &[] };
        speaker.configure(Instant::from_millis(now.as_millis()), &config).unwrap();
        let fib = Fib::default();
        let bridge = Bridge::new(Rng::new(3), now, &fib);
        let mut host = Self { now, speaker, conns: vec![None; 2], bridge, fib };
        (0..2).for_each(|number| host.connect(number));
        host
    }

    fn instant(&self) -> Instant {
        Instant::from_millis(self.now.as_millis())
    }

    fn connect(&mut self, number: usize) {
        let remote = SocketAddr::new(NEIGHBORS[number].into(), 40_000);
        let ends = Ends::new(remote, SocketAddr::from(([192, 0, 2, 1], 179)));
        self.conns[number] = Some(self.speaker.accept(self.instant(), ends).unwrap());
        let open = Open::new(65_001 + number as u32, [10, 0, 0, 2 + number as u8]).encode();
        self.receive(number, &[open, message(KEEPALIVE, &[])].concat());
    }

    fn receive(&mut self, number: usize, bytes: &[u8]) {
        self.speaker.receive(self.instant(), self.conns[number].unwrap(), bytes);
        self.turn();
    }

    /// The speaker does what it has to do; what it says is thrown away.
    fn turn(&mut self) {
        let (now, mut out) = (self.instant(), [0; 4096]);
        let mut busy = true;
        while busy {
            busy = self.speaker.work(now, 512);
            while let Some(action) = self.speaker.poll_action() {
                if let Action::Connect { conn, .. } = action {
                    self.speaker.closed(now, conn, CloseCause::Refused);
                }
            }
            for &conn in self.conns.iter().flatten() {
                while self.speaker.wants_transmit(conn) && self.speaker.transmit(now, conn, &mut out) > 0 {
                    busy = true;
                }
            }
            while self.speaker.poll_event().is_some() {}
        }
    }

    fn announce(&mut self, number: usize, prefixes: impl IntoIterator<Item = u32>) {
        let attributes = Attributes::new(&[65_001 + number as u32], NEIGHBORS[number]);
        let prefixes: Vec<u32> = prefixes.into_iter().collect();
        for some in prefixes.chunks(500) {
            self.receive(number, &attributes.announce(&nlri(some.iter().copied())));
        }
    }

    fn withdraw(&mut self, number: usize, prefixes: impl IntoIterator<Item = u32>) {
        self.receive(number, &withdraw(&nlri(prefixes)));
    }

    /// Lets the kernel and the bridge work for a while, from one deadline to the next.
    fn pass(&mut self, span: Micros) {
        let end = self.now + span;
        self.bridge.sync(self.now, &self.speaker);
        while let Some(at) = self.bridge.deadline().filter(|at| *at <= end) {
            assert!(at >= self.now, "a deadline in the past is answered at once");
            self.now = at;
            self.bridge.timeout(at, &mut self.fib);
            assert!(self.bridge.kernel.outstanding() <= WINDOW);
            assert!(self.bridge.deadline().is_none_or(|next| next > at), "what is due gets done");
        }
        self.now = end;
    }

    fn in_step(&self) -> Result<(), String> {
        Bridge::in_step(&self.speaker, &self.fib)
    }

    fn fault(&mut self, fault: Option<KernelFault>) {
        self.bridge.set_fault(self.now, fault);
    }

    fn hops(&self, n: u32) -> Option<Vec<IpAddr>> {
        self.fib.learned_at(prefix(n)).map(|next_hops| next_hops.to_vec())
    }
}

fn both() -> Option<Vec<IpAddr>> {
    Some(NEIGHBORS.map(IpAddr::V4).to_vec())
}

fn only(number: usize) -> Option<Vec<IpAddr>> {
    Some(vec![NEIGHBORS[number].into()])
}

#[test]
fn the_table_follows_the_speaker_and_is_told_no_more_than_needed() {
    let mut host = Host::new();
    host.announce(0, 0..10);
    host.announce(1, 5..10);
    assert!(host.in_step().is_err());
    host.pass(Micros::millis(10));
    assert_eq!((host.in_step(), host.bridge.settled(), host.bridge.requests()), (Ok(()), true, 10));
    assert_eq!([0, 5].map(|n| host.hops(n)), [only(0), both()]);
    // Nothing new, nothing said.
    host.pass(Micros::secs(100));
    assert_eq!(host.bridge.requests(), 10);
    host.withdraw(0, 0..6);
    host.pass(Micros::millis(10));
    assert_eq!((host.in_step(), host.bridge.requests()), (Ok(()), 16));
    assert_eq!([0, 5, 6].map(|n| host.hops(n)), [None, only(1), both()]);
    // A neighbor dies: its next hops go at once, although its paths are still being removed.
    let conn = host.conns[0].take().unwrap();
    host.speaker.closed(host.instant(), conn, CloseCause::Reset);
    host.pass(Micros::millis(10));
    assert_eq!((host.in_step(), host.hops(6)), (Ok(()), only(1)));
    assert!(host.bridge.destinations.len() <= 5 && host.bridge.queue.is_empty());
}

#[test]
fn what_is_originated_here_is_not_forwarded() {
    let mut host = Host::new();
    host.announce(0, [1]);
    host.pass(Micros::millis(10));
    let route = LocalRoute {
        prefix: prefix(1),
        next_hop: Some(IpAddr::from([192, 0, 2, 77])),
        med: None,
        local_pref: None,
        communities: &[],
        large_communities: &[],
    };
    host.speaker.originate(host.instant(), &route).unwrap();
    assert!(host.in_step().is_err());
    host.pass(Micros::millis(10));
    assert_eq!((host.in_step(), host.hops(1)), (Ok(()), None));
    host.speaker.withdraw(prefix(1));
    host.turn();
    host.pass(Micros::millis(10));
    assert_eq!((host.in_step(), host.hops(1)), (Ok(()), only(0)));
}

#[test]
fn a_change_of_mind_under_way_is_followed_by_one_more_request() {
    let mut host = Host::new();
    host.announce(0, [1]);
    host.bridge.sync(host.now, &host.speaker);
    // In flight; withdrawn, announced, withdrawn before the answer.
    for _ in 0..2 {
        host.withdraw(0, [1]);
        host.bridge.sync(host.now, &host.speaker);
        host.announce(0, [1]);
        host.bridge.sync(host.now, &host.speaker);
    }
    assert_eq!(host.bridge.requests(), 1);
    host.withdraw(0, [1]);
    host.pass(Micros::millis(10));
    assert_eq!((host.in_step(), host.bridge.requests(), host.fib.learned_len()), (Ok(()), 2, 0));
    assert!(host.bridge.destinations.is_empty());
}

#[test]
fn a_window_bounds_what_the_kernel_has_to_answer() {
    let mut host = Host::new();
    host.announce(0, 0..1_000);
    host.fault(Some(KernelFault::Delay(Micros::secs(1))));
    host.pass(Micros::millis(999));
    assert_eq!((host.bridge.requests(), host.fib.learned_len()), (WINDOW as u64, 0));
    // What was never asked for need not be taken back.
    host.withdraw(0, 500..1_000);
    host.pass(Micros::secs(30));
    assert_eq!((host.in_step(), host.bridge.requests()), (Ok(()), 500));
    assert!(!host.bridge.settled());
    host.fault(None);
    host.pass(COMPARE_AFTER_FAULT);
    assert!(host.bridge.settled());
}

#[test]
fn what_is_refused_is_tried_again_later_and_later() {
    let mut host = Host::new();
    host.announce(0, 0..3);
    host.fault(Some(KernelFault::Refuse));
    host.pass(Micros::secs(60));
    // 0.1, 0.2 ... 6.4, 10, 10 ...: a dozen times for each, not hundreds.
    let requests = host.bridge.requests();
    assert!((30..=45).contains(&requests), "{requests}");
    assert_eq!((host.fib.learned_len(), host.bridge.settled()), (0, false));
    host.fault(None);
    host.pass(LONGEST_RETRY + Micros::millis(10));
    assert_eq!((host.in_step(), host.bridge.settled()), (Ok(()), true));
    assert_eq!(host.bridge.requests(), requests + 3);
}

#[test]
fn a_route_that_is_not_wanted_any_more_need_not_be_refused_again() {
    let mut host = Host::new();
    host.fault(Some(KernelFault::Refuse));
    host.announce(0, [1]);
    host.pass(Micros::millis(50));
    host.withdraw(0, [1]);
    host.pass(Micros::secs(40));
    assert_eq!((host.bridge.requests(), host.in_step()), (1, Ok(())));
    assert!(host.bridge.destinations.is_empty());
}

#[test]
fn what_is_lost_without_a_word_is_found_by_a_comparison() {
    let mut host = Host::new();
    host.announce(0, 0..10);
    host.pass(Micros::millis(10));
    host.fault(Some(KernelFault::Lose));
    host.announce(0, 10..20);
    host.pass(Micros::millis(10));
    host.withdraw(0, 0..10);
    host.pass(Micros::millis(10));
    // Half of what was added is missing, half of what was taken away is there.
    assert_eq!(host.fib.learned_len(), 10);
    assert!(host.in_step().is_err());
    host.fault(None);
    assert!(!host.bridge.settled());
    let before = host.bridge.requests();
    host.pass(COMPARE_AFTER_FAULT + Micros::millis(10));
    assert_eq!((host.in_step(), host.bridge.settled()), (Ok(()), true));
    assert_eq!(host.bridge.requests(), before + 10);
}

#[test]
fn a_kernel_that_always_loses_is_met_every_time_the_bridge_looks() {
    let mut host = Host::new();
    host.announce(0, 0..4);
    host.fault(Some(KernelFault::Lose));
    host.pass(Micros::secs(20));
    assert!(host.in_step().is_err());
    host.pass(COMPARE_EVERY * 4);
    assert_eq!(host.in_step(), Ok(()));
    // A link goes, and the kernel with it removes routes without a word.
    host.fault(None);
    host.pass(Micros::secs(2));
    host.fib.set_learned(host.now, prefix(2), None);
    host.bridge.compare_by(host.now + Micros::millis(5));
    assert!(!host.bridge.settled());
    host.pass(Micros::millis(10));
    assert_eq!((host.in_step(), host.bridge.settled()), (Ok(()), true));
}

#[test]
fn a_restarted_speaker_adopts_and_sweeps_only_what_nobody_announces_again() {
    let mut host = Host::new();
    host.announce(0, 0..10);
    host.pass(Micros::millis(10));
    let (old, now) = (host.fib.clone(), host.now + Micros::secs(1));
    // Killed and started again: the table stays as it was while nobody has announced anything.
    host = Host { fib: old, now, ..Host::new() };
    host.bridge = Bridge::new(Rng::new(4), now, &host.fib);
    host.bridge.sweep_at(now + Micros::secs(60));
    host.pass(Micros::secs(35));
    assert_eq!((host.fib.learned_len(), host.bridge.requests(), host.bridge.settled()), (10, 0, false));
    host.announce(0, 0..5);
    host.announce(1, 5..7);
    host.announce(1, 20..21);
    host.pass(Micros::secs(20));
    // Told: what has another next hop now, and what is new. The rest is stale still.
    assert_eq!((host.bridge.requests(), host.fib.learned_len()), (3, 11));
    assert!(host.fib.learned().all(|route| route.since < now || host.now - route.since <= Micros::secs(20)));
    host.pass(Micros::secs(10));
    assert_eq!((host.in_step(), host.bridge.settled()), (Ok(()), true));
    assert_eq!((host.bridge.requests(), host.fib.learned_len()), (6, 8));
}

#[test]
fn a_comparison_before_the_sweep_finds_what_was_adopted_and_lost() {
    let mut host = Host::new();
    let one = || Some(NextHops::from([IpAddr::V4(NEIGHBORS[0])]));
    (0..2).for_each(|n| host.fib.set_learned(Micros::ZERO, prefix(n), one()));
    host.bridge = Bridge::new(Rng::new(4), host.now, &host.fib);
    host.fib.set_learned(host.now, prefix(0), None);
    host.pass(COMPARE_EVERY);
    assert!(!host.bridge.settled());
    host.bridge.sweep_at(host.now);
    host.pass(Micros::millis(10));
    assert_eq!((host.bridge.requests(), host.fib.learned_len(), host.bridge.settled()), (1, 0, true));
}

#[test]
fn the_comparison_with_the_speaker_finds_each_kind_of_difference() {
    let mut host = Host::new();
    host.announce(0, 0..3);
    host.pass(Micros::millis(10));
    let good = host.fib.clone();
    assert_eq!(host.in_step(), Ok(()));
    host.fib.set_learned(host.now, prefix(1), None);
    assert!(host.in_step().unwrap_err().contains("20.0.1.0/24"));
    host.fib = good.clone();
    host.fib.set_learned(host.now, prefix(2), Some([IpAddr::V4(NEIGHBORS[1])].into()));
    assert!(host.in_step().unwrap_err().contains("20.0.2.0/24"));
    host.fib = good;
    host.fib.set_learned(host.now, prefix(7), Some([IpAddr::V4(NEIGHBORS[1])].into()));
    assert!(host.in_step().unwrap_err().contains("20.0.7.0/24 among them"));
}

#[test]
fn a_restarted_speaker_that_wants_everything_it_adopted_waits_for_no_sweep() {
    let mut host = Host::new();
    host.announce(0, 0..3);
    host.pass(Micros::millis(10));
    host.bridge = Bridge::new(Rng::new(4), host.now, &host.fib);
    assert!(!host.bridge.settled());
    host.pass(Micros::millis(10));
    assert_eq!((host.bridge.requests(), host.bridge.settled()), (0, true));
}

#[test]
fn after_a_success_the_next_refusal_is_followed_quickly_again() {
    let mut host = Host::new();
    host.announce(0, [1]);
    host.fault(Some(KernelFault::Refuse));
    host.pass(Micros::secs(60));
    host.fault(None);
    host.pass(LONGEST_RETRY + Micros::millis(10));
    host.withdraw(0, [1]);
    host.fault(Some(KernelFault::Refuse));
    let before = host.bridge.requests();
    host.pass(Micros::millis(200));
    assert_eq!(host.bridge.requests(), before + 2);
}

#[test]
fn next_hops_that_nobody_uses_any_more_are_forgotten() {
    let mut host = Host::new();
    for last in 10..60 {
        let attributes = Attributes::new(&[65_001], Ipv4Addr::new(192, 0, 2, last));
        host.receive(0, &attributes.announce(&nlri([1])));
        host.pass(Micros::millis(1));
    }
    assert_eq!(host.bridge.groups.len(), 50);
    host.pass(COMPARE_EVERY);
    assert_eq!((host.bridge.groups.len(), host.in_step()), (1, Ok(())));
}

/// Whatever happens, in whatever order: once it ends, the table is what the speaker wants.
#[test]
fn any_mixture_of_changes_faults_and_restarts_heals() {
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let mut host = Host::new();
        for _ in 0..60 {
            let from = rng.up_to(200) as u32;
            let some = from..from + rng.up_to(100) as u32;
            let number = rng.up_to(1) as usize;
            match rng.up_to(9) {
                0..=2 => host.announce(number, some),
                3..=4 => host.withdraw(number, some),
                5 => host.fault(Some(KernelFault::Refuse)),
                6 => host.fault(Some(KernelFault::Lose)),
                7 => host.fault(Some(KernelFault::Delay(Micros::millis(rng.up_to(3_000))))),
                8 => host.fault(None),
                _ => {
                    host.bridge = Bridge::new(Rng::new(seed), host.now, &host.fib);
                    host.bridge.sweep_at(host.now + Micros::secs(rng.up_to(60)));
                }
            }
            host.pass(Micros(rng.up_to(5_000_000) >> rng.up_to(12)));
        }
        host.fault(None);
        host.pass(Micros::secs(80));
        assert_eq!((host.in_step(), host.bridge.settled()), (Ok(()), true), "seed {seed}");
        let told = host.bridge.requests();
        host.pass(Micros::secs(80));
        assert_eq!(host.bridge.requests(), told, "seed {seed}");
        assert!(host.bridge.groups.len() <= 3, "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_times() {
    let times = || {
        let mut host = Host::new();
        host.announce(0, 0..100);
        host.fault(Some(KernelFault::Refuse));
        host.pass(Micros::secs(3));
        host.fault(None);
        host.pass(Micros::secs(30));
        host.fib.learned().map(|route| (route.prefix, route.since)).collect::<Vec<_>>()
    };
    assert_eq!(times(), times());
}
