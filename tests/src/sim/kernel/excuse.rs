//! What excuses a forwarding table that is not what its speaker wants.

use crate::sim::Micros;
use crate::sim::plan::{Fault, FaultKind, KernelFault};

/// The longest time from a refusal to the next attempt, as the documentation of the bridge has it.
const LONGEST_RETRY: Micros = Micros::secs(10);
/// The longest time until everything is compared with a dump, likewise.
const COMPARED_EVERY: Micros = Micros::secs(300);
/// Time for what has to be done then.
const DONE: Micros = Micros::secs(1);

/// Whether a fault excuses what lingers on a host now: its kernel does not do what it is told, or has not had the time for
/// everything that waited (a retry, a comparison, a slow answer); or its speaker is dead, and `after_restart` has not
/// passed since it came back, the time after which what it left behind is swept. What goes without the kernel having lied,
/// even if notifications are lost with it, excuses nothing: it is back at once.
pub fn excused(faults: &[Fault], host: usize, now: Micros, after_restart: Micros) -> bool {
    faults.iter().any(|fault| {
        let longer = match fault.kind {
            FaultKind::Kernel { host: on, how } if on == host => match how {
                KernelFault::Refuse => LONGEST_RETRY + DONE,
                KernelFault::Delay(slowest) => LONGEST_RETRY + DONE + slowest,
                KernelFault::Lose => COMPARED_EVERY + DONE,
                KernelFault::Vanish | KernelFault::Overrun => return false,
            },
            FaultKind::Kill { host: on } if on == host => after_restart,
            _ => return false,
        };
        fault.from <= now && now <= fault.until + longer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lying_kernel_and_a_dead_speaker_are_excuses_for_a_while() {
        let fault = |kind| [Fault { from: Micros::secs(10), until: Micros::secs(20), kind }];
        let restart = Micros::secs(5);
        let during = |faults: &[Fault], host, now| excused(faults, host, Micros::secs(now), restart);
        let refuse = fault(FaultKind::Kernel { host: 1, how: KernelFault::Refuse });
        assert_eq!([9, 10, 20, 31, 32].map(|now| during(&refuse, 1, now)), [false, true, true, true, false]);
        assert!(!during(&refuse, 0, 15));
        let delay = fault(FaultKind::Kernel { host: 1, how: KernelFault::Delay(Micros::secs(3)) });
        assert_eq!([34, 35].map(|now| during(&delay, 1, now)), [true, false]);
        let lose = fault(FaultKind::Kernel { host: 1, how: KernelFault::Lose });
        assert_eq!([321, 322].map(|now| during(&lose, 1, now)), [true, false]);
        for how in [KernelFault::Vanish, KernelFault::Overrun] {
            assert!(!during(&fault(FaultKind::Kernel { host: 1, how }), 1, 15));
        }
        let kill = fault(FaultKind::Kill { host: 1 });
        assert_eq!([15, 25, 26].map(|now| during(&kill, 1, now)), [true, true, false]);
        assert!(!during(&fault(FaultKind::Deaf { host: 1 }), 1, 15));
    }
}
