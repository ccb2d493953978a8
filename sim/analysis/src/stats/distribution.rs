//! All values of something and how often each came.

use super::Tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A distribution of whole numbers. It is exact up to 4,096 different values, which a link with a constant delay never
/// has; beyond that a value counts as the smallest one with the same 12 leading binary digits, which is less than
/// 0.05 % away. The tally stays exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// How often each value came, in their order.
    values: BTreeMap<u64, u64>,
    /// Whether all of them are what they were.
    coarse: bool,
    /// Count, sum and squares.
    pub tally: Tally,
}

/// More different values than this are too many to keep.
const MOST_VALUES: usize = 4_096;
/// The binary digits that are kept then.
const DIGITS: u32 = 12;

fn coarsened(value: u64) -> u64 {
    let drop = (u64::BITS - value.leading_zeros()).saturating_sub(DIGITS);
    value >> drop << drop
}

impl Distribution {
    /// One more value.
    pub fn add(&mut self, value: u64) {
        self.tally.add(value);
        self.count(value, 1);
    }

    fn count(&mut self, value: u64, times: u64) {
        let value = if self.coarse { coarsened(value) } else { value };
        *self.values.entry(value).or_default() += times;
        if !self.coarse && self.values.len() > MOST_VALUES {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.coarse = true;
        for (value, times) in core::mem::take(&mut self.values) {
            *self.values.entry(coarsened(value)).or_default() += times;
        }
    }

    /// All of another one.
    pub fn join(&mut self, other: &Self) {
        self.tally.join(&other.tally);
        if other.coarse && !self.coarse {
            self.coarsen();
        }
        for (value, times) in &other.values {
            self.count(*value, *times);
        }
    }

    /// Whether every value is what it was.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        !self.coarse
    }

    /// Each value with how often it came, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.values.iter().map(|(value, times)| (*value, *times))
    }

    /// How often a value came.
    #[must_use]
    pub fn times(&self, value: u64) -> u64 {
        self.values.get(&value).copied().unwrap_or_default()
    }

    /// The smallest value that at least `per_mille` thousandths of all do not exceed; `None` of nothing.
    #[must_use]
    pub fn percentile(&self, per_mille: u64) -> Option<u64> {
        self.percentile_among(per_mille, self.tally.count)
    }

    /// The same among so many, of which those that are not here are larger than any; `None`: it is one of those.
    #[must_use]
    pub fn percentile_among(&self, per_mille: u64, count: u64) -> Option<u64> {
        let rank = (count * per_mille).div_ceil(1_000).clamp(1, count.max(1));
        let mut so_far = 0;
        self.iter().find_map(|(value, times)| {
            so_far += times;
            (so_far >= rank).then_some(value)
        })
    }

    /// The largest value; `None` of nothing.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.values.last_key_value().map(|(value, _)| *value)
    }
}
