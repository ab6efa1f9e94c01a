//! Which NOTIFICATIONs a speaker may send whose neighbors are all crier, over TCP that lets no damage through: nobody there
//! sends anything malformed, or anything out of its turn.

use super::offer::Offer;
use crate::sim::judge::message::Open;

/// Hold Timer Expired; when it may come is for the clock to say.
pub(crate) const HOLD_TIMER: u8 = 4;
/// Send Hold Timer Expired (RFC 9687); likewise.
pub(crate) const SEND_HOLD_TIMER: u8 = 8;

/// OPEN Message Error.
const OPEN: u8 = 2;
/// Cease, with subcodes up to Out of Resources (RFC 4486).
const CEASE: u8 = 6;
const CEASE_SUBCODES: std::ops::RangeInclusive<u8> = 1..=8;

/// Whether a speaker may send this. `theirs` is the OPEN that it has read.
///
/// # Errors
/// What it claims, though it cannot be so.
pub(super) fn check(code: u8, subcode: u8, offer: &Offer, theirs: Option<&Open>) -> Result<(), String> {
    let right = match code {
        OPEN => theirs.is_some_and(|theirs| offer.refusals(theirs).contains(&subcode)),
        HOLD_TIMER | SEND_HOLD_TIMER => subcode == 0,
        CEASE => CEASE_SUBCODES.contains(&subcode),
        _ => false,
    };
    if right { Ok(()) } else { Err(format!("NOTIFICATION {code}/{subcode}, for which there was no reason")) }
}
