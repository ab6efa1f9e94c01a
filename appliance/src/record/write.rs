//! The thread that writes a recording to its file.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::format::{BLOCK_HEADER, MAGIC, VERSION};
use super::ring::{Buffer, Shared};

/// The file and what is in it.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    bytes: u64,
    most: u64,
    back: Buffer,
}

impl Writer {
    /// Begins a file that holds `most` bytes, about. It may show what neighbors announce, so nobody else may read it.
    pub(super) fn create(path: &Path, most: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(&MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        Ok(Self { path: path.to_owned(), file, bytes: 0, most, back: Buffer::new() })
    }

    /// Writes what comes until nothing more does.
    pub(super) fn run(mut self, shared: &Shared) {
        loop {
            let taken = shared.take(&mut self.back);
            let result = self.write();
            shared.written(self.back.len());
            self.back.clear();
            if let Err(error) = result {
                log::error!("{}: the recording ends here: {error}", self.path.display());
                shared.end();
                return;
            }
            if taken.last {
                if taken.behind {
                    log::warn!(
                        "{}: the recording ends here: more happens than the disk takes",
                        self.path.display()
                    );
                }
                return;
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        if self.back.len() == 0 {
            return Ok(());
        }
        let block = self.back.block();
        let (header, records) = block.split_at_mut(BLOCK_HEADER);
        let mut digest = Digest::default();
        digest.add(records);
        let length = u32::try_from(records.len()).unwrap_or(u32::MAX).to_le_bytes();
        for (to, from) in header.iter_mut().zip(length.into_iter().chain(digest.short())) {
            *to = from;
        }
        if self.bytes + block.len() as u64 > self.most {
            return Err(io::Error::other("it has reached its bound"));
        }
        self.bytes += block.len() as u64;
        self.file.write_all(block)
    }
}
