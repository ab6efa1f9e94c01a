//! What is known of one host's sessions.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crier::config::{Model, PolicyModel};
use crier_core::config::{MaxPrefixes, PolicyRef, Settings};
use crier_core::peer::State;
use crier_core::speaker::{Clear, Ends};
use crier_core::{ConnId, FamilySet, Speaker};
use ipnet::IpNet;

use super::expected::Asked;
use super::watched::Watched;
use crate::sim::host::Host;
use crate::sim::judge::{Broken, Offer, SessionJudge};
use crate::sim::kernel::Way;
use crate::sim::oracle::{self, Router, Session};
use crate::sim::plan::WorkKind;
use crate::sim::{Micros, Route, Rule};

/// One host's speaker, as the oracle has it, and its connections.
#[derive(Debug, Default)]
pub(crate) struct Side {
    router: Option<Router>,
    model: Option<Model>,
    free: Vec<usize>,
    /// By the index of their handles.
    watched: BTreeMap<u16, Watched>,
    /// Whether the speaker drained, and whether it had drained, when that was last looked at.
    draining: bool,
    drained: bool,
}

impl Side {
    /// Its daemon has started, or was told something.
    pub(crate) fn configured(&mut self, host: &Host) {
        let Some(daemon) = &host.daemon else { return };
        let model = &daemon.model;
        for watched in self.watched.values_mut() {
            let remote = watched.remote();
            // A policy that decides otherwise has everything announced again.
            let before = self.model.as_ref().map(|former| exports(former, remote));
            if before.is_some_and(|before| before != exports(model, remote)) {
                watched.judge.again();
            }
            let send_hold = settings(model, remote).map_or(0, |settings| settings.timers.send_hold);
            watched.limit_send_hold(send_hold);
        }
        let sessions = self.router.take().map_or_else(Vec::new, |router| router.sessions);
        let mut router = Router {
            name: host.plan.name.clone(),
            asn: model.local.asn,
            router_id: model.local.router_id,
            maximum_paths: model.local.maximum_paths,
            as_path_relax: model.local.as_path_relax,
            policies: model.policies.clone(),
            origins: origins(host),
            ways: ways(host),
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
    }

    /// Its operator has done this: some work has everything announced again.
    pub(crate) fn operated(&mut self, host: &Host, work: &WorkKind) {
        let was_draining = self.draining;
        self.configured(host);
        let Some(daemon) = &host.daemon else { return };
        self.draining = daemon.speaker().draining();
        let all = match work {
            WorkKind::Drain => !daemon.speaker().drained(),
            WorkKind::Undrain => was_draining,
            _ => false,
        };
        let again = |watched: &&mut Watched| {
            all || matches!(work, WorkKind::Clear(peer, Clear::SoftOut) if *peer == watched.remote())
        };
        self.watched.values_mut().filter(again).for_each(|watched| watched.judge.again());
    }

    /// A connection came to be, at this time by its host's clock.
    pub(crate) fn opened(&mut self, id: ConnId, ends: &Ends, clock: Micros) {
        let (Some(router), Some(model)) = (&self.router, &self.model) else { return };
        let name = format!("{} to {}", router.name, ends.remote);
        let settings = settings(model, ends.remote.ip()).unwrap_or_default();
        let over_ipv6 = ends.remote.is_ipv6();
        let offer = Offer { asn: router.asn, router_id: router.router_id, settings, over_ipv6 };
        let judge = SessionJudge::new(name.clone(), offer);
        let mut watched = Watched::new(id, *ends, judge, name, clock);
        watched.limit_send_hold(settings.timers.send_hold);
        if let Some(former) = self.watched.insert(id.index, watched) {
            self.free.extend(former.session);
        }
    }

    /// Takes note of sessions that have become Established, and of how far draining has come. Asked whenever something is
    /// sent: routes of a session that has sent nothing yet may be among it.
    ///
    /// # Errors
    /// A speaker goes by something else than what the OPENs make.
    pub(crate) fn establish(&mut self, now: Micros, speaker: &Speaker<'_>) -> Result<(), Broken> {
        if std::mem::replace(&mut self.drained, speaker.drained()) != self.drained {
            self.watched.values_mut().for_each(|watched| watched.judge.again());
        }
        let is_new = |watched: &&Watched| {
            let judge = &watched.judge;
            watched.session.is_none() && judge.is_confirmed() && judge.notified().is_none()
        };
        let new: Vec<u16> = self.watched.values().filter(is_new).map(|watched| watched.id.index).collect();
        for index in new {
            self.establish_one(now, speaker, index)?;
        }
        Ok(())
    }

    fn establish_one(&mut self, now: Micros, speaker: &Speaker<'_>, index: u16) -> Result<(), Broken> {
        let Self { router: Some(router), model: Some(model), free, watched, .. } = self else {
            return Ok(());
        };
        let Some(remote) = watched.get(&index).map(Watched::remote) else { return Ok(()) };
        let peer = speaker.find_peer(remote).and_then(|peer| speaker.peer(peer));
        let view = peer.and_then(|peer| Some((peer.negotiated?, peer.remote_asn?, peer.router_id?)));
        let Some((negotiated, asn, router_id)) = view else { return Ok(()) };
        let agreed =
            watched.values().filter(|other| other.remote() == remote && other.judge.agreed().is_some());
        let alone = agreed.count() == 1;
        let Some((watched, agreed)) = watched.get_mut(&index).and_then(|watched| {
            let agreed = watched.judge.agreed()?.clone();
            Some((watched, agreed))
        }) else {
            return Ok(());
        };
        let session = Session {
            peer: usize::MAX,
            back: usize::MAX,
            remote,
            local: watched.local(),
            ipv4: watched.ends.ipv4,
            ipv6: watched.ends.ipv6,
            link_local: watched.ends.link_local,
            remote_asn: agreed.asn,
            remote_id: agreed.router_id,
            families: agreed.family_set(),
            extended_next_hop: agreed.extended_next_hop,
            settings: settings(model, remote).unwrap_or_default(),
        };
        let place = free.pop().unwrap_or(router.sessions.len());
        match router.sessions.get_mut(place) {
            Some(free) => *free = session,
            None => router.sessions.push(session),
        }
        watched.session = Some(place);
        watched.last_received = Some(now);
        watched.last_sent = Some(now);
        // Of two connections, one of which is about to go, the speaker does not say which one it means.
        if !alone {
            return Ok(());
        }
        let checked = agreed.check_view(&negotiated, asn, router_id);
        checked.map_err(|fault| Broken::new(Rule::Messages, format!("{}: {fault}", watched.name)))
    }

    /// Whether a neighbor at rest was told all that it ought to know, and that this was all.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn judge_told(&self, speaker: &Speaker<'_>, watched: &Watched) -> Result<(), Broken> {
        let Some(router) = self.router() else { return Ok(()) };
        let broken = |rule, fault| Broken::new(rule, format!("{}: {fault}", watched.name));
        if let Some(family) = watched.judge.without_end_of_rib() {
            return Err(broken(Rule::EndOfRib, format!("no End-of-RIB of {family}")));
        }
        let mut asked = Asked { speaker, router, session: watched.session, remote: watched.remote() };
        let mut complete = |family| watched.judge.complete(family, &mut asked);
        let families = watched.judge.agreed().into_iter().flat_map(|agreed| &agreed.families);
        families.copied().try_for_each(&mut complete).map_err(|fault| broken(Rule::AdjRib, fault))
    }

    /// A connection with what judges it, and the router that it is of.
    pub(crate) fn watched_mut(&mut self, id: ConnId) -> Option<(&mut Watched, &Router)> {
        let watched = self.watched.get_mut(&id.index).filter(|watched| watched.id == id)?;
        Some((watched, self.router.as_ref()?))
    }

    /// The limit of prefixes of each Established session.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (ConnId, MaxPrefixes)> {
        self.watched().filter_map(|watched| {
            let session = self.router.as_ref()?.sessions.get(watched.session?)?;
            Some((watched.id, session.settings.max_prefixes))
        })
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

/// What decides what a neighbor is announced, by a configuration.
fn exports(model: &Model, remote: IpAddr) -> Option<(PolicyRef, Option<&PolicyModel>, bool)> {
    let settings = settings(model, remote)?;
    let policy = match settings.export {
        PolicyRef::Named(number) => model.policies.get(usize::from(number)),
        PolicyRef::Unset | PolicyRef::AcceptAll | PolicyRef::RejectAll => None,
    };
    // The position of a policy says nothing.
    let kind = if policy.is_some() { PolicyRef::Named(0) } else { settings.export };
    Some((kind, policy, settings.next_hop_self))
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

/// What the host's routes that no speaker installed say of next hops, if its speaker asks.
pub(crate) fn ways(host: &Host) -> Option<Vec<Way>> {
    host.daemon.as_ref()?.bridge.as_ref()?;
    Some(host.fib().ways())
}
