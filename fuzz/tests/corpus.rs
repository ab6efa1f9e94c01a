//! Every input of every corpus, found or made, on any toolchain.

use std::fs;
use std::path::{Path, PathBuf};

use crier_fuzz::{TARGETS, Target};

fn inputs(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let listing = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<PathBuf> = listing.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

/// A panic names the input, to be looked at with `cargo run`, or given to the target.
fn replay((name, check): Target) {
    let inputs = inputs(name);
    assert!(inputs.len() > 4, "{name}: {} inputs", inputs.len());
    for path in inputs {
        let data = fs::read(&path).unwrap();
        let outcome = std::panic::catch_unwind(|| check(&data));
        assert!(outcome.is_ok(), "{}", path.display());
    }
}

#[test]
fn every_input_has_an_answer() {
    std::thread::scope(|scope| {
        for target in TARGETS {
            scope.spawn(move || replay(target));
        }
    });
}

/// Each target is a program of its own that calls the check it is named after.
#[test]
fn every_target_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets");
    let mut programs: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    programs.sort();
    let mut names = TARGETS.map(|(name, _)| name);
    names.sort();
    assert_eq!(programs, names);
}
