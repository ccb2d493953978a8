//! From what a file says to what it means: defaults, and what values must be beside each other.

mod application;
mod gateway;
mod hardware;
mod link;
mod node;
mod trace;
mod wakes;

use super::figures::OF_RADIOS;
use super::text::{Positive, Text, alternatives};
use super::{Backend, Bound, Expect, FIGURES, Family, Files, Link, Scenario, schema};
use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;
use toml::Spanned;

/// What is wrong with the value at a place of the text.
pub(super) struct Fault {
    /// Where it is, in octets of the text.
    pub(super) span: Range<usize>,
    /// What is wrong with it.
    pub(super) message: String,
}

fn fault<T>(place: &Spanned<T>, message: impl Into<String>) -> Fault {
    Fault { span: place.span(), message: message.into() }
}

/// What everything else must fit.
#[derive(Clone, Copy)]
struct Run<'a> {
    family: Family,
    /// When the run ends.
    end: Duration,
    /// What lies beside the scenario.
    files: &'a Files<'a>,
}

impl Run<'_> {
    /// The time at `place`, which must be before the end.
    fn time(self, place: &Spanned<Text<Duration>>) -> Result<Duration, Fault> {
        let (&Text(time), end) = (place.get_ref(), self.end);
        if time >= end {
            let message =
                format!("the run is over at {time:?}: expected a time before `duration`, {end:?}");
            return Err(fault(place, message));
        }
        Ok(time)
    }

    /// The period at `place` of what happens at each of `count` places as long as `span`, or the run if that is shorter.
    fn period(
        self,
        place: &Spanned<Text<Positive>>,
        count: u32,
        span: Duration,
    ) -> Result<Duration, Fault> {
        let &Text(Positive(period)) = place.get_ref();
        let each = span.min(self.end).as_micros() / period.as_micros().max(1);
        let all = each * u128::from(count);
        if each > MOST_EACH {
            let message =
                format!("{period:?} is {each} times in this run: expected at most {MOST_EACH}");
            return Err(fault(place, message));
        }
        if all > MOST_ALL {
            let message = format!(
                "{period:?} is {all} times in this run, with {count} nodes: expected at most {MOST_ALL}"
            );
            return Err(fault(place, message));
        }
        Ok(period)
    }

    /// The times at `place`: at least one, increasing.
    fn times(self, place: &schema::Times) -> Result<Vec<Duration>, Fault> {
        let mut times: Vec<Duration> = Vec::new();
        for place in place.get_ref() {
            let &Text(time) = place.get_ref();
            if times.last().is_some_and(|last| *last >= time) {
                let message =
                    format!("{time:?} is not later than the one before: expected increasing times");
                return Err(fault(place, message));
            }
            times.push(self.time(place)?);
        }
        if times.is_empty() {
            return Err(fault(place, "the list is empty: expected at least one time"));
        }
        Ok(times)
    }
}

/// The value in the file, or else the default.
fn or<T>(value: Option<Text<T>>, default: T) -> T {
    value.map_or(default, |Text(value)| value)
}

/// How often something may happen by one key to a node, or to whoever does it: more than any memory holds the trace of.
const MOST_EACH: u128 = 10_000_000;
/// And to all nodes of a group together: more than anybody will wait for.
const MOST_ALL: u128 = 100_000_000;

/// The longest description, in characters: it is printed as one line.
const MAX_DESCRIPTION: usize = 200;

/// The scenario that `raw` means.
pub(super) fn scenario(raw: schema::Scenario, files: &Files<'_>) -> Result<Scenario, Fault> {
    let description = raw.description.get_ref();
    if description.trim().is_empty()
        || description.contains(char::is_control)
        || description.chars().count() > MAX_DESCRIPTION
    {
        let message = format!("expected one line of 1 to {MAX_DESCRIPTION} characters");
        return Err(fault(&raw.description, message));
    }
    let family = or(raw.family, Family::default());
    let Text(Positive(duration)) = raw.duration;
    let run = Run { family, end: duration, files };
    let link = link::link(raw.link.unwrap_or_default(), &Link::default(), run)?;
    let groups = node::groups(raw.node, &link, run)?;
    let expect = expect(raw.expect, groups.iter().any(|group| group.radio.is_some()))?;
    Ok(Scenario {
        duration,
        seed: raw.seed.map_or(1, schema::Number::get),
        crypto: or(raw.crypto, Backend::default()),
        family,
        gateway: gateway::gateway(raw.gateway.unwrap_or_default(), run)?,
        groups,
        forgers: gateway::forgers(raw.forger.unwrap_or_default(), run)?,
        link,
        expect,
        files: BTreeMap::new(),
        description: raw.description.into_inner(),
    })
}

/// The expectations; `radios`: some node has a radio.
fn expect(raw: schema::Expect, radios: bool) -> Result<Expect, Fault> {
    let known = |(name, bound): (Spanned<String>, Bound)| match FIGURES
        .iter()
        .find(|(figure, _)| figure == name.get_ref())
    {
        Some((figure, _)) if OF_RADIOS.contains(figure) && !radios => {
            let message = "no node has a `radio`, so nobody takes energy: expected one that has";
            Err(fault(&name, message))
        }
        Some((figure, _)) => Ok((*figure, bound)),
        None => Err(fault(&name, unknown_figure(name.get_ref()))),
    };
    raw.0.into_iter().map(known).collect::<Result<_, _>>().map(Expect)
}

/// So many letters to change make another name of a figure.
const NEAR: usize = 3;

fn unknown_figure(name: &str) -> String {
    let mut near: Vec<(usize, &str)> = FIGURES
        .iter()
        .map(|(figure, _)| (strsim::osa_distance(name, figure), *figure))
        .filter(|(distance, figure)| *distance <= NEAR || part_of(name, figure))
        .collect();
    near.sort_unstable();
    near.truncate(3);
    let near: Vec<String> = near.iter().map(|(_, figure)| format!(r#""{figure}""#)).collect();
    if near.is_empty() {
        return format!(r#""{name}" is not a figure: expected one of those in docs/scenario.md"#);
    }
    format!(r#""{name}" is not a figure: did you mean {}?"#, alternatives(&near))
}

/// Whether one has the other inside, as far as that tells anything.
fn part_of(a: &str, b: &str) -> bool {
    a.len() > NEAR && b.contains(a) || a.contains(b)
}
