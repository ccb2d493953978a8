//! A tape's run again, in virtual time.

use super::{Difference, Tape};
use crate::recording::{Keep, Recording};
use crate::run::Outcome;
use crate::scenario::ScenarioError;
use crate::world::{Crossing, World};
use core::fmt;
use vnet::capture::CaptureError;
use vnet::link::Direction;

/// A run that was had again.
pub struct Replay {
    /// What it leaves behind: the same as the run itself did, unless there is a difference.
    pub outcome: Outcome,
    /// Where what the nodes and the server sent now first differs from what is on the tape.
    pub difference: Option<Difference>,
}

/// Why a tape cannot be replayed.
#[derive(Debug)]
pub enum ReplayError {
    /// Its scenario does not parse.
    Scenario(ScenarioError),
    /// The run cannot be written as a capture.
    Capture(CaptureError),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(error) => write!(f, "the recorded scenario: {error}"),
            Self::Capture(error) => write!(f, "the capture: {error}"),
        }
    }
}

impl core::error::Error for ReplayError {}

/// Hands in what the gateway of the tape sent, when it sent it, and compares what goes out.
///
/// # Errors
/// [`ReplayError`].
pub fn replay(tape: &Tape, keep: Keep) -> Result<Replay, ReplayError> {
    let scenario = tape.scenario().map_err(ReplayError::Scenario)?;
    let mut recording = Recording::with_gateway_outside(&scenario, keep.ladder(&scenario), keep);
    let mut world = World::with_gateway_outside(&scenario, tape.seed, &mut recording);
    for crossing in tape.crossings.iter().filter(|crossing| comes_in(crossing)) {
        world.step_until(crossing.at);
        world.hand_in(crossing.octets.clone());
    }
    world.step_until(tape.end);
    let now: Vec<Crossing> =
        world.crossings().iter().filter(|crossing| !comes_in(crossing)).cloned().collect();
    let standing = world.standing();
    drop(world);
    let recorded: Vec<&Crossing> =
        tape.crossings.iter().filter(|crossing| !comes_in(crossing)).collect();
    let difference = Difference::first(&recorded, &now, &recording.ike_keys);
    let run = (tape.scenario.as_str(), tape.seed);
    let mut outcome = recording.outcome(&scenario, run, &standing).map_err(ReplayError::Capture)?;
    outcome.report.overrides.clone_from(&tape.overrides);
    outcome.report.tell_outside(&tape.gateway, tape.skipped_us);
    Ok(Replay { outcome, difference })
}

fn comes_in(crossing: &Crossing) -> bool {
    crossing.direction == Direction::Back
}
