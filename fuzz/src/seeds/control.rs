//! Configurations, requests, and their answers.

use crier::control::protocol::{Announce, Attributes, Command, Form, Request, Soft};
use crier::control::{Answer, Fill};

use super::Seed;
use crate::daemon::{now, with_daemon};

pub(super) fn own() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = texts().map(|text| ("config", text.as_bytes().to_vec())).collect();
    for (command, shown) in commands() {
        let Ok(line) = (Request { instance: None, command }).to_line() else { continue };
        seeds.push(("request", [&[0, 255], &line[..]].concat()));
        seeds.push(("request", [&[1, 5], &line[..]].concat()));
        if let Some(shown) = shown {
            seeds.push(("answer", [&[shown], &answer(&line)[..]].concat()));
        }
    }
    seeds
}

/// Configurations that are good, and those that are refused.
fn texts() -> impl Iterator<Item = &'static str> {
    let refused = include_str!("../../../appliance/tests/config_errors.txt");
    let cases = refused.split("####").filter_map(|case| case.split_once('\n')).map(|(_name, case)| case);
    let refused = cases.filter_map(|case| case.split("\n----").next());
    [
        include_str!("../../../appliance/tests/example.toml"),
        include_str!("../configurations/plain.toml"),
        include_str!("../configurations/policies.toml"),
        include_str!("../configurations/internal.toml"),
        include_str!("../configurations/dialling.toml"),
    ]
    .into_iter()
    .chain(refused)
}

/// One of each, and how what it answers is shown.
fn commands() -> Vec<(Command, Option<u8>)> {
    let peer = std::net::IpAddr::from([10, 0, 0, 2]);
    let net = ipnet::Ipv4Net::new_assert([10, 1, 1, 0].into(), 24).into();
    let prefix = crier::control::protocol::Target::Prefix(net);
    let attributes = Attributes {
        next_hop: Some(peer),
        med: Some(7),
        local_pref: Some(200),
        communities: vec![0xFDE8_0001],
        large_communities: vec![[1, 2, 3]],
    };
    let routes = |form| Command::Routes { form, family: None, peer: None, prefix: None };
    let to = Command::Routes {
        form: Form::Advertised,
        family: Some(crier_core::Family::Ipv4Unicast),
        peer: Some(peer),
        prefix: Some(prefix),
    };
    let announce = Announce { prefix: net, attributes, ttl_ms: Some(1_000), owner: Some("me".to_owned()) };
    vec![
        (Command::Peers { peer: None }, Some(0)),
        (Command::Peers { peer: Some(peer) }, Some(1)),
        (routes(Form::Available), Some(2)),
        (routes(Form::Received), Some(2)),
        (routes(Form::Best), Some(2)),
        (to, Some(2)),
        (Command::Why { prefix, peer: None }, Some(3)),
        (Command::Policies { peer: None }, Some(4)),
        (Command::Status {}, Some(5)),
        (Command::Events { follow: false }, Some(6)),
        (Command::Reload {}, None),
        (Command::Clear { peer, soft: Some(Soft::In) }, None),
        (Command::Clear { peer, soft: None }, None),
        (Command::Shutdown { peer, message: "for a while".to_owned() }, None),
        (Command::Enable { peer }, None),
        (Command::Drain { wait_ms: 5_000 }, None),
        (Command::Undrain {}, None),
        (Command::Announce(announce), None),
        (Command::Withdraw { prefix: net, owner: Some("me".to_owned()) }, None),
    ]
}

/// What a daemon says, but for the last line.
fn answer(line: &[u8]) -> Vec<u8> {
    with_daemon(1, |mut daemon, mut speaker| {
        let Answer::Stream(mut stream) = daemon.request(&mut speaker, now(), line) else { return Vec::new() };
        let mut out = Vec::new();
        while stream.fill(&daemon, &speaker, None, now(), &mut out) == Fill::More {}
        let end = out.windows(7).rposition(|bytes| bytes == b"{\"done\"").unwrap_or(out.len());
        out.truncate(end);
        out
    })
}
