//! From the list of changes to UPDATEs: one neighbor's Adj-RIB-Out catching up.
//!
//! The list's order is the packing order as long as changes come in groups, so they are streamed. Where the last batch
//! packed badly, windows of changes are sorted by what they announce; a window is encoded whole or, halved, not at all.
//! Nothing about a destination is noted before its bytes are in the buffer.

use super::export::{Export, NextHop, Target, is_multiprotocol};
use super::pack::{Attributes, Packer, Unfit};
use super::peer_slot::FamilySession;
use crate::memory::{Scratch, WINDOW};
use crate::policy::Policies;
use crate::rib::Shared;
use crate::rib::stored::StoredFamily;
use crate::rib::table::FamilyTable;
use crate::view::Reason;

/// Destinations looked at in one call at most: a policy that rejects everything must not hold up other neighbors.
const VISITS: u32 = 32_768;
/// A batch of at least this many announcements tells whether the order packs well.
const TELLING: u32 = 64;

/// One call's work for one neighbor and family.
pub(crate) struct Drainer<'a, 'm, F: StoredFamily> {
    pub(crate) target: Target,
    pub(crate) table: &'a mut FamilyTable<'m, F>,
    pub(crate) shared: &'a Shared<'m>,
    pub(crate) policies: &'a Policies<'a>,
    pub(crate) scratch: &'a mut Scratch<'m>,
    pub(crate) session: &'a mut FamilySession,
    /// The attributes in `scratch.encoded`: whose they are, how long, and the next hop.
    rendered: Option<(Export, usize, NextHop)>,
}

/// What is to be said about a destination.
enum Say {
    Announce(Export),
    Withdraw,
    Nothing,
}

impl<'a, 'm, F: StoredFamily> Drainer<'a, 'm, F> {
    pub(crate) fn new(
        target: Target,
        table: &'a mut FamilyTable<'m, F>,
        shared: &'a Shared<'m>,
        policies: &'a Policies<'a>,
        scratch: &'a mut Scratch<'m>,
        session: &'a mut FamilySession,
    ) -> Self {
        Self { target, table, shared, policies, scratch, session, rendered: None }
    }

    /// Writes UPDATEs into `out` behind the `len` bytes that are there, and returns the new length.
    pub(crate) fn run(&mut self, out: &mut [u8], len: usize) -> usize {
        let mut packer = Packer::new(out, len, self.target.max_message);
        if self.session.packs_badly {
            self.windows(&mut packer);
        } else {
            self.stream(&mut packer);
        }
        packer.finish(self.attributes().as_ref().map(Sent::as_attributes))
    }

    /// What to say about a destination to this neighbor.
    #[inline]
    fn say(&self, slot: u32) -> Say {
        match self.target.verdict(self.table, self.shared, self.policies, slot).0 {
            Ok(export) => Say::Announce(export),
            Err(_) => self.say_end(slot),
        }
    }

    /// What to say about a destination that is not, or no longer, for this neighbor.
    #[inline]
    fn say_end(&self, slot: u32) -> Say {
        if self.table.advertised.get(self.target.peer, slot) || mutant!(ExtraWithdrawal) {
            Say::Withdraw
        } else {
            Say::Nothing
        }
    }

    fn stream(&mut self, packer: &mut Packer<'_>) {
        let start = (packer.messages, packer.prefixes);
        let mut slot = self.table.changes.next_changed(self.session.marker);
        for _ in 0..VISITS {
            if slot == 0 {
                break;
            }
            // Telling the neighbor of the end may free the slot, so look ahead first.
            let next = self.table.changes.next_changed(slot);
            let say = self.say(slot);
            match self.write(packer, slot, say) {
                Ok(said) => self.commit(slot, said),
                Err(Unfit::Buffer) => break,
                // `write` answers what fits no message by a withdrawal.
                Err(Unfit::Message) => {}
            }
            slot = next;
        }
        let (messages, prefixes) = (packer.messages - start.0, packer.prefixes - start.1);
        self.session.packs_badly = prefixes >= TELLING && prefixes < 2 * messages;
        self.table.changes.advance(&mut self.session.marker, slot);
    }

    /// Writes about one destination; tells what was said.
    #[inline]
    fn write(&mut self, packer: &mut Packer<'_>, slot: u32, say: Say) -> Result<Option<bool>, Unfit> {
        match say {
            Say::Nothing => Ok(None),
            Say::Withdraw => self.write_withdraw(packer, slot).map(|()| Some(false)),
            Say::Announce(export) => match self.write_announce(packer, slot, &export) {
                Ok(()) => Ok(Some(true)),
                Err(None) => Err(Unfit::Buffer),
                Err(Some(_)) => match self.say_end(slot) {
                    Say::Withdraw => self.write_withdraw(packer, slot).map(|()| Some(false)),
                    _ => Ok(None),
                },
            },
        }
    }

    fn write_withdraw(&self, packer: &mut Packer<'_>, slot: u32) -> Result<(), Unfit> {
        if mutant!(DropWithdrawal) && slot % 4 == 3 {
            return Ok(());
        }
        let net = self.table.net(slot);
        if packer.withdraw(net) {
            return Ok(());
        }
        self.close(packer);
        packer.begin_withdraw::<F>()?;
        packer.withdraw(net);
        Ok(())
    }

    /// `Err(None)`: no room now; `Err(Some(_))`: never, and why.
    #[inline]
    fn write_announce(
        &mut self,
        packer: &mut Packer<'_>,
        slot: u32,
        export: &Export,
    ) -> Result<(), Option<Reason>> {
        let net = self.table.net(slot);
        let same = self.rendered.as_ref().is_some_and(|(rendered, ..)| rendered == export);
        if same && packer.announce(net) {
            return Ok(());
        }
        self.close(packer);
        if !same {
            self.rendered = None;
            let Scratch { edited, encoded, .. } = &mut *self.scratch;
            let rendered = self.target.render::<F>(export, self.shared, self.policies, edited, encoded);
            let (len, next_hop) = rendered.map_err(Some)?;
            self.rendered = Some((*export, len, next_hop));
        }
        let Some(sent) = self.attributes() else { return Err(None) };
        packer.begin_announce::<F>(sent.as_attributes()).map_err(|unfit| match unfit {
            Unfit::Buffer => None,
            Unfit::Message => Some(Reason::TooLong),
        })?;
        packer.announce(net);
        Ok(())
    }

    fn attributes(&self) -> Option<Sent<'_>> {
        let (_, len, next_hop) = self.rendered.as_ref()?;
        Some(Sent { bytes: self.scratch.encoded.get(..*len)?, next_hop })
    }

    fn close(&self, packer: &mut Packer<'_>) {
        packer.close(self.attributes().as_ref().map(Sent::as_attributes));
    }

    /// Notes what the neighbor is told: `Some(true)` of a destination, `Some(false)` of its end.
    #[inline]
    fn commit(&mut self, slot: u32, said: Option<bool>) {
        match said {
            Some(true) => self.session.advertised += u32::from(self.table.hold(slot, self.target.peer)),
            Some(false) => self.session.advertised -= u32::from(self.table.unhold(slot, self.target.peer)),
            None => {}
        }
    }

    fn windows(&mut self, packer: &mut Packer<'_>) {
        let mut visits = 0;
        let mut size = WINDOW;
        let mut written = false;
        while visits < VISITS {
            let (len, after, seen) = self.gather(size);
            if seen == 0 {
                break;
            }
            let mark = packer.mark();
            if self.write_window(packer, len).is_err() {
                packer.roll_back(mark);
                self.rendered = None;
                // What is left of the buffer would take a part of a window only, and pack it worse: the next buffer takes more.
                if written || size == 1 {
                    break;
                }
                size = (size.min(seen as usize) / 2).max(1);
                continue;
            }
            self.commit_window(len);
            written |= len > 0;
            self.table.changes.advance(&mut self.session.marker, after);
            visits += seen;
        }
    }

    /// Fills the window with up to `size` changes; tells how many there are to say, which destination follows, and how
    /// many were looked at. Also finds whether arrival order would pack well again.
    fn gather(&mut self, size: usize) -> (usize, u32, u32) {
        let mut slot = self.table.changes.next_changed(self.session.marker);
        let (mut len, mut seen, mut runs, mut last) = (0, 0, 0, 0);
        while slot != 0 && len < size && (seen as usize) < WINDOW {
            let attr = match self.say(slot) {
                Say::Announce(export) => Some(export.attr),
                Say::Withdraw => Some(0),
                Say::Nothing => None,
            };
            if let Some(attr) = attr {
                runs += u32::from(attr != last || len == 0);
                last = attr;
                self.scratch.window[len] = u64::from(attr) << 32 | u64::from(slot);
                len += 1;
            }
            slot = self.table.changes.next_changed(slot);
            seen += 1;
        }
        if len as u32 >= TELLING {
            self.session.packs_badly = (len as u32) < 2 * runs;
        }
        // Withdrawals have no set, so they come first.
        self.scratch.window[..len].sort_unstable();
        (len, slot, seen)
    }

    fn write_window(&mut self, packer: &mut Packer<'_>, len: usize) -> Result<(), Unfit> {
        for at in 0..len {
            let slot = self.scratch.window[at] as u32;
            let say = self.say(slot);
            let said = self.write(packer, slot, say)?;
            // The upper half has served; it keeps what was said until the window is complete.
            let said = said.map_or(2, u64::from);
            self.scratch.window[at] = said << 32 | u64::from(slot);
        }
        self.close(packer);
        Ok(())
    }

    fn commit_window(&mut self, len: usize) {
        for at in 0..len {
            let entry = self.scratch.window[at];
            let said = match entry >> 32 {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            };
            self.commit(entry as u32, said);
        }
    }
}

/// Rendered attributes and their next hop.
struct Sent<'s> {
    bytes: &'s [u8],
    next_hop: &'s NextHop,
}

impl<'s> Sent<'s> {
    fn as_attributes(&self) -> Attributes<'s> {
        let next_hop = self.next_hop.as_slice();
        Attributes { bytes: self.bytes, mp_next_hop: is_multiprotocol(next_hop).then_some(next_hop) }
    }
}
