//! What a running daemon cannot take over from a new configuration.

use super::model::Model;

/// Why `new` cannot replace `old` without a restart: the first such change. Tables are sized before the first packet, and
/// the control socket is where whoever asks for the reload is connected.
pub fn reload_conflict(old: &Model, new: &Model) -> Option<String> {
    let (was, is) = (&old.limits, &new.limits);
    let numbers = [
        ("peers", u32::from(was.peers), u32::from(is.peers)),
        ("connections", u32::from(was.connections), u32::from(is.connections)),
        ("prefixes", was.prefixes, is.prefixes),
        ("paths", was.paths, is.paths),
        ("attribute-sets", was.attribute_sets, is.attribute_sets),
        ("attribute-bytes", was.attribute_bytes, is.attribute_bytes),
        ("policy-bytes", was.policy_bytes, is.policy_bytes),
        ("instances", u32::from(old.instances), u32::from(new.instances)),
    ];
    if let Some((key, was, is)) = numbers.into_iter().find(|(_, was, is)| was != is) {
        return Some(format!("limits: {key} changed from {was} to {is}: restart needed"));
    }
    if old.prefault != new.prefault {
        return Some(format!(
            "limits: prefault changed from {} to {}: restart needed",
            old.prefault, new.prefault
        ));
    }
    if old.control_socket != new.control_socket {
        let (was, is) = (old.control_socket.display(), new.control_socket.display());
        return Some(format!("control: socket changed from {was} to {is}: restart needed"));
    }
    // What is redistributed may change at any time.
    if old.kernel != new.kernel {
        return Some("kernel: changed: restart needed".to_owned());
    }
    if old.state_dir != new.state_dir {
        return Some("router: state-dir changed: restart needed".to_owned());
    }
    if old.log != new.log {
        return Some(format!("router: log changed from {} to {}: restart needed", old.log, new.log));
    }
    None
}
