//! When nodes wake.

use super::super::{FirstWake, Wakes, schema};
use super::{Fault, Run, Text, fault};
use core::ops::Range;
use core::time::Duration;
use toml::Spanned;

/// The pattern that the table says for so many nodes: exactly one, with no key of another.
pub(super) fn wakes(
    place: &Spanned<schema::Wakes>,
    count: u32,
    run: Run<'_>,
) -> Result<Wakes, Fault> {
    let raw = place.get_ref();
    let one = "expected exactly one of `at`, `every`, `poisson` or `once`";
    let wakes = match (&raw.at, &raw.every, &raw.poisson, &raw.once) {
        (Some(times), None, None, None) => Wakes::At(run.times(times)?),
        (None, Some(period), None, None) => every(raw, run.period(period, count, run.end)?, run)?,
        (None, None, Some(mean), None) => {
            Wakes::Poisson { mean: run.period(mean, count, run.end)? }
        }
        (None, None, None, Some(at)) => once(raw, at, run)?,
        _ => return Err(fault(place, one)),
    };
    let periodic = matches!(wakes, Wakes::Every { .. });
    let single = matches!(wakes, Wakes::Once { .. });
    foreign(periodic, "every", raw.jitter.as_ref().map(Spanned::span))?;
    foreign(periodic, "every", raw.first.as_ref().map(Spanned::span))?;
    foreign(single, "once", raw.within.as_ref().map(Spanned::span))?;
    Ok(wakes)
}

/// A key that belongs to the pattern of another key.
fn foreign(fits: bool, owner: &str, span: Option<Range<usize>>) -> Result<(), Fault> {
    match span {
        Some(span) if !fits => Err(Fault {
            span,
            message: format!("says nothing without `{owner}`: expected that, too"),
        }),
        _ => Ok(()),
    }
}

fn every(raw: &schema::Wakes, period: Duration, run: Run<'_>) -> Result<Wakes, Fault> {
    let first = match &raw.first {
        None => FirstWake::default(),
        Some(place) => match place.get_ref() {
            Text(schema::First::Spread) => FirstWake::Spread,
            &Text(schema::First::At(time)) => {
                FirstWake::At(run.time(&Spanned::new(place.span(), Text(time)))?)
            }
        },
    };
    let jitter = raw.jitter.as_ref().map_or(Duration::ZERO, |place| place.get_ref().0);
    Ok(Wakes::Every { period, jitter, first })
}

fn once(raw: &schema::Wakes, at: &Spanned<Text<Duration>>, run: Run<'_>) -> Result<Wakes, Fault> {
    let at = run.time(at)?;
    let Some(place) = &raw.within else { return Ok(Wakes::Once { at, within: Duration::ZERO }) };
    let (&Text(within), end) = (place.get_ref(), run.end);
    if at + within > end {
        let last = at + within;
        let message =
            format!("the last wake could be at {last:?}: expected none after `duration`, {end:?}");
        return Err(fault(place, message));
    }
    Ok(Wakes::Once { at, within })
}
