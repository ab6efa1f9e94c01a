//! Puts a message together in a buffer that is given.

use super::numbers::ALIGNMENT;

/// One message that is being written. Each step is `None` once there is no room, or a length does not fit its field.
pub(super) struct Writer<'a> {
    room: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    /// The header of a message to the kernel, whose length [`Writer::finish`] knows.
    pub(super) fn message(room: &'a mut [u8], kind: u16, flags: libc::c_int, sequence: u32) -> Option<Self> {
        let mut writer = Self { room, length: 0 };
        writer.put(&[0; 4])?;
        writer.put(&kind.to_ne_bytes())?;
        writer.put(&u16::try_from(flags | libc::NLM_F_REQUEST).ok()?.to_ne_bytes())?;
        writer.put(&sequence.to_ne_bytes())?;
        // The port of who asks: the kernel knows it from the socket.
        writer.put(&[0; 4])?;
        Some(writer)
    }

    /// Bytes as they are.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        self.room.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }

    /// An attribute, whose value `fill` writes.
    pub(super) fn attribute(&mut self, kind: u16, fill: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let [a, b] = kind.to_ne_bytes();
        self.sized([0, 0, a, b], fill)
    }

    /// An attribute that is one number.
    pub(super) fn number(&mut self, kind: u16, value: u32) -> Option<()> {
        self.attribute(kind, |writer| writer.put(&value.to_ne_bytes()))
    }

    /// What begins with its length in two bytes: a header, in which the first two are for that, and what `fill` writes.
    pub(super) fn sized(
        &mut self,
        header: [u8; 4],
        fill: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let start = self.length;
        self.put(&header)?;
        fill(self)?;
        let length = u16::try_from(self.length.checked_sub(start)?).ok()?;
        *self.room.get_mut(start..)?.first_chunk_mut()? = length.to_ne_bytes();
        let padding = self.length.next_multiple_of(ALIGNMENT).checked_sub(self.length)?;
        self.put([0; ALIGNMENT].get(..padding)?)
    }

    /// The length of the whole message, a multiple of four: another one may follow it in the same datagram.
    pub(super) fn finish(self) -> Option<usize> {
        *self.room.first_chunk_mut()? = u32::try_from(self.length).ok()?.to_ne_bytes();
        Some(self.length)
    }
}
