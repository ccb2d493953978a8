//! Loss as it was recorded: when one direction of a link loses what enters it.

use crate::time::{Instant, whole_micros};
use core::time::Duration;

/// Spans of time in which datagrams pass or are lost, from the start of the run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossTrace {
    /// When each span ends, and whether it loses.
    spans: Vec<(u64, bool)>,
    /// Whether it begins again when it is over; otherwise nothing is lost then.
    repeat: bool,
}

impl LossTrace {
    /// The spans one after the other, each with whether it loses. `None`: there is none, or one is shorter than a
    /// microsecond, or all together are longer than virtual time.
    #[must_use]
    pub fn new(spans: impl IntoIterator<Item = (Duration, bool)>, repeat: bool) -> Option<Self> {
        let mut ends = Vec::new();
        let mut end = 0_u64;
        for (span, loses) in spans {
            let us = whole_micros(span);
            end = end.checked_add(us).filter(|_| us > 0)?;
            ends.push((end, loses));
        }
        (!ends.is_empty()).then_some(Self { spans: ends, repeat })
    }

    /// Whether a datagram is lost that enters at that time.
    #[must_use]
    pub fn loses(&self, at: Instant) -> bool {
        let whole = self.spans.last().map_or(1, |(end, _)| *end);
        let us = if self.repeat { at.micros() % whole } else { at.micros() };
        let index = self.spans.partition_point(|(end, _)| *end <= us);
        self.spans.get(index).is_some_and(|(_, loses)| *loses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn losses(trace: &LossTrace, micros: &[u64]) -> Vec<bool> {
        micros.iter().map(|us| trace.loses(Instant::from_micros(*us))).collect()
    }

    #[test]
    fn a_span_begins_where_the_one_before_ends() {
        let spans = [(MS(2), false), (MS(1), true), (MS(1), false), (MS(3), true)];
        let trace = LossTrace::new(spans, false).expect("spans");
        let at = [0, 1_999, 2_000, 2_999, 3_000, 3_999, 4_000, 6_999, 7_000, 1_000_000_000];
        let lost = [false, false, true, true, false, false, true, true, false, false];
        assert_eq!(losses(&trace, &at), lost);
    }

    #[test]
    fn one_that_repeats_begins_again_for_ever() {
        let trace = LossTrace::new([(MS(2), false), (MS(1), true)], true).expect("spans");
        assert_eq!(losses(&trace, &[2_000, 3_000, 5_000, 5_999]), [true, false, true, true]);
        let day = 86_400_000_000;
        assert_eq!(losses(&trace, &[day, day + 2_000]), [false, true]);
        assert!(trace.loses(Instant::MAX) == trace.loses(Instant::from_micros(u64::MAX % 3_000)));
    }

    #[test]
    fn what_has_no_length_is_no_trace() {
        assert_eq!(LossTrace::new([], false), None);
        assert_eq!(LossTrace::new([(MS(1), true), (Duration::ZERO, false)], false), None);
        let age = Duration::from_micros(u64::MAX);
        assert_eq!(LossTrace::new([(age, true), (MS(1), false)], true), None);
    }
}
