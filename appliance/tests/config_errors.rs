//! Wrong configurations and what is said of each: file, line, column, key, what was found and what is allowed.
//!
//! `config_errors.txt` holds them, each as a heading, the text and the expected lines.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crier::config::{HostFacts, parse};

const CASES: &str = include_str!("config_errors.txt");

/// Heading, text, expected lines.
fn cases() -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    CASES.split("#### ").skip(1).map(|case| {
        let (heading, rest) = case.split_once('\n').unwrap();
        let (text, expected) = rest.split_once("---- is refused:\n").unwrap();
        (heading, text, expected.lines().filter(|line| !line.is_empty()).collect())
    })
}

#[test]
fn each_wrong_configuration_is_refused_with_the_exact_text() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (heading, text, expected) in cases() {
        count += 1;
        let errors = match parse(text, "crier.toml", &HostFacts::default()) {
            Ok(_) => vec!["accepted".to_owned()],
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        };
        if errors != expected {
            wrong.push(format!("{heading}\n  expected {expected:#?}\n  found {errors:#?}"));
        }
    }
    assert!(count >= 60, "{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_case_is_there_twice() {
    let mut texts: Vec<_> = cases().map(|(_, text, _)| text).collect();
    let all = texts.len();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), all);
}
