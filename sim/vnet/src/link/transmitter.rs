//! A link that takes time for each octet: one datagram after the other, and a bounded queue before it.

use crate::time::Instant;
use core::num::NonZeroU64;
use core::time::Duration;
use std::collections::VecDeque;

/// How fast one direction of a link takes datagrams, and how many may wait for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth {
    /// Bits of an IP datagram in a second.
    pub bits_per_second: NonZeroU64,
    /// So many datagrams may wait behind the one that is being sent.
    pub queue_datagrams: u32,
    /// So many octets may wait, all datagrams together.
    pub queue_octets: u64,
}

impl Bandwidth {
    /// How long a datagram of so many octets is being sent: rounded up to a microsecond.
    #[must_use]
    pub fn airtime(&self, len: usize) -> Duration {
        let micro_bits = len as u128 * 8 * 1_000_000;
        let us = micro_bits.div_ceil(self.bits_per_second.get().into());
        Duration::from_micros(u64::try_from(us).unwrap_or(u64::MAX))
    }
}

/// What one direction sends and what waits behind it: first come, first served.
#[derive(Debug, Clone, Default)]
pub(super) struct Transmitter {
    /// When all that entered so far has left.
    free_at: Instant,
    /// When each that waits begins to be sent, and its octets.
    waiting: VecDeque<(Instant, usize)>,
    octets: u64,
}

impl Transmitter {
    /// A datagram of `len` octets comes: how long until its last octet has left, or `None` where the queue has no room.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        len: usize,
        bandwidth: &Bandwidth,
    ) -> Option<Duration> {
        self.advance(now);
        let full = self.waiting.len() as u64 >= u64::from(bandwidth.queue_datagrams)
            || self.octets + len as u64 > bandwidth.queue_octets;
        if now < self.free_at && full {
            return None;
        }
        Some(self.occupy(now, len, bandwidth))
    }

    /// The same of one that is taken whatever the queue has room for.
    pub(super) fn occupy(&mut self, now: Instant, len: usize, bandwidth: &Bandwidth) -> Duration {
        self.advance(now);
        let starts = self.free_at.max(now);
        if starts > now {
            self.waiting.push_back((starts, len));
            self.octets += len as u64;
        }
        self.free_at = starts + bandwidth.airtime(len);
        self.free_at.saturating_duration_since(now)
    }

    /// What has begun to be sent by now waits no more.
    fn advance(&mut self, now: Instant) {
        while let Some((starts, len)) = self.waiting.front().copied()
            && starts <= now
        {
            self.waiting.pop_front();
            self.octets -= len as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// 80 kbit/s: ten octets a millisecond.
    fn bandwidth(queue_datagrams: u32, queue_octets: u64) -> Bandwidth {
        let bits_per_second = NonZeroU64::new(80_000).expect("some");
        Bandwidth { bits_per_second, queue_datagrams, queue_octets }
    }

    #[test]
    fn a_datagram_takes_the_time_of_its_octets_rounded_up() {
        let slow = bandwidth(0, 0);
        assert_eq!(slow.airtime(0), Duration::ZERO);
        assert_eq!(slow.airtime(100), MS(10));
        let third = NonZeroU64::new(3_000_000).expect("some");
        let odd = Bandwidth { bits_per_second: third, ..slow };
        // 8 bits at 3 bits a microsecond.
        assert_eq!(odd.airtime(1), Duration::from_micros(3));
    }

    #[test]
    fn whoever_comes_while_another_is_sent_waits_its_turn() {
        let (mut transmitter, bandwidth) = (Transmitter::default(), bandwidth(9, 9_000));
        let mut enter = |ms, len| transmitter.enter(Instant::from_millis(ms), len, &bandwidth);
        assert_eq!(enter(5, 100), Some(MS(10)), "until 15");
        assert_eq!(enter(5, 50), Some(MS(15)), "from 15 until 20");
        assert_eq!(enter(6, 10), Some(MS(15)), "from 20 until 21");
        assert_eq!(enter(21, 10), Some(MS(1)), "just free");
        assert_eq!(enter(50, 10), Some(MS(1)), "long free");
    }

    #[test]
    fn the_queue_takes_so_many_and_the_one_being_sent_is_not_among_them() {
        let (mut transmitter, bandwidth) = (Transmitter::default(), bandwidth(2, 9_000));
        let mut enter = |ms, len| transmitter.enter(Instant::from_millis(ms), len, &bandwidth);
        assert_eq!(enter(0, 100), Some(MS(10)));
        assert_eq!(enter(0, 100), Some(MS(20)));
        assert_eq!(enter(0, 100), Some(MS(30)));
        assert_eq!(enter(9, 100), None, "two wait");
        assert_eq!(enter(10, 100), Some(MS(30)), "one has begun");
        assert_eq!(enter(10, 100), None);
        assert_eq!(enter(40, 100), Some(MS(10)), "all are gone");
    }

    #[test]
    fn octets_are_counted_as_they_wait() {
        let (mut transmitter, bandwidth) = (Transmitter::default(), bandwidth(9, 150));
        let mut enter = |ms, len| transmitter.enter(Instant::from_millis(ms), len, &bandwidth);
        assert_eq!(enter(0, 500), Some(MS(50)), "not in the queue");
        assert_eq!(enter(0, 100), Some(MS(60)));
        assert_eq!(enter(0, 51), None);
        assert_eq!(enter(0, 50), Some(MS(65)));
        assert_eq!(enter(0, 1), None);
        assert_eq!(enter(50, 100), Some(MS(25)), "the first hundred is being sent");
    }

    #[test]
    fn without_a_queue_nobody_waits() {
        let (mut transmitter, bandwidth) = (Transmitter::default(), bandwidth(0, 9_000));
        let mut enter = |ms| transmitter.enter(Instant::from_millis(ms), 100, &bandwidth);
        assert_eq!([enter(0), enter(9), enter(10)], [Some(MS(10)), None, Some(MS(10))]);
    }
}
