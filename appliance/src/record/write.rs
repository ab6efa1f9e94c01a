//! The thread that writes a recording to its files.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crier_core::Limits;

use super::digest::Digest;
use super::files::{FileError, create};
use super::ring::{Buffer, GATHERED, Shared};

/// The present segment: a file and what is in it.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    /// Bytes in it, and those of its first block.
    bytes: u64,
    first: u64,
    /// Bytes of all segments together.
    most: u64,
    /// Records were lost, and that was said.
    said: bool,
    back: Buffer,
    limits: Limits,
}

impl Writer {
    /// Begins the first segment; both together hold `most` bytes. What a former run left becomes the former segment.
    ///
    /// # Errors
    /// The file is not recorded to, and what is there stays.
    pub(super) fn create(path: &Path, most: u64, limits: &Limits) -> Result<Self, FileError> {
        Ok(Self {
            path: path.to_owned(),
            file: create(path, None)?,
            bytes: 0,
            first: 0,
            most,
            said: false,
            back: Buffer::new(limits),
            limits: *limits,
        })
    }

    /// Writes what comes until nothing more does.
    pub(super) fn run(mut self, shared: &Shared) {
        loop {
            let taken = shared.take(&mut self.back);
            let result = self.write(shared);
            shared.written(self.back.len());
            if self.back.len() > GATHERED {
                // A state was in it. Its pages are given back, for the next one will be long in coming.
                self.back = Buffer::new(&self.limits);
            }
            self.back.clear();
            if let Err(error) = result {
                log::error!("the recording ends here: {error}");
                return shared.end();
            }
            if taken.gaps > 0 && !std::mem::replace(&mut self.said, true) {
                log::warn!(
                    "{}: more happens than the disk takes: what happens meanwhile is missing from the recording",
                    self.path.display()
                );
            }
            if taken.last {
                return;
            }
        }
    }

    fn write(&mut self, shared: &Shared) -> Result<(), FileError> {
        for (begins, block) in self.back.blocks() {
            if begins {
                self.file = create(&self.path, Some(&self.file))?;
                (self.bytes, self.first) = (0, block.len() as u64);
            }
            if !block.is_empty() {
                write_block(&mut self.file, block)
                    .map_err(|error| FileError::Io(self.path.clone(), error))?;
                self.bytes += block.len() as u64;
            }
        }
        // As long as a segment is mostly state it is worth little.
        let enough = (self.most / 2).saturating_sub(GATHERED as u64).max(2 * self.first);
        if self.bytes > enough {
            shared.begin_segment();
        }
        Ok(())
    }
}

fn write_block(file: &mut File, block: &[u8]) -> io::Result<()> {
    let mut digest = Digest::default();
    digest.add(block);
    let len = u32::try_from(block.len()).map_err(|_| io::Error::other("a block of more than 4 GiB"))?;
    let mut header = [0; 8];
    let (front, back) = header.split_at_mut(4);
    front.copy_from_slice(&len.to_le_bytes());
    back.copy_from_slice(&digest.short());
    file.write_all(&header)?;
    file.write_all(block)
}
