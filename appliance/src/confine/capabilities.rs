//! Capabilities (capabilities(7)): which the daemon needs once it runs.

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use crate::config::Model;

/// Those that `model` needs while it runs. Listeners, sockets of the kernel's routes and the limit of open files are there by then;
/// keys of sessions take none.
fn needed(model: &Model) -> CapabilitySet {
    let installs = model.kernel.as_ref().is_some_and(|kernel| kernel.install);
    if installs { CapabilitySet::NET_ADMIN } else { CapabilitySet::empty() }
}

/// Gives up all others, for this thread and those that it starts. Which are left, and what went wrong.
pub(super) fn drop_others(model: &Model) -> (u64, Result<(), String>) {
    let failed = |error: rustix::io::Errno| format!("capabilities cannot be given up ({error})");
    let had = match capabilities(None) {
        Ok(sets) => sets.permitted,
        Err(error) => return (0, Err(failed(error))),
    };
    let mut keep = had & needed(model);
    // Only who has CAP_SETPCAP may; others can gain none by it, because of no-new-privs.
    for capability in (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit)) {
        if !keep.contains(capability) && remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
    // Kernels before 4.3 have no such set.
    let _ = clear_ambient_capability_set();
    let set = |effective, permitted| {
        set_capabilities(None, CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() })
    };
    let binds = model.peers.iter().any(|peer| peer.settings.local_interface.is_some());
    if binds
        && had.contains(CapabilitySet::NET_RAW)
        && set(keep, had).is_ok()
        && !crier_io_mio::may_bind_to_device()
    {
        keep |= CapabilitySet::NET_RAW;
    }
    match set(keep, keep) {
        Ok(()) => (keep.bits(), Ok(())),
        Err(error) => (had.bits(), Err(failed(error))),
    }
}

/// Names of capabilities, a bit each.
pub fn names(bits: u64) -> Vec<String> {
    let known = CapabilitySet::from_bits_retain(bits);
    let name = |(name, _): (&str, CapabilitySet)| format!("CAP_{name}");
    known.iter_names().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_manual() {
        assert!(names(0).is_empty());
        assert_eq!(names(1 << 12 | 1 << 10), ["CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN"]);
    }
}
