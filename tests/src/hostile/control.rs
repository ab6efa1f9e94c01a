//! Attacks on the control socket, by who may connect to it.

use std::io::{ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::attack::{Ground, Orders};

/// Clients that never read, which are as many as there is room for and some that wait.
const DEAF: usize = 24;
/// Clients that never ask.
const IDLE: usize = 100;
/// Between two looks.
const PACE: Duration = Duration::from_millis(20);

/// Clients that ask for everything, again and again, and read nothing.
pub(super) fn deaf(ground: &Ground<'_>, orders: &Orders) {
    let words =
        [r#"{"version":1,"command":"routes"}"#, r#"{"version":1,"command":"why","prefix":"0.0.0.0/0"}"#];
    let ask = format!("{}\n", words.join("\n")).repeat(200);
    clients(ground, orders, DEAF, ask.as_bytes());
}

/// Clients that begin a request and do not end it.
pub(super) fn idle(ground: &Ground<'_>, orders: &Orders) {
    clients(ground, orders, IDLE, br#"{"version":1,"#);
}

/// So many clients at a time that have said this.
fn clients(ground: &Ground<'_>, orders: &Orders, count: usize, word: &[u8]) {
    let mut all: Vec<UnixStream> = Vec::new();
    while !orders.is_over() {
        // An empty line would be a request; a byte that belongs to none shows whether anybody is there.
        all.retain_mut(|client| match client.write(b" ") {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        });
        while all.len() < count
            && let Some(mut client) = connect(ground)
        {
            // As much of it as the socket takes.
            drop(client.write(word));
            all.push(client);
            orders.add(1);
        }
        thread::park_timeout(PACE);
    }
}

fn connect(ground: &Ground<'_>) -> Option<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.connect(&SockAddr::unix(ground.control).ok()?).ok()?;
    Some(socket.into())
}
