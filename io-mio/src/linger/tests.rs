use std::io::{self, Write};
use std::net::{TcpListener, TcpStream as StdStream};

use mio::{Events, Poll, Token};

use super::*;

struct Bench {
    poll: Poll,
    events: Events,
    buffers: Buffers,
    lingering: Lingering,
    room: Vec<u8>,
}

/// A socket that takes nothing.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts words into an outbox that its socket has not taken.
fn leave(outbox: &mut Outbox, buffers: &mut Buffers, words: &[u8]) {
    let encode = |room: &mut [u8]| {
        room[..words.len()].copy_from_slice(words);
        words.len()
    };
    outbox.pump(buffers, usize::MAX, &mut Full, encode).unwrap();
}

impl Bench {
    fn new(places: u16) -> Self {
        Self {
            poll: Poll::new().unwrap(),
            events: Events::with_capacity(8),
            buffers: Buffers::new(1, 1 + usize::from(places)),
            lingering: Lingering::new(places, 1),
            room: vec![0; 1 << 16],
        }
    }

    /// A connection whose speaker said `words`, or nothing, and closed at `now`; and its far end.
    fn close(&mut self, now: Instant, words: &[u8]) -> StdStream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = listener.accept().unwrap().0;
        near.set_nonblocking(true).unwrap();
        let mut near = TcpStream::from_std(near);
        self.poll.registry().register(&mut near, Token(0), Interest::READABLE | Interest::WRITABLE).unwrap();
        let mut outbox = Outbox::new(0);
        leave(&mut outbox, &mut self.buffers, words);
        self.lingering.admit(now, self.poll.registry(), near, outbox, &mut self.buffers);
        far
    }

    fn turn(&mut self, now: Instant) {
        while self.lingering.turn(now, &mut self.buffers, &mut self.room) {}
    }

    /// Turns at `now` until nobody lingers.
    fn until_empty(&mut self, now: Instant) {
        self.turn(now);
        while !self.lingering.is_empty() {
            self.poll.poll(&mut self.events, None).unwrap();
            for event in &self.events {
                let Some(Key::Linger { index }) = Key::of(event.token()) else { continue };
                self.lingering.note(index, event);
            }
            self.turn(now);
        }
    }
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

#[test]
fn the_last_words_arrive_although_the_neighbor_keeps_talking() {
    let mut bench = Bench::new(2);
    let mut far = bench.close(at(0), b"cease");
    far.write_all(&[1; 30_000]).unwrap();
    bench.turn(at(0));
    far.write_all(&[1; 30_000]).unwrap();
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"cease");
    assert!(!bench.lingering.is_empty(), "the far end has not closed yet");
    drop(far);
    bench.until_empty(at(0));
    assert_eq!(bench.lingering.deadline(), None);
    assert_eq!(bench.buffers.free(), 1);
}

#[test]
fn patience_ends_after_a_second() {
    let mut bench = Bench::new(2);
    let far = bench.close(at(500), b"");
    assert_eq!(bench.lingering.deadline(), Some(at(1500)));
    bench.turn(at(1499));
    assert!(!bench.lingering.is_empty());
    bench.turn(at(1500));
    assert!(bench.lingering.is_empty());
    drop(far);
}

#[test]
fn a_crowd_pushes_the_oldest_out() {
    let mut bench = Bench::new(2);
    let mut first = bench.close(at(0), b"");
    let _second = bench.close(at(1), b"");
    let _third = bench.close(at(2), b"");
    assert_eq!(first.read(&mut [0; 8]).unwrap(), 0, "closed at once");
    assert_eq!(bench.lingering.deadline(), Some(at(1001)));
}

#[test]
fn words_that_wait_for_room_are_sent_when_there_is_some() {
    let mut bench = Bench::new(1);
    let mut far = bench.close(at(0), b"");
    // Fill the socket behind the back of the linger list, which has something more to send.
    let Some(closed) = &mut bench.lingering.places[0] else { panic!() };
    let mut filled = 0;
    while let Ok(len) = (&closed.stream).write(&[0; 1 << 16]) {
        filled += len;
    }
    leave(&mut closed.outbox, &mut bench.buffers, b"last");
    bench.turn(at(0));
    assert_eq!(bench.buffers.free(), 1, "four bytes hold no pooled buffer");
    let reader = std::thread::spawn(move || {
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).unwrap();
        heard
    });
    bench.until_empty(at(0));
    let heard = reader.join().unwrap();
    assert_eq!(heard.len(), filled + 4);
    assert_eq!(&heard[filled..], b"last");
}
