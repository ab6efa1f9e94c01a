//! Packets on their way.

use crate::sim::packet::Headers;

use super::World;
use super::due::What;

impl World {
    /// A packet arrives at a host.
    pub(super) fn arrive(&mut self, number: usize, packet: Vec<u8>) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(number).filter(|host| host.powered) else { return };
        if let Some((_, packet)) = host.arrive(now, packet) {
            self.send(number, packet);
        }
        self.follow_up(number);
    }

    /// Sends what a host has to send, sets its timers, and sees to it that its daemon wakes in time.
    pub(super) fn follow_up(&mut self, number: usize) {
        let Some(host) = self.hosts.get_mut(number) else { return };
        for (at, place, serial) in std::mem::take(&mut host.flows.timers) {
            self.plan(at, What::Timer(number, place, serial));
        }
        if let Some(host) = self.hosts.get_mut(number) {
            for packet in std::mem::take(&mut host.flows.out) {
                self.send(number, packet);
            }
        }
        self.plan_wake(number);
    }

    fn send(&mut self, from: usize, packet: Vec<u8>) {
        let now = self.now;
        let Some(headers) = Headers::read(&packet) else { return };
        let Some(host) = self.hosts.get(from).filter(|host| host.powered) else { return };
        let Some(way) = host.way(headers.destination.ip(), headers.flow()) else { return };
        let Some(interface) = host.interfaces.get(way.interface) else { return };
        let (link, end) = (interface.link, interface.end);
        let neighbor = self.owners.get(&way.next_hop).copied();
        let Some(ends) = self.ends.get(link) else { return };
        let Some(to) = ends.iter().position(|&(host, _)| Some(host) == neighbor) else { return };
        self.statistics.packets += 1;
        self.digest.number(now.0);
        self.digest.number((link as u64) << 32 | end as u64);
        self.digest.bytes(&packet);
        // A disk that is full ends the capture, not the run.
        self.pcap.take_if(|pcap| pcap.packet(now, &packet).is_err());
        let (Some(neighbor), Some(link)) = (neighbor, self.links.get_mut(link)) else { return };
        let mut arrivals = Vec::new();
        link.send(now, end, to, packet, |at, packet| arrivals.push((at, packet)));
        for (at, packet) in arrivals {
            self.plan(at, What::Arrive(neighbor, packet));
        }
    }
}
