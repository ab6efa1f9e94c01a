//! Running out of file descriptors. A process of its own, because it takes them from everybody.

use std::fs::File;
use std::io::Read;
use std::net::TcpStream;

use crier_core::{Event, Instant, Millis};
use crier_io_mio::{Chunk, Context, Fill, Host, Runtime, Sizes};
use socket2::{Domain, Socket, Type};

/// A host that only has a timer.
struct Timer(Option<Instant>);

impl Host for Timer {
    type Answer = ();

    fn request(&mut self, _: &mut Context<'_, '_>, _: &[u8]) {}

    fn request_too_long(&mut self, _: usize) {}

    fn fill(&mut self, _: &mut Context<'_, '_>, (): &mut (), _: &mut Chunk<'_>) -> Fill {
        Fill::Done
    }

    fn event(&mut self, _: Instant, _: usize, _: &Event) {}

    fn deadline(&self) -> Option<Instant> {
        self.0
    }

    fn timeout(&mut self, _: &mut Context<'_, '_>) {
        self.0 = None;
    }
}

#[test]
fn the_loop_waits_for_descriptors_without_spinning() {
    let mut runtime =
        Runtime::new(Sizes { instances: 0, connections: 0, write_buffers: 0, control_clients: 0 }).unwrap();
    runtime.set_listeners(0, &["127.0.0.1:0".parse().unwrap()]).unwrap();
    let address = runtime.listeners(0).next().unwrap();
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    client.connect(&address.into()).unwrap();

    let mut host = Timer(Some(runtime.clock().now() + Millis(200)));
    let mut turns = 0;
    while host.0.is_some() {
        let _ = runtime.turn(&mut [], &mut host).unwrap();
        turns += 1;
    }
    assert!(turns < 10, "{turns} turns for one connection and one timer");

    // Without a speaker it is closed as soon as it can be accepted.
    drop(hoard);
    let mut client = TcpStream::from(client);
    client.set_nonblocking(true).unwrap();
    while client.read(&mut [0; 1]).is_err() {
        let _ = runtime.turn(&mut [], &mut host).unwrap();
    }
}
