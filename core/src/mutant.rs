//! Faults planted on purpose, for the simulator's judge to find: who judges the judge. They exist in builds with
//! `RUSTFLAGS='--cfg mutants'` only, where one at a time is activated; the macro `mutant!` in the core stands at the place
//! of each fault. Such a build is never for use.

use core::sync::atomic::{AtomicU16, AtomicU64, Ordering};

/// Declares the faults, each with a name and what a user would see of it.
macro_rules! mutants {
    ($($(#[doc = $text:literal])+ $variant:ident = $name:literal,)+) => {
        /// A planted fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Mutant {
            $($(#[doc = $text])+ $variant,)+
        }

        impl Mutant {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What a user would see.
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($text,)+).trim_ascii(),)+
                }
            }
        }
    };
}

mutants! {
    // What is said and agreed on.
    /// The higher hold time of the two holds.
    HoldMaximum = "hold-maximum",
    /// KEEPALIVEs are due after two thirds of the hold time, not one.
    KeepaliveTwoThirds = "keepalive-two-thirds",
    /// Where both speak both families, IPv6 is lost.
    FamilyLost = "family-lost",
    /// OPEN offers another hold time than the configured one.
    OpenHold = "open-hold",
    /// OPEN says nothing of graceful restart (RFC 4724).
    OpenWithoutRestart = "open-without-restart",
    /// IPv6 next hops for IPv4 prefixes are offered over IPv4 too (RFC 8950).
    OpenExtendedNextHop = "open-extended-next-hop",
    /// The OPEN of a neighbor without a common family is answered with another reason.
    OpenWrongReason = "open-wrong-reason",
    /// The end of a session is told with the code of a fault that there was not.
    CeaseIsFault = "cease-is-fault",

    // What is announced.
    /// A withdrawal is noted as sent but is not: every fourth destination stays with neighbors for ever.
    DropWithdrawal = "drop-withdrawal",
    /// Of the withdrawals that share an UPDATE only the first is heeded.
    OneWithdrawalPerUpdate = "one-withdrawal-per-update",
    /// Whatever is not for a neighbor is withdrawn from it, though it was never announced.
    ExtraWithdrawal = "extra-withdrawal",
    /// End-of-RIB comes before the routes that it is the end of.
    EarlyEndOfRib = "early-end-of-rib",
    /// End-of-RIB of IPv6 never comes.
    NoEndOfRib = "no-end-of-rib",
    /// End-of-RIB comes once more after every refresh.
    EndOfRibTwice = "end-of-rib-twice",
    /// A route goes back to the neighbor that it came from.
    NoSplitHorizon = "no-split-horizon",
    /// NO_EXPORT is no obstacle (RFC 1997).
    NoExportIgnored = "no-export-ignored",
    /// An external neighbor without an export policy is announced everything (RFC 8212).
    ExportWithoutPolicy = "export-without-policy",
    /// What an internal neighbor announced goes on to other internal ones (RFC 4271, 9.2.1).
    InternalToInternal = "internal-to-internal",
    /// LOCAL_PREF goes to external neighbors (RFC 4271, 5.1.5).
    LocalPrefToExternal = "local-pref-to-external",
    /// The MED of one neighboring AS goes on to another (RFC 4271, 5.1.4).
    MedLeaks = "med-leaks",
    /// An external neighbor is given the next hop that the route came with.
    NextHopKept = "next-hop-kept",
    /// The link-local next hop beside the global one is missing (RFC 2545, 3).
    LinkLocalDropped = "link-local-dropped",
    /// An IPv4 prefix keeps its IPv6 next hop towards internal neighbors that have not asked for such (RFC 8950).
    NextHopUnasked = "next-hop-unasked",
    /// The own AS stands twice in every path that leaves the AS.
    PrependTwice = "prepend-twice",
    /// ORIGIN stands twice among the attributes of each UPDATE, which receivers put up with (RFC 7606, 3 g).
    OriginTwice = "origin-twice",
    /// A route is changed as the rule in front of the matching one says.
    WrongRule = "wrong-rule",
    /// A route refresh brings nothing: a new import policy judges new routes only.
    RefreshIgnored = "refresh-ignored",
    /// Announcing everything again leaves out the destination that has not changed for longest.
    RoundSkipsOldest = "round-skips-oldest",
    /// While it drains, routes are announced without GRACEFUL_SHUTDOWN (RFC 8326).
    DrainUnmarked = "drain-unmarked",
    /// While it drains, internal neighbors are given LOCAL_PREF as ever (RFC 8326).
    DrainPreferred = "drain-preferred",
    /// Draining ends without withdrawing anything.
    DrainKeeps = "drain-keeps",
    /// With each KEEPALIVE everything is announced again.
    NeverSilent = "never-silent",
    /// A changed best path goes out with the next KEEPALIVE only.
    LateWakeup = "late-wakeup",
    /// What was refused for want of room is asked for again every 25 seconds, whether there is room or not.
    AskForEver = "ask-for-ever",
    /// A neighbor that has caught up does not hear that the destination it heard of last has changed again.
    TailSkipped = "tail-skipped",

    // What is chosen.
    /// MED is compared between different neighboring ASes (RFC 4271, 9.1.2.2 c).
    MedAcrossAses = "med-across-ases",
    /// A path of an external neighbor is no better than one of an internal one.
    ExternalNotPreferred = "external-not-preferred",
    /// Paths that hold the own AS are accepted.
    OwnAsAccepted = "own-as-accepted",
    /// When the best path goes, the next at hand takes its place, not the next best.
    NoReselection = "no-reselection",
    /// One path more forwards than `maximum-paths` says.
    MultipathOneMore = "multipath-one-more",

    // What is counted.
    /// A neighbor that comes back is believed to know what it was told before.
    ToldIsKept = "told-is-kept",
    /// A replaced path never gives its attribute set back.
    HoldLeaks = "hold-leaks",
    /// A session that is over leaves the paths of every eighth slot behind.
    PurgeSkips = "purge-skips",
    /// A withdrawn destination is forgotten when one neighbor has yet to hear of it.
    FreedTooEarly = "freed-too-early",
    /// A table takes one path more than its limit.
    PathsLimit = "paths-limit",
    /// A neighbor may have one prefix more than its limit.
    PrefixLimit = "prefix-limit",
    /// What a limit of prefixes has refused stays out, however many others go.
    LimitKeepsOut = "limit-keeps-out",
    /// A path that was refused and is accepted now is listed as both.
    RefusedAndAccepted = "refused-and-accepted",
    /// The room for long messages is never given back.
    LeaseLeaks = "lease-leaks",
    /// A withdrawal of what was refused ends the program.
    UnknownWithdrawal = "unknown-withdrawal",

    // When things happen.
    /// KEEPALIVEs come half as often as agreed.
    LateKeepalive = "late-keepalive",
    /// The hold timer expires and nothing follows.
    HoldExpiryIgnored = "hold-expiry-ignored",
    /// A neighbor is given up after two thirds of the hold time.
    HoldTooShort = "hold-too-short",
    /// Our own KEEPALIVEs keep a session up whose other end is gone.
    HoldRestartsItself = "hold-restarts-itself",
    /// Of two colliding connections none is left, and no other is tried.
    CollisionClosesBoth = "collision-closes-both",
    /// A neighbor that could not be reached once is not dialled again.
    RetryForgotten = "retry-forgotten",
    /// A timer that is due before the one waited for is late.
    DeadlineIgnored = "deadline-ignored",
    /// A timer without a purpose goes off every ten milliseconds.
    Restless = "restless",
    /// Timers are spread by a clock instead of the seed: no run is like another.
    ClockJitter = "clock-jitter",

    // Planted in the bridge to the kernel's routes.
    /// The kernel is not told of destinations that are gone.
    BridgeForgets = "bridge-forgets",
    /// What the kernel refuses is taken for done.
    RefusalBelieved = "refusal-believed",
    /// What the kernel refuses is never asked for again.
    RetryNever = "retry-never",
    /// That notifications were lost is nothing to care about.
    OverrunIgnored = "overrun-ignored",
    /// Nobody looks at the kernel's routes but when something has happened.
    SurveyDropped = "survey-dropped",
    /// A survey that lacks a route finds nothing wrong.
    VanishedStays = "vanished-stays",
    /// A next hop stays in the group of a destination that has another one left.
    MemberStays = "member-stays",
    /// What an earlier process has left, and nobody wants, stays.
    NeverSwept = "never-swept",
    /// What the first look at the kernel's routes does not show of an earlier process is taken for gone.
    FirstLookIsAll = "first-look-is-all",
    /// What an earlier process has installed by other keys stays.
    FormerStays = "former-stays",

    // Planted in the simulator's own adapter.
    /// Now and then the word that a socket can be read is lost: the bytes stay there until more arrives.
    StaleReadiness = "stale-readiness",
    /// What a socket does not take at once is lost.
    TornWrite = "torn-write",
    /// The core is never told that a connection ended.
    LostClose = "lost-close",
}

/// The active fault, counted from 1; 0 for none.
static ACTIVE: AtomicU16 = AtomicU16::new(0);

/// Activates a fault, in place of another, for all speakers of the process.
pub fn activate(mutant: Mutant) {
    ACTIVE.store(mutant as u16 + 1, Ordering::Relaxed);
}

/// The active fault.
pub fn active() -> Option<Mutant> {
    Mutant::ALL.iter().copied().find(|mutant| is_active(*mutant))
}

/// Whether this fault is the active one.
#[inline]
pub fn is_active(mutant: Mutant) -> bool {
    ACTIVE.load(Ordering::Relaxed) == mutant as u16 + 1
}

impl Mutant {
    /// The fault with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mutant| mutant.name() == name)
    }
}

/// What stands in for a clock here: a number that no two calls in the process get.
pub(crate) fn clock() -> u64 {
    static TICKS: AtomicU64 = AtomicU64::new(0);
    TICKS.fetch_add(1, Ordering::Relaxed)
}
