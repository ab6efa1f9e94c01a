//! A link: what becomes of a packet between leaving one interface and arriving at another.

use crier_core::rng::Rng;

use super::Micros;
use super::plan::{LinkPlan, Quality};

/// Longest time that packets wait for a slow link before further ones are dropped.
const QUEUE: Micros = Micros::millis(500);
/// How much later than its predecessors a reordered packet may come.
const STRAY: u64 = 3_000;

/// A link with its present troubles.
#[derive(Debug)]
pub struct Link {
    planned: Quality,
    /// Faults that make it worse, by their number; the latest counts.
    degraded: Vec<(usize, Quality)>,
    /// Ends whose packets are lost, by the fault's number; `None`: those of all ends.
    cut: Vec<(usize, Option<usize>)>,
    ends: Vec<Lane>,
    rng: Rng,
}

/// What is under way from one end.
#[derive(Clone, Debug, Default)]
struct Lane {
    /// When the sender is done with what it has been given.
    busy_until: Micros,
    /// When the last packet arrives at each other end: what keeps their order.
    last: Vec<Micros>,
}

impl Link {
    /// A link as planned; its chances come from `rng`.
    pub fn new(plan: &LinkPlan, rng: Rng) -> Self {
        let ends = plan.ends.len();
        let lane = Lane { busy_until: Micros::ZERO, last: vec![Micros::ZERO; ends] };
        Self { planned: plan.quality, degraded: Vec::new(), cut: Vec::new(), ends: vec![lane; ends], rng }
    }

    /// A fault begins that makes it worse.
    pub fn degrade(&mut self, fault: usize, quality: Quality) {
        self.degraded.push((fault, quality));
    }

    /// A fault begins that loses everything from one end or from all.
    pub fn cut(&mut self, fault: usize, from: Option<usize>) {
        self.cut.push((fault, from));
    }

    /// A fault ends.
    pub fn mend(&mut self, fault: usize) {
        self.degraded.retain(|&(which, _)| which != fault);
        self.cut.retain(|&(which, _)| which != fault);
    }

    /// It is as long, slow and wide as planned, but loses and damages nothing any more.
    pub fn heal(&mut self) {
        self.planned = Quality { loss: 0, corruption: 0, ..self.planned };
        self.degraded.clear();
        self.cut.clear();
    }

    /// Whether it carries anything from this end.
    pub fn carries(&self, from: usize) -> bool {
        !self.cut.iter().any(|&(_, end)| end.is_none_or(|end| end == from))
    }

    /// Sends a packet from one end to another: calls `arrive` with each time at which it arrives, and what arrives then.
    pub fn send(
        &mut self,
        now: Micros,
        from: usize,
        to: usize,
        mut packet: Vec<u8>,
        mut arrive: impl FnMut(Micros, Vec<u8>),
    ) {
        let quality = self.degraded.last().map_or(self.planned, |&(_, quality)| quality);
        if !self.carries(from) || self.chance(quality.loss) {
            return;
        }
        let Some(sent) = self.serialised(now, from, &quality, packet.len()) else { return };
        if self.chance(quality.corruption) {
            self.flip_a_bit(&mut packet);
        }
        if self.chance(quality.duplication) {
            let at = self.arrival(sent, from, to, &quality);
            arrive(at, packet.clone());
        }
        let at = self.arrival(sent, from, to, &quality);
        arrive(at, packet);
    }

    /// When the last bit has left; `None`: the queue is full.
    fn serialised(&mut self, now: Micros, from: usize, quality: &Quality, length: usize) -> Option<Micros> {
        let lane = self.ends.get_mut(from)?;
        let Some(bandwidth) = quality.bandwidth else { return Some(now) };
        let start = lane.busy_until.max(now);
        if start - now > QUEUE {
            return None;
        }
        lane.busy_until = start + Micros(length as u64 * 8_000_000 / bandwidth.max(1));
        Some(lane.busy_until)
    }

    fn arrival(&mut self, sent: Micros, from: usize, to: usize, quality: &Quality) -> Micros {
        let jitter = if quality.jitter.0 == 0 { 0 } else { self.rng.up_to(quality.jitter.0) };
        let at = sent + quality.delay + Micros(jitter);
        if self.chance(quality.reordering) {
            return at + Micros(self.rng.up_to(STRAY));
        }
        let Some(last) = self.ends.get_mut(from).and_then(|lane| lane.last.get_mut(to)) else { return at };
        *last = at.max(*last);
        *last
    }

    fn flip_a_bit(&mut self, packet: &mut [u8]) {
        let bit = self.rng.up_to((packet.len() as u64 * 8).saturating_sub(1));
        if let Some(byte) = packet.get_mut(bit as usize / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }

    fn chance(&mut self, millionths: u32) -> bool {
        millionths > 0 && self.rng.up_to(999_999) < u64::from(millionths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(quality: Quality, packets: u64) -> Vec<(Micros, Vec<u8>)> {
        let mut link = Link::new(&LinkPlan { ends: Vec::new(), quality }, Rng::new(1));
        link.ends = vec![Lane { busy_until: Micros::ZERO, last: vec![Micros::ZERO; 2] }; 2];
        let mut arrived = Vec::new();
        for number in 0..packets {
            let packet = number.to_be_bytes().to_vec();
            link.send(Micros(number), 0, 1, packet, |at, packet| arrived.push((at, packet)));
        }
        arrived.sort_by_key(|&(at, _)| at);
        arrived
    }

    #[test]
    fn order_is_kept_unless_packets_are_reordered() {
        let numbers = |quality| -> Vec<u64> {
            let bytes = arrivals(quality, 1_000).into_iter().map(|(_, packet)| packet);
            bytes.map(|packet| u64::from_be_bytes(packet.try_into().unwrap())).collect()
        };
        let jitter = Quality { jitter: Micros(500), ..Quality::default() };
        assert!(numbers(jitter).is_sorted());
        assert!(!numbers(Quality { reordering: 100_000, ..jitter }).is_sorted());
    }

    #[test]
    fn each_trouble_does_what_it_says() {
        let quality = Quality::default();
        assert_eq!(arrivals(quality, 1_000).len(), 1_000);
        let lost = 1_000 - arrivals(Quality { loss: 100_000, ..quality }, 1_000).len();
        assert!((50..200).contains(&lost), "{lost}");
        let twice = arrivals(Quality { duplication: 100_000, ..quality }, 1_000).len() - 1_000;
        assert!((50..200).contains(&twice), "{twice}");
        let damaged = arrivals(Quality { corruption: 1_000_000, ..quality }, 1);
        assert_eq!(u64::from_be_bytes(damaged[0].1.clone().try_into().unwrap()).count_ones(), 1);
        // 64 bits at 64 kbit/s take a millisecond, and half a second of them wait.
        let slow = arrivals(Quality { bandwidth: Some(64_000), ..quality }, 1_000);
        assert!((500..505).contains(&slow.len()), "{}", slow.len());
    }

    #[test]
    fn a_partition_can_be_one_way() {
        let mut link = Link::new(&LinkPlan { ends: Vec::new(), quality: Quality::default() }, Rng::new(1));
        link.cut(7, Some(1));
        assert_eq!([link.carries(0), link.carries(1)], [true, false]);
        link.cut(8, None);
        link.mend(7);
        assert_eq!([link.carries(0), link.carries(1)], [false; 2]);
        link.mend(8);
        assert!(link.carries(1));
    }
}
