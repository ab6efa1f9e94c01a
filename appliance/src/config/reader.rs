//! Reading TOML by hand: every value keeps its place and its full key, every complaint is kept, and a key that nobody
//! asked for is an error. A derived deserializer would stop at its first error and could not say what is allowed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::{Display, Write};
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{ConfigDiagnostic, Source, shown};
use super::nearest::nearest;

/// Collects complaints about one text.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    source: Source<'a>,
    errors: RefCell<Vec<(usize, ConfigDiagnostic)>>,
    warnings: RefCell<Vec<(usize, ConfigDiagnostic)>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, errors: RefCell::default(), warnings: RefCell::default() }
    }

    pub(super) fn error(&self, place: &Place, message: impl Into<String>) {
        let diagnostic = self.source.diagnostic(place.offset, &place.key, message.into());
        self.errors.borrow_mut().push((place.offset, diagnostic));
    }

    pub(super) fn warn(&self, place: &Place, message: impl Into<String>) {
        let diagnostic = self.source.diagnostic(place.offset, &place.key, message.into());
        self.warnings.borrow_mut().push((place.offset, diagnostic));
    }

    /// A diagnostic that is kept for later.
    pub(super) fn diagnostic(&self, place: &Place, message: impl Into<String>) -> ConfigDiagnostic {
        self.source.diagnostic(place.offset, &place.key, message.into())
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// The line of a byte offset.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.source.position(offset).line
    }

    /// The errors, or else the warnings, both in the order of the text.
    pub(super) fn finish(self) -> Result<Vec<ConfigDiagnostic>, Vec<ConfigDiagnostic>> {
        let in_order = |mut list: Vec<(usize, ConfigDiagnostic)>| {
            list.sort_by_key(|&(offset, _)| offset);
            // A group's value can be wrong for each of its neighbors.
            list.dedup();
            list.into_iter().map(|(_, diagnostic)| diagnostic).collect::<Vec<_>>()
        };
        let errors = in_order(self.errors.into_inner());
        if errors.is_empty() { Ok(in_order(self.warnings.into_inner())) } else { Err(errors) }
    }
}

/// Where a value stands and under which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) key: String,
}

impl Place {
    /// The same place, about another key.
    pub(super) fn about(&self, key: impl Into<String>) -> Self {
        Self { offset: self.offset, key: key.into() }
    }
}

/// A value read, and where it stood.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A value of the text.
#[derive(Clone, Debug)]
pub(super) struct Value<'r, 'a> {
    reader: &'r Reader<'a>,
    pub(super) place: Place,
    node: &'r Spanned<DeValue<'a>>,
}

impl<'r, 'a> Value<'r, 'a> {
    pub(super) fn error(&self, message: impl Into<String>) {
        self.reader.error(&self.place, message);
    }

    /// Complains that this was found where only `allowed` is.
    pub(super) fn refuse(&self, allowed: impl Display) {
        self.error(format!("found {}, allowed {allowed}", self.found()));
    }

    pub(super) fn at<T>(&self, value: T) -> At<T> {
        At { value, place: self.place.clone() }
    }

    /// The value as it is written, as far as it fits one line.
    pub(super) fn found(&self) -> String {
        const LONGEST: usize = 60;
        match self.node.get_ref() {
            DeValue::Table(_) => return "a table".to_owned(),
            DeValue::Array(_) => return "an array".to_owned(),
            _ => {}
        }
        let written = shown(self.reader.source.text.get(self.node.span()).unwrap_or(""));
        match written.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", written.get(..end).unwrap_or("")),
            None => written,
        }
    }

    /// An integer that `fits`.
    pub(super) fn number<T: TryFrom<i128>>(
        &self,
        allowed: impl Display,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let number = match self.node.get_ref() {
            DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix()).ok(),
            _ => None,
        };
        let number = number.and_then(|number| T::try_from(number).ok()).filter(fits);
        if number.is_none() {
            self.refuse(allowed);
        }
        number
    }

    /// An integer within a range.
    pub(super) fn integer<T>(&self, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        self.number(format_args!("{}..{}", range.start(), range.end()), |number| range.contains(number))
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        let value = self.node.get_ref().as_bool();
        if value.is_none() {
            self.refuse("true or false");
        }
        value
    }

    /// The text of a string, if it is one; complains of nothing.
    pub(super) fn as_str(&self) -> Option<&'r str> {
        self.node.get_ref().as_str()
    }

    pub(super) fn is_integer(&self) -> bool {
        self.node.get_ref().is_integer()
    }

    pub(super) fn is_table(&self) -> bool {
        self.node.get_ref().is_table()
    }

    pub(super) fn is_false(&self) -> bool {
        self.node.get_ref().as_bool() == Some(false)
    }

    /// A string of at least one character and without control characters.
    pub(super) fn string(&self, allowed: &str) -> Option<&'r str> {
        let text = self.as_str().filter(|text| !text.is_empty() && !text.contains(char::is_control));
        if text.is_none() {
            self.refuse(allowed);
        }
        text
    }

    /// A string that `parse` understands.
    pub(super) fn parsed<T>(&self, allowed: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = self.as_str().and_then(parse);
        if value.is_none() {
            self.refuse(allowed);
        }
        value
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let found = self.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            self.refuse(alternatives(words.iter().map(|(word, _)| format!("{word:?}"))));
        }
        found.map(|&(_, value)| value)
    }

    /// The thing of a kind that this names.
    pub(super) fn name_of<T: Copy>(&self, kind: &str, known: &[(&str, T)]) -> Option<T> {
        let text = self.as_str();
        let found = known.iter().find(|(name, _)| Some(*name) == text);
        if found.is_none() {
            let names = || known.iter().map(|(name, _)| *name);
            let near = text.and_then(|text| nearest(text, names()));
            self.refuse(match near {
                Some(near) => format!("the name of {kind}; did you mean {near:?}?"),
                None if known.is_empty() => format!("the name of {kind}, of which there are none"),
                None => format!("the name of {kind}: {}", alternatives(names())),
            });
        }
        found.map(|&(_, value)| value)
    }

    /// The items of an array.
    pub(super) fn items(&self, allowed: &str) -> Option<Vec<Self>> {
        let Some(array) = self.node.get_ref().as_array() else {
            self.refuse(allowed);
            return None;
        };
        Some(array.iter().map(|node| self.of(node)).collect())
    }

    /// The items of an array, or a single value as if it stood in one.
    pub(super) fn items_or_one(&self) -> Vec<Self> {
        match self.node.get_ref().as_array() {
            Some(array) => array.iter().map(|node| self.of(node)).collect(),
            None => vec![self.clone()],
        }
    }

    /// The items that `read` accepts; `None` if it refused one, after trying all.
    pub(super) fn each<T>(&self, allowed: &str, read: impl FnMut(&Self) -> Option<T>) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = self.items(allowed)?.iter().map(read).collect();
        read.into_iter().collect()
    }

    pub(super) fn table(&self) -> Option<Section<'r, 'a>> {
        let Some(table) = self.node.get_ref().as_table() else {
            self.refuse("a table");
            return None;
        };
        Some(Section::new(self.reader, self.place.clone(), table))
    }

    fn of(&self, node: &'r Spanned<DeValue<'a>>) -> Self {
        let place = Place { offset: node.span().start, key: self.place.key.clone() };
        Self { reader: self.reader, place, node }
    }
}

/// A table whose keys are asked for one by one; [`Section::finish`] complains of the others.
#[derive(Debug)]
pub(super) struct Section<'r, 'a> {
    pub(super) reader: &'r Reader<'a>,
    pub(super) place: Place,
    table: &'r DeTable<'a>,
    known: BTreeSet<&'static str>,
}

impl<'r, 'a> Section<'r, 'a> {
    pub(super) fn new(reader: &'r Reader<'a>, place: Place, table: &'r DeTable<'a>) -> Self {
        Self { reader, place, table, known: BTreeSet::new() }
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<Value<'r, 'a>> {
        self.known.insert(key);
        let node = self.table.get(key)?;
        let place = Place { offset: node.span().start, key: self.path(key) };
        Some(Value { reader: self.reader, place, node })
    }

    /// The value of a key that must be there.
    pub(super) fn require(&mut self, key: &'static str, allowed: &str) -> Option<Value<'r, 'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.error_missing(key, allowed);
        }
        value
    }

    pub(super) fn error_missing(&self, key: &str, allowed: &str) {
        self.reader.error(&self.place.about(self.path(key)), format!("missing, allowed {allowed}"));
    }

    /// The tables of an array of tables, none if it is absent.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Section<'r, 'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = value.items(&format!("tables, each under [[{}]]", value.place.key)).unwrap_or_default();
        items.iter().filter_map(Value::table).collect()
    }

    /// A key whose meaning a later version brings: refused if it is there.
    pub(super) fn reserve(&mut self, key: &'static str) {
        if let Some(value) = self.get(key) {
            value.error(UNSUPPORTED);
        }
    }

    /// Likewise a switch, which may say `false`.
    pub(super) fn reserve_switch(&mut self, key: &'static str) {
        if let Some(value) = self.get(key).filter(|value| !value.is_false()) {
            value.error(UNSUPPORTED);
        }
    }

    /// Complains of every key that nobody asked for.
    pub(super) fn finish(&self) {
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref();
            if self.known.contains(name) {
                continue;
            }
            let place = Place { offset: key.span().start, key: self.path(name) };
            let known = || self.known.iter().copied();
            let message = match nearest(name, known()) {
                Some(near) => format!("unknown key; did you mean {near}?"),
                None => format!("unknown key, allowed {}", alternatives(known())),
            };
            self.reader.error(&place, message);
        }
    }

    fn path(&self, key: &str) -> String {
        if self.place.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place.key) }
    }
}

/// What is said of a key that a later version brings.
pub(super) const UNSUPPORTED: &str = "not supported by this version";

/// `a`, `a or b`, `a, b or c`.
pub(super) fn alternatives(items: impl IntoIterator<Item = impl Display>) -> String {
    let mut text = String::new();
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let separator = match (text.is_empty(), items.peek()) {
            (true, _) => "",
            (false, Some(_)) => ", ",
            (false, None) => " or ",
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{item}");
    }
    text
}
