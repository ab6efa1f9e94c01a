//! NOTIFICATION.

use crier_core::attrs::tlv::Writer;
use crier_core::wire::header::{Frame, HEADER_LEN, Kind, MAX_LEN, frame};
use crier_core::wire::notification::{MAX_DATA, Notification};

/// The body of any NOTIFICATION has a meaning; what is kept of it survives the wire, and is safe to show.
pub fn check(data: &[u8]) {
    let notification = Notification::parse(data);
    // One that is too short to have a code has data all the same.
    let expected = if data.len() < 2 { data.len() } else { data.len() - 2 };
    assert_eq!(notification.data.len(), expected.min(MAX_DATA));
    goes_out_and_comes_back(&notification);
    let shown = notification.to_string();
    assert!(!shown.chars().any(|found| found.is_control()), "{shown:?}");
}

/// Written and read it is the same.
pub(crate) fn goes_out_and_comes_back(notification: &Notification) {
    let mut room = [0; HEADER_LEN + 2 + MAX_DATA];
    let mut writer = Writer::new(&mut room);
    assert!(notification.encode(&mut writer).is_ok());
    match frame(writer.written(), MAX_LEN) {
        Frame::Message { kind: Kind::Notification, body, len } => {
            assert_eq!(len, writer.len());
            assert_eq!(Notification::parse(body), *notification);
        }
        other => panic!("{other:?}"),
    }
}
