//! What is to be originated here, and by whom: the configuration's `[[network]]`, and what `crier announce` said. One
//! reconciler compares what the sources want with what is, and applies the difference.

mod file;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crier_core::speaker::{CommandError, LocalRoute};
use crier_core::{Instant, Millis, Speaker};
use ipnet::IpNet;

pub use crate::control::protocol::{Announce, Attributes};
use crate::reason;

pub use file::{Kept, load, save};

/// Bytes of the longest name of an owner.
pub const MAX_OWNER: usize = 64;

/// Where routes are originated: the speaker, or a stand-in for it.
pub trait Originate {
    /// Originates a route, or replaces the one for the same prefix.
    fn originate(&mut self, now: Instant, route: &LocalRoute<'_>) -> Result<(), CommandError>;
    /// Withdraws a route; false if there was none.
    fn withdraw(&mut self, prefix: IpNet) -> bool;
}

impl Originate for Speaker<'_> {
    fn originate(&mut self, now: Instant, route: &LocalRoute<'_>) -> Result<(), CommandError> {
        Speaker::originate(self, now, route)
    }

    fn withdraw(&mut self, prefix: IpNet) -> bool {
        Speaker::withdraw(self, prefix)
    }
}

/// What `crier announce` wants originated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The route's attributes.
    pub attributes: Attributes,
    /// Who announced it: nobody else may change or withdraw it.
    pub owner: Option<String>,
    /// When it ends by itself.
    pub expires: Option<Instant>,
}

/// Every source, and what was made of them.
#[derive(Debug, Default)]
pub struct Sources {
    config: BTreeMap<IpNet, Attributes>,
    control: BTreeMap<IpNet, Announcement>,
    /// What the speaker originates.
    applied: BTreeMap<IpNet, Attributes>,
    /// What it refused at the last attempt.
    refused: BTreeMap<IpNet, CommandError>,
}

impl Sources {
    /// Makes `networks` what the configuration wants.
    pub fn set_config(&mut self, networks: impl IntoIterator<Item = (IpNet, Attributes)>) {
        self.config = networks.into_iter().collect();
    }

    /// What the configuration wants.
    pub const fn config(&self) -> &BTreeMap<IpNet, Attributes> {
        &self.config
    }

    /// What was announced by command and has not ended.
    pub const fn control(&self) -> &BTreeMap<IpNet, Announcement> {
        &self.control
    }

    /// What the speaker refused when it was last asked.
    pub const fn refused(&self) -> &BTreeMap<IpNet, CommandError> {
        &self.refused
    }

    /// Announces a route, or renews its lease. When the speaker refuses it, what was announced before stays.
    pub fn announce(
        &mut self,
        now: Instant,
        request: Announce,
        target: &mut impl Originate,
    ) -> Result<(), String> {
        let Announce { prefix, attributes, ttl_ms, owner } = request;
        if owner.as_ref().is_some_and(|owner| owner.len() > MAX_OWNER || owner.is_empty()) {
            return Err(format!("the owner's name must have 1 to {MAX_OWNER} bytes"));
        }
        if let Some(held) = self.control.get(&prefix) {
            check_owner(prefix, held, owner.as_deref())?;
        }
        let expires = ttl_ms.map(|ms| now + Millis(ms));
        let former = self.control.insert(prefix, Announcement { attributes, owner, expires });
        self.reconcile(now, target);
        let Some(error) = self.refused.get(&prefix).copied() else { return Ok(()) };
        match former {
            Some(former) => self.control.insert(prefix, former),
            None => self.control.remove(&prefix),
        };
        self.reconcile(now, target);
        Err(format!("{prefix}: {}", reason::command_error(error)))
    }

    /// Takes back what was announced by command. What the configuration wants for the prefix holds again.
    pub fn withdraw(
        &mut self,
        now: Instant,
        prefix: IpNet,
        owner: Option<&str>,
        target: &mut impl Originate,
    ) -> Result<(), String> {
        match self.control.get(&prefix) {
            Some(held) => check_owner(prefix, held, owner)?,
            None if self.config.contains_key(&prefix) => {
                return Err(format!(
                    "{prefix} comes from a [[network]] of the configuration: remove it there, then `crier reload`"
                ));
            }
            None => return Err(format!("{prefix} is not announced here; `crier routes` shows what is")),
        }
        self.control.remove(&prefix);
        self.reconcile(now, target);
        Ok(())
    }

    /// When the next lease ends.
    pub fn deadline(&self) -> Option<Instant> {
        self.control.values().filter_map(|held| held.expires).min()
    }

    /// Takes back what has a lease that ended, and returns it.
    pub fn expire(&mut self, now: Instant, target: &mut impl Originate) -> Vec<IpNet> {
        let over = |held: &Announcement| held.expires.is_some_and(|at| at <= now);
        let ended: Vec<IpNet> =
            self.control.iter().filter(|(_, held)| over(held)).map(|(prefix, _)| *prefix).collect();
        if !ended.is_empty() {
            self.control.retain(|_, held| !over(held));
            self.reconcile(now, target);
        }
        ended
    }

    /// Takes back announcements of a former run.
    pub fn restore(&mut self, announcements: impl IntoIterator<Item = (IpNet, Announcement)>) {
        self.control.extend(announcements);
    }

    /// Makes the target originate what the sources want: `control` before `config` for the same prefix. What is refused is
    /// tried again the next time; what it would have replaced is withdrawn, for no source wants that any more.
    pub fn reconcile(&mut self, now: Instant, target: &mut impl Originate) {
        let Self { config, control, applied, refused } = self;
        // Withdraw first: what comes may need the room of what goes.
        applied.retain(|prefix, _| {
            let wanted = control.contains_key(prefix) || config.contains_key(prefix);
            if !wanted {
                target.withdraw(*prefix);
            }
            wanted
        });
        refused.clear();
        let announced = control.iter().map(|(prefix, held)| (prefix, &held.attributes));
        let configured = config.iter().filter(|(prefix, _)| !control.contains_key(*prefix));
        for (prefix, attributes) in announced.chain(configured) {
            if applied.get(prefix) == Some(attributes) {
                continue;
            }
            match target.originate(now, &local_route(*prefix, attributes)) {
                Ok(()) => {
                    applied.insert(*prefix, attributes.clone());
                }
                Err(error) => {
                    if applied.remove(prefix).is_some() {
                        target.withdraw(*prefix);
                    }
                    refused.insert(*prefix, error);
                }
            }
        }
    }
}

fn check_owner(prefix: IpNet, held: &Announcement, owner: Option<&str>) -> Result<(), String> {
    match held.owner.as_deref() {
        Some(holder) if owner != Some(holder) => {
            Err(format!("{prefix} is announced by {holder:?}: only --owner {holder:?} changes it"))
        }
        _ => Ok(()),
    }
}

fn local_route(prefix: IpNet, attributes: &Attributes) -> LocalRoute<'_> {
    LocalRoute {
        prefix,
        next_hop: next_hop(attributes),
        med: attributes.med,
        local_pref: attributes.local_pref,
        communities: &attributes.communities,
        large_communities: &attributes.large_communities,
    }
}

/// 0.0.0.0 and :: mean what leaving the next hop out means.
fn next_hop(attributes: &Attributes) -> Option<IpAddr> {
    attributes.next_hop.filter(|address| !address.is_unspecified())
}

#[cfg(test)]
mod tests;
