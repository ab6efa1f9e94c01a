//! Whether no forwarding table stays behind its speaker.

use crate::sim::host::SWEEP_AFTER;
use crate::sim::judge::Broken;
use crate::sim::kernel::{excused, in_step};
use crate::sim::report::Rule;

use super::World;

/// Looks in a row that may show the same difference: there are ten seconds from one to the next.
const LOOKS: u32 = 2;

impl World {
    /// Whether no host keeps a route for long that its speaker does not want, or lacks one.
    pub(super) fn check_lingering(&mut self) -> Result<(), Broken> {
        let Self { hosts, faults, now, .. } = self;
        for (number, host) in hosts.iter_mut().enumerate() {
            let before = host.out_of_step.take();
            let Some(daemon) = host.daemon.as_ref().filter(|daemon| daemon.bridge.is_some()) else {
                continue;
            };
            if excused(faults, number, *now, SWEEP_AFTER) {
                continue;
            }
            let Err(text) = in_step(daemon.speaker(), host.fib()) else { continue };
            let seen = before.filter(|(former, _)| *former == text).map_or(1, |(_, seen)| seen + 1);
            if seen > LOOKS {
                return Err(Broken::new(Rule::Forwarding, format!("{}, for long: {text}", host.plan.name)));
            }
            host.out_of_step = Some((text, seen));
        }
        Ok(())
    }
}
