//! Virtual time: microseconds since the start of the run.

use core::fmt;
use core::ops::{Add, AddAssign};
use core::time::Duration;

/// A point in virtual time, in whole microseconds since the start of the run.
///
/// Only the event loop moves it. Arithmetic saturates: the last instant is 584,000 years away, so a value that
/// would pass it is a deadline that never comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// The last instant there is; never reached.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `micros` microseconds after the start of the run.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The instant `millis` milliseconds after the start of the run.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// The instant `secs` seconds after the start of the run.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the start of the run.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The span since `earlier`, or zero when `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at [`Instant::MAX`]; a part of a microsecond is cut off.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(whole_micros(span)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

/// Seconds with six digits: `12.000345`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// The whole microseconds of a span; saturates.
pub(crate) fn whole_micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, "0.000000")]
    #[case(1, "0.000001")]
    #[case(999_999, "0.999999")]
    #[case(1_000_000, "1.000000")]
    #[case(12_000_345, "12.000345")]
    #[case(u64::MAX, "18446744073709.551615")]
    fn displays_seconds_with_six_digits(#[case] micros: u64, #[case] text: &str) {
        assert_eq!(Instant::from_micros(micros).to_string(), text);
    }

    #[test]
    fn adding_a_span_counts_whole_microseconds() {
        let start = Instant::from_micros(5);
        assert_eq!(start + Duration::from_millis(2), Instant::from_micros(2_005));
        assert_eq!(start + Duration::from_nanos(1_999), Instant::from_micros(6));
        let mut moved = start;
        moved += Duration::from_secs(1);
        assert_eq!(moved.micros(), 1_000_005);
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Instant::from_micros(1) + Duration::MAX, Instant::MAX);
        assert_eq!(Instant::from_secs(u64::MAX), Instant::MAX);
        let (early, late) = (Instant::from_millis(3), Instant::from_millis(4));
        assert_eq!(late.saturating_duration_since(early), Duration::from_millis(1));
        assert_eq!(early.saturating_duration_since(late), Duration::ZERO);
    }
}
