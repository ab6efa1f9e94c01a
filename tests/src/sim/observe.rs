//! What a speaker shows of itself, as plain values to be compared.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use crier_core::attrs::{AttrsView, Key};
use crier_core::family::unspecified;
use crier_core::limits::TableUse;
use crier_core::peer::State;
use crier_core::speaker::Wake;
use crier_core::view::{Admin, FamilyCounts, PathView, PeerView, Reason};
use crier_core::{Family, PeerId, Speaker};
use ipnet::IpNet;

use super::Route;
use super::judge::attributes::{Attributes, NextHop};

/// Bytes that the attributes of one announcement are shown in, whatever the session's messages are.
const SCRATCH: usize = 3 * 65_536;

/// A speaker's tables.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Neighbors by address.
    pub peers: BTreeMap<IpAddr, Peer>,
    /// Accepted paths by prefix, sorted: the one originated here first, then by neighbor.
    pub paths: BTreeMap<IpNet, Vec<HeldPath>>,
    /// Refused paths that are on record, by neighbor and prefix.
    pub refused: BTreeMap<(IpAddr, IpNet), Reason>,
    /// Use of every table.
    pub tables: Vec<TableUse>,
    /// There is room for everything, whoever looks at this says: nothing can be missing for want of it.
    pub roomy: bool,
}

/// A neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its slot.
    pub id: PeerId,
    /// State of its session.
    pub state: State,
    /// Whether it is meant to be up.
    pub admin: Admin,
    /// Something it announced was refused for want of room and not asked for again yet.
    pub incomplete: bool,
    /// A dead session's paths are still being removed.
    pub purging: bool,
    /// Prefixes by [`Family::index`], while Established and agreed on.
    pub families: [Option<FamilyCounts>; 2],
}

/// An accepted path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldPath {
    /// The neighbor it came from; `None`: it is originated here.
    pub peer: Option<IpAddr>,
    /// Its route after import.
    pub route: Route,
    /// It is the best path.
    pub best: bool,
    /// It forwards.
    pub multipath: bool,
    /// It takes part in decisions.
    pub valid: bool,
    /// It is kept over a restart of its neighbor.
    pub stale: bool,
}

/// What a neighbor is told about a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// The last UPDATE about it announced it.
    pub announced: bool,
    /// What the present best path makes for this neighbor, or why it is not for it.
    pub route: Result<Route, Reason>,
}

impl Snapshot {
    /// Everything that a speaker has now.
    ///
    /// # Errors
    /// A set of attributes that makes no sense.
    pub fn of(speaker: &Speaker<'_>) -> Result<Self, String> {
        let peers: BTreeMap<_, _> = speaker.peers().map(|view| (view.remote, peer(&view))).collect();
        let addresses: BTreeMap<_, _> = peers.iter().map(|(address, peer)| (peer.id, *address)).collect();
        let records = (0..speaker.refused_slots()).filter_map(|slot| speaker.refused(slot));
        let refused = records
            .filter_map(|record| Some(((*addresses.get(&record.peer)?, record.prefix), record.reason)));
        let mut paths = BTreeMap::new();
        for family in Family::ALL {
            for (prefix, found) in prefixes(speaker, family) {
                let held = found.map(|path| held(&path, family)).collect::<Result<Vec<_>, _>>();
                let mut held = held.map_err(|fault| format!("{prefix}: {fault}"))?;
                held.sort();
                paths.insert(prefix, held);
            }
        }
        Ok(Self {
            paths,
            refused: refused.collect(),
            tables: speaker.tables().collect(),
            peers,
            roomy: false,
        })
    }
}

/// Whether every change of a best path has reached the lists that neighbors are told from: no long job is under way.
pub fn is_settled(speaker: &Speaker<'_>) -> bool {
    // A neighbor that was removed is not listed while it is cleared away, but that is work too.
    !speaker.peers().any(|peer| peer.purging)
        && speaker.poll_timeout().is_none_or(|deadline| deadline.why != Wake::Work)
}

/// Prefixes of a family that have paths, and these.
pub fn prefixes<'s>(
    speaker: &'s Speaker<'_>,
    family: Family,
) -> impl Iterator<Item = (IpNet, impl Iterator<Item = PathView<'s>>)> {
    let destinations =
        (1..speaker.destination_slots(family)).filter_map(move |slot| speaker.destination(family, slot));
    destinations.map(|destination| (destination.prefix, destination.paths()))
}

/// What one neighbor is told about every prefix that there is, or was lately; none for a neighbor that is not known.
///
/// # Errors
/// A set of attributes that makes no sense.
pub fn advertised(speaker: &Speaker<'_>, neighbor: IpAddr) -> Result<BTreeMap<IpNet, Advertised>, String> {
    let mut scratch = vec![0; SCRATCH];
    let mut told = BTreeMap::new();
    for family in Family::ALL {
        for slot in 1..speaker.destination_slots(family) {
            if let Some((prefix, advertised)) = told_of(speaker, neighbor, family, slot, &mut scratch)? {
                told.insert(prefix, advertised);
            }
        }
    }
    Ok(told)
}

/// What one neighbor is told about one prefix; `None` where there is no such neighbor, or nothing ever was of the prefix.
///
/// # Errors
/// A set of attributes that makes no sense.
pub fn advertised_one(
    speaker: &Speaker<'_>,
    neighbor: IpAddr,
    prefix: IpNet,
) -> Result<Option<Advertised>, String> {
    let Some(slot) = speaker.find_destination(prefix) else { return Ok(None) };
    let told = told_of(speaker, neighbor, Family::of(&prefix), slot, &mut vec![0; SCRATCH])?;
    Ok(told.map(|(_, advertised)| advertised))
}

fn told_of(
    speaker: &Speaker<'_>,
    neighbor: IpAddr,
    family: Family,
    slot: u32,
    scratch: &mut [u8],
) -> Result<Option<(IpNet, Advertised)>, String> {
    let view = speaker.find_peer(neighbor).and_then(|peer| speaker.advertised(peer, family, slot, scratch));
    let Some(view) = view else { return Ok(None) };
    let route = match view.attrs {
        Some((key, bytes)) => {
            let attrs = AttrsView { key: &key, bytes };
            Ok(route(attrs, family).map_err(|fault| format!("{}: {fault}", view.prefix))?)
        }
        None => Err(view.reason),
    };
    Ok(Some((view.prefix, Advertised { announced: view.announced, route })))
}

/// A route out of the core's own form of a set of attributes.
///
/// # Errors
/// The bytes are not what that form is said to be.
pub fn route(attrs: AttrsView<'_>, family: Family) -> Result<Route, String> {
    let mut decoded = Attributes::decode(attrs.attributes())?;
    if (decoded.origin, decoded.next_hop, decoded.med, decoded.local_pref) != (None, None, None, None)
        || decoded.reach.is_some()
        || decoded.unreach.is_some()
    {
        return Err("what stands in the key, or in no set at all, is among the attributes".to_owned());
    }
    let key = attrs.key;
    decoded.origin = Some(key.origin);
    decoded.med = key.med();
    decoded.local_pref = (key.flags & Key::HAS_LOCAL_PREF != 0).then_some(key.local_pref);
    let next_hop = match attrs.next_hop_bytes() {
        [] => NextHop { address: unspecified(family), link_local: None::<Ipv6Addr> },
        bytes => NextHop::from_bytes(bytes)?,
    };
    decoded.route(next_hop)
}

fn held(path: &PathView<'_>, family: Family) -> Result<HeldPath, String> {
    Ok(HeldPath {
        peer: path.remote,
        route: route(path.attrs, family)?,
        best: path.best,
        multipath: path.multipath,
        valid: path.valid,
        stale: path.stale,
    })
}

fn peer(view: &PeerView<'_>) -> Peer {
    Peer {
        id: view.id,
        state: view.state,
        admin: view.admin,
        incomplete: view.incomplete,
        purging: view.purging,
        families: view.families,
    }
}

#[cfg(test)]
mod tests;
