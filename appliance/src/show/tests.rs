use super::style::Paint;
use super::*;
use crate::control::collect::Rows;
use crate::control::rows::{EventRow, PeerRow, PolicyRow, StatusRow, WhyRow};

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn fits(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
        assert_eq!(line.trim_end(), line, "blanks at the end");
    }
}

fn peer(json: &str) -> PeerRow {
    serde_json::from_str(json).unwrap()
}

fn established() -> PeerRow {
    peer(
        r#"{"address":"192.168.10.2","port":179,"local_asn":65000,"remote_asn":65001,"group":null,"dynamic":true,
        "state":"Established","uptime_s":12,"router_id":"192.168.10.2","families":[
        {"family":"ipv4-unicast","received":2,"accepted":2,"advertised":1},
        {"family":"ipv6-unicast","received":3,"accepted":2,"advertised":0,"received_exact":false}],
        "last_error":null,"flaps":0,"local_address":"192.168.10.1","instance":"default","description":"","admin":"up"}"#,
    )
}

#[test]
fn peers_look_like_ciliums() {
    let idle = PeerRow {
        address: [192, 168, 10, 10].into(),
        state: "Active".into(),
        remote_asn: None,
        families: Vec::new(),
        admin: "down".into(),
        ..established()
    };
    let shown = text(|out| peers(&[established(), idle], Style::PLAIN, out));
    let expected = "\
Local AS Peer AS Peer Address  Session     Uptime Family Received Advertised
   65000   65001 192.168.10.2  Established    12s ipv4          2          1
                                                  ipv6         ~3          0
   65000       - 192.168.10.10 Shut down        - -             -          -
";
    assert_eq!(shown, expected);
    fits(&shown);
    assert_eq!(text(|out| peers(&[], Style::PLAIN, out)), "no neighbors\n");
}

#[test]
fn the_widest_ipv4_peers_still_fit() {
    let mut wide = PeerRow {
        address: [192, 168, 100, 200].into(),
        local_asn: u32::MAX - 1,
        remote_asn: Some(u32::MAX - 2),
        uptime_s: 20 * 86_400,
        ..established()
    };
    for family in &mut wide.families {
        (family.received, family.advertised) = (1_000_000, 1_000_000);
    }
    wide.families.truncate(1);
    let shown = text(|out| peers(&[wide], Style::PLAIN, out));
    fits(&shown);
    assert!(shown.contains("4294967294") && shown.contains("192.168.100.200"), "{shown}");
}

#[test]
fn colours_are_for_terminals_and_keep_the_columns() {
    let plain = text(|out| peers(&[established()], Style::PLAIN, out));
    let coloured = text(|out| peers(&[established()], Style::COLOUR, out));
    assert!(!plain.contains('\x1b'));
    assert!(coloured.contains("\x1b[32mEstablished\x1b[0m"));
    let mut bare = coloured;
    for code in ["\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m"] {
        bare = bare.replace(code, "");
    }
    assert_eq!(bare, plain);
}

#[test]
fn routes_show_marks_and_reasons() {
    let mut rows = Rows::default();
    let row = |rest: &str| {
        format!(
            r#"{{"prefix":"172.20.100.0/24","family":"ipv4-unicast","multipath":true,"stale":false,"communities":[],
            "large_communities":[],"installed":false,"instance":"default","blackhole":false,{rest}}}"#
        )
        .replace('\n', "")
    };
    let accepted = r#""next_hop":"192.168.100.200","peer":"192.168.100.200","best":true,"valid":true,"origin":"igp",
        "as_path":"65001","local_pref":100,"med":null,"age_s":12,"reason":null"#;
    let local = r#""next_hop":"0.0.0.0","peer":null,"best":false,"valid":true,"origin":"igp",
        "as_path":"","local_pref":100,"med":5,"age_s":90000,"reason":null"#;
    let refused = r#""next_hop":null,"peer":"10.0.0.1","best":false,"valid":false,"origin":null,
        "as_path":null,"local_pref":null,"med":null,"age_s":null,"reason":"own-as""#;
    let lost = r#""next_hop":"10.9.9.9","peer":"10.0.0.1","best":false,"valid":false,"origin":"igp",
        "as_path":"65001","local_pref":100,"med":null,"age_s":12,"reason":"unreachable""#;
    for line in [accepted, local, refused] {
        rows.push(row(line).as_bytes()).unwrap();
    }
    let shown = text(|out| routes(&rows, Style::PLAIN, out));
    fits(&shown);
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines[1].starts_with(">  172.20.100.0/24  192.168.100.200  192.168.100.200"), "{shown}");
    assert!(
        lines[1].ends_with("65001") && lines[2].starts_with("=") && lines[2].contains("local"),
        "{shown}"
    );
    assert!(lines[3].starts_with("x") && lines[3].ends_with("own-as"), "{shown}");
    let mut rows = Rows::default();
    rows.push(row(accepted).replace(r#""installed":false"#, r#""installed":true"#).as_bytes()).unwrap();
    rows.push(row(lost).as_bytes()).unwrap();
    let drops = row(accepted).replace(r#""blackhole":false"#, r#""blackhole":true"#);
    rows.push(drops.as_bytes()).unwrap();
    let shown = text(|out| routes(&rows, Style::PLAIN, out));
    fits(&shown);
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines[1].starts_with(">k ") && lines[2].starts_with("! "), "{shown}");
    assert!(lines[2].ends_with("unreachable"), "{shown}");
    assert!(lines[3].starts_with(">  172.20.100.0/24 blackhole "), "{shown}");
}

#[test]
fn evil_text_moves_no_cursor() {
    let evil = "\u{1b}[2J\nroot\u{202e}";
    let policy = PolicyRow {
        name: Some(evil.to_owned()),
        rules: vec![evil.to_owned()],
        import: vec![[10, 0, 0, 1].into()],
        export: Vec::new(),
        instance: "default".to_owned(),
    };
    let happened = EventRow {
        time: "2026-01-01T00:00:00.000Z".to_owned(),
        number: 0,
        level: "warn".into(),
        event: "down".into(),
        peer: None,
        text: evil.to_owned(),
        instance: "default".to_owned(),
    };
    let step = WhyRow::Refused {
        prefix: "10.0.0.0/8".parse().unwrap(),
        peer: None,
        reason: Some("policy".into()),
        why: evil.to_owned(),
    };
    for shown in [
        text(|out| policies(&[policy], Style::PLAIN, out)),
        text(|out| event(&happened, Style::PLAIN, out)),
        text(|out| why(&[step], Style::PLAIN, out)),
    ] {
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
        assert!(!shown.lines().any(|line| line.starts_with("root")), "{shown:?}");
        assert!(shown.contains("\\u{1b}[2J\\nroot\\u{202e}"), "{shown:?}");
    }
}

#[test]
fn an_event_that_the_daemon_escaped_is_not_escaped_again() {
    let json = r#"{"time":"t","number":1,"level":"info","event":"e","peer":null,"text":"bye\\u{1b}","instance":"d"}"#;
    let shown = text(|out| event(&serde_json::from_str(json).unwrap(), Style::PLAIN, out));
    assert_eq!(shown, "t bye\\u{1b}\n");
}

#[test]
fn status_fits_and_names_every_table() {
    let json = r#"{"version":"0.1.0","uptime_s":3700,"rss_bytes":31457280,"limits":[
        {"table":"prefixes","used":19000,"high_water":20000,"capacity":20000,"bytes":1234567,"refused":7},
        {"table":"attribute-bytes","used":0,"high_water":0,"capacity":2097152,"bytes":2097152,"refused":0}],
        "instances":[{"name":"default","asn":65000,"router_id":"192.168.10.1","peers":3,"established":2,"draining":true}],
        "sources":[{"name":"control","routes":1,"age_s":5,"refused":0,"kept":false}],"kernel":null}"#;
    let mut row: StatusRow = serde_json::from_str(json).unwrap();
    let shown = text(|out| status(&row, Style::PLAIN, out));
    fits(&shown);
    for part in
        ["up 1h01m", "30 MiB resident", "2 of 3 Established", "draining", "gone with the daemon", "1205 KiB"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("kernel") && !shown.contains("confined"));
    let confinement = r#"{"capabilities":["CAP_NET_ADMIN"],"no_new_privs":true,"landlock":false,"seccomp":true,
        "lacking":[{"what":"landlock","why":"the kernel does not have it"}]}"#;
    row.confinement = Some(serde_json::from_str(confinement).unwrap());
    let shown = text(|out| status(&row, Style::PLAIN, out));
    fits(&shown);
    let expected = "\
confined by no-new-privs, seccomp; capabilities: CAP_NET_ADMIN
  without landlock: the kernel does not have it
";
    assert!(shown.contains(expected), "{shown}");
    let kernel = r#"{"install":true,"table":254,"protocol":186,"metric":20,"max_routes":20000,"next_hop_ids":0,"routes":7,
        "refused":2,"no_room":0,"adopted":3,"former":2,"others":0,"requests":99,"refusals":5,"last_error":"File exists","surveys":4,
        "put_back":1,"overruns":0,"lost":9}"#;
    row.kernel = Some(serde_json::from_str(kernel).unwrap());
    let shown = text(|out| status(&row, Style::PLAIN, out));
    fits(&shown);
    let expected = "\
kernel: 7 of 20000 routes in table 254, protocol 186, metric 20
  2 refused and tried again
  3 taken over from an earlier run and not wanted as yet
  2 by other keys of an earlier run, which go when those above are settled
  1 had vanished and were put back
  9 times no room for a route of others, a link or a next hop
  99 requests, 5 refusals, 4 surveys, 0 overruns
  last error: File exists
";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn why_shows_the_kernels_part_between_paths_and_announcements() {
    let steps = [
        r#"{"about":"kernel","prefix":"10.0.0.0/8","installed":true,"table":254,"protocol":186,"metric":20,"next_hops":[],
            "blackhole":false,"next_hop_id":null,"reason":null,"why":"installed: via 10.0.0.1"}"#,
        r#"{"about":"announcement","prefix":"10.0.0.0/8","peer":"10.0.0.2","announced":true,"reason":null,"policy":null,
            "rule":null,"why":"announced"}"#,
    ];
    let steps = steps.map(|step| serde_json::from_str(step).unwrap());
    assert_eq!(
        text(|out| why(&steps, Style::PLAIN, out)),
        "Kernel of 10.0.0.0/8\n  installed: via 10.0.0.1\nAnnouncements\n  to 10.0.0.2: announced\n"
    );
}

#[test]
fn a_table_takes_shorter_titles_before_it_overflows() {
    let column = |title, short| Column { title, short, right: true };
    let mut table = Table::new([column("A very long title of a column", "A"), column("B", "B")]);
    let cells = [Cell::from("x".repeat(20)), Cell::painted(Paint::Bad, "y".repeat(55))];
    let shown = text(|out| table.print(&[cells], Style::PLAIN, out));
    fits(&shown);
    assert!(!shown.contains("very long"));
}
