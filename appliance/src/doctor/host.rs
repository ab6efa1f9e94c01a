//! What the process may do and have: capabilities, descriptors, memory, the clock.

use crier_io_mio::kernel::{self, RECEIVE_BUFFER};

use super::{Facts, Finding};
use crate::config::Model;
use crate::{memory, program};

/// Numbers of capabilities (capabilities(7)).
const CAP_NET_BIND_SERVICE: u8 = 10;
const CAP_NET_ADMIN: u8 = 12;
/// 2024-01-01T00:00:00Z: no crier is as old.
const EARLIEST: u64 = 1_704_067_200;

/// Effective capabilities in the text of /proc/self/status.
pub(super) fn capabilities(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// Bytes available in the text of /proc/meminfo, which counts in units of 1024 bytes.
pub(super) fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

pub(super) fn examine(model: &Model, facts: &Facts, found: &mut Vec<Finding>) {
    found.extend(privileges(model, facts));
    found.extend(receive_buffer(model, facts));
    found.push(open_files(model, facts));
    found.extend(room(model, facts));
    found.push(clock(facts));
}

fn has(facts: &Facts, capability: u8) -> Option<bool> {
    Some(facts.capabilities? >> capability & 1 == 1)
}

fn privileges(model: &Model, facts: &Facts) -> Vec<Finding> {
    let first_free = facts.sysctls.get("net.ipv4.ip_unprivileged_port_start").copied().unwrap_or(1024);
    let low = model.listen.iter().find(|address| u64::from(address.port()) < first_free);
    let installs = model.kernel.as_ref().is_some_and(|kernel| kernel.install);
    let wanted = [
        low.map(|address| ("CAP_NET_BIND_SERVICE", CAP_NET_BIND_SERVICE, format!("listen on {address}"))),
        installs.then(|| ("CAP_NET_ADMIN", CAP_NET_ADMIN, "change the kernel's routes".to_owned())),
    ];
    let judge = |(name, number, what): (&'static str, u8, String)| match has(facts, number) {
        Some(true) => Finding::ok(name, format!("this user has {name}")),
        Some(false) => Finding::problem(
            name,
            format!("this user has not {name}, and may not {what}"),
            format!(
                "run as the daemon's user, or give it to the daemon: AmbientCapabilities={name} in its unit"
            ),
        ),
        None => {
            Finding::warning(name, format!("it cannot be read whether this user has {name}"), "mount /proc")
        }
    };
    wanted.into_iter().flatten().map(judge).collect()
}

fn receive_buffer(model: &Model, facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "net.core.rmem_max";
    model.kernel.as_ref()?;
    let most = *facts.sysctls.get(CHECK)?;
    let wanted = RECEIVE_BUFFER as u64;
    Some(if most >= wanted || has(facts, CAP_NET_ADMIN) == Some(true) {
        Finding::ok(CHECK, format!("the kernel's notifications get {wanted} bytes"))
    } else {
        Finding::warning(
            CHECK,
            format!(
                "{CHECK} is {most}: notifications of many changes are lost, and crier reads all routes again"
            ),
            format!("sysctl -w {CHECK}={wanted}, or CAP_NET_ADMIN"),
        )
    })
}

fn open_files(model: &Model, facts: &Facts) -> Finding {
    const CHECK: &str = "open-files";
    let wanted = program::open_files(model);
    match facts.open_files {
        Some(limit) if limit < wanted => Finding::problem(
            CHECK,
            format!("{limit} open files are allowed, {wanted} needed for limits.connections"),
            format!("LimitNOFILE={wanted} in the unit, `ulimit -Hn`, or lower limits.connections"),
        ),
        limit => {
            let limit = limit.map_or_else(|| "any number of".to_owned(), |limit| limit.to_string());
            Finding::ok(CHECK, format!("{limit} open files are allowed, {wanted} needed"))
        }
    }
}

fn room(model: &Model, facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "memory";
    let available = facts.memory_available?;
    let tables: u64 = model.limits.plan(memory::EVENTS).map(|row| row.bytes).sum();
    let bridge = model.kernel.as_ref().map_or(0, |settings| kernel::bytes(settings, &model.limits));
    let plan = tables + memory::loop_sizes(&model.limits).bytes() + bridge;
    let text = format!("the plan is {plan} bytes, {available} are available");
    let advice = "lower [limits]; `crier check` shows what each table takes";
    Some(if plan > available {
        Finding::problem(CHECK, text, advice)
    } else if plan > available / 2 {
        Finding::warning(CHECK, text, advice)
    } else {
        Finding::ok(CHECK, text)
    })
}

fn clock(facts: &Facts) -> Finding {
    const CHECK: &str = "clock";
    let now = crate::text::timestamp(facts.unix_seconds.saturating_mul(1000));
    if facts.unix_seconds < EARLIEST {
        let text = format!("the clock says {now}: leases that are kept in state-dir end at wrong times");
        return Finding::warning(CHECK, text, "set the clock, by NTP for instance");
    }
    Finding::ok(CHECK, format!("the clock says {now}"))
}
