use std::io::Write;
use std::net::{TcpListener, TcpStream as StdStream};

use mio::{Events, Interest, Poll, Token};

use super::*;
use crate::buffers::POOLED;
use crier_core::config::Ttl;

const ID: ConnId = ConnId { index: 0, generation: 0 };

/// A connection under test, its far end, and the poll that tells its edges.
struct Pair {
    conn: Conn,
    far: StdStream,
    poll: Poll,
    events: Events,
    buffers: Buffers,
}

impl Pair {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = listener.accept().unwrap().0;
        near.set_nonblocking(true).unwrap();
        let mut near = TcpStream::from_std(near);
        let poll = Poll::new().unwrap();
        poll.registry().register(&mut near, Token(0), Interest::READABLE | Interest::WRITABLE).unwrap();
        Self {
            conn: Conn::accepted(ID, near.peer_addr().unwrap().ip(), near, 0),
            far,
            poll,
            events: Events::with_capacity(8),
            buffers: Buffers::new(1, 1),
        }
    }

    /// Waits for the kernel until `done`.
    fn until(&mut self, done: impl Fn(&Ready) -> bool) {
        while !done(&self.conn.ready) {
            self.poll.poll(&mut self.events, None).unwrap();
            for event in &self.events {
                self.conn.ready.note(event);
            }
        }
    }

    fn take_in(&mut self, share: usize) -> (Taken, Vec<u8>) {
        let mut bytes = Vec::new();
        let taken = self.conn.take_in(&mut vec![0; 1 << 16], share, |piece| bytes.extend_from_slice(piece));
        (taken, bytes)
    }
}

#[test]
fn stopping_early_keeps_the_readiness() {
    let mut pair = Pair::new();
    pair.far.write_all(&[7; 1000]).unwrap();
    pair.until(|ready| ready.readable);
    let (taken, bytes) = pair.take_in(600);
    assert_eq!((taken, bytes.len()), (Taken::Share, 600));
    assert!(pair.conn.ready.readable, "no second edge will come for the rest");
    let (taken, bytes) = pair.take_in(600);
    assert_eq!((taken, bytes.len()), (Taken::All, 400));
    assert!(!pair.conn.ready.readable);
}

#[test]
fn the_end_is_told_after_the_last_bytes() {
    let mut pair = Pair::new();
    pair.far.write_all(b"bye").unwrap();
    pair.far.shutdown(std::net::Shutdown::Write).unwrap();
    pair.until(|ready| ready.readable);
    let mut all = Vec::new();
    loop {
        let (taken, bytes) = pair.take_in(1 << 20);
        all.extend(bytes);
        match taken {
            Taken::All => pair.until(|ready| ready.readable),
            Taken::Ended(cause) => {
                assert_eq!(cause, CloseCause::Eof);
                break;
            }
            Taken::Share => panic!("three bytes are no megabyte"),
        }
    }
    assert_eq!(all, b"bye");
}

#[test]
fn what_the_neighbor_said_before_a_reset_is_read_before_the_end_is_told() {
    let mut pair = Pair::new();
    // Unread bytes at the far end make its close a reset; the reset comes after its own last bytes.
    assert!(!pair.conn.send(&mut pair.buffers, POOLED, once(b"never read")));
    let mut one = [0; 1];
    pair.far.peek(&mut one).unwrap();
    pair.far.write_all(b"notification").unwrap();
    let Pair { mut conn, far, mut buffers, .. } = pair;
    drop(far);
    // Writing fails as soon as the reset is here, and that must not be the end.
    while conn.can_send() {
        conn.send(&mut buffers, POOLED, once(b"update"));
    }
    assert_eq!(buffers.free(), 1);
    let mut all = Vec::new();
    let taken = conn.take_in(&mut [0; 100], 1000, |piece| all.extend_from_slice(piece));
    assert_eq!(taken, Taken::Ended(CloseCause::Reset));
    assert_eq!(all, b"notification");
}

#[test]
fn a_blocked_socket_tells_when_there_is_room_again() {
    let mut pair = Pair::new();
    while pair.conn.ready.writable {
        pair.conn.send(&mut pair.buffers, POOLED, |room| room.len());
    }
    assert!(!pair.conn.outbox.is_empty());
    let mut far = pair.far.try_clone().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut far, &mut std::io::sink()).unwrap());
    pair.until(|ready| ready.writable);
    while !pair.conn.outbox.is_empty() {
        pair.conn.send(&mut pair.buffers, POOLED, |_| 0);
        if !pair.conn.outbox.is_empty() {
            pair.until(|ready| ready.writable);
        }
    }
    assert_eq!(pair.buffers.free(), 1);
    drop(pair);
    assert!(reader.join().unwrap() >= POOLED as u64);
}

#[test]
fn dialling_ends_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (mut stream, over) = socket::dial(address, None, None, Ttl::Default, true, &Access::Open).unwrap();
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    poll.registry().register(&mut stream, Token(0), Interest::READABLE | Interest::WRITABLE).unwrap();
    let mut conn = Conn::dialled(ID, address.ip(), stream, 0, over);
    assert!(!conn.can_send());
    let (remote, local) = loop {
        if let Some(ends) = conn.finish_dialling().unwrap() {
            break ends;
        }
        poll.poll(&mut events, None).unwrap();
        for event in &events {
            conn.ready.note(event);
        }
    };
    assert_eq!(remote, address);
    assert_eq!(listener.accept().unwrap().1, local);
    assert!(conn.can_send() && conn.ready.writable);
    assert_eq!(conn.finish_dialling(), Ok(None));
}

/// A speaker that has one thing to say.
fn once(bytes: &'static [u8]) -> impl FnMut(&mut [u8]) -> usize {
    let mut left = bytes;
    move |room| {
        let said = std::mem::take(&mut left);
        room[..said.len()].copy_from_slice(said);
        said.len()
    }
}
