//! NOTIFICATIONs in words (RFC 4271, 4.5; RFC 4486; RFC 6608; RFC 9003; RFC 8538; RFC 9687).

use crier_core::wire::notification::Notification;

use crate::text::escape_bytes;

/// The name of an error and its subcode: `Cease / Administrative Shutdown`.
pub fn code_name(code: u8, subcode: u8) -> String {
    let (error, detail): (&str, Option<&str>) = match (code, subcode) {
        (1, sub) => ("Message Header Error", header(sub)),
        (2, sub) => ("OPEN Message Error", open(sub)),
        (3, sub) => ("UPDATE Message Error", update(sub)),
        (4, _) => ("Hold Timer Expired", None),
        (5, sub) => ("Finite State Machine Error", fsm(sub)),
        (6, sub) => ("Cease", cease(sub)),
        (7, 1) => ("ROUTE-REFRESH Message Error", Some("Invalid Message Length")),
        (7, _) => ("ROUTE-REFRESH Message Error", None),
        (8, _) => ("Send Hold Timer Expired", None),
        _ => return format!("error {code} / {subcode}"),
    };
    match (detail, subcode) {
        (Some(detail), _) => format!("{error} / {detail}"),
        (None, 0) => error.to_owned(),
        (None, sub) => format!("{error} / {sub}"),
    }
}

/// The shutdown communication in a NOTIFICATION, escaped: what the neighbor's operator wrote (RFC 9003). `None` where
/// there is none, or where its length does not fit the data.
pub fn communication(notification: &Notification) -> Option<String> {
    // RFC 9003, 2: only Administrative Shutdown and Administrative Reset carry one.
    if notification.code != 6 || !matches!(notification.subcode, 2 | 4) {
        return None;
    }
    let (&len, text) = notification.data.split_first()?;
    text.get(..usize::from(len)).filter(|text| !text.is_empty()).map(escape_bytes)
}

/// A NOTIFICATION in one line: its name, and the communication if there is one.
pub fn notification(notification: &Notification) -> String {
    let name = code_name(notification.code, notification.subcode);
    match communication(notification) {
        Some(text) => format!("{name}: {text}"),
        None => name,
    }
}

fn header(sub: u8) -> Option<&'static str> {
    ["Connection Not Synchronized", "Bad Message Length", "Bad Message Type"]
        .get(usize::from(sub).checked_sub(1)?)
        .copied()
}

fn open(sub: u8) -> Option<&'static str> {
    Some(match sub {
        1 => "Unsupported Version Number",
        2 => "Bad Peer AS",
        3 => "Bad BGP Identifier",
        4 => "Unsupported Optional Parameter",
        6 => "Unacceptable Hold Time",
        7 => "Unsupported Capability",
        11 => "Role Mismatch",
        _ => return None,
    })
}

fn update(sub: u8) -> Option<&'static str> {
    Some(match sub {
        1 => "Malformed Attribute List",
        2 => "Unrecognized Well-known Attribute",
        3 => "Missing Well-known Attribute",
        4 => "Attribute Flags Error",
        5 => "Attribute Length Error",
        6 => "Invalid ORIGIN Attribute",
        8 => "Invalid NEXT_HOP Attribute",
        9 => "Optional Attribute Error",
        10 => "Invalid Network Field",
        11 => "Malformed AS_PATH",
        _ => return None,
    })
}

fn fsm(sub: u8) -> Option<&'static str> {
    let states = [
        "Unexpected Message in OpenSent",
        "Unexpected Message in OpenConfirm",
        "Unexpected Message in Established",
    ];
    states.get(usize::from(sub).checked_sub(1)?).copied()
}

fn cease(sub: u8) -> Option<&'static str> {
    let names = [
        "Maximum Number of Prefixes Reached",
        "Administrative Shutdown",
        "Peer De-configured",
        "Administrative Reset",
        "Connection Rejected",
        "Other Configuration Change",
        "Connection Collision Resolution",
        "Out of Resources",
        "Hard Reset",
        "BFD Down",
    ];
    names.get(usize::from(sub).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cease_with(data: &[u8]) -> Notification {
        let mut notification = Notification { code: 6, subcode: 2, ..Notification::default() };
        notification.data.extend_from_slice(data).unwrap();
        notification
    }

    #[test]
    fn errors_have_the_names_of_the_registry() {
        assert_eq!(code_name(6, 2), "Cease / Administrative Shutdown");
        assert_eq!(code_name(2, 2), "OPEN Message Error / Bad Peer AS");
        assert_eq!(code_name(4, 0), "Hold Timer Expired");
        assert_eq!(code_name(6, 0), "Cease");
        assert_eq!(code_name(6, 99), "Cease / 99");
        assert_eq!(code_name(77, 1), "error 77 / 1");
    }

    #[test]
    fn a_communication_is_shown_escaped() {
        assert_eq!(notification(&cease_with(b"\x04bye\x1b")), "Cease / Administrative Shutdown: bye\\u{1b}");
    }

    #[test]
    fn a_communication_that_lies_about_its_length_is_not_shown() {
        assert_eq!(notification(&cease_with(b"\xffbye")), "Cease / Administrative Shutdown");
        assert_eq!(communication(&cease_with(b"")), None);
        assert_eq!(communication(&cease_with(b"\x00")), None);
        let other = Notification { subcode: 5, ..cease_with(b"\x03bye") };
        assert_eq!(communication(&other), None);
    }
}
