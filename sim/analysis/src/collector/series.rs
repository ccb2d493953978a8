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

/// Its level in each bin of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// As of [`Counts`].
    pub width_us: u64,
    /// The highest level, from the first bin to that of the last change, or of the end of the run.
    pub bins: Vec<u64>,
    /// The integral of the level over the time of each bin, in microseconds.
    areas_us: Vec<u64>,
    #[serde(skip)]
    level: u64,
    /// Since when it is that.
    #[serde(skip)]
    since_us: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { width_us: NARROWEST_US, bins: Vec::new() }
    }
}

impl Default for Gauge {
    fn default() -> Self {
        let (bins, areas_us) = (Vec::new(), Vec::new());
        Self { width_us: NARROWEST_US, bins, areas_us, level: 0, since_us: 0 }
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

/// Bin by bin; where one has ended, it is nothing.
fn together(a: &[u64], b: &[u64], join: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    let at = |bins: &[u64], index| bins.get(index).copied().unwrap_or_default();
    (0..a.len().max(b.len())).map(|index| join(at(a, index), at(b, index))).collect()
}

fn sum(a: u64, b: u64) -> u64 {
    a + b
}

impl Counts {
    /// The same in bins as wide as those of another run: widths are powers of two of one another.
    #[must_use]
    pub fn widened(&self, to_us: u64) -> Vec<u64> {
        widened(&self.bins, (self.width_us, to_us), sum)
    }

    /// All of another run.
    pub(super) fn join(&mut self, other: &Self) {
        let width_us = self.width_us.max(other.width_us);
        self.bins = together(&self.widened(width_us), &other.widened(width_us), sum);
        self.width_us = width_us;
    }

    pub(super) fn add(&mut self, now_us: u64) {
        let index = bin(now_us, &mut self.width_us, &mut self.bins, sum);
        if self.bins.len() <= index {
            self.bins.resize(index + 1, 0);
        }
        self.bins[index] += 1;
    }
}

impl Gauge {
    /// The highest level in bins as wide as that: see [`Counts::widened`].
    #[must_use]
    pub fn widened(&self, to_us: u64) -> Vec<u64> {
        widened(&self.bins, (self.width_us, to_us), u64::max)
    }

    /// The mean level in bins as wide as that, over the time of each and over so many runs.
    #[must_use]
    pub fn mean(&self, to_us: u64, runs: usize) -> Vec<f64> {
        let areas = widened(&self.areas_us, (self.width_us, to_us), sum);
        areas.into_iter().map(|area_us| area_us as f64 / to_us as f64 / runs as f64).collect()
    }

    /// All of another run: the highest level is that of either.
    pub(super) fn join(&mut self, other: &Self) {
        let width_us = self.width_us.max(other.width_us);
        let areas = |one: &Self| widened(&one.areas_us, (one.width_us, width_us), sum);
        self.areas_us = together(&areas(self), &areas(other), sum);
        self.bins = together(&self.widened(width_us), &other.widened(width_us), u64::max);
        self.width_us = width_us;
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
        let width_us = self.width_us;
        let index = bin(now_us, &mut self.width_us, &mut self.bins, u64::max);
        // Rarely: this comes with every change of the level.
        if self.width_us > width_us {
            self.areas_us = widened(&self.areas_us, (width_us, self.width_us), sum);
        }
        if self.bins.len() <= index {
            self.bins.resize(index + 1, self.level);
        }
        self.areas_us.resize(self.bins.len(), 0);
        // What it has been, in each bin since it became that.
        let mut from_us = if self.level > 0 { self.since_us } else { now_us };
        while from_us < now_us {
            let index = from_us / self.width_us;
            let to_us = now_us.min((index + 1) * self.width_us);
            if let Some(area_us) =
                usize::try_from(index).ok().and_then(|at| self.areas_us.get_mut(at))
            {
                *area_us += self.level * (to_us - from_us);
            }
            from_us = to_us;
        }
        self.since_us = now_us;
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

    #[test]
    fn runs_joined_have_the_highest_level_of_any_and_the_mean_of_all() {
        let run = |from_us, to_us, level| {
            let mut gauge = Gauge::default();
            gauge.set(from_us, level);
            gauge.set(to_us, 0);
            gauge
        };
        // Three for 2 ms of 8 in one run, one for 600 ms in another, whose bins are wider.
        let (short, long) = (run(3_000, 5_000, 3), run(0, 600_000, 1));
        assert_eq!((short.mean(4_000, 1), short.mean(8_000, 1)), (vec![0.75, 0.75], vec![0.75]));
        for (first, second) in [(&short, &long), (&long, &short)] {
            let mut both = first.clone();
            both.join(second);
            assert_eq!((both.width_us, &both.widened(8_000)[..2]), (2_000, &[3, 1][..]));
            assert_eq!(both.mean(8_000, 2)[..2], [0.875, 0.5]);
        }
        let mut counts = Counts::default();
        counts.add(600_000);
        let mut early = Counts::default();
        early.add(1_000);
        early.join(&counts);
        assert_eq!((early.width_us, early.bins[0], early.bins[300]), (2_000, 1, 1));
    }
}
