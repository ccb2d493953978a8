//! A run over time, in few numbers: when there are too many, two become one.

use serde::{Deserialize, Serialize};

/// At most so many bins.
const BINS: usize = 512;

/// The narrowest bin, in microseconds.
const NARROWEST_US: u64 = 1_000;

/// How many times something happened in each bin of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The width of a bin, in microseconds; the first begins at the start of the run.
    pub width_us: u64,
    /// From the first bin to the last with something in it.
    pub bins: Vec<u64>,
}

/// Its highest level in each bin of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// As of [`Counts`].
    pub width_us: u64,
    /// From the first bin to that of the last change, or of the end of the run.
    pub bins: Vec<u64>,
    level: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { width_us: NARROWEST_US, bins: Vec::new() }
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self { width_us: NARROWEST_US, bins: Vec::new(), level: 0 }
    }
}

/// The bins joined until they are as wide as that, which is `width_us` times a power of two.
fn widened(
    bins: &[u64],
    (width_us, to_us): (u64, u64),
    join: impl Fn(u64, u64) -> u64,
) -> Vec<u64> {
    let together = usize::try_from(to_us / width_us).unwrap_or(usize::MAX).max(1);
    bins.chunks(together).map(|few| few.iter().copied().reduce(&join).unwrap_or(0)).collect()
}

/// The bin of that time; there are few enough afterwards.
fn bin(now_us: u64, width_us: &mut u64, bins: &mut Vec<u64>, join: fn(u64, u64) -> u64) -> usize {
    loop {
        let index = usize::try_from(now_us / *width_us).unwrap_or(usize::MAX);
        if index < BINS {
            return index;
        }
        *width_us *= 2;
        *bins = widened(bins, (1, 2), join);
    }
}

impl Counts {
    /// The same in bins as wide as those of another run: widths are powers of two of one another.
    #[must_use]
    pub fn widened(&self, to_us: u64) -> Vec<u64> {
        widened(&self.bins, (self.width_us, to_us), |a, b| a + b)
    }

    pub(super) fn add(&mut self, now_us: u64) {
        let index = bin(now_us, &mut self.width_us, &mut self.bins, |a, b| a + b);
        if self.bins.len() <= index {
            self.bins.resize(index + 1, 0);
        }
        self.bins[index] += 1;
    }
}

impl Gauge {
    /// As [`Counts::widened`].
    #[must_use]
    pub fn widened(&self, to_us: u64) -> Vec<u64> {
        widened(&self.bins, (self.width_us, to_us), u64::max)
    }

    pub(super) fn set(&mut self, now_us: u64, level: u64) {
        self.reach(now_us);
        self.level = level;
        if let Some(last) = self.bins.last_mut() {
            *last = level.max(*last);
        }
    }

    /// The level stays what it is until then.
    fn reach(&mut self, now_us: u64) {
        let index = bin(now_us, &mut self.width_us, &mut self.bins, u64::max);
        if self.bins.len() <= index {
            self.bins.resize(index + 1, self.level);
        }
    }

    /// The run is over. A level of zero at the end is not drawn out.
    pub(super) fn finish(&mut self, end_us: u64) {
        if self.level > 0 {
            self.reach(end_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stay_the_same_in_wider_bins() {
        let mut counts = Counts::default();
        (0..5_000).for_each(|ms| counts.add(ms * 1_000));
        assert_eq!((counts.width_us, counts.bins.len()), (16_000, 313));
        assert_eq!(counts.bins.iter().sum::<u64>(), 5_000);
        assert_eq!(counts.bins[..2], [16, 16]);
        assert_eq!(counts.widened(16_000), counts.bins);
        let wide = counts.widened(32_000);
        assert_eq!((wide.len(), wide[0], wide[156]), (157, 32, 8));
    }

    #[test]
    fn a_gauge_keeps_its_level_and_its_peaks() {
        let mut gauge = Gauge::default();
        gauge.set(2_500, 3);
        gauge.set(2_900, 1);
        gauge.set(5_000, 0);
        gauge.finish(1_000_000);
        assert_eq!(gauge.widened(4_000), [3, 1]);
        assert_eq!(gauge.bins, [0, 0, 3, 1, 1, 1]);
        let mut wide = Gauge::default();
        wide.set(1_000, 7);
        wide.set(700_000, 9);
        wide.finish(900_000);
        assert_eq!((wide.width_us, wide.bins[0], wide.bins[349]), (2_000, 7, 7));
        assert_eq!((wide.bins[350], wide.bins[450]), (9, 9));
    }
}
