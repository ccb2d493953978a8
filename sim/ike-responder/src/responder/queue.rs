//! The one processor: Diffie-Hellman exchanges are computed one after the other.

use super::Arrival;
use crate::digests::Digests;
use crate::negotiate::Choice;
use crate::random::Digest;
use crate::tally::Tally;
use core::net::IpAddr;
use core::time::Duration;
use ike_core::{IkeSuite, Instant};
use std::collections::VecDeque;

/// An accepted IKE_SA_INIT request whose answer is being computed, or waits for that.
pub(super) struct Work {
    pub(super) arrival: Arrival,
    /// The request as it came.
    pub(super) message: Vec<u8>,
    pub(super) choice: Choice<IkeSuite>,
    pub(super) done_at: Instant,
}

/// The requests at the processor, first come first served; the first one is at work.
#[derive(Default)]
pub(super) struct Queue {
    works: VecDeque<Work>,
    digests: Digests<()>,
    by_address: Tally,
}

impl Queue {
    /// When the processor would be done with a request that comes now.
    pub(super) fn done_at(&self, now: Instant, service_time: Duration) -> Instant {
        self.works.back().map_or(now, |last| last.done_at.max(now)) + service_time
    }

    pub(super) fn push(&mut self, work: Work) {
        self.digests.insert(work.arrival.digest, ());
        self.by_address.add(work.arrival.path.remote.ip());
        self.works.push_back(work);
    }

    /// The next request whose work is done.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Work> {
        self.next_done().filter(|done_at| *done_at <= now)?;
        let work = self.works.pop_front()?;
        self.digests.remove(&work.arrival.digest);
        self.by_address.remove(work.arrival.path.remote.ip());
        Some(work)
    }

    pub(super) fn next_done(&self) -> Option<Instant> {
        self.works.front().map(|work| work.done_at)
    }

    pub(super) fn len(&self) -> usize {
        self.works.len()
    }

    pub(super) fn of_address(&self, address: IpAddr) -> usize {
        self.by_address.of(address)
    }

    pub(super) fn contains(&self, request: &Digest) -> bool {
        self.digests.contains(request)
    }
}
