//! The judge over real speakers. It must find nothing wrong with them, and what is hidden from it.

mod row;

use std::collections::BTreeMap;

use crier_core::config::{MaxPrefixAction, MaxPrefixes, PolicyRef, RemoteAs, Settings, Timers};
use crier_core::policy::{Match, Policy, PrefixRange, Rule as PolicyRule, RuleAction, Set};
use crier_core::speaker::Clear;
use crier_core::view::Reason;
use crier_core::{Family, Limits};

use super::session::Tally;
use crate::rig::quick;
use crate::sim::Rule;
use crate::sim::observe::Snapshot;
use row::{End, LIMITS, Row, net};

fn settings() -> [Settings; 2] {
    [quick(), Settings { remote_as: RemoteAs::Internal, ..quick() }]
}

fn is_end_of_rib(message: &[u8]) -> bool {
    message[18] == 2 && (message.len() == 23 || message.ends_with(&[0x80, 15, 3, 0, 2, 1]))
}

#[test]
fn real_speakers_break_no_rule() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.populate(0, 0..700);
    row.populate(2, 600..900);
    row.settle().unwrap();
    assert_eq!(row.differences(), []);
    let told = row.end(0, 0).told;
    assert_eq!((told.announced, told.repeated, told.withdrawn), (1_400, 0, 0));
    let judge = &row.end(0, 0).judge;
    assert!(judge.is_established() && judge.without_end_of_rib().is_none());
    // What 0 announces with NO_EXPORT goes on within the AS, but for what is preferred from there; what 2 does, does not
    // leave it.
    let passed = |end: &End| end.judge.mirror().len();
    assert_eq!(passed(row.end(1, 0)), 1_200);
    assert!((400..600).contains(&passed(row.end(0, 1))), "{}", passed(row.end(0, 1)));

    let before = row.end(1, 0).told.withdrawn;
    // Changes and withdrawals, some of both before anybody hears of either.
    for number in 0..400 {
        let prefix = net(Family::ALL[number as usize % 2], number);
        if number % 3 == 0 {
            row.originate(0, prefix, Some(9), &[]);
        }
        if number % 5 < 3 {
            assert!(row.speakers[0].withdraw(prefix));
        }
        if number % 37 == 0 {
            row.turn(1).unwrap();
        }
    }
    row.settle().unwrap();
    assert_eq!(row.differences(), []);
    assert_eq!(row.end(1, 0).told.withdrawn - before, 240);
}

#[test]
fn refreshes_repeat_and_are_counted() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.populate(0, 0..300);
    row.settle().unwrap();
    for (wire, end, how) in [(0, 1, Clear::SoftIn), (0, 0, Clear::SoftOut)] {
        let before = row.end(0, 0).told;
        row.clear(wire, end, how);
        row.settle().unwrap();
        let after = row.end(0, 0).told;
        assert_eq!((after.announced - before.announced, after.repeated - before.repeated), (600, 600));
        assert_eq!(row.differences(), []);
    }
}

#[test]
fn policies_that_change_within_a_dump_break_no_rule() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.settings[0].export = PolicyRef::Named(0);
    row.populate(0, 0..700);
    let ranges = [PrefixRange::parse("10.1.0.0/16 ge 24 le 24").unwrap()];
    let rules = |med| {
        let reject = PolicyRule { matches: &[], sets: &[], action: RuleAction::Reject };
        [reject, PolicyRule { sets: med, action: RuleAction::Accept, ..reject }]
    };
    let sets = [Set::Med(Some(1)), Set::Prepend(2), Set::AddCommunities(&[7])];
    let [reject, accept] = rules(&sets);
    let matches = [Match::Prefix(&ranges)];
    let narrow = [PolicyRule { matches: &matches, ..reject }, accept];
    let policy = |rules| [Policy { name: "out", rules }];
    row.configure(0, &policy(&narrow));
    row.configure(1, &policy(&narrow));
    row.turn(1).unwrap();
    // In a buffer of this size the dump takes several calls.
    row.out.truncate(4_096);
    row.turn(1).unwrap();
    row.turn(1).unwrap();
    for rules in [&narrow[1..], &narrow[..1], &narrow[..]] {
        row.turn(1).unwrap();
        row.configure(0, &policy(rules));
        row.wires[0][0].judge.again();
    }
    row.settle().unwrap();
    assert_eq!(row.differences(), []);
    let held = row.end(0, 0).judge.mirror();
    assert!(held.values().all(|route| route.med == Some(1) && route.communities.contains(&7)));
    assert!(
        held.contains_key(&net(Family::Ipv4Unicast, 1)) && !held.contains_key(&net(Family::Ipv4Unicast, 256))
    );
}

#[test]
fn small_tables_are_an_excuse_where_they_are_said_to_be_full() {
    let [first, second] = settings();
    let limit = MaxPrefixes { limit: 250, action: MaxPrefixAction::Refuse };
    let small = Limits { prefixes: 100, ..LIMITS };
    let mut row = Row::new([Settings { max_prefixes: limit, ..first }, second], [LIMITS, LIMITS, small]);
    row.populate(0, 0..300);
    row.settle().unwrap();
    assert_eq!(row.differences(), []);
    let snapshot = Snapshot::of(&row.speakers[2]).unwrap();
    let neighbor = row.end(1, 1).neighbor;
    assert!(snapshot.peers[&neighbor].incomplete);
    assert!(snapshot.refused.values().any(|reason| *reason == Reason::PrefixesFull));
    let accepted = Snapshot::of(&row.speakers[1]).unwrap().paths.len();
    assert_eq!(accepted, 500);
}

#[test]
fn what_real_speakers_agree_on_is_what_their_opens_make() {
    let [first, second] = settings();
    let timers = Timers { hold: 30, keepalive: 25, ..first.timers };
    let mut row = Row::new([Settings { timers, restart_time: Some(60), ..first }, second], [LIMITS; 3]);
    row.settle().unwrap();
    for (wire, end) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let end = row.end(wire, end);
        let speaker = &row.speakers[end.node];
        let peer = speaker.peer(speaker.find_peer(end.neighbor).unwrap()).unwrap();
        let view = (peer.negotiated.unwrap(), peer.remote_asn.unwrap(), peer.router_id.unwrap());
        assert_eq!(end.judge.agreed().unwrap().check_view(&view.0, view.1, view.2), Ok(()));
        assert_eq!(view.0.keepalive, [10, 60][wire]);
    }
}

#[test]
fn sessions_that_end_break_no_rule() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.populate(0, 0..300);
    row.settle().unwrap();
    row.clear(0, 0, Clear::Hard);
    // The second speaker purges in small steps while it tells the third one.
    row.settle().unwrap();
    assert!(!row.end(0, 0).judge.is_established());
    assert_eq!(row.end(1, 0).judge.mirror(), &BTreeMap::new());
    assert_eq!(row.end(1, 0).told.withdrawn, 600);
}

#[test]
fn an_update_that_nobody_sends_is_missed_at_end_of_rib() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.populate(0, 0..300);
    row.hide = |message| message[18] == 2 && !is_end_of_rib(message);
    assert_eq!(row.settle().unwrap_err().rule, Rule::EndOfRib);
}

#[test]
fn an_update_that_nobody_sends_is_missed_in_the_tables() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.settle().unwrap();
    row.hide = |message| message[18] == 2;
    row.populate(0, 0..1);
    row.settle().unwrap();
    let rules: Vec<_> = row.differences().iter().map(|difference| difference.rule).collect();
    assert!(rules.contains(&Rule::Tables) && rules.contains(&Rule::AdjRib), "{rules:?}");
}

#[test]
fn a_withdrawal_of_what_was_never_announced_is_found() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.settle().unwrap();
    row.hide = |message| message[18] == 2;
    row.populate(0, 0..1);
    row.settle().unwrap();
    row.hide = |_| false;
    row.speakers[0].withdraw(net(Family::Ipv4Unicast, 0));
    assert_eq!(row.settle().unwrap_err().rule, Rule::ExactWithdrawals);
}

#[test]
fn a_tally_counts_messages() {
    let mut row = Row::new(settings(), [LIMITS; 3]);
    row.settle().unwrap();
    // OPEN, KEEPALIVE, End-of-RIB of two families.
    let expected = Tally { messages: 4, updates: 2, ..Tally::default() };
    assert_eq!(row.end(0, 0).judge.tally(), expected);
}
