//! The check that forwarding ends with the neighbor: nothing stays in the table, via a next hop that is gone, for longer than
//! allowed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Fib;
use super::bridge::{COMPARE_AFTER_FAULT, LONGEST_RETRY};
use crate::sim::Micros;
use crate::sim::plan::{Fault, FaultKind, KernelFault};

/// What a host's session with a neighbor allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// When the neighbor was last able to talk to the host: now, if it is.
    pub last: Micros,
    /// Hold time of their session.
    pub hold: Micros,
}

/// Checks one host. `contact` tells of the neighbor with a next hop's address; `None`: the address is not a neighbor's, or
/// its session has no hold time, and so nothing is known of it. `budget` is the time that a host may take from the end of a
/// hold time until its table has changed. The route's own age does not matter: a route via a neighbor that is gone is no
/// better for having been installed late.
///
/// # Errors
///
/// The first route that should be gone, and for how long.
pub fn check(
    now: Micros,
    fib: &Fib,
    budget: Micros,
    contact: impl Fn(IpAddr) -> Option<Contact>,
) -> Result<(), String> {
    let mut overdue: BTreeMap<IpAddr, Option<Micros>> = BTreeMap::new();
    for route in fib.learned() {
        for &next_hop in route.next_hops.iter() {
            let late = overdue.entry(next_hop).or_insert_with(|| {
                let contact = contact(next_hop)?;
                let gone = contact.last + contact.hold + budget;
                (gone < now).then_some(now - gone)
            });
            if let Some(late) = late {
                return Err(format!(
                    "{} is still forwarded to {next_hop}, {late} s longer than allowed (so since {} s)",
                    route.prefix, route.since
                ));
            }
        }
    }
    Ok(())
}

/// Whether a fault excuses what lingers on a host now: its kernel does not do what it is told, or has not had the time for
/// everything that waited (a retry, a comparison, a slow answer); or its speaker is dead, and `after_restart` has not
/// passed since it came back, the time after which what it left behind is swept.
pub fn excused(faults: &[Fault], host: usize, now: Micros, after_restart: Micros) -> bool {
    faults.iter().any(|fault| {
        let longer = match fault.kind {
            FaultKind::Kernel { host: on, how } if on == host => {
                let slowest = if let KernelFault::Delay(slowest) = how { slowest } else { Micros::ZERO };
                LONGEST_RETRY + COMPARE_AFTER_FAULT + slowest
            }
            FaultKind::Kill { host: on } if on == host => after_restart,
            _ => return false,
        };
        fault.from <= now && now <= fault.until + longer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Micros = Micros::secs(2);
    const HOLD: Micros = Micros::secs(9);

    fn fib() -> Fib {
        let mut fib = Fib::default();
        let hops = |hops: &[&str]| Some(hops.iter().map(|hop| hop.parse().unwrap()).collect());
        fib.set_learned(Micros::ZERO, "10.0.0.0/8".parse().unwrap(), hops(&["192.0.2.2"]));
        fib.set_learned(Micros::ZERO, "10.1.0.0/16".parse().unwrap(), hops(&["192.0.2.2", "192.0.2.3"]));
        fib.set_learned(Micros::ZERO, "10.2.0.0/16".parse().unwrap(), hops(&["192.0.2.4"]));
        fib
    }

    /// 192.0.2.2 talks at any time, 192.0.2.3 until second 100, of 192.0.2.4 nothing is known.
    fn at(now: Micros, fib: &Fib) -> Result<(), String> {
        check(now, fib, BUDGET, |address| match address.to_string().as_str() {
            "192.0.2.2" => Some(Contact { last: now, hold: HOLD }),
            "192.0.2.3" => Some(Contact { last: Micros::secs(100), hold: HOLD }),
            _ => None,
        })
    }

    #[test]
    fn a_route_may_outlive_its_neighbor_by_hold_time_and_budget_only() {
        let mut fib = fib();
        assert_eq!(at(Micros::secs(111), &fib), Ok(()));
        let late = at(Micros::secs(111) + Micros(1), &fib).unwrap_err();
        assert!(late.contains("10.1.0.0/16") && late.contains("192.0.2.3"), "{late}");
        // The one that is gone leaves the group, and all is well; one installed late is no better.
        let one = |hop: &str| Some([hop.parse().unwrap()].into());
        fib.set_learned(Micros::secs(111), "10.1.0.0/16".parse().unwrap(), one("192.0.2.2"));
        assert_eq!(at(Micros::secs(112), &fib), Ok(()));
        fib.set_learned(Micros::secs(112), "10.3.0.0/16".parse().unwrap(), one("192.0.2.3"));
        at(Micros::secs(112), &fib).unwrap_err();
    }

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
        let kill = fault(FaultKind::Kill { host: 1 });
        assert_eq!([15, 25, 26].map(|now| during(&kill, 1, now)), [true, true, false]);
        assert!(!during(&fault(FaultKind::Deaf { host: 1 }), 1, 15));
    }
}
