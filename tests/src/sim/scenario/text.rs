//! The text of a `crier.toml`, put together key by key.

use std::fmt::{self, Display, Write as _};
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

/// One table of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    keys: Vec<(&'static str, String)>,
}

impl Table {
    /// Sets a key to what is written as it stands: a number, a switch.
    pub fn set(&mut self, key: &'static str, value: impl Display) -> &mut Self {
        let value = value.to_string();
        match self.keys.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.keys.push((key, value)),
        }
        self
    }

    /// Sets a key to a text.
    pub fn text(&mut self, key: &'static str, value: impl Display) -> &mut Self {
        self.set(key, format_args!("\"{value}\""))
    }

    /// Sets a key to an array of texts.
    pub fn texts<T: Display>(&mut self, key: &'static str, values: impl IntoIterator<Item = T>) -> &mut Self {
        let quoted: Vec<String> = values.into_iter().map(|value| format!("\"{value}\"")).collect();
        self.set(key, format_args!("[{}]", quoted.join(", ")))
    }

    /// Leaves a key at its default.
    pub fn remove(&mut self, key: &str) -> &mut Self {
        self.keys.retain(|(known, _)| *known != key);
        self
    }

    /// What a key is set to, as it is written.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// This table as the value of a key: `{ a = 1, b = 2 }`.
    pub fn inline(&self) -> String {
        let pairs: Vec<String> = self.keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        format!("{{ {} }}", pairs.join(", "))
    }

    fn write(&self, heading: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{heading}")?;
        self.keys.iter().try_for_each(|(key, value)| writeln!(f, "{key} = {value}"))
    }
}

/// A policy: its name and its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What `import` and `export` refer to.
    pub name: String,
    /// `[[policy.rule]]`, in order.
    pub rules: Vec<Table>,
}

impl Policy {
    /// A policy without rules yet: it rejects everything.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rules: Vec::new() }
    }

    /// Adds a rule that `write` fills in.
    #[must_use]
    pub fn rule(mut self, action: &str, write: impl FnOnce(&mut Table)) -> Self {
        let mut rule = Table::default();
        write(&mut rule);
        rule.text("action", action);
        self.rules.push(rule);
        self
    }
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// `[router]`.
    pub router: Table,
    /// `[limits]`.
    pub limits: Table,
    /// `[multipath]`.
    pub multipath: Table,
    /// `[[policy]]`.
    pub policies: Vec<Policy>,
    /// `[[group]]`.
    pub groups: Vec<Table>,
    /// `[[neighbor]]`.
    pub neighbors: Vec<Table>,
    /// `[[network]]`.
    pub networks: Vec<Table>,
}

impl Document {
    /// A speaker with this AS number and BGP identifier, and nobody to talk to.
    pub fn new(asn: u32, router_id: Ipv4Addr) -> Self {
        let mut document = Self::default();
        document.router.set("asn", asn).text("router-id", router_id);
        document
    }

    /// Adds a group that neighbors can inherit from.
    pub fn group(&mut self, name: &str, write: impl FnOnce(&mut Table)) {
        let mut group = Table::default();
        group.text("name", name);
        write(&mut group);
        self.groups.push(group);
    }

    /// Adds a neighbor.
    pub fn neighbor(&mut self, address: IpAddr, write: impl FnOnce(&mut Table)) {
        let mut neighbor = Table::default();
        neighbor.text("address", address);
        write(&mut neighbor);
        self.neighbors.push(neighbor);
    }

    /// Adds a route that is originated here.
    pub fn network(&mut self, prefix: impl Display) -> &mut Table {
        let mut network = Table::default();
        network.text("prefix", prefix);
        let at = self.networks.len();
        self.networks.push(network);
        &mut self.networks[at]
    }

    /// The document without a route that is originated here; `None`: it is not.
    pub fn without_network(&self, prefix: IpNet) -> Option<Self> {
        let is_it = |network: &Table| {
            let text = network.get("prefix").map(|text| text.trim_matches('"'));
            text.and_then(|text| text.parse().ok()) == Some(prefix)
        };
        let at = self.networks.iter().position(is_it)?;
        let mut document = self.clone();
        document.networks.remove(at);
        Some(document)
    }

    /// Forwards along at most `paths` equal paths.
    pub fn multipath(&mut self, paths: u64, relax: bool) {
        self.multipath.set("maximum-paths", paths).set("as-path-relax", relax);
    }
}

impl Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.router.write("[router]", f)?;
        for (heading, table) in [("[limits]", &self.limits), ("[multipath]", &self.multipath)] {
            if !table.is_empty() {
                f.write_char('\n')?;
                table.write(heading, f)?;
            }
        }
        for policy in &self.policies {
            write!(f, "\n[[policy]]\nname = \"{}\"\n", policy.name)?;
            policy.rules.iter().try_for_each(|rule| rule.write("[[policy.rule]]", f))?;
        }
        let lists =
            [("[[group]]", &self.groups), ("[[neighbor]]", &self.neighbors), ("[[network]]", &self.networks)];
        for (heading, tables) in lists {
            for table in tables {
                f.write_char('\n')?;
                table.write(heading, f)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crier::config::{HostFacts, parse};

    use super::*;

    #[test]
    fn a_document_reads_back_as_what_it_was_made_of() {
        let mut document = Document::new(65001, Ipv4Addr::new(192, 0, 2, 1));
        document.limits.set("prefixes", 77);
        document.multipath(4, true);
        document.policies.push(Policy::new("some").rule("accept", |rule| {
            let mut set = Table::default();
            set.set("med", 5).texts("add-communities", ["65001:7", "no-export"]);
            rule.texts("prefix", ["10.0.0.0/8 le 24"]).set("set", set.inline());
        }));
        document.group("near", |group| {
            group.set("remote-asn", 65002).set("timers.hold", 9);
        });
        document.neighbor(IpAddr::from([192, 0, 2, 2]), |neighbor| {
            neighbor.text("group", "near").text("import", "some").set("timers.hold", 12);
        });
        document.network("10.1.0.0/16").set("med", 3).set("med", 4);
        assert_eq!(document.without_network("10.1.0.0/17".parse().unwrap()), None);
        let less = document.without_network("10.1.0.0/16".parse().unwrap()).unwrap();
        assert!(less.networks.is_empty() && less.neighbors == document.neighbors);
        let model = parse(&document.to_string(), "crier.toml", &HostFacts::default()).unwrap();
        assert_eq!((model.local.asn, model.local.maximum_paths, model.limits.prefixes), (65001, 4, 77));
        let peer = model.peers.first().unwrap();
        assert_eq!((peer.settings.timers.hold, peer.remote), (12, IpAddr::from([192, 0, 2, 2])));
        assert_eq!(model.policies.first().map(|policy| policy.rules.len()), Some(1));
        assert_eq!(model.networks.first().map(|network| network.med), Some(Some(4)));
    }
}
