use super::*;
use crate::control::rows::End;
use crate::daemon::{PolicyWords, Tag};
use crier_core::PeerId;
use crier_core::attrs::Key;
use crier_core::config::{MaxPrefixes, PolicyRef, Timers};
use crier_core::view::{Counters, FamilyCounts, Reason, Step};
use crier_core::wire::notification::Notification;

const NOW: Instant = Instant::from_millis(100_000);

fn words() -> Words {
    let settings = Settings {
        tag: 0,
        remote_as: RemoteAs::Asn(65001),
        families: FamilySet::EMPTY.with(Family::Ipv4Unicast),
        timers: Timers::default(),
        import: PolicyRef::Named(0),
        export: PolicyRef::AcceptAll,
        max_prefixes: MaxPrefixes { limit: 1000, action: MaxPrefixAction::Close },
        next_hop_self: false,
        passive: false,
        local_address: None,
        local_interface: None,
        ttl: Ttl::Default,
        enforce_first_as: true,
        restart_time: None,
        blackhole: false,
    };
    Words {
        instance: "default".to_owned(),
        asn: 65000,
        router_id: [192, 168, 10, 1].into(),
        tags: vec![Tag { group: Some("k8s-nodes".to_owned()), description: String::new(), settings }],
        policies: vec![PolicyWords { name: "pods".to_owned(), rules: vec!["accept".to_owned()] }],
    }
}

fn peer<'a>(counters: &'a Counters, last_error: Option<&'a LastError>) -> PeerView<'a> {
    PeerView {
        id: PeerId(1),
        tag: 0,
        remote: [192, 168, 10, 2].into(),
        port: Some(179),
        dynamic: true,
        shares_link: true,
        state: State::Established,
        admin: Admin::Up,
        purging: false,
        incomplete: false,
        established: Some(Instant::from_millis(88_000)),
        closed: None,
        local_address: Some([192, 168, 10, 1].into()),
        local_asn: 65000,
        remote_asn: Some(65001),
        router_id: Some([192, 168, 10, 2].into()),
        negotiated: Some(Negotiated { hold: 9, keepalive: 3, ..Negotiated::default() }),
        families: [
            Some(FamilyCounts {
                received: 2,
                received_exact: true,
                accepted: 2,
                advertised: 1,
                ..FamilyCounts::default()
            }),
            None,
        ],
        last_error,
        flaps: 0,
        counters,
        capabilities: &[2, 0],
    }
}

fn json(row: &impl serde::Serialize) -> String {
    serde_json::to_string(row).unwrap()
}

#[test]
fn a_peer_has_the_pinned_keys_in_their_order() {
    let counters = Counters::default();
    assert_eq!(
        json(&peer_row(&peer(&counters, None), &words(), NOW)),
        concat!(
            r#"{"address":"192.168.10.2","port":179,"local_asn":65000,"remote_asn":65001,"group":"k8s-nodes","#,
            r#""dynamic":true,"state":"Established","uptime_s":12,"router_id":"192.168.10.2","#,
            r#""families":[{"family":"ipv4-unicast","received":2,"accepted":2,"advertised":1}],"#,
            r#""last_error":null,"flaps":0,"local_address":"192.168.10.1","instance":"default","description":"","#,
            r#""admin":"up"}"#
        )
    );
}

#[test]
fn before_established_there_is_nothing_to_tell() {
    let counters = Counters::default();
    let mut notification = Notification { code: 6, subcode: 2, ..Notification::default() };
    notification.data.extend_from_slice(b"\x05\x1b[2Jx").unwrap();
    let error = LastError { notification, direction: Direction::Received, at: Instant::from_millis(97_900) };
    let view = PeerView {
        state: State::Active,
        port: None,
        remote_asn: None,
        admin: Admin::Down,
        tag: 7,
        local_address: None,
        ..peer(&counters, Some(&error))
    };
    assert_eq!(
        json(&peer_row(&view, &words(), NOW)),
        concat!(
            r#"{"address":"192.168.10.2","port":null,"local_asn":65000,"remote_asn":null,"group":null,"#,
            r#""dynamic":true,"state":"Active","uptime_s":0,"router_id":null,"families":[],"#,
            r#""last_error":{"code":6,"subcode":2,"text":"Cease / Administrative Shutdown: \\u{1b}[2Jx","#,
            r#""direction":"received","age_s":2},"flaps":0,"local_address":null,"instance":"default","#,
            r#""description":"","admin":"down"}"#
        )
    );
}

#[test]
fn counts_that_are_not_exact_say_so() {
    let counters = Counters::default();
    let mut view = peer(&counters, None);
    view.families[0] = Some(FamilyCounts { received: 9, ..FamilyCounts::default() });
    let row = json(&peer_row(&view, &words(), NOW));
    assert!(row.contains(r#""received":9,"accepted":0,"advertised":0,"received_exact":false}"#), "{row}");
}

#[test]
fn a_session_begins_with_the_keys_of_a_peer_and_is_read_back() {
    let counters = Counters { received: [1, 2, 3, 4, 5], bytes_received: 99, ..Counters::default() };
    let view = peer(&counters, None);
    let row = session_row(&view, &words(), NOW);
    let text = json(&row);
    let peer_text = json(&peer_row(&view, &words(), NOW));
    assert!(text.starts_with(peer_text.trim_end_matches('}')), "{text}");
    assert_eq!(serde_json::from_str::<SessionRow>(&text).unwrap(), row);
    assert_eq!(row.received.route_refresh, 5);
    assert_eq!(row.capabilities_received, ["route-refresh"]);
    assert_eq!(row.configured.unwrap().import.as_deref(), Some("pods"));
}

/// The attributes of the example: next hop, AS_PATH 65001, community 65000:99.
const ATTRS: &[u8] = &[
    192, 168, 10, 2, // next hop
    0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9, // AS_PATH
    0xC0, 8, 4, 0xFD, 0xE8, 0, 99, // COMMUNITIES
];

fn path(key: &Key) -> PathView<'_> {
    PathView {
        peer: PeerId(1),
        remote: Some([192, 168, 10, 2].into()),
        attrs: AttrsView { key, bytes: ATTRS },
        best: true,
        multipath: true,
        blackhole: false,
        valid: true,
        reachable: true,
        stale: false,
        since_secs: 88,
        step: Step::Only,
        rule: None,
    }
}

fn keys(row: &str) -> Vec<String> {
    let mut keys: Vec<(usize, String)> =
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(row)
            .unwrap()
            .keys()
            .map(|key| (row.find(&format!("\"{key}\":")).unwrap(), key.clone()))
            .collect();
    keys.sort();
    keys.into_iter().map(|(_, key)| key).collect()
}

#[test]
fn a_route_has_the_pinned_keys_in_their_order() {
    let key = Key { next_hop_len: 4, path_len: 1, ..Key::default() };
    assert_eq!(
        json(&accepted_row("172.20.0.0/24".parse().unwrap(), &path(&key), false, "default", NOW)),
        concat!(
            r#"{"prefix":"172.20.0.0/24","family":"ipv4-unicast","next_hop":"192.168.10.2","peer":"192.168.10.2","#,
            r#""best":true,"multipath":true,"valid":true,"stale":false,"origin":"igp","as_path":"65001","#,
            r#""local_pref":100,"med":null,"communities":["65000:99"],"large_communities":[],"age_s":12,"#,
            r#""installed":false,"instance":"default","blackhole":false,"reason":null}"#
        )
    );
}

#[test]
fn a_local_route_has_no_peer_and_the_unspecified_next_hop() {
    let key = Key::default();
    let attrs = AttrsView { key: &key, bytes: &[0x40, 2, 0, 0xC0, 8, 4, 0xFF, 0xFF, 0xFF, 1] };
    let local = PathView { peer: PeerId(0), remote: None, attrs, ..path(&key) };
    for (prefix, next_hop) in [("10.10.1.0/24", "0.0.0.0"), ("2001:db8::/32", "::")] {
        let row = accepted_row(prefix.parse().unwrap(), &local, true, "default", NOW);
        assert_eq!(row.peer, None);
        assert_eq!(row.next_hop.unwrap().to_string(), next_hop);
        assert_eq!(row.as_path.as_deref(), Some(""));
        assert_eq!(row.communities, ["no-export"]);
        assert!(!row.installed, "what leads here is not crier's");
    }
}

#[test]
fn what_forwards_by_the_kernels_route_is_installed_and_what_cannot_be_reached_says_so() {
    let key = Key { next_hop_len: 4, ..Key::default() };
    let prefix = "10.0.0.0/8".parse().unwrap();
    let good = path(&key);
    let spare = PathView { best: false, multipath: false, ..good };
    let lost = PathView { valid: false, reachable: false, ..spare };
    let drops = PathView { blackhole: true, ..good };
    let row = |path: &PathView<'_>| accepted_row(prefix, path, true, "default", NOW);
    assert_eq!([&good, &spare, &lost].map(|path| row(path).installed), [true, false, false]);
    let reasons = [&good, &spare, &lost].map(|path| row(path).reason);
    assert_eq!(reasons, [None, None, Some("unreachable".into())]);
    assert_eq!(
        [&good, &drops].map(|path| (row(path).blackhole, row(path).installed)),
        [(false, true), (true, true)]
    );
    let told = [192, 168, 10, 9].into();
    for (in_kernel, best) in [(true, Some(&good)), (false, Some(&good)), (true, None)] {
        let row = advertised_row(prefix, told, &good.attrs, best, in_kernel, "default", NOW);
        assert_eq!(row.installed, in_kernel && best.is_some());
    }
}

#[test]
fn local_pref_is_the_value_used() {
    let mut key = Key { next_hop_len: 4, ..Key::default() };
    key.set_local_pref(Some(0));
    key.set_med(Some(0));
    let row = accepted_row("10.0.0.0/8".parse().unwrap(), &path(&key), false, "default", NOW);
    assert_eq!((row.local_pref, row.med), (Some(0), Some(0)));
}

#[test]
fn all_forms_have_the_same_keys() {
    let key = Key { next_hop_len: 4, ..Key::default() };
    let prefix = "172.20.0.0/24".parse().unwrap();
    let accepted = json(&accepted_row(prefix, &path(&key), false, "default", NOW));
    let told = [10, 0, 0, 9].into();
    let advertised =
        json(&advertised_row(prefix, told, &path(&key).attrs, Some(&path(&key)), false, "default", NOW));
    let view = ReceivedView {
        peer: PeerId(1),
        prefix,
        family: Family::Ipv4Unicast,
        reason: Reason::OwnAs,
        rule: None,
    };
    let refused = json(&refused_row(&view, Some(told), "default"));
    assert_eq!(keys(&accepted), keys(&advertised));
    assert_eq!(keys(&accepted), keys(&refused));
    assert!(advertised.contains(r#""peer":"10.0.0.9""#), "the neighbor that was told");
    assert!(refused.contains(r#""valid":false"#) && refused.ends_with(r#""reason":"own-as"}"#), "{refused}");
}

#[test]
fn the_last_line_is_as_pinned() {
    assert_eq!(json(&End::Done(true)), r#"{"done":true}"#);
    assert_eq!(json(&End::Error("no \"x\"".to_owned())), r#"{"error":"no \"x\""}"#);
}
