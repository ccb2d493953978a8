//! The numbers of each row: what its formula says, and what the runs showed.

use super::Subject;
use crate::collector::{ExchangeCounts, Observed};
use crate::formulas::{Exchange, GilbertElliott, Handshake, Herd, Sleepers, in_frames};
use crate::premise::{frames, kinds, like_sleepers, micros};
use crate::stats::{Interval, Moments, Sample, binomial_sigmas, wilson};
use simulator::scenario::{LinkDirection, Rate};
use vnet::random::Probability;

/// How far a number is from its formula.
#[derive(Clone, Copy)]
pub(super) enum Off {
    /// Nothing random is in it: whether it is right.
    Exactly(bool),
    /// In standard deviations.
    Sigmas(f64),
    /// Nobody says that it should be the same.
    Unjudged,
}

/// A formula's value and a run's.
pub(super) struct Compared {
    pub(super) expected: f64,
    pub(super) simulated: f64,
    pub(super) interval: Option<Interval>,
    pub(super) off: Off,
}

impl Compared {
    /// Numbers that nothing random is in.
    fn exact(expected: f64, simulated: f64, equal: bool) -> Self {
        Self { expected, simulated, interval: None, off: Off::Exactly(equal) }
    }

    fn share(successes: u64, trials: u64, probability: f64) -> Option<Self> {
        (trials > 0).then(|| Self {
            expected: probability,
            simulated: successes as f64 / trials as f64,
            interval: Some(wilson(successes, trials)),
            off: Off::Sigmas(binomial_sigmas(successes, trials, probability)),
        })
    }

    /// A mean of so many draws of what should have these moments.
    fn mean(sum: u64, count: u64, should: Moments) -> Option<Self> {
        (count > 0).then(|| {
            let simulated = sum as f64 / count as f64;
            Self::of_mean(simulated, (should.variance / count as f64).sqrt(), {
                (should.mean, should.sigmas(simulated, count))
            })
        })
    }

    fn of_mean(simulated: f64, error: f64, (expected, sigmas): (f64, f64)) -> Self {
        let half = 1.96 * error;
        let interval = Some(Interval { low: simulated - half, high: simulated + half });
        Self { expected, simulated, interval, off: Off::Sigmas(sigmas) }
    }
}

/// Both exchanges as they were, and as they should be.
fn both<'a>(subject: &'a Subject<'_>) -> [(&'a ExchangeCounts, &'a Exchange); 2] {
    let (all, should) = (subject.all, &subject.handshake);
    [(&all.init, &should.init), (&all.auth, &should.auth)]
}

/// Sums over so many draws each, of two kinds.
fn mixed(parts: [(u64, u64, Moments); 2]) -> Option<Compared> {
    let [sum, count] = [0, 1].map(|of| parts.iter().map(|part| [part.0, part.1][of]).sum::<u64>());
    let [mean, variance] = [0, 1].map(|of| {
        let each = |part: &(u64, u64, Moments)| {
            part.1 as f64 * [part.2.mean, part.2.variance][of] / count as f64
        };
        parts.iter().map(each).sum()
    });
    Compared::mean(sum, count, Moments { mean, variance })
}

/// The one that is furthest from its formula.
fn worst(compared: impl Iterator<Item = Compared>) -> Option<Compared> {
    let size = |compared: &Compared| match compared.off {
        Off::Sigmas(sigmas) => sigmas.abs(),
        Off::Exactly(_) | Off::Unjudged => 0.0,
    };
    compared.max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// Both exchanges as one, or the worse one where frames make them differ.
pub(super) fn exchange_success(subject: &Subject<'_>) -> Option<Compared> {
    let [(init, should), (auth, of_auth)] = both(subject);
    if should == of_auth {
        let (won, begun) = (init.succeeded + auth.succeeded, init.begun + auth.begun);
        return Compared::share(won, begun, should.success());
    }
    worst(both(subject).into_iter().filter_map(|(counts, should)| {
        Compared::share(counts.succeeded, counts.begun, should.success())
    }))
}

pub(super) fn handshake_success(subject: &Subject<'_>) -> Option<Compared> {
    let probability = subject.handshake.success();
    Compared::share(subject.all.established, subject.all.attempts, probability)
}

pub(super) fn requests(subject: &Subject<'_>) -> Option<Compared> {
    mixed(both(subject).map(|(counts, should)| (counts.requests, counts.begun, should.requests())))
}

pub(super) fn responses(subject: &Subject<'_>) -> Option<Compared> {
    let each = both(subject);
    mixed(each.map(|(counts, should)| (counts.responses, counts.begun, should.responses())))
}

pub(super) fn spurious(subject: &Subject<'_>) -> Option<Compared> {
    let each = both(subject);
    mixed(each.map(|(counts, should)| (counts.spurious, counts.succeeded, should.spurious())))
}

pub(super) fn mean_latency(subject: &Subject<'_>) -> Option<Compared> {
    let tally = &subject.all.latency_us.tally;
    let mean_us = tally.mean()?;
    let should = subject.handshake.latency_us();
    let error_s = (should.variance / tally.count as f64).sqrt() / 1e6;
    let sigmas = should.sigmas(mean_us, tally.count);
    Some(Compared::of_mean(mean_us / 1e6, error_s, (should.mean / 1e6, sigmas)))
}

/// Each step by itself; a latency between two steps is a difference whatever its number.
pub(super) fn staircase(subject: &Subject<'_>) -> Option<Compared> {
    let (latency, attempts) = (&subject.all.latency_us, subject.all.attempts);
    let steps = subject.handshake.staircase();
    if let Some((_, times)) = latency.iter().find(|(at_us, _)| !steps.contains_key(at_us)) {
        let share = times as f64 / attempts as f64;
        let off = Off::Sigmas(f64::INFINITY);
        return Some(Compared { expected: 0.0, simulated: share, interval: None, off });
    }
    worst(steps.iter().filter_map(|(at_us, probability)| {
        Compared::share(latency.times(*at_us), attempts, *probability)
    }))
}

pub(super) fn orphans(subject: &Subject<'_>) -> Option<Compared> {
    Compared::share(subject.all.orphans, subject.all.attempts, subject.handshake.init.orphan())
}

pub(super) fn little(subject: &Subject<'_>) -> Option<Compared> {
    let (integral, durations) =
        (subject.all.half_open_integral_us, subject.all.half_open_durations_us);
    Some(Compared::exact(durations as f64 / 1e6, integral as f64 / 1e6, integral == durations))
}

/// Of the four kinds of datagrams the one that is furthest from it.
pub(super) fn lost_in_frames(subject: &Subject<'_>) -> Option<Compared> {
    let kinds = kinds(subject.scenario, subject.all);
    worst(kinds.into_iter().filter(|(way, _)| way.loss != Rate::ZERO).filter_map(|(way, kind)| {
        let frame_lost = f64::from(way.loss.ppm()) / 1e6;
        let expected = in_frames(frame_lost, frames(way, kind.longest));
        Compared::share(kind.lost, kind.drawn, expected)
    }))
}

fn chain(subject: &Subject<'_>) -> Option<GilbertElliott> {
    let chain = subject.scenario.groups[0].link.gilbert_elliott.as_ref()?;
    let share = |probability: Probability| f64::from(probability.ppm()) / 1e6;
    let (to_bad, to_good) = chain.changes();
    Some(GilbertElliott {
        to_bad: share(to_bad),
        to_good: share(to_good),
        loss_good: share(chain.loss(false)),
        loss_bad: share(chain.loss(true)),
    })
}

/// Of transmissions that nothing lost before has put off: those meet the link in its stationary distribution.
pub(super) fn bursts(subject: &Subject<'_>) -> Option<Compared> {
    let Observed { first_requests, first_in_burst, init, .. } = subject.all;
    let frames = frames(&subject.scenario.groups[0].link.towards, init.towards.longest);
    Compared::share(*first_in_burst, *first_requests, chain(subject)?.mean_loss(frames))
}

/// The same handshake on links that lose as much, and each datagram whatever became of the others.
fn without_bursts(subject: &Subject<'_>) -> Option<Handshake> {
    let chain = chain(subject)?;
    let link = &subject.scenario.groups[0].link;
    let with = |loss: f64, way: &LinkDirection, octets: u64| {
        1.0 - (1.0 - loss) * (1.0 - chain.mean_loss(frames(way, octets)))
    };
    let of = |exchange: &Exchange, counts: &ExchangeCounts| Exchange {
        loss_towards: with(exchange.loss_towards, &link.towards, counts.towards.longest),
        loss_back: with(exchange.loss_back, &link.back, counts.back.longest),
        ..exchange.clone()
    };
    let Handshake { init, rounds, auth } = &subject.handshake;
    let (init, auth) = (of(init, &subject.all.init), of(auth, &subject.all.auth));
    Some(Handshake { init, rounds: *rounds, auth })
}

pub(super) fn success_without_bursts(subject: &Subject<'_>) -> Option<Compared> {
    let expected = without_bursts(subject)?.success();
    let compared = Compared::share(subject.all.established, subject.all.attempts, expected)?;
    Some(Compared { off: Off::Unjudged, ..compared })
}

pub(super) fn requests_without_bursts(subject: &Subject<'_>) -> Option<Compared> {
    let Handshake { init, auth, .. } = without_bursts(subject)?;
    let all = subject.all;
    let compared = mixed([
        (all.init.requests, all.init.begun, init.requests()),
        (all.auth.requests, all.auth.begun, auth.requests()),
    ])?;
    // How far the mean scatters is not known either.
    Some(Compared { interval: None, off: Off::Unjudged, ..compared })
}

pub(super) fn diffie_hellman(subject: &Subject<'_>) -> Option<Compared> {
    // One that waits at the end of the run has not had its turn.
    let Observed { reached, unserved, diffie_hellman: done, .. } = *subject.all;
    let expected = reached as f64 - unserved as f64;
    Some(Compared::exact(expected, done as f64, reached == done + unserved))
}

/// The herd of one run, if nobody gives up before the last is served.
fn herd(subject: &Subject<'_>) -> Option<Herd> {
    let service_us = micros(subject.scenario.gateway.service_time?);
    let Exchange { round_trip_us, back_us, gives_up_us, .. } = subject.exchange;
    let herd = Herd { nodes: subject.scenario.nodes().into(), service_us, round_trip_us, back_us };
    (herd.answered_us(herd.nodes) < gives_up_us).then_some(herd)
}

pub(super) fn herd_transmissions(subject: &Subject<'_>) -> Option<Compared> {
    let expected = herd(subject)?.transmissions(&subject.exchange.starts_us);
    let off = subject.runs.iter().find(|run| run.init.requests != expected);
    let simulated = off.or(subject.runs.first())?.init.requests;
    Some(Compared::exact(expected as f64, simulated as f64, off.is_none()))
}

/// Every place in the queue is compared where the values are all kept, their sum and the last in any case.
pub(super) fn herd_answers(subject: &Subject<'_>) -> Option<Compared> {
    let herd = herd(subject)?;
    let right = |run: &Observed| {
        let latency = &run.init.latency_us;
        let places = (1..=herd.nodes).map(|place| (herd.answered_us(place), 1));
        let sum: u128 = places.clone().map(|(at_us, _)| u128::from(at_us)).sum();
        let ends = latency.tally.sum == sum && latency.max() == Some(herd.answered_us(herd.nodes));
        ends && (!latency.is_exact() || latency.iter().eq(places))
    };
    let (expected, equal) = (herd.answered_us(herd.nodes), subject.runs.iter().all(right));
    let simulated = subject.all.init.latency_us.max()?;
    Some(Compared::exact(expected as f64 / 1e6, simulated as f64 / 1e6, equal))
}

/// The gateway never pauses while it has a request, and never has two at work.
pub(super) fn served_while_busy(subject: &Subject<'_>) -> Option<Compared> {
    let service_us = micros(subject.scenario.gateway.service_time?);
    let right = |run: &Observed| Some(run.busy_us) == run.served.checked_mul(service_us);
    let Observed { served, busy_us, .. } = subject.all;
    (*served > 0).then(|| {
        let (expected, simulated) =
            (1e6 / service_us as f64, *served as f64 * 1e6 / *busy_us as f64);
        Compared::exact(expected, simulated, subject.runs.iter().all(right))
    })
}

/// Whoever is awake ignores a wake, so the rate is the one that was seen, of each run by itself. Waits within a run depend
/// on each other; runs do not, so the error is that of what they are off by in the mean.
pub(super) fn queue_wait(subject: &Subject<'_>) -> Option<Compared> {
    let service_us = micros(subject.scenario.gateway.service_time?);
    let sleepers = Sleepers { nodes: like_sleepers(subject.scenario)?, service_us };
    let offering_s = subject.scenario.duration.as_secs_f64();
    let least_us = (service_us + subject.exchange.round_trip_us) as f64;
    let waits = subject.runs.iter().map(|run| {
        let expected_us = sleepers.wait_us(run.attempts as f64 / offering_s);
        let wait_us = run.init.latency_us.tally.mean()? - least_us;
        Some((expected_us / 1e6, wait_us / 1e6))
    });
    let waits: Vec<(f64, f64)> = waits.collect::<Option<_>>()?;
    let off: Vec<f64> = waits.iter().map(|(expected, seen)| seen - expected).collect();
    let off = Sample::of(&off)?;
    let expected = waits.iter().map(|(expected, _)| expected).sum::<f64>() / waits.len() as f64;
    let simulated = expected + off.mean;
    let interval = Interval { low: simulated - off.half, high: simulated + off.half };
    let (interval, off) = (Some(interval), Off::Sigmas(off.sigmas));
    Some(Compared { expected, simulated, interval, off })
}
