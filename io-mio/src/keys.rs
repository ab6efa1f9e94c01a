//! Keys of sessions (RFC 2385): which neighbor's segments must be signed, and with what.

use std::fmt;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// A key. It is never printed; there is one copy of it, which is wiped when its last user is gone.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Arc<Secret>);

#[derive(PartialEq, Eq)]
struct Secret {
    bytes: [u8; Key::MAX],
    len: u8,
}

impl Key {
    /// Bytes of the longest key that Linux takes (`TCP_MD5SIG_MAXKEYLEN`).
    pub const MAX: usize = libc::TCP_MD5SIG_MAXKEYLEN;

    /// The key, if it has 1 to [`Key::MAX`] bytes.
    pub fn new(key: &[u8]) -> Option<Self> {
        let mut secret = Arc::new(Secret { bytes: [0; Self::MAX], len: key.len() as u8 });
        let room = Arc::get_mut(&mut secret)?.bytes.get_mut(..key.len()).filter(|room| !room.is_empty());
        room?.copy_from_slice(key);
        Some(Self(secret))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.bytes.get(..usize::from(self.0.len)).unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.fill(0);
        // Without a reader the compiler would leave the filling out.
        black_box(&self.bytes);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// How a neighbor proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// By its address alone.
    Open,
    /// Every segment is signed with this key, both ways.
    Key(Key),
    /// It cannot: its key is not known. It is neither dialled nor heard.
    Closed,
}

/// The keys of one speaker's neighbors. The longest prefix that holds an address decides; where none does, access is open.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    /// Longest prefixes first.
    entries: Vec<(IpNet, Access)>,
}

impl Keyring {
    /// A ring without keys.
    pub const EMPTY: &'static Self = &Self { entries: Vec::new() };

    /// What neighbors and ranges need. Of two entries for one prefix the first counts.
    pub fn new(entries: impl IntoIterator<Item = (IpNet, Access)>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|(net, _)| (u8::MAX - net.prefix_len(), *net));
        entries.dedup_by_key(|(net, _)| *net);
        if entries.iter().all(|(_, access)| *access == Access::Open) {
            entries.clear();
        }
        Self { entries }
    }

    /// What is asked of a neighbor.
    pub fn access(&self, remote: IpAddr) -> &Access {
        let remote = remote.to_canonical();
        let found = self.entries.iter().find(|(net, _)| net.contains(&remote));
        found.map_or(&Access::Open, |(_, access)| access)
    }

    /// The keys as a listener has to have them. The kernel knows no prefix that needs none: a neighbor without a key in a range
    /// that has one is left out of the range, which takes a key for each half that is left, down to the neighbor.
    pub(crate) fn signed(&self) -> Vec<(IpNet, &Key)> {
        let mut signed = Vec::new();
        for (net, access) in &self.entries {
            let Access::Key(key) = access else { continue };
            let inner = self.entries.iter().filter(|(other, _)| other != net && net.contains(other));
            if inner.clone().any(|(_, access)| *access == Access::Open) {
                let holes: Vec<IpNet> = inner.map(|(hole, _)| *hole).collect();
                carve(*net, &holes, &mut |part| signed.push((part, key)));
            } else {
                signed.push((*net, key));
            }
        }
        signed
    }
}

/// Tells `keep` of the largest prefixes that make up `net` without `holes`, which may lie within each other.
fn carve(net: IpNet, holes: &[IpNet], keep: &mut impl FnMut(IpNet)) {
    if holes.contains(&net) {
        return;
    }
    if !holes.iter().any(|hole| net.contains(hole)) {
        return keep(net);
    }
    // A prefix that strictly contains another has halves.
    for half in net.subnets(net.prefix_len().saturating_add(1)).into_iter().flatten() {
        carve(half, holes, keep);
    }
}

/// The rings of all speakers, by instance.
#[derive(Debug, Default)]
pub(crate) struct Keyrings(Vec<Keyring>);

impl Keyrings {
    /// The ring of an instance.
    pub(crate) fn of(&self, instance: usize) -> &Keyring {
        self.0.get(instance).unwrap_or(Keyring::EMPTY)
    }

    /// Replaces the ring of an instance; the former one.
    pub(crate) fn replace(&mut self, instance: usize, ring: Keyring) -> Keyring {
        if self.0.len() <= instance {
            self.0.resize_with(instance + 1, Keyring::default);
        }
        self.0.get_mut(instance).map(|place| std::mem::replace(place, ring)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
