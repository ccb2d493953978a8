//! A fleet of devices, its runs, and what the formulas say of them.

use analysis::identity::{Identity, Verdict};
use analysis::{Observed, run};
use simulator::scenario::Scenario;

pub(crate) const FLEET: &str = include_str!("../../../../scenarios/sweeps/fleet.toml");

pub(crate) fn scenario(overrides: &[(&str, &str)]) -> Scenario {
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Scenario::parse("fleet.toml", FLEET, &overrides).expect("a scenario")
}

pub(crate) fn observed(scenario: &Scenario) -> Vec<Observed> {
    vec![run(scenario, 7).0.observed]
}

pub(crate) fn verdict<'a>(all: &'a [Identity], name: &str) -> &'a Verdict {
    &all.iter().find(|identity| identity.name == name).expect("a row").verdict
}

/// What no time is in.
pub(crate) const COUNTED: [&str; 5] = [
    "exchange succeeds",
    "handshake succeeds",
    "requests per exchange",
    "responses per exchange",
    "orphans per handshake",
];
