//! Traces that differ somewhere, and traces that do not.

use super::*;
use std::fs;

fn event(name: &str) -> String {
    format!(r#"{{"at_us":1,"event":"{name}"}}"#)
}

/// A folder of its own for each test, with a trace of these lines in each of two runs.
fn runs(test: &str, first: &[&str], second: &[&str]) -> Arguments {
    let folder = std::env::temp_dir().join(format!("diff-{}-{test}", std::process::id()));
    let write = |name: &str, lines: &[&str]| {
        let run = folder.join(name);
        fs::create_dir_all(&run).expect("a folder");
        let text: String = lines.iter().map(|name| event(name) + "\n").collect();
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
    let [b, c, d, x] = ["b", "c", "d", "x"].map(event);
    let expected = format!("The runs differ from event 3 on.\n  {b}\n- {c}\n- {d}\n+ {x}\n+ {d}\n");
    assert_eq!(text, expected);
}

#[test]
fn a_run_that_ends_early_differs_where_it_ends() {
    let arguments = runs("short", &["a"], &["a", "b"]);
    let text = diff(&arguments).expect("readable").expect("a difference");
    let (a, b) = (event("a"), event("b"));
    assert!(text.starts_with(&format!("The runs differ from event 2 on.\n  {a}\n- ")), "{text}");
    assert!(text.ends_with(&format!("trace.jsonl ends here\n+ {b}\n")), "{text}");
}

#[test]
fn a_missing_run_is_named() {
    let missing = PathBuf::from("no/such/run");
    let arguments = Arguments { first: missing.clone(), second: missing, context: 1 };
    let error = format!("{:#}", diff(&arguments).expect_err("nothing there"));
    assert!(error.contains("no/such/run: cannot be read"), "{error}");
}

/// Equal or not: what is no trace is not compared.
#[test]
fn what_is_no_trace_is_named_with_its_line() {
    let told = |test: &str, octets: &[u8]| {
        let arguments = runs(test, &["a"], &["a"]);
        for run in [&arguments.first, &arguments.second] {
            let mut text = (event("a") + "\n").into_bytes();
            text.extend(octets);
            fs::write(run.join("trace.jsonl"), text).expect("a file");
        }
        format!("{:#}", diff(&arguments).expect_err("no trace"))
    };
    let long = vec![0; 3 << 20];
    let others: [&[u8]; 7] =
        [b"a line\n", b"7\n", b"{}\n", b"\n", b"{\"event\":1}", b"\"\xff\"", &long];
    for (number, octets) in others.into_iter().enumerate() {
        let error = told(&format!("other-{number}"), octets);
        assert!(error.contains("one/trace.jsonl:2: not an event of a trace: expected "), "{error}");
    }
}

#[test]
fn nothing_is_not_the_same_as_nothing() {
    let error = format!("{:#}", diff(&runs("empty", &[], &[])).expect_err("nothing"));
    assert!(
        error.contains("trace.jsonl: no events: expected a run whose trace was kept"),
        "{error}"
    );
}

/// It never ends, and has no line.
#[cfg(target_os = "linux")]
#[test]
fn a_device_is_no_trace() {
    let zero = PathBuf::from("/dev/zero");
    let arguments = Arguments { first: zero.clone(), second: zero, context: 1 };
    let error = format!("{:#}", diff(&arguments).expect_err("no trace"));
    assert!(error.starts_with("/dev/zero:1: not an event of a trace"), "{error}");
}
