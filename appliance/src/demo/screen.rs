//! What the demo shows: a live picture on a terminal, plain lines elsewhere.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Read;

use crier_core::Millis;
use crier_io_mio::Waker;
use rustix::termios::{self, LocalModes, OptionalActions, Termios};

use super::story::Act;
use crate::control::rows::{PeerRow, RouteRow};
use crate::show::{self, Paint, Style};
use crate::text::say;

/// Another screen, and back to the one that was there.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the top, and nothing below what follows.
const HOME: &str = "\x1b[H\x1b[J";

/// Where it is shown.
pub(super) struct Screen {
    live: bool,
    style: Style,
    /// The terminal's modes as they were.
    modes: Option<Termios>,
}

impl Screen {
    /// A live picture if standard output is a terminal. `q` on it calls `waker`.
    pub(super) fn open(live: bool, waker: Waker) -> Self {
        let screen = Self { live, style: Style::of_stdout(), modes: if live { single_keys() } else { None } };
        if live {
            say(ENTER);
            watch_keys(waker);
        } else {
            say("crier demo: a top-of-rack speaker (AS 65000) and three nodes, real TCP on loopback.\n\n");
        }
        screen
    }

    /// Gives the terminal back.
    pub(super) fn close(&mut self) {
        if self.live {
            say(LEAVE);
        }
        if let Some(modes) = self.modes.take() {
            // A terminal that is gone needs nothing.
            let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &modes);
        }
    }

    /// An act was seen to happen: without a terminal, this is when its tables are printed.
    pub(super) fn seen(&self, act: Act, elapsed: Millis, peers: &[PeerRow], routes: &[RouteRow]) {
        if !self.live {
            let seconds = elapsed.0 as f64 / 1000.0;
            say(&format!("[{seconds:5.2} s] {}\n", act.promise()));
            say(&tables(peers, routes, Style::PLAIN));
        }
    }

    /// The picture of this moment.
    pub(super) fn draw(&self, act: Act, peers: &[PeerRow], routes: &[RouteRow], recent: &VecDeque<String>) {
        if !self.live {
            return;
        }
        let mut text = String::from(HOME);
        let title = "crier demo: a top-of-rack speaker (AS 65000) and three nodes, real TCP on loopback";
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", self.style.paint(Paint::Title, title));
        let _ = writeln!(text, "{}   (q ends it)\n", act.promise());
        text.push_str(&tables(peers, routes, self.style));
        for event in recent {
            let _ = writeln!(text, "{event}");
        }
        say(&text);
    }
}

/// Neighbors, and the paths that forward.
fn tables(peers: &[PeerRow], routes: &[RouteRow], style: Style) -> String {
    let mut out = Vec::new();
    // Writing to a vector cannot fail.
    let _ = show::peers(peers, style, &mut out);
    let mut text = String::from_utf8_lossy(&out).into_owned();
    let _ = writeln!(text, "\n{:<20} {:<5} NEXT HOPS", "PREFIX", "PATHS");
    let mut at = 0;
    while let Some(first) = routes.get(at) {
        let same: Vec<&RouteRow> = routes[at..].iter().take_while(|row| row.prefix == first.prefix).collect();
        let hops: Vec<String> = same
            .iter()
            .filter(|row| row.multipath)
            .filter_map(|row| row.next_hop.map(|hop| hop.to_string()))
            .collect();
        let _ = writeln!(text, "{:<20} {:<5} {}", first.prefix.to_string(), hops.len(), hops.join(" "));
        at += same.len();
    }
    text.push('\n');
    text
}

/// Lets keys be read one by one, without showing them; the modes as they were.
fn single_keys() -> Option<Termios> {
    let modes = termios::tcgetattr(std::io::stdin()).ok()?;
    let mut single = modes.clone();
    single.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO);
    termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &single).ok()?;
    Some(modes)
}

/// Waits for `q` in a thread that ends with the process.
fn watch_keys(waker: Waker) {
    std::thread::spawn(move || {
        let mut key = [0];
        while let Ok(1) = std::io::stdin().read(&mut key) {
            if key == *b"q" {
                // A loop that cannot be woken ends by itself.
                let _ = waker.wake();
                return;
            }
        }
    });
}
