//! Error codes and subcodes of NOTIFICATIONs, by the names of the IANA registry "BGP Error (Notification) Codes".

use core::fmt;

/// Error code and subcode: what a NOTIFICATION is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode {
    /// Error code.
    pub code: u8,
    /// Error subcode; 0 where the code has none or none fits.
    pub subcode: u8,
}

/// Declares every code and subcode once: as constants, and as the names that people read.
macro_rules! codes {
    ($(
        $(#[$about:meta])* $module:ident, $code:literal, $name:literal {
            $($(#[$doc:meta])* $constant:ident = $subcode:literal, $text:literal;)*
        }
    )*) => {
        $(
            $(#[$about])*
            pub mod $module {
                use super::ErrorCode;
                $($(#[$doc])* pub const $constant: ErrorCode = ErrorCode { code: $code, subcode: $subcode };)*
            }
        )*

        impl ErrorCode {
            /// What went wrong, in words such as "Cease / Administrative Shutdown"; a subcode that has no name, and
            /// a code that has none, are called unknown.
            pub const fn name(self) -> &'static str {
                match (self.code, self.subcode) {
                    $(
                        $(($code, $subcode) => concat!($name, $text),)*
                        ($code, _) => concat!($name, " / unknown subcode"),
                    )*
                    _ => "unknown error",
                }
            }
        }
    };
}

codes! {
    /// Message Header Error (RFC 4271, 6.1).
    header, 1, "Message Header Error" {
        /// None of the others.
        UNSPECIFIC = 0, "";
        /// The marker is not all ones.
        CONNECTION_NOT_SYNCHRONIZED = 1, " / Connection Not Synchronized";
        /// Data: the length field at fault.
        BAD_MESSAGE_LENGTH = 2, " / Bad Message Length";
        /// Data: the type field at fault.
        BAD_MESSAGE_TYPE = 3, " / Bad Message Type";
    }
    /// OPEN Message Error (RFC 4271, 6.2).
    open, 2, "OPEN Message Error" {
        /// A part that is known but malformed.
        UNSPECIFIC = 0, "";
        /// Data: the version supported, in two octets.
        UNSUPPORTED_VERSION_NUMBER = 1, " / Unsupported Version Number";
        /// Not the AS number that was expected, or none that a neighbor may have (RFC 7607).
        BAD_PEER_AS = 2, " / Bad Peer AS";
        /// Zero, or our own on an internal session (RFC 6286).
        BAD_BGP_IDENTIFIER = 3, " / Bad BGP Identifier";
        /// A parameter that is no list of capabilities.
        UNSUPPORTED_OPTIONAL_PARAMETER = 4, " / Unsupported Optional Parameter";
        /// One or two seconds.
        UNACCEPTABLE_HOLD_TIME = 6, " / Unacceptable Hold Time";
        /// Data: the capabilities that the sender misses (RFC 5492, 5).
        UNSUPPORTED_CAPABILITY = 7, " / Unsupported Capability";
        /// RFC 9234, 4.2.
        ROLE_MISMATCH = 11, " / Role Mismatch";
    }
    /// UPDATE Message Error (RFC 4271, 6.3, as far as RFC 7606 leaves it).
    update, 3, "UPDATE Message Error" {
        /// None of the others.
        UNSPECIFIC = 0, "";
        /// Lengths that do not fit each other.
        MALFORMED_ATTRIBUTE_LIST = 1, " / Malformed Attribute List";
        /// Data: the attribute.
        UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE = 2, " / Unrecognized Well-known Attribute";
        /// Data: the attribute's type code.
        MISSING_WELL_KNOWN_ATTRIBUTE = 3, " / Missing Well-known Attribute";
        /// Data: the attribute.
        ATTRIBUTE_FLAGS_ERROR = 4, " / Attribute Flags Error";
        /// Data: the attribute.
        ATTRIBUTE_LENGTH_ERROR = 5, " / Attribute Length Error";
        /// Data: the attribute.
        INVALID_ORIGIN_ATTRIBUTE = 6, " / Invalid ORIGIN Attribute";
        /// Data: the attribute.
        INVALID_NEXT_HOP_ATTRIBUTE = 8, " / Invalid NEXT_HOP Attribute";
        /// Data: the attribute.
        OPTIONAL_ATTRIBUTE_ERROR = 9, " / Optional Attribute Error";
        /// A prefix that cannot be read.
        INVALID_NETWORK_FIELD = 10, " / Invalid Network Field";
        /// AS_PATH.
        MALFORMED_AS_PATH = 11, " / Malformed AS_PATH";
    }
    /// Hold Timer Expired (RFC 4271, 6.5).
    hold_timer, 4, "Hold Timer Expired" {
        /// Nothing came for the hold time.
        EXPIRED = 0, "";
    }
    /// Finite State Machine Error (RFC 4271, 6.6; subcodes RFC 6608).
    fsm, 5, "Finite State Machine Error" {
        /// An event that is no message.
        UNSPECIFIED = 0, "";
        /// A message other than OPEN.
        UNEXPECTED_IN_OPEN_SENT = 1, " / Receive Unexpected Message in OpenSent State";
        /// A message other than KEEPALIVE.
        UNEXPECTED_IN_OPEN_CONFIRM = 2, " / Receive Unexpected Message in OpenConfirm State";
        /// A second OPEN.
        UNEXPECTED_IN_ESTABLISHED = 3, " / Receive Unexpected Message in Established State";
    }
    /// Cease (RFC 4271, 6.7; subcodes RFC 4486).
    cease, 6, "Cease" {
        /// No reason given (RFC 4271, 6.7).
        UNSPECIFIC = 0, "";
        /// May say which family and limit.
        MAXIMUM_NUMBER_OF_PREFIXES_REACHED = 1, " / Maximum Number of Prefixes Reached";
        /// May carry a shutdown communication (RFC 9003).
        ADMINISTRATIVE_SHUTDOWN = 2, " / Administrative Shutdown";
        /// The neighbor is no longer configured.
        PEER_DE_CONFIGURED = 3, " / Peer De-configured";
        /// May carry a shutdown communication (RFC 9003).
        ADMINISTRATIVE_RESET = 4, " / Administrative Reset";
        /// Not wanted after TCP had been accepted.
        CONNECTION_REJECTED = 5, " / Connection Rejected";
        /// A change that a session cannot follow.
        OTHER_CONFIGURATION_CHANGE = 6, " / Other Configuration Change";
        /// The other of two connections is kept (RFC 4271, 6.8).
        CONNECTION_COLLISION_RESOLUTION = 7, " / Connection Collision Resolution";
        /// Want of memory.
        OUT_OF_RESOURCES = 8, " / Out of Resources";
        /// Nothing is to be kept over this end (RFC 8538, 3.1).
        HARD_RESET = 9, " / Hard Reset";
        /// RFC 9384.
        BFD_DOWN = 10, " / BFD Down";
    }
    /// ROUTE-REFRESH Message Error (RFC 7313, 5).
    refresh, 7, "ROUTE-REFRESH Message Error" {
        /// Reserved.
        UNSPECIFIC = 0, "";
        /// Data: the whole message.
        INVALID_MESSAGE_LENGTH = 1, " / Invalid Message Length";
    }
    /// Send Hold Timer Expired (RFC 9687).
    send_hold_timer, 8, "Send Hold Timer Expired" {
        /// The neighbor took nothing for the send hold time.
        EXPIRED = 0, "";
    }
}

/// The name; with the numbers where they have none.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if self.name().contains("unknown") {
            write!(f, " ({}/{})", self.code, self.subcode)?;
        }
        Ok(())
    }
}
