//! All values of something and how often each came.

use super::Tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A distribution of whole numbers. It is exact up to [`MOST_VALUES`] different values, which a link with a constant delay never
/// has; beyond that a value counts as the smallest one with the same [`DIGITS`] leading binary digits, which is less than
/// [`COARSE`] away. The tally, the smallest and the largest stay exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// How often each value came, in their order.
    values: BTreeMap<u64, u64>,
    /// Whether all of them are what they were.
    coarse: bool,
    /// The smallest and the largest.
    ends: Option<(u64, u64)>,
    /// Count, sum and squares.
    pub tally: Tally,
}

/// More different values than this are too many to keep.
pub const MOST_VALUES: usize = 4_096;
/// The binary digits that are kept then.
pub const DIGITS: u32 = 12;
/// By so much of itself a value, and so a percentile, may be too small then.
pub const COARSE: f64 = 1.0 / (1 << (DIGITS - 1)) as f64;

fn coarsened(value: u64) -> u64 {
    let drop = (u64::BITS - value.leading_zeros()).saturating_sub(DIGITS);
    value >> drop << drop
}

impl Distribution {
    /// One more value.
    pub fn add(&mut self, value: u64) {
        self.tally.add(value);
        self.extend(value, value);
        self.count(value, 1);
    }

    fn extend(&mut self, min: u64, max: u64) {
        let (low, high) = self.ends.unwrap_or((min, max));
        self.ends = Some((low.min(min), high.max(max)));
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
        if let Some((min, max)) = other.ends {
            self.extend(min, max);
        }
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
        if rank == 1 {
            return self.min();
        }
        if rank == self.tally.count {
            return self.max();
        }
        let mut so_far = 0;
        self.iter().find_map(|(value, times)| {
            so_far += times;
            (so_far >= rank).then_some(value)
        })
    }

    /// The smallest value; `None` of nothing.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        self.ends.map(|(min, _)| min)
    }

    /// The largest value; `None` of nothing.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.ends.map(|(_, max)| max)
    }
}
