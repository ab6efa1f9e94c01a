//! What two OPENs agree on.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use crier_core::view::{GracefulRestart, Negotiated};
use crier_core::{Family, FamilySet};
use ipnet::IpNet;

use super::offer::Offer;
use crate::sim::judge::message::{Open, capability, family};

/// What holds for one end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Families that both offered.
    pub families: BTreeSet<Family>,
    /// Hold time in seconds: the lower one, where 0 means none (RFC 4271, 4.2).
    pub hold: u16,
    /// Keepalive interval in seconds: the configured one, a third of the hold time at most (RFC 4271, 4.4). 0: none.
    pub keepalive: u16,
    /// Both offered IPv6 next hops for IPv4 prefixes, and IPv4 (RFC 8950, 4).
    pub extended_next_hop: bool,
    /// Both offered extended messages (RFC 8654, 4).
    pub extended_messages: bool,
    /// The other end's AS number.
    pub asn: u32,
    /// Its identifier.
    pub router_id: Ipv4Addr,
    /// It has AS numbers of four octets (RFC 6793).
    as4: bool,
    /// It takes ROUTE-REFRESH (RFC 2918).
    refresh: bool,
    /// Its graceful restart capability (RFC 4724).
    restart: Option<GracefulRestart>,
}

impl Agreed {
    /// What the two make for the end that offers; `None` if it has a reason to refuse.
    pub(super) fn of(offer: &Offer, ours: &Open, theirs: &Open) -> Option<Self> {
        if !offer.refusals(theirs).is_empty() {
            return None;
        }
        let both = |code| ours.has(code) && theirs.has(code);
        // Where one offers none, the lower one is none.
        let hold = ours.hold.min(theirs.hold);
        let keepalive = if hold == 0 { 0 } else { offer.settings.timers.keepalive.min(hold / 3).max(1) };
        let families: BTreeSet<_> = ours.families().intersection(&theirs.families()).copied().collect();
        Some(Self {
            extended_next_hop: ours.takes_ipv6_next_hops()
                && theirs.takes_ipv6_next_hops()
                && families.contains(&Family::Ipv4Unicast),
            families,
            hold,
            keepalive,
            extended_messages: both(capability::EXTENDED_MESSAGES),
            asn: theirs.asn,
            router_id: theirs.router_id,
            as4: theirs.has(capability::FOUR_OCTET_AS),
            refresh: theirs.has(capability::ROUTE_REFRESH),
            restart: restart(theirs),
        })
    }

    /// Whether a family was agreed on.
    pub(super) fn check_family(&self, family: Option<Family>) -> Result<(), String> {
        match family {
            Some(family) if !self.families.contains(&family) => Err(format!("{family} was not agreed on")),
            _ => Ok(()),
        }
    }

    /// Whether a next hop may be that of these prefixes.
    pub(super) fn check_next_hop(&self, prefixes: &[IpNet], next_hop: IpAddr) -> Result<(), String> {
        let ipv4 = prefixes.iter().any(|prefix| prefix.addr().is_ipv4());
        match ipv4 && next_hop.is_ipv6() && !self.extended_next_hop {
            true => Err(format!("next hop {next_hop} of IPv4 prefixes was not agreed on")),
            false => Ok(()),
        }
    }

    /// Families in the form that the oracle has them in.
    pub fn family_set(&self) -> FamilySet {
        set(self.families.iter().copied())
    }

    /// Whether a speaker takes the same for agreed on, with the same neighbor.
    ///
    /// # Errors
    /// What it takes for something else.
    pub fn check_view(&self, view: &Negotiated, asn: u32, router_id: Ipv4Addr) -> Result<(), String> {
        let Negotiated {
            hold,
            keepalive,
            families,
            as4,
            refresh,
            extended_next_hop,
            extended_messages,
            graceful_restart,
        } = *view;
        let named = [
            ("hold time", self.hold.to_string(), hold.to_string()),
            ("keepalive interval", self.keepalive.to_string(), keepalive.to_string()),
            (
                "families",
                format!("{:?}", self.families),
                format!("{:?}", families.iter().collect::<BTreeSet<_>>()),
            ),
            ("four-octet AS numbers", self.as4.to_string(), as4.to_string()),
            ("route refresh", self.refresh.to_string(), refresh.to_string()),
            ("IPv6 next hops", self.extended_next_hop.to_string(), extended_next_hop.to_string()),
            ("extended messages", self.extended_messages.to_string(), extended_messages.to_string()),
            ("graceful restart", format!("{:?}", self.restart), format!("{graceful_restart:?}")),
            ("neighbor's AS", self.asn.to_string(), asn.to_string()),
            ("neighbor's identifier", self.router_id.to_string(), router_id.to_string()),
        ];
        match named.iter().find(|(_, agreed, found)| agreed != found) {
            Some((what, agreed, found)) => {
                Err(format!("goes by {what} {found} where the OPENs make {agreed}"))
            }
            None => Ok(()),
        }
    }
}

fn set(families: impl IntoIterator<Item = Family>) -> FamilySet {
    families.into_iter().fold(FamilySet::EMPTY, FamilySet::with)
}

/// The graceful restart capability; of several the last counts (RFC 4724, 3).
fn restart(open: &Open) -> Option<GracefulRestart> {
    let of_restart = |(code, _): &&(u8, Vec<u8>)| *code == capability::GRACEFUL_RESTART;
    let (_, value) = open.capabilities.iter().rfind(of_restart)?;
    let (head, list) = value.split_first_chunk()?;
    let head = u16::from_be_bytes(*head);
    let named = || {
        list.chunks_exact(4).filter_map(|entry| match *entry {
            [high, low, safi, flags] => Some((family(u16::from_be_bytes([high, low]), safi)?, flags)),
            _ => None,
        })
    };
    Some(GracefulRestart {
        restarting: head & 0x8000 != 0,
        notification: head & 0x4000 != 0,
        time: head & 0x0FFF,
        families: set(named().map(|(family, _)| family)),
        forwarding: set(named().filter(|(_, flags)| flags & 0x80 != 0).map(|(family, _)| family)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_core::config::{Settings, Timers};

    fn offer(hold: u16, keepalive: u16) -> Offer {
        let timers = Timers { hold, keepalive, ..Timers::default() };
        let settings = Settings { timers, ..Settings::default() };
        Offer { asn: 65_001, router_id: [10, 0, 0, 1].into(), settings, over_ipv6: true }
    }

    fn open(asn: u32, hold: u16) -> Open {
        let capabilities = vec![
            (1, vec![0, 1, 0, 1]),
            (1, vec![0, 2, 0, 1]),
            (2, Vec::new()),
            (5, vec![0, 1, 0, 1, 0, 2]),
            (6, Vec::new()),
            (64, vec![0x80, 60, 0, 1, 1, 0x80, 0, 2, 1, 0]),
            (65, asn.to_be_bytes().to_vec()),
        ];
        Open { asn, hold, router_id: Ipv4Addr::new(10, 0, 0, asn as u8), capabilities }
    }

    fn agreed(ours: (u16, u16), theirs: u16) -> Agreed {
        Agreed::of(&offer(ours.0, ours.1), &open(65_001, ours.0), &open(65_002, theirs)).unwrap()
    }

    #[test]
    fn the_lower_hold_time_holds_and_a_third_of_it_at_most_is_the_keepalive_interval() {
        for (ours, theirs, expected) in [
            ((90, 30), 180, (90, 30)),
            ((180, 60), 90, (90, 30)),
            ((90, 10), 90, (90, 10)),
            ((9, 30), 90, (9, 3)),
            ((90, 30), 0, (0, 0)),
            ((0, 30), 90, (0, 0)),
        ] {
            let agreed = agreed(ours, theirs);
            assert_eq!((agreed.hold, agreed.keepalive), expected, "{ours:?} {theirs}");
        }
    }

    #[test]
    fn what_a_speaker_takes_for_agreed_on_is_what_the_opens_make() {
        let agreed = agreed((90, 30), 30);
        let both = FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast);
        let view = Negotiated {
            hold: 30,
            keepalive: 10,
            families: both,
            as4: true,
            refresh: true,
            extended_next_hop: true,
            extended_messages: true,
            graceful_restart: Some(GracefulRestart {
                restarting: true,
                notification: false,
                time: 60,
                families: both,
                forwarding: FamilySet::EMPTY.with(Family::Ipv4Unicast),
            }),
        };
        let (asn, id) = (agreed.asn, agreed.router_id);
        assert_eq!(agreed.check_view(&view, asn, id), Ok(()));
        type Change = fn(&mut Negotiated);
        let changes: [(&str, Change); 8] = [
            ("hold time 90 where the OPENs make 30", |view| view.hold = 90),
            ("keepalive interval 20", |view| view.keepalive = 20),
            ("families", |view| view.families = FamilySet::EMPTY.with(Family::Ipv4Unicast)),
            ("four-octet", |view| view.as4 = false),
            ("route refresh", |view| view.refresh = false),
            ("IPv6 next hops", |view| view.extended_next_hop = false),
            ("extended", |view| view.extended_messages = false),
            ("graceful", |view| view.graceful_restart = None),
        ];
        for (text, change) in changes {
            let mut wrong = view;
            change(&mut wrong);
            let fault = agreed.check_view(&wrong, asn, id).unwrap_err();
            assert!(fault.contains(text), "{fault}");
        }
        assert!(agreed.check_view(&view, asn + 1, id).is_err());
        assert!(agreed.check_view(&view, asn, Ipv4Addr::LOCALHOST).is_err());
    }

    #[test]
    fn nothing_is_agreed_on_with_one_that_is_refused() {
        let offer = Offer { asn: 65_002, ..offer(90, 30) };
        assert_eq!(Agreed::of(&offer, &open(65_002, 90), &open(65_002, 90)), None);
    }
}
