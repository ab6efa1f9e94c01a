//! Reading what a speaker sends as the neighbor that it is sent to.

use crier_core::FamilySet;
use crier_core::view::{PeerView, Reason};
use crier_core::wire::attributes::{Context, parse};
use crier_core::wire::header::{Frame, Kind, MAX_EXTENDED_LEN, MAX_LEN, frame};
use crier_core::wire::open::Open;
use crier_core::wire::refresh::Refresh;
use crier_core::wire::update::split;

/// What a neighbor reads UPDATEs by: loops through itself are none of its concern here.
pub(crate) fn context(peer: &PeerView<'_>) -> Option<(Context, usize)> {
    let agreed = peer.negotiated?;
    let internal = peer.remote_asn == Some(peer.local_asn);
    let max = if agreed.extended_messages { MAX_EXTENDED_LEN } else { MAX_LEN };
    let context = Context {
        as4: agreed.as4,
        internal,
        families: agreed.families,
        extended_next_hop: agreed.extended_next_hop,
        local_asn: 0,
        // An AS number that does not fit stands as AS_TRANS for a neighbor of old (RFC 6793, 4.2.2).
        remote_asn: if agreed.as4 {
            peer.local_asn
        } else {
            u16::try_from(peer.local_asn).map_or(23456, u32::from)
        },
        router_id: 0,
        enforce_first_as: !internal,
        allow_loopback_next_hop: true,
        max_as_path: u16::MAX,
    };
    Some((context, max))
}

/// Every message is whole, and there is nothing wrong with it. `agreed` is what the session's UPDATEs are read by.
pub(crate) fn messages(mut bytes: &[u8], agreed: Option<&(Context, usize)>) {
    while !bytes.is_empty() {
        let max = agreed.map_or(MAX_LEN, |(_, max)| *max);
        let Frame::Message { kind, body, len } = frame(bytes, max) else {
            panic!("no message: {bytes:?}");
        };
        bytes = &bytes[len..];
        match kind {
            Kind::Open => assert!(Open::parse(body).is_ok()),
            Kind::RouteRefresh => assert!(matches!(Refresh::parse(body), Ok(Some(_)))),
            Kind::Keepalive | Kind::Notification => {}
            Kind::Update => match agreed {
                Some((context, _)) => update(context, body),
                None => panic!("an UPDATE without a session"),
            },
        }
    }
}

fn update(context: &Context, body: &[u8]) {
    let parts = split(body);
    let Ok(parts) = parts else { panic!("{parts:?}") };
    assert_eq!(parts.check_prefixes(), Ok(()));
    let mut room = vec![0; body.len() * 3 + 64];
    let parsed = parse(context, parts.attributes, !parts.nlri.is_empty(), &mut room);
    let Ok(parsed) = parsed else { panic!("{parsed:?} of {body:?}") };
    assert!(parsed.withdraw.is_none() && parsed.discarded.is_none(), "{parsed:?} of {body:?}");
    assert_eq!(parsed.refuse, Reason::None, "{body:?}");
    assert_ne!(context.families, FamilySet::EMPTY);
}
