use super::*;

/// What is missing on a link of a switch and two nodes, of which one has this configuration and address.
fn missing(node3: &str, address: &str) -> Vec<String> {
    let ends = [("tor", "10.0.0.1/24"), ("tor", "fd00::1/64"), ("node2", "10.0.0.2/24"), ("node3", address)];
    let network = Network::new(1).router("tor", TOR).router("node2", node(2)).router("node3", node3);
    let mut sim = network.link("rack", &ends).start().unwrap();
    let before = sim.missing();
    assert_eq!((before.len(), before[0].why.as_str()), (2, "no daemon runs on node2"));
    // The configurations have it so: nothing is broken.
    sim.settle().unwrap();
    sim.missing().iter().map(ToString::to_string).collect()
}

#[test]
fn sessions_that_configurations_keep_down_are_listed_with_the_reason() {
    let good = node(3);
    assert_eq!(missing(&good, "10.0.0.3/24"), [""; 0]);
    let other_as = missing(&good.replace("remote-asn = 65000", "remote-asn = 65099"), "10.0.0.3/24");
    let expected =
        "node3 has no session with tor (10.0.0.1): node3 wants AS 65099, tor is AS 65000 (last error: sent ";
    assert!(other_as.len() == 1 && other_as[0].starts_with(expected), "{other_as:?}");
    let outside = missing(&good.replace("\"10.0.0.1\"", "\"fd00::1\""), "fd00::3/64");
    let expected =
        "node3 has no session with tor (fd00::1): tor knows no neighbor fd00::3, and no range has it";
    assert!(outside.len() == 1 && outside[0].starts_with(expected), "{outside:?}");
    let nobody = missing(&good.replace("\"10.0.0.1\"", "\"10.0.0.9\""), "10.0.0.3/24");
    assert_eq!(nobody, ["node3 has no session with 10.0.0.9: nobody has this address"]);
    let away = missing(&good, "10.7.0.3/24");
    assert_eq!(away, ["node3 has no session with tor (10.0.0.1): node3 has no route to 10.0.0.1"]);
    let alien = format!("{good}\n").replace("remote-asn", "local-address = \"10.0.0.77\"\nremote-asn");
    let alien = missing(&alien, "10.0.0.3/24");
    assert_eq!(
        alien,
        ["node3 has no session with tor (10.0.0.1): node3 does not have the address 10.0.0.77"]
    );
    let waits = missing(&good.replace("remote-asn", "passive = true\nremote-asn"), "10.0.0.3/24");
    assert_eq!(waits, ["node3 has no session with tor (10.0.0.1): neither dials the other"]);
}

#[test]
fn sessions_that_were_taken_down_are_listed_with_the_reason() {
    let mut sim = flat(1);
    assert!(words(sim.peers("tor").unwrap_err()).contains("settle first"));
    sim.settle().unwrap();
    assert_eq!(sim.missing(), []);
    sim.shutdown("tor", "10.0.0.2").unwrap();
    sim.settle().unwrap();
    let [missing] = &sim.missing()[..] else { panic!("{:?}", sim.missing()) };
    assert_eq!((missing.host.as_str(), missing.name.as_deref()), ("node2", Some("tor")));
    assert!(missing.why.starts_with("it was shut down on tor (last error: received "), "{missing}");
    sim.enable("tor", "10.0.0.2").unwrap();
    sim.settle().unwrap();
    assert_eq!(sim.missing(), []);
    sim.fault(Trouble::Crash { host: "tor" }).unwrap();
    sim.settle().unwrap();
    let whys: Vec<String> = sim.missing().into_iter().map(|missing| missing.why).collect();
    assert!(whys.len() == 2 && whys.iter().all(|why| why.starts_with("no daemon runs on tor")), "{whys:?}");
}
