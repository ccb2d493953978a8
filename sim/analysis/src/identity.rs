//! What formulas say of a run, beside what it showed.

mod compare;
mod rows;

use crate::collector::Observed;
use crate::formulas::{Exchange, Handshake};
use crate::premise::{Premise, broken, exchange, handshake};
use crate::stats::{Interval, LIMIT_SIGMAS};
use compare::{Compared, Off};
use rows::ROWS;
use serde::Serialize;
use simulator::scenario::Scenario;

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within five standard deviations, or exactly right where nothing is random.
    Holds,
    /// It is not.
    Differs,
    /// No verdict: the formula speaks of another world, shown to see what is different here.
    ForComparison,
    /// Not compared: what the formula takes for granted does not hold.
    PremiseBroken(String),
}

/// A formula and a simulated number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identity {
    /// What is compared.
    pub name: &'static str,
    /// The formula.
    pub formula: &'static str,
    /// Its value; `None` where the premise is broken.
    pub expected: Option<f64>,
    /// What the runs showed.
    pub simulated: Option<f64>,
    /// Where the true value lies with 95 % confidence, as far as the runs tell; `None` for what is exact, and for a mean of unknown
    /// scatter.
    pub interval: Option<Interval>,
    /// The difference in standard deviations; `None` for what is exact, and for what has no verdict.
    pub sigmas: Option<f64>,
    /// What came of it.
    pub verdict: Verdict,
}

/// A row of the table of identities before it is known whether its premises hold.
struct Row {
    name: &'static str,
    formula: &'static str,
    premises: &'static [&'static [Premise]],
    compare: fn(&Subject<'_>) -> Option<Compared>,
}

/// What is looked at.
struct Subject<'a> {
    scenario: &'a Scenario,
    exchange: Exchange,
    handshake: Handshake,
    /// All runs as one.
    all: &'a Observed,
    /// Each run.
    runs: &'a [Observed],
}

/// Every formula against the runs of one scenario.
#[must_use]
pub fn identities(scenario: &Scenario, runs: &[Observed]) -> Vec<Identity> {
    let mut all = Observed::default();
    runs.iter().for_each(|run| all.join(run));
    let (exchange, handshake) = (exchange(scenario), handshake(scenario, &all));
    let subject = Subject { scenario, exchange, handshake, all: &all, runs };
    ROWS.iter().map(|row| judge(row, &subject)).collect()
}

fn judge(row: &Row, subject: &Subject<'_>) -> Identity {
    let Row { name, formula, premises, compare } = *row;
    let none = Identity {
        name,
        formula,
        expected: None,
        simulated: None,
        interval: None,
        sigmas: None,
        verdict: Verdict::Holds,
    };
    if let Some(why) = broken(premises.iter().copied().flatten(), subject.scenario, subject.all) {
        return Identity { verdict: Verdict::PremiseBroken(why), ..none };
    }
    let Some(compared) = compare(subject) else {
        let why = "there is nothing to compare".to_owned();
        return Identity { verdict: Verdict::PremiseBroken(why), ..none };
    };
    let Compared { expected, simulated, interval, off } = compared;
    let (holds, sigmas) = match off {
        Off::Exactly(equal) => (equal, None),
        Off::Sigmas(sigmas) => (sigmas.abs() <= LIMIT_SIGMAS, Some(sigmas)),
        Off::Unjudged => (true, None),
    };
    let verdict = match (off, holds) {
        (Off::Unjudged, _) => Verdict::ForComparison,
        (_, true) => Verdict::Holds,
        (_, false) => Verdict::Differs,
    };
    let (expected, simulated) = (Some(expected), Some(simulated));
    Identity { expected, simulated, interval, sigmas, verdict, ..none }
}
