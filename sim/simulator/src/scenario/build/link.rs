//! Links.

use super::super::Rate;
use super::super::{Link, LinkDirection, Listed, Outage, Queue, schema};
use super::gateway::later;
use super::{Fault, Run, fault, or, trace};
use core::num::NonZeroUsize;
use schema::{BitRate, Number, Positive, Text};
use vnet::link::GilbertElliott;
use vnet::random::Probability;

/// `raw` with `default` for what it does not say.
pub(super) fn link(raw: schema::Link, default: &Link, run: Run<'_>) -> Result<Link, Fault> {
    let both = schema::LinkDirection {
        delay: raw.delay,
        jitter: raw.jitter,
        loss: raw.loss,
        mtu: raw.mtu,
        duplicate: raw.duplicate,
        reorder: raw.reorder,
        reorder_delay: raw.reorder_delay,
        corrupt: raw.corrupt,
        mangle: raw.mangle,
        bandwidth: raw.bandwidth,
        queue: raw.queue,
        frame: raw.frame,
        loss_trace: raw.loss_trace,
    };
    let direction = |raw: Option<schema::LinkDirection>, default: &LinkDirection| {
        direction(&raw.unwrap_or_default(), &direction(&both, default, run)?, run)
    };
    Ok(Link {
        towards: direction(raw.towards, &default.towards)?,
        back: direction(raw.back, &default.back)?,
        outages: raw
            .outages
            .map_or_else(|| Ok(default.outages.clone()), |raw| outages(&raw, run))?,
        gilbert_elliott: match raw.gilbert_elliott {
            Some(place) => Some(chain(&place)?),
            None => default.gilbert_elliott,
        },
        drops: listed(raw.drops, &default.drops)?,
        duplicates: listed(raw.duplicates, &default.duplicates)?,
        reorders: listed(raw.reorders, &default.reorders)?,
        corrupts: listed(raw.corrupts, &default.corrupts)?,
        mangles: listed(raw.mangles, &default.mangles)?,
    })
}

fn direction(
    raw: &schema::LinkDirection,
    default: &LinkDirection,
    run: Run<'_>,
) -> Result<LinkDirection, Fault> {
    let mtu = match &raw.mtu {
        None => default.mtu,
        Some(place) => {
            let (mtu, mtus) = (place.get_ref().get(), run.family.mtus());
            if !mtus.contains(&mtu) {
                let (low, high) = mtus.into_inner();
                let message = format!(
                    "{mtu} is out of range: expected an integer from {low} to {high} with this family"
                );
                return Err(fault(place, message));
            }
            mtu
        }
    };
    Ok(LinkDirection {
        delay: or(raw.delay, default.delay),
        jitter: or(raw.jitter, default.jitter),
        loss: or(raw.loss, default.loss),
        mtu,
        duplicate: or(raw.duplicate, default.duplicate),
        reorder: or(raw.reorder, default.reorder),
        reorder_delay: or(raw.reorder_delay, Positive(default.reorder_delay)).0,
        corrupt: or(raw.corrupt, default.corrupt),
        mangle: or(raw.mangle, default.mangle),
        bandwidth: raw.bandwidth.map(|Text(BitRate(bits))| bits).or(default.bandwidth),
        queue: raw.queue.as_ref().map_or(Ok(default.queue), queue)?,
        frame: raw.frame.map_or(default.frame, |frame| NonZeroUsize::new(frame.get())),
        loss_trace: match &raw.loss_trace {
            Some(place) => Some(trace::recorded(place, run)?),
            None => default.loss_trace.clone(),
        },
    })
}

fn chain(place: &toml::Spanned<schema::GilbertElliott>) -> Result<GilbertElliott, Fault> {
    let raw = place.get_ref();
    let probability = |Text(rate): Text<Rate>| Probability::from_ppm(rate.ppm());
    let Text(Positive(step)) = raw.step;
    let (there, back) = (probability(raw.good_to_bad), probability(raw.bad_to_good));
    let message = "no bursts come of that: expected changes above \"0%\", with at most \"100%\" for both together";
    let chain = GilbertElliott::new(step, there, back).ok_or_else(|| fault(place, message))?;
    let (good, bad) = (raw.loss_good.map(probability), raw.loss_bad.map(probability));
    Ok(chain.losing(good.unwrap_or(Probability::NEVER), bad.unwrap_or(Probability::ALWAYS)))
}

/// A limit that is not there limits nothing.
fn queue(place: &toml::Spanned<schema::Queue>) -> Result<Queue, Fault> {
    match *place.get_ref() {
        schema::Queue::Datagrams(datagrams) => {
            Ok(Queue { datagrams: datagrams.get(), ..Queue::UNLIMITED })
        }
        schema::Queue::Limits(schema::QueueLimits { datagrams: None, octets: None }) => {
            Err(fault(place, "it limits nothing: expected `datagrams`, `octets` or both"))
        }
        schema::Queue::Limits(schema::QueueLimits { datagrams, octets }) => Ok(Queue {
            datagrams: datagrams.map_or(Queue::UNLIMITED.datagrams, Number::get),
            octets: octets.map_or(Queue::UNLIMITED.octets, Number::get),
        }),
    }
}

fn outages(raw: &[schema::Outage], run: Run<'_>) -> Result<Vec<Outage>, Fault> {
    let mut outages: Vec<Outage> = Vec::new();
    for place in raw {
        let from = run.time(&place.from)?;
        if let Some(last) = outages.last().filter(|last| from < last.until) {
            let message = format!(
                "{from:?} is before the end of the outage before, {:?}: expected one after the other",
                last.until
            );
            return Err(fault(&place.from, message));
        }
        outages.push(Outage { from, until: later(&place.until, from)? });
    }
    Ok(outages)
}

fn listed(raw: Option<schema::Listed>, default: &Listed) -> Result<Listed, Fault> {
    let Some(raw) = raw else { return Ok(default.clone()) };
    let numbers = |place: &Option<schema::List<schema::DatagramNumber>>| {
        place.as_ref().map_or(Ok(Vec::new()), increasing)
    };
    Ok(Listed { towards: numbers(&raw.towards)?, back: numbers(&raw.back)? })
}

fn increasing(list: &schema::List<schema::DatagramNumber>) -> Result<Vec<u64>, Fault> {
    let mut numbers: Vec<u64> = Vec::new();
    for place in list.get_ref() {
        let number = place.get_ref().get();
        if numbers.last().is_some_and(|last| *last >= number) {
            let message =
                format!("{number} is not more than the one before: expected increasing numbers");
            return Err(fault(place, message));
        }
        numbers.push(number);
    }
    Ok(numbers)
}
