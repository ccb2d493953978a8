//! Intervals of percentiles from the order of the values alone, whatever their distribution.

use super::Distribution;
use statrs::distribution::{Binomial, DiscreteCDF};

impl Distribution {
    /// Between which of the values a percentile of all that might have come lies with 95 % confidence: so many of n draws are
    /// below it as a binomial says, and so many ranks it may be off. `None` at an end: there are too few values to say. The
    /// values of a staircase are its steps, so its intervals are wider than they need to be, and never too narrow.
    #[must_use]
    pub fn percentile_interval(&self, per_mille: u64) -> (Option<u64>, Option<u64>) {
        let count = self.tally.count;
        let Ok(below) = Binomial::new(per_mille as f64 / 1e3, count) else { return (None, None) };
        if count == 0 {
            return (None, None);
        }
        // Fewer than this many are below it once in forty; and more than that many.
        let (low, high) = (least(&below, count, 0.025), least(&below, count, 0.975) + 1);
        (self.ranked(low), self.ranked(high))
    }

    /// The value of that rank, from 1.
    fn ranked(&self, rank: u64) -> Option<u64> {
        let mut so_far = 0;
        let mut values = self.iter();
        values.by_ref().find_map(|(value, times)| {
            so_far += times;
            (rank > 0 && so_far >= rank).then_some(value)
        })
    }
}

/// The least number that is not exceeded with that probability. (`statrs` has the same, and panics for few draws.)
fn least(binomial: &Binomial, draws: u64, probability: f64) -> u64 {
    let (mut low, mut high) = (0, draws);
    while low < high {
        let middle = u64::midpoint(low, high);
        if binomial.cdf(middle) >= probability {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to(count: u64) -> Distribution {
        let mut all = Distribution::default();
        (1..=count).for_each(|value| all.add(value));
        all
    }

    #[test]
    fn a_percentile_lies_between_the_ranks_of_the_textbook() {
        // Tables of binomial quantiles: B(1000, 0.99) has 983 and 996, B(100, 0.5) has 40 and 60.
        assert_eq!(up_to(1_000).percentile_interval(990), (Some(983), Some(997)));
        assert_eq!(up_to(100).percentile_interval(500), (Some(40), Some(61)));
    }

    #[test]
    fn too_few_values_leave_an_end_open() {
        // All of 300 are below the p99 once in twenty, all of 400 once in fifty-six.
        assert_eq!(up_to(300).percentile_interval(990).1, None);
        assert_eq!(up_to(400).percentile_interval(990).1, Some(400));
        assert_eq!(up_to(3).percentile_interval(10).0, None);
        assert_eq!(up_to(0).percentile_interval(500), (None, None));
    }
}
