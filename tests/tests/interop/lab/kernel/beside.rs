//! Two criers in one network namespace: each has its own routes and objects, and neither touches the other's.

use crier_tests::lab::{Crier, Kind, Lab, Namespace, OrFail as _, Plan, await_until};
use serde_json::Value;

use super::{KERNEL, Star, hops, objects, shown};

const PREFIXES: [&str; 2] = ["10.50.0.0/16", "2001:db8:50::/48"];

/// One of the two: its neighbor is the node with this number.
struct One {
    id: usize,
    name: &'static str,
    table: u64,
    protocol: &'static str,
    keys: String,
}

impl One {
    fn start<'n>(&self, router: &'n Namespace) -> Crier<'n> {
        let Self { id, name, keys, .. } = self;
        let here = format!("192.0.{id}.1");
        let plan = Plan::new(65000, [10, 0, 0, *id as u8]);
        let plan = plan.neighbor(&here, &format!("192.0.{id}.2"), 65000 + *id as u32);
        let state = router.dir().join(format!("state-{name}"));
        std::fs::create_dir_all(&state).or_fail("making a directory");
        let own = format!("[router]\nlisten = [\"{here}:179\"]\nstate-dir = \"{}\"\n", state.display());
        let configuration = Crier::configuration(&plan).replace("[router]\n", &own) + KERNEL + keys;
        Crier::start_beside(router, name, &configuration)
    }

    /// Its routes, with the objects that they lead to.
    fn routes(&self, router: &Namespace) -> Vec<(String, Vec<String>, Value)> {
        let routes = shown(router, &["table", &self.table.to_string(), "proto", self.protocol]);
        let word = |route: &Value| route["dst"].as_str().unwrap_or_default().to_owned();
        routes.into_iter().map(|route| (word(&route), hops(&route), route["nhid"].clone())).collect()
    }

    fn await_routes(&self, router: &Namespace, numbered: bool) {
        let to = format!("to-n{}", self.id);
        await_until(
            &format!("the routes of {}", self.name),
            || self.routes(router),
            |routes| {
                routes.len() == PREFIXES.len()
                    && routes.iter().all(|(_, hops, id)| {
                        hops.iter().all(|hop| hop.ends_with(&to)) && id.is_u64() == numbered
                    })
            },
        );
    }
}

/// The second one with these numbers; `shared`: they are the first one's.
fn two_criers(numbers: &str, shared: bool) {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let star = Star::new(&lab, 2);
    let router = &star.router;
    let first = One { id: 1, name: "first", table: 254, protocol: "bgp", keys: String::new() };
    let keys = format!("table = 100\nprotocol = 200\n{numbers}");
    let second = One { id: 2, name: "second", table: 100, protocol: "200", keys };
    let _nodes = star.start_nodes(|_| PREFIXES.map(str::to_owned).into());
    let mut one = first.start(router);
    first.await_routes(router, true);
    let of_first = objects(router);
    // The second one comes, is killed, comes back, and goes: nothing of the first one's changes.
    let before = first.routes(router);
    let mut other = second.start(router);
    second.await_routes(router, !shared);
    assert_eq!(other.json(&["status"])["kernel"]["next_hop_ids"] == 0, shared);
    other.process().kill();
    drop(other);
    let mut other = second.start(router);
    second.await_routes(router, !shared);
    let all_looked = |crier: &Crier<'_>| crier.json(&["status"])["kernel"]["adopted"] == 0;
    await_until("it has taken over", || all_looked(&other), |settled| *settled);
    let of_second: Vec<u64> = objects(router).into_iter().filter(|id| !of_first.contains(id)).collect();
    assert_eq!(of_second.len(), if shared { 0 } else { PREFIXES.len() });
    // And the other way round.
    let theirs = second.routes(router);
    one.process().kill();
    drop(one);
    let mut one = first.start(router);
    await_until("it has taken over", || all_looked(&one), |settled| *settled);
    first.await_routes(router, true);
    assert_eq!((first.routes(router), second.routes(router)), (before.clone(), theirs));
    for crier in [&one, &other] {
        let kernel = crier.json(&["status"])["kernel"].take();
        assert_eq!(
            (&kernel["others"], &kernel["refused"], &kernel["put_back"]),
            (&0.into(), &0.into(), &0.into())
        );
    }
    other.process().signal("INT");
    await_until("the second has ended", || other.process().has_ended(), |ended| *ended);
    assert_eq!((second.routes(router), first.routes(router)), (vec![], before));
    assert_eq!(objects(router), of_first);
    one.process().signal("INT");
    await_until("the first has ended", || one.process().has_ended(), |ended| *ended);
    assert_eq!((first.routes(router), objects(router)), (vec![], vec![]));
}

#[test]
fn two_criers_with_numbers_of_their_own() {
    two_criers("next-hop-ids = 1000000\n", false);
}

/// The later one does without.
#[test]
fn two_criers_with_the_same_numbers() {
    two_criers("", true);
}
