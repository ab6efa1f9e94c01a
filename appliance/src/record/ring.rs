//! What is between the loop and the disk: a buffer that one fills while the other is written.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::format::{BLOCK_HEADER, Entry};

/// Bytes of a buffer. They are resident once they were used: on a quiet host a few pages are.
pub(super) const BUFFER: usize = 4 << 20;
/// What [`Entry::Gap`] needs, so that there is always room for it.
const SPARE: usize = 8;
/// How long records gather before they are written.
const GATHER: Duration = Duration::from_millis(100);

/// Records in the form of a block, with room for its header in front.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    len: usize,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; BLOCK_HEADER + BUFFER].into_boxed_slice(), len: 0 }
    }

    /// The records, and the header's place in front of them.
    pub(super) fn block(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..BLOCK_HEADER + self.len).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends a record whole, or nothing if `spare` bytes would not stay free behind it.
    fn put(&mut self, entry: &Entry<'_>, spare: usize) -> bool {
        let end = self.bytes.len() - spare;
        let room = self.bytes.get_mut(BLOCK_HEADER + self.len..end).unwrap_or_default();
        let put = postcard::to_slice(entry, room).map_or(0, |record| record.len());
        self.len += put;
        put > 0
    }
}

/// The loop's side.
#[derive(Debug)]
struct Ring {
    front: Buffer,
    /// No record is taken any more.
    over: bool,
    /// The last record was lost for want of room.
    behind: bool,
    /// The writer is to write what there is, now.
    hurry: bool,
    /// Bytes of records that went in, and those that are in the file or given up.
    put: u64,
    written: u64,
}

impl Ring {
    fn is_urgent(&self) -> bool {
        self.over || self.hurry || self.front.len >= BUFFER / 2
    }
}

/// What loop and writer share. Neither holds the lock for longer than it takes to copy a record or to exchange buffers.
#[derive(Debug)]
pub(super) struct Shared {
    ring: Mutex<Ring>,
    news: Condvar,
}

/// What the writer got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Nothing will follow.
    pub(super) last: bool,
    /// Because records came faster than they were written.
    pub(super) behind: bool,
}

impl Shared {
    pub(super) fn new() -> Self {
        let ring =
            Ring { front: Buffer::new(), over: false, behind: false, hurry: false, put: 0, written: 0 };
        Self { ring: Mutex::new(ring), news: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a record; if there is no room for it, it is the end.
    pub(super) fn put(&self, entry: &Entry<'_>) {
        let mut ring = self.lock();
        if ring.over {
            return;
        }
        let before = ring.front.len;
        let was_urgent = ring.is_urgent();
        if !ring.front.put(entry, SPARE) {
            ring.front.put(&Entry::Gap, 0);
            ring.over = true;
            ring.behind = true;
        }
        ring.put += (ring.front.len - before) as u64;
        if before == 0 || ring.is_urgent() != was_urgent {
            self.news.notify_one();
        }
    }

    /// Takes no more records.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.news.notify_one();
    }

    /// Exchanges `back`, which is empty, for what was recorded, once there is something worth it.
    pub(super) fn take(&self, back: &mut Buffer) -> Taken {
        let ring = self.lock();
        let idle = |ring: &mut Ring| ring.front.len == 0 && !ring.over;
        let ring = self.news.wait_while(ring, idle).unwrap_or_else(PoisonError::into_inner);
        let waits = |ring: &mut Ring| !ring.is_urgent();
        let waited = self.news.wait_timeout_while(ring, GATHER, waits);
        let (mut ring, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut ring.front, back);
        ring.hurry = false;
        Taken { last: ring.over, behind: ring.behind }
    }

    /// `bytes` of records are in the file, or never will be.
    pub(super) fn written(&self, bytes: usize) {
        self.lock().written += bytes as u64;
    }

    /// Waits until everything recorded so far is in the file, for at most `patience`; whether it is. It may be called in a
    /// panic, whoever holds the lock.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut wanted = None;
        while Instant::now() < until {
            if let Ok(mut ring) = self.ring.try_lock() {
                let wanted = *wanted.get_or_insert(ring.put);
                if ring.written >= wanted {
                    return true;
                }
                ring.hurry = true;
                self.news.notify_one();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }
}
