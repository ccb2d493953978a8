//! What is known to be otherwise at a gateway: `harness/gateways/NAME/expected.toml`, data with reasons.
//!
//! A case is expected to pass unless an entry for the gateway's version says otherwise. An entry that does not apply
//! any more fails the matrix: it hides what is new.

use super::cell::Cell;
use super::next::Next;
use super::verdict::Verdict;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Stands for each case that no other entry is about.
const ANY: &str = "*";

/// The expectations about one gateway.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Verdicts other than "passed".
    #[serde(default, rename = "verdict")]
    pub verdicts: Vec<ExpectedVerdict>,
    /// What the gateway does after a refusal, for each case that asks.
    #[serde(default)]
    pub next: Vec<ExpectedNext>,
}

/// A verdict other than "passed".
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedVerdict {
    /// The case; `*` is each that no other entry is about.
    pub case: String,
    /// Versions of the gateway: each as it is, or with `*` at its end.
    pub versions: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// What must be among the cell's reasons: it shall not fail for another one.
    #[serde(default)]
    pub shows: String,
    /// Why.
    pub reason: String,
}

/// What a gateway does after a refusal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedNext {
    /// The case.
    pub case: String,
    /// Versions of the gateway, as in [`ExpectedVerdict`].
    pub versions: Vec<String>,
    /// What it does.
    pub next: Next,
    /// Why, or what follows from it.
    pub reason: String,
}

impl Expected {
    /// Those of a file; without it, all shall pass.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Those of a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let expected: Self = toml::from_str(text)?;
        for entry in &expected.verdicts {
            let default = entry.verdict == Verdict::Passed;
            // But where all others are expected to do something else.
            let default = default && !expected.verdicts.iter().any(|entry| entry.case == ANY);
            ensure!(!default, "{}: an entry for \"passed\" says nothing", entry.case);
            ensure!(!entry.reason.trim().is_empty(), "{}: expected a reason", entry.case);
        }
        for entry in &expected.next {
            ensure!(!entry.reason.trim().is_empty(), "{}: expected a reason", entry.case);
        }
        Ok(expected)
    }

    /// The entry about a case, or else that about all others.
    fn entry(&self, case: &str, version: &str) -> Option<&ExpectedVerdict> {
        let named = |name: &str| {
            let of =
                |entry: &&ExpectedVerdict| entry.case == name && matches(&entry.versions, version);
            self.verdicts.iter().find(of)
        };
        named(case).or_else(|| named(ANY))
    }

    /// The verdict that a case should have, with the reason if it is not "passed".
    #[must_use]
    pub fn verdict(&self, case: &str, version: &str) -> (Verdict, Option<&str>) {
        self.entry(case, version)
            .map_or((Verdict::Passed, None), |entry| (entry.verdict, Some(&entry.reason)))
    }

    /// How a cell differs from what is expected of it; `None`: it does not.
    #[must_use]
    pub fn difference(&self, cell: &Cell) -> Option<String> {
        let (expected, why) = self.verdict(&cell.case, &cell.version);
        if cell.verdict != expected {
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            let (expected, verdict) = (expected.name(), cell.verdict.name());
            return Some(format!("expected {expected}{why}, was {verdict}"));
        }
        let shows = self.entry(&cell.case, &cell.version).map_or("", |entry| &entry.shows);
        if !shows.is_empty() && !cell.reasons.iter().any(|reason| reason.contains(shows)) {
            return Some(format!("expected {} with {shows:?} among the reasons", expected.name()));
        }
        let next = cell.next.filter(|_| cell.verdict == Verdict::Passed)?;
        let entry = self
            .next
            .iter()
            .find(|entry| entry.case == cell.case && matches(&entry.versions, &cell.version));
        match entry {
            Some(entry) if entry.next == next => None,
            Some(entry) => Some(format!(
                "after the refusal it {}, expected that it {} ({})",
                next.name(),
                entry.next.name(),
                entry.reason
            )),
            None => Some(format!(
                "after the refusal it {}: expected.toml has no [[next]] for it",
                next.name()
            )),
        }
    }

    /// The entries that apply to nothing any more: of an unknown case or another version, or of a case that has
    /// passed. `ran` are the cells of this gateway; entries of known cases that did not run are left alone.
    #[must_use]
    pub fn stale(&self, cases: &BTreeSet<&str>, ran: &[&Cell]) -> Vec<String> {
        let verdicts = self.verdicts.iter().map(|entry| (&entry.case, &entry.versions, "verdict"));
        let next = self.next.iter().map(|entry| (&entry.case, &entry.versions, "next"));
        let mut stale = Vec::new();
        for (case, versions, table) in verdicts.chain(next) {
            let entry = format!("[[{table}]] {case} {versions:?}");
            if case == ANY {
                let version = ran.first().map_or("", |cell| &cell.version);
                if !matches(versions, version) {
                    stale.push(format!("{entry}: the version is {version}"));
                }
                continue;
            }
            if !cases.contains(case.as_str()) {
                stale.push(format!("{entry}: there is no such case"));
                continue;
            }
            let Some(cell) = ran.iter().find(|cell| cell.case == *case) else { continue };
            if !matches(versions, &cell.version) {
                stale.push(format!("{entry}: the version is {}", cell.version));
            } else if table == "next" && cell.next.is_none() {
                stale.push(format!("{entry}: the case does not ask"));
            }
        }
        stale
    }
}

/// A version that is not known matches all: a gateway that cannot do what is asked does not start.
fn matches(versions: &[String], version: &str) -> bool {
    version.is_empty()
        || versions.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => version.starts_with(start),
            None => pattern == version,
        })
}
