//! What a seed switches on.

use crate::sim::scenario::draw::Draw;
use crate::sim::scenario::faults::FaultClass;
use crate::sim::scenario::work::WorkClass;

/// How the ASes are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Chain,
    Star,
    Ring,
    Mesh,
    /// One above the others on a link that all share, accepting them from its range.
    Rack,
    /// Everybody with everybody on a link that all share.
    Exchange,
}

/// What external sessions have as policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Everything is accepted and announced.
    Open,
    /// Those with lower numbers sell transit to those with higher ones: always one stable state (Gao and Rexford).
    Transit,
    /// Rules drawn one by one.
    Wild,
}

/// Hold times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Some have none.
    Zero,
    Short,
    Mixed,
}

/// The switches.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    pub(super) shape: Shape,
    pub(super) style: Style,
    pub(super) holds: Holds,
    /// ASes of several hosts.
    pub(super) internal: bool,
    /// Internal sessions run between loopbacks.
    pub(super) loopbacks: bool,
    /// Hosts of an AS are not all next to each other.
    pub(super) indirect: bool,
    /// External sessions between loopbacks of neighbors.
    pub(super) external_loopbacks: bool,
    /// Hosts behind others that only forward.
    pub(super) remote: bool,
    /// A session of its own for each family, over that family.
    pub(super) split_families: bool,
    /// Sessions over IPv6.
    pub(super) v6_transport: bool,
    /// Links between ASes with IPv6 addresses only, over which IPv4 prefixes go too.
    pub(super) v6_links: bool,
    /// Some sessions offer one family only.
    pub(super) one_family: bool,
    pub(super) wide_asns: bool,
    pub(super) same_asn: bool,
    /// Some external sessions lack a policy (RFC 8212).
    pub(super) unset_policies: bool,
    /// Local preference by neighbor: there may be no stable state.
    pub(super) dispute: bool,
    /// Next hops set by hand.
    pub(super) odd_next_hops: bool,
    /// Prefixes within others, default routes.
    pub(super) overlaps: bool,
    /// Prefixes that several hosts originate.
    pub(super) shared: bool,
    pub(super) tiny: bool,
    pub(super) max_prefixes: bool,
    pub(super) communities: bool,
    pub(super) med: bool,
    pub(super) graceful: bool,
    pub(super) passive: bool,
    pub(super) dynamic: bool,
    pub(super) ttl: bool,
    pub(super) next_hop_self: bool,
    pub(super) multipath: bool,
    pub(super) small_buffers: bool,
    pub(super) bad_links: bool,
    pub(super) faults: Vec<FaultClass>,
    pub(super) work: Vec<WorkClass>,
}

impl Traits {
    /// `seed` is that of `draw`.
    pub(super) fn draw(draw: &mut Draw, seed: u64) -> Self {
        use Shape::{Chain, Exchange, Mesh, Rack, Ring, Star};
        let shape = draw.one([Chain, Star, Ring, Mesh, Rack, Exchange]);
        let style = draw.one([Style::Open, Style::Transit, Style::Wild, Style::Wild]);
        let holds =
            draw.one([Holds::Short, Holds::Short, Holds::Mixed, Holds::Mixed, Holds::Mixed, Holds::Zero]);
        let eager = draw.one([20, 40, 70]);
        let mut faults: Vec<FaultClass> =
            FaultClass::ALL.into_iter().filter(|_| draw.chance(eager)).collect();
        let small_buffers = draw.chance(40);
        // Full buffers are what both are about.
        if small_buffers && draw.chance(30) && !faults.contains(&FaultClass::SlowReader) {
            faults.push(FaultClass::SlowReader);
        }
        if holds == Holds::Zero {
            faults.retain(|class| !class.needs_hold_timer());
        }
        let eager = draw.one([20, 40, 70]);
        let work = WorkClass::ALL.into_iter().filter(|_| draw.chance(eager)).collect();
        let internal = draw.chance(40);
        // By chances of its own: seeds that have it not stay what they were before there was such a thing.
        let v6_links = Draw::new(seed, 0x8950).chance(30);
        Self {
            shape,
            style,
            holds,
            internal,
            loopbacks: draw.chance(50),
            indirect: internal && draw.chance(30),
            external_loopbacks: draw.chance(20),
            remote: draw.chance(25),
            split_families: draw.chance(20),
            v6_transport: draw.chance(40) || v6_links,
            v6_links,
            one_family: draw.chance(30),
            wide_asns: draw.chance(40),
            same_asn: draw.chance(15),
            unset_policies: draw.chance(15),
            dispute: draw.chance(3),
            odd_next_hops: style == Style::Wild && draw.chance(10),
            overlaps: draw.chance(10),
            shared: draw.chance(60),
            tiny: draw.chance(30),
            max_prefixes: draw.chance(35),
            communities: draw.chance(50),
            med: draw.chance(50),
            graceful: draw.chance(50),
            passive: draw.chance(30),
            dynamic: draw.chance(40),
            ttl: draw.chance(30),
            next_hop_self: draw.chance(40),
            multipath: draw.chance(60),
            small_buffers,
            bad_links: draw.chance(50),
            faults,
            work,
        }
    }

    /// Whether tables or limits may be too small for what there is.
    pub(super) const fn may_refuse(&self) -> bool {
        self.tiny || self.max_prefixes
    }

    /// Whether originated routes may have a MED. Inside an AS with several ways to several other ASes, MEDs can leave
    /// more than one stable state, even in a full mesh; not if each prefix comes from one AS.
    pub(super) const fn origin_med(&self) -> bool {
        self.med && (self.dispute || !(self.internal && self.shared))
    }

    /// Whether policies may set a MED.
    pub(super) const fn policy_med(&self) -> bool {
        self.med && (self.dispute || !self.internal)
    }
}
