//! A whole scenario, from time zero to its end.

use crate::faults::Faults;
use crate::judge::{Judge, Jury};
use crate::observer::{Both, Nobody, Observer};
use crate::recording::{Keep, Recording};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::world::{Behaviours, KeyAhead, Placement, World};
use crypto::Crypto;
use ike_core::Instant;
use vnet::capture::CaptureError;

/// What a run leaves behind.
pub struct Outcome {
    /// The verdict and every figure.
    pub report: Report,
    /// `trace.jsonl`.
    pub trace: String,
    /// `capture.pcapng`.
    pub capture: Vec<u8>,
    /// `ikev2_decryption_table`.
    pub ikev2_decryption_table: String,
    /// `esp_sa`.
    pub esp_sa: String,
    /// `ladder.txt`, for small runs.
    pub ladder: Option<String>,
}

/// Runs `scenario`, called `name`, with this seed: the same arguments give the same octets.
///
/// # Errors
/// [`CaptureError`]: the run cannot be written as a capture.
pub fn run(name: &str, scenario: &Scenario, seed: u64) -> Result<Outcome, CaptureError> {
    run_with(name, scenario, seed, &mut Options::default())
}

/// How a run is done, beyond what it is.
#[derive(Default)]
pub struct Options<'a> {
    /// How much is written down.
    pub keep: Keep,
    /// What the links do, instead of what they would decide by themselves.
    pub faults: Option<&'a Faults>,
    /// Is told now and then how many percent of virtual time are over.
    pub progress: Option<&'a mut dyn FnMut(u8)>,
    /// Sees the run besides.
    pub watch: Option<&'a mut dyn Observer>,
}

/// As [`run`], with options.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    name: &str,
    scenario: &Scenario,
    seed: u64,
    options: &mut Options<'_>,
) -> Result<Outcome, CaptureError> {
    record((name, seed), scenario, options, (scenario.crypto, &mut pass))
}

/// As [`run_with`], with key work that was done ahead: `drive` lets the world, whose algorithms are `keys`, go on to its end, and
/// fills `keys` meanwhile. It is told what [`Options::progress`] is.
///
/// # Errors
/// As [`run`].
pub fn run_ahead(
    (name, seed): (&str, u64),
    scenario: &Scenario,
    options: &mut Options<'_>,
    keys: &KeyAhead,
    drive: &mut Drive<'_, KeyAhead>,
) -> Result<Outcome, CaptureError> {
    record((name, seed), scenario, options, (keys.clone(), drive))
}

/// Lets a world go on to its end, and tells now and then how many percent of virtual time are over.
pub type Drive<'a, C> = dyn FnMut(&mut World<'_, C>, &mut dyn FnMut(u8)) + 'a;

fn record<C: Crypto + Clone>(
    run: (&str, u64),
    scenario: &Scenario,
    options: &mut Options<'_>,
    (crypto, drive): (C, &mut Drive<'_, C>),
) -> Result<Outcome, CaptureError> {
    let ladder = options.keep.ladder(scenario);
    let mut recording = Recording::new(scenario, ladder, options.keep);
    let mut nobody = Nobody;
    let watch = options.watch.take().unwrap_or(&mut nobody);
    let mut observer = Both(&mut recording, watch);
    let behaviours = Behaviours::default();
    let mut world = World::with_crypto(scenario, run.1, &mut observer, behaviours, crypto);
    if let Some(faults) = options.faults {
        world.replay_faults(faults);
    }
    match &mut options.progress {
        Some(progress) => drive(&mut world, progress),
        None => drive(&mut world, &mut |_| {}),
    }
    let standing = world.standing();
    drop(world);
    recording.outcome(scenario, run, &standing)
}

/// Only the verdict of the run: the same figures, checkers and fingerprint, and no files.
///
/// Hardly any run breaks a rule, and one that does is the same a second time: only then it is done with what the context
/// of a violation takes.
///
/// # Panics
/// When the second run differs from the first.
#[must_use]
pub fn verdict(name: &str, scenario: &Scenario, seed: u64) -> Report {
    let judged = |mut judge: Judge| {
        let mut world = World::new(scenario, seed, &mut judge);
        world.step_until(world.end());
        let standing = world.standing();
        drop(world);
        judge.finish(scenario, (name, seed), &standing)
    };
    let report = judged(Judge::new(scenario, Placement::Inside).without_context());
    if report.violations.is_empty() {
        return report;
    }
    let again = judged(Judge::new(scenario, Placement::Inside));
    assert_eq!(again.fingerprint, report.fingerprint, "{name} with seed {seed}, a second time");
    again
}

/// Whether the run passes: the same figures and checkers, and nothing that is only for a report. A run that does not is
/// the same a second time, for [`verdict`].
#[must_use]
pub fn passes(scenario: &Scenario, seed: u64) -> bool {
    let mut jury = Jury::new(scenario, Placement::Inside).without_context();
    let mut world = World::new(scenario, seed, &mut jury);
    world.step_until(world.end());
    let standing = world.standing();
    drop(world);
    jury.passes(scenario, &standing)
}

/// Lets the world go on from where it is to its end, by hundredths of virtual time.
pub fn pass<C: Crypto + Clone>(world: &mut World<'_, C>, progress: &mut dyn FnMut(u8)) {
    let end = world.end().micros();
    for percent in 1..=100_u8 {
        let part = u128::from(end) * u128::from(percent) / 100;
        let until = Instant::from_micros(u64::try_from(part).unwrap_or(u64::MAX));
        if until >= world.now() {
            world.step_until(until);
            progress(percent);
        }
    }
}

/// The first number of each group with its name.
pub(crate) fn names(scenario: &Scenario) -> Vec<(u32, String)> {
    scenario.groups.iter().map(|group| (group.first, group.name.clone())).collect()
}

pub(crate) fn name_of(groups: &[(u32, String)], number: u32) -> String {
    let index = groups.partition_point(|(first, _)| *first <= number).saturating_sub(1);
    format!("{}-{number}", groups[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::node_name;

    #[test]
    fn both_ways_to_a_nodes_name_agree() {
        let text = r#"
            description = "two groups"
            duration = "1min"
            [[node]]
            name = "a"
            count = 2
            wakes = { at = ["1s"] }
            application = { kind = "ping" }
            [[node]]
            name = "b"
            count = 3
            wakes = { at = ["1s"] }
            application = { kind = "ping" }
        "#;
        let scenario = Scenario::parse("two.toml", text, &[]).expect("a scenario");
        let names = names(&scenario);
        for group in &scenario.groups {
            for number in group.numbers() {
                assert_eq!(name_of(&names, number), node_name(group, number));
            }
        }
    }
}
