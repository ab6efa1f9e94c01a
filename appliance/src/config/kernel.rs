//! `[kernel]`: what of the tables goes into the kernel's routes.

use crier_core::config::PolicyRef;
use crier_io_mio::kernel::{Origin, Settings};

use super::policy_read::PoliciesRead;
use super::reader::{Section, Value};

/// Numbers of objects that the bridge needs at least: one for each next hop and each set of them.
pub(crate) const OBJECTS: u32 = 8192;

/// What `redistribute` can name.
const ORIGINS: [(&str, Origin); 3] =
    [("connected", Origin::Connected), ("static", Origin::Static), ("kernel", Origin::Kernel)];

/// Routes of the kernel's that are to be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redistribute {
    /// Which.
    pub origin: Origin,
    /// What they have to pass.
    pub policy: PolicyRef,
}

/// `None`: there is no such section, and the kernel is left alone.
pub(super) fn read_kernel(
    root: &mut Section<'_, '_>,
    policies: &PoliciesRead,
) -> Option<(Settings, Vec<Redistribute>)> {
    let mut section = root.get("kernel").as_ref().and_then(Value::table)?;
    let default = Settings::default();
    let settings = Settings {
        install: section.get("install").and_then(|value| value.boolean()).unwrap_or(default.install),
        // 253 is `default`, 255 `local`, 0 unspecified: none of them is for routes of daemons.
        table: section
            .get("table")
            .and_then(|value| {
                let table = value.integer(1..=u32::MAX)?;
                if matches!(table, 253 | 255) {
                    value.refuse("1 to 4294967295, but neither 253 (`default`) nor 255 (`local`)");
                }
                Some(table)
            })
            .unwrap_or(default.table),
        // 0 to 3 are the kernel's own, 4 is what people add by hand.
        protocol: section
            .get("protocol")
            .and_then(|value| value.integer(5..=255_u8))
            .unwrap_or(default.protocol),
        metric: section.get("metric").and_then(|value| value.integer(1..=u32::MAX)).unwrap_or(default.metric),
        max_routes: section
            .get("max-routes")
            .and_then(|value| value.integer(1..=10_000_000))
            .unwrap_or(default.max_routes),
        objects: match section.get("next-hop-ids") {
            None => default.objects,
            Some(value) => match value.integer(0..=u32::MAX - OBJECTS) {
                Some(0) => None,
                first => first.map(|first| first..first + OBJECTS),
            },
        },
        left: Vec::new(),
    };
    let redistribute = section.get("redistribute").map(|value| read_redistribute(&value, policies));
    section.finish();
    Some((settings, redistribute.unwrap_or_default()))
}

/// Each an origin, or a table of one and a policy.
fn read_redistribute(value: &Value<'_, '_>, policies: &PoliciesRead) -> Vec<Redistribute> {
    let mut all: Vec<Redistribute> = Vec::new();
    for item in value
        .items("an array such as [\"connected\", { from = \"static\", policy = \"lan\" }]")
        .unwrap_or_default()
    {
        let read = match item.is_table().then(|| item.table()).flatten() {
            None => item.word(&ORIGINS).map(|origin| Redistribute { origin, policy: PolicyRef::AcceptAll }),
            Some(mut section) => {
                let from = section.require("from", "\"connected\", \"static\" or \"kernel\"");
                let origin = from.and_then(|value| value.word(&ORIGINS));
                let policy = section.get("policy").and_then(|value| policies.named(&value));
                section.finish();
                origin.map(|origin| Redistribute { origin, policy: policy.unwrap_or(PolicyRef::AcceptAll) })
            }
        };
        match read {
            Some(read) if all.iter().any(|other| other.origin == read.origin) => {
                item.refuse("each of \"connected\", \"static\" and \"kernel\" once");
            }
            read => all.extend(read),
        }
    }
    all
}
