//! The text of a configuration file.

use std::net::IpAddr;

use crier::config::{HostFacts, memory_plan, parse, reload_conflict};

use crate::lab::{NOW, with_limits};

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
    with_limits(&model.limits, |mut speaker| {
        let applied = model.with_core_config(|config| speaker.configure(NOW, config));
        assert!(applied.is_ok(), "{applied:?}");
    });
}
