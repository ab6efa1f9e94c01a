//! What honest neighbors notice of each attack: how long routes take from one to the other, at rest and under attack.

use std::time::{Duration, Instant};

use super::medians::median;
use crate::hostile::{Attack, Noticed, Scene, Setup};

/// What is measured.
#[derive(Clone, Debug)]
pub struct HostileOptions {
    /// Routes that come and go at rest, and at least so many under attack.
    pub rounds: u32,
    /// How long each attack lasts.
    pub span: Duration,
    /// Attacks.
    pub attacks: Vec<Attack>,
}

/// Suffers each attack in a lab of its own; a line for each.
///
/// # Errors
/// This machine can have no lab.
pub fn hostile(options: &HostileOptions) -> Result<String, String> {
    let heads = ["rest ms", "worst", "attack ms", "worst", "ratio", "silence ms", "memory KiB", "of KiB"];
    let mut report = format!("{:<14}{:>24}", "attack", "a second");
    heads.iter().for_each(|head| report.push_str(&format!("{head:>12}")));
    report.push('\n');
    for attack in &options.attacks {
        let line = Scene::play(&Setup::default(), |scene| suffer(options, *attack, scene));
        report.push_str(&line.ok_or("this machine can have no lab")?);
    }
    Ok(report)
}

fn suffer(options: &HostileOptions, attack: Attack, scene: &mut Scene<'_>) -> String {
    let rest = scene.honest.rounds(options.rounds);
    let (under, rate) = scene.under(attack, |scene, orders| {
        // What begins with the attack, such as its sessions, is not measured.
        scene.honest.idle_until(|| orders.done() > 0);
        let (begin, done) = (Instant::now(), orders.done());
        let enough = |count| count >= options.rounds && begin.elapsed() >= options.span;
        let noticed = scene.honest.rounds_until(enough);
        scene.weigh();
        (noticed, (orders.done() - done) as f64 / begin.elapsed().as_secs_f64())
    });
    scene.assert_sound();
    let (rest_median, rest_worst) = figures(&rest);
    let (median, worst) = figures(&under);
    let (weight, allowed) = scene.weight();
    let figures = [rest_median, rest_worst, median, worst].map(|ms| format!("{ms:>12.2}")).concat();
    format!(
        "{:<14}{rate:>12.0} {:<11}{figures}{:>12.1}{:>12}{:>12}{:>12}\n",
        attack.name(),
        attack.unit(),
        median / rest_median,
        under.silence.as_millis(),
        weight / 1024,
        allowed / 1024
    )
}

/// Median and worst delay, in milliseconds.
fn figures(noticed: &Noticed) -> (f64, f64) {
    let ms = |delay: &Duration| delay.as_secs_f64() * 1e3;
    (median(&noticed.delays, ms), noticed.delays.iter().map(ms).fold(0.0, f64::max))
}
