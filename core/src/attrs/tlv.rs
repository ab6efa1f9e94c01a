//! Path attributes as type, length, value: reading the canonical bytes of a set, and writing them.

/// Type codes of path attributes (the IANA registry "BGP Path Attributes").
pub mod code {
    /// RFC 4271, 5.1.1.
    pub const ORIGIN: u8 = 1;
    /// RFC 4271, 5.1.2.
    pub const AS_PATH: u8 = 2;
    /// RFC 4271, 5.1.3.
    pub const NEXT_HOP: u8 = 3;
    /// RFC 4271, 5.1.4.
    pub const MULTI_EXIT_DISC: u8 = 4;
    /// RFC 4271, 5.1.5.
    pub const LOCAL_PREF: u8 = 5;
    /// RFC 4271, 5.1.6.
    pub const ATOMIC_AGGREGATE: u8 = 6;
    /// RFC 4271, 5.1.7.
    pub const AGGREGATOR: u8 = 7;
    /// RFC 1997.
    pub const COMMUNITIES: u8 = 8;
    /// RFC 4456.
    pub const ORIGINATOR_ID: u8 = 9;
    /// RFC 4456.
    pub const CLUSTER_LIST: u8 = 10;
    /// RFC 4760.
    pub const MP_REACH_NLRI: u8 = 14;
    /// RFC 4760.
    pub const MP_UNREACH_NLRI: u8 = 15;
    /// RFC 4360.
    pub const EXTENDED_COMMUNITIES: u8 = 16;
    /// RFC 6793.
    pub const AS4_PATH: u8 = 17;
    /// RFC 6793.
    pub const AS4_AGGREGATOR: u8 = 18;
    /// RFC 8092.
    pub const LARGE_COMMUNITIES: u8 = 32;
}

/// Bits of an attribute's flags octet (RFC 4271, 4.3).
pub mod flag {
    /// Not every speaker knows it.
    pub const OPTIONAL: u8 = 0x80;
    /// Passed on by speakers that do not know it.
    pub const TRANSITIVE: u8 = 0x40;
    /// Passed on by a speaker that did not know it.
    pub const PARTIAL: u8 = 0x20;
    /// The length takes two octets.
    pub const EXTENDED_LENGTH: u8 = 0x10;
}

/// One attribute of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Flags octet.
    pub flags: u8,
    /// Type code.
    pub code: u8,
    /// Value.
    pub value: &'a [u8],
    /// Header and value as they stand.
    pub raw: &'a [u8],
}

/// The attribute that `bytes` begin with, and what follows it. `None`: there is no whole one.
#[inline]
pub fn split_first(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (&[flags, code, len], _) = bytes.split_first_chunk::<3>()?;
    let (header, len) = if flags & flag::EXTENDED_LENGTH != 0 {
        (4, usize::from(u16::from_be_bytes([len, *bytes.get(3)?])))
    } else {
        (3, usize::from(len))
    };
    let (raw, rest) = bytes.split_at_checked(header + len)?;
    Some((Tlv { flags, code, value: raw.get(header..)?, raw }, rest))
}

/// The attributes in canonical `bytes`. Ends at the first byte that is no attribute, which canonical bytes lack.
pub fn iter(bytes: &[u8]) -> impl Iterator<Item = Tlv<'_>> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let (tlv, after) = split_first(rest)?;
        rest = after;
        Some(tlv)
    })
}

/// The value of the attribute with this code.
pub fn find(bytes: &[u8], code: u8) -> Option<&[u8]> {
    iter(bytes).find(|tlv| tlv.code == code).map(|tlv| tlv.value)
}

/// The output buffer has no room for what is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// Appends to a borrowed buffer, refusing what does not fit.
#[derive(Debug)]
pub struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Writes from the start of `buf`.
    pub fn new(buf: &'a mut [u8]) -> Self {
        Self { buf, len: 0 }
    }

    /// Bytes written.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that still fit.
    pub fn room(&self) -> usize {
        self.buf.len() - self.len
    }

    /// What was written.
    pub fn written(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or(&[])
    }

    /// Appends `bytes`.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let end = self.len.checked_add(bytes.len()).ok_or(NoRoom)?;
        self.buf.get_mut(self.len..end).ok_or(NoRoom)?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Overwrites `bytes.len()` bytes at `at`, which must have been written.
    pub fn patch(&mut self, at: usize, bytes: &[u8]) -> Result<(), NoRoom> {
        let end = at.checked_add(bytes.len()).filter(|&end| end <= self.len).ok_or(NoRoom)?;
        self.buf.get_mut(at..end).ok_or(NoRoom)?.copy_from_slice(bytes);
        Ok(())
    }

    /// What was written from `start` on, to be put in order before more follows.
    pub fn written_mut(&mut self, start: usize) -> &mut [u8] {
        self.buf.get_mut(start..self.len).unwrap_or_default()
    }

    /// Makes what was written from `start` on the value of an attribute: puts its header in front. For values whose
    /// length is known only once they are written.
    pub fn wrap_attribute(&mut self, start: usize, flags: u8, code: u8) -> Result<(), NoRoom> {
        let len = self.len.checked_sub(start).ok_or(NoRoom)?;
        let end = self.len;
        // The header is first written behind the value, which also finds out whether there is room for it.
        self.put_header(flags, code, len)?;
        self.written_mut(start).rotate_left(end - start);
        Ok(())
    }

    /// Forgets what was written past `len`.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Appends the header of an attribute whose value of `len` bytes follows.
    pub fn put_header(&mut self, flags: u8, code: u8, len: usize) -> Result<(), NoRoom> {
        let flags = flags & !flag::EXTENDED_LENGTH;
        match (u8::try_from(len), u16::try_from(len)) {
            (Ok(short), _) => self.put(&[flags, code, short]),
            (_, Ok(long)) => {
                let [high, low] = long.to_be_bytes();
                self.put(&[flags | flag::EXTENDED_LENGTH, code, high, low])
            }
            _ => Err(NoRoom),
        }
    }

    /// Makes what was written since `at` the value of an attribute, by putting its header in front.
    pub fn insert_header(&mut self, at: usize, flags: u8, code: u8) -> Result<(), NoRoom> {
        let end = self.len;
        let len = end.checked_sub(at).ok_or(NoRoom)?;
        self.put_header(flags, code, len)?;
        self.buf.get_mut(at..self.len).ok_or(NoRoom)?.rotate_right(self.len - end);
        Ok(())
    }

    /// Appends an attribute.
    pub fn put_attribute(&mut self, flags: u8, code: u8, value: &[u8]) -> Result<(), NoRoom> {
        self.put_header(flags, code, value.len())?;
        self.put(value)
    }
}
