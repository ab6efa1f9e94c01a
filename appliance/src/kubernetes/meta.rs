//! What every resource has: a name, labels, an age.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// Labels, or annotations.
pub type Labels = BTreeMap<String, String>;

/// A resource's `metadata`, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Its name, unique among its kind and in its namespace.
    pub name: String,
    /// Its namespace, of kinds that have one.
    pub namespace: String,
    /// Identity over renames; empty in most files.
    pub uid: String,
    /// What selectors look at.
    pub labels: Labels,
    /// What nobody selects by.
    pub annotations: Labels,
    /// RFC 3339, in UTC and to the second as the API writes it: the order of the text is that of time. Empty in most files.
    pub creation_timestamp: String,
}

impl Metadata {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// Its key.
    pub fn key(&self) -> Key {
        Key { namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

/// What a resource is known by among its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Empty for a kind without namespaces.
    pub namespace: String,
    /// The name in it.
    pub name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}
