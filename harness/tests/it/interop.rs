//! The interop matrix: every case at the reference responder, and what verdicts are worth.

use harness::interop::cases::{self, Case};
use harness::interop::cell::{Cell, Ran, Run};
use harness::interop::column::Column;
use harness::interop::expected::Expected;
use harness::interop::matrix::{Matrix, chosen, names};
use harness::interop::next::Next;
use harness::interop::reference;
use harness::interop::sas::State;
use harness::interop::show::{self, Signs};
use harness::interop::verdict::Verdict;
use harness::interop::written::junit;
use harness::{require, tshark};
use rstest::rstest;
use std::path::{Path, PathBuf};

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop").join(name)
}

pub(crate) fn shipped() -> Vec<Case> {
    cases::shipped().expect("the shipped cases")
}

pub(crate) fn case(name: &str) -> Case {
    shipped().into_iter().find(|case| case.name == name).expect("a shipped case")
}

pub(crate) fn run(case: &Case) -> Box<Run> {
    match reference::run(case).expect("a run") {
        Ran::Through(run) => run,
        Ran::Unsupported { reason, .. } | Ran::Broken { reason, .. } => panic!("{reason}"),
    }
}

/// The cell of a run that something was done to.
pub(crate) fn cell_of(case: &Case, run: Box<Run>, name: &str) -> Cell {
    Cell::of(case, "reference", Ran::Through(run), &folder(name)).expect("a cell")
}

#[test]
fn every_case_passes_at_the_reference_responder() {
    let shipped = shipped();
    let cases: Vec<&Case> = shipped.iter().collect();
    let out = folder("every");
    let cells = Column::Reference.run(&cases, 2, &out, &|_| {}).expect("cells");
    let expected = Column::Reference.expected();
    let mut matrix = Matrix::default();
    matrix.add(cells, &expected.expect("expectations"), &names(&shipped));
    let text = show::matrix(&matrix, Signs::Plain);
    assert!(matrix.passed(), "{text}");
    assert!(matrix.cells.iter().all(|cell| cell.verdict == Verdict::Passed), "{text}");
    assert_eq!(matrix.cells.len(), shipped.len());
    for file in ["trace.jsonl", "capture.pcapng", "ikev2_decryption_table", "gateway-sas.json"] {
        assert!(out.join("reference/wrong-psk").join(file).is_file(), "{file}");
    }
    if tshark::is_there() {
        assert!(matrix.cells.iter().all(|cell| cell.dissected.is_some()), "{text}");
    } else {
        require::skip("tshark", "reading the captures of the cells independently");
    }
    let report = junit(&matrix);
    assert_eq!((report.tests, report.failures), (shipped.len(), 0));
}

/// The gateway's word alone is no verdict, nor is the device's.
#[test]
fn a_list_that_does_not_agree_with_the_devices_fails() {
    let case = case("suite-aes-gcm-x25519");
    type Change = fn(&mut Run);
    let changes: [(&str, Change, &str); 8] = [
        ("empty", |run| run.last.ike.clear(), "the gateway lists 0 IKE SAs, expected 1"),
        (
            "two",
            |run| run.last.ike.push(run.last.ike[0].clone()),
            "the gateway lists 2 IKE SAs, expected 1",
        ),
        (
            "half-open",
            |run| run.last.ike[0].state = State::HalfOpen,
            "the gateway lists 0 IKE SAs, expected 1",
        ),
        (
            "ike-spi",
            |run| run.last.ike[0].spi_r = Some("0000000000000001".into()),
            "which no device has",
        ),
        (
            "other-child",
            |run| {
                run.last.ike[0].spi_i = None;
                run.last.ike[0].children[0].spi_in = Some("00000001".into());
            },
            "Child SA 00000001 in",
        ),
        (
            "identity",
            |run| run.last.ike[0].remote_id = Some("fqdn:else.example".into()),
            "the gateway takes fqdn:door-0.example for fqdn:else.example",
        ),
        (
            "child-spi",
            |run| run.last.ike[0].children[0].spi_out = Some("00000001".into()),
            "the gateway lists a Child SA with the SPIs",
        ),
        ("silent", |run| run.last.ike[0].children[0].octets_out = Some(0), "and 0 from it"),
    ];
    for (name, change, reason) in changes {
        let mut run = run(&case);
        change(&mut run);
        let cell = cell_of(&case, run, name);
        assert_eq!(cell.verdict, Verdict::Failed, "{name}");
        let said = cell.reasons.iter().any(|said| said.contains(reason));
        assert!(said, "{name}: {:?}", cell.reasons);
    }
    assert_eq!(cell_of(&case, run(&case), "unchanged").verdict, Verdict::Passed);
    let mut quiet = run(&case);
    quiet.last.ike[0].spi_i = None;
    assert_eq!(cell_of(&case, quiet, "no-spi").verdict, Verdict::Passed);
}

/// What the case demands is not what the run shows.
#[test]
fn a_run_that_is_not_what_its_case_says_fails() {
    let asked = case("cookie-rfc7296-min");
    let other = cell_of(&asked, run(&case("psk-16")), "no cookie");
    assert_eq!(other.verdict, Verdict::Failed);
    assert!(other.reasons[0].contains("cookie_requested"), "{:?}", other.reasons);
    let asked = case("delete-before-sleep");
    let mut kept = run(&asked);
    kept.last = kept.looks[0].clone();
    assert_eq!(cell_of(&asked, kept, "kept").verdict, Verdict::Failed);
    let mut unseen = run(&asked);
    unseen.looks.clear();
    let cell = cell_of(&asked, unseen, "unseen");
    assert!(cell.reasons[0].contains("list was not taken"), "{:?}", cell.reasons);
}

fn cell(name: &str, verdict: Verdict, next: Option<Next>) -> Cell {
    Cell {
        gateway: "gw".into(),
        version: "6.0.1".into(),
        case: name.into(),
        title: "t".into(),
        clause: "c".into(),
        verdict,
        reasons: if verdict == Verdict::Passed { vec![] } else { vec!["because".into()] },
        next,
        dissected: None,
        difference: None,
        took_ms: 0,
        folder: "f".into(),
        command: "cargo xtask simulate".into(),
    }
}

const EXPECTED: &str = r#"
    [[verdict]]
    case = "ccm"
    versions = ["6.*"]
    verdict = "unsupported"
    shows = "becau"
    reason = "no CCM in IKE"
    [[next]]
    case = "rekey"
    versions = ["6.0.1"]
    next = "keeps-all"
    reason = "seen"
"#;

fn judged(cells: Vec<Cell>, expected: &str) -> Matrix {
    let mut matrix = Matrix::default();
    let expected = Expected::parse(expected).expect("expectations");
    matrix.add(cells, &expected, &["ccm", "rekey", "door"].into());
    matrix
}

#[rstest]
#[case::as_expected("ccm", Verdict::Unsupported, None, None)]
#[case::passes_now(
    "ccm",
    Verdict::Passed,
    None,
    Some("expected unsupported (no CCM in IKE), was passed")
)]
#[case::fails(
    "ccm",
    Verdict::Failed,
    None,
    Some("expected unsupported (no CCM in IKE), was failed")
)]
#[case::default("door", Verdict::Passed, None, None)]
#[case::not_passed("door", Verdict::Unsupported, None, Some("expected passed, was unsupported"))]
#[case::next("rekey", Verdict::Passed, Some(Next::KeepsAll), None)]
#[case::other_next(
    "rekey",
    Verdict::Passed,
    Some(Next::AsksAgain),
    Some("after the refusal it asks again")
)]
#[case::unknown_next(
    "door",
    Verdict::Passed,
    Some(Next::AsksAgain),
    Some("has no [[next]] for it")
)]
fn a_cell_differs_from_what_is_expected(
    #[case] name: &str,
    #[case] verdict: Verdict,
    #[case] next: Option<Next>,
    #[case] difference: Option<&str>,
) {
    let matrix = judged(vec![cell(name, verdict, next)], EXPECTED);
    let said = matrix.cells[0].difference.as_deref();
    assert_eq!(said.is_some(), difference.is_some(), "{said:?}");
    assert!(said.unwrap_or_default().contains(difference.unwrap_or_default()), "{said:?}");
    assert_eq!(matrix.passed(), difference.is_none());
    assert_eq!(junit(&matrix).failures, usize::from(difference.is_some()));
    let text = show::matrix(&matrix, Signs::Unicode);
    assert_eq!(text.contains("NOT AS EXPECTED"), difference.is_some(), "{text}");
}

#[rstest]
#[case::version("6.*", "5.*", "the version is 6.0.1")]
#[case::no_such_case("\"ccm\"", "\"ccn\"", "there is no such case")]
#[case::never_asks("\"rekey\"", "\"door\"", "the case does not ask")]
fn an_entry_that_applies_to_nothing_fails(
    #[case] from: &str,
    #[case] to: &str,
    #[case] said: &str,
) {
    let cells = || {
        vec![
            cell("ccm", Verdict::Unsupported, None),
            cell("rekey", Verdict::Passed, Some(Next::KeepsAll)),
            cell("door", Verdict::Passed, None),
        ]
    };
    assert!(judged(cells(), EXPECTED).passed());
    let matrix = judged(cells(), &EXPECTED.replace(from, to));
    assert!(!matrix.passed());
    assert!(matrix.stale.iter().any(|stale| stale.contains(said)), "{:?}", matrix.stale);
    assert!(show::matrix(&matrix, Signs::Plain).contains("NO LONGER TRUE: gw/expected.toml"));
}

#[test]
fn an_entry_may_be_about_all_other_cases() {
    let others = "[[verdict]]\ncase = \"*\"\nversions = [\"6.*\"]\nverdict = \"unsupported\"\nreason = \"none\"";
    let door = "[[verdict]]\ncase = \"door\"\nversions = [\"6.*\"]\nverdict = \"passed\"\nreason = \"it can\"";
    let cells =
        || vec![cell("ccm", Verdict::Unsupported, None), cell("door", Verdict::Passed, None)];
    assert!(judged(cells(), &format!("{others}\n{door}")).passed());
    assert!(!judged(cells(), others).passed(), "one that passes now is noticed");
    let matrix = judged(cells(), &format!("{}\n{door}", others.replace("6.*", "5.*")));
    assert!(matrix.stale[0].contains("the version is 6.0.1"), "{:?}", matrix.stale);
}

#[test]
fn a_cell_that_fails_for_another_reason_is_noticed() {
    let text = EXPECTED.replace("becau", "something else");
    let matrix = judged(vec![cell("ccm", Verdict::Unsupported, None)], &text);
    let difference = matrix.cells[0].difference.as_deref().unwrap_or_default();
    assert_eq!(difference, "expected unsupported with \"something else\" among the reasons");
}

/// Only what ran is judged.
#[test]
fn entries_of_cases_that_did_not_run_are_left_alone() {
    assert!(judged(vec![cell("door", Verdict::Passed, None)], EXPECTED).passed());
}

#[rstest]
#[case::passed("unsupported\"", "passed\"", "says nothing")]
#[case::no_reason("no CCM in IKE", " ", "expected a reason")]
#[case::key("reason", "because", "unknown field")]
fn expectations_that_make_no_sense_are_refused(
    #[case] from: &str,
    #[case] to: &str,
    #[case] said: &str,
) {
    let error = Expected::parse(&EXPECTED.replace(from, to)).expect_err("a mistake");
    assert!(format!("{error:#}").contains(said), "{error:#}");
}

#[test]
fn a_name_that_there_is_not_is_answered_with_those_that_there_are() {
    let all = ["a", "b"];
    let wanted = |name: &str| chosen("case", &all, |name| name, &[name.to_owned()]);
    assert_eq!(wanted("b").expect("b"), [&"b"]);
    let error = wanted("c").expect_err("no c").to_string();
    assert_eq!(error, "no case c: expected one of a, b");
}
