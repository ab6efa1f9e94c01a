//! `[router]`, `[control]` and `[multipath]`: the speaker itself.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::model::OnStop;
use super::reader::{Section, Value};
use super::scalar;

/// `[router]`, with its defaults but for the identifier's.
#[derive(Debug)]
pub(super) struct Router {
    pub(super) asn: u32,
    pub(super) router_id: Option<Ipv4Addr>,
    pub(super) listen: Vec<SocketAddr>,
    pub(super) on_stop: OnStop,
    pub(super) log: String,
    pub(super) state_dir: Option<PathBuf>,
}

pub(super) fn read_router(root: &mut Section<'_, '_>) -> Option<Router> {
    let mut section = root.require("router", "a table [router] with the key asn")?.table()?;
    let asn = section.require("asn", "1..4294967294").and_then(|value| scalar::asn(&value, ""));
    let router = Router {
        asn: asn.unwrap_or(1),
        router_id: section.get("router-id").and_then(|value| router_id(&value)),
        listen: section.get("listen").map_or_else(default_listen, |value| listen(&value)),
        on_stop: section.get("on-stop").and_then(|value| value.word(&ON_STOP)).unwrap_or(OnStop::Preserve),
        log: section.get("log").and_then(|value| log_filter(&value)).unwrap_or_else(|| "info".to_owned()),
        state_dir: section.get("state-dir").and_then(|value| scalar::absolute_path(&value)),
    };
    section.finish();
    Some(router)
}

const ON_STOP: [(&str, OnStop); 2] = [("preserve", OnStop::Preserve), ("withdraw", OnStop::Withdraw)];

fn default_listen() -> Vec<SocketAddr> {
    vec![(Ipv4Addr::UNSPECIFIED, 179).into(), (Ipv6Addr::UNSPECIFIED, 179).into()]
}

fn listen(value: &Value<'_, '_>) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    let items = value.items("an array such as [\"0.0.0.0:179\", \"[::]:179\"], or [] to never listen");
    for item in items.unwrap_or_default() {
        let Some(address) = scalar::socket_address(&item) else { continue };
        if found.contains(&address) {
            item.error(format!("found \"{address}\" twice, allowed once"));
        }
        found.push(address);
    }
    found
}

/// RFC 6286, 2.1: any number of 32 bits but 0.
fn router_id(value: &Value<'_, '_>) -> Option<Ipv4Addr> {
    value.parsed("an IPv4 address other than 0.0.0.0, such as \"192.0.2.1\"", |text| {
        text.parse().ok().filter(|id: &Ipv4Addr| !id.is_unspecified())
    })
}

/// Levels, each for everything or for a module, joined by commas. A word that is no level would name a module: most
/// likely it is a level mistyped, and with it nothing at all would be logged.
fn log_filter(value: &Value<'_, '_>) -> Option<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    const ALLOWED: &str = "off, error, warn, info, debug or trace, or MODULE=LEVEL, joined by commas";
    let directive = |directive: &str| match directive.split_once('=') {
        Some((module, level)) => !module.trim().is_empty() && LEVELS.contains(&level.trim()),
        None => LEVELS.contains(&directive.trim()),
    };
    value.parsed(ALLOWED, |text| text.split(',').all(directive).then(|| text.to_owned()))
}

/// The control socket where `[control]` does not say.
const CONTROL_SOCKET: &str = "/run/crier/crier.sock";

/// Longest path of a Unix socket on Linux, without the zero at its end (unix(7)).
const LONGEST_SOCKET_PATH: usize = 107;

pub(super) fn read_control(root: &mut Section<'_, '_>) -> PathBuf {
    let default = PathBuf::from(CONTROL_SOCKET);
    let Some(mut section) = root.get("control").as_ref().and_then(Value::table) else { return default };
    let socket = section.get("socket").and_then(|value| {
        let path = scalar::absolute_path(&value)?;
        if path.as_os_str().len() > LONGEST_SOCKET_PATH {
            value.refuse(format_args!("a path of at most {LONGEST_SOCKET_PATH} bytes"));
        }
        Some(path)
    });
    section.reserve("http");
    section.finish();
    socket.unwrap_or(default)
}

/// `[multipath]`: most paths that forward together, and whether their AS_PATHs may differ.
pub(super) fn read_multipath(root: &mut Section<'_, '_>) -> (u16, bool) {
    let Some(mut section) = root.get("multipath").as_ref().and_then(Value::table) else { return (1, false) };
    let maximum = section.get("maximum-paths").and_then(|value| value.integer(1..=256));
    let relax = section.get("as-path-relax").and_then(|value| value.boolean());
    section.finish();
    (maximum.unwrap_or(1), relax.unwrap_or(false))
}
