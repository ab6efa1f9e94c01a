//! Bounds of the core's work: counts instructions under callgrind and compares them with `docs/bounds.md`.

use std::process::ExitCode;

use crier_tests::bounds;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == bounds::INSIDE) {
        bounds::inside(words.get(1).map_or("", String::as_str));
        return ExitCode::SUCCESS;
    }
    match bounds::check() {
        Ok((table, whole)) => {
            print!("{table}");
            if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
