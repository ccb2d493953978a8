//! Programs whose standard output is closed, or takes nothing: no panic, and the files are there all the same.

use std::fs::{File, OpenOptions, remove_file};
use std::io::pipe;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SIMULATE: &str = env!("CARGO_BIN_EXE_simulate");
const SWEEP: &str = env!("CARGO_BIN_EXE_sweep");
const DIFF: &str = env!("CARGO_BIN_EXE_diff");
const CONFORMANCE: &str = env!("CARGO_BIN_EXE_conformance");

const SCENARIO: &str = r#"
description = "one device"
duration = "5min"
[[node]]
name = "device"
wakes = { once = "1s" }
application = { kind = "ping" }
awake = "0s"
"#;

const PLAN: &str = r#"
description = "one cell"
scenario = "one.toml"
seeds = "1..1"
[[axis]]
name = "loss"
key = "link.loss"
values = ["0%"]
"#;

/// A folder with a scenario and a plan.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    for (file, text) in [("one.toml", SCENARIO), ("plan.toml", PLAN)] {
        std::fs::write(folder.join(file), text).expect("a file");
    }
    folder
}

/// Runs a program with that standard output and standard error.
fn run(folder: &Path, program: &str, arguments: &[&str], (out, err): (Stdio, Stdio)) -> Output {
    let mut command = Command::new(program);
    let command = command.args(arguments).current_dir(folder);
    command.stdout(out).stderr(err).output().expect("it starts")
}

/// What is run one after the other, the file that each leaves, if it leaves one.
const RUNS: [(&str, &[&str], Option<&str>); 5] = [
    (SIMULATE, &["one.toml", "--out", "run"], Some("run/report.json")),
    (SIMULATE, &["one.toml", "--seeds", "1..2"], None),
    (SWEEP, &["plan.toml", "--out", "swept"], Some("swept/sweep.json")),
    (DIFF, &["run", "run"], None),
    (CONFORMANCE, &["--case", "sending/stops", "--out", "judged"], Some("judged/conformance.json")),
];

fn each_unheard(name: &str, streams: impl Fn() -> (Stdio, Stdio), status: i32, said: &str) {
    let folder = folder(name);
    for (program, arguments, file) in RUNS {
        let file = file.map(|file| folder.join(file));
        file.iter().for_each(|file| drop(remove_file(file)));
        let output = run(&folder, program, arguments, streams());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{program} {arguments:?}: {told}");
        assert!(told.contains(said) && !told.contains("panicked"), "{program}: {told}");
        assert!(file.is_none_or(|file| file.exists()), "{program} {arguments:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    each_unheard("closed", || (closed(), Stdio::piped()), 0, "");
}

/// As behind `2>&1 | head`.
#[test]
fn nor_is_one_that_standard_error_goes_to() {
    each_unheard("both-closed", || (closed(), closed()), 0, "");
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_said_is_an_error() {
    let full = || -> File { OpenOptions::new().write(true).open("/dev/full").expect("Linux") };
    let said = "error: standard output: cannot be written: ";
    each_unheard("full", || (full().into(), Stdio::piped()), 2, said);
}
