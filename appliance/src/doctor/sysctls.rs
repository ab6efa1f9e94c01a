//! Settings of the kernel that decide what becomes of packets and routes.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;

use crier_core::Family;

use super::{Facts, Finding};
use crate::config::Model;

const NAMES: [&str; 12] = [
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.fib_multipath_hash_policy",
    "net.ipv6.fib_multipath_hash_policy",
    "net.ipv4.conf.all.ignore_routes_with_linkdown",
    "net.ipv6.conf.all.ignore_routes_with_linkdown",
    "net.ipv6.route.skip_notify_on_dev_down",
    "net.ipv4.nexthop_compat_mode",
    "net.core.rmem_max",
    "net.core.optmem_max",
    "net.ipv4.ip_unprivileged_port_start",
];

/// Names of this host's interfaces, as the kernel lists their settings.
pub(super) fn interfaces() -> Vec<String> {
    let entries = fs::read_dir("/proc/sys/net/ipv4/conf").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| !matches!(name.as_str(), "all" | "default" | "lo")).collect();
    names.sort_unstable();
    names
}

/// Every setting that is looked at and that this kernel has.
pub(super) fn read(interfaces: &[String]) -> BTreeMap<String, u64> {
    let value = |path: String| fs::read_to_string(path).ok()?.trim().parse().ok();
    let global = NAMES.iter().filter_map(|name| {
        Some(((*name).to_owned(), value(format!("/proc/sys/{}", name.replace('.', "/")))?))
    });
    let filters = interfaces.iter().filter_map(|interface| {
        // An interface's name may have dots itself.
        Some((rp_filter(interface), value(format!("/proc/sys/net/ipv4/conf/{interface}/rp_filter"))?))
    });
    global.chain(filters).collect()
}

fn rp_filter(interface: &str) -> String {
    format!("net.ipv4.conf.{interface}.rp_filter")
}

/// What of them would bite; nothing where nothing is installed, for then nothing is forwarded by crier's routes.
pub(super) fn examine(model: &Model, facts: &Facts, found: &mut Vec<Finding>) {
    let Some(kernel) = model.kernel.as_ref().filter(|kernel| kernel.install) else { return };
    found.push(forwarding("net.ipv4.ip_forward", true, facts));
    found.push(forwarding("net.ipv6.conf.all.forwarding", serves_ipv6(model), facts));
    if model.local.maximum_paths > 1 {
        found.push(reverse_path(facts));
        found.extend(["net.ipv4.fib_multipath_hash_policy", "net.ipv6.fib_multipath_hash_policy"].map(
            |name| {
                switch(
                    name,
                    facts,
                    |value| value != 0,
                    "all that one host sends to another takes one of several next hops",
                    1,
                )
            },
        ));
    }
    for name in
        ["net.ipv4.conf.all.ignore_routes_with_linkdown", "net.ipv6.conf.all.ignore_routes_with_linkdown"]
    {
        let text = "until crier hears of it, packets go on to an interface that has lost its carrier";
        found.push(switch(name, facts, |value| value != 0, text, 1));
    }
    found.push(switch(
        "net.ipv6.route.skip_notify_on_dev_down",
        facts,
        |value| value == 0,
        "IPv6 routes go without a word when a link goes, and crier has to read all of them to see it",
        0,
    ));
    if kernel.objects.is_some() {
        found.push(switch(
            "net.ipv4.nexthop_compat_mode",
            facts,
            |value| value != 0,
            "another daemon's routes to next-hop objects do not say where they lead, so that no next hop is found by them",
            1,
        ));
    }
}

/// An IPv6 neighbor, or one of no known address that offers IPv6.
fn serves_ipv6(model: &Model) -> bool {
    let over = |address: IpAddr, families: crier_core::FamilySet| {
        address.is_ipv6() && families.contains(Family::Ipv6Unicast)
    };
    model.peers.iter().any(|peer| over(peer.remote, peer.settings.families))
        || model.ranges.iter().any(|range| over(range.net.addr(), range.settings.families))
}

fn forwarding(name: &'static str, needed: bool, facts: &Facts) -> Finding {
    let advice = format!("sysctl -w {name}=1, and a file in /etc/sysctl.d for the next boot");
    match facts.sysctls.get(name) {
        Some(0) if needed => {
            Finding::problem(name, format!("{name} is 0: this host forwards nothing"), advice)
        }
        Some(0) => Finding::warning(name, format!("{name} is 0: this host forwards no such packets"), advice),
        Some(value) => Finding::ok(name, format!("{name} is {value}")),
        None => Finding::ok(name, format!("{name}: this host has no such setting")),
    }
}

/// The larger of an interface's value and that of `all` counts; 1 is strict (RFC 3704, 2.2).
fn reverse_path(facts: &Facts) -> Finding {
    const CHECK: &str = "rp_filter";
    let value = |name: &str| facts.sysctls.get(&rp_filter(name)).copied();
    let all = value("all").unwrap_or(0);
    let strict = |interface: &&String| value(interface.as_str()).unwrap_or(0).max(all) == 1;
    let strict: Vec<&str> = facts.interfaces.iter().filter(strict).map(String::as_str).collect();
    if strict.is_empty() {
        return Finding::ok(CHECK, "rp_filter is strict on no interface");
    }
    Finding::warning(
        CHECK,
        format!(
            "rp_filter is strict on {}: what comes back by another of several next hops is dropped",
            strict.join(", ")
        ),
        "sysctl -w net.ipv4.conf.all.rp_filter=2, which is loose and wins over the interfaces' 1",
    )
}

/// A setting that should be as `good` says, else set to `better`.
fn switch(name: &'static str, facts: &Facts, good: impl Fn(u64) -> bool, bad: &str, better: u64) -> Finding {
    match facts.sysctls.get(name) {
        None => Finding::ok(name, format!("{name}: this kernel has no such setting")),
        Some(value) if good(*value) => Finding::ok(name, format!("{name} is {value}")),
        Some(value) => {
            Finding::warning(name, format!("{name} is {value}: {bad}"), format!("sysctl -w {name}={better}"))
        }
    }
}
