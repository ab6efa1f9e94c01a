//! Who watches what every speaker says, and holds it against the rules.

use std::net::SocketAddr;

use crier_core::{ConnId, Event, EventKind, Speaker};

use super::Micros;
use super::host::{Host, Watch};
use super::report::Statistics;
use super::world::Trace;

/// Bytes of a message's header, and where its length and type are.
const HEADER: usize = 19;
const UPDATE: u8 = 2;

/// What is known of all sessions.
#[derive(Debug, Default)]
pub(crate) struct Referee {
    /// When anybody last sent an UPDATE.
    pub(crate) last_update: Micros,
}

impl Referee {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A host's daemon has a new configuration, or another state of its own.
    pub(crate) fn configured(&mut self, _hosts: &[Host], _host: usize) {}

    /// A host's daemon has ended.
    pub(crate) fn ended(&mut self, _host: usize) {}

    /// Watches one turn of a host.
    pub(crate) fn watch<'a>(
        &'a mut self,
        now: Micros,
        host: usize,
        trace: &'a mut Trace,
        statistics: &'a mut Statistics,
    ) -> Turn<'a> {
        Turn { referee: self, now, host, trace, statistics }
    }
}

/// One turn that is watched.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    referee: &'a mut Referee,
    now: Micros,
    host: usize,
    trace: &'a mut Trace,
    statistics: &'a mut Statistics,
}

impl Watch for Turn<'_> {
    fn opened(&mut self, _conn: ConnId, _remote: SocketAddr, _local: SocketAddr) {}

    fn sent(&mut self, _speaker: &Speaker<'_>, _conn: ConnId, mut bytes: &[u8]) {
        while let Some(header) = bytes.first_chunk::<HEADER>() {
            let [.., high, low, kind] = *header;
            self.statistics.messages += 1;
            if kind == UPDATE {
                self.statistics.updates += 1;
                self.referee.last_update = self.now;
            }
            let length = usize::from(u16::from_be_bytes([high, low])).max(HEADER);
            bytes = bytes.get(length..).unwrap_or_default();
        }
    }

    fn received(&mut self, _speaker: &Speaker<'_>, _conn: ConnId, _bytes: &[u8]) {}

    fn closed(&mut self, _conn: ConnId) {}

    fn event(&mut self, _speaker: &Speaker<'_>, event: &Event) {
        if matches!(event.kind, EventKind::Established { .. }) {
            self.statistics.sessions += 1;
        }
        let remote = event.remote.map_or_else(String::new, |remote| format!("{remote}: "));
        self.trace.note(self.now, self.host, || format!("{remote}{:?}", event.kind));
    }
}
