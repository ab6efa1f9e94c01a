//! Rows that sum something up: policies and status.

use std::borrow::Cow;
use std::net::IpAddr;

use crier_core::config::PolicyRef;
use crier_core::peer::State;
use crier_core::{PeerId, Speaker};

use super::kernel::KernelView;
use super::rows::{InstanceRow, LimitRow, PolicyRow, SourceRow, StatusRow};
use super::stream::Scene;
use crate::sources::Source;
use crate::{memory, reason};

/// Policies in force: configured ones, and what else neighbors use.
pub(super) fn policies(scene: Scene<'_, '_>, only: Option<PeerId>) -> Vec<PolicyRow> {
    let words = &scene.daemon.words;
    let named = (0..).zip(&words.policies).map(|(position, _)| PolicyRef::Named(position));
    let built_in = [PolicyRef::AcceptAll, PolicyRef::RejectAll, PolicyRef::Unset];
    let rows = named.chain(built_in).filter_map(|policy| {
        let users = |of: fn(&crier_core::config::Settings) -> PolicyRef| -> Vec<IpAddr> {
            let peers = scene.speaker.peers().filter(|peer| only.is_none_or(|only| only == peer.id));
            let uses =
                peers.filter(|peer| words.tag(peer.tag).is_some_and(|tag| of(&tag.settings) == policy));
            let mut users: Vec<IpAddr> = uses.map(|peer| peer.remote).collect();
            users.sort_unstable();
            users
        };
        let (import, export) = (users(|settings| settings.import), users(|settings| settings.export));
        // A policy that somebody wrote is shown even while nobody uses it, unless one neighbor was asked about.
        let used = !import.is_empty() || !export.is_empty();
        let shown = used || (only.is_none() && matches!(policy, PolicyRef::Named(_)));
        shown.then(|| PolicyRow {
            name: words.policy(policy).map(str::to_owned),
            rules: match policy {
                PolicyRef::Named(position) => words
                    .policies
                    .get(usize::from(position))
                    .map(|policy| policy.rules.clone())
                    .unwrap_or_default(),
                PolicyRef::AcceptAll => vec!["accept".to_owned()],
                PolicyRef::RejectAll => vec!["reject".to_owned()],
                PolicyRef::Unset => vec![
                    "internal neighbors: accept".to_owned(),
                    "external neighbors: reject (RFC 8212)".to_owned(),
                ],
            },
            import,
            export,
            instance: words.instance.clone(),
        })
    });
    rows.collect()
}

/// Uptime, memory, tables, instances and sources.
pub(super) fn status(scene: Scene<'_, '_>) -> StatusRow {
    let (daemon, speaker, now) = (scene.daemon, scene.speaker, scene.now.at);
    StatusRow {
        version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
        uptime_s: now.since(daemon.started).as_secs(),
        rss_bytes: std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident),
        limits: speaker
            .tables()
            .map(|table| LimitRow {
                table: Cow::Borrowed(table.table.name()),
                used: table.used,
                high_water: table.high_water,
                capacity: table.capacity,
                bytes: table.bytes,
                refused: table.refused,
            })
            .chain([loop_buffers(speaker)])
            .chain(scene.kernel.into_iter().flat_map(|kernel| bridge(kernel, speaker)))
            .collect(),
        turned_away: speaker
            .turned_away()
            .filter(|(_, count)| *count > 0)
            .map(|(why, count)| (Cow::Borrowed(reason::refusal_code(why)), count))
            .collect(),
        instances: vec![InstanceRow {
            name: daemon.words.instance.clone(),
            asn: daemon.words.asn,
            router_id: daemon.words.router_id,
            peers: count(speaker.peers().count()),
            established: count(speaker.peers().filter(|peer| peer.state == State::Established).count()),
            draining: speaker.draining(),
        }],
        sources: sources(scene),
        kernel: scene.kernel.map(super::kernel::status),
        confinement: daemon.confinement.as_ref().map(super::confinement::row),
    }
}

/// What is originated here, by who wants that. The kernel is a source where its routes are looked at.
fn sources(scene: Scene<'_, '_>) -> Vec<SourceRow> {
    let Scene { daemon, now, .. } = scene;
    let all = &daemon.sources;
    let row = |name, source, routes: usize, changed, kept| SourceRow {
        name: Cow::Borrowed(name),
        routes: count(routes),
        age_s: now.at.since(changed).as_secs(),
        refused: count(all.refused().keys().filter(|at| all.source_of(at) == Some(source)).count()),
        kept,
    };
    let control_kept = daemon.state_dir.is_some();
    let kernel = || row("kernel", Source::Kernel, all.kernel_routes(), daemon.kernel_at, true);
    [
        row("config", Source::Config, all.config().len(), daemon.config_at, true),
        row("control", Source::Control, all.control().len(), daemon.control_at, control_kept),
    ]
    .into_iter()
    .chain(scene.kernel.map(|_| kernel()))
    .collect()
}

/// The buffers of the event loop, a row beside the core's tables.
fn loop_buffers(speaker: &Speaker<'_>) -> LimitRow {
    let limits = speaker.limits();
    LimitRow {
        table: Cow::Borrowed(memory::LOOP_BUFFERS),
        used: 0,
        high_water: 0,
        capacity: limits.connections.into(),
        bytes: memory::loop_sizes(limits).bytes(),
        refused: 0,
    }
}

/// The memory of the bridge to the kernel's routes.
fn bridge(kernel: &dyn KernelView, speaker: &Speaker<'_>) -> impl Iterator<Item = LimitRow> {
    let standing = kernel.standing();
    let shares = crier_io_mio::kernel::plan(kernel.settings(), speaker.limits());
    shares.into_iter().map(move |share| {
        let routes = share.name == crier_io_mio::kernel::ROUTES;
        let of_routes = |count: u32| if routes { count.into() } else { 0 };
        LimitRow {
            table: Cow::Borrowed(share.name),
            used: of_routes(standing.routes),
            high_water: of_routes(standing.most_routes),
            capacity: share.capacity,
            bytes: share.bytes,
            refused: of_routes(standing.no_room),
        }
    })
}

/// Resident bytes in the text of /proc/self/status, which counts in units of 1024 bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read() {
        assert_eq!(resident("Name:\tcrier\nVmRSS:\t    2048 kB\nThreads: 1\n"), Some(2 << 20));
        assert_eq!(resident("Name:\tcrier\n"), None);
        assert_eq!(resident("VmRSS: many kB\n"), None);
    }
}
