//! Why: the one place that turns the core's closed lists of reasons into words. Each has a code, for programs, and a
//! sentence, for people.

mod kernel;
mod notification;

pub use kernel::{UNREACHABLE, errno, unreachable};
pub use notification::{code_name, communication, notification};

use crier_core::event::DownReason;
use crier_core::speaker::{Applied, CloseCause, CommandError, ConfigError, Refusal};
use crier_core::view::{Reason, Step};

/// Why a path was not accepted, or is not announced: the code, `None` where it was.
pub const fn reason_code(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::None => return None,
        Reason::NoPolicy => "no-policy",
        Reason::Policy => "policy",
        Reason::OwnAs => "own-as",
        Reason::OwnNextHop => "own-next-hop",
        Reason::FirstAs => "first-as",
        Reason::AsPathTooLong => "as-path-too-long",
        Reason::AsZero => "as-zero",
        Reason::Martian => "martian",
        Reason::NextHop => "next-hop",
        Reason::MaxPrefixes => "max-prefixes",
        Reason::PrefixesFull => "prefixes-full",
        Reason::PathsFull => "paths-full",
        Reason::AttributesFull => "attributes-full",
        Reason::Malformed => "malformed",
        Reason::ReflectionLoop => "reflection-loop",
        Reason::SplitHorizon => "split-horizon",
        Reason::InternalToInternal => "internal-to-internal",
        Reason::NoExport => "no-export",
        Reason::NoAdvertise => "no-advertise",
        Reason::NoNextHop => "no-next-hop",
        Reason::Family => "family",
        Reason::Drained => "drained",
        Reason::NotEstablished => "not-established",
        Reason::TooLong => "too-long",
        Reason::NoBestPath => "no-best-path",
    })
}

/// Why a path was not accepted, or is not announced, and where that helps, what to do about it.
pub const fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "nothing is against it",
        Reason::NoPolicy => {
            "there is no policy for this external neighbor (RFC 8212); name one with import or export, \"accept-all\" if you mean it"
        }
        Reason::Policy => "the policy rejects it",
        Reason::OwnAs => "our own AS is in its AS_PATH (RFC 4271, 9.1.2)",
        Reason::OwnNextHop => "its next hop is our own address (RFC 4271, 5.1.3)",
        Reason::FirstAs => "its AS_PATH does not begin with the neighbor's AS (RFC 4271, 6.3)",
        Reason::AsPathTooLong => "its AS_PATH is longer than crier takes",
        Reason::AsZero => "AS 0 is in its path (RFC 7607)",
        Reason::Martian => "such a prefix must not be routed",
        Reason::NextHop => "its next hop cannot be one",
        Reason::MaxPrefixes => "the neighbor is past its max-prefixes limit",
        Reason::PrefixesFull => "the table of prefixes is full; raise limits.prefixes and restart",
        Reason::PathsFull => "the table of paths is full; raise limits.paths and restart",
        Reason::AttributesFull => {
            "the tables of attributes are full; raise limits.attribute-sets or limits.attribute-bytes and restart"
        }
        Reason::Malformed => "the UPDATE was malformed and counts as a withdrawal (RFC 7606)",
        Reason::ReflectionLoop => "our own ORIGINATOR_ID or cluster is in it (RFC 4456, 8)",
        Reason::SplitHorizon => "the best path came from this neighbor",
        Reason::InternalToInternal => {
            "the best path came from an internal neighbor, and this is another one (RFC 4271, 9.2.1)"
        }
        Reason::NoExport => "it carries the community no-export or no-export-subconfed (RFC 1997)",
        Reason::NoAdvertise => "it carries the community no-advertise (RFC 1997)",
        Reason::NoNextHop => {
            "there is no next hop that this neighbor takes: the session's interface has no address of the family, or the route has an IPv6 next hop, and IPv6 next hops for IPv4 (RFC 8950) were not agreed on; add an address, or set next-hop in a policy"
        }
        Reason::Family => "the family was not agreed on with this neighbor",
        Reason::Drained => "crier is drained; undrain announces it again",
        Reason::NotEstablished => "the session is not Established",
        Reason::TooLong => "its attributes do not fit one message",
        Reason::NoBestPath => "there is no best path",
    }
}

/// The step of the decision process, as a code.
pub const fn step_code(step: Step) -> &'static str {
    match step {
        Step::Only => "only",
        Step::Best => "best",
        Step::Invalid => "invalid",
        Step::LocalOrigin => "local-origin",
        Step::LocalPref => "local-pref",
        Step::AsPathLength => "as-path-length",
        Step::Origin => "origin",
        Step::Med => "med",
        Step::External => "external",
        Step::IgpCost => "igp-cost",
        Step::RouterId => "router-id",
        Step::ClusterListLength => "cluster-list-length",
        Step::PeerAddress => "peer-address",
    }
}

/// What that step says about a path.
pub const fn step_text(step: Step) -> &'static str {
    match step {
        Step::Only => "best: it is the only path",
        Step::Best => "best: no other path beats it",
        Step::Invalid => "takes no part: its session is gone or its next hop unreachable (RFC 4271, 9.1.2)",
        Step::LocalOrigin => "not best: a route originated here wins",
        Step::LocalPref => "not best: lower LOCAL_PREF (RFC 4271, 9.1.1)",
        Step::AsPathLength => "not best: longer AS_PATH (RFC 4271, 9.1.2.2 a)",
        Step::Origin => "not best: higher ORIGIN (RFC 4271, 9.1.2.2 b)",
        Step::Med => "not best: higher MED from the same neighboring AS (RFC 4271, 9.1.2.2 c)",
        Step::External => "not best: internal, the best path is external (RFC 4271, 9.1.2.2 d)",
        Step::IgpCost => "not best: next hop further away (RFC 4271, 9.1.2.2 e)",
        Step::RouterId => "not best: higher BGP identifier (RFC 4271, 9.1.2.2 f)",
        Step::ClusterListLength => "not best: longer CLUSTER_LIST (RFC 4456, 9)",
        Step::PeerAddress => "not best: higher neighbor address (RFC 4271, 9.1.2.2 g)",
    }
}

/// Why an incoming connection was refused, for programs.
pub const fn refusal_code(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotConfigured => "not-configured",
        Refusal::AdministrativelyDown => "administratively-down",
        Refusal::Busy => "busy",
        Refusal::Resting => "resting",
        Refusal::ConnectionsFull => "connections-full",
        Refusal::TooManyFromSource => "too-many-from-source",
        Refusal::DynamicLimit => "dynamic-limit",
        Refusal::Stopping => "stopping",
    }
}

/// Why an incoming connection was refused.
pub const fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotConfigured => "it is neither a neighbor nor in a dynamic range",
        Refusal::AdministrativelyDown => "the neighbor is shut down; enable lets it back",
        Refusal::Busy => {
            "the neighbor already has a connection, or its former session is still being cleared away"
        }
        Refusal::Resting => "the neighbor's last session failed, and it rests for a while; enable ends that",
        Refusal::ConnectionsFull => "no connection slot is free; raise limits.connections and restart",
        Refusal::TooManyFromSource => "that address has eight connections without an OPEN",
        Refusal::DynamicLimit => "the range has as many dynamic neighbors as its dynamic-limit allows",
        Refusal::Stopping => "crier is stopping",
    }
}

/// Why an Established session ended.
pub const fn down_reason(reason: DownReason) -> &'static str {
    match reason {
        DownReason::AdministrativeShutdown => "it was shut down here",
        DownReason::AdministrativeReset => "it was cleared here",
        DownReason::Deconfigured => "the neighbor is no longer configured",
        DownReason::ConfigurationChanged => "its configuration changed in a way a session cannot follow",
        DownReason::HoldTimerExpired => "nothing came for the hold time",
        DownReason::SendHoldTimerExpired => "the neighbor took nothing for the send hold time (RFC 9687)",
        DownReason::NotificationReceived => "the neighbor sent a NOTIFICATION",
        DownReason::ProtocolError => "the neighbor broke the protocol",
        DownReason::ConnectionClosed(cause) => match cause {
            CloseCause::Eof => "the neighbor closed the connection",
            CloseCause::Reset => "the neighbor reset the connection",
            CloseCause::Refused => "the connection was refused",
            CloseCause::TimedOut => "the connection timed out",
            CloseCause::Unreachable => "the neighbor became unreachable",
            CloseCause::LocalError => "this host broke the connection",
        },
        DownReason::Collision => "another connection with the neighbor won (RFC 4271, 6.8)",
        DownReason::MaxPrefixes => "the neighbor exceeded its max-prefixes limit",
        DownReason::OutOfResources => "the neighbor read too slowly and held too many withdrawn prefixes",
        DownReason::Stopping => "crier is stopping",
        DownReason::Recovering => "restarted to fetch again what had been refused for want of room",
    }
}

/// Why a connection could not be opened.
pub const fn close_cause(cause: CloseCause) -> &'static str {
    match cause {
        CloseCause::Eof => "closed by the neighbor",
        CloseCause::Reset => "reset by the neighbor",
        CloseCause::Refused => "nobody listens there",
        CloseCause::TimedOut => "no answer in time",
        CloseCause::Unreachable => "no route to the neighbor",
        CloseCause::LocalError => "this host forbids it: check local-address, permissions and open files",
    }
}

/// Why a command was refused, and what to do.
pub const fn command_error(error: CommandError) -> &'static str {
    match error {
        CommandError::NoSuchPeer => "there is no such neighbor; `crier peers` lists them",
        CommandError::NotEstablished => "the session is not Established; `crier peers ADDR` says why",
        CommandError::NoRouteRefresh => {
            "the neighbor cannot do route refresh; `crier clear` without --soft restarts it"
        }
        CommandError::Full => "there is no room for it; `crier status` shows which table is full",
        CommandError::Martian => "such a prefix must not be announced",
        CommandError::NextHopFamily => "the next hop is of another family than the prefix",
        CommandError::TooLong => "it has more attributes than fit one message",
        CommandError::Policy => "the policy that it is to pass rejects it",
    }
}

/// What a new configuration did.
pub fn applied(applied: &Applied) -> String {
    let Applied { added, removed, restarted, refreshed, restart_needed } = *applied;
    let mut text = format!(
        "configuration applied: {added} added, {removed} removed, {restarted} restarted, {refreshed} asked for a refresh"
    );
    if restart_needed > 0 {
        text.push_str(&format!(
            "; {restart_needed} cannot refresh (see crier events): `crier clear` them, or their import policy counts from the next session"
        ));
    }
    text
}

/// Why a configuration was refused. The configuration itself names policies and rules better; this is what is left to say
/// when the core refuses what passed the program's own checks.
pub fn config_error(error: &ConfigError) -> String {
    match error {
        ConfigError::TooManyPeers { wanted, limit } => format!(
            "neighbors and dynamic-limits come to {wanted}, limits.peers is {limit}: raise it and restart, or lower a dynamic-limit"
        ),
        ConfigError::TooManyRanges { limit } => {
            format!("there are more dynamic ranges than the {limit} that fit")
        }
        ConfigError::PoliciesTooLarge { wanted, limit } => {
            format!(
                "the policies need {wanted} bytes or more, limits.policy-bytes is {limit}: raise it and restart"
            )
        }
        ConfigError::NoSuchPolicy(policy) => format!("policy {policy} is referred to and does not exist"),
        ConfigError::DuplicatePeer(address) => format!("two neighbors have the address {address}"),
        ConfigError::Policy { policy, rule, reason } => format!("policy {policy}, rule {rule}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_has_no_code_and_the_rest_has_one() {
        assert_eq!(reason_code(Reason::None), None);
        assert_eq!(reason_code(Reason::OwnAs), Some("own-as"));
        let codes: std::collections::BTreeSet<_> = Reason::ALL.into_iter().map(reason_code).collect();
        assert_eq!(codes.len(), Reason::ALL.len(), "no code is used twice");
        assert!(reason_text(Reason::NoPolicy).contains("RFC 8212"));
    }

    #[test]
    fn steps_carry_the_letters_of_the_rfc() {
        for (step, letter) in
            [(Step::AsPathLength, "9.1.2.2 a"), (Step::Med, "9.1.2.2 c"), (Step::PeerAddress, "9.1.2.2 g")]
        {
            assert!(step_text(step).contains(letter), "{}", step_code(step));
        }
    }
}
