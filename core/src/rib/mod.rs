//! The routing information base: destinations, their paths, and what each neighbor was told.

pub(crate) mod advertised;
pub(crate) mod capacity;
pub(crate) mod changes;
pub(crate) mod feed;
pub(crate) mod index;
pub(crate) mod next_hops;
pub(crate) mod refused;
pub(crate) mod selection;
pub(crate) mod stored;
pub(crate) mod table;

use crate::attrs::store::AttrStore;
use crate::decision::PeerFacts;
use crate::family::{V4, V6};

/// What every operation on a table needs besides the table itself.
#[derive(Debug)]
pub(crate) struct Shared<'m> {
    /// Attribute sets of both families.
    pub(crate) attrs: AttrStore<'m>,
    /// Facts about neighbors, by slot; 0 is the speaker itself.
    pub(crate) facts: &'m mut [PeerFacts],
}

impl Shared<'_> {
    /// Interior cost of a path; `None`: its next hop cannot be reached.
    #[inline]
    pub(crate) fn cost(&self, path: &table::Path) -> Option<u32> {
        self.attrs.hops.cost(self.attrs.hop(path.attr))
    }
}

/// Both families' tables.
#[derive(Debug)]
pub(crate) struct Rib<'m> {
    pub(crate) shared: Shared<'m>,
    pub(crate) v4: table::FamilyTable<'m, V4>,
    pub(crate) v6: table::FamilyTable<'m, V6>,
    pub(crate) refused: refused::RefusedPaths<'m>,
}

/// Runs one expression with `table` bound to the table of a family, whichever that is.
macro_rules! with_table {
    ($rib:expr, $family:expr, $table:ident => $body:expr) => {
        match $family {
            $crate::family::Family::Ipv4Unicast => {
                let $table = &mut $rib.v4;
                $body
            }
            $crate::family::Family::Ipv6Unicast => {
                let $table = &mut $rib.v6;
                $body
            }
        }
    };
    (ref $rib:expr, $family:expr, $table:ident => $body:expr) => {
        match $family {
            $crate::family::Family::Ipv4Unicast => {
                let $table = &$rib.v4;
                $body
            }
            $crate::family::Family::Ipv6Unicast => {
                let $table = &$rib.v6;
                $body
            }
        }
    };
}
pub(crate) use with_table;
