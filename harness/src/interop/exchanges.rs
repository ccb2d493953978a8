//! Passed exchanges, kept as fixtures: `cargo test` has them again without Docker.

use super::cell::Cell;
use super::verdict::Verdict;
use anyhow::{Context, Result, ensure};
use runner::files;
use similar::{Algorithm, ChangeTag, capture_diff_slices};
use simulator::{Keep, Tape, replay};
use std::fmt;
use std::fs;
use std::path::Path;

/// Below the root of the workspace.
pub const FOLDER: &str = "fixtures/exchanges";
/// Longer recordings are left out: a thousand echoes show nothing about messages that a few do not.
const MOST_OCTETS: usize = 512 * 1024;
/// What crossed the portal.
const RECORDING: &str = "recording.jsonl";
/// What it looks like: all devices, or the first of many.
const LADDER: &str = "ladder.txt";
/// How many lines of a ladder that has changed are shown.
const LINES_SHOWN: usize = 6;

/// An exchange that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// `GATEWAY-VERSION/CASE`.
    pub name: String,
    /// How it differs from the one that was there.
    pub change: Change,
}

/// What recording again has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// There was none.
    New,
    /// The same messages with the same payloads, whatever their times, SPIs and nonces.
    None,
    /// Lines of the ladder that went, marked `-`, and that came, marked `+`.
    Lines(Vec<String>),
}

/// Keeps the recording and the ladder of each cell that passed in `root/GATEWAY-VERSION/CASE`.
///
/// # Errors
/// A file cannot be read or written, or a recording does not go again as it went: then it is no fixture.
pub fn keep(cells: &[Cell], root: &Path) -> Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for cell in cells.iter().filter(|cell| cell.verdict == Verdict::Passed) {
        let path = cell.folder.join(RECORDING);
        // The reference responder has none: it is here.
        if !path.exists() {
            continue;
        }
        let recording = files::text(&path)?;
        if recording.len() > MOST_OCTETS {
            continue;
        }
        let name = format!("{}-{}/{}", cell.gateway, cell.version, cell.case);
        let ladder = again(&recording).with_context(|| name.clone())?;
        let folder = root.join(&name);
        let change = change(&folder, &ladder)?;
        fs::create_dir_all(&folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
        for (file, text) in [(RECORDING, recording), (LADDER, ladder)] {
            files::replace(&folder.join(file), text.as_bytes())?;
        }
        kept.push(Kept { name, change });
    }
    Ok(kept)
}

/// The ladder of a recording's run, had again.
fn again(recording: &str) -> Result<String> {
    let tape = Tape::parse(recording).context(RECORDING)?;
    let replay = replay(&tape, Keep::with_ladder(&tape.scenario()?))?;
    let difference = replay.difference.map(|difference| difference.to_string());
    ensure!(difference.is_none(), "it does not go again: {}", difference.unwrap_or_default());
    replay.outcome.ladder.context("it has no ladder")
}

/// How the ladder differs from the one that is in the folder.
fn change(folder: &Path, ladder: &str) -> Result<Change> {
    if !folder.join(RECORDING).exists() {
        return Ok(Change::New);
    }
    let path = folder.join(LADDER);
    let before = if path.exists() { files::text(&path)? } else { String::new() };
    let lines = changed_lines(&before, ladder);
    Ok(if lines.is_empty() { Change::None } else { Change::Lines(lines) })
}

/// The lines that one ladder has and the other has not, apart from what is new in each run.
fn changed_lines(before: &str, now: &str) -> Vec<String> {
    let said = |text: &str| text.lines().map(what_is_said).collect::<Vec<_>>();
    let (before, now) = (said(before), said(now));
    let changes = capture_diff_slices(Algorithm::Myers, &before, &now);
    let changes = changes.iter().flat_map(|change| change.iter_changes(&before, &now));
    let changed = changes.filter(|change| change.tag() != ChangeTag::Equal);
    changed.map(|change| format!("{} {}", change.tag(), change.value())).collect()
}

/// A line of a ladder without times, SPIs, and what is drawn.
fn what_is_said(line: &str) -> String {
    let words = line.split_whitespace().filter_map(|word| {
        let word = word.trim_matches(['-', '|', '<', '>', '*']);
        let is_time = word.contains('.') && word.parse::<f64>().is_ok();
        let bare = word.trim_end_matches([':', ',']);
        let is_spi = bare.len() == 8 && bare.chars().all(|digit| digit.is_ascii_hexdigit());
        (!word.is_empty() && !is_time).then_some(if is_spi { "SPI" } else { word })
    });
    words.collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::New => write!(f, "{}: new", self.name),
            Change::None => write!(f, "{}: says the same", self.name),
            Change::Lines(lines) => {
                write!(f, "{}: {} lines of the ladder changed", self.name, lines.len())?;
                lines.iter().take(LINES_SHOWN).try_for_each(|line| write!(f, "\n    {line}"))?;
                let more = lines.len().saturating_sub(LINES_SHOWN);
                if more > 0 { write!(f, "\n    and {more} more") } else { Ok(()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: &str = "\
       seconds  door-0                              gateway  seconds
      1.000000  |-- IKE_SA_INIT request 0, 128 octets -->|  1.020000
          lost  |           x- IKE_SA_INIT response 0 ---|  1.020000
                |    SK  SA 1 ESP SPI 301afc27: no-ESN   |
";

    #[test]
    fn what_is_new_in_each_run_is_no_change() {
        let again = LADDER.replace("1.020000", "1.023456").replace("301afc27", "0badcafe");
        assert_ne!(again, LADDER);
        assert_eq!(changed_lines(LADDER, &again), [""; 0]);
    }

    #[test]
    fn a_line_that_says_something_else_is_shown_alone() {
        let again = LADDER.replace("128 octets", "132 octets");
        let shown = ["- IKE_SA_INIT request 0, 128 octets", "+ IKE_SA_INIT request 0, 132 octets"];
        assert_eq!(changed_lines(LADDER, &again), shown);
        let kept = Kept {
            name: "gw-1/door".into(),
            change: Change::Lines(shown.map(String::from).into()),
        };
        let text =
            format!("gw-1/door: 2 lines of the ladder changed\n    {}\n    {}", shown[0], shown[1]);
        assert_eq!(kept.to_string(), text);
    }
}
