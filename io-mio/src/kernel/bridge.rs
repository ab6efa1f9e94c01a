//! The bridge's decisions.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};

use crier_core::speaker::Follow;
use crier_core::{Family, Instant, Limits, Millis, Speaker};
use ipnet::IpNet;

use super::Settings;
use super::cells::{Cells, Stage};
use super::down::Down;
use super::former::Former;
use super::plan::map;
use super::resolve::Ways;
use super::sets::{MOST_HOPS, SetId, Sets};
use super::survey::Survey;
use super::takeover::Takeover;
use super::together::{Dead, MOST_DEAD};
use crate::netlink::RouteKey;
use crate::netlink::encode::{Existing, Object, Via};

/// Most requests without an answer.
pub(super) const WINDOW: usize = 128;
/// Room for them: what one destination needs comes together, and so do repairs of all objects.
pub(super) const UNDER_WAY: usize = 2 * WINDOW + MOST_HOPS + 2 + HOPS as usize + SETS as usize;
/// Time from a refusal to the next attempt, the first and the longest.
const FIRST_RETRY: Millis = Millis(200);
pub(super) const LONGEST_RETRY: Millis = Millis::from_secs(10);
/// Objects, next hops that are followed, routes of others and interfaces: most of each.
pub(super) const HOPS: u16 = 4096;
pub(super) const SETS: u32 = 4096;
pub(super) const NEXT_HOPS: usize = 4096;
pub(super) const FOREIGN: usize = 4096;
pub(super) const INTERFACES: usize = 1024;

/// A hasher without secrets.
pub(super) type Plain = BuildHasherDefault<DefaultHasher>;

/// What the kernel is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// A route is to be there.
    Route(Existing, RouteKey, Via<'a>),
    /// A route is to go.
    NoRoute(RouteKey),
    /// A next-hop object or group is to be there, in place of one with its number.
    Object(u32, Object<'a>),
    /// A next-hop object or group is to go.
    NoObject(u32),
}

/// What an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The route of a destination is to lead to this set; to none: to go.
    Route(Family, u32, SetId),
    /// A route that no destination has is to go. It led to this set, which is held until it is gone; 0: that is not known.
    Stray(IpNet, SetId),
    /// An object that this set needs, before the route that is to lead there.
    Object(SetId),
    /// All routes that lead to this set are to go, with what they lead to.
    Together(SetId),
    /// An object of this set is to be what the set is by now; of none: to go.
    Repair(SetId),
}

/// How it stands with the kernel: for `crier status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Routes that are installed.
    pub routes: u32,
    /// Most that ever were.
    pub most_routes: u32,
    /// Those that the kernel refused and that are tried again.
    pub refused: u32,
    /// Those for which there is no room by `max-routes`.
    pub no_room: u32,
    /// Routes of an earlier process that were taken over and are not wanted as yet.
    pub adopted: u32,
    /// Routes of an earlier process with another table, protocol or metric, which are to go when that is over.
    pub former: u32,
    /// Routes with our table, protocol and metric that are not ours.
    pub others: u32,
    /// Requests made.
    pub requests: u64,
    /// Requests that were refused.
    pub refusals: u64,
    /// Number of the error of the last refusal.
    pub last_errno: i32,
    /// Dumps that were compared.
    pub surveys: u64,
    /// Routes that had vanished and were put back.
    pub put_back: u64,
    /// Times that the kernel lost what it had to say.
    pub overruns: u64,
    /// Routes of others, interfaces and next hops for which there was no room.
    pub lost: u64,
}

impl Standing {
    /// A route more is installed.
    pub(super) fn installed(&mut self) {
        self.routes += 1;
        self.most_routes = self.most_routes.max(self.routes);
    }
}

/// A route of an earlier process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    /// Where it leads.
    pub(super) set: SetId,
    /// The dump that it was seen in last.
    pub(super) seen: u16,
    /// Its protocol.
    pub(super) protocol: u8,
}

/// Requests on their way.
#[derive(Debug)]
pub(super) struct Asked {
    /// Those without an answer, by their sequence numbers.
    pub(super) window: VecDeque<(u32, About)>,
    pub(super) sequence: u32,
    pub(super) requests: u64,
}

/// A route of the kernel's that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignRoute {
    /// Its prefix.
    pub prefix: IpNet,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a route of the kernel's comes from, as operators name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The network of an address of this host (`proto kernel`, on the link).
    Connected,
    /// Somebody has put it there by hand or by script (`proto static`, and `proto boot`, which `ip route add` uses).
    Static,
    /// Everything else: DHCP, router advertisements, other daemons, but not BGP.
    Kernel,
}

/// A bridge for one speaker.
#[derive(Debug)]
pub struct Bridge {
    pub(super) settings: Settings,
    pub(super) cells: Cells,
    pub(super) sets: Sets,
    pub(super) ways: Ways,
    pub(super) survey: Survey,
    pub(super) asked: Asked,
    /// What an earlier process has installed and nobody wanted since.
    pub(super) adopted: HashMap<IpNet, Left, Plain>,
    /// When what is left of that goes.
    pub(super) sweep_at: Option<Instant>,
    /// When all that is installed is to be looked at once more, after a session has ended.
    pub(super) recheck_at: Option<Instant>,
    pub(super) takeover: Takeover,
    pub(super) former: Former,
    /// Neighbors that have died, and whose routes go together.
    pub(super) dead: heapless::Vec<Dead, MOST_DEAD>,
    /// The kernel has answered whether such routes are gone, and the destinations have not heard.
    pub(super) told_together: bool,
    /// Those that have yet to leave their groups.
    pub(super) down: Down,
    pub(super) retry_at: Option<Instant>,
    pub(super) retry_wait: Millis,
    /// Something was refused that no destination stands for: a survey shows what it is.
    pub(super) doubtful: bool,
    /// Objects that nothing seems to lead to stay until so many surveys have ended.
    pub(super) keep_until: u64,
    pub(super) standing: Standing,
    /// Routes that were asked for and are not known to be there.
    pub(super) arriving: u32,
    /// How many times there was no room for something of others when that was told last, and when it may be told again.
    pub(super) losses_told: (u64, Instant),
    /// This host has other addresses than before.
    pub(super) addresses_changed: bool,
    /// There is something else to record for the next process than before.
    pub(super) claims_changed: bool,
}

impl Bridge {
    /// A bridge for a speaker of this size. It allocates all that it ever needs.
    pub fn new(settings: Settings, limits: &Limits) -> Self {
        let slots = limits.slots() + 1;
        let adopted = settings.max_routes as usize;
        Self {
            cells: Cells::new(slots),
            sets: Sets::new(HOPS, SETS, settings.objects.clone()),
            ways: Ways::new(FOREIGN, INTERFACES, NEXT_HOPS, limits.peers.into()),
            survey: Survey::new(),
            asked: Asked { window: VecDeque::with_capacity(UNDER_WAY), sequence: 0, requests: 0 },
            adopted: map(adopted),
            sweep_at: None,
            recheck_at: None,
            takeover: Takeover::default(),
            former: Former::new(&settings),
            dead: heapless::Vec::new(),
            told_together: false,
            down: Down::new(limits.peers.into()),
            retry_at: None,
            retry_wait: FIRST_RETRY,
            doubtful: false,
            keep_until: 0,
            standing: Standing::default(),
            arriving: 0,
            losses_told: (0, Instant::EPOCH),
            addresses_changed: false,
            claims_changed: true,
            settings,
        }
    }

    /// Begins: the speaker is to tell what changes.
    pub fn start(&mut self, now: Instant, speaker: &mut Speaker<'_>) {
        speaker.follow_kernel(now, Follow { forwarding: self.settings.install, next_hops: true });
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        Standing {
            adopted: self.adopted.len() as u32,
            former: self.former.routes(),
            requests: self.asked.requests,
            lost: self.ways.lost,
            ..self.standing
        }
    }

    /// Whether something is there that an earlier process has left and that nobody has asked for since, or whether that is not
    /// known yet.
    pub fn is_taking_over(&self) -> bool {
        !self.survey.has_ended_once()
            || !self.adopted.is_empty()
            || self.takeover != Takeover::Over
            || !self.former.is_over()
    }

    /// Whether the kernel has a route for a destination, as far as known.
    pub fn is_installed(&self, family: Family, slot: u32) -> bool {
        self.cells.get(family, slot).set != 0
    }

    /// The kernel's routes in the main table that are not ours, whose links work.
    pub fn foreign_routes(&self) -> impl Iterator<Item = ForeignRoute> {
        self.ways.routes().map(|route| ForeignRoute {
            prefix: route.prefix,
            origin: match (route.protocol, route.hops.iter().flatten().find_map(|hop| hop.gateway)) {
                (libc::RTPROT_KERNEL, None) => Origin::Connected,
                (libc::RTPROT_BOOT | libc::RTPROT_STATIC, _) => Origin::Static,
                _ => Origin::Kernel,
            },
        })
    }

    /// What an earlier process has installed and nobody has announced again by then is to go.
    pub fn sweep_at(&mut self, at: Instant) {
        self.sweep_at = Some(at);
    }

    /// Nothing is to be in the kernel any more.
    pub(super) fn stop_installing(&mut self) {
        self.settings.install = false;
        self.sweep_at = Some(Instant::EPOCH);
        // What leads to them is to go as well.
        self.keep_until = 0;
        self.takeover = Takeover::Over;
        self.former.stop();
        self.mark_installed();
    }

    /// When the bridge has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waits = !self.adopted.is_empty() || self.takeover != Takeover::Over;
        let sweep_at = self.sweep_at.filter(|_| waits && !self.is_window_full());
        // What waits for answers is not waited for here.
        let end_of_wait = self.end_of_wait().filter(|_| !self.is_window_full());
        let down = (!self.down.is_empty() && self.may_drop_hops()).then_some(Instant::EPOCH);
        let times = [self.retry_at, sweep_at, self.recheck_at, end_of_wait, down, self.survey.deadline()];
        times.into_iter().flatten().min()
    }

    /// Does what is due.
    pub(super) fn timeout(&mut self, now: Instant) {
        if self.retry_at.take_if(|at| *at <= now).is_some() && !mutant!(RetryNever) {
            self.cells.mark_where(|cell| matches!(cell.stage, Stage::Refused | Stage::NoRoom));
            if self.doubtful {
                self.survey.ask(now);
            }
        }
        if self.recheck_at.take_if(|at| *at <= now).is_some() {
            self.mark_installed();
        }
        // One for the sake of a retry does not make the next one come sooner.
        if self.survey.timeout(now) {
            self.former.begin();
            if !std::mem::take(&mut self.doubtful) && self.survey.has_ended_once() {
                self.retry_wait = FIRST_RETRY;
            }
        }
    }

    /// Whether the kernel owes as many answers as it may.
    pub(super) fn is_window_full(&self) -> bool {
        self.asked.window.len() >= WINDOW
    }

    /// Whether there is something to ask: a destination that has changed, or more to say about one.
    pub fn has_work(&self) -> bool {
        self.cells.has_marked()
    }
}

#[cfg(test)]
pub(super) mod tests;
