//! Who watches what every speaker says, as it says it, and holds it against the rules.

mod expected;
mod limits;
mod side;
mod silence;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crier_core::event::DownReason;
use crier_core::speaker::Ends;
use crier_core::{ConnId, Event, EventKind, Speaker};
use ipnet::IpNet;

use super::host::{Daemon, Host, Watch};
use super::judge::{Broken, keepalive};
use super::plan::WorkKind;
use super::report::{Rule, Statistics};
use super::world::Trace;
use super::{Micros, Route};

use expected::Asked;
pub(crate) use limits::{Bounds, Limits};
pub(crate) use side::{Side, origins, settings, ways};
use silence::Sent;
pub(crate) use silence::Silence;

/// How late a KEEPALIVE may be on a host that is not slow.
const LATE: Micros = Micros::secs(1);

/// What is known of all sessions, by host.
#[derive(Debug, Default)]
pub(crate) struct Referee {
    sides: Vec<Side>,
    /// When anybody last sent an UPDATE.
    pub(crate) last_update: Micros,
    /// When anybody last announced something new, or withdrew something.
    pub(crate) last_news: Micros,
    /// When a neighbor was last asked for a refresh, by the addresses of who asked and of who was asked.
    pub(crate) refreshed: BTreeMap<(IpAddr, IpAddr), Micros>,
    /// Limits of prefixes.
    pub(crate) limits: Limits,
    /// What has happened since everything was at rest, while silence is watched.
    pub(crate) silence: Option<Silence>,
    /// Prefixes that some neighbor was told something new about, while they are looked for.
    pub(crate) changing: Option<BTreeSet<IpNet>>,
    /// The first rule that was broken.
    pub(crate) broken: Option<Broken>,
}

impl Referee {
    /// A host's daemon has started.
    pub(crate) fn configured(&mut self, hosts: &[Host], number: usize) {
        while self.sides.len() < hosts.len() {
            self.sides.push(Side::default());
        }
        if let (Some(side), Some(host)) = (self.sides.get_mut(number), hosts.get(number)) {
            side.configured(host);
        }
    }

    /// A host's operator has done this.
    pub(crate) fn operated(&mut self, hosts: &[Host], number: usize, work: &WorkKind) {
        if let (Some(side), Some(host)) = (self.sides.get_mut(number), hosts.get(number)) {
            // A reload may lower a limit, and does not touch what is there already.
            for (id, limit) in side.limits() {
                self.limits.replaced(number, id, limit);
            }
            side.operated(host, work);
        }
    }

    /// A host's daemon has ended.
    pub(crate) fn ended(&mut self, number: usize) {
        if let Some(side) = self.sides.get_mut(number) {
            *side = Side::default();
        }
    }

    /// A limit of prefixes has ended a session.
    fn limit_ended(&mut self, now: Micros, number: usize, remote: IpAddr) {
        self.limits.ended(now, number, remote);
        let Some(router) = self.sides.get(number).and_then(Side::router) else { return };
        let Some(session) = router.sessions.iter().find(|session| session.remote == remote) else { return };
        // The other end has not heard of it yet. What it has said is at least what has arrived.
        let theirs = self.sides.iter().flat_map(Side::watched);
        let theirs = theirs.filter(|watched| (watched.local(), watched.remote()) == (remote, session.local));
        let theirs = theirs.map(|watched| watched.judge.tally());
        let (Some(announced), limit) =
            (theirs.map(|tally| tally.announced).max(), session.settings.max_prefixes.limit)
        else {
            return;
        };
        if announced <= limit.into() {
            let text = format!(
                "{} to {remote}: ended for its limit of {limit} prefixes, though only {announced} were announced",
                router.name
            );
            self.broken.get_or_insert(Broken::new(Rule::Tables, text));
        }
    }

    /// What is known of a host's sessions.
    pub(crate) fn side(&self, number: usize) -> Option<&Side> {
        self.sides.get(number)
    }

    /// Whether nobody has been silent for too long.
    pub(crate) fn check_silence(&mut self, now: Micros, hosts: &[Host]) {
        for (side, host) in self.sides.iter().zip(hosts) {
            let Some(daemon) = &host.daemon else { continue };
            let budget = budget(host);
            for watched in side.watched() {
                let session = daemon.sessions.get(usize::from(watched.id.index)).and_then(Option::as_ref);
                let writable_since = session.filter(|session| session.outbox.is_empty());
                let pulse = watched.pulse(now, writable_since.map(|session| session.writable_since));
                if let Err(broken) = watched.check_hold(now, budget)
                    && side.is_session(watched, daemon.speaker())
                {
                    self.broken.get_or_insert(broken);
                }
                if let Some(Err(broken)) = pulse.map(|pulse| keepalive::judge(&watched.name, &pulse, budget))
                {
                    self.broken.get_or_insert(broken);
                }
            }
        }
    }

    /// Watches one turn of a host.
    pub(crate) fn watch<'a>(
        &'a mut self,
        now: Micros,
        number: usize,
        host: &Host,
        trace: &'a mut Trace,
        statistics: &'a mut Statistics,
    ) -> Turn<'a> {
        let clock = now + host.daemon.as_ref().map_or(Micros::ZERO, Daemon::ahead);
        Turn { referee: self, now, clock, number, budget: budget(host), trace, statistics, moved: false }
    }
}

/// How late a host's KEEPALIVEs may be.
fn budget(host: &Host) -> Micros {
    let slow = host.faults.slow.iter().map(|&(_, turn)| turn).max().unwrap_or(Micros::ZERO);
    LATE + slow * 4
}

/// Prefixes about which two states of a session differ.
fn differing(before: &BTreeMap<IpNet, Route>, after: &BTreeMap<IpNet, Route>) -> BTreeSet<IpNet> {
    let prefixes = before.keys().chain(after.keys());
    prefixes.filter(|prefix| before.get(prefix) != after.get(prefix)).copied().collect()
}

/// One turn that is watched.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    referee: &'a mut Referee,
    now: Micros,
    /// What the host's clock shows.
    clock: Micros,
    number: usize,
    budget: Micros,
    trace: &'a mut Trace,
    statistics: &'a mut Statistics,
    /// Bytes were sent or received.
    pub(crate) moved: bool,
}

impl Watch for Turn<'_> {
    fn opened(&mut self, conn: ConnId, ends: &Ends) {
        if let Some(side) = self.referee.sides.get_mut(self.number) {
            side.opened(conn, ends, self.clock);
        }
    }

    fn sent(&mut self, speaker: &Speaker<'_>, conn: ConnId, bytes: &[u8], writable_since: Micros) {
        self.moved = true;
        let Some(side) = self.referee.sides.get_mut(self.number) else { return };
        let established = side.establish(self.now, speaker);
        let Some((watched, router)) = side.watched_mut(conn) else { return };
        let pulse = watched.pulse(self.now, Some(writable_since));
        watched.last_sent = Some(self.now);
        let late = pulse.map_or(Ok(()), |pulse| keepalive::judge(&watched.name, &pulse, self.budget));
        let mut asked = Asked { speaker, router, session: watched.session, remote: watched.remote() };
        let mirror = self.referee.changing.as_ref().map(|_| watched.judge.mirror().clone());
        let before = watched.judge.tally();
        let judged = watched.judge.sent(bytes, &mut asked);
        let result = established.and(late).and(judged).and(watched.check_expiry(self.clock));
        let after = watched.judge.tally();
        if let (Some(changing), Some(before)) = (&mut self.referee.changing, mirror) {
            changing.extend(differing(&before, watched.judge.mirror()));
        }
        let (name, local, remote) = (&watched.name, watched.local(), watched.remote());
        let sent = Sent { name, local, remote, bytes, tallies: [before, after] };
        if sent.has_news() {
            self.referee.last_news = self.now;
        }
        if sent.refreshes() > 0 {
            self.referee.refreshed.insert((local, remote), self.now);
        }
        let silence = self.referee.silence.as_mut().map(|silence| silence.sent(self.now, &sent));
        let result = result.and(silence.unwrap_or(Ok(())));
        self.statistics.messages += after.messages - before.messages;
        self.statistics.updates += after.updates - before.updates;
        if after.updates > before.updates {
            self.referee.last_update = self.now;
        }
        if let Err(broken) = result {
            self.referee.broken.get_or_insert(broken);
        }
    }

    fn received(&mut self, conn: ConnId, bytes: &[u8]) {
        self.moved = true;
        if let Some((watched, _)) =
            self.referee.sides.get_mut(self.number).and_then(|side| side.watched_mut(conn))
        {
            watched.received(self.now, self.clock, bytes);
        }
    }

    fn closed(&mut self, conn: ConnId) {
        if let Some(side) = self.referee.sides.get_mut(self.number) {
            side.closed(conn);
        }
    }

    fn event(&mut self, event: &Event) {
        match event.kind {
            EventKind::Established { .. } => self.statistics.sessions += 1,
            EventKind::Down(DownReason::MaxPrefixes) => {
                if let Some(remote) = event.remote {
                    self.referee.limit_ended(self.now, self.number, remote);
                }
            }
            _ => {}
        }
        let remote = event.remote.map_or_else(String::new, |remote| format!("{remote}: "));
        self.trace.note(self.now, self.number, || format!("{remote}{:?}", event.kind));
    }

    fn allocated(&mut self, count: u32) {
        let text = format!("{count} allocations or releases");
        self.referee.broken.get_or_insert(Broken::new(Rule::NoAllocation, text));
    }
}

#[cfg(test)]
mod tests;
