//! What a report says of a run whose gateway or device was outside, beyond the rest: what it does not know.

use crate::checkers::{NotChecked, not_checked};
use crate::scenario::Scenario;
use crate::world::Placement;
use serde::Serialize;

/// The figures that only the gateway could tell, or of which it has a part that nobody else sees.
const NOT_OBSERVED_OUTSIDE: [&str; 4] =
    ["dropped", "diffie_hellman_gateway", "half_open_peak", "gateway_sas_at_end"];

/// The figures that only the device could tell, or of which it has a part that nobody else sees.
const NOT_OBSERVED_DEVICE: [&str; 18] = [
    "wakes",
    "attempts",
    "established",
    "failed",
    "ike_requests",
    "ike_retransmissions",
    "application_sent",
    "application_received",
    "application_repeated",
    "application_completed",
    "application_failed",
    "ping_requests",
    "ping_replies",
    "dropped",
    "nodes_asleep_at_end",
    "energy_uj",
    "handshake_energy_uj",
    "radio_on_us",
];

/// The figures of a run with that end elsewhere that nobody has seen.
pub(super) const fn not_observed(placement: Placement) -> &'static [&'static str] {
    match placement {
        Placement::Inside => &[],
        Placement::Outside => &NOT_OBSERVED_OUTSIDE,
        Placement::DeviceOutside => &NOT_OBSERVED_DEVICE,
    }
}

/// A line of `[expect]` that was not judged: its figure was not observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotJudged {
    /// The figure's name.
    pub figure: &'static str,
    /// Its bound, as in a scenario.
    pub expected: String,
}

/// A run whose gateway or device was outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutsideReport {
    /// Which gateway was outside, as it called itself; whoever ran it fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// Or which device was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Virtual time that was skipped while all nodes slept, in microseconds: the clock of whoever was outside did not see it.
    pub skipped_us: u64,
    /// The rules that were not checked, and why.
    pub not_checked: Vec<NotChecked>,
    /// The figures that were not observed.
    pub not_observed: Vec<&'static str>,
    /// The expectations about them, which count neither as held nor as broken.
    pub not_judged: Vec<NotJudged>,
}

impl OutsideReport {
    /// `None`: both ends were inside.
    pub(super) fn of(scenario: &Scenario, placement: Placement) -> Option<Self> {
        let not_observed = not_observed(placement);
        let (gateway, device) = match placement {
            Placement::Inside => return None,
            Placement::Outside => (Some(String::new()), None),
            Placement::DeviceOutside => (None, Some(String::new())),
        };
        let not_judged = scenario
            .expect
            .iter()
            .filter(|(figure, _)| not_observed.contains(figure))
            .map(|(figure, bound)| NotJudged { figure, expected: bound.to_string() });
        Some(Self {
            gateway,
            device,
            skipped_us: 0,
            not_checked: not_checked(placement).to_vec(),
            not_observed: not_observed.to_vec(),
            not_judged: not_judged.collect(),
        })
    }
}
