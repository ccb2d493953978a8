//! The exchanges of a handshake, one after the other.

use super::Exchange;
use crate::stats::Moments;
use std::collections::BTreeMap;

/// A handshake: IKE_SA_INIT, then IKE_AUTH. Its datagrams are of different lengths, and where a link cuts them into frames, the longer ones
/// are lost more often.
#[derive(Clone, Debug, PartialEq)]
pub struct Handshake {
    /// An IKE_SA_INIT exchange.
    pub init: Exchange,
    /// How many of them: 1, and 2 with a COOKIE or INVALID_KE_PAYLOAD round first.
    pub rounds: u32,
    /// The IKE_AUTH exchange.
    pub auth: Exchange,
}

impl Handshake {
    fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        let init = (0..self.rounds).map(|_| &self.init);
        init.chain(core::iter::once(&self.auth))
    }

    /// All exchanges succeed: (1 - q^N)^E where all are alike. E is 2, and 3 with a round first.
    #[must_use]
    pub fn success(&self) -> f64 {
        self.exchanges().map(Exchange::success).product()
    }

    /// The steps of the latency: each value that it can have, in microseconds, with its probability. They sum up to
    /// [`Self::success`]; the rest fails.
    #[must_use]
    pub fn staircase(&self) -> BTreeMap<u64, f64> {
        let mut steps = BTreeMap::from([(0, 1.0)]);
        for exchange in self.exchanges() {
            let mut next = BTreeMap::new();
            for (before_us, share) in &steps {
                for (index, start_us) in exchange.starts_us.iter().enumerate() {
                    let at_us = before_us + start_us + exchange.round_trip_us;
                    *next.entry(at_us).or_default() += share * exchange.won_by(index);
                }
            }
            steps = next;
        }
        steps
    }

    /// The latency, given that all succeed, in microseconds: the sum over the exchanges of
    /// R + sum of s q^(k-1) S_(k-1) / (1 - q^N).
    #[must_use]
    pub fn latency_us(&self) -> Moments {
        let success = self.success();
        let steps = self.staircase();
        Moments::of(steps.into_iter().map(|(at_us, share)| (at_us as f64, share / success)))
    }
}
