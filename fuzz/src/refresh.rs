//! ROUTE-REFRESH.

use crier_core::attrs::tlv::Writer;
use crier_core::wire::header::{Frame, HEADER_LEN, Kind, MAX_LEN, frame};
use crier_core::wire::refresh::Refresh;

/// What is understood survives the wire; a wrong length, and nothing else, is a fault.
pub fn check(data: &[u8]) {
    match Refresh::parse(data) {
        Ok(None) => assert_eq!(data.len(), 4),
        Ok(Some(refresh)) => {
            let mut room = [0; HEADER_LEN + 4];
            let mut writer = Writer::new(&mut room);
            assert!(refresh.encode(&mut writer).is_ok());
            match frame(writer.written(), MAX_LEN) {
                Frame::Message { kind: Kind::RouteRefresh, body, .. } => assert_eq!(body, data),
                other => panic!("{other:?}"),
            }
        }
        Err(fault) => {
            assert_ne!(data.len(), 4);
            assert_eq!((fault.code, fault.subcode), (7, 1));
            crate::notification::goes_out_and_comes_back(&fault);
        }
    }
}
