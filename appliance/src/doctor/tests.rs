//! Every line, with made-up facts.

use crier_io_mio::Signing;
use crier_io_mio::kernel::Found;

use super::*;
use crate::config::parse;
use crate::keys::Counts;

fn model(rest: &str) -> Model {
    let text = format!("[router]\nasn = 65000\nrouter-id = \"192.0.2.1\"\n{rest}");
    parse(&text, "crier.toml", &HostFacts::default()).unwrap()
}

/// A router with several next hops.
fn router() -> Model {
    model("[kernel]\n[multipath]\nmaximum-paths = 4\n")
}

/// A host that has everything.
fn healthy() -> Facts {
    let sysctls = [
        ("net.ipv4.ip_forward", 1),
        ("net.ipv6.conf.all.forwarding", 1),
        ("net.ipv4.conf.all.rp_filter", 0),
        ("net.ipv4.conf.eth0.rp_filter", 2),
        ("net.ipv4.fib_multipath_hash_policy", 1),
        ("net.ipv6.fib_multipath_hash_policy", 1),
        ("net.ipv4.conf.all.ignore_routes_with_linkdown", 1),
        ("net.ipv6.conf.all.ignore_routes_with_linkdown", 1),
        ("net.ipv6.route.skip_notify_on_dev_down", 0),
        ("net.ipv4.nexthop_compat_mode", 1),
        ("net.core.rmem_max", 212_992),
    ];
    Facts {
        sysctls: sysctls.map(|(name, value)| (name.to_owned(), value)).into(),
        interfaces: vec!["eth0".to_owned()],
        listeners: Vec::new(),
        capabilities: Some(1 << 10 | 1 << 12),
        open_files: None,
        memory_available: Some(1 << 40),
        unix_seconds: 1_800_000_000,
        routes: Some(Ok(Found { objects: true, ..Found::default() })),
        ..Facts::default()
    }
}

/// What is not as it should be: the check, how bad, and what is said.
fn ailments(model: &Model, facts: &Facts) -> Vec<(&'static str, Level, String)> {
    let found = diagnose(model, facts).into_iter().filter(|finding| finding.level != Level::Ok);
    let found = found.inspect(|finding| assert!(finding.advice.is_some(), "{finding:?}"));
    found.map(|finding| (finding.check, finding.level, finding.text)).collect()
}

/// The one thing that is wrong.
fn ailment(model: &Model, facts: &Facts) -> (&'static str, Level, String) {
    let mut found = ailments(model, facts);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn with(name: &str, value: u64) -> Facts {
    let mut facts = healthy();
    facts.sysctls.insert(name.to_owned(), value);
    facts
}

#[test]
fn a_healthy_host_has_nothing_but_ok() {
    assert_eq!(ailments(&router(), &healthy()), []);
    assert_eq!(ailments(&model(""), &healthy()), []);
    assert!(diagnose(&router(), &healthy()).len() > 15);
}

#[test]
fn a_host_that_forwards_nothing_is_a_problem_only_where_routes_are_installed() {
    let facts = with("net.ipv4.ip_forward", 0);
    assert_eq!(
        ailment(&router(), &facts),
        (
            "net.ipv4.ip_forward",
            Level::Problem,
            "net.ipv4.ip_forward is 0: this host forwards nothing".to_owned()
        )
    );
    assert_eq!(ailments(&model(""), &facts), []);
    assert_eq!(ailments(&model("[kernel]\ninstall = false\n"), &facts), []);
    // IPv6 matters where a neighbor is reached by it.
    let facts = with("net.ipv6.conf.all.forwarding", 0);
    assert_eq!(ailment(&router(), &facts).1, Level::Warning);
    let neighbor = "[kernel]\n[[neighbor]]\naddress = \"2001:db8::1\"\nremote-asn = 65000\n";
    assert_eq!(ailment(&model(neighbor), &facts).1, Level::Problem);
}

#[test]
fn several_next_hops_need_a_loose_filter_and_a_hash_over_ports() {
    let single = model("[kernel]\n");
    let strict = with("net.ipv4.conf.eth0.rp_filter", 1);
    let (check, level, text) = ailment(&router(), &strict);
    assert_eq!((check, level), ("rp_filter", Level::Warning));
    assert!(text.starts_with("rp_filter is strict on eth0:"), "{text}");
    // The larger value counts: 2 for all makes each interface loose.
    let mut loose = strict.clone();
    loose.sysctls.insert("net.ipv4.conf.all.rp_filter".to_owned(), 2);
    assert_eq!(ailments(&router(), &loose), []);
    let mut everywhere = with("net.ipv4.conf.all.rp_filter", 1);
    everywhere.sysctls.insert("net.ipv4.conf.eth0.rp_filter".to_owned(), 0);
    assert_eq!(ailment(&router(), &everywhere).0, "rp_filter");
    for name in ["net.ipv4.fib_multipath_hash_policy", "net.ipv6.fib_multipath_hash_policy"] {
        let facts = with(name, 0);
        assert_eq!((ailment(&router(), &facts).0, ailment(&router(), &facts).1), (name, Level::Warning));
        assert_eq!(ailments(&single, &facts), []);
    }
    assert_eq!(ailments(&single, &strict), []);
}

#[test]
fn links_and_objects_have_their_settings() {
    for (name, bad) in [
        ("net.ipv4.conf.all.ignore_routes_with_linkdown", 0),
        ("net.ipv6.conf.all.ignore_routes_with_linkdown", 0),
        ("net.ipv6.route.skip_notify_on_dev_down", 1),
        ("net.ipv4.nexthop_compat_mode", 0),
    ] {
        let (check, level, text) = ailment(&router(), &with(name, bad));
        assert_eq!((check, level), (name, Level::Warning));
        assert!(text.starts_with(&format!("{name} is {bad}: ")), "{text}");
    }
    // A kernel that lacks a setting has nothing to be set.
    let facts = Facts { sysctls: std::collections::BTreeMap::new(), ..healthy() };
    assert_eq!(ailments(&router(), &facts), []);
    let without = model("[kernel]\nnext-hop-ids = 0\n");
    assert_eq!(ailments(&without, &with("net.ipv4.nexthop_compat_mode", 0)), []);
}

#[test]
fn a_port_is_taken_by_somebody() {
    let taken = |address: &str, process: Option<&str>| {
        let process = process.map(str::to_owned);
        let listener = Listener { address: address.parse().unwrap(), inode: 1, process };
        Facts { listeners: vec![listener], ..healthy() }
    };
    let (check, level, text) = ailment(&model(""), &taken("127.0.0.1:179", Some("bgpd")));
    assert_eq!((check, level), ("listen", Level::Problem));
    assert_eq!(text, "0.0.0.0:179 is taken: bgpd listens on 127.0.0.1:179");
    assert!(ailment(&model(""), &taken("[::]:179", None)).2.contains("only root can see"));
    assert_eq!(ailments(&model(""), &taken("0.0.0.0:179", Some("crier"))), []);
    assert_eq!(ailments(&model(""), &taken("0.0.0.0:180", Some("bgpd"))), []);
    let one = "[router]\nasn = 1\nrouter-id = \"192.0.2.1\"\nlisten = [\"192.0.2.1:179\"]\n";
    let one = parse(one, "crier.toml", &HostFacts::default()).unwrap();
    assert_eq!(ailments(&one, &taken("192.0.2.2:179", Some("bgpd"))), []);
    assert_eq!(ailment(&one, &taken("0.0.0.0:179", Some("bgpd"))).0, "listen");
}

#[test]
fn listening_sockets_are_read_from_proc() {
    let header =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    assert_eq!(ports::listener(header), None);
    let of = |number: u32| format!("{:08X}", u32::from_ne_bytes(number.to_be_bytes()));
    let line = |address: &str, state: &str| {
        format!(
            "   0: {address}:00B3 00000000:0000 {state} 00000000:00000000 00:00000000 00000000   101        0 21461 1 0"
        )
    };
    let local = of(0x7F00_0001);
    let expected = Listener { address: "127.0.0.1:179".parse().unwrap(), inode: 21_461, process: None };
    assert_eq!(ports::listener(&line(&local, "0A")), Some(expected));
    assert_eq!(ports::listener(&line(&local, "01")), None, "a connection");
    let v6 = [0x2001_0db8, 0, 0, 1].map(of).concat();
    assert_eq!(ports::listener(&line(&v6, "0A")).unwrap().address, "[2001:db8::1]:179".parse().unwrap());
    for broken in ["", "0: x", "0: 0100007F", "0: 0100007:00B3 0:0 0A", "0: ü00007F:00B3 0:0 0A 0 0 0 0 0 1"]
    {
        assert_eq!(ports::listener(broken), None, "{broken}");
    }
}

#[test]
fn capabilities_are_asked_for_by_what_is_configured() {
    let none = Facts { capabilities: Some(0), ..healthy() };
    let found = ailments(&router(), &none);
    let checks: Vec<_> = found.iter().map(|(check, level, _)| (*check, *level)).collect();
    assert_eq!(
        checks,
        [
            ("CAP_NET_BIND_SERVICE", Level::Problem),
            ("CAP_NET_ADMIN", Level::Problem),
            ("net.core.rmem_max", Level::Warning),
        ]
    );
    assert_eq!(ailment(&model(""), &none).0, "CAP_NET_BIND_SERVICE");
    let mut free = none.clone();
    free.sysctls.insert("net.ipv4.ip_unprivileged_port_start".to_owned(), 179);
    assert_eq!(ailments(&model(""), &free), []);
    assert_eq!(ailment(&model(""), &Facts { capabilities: None, ..healthy() }).1, Level::Warning);
    assert_eq!(host::capabilities("Name:\tx\nCapEff:\t0000000000001400\n"), Some(1 << 10 | 1 << 12));
    assert_eq!(host::capabilities("CapEff:\tmany\n"), None);
}

#[test]
fn descriptors_memory_and_the_clock_are_looked_at() {
    let (check, level, text) = ailment(&model(""), &Facts { open_files: Some(927), ..healthy() });
    assert_eq!((check, level), ("open-files", Level::Problem));
    assert_eq!(text, "927 open files are allowed, 928 needed for limits.connections");
    assert_eq!(ailments(&model(""), &Facts { open_files: Some(928), ..healthy() }), []);

    let memory = |bytes| Facts { memory_available: Some(bytes), ..healthy() };
    let model = router();
    let all = diagnose(&model, &healthy()).into_iter().find(|finding| finding.check == "memory").unwrap();
    let plan: u64 = all.text.split(' ').nth(3).unwrap().parse().unwrap();
    let bridge = crier_io_mio::kernel::bytes(model.kernel.as_ref().unwrap(), &model.limits);
    let text = crate::config::memory_plan(
        &model.limits.plan(crate::memory::EVENTS).collect::<Vec<_>>(),
        &model.limits,
        model.kernel.as_ref(),
    );
    assert!(plan > bridge && text.trim_end().ends_with(&plan.to_string()), "{plan}: {text}");
    assert_eq!(ailment(&model, &memory(plan - 1)).1, Level::Problem);
    assert_eq!(ailment(&model, &memory(plan)).1, Level::Warning);
    assert_eq!(ailments(&model, &memory(2 * plan)), []);
    assert_eq!(host::available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2 << 20));
    assert_eq!(host::available("MemAvailable: some\n"), None);

    let (check, level, text) = ailment(&model, &Facts { unix_seconds: 0, ..healthy() });
    assert_eq!((check, level), ("clock", Level::Warning));
    assert!(text.starts_with("the clock says 1970-01-01T"), "{text}");
}

#[test]
fn routes_like_ours_are_somebody_elses_unless_known() {
    let routes = |routes| Facts { routes: Some(Ok(routes)), ..healthy() };
    let ours = Found { by_number: 7, objects: true, ..Found::default() };
    assert_eq!(ailments(&router(), &routes(ours)), []);
    let others = Found { others: 3, ..ours };
    let (check, level, text) = ailment(&router(), &routes(others));
    assert_eq!((check, level), ("routes", Level::Warning));
    assert!(text.starts_with("3 routes in table 254, protocol 186, metric 20 are somebody else's"), "{text}");
    assert_eq!(ailments(&router(), &routes(Found { others: 0, recorded: 3, ..ours })), []);
    let shared = Found { same_numbers: 2, ..ours };
    let (check, level, text) = ailment(&router(), &routes(shared));
    assert_eq!((check, level), ("next-hop-objects", Level::Warning));
    assert!(text.starts_with("2 routes with another table"), "{text}");
    assert_eq!(ailments(&model("[kernel]\nnext-hop-ids = 0\n"), &routes(shared)), []);
    let old = routes(Found { objects: false, ..ours });
    assert_eq!(ailment(&router(), &old).0, "next-hop-objects");
    assert_eq!(ailments(&model("[kernel]\nnext-hop-ids = 0\n"), &old), []);
    let failed = Facts { routes: Some(Err("no such thing".to_owned())), ..healthy() };
    assert_eq!(ailment(&router(), &failed).1, Level::Problem);
}

#[test]
fn findings_are_printed_for_people_and_programs() {
    let found = [Finding::ok("a", "all is well"), Finding::problem("b", "it is \u{1b}bad", "make it good")];
    let text = |json| {
        let mut out = Vec::new();
        print(&found, json, Style::PLAIN, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(text(false), "ok       all is well\nproblem  it is \\u{1b}bad\n         make it good\n");
    let json: serde_json::Value = serde_json::from_str(&text(true)).unwrap();
    assert_eq!(
        json,
        serde_json::json!([
            {"check": "a", "level": "ok", "text": "all is well", "advice": null},
            {"check": "b", "level": "problem", "text": "it is \u{1b}bad", "advice": "make it good"}
        ])
    );
}

#[test]
fn this_host_can_be_read() {
    let facts = Facts::read(Path::new("crier.toml"), &router());
    assert!(facts.capabilities.is_some() && facts.memory_available.is_some());
    assert!(facts.sysctls.contains_key("net.ipv4.ip_forward"), "{:?}", facts.sysctls);
    assert!(matches!(facts.routes, Some(Ok(_))), "{:?}", facts.routes);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let facts = Facts::read(Path::new("crier.toml"), &model(""));
    let found = facts.listeners.iter().find(|found| found.address == address).unwrap();
    assert!(found.process.is_some(), "{found:?}");
    assert!(facts.routes.is_none());
}

#[test]
fn signed_sessions_need_readable_keys_and_a_kernel_that_signs() {
    let signed = model(
        "[[neighbor]]\naddress = \"192.0.2.9\"\nremote-asn = 65000\npassword-file = \"/etc/crier/tor.md5\"\n",
    );
    let healthy =
        Facts { signing: Some(Signing { md5: true, ao: false }), ..with("net.core.optmem_max", 20_480) };
    assert_eq!(ailments(&signed, &healthy), []);
    let said: Vec<String> = diagnose(&signed, &healthy).into_iter().map(|finding| finding.text).collect();
    for text in
        ["1 keys of neighbors and ranges can be read", "20480: 1 keys fit a listener", "has no TCP-AO"]
    {
        assert!(said.iter().any(|said| said.contains(text)), "{text}: {said:?}");
    }
    let facts = Facts { keys: vec!["/etc/crier/tor.md5 is empty".to_owned()], ..healthy.clone() };
    assert_eq!(ailment(&signed, &facts).1, Level::Problem);
    let facts = Facts { signing: Some(Signing { md5: false, ao: false }), ..healthy.clone() };
    assert_eq!((ailment(&signed, &facts).0, ailment(&signed, &facts).1), ("tcp-md5", Level::Problem));
    let mut facts = healthy.clone();
    facts.sysctls.insert("net.core.optmem_max".to_owned(), 100);
    assert_eq!(
        (ailment(&signed, &facts).0, ailment(&signed, &facts).1),
        ("net.core.optmem_max", Level::Warning)
    );
    let facts = Facts { dropped: Counts { wrong: 7, ..Counts::default() }, ..healthy };
    assert!(ailment(&signed, &facts).2.contains("7 with a wrong one"));
    // Without a key here only what nobody expected is worth a word.
    assert_eq!(ailments(&model(""), &facts_of(Counts { wrong: 1, missing: 1, unexpected: 0 })), []);
    assert_eq!(
        ailment(&model(""), &facts_of(Counts { unexpected: 1, ..Counts::default() })).1,
        Level::Warning
    );
}

fn facts_of(dropped: Counts) -> Facts {
    Facts { dropped, ..healthy() }
}

#[test]
fn what_the_daemon_cannot_give_up_is_named() {
    use crate::confine::{Confinement, Kind, Part};
    let part = |kind, lacking: Option<&str>| Part { kind, lacking: lacking.map(str::to_owned) };
    let parts = vec![part(Kind::Calls, None), part(Kind::Files, Some("it is not there"))];
    let confinement = Confinement { capabilities: 0, parts };
    let facts = Facts { confinement: Some((confinement.clone(), Vec::new())), ..healthy() };
    let (check, level, text) = ailment(&router(), &facts);
    assert_eq!((check, level), ("landlock", Level::Warning));
    assert_eq!(text, "crier runs without landlock: it is not there");

    let parts = vec![part(Kind::Files, None)];
    let unreadable = vec!["/etc/crier/key".to_owned()];
    let facts = Facts { confinement: Some((Confinement { parts, ..confinement }, unreadable)), ..healthy() };
    assert_eq!(ailment(&router(), &facts).0, "files");
}
