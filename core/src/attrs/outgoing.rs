//! An attribute set as one neighbor is sent it: the rules of RFC 4271 §5.1 and 9.2 for internal and external sessions.

use super::tlv::{NoRoom, Tlv, Writer, code, flag};
use super::{AttrsView, tlv};
use crate::wire::as_path::{self, AsPath};
use crate::wire::attributes::aggregator::{write_aggregator, write_as4_aggregator};

/// What the encoding depends on besides the set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    /// The neighbor is in our AS.
    pub(crate) internal: bool,
    /// It has four-octet AS numbers (RFC 6793).
    pub(crate) as4: bool,
    pub(crate) local_asn: u32,
    /// The NEXT_HOP attribute's value; `None` where MP_REACH_NLRI carries the next hop.
    pub(crate) next_hop: Option<&'a [u8]>,
    /// LOCAL_PREF instead of the set's own.
    pub(crate) local_pref: Option<u32>,
}

/// Writes all attributes but MP_REACH_NLRI, sorted by type code. The key's MED is sent as it stands.
pub(crate) fn write(w: &mut Writer<'_>, set: AttrsView<'_>, to: &Outgoing<'_>) -> Result<(), NoRoom> {
    w.put_attribute(flag::TRANSITIVE, code::ORIGIN, &[set.key.origin])?;
    if mutant!(OriginTwice) {
        w.put_attribute(flag::TRANSITIVE, code::ORIGIN, &[set.key.origin])?;
    }
    let prepend = (!to.internal).then_some(to.local_asn);
    let path = AsPath::of(set.attributes());
    as_path::write_as_path(w, path, prepend, to.as4)?;
    if let Some(next_hop) = to.next_hop {
        w.put_attribute(flag::TRANSITIVE, code::NEXT_HOP, next_hop)?;
    }
    if let Some(med) = set.key.med() {
        w.put_attribute(flag::OPTIONAL, code::MULTI_EXIT_DISC, &med.to_be_bytes())?;
    }
    if to.internal || mutant!(LocalPrefToExternal) {
        let preference = to.local_pref.unwrap_or(set.key.preference());
        w.put_attribute(flag::TRANSITIVE, code::LOCAL_PREF, &preference.to_be_bytes())?;
    }
    let mut old_forms = if to.as4 { None } else { Some(prepend) };
    for attribute in tlv::iter(set.attributes()) {
        if attribute.code > code::AS4_AGGREGATOR {
            write_as4_forms(w, &mut old_forms, set, path)?;
        }
        match attribute.code {
            code::AS_PATH => {}
            // RFC 4456, 8: these mean nothing outside the AS.
            code::ORIGINATOR_ID | code::CLUSTER_LIST if !to.internal => {}
            code::EXTENDED_COMMUNITIES if !to.internal => write_transitive(w, attribute)?,
            code::AGGREGATOR if !to.as4 => write_aggregator(w, attribute.flags, attribute.value, false)?,
            _ => w.put(attribute.raw)?,
        }
    }
    write_as4_forms(w, &mut old_forms, set, path)
}

/// The extended communities that may leave the AS (RFC 4360, 6). Where there are none, nothing.
fn write_transitive(w: &mut Writer<'_>, attribute: Tlv<'_>) -> Result<(), NoRoom> {
    /// Bit of the first octet, the type's (RFC 4360, 2).
    const NON_TRANSITIVE: u8 = 0x40;
    let start = w.len();
    let (communities, _) = attribute.value.as_chunks::<8>();
    for community in communities.iter().filter(|[kind, ..]| kind & NON_TRANSITIVE == 0) {
        w.put(community)?;
    }
    if w.len() == start { Ok(()) } else { w.insert_header(start, attribute.flags, attribute.code) }
}

/// AS4_PATH and AS4_AGGREGATOR for a neighbor with two-octet AS numbers, once, where they say more than the old forms.
fn write_as4_forms(
    w: &mut Writer<'_>,
    old_forms: &mut Option<Option<u32>>,
    set: AttrsView<'_>,
    path: AsPath<'_>,
) -> Result<(), NoRoom> {
    let Some(prepend) = old_forms.take() else { return Ok(()) };
    as_path::write_as4_path(w, path, prepend)?;
    match tlv::iter(set.attributes()).find(|attribute| attribute.code == code::AGGREGATOR) {
        Some(attribute) => write_as4_aggregator(w, attribute.flags, attribute.value),
        None => Ok(()),
    }
}
