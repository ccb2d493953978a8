//! Whether a cell passed: what the scenario expects, what must be in the trace, and what the gateway itself lists.

use super::cases::{Case, Holdings, Pattern, Traffic};
use super::next::{self, Next};
use super::sas::{IkeSa, SaList, State};
use super::witness::{NodeSa, Witness};
use core::time::Duration;
use ike_core::IkeSpi;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulator::Report;
use simulator::scenario::Bound;

/// One of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All that had to be seen was seen.
    Passed,
    /// Something was not.
    Failed,
    /// The gateway cannot do what the case is about.
    Unsupported,
}

impl Verdict {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What was seen of a run, apart from its files.
pub struct Seen<'a> {
    /// The run's figures, expectations and broken rules.
    pub report: &'a Report,
    /// `trace.jsonl`.
    pub trace: &'a str,
    /// What the devices established.
    pub witness: &'a Witness,
    /// What the gateway listed at each of the case's looks, in their order.
    pub looks: &'a [SaList],
    /// What it listed once all devices slept for good.
    pub last: &'a SaList,
}

/// All that is not as the case demands, and what the gateway did after a refusal, if that is asked.
#[must_use]
pub fn judge(case: &Case, seen: &Seen<'_>) -> (Vec<String>, Option<Next>) {
    let events = events(seen.trace);
    let mut wrong = run(seen.report);
    wrong.extend(case.trace.iter().filter_map(|pattern| missing(pattern, &events)));
    for (index, look) in case.looks.iter().enumerate() {
        let when = format!("at {} s", seconds(look.at));
        match seen.looks.get(index) {
            Some(list) => compare(&mut wrong, &when, &look.holdings, (list, seen.witness)),
            None => wrong.push(format!("{when} the gateway's list was not taken")),
        }
    }
    compare(&mut wrong, "at the end", &case.gateway, (seen.last, seen.witness));
    let next = case.next.then(|| next::after_refusal(&events));
    (wrong, next)
}

/// The events of a trace of ours.
pub(super) fn events(trace: &str) -> Vec<Value> {
    trace.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The counts of somebody's list at that time that are not what it must hold.
pub(super) fn miscounted(
    (when, who): (&str, &str),
    holdings: &Holdings,
    list: &SaList,
) -> Vec<String> {
    let count = |state| list.in_state(state).count() as u64;
    let counts = [
        ("IKE SAs", holdings.ike, count(State::Established)),
        ("half-open IKE SAs", holdings.half_open, count(State::HalfOpen)),
        ("Child SAs", holdings.children, list.children().count() as u64),
    ];
    let wrong = counts.into_iter().filter_map(|(what, bound, actual)| {
        let bound = bound.filter(|bound: &Bound| !bound.holds(actual))?;
        Some(format!("{when} the {who} lists {actual} {what}, expected {bound}"))
    });
    wrong.collect()
}

/// What the run itself says.
pub(super) fn run(report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    for expectation in report.expectations.iter().filter(|expectation| !expectation.passed) {
        wrong.push(format!(
            "{}: expected {}, was {}",
            expectation.figure, expectation.expected, expectation.actual
        ));
    }
    for violation in report.violations.iter().take(3) {
        wrong.push(format!(
            "rule {:?} broken by {}: {}",
            violation.checker, violation.who, violation.what
        ));
    }
    if !report.accounting_balances {
        wrong.push("a link's account does not balance".into());
    }
    wrong
}

pub(super) fn missing(pattern: &Pattern, events: &[Value]) -> Option<String> {
    let fits = |event: &&Value| {
        pattern.fields.iter().all(|(key, value)| event[key].as_str() == Some(value.as_str()))
    };
    let count = events.iter().filter(fits).count() as u64;
    let fields = || {
        let pairs = pattern.fields.iter().map(|(key, value)| format!("{key} {value:?}"));
        pairs.collect::<Vec<_>>().join(", ")
    };
    (!pattern.count.holds(count))
        .then(|| format!("events with {}: expected {}, were {count}", fields(), pattern.count))
}

/// Compares a gateway's list with what it must hold and with what the devices established.
fn compare(
    wrong: &mut Vec<String>,
    when: &str,
    holdings: &Holdings,
    (list, witness): (&SaList, &Witness),
) {
    wrong.extend(miscounted((when, "gateway"), holdings, list));
    let mut all: Vec<String> =
        list.in_state(State::Established).filter_map(|sa| disagreement(sa, witness)).collect();
    all.extend(list.children().filter_map(|child| {
        let carried = (child.octets_in.unwrap_or(0) > 0, child.octets_out.unwrap_or(0) > 0);
        (holdings.traffic == Some(Traffic::Both) && carried != (true, true)).then(|| {
            let octets = |octets: Option<u64>| octets.map_or("?".into(), |n| n.to_string());
            let (to, from) = (octets(child.octets_in), octets(child.octets_out));
            format!("a Child SA carried {to} octets to the gateway and {from} from it")
        })
    }));
    if let Some(wanted) = &holdings.ts_local {
        all.extend(list.children().filter_map(|child| {
            let same = matches!(child.ts_local.as_slice(), [one] if same_network(one, wanted));
            let actual = child.ts_local.join(", ");
            (!same)
                .then(|| format!("a Child SA covers {actual:?} at the gateway, expected {wanted}"))
        }));
    }
    let more = all.len().saturating_sub(2);
    wrong.extend(all.into_iter().take(2).map(|what| format!("{when} {what}")));
    if more > 0 {
        wrong.push(format!("{when} {more} more SAs are not as they should be"));
    }
}

/// How an IKE SA of the gateway differs from what the devices know; `None`: it does not.
fn disagreement(sa: &IkeSa, witness: &Witness) -> Option<String> {
    let spis = sa.spi_i.as_deref().and_then(hex).zip(sa.spi_r.as_deref().and_then(hex));
    // A gateway that does not tell the SPIs of an IKE SA has said whose it is by those of the Child SA.
    let child = sa.children.first().and_then(|child| {
        let number = |spi: &Option<String>| u32::try_from(hex(spi.as_deref()?)?).ok();
        number(&child.spi_in).zip(number(&child.spi_out))
    });
    let known = match (spis, child) {
        (Some((spi_i, spi_r)), _) => witness.known((IkeSpi(spi_i), IkeSpi(spi_r))),
        (None, Some((spi_in, spi_out))) => witness.with_child(spi_in, spi_out),
        (None, None) => {
            let identity = sa.remote_id.as_deref().unwrap_or("nobody");
            return (!witness.knows(identity))
                .then(|| format!("the gateway lists an IKE SA with {identity}, who is no device"));
        }
    };
    let Some(known) = known else {
        let name = match (spis, child) {
            (Some((spi_i, spi_r)), _) => format!("IKE SA {spi_i:016x} {spi_r:016x}"),
            (_, child) => {
                let (spi_in, spi_out) = child.unwrap_or_default();
                format!("an IKE SA with Child SA {spi_in:08x} in and {spi_out:08x} out")
            }
        };
        return Some(format!("the gateway lists {name}, which no device has"));
    };
    let (listed, identity) = (sa.remote_id.as_deref(), witness.identity(known.node));
    if listed.is_some() && listed != identity {
        return Some(format!(
            "the gateway takes {} for {}",
            identity.unwrap_or("a device"),
            listed.unwrap_or("nobody")
        ));
    }
    let strange = |child: &&super::sas::ChildSa| !same_child(child, &known);
    sa.children.iter().find(strange).map(|child| {
        let spi = |spi: &Option<String>| spi.clone().unwrap_or_else(|| "?".into());
        format!(
            "the gateway lists a Child SA with the SPIs {} in and {} out, the device has {} out and {} in",
            spi(&child.spi_in),
            spi(&child.spi_out),
            known.child_out.map_or("none".into(), |spi| format!("{spi:08x}")),
            known.child_in.map_or("none".into(), |spi| format!("{spi:08x}"))
        )
    })
}

fn same_child(child: &super::sas::ChildSa, known: &NodeSa) -> bool {
    let same = |listed: &Option<String>, known: Option<u32>| match (listed, known) {
        (Some(listed), Some(known)) => hex(listed) == Some(known.into()),
        _ => false,
    };
    same(&child.spi_in, known.child_out) && same(&child.spi_out, known.child_in)
}

pub(super) fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
}

/// Whether `listed`, a network or a range, is the network `wanted`.
fn same_network(listed: &str, wanted: &str) -> bool {
    let (address, bits) = wanted.split_once('/').unwrap_or((wanted, ""));
    let whole = wanted.parse::<core::net::IpAddr>().is_ok();
    let Ok(address) = address.parse::<core::net::IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = if whole { most } else { bits.parse().unwrap_or(most) };
    let Some(wanted) = ike_core::TrafficSelector::network(address, bits) else { return false };
    let spellings = [wanted.to_string(), format!("{}/{bits}", wanted.start())];
    spellings.iter().any(|spelling| listed == spelling)
}

/// A duration in seconds, without the zeros that say nothing.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    let text = format!("{}.{:03}", duration.as_secs(), duration.subsec_millis());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
