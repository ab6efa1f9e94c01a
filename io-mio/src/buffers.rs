//! Buffers for what is sent: a pool that all connections share, and a little room of each one's own.

/// Bytes of a pooled buffer: one write, and more than the longest message (RFC 8654).
pub(crate) const POOLED: usize = 64 << 10;

/// Bytes of a connection's own buffer: the least that the core may be given.
pub(crate) const OWN: usize = 4096;

/// Which buffer a connection holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lease {
    /// This one of the pool.
    Pooled(u16),
    /// Its own.
    Own,
}

/// All the buffers. They start as zero pages, which are not resident before they are used; the pool hands out the one
/// that came back last, so that as few as possible ever are, and the one in use stays in the cache.
#[derive(Debug)]
pub(crate) struct Buffers {
    pool: Box<[u8]>,
    free: Vec<u16>,
    own: Box<[u8]>,
}

impl Buffers {
    /// `pooled` shared buffers, and a small one for each of `owners`.
    pub(crate) fn new(pooled: u16, owners: usize) -> Self {
        Self {
            pool: vec![0; usize::from(pooled) * POOLED].into_boxed_slice(),
            free: (0..pooled).rev().collect(),
            own: vec![0; owners * OWN].into_boxed_slice(),
        }
    }

    /// A pooled buffer if there is one, else the asker's own.
    pub(crate) fn lease(&mut self) -> Lease {
        self.free.pop().map_or(Lease::Own, Lease::Pooled)
    }

    /// Takes a buffer back.
    pub(crate) fn give_back(&mut self, lease: Lease) {
        if let Lease::Pooled(index) = lease {
            debug_assert!(!self.free.contains(&index) && self.free.len() < self.free.capacity());
            self.free.push(index);
        }
    }

    /// The bytes of a leased buffer; `owner` is who leases it.
    pub(crate) fn bytes(&mut self, lease: &Lease, owner: usize) -> &mut [u8] {
        let (region, start, len) = match *lease {
            Lease::Pooled(index) => (&mut self.pool, usize::from(index) * POOLED, POOLED),
            Lease::Own => (&mut self.own, owner * OWN, OWN),
        };
        region.get_mut(start..start + len).unwrap_or_default()
    }

    /// Copies `len` bytes at `start` of a leased buffer to the front of the own buffer of `to`; false, and nothing is
    /// copied, if they do not fit it.
    pub(crate) fn copy_to_own(
        &mut self,
        lease: &Lease,
        owner: usize,
        start: usize,
        len: usize,
        to: usize,
    ) -> bool {
        if len > OWN {
            return false;
        }
        let at = to * OWN;
        match *lease {
            Lease::Pooled(index) => {
                let from = usize::from(index) * POOLED + start;
                let (Some(source), Some(target)) =
                    (self.pool.get(from..from + len), self.own.get_mut(at..at + len))
                else {
                    return false;
                };
                target.copy_from_slice(source);
            }
            Lease::Own => {
                let from = owner * OWN + start;
                if from + len > self.own.len() || at + len > self.own.len() {
                    return false;
                }
                self.own.copy_within(from..from + len, at);
            }
        }
        true
    }

    /// Pooled buffers that nobody holds.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_runs_dry_and_recovers() {
        let mut buffers = Buffers::new(2, 3);
        let (first, second) = (buffers.lease(), buffers.lease());
        assert_eq!((&first, &second), (&Lease::Pooled(0), &Lease::Pooled(1)));
        assert_eq!(buffers.lease(), Lease::Own);
        assert_eq!(buffers.bytes(&first, 0).len(), POOLED);
        assert_eq!(buffers.bytes(&Lease::Own, 2).len(), OWN);
        buffers.give_back(second);
        assert_eq!(buffers.lease(), Lease::Pooled(1));
    }

    #[test]
    fn buffers_do_not_overlap() {
        let mut buffers = Buffers::new(2, 2);
        let leases = [(Lease::Pooled(0), 0), (Lease::Pooled(1), 0), (Lease::Own, 0), (Lease::Own, 1)];
        for (mark, (lease, owner)) in (1..).zip(&leases) {
            buffers.bytes(lease, *owner).fill(mark);
        }
        for (mark, (lease, owner)) in (1..).zip(&leases) {
            assert!(buffers.bytes(lease, *owner).iter().all(|&byte| byte == mark));
        }
    }

    #[test]
    fn copies_only_what_fits() {
        let mut buffers = Buffers::new(1, 2);
        buffers.bytes(&Lease::Pooled(0), 0).fill(7);
        assert!(!buffers.copy_to_own(&Lease::Pooled(0), 0, 0, OWN + 1, 1));
        assert!(buffers.copy_to_own(&Lease::Pooled(0), 0, POOLED - OWN, OWN, 1));
        assert!(buffers.bytes(&Lease::Own, 1).iter().all(|&byte| byte == 7));
        assert!(buffers.copy_to_own(&Lease::Own, 1, 1, 2, 0));
        assert_eq!(buffers.bytes(&Lease::Own, 0).get(..3), Some(&[7, 7, 0][..]));
    }
}
