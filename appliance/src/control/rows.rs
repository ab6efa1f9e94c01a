//! Rows of answers. Order and names of the keys are what users script against: they only grow, at the end.

mod peers;
mod routes;
mod status;

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use peers::*;
pub use routes::*;
pub use status::*;

/// Text that is constant in the daemon and owned in a client.
pub type Word = Cow<'static, str>;

/// A policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// Its name; null for what holds where none is configured.
    pub name: Option<String>,
    /// Its rules, in their order.
    pub rules: Vec<String>,
    /// Neighbors whose announcements it decides.
    pub import: Vec<IpAddr>,
    /// Neighbors for which it decides what they are told.
    pub export: Vec<IpAddr>,
    /// The BGP instance.
    pub instance: String,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// When, as RFC 3339 has it.
    pub time: String,
    /// Its number; a gap means that events were lost.
    pub number: u64,
    /// `info` or `warn`.
    pub level: Word,
    /// What, as a code.
    pub event: Word,
    /// The neighbor.
    pub peer: Option<IpAddr>,
    /// In words.
    pub text: String,
    /// The BGP instance.
    pub instance: String,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// In words.
    pub message: String,
}

/// The last line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// All rows were sent, or what was asked is done.
    Done(bool),
    /// It was refused or failed, and what to do.
    Error(String),
}
