//! Passed exchanges, kept as fixtures: `cargo test` has them again without Docker.

use super::cell::Cell;
use super::verdict::Verdict;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Below the root of the workspace.
pub const FOLDER: &str = "fixtures/exchanges";
/// Longer ones are left out: they show nothing about messages that the others do not.
const MOST_OCTETS: u64 = 64 * 1024;
/// The file of a cell that is kept.
const RECORDING: &str = "recording.jsonl";

/// Keeps the recording of each cell that passed in `root/GATEWAY-VERSION/CASE`; those that were kept.
///
/// # Errors
/// A file cannot be read or written.
pub fn keep<'a>(cells: &'a [Cell], root: &Path) -> Result<Vec<&'a Cell>> {
    let mut kept = Vec::new();
    for cell in cells.iter().filter(|cell| cell.verdict == Verdict::Passed) {
        let recording = cell.folder.join(RECORDING);
        // The reference responder needs none: it is here.
        let Ok(metadata) = fs::metadata(&recording) else { continue };
        if metadata.len() > MOST_OCTETS {
            continue;
        }
        let folder = root.join(format!("{}-{}", cell.gateway, cell.version)).join(&cell.case);
        fs::create_dir_all(&folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
        fs::copy(&recording, folder.join(RECORDING))
            .with_context(|| format!("{}: cannot be copied", recording.display()))?;
        kept.push(cell);
    }
    Ok(kept)
}
