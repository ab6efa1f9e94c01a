//! With `[kernel]` one capability is kept, and serves for all that becomes of the kernel's routes.

use std::fs;

use crier_tests::lab::{Crier, Kind, Lab, OrFail as _, await_until};

use super::feed::{self, Feed};
use super::{Table, await_table};

#[test]
fn one_capability_is_kept_and_is_enough() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, feeder, a) = (lab.node("r"), lab.node("feeder"), lab.node("a"));
    let configuration = feed::link(&router, &feeder);
    router.link(&["192.0.2.1/24"], &a, &["192.0.2.2/24"]);
    let mut crier = Crier::start_with(&router, &configuration);
    let status = format!("/proc/{}/status", crier.process().pid());
    let status = fs::read_to_string(&status).or_fail(status);
    for line in [
        "CapPrm:\t0000000000001000",
        "CapEff:\t0000000000001000",
        "CapInh:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "CapBnd:\t0000000000001000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(status.contains(line), "{line}: {status}");
    }
    assert_eq!(crier.json(&["status"])["confinement"]["capabilities"][0], "CAP_NET_ADMIN");

    let with = |prefixes: &[&str]| -> Table {
        let hop = "192.0.2.2 to-a".to_owned();
        prefixes.iter().map(|prefix| ((*prefix).to_owned(), vec![hop.clone()])).collect()
    };
    let feed = Feed::connect(&feeder);
    feed.announce("192.0.2.2", &["10.50.0.0/16"]);
    await_table("a route is installed", &router, &with(&["10.50.0.0/16"]));
    let surveys = |crier: &Crier<'_>| crier.json(&["status"])["kernel"]["surveys"].as_u64();
    let before = surveys(&crier);
    router.set_link(&a, false);
    await_table("its link goes", &router, &with(&[]));
    router.set_link(&a, true);
    await_table("its link is back", &router, &with(&["10.50.0.0/16"]));
    await_until("the kernel was asked anew", || surveys(&crier), |count| *count > before);

    // The other one is gone, so that this comes to nothing; nothing has changed by it.
    let narrow = configuration.replace("[router]\n", "[router]\nlisten = [\"192.0.2.1:179\"]\n");
    crier.write_configuration(&narrow);
    let (code, said) = crier.refused(&["reload"]);
    assert!(code == 1 && said.contains("CAP_NET_BIND_SERVICE") && said.contains("restart"), "{said}");
    feed.announce("192.0.2.2", &["10.51.0.0/16"]);
    await_table("the session goes on", &router, &with(&["10.50.0.0/16", "10.51.0.0/16"]));
    drop(feed);
    await_table("the session's routes go", &router, &with(&[]));
    let feed = Feed::connect(&feeder);
    feed.announce("192.0.2.2", &["10.52.0.0/16"]);
    await_table("it still listens", &router, &with(&["10.52.0.0/16"]));

    crier.process().signal("INT");
    await_table("nothing is left behind", &router, &with(&[]));
}
