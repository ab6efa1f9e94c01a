//! A piece of an answer: a buffer that does not grow.

use std::fmt;
use std::io;

/// Room for one piece of an answer. Writing past its end is an error, and the writer says so by "more to come"; with
/// [`Chunk::item`] nothing is ever cut in the middle.
#[derive(Debug)]
pub struct Chunk<'a> {
    room: &'a mut [u8],
    used: usize,
}

impl<'a> Chunk<'a> {
    /// An empty one that holds as many bytes as `room`.
    pub fn new(room: &'a mut [u8]) -> Self {
        Self { room, used: 0 }
    }

    /// Bytes written.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Bytes that still fit.
    pub fn remaining(&self) -> usize {
        self.room.len().saturating_sub(self.used)
    }

    /// What is written.
    pub fn as_bytes(&self) -> &[u8] {
        self.room.get(..self.used).unwrap_or_default()
    }

    /// Takes back what was written behind `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Writes one item whole or not at all: if `write` fails, what it wrote is taken back, and the answer is false.
    pub fn item(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) -> bool {
        let before = self.used;
        let whole = write(self).is_ok();
        if !whole {
            self.used = before;
        }
        whole
    }
}

impl io::Write for Chunk<'_> {
    /// Takes what fits; 0 bytes, which `write_all` makes an error, once nothing does.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room.get_mut(self.used..).unwrap_or_default();
        let len = bytes.len().min(room.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.used += len;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Chunk<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        io::Write::write_all(self, text.as_bytes()).map_err(|_| fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn an_item_that_does_not_fit_leaves_no_trace() {
        let mut room = [0; 10];
        let mut chunk = Chunk::new(&mut room);
        assert!(chunk.item(|chunk| chunk.write_all(b"1234567")));
        assert!(!chunk.item(|chunk| writeln!(chunk, "{}", 890)));
        assert_eq!((chunk.as_bytes(), chunk.remaining()), (&b"1234567"[..], 3));
        assert!(chunk.item(|chunk| chunk.write_all(b"890")));
        assert_eq!((chunk.len(), chunk.remaining()), (10, 0));
        chunk.truncate(2);
        assert_eq!(chunk.as_bytes(), b"12");
        chunk.truncate(5);
        assert_eq!(chunk.len(), 2);
    }

    #[test]
    fn text_is_bytes() {
        let mut room = [0; 4];
        let mut chunk = Chunk::new(&mut room);
        assert!(chunk.is_empty());
        assert!(fmt::Write::write_str(&mut chunk, "abcd").is_ok());
        assert!(fmt::Write::write_str(&mut chunk, "e").is_err());
        assert_eq!(chunk.as_bytes(), b"abcd");
    }
}
