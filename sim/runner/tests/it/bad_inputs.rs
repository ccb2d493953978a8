//! Bad input to the programs: what is wrong, where and what was expected, with exit status 2 and nothing written.

use rstest::rstest;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

const SIMULATE: &str = env!("CARGO_BIN_EXE_simulate");
const SWEEP: &str = env!("CARGO_BIN_EXE_sweep");
const CONFORMANCE: &str = env!("CARGO_BIN_EXE_conformance");
const DOOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/garage-door.toml");

/// A folder of its own with a file of these octets: tests run beside each other.
fn folder(octets: &[u8]) -> PathBuf {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed).to_string();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bad-inputs").join(number);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("file"), octets).expect("a file");
    folder
}

fn run(folder: &PathBuf, program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).current_dir(folder).output().expect("it starts")
}

/// What it says of a file, which is all that the folder has afterwards.
fn refused(octets: &[u8], program: &str, arguments: &[&str]) -> String {
    let folder = folder(octets);
    let output = run(&folder, program, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "{said}");
    said
}

#[rstest]
#[case::scenario(SIMULATE, &["file", "--out", "out"])]
#[case::plan(SWEEP, &["file", "--out", "out"])]
#[case::faults(SIMULATE, &[DOOR, "--replay-faults", "file", "--out", "out"])]
#[case::recording(SIMULATE, &["--recording", "file", "--out", "out"])]
#[case::baseline(CONFORMANCE, &["--baseline", "file", "--out", "out"])]
fn a_line_that_is_no_text_is_named(#[case] program: &str, #[case] arguments: &[&str]) {
    let said = refused(b"# one\n# tw\xf6\n", program, arguments);
    assert!(said.contains("error: file:2: an octet that is not UTF-8: expected text\n"), "{said}");
}

#[rstest]
#[case::no_object("7", "file:1: not an event of a trace: expected a JSON object with `event`")]
#[case::no_link(
    r#"{"event":"sent","link":7,"direction":"back","index":0,"fate":"dropped loss"}"#,
    "file:1: the run has no link 7: expected one from 0 to 0"
)]
fn faults_that_cannot_be_are_refused(#[case] line: &str, #[case] expected: &str) {
    let arguments = [DOOR, "--replay-faults", "file", "--out", "out"];
    let said = refused(line.as_bytes(), SIMULATE, &arguments);
    assert_eq!(said, format!("error: {expected}\n"));
}

#[rstest]
#[case(SWEEP, &["file", "--threads", "99999999"], "1..=1024")]
#[case(SWEEP, &["file", "--threads", "0"], "1..=1024")]
#[case(CONFORMANCE, &["--list", "--out", "out"], "'--list' cannot be used with '--out")]
#[case(CONFORMANCE, &["--list", "--document", "out"], "'--list' cannot be used with '--document")]
#[case(CONFORMANCE, &["--mutants", "--implementation", "no"], "expected one that `--mutants` shows")]
#[case(CONFORMANCE, &["--profile", "no"], "expected one of rfc7815 rfc7296-min modern")]
#[case(SIMULATE, &["--all", "--trace", "none"], "'--all' cannot be used with '--trace")]
#[case(SIMULATE, &[DOOR, "--set", "node.door.psk=\"half", "--out", "out"], "--set node.door.psk=\"half: ")]
#[case(SIMULATE, &[DOOR, "--set", "node.door.wakes={every=\"1us\"}", "--out", "out"], "120000000 times in this run")]
fn options_that_nobody_can_mean_are_refused(
    #[case] program: &str,
    #[case] arguments: &[&str],
    #[case] expected: &str,
) {
    let said = refused(b"", program, arguments);
    assert!(said.contains(expected), "{said}");
}

/// Before the cases are run, which takes a while.
#[test]
fn a_folder_that_cannot_be_made_is_refused_before_the_work() {
    for arguments in [["--out", "file/below"], ["--document", "file/below/x.md"]] {
        let said = refused(b"", CONFORMANCE, &arguments);
        assert!(said.contains("error: file/below: cannot be made"), "{said}");
    }
}
