//! ROUTE-REFRESH (RFC 2918; RFC 7313): known and unknown families, subtypes, lengths, from neighbors with the capability and without.

use crier_core::config::{PolicyRef, Settings};
use crier_core::peer::State;
use crier_core::speaker::LocalRoute;

use crate::bytes::{NOTIFICATION, REFRESH, UPDATE, message};
use crate::lab::{Lab, connected, open_with, settings};
use crate::rows::Rows;

/// Runs `test` with a session on which one IPv4 route was announced to a neighbor with these capabilities.
fn announced<T>(list: &[u8], test: impl FnOnce(&mut Lab<'_>) -> T) -> T {
    connected(Settings { export: PolicyRef::AcceptAll, ..settings() }, |lab| {
        let route = LocalRoute {
            prefix: "10.50.0.0/24".parse().unwrap(),
            next_hop: None,
            med: None,
            local_pref: None,
            communities: &[],
            large_communities: &[],
        };
        lab.speaker.originate(lab.now, &route).unwrap();
        lab.establish(&open_with(65_002, 90, list));
        assert_eq!(lab.view().families[0].unwrap().advertised, 1);
        test(lab)
    })
}

/// UPDATEs that this message brings about; or the NOTIFICATION.
fn answer(list: &[u8], body: &[u8]) -> Result<usize, Vec<u8>> {
    announced(list, |lab| {
        lab.send(&message(REFRESH, body));
        let said = lab.words();
        if let Some((NOTIFICATION, body)) = said.last() {
            return Err(body.clone());
        }
        assert_eq!(lab.state(), State::Established);
        assert!(said.iter().all(|(kind, _)| *kind == UPDATE));
        Ok(said.len())
    })
}

/// With both families, with refresh and without, and with enhanced refresh, which we do not offer.
const LISTS: [&[u8]; 3] = [&[1, 4, 0, 1, 0, 1], &[1, 4, 0, 1, 0, 1, 2, 0], &[1, 4, 0, 1, 0, 1, 2, 0, 70, 0]];

#[test]
fn families_and_subtypes() {
    let mut rows = Rows::default();
    for list in LISTS {
        for (afi, safi) in [(1u8, 1u8), (2, 1), (1, 2), (1, 128), (25, 70), (0, 0), (255, 255)] {
            for subtype in [0, 1, 2, 3, 128, 255] {
                let found = answer(list, &[0, afi, subtype, safi]);
                // Ours is asked for and announced again; everything else is ignored, and no word is lost about it.
                let wanted = if (afi, safi, subtype) == (1, 1, 0) { Ok(1) } else { Ok(0) };
                rows.check(&format!("{afi}/{safi}, subtype {subtype}, {list:?}"), &found, &wanted);
            }
        }
    }
    rows.finish(126);
}

/// To a neighbor that announced enhanced refresh the whole message comes back as data, as far as crier keeps data (RFC 7313, 5).
/// For others one that is too short has a wrong length like any message (RFC 4271, 6.1).
#[test]
fn lengths() {
    let mut rows = Rows::default();
    for (list, enhanced) in LISTS.into_iter().zip([false, false, true]) {
        for len in (0..=40u8).filter(|&len| len != 4).chain([200, 237]) {
            let body: Vec<u8> = [0, 1, 0, 1].into_iter().cycle().take(len.into()).collect();
            let wanted = match len {
                0..4 if !enhanced => vec![1, 2, 0, 19 + len],
                _ => [&[7, 1], &message(REFRESH, &body)[..]].concat(),
            };
            rows.check(&format!("{len} octets, {list:?}"), &answer(list, &body), &Err(wanted));
        }
        let long = answer(list, &[1; 3000]).unwrap_err();
        let wanted = (&[7, 1][..], 258, &[0x0B, 0xCB, 5][..]);
        rows.check("3000 octets", &(&long[..2], long.len(), &long[18..21]), &wanted);
    }
    rows.finish(129);
}

/// However often it is asked, one round follows another and nothing piles up.
#[test]
fn many() {
    announced(LISTS[1], |lab| {
        let hundred = message(REFRESH, &[0, 1, 0, 1]).repeat(100);
        for _ in 0..10 {
            lab.send(&hundred);
        }
        let said = lab.words();
        assert!((1..=4).contains(&said.len()), "{}", said.len());
        assert_eq!(lab.state(), State::Established);
    });
}
