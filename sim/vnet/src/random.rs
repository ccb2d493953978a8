//! Randomness: one named ChaCha20 stream for each consumer and purpose.
//!
//! A stream is derived from (seed, consumer, purpose) on demand and never shared, so that one more draw by one consumer
//! changes nothing for another. All sampling is integer arithmetic: the same on every machine.

mod lazy;
#[cfg(test)]
mod tests;

pub use lazy::LazyStream;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Longest name of a purpose, in octets.
const PURPOSE_LEN: usize = 16;

/// The random streams of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed of the run.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream of one consumer (a node, a link) for one purpose, from its beginning.
    ///
    /// Consumers of different kinds may have the same number if the purposes differ.
    ///
    /// # Panics
    /// When `purpose` is empty, longer than 16 octets, or contains NUL (the padding).
    #[must_use]
    pub fn stream(&self, consumer: u64, purpose: &'static str) -> ChaCha20Rng {
        let name = purpose.as_bytes();
        assert!(!name.is_empty() && name.len() <= PURPOSE_LEN, "a purpose has 1 to 16 octets");
        assert!(!name.contains(&0), "a purpose has no NUL: it would collide with the padding");
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&consumer.to_le_bytes());
        key[16..16 + name.len()].copy_from_slice(name);
        ChaCha20Rng::from_seed(key)
    }

    /// The same stream, made when somebody draws from it.
    ///
    /// # Panics
    /// As [`Self::stream`], but then.
    #[must_use]
    pub const fn lazy(&self, consumer: u64, purpose: &'static str) -> LazyStream {
        LazyStream::new(*self, consumer, purpose)
    }
}

/// A probability in parts per million; exact at 0 and at 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Probability(u32);

impl Probability {
    /// Impossible.
    pub const NEVER: Self = Self(0);
    /// Certain.
    pub const ALWAYS: Self = Self(Self::ONE_PPM);

    const ONE_PPM: u32 = 1_000_000;

    /// `ppm` parts per million; `None` above 1,000,000.
    #[must_use]
    pub const fn checked_from_ppm(ppm: u32) -> Option<Self> {
        if ppm <= Self::ONE_PPM { Some(Self(ppm)) } else { None }
    }

    /// `ppm` parts per million.
    ///
    /// # Panics
    /// Above 1,000,000.
    #[must_use]
    pub const fn from_ppm(ppm: u32) -> Self {
        match Self::checked_from_ppm(ppm) {
            Some(probability) => probability,
            None => panic!("a probability is at most 1,000,000 ppm"),
        }
    }

    /// Parts per million.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// Whether the event of this probability happens: one 64-bit draw, whatever the probability.
    pub fn hits<R: Rng + ?Sized>(&self, rng: &mut R) -> bool {
        scaled(rng.next_u64(), u128::from(Self::ONE_PPM)) < u64::from(self.0)
    }
}

/// A uniform number in `0..=max_inclusive`: one 64-bit draw, whatever the maximum.
///
/// Multiply-shift: a value's probability is off by less than 2^-64, and no platform rounds it differently.
pub fn uniform<R: Rng + ?Sized>(rng: &mut R, max_inclusive: u64) -> u64 {
    scaled(rng.next_u64(), u128::from(max_inclusive) + 1)
}

/// Maps a draw of 64 bits onto `0..range`, where `range` is at most 2^64.
fn scaled(draw: u64, range: u128) -> u64 {
    // Below 2^64 for every range up to 2^64, so the cast loses nothing.
    ((u128::from(draw) * range) >> 64) as u64
}
