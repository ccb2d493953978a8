//! The files of a run, and the texts that programs read.

use analysis::Seen;
use analysis::page::{self, RunPage};
use anyhow::{Context, Result, ensure};
use simulator::Outcome;
use simulator::scenario::Gateway;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The longest text that is read whole, in octets: the trace of a large run, and no device that never ends.
const MOST_TEXT: u64 = 1 << 30;

/// Reads a text.
///
/// # Errors
/// The file, and the line where it is no UTF-8; or it cannot be read, or is too long.
pub fn text(path: &Path) -> Result<String> {
    let file = path.display();
    let mut octets = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_TEXT + 1).read_to_end(&mut octets))
        .with_context(|| format!("{file}: cannot be read"))?;
    ensure!(
        octets.len() as u64 <= MOST_TEXT,
        "{file}: too long: expected at most {MOST_TEXT} octets"
    );
    String::from_utf8(octets).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
        anyhow::anyhow!("{file}:{line}: an octet that is not UTF-8: expected text")
    })
}

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

/// As [`prepare`], for the folder of one file. What is there and no file, such as a pipe, needs none.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_for(file: &Path) -> Result<()> {
    if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        return Ok(());
    }
    prepare(file.parent().unwrap_or(file))
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

/// Writes one file, which is complete or not there. Behind a link it is the file there that is replaced. What is no file,
/// such as a pipe or a terminal, is written to: in its place a file would be in everybody's way.
///
/// # Errors
/// It cannot be written.
pub fn replace(path: &Path, octets: &[u8]) -> Result<()> {
    let there = fs::metadata(path).ok();
    let written = match there {
        Some(there) if !there.is_file() && !there.is_dir() => fs::write(path, octets),
        Some(there) if there.is_file() => {
            fs::canonicalize(path).and_then(|path| put(&path, octets))
        }
        _ => put(path, octets),
    };
    written.with_context(|| format!("{}: cannot be written", path.display()))
}

/// Gives `octets` the name `path` when they are all there.
fn put(path: &Path, octets: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let written = fs::write(&unfinished, octets).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // Half a file helps nobody. That there may be none is no further error.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_utf_8_and_the_line_that_is_not_is_named() {
        let path = std::env::temp_dir().join(format!("text-{}.toml", std::process::id()));
        let read = |octets: &[u8]| {
            fs::write(&path, octets).expect("a file");
            text(&path).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(read("ä\n".as_bytes()), Ok("ä\n".into()));
        for (octets, line) in [(&b"\xff"[..], 1), (b"a\nb\xc3", 2), (b"a\r\n\n\xe4\n", 3)] {
            let said =
                format!("{}:{line}: an octet that is not UTF-8: expected text", path.display());
            assert_eq!(read(octets), Err(said));
        }
        fs::remove_file(&path).expect("a file");
        let error = format!("{:#}", text(&path).expect_err("gone"));
        assert!(error.contains("cannot be read: "), "{error}");
    }

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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_link_stays_one_and_what_is_no_file_is_written_to() {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::fs::symlink;
        let folder = std::env::temp_dir().join(format!("links-{}", std::process::id()));
        prepare(&folder).expect("a folder");
        let (file, to_file) = (folder.join("file"), folder.join("to-file"));
        fs::write(&file, "before").expect("a file");
        symlink(&file, &to_file).expect("a link");
        replace(&to_file, b"after").expect("it can be written");
        assert!(fs::symlink_metadata(&to_file).expect("it is there").is_symlink());
        assert_eq!(fs::read(&file).expect("a file"), b"after");
        fs::remove_dir_all(&folder).expect("a folder");

        // Nobody can make a file in its folder, root as little as others.
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let pipe = format!("/proc/self/fd/{}", writer.as_raw_fd());
        prepare_for(Path::new(&pipe)).expect("it needs no folder");
        replace(Path::new(&pipe), b"heard").expect("it can be written");
        let mut heard = [0; 5];
        reader.read_exact(&mut heard).expect("octets");
        assert_eq!(&heard, b"heard");
    }
}
