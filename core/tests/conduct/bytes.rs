//! Bytes as a neighbor would send them, right or wrong.

pub(crate) const OPEN: u8 = 1;
pub(crate) const UPDATE: u8 = 2;
pub(crate) const NOTIFICATION: u8 = 3;
pub(crate) const KEEPALIVE: u8 = 4;
pub(crate) const REFRESH: u8 = 5;

/// Flags of well-known attributes, of optional non-transitive ones, and of optional transitive ones.
pub(crate) const WELL_KNOWN: u8 = 0x40;
pub(crate) const OPTIONAL: u8 = 0x80;
pub(crate) const TRANSITIVE: u8 = 0xC0;

/// A header that says this length, and this type.
pub(crate) fn header(len: u16, kind: u8) -> Vec<u8> {
    let mut bytes = vec![0xFF; 16];
    bytes.extend(len.to_be_bytes());
    bytes.push(kind);
    bytes
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = header((body.len() + 19) as u16, kind);
    bytes.extend(body);
    bytes
}

pub(crate) fn keepalive() -> Vec<u8> {
    message(KEEPALIVE, &[])
}

/// An OPEN's body: the fixed part with these numbers, and what follows the octet that counts the optional parameters.
pub(crate) fn open_body(asn: u16, hold: u16, id: [u8; 4], parameters: &[u8]) -> Vec<u8> {
    let mut body = vec![4];
    body.extend(asn.to_be_bytes());
    body.extend(hold.to_be_bytes());
    body.extend(id);
    body.push(parameters.len() as u8);
    body.extend(parameters);
    body
}

/// One optional parameter of capabilities.
pub(crate) fn capabilities(list: &[u8]) -> Vec<u8> {
    [&[2, list.len() as u8], list].concat()
}

pub(crate) fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    match u8::try_from(value.len()) {
        Ok(len) => [&[flags, code, len], value].concat(),
        Err(_) => extended(flags, code, value),
    }
}

/// An attribute whose length takes two octets.
pub(crate) fn extended(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let [high, low] = (value.len() as u16).to_be_bytes();
    [&[flags | 0x10, code, high, low], value].concat()
}

/// AS_PATH's value: one AS_SEQUENCE.
pub(crate) fn path4(numbers: &[u32]) -> Vec<u8> {
    let mut value = vec![2, numbers.len() as u8];
    value.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    value
}

/// Likewise with AS numbers of two octets.
pub(crate) fn path2(numbers: &[u16]) -> Vec<u8> {
    let mut value = vec![2, numbers.len() as u8];
    value.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    value
}

/// An UPDATE of these three fields.
pub(crate) fn update(withdrawn: &[u8], attributes: &[u8], nlri: &[u8]) -> Vec<u8> {
    let mut body = (withdrawn.len() as u16).to_be_bytes().to_vec();
    body.extend(withdrawn);
    body.extend((attributes.len() as u16).to_be_bytes());
    body.extend(attributes);
    body.extend(nlri);
    message(UPDATE, &body)
}

/// MP_REACH_NLRI's value.
pub(crate) fn reach(afi: u16, safi: u8, next_hop: &[u8], nlri: &[u8]) -> Vec<u8> {
    let [high, low] = afi.to_be_bytes();
    [&[high, low, safi, next_hop.len() as u8], next_hop, &[0], nlri].concat()
}

/// MP_UNREACH_NLRI's value.
pub(crate) fn unreach(afi: u16, safi: u8, nlri: &[u8]) -> Vec<u8> {
    let [high, low] = afi.to_be_bytes();
    [&[high, low, safi], nlri].concat()
}
