//! The benchmarks: `bench full-table …`, `bench kernel …` and `bench hostile …`.

use std::process::ExitCode;
use std::time::Duration;

use crier_tests::bench::{
    HostileOptions, KernelOptions, Options, Speaker, full_table, hostile, kernel_routes,
};
use crier_tests::hostile::Attack;

const USAGE: &str =
    "usage: bench full-table [--prefixes N] [--seed S] [--rounds R] [--only crier|bird] [--record] [--direct]
       bench kernel [--prefixes N] [--seed S] [--rounds R]
       bench hostile [--rounds R] [--seconds S] [--only ATTACK]
full-table: a table from one neighbor to another
  --record   measure crier once more in each round, recording to a file in the temporary directory
  --direct   measure the harness itself, the feeder straight into the sink, before each round
kernel: a table into the kernel's routes and out again, as root
hostile: routes between two neighbors while others attack, as root";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words = &mut arguments.iter().map(String::as_str);
    let report = match words.next() {
        Some("full-table") => parse(words).map(|options| full_table(&options)),
        Some("kernel") => parse_kernel(words).map(|options| kernel_routes(&options)),
        Some("hostile") => {
            parse_hostile(words).map(|options| hostile(&options).map_err(std::io::Error::other))
        }
        _ => None,
    };
    match report {
        Some(Ok(report)) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse_kernel<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<KernelOptions> {
    let mut options = KernelOptions { prefixes: 200_000, seed: 1, rounds: 5 };
    while let Some(word) = words.next() {
        match word {
            "--prefixes" => options.prefixes = words.next()?.parse().ok()?,
            "--seed" => options.seed = words.next()?.parse().ok()?,
            "--rounds" => options.rounds = words.next()?.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

fn parse_hostile<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<HostileOptions> {
    let mut options =
        HostileOptions { rounds: 200, span: Duration::from_secs(5), attacks: Attack::ALL.to_vec() };
    while let Some(word) = words.next() {
        match word {
            "--rounds" => options.rounds = words.next()?.parse().ok()?,
            "--seconds" => options.span = Duration::from_secs(words.next()?.parse().ok()?),
            "--only" => {
                let name = words.next()?;
                options.attacks.retain(|attack| attack.name() == name);
            }
            _ => return None,
        }
    }
    Some(options).filter(|options| !options.attacks.is_empty())
}

fn parse<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Options> {
    let mut options = Options {
        prefixes: 1_000_000,
        seed: 1,
        rounds: 5,
        speakers: vec![Speaker::Crier, Speaker::Bird],
        direct: false,
    };
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
