//! The draws of a link.
//!
//! Each direction of a link has a ChaCha key of its own. Under it, a kind of fault has a ChaCha stream number (the
//! nonce), and the block of that stream whose number is the index of the datagram holds its draws, each of two words:
//!
//! | stream | draws |
//! |---|---|
//! | 0 | loss; jitter |
//! | 1 | duplicate; jitter of the duplicate |
//! | 2, 3 | whether the original, the duplicate is held back |
//! | 4, 5 | whether the original, the duplicate is corrupted; the number of bits; each bit |
//! | 6, 7 | the same for mangling |
//! | 8 | loss of each further frame: 1024 draws in 128 blocks for each datagram |
//! | 9 | loss of each frame by the state of the link: likewise |
//!
//! A fault that is added later takes a stream number of its own, so that these draws stay where they are. What the
//! configuration makes impossible is not drawn: no other draw moves by that. What was ordered for a datagram does not
//! depend on its draw, and what is drawn after that one (the bits of a damage) is as it would be by chance.

use super::damage::{Damage, DamageKind};
use super::outcome::{Deliveries, Delivery, DropReason, Outcome};
use super::{Direction, DirectionConfig, Fault, Link, Orders};
use crate::random::{Probability, uniform};
use crate::time::{Instant, whole_micros};
use rand_chacha::ChaCha20Rng;

/// The words of key stream that belong to one datagram: one ChaCha block.
const WORDS_PER_DATAGRAM: u128 = 16;
/// The same of a stream that has a draw for each frame.
const WORDS_FOR_FRAMES: u128 = 2_048;

const LOSS: u64 = 0;
const DUPLICATE: u64 = 1;
const REORDER: u64 = 2;
const CORRUPT: u64 = 4;
const MANGLE: u64 = 6;
const FURTHER_FRAMES: u64 = 8;
const BURSTS: u64 = 9;

impl Direction {
    const fn purpose(self) -> &'static str {
        match self {
            Self::Towards => "link towards",
            Self::Back => "link back",
        }
    }
}

impl Link {
    pub(super) fn decide(
        &self,
        now: Instant,
        (direction, index): (Direction, u64),
        octets: &[u8],
    ) -> Outcome {
        let config = self.config(direction);
        let orders = self.orders(direction);
        if let Some(table) = orders.and_then(|orders| orders.replay.as_ref()) {
            return table.get(&index).copied().unwrap_or_else(|| Outcome::plain(config.delay));
        }
        if octets.len() > config.mtu {
            return Outcome::Dropped(DropReason::TooBig);
        }
        if self.config.outages.iter().any(|outage| outage.contains(now)) {
            return Outcome::Dropped(DropReason::Outage);
        }
        if orders.is_some_and(|orders| orders.faults.contains(&(index, Fault::Drop))) {
            return Outcome::Dropped(DropReason::Listed);
        }
        if self.config.trace(direction).is_some_and(|trace| trace.loses(now)) {
            return Outcome::Dropped(DropReason::Traced);
        }
        let draws = Draws { link: self, config, orders, direction, index };
        match draws.outcome(octets) {
            Outcome::Delivered(_) if draws.hit_by_burst(now, octets.len()) => {
                Outcome::Dropped(DropReason::GilbertElliott)
            }
            outcome => outcome,
        }
    }
}

/// The draws of one datagram.
struct Draws<'a> {
    link: &'a Link,
    config: &'a DirectionConfig,
    orders: Option<&'a Orders>,
    direction: Direction,
    index: u64,
}

impl Draws<'_> {
    fn outcome(&self, octets: &[u8]) -> Outcome {
        let (lost, jitter_us) = self.hit_and_jitter(LOSS, self.config.loss);
        let further = self.config.frames(octets.len()) - 1;
        if lost || self.hits_frames(FURTHER_FRAMES, self.config.loss, further) {
            return Outcome::Dropped(DropReason::Loss);
        }
        let original = self.copy(0, jitter_us, octets);
        let ordered = self.ordered(Fault::Duplicate);
        let duplicate = if self.config.duplicate == Probability::NEVER && !ordered {
            None
        } else {
            let (duplicated, jitter_us) = self.hit_and_jitter(DUPLICATE, self.config.duplicate);
            (duplicated || ordered).then(|| self.copy(1, jitter_us, octets))
        };
        Outcome::Delivered(Deliveries { original, duplicate })
    }

    /// Whether a frame is lost by the state that the link is in.
    fn hit_by_burst(&self, now: Instant, len: usize) -> bool {
        let Some(bursts) = &self.link.config.bursts else { return false };
        let bad = bursts.is_bad(&self.link.streams, self.link.id, now);
        self.hits_frames(BURSTS, bursts.loss(bad), self.config.frames(len))
    }

    /// Whether one of so many frames is hit: a draw for each.
    fn hits_frames(&self, stream: u64, probability: Probability, frames: u64) -> bool {
        if probability == Probability::NEVER || frames == 0 {
            return false;
        }
        let mut rng = self.stream_at(stream, WORDS_FOR_FRAMES);
        (0..frames).any(|_| probability.hits(&mut rng))
    }

    fn hit_and_jitter(&self, stream: u64, probability: Probability) -> (bool, u64) {
        let jitter_us = whole_micros(self.config.jitter);
        if probability == Probability::NEVER && jitter_us == 0 {
            return (false, 0);
        }
        let mut rng = self.stream(stream);
        let hit = probability.hits(&mut rng);
        (hit, uniform(&mut rng, jitter_us))
    }

    /// How copy 0 or 1 arrives.
    fn copy(&self, copy: u64, jitter_us: u64, octets: &[u8]) -> Delivery {
        let config = self.config;
        let after_us = whole_micros(config.delay).saturating_add(jitter_us);
        let reordered = self.hit(REORDER + copy, config.reorder, Fault::Reorder).is_some();
        let held_us = if reordered { whole_micros(config.reorder_delay) } else { 0 };
        let damage = |stream, probability, kind| {
            let fault = match kind {
                DamageKind::Corrupt => Fault::Corrupt,
                DamageKind::Mangle => Fault::Mangle,
            };
            let mut rng = self.hit(stream + copy, probability, fault)?;
            Damage::draw(kind, octets, &mut rng)
        };
        Delivery {
            after_us: after_us.saturating_add(held_us),
            reordered,
            damage: damage(CORRUPT, config.corrupt, DamageKind::Corrupt)
                .or_else(|| damage(MANGLE, config.mangle, DamageKind::Mangle)),
        }
    }

    /// Whether a fault hits, by chance or by order: then the stream with its further draws.
    fn hit(&self, stream: u64, probability: Probability, fault: Fault) -> Option<ChaCha20Rng> {
        let ordered = self.ordered(fault);
        if probability == Probability::NEVER && !ordered {
            return None;
        }
        let mut rng = self.stream(stream);
        (probability.hits(&mut rng) || ordered).then_some(rng)
    }

    fn ordered(&self, fault: Fault) -> bool {
        self.orders.is_some_and(|orders| orders.faults.contains(&(self.index, fault)))
    }

    fn stream(&self, number: u64) -> ChaCha20Rng {
        self.stream_at(number, WORDS_PER_DATAGRAM)
    }

    /// The stream from the datagram's place on, where each has so many words.
    fn stream_at(&self, number: u64, words: u128) -> ChaCha20Rng {
        let mut rng = self.link.streams.stream(self.link.id.into(), self.direction.purpose());
        rng.set_stream(number);
        rng.set_word_pos(u128::from(self.index) * words);
        rng
    }
}
