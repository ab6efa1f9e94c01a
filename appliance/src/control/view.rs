//! From the core's views to rows.

use std::borrow::Cow;
use std::net::IpAddr;

use crier_core::attrs::{AttrsView, tlv};
use crier_core::config::{MaxPrefixAction, RemoteAs, Settings, Ttl};
use crier_core::family::{FamilySet, unspecified};
use crier_core::peer::State;
use crier_core::view::{Admin, Direction, LastError, Negotiated, PathView, PeerView, ReceivedView};
use crier_core::{Family, Instant};
use ipnet::IpNet;

use super::rows::{
    ConfiguredRow, ErrorRow, FamilyRow, MessagesRow, NegotiatedRow, PeerRow, RouteRow, SessionRow, Word,
};
use crate::daemon::Words;
use crate::reason;
use crate::text;

/// A neighbor.
pub fn peer_row(peer: &PeerView<'_>, words: &Words, now: Instant) -> PeerRow {
    let tag = words.tag(peer.tag);
    let established = peer.state == State::Established;
    PeerRow {
        address: peer.remote,
        port: peer.port,
        local_asn: peer.local_asn,
        remote_asn: peer.remote_asn,
        group: tag.and_then(|tag| tag.group.clone()),
        dynamic: peer.dynamic,
        state: state(peer.state),
        uptime_s: peer.established.filter(|_| established).map_or(0, |at| now.since(at).as_secs()),
        router_id: peer.router_id.filter(|_| established),
        families: if established { families(peer) } else { Vec::new() },
        last_error: peer.last_error.map(|error| error_row(error, now)),
        flaps: peer.flaps,
        local_address: peer.local_address,
        instance: words.instance.clone(),
        description: tag.map(|tag| tag.description.clone()).unwrap_or_default(),
        admin: Cow::Borrowed(match peer.admin {
            Admin::Up => "up",
            Admin::Down => "down",
            Admin::Drain => "drain",
            Admin::Limit => "limit",
        }),
        held: None,
    }
}

/// Everything about a neighbor.
pub fn session_row(peer: &PeerView<'_>, words: &Words, now: Instant) -> SessionRow {
    let settings = words.tag(peer.tag).map(|tag| &tag.settings);
    let counts = |wanted: fn(&crier_core::view::FamilyCounts) -> bool| {
        let listed = Family::ALL.into_iter().zip(&peer.families);
        listed
            .filter(|(_, counts)| counts.as_ref().is_some_and(wanted))
            .map(|(family, _)| name(family))
            .collect()
    };
    let counters = peer.counters;
    SessionRow {
        peer: peer_row(peer, words, now),
        purging: peer.purging,
        incomplete: peer.incomplete,
        closed_s: peer.closed.map(|at| now.since(at).as_secs()),
        configured: settings.map(|settings| configured(settings, words)),
        negotiated: peer.negotiated.as_ref().map(negotiated),
        capabilities_sent: settings
            .map(|settings| super::capabilities::offered(settings, peer.remote))
            .unwrap_or_default(),
        capabilities_received: super::capabilities::received(peer.capabilities),
        end_of_rib_received: counts(|counts| counts.end_of_rib_received),
        end_of_rib_sent: counts(|counts| counts.end_of_rib_sent),
        last_error_data: peer.last_error.map(|error| text::hex(&error.notification.data)),
        received: messages(&counters.received, counters.bytes_received),
        sent: messages(&counters.sent, counters.bytes_sent),
        treated_as_withdraw: counters.treated_as_withdraw,
        attributes_discarded: counters.attributes_discarded,
        connect_failures: counters.connect_failures,
        refused_full: counters.refused_full,
        authentication: None,
        suspicion: None,
    }
}

/// An accepted path. `in_kernel`: the kernel has a route for its destination.
pub fn accepted_row(
    prefix: IpNet,
    path: &PathView<'_>,
    in_kernel: bool,
    instance: &str,
    now: Instant,
) -> RouteRow {
    RouteRow {
        // What is originated here is in nobody's route.
        installed: in_kernel && path.multipath && path.remote.is_some(),
        reason: (!path.reachable).then_some(Cow::Borrowed(reason::UNREACHABLE)),
        peer: path.remote,
        best: path.best,
        multipath: path.multipath,
        valid: path.valid,
        stale: path.stale,
        blackhole: path.blackhole,
        age_s: Some(age(path.since_secs, now)),
        ..attributes_row(prefix, &path.attrs, instance)
    }
}

/// What was announced to the neighbor `to`: `attrs` as announced, made of the path `best`.
pub fn advertised_row(
    prefix: IpNet,
    to: IpAddr,
    attrs: &AttrsView<'_>,
    best: Option<&PathView<'_>>,
    in_kernel: bool,
    instance: &str,
    now: Instant,
) -> RouteRow {
    RouteRow {
        installed: in_kernel && best.is_some_and(|path| path.remote.is_some()),
        peer: Some(to),
        best: true,
        multipath: true,
        valid: true,
        stale: best.is_some_and(|path| path.stale),
        age_s: best.map(|path| age(path.since_secs, now)),
        ..attributes_row(prefix, attrs, instance)
    }
}

/// A refused path.
pub fn refused_row(refused: &ReceivedView, from: Option<IpAddr>, instance: &str) -> RouteRow {
    RouteRow {
        prefix: refused.prefix,
        family: name(refused.family),
        next_hop: None,
        peer: from,
        best: false,
        multipath: false,
        valid: false,
        stale: false,
        origin: None,
        as_path: None,
        local_pref: None,
        med: None,
        communities: Vec::new(),
        large_communities: Vec::new(),
        age_s: None,
        installed: false,
        instance: instance.to_owned(),
        blackhole: false,
        reason: reason::reason_code(refused.reason).map(Cow::Borrowed),
    }
}

/// A family's name.
pub(super) const fn name(family: Family) -> Word {
    Cow::Borrowed(family.name())
}

/// The row of attributes, with nothing said yet about the path's place among others.
fn attributes_row(prefix: IpNet, attrs: &AttrsView<'_>, instance: &str) -> RouteRow {
    let family = Family::of(&prefix);
    let value = |code| tlv::find(attrs.attributes(), code).unwrap_or_default();
    RouteRow {
        prefix,
        family: name(family),
        next_hop: Some(attrs.next_hop().unwrap_or(unspecified(family))),
        peer: None,
        best: false,
        multipath: false,
        valid: true,
        stale: false,
        origin: Some(Cow::Borrowed(text::origin(attrs.key.origin))),
        as_path: Some(text::as_path(value(tlv::code::AS_PATH))),
        local_pref: Some(attrs.key.preference()),
        med: attrs.key.med(),
        communities: text::communities(value(tlv::code::COMMUNITIES)),
        large_communities: text::large_communities(value(tlv::code::LARGE_COMMUNITIES)),
        age_s: None,
        installed: false,
        instance: instance.to_owned(),
        blackhole: false,
        reason: None,
    }
}

fn families(peer: &PeerView<'_>) -> Vec<FamilyRow> {
    let listed = Family::ALL.into_iter().zip(&peer.families);
    let rows = listed.filter_map(|(family, counts)| {
        let counts = counts.as_ref()?;
        Some(FamilyRow {
            family: name(family),
            received: counts.received,
            accepted: counts.accepted,
            advertised: counts.advertised,
            received_exact: counts.received_exact,
        })
    });
    rows.collect()
}

fn error_row(error: &LastError, now: Instant) -> ErrorRow {
    ErrorRow {
        code: error.notification.code,
        subcode: error.notification.subcode,
        text: reason::notification(&error.notification),
        direction: Cow::Borrowed(match error.direction {
            Direction::Sent => "sent",
            Direction::Received => "received",
        }),
        age_s: now.since(error.at).as_secs(),
    }
}

fn configured(settings: &Settings, words: &Words) -> ConfiguredRow {
    ConfiguredRow {
        remote_asn: match settings.remote_as {
            RemoteAs::Asn(asn) => asn.to_string(),
            RemoteAs::External => "external".to_owned(),
            RemoteAs::Internal => "internal".to_owned(),
            RemoteAs::Any => "any".to_owned(),
        },
        families: names(settings.families),
        hold_s: settings.timers.hold,
        keepalive_s: settings.timers.keepalive,
        connect_retry_s: settings.timers.connect_retry,
        send_hold_s: settings.timers.send_hold,
        import: words.policy(settings.import).map(str::to_owned),
        export: words.policy(settings.export).map(str::to_owned),
        max_prefixes: settings.max_prefixes.limit,
        max_prefixes_action: Cow::Borrowed(match settings.max_prefixes.action {
            MaxPrefixAction::Close => "close",
            MaxPrefixAction::Restart => "restart",
            MaxPrefixAction::Refuse => "refuse",
            MaxPrefixAction::Warn => "warn",
        }),
        passive: settings.passive,
        next_hop_self: settings.next_hop_self,
        blackhole: settings.blackhole,
        ttl: match settings.ttl {
            Ttl::Default => "default".to_owned(),
            Ttl::Multihop(hops) => format!("multihop {hops}"),
            Ttl::Security(hops) => format!("security {hops}"),
        },
    }
}

fn negotiated(agreed: &Negotiated) -> NegotiatedRow {
    NegotiatedRow {
        hold_s: agreed.hold,
        keepalive_s: agreed.keepalive,
        families: names(agreed.families),
        four_octet_as: agreed.as4,
        route_refresh: agreed.refresh,
        extended_next_hop: agreed.extended_next_hop,
        extended_messages: agreed.extended_messages,
        graceful_restart_s: agreed.graceful_restart.map(|restart| restart.time),
    }
}

fn messages(counts: &[u64; 5], bytes: u64) -> MessagesRow {
    let &[open, update, notification, keepalive, route_refresh] = counts;
    MessagesRow { open, update, notification, keepalive, route_refresh, bytes }
}

fn names(families: FamilySet) -> Vec<Word> {
    families.iter().map(name).collect()
}

const fn state(state: State) -> Word {
    Cow::Borrowed(match state {
        State::Idle => "Idle",
        State::Connect => "Connect",
        State::Active => "Active",
        State::OpenSent => "OpenSent",
        State::OpenConfirm => "OpenConfirm",
        State::Established => "Established",
    })
}

fn age(since_secs: u32, now: Instant) -> u64 {
    u64::from(now.as_secs32().saturating_sub(since_secs))
}

#[cfg(test)]
mod tests;
