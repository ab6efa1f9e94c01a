//! Path attributes that resources set.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// What is added to a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "Written")]
pub struct PathAttributes {
    /// Communities (RFC 1997).
    pub communities: BTreeSet<u32>,
    /// Large communities (RFC 8092).
    pub large_communities: BTreeSet<(u32, u32, u32)>,
    /// LOCAL_PREF towards internal neighbors.
    pub local_preference: Option<u32>,
}

impl PathAttributes {
    /// What was written as these.
    pub(super) fn new(communities: Communities, local_preference: Option<u32>) -> Self {
        let standard = communities.standard.into_iter().map(|Standard(value)| value);
        let well_known = communities.well_known.into_iter().map(WellKnown::value);
        Self {
            communities: standard.chain(well_known).collect(),
            large_communities: communities.large.into_iter().map(|Large(value)| value).collect(),
            local_preference,
        }
    }

    /// Adds what another one sets: all communities of both, and the higher preference.
    pub fn merge(&mut self, other: &Self) {
        self.communities.extend(&other.communities);
        self.large_communities.extend(&other.large_communities);
        self.local_preference = self.local_preference.max(other.local_preference);
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    communities: Communities,
    local_preference: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Communities {
    standard: Vec<Standard>,
    well_known: Vec<WellKnown>,
    large: Vec<Large>,
}

impl From<Written> for PathAttributes {
    fn from(Written { communities, local_preference }: Written) -> Self {
        Self::new(communities, local_preference)
    }
}

struct Standard(u32);

/// Takes a number too: that is what YAML makes of a community without a colon and without quotes.
impl<'de> Deserialize<'de> for Standard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StandardVisitor)
    }
}

struct StandardVisitor;

impl Visitor<'_> for StandardVisitor {
    type Value = Standard;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a community: A:B with both up to 65535, or one number up to 4294967295")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Standard, E> {
        let value = u32::try_from(number).map(Standard);
        value.map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Standard, E> {
        let parsed = match text.split_once(':') {
            None => decimal(text),
            Some((high, low)) => decimal::<u16>(high)
                .zip(decimal::<u16>(low))
                .map(|(high, low)| u32::from(high) << 16 | u32::from(low)),
        };
        parsed.map(Standard).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Large((u32, u32, u32));

impl TryFrom<String> for Large {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = text.split(':').map(decimal::<u32>);
        match [parts.next(), parts.next(), parts.next(), parts.next()] {
            [Some(Some(a)), Some(Some(b)), Some(Some(c)), None] => Ok(Self((a, b, c))),
            _ => Err(format!("found {text:?}, allowed is a large community: A:B:C, each up to 4294967295")),
        }
    }
}

/// A decimal number without a sign, which `parse` would let pass.
fn decimal<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WellKnown {
    Internet,
    PlannedShut,
    AcceptOwn,
    #[serde(rename = "route-filter-translated-v4")]
    RouteFilterTranslatedV4,
    #[serde(rename = "route-filter-v4")]
    RouteFilterV4,
    #[serde(rename = "route-filter-translated-v6")]
    RouteFilterTranslatedV6,
    #[serde(rename = "route-filter-v6")]
    RouteFilterV6,
    LlgrStale,
    NoLlgr,
    Blackhole,
    NoExport,
    NoAdvertise,
    NoExportSubconfed,
    NoPeer,
}

impl WellKnown {
    const fn value(self) -> u32 {
        let low = match self {
            Self::Internet => return 0,
            Self::PlannedShut => 0,
            Self::AcceptOwn => 1,
            Self::RouteFilterTranslatedV4 => 2,
            Self::RouteFilterV4 => 3,
            Self::RouteFilterTranslatedV6 => 4,
            Self::RouteFilterV6 => 5,
            Self::LlgrStale => 6,
            Self::NoLlgr => 7,
            Self::Blackhole => 666,
            Self::NoExport => 65_281,
            Self::NoAdvertise => 65_282,
            Self::NoExportSubconfed => 65_283,
            Self::NoPeer => 65_284,
        };
        0xffff_0000 | low
    }
}
