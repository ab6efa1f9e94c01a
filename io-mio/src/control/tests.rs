use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crier_core::Event as CoreEvent;
use mio::{Events, Poll};

use super::*;
use crate::chunk::Chunk;
use crate::host::Fill;
use crate::keys::Keyrings;
use crate::listen::Listeners;
use crate::sessions::Sessions;

/// Answers `count N` with N numbers, `follow` with news as they come, `big` with an item that fits nowhere, and
/// everything else with itself.
#[derive(Default)]
struct Teller {
    news: u32,
    filled: usize,
}

enum Answer {
    Echo(Vec<u8>),
    Count(std::ops::Range<u32>),
    Follow(u32),
    Big,
}

impl Host for Teller {
    type Answer = Answer;

    fn request(&mut self, _: &mut Context<'_, '_>, line: &[u8]) -> Answer {
        match std::str::from_utf8(line).unwrap().split_once(' ') {
            Some(("count", to)) => Answer::Count(0..to.parse().unwrap()),
            _ if line == b"follow" => Answer::Follow(self.news),
            _ if line == b"big" => Answer::Big,
            _ => Answer::Echo(line.to_vec()),
        }
    }

    fn request_too_long(&mut self, limit: usize) -> Answer {
        Answer::Echo(format!("more than {limit}").into_bytes())
    }

    fn fill(&mut self, _: &mut Context<'_, '_>, answer: &mut Answer, chunk: &mut Chunk<'_>) -> Fill {
        self.filled += 1;
        match answer {
            Answer::Echo(line) => {
                chunk.write_all(line).unwrap();
                chunk.write_all(b"\n").unwrap();
                Fill::Done
            }
            Answer::Count(left) => {
                while let Some(next) = left.clone().next() {
                    if !chunk.item(|chunk| writeln!(chunk, "{next}")) {
                        return Fill::More;
                    }
                    left.next();
                }
                Fill::Done
            }
            Answer::Follow(told) => {
                while *told < self.news {
                    *told += 1;
                    writeln!(chunk, "news {told}").unwrap();
                }
                Fill::Pending
            }
            Answer::Big => {
                assert!(!chunk.item(|chunk| chunk.write_all(&[b'x'; CHUNK + 1])));
                Fill::More
            }
        }
    }

    fn event(&mut self, _: Instant, _: usize, _: &CoreEvent) {}
}

struct Bench {
    poll: Poll,
    events: Events,
    listeners: Listeners,
    sessions: Sessions,
    rings: Keyrings,
    control: Control<Answer>,
    host: Teller,
    path: PathBuf,
    now: Instant,
}

impl Bench {
    fn new(clients: u16) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("crier-clients-{}-{}.sock", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let poll = Poll::new().unwrap();
        Self {
            listeners: Listeners::new(poll.registry().try_clone().unwrap()),
            sessions: Sessions::new(poll.registry().try_clone().unwrap(), 0, 0, 0, 0),
            rings: Keyrings::default(),
            control: Control::serve(poll.registry(), &path, clients).unwrap(),
            host: Teller::default(),
            events: Events::with_capacity(64),
            now: Instant::EPOCH,
            path,
            poll,
        }
    }

    fn connect(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(&self.path).unwrap())
    }

    /// Turns until there is nothing left to do. `heard`: there are news.
    fn turn(&mut self, heard: bool) {
        let mut news = News { heard, made: false };
        loop {
            self.poll.poll(&mut self.events, Some(std::time::Duration::ZERO)).unwrap();
            for event in &self.events {
                self.control.note(Key::of(event.token()).unwrap(), event);
            }
            let mut stop = false;
            let mut context = Context {
                speakers: &mut [],
                now: self.now,
                listeners: &mut self.listeners,
                sessions: &mut self.sessions,
                rings: &mut self.rings,
                kernel: None,
                stop: &mut stop,
            };
            let more = self.control.turn(self.poll.registry(), &mut context, &mut self.host, &mut news);
            news = News { heard: news.made, made: false };
            if !more && !news.heard && self.events.is_empty() {
                return;
            }
        }
    }

    fn clients(&self) -> usize {
        self.control.places.iter().filter(|place| place.client.is_some()).count()
    }
}

fn say(client: &mut BufReader<UnixStream>, bytes: &[u8]) {
    client.get_mut().write_all(bytes).unwrap();
}

fn line(client: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).unwrap();
    line
}

#[test]
fn requests_are_lines_however_they_arrive() {
    let mut bench = Bench::new(2);
    let mut client = bench.connect();
    say(&mut client, b"one\ntwo\nthr");
    bench.turn(false);
    assert_eq!((line(&mut client), line(&mut client)), ("one\n".into(), "two\n".into()));
    say(&mut client, b"ee\n");
    bench.turn(false);
    assert_eq!(line(&mut client), "three\n");
}

#[test]
fn many_requests_in_one_piece_are_all_answered() {
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    say(&mut client, &b"again\n".repeat(50));
    bench.turn(false);
    for _ in 0..50 {
        assert_eq!(line(&mut client), "again\n");
    }
}

#[test]
fn an_answer_is_pulled_as_the_client_reads() {
    const LINES: u32 = 1_000_000;
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    say(&mut client, format!("count {LINES}\n").as_bytes());
    bench.turn(false);
    let before = bench.host.filled;
    bench.turn(true);
    assert_eq!(bench.host.filled, before, "nothing is pulled for a client that does not read");
    client.get_ref().set_nonblocking(true).unwrap();
    let mut all = Vec::new();
    let end = format!("{}\n", LINES - 1);
    while !all.ends_with(end.as_bytes()) {
        let _ = client.read_to_end(&mut all);
        bench.turn(false);
    }
    let expected: String = (0..LINES).map(|n| format!("{n}\n")).collect();
    assert!(all == expected.as_bytes());
}

#[test]
fn followers_are_woken_by_news_only() {
    let mut bench = Bench::new(3);
    let mut client = bench.connect();
    say(&mut client, b"follow\n");
    bench.turn(false);
    let before = bench.host.filled;
    bench.host.news = 2;
    bench.turn(false);
    assert_eq!(bench.host.filled, before);
    bench.turn(true);
    assert_eq!((line(&mut client), line(&mut client)), ("news 1\n".into(), "news 2\n".into()));
    // Another client's request is news as well: it may have changed something.
    bench.host.news = 3;
    let mut other = bench.connect();
    say(&mut other, b"poke\n");
    bench.turn(false);
    assert_eq!(line(&mut client), "news 3\n");
    assert_eq!(bench.control.deadline(), Some(bench.now + PATIENCE), "the other one's; a follower has none");
}

#[test]
fn news_that_come_while_a_follower_is_blocked_are_not_lost() {
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    say(&mut client, b"follow\n");
    bench.turn(false);
    client.get_ref().set_nonblocking(true).unwrap();
    let mut all = Vec::new();
    while bench.control.places[0].client.as_ref().unwrap().is_waiting() {
        bench.host.news += 1000;
        bench.turn(true);
    }
    bench.host.news += 1;
    bench.turn(true);
    let end = format!("news {}\n", bench.host.news);
    while !all.ends_with(end.as_bytes()) {
        let _ = client.read_to_end(&mut all);
        bench.turn(false);
    }
}

#[test]
fn a_follower_that_leaves_is_forgotten() {
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    say(&mut client, b"follow\n");
    bench.turn(false);
    // Half a close is not leaving.
    client.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    bench.turn(false);
    bench.host.news = 1;
    bench.turn(true);
    assert_eq!(line(&mut client), "news 1\n");
    drop(client);
    bench.turn(false);
    assert_eq!(bench.clients(), 0);
}

#[test]
fn a_client_that_asks_and_goes_is_heard() {
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    say(&mut client, b"bye\nhalf a li");
    client.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    bench.turn(false);
    let mut all = String::new();
    client.read_to_string(&mut all).unwrap();
    assert_eq!(all, "bye\n");
    assert_eq!(bench.clients(), 0);
}

#[test]
fn a_line_that_is_too_long_is_refused_in_words() {
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    client.get_ref().set_nonblocking(true).unwrap();
    let mut left = &[b'x'; REQUEST * 3][..];
    while !left.is_empty() {
        if let Ok(len) = client.get_mut().write(left) {
            left = &left[len..];
        }
        bench.turn(false);
    }
    client.get_ref().set_nonblocking(false).unwrap();
    let mut all = String::new();
    client.read_to_string(&mut all).unwrap();
    assert_eq!(all, "more than 65536\n");
    drop(client);
    bench.turn(false);
    assert_eq!(bench.clients(), 0);
}

#[test]
fn the_longest_line_is_taken() {
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    let longest = [&[b'x'; REQUEST - 1][..], b"\n"].concat();
    // Its echo with the end of the line is as long as a piece of an answer.
    say(&mut client, &longest);
    bench.turn(false);
    assert_eq!(line(&mut client).as_bytes(), longest);
}

#[test]
fn an_item_that_fits_nowhere_ends_the_client_not_the_loop() {
    let mut bench = Bench::new(1);
    let mut client = bench.connect();
    say(&mut client, b"big\n");
    bench.turn(false);
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn silence_ends_a_client_after_a_minute() {
    let mut bench = Bench::new(3);
    let mut idle = bench.connect();
    let mut stuck = bench.connect();
    say(&mut stuck, b"count 1000000\n");
    bench.turn(false);
    assert_eq!(bench.control.deadline(), Some(Instant::EPOCH + PATIENCE));
    bench.now = Instant::from_millis(59_999);
    bench.turn(false);
    assert_eq!(bench.clients(), 2);
    bench.now = Instant::EPOCH + PATIENCE;
    bench.turn(false);
    assert_eq!(bench.clients(), 0);
    assert_eq!(idle.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_crowd_waits_and_the_silent_make_room() {
    let mut bench = Bench::new(2);
    let mut follower = bench.connect();
    say(&mut follower, b"follow\n");
    let mut idle = bench.connect();
    bench.turn(false);
    let (mut third, mut fourth) = (bench.connect(), bench.connect());
    say(&mut third, b"third\n");
    say(&mut fourth, b"fourth\n");
    bench.turn(false);
    assert_eq!(
        bench.control.deadline(),
        Some(Instant::EPOCH + HASTE),
        "nobody has been silent for long enough"
    );
    bench.now = Instant::EPOCH + HASTE;
    bench.turn(false);
    assert_eq!(line(&mut third), "third\n");
    assert_eq!(idle.read(&mut [0; 8]).unwrap(), 0, "who asked nothing goes first");
    bench.now = Instant::EPOCH + GRACE;
    bench.turn(false);
    assert_eq!(line(&mut fourth), "fourth\n");
    assert_eq!(follower.read(&mut [0; 8]).unwrap(), 0, "and then who only listens");
}

#[test]
fn who_takes_no_answer_makes_room_last() {
    let mut bench = Bench::new(2);
    let mut deaf = bench.connect();
    say(&mut deaf, b"count 1000000\n");
    let mut follower = bench.connect();
    say(&mut follower, b"follow\n");
    bench.turn(false);
    assert!(bench.control.places[0].client.as_ref().unwrap().is_stuck());
    let mut third = bench.connect();
    say(&mut third, b"count 1000000\n");
    bench.now = Instant::EPOCH + GRACE;
    bench.turn(false);
    assert_eq!(follower.read(&mut [0; 8]).unwrap(), 0, "who only listens goes first");
    let mut fourth = bench.connect();
    say(&mut fourth, b"fourth\n");
    bench.now = bench.now + GRACE;
    bench.turn(false);
    assert_eq!(line(&mut fourth), "fourth\n");
    assert!(bench.control.places.iter().all(|place| place.client.is_some()), "one was enough");
}
