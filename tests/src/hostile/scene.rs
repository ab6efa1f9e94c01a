//! The lab of an attack.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;

use serde_json::Value;

use super::attack::{Attack, Ground, Orders};
use super::crowd::{NOWHERE, RANGE};
use super::honest::{HOLD, Honest};
use super::sessions::establish;
use super::usage::{Usage, anonymous_bytes};
use crate::lab::{Bird, Crier, Daemon, Kind, Lab, Namespace, Plan, await_until, fail};
use crate::raw_peer::RawPeer;
use crate::wire::update::Attributes;
use crate::wire::{ROUTE_REFRESH, UPDATE, message};

/// The neighbor that misbehaves: its address and AS number. It is configured.
pub const ATTACKER: (Ipv4Addr, u32) = (Ipv4Addr::new(192, 0, 2, 2), 65_066);
/// The honest neighbor whose routes come and go.
pub const FEEDER: (Ipv4Addr, u32) = (Ipv4Addr::new(198, 51, 100, 3), 65_003);
/// The honest neighbor that hears of them.
pub const SINK: (Ipv4Addr, u32) = (Ipv4Addr::new(198, 51, 100, 4), 65_004);
/// The other honest one.
const BIRD: &str = "198.51.100.2";
/// crier, as the attackers reach it.
const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// crier, as honest neighbors reach it.
const OWN: &str = "198.51.100.1";

/// How crier is configured.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Lines of `[limits]`.
    pub limits: &'static str,
    /// Lines of the neighbor that misbehaves.
    pub attacker: &'static str,
    /// Lines of the range.
    pub range: &'static str,
    /// Whether all tables are resident from the start.
    pub prefault: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: "peers = 64\nconnections = 96\nprefixes = 4000\npaths = 8000\nattribute-sets = 4000\n\
                     attribute-bytes = \"512KiB\"\n",
            attacker: "max-prefixes = { limit = 1000, action = \"refuse\" }\n",
            range: "timers = { hold = 90, keepalive = 30 }\n",
            prefault: true,
        }
    }
}

/// crier, honest neighbors, and a node where attacks come from.
#[derive(Debug)]
pub struct Scene<'n> {
    /// crier.
    pub crier: Crier<'n>,
    /// The two that are driven.
    pub honest: Honest,
    bird: Bird<'n>,
    tor: &'n Namespace,
    bad: &'n Namespace,
    control: PathBuf,
    /// Use at rest.
    rest: Usage,
    /// Most anonymous memory that is allowed.
    allowed: u64,
    most: u64,
}

impl Scene<'_> {
    /// Plays `script` in a scene; nothing, and `None`, where this machine can have no lab.
    #[track_caller]
    pub fn play<T>(setup: &Setup, script: impl FnOnce(&mut Scene<'_>) -> T) -> Option<T> {
        let lab = Lab::new(&[Kind::Crier, Kind::Bird])?;
        let (tor, good, bad) = (lab.node("tor"), lab.node("good"), lab.node("bad"));
        tor.link(&["198.51.100.1/24"], &good, &["198.51.100.2/24", "198.51.100.3/24", "198.51.100.4/24"]);
        tor.link(&["192.0.2.1/24"], &bad, &["192.0.2.2/24"]);
        for range in [RANGE, NOWHERE] {
            let range = format!("{}/16", Ipv4Addr::from_bits(range));
            bad.run("ip", &["route", "add", "local", &range, "dev", "lo"]);
            tor.run("ip", &["route", "add", &range, "via", "192.0.2.2"]);
        }
        let crier = Crier::start_quiet(&tor, &configuration(setup));
        let plan = Plan::new(65_002, [10, 0, 0, 2]).neighbor(BIRD, OWN, 65_000);
        let plan = plan.with(|tor| tor.hold = HOLD).announce("172.20.2.0/24");
        let bird = Bird::start(&good, &plan);
        let target = SocketAddr::new(OWN.parse().unwrap_or(TARGET), 179);
        let honest = Honest::establish(&good, target, [FEEDER, SINK]);
        crier.await_established(BIRD);
        let rest = Usage::of(&crier);
        let control = crier.socket().into();
        let mut scene =
            Scene { crier, honest, bird, tor: &tor, bad: &bad, control, rest, allowed: 0, most: 0 };
        // Whatever is allocated with the first routes and the first questions is there.
        scene.honest.rounds(20);
        scene.ask_everything();
        scene.rest = Usage::of(&scene.crier);
        let to_come = if setup.prefault { scene.rest.untouched_bytes() } else { scene.rest.planned_bytes() };
        scene.allowed = scene.anonymous() + to_come;
        Some(script(&mut scene))
    }

    /// Does `work` during an attack. It is called off when that is done.
    #[track_caller]
    pub fn under<T>(&mut self, attack: Attack, work: impl FnOnce(&mut Self, &Orders) -> T) -> T {
        let (orders, bad, control) = (Orders::default(), self.bad, self.control.clone());
        thread::scope(|scope| {
            let ground = Ground { target: SocketAddr::new(TARGET, 179), control: &control };
            let orders = &orders;
            scope.spawn(move || bad.enter(|| attack.run(&ground, orders)));
            let _end = CallOff(orders);
            work(self, orders)
        })
    }

    /// From now on the kernel keeps little for who does not read.
    pub fn shrink_buffers(&self) {
        self.tor.run("sysctl", &["-qw", "net.ipv4.tcp_wmem=4096 8192 16384"]);
        self.bad.run("sysctl", &["-qw", "net.ipv4.tcp_rmem=4096 8192 8192"]);
    }

    /// Notes how much memory crier has now.
    #[track_caller]
    pub fn weigh(&mut self) {
        self.most = self.most.max(self.anonymous());
    }

    /// Most anonymous memory seen, and most that is allowed.
    pub fn weight(&self) -> (u64, u64) {
        (self.most, self.allowed)
    }

    /// What honest neighbors and the operator must find, under attack and after.
    #[track_caller]
    pub fn assert_sound(&mut self) {
        self.weigh();
        assert!(self.most <= self.allowed, "{} bytes of memory, {} planned", self.most, self.allowed);
        let peers = self.crier.json(&["peers"]);
        for address in [BIRD, &FEEDER.0.to_string(), &SINK.0.to_string()] {
            let found = peers.as_array().into_iter().flatten().find(|peer| peer["address"] == address);
            let peer = found.cloned().unwrap_or_default();
            assert_eq!((&peer["state"], &peer["flaps"]), (&"Established".into(), &0.into()), "{peer}");
        }
        assert!(self.bird.established(OWN));
        // The end that would know of a session that was closed and came back.
        let changes = self.bird.neighbor(OWN);
        assert!(!changes.contains("Last error"), "{changes}");
    }

    /// What must be as before once an attack is over: tables are as empty, routes pass, who attacked may have a session.
    #[track_caller]
    pub fn assert_recovered(&mut self) {
        let rest = self.rest.clone();
        for table in
            ["connections", "prefixes", "paths", "attribute-sets", "attribute-bytes", "refused-paths"]
        {
            // The attacker's address may still have a session, and no routes.
            let allowed = rest.used(table) + u64::from(table == "connections");
            let crier = &self.crier;
            let mut used = 0;
            self.honest.idle_until(|| {
                used = Usage::of(crier).used(table);
                used <= allowed
            });
        }
        self.honest.rounds(5);
        let mut session = self.attackers_session();
        session.send(&session_route());
        let attacker = ATTACKER.0.to_string();
        let crier = &self.crier;
        self.honest.idle_until(|| {
            crier.peer(&attacker)["families"].as_array().into_iter().flatten().any(|f| f["accepted"] == 1)
        });
        session.send(&message(ROUTE_REFRESH, &[0, 1, 0, 1]));
        session.receive_until(|kind, _| kind == UPDATE);
        self.assert_sound();
    }

    /// A session of the attacker's, as one that behaves has it.
    #[track_caller]
    pub fn attackers_session(&mut self) -> RawPeer {
        let (bad, mut session) = (self.bad, None);
        self.honest.idle_until(|| {
            session = bad.enter(|| establish(ATTACKER.0, SocketAddr::new(TARGET, 179), &[]));
            session.is_some()
        });
        session.unwrap_or_else(|| fail("no session"))
    }

    /// The entry of `crier peers --json` for the attacker.
    #[track_caller]
    pub fn attacker(&self) -> Value {
        self.crier.peer(&ATTACKER.0.to_string())
    }

    fn anonymous(&mut self) -> u64 {
        anonymous_bytes(self.crier.process().pid())
    }

    #[track_caller]
    fn ask_everything(&self) {
        for words in [&["peers"][..], &["routes"], &["why", "172.20.2.0/24"], &["events"], &["policies"]] {
            self.crier.command(words);
        }
        await_until("BIRD's route is there", || self.crier.routes(&[]).len(), |count| *count > 0);
    }
}

/// Calls an attack off, also where a test has failed.
struct CallOff<'o>(&'o Orders);

impl Drop for CallOff<'_> {
    fn drop(&mut self) {
        self.0.call_off();
    }
}

fn session_route() -> Vec<u8> {
    Attributes::new(&[ATTACKER.1], ATTACKER.0).announce(&[24, 31, 0, 0])
}

fn configuration(setup: &Setup) -> String {
    let neighbor = |plan: Plan, (address, asn): (Ipv4Addr, u32), own: &str| {
        plan.neighbor(own, &address.to_string(), asn).with(|one| (one.passive, one.hold) = (true, HOLD))
    };
    let plan = Plan::new(65_000, [10, 0, 0, 1]).neighbor(OWN, BIRD, 65_002);
    let plan = plan.with(|bird| (bird.passive, bird.hold) = (true, HOLD));
    let plan = neighbor(neighbor(plan, FEEDER, OWN), SINK, OWN);
    let plan = neighbor(plan, ATTACKER, &TARGET.to_string())
        .with(|bad| (bad.hold, bad.extra) = (90, setup.attacker.to_owned()));
    let prefault = setup.prefault;
    format!(
        "{}\n[limits]\n{}prefault = {prefault}\n\n[[group]]\nname = \"crowd\"\nremote-asn = \"external\"\n\
         dynamic = [\"{}/16\"]\ndynamic-limit = 40\nimport = \"accept-all\"\nexport = \"accept-all\"\n\
         max-prefixes = {{ limit = 20, action = \"refuse\" }}\n{}",
        Crier::configuration(&plan),
        setup.limits,
        Ipv4Addr::from_bits(RANGE),
        setup.range
    )
}
