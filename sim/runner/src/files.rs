//! The files of a run.

use analysis::Seen;
use analysis::page::{self, RunPage};
use anyhow::{Context, Result};
use simulator::Outcome;
use simulator::scenario::Gateway;
use std::fs;
use std::path::Path;

/// Makes the folder of a run, and sees that files can be written there. This comes before the run, which may take long.
///
/// # Errors
/// The folder cannot be made, or nothing can be written into it.
pub fn prepare(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    let probe = folder.join("probe.unfinished");
    fs::write(&probe, "probe")
        .and_then(|()| fs::remove_file(&probe))
        .with_context(|| format!("{}: cannot be written into", folder.display()))
}

/// Writes all files of a run into `folder`. Each is complete or not there: it gets its name last. `replay` is the command
/// that does the run again, `seen` what a collector saw of it and
/// its gateway.
///
/// # Errors
/// The folder cannot be made, or a file cannot be written.
pub fn write(
    folder: &Path,
    outcome: &Outcome,
    replay: &str,
    seen: Option<(&Seen, &Gateway)>,
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
    let written = fs::write(&unfinished, octets).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // Half a file helps nobody. That there may be none is no further error.
        let _ = fs::remove_file(&unfinished);
    }
    written.with_context(|| format!("{}: cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("files-{}", std::process::id()));
        prepare(&folder).expect("a folder");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "the probe is gone");
        let (file, taken) = (folder.join("file"), folder.join("taken.json"));
        fs::write(&file, "").expect("a file");
        fs::create_dir_all(taken.join("inside")).expect("a folder");
        let error = replace(&taken, b"octets").expect_err("a folder is in the way").to_string();
        assert!(error.ends_with("taken.json: cannot be written"), "{error}");
        assert!(!folder.join("taken.unfinished").exists());
        let error = prepare(&file.join("below")).expect_err("a file is in the way").to_string();
        assert!(error.ends_with("below: cannot be made"), "{error}");
        fs::remove_dir_all(&folder).expect("a folder");
    }
}
