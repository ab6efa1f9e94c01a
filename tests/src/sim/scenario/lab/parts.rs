//! What the labs are made of.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::lab::OrFail as _;
use crate::sim::scenario::text::{Document, Table};

/// An address of a lab.
pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().or_fail(text)
}

/// A prefix of a lab, or an address with the length of its prefix.
pub(super) fn net(text: &str) -> IpNet {
    text.parse().or_fail(text)
}

/// A speaker with tables for a lab.
pub(super) fn speaker(asn: u32, router_id: &str) -> Document {
    let mut document = Document::new(asn, router_id.parse().or_fail(router_id));
    let sizes = [
        ("peers", "32"),
        ("connections", "64"),
        ("prefixes", "1000"),
        ("paths", "4000"),
        ("attribute-sets", "500"),
        ("attribute-bytes", "\"64KiB\""),
        ("policy-bytes", "\"16KiB\""),
    ];
    for (key, value) in sizes {
        document.limits.set(key, value);
    }
    document
}

/// A node with a BGP control plane: it dials, listens nowhere, announces what is its own, and learns nothing.
pub(super) fn node(asn: u32, router_id: &str, pods: &str) -> Document {
    let mut document = speaker(asn, router_id);
    document.router.set("listen", "[]");
    document.network(pods).texts("communities", ["65000:99"]);
    document
}

/// What a node says of its router.
pub(super) fn upstream(table: &mut Table, asn: u32) {
    table.set("remote-asn", asn).text("import", "reject-all").text("export", "accept-all");
}

/// A neighbor that is believed everything and told everything.
pub(super) fn open(table: &mut Table) {
    table.text("import", "accept-all").text("export", "accept-all");
}

/// Hold time, and a third of it between keepalives; `retry` between attempts to connect.
pub(super) fn timers(table: &mut Table, hold: u64, retry: u64) {
    table.set("timers.hold", hold).set("timers.keepalive", hold / 3).set("timers.connect-retry", retry);
}

/// Announces a restart time (RFC 4724).
pub(super) fn graceful(table: &mut Table, secs: u64) {
    table.set("graceful-restart.restart-time", secs);
}
