//! `[[group]]` and `[[neighbor]]`: who is talked to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crier_core::Limits;
use crier_core::config::{DynamicRange, PeerConfig, PolicyRef, RemoteAs, Settings};
use crier_core::speaker::MAX_RANGES;
use ipnet::IpNet;

use super::model::{PasswordFile, Tag};
use super::peer::PeerKeys;
use super::policy_read::PoliciesRead;
use super::reader::{At, Place, Reader, Section};
use super::scalar;

/// Most neighbors accepted from a group's ranges where `dynamic-limit` does not say.
const DYNAMIC_LIMIT: u16 = 100;

/// The port that BGP listens on (RFC 4271, 8.2.1).
const BGP_PORT: u16 = 179;

const REMOTE_ASN: &str = "1..4294967294, \"external\", \"internal\" or \"any\"";

/// What the groups and neighbors of a file come to.
#[derive(Debug)]
pub(super) struct Neighbors<'r, 'a> {
    pub(super) peers: Vec<PeerConfig>,
    pub(super) ranges: Vec<DynamicRange>,
    pub(super) tags: Vec<Tag>,
    pub(super) passwords: Vec<PasswordFile>,
    /// Sum of the groups' dynamic limits.
    pub(super) dynamic: u32,
    /// How many prefixes all of them may have accepted together, for each family.
    pub(super) prefixes: u64,
    /// The group or neighbor with which `limits.peers` was exceeded.
    pub(super) too_many: Option<Place>,
    /// The one with which `limits.prefixes` was exceeded.
    pub(super) overfull: Option<Place>,
    reader: &'r Reader<'a>,
    asn: u32,
    limits: Limits,
    groups: Vec<(String, PeerKeys)>,
    addresses: BTreeSet<IpAddr>,
}

impl<'r, 'a> Neighbors<'r, 'a> {
    /// Reads them, for a speaker with this AS number and these limits.
    pub(super) fn read(
        root: &mut Section<'r, 'a>,
        policies: &PoliciesRead,
        asn: u32,
        limits: Limits,
    ) -> Self {
        let mut neighbors = Self {
            peers: Vec::new(),
            ranges: Vec::new(),
            tags: Vec::new(),
            passwords: Vec::new(),
            dynamic: 0,
            prefixes: 0,
            too_many: None,
            overfull: None,
            addresses: BTreeSet::new(),
            reader: root.reader,
            asn,
            limits,
            groups: Vec::new(),
        };
        for group in root.tables("group") {
            neighbors.group(group, policies);
        }
        for neighbor in root.tables("neighbor") {
            neighbors.neighbor(neighbor, policies);
        }
        neighbors
    }

    /// Neighbors and dynamic ones together.
    pub(super) fn wanted(&self) -> u32 {
        u32::try_from(self.peers.len()).unwrap_or(u32::MAX).saturating_add(self.dynamic)
    }

    /// For messages.
    pub(super) fn sum(&self) -> String {
        format!("{} configured and {} dynamic neighbors", self.peers.len(), self.dynamic)
    }

    fn group(&mut self, mut section: Section<'r, 'a>, policies: &PoliciesRead) {
        let name = section.require("name", "a name for neighbors to refer to").and_then(|value| {
            let name = value.string("a name")?;
            if self.groups.iter().any(|(other, _)| other == name) {
                value.refuse("a name that no other group has");
            }
            Some(name.to_owned())
        });
        let keys = PeerKeys::read(&mut section, policies);
        let dynamic = section.get("dynamic");
        let is_dynamic = dynamic.is_some();
        let nets = dynamic.and_then(|value| {
            value.each("an array of prefixes such as [\"192.0.2.0/24\"]", |item| {
                Some(item.at(scalar::prefix(item)?))
            })
        });
        let limit = section.get("dynamic-limit");
        if let (Some(limit), false) = (&limit, is_dynamic) {
            limit.error("found without group.dynamic, the ranges that it limits");
        }
        let limit = limit.map_or(Some(DYNAMIC_LIMIT), |value| value.integer(1..=u16::MAX));
        let nets = nets.unwrap_or_default();
        if keys.remote_as.is_none() && !nets.is_empty() && section.get("remote-asn").is_none() {
            section.error_missing("remote-asn", REMOTE_ASN);
        }
        if let (Some(name), Some(limit), Some(remote_as)) = (&name, limit, keys.remote_as)
            && !nets.is_empty()
        {
            self.dynamic_group(&section.place, name, &keys, &nets, limit, remote_as);
        }
        self.groups.push((name.unwrap_or_default(), keys));
        section.finish();
    }

    fn dynamic_group(
        &mut self,
        place: &Place,
        name: &str,
        keys: &PeerKeys,
        nets: &[At<IpNet>],
        limit: u16,
        remote_as: RemoteAs,
    ) {
        let settings = self.settings(keys, remote_as);
        for At { value: net, place } in nets {
            if self.ranges.iter().any(|range| range.net == *net) {
                self.reader.error(place, format!("found \"{net}\" twice, allowed once in all groups"));
            }
            if self.ranges.len() == MAX_RANGES {
                self.reader.error(place, format!("one too many, allowed {MAX_RANGES} ranges in all groups"));
            }
            self.check_local_address(keys, &net.addr());
            self.ranges.push(DynamicRange { net: *net, limit, settings });
            self.password(keys, *net, true);
        }
        self.tags.push(Tag {
            group: Some(name.to_owned()),
            description: keys.description.clone().unwrap_or_default(),
            neighbor: None,
        });
        self.dynamic = self.dynamic.saturating_add(u32::from(limit));
        self.account(place, limit, &settings);
        self.warn_without_policy(place, &format!("dynamic neighbors of group {name}"), &settings);
    }

    fn neighbor(&mut self, mut section: Section<'r, 'a>, policies: &PoliciesRead) {
        let unnumbered = section.get("interface").is_some();
        let address = match section.get("address") {
            None if unnumbered => None,
            None => {
                section.error_missing("address", "an IPv4 or IPv6 address");
                None
            }
            Some(value) => scalar::unicast(&value).inspect(|address| {
                if !self.addresses.insert(*address) {
                    value.error(format!("found {address} twice, allowed once"));
                }
            }),
        };
        let own = PeerKeys::read(&mut section, policies);
        let known: Vec<(&str, usize)> =
            self.groups.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
        let group = section.get("group").and_then(|value| value.name_of("a group", &known));
        let group = group.and_then(|at| self.groups.get(at));
        let group_name = group.map(|(name, _)| name.clone());
        let keys = match group {
            Some((_, keys)) => own.inherit(keys),
            None => own,
        };
        let has_asn = section.get("remote-asn").is_some();
        let has_group = section.get("group").is_some();
        if keys.remote_as.is_none() && !has_asn && (group_name.is_some() || !has_group) {
            section.error_missing("remote-asn", REMOTE_ASN);
        }
        let place = section.place.clone();
        section.finish();
        let (Some(remote), Some(remote_as)) = (address, keys.remote_as) else { return };
        self.check_local_address(&keys, &remote);
        let settings = self.settings(&keys, remote_as);
        self.peers.push(PeerConfig { remote, port: keys.port.unwrap_or(BGP_PORT), settings });
        self.password(&keys, remote.into(), false);
        self.tags.push(Tag {
            group: group_name,
            description: keys.description.unwrap_or_default(),
            neighbor: Some(remote),
        });
        self.account(&place, 1, &settings);
        self.warn_without_policy(&place, &remote.to_string(), &settings);
    }

    /// Settings under the tag that is pushed next.
    fn settings(&self, keys: &PeerKeys, remote_as: RemoteAs) -> Settings {
        let tag = u32::try_from(self.tags.len()).unwrap_or(u32::MAX);
        keys.settings(self.reader, tag, remote_as, self.limits.prefixes)
    }

    fn password(&mut self, keys: &PeerKeys, net: IpNet, dynamic: bool) {
        self.passwords.extend(keys.password_file.as_ref().map(|file| PasswordFile {
            net,
            dynamic,
            path: file.value.clone(),
            place: self.reader.diagnostic(&file.place, ""),
        }));
    }

    fn check_local_address(&self, keys: &PeerKeys, remote: &IpAddr) {
        if let Some(At { value: local, place }) = &keys.local_address
            && local.is_ipv4() != remote.is_ipv4()
        {
            self.reader.error(place, format!("found {local}, allowed an address of the family of {remote}"));
        }
    }

    /// Notes where the neighbors come to be more than `limits.peers`, and their prefixes to be more than
    /// `limits.prefixes`. `count` neighbors with these settings were added.
    fn account(&mut self, place: &Place, count: u16, settings: &Settings) {
        let prefixes = u64::from(count) * u64::from(settings.max_prefixes.limit);
        self.prefixes = self.prefixes.saturating_add(prefixes);
        if self.wanted() > u32::from(self.limits.peers) && self.too_many.is_none() {
            self.too_many = Some(place.clone());
        }
        if self.prefixes > u64::from(self.limits.prefixes) && self.overfull.is_none() {
            self.overfull = Some(place.about(format!("{}.max-prefixes", place.key)));
        }
    }

    /// RFC 8212: without a policy nothing passes an external session.
    fn warn_without_policy(&self, place: &Place, who: &str, settings: &Settings) {
        let external = match settings.remote_as {
            RemoteAs::Asn(asn) => asn != self.asn,
            RemoteAs::External | RemoteAs::Any => true,
            RemoteAs::Internal => false,
        };
        let what = match (settings.import, settings.export) {
            (PolicyRef::Unset, PolicyRef::Unset) => ("import or export", "is accepted from or announced to"),
            (PolicyRef::Unset, _) => ("import", "is accepted from"),
            (_, PolicyRef::Unset) => ("export", "is announced to"),
            _ => return,
        };
        if external {
            let (missing, nothing) = what;
            let example = if missing == "export" { "export" } else { "import" };
            let message = format!(
                "no {missing} policy, so nothing {nothing} {who} (RFC 8212); to allow it, name a [[policy]] or write \
                 {example} = \"accept-all\""
            );
            self.reader.warn(place, message);
        }
    }
}
