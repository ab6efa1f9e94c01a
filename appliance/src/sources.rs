//! What is to be originated here, and by whom: the configuration's `[[network]]`, and what `crier announce` said. One
//! reconciler compares what the sources want with what is, and applies the difference.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crier_core::config::PolicyRef;
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
    /// Originates a route, or replaces the one for the same prefix, if the policy accepts it, with what that sets.
    fn redistribute(
        &mut self,
        now: Instant,
        route: &LocalRoute<'_>,
        policy: PolicyRef,
    ) -> Result<(), CommandError>;
    /// Withdraws a route; false if there was none.
    fn withdraw(&mut self, prefix: IpNet) -> bool;
}

impl Originate for Speaker<'_> {
    fn redistribute(
        &mut self,
        now: Instant,
        route: &LocalRoute<'_>,
        policy: PolicyRef,
    ) -> Result<(), CommandError> {
        match policy {
            PolicyRef::AcceptAll => self.originate(now, route),
            _ => Speaker::redistribute(self, now, route, policy),
        }
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

/// Where a route comes from that is originated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A command.
    Control,
    /// A `[[network]]`.
    Config,
    /// A route of the kernel's that is redistributed.
    Kernel,
}

/// Every source, and what was made of them.
#[derive(Debug, Default)]
pub struct Sources {
    config: BTreeMap<IpNet, Attributes>,
    /// What of that needs a route of the kernel's.
    if_route: BTreeSet<IpNet>,
    /// Prefixes that the kernel has routes for, not counting ours.
    present: BTreeSet<IpNet>,
    /// Routes of the kernel's to be announced, with what they have to pass.
    kernel: BTreeMap<IpNet, PolicyRef>,
    control: BTreeMap<IpNet, Announcement>,
    /// What the speaker originates, by the policy that it has passed; [`PolicyRef::Unset`] is to be passed again.
    applied: BTreeMap<IpNet, (Attributes, PolicyRef)>,
    /// What it refused at the last attempt.
    refused: BTreeMap<IpNet, CommandError>,
}

impl Sources {
    /// Makes `networks` what the configuration wants.
    pub fn set_config(&mut self, networks: impl IntoIterator<Item = (IpNet, Attributes)>) {
        self.config = networks.into_iter().collect();
        // Policies may have changed with it.
        for (_, policy) in self.applied.values_mut() {
            if matches!(policy, PolicyRef::Named(_)) {
                *policy = PolicyRef::Unset;
            }
        }
    }

    /// Makes these what of the configuration needs a route of the kernel's.
    pub fn set_if_route(&mut self, prefixes: impl IntoIterator<Item = IpNet>) {
        self.if_route = prefixes.into_iter().collect();
    }

    /// Makes `present` the prefixes that the kernel has routes for, and `announced` those of them that are to be announced.
    /// True: the latter are others than before.
    pub fn set_kernel(
        &mut self,
        present: impl IntoIterator<Item = IpNet>,
        announced: impl IntoIterator<Item = (IpNet, PolicyRef)>,
    ) -> bool {
        self.present = present.into_iter().collect();
        let before = std::mem::replace(&mut self.kernel, announced.into_iter().collect());
        before != self.kernel
    }

    /// How many routes of the kernel's are to be announced and pass their policies.
    pub fn kernel_routes(&self) -> usize {
        let passes = |prefix: &&IpNet| {
            self.source_of(prefix) == Some(Source::Kernel)
                && (self.applied.contains_key(*prefix) || self.refused.contains_key(*prefix))
        };
        self.kernel.keys().filter(passes).count()
    }

    /// The source whose word holds for a prefix: what was commanded before what is configured, and the kernel's last.
    pub fn source_of(&self, prefix: &IpNet) -> Option<Source> {
        let waits = self.if_route.contains(prefix) && !self.present.contains(prefix);
        if self.control.contains_key(prefix) {
            Some(Source::Control)
        } else if self.config.contains_key(prefix) && !waits {
            Some(Source::Config)
        } else {
            self.kernel.contains_key(prefix).then_some(Source::Kernel)
        }
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

    /// Makes the target originate what the sources want: `control` before `config` before `kernel` for the same prefix. What is refused is
    /// tried again the next time; what it would have replaced is withdrawn, for no source wants that any more.
    pub fn reconcile(&mut self, now: Instant, target: &mut impl Originate) {
        let Self { config, if_route, present, kernel, control, applied, refused } = self;
        let waits = |prefix: &IpNet| if_route.contains(prefix) && !present.contains(prefix);
        // Withdraw first: what comes may need the room of what goes.
        applied.retain(|prefix, _| {
            let wanted = control.contains_key(prefix)
                || (config.contains_key(prefix) && !waits(prefix))
                || kernel.contains_key(prefix);
            if !wanted {
                target.withdraw(*prefix);
            }
            wanted
        });
        refused.clear();
        let plain = Attributes::default();
        let announced = control.iter().map(|(prefix, held)| (prefix, &held.attributes, PolicyRef::AcceptAll));
        let configured = config
            .iter()
            .filter(|(prefix, _)| !control.contains_key(*prefix) && !waits(prefix))
            .map(|(prefix, attributes)| (prefix, attributes, PolicyRef::AcceptAll));
        let of_kernel = kernel
            .iter()
            .filter(|(prefix, _)| {
                !control.contains_key(*prefix) && (!config.contains_key(*prefix) || waits(prefix))
            })
            .map(|(prefix, policy)| (prefix, &plain, *policy));
        for (prefix, attributes, policy) in announced.chain(configured).chain(of_kernel) {
            if applied.get(prefix).is_some_and(|(known, by)| known == attributes && *by == policy) {
                continue;
            }
            match target.redistribute(now, &local_route(*prefix, attributes), policy) {
                Ok(()) => {
                    applied.insert(*prefix, (attributes.clone(), policy));
                }
                Err(error) => {
                    if applied.remove(prefix).is_some() {
                        target.withdraw(*prefix);
                    }
                    // That a policy rejects some of the kernel's routes is what it is for.
                    if error != CommandError::Policy {
                        refused.insert(*prefix, error);
                    }
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
