//! A run with a gateway outside as it can be had again: what the gateway sent, and when.
//!
//! The run itself is (commit, scenario, seed); the gateway is not. So a tape has both: the scenario with its overrides
//! and its seed in the first line, and each packet that went in or out after it. What went in is handed in again at the
//! same virtual time; what went out is compared with what goes out now.

mod difference;
mod locate;
mod replay;
mod text;

#[cfg(test)]
mod tests;

use crate::scenario::{Scenario, ScenarioError};
use crate::world::Crossing;
use ike_core::Instant;
use std::collections::BTreeMap;

pub use difference::{Difference, Differs};
pub use replay::{Replay, ReplayError, replay};
pub use text::TapeError;

/// A run with a gateway outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tape {
    /// The gateway's name and version.
    pub gateway: String,
    /// The scenario's name.
    pub scenario: String,
    /// The text of its file.
    pub text: String,
    /// The texts of the files beside it that it was made from, by the names that it gives them.
    pub files: BTreeMap<String, String>,
    /// The overrides, as typed: `KEY=VALUE`.
    pub overrides: Vec<String>,
    /// Where all randomness of nodes and links came from.
    pub seed: u64,
    /// Virtual time at the end.
    pub end: Instant,
    /// Virtual time that was skipped, in microseconds.
    pub skipped_us: u64,
    /// Each packet that went in or out, in order.
    pub crossings: Vec<Crossing>,
}

impl Tape {
    /// The scenario with its overrides.
    ///
    /// # Errors
    /// As [`Scenario::parse`].
    pub fn scenario(&self) -> Result<Scenario, ScenarioError> {
        let pair = |text: &String| {
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            (key.to_owned(), value.to_owned())
        };
        let overrides: Vec<(String, String)> = self.overrides.iter().map(pair).collect();
        let files = |name: &str| {
            self.files.get(name).cloned().ok_or_else(|| "it is not in the recording".to_owned())
        };
        let name = format!("{}.toml", self.scenario);
        Scenario::parse_beside(&name, &self.text, &overrides, &files)
    }
}
