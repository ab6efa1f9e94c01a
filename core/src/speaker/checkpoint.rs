//! A speaker as a value: its whole state at an instant, from which another one goes on as this one would have.
//!
//! [`Speaker`] serialises as its scalars, its slots, and the arrays of its region, pages of which that are all zero cost a byte.
//! [`Restore`] makes a speaker of that in new memory. Both ends are machines of the same byte order. What is not kept: the
//! words of events that nobody has read yet, of which only the number is, and scratch space, which nothing outlives.

use core::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, SerializeTuple, Serializer};
use serde::{Deserialize, Serialize};
use zerocopy::IntoBytes;

use super::event_ring::EventRingScalars;
use super::export::Drain;
use super::kernel::Reconsidering;
use super::own_addresses::OwnAddresses;
use super::peer_slot::PeerSlot;
use super::recovery::FullReport;
use super::types::{Deadline, Memory};
use super::{ConnSlot, High, MAX_RANGES, Speaker};
use crate::attrs::store::AttrStoreScalars;
use crate::config::{DynamicRange, LocalConfig};
use crate::limits::Limits;
use crate::rib::changes::ChangesScalars;
use crate::rib::next_hops::NextHopsScalars;
use crate::rib::refused::RefusedPathsScalars;
use crate::rib::stored::StoredFamily;
use crate::rib::table::FamilyTable;
use crate::rib::table::saved::FamilyTableScalars;
use crate::rib::{Rib, Shared};
use crate::rng::Rng;
use crate::scalars::scalars;
use crate::time::Instant;

/// Bytes of a page: what is zero is left out page by page.
const PAGE: usize = 1024;
/// Arrays of a speaker.
const ARRAYS: usize = 22;
/// What stands before them: scalars, neighbors, connections.
const BEFORE: usize = 3;

scalars! {
    /// What a speaker keeps of its own.
    SpeakerScalars of (impl Speaker<'_>),
    keeps {
        local: LocalConfig,
        ranges: heapless::Vec<DynamicRange, MAX_RANGES>,
        live_policies: usize,
        policy_len: u32,
        large_leases: u32,
        own_addresses: OwnAddresses,
        rng: Rng,
        drain: Drain,
        drain_until: Option<Instant>,
        stopping: bool,
        next_timer: Option<Deadline>,
        job_cursor: u16,
        action_cursor: u16,
        actions: bool,
        high: High,
        full: FullReport,
        crowded: [Option<Instant>; 2],
        reconsidering: Option<Reconsidering>,
    }
    lives_in {
        limits, sizes, peers, conns, events, rib, policy_areas, carries, large_carries, scratch, tap,
    }
}

/// All of them.
#[derive(Serialize, Deserialize)]
struct AllScalars {
    speaker: SpeakerScalars,
    events: EventRingScalars,
    attrs: AttrStoreScalars,
    hops: NextHopsScalars,
    v4: (FamilyTableScalars, ChangesScalars),
    v6: (FamilyTableScalars, ChangesScalars),
    refused: RefusedPathsScalars,
}

impl Speaker<'_> {
    fn all_scalars(&self) -> AllScalars {
        fn of<F: StoredFamily>(table: &FamilyTable<'_, F>) -> (FamilyTableScalars, ChangesScalars) {
            (table.scalars(), table.changes.scalars())
        }
        AllScalars {
            speaker: self.scalars(),
            events: self.events.scalars(),
            attrs: self.rib.shared.attrs.scalars(),
            hops: self.rib.shared.attrs.hops.scalars(),
            v4: of(&self.rib.v4),
            v6: of(&self.rib.v6),
            refused: self.rib.refused.scalars(),
        }
    }

    fn set_all_scalars(&mut self, all: AllScalars) {
        fn set<F: StoredFamily>(table: &mut FamilyTable<'_, F>, of: (FamilyTableScalars, ChangesScalars)) {
            table.set_scalars(of.0);
            table.changes.set_scalars(of.1);
        }
        self.set_scalars(all.speaker);
        self.events.set_scalars(all.events);
        self.rib.shared.attrs.set_scalars(all.attrs);
        self.rib.shared.attrs.hops.set_scalars(all.hops);
        set(&mut self.rib.v4, all.v4);
        set(&mut self.rib.v6, all.v6);
        self.rib.refused.set_scalars(all.refused);
    }

    fn arrays(&self) -> [&[u8]; ARRAYS] {
        let Rib { shared: Shared { attrs, facts }, v4, v6, refused } = &self.rib;
        let [headers, sets, arena, hops, hop_cells] = attrs.arrays();
        let [v4_addrs, v4_nodes, v4_cells, v4_paths, v4_told] = v4.arrays();
        let [v6_addrs, v6_nodes, v6_cells, v6_paths, v6_told] = v6.arrays();
        let [records, refused] = refused.arrays();
        let [one, two] = &self.policy_areas;
        let (carries, large) = (&*self.carries, &*self.large_carries);
        let facts = facts.as_bytes();
        [
            headers, sets, arena, hops, hop_cells, facts, v4_addrs, v4_nodes, v4_cells, v4_paths, v4_told,
            v6_addrs, v6_nodes, v6_cells, v6_paths, v6_told, records, refused, one, two, carries, large,
        ]
    }

    fn arrays_mut(&mut self) -> [&mut [u8]; ARRAYS] {
        let Rib { shared: Shared { attrs, facts }, v4, v6, refused } = &mut self.rib;
        let [headers, sets, arena, hops, hop_cells] = attrs.arrays_mut();
        let [v4_addrs, v4_nodes, v4_cells, v4_paths, v4_told] = v4.arrays_mut();
        let [v6_addrs, v6_nodes, v6_cells, v6_paths, v6_told] = v6.arrays_mut();
        let [records, refused] = refused.arrays_mut();
        let [one, two] = &mut self.policy_areas;
        let (carries, large) = (&mut *self.carries, &mut *self.large_carries);
        let facts = facts.as_mut_bytes();
        [
            headers, sets, arena, hops, hop_cells, facts, v4_addrs, v4_nodes, v4_cells, v4_paths, v4_told,
            v6_addrs, v6_nodes, v6_cells, v6_paths, v6_told, records, refused, one, two, carries, large,
        ]
    }
}

impl Serialize for Speaker<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut whole = serializer.serialize_tuple(BEFORE + ARRAYS)?;
        whole.serialize_element(&self.all_scalars())?;
        whole.serialize_element::<[PeerSlot]>(self.peers)?;
        whole.serialize_element::<[ConnSlot]>(self.conns)?;
        for array in self.arrays() {
            whole.serialize_element(&Pages(array))?;
        }
        whole.end()
    }
}

/// Makes a speaker of the state that another one was serialised to.
#[derive(Debug)]
pub struct Restore<'m> {
    /// Memory as for [`Speaker::new`], all of it zero or default.
    pub memory: Memory<'m>,
    /// The limits of the other speaker.
    pub limits: Limits,
    /// The seed of the other speaker.
    pub seed: u64,
}

impl<'de, 'm> DeserializeSeed<'de> for Restore<'m> {
    type Value = Speaker<'m>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Speaker<'m>, D::Error> {
        let Self { memory, limits, seed } = self;
        // When does not matter: the timers are restored too.
        let speaker = Speaker::new(memory, &limits, seed, Instant::EPOCH)
            .map_err(|_| de::Error::custom("no memory of the size that the state needs"))?;
        deserializer.deserialize_tuple(BEFORE + ARRAYS, Whole(speaker))
    }
}

/// Reads a speaker's state into a new one.
struct Whole<'m>(Speaker<'m>);

impl<'de, 'm> Visitor<'de> for Whole<'m> {
    type Value = Speaker<'m>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a speaker's state")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Speaker<'m>, A::Error> {
        let Self(mut speaker) = self;
        let missing = || de::Error::custom("a part of the state is missing");
        let scalars: AllScalars = seq.next_element()?.ok_or_else(missing)?;
        speaker.set_all_scalars(scalars);
        if !speaker.events.is_sound() {
            return Err(de::Error::custom("the state is of a speaker with more events"));
        }
        seq.next_element_seed(Slots(&mut *speaker.peers))?.ok_or_else(missing)?;
        seq.next_element_seed(Slots(&mut *speaker.conns))?.ok_or_else(missing)?;
        for array in speaker.arrays_mut() {
            seq.next_element_seed(PagesMut(array))?.ok_or_else(missing)?;
        }
        Ok(speaker)
    }
}

/// An array as a sequence of pages without the zeros at their ends.
struct Pages<'a>(&'a [u8]);

/// One of them.
struct Page<'a>(&'a [u8]);

impl Serialize for Pages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pages = self.0.chunks(PAGE);
        let mut seq = serializer.serialize_seq(Some(pages.len()))?;
        for page in pages {
            seq.serialize_element(&Page(page))?;
        }
        seq.end()
    }
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Most pages are zero from end to end, which words tell faster than bytes.
        let (words, tail) = self.0.as_chunks::<16>();
        let zero =
            words.iter().all(|word| u128::from_ne_bytes(*word) == 0) && tail.iter().all(|byte| *byte == 0);
        let used = if zero { None } else { self.0.iter().rposition(|byte| *byte != 0) };
        serializer.serialize_bytes(self.0.get(..used.map_or(0, |last| last + 1)).unwrap_or(&[]))
    }
}

/// Reads an array whose bytes are zero.
struct PagesMut<'a>(&'a mut [u8]);

impl<'de> DeserializeSeed<'de> for PagesMut<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PagesMut<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pages of an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut pages = self.0.chunks_mut(PAGE);
        while let Some(bytes) = seq.next_element::<&[u8]>()? {
            let page = pages.next().and_then(|page| page.get_mut(..bytes.len()));
            page.ok_or_else(|| de::Error::custom("an array of another size"))?.copy_from_slice(bytes);
        }
        Ok(())
    }
}

/// Reads slots.
struct Slots<'a, T>(&'a mut [T]);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Slots<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Slots<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("slots")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut slots = self.0.iter_mut();
        while let Some(read) = seq.next_element()? {
            *slots.next().ok_or_else(|| de::Error::custom("more slots than there are"))? = read;
        }
        Ok(())
    }
}
