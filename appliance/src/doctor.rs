//! `crier doctor`: what on this host would bite the daemon.
//!
//! [`Facts`] are read once; what is said of them is a pure function of them and the configuration.

mod confinement;
mod facts;
mod host;
mod keys;
mod ports;
mod routes;
mod sysctls;

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::cli::{DONE, FAILED};
use crate::config::{self, HostFacts, Model};
use crate::show::{Paint, Style};
use crate::text::escape;

pub use facts::{Facts, Listener};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, and may surprise.
    Warning,
    /// Does not work.
    Problem,
}

/// One line of the diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub text: String,
    /// What to do about it; null where nothing need be done.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, text: text.into(), advice: None }
    }

    fn warning(check: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, level: Level::Warning, text: text.into(), advice: Some(advice.into()) }
    }

    fn problem(check: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, level: Level::Problem, text: text.into(), advice: Some(advice.into()) }
    }
}

/// Everything there is to say.
pub fn diagnose(model: &Model, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    sysctls::examine(model, facts, &mut found);
    ports::examine(model, facts, &mut found);
    host::examine(model, facts, &mut found);
    routes::examine(model, facts, &mut found);
    keys::examine(model, facts, &mut found);
    confinement::examine(facts, &mut found);
    found
}

/// `crier doctor` with this configuration. Returns the exit code.
pub fn run(path: &Path, json: bool) -> u8 {
    let addresses = crate::program::host_addresses();
    let model = match config::load(path, &HostFacts { addresses: &addresses }) {
        Ok(model) => model,
        Err(errors) => {
            errors.iter().for_each(|error| eprintln!("crier: {error}"));
            return FAILED;
        }
    };
    let found = diagnose(&model, &Facts::read(path, &model));
    // Whoever reads no further knows enough.
    let _ = print(&found, json, Style::of_stdout(), &mut io::stdout().lock());
    if found.iter().any(|finding| finding.level == Level::Problem) { FAILED } else { DONE }
}

fn print(found: &[Finding], json: bool, style: Style, out: &mut impl Write) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, found)?;
        return writeln!(out);
    }
    for finding in found {
        let (word, paint) = match finding.level {
            Level::Ok => ("ok     ", Paint::Good),
            Level::Warning => ("warning", Paint::Title),
            Level::Problem => ("problem", Paint::Bad),
        };
        writeln!(out, "{}  {}", style.paint(paint, word), escape(&finding.text))?;
        if let Some(advice) = &finding.advice {
            writeln!(out, "         {}", escape(advice))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
