//! Numbered datagrams from a host to another one, each accounted for.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crier_tests::lab::{Namespace, OrFail as _, await_until, fail};

/// Where they go to.
const PORT: u16 = 4789;
/// Senders, each with a port of its own, so that equal paths all get their share.
const FLOWS: usize = 16;
/// Datagrams of each flow that must have arrived, none of them lost, before anything is measured.
const ROUNDS: usize = 8;
/// Time from one datagram to the next: 1,000 a second.
const PACE: Duration = Duration::from_millis(1);
/// Bytes that may wait for the receiver, who may wait for a processor.
const WAITING: libc::c_int = 16 << 20;
/// Number of a datagram that says: this flow has ended.
const END: u32 = u32::MAX;

/// Datagrams on their way until [`Traffic::stop`].
pub(super) struct Traffic {
    sockets: Vec<UdpSocket>,
    target: SocketAddr,
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    sent: AtomicUsize,
    /// Which have arrived, and how often flows said that they had ended.
    arrived: Mutex<(Vec<bool>, usize)>,
}

/// What became of them.
pub(super) struct Account {
    arrived: Vec<bool>,
}

impl Traffic {
    /// Begins to send from a host to an address of another one, and waits until no datagram of any flow is lost any more.
    #[track_caller]
    pub(super) fn start(from: &Namespace, to: &Namespace, address: &str) -> Self {
        let target = SocketAddr::new(address.parse::<IpAddr>().or_fail(address), PORT);
        let any = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        // An IPv6 address that was just given cannot be used at once.
        let bind = || to.enter(|| UdpSocket::bind(target));
        let receiver =
            await_until("the address can be used", bind, Result::is_ok).or_fail("receiving datagrams");
        make_room(&receiver).or_fail("making room for datagrams");
        let sockets: Vec<UdpSocket> = from
            .enter(|| (0..FLOWS).map(|_| UdpSocket::bind(any)).collect::<Result<_, _>>())
            .or_fail("sending");
        let clones = sockets.iter().map(UdpSocket::try_clone).collect::<Result<_, _>>().or_fail("sharing");
        let shared = Arc::new(Shared::default());
        // Both threads end when nobody is interested any more.
        let (receiving, sending) = (Arc::downgrade(&shared), Arc::downgrade(&shared));
        thread::spawn(move || receive(&receiver, &receiving));
        let sender = thread::spawn(move || send(&sockets, target, &sending));
        let traffic = Self { sockets: clones, target, shared, sender };
        traffic.settle();
        traffic
    }

    /// Waits until no datagram of any flow is lost any more, of those sent from now on: links take up to a second to settle,
    /// each by itself.
    #[track_caller]
    pub(super) fn settle(&self) {
        let from = self.sent();
        let newest = || {
            let row = |(arrived, _): &(Vec<bool>, usize)| {
                let newest = arrived.len().saturating_sub(ROUNDS * FLOWS).max(from).min(arrived.len());
                arrived[newest..].iter().filter(|it| **it).count()
            };
            self.arrived(row)
        };
        await_until("every flow arrives", newest, |count| *count == ROUNDS * FLOWS);
    }

    /// How many were sent so far.
    pub(super) fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::Acquire)
    }

    /// How far they have arrived: from the next one on they are on their way at best. Those before count from the first
    /// call on, when links have settled.
    pub(super) fn arrived_so_far(&self) -> usize {
        self.arrived(|(arrived, _)| arrived.len())
    }

    /// Waits until so many more have arrived.
    #[track_caller]
    pub(super) fn await_arrivals(&self, more: usize) {
        let count = || self.arrived(|(arrived, _)| arrived.iter().filter(|it| **it).count());
        let enough = count() + more;
        await_until("datagrams arrive", count, |count| *count >= enough);
    }

    fn arrived<T>(&self, look: impl FnOnce(&(Vec<bool>, usize)) -> T) -> T {
        look(&self.shared.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stops sending, and waits until whatever is not lost has arrived.
    #[track_caller]
    pub(super) fn stop(self) -> Account {
        self.shared.stopping.store(true, Ordering::Release);
        let Self { sockets, target, shared, sender } = self;
        sender.join().unwrap_or_else(|_| fail("the sender has failed"));
        let sent = shared.sent.load(Ordering::Acquire);
        // The last ones go the way of all others, after them.
        let ends = || {
            for socket in &sockets {
                drop(socket.send_to(&END.to_be_bytes(), target));
            }
            shared.arrived.lock().unwrap_or_else(PoisonError::into_inner).1
        };
        await_until("the last datagrams arrive", ends, |count| *count >= 2 * FLOWS);
        let mut arrived =
            std::mem::take(&mut shared.arrived.lock().unwrap_or_else(PoisonError::into_inner).0);
        arrived.resize(sent, false);
        Account { arrived }
    }
}

impl Account {
    /// How many of those from `first` to before `end` were lost, as far as any were sent.
    pub(super) fn lost(&self, first: usize, end: usize) -> usize {
        self.arrived[first..end.min(self.arrived.len())].iter().filter(|it| !**it).count()
    }

    /// How many there were.
    pub(super) fn sent(&self) -> usize {
        self.arrived.len()
    }
}

fn send(sockets: &[UdpSocket], target: SocketAddr, shared: &Weak<Shared>) {
    let mut next = Instant::now();
    for socket in sockets.iter().cycle() {
        let Some(shared) = shared.upgrade().filter(|it| !it.stopping.load(Ordering::Acquire)) else { return };
        let number = shared.sent.load(Ordering::Relaxed);
        // Where there is no route it is lost, as it would be further on.
        drop(socket.send_to(&(number as u32).to_be_bytes(), target));
        shared.sent.store(number + 1, Ordering::Release);
        next += PACE;
        let now = Instant::now();
        match next.checked_duration_since(now) {
            Some(left) => thread::park_timeout(left),
            // Whoever was kept waiting does not make up for it by a burst.
            None => next = now,
        }
    }
}

fn receive(receiver: &UdpSocket, shared: &Weak<Shared>) {
    let mut number = [0; 4];
    drop(receiver.set_read_timeout(Some(Duration::from_millis(200))));
    loop {
        let received = receiver.recv(&mut number);
        let Some(shared) = shared.upgrade() else { return };
        let Ok(4) = received else { continue };
        let number = u32::from_be_bytes(number);
        let mut arrived = shared.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        if number == END {
            arrived.1 += 1;
            continue;
        }
        let at = number as usize;
        if arrived.0.len() <= at {
            arrived.0.resize(at + 1, false);
        }
        if let Some(place) = arrived.0.get_mut(at) {
            *place = true;
        }
    }
}

/// More than the system lets everybody have.
#[expect(unsafe_code, reason = "std cannot set the size of a buffer")]
fn make_room(receiver: &UdpSocket) -> io::Result<()> {
    let (socket, length) = (receiver.as_raw_fd(), size_of_val(&WAITING) as libc::socklen_t);
    let value: *const libc::c_int = &WAITING;
    // SAFETY: the kernel reads an int from where there is one.
    let status =
        unsafe { libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, value.cast(), length) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
