use std::net::Ipv4Addr;

use crier_core::config::{RemoteAs, Settings, Timers};

use super::*;
use crate::wire::update::{Attributes, push_prefix, withdraw};
use crate::wire::{self, KEEPALIVE, NOTIFICATION, ROUTE_REFRESH, UPDATE, message};

/// 10.0.0.0/8, 10.1.0.0/16.
const NETS: [(u32, u8); 2] = [(0x0A00_0000, 8), (0x0A01_0000, 16)];
/// End-of-RIB of both families.
const ENDS: [&[u8]; 2] = [&[0; 4], &[0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1]];

/// What ought to be announced, as the test says.
struct Tables {
    routes: BTreeMap<IpNet, Route>,
    settled: bool,
}

impl Expected for Tables {
    fn export(&mut self, prefix: IpNet) -> Result<Route, Reason> {
        self.routes.get(&prefix).cloned().ok_or(Reason::NoBestPath)
    }

    fn prefixes(&mut self, family: Family) -> Vec<IpNet> {
        self.routes.keys().filter(|prefix| Family::of(prefix) == family).copied().collect()
    }

    fn settled(&mut self) -> bool {
        self.settled
    }
}

fn net(number: usize) -> IpNet {
    ["10.0.0.0/8", "10.1.0.0/16"][number].parse().unwrap()
}

fn nlri(number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_prefix(&mut bytes, NETS[number]);
    bytes
}

fn attributes() -> Attributes {
    Attributes::new(&[65_001], Ipv4Addr::new(192, 0, 2, 1))
}

fn announce(number: usize) -> Vec<u8> {
    attributes().announce(&nlri(number))
}

fn route() -> Route {
    match message::decode(UPDATE, &announce(0)[19..]) {
        Ok(Message::Update(Update::Announce { route, .. })) => route,
        other => panic!("{other:?}"),
    }
}

fn end(family: Family) -> Vec<u8> {
    message(UPDATE, ENDS[family.index()])
}

/// Tables with the first so many prefixes.
fn tables(count: usize) -> Tables {
    Tables { routes: (0..count).map(|number| (net(number), route())).collect(), settled: true }
}

/// The other end's OPEN.
fn open() -> wire::Open {
    wire::Open::new(65_002, [10, 0, 0, 2])
}

/// This end's.
fn hello() -> wire::Open {
    let mut open = wire::Open::new(65_001, [10, 0, 0, 1]);
    open.capabilities.push((64, vec![0, 0]));
    open
}

/// A judge of a connection of one that is configured to say hello to one in this AS.
fn fresh_to(remote_as: RemoteAs) -> SessionJudge {
    let timers = Timers { hold: 180, ..Timers::default() };
    let settings = Settings { timers, remote_as, ..Settings::default() };
    let offer = Offer { asn: 65_001, router_id: [10, 0, 0, 1].into(), settings, over_ipv6: false };
    SessionJudge::new("a to b".to_owned(), offer)
}

fn fresh() -> SessionJudge {
    fresh_to(RemoteAs::External)
}

/// A judge of a session that these OPENs made.
fn established(ours: &wire::Open, theirs: &wire::Open) -> SessionJudge {
    let mut judge = fresh();
    judge.sent(&ours.encode(), &mut tables(0)).unwrap();
    judge.received(&theirs.encode());
    judge.sent(&message(KEEPALIVE, &[]), &mut tables(0)).unwrap();
    judge.received(&message(KEEPALIVE, &[]));
    assert!(judge.is_established());
    judge
}

fn judge() -> SessionJudge {
    established(&hello(), &open())
}

/// The rule that the last of these messages breaks, and none before it.
#[track_caller]
fn rule(judge: &mut SessionJudge, expected: &mut Tables, messages: &[Vec<u8>]) -> Rule {
    let (last, before) = messages.split_last().unwrap();
    for message in before {
        judge.sent(message, expected).unwrap();
    }
    let broken = judge.sent(last, expected).unwrap_err();
    assert!(broken.text.starts_with("a to b: "), "{}", broken.text);
    broken.rule
}

#[test]
fn a_session_in_order_breaks_nothing() {
    let mut judge = judge();
    let expected = &mut tables(2);
    assert_eq!(judge.without_end_of_rib(), Some(Family::Ipv4Unicast));
    for message in [announce(0), announce(1), end(Family::Ipv4Unicast)] {
        judge.sent(&message, expected).unwrap();
    }
    assert_eq!(judge.without_end_of_rib(), Some(Family::Ipv6Unicast));
    judge.sent(&end(Family::Ipv6Unicast), expected).unwrap();
    assert_eq!(judge.without_end_of_rib(), None);
    judge.sent(&announce(0), expected).unwrap();
    expected.routes.remove(&net(0));
    judge.sent(&withdraw(&nlri(0)), expected).unwrap();
    assert_eq!(judge.mirror(), &expected.routes);
    let tally = Tally { messages: 8, updates: 6, announced: 3, repeated: 1, withdrawn: 1 };
    assert_eq!(judge.tally(), tally);
    judge.sent(&message(NOTIFICATION, &[6, 2]), expected).unwrap();
    assert!(!judge.is_established());
}

#[test]
fn bytes_may_come_in_any_pieces() {
    let (mut judge, expected) = (judge(), &mut tables(2));
    for byte in [announce(0), announce(1)].concat() {
        judge.sent(&[byte], expected).unwrap();
    }
    assert_eq!(judge.mirror().len(), 2);
}

#[test]
fn what_does_not_parse_is_found() {
    let mut cut = announce(0);
    cut[17] -= 1;
    cut.pop();
    assert_eq!(rule(&mut judge(), &mut tables(1), &[cut]), Rule::Messages);
    let mut marker = announce(0);
    marker[3] = 0;
    assert_eq!(rule(&mut judge(), &mut tables(1), &[marker]), Rule::Messages);
}

#[test]
fn messages_out_of_order_are_found() {
    let (keepalive, hello) = (message(KEEPALIVE, &[]), hello().encode());
    let none = &mut tables(0);
    for first in [keepalive.clone(), end(Family::Ipv4Unicast), message(NOTIFICATION, &[6, 2])] {
        assert_eq!(rule(&mut fresh(), none, &[first]), Rule::Messages);
    }
    // Before the other end's OPEN, and before its KEEPALIVE.
    assert_eq!(rule(&mut fresh(), none, &[hello.clone(), keepalive.clone()]), Rule::Messages);
    let mut early = fresh();
    early.received(&open().encode());
    assert_eq!(
        rule(&mut early, none, &[hello.clone(), keepalive.clone(), end(Family::Ipv4Unicast)]),
        Rule::Messages
    );
    assert_eq!(rule(&mut judge(), none, &[hello]), Rule::Messages);
    assert_eq!(rule(&mut judge(), none, &[message(NOTIFICATION, &[6, 2]), keepalive]), Rule::Messages);
}

#[test]
fn only_what_was_agreed_on_is_sent() {
    let ours = hello();
    let narrow =
        wire::Open { capabilities: vec![(1, vec![0, 1, 0, 1])], ..wire::Open::new(650, [10, 0, 0, 2]) };
    let refresh = message(ROUTE_REFRESH, &[0, 1, 0, 1]);
    let mut judge_narrow = established(&ours, &narrow);
    assert_eq!(rule(&mut judge_narrow, &mut tables(0), &[end(Family::Ipv6Unicast)]), Rule::Messages);
    let mut judge_narrow = established(&ours, &narrow);
    assert_eq!(rule(&mut judge_narrow, &mut tables(0), std::slice::from_ref(&refresh)), Rule::Messages);
    let begin = message(ROUTE_REFRESH, &[0, 1, 1, 1]);
    assert_eq!(rule(&mut judge(), &mut tables(0), &[refresh, begin]), Rule::Messages);
}

#[test]
fn ipv6_next_hops_of_ipv4_prefixes_take_an_agreement() {
    let kind = (5, vec![0, 1, 0, 1, 0, 2]);
    let other_kind = (5, vec![0, 1, 0, 128, 0, 2]);
    let fifth = |mut open: wire::Open, capability: &(u8, Vec<u8>)| {
        open.capabilities.push(capability.clone());
        open
    };
    let next_hop = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let reach = [&[0, 1, 1, 16][..], &next_hop, &[0], &nlri(0)].concat();
    let announce = Attributes::default().with(0x80, 14, &reach).with(0x40, 1, &[0]).with(0x40, 2, &[]);
    let announce = announce.announce(&[]);
    let Ok(Message::Update(Update::Announce { route, .. })) = message::decode(UPDATE, &announce[19..]) else {
        panic!("no announcement")
    };
    for (theirs, agreed) in
        [(open(), false), (fifth(open(), &other_kind), false), (fifth(open(), &kind), true)]
    {
        let mut judge = fresh();
        judge.offer.over_ipv6 = true;
        judge.sent(&fifth(hello(), &kind).encode(), &mut tables(0)).unwrap();
        judge.received(&theirs.encode());
        judge.sent(&message(KEEPALIVE, &[]), &mut tables(0)).unwrap();
        judge.received(&message(KEEPALIVE, &[]));
        let mut expected = Tables { routes: [(net(0), route.clone())].into(), settled: true };
        let broken = judge.sent(&announce, &mut expected).err().map(|broken| broken.rule);
        assert_eq!(broken, (!agreed).then_some(Rule::Messages), "{theirs:?}");
    }
}

#[test]
fn messages_are_as_long_as_agreed_on() {
    let long = attributes().with(0xE0, 99, &[0; 4_096]).announce(&nlri(0));
    assert_eq!(rule(&mut judge(), &mut tables(1), std::slice::from_ref(&long)), Rule::Messages);
    let extended = |mut open: wire::Open| {
        open.capabilities.push((6, Vec::new()));
        open
    };
    let ours = extended(hello());
    let mut one_sided = established(&ours, &open());
    assert_eq!(rule(&mut one_sided, &mut tables(1), std::slice::from_ref(&long)), Rule::Messages);
    let mut both = established(&ours, &extended(open()));
    let mut expected = tables(1);
    expected.routes.entry(net(0)).and_modify(|route| {
        route.others.insert(99, (0xC0, vec![0; 4_096]));
    });
    both.sent(&long, &mut expected).unwrap();
}

#[test]
fn withdrawals_of_what_was_not_announced_are_found() {
    let none = &mut tables(0);
    assert_eq!(rule(&mut judge(), none, &[withdraw(&nlri(0))]), Rule::ExactWithdrawals);
    let mut judge = judge();
    judge.sent(&announce(0), &mut tables(1)).unwrap();
    assert_eq!(rule(&mut judge, none, &[withdraw(&nlri(0)), withdraw(&nlri(0))]), Rule::ExactWithdrawals);
}

#[test]
fn announcements_that_export_does_not_make_are_found() {
    assert_eq!(rule(&mut judge(), &mut tables(1), &[announce(1)]), Rule::Export);
    let with_med = attributes().with(0x80, 4, &[0; 4]).announce(&nlri(0));
    assert_eq!(rule(&mut judge(), &mut tables(1), &[with_med]), Rule::Export);
    // A withdrawal of what ought to stay is no better.
    assert_eq!(rule(&mut judge(), &mut tables(1), &[announce(0), withdraw(&nlri(0))]), Rule::Export);
}

#[test]
fn end_of_rib_comes_after_everything() {
    let ipv4 = end(Family::Ipv4Unicast);
    let early = [announce(0), ipv4.clone()];
    assert_eq!(rule(&mut judge(), &mut tables(2), &early), Rule::EndOfRib);
    // That of the other family says nothing about this one.
    judge().sent(&end(Family::Ipv6Unicast), &mut tables(2)).unwrap();
    // What is no longer so counts as well.
    let mut stale = judge();
    stale.sent(&announce(0), &mut tables(1)).unwrap();
    assert_eq!(rule(&mut stale, &mut tables(0), std::slice::from_ref(&ipv4)), Rule::EndOfRib);
    // A dead session's paths may still be on their way out, or another round may be to follow.
    judge().sent(&ipv4, &mut Tables { settled: false, ..tables(2) }).unwrap();
    let mut changed = judge();
    changed.again();
    changed.sent(&ipv4, &mut tables(2)).unwrap();
}

#[test]
fn end_of_rib_comes_once() {
    let twice = [end(Family::Ipv4Unicast), end(Family::Ipv4Unicast)];
    let none = &mut tables(0);
    assert_eq!(rule(&mut judge(), none, &twice), Rule::EndOfRib);
    // Neither a refresh nor a change brings it once more.
    let mut asked = judge();
    asked.sent(&twice[0], none).unwrap();
    asked.received(&message(ROUTE_REFRESH, &[0, 1, 0, 1]));
    asked.again();
    assert_eq!(rule(&mut asked, none, &twice[..1]), Rule::EndOfRib);
}

#[test]
fn an_open_that_is_not_as_configured_is_found() {
    let none = &mut tables(0);
    let slow = wire::Open { hold: 90, ..hello() };
    let silent = wire::Open::new(65_001, [10, 0, 0, 1]);
    for wrong in [open(), slow, silent] {
        assert_eq!(rule(&mut fresh(), none, &[wrong.encode()]), Rule::Messages);
    }
}

#[test]
fn only_an_open_that_must_be_refused_is_refused() {
    let none = &mut tables(0);
    let met = |remote_as| {
        let mut judge = fresh_to(remote_as);
        judge.sent(&hello().encode(), &mut tables(0)).unwrap();
        judge.received(&open().encode());
        judge
    };
    let (keepalive, bad_as) = (message(KEEPALIVE, &[]), message(NOTIFICATION, &[2, 2, 0, 0, 0xFD, 0xEA]));
    met(RemoteAs::Any).sent(&keepalive, none).unwrap();
    assert_eq!(rule(&mut met(RemoteAs::Any), none, std::slice::from_ref(&bad_as)), Rule::Messages);
    met(RemoteAs::Internal).sent(&bad_as, none).unwrap();
    let wrong_reason = message(NOTIFICATION, &[2, 7]);
    for wrong in [keepalive, wrong_reason] {
        assert_eq!(rule(&mut met(RemoteAs::Internal), none, &[wrong]), Rule::Messages);
    }
    // Nobody can refuse what has not come.
    assert_eq!(rule(&mut fresh(), none, &[hello().encode(), bad_as]), Rule::Messages);
}

#[test]
fn notifications_of_faults_that_there_cannot_be_are_found() {
    let none = &mut tables(0);
    for right in [[4, 0], [6, 1], [6, 2], [6, 7], [6, 8], [8, 0]] {
        let mut judge = judge();
        judge.sent(&message(NOTIFICATION, &right), none).unwrap();
        assert_eq!(judge.notified(), Some(right[0]));
    }
    for wrong in [[1, 1], [1, 2], [2, 2], [3, 1], [4, 1], [5, 0], [5, 3], [6, 0], [6, 9], [7, 1]] {
        assert_eq!(rule(&mut judge(), none, &[message(NOTIFICATION, &wrong)]), Rule::Messages, "{wrong:?}");
    }
}

#[test]
fn messages_that_keep_a_session_alive_are_counted_whole() {
    let mut judge = judge();
    assert_eq!(judge.heard(), 2);
    judge.received(&message(ROUTE_REFRESH, &[0, 1, 0, 1]));
    let keepalive = message(KEEPALIVE, &[]);
    judge.received(&keepalive[..18]);
    assert_eq!(judge.heard(), 2);
    judge.received(&keepalive[18..]);
    judge.received(&announce(0));
    assert_eq!(judge.heard(), 4);
}

#[test]
fn what_comes_in_garbled_is_no_fault_of_this_end() {
    let mut judge = fresh();
    judge.sent(&hello().encode(), &mut tables(0)).unwrap();
    judge.received(&[0; 40]);
    judge.received(&open().encode());
    assert!(!judge.is_established());
    judge.sent(&message(NOTIFICATION, &[1, 1]), &mut tables(0)).unwrap();
    // Later on what was agreed on stays known.
    let mut judge = self::judge();
    judge.received(&[0; 40]);
    judge.sent(&announce(0), &mut tables(1)).unwrap();
    assert_eq!(rule(&mut judge, &mut tables(1), &[announce(1)]), Rule::Export);
}
