//! YAML text as a tree that knows where each part of it stands. JSON is YAML too.
//!
//! Scalars stay text: what one means is up to the field that it is for ([`super::decode`]). Nothing grows beyond what the text
//! itself is: nesting, and what aliases repeat, are bounded, so that no small file becomes a large tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

/// Levels of nesting in one document. Resources have about ten.
pub const MAX_DEPTH: usize = 64;

/// Nodes that the aliases of one file may repeat.
pub const MAX_ALIASED: usize = 50_000;

/// Where something stands in a file; both count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl Position {
    fn of(marker: Marker) -> Self {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a file cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where it was noticed.
    pub position: Position,
    /// What is wrong, in words for whoever wrote the file.
    pub text: String,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins; that of the alias, for what an alias repeats.
    pub position: Position,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A scalar: `plain` ones are neither quoted nor blocks, and only these can be something else than text.
    Scalar {
        /// Its text, without quotes and escapes.
        text: Box<str>,
        /// Whether it stands there as it is.
        plain: bool,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the file's order. No key is there twice.
    Map(Vec<Entry>),
}

/// A key of a mapping, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key, and where it stands.
    pub key: Box<str>,
    /// Where the key stands.
    pub position: Position,
    /// What it stands for.
    pub value: Node,
}

impl Node {
    /// Whether it says that there is nothing: an empty value, `null` or `~`.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value of a key, if it is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// Its text, if it is a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// How many nodes it is, with itself.
    fn count(&self) -> usize {
        1 + match &self.value {
            Value::Scalar { .. } => 0,
            Value::List(nodes) => nodes.iter().map(Self::count).sum(),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.count()).sum::<usize>(),
        }
    }
}

/// The documents of a file. Those that are empty are left out.
///
/// # Errors
/// The text is not YAML, a key is there twice in one mapping or is no scalar, or a bound of this module is passed.
pub fn documents(text: &str) -> Result<Vec<Node>, Malformed> {
    let mut builder = Builder::default();
    let mut documents = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            malformed(Position::of(*error.marker()), format!("not YAML: {}", error.info()))
        })?;
        if let Some(document) = builder.take(event, span)? {
            documents.push(document);
        }
    }
    documents.retain(|document| !document.is_null());
    Ok(documents)
}

fn malformed(position: Position, text: impl Into<String>) -> Malformed {
    Malformed { position, text: text.into() }
}

/// What was begun and has not ended yet.
enum Open {
    List(Vec<Node>),
    /// The entries so far, and the key whose value is to come.
    Map(Vec<Entry>, Option<(Box<str>, Position)>),
}

#[derive(Default)]
struct Builder {
    open: Vec<(Open, Position, usize)>,
    /// What anchors of the current document name. Numbers are the parser's, and grow.
    anchors: Vec<(usize, Node)>,
    aliased: usize,
}

impl Builder {
    /// Takes what comes next; the document, if it ends with that.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, Malformed> {
        let position = Position::of(span.start);
        let (node, anchor) = match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => return Ok(None),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                return Ok(None);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !tag.is_some_and(|tag| is_text(&tag));
                (Node { position, value: Value::Scalar { text: text.into(), plain } }, anchor)
            }
            Event::Alias(anchor) => (self.repeat(anchor, position)?, 0),
            Event::SequenceStart(anchor, _) => return self.begin(Open::List(Vec::new()), position, anchor),
            Event::MappingStart(anchor, _) => {
                return self.begin(Open::Map(Vec::new(), None), position, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((open, position, anchor)) = self.open.pop() else { return Ok(None) };
                let value = match open {
                    Open::List(nodes) => Value::List(nodes),
                    Open::Map(entries, _) => map_of(entries)?,
                };
                (Node { position, value }, anchor)
            }
        };
        if anchor != 0 {
            self.aliased = self.aliased.saturating_add(node.count());
            self.within_bound(position)?;
            self.anchors.push((anchor, node.clone()));
        }
        self.place(node)
    }

    fn begin(&mut self, open: Open, position: Position, anchor: usize) -> Result<Option<Node>, Malformed> {
        if self.open.len() >= MAX_DEPTH {
            return Err(malformed(position, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        self.open.push((open, position, anchor));
        Ok(None)
    }

    /// What an anchor names, once more.
    fn repeat(&mut self, anchor: usize, position: Position) -> Result<Node, Malformed> {
        let named = self.anchors.iter().find(|(number, _)| *number == anchor);
        // What is missing here has begun and not ended, or is of another document.
        let (_, node) = named.ok_or_else(|| {
            malformed(position, "an alias of nothing that is whole before it in this document")
        })?;
        self.aliased = self.aliased.saturating_add(node.count());
        let node = Node { position, value: node.value.clone() };
        self.within_bound(position)?;
        if self.open.len() + depth(&node) > MAX_DEPTH {
            return Err(malformed(position, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(node)
    }

    fn within_bound(&self, position: Position) -> Result<(), Malformed> {
        if self.aliased > MAX_ALIASED {
            return Err(malformed(
                position,
                format!("anchors and aliases repeat more than {MAX_ALIASED} values of this file"),
            ));
        }
        Ok(())
    }

    /// Puts a node where it belongs; it comes back if it is the whole document.
    fn place(&mut self, node: Node) -> Result<Option<Node>, Malformed> {
        match self.open.last_mut() {
            None => return Ok(Some(node)),
            Some((Open::List(nodes), ..)) => nodes.push(node),
            Some((Open::Map(entries, key), ..)) => match key.take() {
                None => *key = Some(key_of(node)?),
                Some((key, position)) => entries.push(Entry { key, position, value: node }),
            },
        }
        Ok(None)
    }
}

/// Whether a tag makes text of what would be a number otherwise.
fn is_text(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str"
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(nodes) => 1 + nodes.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
    }
}

fn key_of(node: Node) -> Result<(Box<str>, Position), Malformed> {
    match node.value {
        Value::Scalar { text, .. } => Ok((text, node.position)),
        Value::List(_) | Value::Map(_) => Err(malformed(node.position, "a key has to be a word")),
    }
}

/// A mapping of these entries. `<<` adds what other mappings have and this one has not.
fn map_of(mut entries: Vec<Entry>) -> Result<Value, Malformed> {
    let mut merged = Vec::new();
    for entry in entries.extract_if(.., |entry| &*entry.key == "<<") {
        match entry.value.value {
            Value::Map(others) => merged.extend(others),
            Value::List(maps) if maps.iter().all(|map| matches!(map.value, Value::Map(_))) => {
                merged.extend(maps.into_iter().flat_map(|map| match map.value {
                    Value::Map(others) => others,
                    Value::Scalar { .. } | Value::List(_) => Vec::new(),
                }));
            }
            Value::List(_) | Value::Scalar { .. } => {
                return Err(malformed(entry.position, "what << takes in has to be a mapping"));
            }
        }
    }
    let mut lines = BTreeMap::new();
    for entry in &entries {
        if let Some(line) = lines.insert(&*entry.key, entry.position.line) {
            let text = format!("{}: found twice, allowed once; first in line {line}", entry.key);
            return Err(malformed(entry.position, text));
        }
    }
    let mut known: BTreeSet<Box<str>> = lines.into_keys().map(Box::from).collect();
    merged.retain(|entry| known.insert(entry.key.clone()));
    entries.append(&mut merged);
    Ok(Value::Map(entries))
}

#[cfg(test)]
mod tests;
