//! Commands that run here, and the way to those that ask a daemon.

use std::path::Path;

use super::ask::{self, Question};
use super::{Command, Failed};
use crate::control::protocol::{Announce, Command as Asked};

/// The programs behind the commands that ask no daemon. Each says on its own what there is to say and returns the exit
/// code.
#[derive(Clone, Copy, Debug)]
pub struct Programs {
    /// `crier run` with this configuration, and with this file for a recording.
    pub run: fn(&Path, Option<&Path>) -> u8,
    /// `crier check` with this configuration.
    pub check: fn(&Path) -> u8,
    /// `crier demo`.
    pub demo: fn() -> u8,
    /// `crier doctor` with this configuration, as JSON or for people.
    pub doctor: fn(&Path, bool) -> u8,
}

/// Runs a command. Returns the exit code.
pub(super) fn run(command: Command, programs: &Programs) -> Result<u8, Failed> {
    let (asked, target, question) = match command {
        Command::Import { .. } => return Err(unsupported("import")),
        Command::Run { config, record } => return Ok((programs.run)(&config.config, record.as_deref())),
        Command::Check(config) => return Ok((programs.check)(&config.config)),
        Command::Doctor { config, json } => return Ok((programs.doctor)(&config.config, json)),
        Command::Demo => return Ok((programs.demo)()),

        Command::Peers { peer, read } => {
            let question = if peer.is_some() { Question::Session } else { Question::Peers };
            (Asked::Peers { peer }, read.target, question.json(read.json))
        }
        Command::Routes { words, peer, read } => {
            (super::convert::routes(&words, peer)?, read.target, Question::Routes.json(read.json))
        }
        Command::Why { prefix, peer, read } => {
            let prefix = super::convert::target(&prefix)?;
            (Asked::Why { prefix, peer }, read.target, Question::Why.json(read.json))
        }
        Command::Policies { peer, read } => {
            (Asked::Policies { peer }, read.target, Question::Policies.json(read.json))
        }
        Command::Status { read } => (Asked::Status {}, read.target, Question::Status.json(read.json)),
        Command::Events { follow, read } => {
            (Asked::Events { follow }, read.target, Question::Events { follow }.json(read.json))
        }

        Command::Reload(target) => (Asked::Reload {}, target, Question::Command.json(false)),
        Command::Clear { peer, soft, target } => {
            (Asked::Clear { peer, soft }, target, Question::Command.json(false))
        }
        Command::Shutdown { peer, message, target } => {
            (Asked::Shutdown { peer, message }, target, Question::Command.json(false))
        }
        Command::Enable { peer, target } => (Asked::Enable { peer }, target, Question::Command.json(false)),
        Command::Drain { wait, target } => {
            (Asked::Drain { wait_ms: wait }, target, Question::Command.json(false))
        }
        Command::Undrain(target) => (Asked::Undrain {}, target, Question::Command.json(false)),
        Command::Announce { prefix, attributes, ttl, owner, target } => {
            let attributes = super::convert::attributes(&attributes)?;
            let announce = Announce { prefix, attributes, ttl_ms: ttl, owner };
            (Asked::Announce(announce), target, Question::Command.json(false))
        }
        Command::Withdraw { prefix, owner, target } => {
            (Asked::Withdraw { prefix, owner }, target, Question::Command.json(false))
        }
    };
    ask::ask(asked, target, question)
}

fn unsupported(what: &str) -> Failed {
    Failed::refused(format!("{what} is not supported by this version (crier {})", env!("CARGO_PKG_VERSION")))
}
