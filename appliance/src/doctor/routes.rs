//! The kernel's routes: whether others have such as crier would install, and what the kernel can.

use crier_io_mio::kernel::Found;

use super::{Facts, Finding};
use crate::config::Model;

const CHECK: &str = "routes";
const OBJECTS: &str = "next-hop-objects";

pub(super) fn examine(model: &Model, facts: &Facts, found: &mut Vec<Finding>) {
    let Some((kernel, look)) = model.kernel.as_ref().zip(facts.routes.as_ref()) else { return };
    let Found { by_number, recorded, others, same_numbers, objects, .. } = match look {
        Ok(routes) => *routes,
        Err(error) => {
            let text = format!("the kernel's routes cannot be read: {error}");
            found.push(Finding::problem(CHECK, text, "is this a Linux with network namespaces and /proc?"));
            return;
        }
    };
    let which = format!("table {}, protocol {}, metric {}", kernel.table, kernel.protocol, kernel.metric);
    found.push(match others {
        0 => {
            let own = by_number + recorded;
            Finding::ok(CHECK, format!("no other daemon has routes in {which}; crier has {own}"))
        }
        _ => Finding::warning(
            CHECK,
            format!("{others} routes in {which} are somebody else's: crier leaves them, and installs nothing in their place"),
            "give crier a kernel.protocol or kernel.metric of its own, or end the other daemon and remove its routes",
        ),
    });
    if kernel.objects.is_some() {
        if same_numbers > 0 {
            found.push(Finding::warning(
                OBJECTS,
                format!(
                    "{same_numbers} routes with another table, protocol or metric lead to next-hop objects with crier's numbers: it \
                     leaves them, and its own routes name their next hops themselves"
                ),
                "give each crier on this host a kernel.next-hop-ids of its own",
            ));
        }
        found.push(if objects {
            Finding::ok(OBJECTS, "the kernel has next-hop objects")
        } else {
            Finding::warning(
                OBJECTS,
                "the kernel has no next-hop objects: a next hop that dies takes a message for each of its routes, and after a \
                 crash crier's routes are known by its record in router.state-dir alone",
                "Linux 5.3 or later, or kernel.next-hop-ids = 0 with router.state-dir",
            )
        });
    }
}
