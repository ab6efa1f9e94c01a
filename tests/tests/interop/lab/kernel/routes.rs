//! What BGP has learned is in the kernel, and goes with it.

use std::collections::BTreeSet;

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Plan, await_until};

use super::feed::Feed;
use super::traffic::Traffic;
use super::{KERNEL, Star, Table, await_table, forward, objects, shown, table};

fn announced(id: usize) -> Vec<String> {
    let own = [format!("10.5{id}.0.0/16"), format!("2001:db8:5{id}::/48")];
    let all = ["10.50.0.0/16".to_owned(), "2001:db8:50::/48".to_owned()];
    [own, all].concat()
}

/// What the router is to have when these nodes announce.
fn wanted(star: &Star, nodes: &[usize]) -> Table {
    let own = nodes.iter().flat_map(|id| {
        [star.over(&format!("10.5{id}.0.0/16"), &[*id]), star.over(&format!("2001:db8:5{id}::/48"), &[*id])]
    });
    own.chain([star.over("10.50.0.0/16", nodes), star.over("2001:db8:50::/48", nodes)]).collect()
}

#[test]
fn three_next_hops_and_what_is_left_at_the_end() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let star = Star::new(&lab, 3);
    let router = &star.router;
    let configuration = star.configuration();
    let mut crier = Crier::start_with(router, &configuration);
    let mut nodes = star.start_nodes(announced);
    await_table("all routes are there", router, &wanted(&star, &[1, 2, 3]));
    let ours = shown(router, &["proto", "bgp"]);
    assert!(ours.iter().all(|route| route["nhid"].is_u64()), "{ours:#?}");
    // Three gateways and a group of them for each family.
    await_until("an object for each", || objects(router).len(), |count| *count == 8);

    let installed = || crier.routes(&["best"]).iter().filter(|path| path["installed"] == true).count();
    await_until("crier says so", installed, |count| *count == 8);

    // What is withdrawn goes, and nothing else.
    nodes[0].command(&["withdraw", "2001:db8:51::/48"]);
    let mut less = wanted(&star, &[1, 2, 3]);
    less.remove("2001:db8:51::/48");
    await_table("the withdrawn one has gone", router, &less);
    drop(nodes.remove(1));
    let mut two = wanted(&star, &[1, 3]);
    two.remove("2001:db8:51::/48");
    await_table("the node that ended has gone", router, &two);
    await_until("its objects have gone", || objects(router).len(), |count| *count == 6);

    // SIGTERM leaves the routes where they are, and a new process goes on from there.
    let before = objects(router);
    crier.process().signal("TERM");
    await_until("it has ended", || crier.process().has_ended(), |ended| *ended);
    assert_eq!((table(router), objects(router)), (two.clone(), before.clone()));
    let mut crier = Crier::start_with(router, &configuration);
    for neighbor in ["192.0.1.2", "192.0.3.2"] {
        crier.await_established(neighbor);
    }
    await_until(
        "both announce",
        || crier.routes(&["available"]).len(),
        // Two shared ones from each, and three of their own.
        |count| *count == 7,
    );
    await_table("the same as before", router, &two);
    assert_eq!(BTreeSet::from_iter(objects(router)), BTreeSet::from_iter(before));

    // SIGINT takes everything along.
    crier.process().signal("INT");
    await_until("it has ended", || crier.process().has_ended(), |ended| *ended);
    assert_eq!((table(router), objects(router)), (Table::new(), vec![]));

    // So does SIGTERM where it is to.
    let withdraws = configuration.replace("[router]\n", "[router]\non-stop = \"withdraw\"\n");
    let mut crier = Crier::start_with(router, &withdraws);
    await_table("all are back", router, &two);
    crier.process().signal("TERM");
    await_until("it has ended", || crier.process().has_ended(), |ended| *ended);
    assert_eq!((table(router), objects(router)), (Table::new(), vec![]));
}

#[test]
fn routes_without_objects() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let star = Star::new(&lab, 3);
    let router = &star.router;
    let mut crier = Crier::start_with(router, &(star.configuration() + "next-hop-ids = 0\n"));
    let mut nodes = star.start_nodes(announced);
    await_table("all routes are there", router, &wanted(&star, &[1, 2, 3]));
    assert!(objects(router).is_empty() && shown(router, &["proto", "bgp"])[0]["nhid"].is_null());
    drop(nodes.remove(1));
    await_table("the node that ended has gone", router, &wanted(&star, &[1, 3]));
    crier.process().signal("INT");
    await_until("it has ended", || crier.process().has_ended(), |ended| *ended);
    assert!(table(router).is_empty());
}

#[test]
fn sixty_four_next_hops() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, many) = (lab.node("r"), lab.node("many"));
    let address = |id: usize, version: u8| match version {
        4 => format!("192.0.2.{id}"),
        _ => format!("2001:db8:2::{id}"),
    };
    let ids = 2..66;
    let addresses: Vec<String> =
        ids.clone().flat_map(|id| [address(id, 4) + "/24", address(id, 6) + "/64"]).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &many, &addresses);
    many.loopback(&["10.50.0.1/32", "2001:db8:50::1/128"]);
    let source = lab.node("source");
    router.link(&["10.8.0.1/24", "2001:db8:8::1/64"], &source, &["10.8.0.2/24", "2001:db8:8::2/64"]);
    for gateway in ["10.8.0.1", "2001:db8:8::1"] {
        source.run("ip", &["route", "add", "default", "via", gateway]);
    }
    forward(&router);
    forward(&many);
    let configuration = Crier::configuration(&Plan::new(65000, [10, 0, 0, 1]))
        + "\n[[group]]\nname = \"many\"\nremote-asn = \"external\"\ndynamic = [\"192.0.2.0/24\"]\ndynamic-limit = 64\n\
           families = [\"ipv4-unicast\", \"ipv6-unicast\"]\nimport = \"accept-all\"\nexport = \"reject-all\"\n\
           timers = { hold = 3600, keepalive = 1200, connect-retry = 1 }\n"
        + KERNEL;
    let mut crier = Crier::start_with(&router, &configuration);
    let connect = |id: usize| {
        let feed = Feed::dial(&many, &address(id, 4), "192.0.2.1", 65000 + id as u32);
        feed.announce(&address(id, 4), &["10.50.0.0/16", "10.51.0.0/16"]);
        feed.announce(&address(id, 6), &["2001:db8:50::/48"]);
        feed
    };
    let mut feeds: Vec<Feed> = ids.clone().map(connect).collect();
    let wanted = |ids: &[usize]| {
        let over = |prefix: &str, version| {
            let mut hops: Vec<String> = ids.iter().map(|id| address(*id, version) + " to-many").collect();
            hops.sort();
            (prefix.to_owned(), hops)
        };
        Table::from([over("10.50.0.0/16", 4), over("10.51.0.0/16", 4), over("2001:db8:50::/48", 6)])
    };
    let ids: Vec<usize> = ids.collect();
    await_table("all lead over 64 next hops", &router, &wanted(&ids));
    await_until("an object for each", || objects(&router).len(), |count| *count == 2 * 64 + 2);
    let traffic = ["10.50.0.1", "2001:db8:50::1"].map(|to| Traffic::start(&source, &many, to));
    let begin = traffic.each_ref().map(Traffic::arrived_so_far);
    // Three of them die: they forward as before, but nothing is to be lost on the way from one set to the next.
    feeds.truncate(61);
    await_table("61 are left", &router, &wanted(&ids[..61]));
    feeds[0].withdraw(&["10.51.0.0/16"]);
    feeds[0].withdraw(&["2001:db8:50::/48"]);
    let mut less = wanted(&ids[..61]);
    less.insert("10.51.0.0/16".into(), wanted(&ids[1..61])["10.51.0.0/16"].clone());
    less.insert("2001:db8:50::/48".into(), wanted(&ids[1..61])["2001:db8:50::/48"].clone());
    await_table("one is withdrawn from two", &router, &less);
    feeds.truncate(8);
    let mut eight = wanted(&ids[..8]);
    for prefix in ["10.51.0.0/16", "2001:db8:50::/48"] {
        eight.insert(prefix.into(), wanted(&ids[1..8])[prefix].clone());
    }
    await_table("eight are left", &router, &eight);
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    for (traffic, begin) in traffic.into_iter().zip(begin) {
        let account = traffic.stop();
        assert!(account.sent() > begin + 500);
        assert_eq!(account.lost(begin, account.sent()), 0, "of {}", account.sent() - begin);
    }
    drop(feeds);
    await_table("none is left", &router, &Table::new());
    await_until("nor an object", || objects(&router).len(), |count| *count == 0);
    crier.process().assert_running();
}
