//! `crier peers ADDR`: everything about one session.

use std::io::{self, Write};

use super::or_nothing;
use super::style::{Paint, Style};
use crate::control::AuthenticationRow;
use crate::control::rows::{ConfiguredRow, MessagesRow, SessionRow};
use crate::text::{escape, short_span};

/// Writes a session, a line for each thing there is to know.
pub fn session(row: &SessionRow, style: Style, out: &mut impl Write) -> io::Result<()> {
    let peer = &row.peer;
    let mut line = |name: &str, value: &str| {
        writeln!(out, "{} {value}", style.paint(Paint::Title, &format!("{name:<16}")))
    };
    let up = peer.state == "Established";
    let since = if up { format!(" for {}", short_span(peer.uptime_s)) } else { String::new() };
    let paint = if up { Paint::Good } else { Paint::Bad };
    line("Neighbor", &format!("{}{}", peer.address, port(row)))?;
    if !peer.description.is_empty() {
        line("Description", &escape(&peer.description))?;
    }
    line("Group", &peer.group.as_deref().map_or("-".into(), escape))?;
    line("Instance", &escape(&peer.instance))?;
    line("AS", &format!("local {}, neighbor {}", peer.local_asn, or_nothing(peer.remote_asn)))?;
    line("State", &format!("{}{since}, admin {}", style.paint(paint, &peer.state), peer.admin))?;
    if let Some(held) = &peer.held {
        line("Held down", &escape(held))?;
    }
    if let Some(suspicion) = &row.suspicion {
        line("Suspicion", &escape(suspicion))?;
    }
    if let Some(authentication) = &row.authentication {
        let AuthenticationRow { method, password_file, problem } = authentication;
        line("Signatures", &format!("{}, key in {}", escape(method), escape(password_file)))?;
        if let Some(problem) = problem.as_ref().filter(|_| peer.held.is_none()) {
            line("", &escape(problem))?;
        }
    }
    line("Local address", &or_nothing(peer.local_address))?;
    line("Identifier", &or_nothing(peer.router_id))?;
    line("Flaps", &peer.flaps.to_string())?;
    if let Some(closed) = row.closed_s {
        line("Closed", &format!("{} ago; a dynamic neighbor is listed for ten minutes", short_span(closed)))?;
    }
    if row.purging {
        line("Purging", "routes of its former session are still being removed")?;
    }
    if row.incomplete {
        line(
            "Incomplete",
            "routes were refused for want of room and are asked for again when there is some",
        )?;
    }
    for family in &peer.families {
        let about = if family.received_exact { "" } else { " (at least)" };
        line(
            &family.family,
            &format!(
                "received {}{about}, accepted {}, advertised {}, End-of-RIB {}",
                family.received,
                family.accepted,
                family.advertised,
                match (
                    row.end_of_rib_received.contains(&family.family),
                    row.end_of_rib_sent.contains(&family.family)
                ) {
                    (true, true) => "both ways",
                    (true, false) => "received",
                    (false, true) => "sent",
                    (false, false) => "in neither direction yet",
                }
            ),
        )?;
    }
    if let Some(agreed) = &row.negotiated {
        line("Timers agreed", &format!("hold {} s, keepalive {} s", agreed.hold_s, agreed.keepalive_s))?;
        line("Agreed", &agreed_words(agreed))?;
    }
    if let Some(configured) = &row.configured {
        settings(configured, &mut line)?;
    }
    line("Offered to it", &row.capabilities_sent.join("; "))?;
    if !row.capabilities_received.is_empty() {
        line("Offered by it", &row.capabilities_received.join("; "))?;
    }
    match &peer.last_error {
        None => line("Last error", "none")?,
        Some(error) => {
            line(
                "Last error",
                &format!("{} {} ago: {}", error.direction, short_span(error.age_s), error.text),
            )?;
            let data = row.last_error_data.as_deref().filter(|data| !data.is_empty());
            let data = data.map(|data| format!(", data {data}")).unwrap_or_default();
            line("", &format!("code {}, subcode {}{data}", error.code, error.subcode))?;
        }
    }
    line("Received", &messages(&row.received))?;
    line("Sent", &messages(&row.sent))?;
    line(
        "Faults",
        &format!(
            "{} UPDATEs treated as withdraw, {} attributes discarded, {} connections failed",
            row.treated_as_withdraw, row.attributes_discarded, row.connect_failures
        ),
    )?;
    line("Refused", &format!("{} paths for want of room", row.refused_full))
}

fn port(row: &SessionRow) -> String {
    match (row.peer.port, row.peer.dynamic) {
        (Some(port), _) => format!(" port {port}"),
        (None, true) => ", dynamic".to_owned(),
        (None, false) => String::new(),
    }
}

fn agreed_words(agreed: &crate::control::rows::NegotiatedRow) -> String {
    let mut words: Vec<String> = agreed.families.iter().map(|family| family.clone().into_owned()).collect();
    for (has, word) in [
        (agreed.four_octet_as, "four-octet AS"),
        (agreed.route_refresh, "route refresh"),
        (agreed.extended_next_hop, "IPv6 next hops for IPv4"),
        (agreed.extended_messages, "extended messages"),
    ] {
        if has {
            words.push(word.to_owned());
        }
    }
    if let Some(time) = agreed.graceful_restart_s {
        words.push(format!("graceful restart in {time} s"));
    }
    words.join(", ")
}

fn settings(
    configured: &ConfiguredRow,
    line: &mut impl FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    let policy =
        |name: &Option<String>| name.as_deref().map_or("none".to_owned(), |name| escape(name).into_owned());
    line(
        "Timers set",
        &format!(
            "hold {} s, keepalive {} s, connect retry {} s, send hold {} s",
            configured.hold_s, configured.keepalive_s, configured.connect_retry_s, configured.send_hold_s
        ),
    )?;
    line(
        "Policies",
        &format!("import {}, export {}", policy(&configured.import), policy(&configured.export)),
    )?;
    line(
        "Limit",
        &format!("{} prefixes a family, then {}", configured.max_prefixes, configured.max_prefixes_action),
    )?;
    let mut rest = vec![format!("remote-asn {}", configured.remote_asn), format!("TTL {}", configured.ttl)];
    rest.extend(configured.passive.then(|| "passive".to_owned()));
    rest.extend(configured.next_hop_self.then(|| "next-hop-self".to_owned()));
    rest.extend(configured.blackhole.then(|| "blackhole".to_owned()));
    line("Set", &rest.join(", "))
}

fn messages(row: &MessagesRow) -> String {
    format!(
        "{} bytes: {} OPEN, {} UPDATE, {} NOTIFICATION, {} KEEPALIVE, {} ROUTE-REFRESH",
        row.bytes, row.open, row.update, row.notification, row.keepalive, row.route_refresh
    )
}
