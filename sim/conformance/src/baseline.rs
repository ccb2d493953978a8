//! What is expected of each cell, and how a run differs: `harness/baseline.toml`.

use crate::matrix::{Cell, Matrix, Selection};
use crate::registry::line_of;
use crate::verdict::Verdict;
use crate::{Profile, RegistryError};
use core::fmt;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A cell that is not expected to pass.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Whose it is.
    pub implementation: String,
    /// In which profiles, by name; in all unless it says so.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// The case.
    pub case: String,
    /// The requirement.
    pub requirement: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What must stand in the finding: it shall not fail for another reason.
    pub shows: String,
    /// Why.
    pub reason: String,
}

impl Expected {
    fn is_about(&self, cell: &Cell) -> bool {
        self.implementation == cell.implementation
            && self.case == cell.case
            && self.requirement == cell.finding.requirement
            && (self.profiles.is_empty()
                || self.profiles.iter().any(|name| name == cell.profile.name()))
    }

    /// Whether a cell can be that both are about.
    fn overlaps(&self, other: &Self) -> bool {
        let shared = |name: &String| other.profiles.contains(name);
        self.implementation == other.implementation
            && self.case == other.case
            && self.requirement == other.requirement
            && (self.profiles.is_empty()
                || other.profiles.is_empty()
                || self.profiles.iter().any(shared))
    }
}

/// How a run differs from what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It should pass and does not.
    NewFailure(String),
    /// It passes and should not.
    NewPass(String),
    /// It does not pass, as expected, but for another reason.
    ChangedReason(String),
    /// The entry is about no cell at all.
    NoLongerApplies(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, text) = match self {
            Self::NewFailure(text) => ("new failure", text),
            Self::NewPass(text) => ("new pass", text),
            Self::ChangedReason(text) => ("changed reason", text),
            Self::NoLongerApplies(text) => ("entry no longer applies", text),
        };
        write!(f, "{what}: {text}")
    }
}

/// All that is not expected to pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Line and entry.
    entries: Vec<(usize, Expected)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expected: Vec<toml::Spanned<Expected>>,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// The line and what was expected there.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let file: File = toml::from_str(text).map_err(|error| RegistryError(error.to_string()))?;
        let mut entries: Vec<(usize, Expected)> = Vec::new();
        for entry in file.expected {
            let line = line_of(text, entry.span().start);
            let entry = entry.into_inner();
            if let Some(wrong) = wrong(&entry) {
                return Err(RegistryError(format!("line {line}: {}: {wrong}", entry.case)));
            }
            if let Some((first, _)) = entries.iter().find(|(_, other)| entry.overlaps(other)) {
                return Err(RegistryError(format!(
                    "line {line}: {}: expected one entry for a cell; line {first} is about it too",
                    entry.case
                )));
            }
            entries.push((line, entry));
        }
        Ok(Self { entries })
    }

    /// How the run differs. Entries of implementations that did not run are left alone, and so are
    /// all whose cells were not wanted.
    #[must_use]
    pub fn differences(&self, matrix: &Matrix, selection: &Selection) -> Vec<Difference> {
        let mut differences: Vec<Difference> =
            matrix.cells.iter().filter_map(|cell| self.difference(cell)).collect();
        for (line, entry) in &self.entries {
            if !self.may_be_stale(entry, matrix, selection) {
                continue;
            }
            let name = format!(
                "line {line}: {} {} {}",
                entry.implementation, entry.case, entry.requirement
            );
            let matching: Vec<&Cell> =
                matrix.cells.iter().filter(|cell| entry.is_about(cell)).collect();
            if matching.is_empty() {
                differences.push(Difference::NoLongerApplies(name));
                continue;
            }
            for profile in &entry.profiles {
                let here = matching.iter().any(|cell| cell.profile.name() == profile);
                if !here && selection.profile.is_none() {
                    differences.push(Difference::NoLongerApplies(format!("{name} in {profile}")));
                }
            }
        }
        differences
    }

    fn may_be_stale(&self, entry: &Expected, matrix: &Matrix, selection: &Selection) -> bool {
        let ran = matrix.cells.iter().any(|cell| cell.implementation == entry.implementation);
        let wanted = selection.case.as_ref().is_none_or(|case| *case == entry.case)
            && selection.requirement.as_ref().is_none_or(|id| *id == entry.requirement)
            && selection.profile.is_none_or(|profile| {
                entry.profiles.is_empty()
                    || entry.profiles.iter().any(|name| name == profile.name())
            });
        ran && wanted
    }

    /// Whose cells the entries are about, each once.
    #[must_use]
    pub fn implementations(&self) -> BTreeSet<&str> {
        self.entries.iter().map(|(_, entry)| entry.implementation.as_str()).collect()
    }

    /// The verdict that is expected of a cell, and the reason if it is not "passed".
    #[must_use]
    pub fn expected(&self, cell: &Cell) -> (Verdict, Option<&str>) {
        let entry = self.entries.iter().find(|(_, entry)| entry.is_about(cell));
        entry.map_or((Verdict::Passed, None), |(_, entry)| {
            (entry.verdict, Some(entry.reason.as_str()))
        })
    }

    /// How a cell differs from what is expected of it.
    #[must_use]
    pub fn difference(&self, cell: &Cell) -> Option<Difference> {
        let finding = &cell.finding;
        let name = format!(
            "{} {} {} {}",
            cell.implementation,
            cell.profile.name(),
            cell.case,
            finding.requirement
        );
        let entry = self.entries.iter().find(|(_, entry)| entry.is_about(cell));
        let (verdict, text) = (finding.verdict, finding.text());
        match entry {
            None if verdict == Verdict::Passed => None,
            None => Some(Difference::NewFailure(format!("{name}: {verdict}: {text}"))),
            Some((line, entry)) if verdict == Verdict::Passed => Some(Difference::NewPass(
                format!("{name}: expected {} (line {line}: {})", entry.verdict, entry.reason),
            )),
            Some((_, entry)) if verdict == entry.verdict && text.contains(&entry.shows) => None,
            Some((line, entry)) => Some(Difference::ChangedReason(format!(
                "{name}: expected {} with {:?} (line {line}), was {verdict}: {text}",
                entry.verdict, entry.shows
            ))),
        }
    }
}

fn wrong(entry: &Expected) -> Option<&'static str> {
    if entry.verdict == Verdict::Passed {
        return Some("an entry for \"passed\" says nothing");
    }
    if entry.reason.trim().is_empty() {
        return Some("expected a reason");
    }
    if entry.shows.trim().is_empty() {
        return Some("expected what the finding shows");
    }
    let unknown = |name: &String| name.parse::<Profile>().is_err();
    entry.profiles.iter().any(unknown).then_some("expected known profiles")
}

#[cfg(test)]
mod tests;
