use std::collections::BTreeMap;

use super::*;
use crate::daemon::Now;

/// A stand-in for the speaker: it has room for `room` routes.
#[derive(Default)]
struct Table {
    routes: BTreeMap<IpNet, Option<u32>>,
    room: usize,
    calls: usize,
    /// The policy that rejects everything.
    rejects: u16,
}

impl Originate for Table {
    fn redistribute(
        &mut self,
        _: Instant,
        route: &LocalRoute<'_>,
        policy: PolicyRef,
    ) -> Result<(), CommandError> {
        self.calls += 1;
        if policy == PolicyRef::Named(self.rejects) {
            return Err(CommandError::Policy);
        }
        if route.prefix.addr().is_loopback() {
            return Err(CommandError::Martian);
        }
        if self.routes.len() >= self.room && !self.routes.contains_key(&route.prefix) {
            return Err(CommandError::Full);
        }
        self.routes.insert(route.prefix, route.med);
        Ok(())
    }

    fn withdraw(&mut self, prefix: IpNet) -> bool {
        self.calls += 1;
        self.routes.remove(&prefix).is_some()
    }
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn med(med: u32) -> Attributes {
    Attributes { med: Some(med), ..Attributes::default() }
}

fn announce(prefix: &str, value: u32, ttl_ms: Option<u64>, owner: Option<&str>) -> Announce {
    Announce { prefix: net(prefix), attributes: med(value), ttl_ms, owner: owner.map(str::to_owned) }
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn setup() -> (Sources, Table) {
    let (mut sources, mut table) = (Sources::default(), Table { room: 3, ..Table::default() });
    sources.set_config([(net("10.0.0.0/8"), med(1)), (net("10.1.0.0/16"), med(2))]);
    sources.reconcile(at(0), &mut table);
    (sources, table)
}

#[test]
fn only_the_difference_is_applied() {
    let (mut sources, mut table) = setup();
    assert_eq!(table.calls, 2);
    sources.reconcile(at(1), &mut table);
    assert_eq!(table.calls, 2, "nothing differs");
    sources.set_config([(net("10.0.0.0/8"), med(1)), (net("10.2.0.0/16"), med(2))]);
    sources.reconcile(at(2), &mut table);
    assert_eq!(table.calls, 4, "one goes, one comes");
    assert_eq!(table.routes, BTreeMap::from([(net("10.0.0.0/8"), Some(1)), (net("10.2.0.0/16"), Some(2))]));
}

#[test]
fn control_wins_while_it_lasts() {
    let (mut sources, mut table) = setup();
    sources.announce(at(0), announce("10.0.0.0/8", 50, Some(1000), None), &mut table).unwrap();
    assert_eq!(table.routes[&net("10.0.0.0/8")], Some(50));
    assert_eq!(sources.deadline(), Some(at(1000)));
    assert!(sources.expire(at(999), &mut table).is_empty());
    assert_eq!(sources.expire(at(1000), &mut table), [net("10.0.0.0/8")]);
    assert_eq!(table.routes[&net("10.0.0.0/8")], Some(1), "as the configuration has it");
    assert_eq!(sources.deadline(), None);
}

#[test]
fn a_lease_that_is_renewed_goes_on() {
    let (mut sources, mut table) = setup();
    let prefix = net("192.0.2.1/32");
    for ms in [0, 800, 1600] {
        sources.announce(at(ms), announce("192.0.2.1/32", 1, Some(1000), Some("hc")), &mut table).unwrap();
        assert!(sources.expire(at(ms + 900), &mut table).is_empty());
        assert!(table.routes.contains_key(&prefix));
    }
    let calls = table.calls;
    assert_eq!(sources.expire(at(2600), &mut table), [prefix]);
    assert_eq!(table.calls, calls + 1);
    assert!(!table.routes.contains_key(&prefix));
}

#[test]
fn renewing_tells_the_speaker_nothing_new() {
    let (mut sources, mut table) = setup();
    sources.announce(at(0), announce("192.0.2.1/32", 1, Some(1000), None), &mut table).unwrap();
    let calls = table.calls;
    sources.announce(at(1), announce("192.0.2.1/32", 1, Some(1000), None), &mut table).unwrap();
    assert_eq!(table.calls, calls);
}

#[test]
fn an_owner_keeps_others_out() {
    let (mut sources, mut table) = setup();
    sources.announce(at(0), announce("192.0.2.1/32", 1, None, Some("a")), &mut table).unwrap();
    for owner in [None, Some("b")] {
        let error =
            sources.announce(at(0), announce("192.0.2.1/32", 2, None, owner), &mut table).unwrap_err();
        assert!(error.contains("--owner \"a\""), "{error}");
        assert!(sources.withdraw(at(0), net("192.0.2.1/32"), owner, &mut table).is_err());
    }
    assert_eq!(table.routes[&net("192.0.2.1/32")], Some(1));
    sources.withdraw(at(0), net("192.0.2.1/32"), Some("a"), &mut table).unwrap();
    assert!(!table.routes.contains_key(&net("192.0.2.1/32")));
    let long = "x".repeat(MAX_OWNER + 1);
    assert!(sources.announce(at(0), announce("192.0.2.1/32", 1, None, Some(&long)), &mut table).is_err());
}

#[test]
fn withdraw_says_where_a_route_comes_from() {
    let (mut sources, mut table) = setup();
    let configured = sources.withdraw(at(0), net("10.0.0.0/8"), None, &mut table).unwrap_err();
    assert!(configured.contains("[[network]]"), "{configured}");
    let unknown = sources.withdraw(at(0), net("10.9.0.0/16"), None, &mut table).unwrap_err();
    assert!(unknown.contains("not announced"), "{unknown}");
}

#[test]
fn what_is_refused_leaves_no_trace() {
    let (mut sources, mut table) = setup();
    sources.announce(at(0), announce("192.0.2.1/32", 1, None, None), &mut table).unwrap();
    let full = sources.announce(at(0), announce("192.0.2.2/32", 1, None, None), &mut table).unwrap_err();
    assert!(full.contains("no room"), "{full}");
    assert!(sources.announce(at(0), announce("127.0.0.1/32", 1, None, None), &mut table).is_err());
    assert_eq!(sources.control().len(), 1);
    assert!(sources.refused().is_empty());
    assert_eq!(table.routes.len(), 3);
}

#[test]
fn what_the_configuration_could_not_get_comes_when_there_is_room() {
    let (mut sources, mut table) = setup();
    table.room = 2;
    sources.set_config([
        (net("10.0.0.0/8"), med(1)),
        (net("10.1.0.0/16"), med(2)),
        (net("10.2.0.0/16"), med(3)),
    ]);
    sources.reconcile(at(0), &mut table);
    assert_eq!(sources.refused().get(&net("10.2.0.0/16")), Some(&CommandError::Full));
    table.room = 3;
    sources.reconcile(at(1), &mut table);
    assert!(sources.refused().is_empty());
    assert_eq!(table.routes.len(), 3);
}

#[test]
fn the_file_keeps_leases_by_the_time_of_day() {
    let directory = std::env::temp_dir().join(format!("crier-sources-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let before = Now { at: at(5000), unix_ms: 1_000_000 };
    let (mut sources, mut table) = (Sources::default(), Table { room: 9, ..Table::default() });
    let rich = Attributes {
        next_hop: "192.0.2.9".parse().ok(),
        communities: vec![0xFFFF_FF01],
        large_communities: vec![[1, 2, 3]],
        ..med(9)
    };
    let request = Announce { attributes: rich, ..announce("10.0.0.0/8", 0, None, Some("me")) };
    sources.announce(before.at, request, &mut table).unwrap();
    sources.announce(before.at, announce("10.1.0.0/16", 1, Some(10_000), None), &mut table).unwrap();
    sources.announce(before.at, announce("10.2.0.0/16", 1, Some(30_000), None), &mut table).unwrap();
    let shut = BTreeMap::from([("192.0.2.7".parse().unwrap(), "later".to_owned())]);
    save(&directory, before, sources.control().iter(), shut.iter()).unwrap();

    let after = Now { at: at(100), unix_ms: 1_020_000 };
    let kept = load(&directory, after).unwrap();
    assert_eq!(kept.shut, [("192.0.2.7".parse().unwrap(), "later".to_owned())]);
    let prefixes: Vec<_> = kept.announcements.iter().map(|(prefix, _)| prefix.to_string()).collect();
    assert_eq!(prefixes, ["10.0.0.0/8", "10.2.0.0/16"], "one lease ended while no daemon ran");
    assert_eq!(kept.announcements[0].1, sources.control()[&net("10.0.0.0/8")]);
    assert_eq!(kept.announcements[1].1.expires, Some(at(10_100)));

    std::fs::write(directory.join("control.json"), "{\"version\":1").unwrap();
    assert!(load(&directory, after).is_err());
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(load(&directory, after).unwrap(), Kept::default());
}
