//! What is said of the kernel's routes, with a made-up bridge.

use crier_core::config::PolicyRef;
use crier_core::speaker::Follow;
use crier_core::{Family, Instant};
use crier_io_mio::kernel::{Pending, RouteView, Settings, Standing};
use crier_io_mio::netlink::Hop;
use serde_json::{Value, json};

use super::pair::Pair;
use super::{KernelView, done};

/// A bridge that says the same of every destination.
#[derive(Default)]
struct Fake {
    settings: Settings,
    standing: Standing,
    starting: bool,
    route: RouteView,
}

impl KernelView for Fake {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn standing(&self) -> Standing {
        self.standing
    }

    fn has_looked(&self) -> bool {
        !self.starting
    }

    fn route(&self, _: Family, _: u32) -> RouteView {
        self.route
    }

    fn hops(&self, _: Family, _: u32) -> Vec<Hop> {
        if self.route.blackhole {
            return Vec::new();
        }
        // The loopback interface is number 1 everywhere.
        vec![Hop { gateway: Some([10, 0, 0, 1].into()), interface: 1, onlink: false }]
    }
}

/// Two in session; the first announces 10.1.0.0/16, the second has a kernel, which knows a way to the first or does not.
fn pair(reachable: bool) -> Pair {
    let mut pair = Pair::new(PolicyRef::AcceptAll);
    done(pair.ask(0, r#""command":"announce","prefix":"10.1.0.0/16""#));
    let speaker = pair.speaker(1);
    speaker.follow_kernel(Instant::EPOCH, Follow { forwarding: true, next_hops: true });
    pair.settle();
    pair.speaker(1).next_hop(Instant::EPOCH, [10, 0, 0, 1].into(), reachable.then_some(7));
    pair.settle();
    pair
}

/// The kernel's row of `crier why`.
fn why(pair: &mut Pair, kernel: &Fake) -> Value {
    let rows = done(pair.ask_with(1, kernel, r#""command":"why","prefix":"10.1.0.0/16""#));
    let mut rows = rows.into_iter().filter(|row| row["about"] == "kernel");
    let row = rows.next().unwrap();
    assert!(rows.next().is_none());
    row
}

#[test]
fn an_installed_route_is_shown_in_every_form() {
    let mut pair = pair(true);
    let installed = RouteView { installed: true, object: Some(2_000_000_001), ..RouteView::default() };
    let kernel = Fake { route: installed, ..Fake::default() };
    for form in ["available", "received", "best"] {
        let routes = done(pair.ask_with(1, &kernel, &format!(r#""command":"routes","form":"{form}""#)));
        assert_eq!((&routes[0]["installed"], &routes[0]["valid"]), (&true.into(), &true.into()), "{form}");
        let routes = done(pair.ask(1, &format!(r#""command":"routes","form":"{form}""#)));
        assert_eq!(routes[0]["installed"], false, "{form} without a bridge");
    }
    let local = done(pair.ask_with(0, &kernel, r#""command":"routes","form":"advertised""#));
    assert_eq!((local.len(), &local[0]["installed"]), (1, &false.into()), "what is originated here is not");
    assert_eq!(
        why(&mut pair, &kernel),
        json!({
            "about": "kernel", "prefix": "10.1.0.0/16", "installed": true, "table": 254, "protocol": 186, "metric": 20,
            "next_hops": [{"gateway": "10.0.0.1", "interface": "lo"}], "blackhole": false,
            "next_hop_id": 2_000_000_001, "reason": null,
            "why": "installed: via 10.0.0.1 on lo, next-hop id 2000000001 (table 254, protocol 186, metric 20)"
        })
    );
}

#[test]
fn a_route_that_drops_has_no_next_hops_and_says_so() {
    let route = RouteView { installed: true, blackhole: true, ..RouteView::default() };
    let row = why(&mut pair(true), &Fake { route, ..Fake::default() });
    assert_eq!(
        (&row["blackhole"], &row["next_hops"], &row["reason"]),
        (&true.into(), &json!([]), &Value::Null)
    );
    assert_eq!(row["why"], "installed: blackhole (table 254, protocol 186, metric 20)");
}

#[test]
fn what_a_neighbor_has_asked_to_be_dropped_says_so() {
    let mut pair = Pair::new(PolicyRef::AcceptAll);
    let attributes = r#""attributes":{"communities":[4294902426]}"#;
    for prefix in ["192.0.2.1/32", "192.0.2.0/24"] {
        done(pair.ask(0, &format!(r#""command":"announce","prefix":"{prefix}",{attributes}"#)));
    }
    pair.settle();
    let routes = done(pair.ask(1, r#""command":"routes""#));
    let shown: Vec<_> =
        routes.iter().map(|row| (row["prefix"].as_str().unwrap(), &row["blackhole"])).collect();
    assert_eq!(shown, [("192.0.2.1/32", &true.into()), ("192.0.2.0/24", &false.into())]);
    assert_eq!(routes[0]["communities"], json!(["blackhole", "no-advertise"]));
    let why = |pair: &mut Pair, prefix: &str| {
        let rows = done(pair.ask(1, &format!(r#""command":"why","prefix":"{prefix}""#)));
        rows[0]["why"].as_str().unwrap().contains("drops packets, as its neighbor asks for (RFC 7999)")
    };
    assert!(why(&mut pair, "192.0.2.1/32") && !why(&mut pair, "192.0.2.0/24"));
    // Whoever originates it does not drop.
    assert_eq!(done(pair.ask(0, r#""command":"routes""#))[0]["blackhole"], false);
}

#[test]
fn each_reason_not_to_be_installed_has_a_code_and_words() {
    let mut pair = pair(true);
    let pending = |pending| Fake { route: RouteView { pending, ..RouteView::default() }, ..Fake::default() };
    let off = Fake { settings: Settings { install: false, ..Settings::default() }, ..Fake::default() };
    let starting = Fake { starting: true, ..Fake::default() };
    for (kernel, code, words) in [
        (
            pending(Pending::Retry(17)),
            "refused",
            "not installed: the kernel refuses it, and is asked again: somebody else's route is there (File exists)",
        ),
        (
            pending(Pending::Room),
            "no-room",
            "not installed: there are 20000 routes, as many as kernel.max-routes allows",
        ),
        (
            pending(Pending::Taken),
            "taken",
            "not installed: this host has a connected or static route of its own for the prefix",
        ),
        (pending(Pending::Answer), "asked", "the kernel was asked and has not answered yet"),
        (Fake::default(), "pending", "not installed yet: the kernel is about to be asked"),
        (off, "install", "not installed: kernel.install is false"),
        (starting, "starting", "not installed yet: the kernel's tables are still being read"),
    ] {
        let row = why(&mut pair, &kernel);
        assert_eq!(
            (&row["reason"], &row["why"], &row["installed"], &row["next_hops"]),
            (&code.into(), &words.into(), &false.into(), &json!([]))
        );
    }
}

#[test]
fn a_change_that_is_refused_leaves_the_route_as_it_was() {
    let route = RouteView { installed: true, pending: Pending::Retry(1), ..RouteView::default() };
    let row = why(&mut pair(true), &Fake { route, ..Fake::default() });
    assert_eq!((&row["installed"], &row["reason"]), (&true.into(), &"refused".into()));
    assert_eq!(row["next_hop_id"], Value::Null);
    assert!(row["why"].as_str().unwrap().starts_with("installed as it was before"), "{row}");
}

#[test]
fn a_next_hop_without_a_way_there_is_named() {
    let mut pair = pair(false);
    let kernel = Fake::default();
    let routes = done(pair.ask_with(1, &kernel, r#""command":"routes""#));
    assert_eq!((&routes[0]["valid"], &routes[0]["best"]), (&false.into(), &false.into()));
    assert_eq!(routes[0]["reason"], "unreachable");
    let rows = done(pair.ask_with(1, &kernel, r#""command":"why","prefix":"10.1.0.0/16""#));
    let words = "no route of the kernel's leads to 10.0.0.1 (RFC 4271, 9.1.2.1)";
    assert_eq!(rows[0]["why"], format!("takes no part: {words}"));
    let row = why(&mut pair, &kernel);
    assert_eq!(row["reason"], "unreachable");
    assert_eq!(row["why"], format!("not installed: {words}"));
}

#[test]
fn what_is_originated_here_is_not_installed_and_says_why() {
    let mut pair = pair(true);
    done(pair.ask(1, r#""command":"announce","prefix":"10.1.0.0/16""#));
    let row = why(&mut pair, &Fake::default());
    assert_eq!(row["reason"], "local");
    assert_eq!(row["why"], "not installed: it is originated here, and reached without crier");
}

#[test]
fn status_tells_how_the_bridge_is_doing() {
    let standing = Standing {
        routes: 5,
        most_routes: 9,
        refused: 2,
        no_room: 3,
        adopted: 4,
        former: 5,
        others: 6,
        requests: 70,
        refusals: 8,
        last_errno: 17,
        surveys: 10,
        put_back: 11,
        overruns: 12,
        lost: 13,
    };
    let kernel = Fake { standing, ..Fake::default() };
    let mut pair = pair(true);
    let status = done(pair.ask_with(1, &kernel, r#""command":"status""#)).remove(0);
    assert_eq!(
        status["kernel"],
        json!({
            "install": true, "table": 254, "protocol": 186, "metric": 20, "max_routes": 20_000,
            "next_hop_ids": 2_000_000_000, "routes": 5, "refused": 2, "no_room": 3, "adopted": 4, "former": 5, "others": 6,
            "requests": 70, "refusals": 8, "last_error": "somebody else's route is there (File exists)", "surveys": 10, "put_back": 11,
            "overruns": 12, "lost": 13
        })
    );
    let limits = status["limits"].as_array().unwrap();
    let row = limits.iter().find(|row| row["table"] == "kernel-routes").unwrap();
    assert_eq!(
        ["used", "high_water", "capacity", "refused"].map(|key| row[key].as_u64()),
        [Some(5), Some(9), Some(20_000), Some(3)]
    );
    let of_it = limits.iter().filter(|row| row["table"].as_str().unwrap().starts_with("kernel-"));
    let bytes: u64 = of_it.map(|row| row["bytes"].as_u64().unwrap()).sum();
    let limits = *pair.speaker(1).limits();
    assert_eq!(bytes, crier_io_mio::kernel::bytes(&Settings::default(), &limits));
    // What never went wrong is not told as an error.
    let status = done(pair.ask_with(1, &Fake::default(), r#""command":"status""#)).remove(0);
    assert!(status["kernel"]["last_error"].is_null());
}

#[test]
fn status_tells_what_is_redistributed() {
    let mut pair = pair(true);
    let kernel = Fake::default();
    let sources = |pair: &mut Pair, kernel: Option<&Fake>| {
        let command = r#""command":"status""#;
        let status = match kernel {
            Some(kernel) => done(pair.ask_with(1, kernel, command)),
            None => done(pair.ask(1, command)),
        };
        let of = |row: &Value| (row["name"].clone(), row["routes"].clone(), row["refused"].clone());
        status[0]["sources"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let row = |name: &str, routes: usize, refused: usize| (name.into(), routes.into(), refused.into());
    assert_eq!(sources(&mut pair, None), [row("config", 0, 0), row("control", 0, 0)]);
    // What a policy rejects is not wanted; what was announced by command is the command's.
    done(pair.ask(1, r#""command":"announce","prefix":"10.3.0.0/16""#));
    let some = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"].map(|prefix| (prefix, PolicyRef::AcceptAll));
    pair.kernel_routes(1, &[&some[..], &[("10.4.0.0/16", PolicyRef::RejectAll)]].concat());
    let redistributed = [row("config", 0, 0), row("control", 1, 0), row("kernel", 2, 0)];
    assert_eq!(sources(&mut pair, Some(&kernel)), redistributed);
    // There is room for 1024 routes of a family.
    let many: Vec<String> =
        (0..1030_u32).map(|id| format!("10.{}.{}.0/24", 100 + id / 256, id % 256)).collect();
    let many: Vec<_> = many.iter().map(|prefix| (prefix.as_str(), PolicyRef::AcceptAll)).collect();
    pair.kernel_routes(1, &many);
    let full = [row("config", 0, 0), row("control", 1, 0), row("kernel", 1030, 7)];
    assert_eq!(sources(&mut pair, Some(&kernel)), full);
}
