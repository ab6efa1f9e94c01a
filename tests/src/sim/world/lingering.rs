//! Whether nobody goes on forwarding to a neighbor that is gone.

use crier_core::config::Timers;

use crate::sim::Micros;
use crate::sim::host::{Host, SWEEP_AFTER};
use crate::sim::judge::Broken;
use crate::sim::kernel::lingering::{Contact, check, excused};
use crate::sim::referee::settings;
use crate::sim::report::Rule;

use super::World;

/// Time from the end of a hold time until the forwarding table has followed.
const BUDGET: Micros = Micros::secs(5);

impl World {
    /// Whether no host keeps routes by a neighbor for longer than its hold time after that was last heard of.
    pub(super) fn check_lingering(&self) -> Result<(), Broken> {
        for (number, host) in self.hosts.iter().enumerate() {
            if host.fib.learned_len() == 0 || excused(&self.faults, number, self.now, SWEEP_AFTER + BUDGET) {
                continue;
            }
            let slow = host.faults.slow.iter().map(|&(_, turn)| turn).max().unwrap_or(Micros::ZERO);
            check(self.now, &host.fib, BUDGET + slow * 100, |address| contact(host, address))
                .map_err(|text| Broken::new(Rule::Forwarding, format!("{}: {text}", self.name(number))))?;
        }
        Ok(())
    }
}

/// When a neighbor was last heard of, and how long it may be silent. What is offered is never shorter than what was agreed
/// on; with a hold time of 0 silence says nothing.
fn contact(host: &Host, address: std::net::IpAddr) -> Option<Contact> {
    let model = &host.daemon.as_ref()?.model;
    let Timers { hold, .. } = settings(model, address)?.timers;
    let last = host.heard.get(&address).copied()?;
    (hold > 0).then_some(Contact { last, hold: Micros::secs(hold.into()) })
}
