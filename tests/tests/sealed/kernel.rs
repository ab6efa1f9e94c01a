//! What the bridge to the kernel's routes says that it takes, held against what it asks the allocator for.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

use crier_core::rng::Rng;
use crier_core::speaker::Ends;
use crier_core::{ConnId, Instant, Limits, Millis, Speaker, config};
use crier_io_mio::kernel::{Kernel, Settings, bytes};
use crier_tests::allocation::{measured, seal, unseal};
use crier_tests::lab::OrFail as _;
use crier_tests::rig;
use crier_tests::sim::Micros;
use crier_tests::sim::kernel::{Fib, Linux};
use crier_tests::wire::update::{Attributes, push_prefix};
use crier_tests::wire::{KEEPALIVE, Open, message};

use crate::feed::Feed;

#[test]
fn the_bridges_plan_is_what_it_allocates() {
    let small = Limits { peers: 2, connections: 4, prefixes: 100, ..Limits::default() };
    let large = Limits { prefixes: 300_000, paths: 300_000, ..Limits::default() };
    let objects = Settings::default();
    let none = Settings { objects: None, max_routes: 1_000_000, ..Settings::default() };
    for (settings, limits) in [(&objects, small), (&objects, large), (&none, small), (&none, large)] {
        // Whether there is a kernel to speak to, privileges or not: sockets are no memory of ours.
        let (kernel, allocated) = measured(|| Kernel::open(settings.clone(), &limits).unwrap());
        assert_eq!(allocated, bytes(settings, &limits), "{settings:?}");
        drop(kernel);
    }
}

/// Places of a hash map for 4,096 entries, were it made for just so many, and how many of them it fills before it has to grow or
/// to tidy up.
const PLACES: u64 = 8_192;
const FILLED: u64 = PLACES / 8 * 7;

/// Next hops on the link, the first one found for each of these places of the map that they are kept in: each stands in the
/// place that it is meant for, and none beside it is empty.
fn next_hops(places: Range<u64>) -> Vec<Ipv4Addr> {
    let mut found = vec![None; PLACES as usize];
    let all = (0x0a01_0000..0x0aff_0000).map(Ipv4Addr::from_bits);
    let mut left = PLACES;
    for address in all {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(IpAddr::V4(address));
        let place = found.get_mut((hash % PLACES) as usize).or_fail("a place");
        left -= u64::from(place.is_none());
        place.get_or_insert(address);
        if left == 0 {
            break;
        }
    }
    places.filter_map(|place| found.get(place as usize).copied().flatten()).collect()
}

const SECOND: Millis = Millis::from_secs(1);

/// A prefix by way of each.
fn announced(next_hops: &[Ipv4Addr]) -> Vec<u8> {
    let of_one = |(n, next_hop): (u32, &Ipv4Addr)| {
        let mut nlri = Vec::new();
        push_prefix(&mut nlri, ((20 << 24) + (n << 8), 24));
        Attributes::new(&[65_001], *next_hop).announce(&nlri)
    };
    (0..).zip(next_hops).flat_map(of_one).collect()
}

/// A speaker with a bridge over a simulated kernel that has one link, 10.0.0.0/8.
struct World {
    now: Instant,
    speaker: Speaker<'static>,
    kernel: Kernel<Linux>,
    out: Box<[u8]>,
}

impl World {
    fn new(limits: &Limits) -> Self {
        let now = Instant::from_millis(1);
        let mut fib = Fib::default();
        fib.add_connected("10.0.0.0/8".parse().or_fail("a prefix"), 0);
        let linux = Linux::new(fib, 1, true, Rng::new(7));
        let mut speaker = rig::speaker(limits, now);
        let mut kernel = Kernel::over(linux, Settings::default(), limits);
        kernel.bridge_mut().start(now, &mut speaker);
        let passive = config::Settings { passive: true, local_address: None, ..rig::quick() };
        let peers = [rig::neighbor(SocketAddr::from(([10, 0, 0, 2], 179)), passive)];
        let config = config::Config { local: rig::local(), peers: &peers, ranges: &[], policies: &[] };
        speaker.configure(now, &config).ok().or_fail("a configuration");
        Self { now, speaker, kernel, out: vec![0; 65_536].into() }
    }

    /// The neighbor says this, and time passes.
    fn hear(&mut self, conn: ConnId, bytes: &[u8], passes: Millis) {
        for piece in bytes.chunks(1_447) {
            self.speaker.receive(self.now, conn, piece);
        }
        self.now = self.now + passes;
        loop {
            self.speaker.timeout(self.now);
            let mut busy = self.speaker.work(self.now, 512);
            while self.speaker.poll_action().is_some() {}
            while self.speaker.wants_transmit(conn) {
                busy |= self.speaker.transmit(self.now, conn, &mut self.out) > 0;
            }
            while self.speaker.poll_event().is_some() {}
            self.kernel.wire_mut().pass(Micros::millis(self.now.since(Instant::EPOCH).0));
            if self.kernel.wire_mut().is_readable() {
                self.kernel.note();
            }
            busy |= self.kernel.turn(self.now, &mut self.speaker);
            if !busy && !self.kernel.wire_mut().is_readable() {
                return;
            }
        }
    }
}

/// Next hops come and go until the maps that they are kept in are full of what the ones that went have left behind.
#[test]
fn next_hops_that_come_and_go_take_no_memory() {
    let limits = Limits {
        peers: 2,
        connections: 4,
        prefixes: 5_000,
        paths: 5_000,
        attribute_sets: 5_000,
        attribute_bytes: 400_000,
        policy_bytes: 8_192,
    };
    let mut world = World::new(&limits);
    let ends = Ends::new(SocketAddr::from(([10, 0, 0, 2], 40_000)), SocketAddr::from(([10, 0, 0, 1], 179)));
    let open = Open { hold: 0, ..Open::new(65_001, [10, 0, 0, 2]) };
    let hello = [open.encode(), message(KEEPALIVE, &[])].concat();
    // Half of what there is room for, one beside the other; then, elsewhere, as many more as fill the rest, and one.
    let (half, gap) = (FILLED / 2, 64);
    let first = announced(&next_hops(0..half));
    let second = announced(&next_hops(half + gap..FILLED + gap + 32));
    let nothing = Feed::nothing(5_000).0;

    seal();
    let conn = world.speaker.accept(world.now, ends).unwrap();
    world.hear(conn, &hello, SECOND);
    for _ in 0..2 {
        world.hear(conn, &first, SECOND);
        assert_eq!(world.speaker.next_hops().count() as u64, half);
        world.hear(conn, &nothing, SECOND);
        // Everything is looked at, and what is used no longer forgotten.
        world.hear(conn, &[], Millis::from_secs(301));
        world.hear(conn, &second, SECOND);
        assert_eq!(world.speaker.next_hops().count() as u64, half + 32);
        world.hear(conn, &nothing, SECOND);
        world.hear(conn, &[], Millis::from_secs(301));
    }
    assert_eq!(unseal(), 0, "allocations while sealed");
    assert_eq!(world.kernel.bridge().standing().lost, 0);
}
