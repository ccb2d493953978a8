//! `docs/conformance.md` is what the cases say now, and the recorded columns are whole and as expected.

use conformance::{
    Baseline, Cell, Implementation, Matrix, OurInitiator, OurResponder, Profile, Registry, Role,
    Selection,
};
use runner::matrix::recorded::{self, Column};
use runner::matrix::{Judged, document, kills, run};
use std::collections::BTreeSet;
use std::path::Path;

const WRITTEN: &str = include_str!("../../../../docs/conformance.md");
const BASELINE: &str = include_str!("../../../../harness/baseline.toml");
const OURS: [&dyn Implementation; 2] = [&OurInitiator, &OurResponder];

fn registry() -> Registry {
    Registry::ours().unwrap_or_else(|error| panic!("{error}"))
}

fn baseline() -> Baseline {
    Baseline::parse(BASELINE).unwrap_or_else(|error| panic!("{error}"))
}

fn columns() -> Vec<Column> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/conformance");
    recorded::read(&folder).unwrap_or_else(|error| panic!("{error:#}"))
}

#[test]
fn the_checked_in_matrix_is_the_one_that_the_cases_give() {
    let (registry, baseline, all) = (registry(), baseline(), Selection::default());
    let matrix = run(&registry, &OURS, &all);
    let judged =
        Judged { registry: &registry, matrix: &matrix, baseline: &baseline, selection: &all };
    let now = document(&judged, &columns(), &kills(&registry, &all));
    let now = now.unwrap_or_else(|error| panic!("{error:#}"));
    let differs = now.lines().zip(WRITTEN.lines()).position(|(now, written)| now != written);
    assert!(
        now == WRITTEN,
        "docs/conformance.md is stale from line {:?}: cargo xtask conformance --document docs/conformance.md",
        differs.map(|line| line + 1)
    );
}

fn judged(cells: &[Cell]) -> BTreeSet<(&'static str, String)> {
    cells.iter().map(|cell| (cell.case, cell.finding.requirement.clone())).collect()
}

#[test]
fn a_recorded_column_has_a_verdict_for_all_that_is_judged_today() {
    let registry = registry();
    let columns = columns();
    assert!(columns.len() >= 4, "two implementations in both roles");
    for role in Role::ALL {
        let modern =
            Selection { role: Some(role), profile: Some(Profile::Modern), ..Selection::default() };
        let wanted = run(&registry, &OURS, &modern);
        for column in columns.iter().filter(|column| column.head.role == role.name()) {
            let cells = column.cells().unwrap_or_else(|error| panic!("{error:#}"));
            let (recorded, wanted) = (judged(&cells), judged(&wanted.cells));
            let differ: Vec<_> = recorded.symmetric_difference(&wanted).collect();
            assert!(differ.is_empty(), "{}: record it again: {differ:?}", column.file());
        }
    }
}

#[test]
fn the_baseline_has_each_recorded_verdict_that_is_not_passed_and_no_other() {
    let baseline = baseline();
    let modern = Selection { profile: Some(Profile::Modern), ..Selection::default() };
    for column in columns() {
        let cells = column.cells().unwrap_or_else(|error| panic!("{error:#}"));
        let differences = baseline.differences(&Matrix { cells }, &modern);
        assert_eq!(differences, [], "{}", column.file());
    }
}

#[test]
fn each_entry_of_the_baseline_is_about_an_implementation_that_there_is() {
    let columns = columns();
    let recorded = columns.iter().map(|column| column.head.implementation.as_str());
    let known: BTreeSet<&str> = OURS.iter().map(|ours| ours.name()).chain(recorded).collect();
    let baseline = baseline();
    // No run is of anybody else: such an entry would never be told to no longer apply.
    let strangers: Vec<_> = baseline.implementations().difference(&known).copied().collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn a_column_is_read_as_it_was_written() {
    for column in columns() {
        let again = Column::parse(&column.text()).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(again, column);
    }
}

#[test]
fn a_later_run_of_a_part_changes_that_part_of_a_column() {
    let whole = columns().remove(0);
    let (mut less, mut later) = (whole.clone(), whole.clone());
    let middle = less.entries.len() / 2;
    later.entries = vec![less.entries.remove(middle)];
    let again = less.clone().updated(later.clone()).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(again, whole);
    later.head.version.push_str(".1");
    let error = less.updated(later).expect_err("another version").to_string();
    assert!(error.contains("record the whole column again"), "{error}");
}

#[test]
fn a_line_of_a_column_that_is_none_is_named() {
    let text = columns()[0].text();
    let wrong = text.replacen("\"passed\"", "\"maybe\"", 1);
    let line = text.lines().position(|line| line.contains("\"passed\"")).expect("one passed") + 1;
    let error = Column::parse(&wrong).expect_err("no such verdict");
    assert!(format!("{error:#}").starts_with(&format!("line {line}: ")), "{error:#}");
    assert!(Column::parse("").is_err());
}
