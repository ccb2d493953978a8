//! A whole scenario, from time zero to its end.

use crate::keylog::{esp_sa, ikev2_decryption_table};
use crate::ladder::{Ladder, Lifelines};
use crate::recording::Recording;
use crate::report::{Facts, Report, judge};
use crate::scenario::Scenario;
use crate::world::World;
use ike_core::Instant;
use vnet::capture::CaptureError;

/// Runs of more nodes have no ladder: nobody would read it.
const LADDER_NODES: u32 = 16;

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
    let ladder = (scenario.nodes() <= LADDER_NODES).then(Ladder::default);
    let mut recording = Recording::new(scenario, ladder);
    let mut world = World::new(scenario, seed, &mut recording);
    world.step_until(Instant::default() + scenario.duration);
    let end = world.now();
    let standing = world.standing();
    drop(world);
    let (half_open, established) = standing.gateway_sas;
    recording.counter.finish(end.micros(), half_open + established);
    recording.checkers.finish(&standing);
    let fingerprint = &recording.fingerprint;
    let report = judge(
        scenario,
        (name, seed),
        &Facts {
            figures: &recording.counter.figures,
            nodes: &recording.counter.nodes,
            hashes: (fingerprint.full(), fingerprint.shape()),
            checkpoints: fingerprint.checkpoints(),
            events: fingerprint.events(),
            end,
            balances: standing.accounts.iter().all(|(_, _, account)| account.balances()),
            checkers: &recording.checkers,
        },
    );
    let names = names(scenario);
    let heads = |number| Lifelines { node: name_of(&names, number), gateway: "gateway".into() };
    Ok(Outcome {
        report,
        capture: recording.finish_capture()?,
        ikev2_decryption_table: ikev2_decryption_table(&recording.ike_keys),
        esp_sa: esp_sa(&recording.esp_keys),
        ladder: recording.ladder.as_ref().map(|ladder| ladder.render(&heads)),
        trace: recording.trace,
    })
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
