//! A speaker's memory on Linux: one reservation for all tables, as `crier check` prints it.

use std::fmt;

use crier_core::speaker::{ConnSlot, Memory, PeerSlot, StartError};
use crier_core::{Event, Instant, Limits, Speaker};
use crier_io_mio::Sizes;
use memmap2::MmapMut;

/// Events that wait for the program at most; it reads them every turn.
pub const EVENTS: usize = 1024;
/// Touching one byte in each of these makes the whole reservation resident.
const PAGE: usize = 4096;

/// Why a speaker could not be given its memory.
#[derive(Debug)]
pub enum MemoryError {
    /// The system refuses that much.
    Refused {
        /// Bytes asked for.
        bytes: u64,
        /// What it says.
        cause: std::io::Error,
    },
    /// The limits cannot be.
    Limits(StartError),
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { bytes, cause } => {
                write!(f, "the tables need {bytes} bytes, which the system refuses ({cause}): lower [limits]")
            }
            Self::Limits(StartError::LimitOutOfRange(limit)) => {
                write!(f, "limits: out of range, allowed {limit}")
            }
            Self::Limits(StartError::MemoryTooSmall) => write!(f, "the reservation is smaller than the plan"),
        }
    }
}

/// Name of the row for the event loop's buffers, beside the core's tables.
pub const LOOP_BUFFERS: &str = "loop-buffers";

/// How large the event loop is for these limits.
pub fn loop_sizes(limits: &Limits) -> Sizes {
    Sizes { connections: limits.connections, ..Sizes::default() }
}

/// A speaker in memory of its own, which lives as long as the process. `prefault` makes it resident now, so that the
/// promise does not end in the kernel's out-of-memory killer later.
///
/// # Errors
/// The memory is not to be had, or a limit is out of range.
pub fn speaker(
    limits: &Limits,
    prefault: bool,
    seed: u64,
    now: Instant,
) -> Result<Speaker<'static>, MemoryError> {
    Speaker::new(reserve(limits, EVENTS, prefault)?, limits, seed, now).map_err(MemoryError::Limits)
}

/// Memory for a speaker with room for `events` events, which lives as long as the process.
///
/// # Errors
/// It is not to be had.
pub fn reserve(limits: &Limits, events: usize, prefault: bool) -> Result<Memory<'static>, MemoryError> {
    let bytes = limits.region_bytes();
    let refused = |cause| MemoryError::Refused { bytes, cause };
    let length = usize::try_from(bytes).map_err(|_| refused(std::io::ErrorKind::OutOfMemory.into()))?;
    let mut region = MmapMut::map_anon(length).map_err(refused)?;
    if prefault {
        for page in region.chunks_mut(PAGE) {
            page.fill(0);
        }
    }
    Ok(Memory {
        region: Box::leak(Box::new(region)).as_mut(),
        peers: leaked::<PeerSlot>(usize::from(limits.peers) + 1),
        connections: leaked::<ConnSlot>(usize::from(limits.connections)),
        events: leaked::<Event>(events),
    })
}

fn leaked<T: Default>(count: usize) -> &'static mut [T] {
    Box::leak((0..count).map(|_| T::default()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_what_a_speaker_reports() {
        let limits = Limits { peers: 3, connections: 5, ..Limits::default() };
        let speaker = speaker(&limits, true, 1, Instant::EPOCH).unwrap();
        let plan: Vec<_> = limits.plan(EVENTS).map(|row| (row.table, row.capacity, row.bytes)).collect();
        let reported: Vec<_> = speaker.tables().map(|row| (row.table, row.capacity, row.bytes)).collect();
        assert_eq!(plan, reported);
    }

    #[test]
    fn limits_out_of_range_are_named() {
        let limits = Limits { peers: 0, ..Limits::default() };
        let error = speaker(&limits, false, 1, Instant::EPOCH).unwrap_err();
        assert_eq!(error.to_string(), "limits: out of range, allowed peers: 1 to 32767");
    }
}
