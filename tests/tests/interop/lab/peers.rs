//! The pinned form of `crier peers --json`, for every kind of neighbor.

use crier_tests::lab::{Bird, Crier, Daemon, Kind, Lab, Plan, await_until};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;
use serde_json::{Value, json};

/// Keys and what may stand there.
type Form = [(&'static str, fn(&Value) -> bool)];

const PEER: &Form = &[
    ("address", Value::is_string),
    ("admin", Value::is_string),
    ("description", Value::is_string),
    ("dynamic", Value::is_boolean),
    ("families", Value::is_array),
    ("flaps", Value::is_u64),
    ("group", |v| v.is_string() || v.is_null()),
    ("instance", Value::is_string),
    ("last_error", |v| v.is_object() || v.is_null()),
    ("local_address", |v| v.is_string() || v.is_null()),
    ("local_asn", Value::is_u64),
    ("port", |v| v.is_u64() || v.is_null()),
    ("remote_asn", |v| v.is_u64() || v.is_null()),
    ("router_id", |v| v.is_string() || v.is_null()),
    ("state", Value::is_string),
    ("uptime_s", Value::is_u64),
];

const FAMILY: &Form = &[
    ("accepted", Value::is_u64),
    ("advertised", Value::is_u64),
    ("family", Value::is_string),
    ("received", Value::is_u64),
];

const ERROR: &Form = &[
    ("age_s", Value::is_u64),
    ("code", Value::is_u64),
    ("direction", Value::is_string),
    ("subcode", Value::is_u64),
    ("text", Value::is_string),
];

fn assert_form(value: &Value, form: &Form) {
    let mut keys: Vec<_> =
        value.as_object().into_iter().flat_map(|object| object.keys()).map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, form.iter().map(|(key, _)| *key).collect::<Vec<_>>());
    for (key, is_right) in form {
        assert!(is_right(&value[key]), "{key}: {}", value[key]);
    }
}

fn forget(value: &mut Value, key: &str) {
    if let Some(object) = value.as_object_mut() {
        object.remove(key);
    }
}

/// The entry of a neighbor, its form asserted, without what changes with time.
fn entry(crier: &Crier<'_>, address: &str) -> Value {
    let mut peer = crier.peer(address);
    assert_form(&peer, PEER);
    assert!(peer["families"].is_array());
    for family in peer["families"].as_array().into_iter().flatten() {
        assert_form(family, FAMILY);
    }
    if !peer["last_error"].is_null() {
        assert_form(&peer["last_error"], ERROR);
        forget(&mut peer["last_error"], "age_s");
    }
    if peer["state"] == "Established" {
        forget(&mut peer, "uptime_s");
    }
    peer
}

#[test]
fn peers_have_their_pinned_form() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let tor = lab.node("tor");
    let nodes = [1, 2, 3, 4].map(|id| {
        let node = lab.node(&format!("n{id}"));
        tor.link(&[&format!("192.0.{id}.1/24")], &node, &[&format!("192.0.{id}.2/24")]);
        node
    });
    let [dialled, accepted, _, dynamic] = &nodes;
    let plan = Plan::new(65000, [10, 0, 0, 1])
        .neighbor("192.0.1.1", "192.0.1.2", 65001)
        .with(|one| one.extra = "description = \"rack 3\"\n".to_owned())
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .with(|two| two.passive = true)
        .neighbor("192.0.3.1", "192.0.3.2", 65003)
        .with(|three| three.passive = true)
        .announce("172.20.0.0/24");
    let text = Crier::configuration(&plan)
        + "\n[[group]]\nname = \"nodes\"\nremote-asn = \"external\"\ndynamic = [\"192.0.4.0/24\"]\ndynamic-limit = 1\n";
    let crier = Crier::start_with(&tor, &text);
    let plan = Plan::new(65001, [10, 0, 1, 1]).neighbor("192.0.1.2", "192.0.1.1", 65000);
    let plan = plan.with(|tor| tor.passive = true).announce("172.20.1.0/24").announce("172.20.2.0/24");
    let bird = Bird::start(dialled, &plan);
    let mut two = RawPeer::connect(accepted, "192.0.2.1");
    two.establish(&Open::new(65002, [10, 0, 1, 2]));
    crier.command(&["shutdown", "192.0.3.2"]);
    let mut four = RawPeer::connect(dynamic, "192.0.4.1");
    four.establish(&Open::new(4_200_000_004, [10, 0, 1, 4]));
    crier.await_established("192.0.4.2");
    drop(four);
    crier.await_prefixes("192.0.1.2", &["172.20.1.0/24", "172.20.2.0/24"]);
    bird.await_prefixes("192.0.1.1", &["172.20.0.0/24"]);
    crier.await_established("192.0.2.2");
    let closed = || crier.peer("192.0.4.2")["state"].take();
    await_until("the dynamic one has closed", closed, |state| *state != "Established");
    let told = || crier.peer("192.0.2.2")["families"][0]["advertised"].take();
    await_until("the accepted one was told", told, |count| *count == 3);

    let family = |name: &str, received: u32, advertised: u32| json!({"family": name, "received": received, "accepted": received, "advertised": advertised});
    assert_eq!(
        entry(&crier, "192.0.1.2"),
        json!({
            "address": "192.0.1.2", "port": 179, "local_asn": 65000, "remote_asn": 65001, "group": null,
            "dynamic": false, "state": "Established", "router_id": "10.0.1.1",
            "families": [family("ipv4-unicast", 2, 1), family("ipv6-unicast", 0, 0)],
            "last_error": null, "flaps": 0, "local_address": "192.0.1.1", "instance": "default",
            "description": "rack 3", "admin": "up",
        })
    );
    assert_eq!(
        entry(&crier, "192.0.2.2"),
        json!({
            "address": "192.0.2.2", "port": null, "local_asn": 65000, "remote_asn": 65002, "group": null,
            "dynamic": false, "state": "Established", "router_id": "10.0.1.2",
            "families": [family("ipv4-unicast", 0, 3), family("ipv6-unicast", 0, 0)],
            "last_error": null, "flaps": 0, "local_address": "192.0.2.1", "instance": "default",
            "description": "", "admin": "up",
        })
    );
    let three = entry(&crier, "192.0.3.2");
    assert_eq!(
        three,
        json!({
            "address": "192.0.3.2", "port": three["port"], "local_asn": 65000, "remote_asn": 65003, "group": null,
            "dynamic": false, "state": "Idle", "uptime_s": 0, "router_id": null, "families": [],
            "last_error": null, "flaps": 0, "local_address": three["local_address"], "instance": "default",
            "description": "", "admin": "down",
        })
    );
    let four = entry(&crier, "192.0.4.2");
    assert_eq!(
        four,
        json!({
            "address": "192.0.4.2", "port": null, "local_asn": 65000, "remote_asn": null, "group": "nodes",
            "dynamic": true, "state": "Idle", "uptime_s": 0, "router_id": null, "families": [],
            "last_error": null, "flaps": 1, "local_address": four["local_address"], "instance": "default",
            "description": "", "admin": "up",
        })
    );
    let order: Vec<_> =
        crier.json(&["peers"]).as_array().unwrap().iter().map(|p| p["address"].clone()).collect();
    assert_eq!(order, ["192.0.1.2", "192.0.2.2", "192.0.3.2", "192.0.4.2"]);
    // No NOTIFICATION was exchanged with any of them; a received one has the form of an error.
    two.send(&crier_tests::wire::message(crier_tests::wire::NOTIFICATION, &[6, 4]));
    let error = || entry(&crier, "192.0.2.2")["last_error"].take();
    let error = await_until("the error is shown", error, |error| !error.is_null());
    assert_eq!(
        (&error["code"], &error["subcode"], &error["direction"]),
        (&6.into(), &4.into(), &"received".into())
    );
}
