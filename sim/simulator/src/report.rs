//! The report of a run: the verdict and every figure, with stable keys.

use crate::checkers::{Checkers, Violation};
use crate::energy::{EnergyReport, Ledger, UsageReport};
use crate::figures::{Figures, NodeFigures};
use crate::fingerprint::RunHash;
use crate::scenario::{Group, Scenario};
use crate::world::Placement;
use data_encoding::HEXLOWER;
use ike_core::{Growth, Instant};
use serde::Serialize;
use sha2::{Digest, Sha256};

mod outside;

pub use outside::{NotJudged, OutsideReport};

/// The version of the report's keys: it changes when one of them does.
pub(crate) const SCHEMA: u32 = 1;

/// What the scenario's `[expect]` says about a figure, and what the run showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expectation {
    /// The figure's name.
    pub figure: &'static str,
    /// Its bound, as in a scenario.
    pub expected: String,
    /// What it was.
    pub actual: u64,
    /// Whether that is within the bound.
    pub passed: bool,
}

/// A rule that was broken, as one of the checkers saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViolationReport {
    /// The checker's name.
    pub checker: &'static str,
    /// Virtual time, in microseconds.
    pub at_us: u64,
    /// Who broke it, or where it showed.
    pub who: String,
    /// What happened.
    pub what: String,
    /// The last events there, as lines of the trace.
    pub context: Vec<String>,
}

/// A file beside the scenario, such as a recorded trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its name, as the scenario has it.
    pub name: String,
    /// SHA-256 of its text, in hexadecimal digits.
    pub sha256: String,
}

impl FileReport {
    fn of((name, text): (&String, &String)) -> Self {
        let sha256 = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
        Self { name: name.clone(), sha256 }
    }
}

/// How a group was set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupReport {
    /// Its name.
    pub name: String,
    /// How many nodes it has.
    pub count: u32,
    /// The suite that they offer.
    pub suite: String,
    /// How the timeouts of its schedule grow.
    pub retransmission_growth: &'static str,
    /// Whether that is what RFC 7815 2.1 demands.
    pub retransmission_conforms: bool,
    /// What its nodes took, if they have a radio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy: Option<EnergyReport>,
}

/// A node by its name, with its figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeReport {
    /// Its name.
    pub name: String,
    /// What happened to it.
    #[serde(flatten)]
    pub figures: NodeFigures,
    /// What it took, if it has a radio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy: Option<UsageReport>,
}

/// A hash of the beginning of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// After so many events.
    pub events: u64,
    /// The fingerprint up to there.
    pub fingerprint: String,
}

/// The verdict and every figure of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of the report's keys.
    pub schema: u32,
    /// The scenario's name.
    pub scenario: String,
    /// What it tells.
    pub description: String,
    /// Where all randomness came from.
    pub seed: u64,
    /// Which algorithms it had: `real` or `modelled`.
    pub crypto: &'static str,
    /// The commit of the checkout that ran, if the program knows it; `+` behind it: with changes.
    pub commit: Option<String>,
    /// The overrides, as typed.
    pub overrides: Vec<String>,
    /// The files beside the scenario that it was made from, if there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileReport>,
    /// Whether every expectation held, every link's account balances and no rule was broken.
    pub passed: bool,
    /// Each expectation.
    pub expectations: Vec<Expectation>,
    /// Whether on every link sent + duplicated + injected = delivered + dropped + in flight.
    pub accounting_balances: bool,
    /// The first rules that were broken.
    pub violations: Vec<ViolationReport>,
    /// How often a rule was broken beyond those.
    pub more_violations: u64,
    /// Virtual time at the end, in microseconds.
    pub end_us: u64,
    /// Events of the run.
    pub events: u64,
    /// The hash over all events.
    pub fingerprint: String,
    /// The hash over times, sizes and outcomes.
    pub shape: String,
    /// The hash after each thousand events.
    pub checkpoints: Vec<Checkpoint>,
    /// All figures; where an end is outside, [`OutsideReport::not_observed`] names those that say nothing.
    pub figures: Figures,
    /// Each group.
    pub groups: Vec<GroupReport>,
    /// Each node.
    pub nodes: Vec<NodeReport>,
    /// What all nodes with a radio took, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy: Option<EnergyReport>,
    /// What is different where the gateway or the device is outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideReport>,
}

impl Report {
    /// Fills in what only whoever ran the gateway or the device outside knows: how it calls itself, and the virtual
    /// time that was skipped.
    pub fn tell_outside(&mut self, name: &str, skipped_us: u64) {
        if let Some(outside) = &mut self.outside {
            outside.skipped_us = skipped_us;
            for who in [&mut outside.gateway, &mut outside.device].into_iter().flatten() {
                name.clone_into(who);
            }
        }
    }

    /// The report as pretty JSON with a newline at the end.
    ///
    /// # Panics
    /// Never: all keys are texts.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a report is plain data");
        // A zero would look like something that was counted.
        for name in self.outside.iter().flat_map(|outside| &outside.not_observed) {
            value["figures"][name] = serde_json::Value::Null;
        }
        format!("{value:#}\n")
    }
}

/// What the run showed, before the verdict.
pub(crate) struct Facts<'a> {
    pub(crate) figures: &'a Figures,
    pub(crate) nodes: &'a [NodeFigures],
    pub(crate) energy: Option<&'a Ledger>,
    pub(crate) hashes: (RunHash, RunHash),
    pub(crate) checkpoints: &'a [(u64, RunHash)],
    pub(crate) events: u64,
    pub(crate) end: Instant,
    pub(crate) balances: bool,
    pub(crate) checkers: &'a Checkers,
    pub(crate) placement: Placement,
}

/// What the scenario expects of the figures, as far as they can be observed, and whether it is so.
pub(crate) fn expectations(
    scenario: &Scenario,
    figures: &Figures,
    placement: Placement,
) -> Vec<Expectation> {
    let not_observed = outside::not_observed(placement);
    scenario
        .expect
        .iter()
        .filter(|(figure, _)| !not_observed.contains(figure))
        .map(|(figure, bound)| {
            let actual = figures.value(figure).unwrap_or_default();
            let passed = bound.holds(actual);
            Expectation { figure, expected: bound.to_string(), actual, passed }
        })
        .collect()
}

/// Whether a run passes.
pub(crate) fn passed(balances: bool, checkers: &Checkers, expectations: &[Expectation]) -> bool {
    balances
        && checkers.violations().is_empty()
        && expectations.iter().all(|expectation| expectation.passed)
}

pub(crate) fn judge(scenario: &Scenario, run: (&str, u64), facts: &Facts<'_>) -> Report {
    let outside = OutsideReport::of(scenario, facts.placement);
    let expectations = expectations(scenario, facts.figures, facts.placement);
    let names = scenario
        .groups
        .iter()
        .flat_map(|group| group.numbers().map(|number| node_name(group, number)));
    Report {
        schema: SCHEMA,
        scenario: run.0.to_owned(),
        description: scenario.description.clone(),
        seed: run.1,
        crypto: scenario.crypto.name(),
        commit: None,
        overrides: Vec::new(),
        files: scenario.files.iter().map(FileReport::of).collect(),
        passed: passed(facts.balances, facts.checkers, &expectations),
        expectations,
        accounting_balances: facts.balances,
        violations: violations(facts.checkers),
        more_violations: facts.checkers.more(),
        end_us: facts.end.micros(),
        events: facts.events,
        fingerprint: facts.hashes.0.to_string(),
        shape: facts.hashes.1.to_string(),
        checkpoints: facts
            .checkpoints
            .iter()
            .map(|(events, hash)| Checkpoint { events: *events, fingerprint: hash.to_string() })
            .collect(),
        figures: facts.figures.clone(),
        groups: scenario.groups.iter().map(|group| group_report(group, facts.energy)).collect(),
        nodes: (0..)
            .zip(names.zip(facts.nodes))
            .map(|(number, (name, figures))| NodeReport {
                name,
                figures: figures.clone(),
                energy: facts.energy.and_then(|ledger| ledger.node(number)).map(UsageReport::of),
            })
            .collect(),
        energy: facts.energy.map(|ledger| EnergyReport::of(&ledger.totals())),
        outside,
    }
}

fn violations(checkers: &Checkers) -> Vec<ViolationReport> {
    let report = |violation: &Violation| ViolationReport {
        checker: violation.checker,
        at_us: violation.at.micros(),
        who: checkers.actor_name(violation.who),
        what: violation.what.clone(),
        context: violation.context.clone(),
    };
    checkers.violations().iter().map(report).collect()
}

/// A node's name: its group and its number in the run.
pub(crate) fn node_name(group: &Group, number: u32) -> String {
    format!("{}-{number}", group.name)
}

fn group_report(group: &Group, energy: Option<&Ledger>) -> GroupReport {
    GroupReport {
        name: group.name.clone(),
        count: group.count,
        suite: group.suite.name().to_owned(),
        retransmission_growth: match group.retransmission.growth() {
            Growth::Exponential => "exponential",
            Growth::ExponentialToCap => "exponential to a cap",
            Growth::RepeatsFirst => "repeats the first interval",
            Growth::None => "none",
        },
        retransmission_conforms: group.retransmission.conforms(),
        energy: energy
            .and_then(|ledger| ledger.group(group.first))
            .map(|all| EnergyReport::of(&all)),
    }
}
