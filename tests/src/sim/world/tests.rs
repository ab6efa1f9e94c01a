use crier_core::speaker::Clear;

use super::*;
use crate::sim::plan::{EndPlan, Quality, Work};
use crate::sim::settle::{Expected, converge};

fn config(asn: u32, id: &str, neighbor: &str, network: &str) -> String {
    format!(
        "[router]\nasn = {asn}\nrouter-id = \"{id}\"\n[[neighbor]]\naddress = \"{neighbor}\"\nremote-asn = \"external\"\n\
         import = \"accept-all\"\nexport = \"accept-all\"\ntimers = {{ hold = 9, keepalive = 3, connect-retry = 5 }}\n\
         [[network]]\nprefix = \"{network}\"\n[limits]\nprefixes = 100\npaths = 100\nattribute-sets = 50\n"
    )
}

/// Two routers and the link between them.
fn pair(seed: u64, quality: Quality) -> Plan {
    let end = |host, net: &str| EndPlan { host, addresses: vec![net.parse().unwrap()] };
    Plan {
        seed,
        hosts: vec![
            HostPlan::speaker("one", config(65001, "10.0.0.1", "10.0.0.2", "192.0.2.0/24")),
            HostPlan::speaker("two", config(65002, "10.0.0.2", "10.0.0.1", "198.51.100.0/24")),
        ],
        links: vec![LinkPlan { ends: vec![end(0, "10.0.0.1/24"), end(1, "10.0.0.2/24")], quality }],
        ..Plan::default()
    }
}

fn prefixes(world: &World, host: usize) -> usize {
    let speaker = world.speaker(host).unwrap();
    let slots = 1..speaker.destination_slots(crier_core::Family::Ipv4Unicast);
    slots.filter_map(|slot| speaker.destination(crier_core::Family::Ipv4Unicast, slot)).count()
}

#[test]
fn two_speakers_find_each_other_and_a_lossy_link_changes_only_the_time() {
    let lossy = Quality { loss: 30_000, jitter: Micros::millis(2), ..Quality::default() };
    for quality in [Quality::default(), lossy] {
        let mut world = World::new(&pair(1, quality)).unwrap();
        world.run_until(Micros::secs(60)).unwrap();
        assert_eq!([prefixes(&world, 0), prefixes(&world, 1)], [2, 2]);
    }
}

#[test]
fn a_neighbor_without_power_is_noticed_by_the_hold_timer() {
    let mut world = World::new(&pair(1, Quality::default())).unwrap();
    let (from, until) = (Micros::secs(20), Micros::secs(60));
    world.inject(Fault { from, until, kind: FaultKind::Crash { host: 1 } }).unwrap();
    world.run_until(Micros::secs(25)).unwrap();
    assert_eq!(prefixes(&world, 0), 2);
    world.run_until(Micros::secs(35)).unwrap();
    assert_eq!(prefixes(&world, 0), 1);
    assert!(world.speaker(1).is_none());
    world.run_until(Micros::secs(120)).unwrap();
    assert_eq!(prefixes(&world, 0), 2);
}

#[test]
fn the_same_seed_gives_the_same_packets() {
    let run = |seed| {
        let quality = Quality { loss: 10_000, reordering: 50_000, corruption: 10_000, ..Quality::default() };
        let mut world = World::new(&pair(seed, quality)).unwrap();
        world.run_until(Micros::secs(300)).unwrap();
        (world.hash(), world.statistics())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0, run(8).0);
}

/// A pair at rest.
fn resting() -> World {
    let mut world = World::new(&pair(1, Quality::default())).unwrap();
    world.run_until(Micros::secs(61)).unwrap();
    assert_eq!(world.at_rest(), Ok(()));
    world
}

fn strict() -> Expected {
    Expected { sessions: true, arrival: true, refusals: false, oscillation: false }
}

#[test]
fn what_is_wrong_at_rest_is_not_given_the_time_to_be_repaired() {
    let mut world = resting();
    assert!(converge(&mut world, Micros::secs(60), strict()).is_ok());
    let begin = world.now();
    // A comparison of the bridge with its kernel, every five minutes, would find it.
    assert!(world.hosts[0].kernel.fib.unlearn("198.51.100.0/24".parse().unwrap()));
    let failure = converge(&mut world, Micros::secs(900), strict()).unwrap_err();
    assert_eq!(failure.rule, Rule::DataPlane, "{failure}");
    assert!(failure.at - begin < Micros::secs(10), "{failure}");
}

#[test]
fn each_kind_of_difference_between_speaker_and_table_is_found() {
    use crate::sim::kernel::{Lead, NextHop, in_step};
    let mut world = resting();
    let step = |world: &World| in_step(world.speaker(0).unwrap(), world.hosts[0].fib());
    let learned: ipnet::IpNet = "198.51.100.0/24".parse().unwrap();
    let wrong = Lead::Hops(vec![NextHop { interface: 0, gateway: "10.0.0.9".parse().unwrap() }]);
    assert_eq!(step(&world), Ok(()));
    let good = world.hosts[0].kernel.fib.clone();
    world.hosts[0].kernel.fib.learn(Micros(1), learned, wrong.clone());
    assert!(step(&world).unwrap_err().contains("198.51.100.0/24"));
    world.hosts[0].kernel.fib = good;
    world.hosts[0].kernel.fib.learn(Micros(1), "203.0.113.0/24".parse().unwrap(), wrong);
    assert!(step(&world).unwrap_err().contains("203.0.113.0/24 among them"));
}

#[test]
fn kernels_that_lie_and_operators_that_delete_are_survived() {
    use crate::sim::plan::KernelFault;
    let how = [KernelFault::Refuse, KernelFault::Delay(Micros::secs(1)), KernelFault::Lose];
    for (number, how) in how.into_iter().chain([KernelFault::Vanish, KernelFault::Overrun]).enumerate() {
        let mut plan = Plan {
            faults: vec![
                fault(20, 60, FaultKind::Kernel { host: 0, how }),
                fault(25, 28, FaultKind::Kill { host: 0 }),
                fault(40, 41, FaultKind::Reset { host: 0, peer: 1 }),
            ],
            heal_at: Micros::secs(70),
            converge_within: Micros::secs(600),
            watch: Micros::secs(30),
            ..pair(number as u64, Quality::default())
        };
        for objects in [true, false] {
            plan.hosts[0].next_hop_objects = objects;
            let verdict = crate::sim::run(&plan, crate::sim::Options::default());
            assert!(verdict.result.is_ok(), "{how:?}: {:?}\n{}", verdict.result, verdict.trace.join("\n"));
        }
    }
}

#[test]
fn bytes_on_their_way_are_no_rest() {
    let mut world = resting();
    world.inject(fault(61, 100, FaultKind::Deaf { host: 0 })).unwrap();
    world.run_until(Micros::secs(66)).unwrap();
    let text = world.at_rest().unwrap_err();
    assert!(text.contains("on their way"), "{text}");
}

fn fault(from: u64, until: u64, kind: FaultKind) -> Fault {
    Fault { from: Micros::secs(from), until: Micros::secs(until), kind }
}

#[test]
fn a_refresh_in_the_silence_excuses_its_answer_and_nothing_else() {
    let refresh = WorkKind::Clear("10.0.0.2".parse().unwrap(), Clear::SoftIn);
    let mut world = resting();
    world.keep_silence(2);
    world.operate(0, &refresh).unwrap();
    world.run_until(Micros::secs(70)).unwrap();
    assert!(world.last_update() > Micros::secs(60), "nobody has answered");
    let network = "203.0.113.0/24".parse().unwrap();
    let announce = WorkKind::Announce { prefix: network, communities: Vec::new(), med: None };
    for host in [0, 1] {
        let mut world = resting();
        world.keep_silence(2);
        world.operate(0, &refresh).unwrap();
        world.operate(host, &announce).unwrap();
        assert_eq!(world.run_until(Micros::secs(70)).unwrap_err().rule, Rule::Silence, "{host}");
    }
    let mut world = resting();
    world.keep_silence(0);
    world.operate(0, &refresh).unwrap();
    assert_eq!(world.run_until(Micros::secs(70)).unwrap_err().rule, Rule::Silence);
}

#[test]
fn turns_at_rest_are_counted() {
    let mut world = resting();
    let before = world.turns();
    world.run_until(Micros::secs(161)).unwrap();
    world.judge_calm(&before, 100).unwrap();
    // KEEPALIVEs every three seconds, 34 of them.
    world.hosts[1].all_turns = before[1] + 50 * 100 + 8 * 34 + 1;
    let broken = world.judge_calm(&before, 100).unwrap_err();
    assert_eq!(broken.rule, Rule::Progress);
    assert!(broken.text.starts_with("two: 5273 turns in 100 s"), "{}", broken.text);
}

#[test]
fn who_reads_slowly_gets_everything_late() {
    let mut world = resting();
    world.inject(fault(61, 200, FaultKind::SlowReader { host: 1, rate: 40 })).unwrap();
    for number in 0..3 {
        let prefix = format!("203.0.{number}.0/24").parse().unwrap();
        let communities = (0..30).collect();
        world.operate(0, &WorkKind::Announce { prefix, communities, med: Some(number) }).unwrap();
    }
    world.run_until(Micros::secs(65)).unwrap();
    assert_eq!(prefixes(&world, 1), 2);
    world.run_until(Micros::secs(110)).unwrap();
    assert_eq!(prefixes(&world, 1), 5);
    assert_eq!(world.statistics().sessions, 2, "a session was lost");
}

#[test]
fn a_whole_run_ends_with_everything_right() {
    let quality = Quality { loss: 10_000, reordering: 50_000, corruption: 10_000, ..Quality::default() };
    for seed in 0..20 {
        let plan = Plan {
            faults: vec![
                fault(20, 60, FaultKind::Crash { host: 1 }),
                fault(70, 71, FaultKind::Reset { host: 0, peer: 1 }),
                fault(75, 75, FaultKind::HalfOpen { host: 0, peer: 1 }),
                fault(80, 90, FaultKind::Kill { host: 0 }),
                fault(95, 130, FaultKind::Deaf { host: 0 }),
                fault(150, 190, FaultKind::SlowReader { host: 1, rate: 100 }),
                fault(140, 140, FaultKind::ClockJump { host: 1, by: Micros::secs(1000) }),
            ],
            heal_at: Micros::secs(200),
            converge_within: Micros::secs(600),
            watch: Micros::secs(100),
            ..pair(seed, quality)
        };
        let verdict = crate::sim::run(&plan, crate::sim::Options::default());
        assert!(verdict.result.is_ok(), "{seed}: {:?}\n{}", verdict.result, verdict.trace.join("\n"));
    }
}

#[test]
fn what_a_daemon_refuses_is_noted_and_counted() {
    let work = |at, kind| Work { at: Micros::secs(at), host: 0, kind };
    let network = "192.0.2.0/24".parse().unwrap();
    let announce = WorkKind::Announce { prefix: network, communities: Vec::new(), med: None };
    let plan = Plan {
        work: vec![
            work(20, WorkKind::Withdraw(network)),
            work(21, announce),
            work(22, WorkKind::Withdraw(network)),
        ],
        ..pair(1, Quality::default())
    };
    let mut world = World::new(&plan).unwrap();
    world.trace.keep(100);
    world.run_until(Micros::secs(30)).unwrap();
    let Statistics { work, refused, .. } = world.statistics();
    assert_eq!((work, refused), (3, 1));
    let events = world.trace.lines(|host| world.name(host));
    let refusals: Vec<_> = events.iter().filter(|line| line.contains("refused: ")).collect();
    assert_eq!(refusals.len(), 1, "{events:?}");
    assert!(
        refusals[0].starts_with("20.000000 one: refused: 192.0.2.0/24 comes from a [[network]]"),
        "{refusals:?}"
    );
}

#[test]
fn a_daemon_that_starts_again_reads_the_file_that_was_reloaded_last() {
    let mut world = World::new(&pair(1, Quality::default())).unwrap();
    world.run_until(Micros::secs(20)).unwrap();
    let changed = config(65001, "10.0.0.1", "10.0.0.2", "203.0.113.0/24");
    world.operate(0, &WorkKind::Reload(changed.clone())).unwrap();
    // What is refused is not in the file.
    let refused = changed.replace("prefixes = 100", "prefixes = 101").replace("203.0.113", "198.18.0");
    world.operate(0, &WorkKind::Reload(refused)).unwrap_err();
    let (from, until) = (Micros::secs(30), Micros::secs(35));
    world.inject(Fault { from, until, kind: FaultKind::Kill { host: 0 } }).unwrap();
    world.run_until(Micros::secs(90)).unwrap();
    let held = |prefix: &str| {
        let prefix: ipnet::IpNet = prefix.parse().unwrap();
        let speaker = world.speaker(1).unwrap();
        let slots = 1..speaker.destination_slots(crier_core::Family::Ipv4Unicast);
        let mut held = slots.filter_map(|slot| speaker.destination(crier_core::Family::Ipv4Unicast, slot));
        held.any(|destination| destination.prefix == prefix)
    };
    assert!(held("203.0.113.0/24") && !held("192.0.2.0/24") && !held("198.18.0.0/24"));
}
