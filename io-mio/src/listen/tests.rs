use std::net::TcpStream as StdStream;

use mio::{Events, Poll};

use super::*;

struct Bench {
    poll: Poll,
    listeners: Listeners,
    rings: Keyrings,
}

impl Bench {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let listeners = Listeners::new(poll.registry().try_clone().unwrap());
        Self { poll, listeners, rings: Keyrings::default() }
    }

    fn set(&mut self, instance: usize, wanted: &[&str]) -> Result<Vec<SocketAddr>, ListenError> {
        let wanted: Vec<_> = wanted.iter().map(|address| address.parse().unwrap()).collect();
        self.listeners.set(instance, &wanted, self.rings.of(instance))?;
        Ok(self.listeners.addresses(instance).collect())
    }

    fn accept(&mut self, now: Instant) -> (Vec<(usize, SocketAddr)>, bool) {
        let mut accepted = Vec::new();
        let more =
            self.listeners.accept(now, &self.rings, |instance, _, remote| accepted.push((instance, remote)));
        (accepted, more)
    }

    fn wait(&mut self) {
        let mut events = Events::with_capacity(8);
        self.poll.poll(&mut events, None).unwrap();
        for event in &events {
            let Some(Key::Listener { index }) = Key::of(event.token()) else { panic!() };
            self.listeners.note(index);
        }
    }
}

#[test]
fn accepts_on_both_families_and_says_for_whom() {
    let mut bench = Bench::new();
    let first = bench.set(0, &["127.0.0.1:0", "[::1]:0"]).unwrap();
    let second = bench.set(1, &["127.0.0.1:0"]).unwrap();
    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!(bench.accept(Instant::EPOCH), (vec![], false));
    for (instance, address) in [(0, first[0]), (0, first[1]), (1, second[0])] {
        let stream = StdStream::connect(address).unwrap();
        bench.wait();
        assert_eq!(bench.accept(Instant::EPOCH), (vec![(instance, stream.local_addr().unwrap())], false));
    }
}

#[test]
fn both_wildcards_share_a_port() {
    let mut bench = Bench::new();
    let port = bench.set(0, &["0.0.0.0:0"]).unwrap()[0].port();
    bench.set(1, &[&format!("[::]:{port}")]).unwrap();
    let stream = StdStream::connect(("127.0.0.1", port)).unwrap();
    bench.wait();
    assert_eq!(bench.accept(Instant::EPOCH).0, [(0, stream.local_addr().unwrap())]);
}

#[test]
fn a_crowd_is_accepted_in_portions() {
    let mut bench = Bench::new();
    let address = bench.set(0, &["127.0.0.1:0"]).unwrap()[0];
    let crowd: Vec<_> = (0..ACCEPTS_A_TURN + 6).map(|_| StdStream::connect(address).unwrap()).collect();
    let (accepted, more) = bench.accept(Instant::EPOCH);
    assert_eq!((accepted.len(), more), (ACCEPTS_A_TURN, true));
    let (accepted, more) = bench.accept(Instant::EPOCH);
    assert_eq!((accepted.len(), more), (6, false));
    drop(crowd);
}

#[test]
fn a_pause_holds_back_and_ends_by_the_clock() {
    let mut bench = Bench::new();
    let address = bench.set(0, &["127.0.0.1:0"]).unwrap()[0];
    let _stream = StdStream::connect(address).unwrap();
    bench.listeners.paused_until = Some(Instant::from_millis(1000));
    assert_eq!(bench.accept(Instant::from_millis(999)), (vec![], false));
    assert_eq!(bench.listeners.deadline(), Some(Instant::from_millis(1000)));
    assert_eq!(bench.accept(Instant::from_millis(1000)).0.len(), 1);
    assert_eq!(bench.listeners.deadline(), None);
}

#[test]
fn a_change_keeps_what_stays_and_closes_what_goes() {
    let mut bench = Bench::new();
    let before = bench.set(0, &["127.0.0.1:0", "[::1]:0"]).unwrap();
    let waiting = StdStream::connect(before[0]).unwrap();
    let after = bench.set(0, &["127.0.0.1:0"]).unwrap();
    assert_eq!(after, before[..1]);
    assert_eq!(bench.accept(Instant::EPOCH).0, [(0, waiting.local_addr().unwrap())]);
    assert!(StdStream::connect(before[1]).is_err());
    bench.listeners.close();
    assert!(StdStream::connect(before[0]).is_err());
}

#[test]
fn a_wildcard_gives_way_to_one_of_its_addresses() {
    let mut bench = Bench::new();
    let port = bench.set(0, &["0.0.0.0:0"]).unwrap()[0].port();
    let wildcard = format!("0.0.0.0:{port}");
    // Under its own name this time, so that it can be replaced by name.
    bench.set(0, &[]).unwrap();
    bench.set(0, &[&wildcard]).unwrap();
    let one = format!("127.0.0.1:{port}");
    assert_eq!(bench.set(0, &[&one]).unwrap(), [one.parse().unwrap()]);
}

#[test]
fn a_failed_change_changes_nothing_and_says_why() {
    let taken = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let busy = StdListener::bind(taken).unwrap();
    let mut bench = Bench::new();
    let free = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let before = bench.set(0, &[&free]).unwrap();
    let waiting = StdStream::connect(before[0]).unwrap();
    let error = bench.set(0, &["127.0.0.1:0", &taken.to_string()]).unwrap_err();
    assert_eq!(error.address, taken);
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on {taken}: the address is in use; does another BGP daemon, or another crier, run on this host?"
        )
    );
    assert_eq!(bench.listeners.addresses(0).collect::<Vec<_>>(), before);
    // It was never closed: nobody in its queue is lost, and no privilege is needed to have it back.
    assert_eq!(bench.accept(Instant::EPOCH).0, [(0, waiting.local_addr().unwrap())]);
    let error = bench.set(0, &["192.0.2.1:1790"]).unwrap_err();
    assert_eq!(error.to_string(), "cannot listen on 192.0.2.1:1790: this host does not have the address");
    drop(busy);
}

#[test]
fn a_privileged_port_names_what_is_missing() {
    let denied = |address: &str| ListenError {
        address: address.parse().unwrap(),
        cause: io::Error::from_raw_os_error(libc::EACCES),
    };
    assert_eq!(
        denied("[::]:179").to_string(),
        "cannot listen on [::]:179: port 179 needs root or the capability CAP_NET_BIND_SERVICE"
    );
    assert_eq!(
        denied("[::]:1790").to_string(),
        "cannot listen on [::]:1790: Permission denied (os error 13)"
    );
}

fn ring(entries: &[(&str, &str)]) -> Keyring {
    Keyring::new(entries.iter().map(|(net, key)| {
        let key = keys::Key::new(key.as_bytes()).map_or(Access::Closed, Access::Key);
        (net.parse().unwrap(), key)
    }))
}

impl Bench {
    fn rekey(&mut self, entries: &[(&str, &str)]) {
        let old = self.rings.replace(0, ring(entries));
        self.listeners.rekey(0, &old, self.rings.of(0));
    }
}

/// Dials with a key, from a source address. `None`: nobody answers.
fn dial(source: &str, to: SocketAddr, key: &str) -> Option<StdStream> {
    let socket = socket::open(to).unwrap();
    socket.bind(&SocketAddr::new(source.parse().unwrap(), 0).into()).unwrap();
    if let Some(key) = keys::Key::new(key.as_bytes()) {
        sockopt::set_md5_key(&socket, to.ip().into(), Some(&key)).unwrap();
    }
    // Over loopback the handshake is over when connect returns, or the kernel was silent.
    let _ = socket.connect(&to.into());
    socket.peer_addr().is_ok().then(|| StdStream::from(socket))
}

#[test]
fn who_signs_is_let_in_and_nobody_else() {
    for (listen, near, host, other, range) in [
        ("127.0.0.1:0", "127.0.0.1", "127.1.0.1/32", "127.1.0.1", "127.0.0.0/8"),
        ("[::1]:0", "::1", "::1/128", "::1", "::/64"),
    ] {
        let mut bench = Bench::new();
        bench.rekey(&[(range, "range"), (host, "host")]);
        let address = bench.set(0, &[listen]).unwrap()[0];
        let right = if near == other { "host" } else { "range" };
        let _one = dial(near, address, right).unwrap();
        let _two = dial(other, address, "host").unwrap();
        assert_eq!(bench.accept(Instant::EPOCH).0.len(), 2, "{listen}");
        assert!(dial(near, address, "").is_none());
        assert!(dial(near, address, "wrong").is_none());
        assert!(dial(other, address, "range").is_none());
    }
}

#[test]
fn an_opened_again_listener_has_every_key() {
    let mut bench = Bench::new();
    let port = bench.set(0, &["127.0.0.1:0"]).unwrap()[0].port();
    bench.set(0, &[]).unwrap();
    bench.rekey(&[("127.0.0.1/32", "key")]);
    let address = bench.set(0, &[&format!("0.0.0.0:{port}")]).unwrap()[0];
    let there = SocketAddr::new("127.0.0.1".parse().unwrap(), address.port());
    assert!(dial("127.0.0.1", there, "").is_none());
    assert!(dial("127.0.0.1", there, "key").is_some());
    bench.rekey(&[]);
    assert!(dial("127.0.0.1", there, "").is_some());
    assert!(dial("127.0.0.1", there, "key").is_none());
}

#[test]
fn who_waited_while_the_keys_changed_is_turned_away() {
    let mut bench = Bench::new();
    let address = bench.set(0, &["127.0.0.1:0"]).unwrap()[0];
    let _unsigned = dial("127.0.0.1", address, "").unwrap();
    let other = dial("127.0.0.2", address, "").unwrap();
    bench.rekey(&[("127.0.0.1/32", "key")]);
    assert_eq!(bench.accept(Instant::EPOCH), (vec![(0, other.local_addr().unwrap())], false));
    // The queue was empty once: from now on the kernel has looked.
    let signed = dial("127.0.0.1", address, "key").unwrap();
    bench.wait();
    assert_eq!(bench.accept(Instant::EPOCH).0, [(0, signed.local_addr().unwrap())]);
}

#[test]
fn nobody_is_heard_whose_key_is_not_known_or_not_taken() {
    let mut bench = Bench::new();
    bench.rekey(&[("127.0.0.0/24", ""), ("127.0.0.9/32", "key")]);
    let address = bench.set(0, &["127.0.0.1:0"]).unwrap()[0];
    let _closed = dial("127.0.0.1", address, "").unwrap();
    let signed = dial("127.0.0.9", address, "key").unwrap();
    assert_eq!(bench.accept(Instant::EPOCH).0, [(0, signed.local_addr().unwrap())]);
    for listener in bench.listeners.places.iter_mut().flatten() {
        listener.keyless.push("127.0.0.9/32".parse().unwrap());
    }
    let _signed = dial("127.0.0.9", address, "key").unwrap();
    bench.wait();
    assert_eq!(bench.accept(Instant::EPOCH), (vec![], false));
}

#[test]
fn a_neighbor_without_a_key_calls_from_within_a_range_that_has_one() {
    let mut bench = Bench::new();
    let open = ("127.0.0.7/32".parse().unwrap(), Access::Open);
    let range = ("127.0.0.0/24".parse().unwrap(), Access::Key(keys::Key::new(b"key").unwrap()));
    bench.rings.replace(0, Keyring::new([open, range]));
    let address = bench.set(0, &["127.0.0.1:0"]).unwrap()[0];
    assert!(dial("127.0.0.7", address, "").is_some());
    assert!(dial("127.0.0.6", address, "").is_none());
    assert!(dial("127.0.0.6", address, "key").is_some());
}
