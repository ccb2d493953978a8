//! What the program `conformance` says when a run is not as the baseline expects.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

const CONFORMANCE: &str = env!("CARGO_BIN_EXE_conformance");

fn entry(requirement: &str) -> String {
    format!(
        r#"
[[expected]]
implementation = "initiator"
case = "sending/stops"
requirement = "{requirement}"
verdict = "failed"
shows = "expected"
reason = "It never was so."
"#
    )
}

/// Status, standard output and JUnit of a run of that case with this baseline.
fn run(name: &str, baseline: &str) -> (Option<i32>, String, String) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("expected.toml"), baseline).expect("a file");
    let mut command = Command::new(CONFORMANCE);
    command.args(["--case", "sending/stops", "--baseline", "expected.toml", "--out", "judged"]);
    let output = command.current_dir(&folder).output().expect("it starts");
    let report = fs::read_to_string(folder.join("judged/conformance.xml")).expect("a report");
    (output.status.code(), String::from_utf8(output.stdout).expect("a text"), report)
}

#[test]
fn a_new_pass_is_told_with_the_file_that_accepts_it() {
    let (status, said, report) = run("new-pass", &entry("RT23"));
    assert_eq!(status, Some(1));
    assert!(said.contains("new pass: initiator rfc7815 sending/stops RT23"), "{said}");
    assert!(said.contains("To accept a difference, edit expected.toml: "), "{said}");
    assert!(report.contains(r#"failures="3""#), "{report}");
}

#[test]
fn an_entry_that_no_longer_applies_fails_the_report_as_well() {
    let (status, said, report) = run("stale", &entry("RT1"));
    assert_eq!(status, Some(1));
    let told = "entry no longer applies: line 2: initiator sending/stops RT1";
    assert!(said.contains(told), "{said}");
    assert!(report.contains(r#"<testsuite name="baseline" tests="1""#), "{report}");
    assert!(report.contains(&format!(r#"message="{told}""#)), "{report}");
}

#[test]
fn what_is_as_expected_says_nothing_of_the_baseline() {
    let (status, said, report) = run("as-expected", "");
    assert_eq!(status, Some(0));
    assert!(said.ends_with(": as expected\njudged/conformance.html\n"), "{said}");
    assert!(!said.contains("To accept") && !report.contains("baseline"), "{said}{report}");
}
