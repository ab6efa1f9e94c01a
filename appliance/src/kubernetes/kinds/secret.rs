//! Secret: keys of TCP MD5.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// A Secret. What it holds is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Secret {
    data: BTreeMap<String, Option<Vec<u8>>>,
}

impl Secret {
    /// What it has for a key; an error if that is not base64.
    pub fn get(&self, key: &str) -> Option<Result<&[u8], &'static str>> {
        self.data.get(key).map(|value| value.as_deref().ok_or("is not base64"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.data.keys()).finish()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Written {
    data: BTreeMap<String, String>,
    /// As people write it: it counts more, as with the API.
    string_data: BTreeMap<String, String>,
}

impl From<Written> for Secret {
    fn from(Written { data, string_data }: Written) -> Self {
        let decode = |text: String| {
            let bare: String = text.chars().filter(|character| !character.is_ascii_whitespace()).collect();
            STANDARD.decode(bare).ok()
        };
        let mut all: BTreeMap<_, _> = data.into_iter().map(|(key, text)| (key, decode(text))).collect();
        all.extend(string_data.into_iter().map(|(key, text)| (key, Some(text.into_bytes()))));
        Self { data: all }
    }
}
