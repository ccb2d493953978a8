//! Intervals, residuals, means and percentiles.

mod distribution;
mod order;

pub use distribution::{COARSE, DIGITS, Distribution, MOST_VALUES};

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

/// Beyond so many standard deviations a difference is no accident: it happens once in 1.7 million.
pub const LIMIT_SIGMAS: f64 = 5.0;

/// Mean and variance of something random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The variance of a single draw, in the unit squared.
    pub variance: f64,
}

impl Moments {
    /// Of values with their probabilities.
    #[must_use]
    pub fn of(values: impl Iterator<Item = (f64, f64)>) -> Self {
        let (mut mean, mut squares) = (0.0, 0.0);
        for (value, share) in values {
            mean += value * share;
            squares += value * value * share;
        }
        Self { mean, variance: (squares - mean * mean).max(0.0) }
    }

    /// How far the mean of `count` independent draws is from what it should be, in standard deviations.
    #[must_use]
    pub fn sigmas(&self, mean: f64, count: u64) -> f64 {
        let off = mean - self.mean;
        let error = (self.variance / count as f64).sqrt();
        if error > 0.0 {
            return off / error;
        }
        // Nothing varies, so any difference beyond rounding is one.
        if off.abs() <= 1e-9 * self.mean.abs() { 0.0 } else { off.signum() * f64::INFINITY }
    }
}

/// An interval in which a share lies with so much confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Not less.
    pub low: f64,
    /// Not more.
    pub high: f64,
}

/// The Wilson interval at 95 % for a share: unlike the textbook's it stays within 0 and 1, and says something at both.
/// Without a trial it is all there is.
#[must_use]
pub fn wilson(successes: u64, trials: u64) -> Interval {
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (k, n) = (successes as f64, trials as f64);
    let z = quantile(0.975);
    let share = k / n;
    let denominator = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / denominator;
    let half = z / denominator * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // At either end the exact value is the end; rounding must not exclude it.
    let low = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Interval { low, high }
}

/// The value below which a standard normal draw stays with that probability.
fn quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// How surprising `successes` of `trials` are where each has this probability, in standard deviations of a normal draw
/// that is as rare, negative where they are too few. It is the exact binomial tail, so that rare steps are judged as
/// they are and not by a bell curve that they do not follow.
#[must_use]
pub fn binomial_sigmas(successes: u64, trials: u64, probability: f64) -> f64 {
    let expected = trials as f64 * probability;
    let off = successes as f64 - expected;
    if trials == 0 || off == 0.0 {
        return 0.0;
    }
    let deviation = (expected * (1.0 - probability)).sqrt();
    // What must or cannot happen, give or take what the probability itself was rounded by.
    if deviation < 1e-6 {
        return if off.abs() < 0.5 { 0.0 } else { off.signum() * f64::INFINITY };
    }
    let Ok(binomial) = Binomial::new(probability, trials) else { return f64::NAN };
    let tail = if off < 0.0 {
        binomial.cdf(successes)
    } else {
        // P(X >= k) = P(X > k - 1).
        binomial.sf(successes - 1)
    };
    // Where the tail is too thin for a float, the bell curve says enough.
    if tail < 1e-300 {
        return off / deviation;
    }
    off.signum() * (-quantile(tail)).max(0.0)
}

/// A few independent values that should be zero in the mean, and of which nobody knows how far they scatter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Their mean.
    pub mean: f64,
    /// The true mean is not further than this from [`Self::mean`], with 95 % confidence.
    pub half: f64,
    /// How surprising the mean is, in standard deviations of a normal draw that is as rare.
    pub sigmas: f64,
}

impl Sample {
    /// Of these values; `None` of fewer than two. The scatter is estimated from so few that the mean follows Student's
    /// distribution: five estimated deviations of four values are no more than two and a half.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let (n, free) = (values.len() as f64, values.len().checked_sub(1)? as f64);
        let student = StudentsT::new(0.0, 1.0, free).ok()?;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
        let error = (squares / free / n).sqrt();
        if error == 0.0 {
            let sigmas = if mean == 0.0 { 0.0 } else { mean.signum() * f64::INFINITY };
            return Some(Self { mean, half: 0.0, sigmas });
        }
        let tail = student.cdf(-(mean / error).abs());
        let sigmas = mean.signum() * -quantile(tail);
        Some(Self { mean, half: student.inverse_cdf(0.975) * error, sigmas })
    }
}

/// Numbers that were added up: how many, their sum, the sum of their squares. Integers, so that parts can be joined in
/// any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Their sum.
    #[serde(with = "text")]
    pub sum: u128,
    /// The sum of their squares.
    #[serde(with = "text")]
    pub squares: u128,
}

impl Tally {
    /// One more.
    pub fn add(&mut self, value: u64) {
        self.add_times(value, 1);
    }

    /// The same value so many times.
    pub fn add_times(&mut self, value: u64, times: u64) {
        let (value, times_wide) = (u128::from(value), u128::from(times));
        self.count += times;
        self.sum += value * times_wide;
        self.squares += value * value * times_wide;
    }

    /// All of another one.
    pub fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The mean; `None` of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The standard error of the mean, from the values themselves; `None` of fewer than two.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        // n sum(x^2) - sum(x)^2 is exact as long as it fits, which it does for microseconds of a day.
        let (n, count) = (self.count as f64, u128::from(self.count));
        let spread = match (count.checked_mul(self.squares), self.sum.checked_mul(self.sum)) {
            (Some(a), Some(b)) => a.saturating_sub(b) as f64,
            _ => n * self.squares as f64 - self.sum as f64 * self.sum as f64,
        };
        Some((spread / (n * (n - 1.0)) / n).max(0.0).sqrt())
    }
}

/// Wide integers as texts: JSON has none.
pub(crate) mod text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| de::Error::custom(format!("`{text}` is not a whole number")))
    }
}

#[cfg(test)]
mod tests;
