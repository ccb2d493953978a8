//! When a link with a bandwidth sends what enters it, as the scenario says: first come, first served.

use crate::scenario::Queue;
use core::num::NonZeroU64;
use core::time::Duration;
use ike_core::Instant;
use std::collections::VecDeque;

/// One direction of one link.
#[derive(Default)]
pub(super) struct Transmitter {
    /// When all that entered so far has left.
    free_at: Instant,
    /// When each that waited begins to be sent, and its octets; the past is forgotten when the next one comes.
    waiting: VecDeque<(Instant, u64)>,
}

impl Transmitter {
    /// How long until the last of so many octets has left that enter at that time.
    pub(super) fn take(&mut self, at: Instant, octets: u64, bits: NonZeroU64) -> Duration {
        self.forget(at);
        let starts = self.free_at.max(at);
        if starts > at {
            self.waiting.push_back((starts, octets));
        }
        let us = u128::from(octets * 8_000_000).div_ceil(bits.get().into());
        self.free_at = starts + Duration::from_micros(u64::try_from(us).unwrap_or(u64::MAX));
        self.free_at.saturating_duration_since(at)
    }

    /// Nothing where there is no room for so many octets that come at that time; else who was there.
    pub(super) fn found_full(
        &mut self,
        at: Instant,
        octets: u64,
        queue: Queue,
    ) -> Result<(), String> {
        self.forget(at);
        if self.free_at <= at {
            return Err("nothing was being sent".to_owned());
        }
        let (datagrams, waiting) =
            (self.waiting.len() as u64, self.waiting.iter().map(|(_, octets)| octets).sum::<u64>());
        if datagrams >= queue.datagrams.into() || waiting + octets > queue.octets {
            return Ok(());
        }
        Err(format!("{datagrams} datagrams with {waiting} octets waited"))
    }

    /// What has begun to be sent waits no more.
    fn forget(&mut self, at: Instant) {
        while self.waiting.front().is_some_and(|(starts, _)| *starts <= at) {
            self.waiting.pop_front();
        }
    }
}
