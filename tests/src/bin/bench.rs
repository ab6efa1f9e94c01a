//! The benchmarks: `bench full-table [--prefixes N] [--seed S] [--rounds R] [--only crier|bird] [--record] [--direct]`.

use std::process::ExitCode;

use crier_tests::bench::{Options, Speaker, full_table};

const USAGE: &str =
    "usage: bench full-table [--prefixes N] [--seed S] [--rounds R] [--only crier|bird] [--record] [--direct]
  --record   measure crier once more in each round, recording to a file in the temporary directory
  --direct   measure the harness itself, the feeder straight into the sink, before each round";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(options) = parse(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match full_table(&options) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Option<Options> {
    let mut options = Options {
        prefixes: 1_000_000,
        seed: 1,
        rounds: 5,
        speakers: vec![Speaker::Crier, Speaker::Bird],
        direct: false,
    };
    let mut words = arguments.iter().map(String::as_str);
    if words.next() != Some("full-table") {
        return None;
    }
    while let Some(word) = words.next() {
        match word {
            "--prefixes" => options.prefixes = words.next()?.parse().ok()?,
            "--seed" => options.seed = words.next()?.parse().ok()?,
            "--rounds" => options.rounds = words.next()?.parse().ok()?,
            "--direct" => options.direct = true,
            "--record" => options.speakers.insert(1, Speaker::Recording),
            "--only" => {
                options.speakers = match words.next()? {
                    "crier" => vec![Speaker::Crier],
                    "bird" => vec![Speaker::Bird],
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
    Some(options)
}
