//! What waits at the gateway: half-open SAs, and requests that it computes or that wait for its processor.

use super::{Course, Observed};
use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

/// What waits now.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// When each half-open SA began, and whose it is.
    half_open: BTreeMap<u64, (u64, IpAddr)>,
    /// Since when there are so many.
    level_since_us: u64,
    /// Requests that the gateway computes or that wait for it, first come first served: whose each is.
    queue: VecDeque<IpAddr>,
    /// Since when there are some of which the time does not count yet.
    busy_since_us: u64,
    /// How many of either each address has.
    addresses: Addresses,
}

impl Waiting {
    /// A request waits for the gateway's processor.
    pub(super) fn queued(&mut self, now_us: u64, from: IpAddr, seen: (&mut Observed, &mut Course)) {
        if self.queue.is_empty() {
            self.busy_since_us = now_us;
        }
        self.queue.push_back(from);
        self.addresses.more(from);
        self.changed(now_us, seen);
    }

    /// A request has its answer: one of those that were queued, if any were.
    pub(super) fn half_open_begins(
        &mut self,
        now_us: u64,
        (sa, from): (u64, IpAddr),
        (observed, course): (&mut Observed, &mut Course),
    ) {
        self.served(now_us, observed);
        self.level(now_us, observed);
        self.half_open.insert(sa, (now_us, from));
        self.addresses.more(from);
        let count = self.half_open.len() as u64;
        observed.half_open_peak = observed.half_open_peak.max(count);
        self.changed(now_us, (observed, course));
    }

    /// The public value of the request at work proved impossible: it was computed like any other, and has no answer.
    pub(super) fn proved_impossible(
        &mut self,
        now_us: u64,
        (observed, course): (&mut Observed, &mut Course),
    ) {
        self.served(now_us, observed);
        self.changed(now_us, (observed, course));
    }

    /// The request at work is done, if any were queued.
    fn served(&mut self, now_us: u64, observed: &mut Observed) {
        let Some(from) = self.queue.pop_front() else { return };
        self.addresses.fewer(from);
        observed.served += 1;
        observed.busy_us += now_us - self.busy_since_us;
        self.busy_since_us = now_us;
    }

    pub(super) fn half_open_ends(
        &mut self,
        now_us: u64,
        sa: u64,
        (observed, course): (&mut Observed, &mut Course),
    ) {
        if !self.half_open.contains_key(&sa) {
            return;
        }
        self.level(now_us, observed);
        if let Some((since_us, from)) = self.half_open.remove(&sa) {
            observed.half_open_durations_us += u128::from(now_us - since_us);
            self.addresses.fewer(from);
        }
        self.changed(now_us, (observed, course));
    }

    /// What waited for the processor is lost.
    pub(super) fn crashed(&mut self, now_us: u64, seen: (&mut Observed, &mut Course)) {
        for from in core::mem::take(&mut self.queue) {
            self.addresses.fewer(from);
        }
        self.changed(now_us, seen);
    }

    /// The run is over.
    pub(super) fn finish(&mut self, end_us: u64, observed: &mut Observed, course: &mut Course) {
        self.level(end_us, observed);
        for (since_us, _) in self.half_open.values() {
            observed.half_open_durations_us += u128::from(end_us - since_us);
        }
        observed.unserved = self.queue.len() as u64;
        course.waiting.finish(end_us);
        course.busiest_address.finish(end_us);
    }

    /// Adds what the half-open SAs were since the last time that their number changed.
    fn level(&mut self, now_us: u64, observed: &mut Observed) {
        let (count, span_us) = (self.half_open.len() as u128, now_us - self.level_since_us);
        observed.half_open_integral_us += count * u128::from(span_us);
        self.level_since_us = now_us;
    }

    fn changed(&self, now_us: u64, (observed, course): (&mut Observed, &mut Course)) {
        let count = (self.half_open.len() + self.queue.len()) as u64;
        observed.waiting_peak = observed.waiting_peak.max(count);
        course.waiting.set(now_us, count);
        course.busiest_address.set(now_us, self.addresses.most());
    }
}

/// How many each address has, and the most that one has.
#[derive(Debug, Default)]
struct Addresses {
    of: BTreeMap<IpAddr, usize>,
    /// How many addresses have one, two, three and so on.
    with: Vec<u64>,
}

impl Addresses {
    fn more(&mut self, address: IpAddr) {
        let count = self.of.entry(address).or_default();
        if let Some(fewer) = count.checked_sub(1) {
            self.with[fewer] -= 1;
        }
        if *count == self.with.len() {
            self.with.push(0);
        }
        self.with[*count] += 1;
        *count += 1;
    }

    fn fewer(&mut self, address: IpAddr) {
        let Some(count) = self.of.get_mut(&address) else { return };
        *count -= 1;
        self.with[*count] -= 1;
        match count.checked_sub(1) {
            Some(fewer) => self.with[fewer] += 1,
            None => {
                self.of.remove(&address);
            }
        }
        if self.with.last() == Some(&0) {
            self.with.pop();
        }
    }

    const fn most(&self) -> u64 {
        self.with.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_address_is_known_whoever_comes_and_goes() {
        let mut addresses = Addresses::default();
        let address = |number: u8| IpAddr::from([192, 0, 2, number]);
        let mut counts = [0_u64; 4];
        // More than fewer at first, later the other way round.
        for step in 0..400_u64 {
            let number = step * step % 7 % 4;
            let count = &mut counts[usize::try_from(number).expect("small")];
            let from = address(u8::try_from(number).expect("small"));
            if step % 5 < 3 - step / 200 * 2 {
                addresses.more(from);
                *count += 1;
            } else if *count > 0 {
                addresses.fewer(from);
                *count -= 1;
            }
            assert_eq!(Some(addresses.most()), counts.iter().copied().max(), "step {step}");
        }
        assert!(addresses.of.len() <= 1, "{:?}", addresses.of);
    }
}
