//! What `crier check` says of configurations that are right, of files that cannot be read, and of damaged text; and what a
//! reload refuses.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::IpAddr;
use std::path::Path;

use crier::config::{HostFacts, Model, check, load, memory_plan, parse, reload_conflict};
use crier_core::Limits;
use crier_core::limits::{Table, TableUse};

const EXAMPLE: &str = include_str!("example.toml");

const NO_FACTS: HostFacts<'static> = HostFacts { addresses: &[] };

/// A router and what follows.
fn with_router(rest: &str) -> Model {
    let text = format!("[router]\nasn = 65000\nrouter-id = \"192.0.2.1\"\n{rest}");
    parse(&text, "crier.toml", &NO_FACTS).unwrap()
}

fn warnings(model: &Model) -> Vec<String> {
    model.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn external_neighbors_without_policies_are_warned_of() {
    let neighbors = |keys: &str| {
        let text = format!("[[neighbor]]\naddress = \"192.0.2.9\"\n{keys}\nmax-prefixes = 1\n");
        warnings(&with_router(&text))
    };
    assert_eq!(
        neighbors("remote-asn = 65001"),
        [
            "crier.toml:4:1: neighbor: no import or export policy, so nothing is accepted from or announced to 192.0.2.9 \
          (RFC 8212); to allow it, name a [[policy]] or write import = \"accept-all\""
        ]
    );
    assert_eq!(
        neighbors("remote-asn = \"any\"\nimport = \"accept-all\""),
        [
            "crier.toml:4:1: neighbor: no export policy, so nothing is announced to 192.0.2.9 (RFC 8212); to allow it, \
          name a [[policy]] or write export = \"accept-all\""
        ]
    );
    assert_eq!(neighbors("remote-asn = \"external\"\nexport = \"reject-all\"").len(), 1);
    assert!(neighbors("remote-asn = 65000").is_empty(), "internal ones need none");
    assert!(neighbors("remote-asn = 1\nimport = \"accept-all\"\nexport = \"reject-all\"").is_empty());
    let group = with_router(
        "[[group]]\nname = \"g\"\nremote-asn = 1\nimport = \"accept-all\"\nmax-prefixes = 1\ndynamic = [\"10.0.0.0/8\"]\n",
    );
    assert_eq!(warnings(&group).len(), 1);
    assert!(warnings(&group).concat().contains("announced to dynamic neighbors of group g"));
}

#[test]
fn prefixes_that_may_not_fit_are_warned_of() {
    let text = |limit: u32| {
        format!(
            "[limits]\nprefixes = 100\n[[group]]\nname = \"g\"\nremote-asn = 65000\nmax-prefixes = 10\n\
             dynamic = [\"10.0.0.0/8\", \"2001:db8::/32\"]\ndynamic-limit = 8\n\
             [[neighbor]]\naddress = \"192.0.2.9\"\nremote-asn = 65000\nmax-prefixes = {limit}\n"
        )
    };
    assert!(with_router(&text(20)).warnings.is_empty(), "two ranges of a group share its limit");
    assert_eq!(
        warnings(&with_router(&text(21))),
        [
            "crier.toml:12:1: neighbor.max-prefixes: 1 configured and 8 dynamic neighbors may have 101 prefixes accepted together, \
          more than limits.prefixes, 100: when the table is full, what comes last is refused"
        ]
    );
}

#[test]
fn rules_that_never_match_or_change_nothing_are_warned_of() {
    let model = with_router(
        "[[policy]]\nname = \"p\"\n[[policy.rule]]\nprefix = \"10.0.0.0/8 ge 8\"\naction = \"accept\"\n\
         [[policy.rule]]\nprefix = \"10.1.0.0/16 ge 24\"\nset = { med = 1 }\naction = \"reject\"\n\
         [[policy.rule]]\nprefix = \"10.0.0.0/8\"\nfamily = \"ipv6-unicast\"\naction = \"accept\"\n",
    );
    assert_eq!(
        warnings(&model),
        [
            "crier.toml:9:1: policy.rule: rule 2 of \"p\" can never match: the rule in line 6 decides before it",
            "crier.toml:11:7: policy.rule.set: changes nothing in a rule that rejects",
            "crier.toml:13:1: policy.rule: rule 3 of \"p\" can never match: its own conditions exclude each other",
        ]
    );
}

#[test]
fn a_keepalive_that_is_lowered_is_warned_of() {
    let model = with_router(
        "[[neighbor]]\naddress = \"192.0.2.9\"\nremote-asn = 65000\ntimers = { hold = 9, keepalive = 5 }\n",
    );
    assert_eq!(
        warnings(&model),
        ["crier.toml:7:34: neighbor.timers.keepalive: 5 is lowered to 3, a third of the hold time, 9"]
    );
    assert_eq!(model.peers.first().unwrap().settings.timers.keepalive, 5);
}

#[test]
fn what_a_group_causes_in_many_neighbors_is_said_once() {
    let model = with_router(
        "[[group]]\nname = \"g\"\nremote-asn = 65000\nmax-prefixes = 1\ntimers = { hold = 9, keepalive = 5 }\n\
         [[neighbor]]\naddress = \"192.0.2.8\"\ngroup = \"g\"\n[[neighbor]]\naddress = \"192.0.2.9\"\ngroup = \"g\"\n",
    );
    assert_eq!(model.peers.len(), 2);
    assert_eq!(warnings(&model).len(), 1, "{:?}", model.warnings);
}

#[test]
fn a_reload_changes_no_table_and_no_socket() {
    let conflict = |old: &str, new: &str| reload_conflict(&with_router(old), &with_router(new));
    assert_eq!(conflict("", "[multipath]\nmaximum-paths = 4\n"), None);
    assert_eq!(conflict("", "[limits]\nprefixes = 20_000\n"), None, "the default, written out");
    assert_eq!(
        conflict("", "[limits]\nprefixes = 20_001\n").as_deref(),
        Some("limits: prefixes changed from 20000 to 20001: restart needed")
    );
    assert_eq!(
        conflict("[limits]\npolicy-bytes = \"1MiB\"\n", "").as_deref(),
        Some("limits: policy-bytes changed from 1048576 to 262144: restart needed")
    );
    for key in ["peers", "connections", "paths", "attribute-sets", "instances"] {
        let changed = conflict("", &format!("[limits]\n{key} = 9\n")).unwrap();
        assert!(changed.starts_with("limits: ") && changed.contains(" to 9: restart needed"), "{changed}");
    }
    assert_eq!(
        conflict("", "[limits]\nprefault = true\n").as_deref(),
        Some("limits: prefault changed from false to true: restart needed")
    );
    assert_eq!(
        conflict("", "[control]\nsocket = \"/tmp/c.sock\"\n").as_deref(),
        Some("control: socket changed from /run/crier/crier.sock to /tmp/c.sock: restart needed")
    );
}

#[test]
fn damage_has_an_answer_everywhere() {
    let refused = |text: &str| match parse(text, "crier.toml", &NO_FACTS) {
        Ok(_) => false,
        Err(errors) => {
            let places = errors.iter().map(|error| error.position);
            assert!(!errors.is_empty() && places.is_sorted(), "{errors:#?}");
            true
        }
    };
    let mut count = 0;
    for (at, c) in EXAMPLE.char_indices() {
        let (before, after) = EXAMPLE.split_at(at);
        let after = &after[c.len_utf8()..];
        count += usize::from(refused(before));
        for put in ["", "=", "\"", "[", "{", "é", "\0", "0"] {
            count += usize::from(refused(&format!("{before}{put}{after}")));
        }
    }
    assert!(count > 5 * EXAMPLE.len(), "{count} of {}", 9 * EXAMPLE.len());
}

/// A file that is gone with its guard.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("crier-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn check_prints_the_plan_the_router_id_warnings_and_ok() {
    let file = File::new(
        "good.toml",
        b"[router]\nasn = 1\n[limits]\npeers = 7\n[[neighbor]]\naddress = \"192.0.2.9\"\n\
        remote-asn = 2\nexport = \"accept-all\"\n",
    );
    let facts = HostFacts { addresses: &[IpAddr::from([192, 0, 2, 1])] };
    let plan = |limits: &Limits| {
        let row =
            |table, capacity, bytes| TableUse { table, used: 0, high_water: 0, capacity, bytes, refused: 0 };
        vec![
            row(Table::Peers, u64::from(limits.peers), 4096),
            row(Table::AttributeBytes, 2_097_152, 2_162_688),
        ]
    };
    let name = file.0.display().to_string();
    let output = check(&file.0, &facts, plan).unwrap();
    let expected = "\
TABLE                 ENTRIES          BYTES
peers                       7           4096
attribute-bytes       2097152        2162688
loop-buffers              400        9830400
total                               11997184
router-id: 192.0.2.1 (the highest IPv4 address of this host)
warning: FILE:5:1: neighbor: no import policy, so nothing is accepted from 192.0.2.9 (RFC 8212); to allow it, name a \
[[policy]] or write import = \"accept-all\"
FILE: ok
";
    assert_eq!(output.replace(&name, "FILE"), expected);
}

#[test]
fn the_plan_counts_what_serves_the_kernels_routes() {
    let text = |kernel: &str| {
        let model = with_router(kernel);
        memory_plan(&[], &model.limits, model.kernel.as_ref())
    };
    let bytes = |text: &str, row: &str| -> u64 {
        let line = text.lines().find(|line| line.starts_with(row)).unwrap();
        line.split_whitespace().last().unwrap().parse().unwrap()
    };
    let (without, with) = (text(""), text("[kernel]\nmax-routes = 500\n"));
    assert!(!without.contains("kernel"));
    assert!(with.contains("\nkernel-routes             500 "), "{with}");
    let rows = ["kernel-routes", "kernel-next-hops", "kernel-others", "kernel-buffers"];
    let bridge: u64 = rows.iter().map(|row| bytes(&with, row)).sum();
    assert_eq!(bytes(&with, "total"), bytes(&without, "total") + bridge);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let missing = Path::new("/nonexistent/crier.toml");
    let errors = load(missing, &NO_FACTS).unwrap_err();
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    assert!(error.to_string().starts_with("/nonexistent/crier.toml: cannot be read: "), "{error}");
    assert!(check(missing, &NO_FACTS, |_| unreachable!("nothing to plan")).is_err());

    let file = File::new("latin1.toml", b"[router]\nlog = \"\xe9\"\n");
    let errors = load(&file.0, &NO_FACTS).unwrap_err();
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    let expected = format!("{}:2:8: found bytes that are not UTF-8, allowed UTF-8 text", file.0.display());
    assert_eq!(error.to_string(), expected);
}

/// What newcomers copy first gives them nothing to wonder about.
#[test]
fn the_files_in_the_readme_are_right_and_give_no_warning() {
    let readme = include_str!("../../README.md");
    let files: Vec<&str> =
        readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        let model = parse(file, "README.md", &NO_FACTS).unwrap();
        assert_eq!(warnings(&model), [""; 0]);
    }
}
