//! Least privilege: what the daemon can give up on this host, and what it would miss.

use std::path::Path;
use std::thread;

use crier_io_mio::calls::Threads;

use super::{Facts, Finding};
use crate::config::Model;
use crate::confine::{self, Confinement, Kind, Paths};

/// A thread gives up what the daemon would, and looks: what was in force, and files that it could not read.
pub(super) fn try_out(path: &Path, model: &Model) -> Option<(Confinement, Vec<String>)> {
    let inside = || {
        let mut confinement = Confinement::begin(model, &Paths::of(path, model, None));
        let unreadable = confine::unreadable(path, model);
        confinement.finish(Threads::This);
        (confinement, unreadable)
    };
    thread::scope(|scope| scope.spawn(inside).join()).ok()
}

pub(super) fn examine(facts: &Facts, found: &mut Vec<Finding>) {
    let Some((confinement, unreadable)) = &facts.confinement else { return };
    for kind in confinement.in_force() {
        found.push(Finding::ok(kind.name(), in_force(kind)));
    }
    for (kind, why) in confinement.lacking() {
        let text = format!("crier runs without {}: {why}", kind.name());
        let advice = match kind {
            Kind::Files => {
                "Linux 5.13 or later with landlock among its lsm= modules, and a container that allows it"
            }
            Kind::Calls => "a kernel with CONFIG_SECCOMP_FILTER, and a container that allows seccomp(2)",
            Kind::Capabilities | Kind::NoNewPrivileges => {
                "look for what forbids it: a container, or a security module"
            }
        };
        found.push(Finding::warning(kind.name(), text, advice));
    }
    for problem in unreadable {
        found.push(Finding::warning("files", problem, "chown it to the daemon's user"));
    }
}

fn in_force(kind: Kind) -> &'static str {
    match kind {
        Kind::Capabilities => "capabilities that the daemon does not need can be given up",
        Kind::NoNewPrivileges => "new privileges can be given up",
        Kind::Files => "files beyond those of the configuration can be given up (Landlock)",
        Kind::Calls => "system calls that are not needed can be given up (seccomp)",
    }
}
