//! Headers: a stream of bytes as messages.
//!
//! The first byte says whether extended messages were agreed on; the rest is the stream.

use crier_core::attrs::tlv::Writer;
use crier_core::wire::header::{Frame, HEADER_LEN, MAX_EXTENDED_LEN, MAX_LEN, frame, put_message};

/// Every message found is written again as it was, what is cut off is asked for, and every fault is a NOTIFICATION.
pub fn check(data: &[u8]) {
    let Some((&first, mut rest)) = data.split_first() else { return };
    let max = if first & 1 == 0 { MAX_LEN } else { MAX_EXTENDED_LEN };
    loop {
        match frame(rest, max) {
            Frame::Message { kind, body, len } => {
                assert_eq!(len, body.len() + HEADER_LEN);
                assert!(len <= max && len <= rest.len());
                let mut room = vec![0; len];
                let mut writer = Writer::new(&mut room);
                let written = put_message(&mut writer, kind, |out| out.put(body));
                assert!(written.is_ok() && writer.written() == &rest[..len]);
                cut(&rest[..len], max);
                rest = &rest[len..];
            }
            Frame::Incomplete { needed } => {
                assert!(needed > rest.len() && needed <= max);
                return;
            }
            Frame::Fault(fault) => {
                assert_eq!(fault.code, 1);
                crate::notification::goes_out_and_comes_back(&fault);
                return;
            }
        }
    }
}

/// However much of a message is there, it is never called anything but incomplete.
fn cut(message: &[u8], max: usize) {
    for len in (0..message.len().min(HEADER_LEN + 2)).chain([message.len() - 1]) {
        match frame(&message[..len], max) {
            Frame::Incomplete { needed } => assert!(needed > len && needed <= message.len()),
            other => panic!("{len} bytes of a message are {other:?}"),
        }
    }
}
