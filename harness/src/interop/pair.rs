//! Whether a case of a device passed: what the scenario expects, what must be in the gateway's trace, and that device and
//! gateway list the same SAs.

use super::cases::{Case, Holdings, Traffic};
use super::sas::{ChildSa, IkeSa, SaList, State};
use super::verdict::{self, hex, seconds};
use simulator::Report;
use std::collections::BTreeSet;

/// What was seen of a run, apart from its files. A pair of lists is the device's and the gateway's.
pub struct Seen<'a> {
    /// The run's figures, expectations and broken rules.
    pub report: &'a Report,
    /// `trace.jsonl`.
    pub trace: &'a str,
    /// At each of the case's looks, in their order.
    pub looks: Vec<(&'a SaList, &'a SaList)>,
    /// At the end.
    pub last: (&'a SaList, &'a SaList),
}

/// All that is not as the case demands.
#[must_use]
pub fn judge(case: &Case, seen: &Seen<'_>) -> Vec<String> {
    let events = verdict::events(seen.trace);
    let mut wrong = verdict::run(seen.report);
    wrong.extend(case.trace.iter().filter_map(|pattern| verdict::missing(pattern, &events)));
    for (index, look) in case.looks.iter().enumerate() {
        let when = format!("at {} s", seconds(look.at));
        match seen.looks.get(index) {
            Some(lists) => compare(&mut wrong, &when, &look.holdings, *lists),
            None => wrong.push(format!("{when} the lists were not taken")),
        }
    }
    compare(&mut wrong, "at the end", &case.gateway, seen.last);
    wrong
}

fn compare(
    wrong: &mut Vec<String>,
    when: &str,
    holdings: &Holdings,
    (device, gateway): (&SaList, &SaList),
) {
    for (who, list) in [("device", device), ("gateway", gateway)] {
        wrong.extend(verdict::miscounted((when, who), holdings, list));
        // What became of each after a rekeying is not asked: the old one may have carried all.
        let carried =
            |child: &ChildSa| child.octets_in.unwrap_or(0) > 0 && child.octets_out.unwrap_or(0) > 0;
        if holdings.traffic == Some(Traffic::Both) && !list.children().any(carried) {
            wrong.push(format!("{when} no Child SA of the {who} carried octets both ways"));
        }
    }
    let differences = device.in_state(State::Established).filter_map(|sa| strange(sa, gateway));
    wrong.extend(differences.map(|what| format!("{when} {what}")));
    let count = |list: &SaList| list.in_state(State::Established).count();
    if count(device) != count(gateway) {
        let (ours, theirs) = (count(device), count(gateway));
        wrong.push(format!("{when} the device lists {ours} IKE SAs and the gateway {theirs}"));
    }
}

/// The SPIs of the Child SAs: of packets to the gateway, and from it.
fn children(sa: &IkeSa, at_the_device: bool) -> BTreeSet<(Option<u64>, Option<u64>)> {
    let spi = |spi: &Option<String>| spi.as_deref().and_then(hex);
    let spis = sa.children.iter().map(|child| (spi(&child.spi_in), spi(&child.spi_out)));
    spis.map(|(into, out)| if at_the_device { (out, into) } else { (into, out) }).collect()
}

/// How an IKE SA of the device differs from what the gateway lists; `None`: it does not.
fn strange(sa: &IkeSa, gateway: &SaList) -> Option<String> {
    let spis =
        |sa: &IkeSa| sa.spi_i.as_deref().and_then(hex).zip(sa.spi_r.as_deref().and_then(hex));
    let ours = children(sa, true);
    let same = |other: &&IkeSa| match spis(sa) {
        Some(told) => spis(other) == Some(told),
        // A device that does not tell the SPIs of an IKE SA has said which it is by those of its Child SAs.
        None => children(other, false) == ours,
    };
    let Some(theirs) = gateway.in_state(State::Established).find(same) else {
        let name = match (&sa.spi_i, &sa.spi_r) {
            (Some(spi_i), Some(spi_r)) => format!("IKE SA {spi_i} {spi_r}"),
            _ => format!("an IKE SA with {}", shown(&ours)),
        };
        return Some(format!("the device lists {name}, which the gateway has not"));
    };
    let theirs = children(theirs, false);
    (theirs != ours)
        .then(|| format!("the device lists {}, the gateway {}", shown(&ours), shown(&theirs)))
}

fn shown(children: &BTreeSet<(Option<u64>, Option<u64>)>) -> String {
    let spi = |spi: Option<u64>| spi.map_or("?".into(), |spi| format!("{spi:08x}"));
    let pairs = children.iter().map(|(to, from)| format!("{}/{}", spi(*to), spi(*from)));
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { "no Child SA".into() } else { format!("Child SAs {}", pairs.join(", ")) }
}
