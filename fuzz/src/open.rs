//! OPEN and its capabilities.

use crier_core::attrs::tlv::Writer;
use crier_core::wire::capability::{self, MAX_KEPT};
use crier_core::wire::header::{Frame, Kind, MAX_LEN, frame};
use crier_core::wire::open::{Open, OpenParams, encode_open};

/// What an OPEN says, said in our words, is read as the same; every fault is an OPEN Message Error.
pub fn check(data: &[u8]) {
    let open = match Open::parse(data) {
        Ok(open) => open,
        Err(fault) => {
            // Too short is Bad Message Length (RFC 4271, 6.2).
            assert!(fault.code == 2 || (fault.code, fault.subcode) == (1, 2));
            crate::notification::goes_out_and_comes_back(&fault);
            return;
        }
    };
    assert!(open.hold == 0 || open.hold >= 3);
    assert!(!open.router_id.is_unspecified());
    let said = &open.capabilities;
    assert!(said.kept.len() <= MAX_KEPT);
    let kept: usize = capability::iter(&said.kept).map(|tlv| tlv.raw.len()).sum();
    assert_eq!(kept, said.kept.len(), "half a capability is kept");

    let restart = said.graceful_restart;
    let ours = OpenParams {
        asn: open.asn(),
        hold: open.hold,
        router_id: open.router_id,
        families: said.families,
        extended_next_hop: said.extended_next_hop,
        extended_messages: said.extended_messages,
        restart: restart.map(|restart| restart.time),
        restarting: restart.is_some_and(|restart| restart.restarting),
        forwarding: restart.map_or(said.families, |restart| restart.forwarding),
    };
    let mut room = [0; MAX_LEN];
    let mut writer = Writer::new(&mut room);
    assert!(encode_open(&mut writer, &ours).is_ok());
    let Frame::Message { kind: Kind::Open, body, .. } = frame(writer.written(), MAX_LEN) else {
        panic!("no OPEN: {:?}", writer.written());
    };
    let again = Open::parse(body);
    let Ok(again) = again else { panic!("{again:?}") };
    let heard = &again.capabilities;
    assert_eq!((again.asn(), again.hold, again.router_id), (open.asn(), open.hold, open.router_id));
    assert_eq!((heard.families, heard.multiprotocol), (said.families, !said.families.is_empty()));
    assert_eq!(heard.extended_next_hop, said.extended_next_hop);
    assert_eq!(heard.extended_messages, said.extended_messages);
    let time = |restart: Option<crier_core::view::GracefulRestart>| restart.map_or(0, |it| it.time);
    assert_eq!(time(heard.graceful_restart), time(restart));
    assert_eq!(
        heard.graceful_restart.map(|it| (it.restarting, it.forwarding)),
        Some((ours.restarting, ours.forwarding.intersection(restart.map_or(NONE, |_| said.families))))
    );
}

const NONE: crier_core::FamilySet = crier_core::FamilySet::EMPTY;
