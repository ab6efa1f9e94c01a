//! The kernel's routes in answers: whether one is installed and why not, and how the bridge is doing.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use crier_core::view::DestinationView;
use crier_core::{Family, PeerId};
use crier_io_mio::kernel::{Bridge, Pending, RouteView, Settings, Standing};
use crier_io_mio::netlink::Hop;

use super::rows::{HopRow, KernelRow, WhyRow, Word};
use crate::reason;

/// What answers want to know of the bridge to the kernel's routes.
pub trait KernelView {
    /// What it is to do.
    fn settings(&self) -> &Settings;
    /// How it is doing.
    fn standing(&self) -> Standing;
    /// Whether the kernel's tables were read once.
    fn has_looked(&self) -> bool;
    /// How it stands with the route of a destination.
    fn route(&self, family: Family, slot: u32) -> RouteView;
    /// Where the kernel's route for a destination leads.
    fn hops(&self, family: Family, slot: u32) -> Vec<Hop>;
}

impl KernelView for Bridge {
    fn settings(&self) -> &Settings {
        Self::settings(self)
    }

    fn standing(&self) -> Standing {
        Self::standing(self)
    }

    fn has_looked(&self) -> bool {
        Self::has_looked(self)
    }

    fn route(&self, family: Family, slot: u32) -> RouteView {
        Self::route(self, family, slot)
    }

    fn hops(&self, family: Family, slot: u32) -> Vec<Hop> {
        self.route_hops(family, slot).collect()
    }
}

/// `crier status`: the bridge.
pub(super) fn status(kernel: &dyn KernelView) -> KernelRow {
    let (settings, standing) = (kernel.settings(), kernel.standing());
    KernelRow {
        install: settings.install,
        table: settings.table,
        protocol: settings.protocol,
        metric: settings.metric,
        max_routes: settings.max_routes,
        next_hop_ids: settings.objects.as_ref().map_or(0, |ids| ids.start),
        routes: standing.routes,
        refused: standing.refused,
        no_room: standing.no_room,
        adopted: standing.adopted,
        former: standing.former,
        others: standing.others,
        requests: standing.requests,
        refusals: standing.refusals,
        last_error: Some(standing.last_errno).filter(|errno| *errno != 0).map(reason::errno),
        surveys: standing.surveys,
        put_back: standing.put_back,
        overruns: standing.overruns,
        lost: standing.lost,
    }
}

/// `crier why`: the kernel's part.
pub(super) fn why(kernel: &dyn KernelView, destination: &DestinationView<'_>) -> WhyRow {
    let (family, slot) = (Family::of(&destination.prefix), destination.slot);
    let (settings, route) = (kernel.settings(), kernel.route(family, slot));
    let hops = if route.installed { kernel.hops(family, slot) } else { Vec::new() };
    let next_hops: Vec<_> = hops.iter().map(hop_row).collect();
    let (reason, why) = match route.pending {
        Pending::Retry(errno) => ("refused", refused(errno, route.installed)),
        Pending::Room => (
            "no-room",
            format!(
                "not installed: there are {} routes, as many as kernel.max-routes allows",
                settings.max_routes
            ),
        ),
        Pending::Taken => (
            "taken",
            "not installed: this host has a connected or static route of its own for the prefix".to_owned(),
        ),
        Pending::Answer => ("asked", "the kernel was asked and has not answered yet".to_owned()),
        Pending::Nothing if route.installed => ("", installed(settings, &route, &next_hops)),
        Pending::Nothing => absent(kernel, destination),
    };
    WhyRow::Kernel {
        prefix: destination.prefix,
        installed: route.installed,
        table: settings.table,
        protocol: settings.protocol,
        metric: settings.metric,
        next_hops,
        blackhole: route.blackhole,
        next_hop_id: route.object,
        reason: Some(reason).filter(|code| !code.is_empty()).map(Word::from),
        why,
    }
}

fn refused(errno: i32, installed: bool) -> String {
    let errno = reason::errno(errno);
    if installed {
        format!("installed as it was before: the kernel refuses the change, which is tried again: {errno}")
    } else {
        format!("not installed: the kernel refuses it, and is asked again: {errno}")
    }
}

fn installed(settings: &Settings, route: &RouteView, hops: &[HopRow]) -> String {
    let hops: Vec<_> = hops.iter().map(HopRow::to_string).collect();
    let leads = if route.blackhole { "blackhole".to_owned() } else { hops.join(", ") };
    let object = route.object.map(|id| format!(", next-hop id {id}")).unwrap_or_default();
    let Settings { table, protocol, metric, .. } = settings;
    format!("installed: {leads}{object} (table {table}, protocol {protocol}, metric {metric})")
}

/// Why the kernel has no route and was not asked for one.
fn absent(kernel: &dyn KernelView, destination: &DestinationView<'_>) -> (&'static str, String) {
    if !kernel.settings().install {
        return ("install", "not installed: kernel.install is false".to_owned());
    }
    if !kernel.has_looked() {
        return ("starting", "not installed yet: the kernel's tables are still being read".to_owned());
    }
    if destination.paths().any(|path| path.best && path.peer == PeerId(0)) {
        return ("local", "not installed: it is originated here, and reached without crier".to_owned());
    }
    if destination.paths().any(|path| path.multipath) {
        return ("pending", "not installed yet: the kernel is about to be asked".to_owned());
    }
    let unreachable: BTreeSet<IpAddr> =
        destination.paths().filter(|path| !path.reachable).filter_map(|path| path.attrs.next_hop()).collect();
    if unreachable.is_empty() {
        return ("no-best-path", "not installed: no path takes part".to_owned());
    }
    let next_hops: Vec<_> = unreachable.iter().map(IpAddr::to_string).collect();
    (reason::UNREACHABLE, format!("not installed: {}", reason::unreachable(&next_hops.join(", "))))
}

fn hop_row(hop: &Hop) -> HopRow {
    HopRow { gateway: hop.gateway, interface: interface_name(hop.interface) }
}

/// An interface's name, or its number where it has gone.
fn interface_name(index: u32) -> Word {
    use rustix::net::{AddressFamily, SocketType, netdevice, socket};
    let name = socket(AddressFamily::UNIX, SocketType::DGRAM, None)
        .and_then(|socket| netdevice::index_to_name(socket, index));
    Cow::Owned(name.unwrap_or_else(|_| index.to_string()))
}
