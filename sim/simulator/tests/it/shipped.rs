//! Every shipped scenario: it does what it expects, always in the same way, and as reviewed.
//!
//! The snapshots hold the fingerprint, so running these tests with and without `--release` shows that
//! both builds do the same.

use crate::support::read;
use simulator::scenario::Scenario;
use simulator::{Outcome, Report, run, verdict};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The shipped scenarios, and behind them the regressions.
fn shipped() -> Vec<PathBuf> {
    let mut files = scenarios_in("../../scenarios");
    files.extend(regressions());
    files
}

fn regressions() -> Vec<PathBuf> {
    scenarios_in("../../scenarios/regressions")
}

fn scenarios_in(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// Larger runs are judged without their files, and once only: CI does them again in release.
const SMALL: u32 = 50;

fn scenario(path: &Path) -> Scenario {
    read(path, &[])
}

fn small() -> impl Iterator<Item = PathBuf> {
    shipped().into_iter().filter(|path| scenario(path).nodes() <= SMALL)
}

fn simulate(path: &Path, seed: Option<u64>) -> Outcome {
    simulate_with(path, seed, &[])
}

fn simulate_with(path: &Path, seed: Option<u64>, overrides: &[(String, String)]) -> Outcome {
    let scenario = read(path, overrides);
    let outcome = run(&name(path), &scenario, seed.unwrap_or(scenario.seed)).expect("a capture");
    assert_eq!(outcome.report.violations, [], "{} with seed {seed:?}", path.display());
    outcome
}

/// What a reviewer wants to see of a run.
fn summary(report: &Report, ladder: Option<&str>) -> String {
    let mut text = ladder.unwrap_or_default().to_owned();
    let _ = writeln!(text, "\nfigures");
    let figures = serde_json::to_value(&report.figures).expect("numbers");
    for (figure, value) in figures.as_object().expect("a struct") {
        let _ = writeln!(text, "  {figure}: {value}");
    }
    for group in &report.groups {
        let Some(each) = group.energy.and_then(|all| all.handshakes.for_each_established) else {
            continue;
        };
        let _ = writeln!(text, "{}, each handshake: {} uJ", group.name, each.energy_uj);
        for (name, state) in each.states() {
            let _ = writeln!(text, "  {name}: {} us, {} uJ", state.time_us, state.energy_uj);
        }
    }
    let _ = writeln!(text, "fingerprint {}", report.fingerprint);
    let _ = writeln!(text, "shape       {}", report.shape);
    text
}

#[test]
fn the_three_of_the_readme_are_among_them() {
    let names: Vec<String> = shipped().iter().map(|path| name(path)).collect();
    for wanted in ["garage-door", "lossy-door", "ping"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is not in {names:?}");
    }
}

#[test]
fn every_regression_tells_of_its_bug_and_pins_the_seed_that_showed_it() {
    assert!(regressions().len() >= 4);
    for path in regressions() {
        let text = fs::read_to_string(&path).expect("a readable scenario");
        let pinned = text.lines().any(|line| line.starts_with("seed = "));
        assert!(pinned && text.starts_with("# "), "{}", path.display());
        assert!(scenario(&path).description.starts_with("Regression: "), "{}", path.display());
    }
    // Names are those of snapshots and of folders with files.
    let mut names: Vec<String> = shipped().iter().map(|path| name(path)).collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "two scenarios have one name: {names:?}");
}

#[test]
fn every_shipped_scenario_does_what_it_expects_and_as_reviewed() {
    for path in shipped() {
        let scenario = scenario(&path);
        let (report, ladder) = if scenario.nodes() <= SMALL {
            let outcome = simulate(&path, None);
            (outcome.report, outcome.ladder)
        } else {
            (verdict(&name(&path), &scenario, scenario.seed), None)
        };
        assert!(!report.expectations.is_empty(), "{} expects nothing", path.display());
        assert!(report.passed, "{}: {:?}", path.display(), report.expectations);
        insta::assert_snapshot!(name(&path), summary(&report, ladder.as_deref()));
    }
}

#[test]
fn the_same_seed_gives_the_same_octets_and_another_seed_does_not() {
    for path in small() {
        let (one, two) = (simulate(&path, Some(7)), simulate(&path, Some(7)));
        assert_eq!(one.report, two.report, "{}", path.display());
        assert_eq!(one.trace, two.trace, "{}", path.display());
        assert_eq!(one.capture, two.capture, "{}", path.display());
        assert_eq!(one.ladder, two.ladder, "{}", path.display());
        let other = simulate(&path, Some(8));
        assert_ne!(one.report.fingerprint, other.report.fingerprint, "{}", path.display());
    }
}

#[test]
fn a_run_is_judged_alike_with_and_without_its_files() {
    for path in small() {
        let scenario = scenario(&path);
        let report = verdict(&name(&path), &scenario, scenario.seed);
        assert_eq!(report, simulate(&path, None).report, "{}", path.display());
    }
}

#[test]
fn a_hundred_seeds_of_the_lossy_door_all_end_asleep() {
    let path = shipped().into_iter().find(|path| name(path) == "lossy-door").expect("shipped");
    // A gateway that forgets half-open SAs sooner than the device gives up computes again.
    let patient = [("gateway.half_open_timeout".to_owned(), "10min".to_owned())];
    for seed in 0..100 {
        let report = simulate_with(&path, Some(seed), &patient).report;
        let figures = &report.figures;
        assert_eq!(figures.nodes_asleep_at_end, 1, "seed {seed}");
        assert_eq!(figures.established + figures.failed, figures.attempts, "seed {seed}");
        assert!(report.accounting_balances, "seed {seed}");
        // One Diffie-Hellman for each attempt whose IKE_SA_INIT arrived, however often it was sent.
        assert!(figures.diffie_hellman_gateway <= figures.attempts, "seed {seed}");
    }
}
