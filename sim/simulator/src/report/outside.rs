//! What a report says of a run whose gateway was outside, beyond the rest: what it does not know.

use crate::checkers::{NOT_CHECKED_OUTSIDE, NotChecked};
use crate::scenario::Scenario;
use serde::Serialize;

/// The figures that only the gateway could tell, or of which it has a part that nobody else sees.
pub(super) const NOT_OBSERVED: [&str; 4] =
    ["dropped", "diffie_hellman_gateway", "half_open_peak", "gateway_sas_at_end"];

/// A line of `[expect]` that was not judged: its figure was not observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotJudged {
    /// The figure's name.
    pub figure: &'static str,
    /// Its bound, as in a scenario.
    pub expected: String,
}

/// A run whose gateway was outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutsideReport {
    /// Which gateway, as it called itself; whoever ran it fills it in.
    pub gateway: String,
    /// Virtual time that was skipped while all nodes slept, in microseconds: the gateway's clock did not see it.
    pub skipped_us: u64,
    /// The rules that were not checked, and why.
    pub not_checked: Vec<NotChecked>,
    /// The figures that were not observed.
    pub not_observed: Vec<&'static str>,
    /// The expectations about them, which count neither as held nor as broken.
    pub not_judged: Vec<NotJudged>,
}

impl OutsideReport {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let not_judged = scenario
            .expect
            .iter()
            .filter(|(figure, _)| NOT_OBSERVED.contains(figure))
            .map(|(figure, bound)| NotJudged { figure, expected: bound.to_string() });
        Self {
            gateway: String::new(),
            skipped_us: 0,
            not_checked: NOT_CHECKED_OUTSIDE.to_vec(),
            not_observed: NOT_OBSERVED.to_vec(),
            not_judged: not_judged.collect(),
        }
    }
}
