use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use crier_core::Event;

use super::*;
use crate::chunk::Chunk;
use crate::host::Fill;

/// A host without speakers: what turns on time and on the outside is tested with it.
#[derive(Default)]
struct Clockwork {
    ticks: u32,
    next: Option<Instant>,
    woken: u32,
}

impl Host for Clockwork {
    type Answer = Vec<u8>;

    fn request(&mut self, context: &mut Context<'_, '_>, line: &[u8]) -> Vec<u8> {
        if line == b"stop" {
            context.stop();
        }
        line.to_ascii_uppercase()
    }

    fn request_too_long(&mut self, _: usize) -> Vec<u8> {
        Vec::new()
    }

    fn fill(&mut self, _: &mut Context<'_, '_>, answer: &mut Vec<u8>, chunk: &mut Chunk<'_>) -> Fill {
        chunk.write_all(answer).unwrap();
        Fill::Done
    }

    fn event(&mut self, _: Instant, _: usize, _: &Event) {}

    fn woken(&mut self, context: &mut Context<'_, '_>) {
        self.woken += 1;
        context.stop();
    }

    fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn timeout(&mut self, context: &mut Context<'_, '_>) {
        self.ticks += 1;
        self.next = (self.ticks < 3).then(|| context.now + Millis(1));
    }
}

fn small() -> Sizes {
    Sizes { instances: 0, connections: 8, write_buffers: 1, control_clients: 2 }
}

#[test]
fn the_host_is_called_at_its_deadlines() {
    let mut runtime = Runtime::new(small()).unwrap();
    let mut host = Clockwork { next: Some(Instant::from_millis(2)), ..Clockwork::default() };
    while host.next.is_some() {
        assert_eq!(runtime.turn(&mut [], &mut host).unwrap(), Flow::Continue);
    }
    assert_eq!(host.ticks, 3);
    assert!(runtime.clock().now() >= Instant::from_millis(4));
}

#[test]
fn another_thread_wakes_a_loop_that_has_nothing_to_wait_for() {
    let mut runtime = Runtime::new(small()).unwrap();
    let waker = runtime.waker().unwrap();
    let mut host = Clockwork::default();
    thread::scope(|scope| {
        scope.spawn(|| waker.wake().unwrap());
        runtime.run(&mut [], &mut host).unwrap();
    });
    assert_eq!(host.woken, 1);
}

#[test]
fn a_request_is_answered_before_the_loop_stops() {
    let path = std::env::temp_dir().join(format!("crier-runtime-{}.sock", std::process::id()));
    let mut runtime = Runtime::new(small()).unwrap();
    runtime.serve_control(&path).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"stop\n").unwrap();
    runtime.run(&mut [], &mut Clockwork::default()).unwrap();
    drop(runtime);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "STOP");
    assert!(!path.exists());
}

#[test]
fn listeners_are_set_from_outside_and_from_the_host() {
    let mut runtime = Runtime::<Vec<u8>>::new(small()).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    runtime.set_listeners(0, &[any]).unwrap();
    let first: Vec<_> = runtime.listeners(0).collect();
    assert_eq!(first.len(), 1);
    runtime.with_context(&mut [], |context| {
        assert!(context.listeners(0).eq(first.iter().copied()));
        context.set_listeners(0, &[]).unwrap();
    });
    assert_eq!(runtime.listeners(0).count(), 0);
}

#[test]
fn the_plan_counts_every_buffer() {
    let sizes = Sizes { instances: 2, connections: 10, write_buffers: 3, control_clients: 4 };
    let expected = (256 << 10) + 3 * (64 << 10) + (20 + 20) * 4096 + 4 * (128 << 10);
    assert_eq!(sizes.bytes(), expected);
}
