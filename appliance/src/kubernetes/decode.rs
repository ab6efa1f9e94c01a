//! Parts of a document as what the program has types for: a [`serde::Deserializer`] over [`Node`], whose errors say where.
//!
//! It holds to what the Kubernetes API accepts: a number in quotes is no number, `true` is no text, and a key whose value is `null`
//! is not there.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::yaml::{Entry, Malformed, Node, Position, Value};

/// A document, or a part of one, as a `T`. Keys that `T` does not know are given to `unknown`, with their paths.
///
/// # Errors
/// It is something else; with the path of what is wrong.
pub fn decode<'de, T: de::Deserialize<'de>>(
    node: &'de Node,
    mut unknown: impl FnMut(String),
) -> Result<T, Malformed> {
    let decoded = serde_ignored::deserialize(Decoder(node), |path| unknown(written(&path)));
    decoded.map_err(|error: Error| Malformed {
        position: error.position.unwrap_or(node.position),
        text: if error.path.is_empty() { error.text } else { format!("{}: {}", error.path, error.text) },
    })
}

/// A path as it is written in errors: `peers[0].name`.
fn written(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", written(parent)),
        Path::Map { parent, key } => match written(parent) {
            above if above.is_empty() => key.clone(),
            above => format!("{above}.{key}"),
        },
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            written(parent)
        }
    }
}

/// What is wrong, where it is, and the way there: both come with the way back.
#[derive(Debug)]
struct Error {
    text: String,
    position: Option<Position>,
    path: String,
}

impl Error {
    fn at(self, node: &Node) -> Self {
        Self { position: self.position.or(Some(node.position)), ..self }
    }

    fn below_key(self, key: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{key}{separator}{}", self.path), ..self }
    }

    fn below_index(self, index: usize) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("[{index}]{separator}{}", self.path), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self { text: text.to_string(), position: None, path: String::new() }
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::custom(format_args!("found {}, allowed is {wanted}", named(found)))
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::custom(format_args!("found {}, allowed is {wanted}", named(found)))
    }

    fn unknown_variant(found: &str, wanted: &'static [&'static str]) -> Self {
        Self::custom(format_args!("found {found:?}, allowed is {}", wanted.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("{field} is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::custom(format_args!("{field}: found twice, allowed once"))
    }
}

/// What was found, in the words of whoever wrote the file.
fn named(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Str(text) => format!("the text {text:?}"),
        Unexpected::Unit => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// What a scalar is to somebody who takes anything.
enum Scalar<'de> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(&'de str),
}

/// What plain text means by YAML's core schema, as far as the API has use for it: it has no field for a fraction.
fn resolve(text: &str) -> Scalar<'_> {
    let radix = |digits: Option<&str>, radix| {
        digits
            .filter(|digits| !digits.starts_with(['+', '-']))
            .and_then(|digits| i64::from_str_radix(digits, radix).ok())
    };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => text
            .parse()
            .ok()
            .or_else(|| radix(text.strip_prefix("0x"), 16))
            .or_else(|| radix(text.strip_prefix("0o"), 8))
            .map_or(Scalar::Text(text), Scalar::Integer),
    }
}

fn scalar<'de>(text: &'de str, plain: bool) -> Scalar<'de> {
    if plain { resolve(text) } else { Scalar::Text(text) }
}

/// A node that is to become something.
#[derive(Clone, Copy)]
struct Decoder<'de>(&'de Node);

impl<'de> Deserializer<'de> for Decoder<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let result = match &self.0.value {
            Value::List(nodes) => visitor.visit_seq(Nodes { nodes: nodes.iter(), index: 0 }),
            Value::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None }),
            Value::Scalar { text, plain } => match scalar(text, *plain) {
                Scalar::Null => visitor.visit_unit(),
                Scalar::Bool(value) => visitor.visit_bool(value),
                Scalar::Integer(value) => visitor.visit_i64(value),
                Scalar::Text(text) => visitor.visit_borrowed_str(text),
            },
        };
        result.map_err(|error| error.at(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.0.value {
            Value::Scalar { text, .. } => visitor
                .visit_enum(IntoDeserializer::<Error>::into_deserializer(&**text))
                .map_err(|error| error.at(self.0)),
            Value::List(_) => Err(<Error as de::Error>::invalid_type(Unexpected::Seq, &"a word").at(self.0)),
            Value::Map(_) => Err(<Error as de::Error>::invalid_type(Unexpected::Map, &"a word").at(self.0)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // serde would take a list for its fields, in their order.
        match &self.0.value {
            Value::Map(_) => self.deserialize_any(visitor),
            Value::List(_) => {
                Err(<Error as de::Error>::invalid_type(Unexpected::Seq, &"a mapping").at(self.0))
            }
            Value::Scalar { text, .. } => {
                Err(<Error as de::Error>::invalid_type(Unexpected::Str(text), &"a mapping").at(self.0))
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

struct Nodes<'de> {
    nodes: std::slice::Iter<'de, Node>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Nodes<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.nodes.next() else { return Ok(None) };
        self.index += 1;
        seed.deserialize(Decoder(node)).map(Some).map_err(|error| error.at(node).below_index(self.index - 1))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len())
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.value = self.entries.find(|entry| !entry.value.is_null());
        let Some(entry) = self.value else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(&entry.key))
            .map(Some)
            .map_err(|error: Error| Error { position: error.position.or(Some(entry.position)), ..error })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let entry =
            self.value.take().ok_or_else(|| <Error as de::Error>::custom("a value without its key"))?;
        seed.deserialize(Decoder(&entry.value)).map_err(|error| error.at(&entry.value).below_key(&entry.key))
    }
}

#[cfg(test)]
mod tests;
