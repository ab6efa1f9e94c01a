//! Messages as netlink-packet-route has them: what ours are held against.

use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::route::{
    RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteNextHop, RouteNextHopFlags, RouteProtocol,
    RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::{Hop, RouteKey};

/// The bytes of a message.
pub(crate) fn bytes(message: RouteNetlinkMessage, flags: libc::c_int, sequence: u32, port: u32) -> Vec<u8> {
    let mut message = NetlinkMessage::from(message);
    message.header.flags = flags as u16;
    message.header.sequence_number = sequence;
    message.header.port_number = port;
    message.finalize();
    assert!(matches!(message.payload, NetlinkPayload::InnerMessage(_)));
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// A route that goes somewhere in the main table, as far as its header says.
pub(crate) fn route(family: AddressFamily, length: u8, attributes: Vec<RouteAttribute>) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: family,
        destination_prefix_length: length,
        source_prefix_length: 0,
        tos: 0,
        table: RouteHeader::RT_TABLE_MAIN,
        protocol: RouteProtocol::Bgp,
        scope: RouteScope::Universe,
        kind: RouteType::Unicast,
        flags: RouteFlags::empty(),
    };
    message.attributes = attributes;
    message
}

/// A next hop of several.
pub(crate) fn next_hop(interface: u32, flags: RouteNextHopFlags, attribute: RouteAttribute) -> RouteNextHop {
    let mut hop = RouteNextHop::default();
    (hop.flags, hop.interface_index, hop.attributes) = (flags, interface, vec![attribute]);
    hop
}

/// A route of ours in the main table.
pub(crate) fn key(prefix: &str) -> RouteKey {
    RouteKey { prefix: prefix.parse().unwrap(), table: 254, protocol: 186, metric: 20 }
}

/// A next hop behind an interface.
pub(crate) fn hop(gateway: &str, interface: u32) -> Hop {
    Hop { gateway: Some(gateway.parse().unwrap()), interface, onlink: false }
}
