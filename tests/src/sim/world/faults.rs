//! Faults begin and end.

use crate::sim::Micros;
use crate::sim::host::{Host, Owner, between};
use crate::sim::plan::FaultKind;

use super::World;

impl World {
    /// A fault begins.
    pub(super) fn begin(&mut self, number: usize) {
        let now = self.now;
        let Some(kind) = self.faults.get(number).map(|fault| fault.kind.clone()) else { return };
        self.present.push(number);
        self.statistics.faults += 1;
        self.trace.note(now, kind.host(), || format!("fault {number} begins: {kind:?}"));
        match kind {
            FaultKind::Degrade { link, quality } => self.on_link(link, |link| link.degrade(number, quality)),
            FaultKind::Partition { link, from } => self.on_link(link, |link| link.cut(number, from)),
            FaultKind::Crash { host } => self.kill(host, false),
            FaultKind::Kill { host } => self.kill(host, true),
            FaultKind::SlowCpu { host, turn } => {
                self.on_host(host, |host| host.faults.slow.push((number, turn)));
            }
            FaultKind::Kernel { host, how } => self.on_host(host, |host| {
                host.faults.kernel.push((number, how));
                host.tell_kernel(now);
            }),
            FaultKind::ClockJump { host, by } => self.on_host(host, |host| {
                if let Some(daemon) = &mut host.daemon {
                    daemon.jump(by);
                }
            }),
            FaultKind::Reset { host, peer } => self.reset(host, peer),
            FaultKind::HalfOpen { host, peer } => self.forget(host, peer),
            FaultKind::Deaf { host } => self.on_host(host, |host| host.faults.deaf.push(number)),
            FaultKind::SlowReader { host, rate } => {
                self.on_host(host, |host| host.faults.reading.push((number, rate)));
            }
        }
    }

    /// A fault ends.
    pub(super) fn end(&mut self, number: usize) {
        let now = self.now;
        let Some(kind) = self.faults.get(number).map(|fault| fault.kind.clone()) else { return };
        self.present.retain(|&which| which != number);
        let lasting = !matches!(
            kind,
            FaultKind::ClockJump { .. } | FaultKind::Reset { .. } | FaultKind::HalfOpen { .. }
        );
        if lasting {
            self.trace.note(now, kind.host(), || format!("fault {number} ends: {kind:?}"));
        }
        match kind {
            FaultKind::Degrade { link, .. } | FaultKind::Partition { link, .. } => {
                self.on_link(link, |link| link.mend(number));
            }
            FaultKind::Crash { host } | FaultKind::Kill { host } => self.restart(host),
            FaultKind::SlowCpu { host, .. } => {
                self.on_host(host, |host| host.faults.slow.retain(|&(which, _)| which != number));
            }
            FaultKind::Kernel { host, .. } => self.on_host(host, |host| {
                host.faults.kernel.retain(|&(which, _)| which != number);
                host.tell_kernel(now);
            }),
            FaultKind::Deaf { host } => self.on_host(host, |host| {
                host.faults.deaf.retain(|&which| which != number);
                host.tell_all();
            }),
            FaultKind::SlowReader { host, .. } => self.on_host(host, |host| {
                host.faults.reading.retain(|&(which, _)| which != number);
                host.tell_all();
            }),
            FaultKind::ClockJump { .. } | FaultKind::Reset { .. } | FaultKind::HalfOpen { .. } => {}
        }
    }

    /// From now on every link is sound: a session with a short hold time would be lost every now and then for ever.
    pub fn heal_links(&mut self) {
        self.links.iter_mut().for_each(crate::sim::link::Link::heal);
    }

    /// The daemon of a host starts again, unless another fault still holds it down.
    fn restart(&mut self, number: usize) {
        let held = self.present.iter().filter_map(|&fault| self.faults.get(fault)).any(|fault| {
            matches!(fault.kind, FaultKind::Crash { host } | FaultKind::Kill { host } if host == number)
        });
        if held {
            return;
        }
        if let Some(host) = self.hosts.get_mut(number) {
            host.powered = true;
        }
        self.start(number);
    }

    fn on_link(&mut self, link: usize, call: impl FnOnce(&mut crate::sim::link::Link)) {
        if let Some(link) = self.links.get_mut(link) {
            call(link);
        }
    }

    fn on_host(&mut self, number: usize, call: impl FnOnce(&mut Host)) {
        if let Some(host) = self.hosts.get_mut(number) {
            call(host);
        }
        self.follow_up(number);
    }

    /// Every connection between two hosts is reset, at both ends.
    fn reset(&mut self, one: usize, other: usize) {
        for (here, there) in [(one, other), (other, one)] {
            self.each_between(here, there, |host, now, place| host.flows.reset(now, place));
        }
    }

    /// A host forgets its connections with another one.
    fn forget(&mut self, here: usize, there: usize) {
        self.each_between(here, there, |host, _, place| host.lose(place));
    }

    fn each_between(&mut self, here: usize, there: usize, call: impl Fn(&mut Host, Micros, usize)) {
        let now = self.now;
        let Some(addresses) = self.hosts.get(there).map(Host::addresses) else { return };
        if let Some(host) = self.hosts.get_mut(here) {
            let own = host.addresses();
            let of_daemon = host.flows.iter().filter(|(_, flow)| matches!(flow.owner, Owner::Daemon(_)));
            let places: Vec<usize> = of_daemon
                .filter(|(_, flow)| between((flow.local, flow.remote), &own, &addresses))
                .map(|(place, _)| place)
                .collect();
            for place in places {
                call(host, now, place);
            }
        }
        self.follow_up(here);
    }
}

impl FaultKind {
    /// The host to note it at.
    fn host(&self) -> usize {
        self.about().1[0].unwrap_or(usize::MAX)
    }
}
