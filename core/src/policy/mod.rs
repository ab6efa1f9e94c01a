//! Policies: which routes pass, and what is changed about them.

/// A policy as an operator writes it.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Its name, for people.
    pub name: &'a str,
}
