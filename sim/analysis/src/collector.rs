//! What one run showed of its handshakes, counted from its events in integers.

mod attempt;
mod examples;
mod series;
mod spent;
mod waiting;

pub use examples::{Examples, Handshake};
pub use series::{Counts, Gauge};
pub use spent::Spent;

use crate::stats::{Distribution, text};
use attempt::Attempt;
use ike_core::{ExchangeType, Instant, Operation};
use serde::{Deserialize, Serialize};
use simulator::{Actor, Event, Observer, Place, What};
use vnet::link::{Direction, DropReason, Outcome};
use waiting::Waiting;

/// One of the two exchanges of a handshake, over all attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeCounts {
    /// Exchanges that were begun. A round with a cookie or another group is one of its own.
    pub begun: u64,
    /// Exchanges whose response was accepted.
    pub succeeded: u64,
    /// Requests sent, all transmissions.
    pub requests: u64,
    /// Responses that the gateway sent.
    pub responses: u64,
    /// Transmissions of exchanges that succeeded, beyond the one that was answered first.
    pub spurious: u64,
    /// Transmissions of exchanges that failed.
    pub in_vain: u64,
    /// From the first transmission to the accepted response, in microseconds.
    pub latency_us: Distribution,
}

impl ExchangeCounts {
    fn join(&mut self, other: &Self) {
        self.begun += other.begun;
        self.succeeded += other.succeeded;
        self.requests += other.requests;
        self.responses += other.responses;
        self.spurious += other.spurious;
        self.in_vain += other.in_vain;
        self.latency_us.join(&other.latency_us);
    }
}

/// What a run showed. A handshake is an attempt of a node: IKE_SA_INIT, then IKE_AUTH.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Handshakes that were begun.
    pub attempts: u64,
    /// Those of them that were the first of their wake.
    pub wakes: u64,
    /// Those that led to an IKE SA and its Child SA.
    pub established: u64,
    /// Those that were given up.
    pub failed: u64,
    /// Those of them that failed for another reason than that no answer came.
    pub refused: u64,
    /// IKE_SA_INIT.
    pub init: ExchangeCounts,
    /// IKE_AUTH.
    pub auth: ExchangeCounts,
    /// From the first transmission of IKE_SA_INIT to an established SA at the node, in microseconds.
    pub latency_us: Distribution,
    /// First transmissions of a wake, which nothing that was lost before has put off.
    pub first_requests: u64,
    /// Those of them that a burst took.
    pub first_in_burst: u64,
    /// Handshakes of which a request reached the gateway.
    pub reached: u64,
    /// Handshakes whose IKE_SA_INIT failed although a request reached the gateway: it keeps a half-open SA for nobody.
    pub orphans: u64,
    /// Handshakes that failed at the node and not at the gateway, which holds an SA for nobody.
    pub one_sided: u64,
    /// IKE_SA_INIT requests that the gateway dropped because too many were half-open or waited.
    pub dropped_at_limit: u64,
    /// Diffie-Hellman operations of the gateway.
    pub diffie_hellman: u64,
    /// IKE_SA_INIT requests that a gateway with a service time has served.
    pub served: u64,
    /// Further ones that it had not served when the run ended.
    pub unserved: u64,
    /// How long it had one to serve, in microseconds, up to the last that it served.
    pub busy_us: u64,
    /// The most half-open SAs of the gateway at one time.
    pub half_open_peak: u64,
    /// The most of what its limits count at one time: half-open SAs and requests that wait for its processor.
    pub waiting_peak: u64,
    /// The integral of half-open SAs over time, in SAs times microseconds.
    #[serde(with = "text")]
    pub half_open_integral_us: u128,
    /// The sum of their durations in microseconds, each from its beginning to its end or that of the run.
    #[serde(with = "text")]
    pub half_open_durations_us: u128,
    /// Octets of IP datagrams with IKE_SA_INIT that reached the gateway.
    pub init_octets_in: u64,
    /// Octets of its answers: what somebody with a forged address could have sent elsewhere.
    pub init_octets_out: u64,
    /// IP datagrams that entered links, and those of them that were lost, towards the gateway.
    pub towards: (u64, u64),
    /// The same back to the nodes.
    pub back: (u64, u64),
    /// Datagrams that a link dropped for another reason than its `loss`: too long, an outage, a list.
    pub dropped_otherwise: u64,
    /// What handshakes took, where nodes have a radio.
    pub spent: Option<Spent>,
    /// When the first handshake began, in microseconds of virtual time.
    pub first_attempt_us: u64,
    /// When the last one began that was the first of its wake.
    pub last_wake_us: u64,
    /// When the last one was established.
    pub last_established_us: u64,
}

impl Observed {
    /// All of another run, so that both are one. Times are those of either: the earliest first, the latest last.
    pub fn join(&mut self, other: &Self) {
        self.first_attempt_us = match (self.attempts, other.attempts) {
            (0, _) => other.first_attempt_us,
            (_, 0) => self.first_attempt_us,
            _ => self.first_attempt_us.min(other.first_attempt_us),
        };
        self.attempts += other.attempts;
        self.wakes += other.wakes;
        self.established += other.established;
        self.failed += other.failed;
        self.refused += other.refused;
        self.init.join(&other.init);
        self.auth.join(&other.auth);
        self.latency_us.join(&other.latency_us);
        self.first_requests += other.first_requests;
        self.first_in_burst += other.first_in_burst;
        self.reached += other.reached;
        self.orphans += other.orphans;
        self.one_sided += other.one_sided;
        self.dropped_at_limit += other.dropped_at_limit;
        self.diffie_hellman += other.diffie_hellman;
        self.served += other.served;
        self.unserved += other.unserved;
        self.busy_us += other.busy_us;
        self.half_open_peak = self.half_open_peak.max(other.half_open_peak);
        self.waiting_peak = self.waiting_peak.max(other.waiting_peak);
        self.half_open_integral_us += other.half_open_integral_us;
        self.half_open_durations_us += other.half_open_durations_us;
        self.init_octets_in += other.init_octets_in;
        self.init_octets_out += other.init_octets_out;
        self.dropped_otherwise += other.dropped_otherwise;
        if let Some(spent) = &other.spent {
            self.spent.get_or_insert_default().join(spent);
        }
        for (ours, theirs) in [(&mut self.towards, other.towards), (&mut self.back, other.back)] {
            *ours = (ours.0 + theirs.0, ours.1 + theirs.1);
        }
        self.last_wake_us = self.last_wake_us.max(other.last_wake_us);
        self.last_established_us = self.last_established_us.max(other.last_established_us);
    }

    /// Handshakes that were still going on when the run ended.
    #[must_use]
    pub const fn unfinished(&self) -> u64 {
        self.attempts - self.established - self.failed
    }
}

/// How a run went over time, or several together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// Handshakes begun.
    pub attempts: Counts,
    /// IKE_SA_INIT requests that reached the gateway.
    pub init_arrivals: Counts,
    /// Handshakes that led to an SA.
    pub established: Counts,
    /// Half-open SAs of the gateway, and requests that wait for its processor.
    pub waiting: Gauge,
    /// Those of the address that has the most.
    pub busiest_address: Gauge,
}

impl Course {
    /// All of another run.
    pub fn join(&mut self, other: &Self) {
        self.attempts.join(&other.attempts);
        self.init_arrivals.join(&other.init_arrivals);
        self.established.join(&other.established);
        self.waiting.join(&other.waiting);
        self.busiest_address.join(&other.busiest_address);
    }
}

/// What was seen of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its counts.
    pub observed: Observed,
    /// How it went over time.
    pub course: Course,
    /// Handshakes that stand for others.
    pub examples: Examples,
}

/// Looks at a run and counts.
#[derive(Debug, Default)]
pub struct Collector {
    observed: Observed,
    course: Course,
    examples: Examples,
    /// By node.
    attempts: Vec<Attempt>,
    waiting: Waiting,
    /// What the gateway has said it sends, before it enters the link.
    gateway_sends: Option<ExchangeType>,
}

impl Collector {
    /// For a run of so many nodes.
    ///
    /// # Panics
    /// Where so many nodes do not fit into memory.
    #[must_use]
    pub fn new(nodes: u32) -> Self {
        let nodes = usize::try_from(nodes).expect("a node's number fits");
        Self { attempts: vec![Attempt::default(); nodes], ..Self::default() }
    }

    /// What was seen, once the run has come to its end at that time.
    #[must_use]
    pub fn finish(mut self, end: Instant) -> Seen {
        self.waiting.finish(end.micros(), &mut self.observed, &mut self.course);
        let Self { observed, course, examples, .. } = self;
        Seen { observed, course, examples }
    }

    fn attempt(&mut self, node: u32) -> Option<&mut Attempt> {
        self.attempts.get_mut(usize::try_from(node).ok()?)
    }

    fn counts(observed: &mut Observed, exchange: ExchangeType) -> Option<&mut ExchangeCounts> {
        match exchange {
            ExchangeType::IKE_SA_INIT => Some(&mut observed.init),
            ExchangeType::IKE_AUTH => Some(&mut observed.auth),
            _ => None,
        }
    }

    fn node(&mut self, number: u32, event: &Event<'_>) {
        let Self { observed, course, attempts, examples, .. } = self;
        let Some(attempt) = usize::try_from(number).ok().and_then(|index| attempts.get_mut(index))
        else {
            return;
        };
        let now_us = event.at.micros();
        let handshake = |began_us| Handshake { node: number, began_us, took_us: now_us - began_us };
        match &event.what {
            What::Attempt { number } => {
                if observed.attempts == 0 {
                    observed.first_attempt_us = now_us;
                }
                observed.attempts += 1;
                if *number == 1 {
                    observed.wakes += 1;
                    observed.last_wake_us = now_us;
                }
                course.attempts.add(now_us);
                attempt.begin(now_us, *number == 1);
            }
            What::Request { exchange, transmission, .. } => {
                let Some(counts) = Self::counts(observed, *exchange) else { return };
                counts.requests += 1;
                if *transmission == 0 {
                    counts.begun += 1;
                    attempt.conclude(observed, now_us, true);
                }
                attempt.request(now_us, *exchange, *transmission);
            }
            What::Initiator(ike_initiator::Event::Established { .. }) => {
                observed.established += 1;
                observed.last_established_us = now_us;
                course.established.add(now_us);
                attempt.conclude(observed, now_us, true);
                if let Some(handshake) = attempt.over().map(handshake) {
                    observed.latency_us.add(handshake.took_us);
                    examples.succeeded(handshake);
                }
            }
            What::Initiator(ike_initiator::Event::Failed(reason)) => {
                observed.failed += 1;
                let unanswered = matches!(reason, ike_initiator::FailReason::TimedOut(_));
                observed.refused += u64::from(!unanswered);
                observed.orphans += u64::from(unanswered && attempt.is_orphan());
                observed.one_sided += u64::from(attempt.is_one_sided());
                attempt.conclude(observed, now_us, !unanswered);
                if let Some(handshake) = attempt.over().map(handshake) {
                    examples.failed(handshake);
                }
            }
            _ => {}
        }
    }

    fn responder(&mut self, event: &Event<'_>, what: &ike_responder::Event) {
        use ike_responder::Event as E;
        let now_us = event.at.micros();
        let Self { observed, course, waiting, .. } = self;
        let seen = (&mut *observed, &mut *course);
        match what {
            E::Operation { operation: Operation::DiffieHellman(_), .. } => {
                observed.diffie_hellman += 1;
            }
            E::HalfOpen { sa, path, .. } => {
                waiting.half_open_begins(now_us, (sa.spi_r().0, path.remote.ip()), seen);
            }
            E::Dropped { reason: ike_core::DropReason::TooManyHalfOpen, .. } => {
                observed.dropped_at_limit += 1;
            }
            E::Closed { sa, .. } => waiting.half_open_ends(now_us, sa.spi_r().0, seen),
            E::Crashed { .. } => waiting.crashed(now_us, seen),
            E::Established { sa, .. } => {
                waiting.half_open_ends(now_us, sa.spi_r().0, seen);
                let node = event.node();
                if let Some(attempt) = node.and_then(|node| self.attempt(node)) {
                    attempt.established_at_gateway();
                }
            }
            E::Queued { path, .. } => {
                waiting.queued(now_us, path.remote.ip(), seen);
                let node = event.node();
                if let Some(attempt) = node.and_then(|node| self.attempt(node)) {
                    attempt.queued();
                }
            }
            _ => {}
        }
    }

    fn sent(&mut self, who: Actor, (place, octets): (Place, usize), outcome: &Outcome) {
        let way = match place.direction {
            Direction::Towards => &mut self.observed.towards,
            Direction::Back => &mut self.observed.back,
        };
        way.0 += 1;
        let exchange = self.gateway_sends.take().filter(|_| who == Actor::Gateway);
        if let Some(counts) = exchange.and_then(|one| Self::counts(&mut self.observed, one)) {
            counts.responses += 1;
        }
        if exchange == Some(ExchangeType::IKE_SA_INIT) {
            self.observed.init_octets_out += octets as u64;
        }
        let Some(attempt) = self.attempt(place.link) else { return };
        match place.direction {
            Direction::Towards => {
                if attempt.sent(place.index, octets) {
                    let burst = Outcome::Dropped(DropReason::GilbertElliott);
                    self.observed.first_requests += 1;
                    self.observed.first_in_burst += u64::from(*outcome == burst);
                }
            }
            Direction::Back if exchange.is_some() => attempt.answered(place.index),
            Direction::Back => {}
        }
    }

    fn arrived(&mut self, now_us: u64, place: Place) {
        let Self { observed, course, attempts, .. } = self;
        let index = usize::try_from(place.link).ok();
        let Some(attempt) = index.and_then(|index| attempts.get_mut(index)) else { return };
        match place.direction {
            Direction::Back => attempt.answer_arrived(place.index),
            Direction::Towards => {
                if let Some(octets) = attempt.request_arrived(place.index, observed) {
                    observed.init_octets_in += octets;
                    course.init_arrivals.add(now_us);
                }
            }
        }
    }
}

impl Observer for Collector {
    fn event(&mut self, event: &Event<'_>) {
        match &event.what {
            What::Responder(what) => self.responder(event, what),
            What::Message { exchange, response: true, .. } if event.who == Actor::Gateway => {
                self.gateway_sends = Some(*exchange);
            }
            What::Sent { place, len, fate, .. } => self.sent(event.who, (*place, *len), fate),
            What::Lost { place, reason } => {
                match place.direction {
                    Direction::Towards => self.observed.towards.1 += 1,
                    Direction::Back => self.observed.back.1 += 1,
                }
                self.observed.dropped_otherwise += u64::from(*reason != DropReason::Loss);
            }
            What::Arrived { place, .. } => self.arrived(event.at.micros(), *place),
            _ => {
                if let Actor::Node(number) = event.who {
                    self.node(number, event);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
