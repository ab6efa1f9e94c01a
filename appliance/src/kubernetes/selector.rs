//! Label selectors.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::meta::Labels;

/// Which labels are wanted: all that is said has to hold, and nothing said is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selector {
    /// Labels with these values.
    pub match_labels: BTreeMap<String, String>,
    /// What else has to hold.
    pub match_expressions: Vec<Requirement>,
}

/// What has to hold of one label.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Requirement {
    /// It has one of these values.
    In(String, Vec<String>),
    /// It is not there, or has none of these values.
    NotIn(String, Vec<String>),
    /// It is there.
    Exists(String),
    /// It is not.
    DoesNotExist(String),
}

/// As it is written.
#[derive(Deserialize)]
struct Written {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl TryFrom<Written> for Requirement {
    type Error = &'static str;

    fn try_from(Written { key, operator, values }: Written) -> Result<Self, Self::Error> {
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => Err("In and NotIn need values"),
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                Err("Exists and DoesNotExist have no values")
            }
            Operator::In => Ok(Self::In(key, values)),
            Operator::NotIn => Ok(Self::NotIn(key, values)),
            Operator::Exists => Ok(Self::Exists(key)),
            Operator::DoesNotExist => Ok(Self::DoesNotExist(key)),
        }
    }
}

impl Selector {
    /// Whether it wants what has these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.misses(|key| labels.get(key).map(String::as_str)).is_none()
    }

    /// The first of what it asks for that does not hold; `label` looks a label up.
    pub fn misses<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> Option<Miss<'_>> {
        let by_value = self.match_labels.iter().find(|(key, wanted)| label(key) != Some(wanted.as_str()));
        if let Some((key, wanted)) = by_value {
            return Some(Miss::Label(key, wanted));
        }
        self.match_expressions.iter().find(|requirement| !requirement.holds(&label)).map(Miss::Requirement)
    }
}

impl Requirement {
    fn holds<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let among = |values: &[String], found: &str| values.iter().any(|value| value == found);
        match self {
            Self::In(key, values) => label(key).is_some_and(|found| among(values, found)),
            Self::NotIn(key, values) => !label(key).is_some_and(|found| among(values, found)),
            Self::Exists(key) => label(key).is_some(),
            Self::DoesNotExist(key) => label(key).is_none(),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(key, values) => write!(f, "{key} in ({})", values.join(", ")),
            Self::NotIn(key, values) => write!(f, "{key} not in ({})", values.join(", ")),
            Self::Exists(key) => write!(f, "{key}"),
            Self::DoesNotExist(key) => write!(f, "!{key}"),
        }
    }
}

/// What of a selector does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss<'s> {
    /// A label is not there or has another value.
    Label(&'s str, &'s str),
    /// A requirement.
    Requirement(&'s Requirement),
}

impl fmt::Display for Miss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(key, wanted) => write!(f, "{key}={wanted}"),
            Self::Requirement(requirement) => requirement.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
