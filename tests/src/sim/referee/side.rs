//! What is known of one host's sessions.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crier::config::Model;
use crier_core::config::Settings;
use crier_core::peer::State;
use crier_core::speaker::Ends;
use crier_core::{ConnId, FamilySet, Speaker};
use ipnet::IpNet;

use crate::sim::host::Host;
use crate::sim::judge::keepalive::Pulse;
use crate::sim::judge::{Broken, SessionJudge};
use crate::sim::oracle::{self, Router, Session};
use crate::sim::{Micros, Route, Rule};

/// A connection that is watched.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Its handle.
    pub(crate) id: ConnId,
    /// Whose it is and with whom.
    pub(crate) name: String,
    ends: Ends,
    /// What judges its bytes.
    pub(crate) judge: SessionJudge,
    /// Its position among the router's sessions, once it is Established.
    pub(crate) session: Option<usize>,
    /// When something was last sent.
    pub(crate) last_sent: Option<Micros>,
    /// When something was last received.
    pub(crate) last_received: Option<Micros>,
    keepalive: u16,
    hold: u16,
}

impl Watched {
    /// The neighbor's address.
    pub(crate) fn remote(&self) -> IpAddr {
        self.ends.remote.ip()
    }

    /// Own address.
    pub(crate) fn local(&self) -> IpAddr {
        self.ends.local.ip()
    }

    /// Whether this very connection is an Established session: a neighbor that has one may have a second one for a while.
    fn is_up(&self) -> bool {
        self.session.is_some() && self.judge.is_established()
    }

    /// Whether something has come lately, as it does at rest.
    pub(crate) fn is_lively(&self, now: Micros) -> bool {
        let lately = |last| now - last <= Micros::secs(u64::from(self.keepalive) + 5);
        !self.is_up() || self.keepalive == 0 || self.last_received.is_some_and(lately)
    }

    /// Whether the neighbor has been silent for longer than it may, and this much more, and is taken for alive all the same.
    pub(crate) fn check_hold(&self, now: Micros, budget: Micros) -> Result<(), Broken> {
        let Some(last) = self.last_received.filter(|_| self.is_up() && self.hold > 0) else {
            return Ok(());
        };
        let silent = now - last;
        if silent <= Micros::secs(self.hold.into()) + budget {
            return Ok(());
        }
        let text =
            format!("{}: up after {silent} s of silence, with a hold time of {} s", self.name, self.hold);
        Err(Broken::new(Rule::Forwarding, text))
    }

    /// What tells whether it has been silent for too long, while it is Established.
    pub(crate) fn pulse(&self, now: Micros, writable_since: Option<Micros>) -> Option<Pulse> {
        if !self.is_up() {
            return None;
        }
        Some(Pulse { now, last_sent: self.last_sent?, keepalive: self.keepalive, writable_since })
    }
}

/// One host's speaker, as the oracle has it, and its connections.
#[derive(Debug, Default)]
pub(crate) struct Side {
    router: Option<Router>,
    model: Option<Model>,
    free: Vec<usize>,
    /// By the index of their handles.
    watched: BTreeMap<u16, Watched>,
}

impl Side {
    /// Its daemon has started, or was told something.
    pub(crate) fn configured(&mut self, host: &Host) {
        let Some(daemon) = &host.daemon else { return };
        let model = &daemon.model;
        let sessions = self.router.take().map_or_else(Vec::new, |router| router.sessions);
        let mut router = Router {
            name: host.plan.name.clone(),
            asn: model.local.asn,
            router_id: model.local.router_id,
            maximum_paths: model.local.maximum_paths,
            as_path_relax: model.local.as_path_relax,
            policies: model.policies.clone(),
            origins: origins(host),
            sessions,
            own_addresses: host.own.keys().copied().collect(),
            drained: daemon.speaker().drained(),
        };
        for session in &mut router.sessions {
            if let Some(settings) = settings(model, session.remote) {
                session.settings = settings;
            }
        }
        self.router = Some(router);
        self.model = Some(model.clone());
        // Policies may be others, or everything is to be announced again.
        self.watched.values_mut().for_each(|watched| watched.judge.again());
    }

    /// A connection came to be.
    pub(crate) fn opened(&mut self, id: ConnId, ends: &Ends) {
        let own = self.router.as_ref().map_or("", |router| &router.name);
        let name = format!("{own} to {}", ends.remote);
        let watched = Watched {
            id,
            judge: SessionJudge::new(name.clone()),
            name,
            ends: *ends,
            session: None,
            last_sent: None,
            last_received: None,
            keepalive: 0,
            hold: 0,
        };
        if let Some(former) = self.watched.insert(id.index, watched) {
            self.free.extend(former.session);
        }
    }

    /// Finds out what was agreed on in sessions that have become Established. Asked whenever something is sent: routes of a
    /// session that has sent nothing yet may be among it.
    pub(crate) fn establish(&mut self, now: Micros, speaker: &Speaker<'_>) {
        let Self { router: Some(router), model: Some(model), free, watched } = self else { return };
        for watched in watched.values_mut().filter(|watched| watched.session.is_none()) {
            let remote = watched.remote();
            let Some(peer) = speaker.find_peer(remote).and_then(|peer| speaker.peer(peer)) else { continue };
            let (Some(agreed), Some(remote_asn), Some(remote_id)) =
                (peer.negotiated, peer.remote_asn, peer.router_id)
            else {
                continue;
            };
            let session = Session {
                peer: usize::MAX,
                back: usize::MAX,
                remote,
                local: watched.local(),
                ipv4: watched.ends.ipv4,
                ipv6: watched.ends.ipv6,
                link_local: watched.ends.link_local,
                remote_asn,
                remote_id,
                families: agreed.families,
                settings: settings(model, remote).unwrap_or_default(),
            };
            let place = free.pop().unwrap_or(router.sessions.len());
            match router.sessions.get_mut(place) {
                Some(free) => *free = session,
                None => router.sessions.push(session),
            }
            watched.session = Some(place);
            watched.keepalive = agreed.keepalive;
            watched.hold = agreed.hold;
            watched.last_received = Some(now);
            watched.last_sent = Some(now);
        }
    }

    /// A connection with what judges it, and the router that it is of.
    pub(crate) fn watched_mut(&mut self, id: ConnId) -> Option<(&mut Watched, &Router)> {
        let watched = self.watched.get_mut(&id.index).filter(|watched| watched.id == id)?;
        Some((watched, self.router.as_ref()?))
    }

    /// Every connection.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Watched> {
        self.watched.values()
    }

    /// Whether a connection is what the speaker takes for its neighbor's session. One that ended without the neighbor's
    /// hearing of it lingers until its last words have been sent.
    pub(crate) fn is_session(&self, watched: &Watched, speaker: &Speaker<'_>) -> bool {
        let peer = speaker.find_peer(watched.remote()).and_then(|peer| speaker.peer(peer));
        let rivals = self.watched().filter(|other| other.is_up() && other.remote() == watched.remote());
        let liveliest = rivals.max_by_key(|other| other.last_received);
        peer.is_some_and(|peer| peer.state == State::Established)
            && liveliest.is_some_and(|liveliest| liveliest.id == watched.id)
    }

    /// The Established session with a neighbor.
    pub(crate) fn session_with(&self, remote: IpAddr) -> Option<&Watched> {
        self.watched().find(|watched| watched.session.is_some() && watched.remote() == remote)
    }

    /// The router as the oracle has it; its sessions are in the order of [`Watched::session`].
    pub(crate) fn router(&self) -> Option<&Router> {
        self.router.as_ref()
    }

    /// A connection is over.
    pub(crate) fn closed(&mut self, id: ConnId) {
        if self.watched.get(&id.index).is_some_and(|watched| watched.id == id)
            && let Some(watched) = self.watched.remove(&id.index)
            && let (Some(place), Some(router)) = (watched.session, &mut self.router)
        {
            if let Some(session) = router.sessions.get_mut(place) {
                // Nothing is for a session that is not there.
                session.families = FamilySet::EMPTY;
            }
            self.free.push(place);
        }
    }
}

/// How a configuration says that a neighbor is to be talked to.
pub(crate) fn settings(model: &Model, remote: IpAddr) -> Option<Settings> {
    let own = model.peers.iter().find(|peer| peer.remote == remote).map(|peer| peer.settings);
    own.or_else(|| {
        let ranges = model.ranges.iter().filter(|range| range.net.contains(&remote));
        ranges.max_by_key(|range| range.net.prefix_len()).map(|range| range.settings)
    })
}

/// What a host's daemon originates: what its sources want, without what the speaker refused.
pub(crate) fn origins(host: &Host) -> BTreeMap<IpNet, Route> {
    let Some(daemon) = &host.daemon else { return BTreeMap::new() };
    let sources = &daemon.sources;
    let configured = sources.config().iter().map(|(prefix, attributes)| (*prefix, attributes));
    let announced = sources.control().iter().map(|(prefix, held)| (*prefix, &held.attributes));
    let wanted = configured.chain(announced).filter(|(prefix, _)| !sources.refused().contains_key(prefix));
    let route = |(prefix, attributes): (IpNet, &crier::sources::Attributes)| {
        let network = crier::config::Network {
            prefix,
            next_hop: attributes.next_hop,
            med: attributes.med,
            local_pref: attributes.local_pref,
            communities: attributes.communities.clone(),
            large_communities: attributes.large_communities.clone(),
            if_route: false,
        };
        (prefix, oracle::origin(&network))
    };
    wanted.map(route).collect()
}
