//! One cell of a plan: the same scenario with each of its seeds.

use crate::collector::{Collector, Course, Examples, Observed, Seen, Spent};
use crate::plan::PlannedCell;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use simulator::scenario::Scenario;
use simulator::{Both, Judge, Placement, World};

/// What stands among the broken rules where some link's account does not balance.
const UNBALANCED: &str = "accounting";

/// What one run of a cell showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Its seed.
    pub seed: u64,
    /// The hash over all its events.
    pub fingerprint: String,
    /// How many there were.
    pub events: u64,
    /// Rules that were broken, each name once, in order of time; last the accounts of links that do not balance.
    pub broken_rules: Vec<String>,
    /// Its counts.
    pub observed: Observed,
    /// Handshakes of it that stand for others.
    pub examples: Examples,
}

/// What a cell's runs showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// What it was computed from: commit, scenario, changes and seeds. Another key, another cell.
    pub key: String,
    /// Its number in the plan.
    pub index: usize,
    /// Each run, in the order of the seeds.
    pub runs: Vec<RunFacts>,
    /// How they went over time, all together.
    pub course: Course,
}

impl Cell {
    /// All runs as one.
    #[must_use]
    pub fn all(&self) -> Observed {
        let mut all = Observed::default();
        self.runs.iter().for_each(|run| all.join(&run.observed));
        all
    }

    /// The cell as JSON, with a newline at the end.
    ///
    /// # Panics
    /// Never: all keys are texts.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string(self).expect("a cell is plain data");
        format!("{text}\n")
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

/// Runs a cell on as many cores as there are. `done` is told after each run.
#[must_use]
pub fn run_cell(planned: &PlannedCell, key: &str, seeds: &[u64], done: &(dyn Fn() + Sync)) -> Cell {
    let runs: Vec<(RunFacts, Course)> = seeds
        .par_iter()
        .map(|seed| {
            let run = run(&planned.scenario, *seed);
            done();
            run
        })
        .collect();
    let mut course = Course::default();
    runs.iter().for_each(|(_, run)| course.join(run));
    let runs = runs.into_iter().map(|(facts, _)| facts).collect();
    Cell { key: key.to_owned(), index: planned.index, runs, course }
}

/// One run: what it showed, and how it went over time.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64) -> (RunFacts, Course) {
    let mut judge = Judge::new(scenario, Placement::Inside).without_context();
    let mut collector = Collector::new(scenario.nodes());
    let mut both = Both(&mut judge, &mut collector);
    let mut world = World::new(scenario, seed, &mut both);
    world.step_until(world.end());
    let standing = world.standing();
    drop(world);
    let report = judge.finish(scenario, ("", seed), &standing);
    let mut broken_rules: Vec<String> = Vec::new();
    for violation in &report.violations {
        if !broken_rules.iter().any(|name| name == violation.checker) {
            broken_rules.push(violation.checker.to_owned());
        }
    }
    if !report.accounting_balances {
        broken_rules.push(UNBALANCED.to_owned());
    }
    let Seen { mut observed, course, examples } = collector.finish(standing.at);
    observed.spent = report.energy.as_ref().map(Spent::of);
    let (fingerprint, events) = (report.fingerprint, report.events);
    (RunFacts { seed, fingerprint, events, broken_rules, observed, examples }, course)
}
