//! Traces that differ somewhere, and traces that do not.

use super::*;
use std::fs;

/// A folder of its own for each test, with a trace of these lines in each of two runs.
fn runs(test: &str, first: &[&str], second: &[&str]) -> Arguments {
    let folder = std::env::temp_dir().join(format!("diff-{}-{test}", std::process::id()));
    let write = |name: &str, lines: &[&str]| {
        let run = folder.join(name);
        fs::create_dir_all(&run).expect("a folder");
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(run.join("trace.jsonl"), text).expect("a file");
        run
    };
    Arguments { first: write("one", first), second: write("two", second), context: 1 }
}

#[test]
fn the_same_events_are_no_difference() {
    let arguments = runs("same", &["a", "b"], &["a", "b"]);
    assert_eq!(diff(&arguments).expect("readable"), None);
}

#[test]
fn the_first_difference_is_shown_between_what_led_to_it_and_what_follows() {
    let arguments = runs("differ", &["a", "b", "c", "d", "e"], &["a", "b", "x", "d", "f"]);
    let text = diff(&arguments).expect("readable").expect("a difference");
    assert_eq!(text, "The runs differ from event 3 on.\n  b\n- c\n- d\n+ x\n+ d\n");
}

#[test]
fn a_run_that_ends_early_differs_where_it_ends() {
    let arguments = runs("short", &["a"], &["a", "b"]);
    let text = diff(&arguments).expect("readable").expect("a difference");
    assert!(text.starts_with("The runs differ from event 2 on.\n  a\n- "), "{text}");
    assert!(text.ends_with("trace.jsonl ends here\n+ b\n"), "{text}");
}

#[test]
fn a_missing_run_is_named() {
    let missing = PathBuf::from("no/such/run");
    let arguments = Arguments { first: missing.clone(), second: missing, context: 1 };
    let error = format!("{:#}", diff(&arguments).expect_err("nothing there"));
    assert!(error.contains("no/such/run: cannot be read"), "{error}");
}
