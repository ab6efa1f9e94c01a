//! One end of a connection: whether what its speaker sends is well-formed, true, and in its place.

mod agreed;
pub(crate) mod notification;
mod offer;
mod round;

use std::collections::{BTreeMap, BTreeSet};

use crier_core::Family;
use crier_core::view::Reason;
use ipnet::IpNet;

use super::Broken;
use super::message::{self, Message, Open, Stream, capability};
use super::show::{differences, shown};
use super::update::Update;
use crate::sim::{Route, Rule};
pub use agreed::Agreed;
pub use offer::Offer;
use round::Round;

/// What a session ought to be told, computed from its speaker's tables as they are at the moment of asking.
pub trait Expected {
    /// What the best path of a prefix makes for this session, or why it is not for it.
    fn export(&mut self, prefix: IpNet) -> Result<Route, Reason>;

    /// Every prefix of a family that has a best path. May have others too.
    fn prefixes(&mut self, family: Family) -> Vec<IpNet>;

    /// Whether every change of a best path has reached what is sent from. Not while a dead session's paths are being
    /// removed: they count for nothing at once, but their prefixes are visited one by one.
    fn settled(&mut self) -> bool;
}

/// What one end has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages of all types.
    pub messages: u64,
    /// UPDATEs, End-of-RIB included.
    pub updates: u64,
    /// Prefixes announced.
    pub announced: u64,
    /// Of those, announced just as they had been: refreshes do that, and changes that were taken back in time.
    pub repeated: u64,
    /// Prefixes withdrawn.
    pub withdrawn: u64,
}

/// Watches one end of a TCP connection between two speakers.
#[derive(Clone, Debug)]
pub struct SessionJudge {
    name: String,
    offer: Offer,
    outgoing: Stream,
    /// `None`: something came that makes no sense. What was agreed on is then unknown, if it was not known before.
    incoming: Option<Stream>,
    ours: Option<Open>,
    theirs: Option<Open>,
    agreed: Option<Agreed>,
    /// A KEEPALIVE was sent; one was received.
    confirmed: (bool, bool),
    /// The code of the NOTIFICATION that was sent.
    notified: Option<u8>,
    /// Messages received that a hold timer begins anew with.
    heard: u64,
    rounds: [Round; 2],
    mirror: BTreeMap<IpNet, Route>,
    tally: Tally,
}

impl SessionJudge {
    /// For a connection that has just opened. `name` says in errors whose end it is and to whom, `offer` what its speaker
    /// is configured to be to the other end; a change of that ends the connection.
    pub fn new(name: String, offer: Offer) -> Self {
        Self {
            name,
            offer,
            outgoing: Stream::default(),
            incoming: Some(Stream::default()),
            ours: None,
            theirs: None,
            agreed: None,
            confirmed: (false, false),
            notified: None,
            heard: 0,
            rounds: <[Round; 2]>::default(),
            mirror: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// What the far end holds once everything sent has arrived.
    pub fn mirror(&self) -> &BTreeMap<IpNet, Route> {
        &self.mirror
    }

    /// What was sent.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// What the two OPENs make; `None` before both are there, and where one end refuses the other.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// The first family agreed on of which no End-of-RIB was sent.
    pub fn without_end_of_rib(&self) -> Option<Family> {
        let mut families = self.agreed.iter().flat_map(|agreed| &agreed.families);
        families.find(|family| !self.round(**family).ended).copied()
    }

    /// Whether this end may send routes: OPENs and KEEPALIVEs went both ways.
    pub fn is_established(&self) -> bool {
        self.agreed.is_some() && self.confirmed == (true, true) && self.notified.is_none()
    }

    /// Whether the other end's KEEPALIVE has come after its OPEN, so that the speaker may take the session for Established
    /// even if its own is only about to be sent.
    pub fn is_confirmed(&self) -> bool {
        self.agreed.is_some() && self.confirmed.1
    }

    /// The code of the NOTIFICATION that was sent, if one was.
    pub fn notified(&self) -> Option<u8> {
        self.notified
    }

    /// How many messages have come that a hold timer begins anew with: OPEN, KEEPALIVE and UPDATE (RFC 4271, 4.4, 8.2.2).
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// The speaker was told to announce everything again, or its export changed: a soft clear, another policy, draining.
    /// To be called before anything is transmitted after that.
    pub fn again(&mut self) {
        self.rounds.iter_mut().for_each(Round::again);
    }

    /// Bytes that came from the other end, in order.
    pub fn received(&mut self, bytes: &[u8]) {
        if let Some(mut incoming) = self.incoming.take() {
            incoming.push(bytes);
            if self.learn(&mut incoming).is_ok() {
                self.incoming = Some(incoming);
            }
        }
    }

    /// Bytes that the speaker has just handed out for the other end, in order. To be called at once: it is judged by the
    /// tables as they are.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn sent(&mut self, bytes: &[u8], expected: &mut dyn Expected) -> Result<(), Broken> {
        self.outgoing.push(bytes);
        loop {
            // What the other end said is not known to be short or long if it could not be read.
            let extended = self.agreed.as_ref().map_or(self.is_blind(), |agreed| agreed.extended_messages);
            let longest = if extended { message::LONGEST_EXTENDED } else { message::LONGEST };
            let decoded = match self.outgoing.message(longest) {
                Ok(None) => return Ok(()),
                Ok(Some((kind, body))) => message::decode(kind, body),
                Err(fault) => Err(fault),
            };
            let message = decoded.map_err(|fault| self.broken(Rule::Messages, fault))?;
            self.tally.messages += 1;
            self.check_order(&message).map_err(|fault| self.broken(Rule::Messages, fault))?;
            match message {
                Message::Open(open) => {
                    self.offer.check(&open).map_err(|fault| self.broken(Rule::Messages, fault))?;
                    self.ours = Some(open);
                    self.agree();
                }
                Message::Keepalive => self.confirmed.0 = true,
                Message::Notification { code, .. } => self.notified = Some(code),
                Message::Refresh { .. } => {}
                Message::Update(update) => self.update(update, expected)?,
            }
        }
    }

    /// What can be learnt of the messages that have come.
    fn learn(&mut self, incoming: &mut Stream) -> Result<(), String> {
        while let Some((kind, body)) = incoming.message(message::LONGEST_EXTENDED)? {
            self.heard += u64::from(matches!(kind, message::OPEN | message::UPDATE | message::KEEPALIVE));
            // Their UPDATEs are for the judge at their end.
            match kind {
                message::UPDATE | message::NOTIFICATION => {}
                _ => match message::decode(kind, body)? {
                    Message::Open(open) => {
                        self.theirs = Some(open);
                        self.agree();
                    }
                    Message::Keepalive => self.confirmed.1 = true,
                    Message::Refresh { .. } | Message::Update(_) | Message::Notification { .. } => {}
                },
            }
        }
        Ok(())
    }

    fn agree(&mut self) {
        if let (Some(ours), Some(theirs)) = (&self.ours, &self.theirs) {
            self.agreed = Agreed::of(&self.offer, ours, theirs);
        }
    }

    /// Whether the other end said what the judge could not read, so that nobody knows what was agreed on.
    fn is_blind(&self) -> bool {
        self.incoming.is_none()
    }

    /// Whether a message may come at this point (RFC 4271, 8), and whether it was agreed on.
    fn check_order(&self, message: &Message) -> Result<(), String> {
        if self.notified.is_some() {
            return Err("a message after NOTIFICATION".to_owned());
        }
        match (message, &self.ours) {
            (Message::Open(_), None) => return Ok(()),
            (Message::Open(_), Some(_)) => return Err("a second OPEN".to_owned()),
            (_, None) => return Err("a message before OPEN".to_owned()),
            (Message::Notification { .. }, Some(_)) if self.is_blind() => return Ok(()),
            (Message::Notification { code, subcode, .. }, Some(_)) => {
                return notification::check(*code, *subcode, &self.offer, self.theirs.as_ref());
            }
            _ => {}
        }
        let Some(agreed) = &self.agreed else {
            return match &self.theirs {
                _ if self.is_blind() => Ok(()),
                None => Err("a message before the other end's OPEN".to_owned()),
                Some(theirs) => Err(format!(
                    "goes on after an OPEN that is to be answered with NOTIFICATION 2/{:?}",
                    self.offer.refusals(theirs)
                )),
            };
        };
        match message {
            Message::Keepalive => Ok(()),
            _ if self.confirmed != (true, true) && !self.is_blind() => {
                Err("a message before the session is Established".to_owned())
            }
            Message::Update(update) => agreed.check_family(family_of(update)).and_then(|()| match update {
                Update::Announce { prefixes, route } => agreed.check_next_hop(prefixes, route.next_hop),
                _ => Ok(()),
            }),
            Message::Refresh { family, subtype } => {
                let needed =
                    if *subtype == 0 { capability::ROUTE_REFRESH } else { capability::ENHANCED_REFRESH };
                agreed.check_family(Some(*family))?;
                let can = self.theirs.as_ref().is_some_and(|theirs| theirs.has(needed));
                if can { Ok(()) } else { Err("ROUTE-REFRESH to one that did not offer it".to_owned()) }
            }
            Message::Open(_) | Message::Notification { .. } => Ok(()),
        }
    }

    fn update(&mut self, update: Update, expected: &mut dyn Expected) -> Result<(), Broken> {
        self.tally.updates += 1;
        match update {
            Update::Announce { prefixes, route } => {
                prefixes.into_iter().try_for_each(|prefix| self.announce(prefix, &route, expected))
            }
            Update::Withdraw { prefixes } => {
                prefixes.into_iter().try_for_each(|prefix| self.withdraw(prefix, expected))
            }
            Update::EndOfRib(family) => self.end_of_rib(family, expected),
        }
    }

    fn announce(&mut self, prefix: IpNet, route: &Route, expected: &mut dyn Expected) -> Result<(), Broken> {
        self.tally.announced += 1;
        let fault = match expected.export(prefix) {
            Ok(right) if right == *route => None,
            Ok(right) => Some(format!("announced {prefix} with {}", differences(&right, route))),
            Err(reason) => Some(format!("announced {prefix} although {reason:?}: {}", shown(route))),
        };
        if let Some(fault) = fault {
            return Err(self.broken(Rule::Export, fault));
        }
        let former = self.mirror.insert(prefix, route.clone());
        self.tally.repeated += u64::from(former.as_ref() == Some(route));
        Ok(())
    }

    fn withdraw(&mut self, prefix: IpNet, expected: &mut dyn Expected) -> Result<(), Broken> {
        self.tally.withdrawn += 1;
        if self.mirror.remove(&prefix).is_none() {
            return Err(self.broken(Rule::ExactWithdrawals, format!("withdrew {prefix}, never announced")));
        }
        match expected.export(prefix) {
            Ok(right) => {
                Err(self.broken(Rule::Export, format!("withdrew {prefix} although it has {}", shown(&right))))
            }
            Err(_) => Ok(()),
        }
    }

    fn end_of_rib(&mut self, family: Family, expected: &mut dyn Expected) -> Result<(), Broken> {
        let round = self.round_mut(family);
        if round.ended {
            return Err(self.broken(Rule::EndOfRib, format!("a second End-of-RIB of {family}")));
        }
        let whole = !round.changed;
        *round = Round { ended: true, changed: false };
        if whole && expected.settled() {
            self.complete(family, expected).map_err(|fault| {
                self.broken(Rule::EndOfRib, format!("End-of-RIB of {family}, but {fault}"))
            })?;
        }
        Ok(())
    }

    /// Whether the far end has been told all that it ought to know of a family, and nothing that is not so.
    ///
    /// # Errors
    /// The first prefix that is missing, wrong, or too many.
    pub fn complete(&self, family: Family, expected: &mut dyn Expected) -> Result<(), String> {
        let told = self.mirror.keys().filter(|prefix| Family::of(prefix) == family).copied();
        let all: BTreeSet<_> = expected.prefixes(family).into_iter().chain(told).collect();
        for prefix in all {
            match (expected.export(prefix), self.mirror.get(&prefix)) {
                (Ok(right), Some(told)) if right == *told => {}
                (Ok(right), Some(told)) => {
                    return Err(format!("{prefix} was announced with {}", differences(&right, told)));
                }
                (Ok(right), None) => return Err(format!("{prefix} was not announced: {}", shown(&right))),
                (Err(reason), Some(_)) => return Err(format!("{prefix} was not withdrawn: {reason:?}")),
                (Err(_), None) => {}
            }
        }
        Ok(())
    }

    fn round(&self, family: Family) -> &Round {
        let [ipv4, ipv6] = &self.rounds;
        match family {
            Family::Ipv4Unicast => ipv4,
            Family::Ipv6Unicast => ipv6,
        }
    }

    fn round_mut(&mut self, family: Family) -> &mut Round {
        let [ipv4, ipv6] = &mut self.rounds;
        match family {
            Family::Ipv4Unicast => ipv4,
            Family::Ipv6Unicast => ipv6,
        }
    }

    fn broken(&self, rule: Rule, fault: impl std::fmt::Display) -> Broken {
        Broken::new(rule, format!("{}: {fault}", self.name))
    }
}

/// The family of an UPDATE's prefixes.
fn family_of(update: &Update) -> Option<Family> {
    match update {
        Update::Announce { prefixes, .. } | Update::Withdraw { prefixes } => prefixes.first().map(Family::of),
        Update::EndOfRib(family) => Some(*family),
    }
}

#[cfg(test)]
mod tests;
