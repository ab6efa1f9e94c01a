//! What is between the loop and the disk: a buffer that one fills while the other is written.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crier_core::{Input, Limits, Speaker};

use super::format::{Entry, Start};

/// Bytes of records that gather before the next is lost.
pub(super) const GATHERED: usize = 4 << 20;
/// What [`Entry::Gap`] needs, so that there is always room for it.
const SPARE: usize = 8;
/// How long records gather before they are written.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes that a speaker's state takes at most: its region, a little for each page of it, and its slots.
fn most_of_state(limits: &Limits) -> usize {
    let region = usize::try_from(limits.region_bytes()).unwrap_or(usize::MAX / 4);
    let slots = usize::from(limits.peers) + usize::from(limits.connections) + 1;
    region + region / 256 + slots * 1024 + (64 << 10)
}

/// Records one behind the other.
#[derive(Debug)]
pub(super) struct Buffer {
    /// Zero pages at first, which are not resident before they are used.
    bytes: Box<[u8]>,
    len: usize,
    /// A segment begins in it: where, and where the block with the speaker's state ends.
    segment: Option<(usize, usize)>,
}

impl Buffer {
    /// Room for what gathers, and for the state of a speaker of this size.
    pub(super) fn new(limits: &Limits) -> Self {
        Self { bytes: vec![0; GATHERED + most_of_state(limits)].into_boxed_slice(), len: 0, segment: None }
    }

    /// The blocks that it is to be written as; true: it begins a segment.
    pub(super) fn blocks(&self) -> [(bool, &[u8]); 3] {
        let (begin, end) = self.segment.unwrap_or((self.len, self.len));
        let part = |range| self.bytes.get(range).unwrap_or_default();
        [(false, part(0..begin)), (self.segment.is_some(), part(begin..end)), (false, part(end..self.len))]
    }

    /// Bytes of records.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Makes it empty.
    pub(super) fn clear(&mut self) {
        (self.len, self.segment) = (0, None);
    }

    /// Bytes of records beside a state.
    fn gathered(&self) -> usize {
        self.len - self.segment.map_or(0, |(begin, end)| end - begin)
    }

    /// Appends a record whole, or nothing if the records exceeded what may gather but for `spare` bytes.
    fn put(&mut self, entry: &Entry<'_>, spare: usize) -> bool {
        let most = self.len + GATHERED.saturating_sub(self.gathered() + spare);
        self.put_within(entry, most)
    }

    fn put_within(&mut self, entry: &Entry<'_>, most: usize) -> bool {
        let room = self.bytes.get_mut(self.len..most).unwrap_or_default();
        let put = postcard::to_slice(entry, room).map_or(0, |record| record.len());
        self.len += put;
        put > 0
    }

    /// Begins a segment with the speaker's state, if it fits.
    fn begin(&mut self, start: &Start<'_>, speaker: &Speaker<'_>) -> bool {
        let (begin, most) = (self.len, self.bytes.len());
        let whole =
            self.put_within(&Entry::Start(*start), most) && self.put_within(&Entry::State(speaker), most);
        if whole {
            self.segment = Some((begin, self.len));
        } else {
            self.len = begin;
        }
        whole
    }
}

/// The loop's side.
#[derive(Debug)]
struct Ring {
    front: Buffer,
    /// No record is taken any more.
    over: bool,
    /// A new segment is to begin.
    due: bool,
    /// Records are missing behind the last one: none makes sense before a new segment begins.
    lost: bool,
    /// How often that came to be.
    gaps: u64,
    /// The writer is to write what there is, now.
    hurry: bool,
    /// Bytes of records that went in, and those that are in the file or given up.
    put: u64,
    written: u64,
}

impl Ring {
    fn is_urgent(&self) -> bool {
        self.over || self.hurry || self.front.gathered() >= GATHERED / 2
    }

    fn put(&mut self, entry: &Entry<'_>) {
        let before = self.front.len;
        if !self.front.put(entry, SPARE) {
            self.front.put(&Entry::Gap, 0);
            self.lost = true;
            self.due = true;
            self.gaps += 1;
        }
        self.put += (self.front.len - before) as u64;
    }

    /// Begins a segment if one is due and there is room: the writer has taken what came before but for a rest.
    fn begin(&mut self, start: impl FnOnce() -> Start<'static>, speaker: &Speaker<'_>) -> bool {
        if !self.due {
            return false;
        }
        if self.front.segment.is_some() || self.front.len > GATHERED / 4 {
            self.hurry = true;
            return false;
        }
        let before = self.front.len;
        let began = self.front.begin(&start(), speaker);
        self.put += (self.front.len - before) as u64;
        self.due = false;
        self.lost &= !began;
        // It does fit, or the sizes are wrong. Better no recording than a broken one.
        self.over |= !began;
        began
    }
}

/// What loop and writer share. Neither holds the lock for longer than it takes to copy a record or to exchange buffers; the
/// loop also while it copies the speaker's state.
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
    /// How often records have been lost by now.
    pub(super) gaps: u64,
}

impl Shared {
    pub(super) fn new(limits: &Limits) -> Self {
        let ring = Ring {
            front: Buffer::new(limits),
            over: false,
            due: false,
            lost: false,
            gaps: 0,
            hurry: false,
            put: 0,
            written: 0,
        };
        Self { ring: Mutex::new(ring), news: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the loop do something, and tells the writer if there is news for it.
    fn change<T>(&self, change: impl FnOnce(&mut Ring) -> T) -> T {
        let mut ring = self.lock();
        let before = (ring.front.len == 0, ring.is_urgent());
        let result = change(&mut ring);
        if before != (ring.front.len == 0, ring.is_urgent()) {
            self.news.notify_one();
        }
        result
    }

    /// Takes a record. If there is no room for it, it and what follows is lost, until a new segment begins.
    pub(super) fn put(&self, entry: &Entry<'_>) {
        self.change(|ring| {
            if !ring.over && !ring.lost {
                ring.put(entry);
            }
        });
    }

    /// Takes a call that is about to be made of `speaker`. True: a new segment, as `start` says, begins with it.
    pub(super) fn put_input(
        &self,
        input: &Input<'_>,
        speaker: &Speaker<'_>,
        start: impl FnOnce() -> Start<'static>,
    ) -> bool {
        self.change(|ring| {
            let began = !ring.over && ring.begin(start, speaker);
            if !ring.over && !ring.lost {
                ring.put(&Entry::Input(input));
            }
            began
        })
    }

    /// A new segment is to begin.
    pub(super) fn begin_segment(&self) {
        self.lock().due = true;
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
        let waited = self.news.wait_timeout_while(ring, PAUSE, waits);
        let (mut ring, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut ring.front, back);
        ring.hurry = false;
        Taken { last: ring.over, gaps: ring.gaps }
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
