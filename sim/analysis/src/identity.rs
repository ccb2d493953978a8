//! What formulas say of a run, beside what it showed.

use crate::collector::Observed;
use crate::formulas::{Exchange, GilbertElliott, Herd, Sleepers};
use crate::premise::{Premise, broken, exchange, like_sleepers, micros};
use crate::stats::{Interval, LIMIT_SIGMAS, Moments, Sample, binomial_sigmas, wilson};
use serde::Serialize;
use simulator::scenario::Scenario;
use vnet::random::Probability;

/// Exchanges of a handshake without cookies.
const EXCHANGES: u32 = 2;

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within five standard deviations, or exactly right where nothing is random.
    Holds,
    /// It is not.
    Differs,
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
    /// Where the true value lies with 95 % confidence, as far as the runs tell; `None` for what is exact.
    pub interval: Option<Interval>,
    /// The difference in standard deviations; `None` for what is exact.
    pub sigmas: Option<f64>,
    /// What came of it.
    pub verdict: Verdict,
}

/// A row of the table of identities before it is known whether its premises hold.
struct Row {
    name: &'static str,
    formula: &'static str,
    premises: &'static [Premise],
    compare: fn(&Subject<'_>) -> Option<Compared>,
}

/// What is looked at.
struct Subject<'a> {
    scenario: &'a Scenario,
    exchange: Exchange,
    /// All runs as one.
    all: &'a Observed,
    /// Each run.
    runs: &'a [Observed],
}

/// A formula's value and a run's.
struct Compared {
    expected: f64,
    simulated: f64,
    interval: Option<Interval>,
    sigmas: Option<f64>,
    exactly: bool,
}

impl Compared {
    /// Numbers that nothing random is in.
    fn exact(expected: f64, simulated: f64, equal: bool) -> Self {
        Self { expected, simulated, interval: None, sigmas: None, exactly: equal }
    }

    fn share(successes: u64, trials: u64, probability: f64) -> Option<Self> {
        (trials > 0).then(|| Self {
            expected: probability,
            simulated: successes as f64 / trials as f64,
            interval: Some(wilson(successes, trials)),
            sigmas: Some(binomial_sigmas(successes, trials, probability)),
            exactly: false,
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
        Self { expected, simulated, interval, sigmas: Some(sigmas), exactly: false }
    }
}

use Premise as P;

/// What all statements about a handshake take for granted: not how long an answer takes, if it comes in turn.
const COUNTS: &[Premise] = &[
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::TwoExchanges,
    P::HalfOpenOutlivesTries,
    P::NobodyRefused,
    P::AllFinished,
    P::AnsweredInTurn,
];
/// The same where answers may come late.
const LATE: &[Premise] = &[
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::ConstantRoundTrip,
    P::LastAnswerInTime,
    P::ExactTimers,
    P::TwoExchanges,
    P::HalfOpenOutlivesTries,
    P::NobodyRefused,
    P::AllFinished,
];
/// Times, too.
const TIMES: &[Premise] = &[
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::ConstantRoundTrip,
    P::ExactTimers,
    P::TwoExchanges,
    P::HalfOpenOutlivesTries,
    P::NobodyRefused,
    P::AllFinished,
    P::AnsweredInTurn,
];
const HERD: &[Premise] = &[
    P::WakeAtOnce,
    P::ServiceTime,
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::NoLoss,
    P::ConstantDelay,
    P::ExactTimers,
    P::TwoExchanges,
    P::NobodyRefused,
    P::AllFinished,
];
/// Wakes go on to the end of the run: the one handshake that is then under way does not count.
const QUEUE: &[Premise] = &[
    P::PoissonWakes,
    P::ServiceTime,
    P::ServedInTheEnd,
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::NoLoss,
    P::ConstantDelay,
    P::TwoExchanges,
    P::NobodyRefused,
];

const BURSTS: &[Premise] = &[P::OneKind, P::NoLoss, P::Bursts, P::WakeOnce];

/// Whatever becomes of the answers.
const SERVICE: &[Premise] = &[P::ServiceTime, P::Intact, P::NobodyRefused];

const ROWS: [Row; 16] = [
    Row {
        name: "exchange succeeds",
        formula: "1 - q^N",
        premises: COUNTS,
        compare: exchange_success,
    },
    Row {
        name: "handshake succeeds",
        formula: "(1 - q^N)^2",
        premises: COUNTS,
        compare: handshake_success,
    },
    Row {
        name: "requests per exchange",
        formula: "(1 - q^N) / s",
        premises: COUNTS,
        compare: requests,
    },
    Row {
        name: "responses per exchange",
        formula: "(1 - p_f)(1 - q^N) / s",
        premises: COUNTS,
        compare: responses,
    },
    Row {
        name: "spurious per exchange",
        formula: "sum of P(k) (sent(k) - k)",
        premises: LATE,
        compare: spurious,
    },
    Row {
        name: "mean latency, s",
        formula: "2 (R + sum of P(k) S_(k-1))",
        premises: TIMES,
        compare: mean_latency,
    },
    Row {
        name: "worst step of the staircase",
        formula: "sum of P(j) P(k)",
        premises: TIMES,
        compare: staircase,
    },
    Row {
        name: "orphans per handshake",
        formula: "q^N - p_f^N",
        premises: COUNTS,
        compare: orphans,
    },
    Row {
        name: "half-open SAs x time, s",
        formula: "sum of durations",
        premises: &[],
        compare: little,
    },
    Row {
        name: "first requests lost in bursts",
        formula: "(l_good r + l_bad p) / (p + r)",
        premises: BURSTS,
        compare: bursts,
    },
    Row {
        name: "Diffie-Hellman of the gateway",
        formula: "1 for each IKE_SA_INIT",
        premises: DIFFIE_HELLMAN,
        compare: diffie_hellman,
    },
    Row {
        name: "herd: IKE_SA_INIT sent",
        formula: "n + sum of max(0, n + 1 - ceil((S_j - R) / c))",
        premises: HERD,
        compare: herd_transmissions,
    },
    Row { name: "herd: last answer, s", formula: "n c + R", premises: HERD, compare: herd_answers },
    Row {
        name: "mean wait in the queue, s",
        formula: "rho c / (2 (1 - rho)), less for few nodes",
        premises: QUEUE,
        compare: queue_wait,
    },
    Row {
        name: "knee: served per s while busy",
        formula: "1 / c",
        premises: SERVICE,
        compare: served_while_busy,
    },
    Row {
        name: "knee: most handshakes per s",
        formula: "at most 1 / c",
        premises: SERVICE,
        compare: goodput,
    },
];
const DIFFIE_HELLMAN: &[Premise] =
    &[P::Intact, P::TwoExchanges, P::HalfOpenOutlivesTries, P::NobodyRefused];

/// Every formula against the runs of one scenario.
#[must_use]
pub fn identities(scenario: &Scenario, runs: &[Observed]) -> Vec<Identity> {
    let mut all = Observed::default();
    runs.iter().for_each(|run| all.join(run));
    let subject = Subject { scenario, exchange: exchange(scenario), all: &all, runs };
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
    if let Some(why) = broken(premises, subject.scenario, subject.all) {
        return Identity { verdict: Verdict::PremiseBroken(why), ..none };
    }
    let Some(compared) = compare(subject) else {
        let why = "there is nothing to compare".to_owned();
        return Identity { verdict: Verdict::PremiseBroken(why), ..none };
    };
    let Compared { expected, simulated, interval, sigmas, exactly } = compared;
    let holds = sigmas.map_or(exactly, |sigmas| sigmas.abs() <= LIMIT_SIGMAS);
    let verdict = if holds { Verdict::Holds } else { Verdict::Differs };
    let (expected, simulated) = (Some(expected), Some(simulated));
    Identity { expected, simulated, interval, sigmas, verdict, ..none }
}

fn exchange_success(subject: &Subject<'_>) -> Option<Compared> {
    let all = subject.all;
    let (won, begun) = (all.init.succeeded + all.auth.succeeded, all.init.begun + all.auth.begun);
    Compared::share(won, begun, subject.exchange.success())
}

fn handshake_success(subject: &Subject<'_>) -> Option<Compared> {
    let probability = subject.exchange.handshake(EXCHANGES);
    Compared::share(subject.all.established, subject.all.attempts, probability)
}

fn requests(subject: &Subject<'_>) -> Option<Compared> {
    let Observed { init, auth, .. } = subject.all;
    let (sent, begun) = (init.requests + auth.requests, init.begun + auth.begun);
    Compared::mean(sent, begun, subject.exchange.requests())
}

fn responses(subject: &Subject<'_>) -> Option<Compared> {
    let Observed { init, auth, .. } = subject.all;
    let (sent, begun) = (init.responses + auth.responses, init.begun + auth.begun);
    Compared::mean(sent, begun, subject.exchange.responses())
}

fn spurious(subject: &Subject<'_>) -> Option<Compared> {
    let Observed { init, auth, .. } = subject.all;
    let (sent, won) = (init.spurious + auth.spurious, init.succeeded + auth.succeeded);
    Compared::mean(sent, won, subject.exchange.spurious())
}

fn mean_latency(subject: &Subject<'_>) -> Option<Compared> {
    let tally = &subject.all.latency_us.tally;
    let mean_us = tally.mean()?;
    let should = subject.exchange.latency_us(EXCHANGES);
    let error_s = (should.variance / tally.count as f64).sqrt() / 1e6;
    let sigmas = should.sigmas(mean_us, tally.count);
    Some(Compared::of_mean(mean_us / 1e6, error_s, (should.mean / 1e6, sigmas)))
}

/// Each step by itself; a latency between two steps is a difference whatever its number.
fn staircase(subject: &Subject<'_>) -> Option<Compared> {
    let (latency, attempts) = (&subject.all.latency_us, subject.all.attempts);
    let steps = subject.exchange.staircase(EXCHANGES);
    if let Some((_, times)) = latency.iter().find(|(at_us, _)| !steps.contains_key(at_us)) {
        let share = times as f64 / attempts as f64;
        return Some(Compared {
            sigmas: Some(f64::INFINITY),
            ..Compared::exact(0.0, share, false)
        });
    }
    let compared = steps.iter().filter_map(|(at_us, probability)| {
        Compared::share(latency.times(*at_us), attempts, *probability)
    });
    let size = |compared: &Compared| compared.sigmas.map_or(0.0, f64::abs);
    compared.max_by(|a, b| size(a).total_cmp(&size(b)))
}

fn orphans(subject: &Subject<'_>) -> Option<Compared> {
    Compared::share(subject.all.orphans, subject.all.attempts, subject.exchange.orphan())
}

fn little(subject: &Subject<'_>) -> Option<Compared> {
    let (integral, durations) =
        (subject.all.half_open_integral_us, subject.all.half_open_durations_us);
    Some(Compared::exact(durations as f64 / 1e6, integral as f64 / 1e6, integral == durations))
}

/// Of transmissions that nothing lost before has put off: those meet the link in its stationary distribution.
fn bursts(subject: &Subject<'_>) -> Option<Compared> {
    let chain = subject.scenario.groups[0].link.gilbert_elliott.as_ref()?;
    let share = |probability: Probability| f64::from(probability.ppm()) / 1e6;
    let (to_bad, to_good) = chain.changes();
    let chain = GilbertElliott {
        to_bad: share(to_bad),
        to_good: share(to_good),
        loss_good: share(chain.loss(false)),
        loss_bad: share(chain.loss(true)),
    };
    let Observed { first_requests, first_in_burst, .. } = subject.all;
    Compared::share(*first_in_burst, *first_requests, chain.mean_loss())
}

fn diffie_hellman(subject: &Subject<'_>) -> Option<Compared> {
    // One that waits at the end of the run has not had its turn.
    let Observed { reached, unserved, diffie_hellman: done, .. } = *subject.all;
    let reached = reached - unserved;
    Some(Compared::exact(reached as f64, done as f64, reached == done))
}

/// The herd of one run, if nobody gives up before the last is served.
fn herd(subject: &Subject<'_>) -> Option<Herd> {
    let service_us = micros(subject.scenario.gateway.service_time?);
    let round_trip_us = subject.exchange.round_trip_us;
    let herd = Herd { nodes: subject.scenario.nodes().into(), service_us, round_trip_us };
    (herd.answered_us(herd.nodes) < subject.exchange.gives_up_us).then_some(herd)
}

fn herd_transmissions(subject: &Subject<'_>) -> Option<Compared> {
    let expected = herd(subject)?.transmissions(&subject.exchange.starts_us);
    let off = subject.runs.iter().find(|run| run.init.requests != expected);
    let simulated = off.or(subject.runs.first())?.init.requests;
    Some(Compared::exact(expected as f64, simulated as f64, off.is_none()))
}

/// Every place in the queue is compared where the values are all kept, the last in any case.
fn herd_answers(subject: &Subject<'_>) -> Option<Compared> {
    let herd = herd(subject)?;
    let right = |run: &Observed| {
        let latency = &run.init.latency_us;
        let places = (1..=herd.nodes).map(|place| (herd.answered_us(place), 1));
        let sum: u128 = places.clone().map(|(at_us, _)| u128::from(at_us)).sum();
        latency.tally.sum == sum && (!latency.is_exact() || latency.iter().eq(places))
    };
    let (expected, equal) = (herd.answered_us(herd.nodes), subject.runs.iter().all(right));
    let simulated = subject.all.init.latency_us.max()?;
    Some(Compared::exact(expected as f64 / 1e6, simulated as f64 / 1e6, equal))
}

/// The gateway never pauses while it has a request, and never has two at work.
fn served_while_busy(subject: &Subject<'_>) -> Option<Compared> {
    let service_us = micros(subject.scenario.gateway.service_time?);
    let right = |run: &Observed| Some(run.busy_us) == run.served.checked_mul(service_us);
    let Observed { served, busy_us, .. } = subject.all;
    (*served > 0).then(|| {
        let (expected, simulated) =
            (1e6 / service_us as f64, *served as f64 * 1e6 / *busy_us as f64);
        Compared::exact(expected, simulated, subject.runs.iter().all(right))
    })
}

/// From the first that begins to the last that succeeds, of the run that has the most in a second.
fn goodput(subject: &Subject<'_>) -> Option<Compared> {
    let service_us = micros(subject.scenario.gateway.service_time?);
    let runs = subject.runs.iter().filter(|run| run.established > 0);
    let took_us = |run: &Observed| run.last_established_us - run.first_attempt_us;
    let within = runs.clone().all(|run| run.established * service_us <= took_us(run));
    let per_s = runs.map(|run| run.established as f64 * 1e6 / took_us(run) as f64);
    let most = per_s.max_by(f64::total_cmp)?;
    Some(Compared::exact(1e6 / service_us as f64, most, within))
}

/// Whoever is awake ignores a wake, so the rate is the one that was seen, of each run by itself. Waits within a run depend
/// on each other; runs do not, so the error is that of what they are off by in the mean.
fn queue_wait(subject: &Subject<'_>) -> Option<Compared> {
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
    Some(Compared {
        expected,
        simulated,
        interval: Some(interval),
        sigmas: Some(off.sigmas),
        exactly: false,
    })
}
