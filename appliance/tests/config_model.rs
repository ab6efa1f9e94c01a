//! Configurations that are right: what they come to, with defaults and inheritance.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crier::config::{HostFacts, MatchModel, Model, Network, OnStop, RouterIdSource, SetModel, Tag, parse};
use crier_core::config::{
    LocalConfig, MaxPrefixAction, MaxPrefixes, PolicyRef, RemoteAs, Settings, Timers, Ttl,
};
use crier_core::policy::{
    CommunityPattern, LargeCommunityPattern, LengthRange, Match, Origin, RuleAction, Set,
};
use crier_core::{Family, FamilySet, Limits};
use crier_io_mio::kernel;

/// Every table of the reference but for what later versions bring.
const EXAMPLE: &str = include_str!("example.toml");

const NO_FACTS: HostFacts<'static> = HostFacts { addresses: &[] };

fn model(text: &str) -> Model {
    match parse(text, "crier.toml", &NO_FACTS) {
        Ok(model) => model,
        Err(errors) => panic!("{errors:#?}"),
    }
}

/// A router and what follows.
fn with_router(rest: &str) -> Model {
    model(&format!("[router]\nasn = 65000\nrouter-id = \"192.0.2.1\"\n{rest}"))
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn both() -> FamilySet {
    FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast)
}

#[test]
fn the_example_is_read_whole() {
    let model = model(EXAMPLE);
    assert_eq!(
        model.local,
        LocalConfig {
            asn: 65000,
            router_id: Ipv4Addr::new(192, 168, 10, 1),
            maximum_paths: 64,
            as_path_relax: true,
        }
    );
    assert_eq!(model.router_id_source, RouterIdSource::Configured);
    let listen: Vec<SocketAddr> = vec!["0.0.0.0:179".parse().unwrap(), "[::]:179".parse().unwrap()];
    assert_eq!(model.listen, listen);
    assert_eq!(model.on_stop, OnStop::Withdraw);
    assert_eq!(model.log, "info,crier=debug");
    assert_eq!(model.state_dir.as_deref(), Some(Path::new("/var/lib/crier")));
    assert_eq!(
        model.limits,
        Limits {
            peers: 300,
            connections: 401,
            prefixes: 30_000,
            paths: 90_000,
            attribute_sets: 11_000,
            attribute_bytes: 2 << 20,
            policy_bytes: 128 << 10,
        }
    );
    assert_eq!((model.instances, model.prefault), (2, true));
    assert_eq!(model.control_socket, Path::new("/run/crier/other.sock"));
    assert_eq!(
        model.networks,
        [Network {
            prefix: "10.10.1.0/24".parse().unwrap(),
            next_hop: Some(addr("192.168.10.1")),
            med: Some(5),
            local_pref: Some(150),
            communities: vec![65000 << 16 | 99, 0xFFFF_FF01],
            large_communities: vec![[65000, 1, 2]],
            if_route: false,
        }]
    );
    let route = model.networks.first().unwrap().local_route();
    assert_eq!((route.prefix, route.med), ("10.10.1.0/24".parse().unwrap(), Some(5)));
    assert_eq!(route.communities, [65000 << 16 | 99, 0xFFFF_FF01]);
}

#[test]
fn without_a_table_the_kernel_is_left_alone_and_an_empty_one_is_the_defaults() {
    assert_eq!(with_router("").kernel, None);
    let defaults = kernel::Settings {
        install: true,
        table: 254,
        protocol: 186,
        metric: 20,
        max_routes: 20_000,
        objects: Some(2_000_000_000..2_000_008_192),
        left: Vec::new(),
    };
    assert_eq!(with_router("[kernel]\n").kernel, Some(defaults.clone()));
    assert_eq!(
        model(EXAMPLE).kernel,
        Some(kernel::Settings {
            install: false,
            table: 100,
            protocol: 200,
            metric: 30,
            max_routes: 5000,
            objects: Some(1_000_000..1_008_192),
            left: Vec::new(),
        })
    );
    let none = kernel::Settings { objects: None, ..defaults };
    assert_eq!(with_router("[kernel]\nnext-hop-ids = 0\n").kernel, Some(none));
    // The largest numbers end where 32 bits end.
    let last = with_router("[kernel]\nnext-hop-ids = 4294959103\n").kernel.unwrap();
    assert_eq!(last.objects, Some(u32::MAX - 8192..u32::MAX));
}

#[test]
fn a_neighbor_inherits_what_it_does_not_set() {
    let model = model(EXAMPLE);
    let group = Settings {
        tag: 0,
        remote_as: RemoteAs::Asn(65001),
        families: FamilySet::EMPTY.with(Family::Ipv4Unicast),
        timers: Timers { hold: 9, keepalive: 3, connect_retry: 5, send_hold: 480 },
        import: PolicyRef::Named(0),
        export: PolicyRef::AcceptAll,
        max_prefixes: MaxPrefixes { limit: 1000, action: MaxPrefixAction::Refuse },
        next_hop_self: true,
        passive: false,
        local_address: Some(addr("192.168.10.1")),
        local_interface: None,
        ttl: Ttl::Security(1),
        enforce_first_as: true,
        restart_time: None,
        blackhole: true,
    };
    let ranges: Vec<_> = model.ranges.iter().map(|range| (range.net.to_string(), range.limit)).collect();
    assert_eq!(ranges, [("192.168.10.0/24".to_owned(), 256), ("192.168.11.0/24".to_owned(), 256)]);
    assert!(model.ranges.iter().all(|range| range.settings == group));

    let [peer] = model.peers.as_slice() else { panic!("{:?}", model.peers) };
    assert_eq!((peer.remote, peer.port), (addr("192.168.10.9"), 1179));
    let expected = Settings {
        tag: 1,
        remote_as: RemoteAs::External,
        // Only the hold time is set; the other timers are the group's.
        timers: Timers { hold: 12, ..group.timers },
        // Only the limit is set; the action is the group's.
        max_prefixes: MaxPrefixes { limit: 7, action: MaxPrefixAction::Refuse },
        passive: true,
        ttl: Ttl::Multihop(2),
        enforce_first_as: false,
        restart_time: Some(120),
        blackhole: false,
        ..group
    };
    assert_eq!(peer.settings, expected);
    assert_eq!(
        model.tags,
        [
            Tag { group: Some("k8s-nodes".to_owned()), description: "rack 3".to_owned(), neighbor: None },
            Tag {
                group: Some("k8s-nodes".to_owned()),
                description: "the other rack".to_owned(),
                neighbor: Some(addr("192.168.10.9")),
            },
        ]
    );
    assert_eq!(model.tag(1).unwrap().description, "the other rack");
    assert_eq!(model.tag(2), None);
}

#[test]
fn policies_reach_the_core_as_they_are_written() {
    let model = model(EXAMPLE);
    let [policy, nothing] = model.policies.as_slice() else { panic!("{:?}", model.policies) };
    assert_eq!((nothing.name.as_str(), nothing.rules.len()), ("nothing", 0));
    let [first, second] = policy.rules.as_slice() else { panic!("{policy:?}") };
    assert_eq!(first.action, RuleAction::Next);
    assert_eq!(second.action, RuleAction::Accept);
    let MatchModel::Prefix(ranges) = first.matches.first().unwrap() else { panic!("{first:?}") };
    let ranges: Vec<_> = ranges.iter().map(ToString::to_string).collect();
    assert_eq!(ranges, ["172.20.0.0/16 ge 24 le 24", "172.16.1.0/24 ge 32"]);
    assert_eq!(
        first.matches.get(1..).unwrap(),
        [
            MatchModel::Family(vec![Family::Ipv4Unicast]),
            MatchModel::Community(vec![
                CommunityPattern { high: Some(65000), low: None },
                CommunityPattern::exact(0xFFFF_0000),
            ]),
            MatchModel::LargeCommunity(vec![LargeCommunityPattern([Some(65000), None, Some(2)])]),
            MatchModel::AsPath(vec!["65001".to_owned(), "* 65002".to_owned()]),
            MatchModel::AsPathLength(vec![LengthRange::exact(1), LengthRange::new(3, 5).unwrap()]),
            MatchModel::NextHop(vec!["192.168.10.0/24".parse().unwrap(), "192.0.2.7/32".parse().unwrap()]),
            MatchModel::Origin(vec![Origin::Igp]),
        ]
    );
    assert_eq!(
        first.sets,
        [
            SetModel::LocalPref(200),
            SetModel::Med(Some(10)),
            SetModel::Origin(Origin::Incomplete),
            SetModel::Prepend(1),
            SetModel::AddCommunities(vec![65000 << 16 | 1]),
            SetModel::RemoveCommunities(vec![CommunityPattern { high: Some(65000), low: None }]),
            SetModel::SetLargeCommunities(vec![[1, 2, 3]]),
            SetModel::NextHop(addr("192.168.10.1")),
            SetModel::NextHop(addr("2001:db8::1")),
        ]
    );
    assert_eq!(second.sets, [SetModel::Med(None), SetModel::SetCommunities(vec![]), SetModel::NextHopSelf]);

    model.with_core_config(|config| {
        assert_eq!(config.local, model.local);
        assert_eq!((config.peers, config.ranges.len()), (model.peers.as_slice(), 2));
        let policy = config.policies.first().unwrap();
        assert_eq!((policy.name, policy.rules.len(), config.policies.len()), ("pods-and-vips", 2, 2));
        let rule = policy.rules.first().unwrap();
        assert!(matches!(rule.matches.get(4), Some(Match::AsPath(["65001", "* 65002"]))), "{rule:?}");
        assert!(matches!(rule.sets.first(), Some(Set::LocalPref(200))), "{rule:?}");
        assert_eq!(rule.action, RuleAction::Next);
        assert!(policy.rules.get(1).unwrap().matches.is_empty());
        assert!(crier_core::policy::compile(config.policies, &mut [0; 4096]).is_ok());
    });
}

#[test]
fn patterns_go_to_the_rule_they_stand_in() {
    let model = with_router(
        "[[policy]]\nname = \"a\"\n[[policy.rule]]\nas-path = 1\naction = \"accept\"\n\
         [[policy.rule]]\nprefix = \"10.0.0.0/8\"\nas-path = [2, \"3 *\"]\naction = \"reject\"\n\
         [[policy]]\nname = \"b\"\n[[policy.rule]]\nas-path = 4\naction = \"accept\"\n",
    );
    model.with_core_config(|config| {
        let mut found = Vec::new();
        for rule in config.policies.iter().flat_map(|policy| policy.rules) {
            for one in rule.matches {
                if let Match::AsPath(patterns) = one {
                    found.push(patterns.join(","));
                }
            }
        }
        assert_eq!(found, ["1", "2,3 *", "4"]);
    });
}

#[test]
fn the_least_configuration_has_the_documented_defaults() {
    let model = model(
        "[router]\nasn = 4200000000\n[[neighbor]]\naddress = \"2001:db8::1\"\nremote-asn = \"internal\"\n",
    );
    assert_eq!(model.limits, Limits::default());
    assert_eq!((model.instances, model.prefault), (4, false));
    assert_eq!((model.local.maximum_paths, model.local.as_path_relax), (1, false));
    assert_eq!(model.router_id_source, RouterIdSource::Derived);
    assert_eq!(model.listen, ["0.0.0.0:179".parse().unwrap(), "[::]:179".parse::<SocketAddr>().unwrap()]);
    assert_eq!((model.on_stop, model.log.as_str(), &model.state_dir), (OnStop::Preserve, "info", &None));
    assert_eq!(model.control_socket, Path::new("/run/crier/crier.sock"));
    let [peer] = model.peers.as_slice() else { panic!("{:?}", model.peers) };
    assert_eq!(peer.port, 179);
    assert_eq!(
        peer.settings,
        Settings {
            tag: 0,
            remote_as: RemoteAs::Internal,
            families: both(),
            timers: Timers { hold: 90, keepalive: 30, connect_retry: 120, send_hold: 480 },
            import: PolicyRef::Unset,
            export: PolicyRef::Unset,
            max_prefixes: MaxPrefixes { limit: 18_750, action: MaxPrefixAction::Close },
            next_hop_self: false,
            passive: false,
            local_address: None,
            local_interface: None,
            ttl: Ttl::Default,
            enforce_first_as: true,
            restart_time: None,
            blackhole: false,
        }
    );
    assert_eq!(
        model.tags,
        [Tag { group: None, description: String::new(), neighbor: Some(addr("2001:db8::1")) }]
    );
    assert_eq!(model.warnings, []);
}

#[test]
fn timers_follow_the_hold_time() {
    let timers = |timers: &str| {
        let text =
            format!("[[neighbor]]\naddress = \"192.0.2.9\"\nremote-asn = 65000\ntimers = {{ {timers} }}\n");
        let timers = with_router(&text).peers.first().unwrap().settings.timers;
        (timers.hold, timers.keepalive, timers.connect_retry, timers.send_hold)
    };
    assert_eq!(timers("hold = 3"), (3, 1, 120, 480));
    assert_eq!(timers("hold = 300"), (300, 100, 120, 600));
    assert_eq!(timers("hold = 65535"), (65535, 21845, 120, 65535));
    assert_eq!(timers("hold = 0"), (0, 30, 120, 480));
    assert_eq!(timers("hold = 0, keepalive = 7"), (0, 7, 120, 480));
    assert_eq!(timers("send-hold = 0"), (90, 30, 120, 0));
    assert_eq!(timers("send-hold = 91, connect-retry = 1"), (90, 30, 1, 91));
}

#[test]
fn limits_that_are_not_set_follow_those_that_are() {
    let limits = |text: &str| with_router(&format!("[limits]\n{text}\n")).limits;
    assert_eq!(limits("peers = 1000").connections, 1080);
    assert_eq!(limits("peers = 32767").connections, 32847);
    assert_eq!(limits("peers = 4").connections, 400);
    assert_eq!(limits("prefixes = 1_000_000").paths, 1_000_000);
    assert_eq!(limits("prefixes = 10").paths, 80_000);
    assert_eq!(limits("attribute-bytes = \"1GiB\"").attribute_bytes, 1 << 30);
    assert_eq!(limits("attribute-bytes = 0x2000").attribute_bytes, 8192);
}

#[test]
fn switches_of_later_versions_may_say_false() {
    let model = with_router(
        "[[neighbor]]\naddress = \"192.0.2.9\"\nremote-asn = 65000\nbfd = false\nadd-paths = false\n\
         default-originate = false\nroute-reflector-client = false\n\
         [[network]]\nprefix = \"10.0.0.0/8\"\nif-route = false\n",
    );
    assert_eq!((model.peers.len(), model.networks.len()), (1, 1));
}

#[test]
fn special_values() {
    let silent = model(
        "[router]\nasn = 1\nlisten = []\n[[network]]\nprefix = \"0.0.0.0/0\"\n[[network]]\nprefix = \"::/0\"\n",
    );
    assert_eq!(silent.listen, []);
    assert_eq!(silent.networks.len(), 2);
    let overridden = with_router(
        "[[group]]\nname = \"a\"\nremote-asn = 65000\ndescription = \"theirs\"\nmultihop = 9\n\
         [[neighbor]]\naddress = \"127.0.0.2\"\ngroup = \"a\"\ndescription = \"\"\nmax-prefixes = 3\n",
    );
    assert_eq!(overridden.tags.first().unwrap().description, "");
    let settings = overridden.peers.first().unwrap().settings;
    assert_eq!(settings.ttl, Ttl::Multihop(9));
    assert_eq!(settings.max_prefixes, MaxPrefixes { limit: 3, action: MaxPrefixAction::Close });
}

#[test]
fn ranges_and_networks_end_where_the_core_has_no_room() {
    let refused = |text: &str| {
        let errors = parse(&format!("[router]\nasn = 65000\n{text}"), "crier.toml", &NO_FACTS).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let ranges = |count: u32| {
        let nets = (0..count).map(|number| format!("\n\"10.{number}.0.0/16\"")).collect::<Vec<_>>().join(",");
        format!("[[group]]\nname = \"a\"\nremote-asn = 65000\ndynamic = [{nets}]\n")
    };
    assert_eq!(with_router(&ranges(128)).ranges.len(), 128);
    assert_eq!(
        refused(&ranges(129)),
        ["crier.toml:135:1: group.dynamic: one too many, allowed 128 ranges in all groups"]
    );
    let networks = |count: u32| {
        let net = |number| format!("[[network]]\nprefix = \"10.{}.{}.0/24\"\n", number / 256, number % 256);
        let nets: String = (0..count).map(net).collect();
        nets + "[[network]]\nprefix = \"2001:db8::/32\"\n"
    };
    assert_eq!(with_router(&networks(1024)).networks.len(), 1025);
    assert_eq!(
        refused(&networks(1025)),
        ["crier.toml:2051:1: network: one too many, allowed 1024 of ipv4-unicast"]
    );
}

#[test]
fn prefixes_that_only_cover_martians_are_announced() {
    for prefix in [
        "0.0.0.0/0",
        "0.0.0.0/1",
        "0.0.0.0/7",
        "126.0.0.0/7",
        "224.0.0.0/3",
        "fe00::/8",
        "::/127",
        "fe80::/9",
    ] {
        let model = with_router(&format!("[[network]]\nprefix = \"{prefix}\"\n"));
        assert_eq!(model.networks.first().unwrap().prefix.to_string(), prefix);
    }
    for prefix in [
        "0.0.0.0/8",
        "0.1.0.0/16",
        "127.0.0.1/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "::1/128",
        "ff00::/8",
        "ff02::1/128",
        "fe80::/10",
        "fe80::/64",
    ] {
        let text = format!("[router]\nasn = 1\n[[network]]\nprefix = \"{prefix}\"\n");
        assert!(parse(&text, "crier.toml", &NO_FACTS).is_err(), "{prefix}");
    }
}

#[test]
fn the_router_id_is_chosen_from_the_host() {
    let facts = HostFacts { addresses: &[addr("10.0.0.1"), addr("192.168.10.1"), addr("127.0.0.1")] };
    let model = parse("[router]\nasn = 65000\n", "crier.toml", &facts).unwrap();
    assert_eq!(model.local.router_id, Ipv4Addr::new(192, 168, 10, 1));
    assert_eq!(model.router_id_source, RouterIdSource::Address);
}
