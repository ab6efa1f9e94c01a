//! Whether somebody else listens where crier is to listen.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Facts, Finding, Listener};
use crate::config::Model;

const CHECK: &str = "listen";
/// `TCP_LISTEN`.
const LISTEN: &str = "0A";

/// Every TCP socket that listens, and whose it is as far as this user may know.
pub(super) fn read() -> Vec<Listener> {
    let mut listeners: Vec<Listener> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|path| {
            fs::read_to_string(path).unwrap_or_default().lines().filter_map(listener).collect::<Vec<_>>()
        })
        .collect();
    let owners = owners();
    for listener in &mut listeners {
        listener.process = owners.get(&listener.inode).cloned();
    }
    listeners
}

/// A line of /proc/net/tcp or tcp6, if its socket listens.
pub(super) fn listener(line: &str) -> Option<Listener> {
    let mut words = line.split_ascii_whitespace();
    let (local, state) = (words.nth(1)?, words.nth(1)?);
    if state != LISTEN {
        return None;
    }
    let (ip, port) = local.split_once(':')?;
    let address = SocketAddr::new(address(ip)?, u16::from_str_radix(port, 16).ok()?);
    Some(Listener { address, inode: words.nth(5)?.parse().ok()?, process: None })
}

/// An address as the kernel prints it: words of 32 bits in the machine's order, as hexadecimal numbers.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = hex.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// The programs of sockets by their numbers; those of other users are seen by root only.
fn owners() -> BTreeMap<u64, String> {
    let mut owners = BTreeMap::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = process.path();
        let Ok(files) = fs::read_dir(path.join("fd")) else { continue };
        for file in files.flatten() {
            let Some(inode) = fs::read_link(file.path()).ok().as_deref().and_then(|to| inode(to.to_str()?))
            else {
                continue;
            };
            if let Ok(name) = fs::read_to_string(path.join("comm")) {
                owners.insert(inode, name.trim().to_owned());
            }
        }
    }
    owners
}

fn inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

pub(super) fn examine(model: &Model, facts: &Facts, found: &mut Vec<Finding>) {
    for wanted in &model.listen {
        let taken = facts.listeners.iter().find(|listener| overlap(*wanted, listener.address));
        found.push(match taken {
            None => Finding::ok(CHECK, format!("{wanted} is free")),
            Some(Listener { process: Some(process), .. }) if process == "crier" => {
                Finding::ok(CHECK, format!("{wanted} is crier's: it is running"))
            }
            Some(Listener { address, process, .. }) => {
                let by = process.as_deref().unwrap_or("a program that only root can see");
                Finding::problem(
                    CHECK,
                    format!("{wanted} is taken: {by} listens on {address}"),
                    "stop it, or give crier another address or port in router.listen",
                )
            }
        });
    }
}

/// Whether the second keeps the first from listening. Of two families they do not: crier's IPv6 sockets are for IPv6 alone.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.is_ipv4() == other.is_ipv4() && (any || one.ip() == other.ip())
}
