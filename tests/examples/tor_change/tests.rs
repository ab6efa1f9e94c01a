use std::fs;
use std::path::Path;

use super::*;

const RACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor_change");

fn path(name: &str) -> PathBuf {
    Path::new(RACK).join(name)
}

fn change(file: &str) -> Report {
    let (tor, changed, nodes) = (path("tor.toml"), path(file), path("nodes"));
    compare(&Arguments { tor, changed, nodes, length: 24, seed: 1 }).unwrap()
}

/// The rack of the files, with other text in place of some; gone when the test is over.
struct Rack(PathBuf);

impl Rack {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("crier-tor-change-{}-{name}", std::process::id()));
        fs::create_dir_all(dir.join("nodes")).unwrap();
        let rack = Self(dir);
        for file in ["tor.toml", "nodes/node1.toml", "nodes/node2.toml", "nodes/node3.toml"] {
            fs::copy(path(file), rack.0.join(file)).unwrap();
        }
        fs::copy(path("tor-harmless.toml"), rack.0.join("changed.toml")).unwrap();
        rack
    }

    fn replace(self, file: &str, from: &str, to: &str) -> Self {
        let path = self.0.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
        self
    }

    fn compare(&self) -> Result<Report, String> {
        let [tor, changed, nodes] = ["tor.toml", "changed.toml", "nodes"].map(|name| self.0.join(name));
        compare(&Arguments { tor, changed, nodes, length: 24, seed: 1 })
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_policy_that_lets_no_pod_cidr_in_is_found() {
    let report = change("tor-changed.toml");
    // Four on the switch, and on each node those of the others.
    assert_eq!((report.lost, report.down), (4 + 3 + 2 + 3, 0), "{:#?}", report.lines);
    let reason = "from node2: import policy \"pods-and-vips\" rejects it: no rule matches";
    assert!(report.lines.contains(&format!("lost    172.20.2.0/24 on tor: {reason}")), "{:#?}", report.lines);
    assert!(report.lines.contains(&"lost    172.20.2.0/24 on node1: tor has it no longer".to_owned()));
    assert!(!report.lines.iter().any(|line| line.contains("172.16.1.10")), "{:#?}", report.lines);
}

#[test]
fn a_limit_that_closes_a_session_is_found() {
    let report = change("tor-limit.toml");
    // What the node has to tell, on three machines, and two routes that it had itself.
    assert_eq!((report.lost, report.down), (2 * 4, 1), "{:#?}", report.lines);
    let lost =
        report.lines.iter().find(|line| line.starts_with("lost    172.20.2.0/24 on tor after a restart: "));
    assert!(lost.is_some_and(|line| line.contains("the session with node2 is Idle: sent ")), "{lost:?}");
    let down = report.lines.iter().find(|line| line.starts_with("down    node2 has no session with tor "));
    assert!(down.is_some_and(|line| line.contains("it went past its limit of prefixes on tor")), "{down:?}");
    // The service has another node.
    let changed = "changed 172.16.1.10/32 on tor after a restart: from 192.168.10.11, before from 192.168.10.11, \
         192.168.10.12";
    assert!(report.lines.contains(&changed.to_owned()), "{:#?}", report.lines);
}

#[test]
fn a_harmless_change_passes() {
    let report = change("tor-harmless.toml");
    assert!(report.is_harmless() && report.lines.len() == 1, "{:#?}", report.lines);
    assert!(report.lines[0].starts_with("nothing is lost, "), "{:#?}", report.lines);
}

/// Who has no session has nothing to lose: that is no all-clear.
#[test]
fn a_session_that_never_was_is_no_all_clear() {
    let rack = Rack::new("asn").replace("nodes/node2.toml", "remote-asn = 65000", "remote-asn = 65009");
    let error = rack.compare().unwrap_err();
    let expected = "before the change node2 has no session with tor (192.168.10.1): node2 wants AS 65009, tor is AS 65000 \
                    (last error: sent ";
    assert!(error.starts_with(expected) && error.lines().count() == 1, "{error}");
    let rack = Rack::new("outside").replace("nodes/node2.toml", "192.168.10.12", "192.168.11.12");
    let error = rack.compare().unwrap_err();
    assert!(error.contains("node2 has no route to 192.168.10.1"), "{error}");
    let ipv6 = "address = \"fd00::1\"\nlocal-address = \"fd00::12\"";
    let rack = Rack::new("ipv6").replace("nodes/node2.toml", "address = \"192.168.10.1\"", ipv6);
    let error = rack.compare().unwrap_err();
    assert!(error.contains("(fd00::1): tor knows no neighbor fd00::12, and no range has it"), "{error}");
}

#[test]
fn nodes_that_announce_nothing_are_no_all_clear() {
    let rack = ["node1", "node2", "node3"].into_iter().fold(Rack::new("nothing"), |rack, node| {
        let file = format!("nodes/{node}.toml");
        let text = fs::read_to_string(rack.0.join(&file)).unwrap();
        fs::write(rack.0.join(&file), text.split("[[network]]").next().unwrap()).unwrap();
        rack
    });
    let error = rack.compare().unwrap_err();
    assert_eq!(error, "before the change nobody has a route from a neighbor: there is nothing to compare");
}

#[test]
fn a_change_that_needs_a_restart_is_compared_after_it() {
    let text = "[limits]\npeers = 321\n\n[multipath]";
    let report = Rack::new("limits").replace("changed.toml", "[multipath]", text).compare().unwrap();
    let expected = [
        "no reload takes this change, so the switch is restarted with it: limits: peers changed from 320 to 321: restart \
         needed",
        "nothing is lost, 14 of 14 routes as before",
    ];
    assert_eq!(report.lines, expected);
    // What is lost by it is found as well.
    let rack = Rack::new("limits-lost").replace("changed.toml", "[multipath]", text);
    let report = rack.replace("changed.toml", "ge 24 le 26", "ge 25").compare().unwrap();
    assert_eq!(report.lost, 12, "{:#?}", report.lines);
}

#[test]
fn a_node_whose_address_nobody_knows_is_refused() {
    let rack = Rack::new("router-id").replace("nodes/node2.toml", "router-id = \"192.168.10.12\"", "");
    let expected = "node2: its address on the link is not known: give the neighbor 192.168.10.1 a local-address, or the \
                    node a router-id that is its address";
    assert_eq!(rack.compare().unwrap_err(), expected);
}

#[test]
fn a_second_switch_is_refused() {
    let second = "[[neighbor]]\naddress = \"192.168.10.2\"\nremote-asn = 65000\n\n[[network]]";
    let rack = Rack::new("two").replace("nodes/node3.toml", "[[network]]", second);
    let expected = "node3: its neighbors 192.168.10.1 and 192.168.10.2 are no nodes, and here is one switch only: a rack \
                    with two is a few lines with the library (docs/simulation.md)";
    assert_eq!(rack.compare().unwrap_err(), expected);
}

/// A session of each family is one switch's.
#[test]
fn a_node_may_have_a_session_of_each_family() {
    let second = "[[neighbor]]\naddress = \"fd00::1\"\nlocal-address = \"fd00::13\"\nremote-asn = 65000\n\
                  timers = { hold = 9, connect-retry = 5 }\nimport = \"accept-all\"\nexport = \"accept-all\"\n\n[[network]]";
    let rack = Rack::new("dual").replace("nodes/node3.toml", "[[network]]", second);
    let range = |rack: Rack, file: &str| {
        rack.replace(file, "[\"192.168.10.0/24\"]", "[\"192.168.10.0/24\", \"fd00::/64\"]")
    };
    let rack = range(range(rack, "tor.toml"), "changed.toml");
    let report = rack.compare().unwrap();
    assert!(report.is_harmless(), "{:#?}", report.lines);
}
