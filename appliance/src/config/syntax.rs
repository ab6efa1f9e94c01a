//! Text that is no TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{ConfigDiagnostic, Source, shown};

/// What the TOML parser complained of, in the order of the text: the first complaint for each key, because the others
/// are mostly its consequences.
pub(super) fn diagnostics(
    source: &Source<'_>,
    root: &DeTable<'_>,
    mut errors: Vec<toml::de::Error>,
) -> Vec<ConfigDiagnostic> {
    errors.sort_by_key(|error| error.span().map_or((0, 0), |span| (span.start, span.end)));
    let mut diagnostics: Vec<ConfigDiagnostic> = Vec::new();
    for error in &errors {
        let found = diagnostic(source, root, error);
        if diagnostics.iter().all(|before| before.key != found.key) {
            diagnostics.push(found);
        }
    }
    diagnostics
}

fn diagnostic(source: &Source<'_>, root: &DeTable<'_>, error: &toml::de::Error) -> ConfigDiagnostic {
    let span = error.span().unwrap_or(0..0);
    let found = shown(source.text.get(span.clone()).unwrap_or(""));
    if error.message() == "duplicate key" {
        return source.diagnostic(span.start, &found, "found twice, allowed once".to_owned());
    }
    let key = key_at(root, span.start);
    let at_end = source.text.get(span.start..).is_some_and(str::is_empty);
    let message = match error.message() {
        // A word is taken for a number first: `info` for `inf`, the infinite one.
        _ if key.is_some() && found.starts_with(char::is_alphabetic) => {
            format!("found {found}, allowed a TOML value; text stands in quotes")
        }
        message if message.starts_with("string values must be quoted") && found.is_empty() => {
            "found nothing, allowed a TOML value".to_owned()
        }
        message if at_end => format!("found the end of the file: {message}"),
        message if found.is_empty() => message.to_owned(),
        message => format!("found {found}: {message}"),
    };
    source.diagnostic(span.start, &key.unwrap_or_default(), message)
}

/// The key, with its tables, whose value is nearest around this offset.
fn key_at(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        match within(value, offset) {
            Some(inner) if inner.is_empty() => Some(name.to_string()),
            Some(inner) => Some(format!("{name}.{inner}")),
            None => None,
        }
    })
}

/// The key below this value; empty if it is the value itself.
fn within(value: &Spanned<DeValue<'_>>, offset: usize) -> Option<String> {
    let below = match value.get_ref() {
        DeValue::Table(table) => key_at(table, offset),
        DeValue::Array(items) => items.iter().find_map(|item| within(item, offset)),
        _ => None,
    };
    below.or_else(|| {
        let span = value.span();
        (span.start <= offset && offset <= span.end).then(String::new)
    })
}
