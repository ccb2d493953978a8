//! The files of a run.

use analysis::page::{self, RunPage};
use analysis::{Course, Observed};
use anyhow::{Context, Result};
use simulator::Outcome;
use std::fs;
use std::path::Path;

/// Writes all files of a run into `folder`. Each is complete or not there: it gets its name last. `replay` is the command
/// that does the run again, `seen` what a collector saw of it.
///
/// # Errors
/// The folder cannot be made, or a file cannot be written.
pub fn write(
    folder: &Path,
    outcome: &Outcome,
    replay: &str,
    seen: Option<&(Observed, Course)>,
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    let report = outcome.report.to_json();
    let shown =
        RunPage { report: &outcome.report, ladder: outcome.ladder.as_deref(), replay, seen };
    let html = page::run(&shown);
    let files: [(&str, &[u8]); 6] = [
        ("report.json", report.as_bytes()),
        ("report.html", html.as_bytes()),
        ("trace.jsonl", outcome.trace.as_bytes()),
        ("capture.pcapng", &outcome.capture),
        ("ikev2_decryption_table", outcome.ikev2_decryption_table.as_bytes()),
        ("esp_sa", outcome.esp_sa.as_bytes()),
    ];
    for (name, octets) in files {
        replace(&folder.join(name), octets)?;
    }
    let ladder = folder.join("ladder.txt");
    match &outcome.ladder {
        Some(text) => replace(&ladder, text.as_bytes()),
        // An older run of fewer nodes may have left one.
        None if ladder.exists() => {
            fs::remove_file(&ladder).with_context(|| format!("{}: cannot go", ladder.display()))
        }
        None => Ok(()),
    }
}

/// Writes one file, which is complete or not there.
///
/// # Errors
/// It cannot be written.
pub fn replace(path: &Path, octets: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, octets)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("{}: cannot be written", path.display()))
}
