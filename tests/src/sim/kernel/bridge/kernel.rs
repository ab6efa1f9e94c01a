//! How a simulated kernel answers its route daemon: in order, after a while, and not always with the truth.

use std::collections::VecDeque;

use crier_core::rng::Rng;
use ipnet::IpNet;

use crate::sim::Micros;
use crate::sim::kernel::{Fib, NextHops};
use crate::sim::plan::KernelFault;

/// Shortest time that an answer takes.
const QUICKEST: u64 = 20;
/// How much longer it may take, in microseconds, while nothing is wrong.
const SPREAD: u64 = 180;

/// Requests on their way, and what is wrong with who answers them.
#[derive(Debug)]
pub(super) struct Kernel {
    rng: Rng,
    pub(super) fault: Option<KernelFault>,
    /// Changes acknowledged while losing, so that every second one is lost.
    acknowledged: u64,
    requests: VecDeque<Request>,
}

#[derive(Debug)]
struct Request {
    prefix: IpNet,
    next_hops: Option<NextHops>,
    due: Micros,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) prefix: IpNet,
    /// What was asked for.
    pub(super) next_hops: Option<NextHops>,
    /// Whether the kernel says that it did that.
    pub(super) acknowledged: bool,
}

impl Kernel {
    pub(super) fn new(rng: Rng) -> Self {
        Self { rng, fault: None, acknowledged: 0, requests: VecDeque::new() }
    }

    /// A number from 0 to `last` of the bridge's own stream.
    pub(super) fn chance(&mut self, last: u64) -> u64 {
        self.rng.up_to(last)
    }

    /// Requests without an answer.
    pub(super) fn outstanding(&self) -> usize {
        self.requests.len()
    }

    /// When the next answer comes.
    pub(super) fn deadline(&self) -> Option<Micros> {
        self.requests.front().map(|request| request.due)
    }

    /// Asks for a route to be as said; none: to be removed.
    pub(super) fn ask(&mut self, now: Micros, prefix: IpNet, next_hops: Option<NextHops>) {
        let takes = match self.fault {
            Some(KernelFault::Delay(takes)) => takes,
            _ => Micros(QUICKEST + self.rng.up_to(SPREAD)),
        };
        // The front is answered first, so that answers come in the order of the requests.
        let due = now + takes;
        self.requests.push_back(Request { prefix, next_hops, due });
    }

    /// The next answer that is due by now. The change happens when it is answered.
    pub(super) fn answer(&mut self, now: Micros, fib: &mut Fib) -> Option<Answer> {
        let request = self.requests.pop_front_if(|request| request.due <= now)?;
        let refused = self.fault == Some(KernelFault::Refuse);
        let losing = self.fault == Some(KernelFault::Lose);
        self.acknowledged += u64::from(losing);
        let lost = losing && self.acknowledged.is_multiple_of(2);
        if !refused && !lost {
            fib.set_learned(now, request.prefix, request.next_hops.clone());
        }
        Some(Answer { prefix: request.prefix, next_hops: request.next_hops, acknowledged: !refused })
    }
}
