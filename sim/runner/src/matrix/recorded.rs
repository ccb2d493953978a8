//! The columns of real implementations, recorded where they run and shown where they cannot.

use anyhow::{Context, Result, ensure};
use conformance::{Cell, Finding, Log, Matrix, Profile, Role, Verdict, cases};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// One column: what an implementation came to in the cases of one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Whose it is.
    pub head: Head,
    /// The verdicts, in the order of the cases.
    pub entries: Vec<Entry>,
}

/// Whose column it is: the first line of its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its name in the matrix.
    pub implementation: String,
    /// What it called itself: name and version.
    pub version: String,
    /// What it is.
    pub role: String,
    /// By which demands.
    pub profile: String,
}

/// What one case says of one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    case: String,
    requirement: String,
    verdict: Verdict,
    /// The finding in one line; empty if it passed.
    text: String,
}

/// The columns of a run of one implementation, whose version this is.
#[must_use]
pub fn columns(matrix: &Matrix, version: &str) -> Vec<Column> {
    let column = |(name, profile): (&str, Profile)| {
        let here = |cell: &&Cell| cell.implementation == name && cell.profile == profile;
        let cells: Vec<&Cell> = matrix.cells.iter().filter(here).collect();
        let entry = |cell: &&Cell| Entry {
            case: cell.case.to_owned(),
            requirement: cell.finding.requirement.clone(),
            verdict: cell.finding.verdict,
            text: cell.finding.text(),
        };
        let head = Head {
            implementation: name.to_owned(),
            version: version.to_owned(),
            role: cells.first().map_or("", |cell| cell.role.name()).to_owned(),
            profile: profile.name().to_owned(),
        };
        Column { head, entries: cells.iter().map(entry).collect() }
    };
    matrix.columns().into_iter().map(column).collect()
}

impl Column {
    /// Its file: a line of JSON for the column, and one for each verdict.
    ///
    /// # Panics
    /// Never: it is plain data.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |value: serde_json::Result<String>| value.expect("plain data") + "\n";
        let entries = self.entries.iter().map(|entry| line(serde_json::to_string(entry)));
        line(serde_json::to_string(&self.head)) + &entries.collect::<String>()
    }

    /// What [`Self::text`] writes.
    ///
    /// # Errors
    /// The line, and what was expected there.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines().zip(1..);
        let (head, _) = lines.next().context("line 1: expected whose column it is")?;
        let head = serde_json::from_str(head).context("line 1")?;
        let entry = |(line, number): (&str, usize)| {
            serde_json::from_str(line).with_context(|| format!("line {number}"))
        };
        Ok(Self { head, entries: lines.map(entry).collect::<Result<_>>()? })
    }

    /// The same with the verdicts of a later run in the place of its own, in the order of the cases; what no case
    /// judges any more is left out.
    ///
    /// # Errors
    /// The later run is of another implementation, version or profile.
    pub fn updated(self, later: Self) -> Result<Self> {
        ensure!(
            self.head == later.head,
            "expected a run of {}, found {}: record the whole column again",
            self.head.version,
            later.head.version
        );
        let role: Role = self.head.role.parse().map_err(anyhow::Error::msg)?;
        let known: Vec<_> = cases::all().filter(|case| case.role() == role).collect();
        let place = |entry: &Entry| {
            let case = known.iter().position(|case| case.name == entry.case)?;
            let judged = known[case].judges.iter().position(|id| *id == entry.requirement)?;
            Some((case, judged))
        };
        let mut placed = BTreeMap::new();
        for entry in self.entries.into_iter().chain(later.entries) {
            if let Some(place) = place(&entry) {
                placed.insert(place, entry);
            }
        }
        Ok(Self { head: self.head, entries: placed.into_values().collect() })
    }

    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}-{}.jsonl", self.head.implementation, self.head.profile)
    }

    /// Its cells, without what crossed.
    ///
    /// # Errors
    /// A case, role or profile that is not there any more: it must be recorded again.
    pub fn cells(&self) -> Result<Vec<Cell>> {
        let role: Role = self.head.role.parse().map_err(anyhow::Error::msg)?;
        let profile: Profile = self.head.profile.parse().map_err(anyhow::Error::msg)?;
        let cell = |entry: &Entry| {
            let known = cases::all().find(|case| case.name == entry.case && case.role() == role);
            let case = known.with_context(|| format!("{}: no such case", entry.case))?;
            ensure!(
                case.judges.contains(&entry.requirement.as_str()),
                "{} does not judge {}",
                entry.case,
                entry.requirement
            );
            let finding = Finding {
                requirement: entry.requirement.clone(),
                verdict: entry.verdict,
                failure: None,
                reason: entry.text.clone(),
            };
            Ok(Cell {
                implementation: self.head.implementation.clone(),
                role,
                profile,
                case: case.name,
                finding,
                log: Log::default(),
            })
        };
        self.entries.iter().map(cell).collect()
    }
}

/// All columns in a folder, by the names of their files.
///
/// # Errors
/// The folder or a file cannot be read; the file, and what was expected in it.
pub fn read(folder: &Path) -> Result<Vec<Column>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.sort();
    let column = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Column::parse(&text).with_context(|| path.display().to_string())
    };
    paths.iter().map(column).collect()
}
