//! What a formula takes for granted, as conditions that a scenario meets or does not.

use crate::collector::{Datagrams, ExchangeCounts, Observed};
use crate::formulas::{Exchange, Handshake, in_frames, utilisation};
use core::time::Duration;
use ike_core::Jitter;
use simulator::scenario::{Cookies, Group, Link, LinkDirection, Listed, Rate, Scenario, Wakes};

/// Something that a formula takes for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Premise {
    /// All nodes have the same link and the same schedule.
    OneKind,
    /// A frame is lost or not, whatever became of others, and each as often.
    IndependentLoss,
    /// No datagram is lost.
    NoLoss,
    /// Every answer takes the same time.
    ConstantRoundTrip,
    /// The links delay all datagrams alike, whatever the gateway does.
    ConstantDelay,
    /// Each request was answered before the next was due, or it or its answer was lost.
    ///
    /// It is looked at as it was, since what a queue, a processor or a radio may take has no bound. That favours no
    /// outcome: where it was so, each exchange went as it would have with the same losses and no delay at all, and that is
    /// what the formulas speak of. So a comparison finds a difference no more often by chance than theirs would.
    AnsweredInTurn,
    /// Datagrams are neither damaged, nor duplicated, nor forged.
    Intact,
    /// The answer to the last transmission comes before the request is given up.
    LastAnswerInTime,
    /// Timeouts are exact.
    ExactTimers,
    /// A handshake is two exchanges: no cookie, no other group.
    TwoExchanges,
    /// All handshakes are as many exchanges: three where the gateway asks each for a cookie.
    SameExchanges,
    /// Datagrams of one kind are cut into the same number of frames.
    SameFrames,
    /// A link that loses cuts datagrams into frames.
    LossyFrames,
    /// The gateway keeps each SA for as long as its node tries.
    ///
    /// It is looked at as it was, which favours no outcome: see [`Self::AnsweredInTurn`].
    GatewayRemembers,
    /// The gateway refuses nobody, and no limit is reached.
    NobodyRefused,
    /// Each handshake came to its end before the run did.
    AllFinished,
    /// Nobody gives up.
    ///
    /// It is looked at as it was, which favours no outcome: see [`Self::AnsweredInTurn`].
    NobodyGivesUp,
    /// All nodes wake at one time, once.
    WakeAtOnce,
    /// The gateway needs some time for each Diffie-Hellman.
    ServiceTime,
    /// Nodes wake by a Poisson process.
    PoissonWakes,
    /// The gateway can serve as many as wake.
    ServedInTheEnd,
    /// All links lose in bursts.
    Bursts,
    /// All nodes wake once: what one wake meets says nothing of another.
    WakeOnce,
}

/// The first of these premises that does not hold, in words.
#[must_use]
pub fn broken<'a>(
    premises: impl IntoIterator<Item = &'a Premise>,
    scenario: &Scenario,
    observed: &Observed,
) -> Option<String> {
    premises.into_iter().find_map(|premise| premise.broken(scenario, observed))
}

/// The exchange that formulas speak of: of the first group, which stands for all by [`Premise::OneKind`].
#[must_use]
pub fn exchange(scenario: &Scenario) -> Exchange {
    exchange_of(&scenario.groups[0])
}

/// The handshake that formulas speak of, as far as [`Premise::SameExchanges`] and [`Premise::SameFrames`] hold.
#[must_use]
pub fn handshake(scenario: &Scenario, observed: &Observed) -> Handshake {
    let (exchange, link) = (exchange(scenario), &scenario.groups[0].link);
    let of = |counts: &ExchangeCounts| Exchange {
        loss_towards: in_frames(
            exchange.loss_towards,
            frames(&link.towards, counts.towards.longest),
        ),
        loss_back: in_frames(exchange.loss_back, frames(&link.back, counts.back.longest)),
        ..exchange.clone()
    };
    let rounds = rounds(scenario, observed).unwrap_or(1);
    Handshake { init: of(&observed.init), rounds, auth: of(&observed.auth) }
}

/// IKE_SA_INIT exchanges of each handshake; `None`: they differ.
fn rounds(scenario: &Scenario, observed: &Observed) -> Option<u32> {
    let Observed { cookies, single_rounds, further_rounds, attempts, init, .. } = observed;
    if *cookies == 0 && init.begun <= *attempts {
        return Some(1);
    }
    let all_asked = scenario.gateway.cookies == Cookies::Always;
    (all_asked && *single_rounds == 0 && *further_rounds == 0).then_some(2)
}

/// Frames of a datagram of so many octets.
pub(crate) fn frames(way: &LinkDirection, octets: u64) -> usize {
    let octets = usize::try_from(octets).unwrap_or(usize::MAX);
    way.frame.map_or(1, |frame| octets.div_ceil(frame.get()).max(1))
}

/// The datagrams of a handshake by kind, each with its way.
pub(crate) fn kinds<'a>(
    scenario: &'a Scenario,
    observed: &'a Observed,
) -> [(&'a LinkDirection, &'a Datagrams); 4] {
    let (link, Observed { init, auth, .. }) = (&scenario.groups[0].link, observed);
    [
        (&link.towards, &init.towards),
        (&link.back, &init.back),
        (&link.towards, &auth.towards),
        (&link.back, &auth.back),
    ]
}

fn exchange_of(group: &Group) -> Exchange {
    let share = |rate: Rate| f64::from(rate.ppm()) / 1e6;
    let link = &group.link;
    let delays_us = (micros(link.towards.delay), micros(link.back.delay));
    let loss = (share(link.towards.loss), share(link.back.loss));
    Exchange::new(&group.retransmission, loss, delays_us)
}

/// When each node of the group wakes first, and up to how much later, where none wakes again.
fn only_wake(group: &Group) -> Option<(Duration, Duration)> {
    match &group.wakes {
        Wakes::Once { at, within } => Some((*at, *within)),
        Wakes::At(times) => match times[..] {
            [at] => Some((at, Duration::ZERO)),
            _ => None,
        },
        Wakes::Every { .. } | Wakes::Poisson { .. } => None,
    }
}

fn wakes_at_once(scenario: &Scenario) -> bool {
    let at =
        |group: &Group| only_wake(group).and_then(|(at, within)| within.is_zero().then_some(at));
    let first = at(&scenario.groups[0]);
    first.is_some() && scenario.groups.iter().all(|group| at(group) == first)
}

/// The nodes of each group and the wakes of one of them in a second, where all groups wake by a Poisson process.
fn poisson(scenario: &Scenario) -> Option<Vec<(f64, f64)>> {
    let of = |group: &Group| match group.wakes {
        Wakes::Poisson { mean } => Some((f64::from(group.count), 1.0 / mean.as_secs_f64())),
        _ => None,
    };
    scenario.groups.iter().map(of).collect()
}

/// As how many nodes, all alike, those are that wake by Poisson processes: what one that waits takes from the rate of all
/// others is its own, and whoever wakes more often waits more often.
pub(crate) fn like_sleepers(scenario: &Scenario) -> Option<u64> {
    let groups = poisson(scenario)?;
    let sum: f64 = groups.iter().map(|(count, per_s)| count * per_s).sum();
    let squares: f64 = groups.iter().map(|(count, per_s)| count * per_s * per_s).sum();
    Some((sum * sum / squares).round().max(1.0) as u64)
}

/// Whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Any of a group's two directions.
fn any_way(group: &Group, is: impl Fn(&LinkDirection) -> bool) -> bool {
    is(&group.link.towards) || is(&group.link.back)
}

impl Premise {
    /// Why it does not hold there; `None`: it does.
    #[must_use]
    pub fn broken(self, scenario: &Scenario, observed: &Observed) -> Option<String> {
        let exchange = exchange(scenario);
        let any =
            |is: fn(&LinkDirection) -> bool| scenario.groups.iter().any(|group| any_way(group, is));
        let gateway = &scenario.gateway;
        let why = |is: bool, text: &str| is.then(|| text.to_owned());
        match self {
            Self::OneKind => why(differ(scenario), "groups have different links or schedules"),
            Self::IndependentLoss => why(
                observed.dropped_otherwise > 0,
                "datagrams are lost otherwise than by an independent draw for each",
            ),
            Self::NoLoss => why(any(|way| way.loss != Rate::ZERO), "links lose datagrams"),
            Self::ConstantDelay => delays_vary(scenario),
            Self::ConstantRoundTrip => Self::ConstantDelay
                .broken(scenario, observed)
                .or_else(|| why(gateway.service_time.is_some(), "requests queue at the gateway")),
            Self::AnsweredInTurn => {
                why(observed.out_of_turn > 0, "answers come after the next request is due")
            }
            Self::Intact => damaged(scenario),
            Self::LastAnswerInTime => {
                why(exchange.answers_late(), "the last answer comes after the request is given up")
            }
            Self::ExactTimers => {
                let jitter = |group: &Group| group.retransmission.jitter != Jitter::None;
                why(scenario.groups.iter().any(jitter), "timers have jitter")
            }
            Self::TwoExchanges => {
                why(rounds(scenario, observed) != Some(1), "the gateway asks for cookies")
            }
            Self::SameExchanges => {
                why(rounds(scenario, observed).is_none(), "the gateway asks only some for cookies")
            }
            Self::SameFrames => why(
                kinds(scenario, observed).into_iter().any(differ_in_frames),
                "datagrams of one kind are cut into different numbers of frames",
            ),
            Self::LossyFrames => {
                let cuts = |way: &LinkDirection| way.frame.is_some() && way.loss != Rate::ZERO;
                why(!any(cuts), "no link that loses cuts datagrams into frames")
            }
            Self::GatewayRemembers => {
                why(observed.forgotten > 0, "the gateway forgets SAs while nodes still try")
            }
            Self::NobodyRefused => refused(scenario, observed),
            Self::AllFinished => {
                why(observed.unfinished() > 0, "the run ended before all handshakes did")
            }
            Self::NobodyGivesUp => why(observed.failed > 0, "nodes give up while they wait"),
            Self::WakeAtOnce => why(!wakes_at_once(scenario), "nodes do not wake at one time"),
            Self::ServedInTheEnd => why(
                load(scenario).is_some_and(|load| load >= 1.0),
                "more nodes wake than can be served",
            ),
            Self::Bursts => {
                let steady = |group: &Group| group.link.gilbert_elliott.is_none();
                why(scenario.groups.iter().any(steady), "links do not lose in bursts")
            }
            Self::WakeOnce => {
                let again = |group: &Group| only_wake(group).is_none();
                why(scenario.groups.iter().any(again), "nodes wake more than once")
            }
            Self::ServiceTime => why(gateway.service_time.is_none(), "the gateway needs no time"),
            Self::PoissonWakes => why(poisson(scenario).is_none(), "wakes are no Poisson process"),
        }
    }
}

fn delays_vary(scenario: &Scenario) -> Option<String> {
    let varies = |way: &LinkDirection| {
        !way.jitter.is_zero() || way.reorder != Rate::ZERO || way.bandwidth.is_some()
    };
    if scenario.groups.iter().any(|group| any_way(group, varies)) {
        return Some("delays vary".to_owned());
    }
    let works = scenario.groups.iter().any(Group::is_delayed);
    works.then(|| "nodes take time to work or to send".to_owned())
}

fn differ_in_frames((way, kind): (&LinkDirection, &Datagrams)) -> bool {
    frames(way, kind.shortest) != frames(way, kind.longest)
}

/// The share of time that the gateway works, where it needs some and all wake by a Poisson process.
fn load(scenario: &Scenario) -> Option<f64> {
    let service_time = scenario.gateway.service_time?;
    // Together they are one process.
    let per_s = poisson(scenario)?.iter().map(|(count, per_s)| count * per_s).sum();
    Some(utilisation(per_s, micros(service_time)))
}

fn differ(scenario: &Scenario) -> bool {
    let first = &scenario.groups[0];
    let like_first =
        |group: &Group| group.link == first.link && group.retransmission == first.retransmission;
    !scenario.groups.iter().all(like_first)
}

fn damaged(scenario: &Scenario) -> Option<String> {
    if !scenario.forgers.is_empty() {
        return Some("somebody forges datagrams".to_owned());
    }
    let rates = |way: &LinkDirection| {
        [way.corrupt, way.mangle, way.duplicate].iter().any(|rate| *rate != Rate::ZERO)
    };
    let listed = |listed: &Listed| !listed.towards.is_empty() || !listed.back.is_empty();
    let damages = |group: &Group| {
        let Link { duplicates, corrupts, mangles, .. } = &group.link;
        any_way(group, rates) || [duplicates, corrupts, mangles].into_iter().any(listed)
    };
    let damaged = scenario.groups.iter().any(damages);
    damaged.then(|| "links damage or duplicate datagrams".to_owned())
}

fn refused(scenario: &Scenario, observed: &Observed) -> Option<String> {
    let gateway = &scenario.gateway;
    if !gateway.crashes.is_empty() {
        return Some("the gateway crashes".to_owned());
    }
    if observed.refused > 0 || observed.refusals > 0 {
        return Some("the gateway refuses nodes".to_owned());
    }
    // Of all addresses together or of one: below it the gateway does what it would do without.
    let limited = observed.dropped_at_limit > 0;
    limited.then(|| "the gateway limits half-open SAs".to_owned())
}
