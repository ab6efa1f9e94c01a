//! What `crier status` shows of the daemon's privileges.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::rows::Word;
use crate::confine::{Confinement, Kind, names};

/// What the daemon gave up after start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfinementRow {
    /// Capabilities that it kept.
    pub capabilities: Vec<String>,
    /// It gains no privilege by any program.
    pub no_new_privs: bool,
    /// Its files are restricted.
    pub landlock: bool,
    /// Its system calls are restricted.
    pub seccomp: bool,
    /// What is not in force, and why.
    pub lacking: Vec<LackingRow>,
}

/// A restriction that is not in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LackingRow {
    /// `capabilities`, `no-new-privs`, `landlock` or `seccomp`.
    pub what: Word,
    /// Why.
    pub why: String,
}

/// As a row.
pub(super) fn row(confinement: &Confinement) -> ConfinementRow {
    let has = |kind| confinement.in_force().any(|other| other == kind);
    ConfinementRow {
        capabilities: names(confinement.capabilities),
        no_new_privs: has(Kind::NoNewPrivileges),
        landlock: has(Kind::Files),
        seccomp: has(Kind::Calls),
        lacking: confinement
            .lacking()
            .map(|(kind, why)| LackingRow { what: Cow::Borrowed(kind.name()), why: why.to_owned() })
            .collect(),
    }
}
