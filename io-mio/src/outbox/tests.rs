use std::collections::VecDeque;

use super::*;
use crate::buffers::{OWN, POOLED};

/// A socket that takes as many bytes as it has room for.
#[derive(Default)]
struct Pipe {
    room: usize,
    taken: Vec<u8>,
    writes: usize,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.len().min(self.room);
        if fits == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.writes += 1;
        self.room -= fits;
        self.taken.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A speaker with numbered bytes to say, and a record of how much room it was given.
#[derive(Default)]
struct Source {
    left: VecDeque<u8>,
    rooms: Vec<usize>,
}

impl Source {
    fn saying(len: usize) -> Self {
        Self { left: numbered(len).into(), rooms: Vec::new() }
    }

    fn encode(&mut self, room: &mut [u8]) -> usize {
        self.rooms.push(room.len());
        let len = room.len().min(self.left.len());
        for (to, from) in room.iter_mut().zip(self.left.drain(..len)) {
            *to = from;
        }
        len
    }
}

fn numbered(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[test]
fn everything_goes_and_no_buffer_is_kept() {
    let mut buffers = Buffers::new(1, 1);
    let (mut outbox, mut pipe, mut source) =
        (Outbox::new(0), Pipe { room: usize::MAX, ..Pipe::default() }, Source::saying(POOLED + 100));
    let end = outbox.pump(&mut buffers, usize::MAX, &mut pipe, |room| source.encode(room));
    assert_eq!(end.unwrap(), Pumped::Idle);
    assert_eq!(pipe.taken, numbered(POOLED + 100));
    assert_eq!((pipe.writes, buffers.free()), (2, 1));
    assert!(outbox.is_empty());
}

#[test]
fn a_full_socket_keeps_the_rest_in_order_and_asks_for_no_more() {
    let mut buffers = Buffers::new(1, 1);
    let (mut outbox, mut pipe, mut source) =
        (Outbox::new(0), Pipe { room: 10, ..Pipe::default() }, Source::saying(POOLED * 2));
    for room in [10, 5, 50_000] {
        pipe.room = room;
        let end = outbox.pump(&mut buffers, usize::MAX, &mut pipe, |room| source.encode(room));
        assert_eq!(end.unwrap(), Pumped::Blocked);
    }
    assert_eq!(source.rooms, [POOLED], "nothing is encoded while something is left over");
    assert_eq!(buffers.free(), 0);
    pipe.room = usize::MAX;
    let end = outbox.pump(&mut buffers, usize::MAX, &mut pipe, |room| source.encode(room));
    assert_eq!(end.unwrap(), Pumped::Idle);
    assert_eq!(pipe.taken, numbered(POOLED * 2));
}

#[test]
fn an_empty_pool_means_small_batches_not_silence() {
    let mut buffers = Buffers::new(0, 2);
    let (mut outbox, mut pipe, mut source) =
        (Outbox::new(1), Pipe { room: usize::MAX, ..Pipe::default() }, Source::saying(OWN * 3));
    let end = outbox.pump(&mut buffers, usize::MAX, &mut pipe, |room| source.encode(room));
    assert_eq!(end.unwrap(), Pumped::Idle);
    assert_eq!(source.rooms, [OWN; 4]);
    assert_eq!(pipe.taken, numbered(OWN * 3));
}

#[test]
fn a_small_rest_gives_the_pooled_buffer_back() {
    let mut buffers = Buffers::new(1, 1);
    let (mut outbox, mut pipe, mut source) = (Outbox::new(0), Pipe::default(), Source::saying(19));
    let end = outbox.pump(&mut buffers, usize::MAX, &mut pipe, |room| source.encode(room));
    assert_eq!(end.unwrap(), Pumped::Blocked);
    assert_eq!(buffers.free(), 1);
    assert!(!outbox.is_empty());
    pipe.room = 100;
    assert!(outbox.flush(&mut buffers, &mut pipe, &mut 0).unwrap());
    assert_eq!(pipe.taken, numbered(19));
}

#[test]
fn the_share_ends_a_run() {
    let mut buffers = Buffers::new(1, 1);
    let (mut outbox, mut pipe, mut source) =
        (Outbox::new(0), Pipe { room: usize::MAX, ..Pipe::default() }, Source::saying(POOLED * 4));
    let end = outbox.pump(&mut buffers, POOLED, &mut pipe, |room| source.encode(room));
    assert_eq!(end.unwrap(), Pumped::Share);
    assert_eq!(pipe.taken.len(), POOLED);
}

#[test]
fn who_finds_little_to_write_is_asked_again_in_another_turn() {
    let mut buffers = Buffers::new(1, 1);
    let (mut outbox, mut pipe) = (Outbox::new(0), Pipe { room: usize::MAX, ..Pipe::default() });
    let mut calls = 0;
    let mut little = |room: &mut [u8]| {
        calls += 1;
        room[..40].fill(7);
        40
    };
    let end = outbox.pump(&mut buffers, POOLED, &mut pipe, &mut little);
    assert_eq!(end.unwrap(), Pumped::Share);
    let end = outbox.pump(&mut buffers, POOLED, &mut pipe, &mut little);
    assert_eq!(end.unwrap(), Pumped::Share);
    assert_eq!((calls, pipe.taken.len(), buffers.free()), (6, 240, 1));
}

#[test]
fn a_new_owner_takes_the_rest_along() {
    let mut buffers = Buffers::new(0, 2);
    let (mut outbox, mut pipe, mut source) =
        (Outbox::new(0), Pipe { room: 7, ..Pipe::default() }, Source::saying(100));
    let end = outbox.pump(&mut buffers, usize::MAX, &mut pipe, |room| source.encode(room));
    assert_eq!(end.unwrap(), Pumped::Blocked);
    outbox.move_to(&mut buffers, 1);
    buffers.bytes(&Lease::Own, 0).fill(0xff);
    pipe.room = usize::MAX;
    assert!(outbox.flush(&mut buffers, &mut pipe, &mut 0).unwrap());
    assert_eq!(pipe.taken, numbered(100));
}

#[test]
fn an_error_is_handed_on() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::ConnectionReset.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut buffers = Buffers::new(1, 1);
    let mut outbox = Outbox::new(0);
    let error = outbox.pump(&mut buffers, usize::MAX, &mut Broken, |_| 5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    outbox.discard(&mut buffers);
    assert_eq!(buffers.free(), 1);
}
