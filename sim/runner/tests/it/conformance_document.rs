//! `docs/conformance.md` is what the cases say now.

use conformance::{Baseline, Implementation, OurInitiator, OurResponder, Registry, Selection};
use runner::matrix::{Judged, document, kills, run};

const WRITTEN: &str = include_str!("../../../../docs/conformance.md");
const BASELINE: &str = include_str!("../../../../harness/baseline.toml");

#[test]
fn the_checked_in_matrix_is_the_one_that_the_cases_give() {
    let registry = Registry::ours().unwrap_or_else(|error| panic!("{error}"));
    let baseline = Baseline::parse(BASELINE).unwrap_or_else(|error| panic!("{error}"));
    let all = Selection::default();
    let ours: [&dyn Implementation; 2] = [&OurInitiator, &OurResponder];
    let matrix = run(&registry, &ours, &all);
    let judged =
        Judged { registry: &registry, matrix: &matrix, baseline: &baseline, selection: &all };
    let now = document(&judged, &kills(&registry, &all));
    let differs = now.lines().zip(WRITTEN.lines()).position(|(now, written)| now != written);
    assert!(
        now == WRITTEN,
        "docs/conformance.md is stale from line {:?}: cargo xtask conformance --document docs/conformance.md",
        differs.map(|line| line + 1)
    );
}
