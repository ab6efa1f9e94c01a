//! UPDATEs under construction: prefixes are appended to the open message until it, or the buffer, is full.

use crate::attrs::tlv::{code, flag};
use crate::family::{AddressFamily, Family, Net};
use crate::wire::header::{HEADER_LEN, Kind};
use crate::wire::nlri;

/// What the open message does with its prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Announce,
    Withdraw,
}

/// The message that prefixes are being appended to.
#[derive(Clone, Copy, Debug)]
struct Open {
    start: usize,
    /// Where the next prefix goes, and where prefixes must end so that what follows them still fits.
    at: usize,
    end: usize,
    purpose: Purpose,
    /// Its prefixes stand in MP_REACH_NLRI or MP_UNREACH_NLRI.
    multiprotocol: bool,
    /// Where the prefixes began.
    first: usize,
}

/// Packs UPDATEs of one family into a buffer.
#[derive(Debug)]
pub(crate) struct Packer<'b> {
    out: &'b mut [u8],
    /// End of the finished messages.
    len: usize,
    max_message: usize,
    open: Option<Open>,
    /// Messages begun, and prefixes in them.
    pub(crate) messages: u32,
    pub(crate) prefixes: u32,
}

/// What is announced alike: attributes without MP_REACH_NLRI, and the next hop that MP_REACH_NLRI carries; `None`: NEXT_HOP
/// is among the attributes, and there is no MP_REACH_NLRI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) mp_next_hop: Option<&'a [u8]>,
}

/// Why an announcement could not be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The buffer has no room left; later it will.
    Buffer,
    /// The attributes fit no message that this neighbor takes.
    Message,
}

/// The marker of every message (RFC 4271, 4.1).
const MARKER: [u8; 16] = [0xFF; 16];
/// Bytes between the header and the path attributes: both lengths.
const LENGTHS: usize = 4;
/// MP_REACH_NLRI up to the next hop: header with extended length, AFI, SAFI, length of the next hop.
const MP_REACH_FIXED: usize = 4 + 4;
/// MP_UNREACH_NLRI up to the prefixes: header with extended length, AFI, SAFI.
const MP_UNREACH_FIXED: usize = 4 + 3;

impl<'b> Packer<'b> {
    pub(crate) fn new(out: &'b mut [u8], len: usize, max_message: usize) -> Self {
        Self { out, len, max_message, open: None, messages: 0, prefixes: 0 }
    }

    /// Bytes of finished messages in the buffer; closes the open one.
    pub(crate) fn finish(&mut self, attributes: Option<Attributes<'_>>) -> usize {
        self.close(attributes);
        self.len
    }

    /// A place to come back to with [`Packer::roll_back`]; no message may be open.
    pub(crate) fn mark(&self) -> (usize, u32, u32) {
        (self.len, self.messages, self.prefixes)
    }

    /// Forgets everything since `mark`.
    pub(crate) fn roll_back(&mut self, mark: (usize, u32, u32)) {
        self.open = None;
        (self.len, self.messages, self.prefixes) = mark;
    }

    /// Appends a prefix to the open announcement; false if there is none or it is full.
    #[inline]
    pub(crate) fn announce<F: AddressFamily>(&mut self, net: Net<F>) -> bool {
        self.append(net, Purpose::Announce)
    }

    /// Appends a prefix to the open withdrawal; false if there is none or it is full.
    #[inline]
    pub(crate) fn withdraw<F: AddressFamily>(&mut self, net: Net<F>) -> bool {
        self.append(net, Purpose::Withdraw)
    }

    #[inline]
    fn append<F: AddressFamily>(&mut self, net: Net<F>, purpose: Purpose) -> bool {
        let Some(open) = &mut self.open else { return false };
        let mut bytes = [0; 17];
        let len = nlri::encode(net, &mut bytes);
        if open.purpose != purpose || open.at + len > open.end {
            return false;
        }
        self.out[open.at..open.at + len].copy_from_slice(&bytes[..len]);
        open.at += len;
        self.prefixes += 1;
        true
    }

    /// Begins an announcement with these attributes. The former message must have been closed.
    pub(crate) fn begin_announce<F: AddressFamily>(&mut self, with: Attributes<'_>) -> Result<(), Unfit> {
        debug_assert!(self.open.is_none());
        let (before, after) = match with.mp_next_hop {
            None => (HEADER_LEN + LENGTHS + with.bytes.len(), 0),
            Some(next_hop) => (HEADER_LEN + LENGTHS + MP_REACH_FIXED + next_hop.len() + 1, with.bytes.len()),
        };
        self.begin::<F>(before, after, Purpose::Announce, with.mp_next_hop.is_some())?;
        let start = self.len;
        match with.mp_next_hop {
            None => {
                self.put(start + HEADER_LEN, &[0, 0]);
                self.put(start + HEADER_LEN + 2, &(with.bytes.len() as u16).to_be_bytes());
                self.put(start + HEADER_LEN + LENGTHS, with.bytes);
            }
            Some(next_hop) => {
                let (afi, safi) = F::FAMILY.afi_safi();
                let [high, low] = afi.to_be_bytes();
                let at = start + HEADER_LEN;
                self.put(at, &[0, 0, 0, 0]);
                // RFC 7606, 5.1: MP_REACH_NLRI is the first attribute.
                let flags = flag::OPTIONAL | flag::EXTENDED_LENGTH;
                let next_hop_len = next_hop.len() as u8;
                let fixed = [flags, code::MP_REACH_NLRI, 0, 0, high, low, safi, next_hop_len];
                self.put(at + LENGTHS, &fixed);
                self.put(at + LENGTHS + MP_REACH_FIXED, next_hop);
                self.put(at + LENGTHS + MP_REACH_FIXED + next_hop.len(), &[0]);
            }
        }
        Ok(())
    }

    /// Begins a withdrawal. The former message must have been closed.
    pub(crate) fn begin_withdraw<F: AddressFamily>(&mut self) -> Result<(), Unfit> {
        debug_assert!(self.open.is_none());
        let at = self.len + HEADER_LEN;
        match F::FAMILY {
            Family::Ipv4Unicast => self.begin::<F>(HEADER_LEN + 2, 2, Purpose::Withdraw, false),
            Family::Ipv6Unicast => {
                let before = HEADER_LEN + LENGTHS + MP_UNREACH_FIXED;
                self.begin::<F>(before, 0, Purpose::Withdraw, true)?;
                let (afi, safi) = F::FAMILY.afi_safi();
                let [high, low] = afi.to_be_bytes();
                self.put(at, &[0, 0, 0, 0]);
                let flags = flag::OPTIONAL | flag::EXTENDED_LENGTH;
                self.put(at + LENGTHS, &[flags, code::MP_UNREACH_NLRI, 0, 0, high, low, safi]);
                Ok(())
            }
        }
    }

    fn begin<F: AddressFamily>(
        &mut self,
        before: usize,
        after: usize,
        purpose: Purpose,
        multiprotocol: bool,
    ) -> Result<(), Unfit> {
        let prefix = longest::<F>();
        if before + prefix + after > self.max_message {
            return Err(Unfit::Message);
        }
        let room = (self.out.len() - self.len).min(self.max_message);
        if before + prefix + after > room {
            return Err(Unfit::Buffer);
        }
        let start = self.len;
        let (at, end) = (start + before, start + room - after);
        self.open = Some(Open { start, at, end, purpose, multiprotocol, first: at });
        self.messages += 1;
        Ok(())
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.out[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Completes the open message, if there is one. `attributes` are those it was begun with.
    pub(crate) fn close(&mut self, attributes: Option<Attributes<'_>>) {
        let Some(open) = self.open.take() else { return };
        if open.at == open.first {
            self.messages -= 1;
            return;
        }
        let body = open.start + HEADER_LEN;
        let mut end = open.at;
        match (open.multiprotocol, open.purpose) {
            (false, Purpose::Announce) => {}
            (false, Purpose::Withdraw) => {
                self.put(body, &((end - open.first) as u16).to_be_bytes());
                self.put(end, &[0, 0]);
                end += 2;
            }
            (true, purpose) => {
                let mp = body + LENGTHS;
                self.put(mp + 2, &((end - mp - 4) as u16).to_be_bytes());
                if let (Purpose::Announce, Some(with)) = (purpose, attributes) {
                    self.put(end, with.bytes);
                    end += with.bytes.len();
                }
                self.put(body + 2, &((end - mp) as u16).to_be_bytes());
            }
        }
        self.put(open.start, &MARKER);
        self.put(open.start + 16, &((end - open.start) as u16).to_be_bytes());
        self.put(open.start + 18, &[Kind::Update as u8]);
        self.len = end;
    }

    /// Writes End-of-RIB (RFC 4724, 2); false if there is no room. No message may be open.
    pub(crate) fn end_of_rib(&mut self, family: Family) -> bool {
        let (afi, safi) = family.afi_safi();
        let [high, low] = afi.to_be_bytes();
        let unreach = [0, 0, 0, 6, flag::OPTIONAL, code::MP_UNREACH_NLRI, 3, high, low, safi];
        let body: &[u8] = match family {
            Family::Ipv4Unicast => &[0, 0, 0, 0],
            Family::Ipv6Unicast => &unreach,
        };
        let len = HEADER_LEN + body.len();
        if self.out.len() - self.len < len {
            return false;
        }
        let start = self.len;
        self.put(start, &MARKER);
        self.put(start + 16, &(len as u16).to_be_bytes());
        self.put(start + 18, &[Kind::Update as u8]);
        self.put(start + HEADER_LEN, body);
        self.len += len;
        true
    }
}

/// Bytes of the longest prefix of a family.
const fn longest<F: AddressFamily>() -> usize {
    1 + F::BITS as usize / 8
}
