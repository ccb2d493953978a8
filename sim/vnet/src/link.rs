//! A point-to-point link with every fault of a network, for each direction: delay with jitter, loss by chance, in bursts
//! or as recorded, reordering, duplication, damage, an MTU, a bandwidth with a queue, outages and explicit lists of the
//! datagrams that a fault hits.
//!
//! # Decisions
//!
//! What happens to a datagram depends on (seed, link, direction, index of the datagram), the configuration and the
//! form of the datagram (its length and where its payload begins), never on an earlier draw: the faults are read from
//! key streams at a place given by the index. So a replay that drops one more datagram changes the fate of no other.
//! Each kind of fault has a key stream of its own, so that switching one on changes no decision about another.
//!
//! A duplicate is made where the datagram enters: each of the two copies has its own jitter, and is held back and
//! damaged on its own.
//!
//! Loss in bursts and recorded loss depend on the time, too, and a queue on what came before: that is what they are for.
//!
//! Without a [`Bandwidth`] the link is no queue. Behind it, too, a datagram may overtake an earlier one that drew more
//! jitter or is held back; a link without jitter and reordering keeps the order. What is lost on the way was sent, and took
//! its time; what is too big, or comes in an outage, was not.
//!
//! # Replay
//!
//! An [`Outcome`] is a short text and back, so that a run can be recorded, edited by hand and repeated with
//! [`Link::replay`].

mod account;
mod burst;
mod config;
mod damage;
mod decide;
mod outcome;
mod text;
mod trace;
mod transmitter;

#[cfg(test)]
mod tests;

pub use account::Accounting;
pub use burst::GilbertElliott;
pub use config::{DirectionConfig, LinkConfig, Outage};
pub use damage::{Damage, DamageKind, Flip, MAX_FLIPS};
pub use outcome::{Deliveries, Delivery, DropReason, Fate, Outcome};
pub use text::OutcomeError;
pub use trace::LossTrace;
pub use transmitter::Bandwidth;

use crate::random::Streams;
use crate::time::Instant;
use account::Accounts;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use transmitter::Transmitter;

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

    const fn index(self) -> usize {
        match self {
            Self::Towards => 0,
            Self::Back => 1,
        }
    }
}

/// What can be ordered for single datagrams, whatever the draws say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It is dropped; the other orders for it do not count then.
    Drop,
    /// It arrives twice, each copy with its own jitter and its own damage.
    Duplicate,
    /// It is held back, each copy of it, by the direction's `reorder_delay`.
    Reorder,
    /// Bits of each copy flip: see [`DamageKind::Corrupt`].
    Corrupt,
    /// Bits of each copy flip: see [`DamageKind::Mangle`]. One that is also to be corrupt is corrupt.
    Mangle,
}

/// What a link was told about single datagrams of one direction. Few links are.
#[derive(Debug, Clone, Default)]
struct Orders {
    faults: BTreeSet<(u64, Fault)>,
    replay: Option<BTreeMap<u64, Outcome>>,
}

/// A link between a node and the gateway. It holds no datagrams and no generator, shares its configuration, and keeps its
/// accounts in few octets: a million of them are cheap.
#[derive(Debug, Clone)]
pub struct Link {
    config: Arc<LinkConfig>,
    streams: Streams,
    /// By direction; `None`: nothing was ever ordered.
    orders: Option<Box<[Orders; 2]>>,
    accounts: Accounts,
    /// By direction; `None`: nothing crossed one that has a bandwidth.
    transmitters: Option<Box<[Transmitter; 2]>>,
    id: u32,
}

impl Link {
    /// The link with this number, which names its random streams: unique in a run.
    #[must_use]
    pub fn new(id: u32, config: impl Into<Arc<LinkConfig>>, streams: &Streams) -> Self {
        let (config, accounts) = (config.into(), Accounts::default());
        Self { config, streams: *streams, orders: None, accounts, transmitters: None, id }
    }

    /// The number of the link.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// One direction as configured.
    #[must_use]
    pub fn config(&self, direction: Direction) -> &DirectionConfig {
        match direction {
            Direction::Towards => &self.config.towards,
            Direction::Back => &self.config.back,
        }
    }

    /// When the link is down, both ways.
    #[must_use]
    pub fn outages(&self) -> &[Outage] {
        &self.config.outages
    }

    /// From now on `fault` also hits the datagrams with these indexes, counted from 0 in this direction.
    pub fn order(
        &mut self,
        direction: Direction,
        fault: Fault,
        indexes: impl IntoIterator<Item = u64>,
    ) {
        let faults = indexes.into_iter().map(|index| (index, fault));
        self.orders_mut(direction).faults.extend(faults);
    }

    /// From now on decides as `table` says, by the index of the datagram; configured and ordered faults do not
    /// count any more. A datagram that is not in the table arrives once, undamaged, after the configured delay and, where there
    /// is a bandwidth, the time until it is sent; no queue is full then.
    pub fn replay(&mut self, direction: Direction, table: BTreeMap<u64, Outcome>) {
        self.orders_mut(direction).replay = Some(table);
    }

    /// Decides what happens to a datagram (the octets from the IP header on) that enters the link now.
    ///
    /// The caller schedules each delivery, applies its damage, and calls [`arrived`](Self::arrived) when it happens.
    ///
    /// # Panics
    /// On the 2^32-nd datagram of a direction.
    pub fn transmit(&mut self, now: Instant, direction: Direction, octets: &[u8]) -> Fate {
        let index = u64::from(self.accounting(direction).sent);
        let outcome = self.decide(now, (direction, index), octets);
        let outcome = self.send(now, direction, (index, octets.len()), outcome);
        self.accounts.change(direction.index(), |account| account.entered(octets.len(), &outcome));
        Fate { index, outcome }
    }

    /// What becomes of an outcome where the direction has a bandwidth: it comes later, or the queue is full.
    fn send(
        &mut self,
        now: Instant,
        direction: Direction,
        (index, len): (u64, usize),
        outcome: Outcome,
    ) -> Outcome {
        let Some(bandwidth) = self.config(direction).bandwidth else { return outcome };
        if let Outcome::Dropped(reason) = outcome
            && !reason.is_after_sending()
        {
            return outcome;
        }
        let replay = self.orders(direction).and_then(|orders| orders.replay.as_ref());
        let table = replay.map(|table| table.contains_key(&index));
        let transmitter = &mut self.transmitters.get_or_insert_default()[direction.index()];
        match table {
            None => match transmitter.enter(now, len, &bandwidth) {
                Some(sent) => outcome.delayed(sent),
                None => Outcome::Dropped(DropReason::QueueFull),
            },
            Some(false) => outcome.delayed(transmitter.occupy(now, len, &bandwidth)),
            // What is written there says when it arrives.
            Some(true) => {
                transmitter.occupy(now, len, &bandwidth);
                outcome
            }
        }
    }

    /// Counts a datagram of `len` octets that nobody sent: somebody else puts it on the far end of the link, so that
    /// no fault touches it. `None`: it is longer than the MTU, and nothing was counted.
    ///
    /// The index counts the injected ones of this direction from 0. They take no index of those that were sent, so a
    /// forger changes no other datagram's fate. The caller schedules the delivery, makes it visible, and calls
    /// [`arrived`](Self::arrived) when it happens.
    ///
    /// # Panics
    /// On the 2^32-nd injected datagram of a direction.
    pub fn inject(&mut self, direction: Direction, len: usize) -> Option<u64> {
        (len <= self.config(direction).mtu)
            .then(|| self.accounts.change(direction.index(), Accounting::injected))
    }

    /// Counts the arrival of a copy of a datagram.
    pub fn arrived(&mut self, direction: Direction) {
        self.accounts.change(direction.index(), Accounting::arrived);
    }

    /// The account of one direction.
    #[must_use]
    pub fn accounting(&self, direction: Direction) -> Accounting {
        self.accounts.of(direction.index())
    }

    fn orders(&self, direction: Direction) -> Option<&Orders> {
        self.orders.as_ref().map(|orders| &orders[direction.index()])
    }

    fn orders_mut(&mut self, direction: Direction) -> &mut Orders {
        &mut self.orders.get_or_insert_default()[direction.index()]
    }
}
