//! A scripted neighbor: says exactly the bytes that a test tells it to, when the test tells it to.
//!
//! It is a socket of the test's own process, made in a node's namespace or on loopback.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::lab::{Namespace, OrFail, PATIENCE, fail};
use crate::wire::{KEEPALIVE, NOTIFICATION, OPEN, Open, message, read_message};

/// A connection to a speaker.
#[derive(Debug)]
pub struct RawPeer {
    stream: TcpStream,
}

/// A NOTIFICATION as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Error code.
    pub code: u8,
    /// Error subcode.
    pub subcode: u8,
    /// Data.
    pub data: Vec<u8>,
}

impl RawPeer {
    /// Dials a speaker on port 179 from a node, again until it listens.
    #[track_caller]
    pub fn connect(node: &Namespace, address: &str) -> Self {
        let deadline = Instant::now() + PATIENCE;
        let target = SocketAddr::new(address.parse().or_fail("reading an address"), 179);
        loop {
            match node.enter(|| TcpStream::connect_timeout(&target, Duration::from_secs(5))) {
                Ok(stream) => return Self::over(stream),
                Err(error) if Instant::now() >= deadline => fail(format_args!("dialling {target}: {error}")),
                Err(_) => thread::park_timeout(Duration::from_millis(20)),
            }
        }
    }

    /// Listens on port 179 of a node.
    #[track_caller]
    pub fn listen(node: &Namespace, address: &str) -> TcpListener {
        node.enter(|| TcpListener::bind((address, 179))).or_fail("listening on port 179")
    }

    /// Takes the next connection that a speaker dials.
    #[track_caller]
    pub fn accept(listener: &TcpListener) -> Self {
        Self::over(listener.accept().or_fail("accepting").0)
    }

    /// Dials a speaker from this address of this host.
    #[track_caller]
    pub fn dial(from: IpAddr, to: SocketAddr) -> Self {
        Self::try_dial(from, to).or_fail(format_args!("dialling {to} from {from}"))
    }

    /// Dials a speaker from this address of this host; the error if it is not to be had.
    pub fn try_dial(from: IpAddr, to: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(from, 0).into())?;
        socket.connect_timeout(&to.into(), PATIENCE)?;
        Ok(Self::over(socket.into()))
    }

    /// A connection that was made otherwise.
    #[track_caller]
    pub fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).or_fail("limiting a read");
        stream.set_write_timeout(Some(PATIENCE)).or_fail("limiting a write");
        stream.set_nodelay(true).or_fail("setting TCP_NODELAY");
        Self { stream }
    }

    /// Sends these bytes, whatever they are.
    #[track_caller]
    pub fn send(&self, bytes: &[u8]) {
        (&self.stream).write_all(bytes).or_fail("sending to the speaker");
    }

    /// Sends an OPEN, if the speaker still takes it.
    pub fn offer(&self, open: &Open) {
        drop((&self.stream).write_all(&open.encode()));
    }

    /// The next message: its type and body.
    #[track_caller]
    pub fn receive(&mut self) -> (u8, Vec<u8>) {
        self.try_receive().or_fail("receiving from the speaker")
    }

    /// The next message, or the end of the connection.
    pub fn try_receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        read_message(&mut self.stream)
    }

    /// Exchanges OPEN and KEEPALIVE; the session is up after that. The body of the speaker's OPEN.
    #[track_caller]
    pub fn establish(&mut self, open: &Open) -> Vec<u8> {
        self.send(&open.encode());
        let (kind, body) = self.receive();
        if kind != OPEN {
            fail(format_args!("no OPEN but a message of type {kind}: {body:02x?}"));
        }
        self.send(&message(KEEPALIVE, &[]));
        self.receive_until(|kind, _| kind == KEEPALIVE);
        body
    }

    /// Skips messages until one that `wanted` likes; its body. A NOTIFICATION that was not wanted fails the test.
    #[track_caller]
    pub fn receive_until(&mut self, mut wanted: impl FnMut(u8, &[u8]) -> bool) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (kind, body) = self.receive();
            // Keepalives alone could go on for ever.
            if Instant::now() >= deadline {
                fail("the message that is waited for does not come");
            }
            if wanted(kind, &body) {
                return body;
            }
            if kind == NOTIFICATION {
                fail(format_args!("a NOTIFICATION: {body:02x?}"));
            }
        }
    }

    /// Skips messages until a NOTIFICATION, after which the speaker must close.
    #[track_caller]
    pub fn await_notification(&mut self) -> Notification {
        let body = self.receive_until(|kind, _| kind == NOTIFICATION);
        let mut rest = Vec::new();
        // Reset or orderly: both end it.
        drop(self.stream.read_to_end(&mut rest));
        let [code, subcode, data @ ..] = &body[..] else { fail("a NOTIFICATION without code and subcode") };
        Notification { code: *code, subcode: *subcode, data: data.to_vec() }
    }

    /// Waits until the speaker closes, whatever it says before.
    #[track_caller]
    pub fn await_close(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.try_receive().is_ok() {
            if Instant::now() >= deadline {
                fail("the speaker does not close");
            }
        }
    }

    /// From now on a thread reads and forgets what the speaker says, until the connection ends.
    pub fn read_on(&self) {
        let mut stream = self.stream.try_clone().or_fail("sharing a connection");
        stream.set_read_timeout(None).or_fail("reading without a limit");
        thread::spawn(move || io::copy(&mut stream, &mut io::sink()));
    }

    /// The connection itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Ends the connection by a reset, which destroys what the speaker has not read yet.
    pub fn reset(self) {
        let socket = Socket::from(self.stream);
        drop(socket.set_linger(Some(Duration::ZERO)));
    }

    /// Closes the connection in the direction to the speaker.
    pub fn finish(&self) {
        drop(self.stream.shutdown(Shutdown::Write));
    }
}
