//! The file that a run's packets go to.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A file that never fails whoever writes to it: a full disk must not change a run. What went wrong is said at the end.
#[derive(Clone, Debug)]
pub(super) struct Capture(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    out: BufWriter<File>,
    /// What went wrong first; nothing is written after it.
    error: Option<io::Error>,
}

impl Capture {
    /// Makes the file, or empties it.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path).map_err(|error| named(path, &error))?;
        let out = BufWriter::new(file);
        Ok(Self(Arc::new(Mutex::new(Inner { path: path.to_owned(), out, error: None }))))
    }

    /// Writes what is left, and says whether everything was written.
    pub(super) fn finish(&self) -> io::Result<()> {
        self.with(|out| out.flush());
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.error.take() {
            Some(error) => Err(named(&inner.path, &error)),
            None => Ok(()),
        }
    }

    fn with(&self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.error.is_none() {
            inner.error = write(&mut inner.out).err();
        }
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|out| out.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(Write::flush);
        Ok(())
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_once_at_the_end() {
        let mut capture = Capture::create(Path::new("/dev/full")).unwrap();
        for _ in 0..3 {
            assert_eq!(capture.write(&[0; 100_000]).unwrap(), 100_000);
        }
        capture.flush().unwrap();
        assert!(capture.finish().unwrap_err().to_string().starts_with("/dev/full: "));
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let error = Capture::create(Path::new("/nowhere/x.pcap")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/x.pcap: "), "{error}");
    }
}
