use std::net::TcpStream as StdStream;

use mio::{Events, Poll};

use super::*;

struct Bench {
    poll: Poll,
    listeners: Listeners,
}

impl Bench {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let listeners = Listeners::new(poll.registry().try_clone().unwrap());
        Self { poll, listeners }
    }

    fn set(&mut self, instance: usize, wanted: &[&str]) -> Result<Vec<SocketAddr>, ListenError> {
        let wanted: Vec<_> = wanted.iter().map(|address| address.parse().unwrap()).collect();
        self.listeners.set(instance, &wanted)?;
        Ok(self.listeners.addresses(instance).collect())
    }

    fn accept(&mut self, now: Instant) -> (Vec<(usize, SocketAddr)>, bool) {
        let mut accepted = Vec::new();
        let more = self.listeners.accept(now, |instance, _, remote| accepted.push((instance, remote)));
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
    let error = bench.set(0, &["127.0.0.1:0", &taken.to_string()]).unwrap_err();
    assert_eq!(error.address, taken);
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on {taken}: the address is in use; does another BGP daemon, or another crier, run on this host?"
        )
    );
    assert_eq!(bench.listeners.addresses(0).collect::<Vec<_>>(), before);
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
