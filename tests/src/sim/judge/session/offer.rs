//! Who a speaker is towards one neighbor, by its configuration: what its OPEN has to say, and which OPENs it refuses.

use std::net::Ipv4Addr;

use crier_core::Family;
use crier_core::config::{RemoteAs, Settings};

use crate::sim::judge::message::{Open, capability};

/// Bad Peer AS, Bad BGP Identifier, Unsupported Capability: subcodes of OPEN Message Error (RFC 4271, 6.2; RFC 5492, 5).
const BAD_PEER_AS: u8 = 2;
const BAD_BGP_IDENTIFIER: u8 = 3;
const UNSUPPORTED_CAPABILITY: u8 = 7;

/// The restart time has 12 bits (RFC 4724, 3).
const MAX_RESTART_TIME: u16 = 0x0FFF;

/// What a speaker is configured to be towards a neighbor.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its AS number.
    pub asn: u32,
    /// Its BGP identifier.
    pub router_id: Ipv4Addr,
    /// How it is to talk to this neighbor.
    pub settings: Settings,
    /// The connection is one over IPv6.
    pub over_ipv6: bool,
}

impl Offer {
    /// Whether its OPEN says just this.
    ///
    /// # Errors
    /// What it says instead.
    pub(super) fn check(&self, open: &Open) -> Result<(), String> {
        let numbers = [
            ("AS", self.asn.to_string(), open.asn.to_string()),
            ("hold time", self.settings.timers.hold.to_string(), open.hold.to_string()),
            ("identifier", self.router_id.to_string(), open.router_id.to_string()),
        ];
        if let Some((what, wanted, said)) = numbers.into_iter().find(|(_, wanted, said)| wanted != said) {
            return Err(format!("OPEN with {what} {said} where {wanted} is configured"));
        }
        let mut said = open.capabilities.clone();
        // Extended messages are offered where there is room for them.
        if let Some(at) = said.iter().position(|(code, _)| *code == capability::EXTENDED_MESSAGES) {
            said.remove(at);
        }
        said.sort();
        let wanted = self.capabilities();
        if said != wanted {
            return Err(format!("OPEN with capabilities {said:?} where {wanted:?} are configured"));
        }
        Ok(())
    }

    /// What it can do, sorted, without extended messages.
    fn capabilities(&self) -> Vec<(u8, Vec<u8>)> {
        let families: Vec<[u8; 3]> = self.settings.families.iter().map(identifiers).collect();
        let mut list: Vec<_> = families
            .iter()
            .map(|[high, low, safi]| (capability::MULTIPROTOCOL, vec![*high, *low, 0, *safi]))
            .collect();
        list.push((capability::ROUTE_REFRESH, Vec::new()));
        if self.over_ipv6 && self.settings.families.contains(Family::Ipv4Unicast) {
            list.push((capability::EXTENDED_NEXT_HOP, vec![0, 1, 0, 1, 0, 2]));
        }
        list.push((capability::FOUR_OCTET_AS, self.asn.to_be_bytes().to_vec()));
        // A helper names no time and no family. Nothing here has restarted, or kept what forwards.
        let time = self.settings.restart_time;
        let mut restart = time.unwrap_or(0).min(MAX_RESTART_TIME).to_be_bytes().to_vec();
        if time.is_some() {
            restart.extend(families.iter().flat_map(|[high, low, safi]| [*high, *low, *safi, 0]));
        }
        list.push((capability::GRACEFUL_RESTART, restart));
        list.sort();
        list
    }

    /// Why it refuses the other end's OPEN: subcodes of OPEN Message Error, any of which may answer it; none if the two
    /// can talk.
    pub(super) fn refusals(&self, theirs: &Open) -> Vec<u8> {
        let wanted = match self.settings.remote_as {
            RemoteAs::Asn(asn) => theirs.asn == asn,
            RemoteAs::External => theirs.asn != self.asn,
            RemoteAs::Internal => theirs.asn == self.asn,
            RemoteAs::Any => true,
        };
        // RFC 6286, 2.2: identifiers are unique within an AS.
        let same = theirs.asn == self.asn && theirs.router_id == self.router_id;
        let families = theirs.families();
        let common = self.settings.families.iter().any(|family| families.contains(&family));
        let refused = [(BAD_PEER_AS, !wanted), (BAD_BGP_IDENTIFIER, same), (UNSUPPORTED_CAPABILITY, !common)];
        refused.into_iter().filter(|(_, refused)| *refused).map(|(subcode, _)| subcode).collect()
    }
}

/// AFI and SAFI.
fn identifiers(family: Family) -> [u8; 3] {
    match family {
        Family::Ipv4Unicast => [0, 1, 1],
        Family::Ipv6Unicast => [0, 2, 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_core::FamilySet;
    use crier_core::config::Timers;

    fn offer() -> Offer {
        let timers = Timers { hold: 90, ..Timers::default() };
        let settings = Settings { timers, remote_as: RemoteAs::Asn(65_002), ..Settings::default() };
        Offer { asn: 65_001, router_id: [10, 0, 0, 1].into(), settings, over_ipv6: false }
    }

    /// What the offer makes, with capabilities in an order of its own.
    fn open(offer: &Offer) -> Open {
        let mut capabilities = offer.capabilities();
        capabilities.reverse();
        capabilities.push((capability::EXTENDED_MESSAGES, Vec::new()));
        let (asn, hold, router_id) = (offer.asn, offer.settings.timers.hold, offer.router_id);
        Open { asn, hold, router_id, capabilities }
    }

    #[test]
    fn an_open_says_what_is_configured() {
        let right = open(&offer());
        assert_eq!(offer().check(&right), Ok(()));
        type Change = fn(&mut Open);
        let changes: [(&str, Change); 7] = [
            ("AS 65009", |open| open.asn = 65_009),
            ("hold time 180", |open| open.hold = 180),
            ("identifier", |open| open.router_id = [10, 0, 0, 9].into()),
            ("capabilities", |open| open.capabilities.retain(|(_, value)| value != &[0, 2, 0, 1])),
            ("capabilities", |open| open.capabilities.retain(|(code, _)| *code != 64)),
            ("capabilities", |open| open.capabilities.push((2, Vec::new()))),
            ("capabilities", |open| open.capabilities.push((70, Vec::new()))),
        ];
        for (text, change) in changes {
            let mut wrong = right.clone();
            change(&mut wrong);
            let fault = offer().check(&wrong).unwrap_err();
            assert!(fault.contains(text), "{fault}");
        }
    }

    #[test]
    fn the_restart_time_and_its_families_are_named_where_one_is_configured() {
        let mut offer = offer();
        offer.settings.families = FamilySet::EMPTY.with(Family::Ipv6Unicast);
        assert!(offer.capabilities().contains(&(64, vec![0, 0])));
        offer.settings.restart_time = Some(60);
        assert!(offer.capabilities().contains(&(64, vec![0, 60, 0, 2, 1, 0])));
    }

    #[test]
    fn ipv6_next_hops_for_ipv4_are_offered_over_ipv6() {
        let named = |offer: &Offer| offer.capabilities().contains(&(5, vec![0, 1, 0, 1, 0, 2]));
        let mut offer = offer();
        assert!(!named(&offer));
        offer.over_ipv6 = true;
        assert!(named(&offer));
        offer.settings.families = FamilySet::EMPTY.with(Family::Ipv6Unicast);
        assert!(!named(&offer));
    }

    #[test]
    fn opens_are_refused_for_their_as_identifier_and_families() {
        let mut theirs = open(&offer());
        theirs.router_id = [10, 0, 0, 2].into();
        let mut offer = offer();
        assert_eq!(offer.refusals(&theirs), [2]);
        for (remote_as, refusals) in
            [(RemoteAs::External, &[2][..]), (RemoteAs::Internal, &[]), (RemoteAs::Any, &[])]
        {
            offer.settings.remote_as = remote_as;
            assert_eq!(offer.refusals(&theirs), refusals);
        }
        theirs.router_id = offer.router_id;
        assert_eq!(offer.refusals(&theirs), [3]);
        theirs.asn = 65_002;
        assert!(offer.refusals(&theirs).is_empty());
        offer.settings.families = FamilySet::EMPTY.with(Family::Ipv4Unicast);
        theirs.capabilities.retain(|(_, value)| value != &[0, 1, 0, 1]);
        assert_eq!(offer.refusals(&theirs), [7]);
    }
}
