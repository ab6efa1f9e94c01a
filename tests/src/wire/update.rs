//! UPDATE messages: written by hand, and read as far as counting prefixes needs.

use std::net::Ipv4Addr;

use super::{UPDATE, message};

/// An IPv4 prefix: address and length.
pub type Prefix = (u32, u8);

/// Writes a prefix as NLRI (RFC 4271, 4.3).
pub fn push_prefix(out: &mut Vec<u8>, (address, length): Prefix) {
    out.push(length);
    out.extend(address.to_be_bytes().iter().take(usize::from(length.div_ceil(8))));
}

/// Reads NLRI from the front of `bytes`, giving each prefix to `each`; how many there were, `None` where they make no sense.
pub fn each_prefix(mut bytes: &[u8], mut each: impl FnMut(Prefix)) -> Option<u32> {
    let mut count = 0;
    while let Some((&length, rest)) = bytes.split_first() {
        let (octets, rest) = rest.split_at_checked(usize::from(length.div_ceil(8)))?;
        let mut address = [0; 4];
        address.get_mut(..octets.len())?.copy_from_slice(octets);
        each((u32::from_be_bytes(address), length));
        bytes = rest;
        count += 1;
    }
    Some(count)
}

/// The two lists of IPv4 prefixes in the body of an UPDATE: withdrawn and announced.
pub fn prefix_fields(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first_chunk()?;
    let (withdrawn, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (length, rest) = rest.split_first_chunk()?;
    let (_, announced) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((withdrawn, announced))
}

/// Path attributes with the usual flags, in the order of their types.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    bytes: Vec<u8>,
}

impl Attributes {
    /// The three mandatory ones of an IPv4 route: ORIGIN IGP, AS_PATH of four-octet numbers, NEXT_HOP.
    pub fn new(as_path: &[u32], next_hop: Ipv4Addr) -> Self {
        let mut path = Vec::new();
        if !as_path.is_empty() {
            path.extend([2, as_path.len() as u8]);
            path.extend(as_path.iter().flat_map(|asn| asn.to_be_bytes()));
        }
        Self::default().with(0x40, 1, &[0]).with(0x40, 2, &path).with(0x40, 3, &next_hop.octets())
    }

    /// With one more attribute.
    #[must_use]
    pub fn with(mut self, flags: u8, kind: u8, value: &[u8]) -> Self {
        self.push(flags, kind, value);
        self
    }

    /// Adds one more attribute.
    pub fn push(&mut self, flags: u8, kind: u8, value: &[u8]) {
        match u8::try_from(value.len()) {
            Ok(length) => self.bytes.extend([flags, kind, length]),
            Err(_) => {
                self.bytes.extend([flags | 0x10, kind]);
                self.bytes.extend((value.len() as u16).to_be_bytes());
            }
        }
        self.bytes.extend(value);
    }

    /// An UPDATE that announces `nlri`, encoded already, with these attributes.
    pub fn announce(&self, nlri: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0];
        body.extend((self.bytes.len() as u16).to_be_bytes());
        body.extend(&self.bytes);
        body.extend(nlri);
        message(UPDATE, &body)
    }
}

/// An UPDATE that withdraws `nlri`, encoded already.
pub fn withdraw(nlri: &[u8]) -> Vec<u8> {
    let mut body = (nlri.len() as u16).to_be_bytes().to_vec();
    body.extend(nlri);
    body.extend([0, 0]);
    message(UPDATE, &body)
}
