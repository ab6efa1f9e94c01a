//! The text of a configuration file.

use std::net::IpAddr;

use crier::config::{HostFacts, memory_plan, parse, reload_conflict};
use crier_core::Speaker;
use crier_core::speaker::{ConnSlot, Memory, PeerSlot};
use crier_core::{Event, Instant};
use zerocopy::IntoBytes;

/// Most bytes of tables for which a speaker is made.
const MOST_BYTES: u64 = 1 << 20;

/// A text is refused with places in it, a line for each reason; or it is a configuration that a speaker takes.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let facts = HostFacts { addresses: &[IpAddr::from([192, 0, 2, 1])] };
    let lines = text.split('\n').count();
    let model = match parse(text, "crier.toml", &facts) {
        Ok(model) => model,
        Err(reasons) => {
            assert!(!reasons.is_empty(), "refused, and nobody says why");
            for reason in reasons {
                assert!(reason.position.is_none_or(|at| (1..=lines).contains(&at.line) && at.column > 0));
                one_line(&reason.to_string());
            }
            return;
        }
    };
    model.warnings.iter().for_each(|warning| one_line(&warning.to_string()));
    assert!(reload_conflict(&model, &model).is_none(), "it cannot be reloaded as it is");
    let plan: Vec<_> = model.limits.plan(1_024).collect();
    assert!(!memory_plan(&plan, &model.limits, model.kernel.as_ref()).is_empty());
    let bytes: u64 = plan.iter().map(|row| row.bytes).sum();
    if bytes <= MOST_BYTES {
        configure(&model);
    }
}

fn one_line(text: &str) {
    assert!(!text.chars().any(|found| found.is_control()), "{text:?}");
}

/// What `crier check` calls good is not refused at the start.
fn configure(model: &crier::config::Model) {
    let limits = model.limits;
    let bytes = usize::try_from(limits.region_bytes()).unwrap_or(usize::MAX);
    let mut region = vec![[0_u64; 8]; bytes.div_ceil(64)];
    let mut peers: Vec<PeerSlot> = (0..=limits.peers).map(|_| PeerSlot::default()).collect();
    let mut connections: Vec<ConnSlot> = (0..limits.connections).map(|_| ConnSlot::default()).collect();
    let mut events: Vec<Event> = (0..8).map(|_| Event::default()).collect();
    let memory = Memory {
        region: region.as_mut_slice().as_mut_bytes(),
        peers: &mut peers,
        connections: &mut connections,
        events: &mut events,
    };
    let now = Instant::from_millis(1);
    let speaker = Speaker::new(memory, &limits, 1, now);
    let Ok(mut speaker) = speaker else { panic!("{:?}", speaker.err()) };
    let applied = model.with_core_config(|config| speaker.configure(now, config));
    assert!(applied.is_ok(), "{applied:?}");
    let again = model.with_core_config(|config| speaker.configure(now, config));
    assert!(again.is_ok_and(|again| again.added == 0), "{again:?}");
    for network in &model.networks {
        let _full_or_not = speaker.originate(now, &network.local_route());
    }
    assert_eq!(speaker.check(now), Ok(()));
}
