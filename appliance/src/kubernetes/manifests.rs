//! A directory of manifests: every `.yaml`, `.yml` and `.json` in it, in the order of their names.
//!
//! What cannot be read keeps its former state: all of a file that is not YAML, and each resource that its schema does not allow.
//! A resource that is there twice counts as it stands first, so that a copy that somebody left does not change anything.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::resource::{Item, read};
use super::resources::{Place, Resources};
use super::yaml::{Malformed, Position, documents};

/// Bytes that a file may have.
pub const MAX_FILE: u64 = 64 << 20;

/// Files that are read.
pub const MAX_FILES: usize = 100_000;

/// Something to tell whoever wrote the manifests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Whether something is not as they wanted.
    pub severity: Severity,
    /// The file, or the directory.
    pub file: Arc<Path>,
    /// Where in the file.
    pub position: Option<Position>,
    /// What.
    pub text: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is left out, and that is fine.
    Note,
    /// It is read, and something about it is odd.
    Warning,
    /// It is not used.
    Error,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(position) = self.position {
            write!(f, ":{position}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// What is in a directory, with `former` for what cannot be read now.
///
/// # Errors
/// The directory itself cannot be read.
pub fn load(directory: &Path, former: &Resources) -> io::Result<(Resources, Vec<Remark>)> {
    let mut loading = Loading { former, found: Resources::default(), remarks: Vec::new() };
    let files = files(directory)?;
    if files.len() > MAX_FILES {
        loading.remark(
            Severity::Error,
            directory,
            None,
            format!("more than {MAX_FILES} files: the rest is left out"),
        );
    }
    for file in files.into_iter().take(MAX_FILES) {
        loading.file(&file);
    }
    Ok((loading.found, loading.remarks))
}

/// The files of a directory that are manifests, by name. What begins with a dot is somebody's own.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_manifest = name.to_str().is_some_and(|name| {
            !name.starts_with('.') && [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
        });
        if is_manifest {
            files.insert(name, entry.path());
        }
    }
    Ok(files.into_values().collect())
}

struct Loading<'f> {
    former: &'f Resources,
    found: Resources,
    remarks: Vec<Remark>,
}

impl Loading<'_> {
    fn remark(&mut self, severity: Severity, file: &Path, position: Option<Position>, text: String) {
        self.remarks.push(Remark { severity, file: file.into(), position, text });
    }

    fn file(&mut self, path: &Path) {
        let documents = match text_of(path) {
            Ok(text) => documents(&text),
            Err(error) => {
                Err(Malformed { position: Position::default(), text: format!("cannot be read: {error}") })
            }
        };
        match documents {
            Ok(documents) => {
                let mut items = Vec::new();
                documents.iter().for_each(|document| read(document, &mut items));
                let file: Arc<Path> = path.into();
                items.into_iter().for_each(|item| self.item(&file, item));
            }
            Err(Malformed { position, text }) => {
                let kept = self.found.keep_file(self.former, path);
                let kept =
                    if kept == 0 { String::new() } else { format!("; {kept} resources stay as they were") };
                let position = Some(position).filter(|position| *position != Position::default());
                self.remark(Severity::Error, path, position, text + &kept);
            }
        }
    }

    fn item(&mut self, file: &Arc<Path>, item: Item) {
        match item {
            Item::Resource { position, metadata, resource, unknown } => {
                let kind = resource.kind();
                for path in unknown {
                    let text =
                        format!("{} {}: {path} is not known, and left out", kind.name(), metadata.key());
                    self.remark(Severity::Warning, file, Some(position), text);
                }
                let place = Place { file: file.clone(), position };
                if let Some(first) = self.found.place_of(kind, &metadata.key()) {
                    let text = format!(
                        "{} {}: found twice; what stands in {first} counts",
                        kind.name(),
                        metadata.key()
                    );
                    self.remark(Severity::Error, file, Some(position), text);
                } else {
                    self.found.insert(metadata, resource, Some(place));
                }
            }
            Item::Unused { position, what } => {
                self.remark(Severity::Note, file, Some(position), format!("{what}: of no use here"));
            }
            Item::Bad(None, Malformed { position, text }) => {
                self.remark(Severity::Error, file, Some(position), text);
            }
            Item::Bad(Some((kind, key)), Malformed { position, text }) => {
                let kept = if self.found.place_of(kind, &key).is_none()
                    && self.found.keep(self.former, kind, &key)
                {
                    "; it stays as it was"
                } else {
                    ""
                };
                self.remark(
                    Severity::Error,
                    file,
                    Some(position),
                    format!("{} {key}: {text}{kept}", kind.name()),
                );
            }
        }
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    let file = fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(io::Error::other(format!("it has more than {} MiB", MAX_FILE >> 20)));
    }
    String::from_utf8(bytes)
        .map_err(|error| io::Error::other(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to())))
}

#[cfg(test)]
mod tests;
