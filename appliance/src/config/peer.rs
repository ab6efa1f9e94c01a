//! The keys that a `[[group]]` and a `[[neighbor]]` share: read, inherited, and resolved to the core's settings.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crier_core::FamilySet;
use crier_core::config::{
    InterfaceName, MaxPrefixAction, MaxPrefixes, PolicyRef, RemoteAs, Settings, Timers, Ttl,
};

use super::policy_read::PoliciesRead;
use super::reader::{At, Reader, Section, Value};
use super::scalar;

/// Seconds of a restart time: twelve bits on the wire (RFC 4724, 3).
const RESTART_TIMES: RangeInclusive<u16> = 1..=4095;

const ACTIONS: [(&str, MaxPrefixAction); 4] = [
    ("close", MaxPrefixAction::Close),
    ("restart", MaxPrefixAction::Restart),
    ("refuse", MaxPrefixAction::Refuse),
    ("warn", MaxPrefixAction::Warn),
];

/// What one table sets; `None` is inherited or a default.
#[derive(Clone, Debug, Default)]
pub(super) struct PeerKeys {
    pub(super) remote_as: Option<RemoteAs>,
    pub(super) port: Option<u16>,
    pub(super) local_address: Option<At<IpAddr>>,
    pub(super) local_interface: Option<InterfaceName>,
    pub(super) description: Option<String>,
    pub(super) import: Option<PolicyRef>,
    pub(super) export: Option<PolicyRef>,
    max_prefixes: Option<u32>,
    max_prefixes_action: Option<MaxPrefixAction>,
    families: Option<FamilySet>,
    hold: Option<At<u16>>,
    keepalive: Option<At<u16>>,
    connect_retry: Option<u16>,
    send_hold: Option<At<u16>>,
    next_hop_self: Option<bool>,
    passive: Option<bool>,
    ttl: Option<Ttl>,
    enforce_first_as: Option<bool>,
    restart_time: Option<u16>,
    pub(super) password_file: Option<At<PathBuf>>,
    blackhole: Option<bool>,
}

impl PeerKeys {
    pub(super) fn read(section: &mut Section<'_, '_>, policies: &PoliciesRead) -> Self {
        let mut keys = Self {
            remote_as: section.get("remote-asn").and_then(|value| remote_as(&value)),
            port: section.get("port").and_then(|value| value.integer(1..=u16::MAX)),
            local_address: section
                .get("local-address")
                .and_then(|value| Some(value.at(scalar::unicast(&value)?))),
            local_interface: section.get("local-interface").and_then(|value| {
                value.parsed("the name of an interface, 1 to 15 bytes such as \"eth1\"", InterfaceName::new)
            }),
            description: section.get("description").and_then(|value| description(&value)),
            import: section.get("import").and_then(|value| policies.named(&value)),
            export: section.get("export").and_then(|value| policies.named(&value)),
            families: section.get("families").and_then(|value| families(&value)),
            next_hop_self: section.get("next-hop-self").and_then(|value| value.boolean()),
            passive: section.get("passive").and_then(|value| value.boolean()),
            ttl: ttl(section),
            enforce_first_as: section.get("enforce-first-as").and_then(|value| value.boolean()),
            password_file: section
                .get("password-file")
                .and_then(|value| Some(value.at(scalar::absolute_path(&value)?))),
            blackhole: section.get("blackhole").and_then(|value| value.boolean()),
            ..Self::default()
        };
        if let Some(value) = section.get("max-prefixes") {
            keys.read_max_prefixes(&value);
        }
        if let Some(timers) = section.get("timers").as_ref().and_then(Value::table) {
            keys.read_timers(timers);
        }
        if let Some(mut table) = section.get("graceful-restart").as_ref().and_then(Value::table) {
            let value = table.require("restart-time", "1..4095");
            keys.restart_time = value.and_then(|value| value.integer(RESTART_TIMES));
            table.finish();
        }
        for key in ["bfd", "default-originate", "route-reflector-client", "add-paths"] {
            section.reserve_switch(key);
        }
        for key in ["interface", "local-as", "role"] {
            section.reserve(key);
        }
        keys
    }

    /// These keys, and the group's where they are not set.
    pub(super) fn inherit(self, group: &Self) -> Self {
        let group = group.clone();
        Self {
            remote_as: self.remote_as.or(group.remote_as),
            port: self.port.or(group.port),
            local_address: self.local_address.or(group.local_address),
            local_interface: self.local_interface.or(group.local_interface),
            description: self.description.or(group.description),
            import: self.import.or(group.import),
            export: self.export.or(group.export),
            max_prefixes: self.max_prefixes.or(group.max_prefixes),
            max_prefixes_action: self.max_prefixes_action.or(group.max_prefixes_action),
            families: self.families.or(group.families),
            hold: self.hold.or(group.hold),
            keepalive: self.keepalive.or(group.keepalive),
            connect_retry: self.connect_retry.or(group.connect_retry),
            send_hold: self.send_hold.or(group.send_hold),
            next_hop_self: self.next_hop_self.or(group.next_hop_self),
            passive: self.passive.or(group.passive),
            ttl: self.ttl.or(group.ttl),
            enforce_first_as: self.enforce_first_as.or(group.enforce_first_as),
            restart_time: self.restart_time.or(group.restart_time),
            password_file: self.password_file.or(group.password_file),
            blackhole: self.blackhole.or(group.blackhole),
        }
    }

    /// The core's settings. `prefixes` is the size of the table that the default limit is a part of.
    pub(super) fn settings(
        &self,
        reader: &Reader<'_>,
        tag: u32,
        remote_as: RemoteAs,
        prefixes: u32,
    ) -> Settings {
        // Fifteen parts of sixteen: one neighbor alone never fills the table.
        let most = prefixes - prefixes / 16;
        Settings {
            tag,
            remote_as,
            families: self.families.unwrap_or_else(scalar::all_families),
            timers: self.timers(reader),
            import: self.import.unwrap_or(PolicyRef::Unset),
            export: self.export.unwrap_or(PolicyRef::Unset),
            max_prefixes: MaxPrefixes {
                limit: self.max_prefixes.unwrap_or(most),
                action: self.max_prefixes_action.unwrap_or(MaxPrefixAction::Close),
            },
            next_hop_self: self.next_hop_self.unwrap_or(false),
            passive: self.passive.unwrap_or(false),
            local_address: self.local_address.as_ref().map(|address| address.value),
            local_interface: self.local_interface,
            ttl: self.ttl.unwrap_or(Ttl::Default),
            enforce_first_as: self.enforce_first_as.unwrap_or(true),
            restart_time: self.restart_time,
            blackhole: self.blackhole.unwrap_or(false),
        }
    }

    /// The timers together. Each was checked alone; here they are checked against each other, once for each neighbor,
    /// because a neighbor can set one and inherit the other.
    fn timers(&self, reader: &Reader<'_>) -> Timers {
        let default = Timers::default();
        let hold = self.hold.as_ref().map_or(default.hold, |hold| hold.value);
        let third = hold / 3;
        let keepalive = match &self.keepalive {
            Some(keepalive) => {
                let found = keepalive.value;
                if hold != 0 && found >= hold {
                    let message =
                        format!("found {found}, allowed 1..{}: less than the hold time, {hold}", hold - 1);
                    reader.error(&keepalive.place, message);
                } else if hold != 0 && found > third {
                    let message = format!("{found} is lowered to {third}, a third of the hold time, {hold}");
                    reader.warn(&keepalive.place, message);
                }
                found
            }
            None if hold == 0 => default.keepalive,
            None => third,
        };
        let send_hold = match &self.send_hold {
            Some(send_hold) => {
                let found = send_hold.value;
                if found != 0 && found <= hold {
                    let message = format!("found {found}, allowed 0 or more than the hold time, {hold}");
                    reader.error(&send_hold.place, message);
                }
                found
            }
            // RFC 9687, 3.2: eight minutes or twice the hold time, whichever is more.
            None => default.send_hold.max(hold.saturating_mul(2)),
        };
        let connect_retry = self.connect_retry.unwrap_or(default.connect_retry);
        Timers { hold, keepalive, connect_retry, send_hold }
    }

    fn read_timers(&mut self, mut table: Section<'_, '_>) {
        let hold = |value: Value<'_, '_>| {
            Some(value.at(value.number("0 or 3..65535", |hold: &u16| !matches!(hold, 1 | 2))?))
        };
        self.hold = table.get("hold").and_then(hold);
        self.keepalive = table.get("keepalive").and_then(|value| Some(value.at(value.integer(1..=21845)?)));
        self.connect_retry = table.get("connect-retry").and_then(|value| value.integer(1..=u16::MAX));
        self.send_hold =
            table.get("send-hold").and_then(|value| Some(value.at(value.integer(0..=u16::MAX)?)));
        table.finish();
    }

    fn read_max_prefixes(&mut self, value: &Value<'_, '_>) {
        if !value.is_table() {
            let allowed = "1..4294967295, or a table such as { limit = 1000, action = \"close\" }";
            self.max_prefixes = value.number(allowed, |limit| *limit != 0);
            return;
        }
        let Some(mut table) = value.table() else { return };
        self.max_prefixes = table.get("limit").and_then(|value| value.integer(1..=u32::MAX));
        self.max_prefixes_action = table.get("action").and_then(|value| value.word(&ACTIONS));
        table.finish();
    }
}

fn remote_as(value: &Value<'_, '_>) -> Option<RemoteAs> {
    const WORDS: &str = ", \"external\", \"internal\" or \"any\"";
    match value.as_str() {
        Some("external") => Some(RemoteAs::External),
        Some("internal") => Some(RemoteAs::Internal),
        Some("any") => Some(RemoteAs::Any),
        _ => scalar::asn(value, WORDS).map(RemoteAs::Asn),
    }
}

/// Text for people, which may be empty to override a group's.
fn description(value: &Value<'_, '_>) -> Option<String> {
    const ALLOWED: &str = "text without control characters";
    value.parsed(ALLOWED, |text| (!text.contains(char::is_control)).then(|| text.to_owned()))
}

fn families(value: &Value<'_, '_>) -> Option<FamilySet> {
    const ALLOWED: &str = "an array of \"ipv4-unicast\" and \"ipv6-unicast\"";
    let families = value.each(ALLOWED, scalar::family)?;
    if families.is_empty() {
        value.error("found an empty array, allowed \"ipv4-unicast\", \"ipv6-unicast\" or both");
        return None;
    }
    Some(families.into_iter().fold(FamilySet::EMPTY, FamilySet::with))
}

fn ttl(section: &mut Section<'_, '_>) -> Option<Ttl> {
    let multihop = section.get("multihop");
    let security = section.get("ttl-security");
    if let (Some(_), Some(security)) = (&multihop, &security) {
        security.error("found together with multihop, allowed one of the two");
    }
    let multihop = multihop.and_then(|value| value.integer(1..=255)).map(Ttl::Multihop);
    let security = security.and_then(|value| value.integer(1..=254)).map(Ttl::Security);
    multihop.or(security)
}
