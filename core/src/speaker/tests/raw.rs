//! A neighbor made by hand: it says what a test wants it to say, and reads every message it is sent.

extern crate std;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::vec;
use std::vec::Vec;

use ipnet::IpNet;

use super::world::{World, settings};
use crate::attrs::tlv::{self, code};
use crate::config::{PeerConfig, Settings};
use crate::family::{AddressFamily, Family, V4, V6};
use crate::speaker::{ConnId, Ends, PeerId};
use crate::wire::nlri::{self, Nlri};
use crate::wire::{header, update};

/// What the neighbor is like.
#[derive(Clone, Copy)]
pub(super) struct Spec {
    pub(super) asn: u32,
    pub(super) as4: bool,
    pub(super) refresh: bool,
    pub(super) extended: bool,
    /// It takes IPv6 next hops for IPv4 prefixes.
    pub(super) extended_next_hop: bool,
    /// The session runs over IPv6.
    pub(super) over_ipv6: bool,
    /// The speaker has addresses of the other family, and a link-local one, on this session.
    pub(super) other_addresses: bool,
    pub(super) settings: Settings,
}

pub(super) fn spec(asn: u32) -> Spec {
    Spec {
        asn,
        as4: true,
        refresh: true,
        extended: false,
        extended_next_hop: false,
        over_ipv6: false,
        other_addresses: true,
        settings: Settings { passive: true, ..settings() },
    }
}

/// What the neighbor was told of a prefix last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Flags and value by type code, but MP_REACH_NLRI.
    pub(super) attributes: BTreeMap<u8, (u8, Vec<u8>)>,
    pub(super) next_hop: Vec<u8>,
}

impl Told {
    pub(super) fn get(&self, code: u8) -> Option<&[u8]> {
        self.attributes.get(&code).map(|(_, value)| &value[..])
    }

    /// An attribute of one number.
    pub(super) fn number(&self, code: u8) -> Option<u32> {
        self.get(code).map(|value| u32::from_be_bytes(value.try_into().unwrap()))
    }
}

pub(super) struct Raw {
    pub(super) conn: ConnId,
    pub(super) peer: PeerId,
    pub(super) table: BTreeMap<IpNet, Told>,
    pub(super) end_of_rib: Vec<Family>,
    /// Size of `table` at each of them.
    pub(super) known: Vec<usize>,
    pub(super) refreshes: Vec<Family>,
    pub(super) keepalives: usize,
    pub(super) notification: Option<(u8, u8)>,
    /// Lengths of the UPDATEs, and prefixes announced and withdrawn in each.
    pub(super) updates: Vec<(usize, usize, usize)>,
    unread: Vec<u8>,
    longest: usize,
}

fn remote(index: usize, spec: &Spec) -> IpAddr {
    match spec.over_ipv6 {
        false => IpAddr::from([10, 0, 0, 100 + index as u8]),
        true => Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, 0x100 + index as u16).into(),
    }
}

/// The speaker's configuration for these neighbors.
pub(super) fn configs(specs: &[Spec]) -> Vec<PeerConfig> {
    let config = |(at, spec): (usize, &Spec)| PeerConfig {
        remote: remote(at, spec),
        port: 179,
        settings: Settings { passive: true, ..spec.settings },
    };
    specs.iter().enumerate().map(config).collect()
}

impl Raw {
    /// Connects to the host as the neighbor at this place of `configs`, and gets to Established.
    pub(super) fn connect(world: &mut World, host: usize, index: usize, spec: &Spec) -> Self {
        Self::connect_with(world, host, index, spec, |_| {})
    }

    /// The same, with these changes to what the speaker knows of the connection.
    pub(super) fn connect_with(
        world: &mut World,
        host: usize,
        index: usize,
        spec: &Spec,
        change: impl FnOnce(&mut Ends),
    ) -> Self {
        let remote = remote(index, spec);
        let v6 = Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, 1);
        let local: IpAddr = if spec.over_ipv6 { v6.into() } else { [10, 0, 0, 1].into() };
        let mut ends = Ends::new(SocketAddr::new(remote, 50_000), SocketAddr::new(local, 179));
        if spec.other_addresses {
            ends.ipv4 = Some([10, 0, 0, 1].into());
            ends.ipv6 = Some(v6);
            ends.link_local = Some(Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 1));
        }
        change(&mut ends);
        let conn = world.hosts[host].accept(world.now, ends).unwrap();
        let mut raw = Self {
            conn,
            peer: world.hosts[host].find_peer(remote).unwrap(),
            table: BTreeMap::new(),
            end_of_rib: Vec::new(),
            known: Vec::new(),
            refreshes: Vec::new(),
            keepalives: 0,
            notification: None,
            updates: Vec::new(),
            unread: Vec::new(),
            longest: if spec.extended { 65_535 } else { 4096 },
        };
        let open = open(spec, 100 + index as u8);
        raw.send(world, host, &open);
        raw.send(world, host, &message(4, &[]));
        raw.pump(world, host);
        raw
    }

    pub(super) fn send(&self, world: &mut World, host: usize, bytes: &[u8]) {
        world.hosts[host].receive(world.now, self.conn, bytes);
    }

    /// Sends, and lets everything settle.
    pub(super) fn say(&mut self, world: &mut World, bytes: &[u8]) {
        self.send(world, 0, bytes);
        self.pump(world, 0);
    }

    /// Reads until the host has nothing more to say.
    pub(super) fn pump(&mut self, world: &mut World, host: usize) {
        world.settle();
        let mut out = vec![0; world.room];
        while world.hosts[host].wants_transmit(self.conn) {
            let len = world.hosts[host].transmit(world.now, self.conn, &mut out);
            self.unread.extend(&out[..len]);
            world.settle();
        }
        let bytes = core::mem::take(&mut self.unread);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            assert_eq!(rest[..16], [0xFF; 16]);
            let len = usize::from(u16::from_be_bytes([rest[16], rest[17]]));
            assert!((19..=self.longest).contains(&len), "{len}");
            self.read(rest[18], &rest[header::HEADER_LEN..len]);
            rest = &rest[len..];
        }
    }

    fn read(&mut self, kind: u8, body: &[u8]) {
        match kind {
            1 => {}
            4 => self.keepalives += 1,
            2 => self.update(body),
            3 => self.notification = Some((body[0], body[1])),
            5 => self.refreshes.push(if body[1] == 1 { Family::Ipv4Unicast } else { Family::Ipv6Unicast }),
            _ => panic!("message of type {kind}"),
        }
    }

    fn update(&mut self, body: &[u8]) {
        let parts = update::split(body).unwrap();
        assert_eq!(parts.check_prefixes(), Ok(()));
        let mut withdrawn = nets::<V4>(parts.withdrawn);
        let mut announced = nets::<V4>(parts.nlri);
        let mut told = Told { attributes: BTreeMap::new(), next_hop: Vec::new() };
        let mut unreach = None;
        let codes: Vec<u8> = tlv::iter(parts.attributes).map(|tlv| tlv.code).collect();
        let sorted = if codes.first() == Some(&code::MP_REACH_NLRI) { &codes[1..] } else { &codes[..] };
        assert!(sorted.is_sorted(), "{codes:?}");
        for tlv in tlv::iter(parts.attributes) {
            match tlv.code {
                code::MP_REACH_NLRI => {
                    let (next_hop, rest) = tlv.value[4..].split_at(usize::from(tlv.value[3]));
                    told.next_hop = next_hop.to_vec();
                    assert!(next_hop.len() > 4 && !codes.contains(&code::NEXT_HOP));
                    match tlv.value[..3] {
                        [0, 1, 1] => announced.extend(nets::<V4>(&rest[1..])),
                        [0, 2, 1] => announced.extend(nets::<V6>(&rest[1..])),
                        _ => panic!("{tlv:?}"),
                    }
                }
                code::MP_UNREACH_NLRI => {
                    assert_eq!(tlv.value[..3], [0, 2, 1]);
                    unreach = Some(nets::<V6>(&tlv.value[3..]));
                }
                code => {
                    if code == code::NEXT_HOP {
                        told.next_hop = tlv.value.to_vec();
                    }
                    let flags = tlv.flags & !tlv::flag::EXTENDED_LENGTH;
                    assert!(told.attributes.insert(code, (flags, tlv.value.to_vec())).is_none());
                }
            }
        }
        if body == [0; 4] {
            self.end_of_rib.push(Family::Ipv4Unicast);
            self.known.push(self.table.len());
        }
        if unreach.as_ref().is_some_and(Vec::is_empty) && codes.len() == 1 {
            self.end_of_rib.push(Family::Ipv6Unicast);
            self.known.push(self.table.len());
        }
        withdrawn.extend(unreach.unwrap_or_default());
        self.updates.push((body.len() + header::HEADER_LEN, announced.len(), withdrawn.len()));
        for net in withdrawn {
            assert!(self.table.remove(&net).is_some(), "{net} is withdrawn and was not announced");
        }
        for net in announced {
            self.table.insert(net, told.clone());
        }
    }

    /// What the speaker says that it announced is what was read.
    fn compare(&self, speaker: &crate::Speaker<'_>) {
        let mut announced = 0;
        let mut scratch = vec![0; 3 * 65_535];
        for family in Family::ALL {
            for slot in 1..speaker.destination_slots(family) {
                let view = speaker.advertised(self.peer, family, slot, &mut scratch);
                let Some(view) = view.filter(|view| view.announced) else { continue };
                let told = self.table.get(&view.prefix).unwrap();
                let (key, bytes) = view.attrs.unwrap();
                assert_eq!(bytes[..usize::from(key.next_hop_len)], told.next_hop);
                assert_eq!(key.med(), told.number(code::MULTI_EXIT_DISC));
                assert_eq!([key.origin], told.get(code::ORIGIN).unwrap());
                for tlv in tlv::iter(&bytes[usize::from(key.next_hop_len)..]) {
                    let same = told.get(tlv.code) == Some(tlv.value);
                    // Neighbors with two-octet AS numbers read these in two forms.
                    assert!(same || told.get(code::AS4_PATH).is_some(), "{:?} {tlv:?}", view.prefix);
                }
                announced += 1;
            }
        }
        assert_eq!(announced, if self.notification.is_none() { self.table.len() } else { 0 });
    }

    pub(super) fn told(&self, prefix: &str) -> Option<&Told> {
        self.table.get(&prefix.parse().unwrap())
    }

    pub(super) fn prefixes(&self) -> Vec<std::string::String> {
        use std::string::ToString;
        self.table.keys().map(IpNet::to_string).collect()
    }
}

fn nets<F: AddressFamily>(bytes: &[u8]) -> Vec<IpNet> {
    assert!(Nlri::<F>::check(bytes));
    Nlri::<F>::new(bytes).map(F::ipnet).collect()
}

/// Several speakers' neighbors by hand, all of host 0 in AS 65000.
pub(super) fn lab(specs: &[Spec]) -> (World, Vec<Raw>) {
    lab_with(specs, &[], super::world::small())
}

pub(super) fn lab_with(
    specs: &[Spec],
    policies: &[crate::policy::Policy<'_>],
    limits: crate::Limits,
) -> (World, Vec<Raw>) {
    let mut world = World::new(vec![super::world::speaker(limits, 7)]);
    world.apply(0, 65_000, &configs(specs), policies);
    let raws = specs.iter().enumerate().map(|(at, spec)| Raw::connect(&mut world, 0, at, spec)).collect();
    (world, raws)
}

/// Lets every neighbor read what there is.
pub(super) fn pump_all(world: &mut World, raws: &mut [Raw]) {
    for raw in raws {
        raw.pump(world, 0);
        raw.compare(&world.hosts[0]);
    }
    world.hosts[0].check(world.now).unwrap();
}

pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF; 16];
    bytes.extend(((19 + body.len()) as u16).to_be_bytes());
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

pub(super) fn open(spec: &Spec, id: u8) -> Vec<u8> {
    let mut capabilities = vec![1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1];
    if spec.refresh {
        capabilities.extend([2, 0]);
    }
    if spec.extended_next_hop {
        capabilities.extend([5, 6, 0, 1, 0, 1, 0, 2]);
    }
    if spec.extended {
        capabilities.extend([6, 0]);
    }
    if spec.as4 {
        capabilities.extend([65, 4]);
        capabilities.extend(spec.asn.to_be_bytes());
    }
    let mut body = vec![4];
    body.extend(u16::try_from(spec.asn).unwrap_or(23_456).to_be_bytes());
    body.extend([0, 90, 192, 0, 2, id, capabilities.len() as u8 + 2, 2, capabilities.len() as u8]);
    body.extend(capabilities);
    message(1, &body)
}

pub(super) fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let len = value.len() as u16;
    let mut bytes = vec![flags, code];
    match u8::try_from(len) {
        Ok(short) => bytes.push(short),
        Err(_) => {
            bytes[0] |= 0x10;
            bytes.extend(len.to_be_bytes());
        }
    }
    bytes.extend(value);
    bytes
}

/// AS_PATH as one AS_SEQUENCE of four-octet numbers.
pub(super) fn as_path(path: &[u32]) -> Vec<u8> {
    let mut value = vec![];
    if !path.is_empty() {
        value = vec![2, path.len() as u8];
        value.extend(path.iter().flat_map(|asn| asn.to_be_bytes()));
    }
    attribute(0x40, 2, &value)
}

/// ORIGIN, AS_PATH and NEXT_HOP.
pub(super) fn basic(path: &[u32], next_hop: [u8; 4]) -> Vec<u8> {
    [attribute(0x40, 1, &[0]), as_path(path), attribute(0x40, 3, &next_hop)].concat()
}

pub(super) fn local_pref(value: u32) -> Vec<u8> {
    attribute(0x40, 5, &value.to_be_bytes())
}

pub(super) fn communities(values: &[u32]) -> Vec<u8> {
    attribute(0xC0, 8, &values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>())
}

pub(super) fn encode(prefixes: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for prefix in prefixes {
        let net: IpNet = prefix.parse().unwrap();
        let mut out = [0; 17];
        let len = match (V4::net_of(&net), V6::net_of(&net)) {
            (Some(net), _) => nlri::encode(net, &mut out),
            (_, Some(net)) => nlri::encode(net, &mut out),
            _ => 0,
        };
        bytes.extend(&out[..len]);
    }
    bytes
}

/// MP_REACH_NLRI for prefixes of one family.
pub(super) fn mp_reach(next_hop: &[u8], prefixes: &[&str]) -> Vec<u8> {
    let afi = if prefixes.iter().all(|prefix| prefix.contains(':')) { 2 } else { 1 };
    let value = [&[0, afi, 1, next_hop.len() as u8][..], next_hop, &[0], &encode(prefixes)].concat();
    attribute(0x80, 14, &value)
}

/// An UPDATE with IPv4 prefixes.
pub(super) fn announce(attributes: &[u8], prefixes: &[&str]) -> Vec<u8> {
    let len = (attributes.len() as u16).to_be_bytes();
    message(2, &[&[0, 0][..], &len, attributes, &encode(prefixes)].concat())
}

pub(super) fn withdraw(prefixes: &[&str]) -> Vec<u8> {
    let prefixes = encode(prefixes);
    message(2, &[&(prefixes.len() as u16).to_be_bytes()[..], &prefixes, &[0, 0]].concat())
}
