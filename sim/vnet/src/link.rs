//! A point-to-point link with delay, jitter, loss and an MTU for each direction.
//!
//! What happens to a datagram depends on (seed, link, direction, index of the datagram) and the configuration, never
//! on an earlier draw: the faults are read from a key stream at a place given by the index. So a replay that drops
//! one more datagram changes the fate of no other.
//!
//! Jitter is drawn for each datagram on its own and the link is no queue: a datagram may overtake an earlier one
//! that drew more jitter. A link without jitter keeps the order.

#[cfg(test)]
mod tests;

use crate::random::{Probability, Streams, uniform_us};
use crate::time::{Instant, whole_micros};
use core::time::Duration;
use rand_chacha::ChaCha20Rng;

/// The words of key stream that belong to one datagram: one ChaCha block, of which loss and jitter use four words.
/// A fault that is added later takes a ChaCha stream number of its own, so that these draws stay where they are.
const WORDS_PER_DATAGRAM: u128 = 16;

/// Which way a datagram crosses the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the node to the gateway.
    Towards,
    /// From the gateway to the node.
    Back,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Towards => Self::Back,
            Self::Back => Self::Towards,
        }
    }

    const fn purpose(self) -> &'static str {
        match self {
            Self::Towards => "link towards",
            Self::Back => "link back",
        }
    }
}

/// One direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectionConfig {
    /// How long every datagram takes at least; whole microseconds count.
    pub delay: Duration,
    /// Added to the delay: uniform in `0..=jitter`, independent for each datagram.
    pub jitter: Duration,
    /// The probability that a datagram is lost, independent for each.
    pub loss: Probability,
    /// The longest IP datagram that passes, in octets.
    pub mtu: usize,
}

/// Both directions of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkConfig {
    /// From the node to the gateway.
    pub towards: DirectionConfig,
    /// From the gateway to the node.
    pub back: DirectionConfig,
}

impl LinkConfig {
    /// The same in both directions.
    #[must_use]
    pub const fn symmetric(both: DirectionConfig) -> Self {
        Self { towards: both, back: both }
    }
}

/// Why a link dropped a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// Lost by chance.
    Loss,
    /// Longer than the MTU.
    TooBig,
}

/// What a link does with one datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It arrives.
    Delivered {
        /// When it arrives.
        at: Instant,
    },
    /// It does not.
    Dropped(DropReason),
}

/// The decision about one datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// The place of the datagram among all that entered the link in this direction, dropped ones included; from 0.
    pub index: u64,
    /// What happens to it.
    pub outcome: Outcome,
}

/// What crossed one direction of a link, in datagrams unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accounting {
    /// Entered the link.
    pub sent: u64,
    /// Arrived at the other end.
    pub delivered: u64,
    /// Lost by chance.
    pub dropped_loss: u64,
    /// Dropped because of the MTU.
    pub dropped_too_big: u64,
    /// On the way.
    pub in_flight: u64,
    /// Octets that entered the link, dropped datagrams included.
    pub octets: u64,
}

impl Accounting {
    /// Counts the arrival of a datagram that was in flight. One arrival too many unbalances the account.
    pub fn arrived(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.delivered += 1;
    }

    /// Datagrams that were dropped, for whatever reason.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped_loss + self.dropped_too_big
    }

    /// Whether every datagram is accounted for: sent = delivered + dropped + in flight.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.sent == self.delivered + self.dropped() + self.in_flight
    }

    fn entered(&mut self, len: usize, outcome: Outcome) {
        self.sent += 1;
        self.octets += len as u64;
        match outcome {
            Outcome::Delivered { .. } => self.in_flight += 1,
            Outcome::Dropped(DropReason::Loss) => self.dropped_loss += 1,
            Outcome::Dropped(DropReason::TooBig) => self.dropped_too_big += 1,
        }
    }
}

/// A link between a node and the gateway. It holds no datagrams and no generator: a million of them are cheap.
#[derive(Debug, Clone)]
pub struct Link {
    id: u32,
    config: LinkConfig,
    streams: Streams,
    towards: Accounting,
    back: Accounting,
}

impl Link {
    /// The link with this number, which names its random streams: unique in a run.
    #[must_use]
    pub const fn new(id: u32, config: LinkConfig, streams: &Streams) -> Self {
        let unused = Accounting {
            sent: 0,
            delivered: 0,
            dropped_loss: 0,
            dropped_too_big: 0,
            in_flight: 0,
            octets: 0,
        };
        Self { id, config, streams: *streams, towards: unused, back: unused }
    }

    /// The number of the link.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// One direction as configured.
    #[must_use]
    pub const fn config(&self, direction: Direction) -> &DirectionConfig {
        match direction {
            Direction::Towards => &self.config.towards,
            Direction::Back => &self.config.back,
        }
    }

    /// Decides what happens to a datagram of `len` octets (IP header included) that enters the link now.
    ///
    /// The caller schedules the delivery and calls [`arrived`](Self::arrived) when it happens.
    pub fn transmit(&mut self, now: Instant, direction: Direction, len: usize) -> Fate {
        let index = self.accounting(direction).sent;
        let outcome = self.decide(now, direction, index, len);
        self.accounting_mut(direction).entered(len, outcome);
        Fate { index, outcome }
    }

    /// Counts the arrival of a datagram.
    pub fn arrived(&mut self, direction: Direction) {
        self.accounting_mut(direction).arrived();
    }

    /// The account of one direction.
    #[must_use]
    pub const fn accounting(&self, direction: Direction) -> &Accounting {
        match direction {
            Direction::Towards => &self.towards,
            Direction::Back => &self.back,
        }
    }

    fn accounting_mut(&mut self, direction: Direction) -> &mut Accounting {
        match direction {
            Direction::Towards => &mut self.towards,
            Direction::Back => &mut self.back,
        }
    }

    fn decide(&self, now: Instant, direction: Direction, index: u64, len: usize) -> Outcome {
        let config = self.config(direction);
        if len > config.mtu {
            return Outcome::Dropped(DropReason::TooBig);
        }
        let (lost, jitter) = self.draw(direction, index);
        if lost {
            Outcome::Dropped(DropReason::Loss)
        } else {
            Outcome::Delivered { at: now + config.delay + jitter }
        }
    }

    /// Both draws are made whatever the configuration, so that a change of one knob does not move the other.
    fn draw(&self, direction: Direction, index: u64) -> (bool, Duration) {
        let config = self.config(direction);
        let mut rng = self.faults_of(direction, index);
        let lost = config.loss.hits(&mut rng);
        let jitter = uniform_us(&mut rng, whole_micros(config.jitter));
        (lost, Duration::from_micros(jitter))
    }

    fn faults_of(&self, direction: Direction, index: u64) -> ChaCha20Rng {
        let mut rng = self.streams.stream(u64::from(self.id), direction.purpose());
        rng.set_word_pos(u128::from(index) * WORDS_PER_DATAGRAM);
        rng
    }
}
