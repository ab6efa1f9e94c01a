//! A speaker, and anything at all happening to it in any order: see [`crate::script`].
//!
//! The first byte chooses the configuration. Between steps everything that the speaker counts agrees with what is there,
//! and whatever it sends is right for the neighbor that it is sent to. In the end it stops, and nothing is left.

use std::net::{IpAddr, SocketAddr};

use crier_core::speaker::{Action, Clear, CloseCause, LocalRoute};
use crier_core::{ConnId, Family, Instant, Millis, PeerId, Speaker};

use crate::judge;
use crate::lab::{self, NOW, configuration, configure, ends, with_speaker};
use crate::script::{Script, message, open, step};

/// Plays a script.
pub fn check(data: &[u8]) {
    let mut script = Script::new(data);
    let first = script.byte();
    with_speaker(configuration(first), |speaker| {
        let mut play = Play { speaker, now: NOW, conns: Vec::new(), selected: 0 };
        play.settle();
        while let Some(step) = script.step() {
            let step = step % step::COUNT;
            play.step(step, &mut script);
            // It walks every table, and what contradicts itself goes on doing so.
            if matches!(step, step::SETTLE | step::TIME | step::CLOSED | step::WORK) {
                play.check();
            }
        }
        play.end();
    });
}

/// A connection that the driver has, or dials.
#[derive(Clone, Copy)]
struct Conn {
    id: ConnId,
    remote: SocketAddr,
    neighbor: u8,
    /// Open: it is not being dialled.
    open: bool,
    /// The speaker has asked for its end, or it has ended: the handle is dead.
    gone: bool,
}

struct Play<'m> {
    speaker: Speaker<'m>,
    now: Instant,
    /// Every connection there ever was.
    conns: Vec<Conn>,
    selected: usize,
}

impl Play<'_> {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        match step {
            step::BYTES => {
                let count = usize::from(script.byte());
                self.receive(script.bytes(count));
            }
            step::MANY_BYTES => {
                let count = script.number();
                self.receive(script.bytes(count));
            }
            step::MESSAGE => {
                let (kind, count) = (script.byte(), usize::from(script.byte()));
                self.receive(&message(kind, script.bytes(count)));
            }
            step::LONG_MESSAGE => {
                let (kind, count) = (script.byte(), script.number());
                self.receive(&message(kind, script.bytes(count)));
            }
            step::OPEN => {
                let variety = script.byte();
                let neighbor = self.conns.get(self.selected).map_or(0, |conn| conn.neighbor);
                let (_, asn, id) = lab::neighbor(neighbor);
                self.receive(&open(asn, id, variety));
            }
            step::KEEPALIVE => self.receive(&message(4, &[])),
            step::ACCEPT => self.accept(script.byte()),
            step::CONNECTED => self.connected(script.byte()),
            step::TIME => {
                let byte = script.byte();
                let unit = [1, 100, 1_000, 30_000][usize::from(byte >> 6)];
                self.now = self.now + Millis(unit * u64::from(byte & 63));
                self.speaker.timeout(self.now);
            }
            step::TRANSMIT => {
                let byte = script.byte();
                self.transmit([64, 300, 4_096, 70_000][usize::from(byte >> 6)]);
            }
            step::CLOSED => self.closed(script.byte()),
            step::SELECT => self.selected = usize::from(script.byte()) % self.conns.len().max(1),
            step::OPERATOR => self.operate(script.byte(), script.byte()),
            step::SETTLE => self.settle(),
            step::WORK => {
                self.speaker.work(self.now, 1);
            }
            _ => configure(&mut self.speaker, self.now, configuration(script.byte())),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        if let Some(conn) = self.conns.get(self.selected) {
            self.speaker.receive(self.now, conn.id, bytes);
        }
    }

    fn accept(&mut self, neighbor: u8) {
        let (address, _, _) = lab::neighbor(neighbor);
        let remote = SocketAddr::new(address, 50_000);
        if let Ok(id) = self.speaker.accept(self.now, ends(remote)) {
            self.add(Conn { id, remote, neighbor, open: true, gone: false });
            self.selected = self.conns.len() - 1;
        }
    }

    fn add(&mut self, conn: Conn) {
        assert!(!self.conns.iter().any(|other| other.id == conn.id), "the same handle twice");
        self.conns.push(conn);
    }

    fn connected(&mut self, which: u8) {
        let dials = self.conns.iter().enumerate().filter(|(_, conn)| !conn.open && !conn.gone);
        let dials: Vec<usize> = dials.map(|(at, _)| at).collect();
        let Some(&at) = dials.get(usize::from(which) % dials.len().max(1)) else { return };
        let conn = &mut self.conns[at];
        conn.open = true;
        self.selected = at;
        self.speaker.connected(self.now, conn.id, ends(conn.remote));
    }

    fn closed(&mut self, why: u8) {
        use CloseCause::{Eof, LocalError, Refused, Reset, TimedOut, Unreachable};
        if self.conns.is_empty() {
            return;
        }
        let causes = [Eof, Reset, Refused, TimedOut, Unreachable, LocalError];
        let cause = causes[usize::from(why) % causes.len()];
        // Where the speaker has given it up, that it is to be closed may still have to be asked.
        self.act();
        let conn = &mut self.conns[self.selected];
        if !conn.gone {
            conn.gone = true;
            self.speaker.closed(self.now, conn.id, cause);
        }
    }

    fn transmit(&mut self, room: usize) {
        let Some(&conn) = self.conns.get(self.selected) else { return };
        let agreed = self.agreed(conn.remote.ip());
        let mut out = vec![0; room];
        let length = self.speaker.transmit(self.now, conn.id, &mut out);
        assert!(length == 0 || !conn.gone && conn.open, "something to say on a connection that is none");
        judge::messages(&out[..length], agreed.as_ref());
    }

    fn agreed(&self, remote: IpAddr) -> Option<(crier_core::wire::attributes::Context, usize)> {
        judge::context(&self.speaker.peer(self.speaker.find_peer(remote)?)?)
    }

    fn operate(&mut self, what: u8, whom: u8) {
        let (speaker, now) = (&mut self.speaker, self.now);
        let peer = PeerId(u16::from(whom % 8));
        let prefix = [10, 50, whom, 0];
        let prefix = ipnet::Ipv4Net::new_assert(prefix.into(), 24).into();
        let route = LocalRoute {
            prefix,
            next_hop: (what & 64 != 0).then(|| [10, 0, 0, 3].into()),
            med: Some(7),
            local_pref: None,
            communities: &[0xFFFF_FF01],
            large_communities: &[],
        };
        let _refused_or_not = match what % 14 {
            0 => speaker.clear(now, peer, Clear::Hard),
            1 => speaker.clear(now, peer, Clear::SoftIn),
            2 => speaker.clear(now, peer, Clear::SoftOut),
            3 => speaker.shutdown(now, peer, "for a while"),
            4 | 5 => speaker.enable(now, peer),
            6 => speaker.originate(now, &route),
            7 => {
                speaker.withdraw(prefix);
                Ok(())
            }
            8 => {
                speaker.drain(now, Millis(u64::from(whom) * 10));
                Ok(())
            }
            9 => {
                speaker.undrain();
                Ok(())
            }
            10 => {
                speaker.set_own_addresses(&[IpAddr::from([10, 0, 0, whom % 8])]);
                Ok(())
            }
            11 => {
                let next_hops: Vec<IpAddr> = speaker.next_hops().map(|(address, _)| address).collect();
                for address in next_hops {
                    speaker.next_hop(now, address, (whom > 0).then_some(u32::from(whom)));
                }
                Ok(())
            }
            12 => {
                let follow =
                    crier_core::speaker::Follow { forwarding: whom & 1 != 0, next_hops: whom & 2 != 0 };
                speaker.follow_kernel(now, follow);
                Ok(())
            }
            _ => {
                for family in Family::ALL {
                    while let Some(slot) = speaker.poll_forwarding(family) {
                        let has = speaker.destination(family, slot).is_some();
                        speaker.set_installed(family, slot, has && whom & 1 != 0);
                    }
                }
                while speaker.poll_next_hop().is_some() {}
                Ok(())
            }
        };
    }

    fn act(&mut self) {
        while let Some(action) = self.speaker.poll_action() {
            self.take(action);
        }
    }

    fn take(&mut self, action: Action) {
        match action {
            Action::Connect { conn, remote, .. } => {
                let neighbor = (0..8).find(|number| lab::neighbor(*number).0 == remote.ip()).unwrap_or(0);
                self.add(Conn { id: conn, remote, neighbor, open: false, gone: false });
            }
            Action::Close { conn } => {
                let known = self.conns.iter_mut().find(|other| other.id == conn);
                let Some(known) = known else { panic!("{conn:?} is closed and was never there") };
                assert!(!known.gone, "{conn:?} is closed twice");
                known.gone = true;
            }
        }
    }

    fn settle(&mut self) {
        let mut actions = Vec::new();
        lab::settle(
            &mut self.speaker,
            self.now,
            |action| actions.push(action),
            |event| drop(format!("{event:?}")),
        );
        actions.into_iter().for_each(|action| self.take(action));
    }

    fn check(&self) {
        assert_eq!(self.speaker.check(self.now), Ok(()));
    }

    /// It stops, and in the end there is silence.
    fn end(&mut self) {
        self.settle();
        self.speaker.stop(self.now, "bye");
        self.settle();
        for at in 0..self.conns.len() {
            self.selected = at;
            if at % 2 == 0 {
                self.transmit(70_000);
            }
        }
        self.settle();
        self.now = self.now + Millis::from_secs(5);
        self.settle();
        self.check();
        assert!(self.speaker.is_quiet());
        assert!(self.conns.iter().all(|conn| conn.gone), "a connection that is never closed");
    }
}
