//! A speaker together with the memory that it lives in, given back when it ends: a simulation makes many.

use crier_core::speaker::{ConnSlot, Memory, PeerSlot, StartError};
use crier_core::{Event, Instant, Limits, Speaker};
use self_cell::{MutBorrow, self_cell};

/// Events that wait to be read at most.
const EVENTS: usize = 1024;

/// What a speaker is lent.
#[derive(Debug)]
pub struct Backing {
    region: Vec<u64>,
    peers: Vec<PeerSlot>,
    connections: Vec<ConnSlot>,
    events: Vec<Event>,
}

impl Backing {
    fn new(limits: &Limits) -> Self {
        let words = usize::try_from(limits.region_bytes().div_ceil(8)).unwrap_or(usize::MAX);
        Self {
            region: vec![0; words],
            peers: (0..=limits.peers).map(|_| PeerSlot::default()).collect(),
            connections: (0..limits.connections).map(|_| ConnSlot::default()).collect(),
            events: (0..EVENTS).map(|_| Event::default()).collect(),
        }
    }
}

self_cell!(
    /// A speaker and its memory.
    pub struct OwnedSpeaker {
        owner: MutBorrow<Backing>,

        #[covariant]
        dependent: Speaker,
    }
);

impl OwnedSpeaker {
    /// A speaker of this size.
    ///
    /// # Errors
    /// A limit is out of range.
    pub fn start(limits: &Limits, seed: u64, now: Instant) -> Result<Self, StartError> {
        Self::try_new(MutBorrow::new(Backing::new(limits)), |backing| {
            let Backing { region, peers, connections, events } = backing.borrow_mut();
            let region = zerocopy::IntoBytes::as_mut_bytes(region.as_mut_slice());
            Speaker::new(Memory { region, peers, connections, events }, limits, seed, now)
        })
    }

    /// The speaker, to look at.
    pub fn get(&self) -> &Speaker<'_> {
        self.borrow_dependent()
    }

    /// Calls the speaker.
    pub fn call<T>(&mut self, call: impl FnOnce(&mut Speaker<'_>) -> T) -> T {
        self.with_dependent_mut(|_, speaker| call(speaker))
    }
}
