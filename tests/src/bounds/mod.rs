//! How many instructions each way into the core takes with the worst input that is known, as callgrind counts them.
//!
//! A child of this program makes the calls under callgrind, which collects in `measured` alone and writes a file after each call.

mod entries;
mod inputs;
mod world;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use entries::{ENTRIES, Entry};

/// What the child is told.
pub const INSIDE: &str = "--inside";

/// The call that is counted. Callgrind knows it by its name.
#[inline(never)]
fn measured(call: &mut dyn FnMut()) {
    call();
}

/// The child's part: every call, in order, or those alone whose names have this text.
pub fn inside(only: &str) {
    let wanted = ENTRIES.iter().filter(|entry| entry.name.contains(only));
    wanted.filter_map(|entry| entry.run).for_each(|run| run());
}

/// Counts every entry. The table, and whether all of them are within their bounds.
///
/// # Errors
/// Callgrind cannot be run, or does not say what it should.
pub fn check() -> Result<(String, bool), String> {
    let directory = std::env::temp_dir().join(format!("crier-bounds-{}", std::process::id()));
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let counts = count(&directory);
    let _ = fs::remove_dir_all(&directory);
    let counts = counts?;
    if counts.len() != ENTRIES.len() {
        return Err(format!("{} calls were counted, {} were made", counts.len(), ENTRIES.len()));
    }
    let mut whole = true;
    let mut table = String::from("| call | thousand instructions | at most |\n|---|---|---|\n");
    for (Entry { name, bound, .. }, count) in ENTRIES.iter().zip(counts) {
        let within = count <= *bound;
        whole &= within;
        let _ = writeln!(table, "| {name} | {count} | {bound} |{}", if within { "" } else { " EXCEEDED" });
    }
    Ok((table, whole))
}

/// Thousands of instructions of each call.
fn count(directory: &Path) -> Result<Vec<u64>, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let out = directory.join("out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=crier_tests::bounds::measured"])
        .args(["--dump-after=crier_tests::bounds::measured", "--compress-strings=no", "--dump-line=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(own)
        .arg(INSIDE)
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("callgrind: {}", String::from_utf8_lossy(&output.stderr)));
    }
    // One file after each call, numbered from 1 on.
    let file = |number: usize| PathBuf::from(format!("{}.{number}", out.display()));
    (1..=ENTRIES.len()).map(|number| total(&file(number))).collect()
}

/// The sum in one of callgrind's files.
fn total(file: &Path) -> Result<u64, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let count = line.and_then(|line| line.trim().parse::<u64>().ok());
    count.map(|count| count.div_ceil(1000)).ok_or_else(|| format!("{}: no totals", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_is_documented() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/bounds.md");
        let page = fs::read_to_string(page).unwrap();
        for Entry { name, bound, .. } in ENTRIES {
            let row = page.lines().find(|line| line.starts_with(&format!("| {name} |")));
            let row = row.unwrap_or_else(|| panic!("{name} is not in docs/bounds.md"));
            assert!(row.ends_with(&format!("| {bound} |")), "{row}");
        }
    }
}
