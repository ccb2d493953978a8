//! A tape as text: JSON, a line a packet, after a line about the run.

use super::Tape;
use crate::event::direction_name;
use crate::world::Crossing;
use core::fmt;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use ike_core::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vnet::link::Direction;

/// The version of the format.
const FORMAT: u32 = 1;

/// A line that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for TapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

impl core::error::Error for TapeError {}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    recording: u32,
    gateway: String,
    scenario: String,
    seed: u64,
    overrides: Vec<String>,
    end_us: u64,
    skipped_us: u64,
    text: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, String>,
}

/// Each further line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at_us: u64,
    direction: String,
    hex: String,
}

impl Tape {
    /// The tape as the text of a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = json(&Head {
            recording: FORMAT,
            gateway: self.gateway.clone(),
            scenario: self.scenario.clone(),
            seed: self.seed,
            overrides: self.overrides.clone(),
            end_us: self.end.micros(),
            skipped_us: self.skipped_us,
            text: self.text.clone(),
            files: self.files.clone(),
        });
        for crossing in &self.crossings {
            text.push_str(&json(&Line {
                at_us: crossing.at.micros(),
                direction: direction_name(crossing.direction).to_owned(),
                hex: HEXLOWER.encode(&crossing.octets),
            }));
        }
        text
    }

    /// Reads what [`Tape::to_text`] wrote.
    ///
    /// # Errors
    /// [`TapeError`] at the first line that is not as it should be: no JSON, a missing or unknown key, another version,
    /// a name that is none, octets that are no pairs of hexadecimal digits, a time before that of the line above or after
    /// the end.
    pub fn parse(text: &str) -> Result<Self, TapeError> {
        let mut lines = (1..).zip(text.lines());
        let Some((_, first)) = lines.next() else {
            return Err(TapeError {
                line: 1,
                message: "empty: expected the line of the run".into(),
            });
        };
        let head: Head = serde_json::from_str(first).map_err(|error| TapeError {
            line: 1,
            message: format!("not a recording: {}", in_line(&error)),
        })?;
        if head.recording != FORMAT {
            let message = format!("recording {}: expected version {FORMAT}", head.recording);
            return Err(TapeError { line: 1, message });
        }
        name(&head).map_err(|message| TapeError { line: 1, message })?;
        if let Some(odd) = head.overrides.iter().find(|text| !text.contains('=')) {
            let message = format!("override {odd:?}: expected KEY=VALUE");
            return Err(TapeError { line: 1, message });
        }
        let (mut crossings, mut latest) = (Vec::new(), Instant::default());
        let end = Instant::from_micros(head.end_us);
        for (line, text) in lines {
            let crossing =
                crossing(text, latest..=end).map_err(|message| TapeError { line, message })?;
            latest = crossing.at;
            crossings.push(crossing);
        }
        Ok(Self {
            gateway: head.gateway,
            scenario: head.scenario,
            text: head.text,
            files: head.files,
            overrides: head.overrides,
            seed: head.seed,
            end,
            skipped_us: head.skipped_us,
            crossings,
        })
    }
}

/// A recording comes from anywhere, and its names go to the terminal and, that of the scenario, into a path.
fn name(head: &Head) -> Result<(), String> {
    let Head { scenario, gateway, .. } = head;
    let is_visible = |text: &str| !text.chars().any(char::is_control);
    let is_part = !["", ".", ".."].contains(&scenario.as_str()) && !scenario.contains(['/', '\\']);
    if !is_part || !is_visible(scenario) {
        return Err(format!(
            "scenario: expected a name of visible characters, no path: {scenario:?}"
        ));
    }
    if !is_visible(gateway) {
        return Err(format!("gateway: expected a name of visible characters: {gateway:?}"));
    }
    Ok(())
}

/// What is wrong with the JSON of a line, and where in it: serde_json takes the text that it gets for a file.
fn in_line(error: &serde_json::Error) -> String {
    let (text, column) = (error.to_string(), error.column());
    let message = text.strip_suffix(&format!(" at line {} column {column}", error.line()));
    format!("{}, column {column}", message.unwrap_or(&text))
}

fn crossing(text: &str, times: core::ops::RangeInclusive<Instant>) -> Result<Crossing, String> {
    let line: Line =
        serde_json::from_str(text).map_err(|error| format!("not a packet: {}", in_line(&error)))?;
    let at = Instant::from_micros(line.at_us);
    if !times.contains(&at) {
        let (least, most) = (times.start().micros(), times.end().micros());
        return Err(format!("at_us {}: expected {least} to {most}", line.at_us));
    }
    let direction = match line.direction.as_str() {
        "towards" => Direction::Towards,
        "back" => Direction::Back,
        other => return Err(format!("direction {other:?}: expected towards or back")),
    };
    let wrong = |_| "hex: expected pairs of hexadecimal digits";
    let octets = HEXLOWER_PERMISSIVE.decode(line.hex.as_bytes()).map_err(wrong)?;
    Ok(Crossing { at, direction, octets })
}

fn json(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("numbers and texts");
    line.push('\n');
    line
}
