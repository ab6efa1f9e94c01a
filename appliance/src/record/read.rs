//! Reading a recording: its records in order, up to the end or to the first damage.

use std::fmt;

use super::digest::Digest;
use super::format::{BLOCK_HEADER, HEADER, MAGIC, Record, VERSION};

/// The kind of [`Record::State`].
const STATE: u8 = 4;

/// Why a recording cannot be read, or not any further. What was read before is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is no recording.
    NotARecording,
    /// It is one of a version that is not known here.
    Version(u32),
    /// It ends within a block.
    Truncated {
        /// Where the block begins, in bytes from the start of the file.
        offset: usize,
    },
    /// A block is not what was written.
    Damaged {
        /// Where the block begins, in bytes from the start of the file.
        offset: usize,
    },
    /// A block is whole, but what stands at this place is no record.
    NoRecord {
        /// Where, in bytes from the start of the file.
        offset: usize,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecording => f.write_str("this is not a recording of crier"),
            Self::Version(found) => write!(f, "a recording of version {found}; this crier reads {VERSION}"),
            Self::Truncated { offset } => write!(f, "the recording is cut off in the block at byte {offset}"),
            Self::Damaged { offset } => write!(f, "the recording is damaged in the block at byte {offset}"),
            Self::NoRecord { offset } => write!(f, "there is no record that can be read at byte {offset}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// A recording, read record by record.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    file: &'a [u8],
    /// Records of the present block.
    block: &'a [u8],
    /// Where the next block begins.
    next: usize,
    over: bool,
}

impl<'a> Reader<'a> {
    /// Reads the recording in `file`.
    ///
    /// # Errors
    /// It is none, or of another version.
    pub fn new(file: &'a [u8]) -> Result<Self, ReadError> {
        let rest = file.strip_prefix(&MAGIC).ok_or(ReadError::NotARecording)?;
        let version = rest.first_chunk().ok_or(ReadError::NotARecording)?;
        match u32::from_le_bytes(*version) {
            VERSION => Ok(Self { file, block: &[], next: HEADER, over: false }),
            other => Err(ReadError::Version(other)),
        }
    }

    /// Where the next record begins, in bytes from the start of the file.
    pub fn offset(&self) -> usize {
        self.next - self.block.len()
    }

    fn read(&mut self) -> Result<Option<Record<'a>>, ReadError> {
        while self.block.is_empty() {
            let offset = self.next;
            let rest = self.file.get(offset..).unwrap_or(&[]);
            if rest.is_empty() {
                return Ok(None);
            }
            let truncated = ReadError::Truncated { offset };
            let ([a, b, c, d, check @ ..], rest) =
                rest.split_first_chunk::<BLOCK_HEADER>().ok_or(truncated)?;
            let len = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
            let block = rest.get(..len).ok_or(truncated)?;
            let mut digest = Digest::default();
            digest.add(block);
            if digest.short() != *check {
                return Err(ReadError::Damaged { offset });
            }
            self.block = block;
            self.next = offset + BLOCK_HEADER + len;
        }
        let offset = self.offset();
        // It has no length in front: it is written as it comes, without being counted before.
        if let Some((&STATE, state)) = self.block.split_first() {
            self.block = &[];
            return Ok(Some(Record::State(state)));
        }
        let (record, rest) =
            postcard::take_from_bytes(self.block).map_err(|_| ReadError::NoRecord { offset })?;
        self.block = rest;
        Ok(Some(record))
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Record<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.read();
        self.over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}
