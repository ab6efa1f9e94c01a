//! `[kernel]`: what of the tables goes into the kernel's routes.

use crier_io_mio::kernel::Settings;

use super::reader::{Section, Value};

/// Numbers of objects that the bridge needs at least: one for each next hop and each set of them.
const OBJECTS: u32 = 8192;

/// `None`: there is no such section, and the kernel is left alone.
pub(super) fn read_kernel(root: &mut Section<'_, '_>) -> Option<Settings> {
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
        adopt: false,
    };
    section.reserve("redistribute");
    section.finish();
    Some(settings)
}
