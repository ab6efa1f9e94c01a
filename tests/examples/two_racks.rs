//! Two racks under one switch: what becomes of packets when a link is cut, and once it is mended.

use std::time::Duration;

use crier_tests::sim::network::Error;
use crier_tests::sim::{Network, Trouble};

const TOR: &str = r#"
[router]
asn = 65000
router-id = "192.168.10.1"

[[group]]
name = "nodes"
remote-asn = "external"
dynamic = ["192.168.10.0/24", "192.168.11.0/24"]
timers = { hold = 9 }
import = "accept-all"
export = "accept-all"
"#;

/// A node that announces its pods. Each has an AS number of its own: who meets their own in an AS_PATH refuses the route.
fn node(asn: u32, address: &str, tor: &str, pods: &str) -> String {
    format!(
        r#"
[router]
asn = {asn}
router-id = "{address}"

[[neighbor]]
address = "{tor}"
remote-asn = 65000
timers = {{ hold = 9, connect-retry = 5 }}
import = "accept-all"
export = "accept-all"

[[network]]
prefix = "{pods}"
"#
    )
}

fn main() -> Result<(), Error> {
    // In place of a text, Path::new("tor.toml") reads a file.
    let mut sim = Network::new(1)
        .router("tor", TOR)
        .router("node1", node(65001, "192.168.10.2", "192.168.10.1", "172.20.1.0/24"))
        .router("node2", node(65002, "192.168.11.2", "192.168.11.1", "172.20.2.0/24"))
        .link("rack1", &[("tor", "192.168.10.1/24"), ("node1", "192.168.10.2/24")])
        .link("rack2", &[("tor", "192.168.11.1/24"), ("node2", "192.168.11.2/24")])
        .start()?;

    // Machines boot, sessions come up, routes spread, until nothing changes any more. Then every rule is judged.
    sim.settle()?;
    // A session that the configurations forbid breaks no rule. Who counts on all of them says so.
    assert_eq!(sim.missing(), []);
    assert!(sim.peers("tor")?.iter().all(|peer| peer.state == "Established"));
    assert!(sim.trace("node1", "172.20.2.7")?.arrives());

    // Nobody is told of the cut: it is noticed when the hold time of 9 s is over.
    let cut = sim.fault(Trouble::Cut { link: "rack2" })?;
    sim.run_for(Duration::from_secs(10))?;
    assert!(sim.routes("node1")?.iter().all(|route| route.prefix.to_string() != "172.20.2.0/24"));
    assert!(!sim.trace("node1", "172.20.2.7")?.arrives());

    sim.mend(cut);
    sim.settle()?;
    assert!(sim.trace("node1", "172.20.2.7")?.arrives());
    println!("after {} virtual seconds everything is as before", sim.now().as_secs());
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs() {
        super::main().unwrap();
    }

    /// What is shown to readers is what runs here.
    #[test]
    fn the_documentation_shows_it() {
        let (shown, _) = include_str!("two_racks.rs").split_once("\n#[cfg(test)]").unwrap();
        assert!(include_str!("../../docs/simulation.md").contains(shown));
    }
}
