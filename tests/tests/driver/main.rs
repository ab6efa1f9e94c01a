//! The program `sim` as it is called: what it prints, and its exit status.
#![cfg(test)]

use std::process::{Command, Output};

fn sim(words: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
    let Output { status, stdout, stderr } = command.args(words.split_ascii_whitespace()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn a_seed_is_one_line_that_ends_in_its_hash_and_is_the_same_again() {
    let first = sim("--seed 1 --scenario lab");
    let (status, line, errors) = &first;
    assert_eq!((*status, errors.as_str()), (0, ""), "{line}");
    assert!(line.starts_with("lab seed 1: converged ") && line.lines().count() == 1, "{line}");
    let (_, hash) = line.trim_end().rsplit_once("; ").unwrap();
    assert!(hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{line}");
    assert_eq!(sim("--seed 1 --scenario lab"), first);
}

#[test]
fn many_seeds_come_to_the_same_however_many_run_at_a_time() {
    let first = sim("--seeds 1..4 --scenario lab --jobs 1");
    assert_eq!((first.0, first.2.as_str()), (0, ""), "{}", first.1);
    assert!(first.1.starts_with("lab seeds 1..4: 3 seeds, "), "{}", first.1);
    assert_eq!(sim("--seeds 1..4 --scenario lab --jobs 3"), first);
    assert_ne!(sim("--seeds 2..5 --scenario lab").1, first.1);
}

#[test]
fn wrong_usage_and_files_that_cannot_be_made_are_status_two() {
    let (status, out, errors) = sim("--scenario lab");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(errors.contains("sim --seeds A..B"), "{errors}");
    let (status, out, errors) = sim("--seed 1 --pcap /nowhere/x.pcap");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(errors.starts_with("sim: /nowhere/x.pcap: "), "{errors}");
}

#[test]
fn parts_that_there_are_not_are_refused_by_name() {
    let (status, out, errors) = sim("--seed 1 --scenario lab --without f0,h99,f1000-f1002");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(errors.starts_with("sim: --without h99,f1000-f1002: the plan has no such parts"), "{errors}");
}

#[test]
fn hours_that_nobody_could_wait_for_are_refused() {
    let (status, out, errors) = sim("--seed 1 --scenario cluster --hours 9");
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(errors, "sim: --hours: found 9, allowed 1 to 8 of cluster\n");
}

#[test]
fn a_long_plan_is_drawn_at_once() {
    // Some hundred thousand faults: in quadratic time that would take minutes.
    let (status, out, errors) = sim("--seed 2 --hours 400 --without l99999");
    assert_eq!((status, out.as_str()), (2, ""), "{errors}");
}

#[test]
fn replaying_ends_with_a_status_for_each_outcome() {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/data/frr.crier-record");
    let (status, out, errors) = sim(&format!("--replay {recording}"));
    assert_eq!((status, errors.as_str()), (0, ""), "{out}");
    assert!(out.contains(" replay to the same bytes, to its end; hash "), "{out}");
    for file in ["/nowhere/x.crier-record", "/tmp", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let (status, out, errors) = sim(&format!("--replay {file}"));
        assert_eq!((status, out.as_str()), (2, ""), "{file}: {errors}");
        assert!(errors.starts_with(&format!("{file}: ")) && errors.lines().count() == 1, "{errors}");
    }
    // Cut short: what there is replays, but it is not the whole run.
    let bytes = std::fs::read(recording).unwrap();
    let cut = std::env::temp_dir().join(format!("crier-cut-{}.crier-record", std::process::id()));
    std::fs::write(&cut, &bytes[..bytes.len() - 1]).unwrap();
    let (status, out, errors) = sim(&format!("--replay {}", cut.display()));
    std::fs::remove_file(&cut).unwrap();
    assert_eq!((status, out.as_str()), (1, ""), "{errors}");
    assert!(errors.contains(" replay to the same bytes, as far as it goes: "), "{errors}");
}

#[test]
fn a_worker_ends_with_its_input() {
    // The input is closed from the beginning.
    let (status, out, _) = sim("--worker");
    assert_eq!((status, out.as_str()), (0, "at 0\n"));
}
