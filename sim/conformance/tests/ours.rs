//! Our own implementations, as the baseline expects them.

use conformance::{
    Baseline, Implementation, Job, Matrix, OurInitiator, OurResponder, Registry, Selection,
};

const BASELINE: &str = include_str!("../../../harness/baseline.toml");

fn check(implementation: &dyn Implementation) {
    let registry = Registry::ours().unwrap_or_else(|error| panic!("{error}"));
    let baseline = Baseline::parse(BASELINE).unwrap_or_else(|error| panic!("{error}"));
    let all = Selection::default();
    let jobs = Job::plan(&registry, &[implementation], &all);
    let matrix = Matrix { cells: jobs.iter().flat_map(|job| job.run(&registry)).collect() };
    assert!(!matrix.cells.is_empty());
    let differences: Vec<String> =
        baseline.differences(&matrix, &all).iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_initiator_is_as_expected_in_every_profile() {
    check(&OurInitiator);
}

#[test]
fn the_responder_is_as_expected_in_every_profile() {
    check(&OurResponder);
}
