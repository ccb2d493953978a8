use super::*;
use crate::verdict::{Failure, Finding};
use crate::{Log, Role};

const ENTRY: &str = r#"
[[expected]]
implementation = "initiator"
profiles = ["rfc7815"]
case = "a/case"
requirement = "RT1"
verdict = "failed"
shows = "found nothing"
reason = "It is known."
"#;

fn matrix(verdict: Verdict, found: &str) -> Matrix {
    let failure = (verdict == Verdict::Failed).then(|| Failure {
        expected: "an answer".into(),
        found: found.into(),
        message: None,
        offset: None,
    });
    let finding = Finding { requirement: "RT1".into(), verdict, failure, reason: String::new() };
    let cell = Cell {
        implementation: "initiator".into(),
        role: Role::Initiator,
        profile: Profile::Rfc7815,
        case: "a/case",
        finding,
        log: Log::default(),
    };
    Matrix { cells: vec![cell] }
}

fn differences(text: &str, matrix: &Matrix) -> Vec<String> {
    let baseline = Baseline::parse(text).expect("a baseline");
    let all = Selection::default();
    baseline.differences(matrix, &all).iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_expected_is_no_difference() {
    let none: [&str; 0] = [];
    assert_eq!(differences("", &matrix(Verdict::Passed, "")), none);
    assert_eq!(differences(ENTRY, &matrix(Verdict::Failed, "nothing")), none);
}

#[test]
fn each_of_the_four_differences_is_named() {
    let starts = |text: &str, matrix: &Matrix, start: &str| {
        let all = differences(text, matrix);
        assert!(all.len() == 1 && all[0].starts_with(start), "{all:?}");
    };
    starts("", &matrix(Verdict::Failed, "x"), "new failure: initiator rfc7815 a/case RT1: failed");
    starts(ENTRY, &matrix(Verdict::Passed, ""), "new pass: initiator rfc7815 a/case RT1");
    starts(ENTRY, &matrix(Verdict::Failed, "much"), "changed reason: initiator rfc7815");
    starts(ENTRY, &matrix(Verdict::Unsupported, ""), "changed reason: initiator rfc7815");
    let other = ENTRY.replace("a/case", "b/case");
    starts(&other, &matrix(Verdict::Passed, ""), "entry no longer applies: line 2: initiator");
    let more = ENTRY.replace("\"rfc7815\"", "\"rfc7815\", \"modern\"");
    let failed = matrix(Verdict::Failed, "nothing");
    starts(&more, &failed, "entry no longer applies: line 2: initiator a/case RT1 in modern");
}

#[test]
fn entries_of_what_did_not_run_are_left_alone() {
    let none: [&str; 0] = [];
    let gateway = ENTRY.replace("\"initiator\"", "\"strongswan\"");
    assert_eq!(differences(&gateway, &matrix(Verdict::Passed, "")), none);
    let baseline = Baseline::parse(&ENTRY.replace("a/case", "b/case")).expect("a baseline");
    let only = Selection { case: Some("a/case".into()), ..Selection::default() };
    assert_eq!(baseline.differences(&matrix(Verdict::Passed, ""), &only), []);
}

#[test]
fn entries_that_say_nothing_are_refused() {
    for (from, to, expected) in [
        ("\"failed\"", "\"passed\"", "line 2: a/case: an entry for \"passed\" says nothing"),
        ("It is known.", " ", "expected a reason"),
        ("found nothing", "", "expected what the finding shows"),
        ("rfc7815", "rfc0", "expected known profiles"),
        ("case =", "cases =", "unknown field `cases`"),
    ] {
        let error = Baseline::parse(&ENTRY.replace(from, to)).expect_err(to).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn two_entries_for_one_cell_are_refused() {
    let same = format!("{ENTRY}{ENTRY}");
    let all = format!("{ENTRY}{}", ENTRY.replace("profiles = [\"rfc7815\"]\n", ""));
    for text in [same, all] {
        let error = Baseline::parse(&text).expect_err("two entries").to_string();
        assert!(error.contains("expected one entry for a cell; line 2 is about it too"), "{error}");
    }
    for (from, to) in [("rfc7815", "modern"), ("RT1", "RT2"), ("a/case", "b/case")] {
        let text = format!("{ENTRY}{}", ENTRY.replace(from, to));
        assert!(Baseline::parse(&text).is_ok(), "{to}");
    }
}
