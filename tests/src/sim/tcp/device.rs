//! What a TCP endpoint takes for its network card: the packet at hand, and a queue of those to be sent.

use std::collections::VecDeque;

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// Bytes of the largest packet, IP header included: what Ethernet carries.
pub(super) const MTU: usize = 1500;

/// The card.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// The packet that has arrived.
    pub(super) arrived: Option<Vec<u8>>,
    /// Packets to be sent.
    pub(super) out: VecDeque<Vec<u8>>,
}

/// A packet that arrived.
#[derive(Debug)]
pub(super) struct Arrived(Vec<u8>);

/// Room for a packet to be sent.
#[derive(Debug)]
pub(super) struct Room<'a>(&'a mut VecDeque<Vec<u8>>);

impl Device for Card {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Arrived, Room<'_>)> {
        let packet = self.arrived.take()?;
        Some((Arrived(packet), Room(&mut self.out)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Room<'_>> {
        Some(Room(&mut self.out))
    }

    /// Checksums are written and verified, so that a flipped bit is what it is in a network.
    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}
