//! What one run showed of its handshakes, counted from its events in integers.

mod attempt;
mod examples;
mod observed;
mod series;
mod spent;
mod waiting;

pub use examples::{Examples, Handshake};
pub use observed::{Datagrams, ExchangeCounts, Observed};
pub use series::{Counts, Gauge};
pub use spent::Spent;

use attempt::Attempt;
use ike_core::{Error, ExchangeType, Instant, Operation, PeerMisbehaved};
use serde::{Deserialize, Serialize};
use simulator::{Actor, Event, Observer, Place, What};
use std::collections::BTreeMap;
use vnet::link::{Direction, DropReason, Outcome};
use waiting::Waiting;

/// Only the processor tells: so it was queued, where there is a queue.
const IMPOSSIBLE: ike_core::DropReason =
    ike_core::DropReason::Unacceptable(Error::Misbehaved(PeerMisbehaved::InvalidPublicValue));

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
    /// Of each SA that its node has not got yet, the node and which of its attempts.
    tried: BTreeMap<u64, (u32, u32)>,
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
        let Self { observed, course, attempts, examples, tried, .. } = self;
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
                let in_turn = attempt.request(now_us, *exchange, *transmission);
                observed.out_of_turn += u64::from(!in_turn);
                if *transmission == 0 {
                    let (auth, rounds) = (*exchange == ExchangeType::IKE_AUTH, attempt.rounds());
                    observed.single_rounds += u64::from(auth && rounds == 1);
                    observed.further_rounds += u64::from(!auth && rounds > 2);
                }
            }
            What::Initiator(ike_initiator::Event::Established { .. }) => {
                observed.established += 1;
                course.established.add(now_us);
                attempt.conclude(observed, now_us, true);
                attempt.take_sa().and_then(|sa| tried.remove(&sa));
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
                let name = sa.spi_r().0;
                waiting.half_open_begins(now_us, (name, path.remote.ip()), seen);
                self.half_open(event.node(), name);
            }
            E::Dropped { reason: ike_core::DropReason::TooManyHalfOpen, .. } => {
                observed.dropped_at_limit += 1;
            }
            E::Dropped { reason, .. } if *reason == IMPOSSIBLE => {
                waiting.proved_impossible(now_us, seen);
            }
            E::Refused { .. } => observed.refusals += 1,
            E::CookieRequested { .. } => observed.cookies += 1,
            E::Closed { sa, .. } => {
                waiting.half_open_ends(now_us, sa.spi_r().0, seen);
                self.closed(sa.spi_r().0);
            }
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

    fn half_open(&mut self, node: Option<u32>, sa: u64) {
        let Some(node) = node else { return };
        if let Some(number) = self.attempt(node).map(|attempt| attempt.half_open(sa)) {
            self.tried.insert(sa, (node, number));
        }
    }

    fn closed(&mut self, sa: u64) {
        let Some((node, number)) = self.tried.remove(&sa) else { return };
        let tries = self.attempt(node).is_some_and(|attempt| attempt.tries(number));
        self.observed.forgotten += u64::from(tries);
    }

    fn sent(&mut self, who: Actor, (place, octets): (Place, usize), outcome: &Outcome) {
        let way = match place.direction {
            Direction::Towards => &mut self.observed.towards,
            Direction::Back => &mut self.observed.back,
        };
        way.0 += 1;
        let exchange = self.gateway_sends.take().filter(|_| who == Actor::Gateway);
        let counts = exchange.and_then(|one| Self::counts(&mut self.observed, one));
        let answers = counts.is_some();
        if let Some(counts) = counts {
            counts.responses += 1;
            counts.back.add(octets as u64, outcome);
        }
        if exchange == Some(ExchangeType::IKE_SA_INIT) {
            self.observed.init_octets_out += octets as u64;
        }
        let Self { observed, attempts, .. } = self;
        let index = usize::try_from(place.link).ok();
        let Some(attempt) = index.and_then(|index| attempts.get_mut(index)) else { return };
        let delivered = !matches!(outcome, Outcome::Dropped(_));
        match place.direction {
            Direction::Towards => {
                let sent = attempt.sent(place.index, octets, delivered);
                let Some((exchange, first)) = sent else { return };
                if let Some(counts) = Self::counts(observed, exchange) {
                    counts.towards.add(octets as u64, outcome);
                }
                if first {
                    let in_burst = *outcome == Outcome::Dropped(DropReason::GilbertElliott);
                    observed.first_requests += u64::from(delivered || in_burst);
                    observed.first_in_burst += u64::from(in_burst);
                }
            }
            Direction::Back if answers => {
                let in_turn = attempt.answered(place.index, delivered);
                observed.out_of_turn += u64::from(!in_turn);
            }
            Direction::Back => {}
        }
    }

    fn arrived(&mut self, now_us: u64, place: Place) {
        let Self { observed, course, attempts, .. } = self;
        let index = usize::try_from(place.link).ok();
        let Some(attempt) = index.and_then(|index| attempts.get_mut(index)) else { return };
        match place.direction {
            Direction::Back => {
                observed.out_of_turn += u64::from(!attempt.answer_arrived(place.index));
            }
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
