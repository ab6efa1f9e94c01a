//! Rows of an answer, collected and put in order. They are kept as they came, so that `--json` shows what the daemon said,
//! keys of a later version included.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Lines in one allocation, and their order.
#[derive(Debug, Default)]
pub struct Rows {
    text: Vec<u8>,
    rows: Vec<(Place, std::ops::Range<usize>)>,
    instances: Vec<String>,
}

/// Where a row belongs: by instance, prefix and neighbor. Numbers are compared as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Position in the list of instances.
    instance: usize,
    /// Parts of `crier why` in their order.
    part: u8,
    prefix: Option<IpNet>,
    peer: Option<IpAddr>,
}

/// What a row tells of its place.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    instance: String,
    about: Option<String>,
    prefix: Option<IpNet>,
    peer: Option<IpAddr>,
    address: Option<IpAddr>,
}

impl Rows {
    /// Takes a row, a line of JSON. One that is none is refused.
    pub fn push(&mut self, line: &[u8]) -> Result<(), String> {
        let told: Told = serde_json::from_slice(line).map_err(|error| {
            format!("the daemon's answer makes no sense, is it of another version? ({error})")
        })?;
        // `crier why` is about one instance, which only paths name.
        let told = if told.about.is_some() { Told { instance: String::new(), ..told } } else { told };
        let known = self.instances.iter().position(|name| *name == told.instance);
        let instance = known.unwrap_or_else(|| {
            self.instances.push(told.instance);
            self.instances.len() - 1
        });
        let part = match told.about.as_deref() {
            None | Some("path") => 0,
            Some("refused") => 1,
            Some("kernel") => 2,
            Some(_) => 3,
        };
        // Paths of one destination come best first, and stay so.
        let ordered = told.about.is_some() && part == 0;
        let peer = if ordered { None } else { told.peer.or(told.address) };
        let start = self.text.len();
        self.text.extend_from_slice(line);
        self.rows.push((Place { instance, part, prefix: told.prefix, peer }, start..self.text.len()));
        Ok(())
    }

    /// Puts the rows in order: instance, prefix, neighbor; what has neither keeps its order.
    pub fn sort(&mut self) {
        let names = &self.instances;
        let name = |place: &Place| names.get(place.instance).map(String::as_str);
        self.rows.sort_by(|(a, _), (b, _)| {
            name(a).cmp(&name(b)).then_with(|| (a.part, a.prefix, a.peer).cmp(&(b.part, b.prefix, b.peer)))
        });
    }

    /// The rows as they came.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.iter().filter_map(|(_, range)| self.text.get(range.clone()))
    }

    /// The rows as values; those that make no sense are left out, as [`Rows::push`] lets none in that is not JSON.
    pub fn parsed<T: DeserializeOwned>(&self) -> impl Iterator<Item = T> {
        self.lines().filter_map(|line| serde_json::from_slice(line).ok())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(lines: &[&str]) -> Vec<String> {
        let mut rows = Rows::default();
        for line in lines {
            rows.push(line.as_bytes()).unwrap();
        }
        rows.sort();
        rows.lines().map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
    }

    #[test]
    fn routes_are_sorted_by_instance_prefix_and_peer_as_numbers() {
        let lines = [
            r#"{"prefix":"2001:db8::/32","peer":null,"instance":"a"}"#,
            r#"{"prefix":"10.10.0.0/16","peer":"10.0.0.10","instance":"a"}"#,
            r#"{"prefix":"10.10.0.0/16","peer":"10.0.0.9","instance":"a"}"#,
            r#"{"prefix":"10.10.0.0/16","peer":null,"instance":"a"}"#,
            r#"{"prefix":"10.10.0.0/15","peer":null,"instance":"a"}"#,
            r#"{"prefix":"9.0.0.0/8","peer":"2001:db8::1","instance":"a"}"#,
            r#"{"prefix":"9.0.0.0/8","peer":"192.0.2.1","instance":"a"}"#,
            r#"{"prefix":"1.0.0.0/8","peer":null,"instance":"b"}"#,
        ];
        let expected = [6, 5, 4, 3, 2, 1, 0, 7].map(|at| lines[at].to_owned());
        assert_eq!(sorted(&lines), expected);
        let mut backwards = lines;
        backwards.reverse();
        assert_eq!(sorted(&backwards), expected);
    }

    #[test]
    fn peers_are_sorted_by_address() {
        let lines = [r#"{"address":"10.0.0.10"}"#, r#"{"address":"::1"}"#, r#"{"address":"10.0.0.9"}"#];
        assert_eq!(sorted(&lines), [lines[2], lines[0], lines[1]]);
    }

    #[test]
    fn the_steps_of_why_keep_the_order_of_paths() {
        let lines = [
            r#"{"about":"path","prefix":"10.0.0.0/8","peer":"10.0.0.9","instance":"default"}"#,
            r#"{"about":"path","prefix":"10.0.0.0/8","peer":"10.0.0.1","instance":"default"}"#,
            r#"{"about":"announcement","prefix":"10.0.0.0/8","peer":"10.0.0.2"}"#,
            r#"{"about":"announcement","prefix":"10.0.0.0/8","peer":"10.0.0.1"}"#,
            r#"{"about":"refused","prefix":"10.0.0.0/8","peer":"10.0.0.3"}"#,
            r#"{"about":"kernel","prefix":"10.0.0.0/8"}"#,
        ];
        assert_eq!(sorted(&lines), [lines[0], lines[1], lines[4], lines[5], lines[3], lines[2]]);
    }

    #[test]
    fn a_line_that_is_no_row_is_refused() {
        assert!(Rows::default().push(b"nonsense").is_err());
    }
}
