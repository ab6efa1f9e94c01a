//! The referee beside a world of two routers of one AS.

use std::net::SocketAddr;

use crier_core::Family;
use crier_core::config::PolicyRef;
use crier_core::peer::State;
use crier_core::speaker::Clear;
use crier_core::view::Reason;
use ipnet::IpNet;

use super::expected::Asked;
use super::*;
use crate::sim::Route;
use crate::sim::judge::Expected;
use crate::sim::oracle::Router;
use crate::sim::plan::{EndPlan, HostPlan, LinkPlan, Plan, Quality};
use crate::sim::world::World;
use crate::wire::{self, KEEPALIVE, UPDATE, message};

fn config(own: u8, other: u8, export: &str) -> String {
    format!(
        "[router]\nasn = 65001\nrouter-id = \"10.0.0.{own}\"\n[[neighbor]]\naddress = \"10.0.0.{other}\"\nremote-asn = 65001\n\
         export = \"{export}\"\ntimers = {{ hold = 9, keepalive = 3, connect-retry = 5 }}\n\
         [[network]]\nprefix = \"192.0.{own}.0/24\"\n[limits]\nprefixes = 100\npaths = 100\nattribute-sets = 50\n"
    )
}

/// Two routers that have talked to each other for a while.
fn world() -> World {
    let end = |host, net: &str| EndPlan { host, addresses: vec![net.parse().unwrap()] };
    let ends = vec![end(0, "10.0.0.1/24"), end(1, "10.0.0.2/24")];
    let plan = Plan {
        seed: 1,
        hosts: vec![
            HostPlan::speaker("one", config(1, 2, "accept-all")),
            HostPlan::speaker("two", config(2, 1, "accept-all")),
        ],
        links: vec![LinkPlan { ends, quality: Quality::default() }],
        ..Plan::default()
    };
    let mut world = World::new(&plan).unwrap();
    world.run_until(Micros::secs(20)).unwrap();
    world
}

fn prefix() -> IpNet {
    "192.0.1.0/24".parse().unwrap()
}

/// What the first router's session ought to be told of its own prefix, by this router as the oracle has it.
fn asked(world: &World, router: &Router) -> Result<Route, Reason> {
    let watched = world.referee.side(0).unwrap().watched().next().unwrap();
    let (speaker, session) = (world.speaker(0).unwrap(), watched.session);
    Asked { speaker, router, session, remote: watched.remote() }.export(prefix())
}

#[test]
fn a_speaker_that_drains_is_not_asked_what_it_ought_to_say() {
    let mut world = world();
    let told = |world: &World| asked(world, world.referee.side(0).unwrap().router().unwrap());
    let before = told(&world).unwrap();
    assert_eq!((before.local_pref, before.communities.len()), (Some(100), 0));

    world.operate(0, &WorkKind::Drain).unwrap();
    let last_resort = told(&world).unwrap();
    assert_eq!(last_resort.local_pref, Some(0));
    assert_eq!(Vec::from_iter(last_resort.communities), [0xFFFF_0000]);
    let mut router = world.referee.side(0).unwrap().router().unwrap().clone();
    router.sessions[0].settings.export = PolicyRef::RejectAll;
    assert_eq!(asked(&world, &router), Err(Reason::Policy));

    // A timer ends it, of which nobody tells.
    world.run_until(Micros::secs(24)).unwrap();
    assert!(told(&world).is_ok());
    world.run_until(Micros::secs(26)).unwrap();
    assert_eq!(told(&world), Err(Reason::Drained));
    world.operate(0, &WorkKind::Undrain).unwrap();
    assert_eq!(told(&world), Ok(before));
}

/// One route, whatever the speaker has.
struct OneRoute(Route);

impl Expected for OneRoute {
    fn export(&mut self, _: IpNet) -> Result<Route, Reason> {
        Ok(self.0.clone())
    }

    fn prefixes(&mut self, family: Family) -> Vec<IpNet> {
        Vec::from_iter((family == Family::Ipv4Unicast).then(prefix))
    }

    fn settled(&mut self) -> bool {
        true
    }
}

/// The OPEN of a router that offers this hold time.
fn open(id: u8, hold: u16) -> Vec<u8> {
    let mut open = wire::Open { hold, ..wire::Open::new(65_001, [10, 0, 0, id]) };
    open.capabilities.extend([(64, vec![0, 0]), (6, Vec::new())]);
    open.encode()
}

const CONN: ConnId = ConnId { index: 0, generation: 1 };

/// What is known of the first router, with a session that is up and was told nothing yet.
fn untold(world: &World) -> Side {
    let mut side = Side::default();
    side.configured(&world.hosts()[0]);
    met(world, side, 9)
}

/// With such a session, where the neighbor offers this hold time.
fn met(world: &World, mut side: Side, hold: u16) -> Side {
    let [local, remote] = [1, 2].map(|id| SocketAddr::from(([10, 0, 0, id], 179)));
    side.opened(CONN, &Ends::new(remote, local), Micros::ZERO);
    let (watched, _) = side.watched_mut(CONN).unwrap();
    watched.received(Micros::ZERO, Micros::ZERO, &open(2, hold));
    let route = asked(world, world.referee.side(0).unwrap().router().unwrap()).unwrap();
    let said = [open(1, 9), message(KEEPALIVE, &[])].concat();
    watched.judge.sent(&said, &mut OneRoute(route)).unwrap();
    watched.received(Micros::ZERO, Micros::ZERO, &message(KEEPALIVE, &[]));
    side
}

/// Whether an End-of-RIB is taken for complete although a route was not told.
fn may_be_incomplete(world: &World, mut side: Side) -> bool {
    let router = world.referee.side(0).unwrap().router().unwrap();
    let route = asked(world, router).unwrap();
    let (watched, _) = side.watched_mut(CONN).unwrap();
    watched.judge.sent(&message(UPDATE, &[0; 4]), &mut OneRoute(route)).is_ok()
}

#[test]
fn only_what_has_everything_announced_again_excuses_an_end_of_rib_that_is_not_the_end() {
    let clear = |how| WorkKind::Clear("10.0.0.2".parse().unwrap(), how);
    let communities = Vec::new();
    let announce = WorkKind::Announce { prefix: "192.0.7.0/24".parse().unwrap(), communities, med: None };
    let same = WorkKind::Reload(config(1, 2, "accept-all"));
    for (work, excuse) in [
        (announce, false),
        (clear(Clear::SoftIn), false),
        (clear(Clear::SoftOut), true),
        (WorkKind::Clear("10.0.0.9".parse().unwrap(), Clear::SoftOut), false),
        (WorkKind::Drain, true),
        (WorkKind::Undrain, false),
        (same, false),
    ] {
        let mut world = world();
        let mut side = untold(&world);
        let _ = world.operate(0, &work);
        side.operated(&world.hosts()[0], &work);
        assert_eq!(may_be_incomplete(&world, side), excuse, "{work:?}");
    }
}

#[test]
fn the_end_of_draining_has_everything_announced_again() {
    let mut world = world();
    let mut side = Side::default();
    world.operate(0, &WorkKind::Drain).unwrap();
    side.operated(&world.hosts()[0], &WorkKind::Drain);
    side = met(&world, side, 9);
    world.operate(0, &WorkKind::Undrain).unwrap();
    side.operated(&world.hosts()[0], &WorkKind::Undrain);
    assert!(may_be_incomplete(&world, side));
}

#[test]
fn another_export_policy_has_everything_announced_again() {
    let (mut world, reload) = (world(), WorkKind::Reload(config(1, 2, "reject-all")));
    let mut side = untold(&world);
    let route = asked(&world, world.referee.side(0).unwrap().router().unwrap()).unwrap();
    world.operate(0, &reload).unwrap();
    side.operated(&world.hosts()[0], &reload);
    let (watched, _) = side.watched_mut(CONN).unwrap();
    watched.judge.sent(&message(UPDATE, &[0; 4]), &mut OneRoute(route)).unwrap();
}

#[test]
fn at_rest_end_of_rib_has_come_and_everything_is_told() {
    let world = world();
    let (mut side, speaker) = (untold(&world), world.speaker(0).unwrap());
    side.establish(Micros::ZERO, speaker).unwrap();
    let told = |side: &Side| {
        let result = side.judge_told(speaker, side.watched().next().unwrap());
        result.map_err(|broken| (broken.rule, broken.text))
    };
    let end = |text: &str| Err((Rule::EndOfRib, format!("one to 10.0.0.2:179: no End-of-RIB of {text}")));
    assert_eq!(told(&side), end("ipv4-unicast"));
    let nothing = |side: &mut Side, body: &[u8]| {
        let (watched, _) = side.watched_mut(CONN).unwrap();
        watched.judge.again();
        let route = asked(&world, world.referee.side(0).unwrap().router().unwrap()).unwrap();
        watched.judge.sent(&message(UPDATE, body), &mut OneRoute(route)).unwrap();
    };
    nothing(&mut side, &[0; 4]);
    assert_eq!(told(&side), end("ipv6-unicast"));
    nothing(&mut side, &[0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1]);
    assert_eq!(told(&side).unwrap_err().0, Rule::AdjRib);
    // The real one was told both.
    assert_eq!(told(world.referee.side(0).unwrap()), Ok(()));
}

#[test]
fn a_speaker_that_goes_by_what_the_opens_do_not_make_is_found() {
    let world = world();
    let speaker = world.speaker(0).unwrap();
    let peer = speaker.peer(speaker.find_peer("10.0.0.2".parse().unwrap()).unwrap()).unwrap();
    assert_eq!(peer.state, State::Established);
    untold(&world).establish(Micros::ZERO, speaker).unwrap();
    let mut other = Side::default();
    other.configured(&world.hosts()[0]);
    let mut other = met(&world, other, 3);
    let broken = other.establish(Micros::ZERO, speaker).unwrap_err();
    assert_eq!(broken.rule, Rule::Messages);
    assert!(broken.text.ends_with("goes by hold time 9 where the OPENs make 3"), "{}", broken.text);
}
