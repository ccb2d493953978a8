//! What crossed a link.

use super::damage::DamageKind;
use super::outcome::{DropReason, Outcome};

/// What crossed one direction of a link, in datagrams unless said otherwise. The two copies of a duplicated datagram
/// are counted one by one from `delivered` on.
///
/// 32 bits each, because there is one for each direction of a million links; a link carries less in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accounting {
    /// Octets that entered the link, dropped datagrams included.
    pub octets: u64,
    /// Entered the link.
    pub sent: u32,
    /// Second copies that the link made.
    pub duplicated: u32,
    /// Put on the far end by somebody else: see [`Link::inject`](super::Link::inject).
    pub injected: u32,
    /// Arrived at the other end, damaged ones included.
    pub delivered: u32,
    /// On the way.
    pub in_flight: u32,
    /// Copies that were corrupted.
    pub corrupted: u32,
    /// Copies that were mangled.
    pub mangled: u32,
    /// Copies that were held back.
    pub reordered: u32,
    dropped: [u32; DropReason::ALL.len()],
}

impl Accounting {
    /// Nothing crossed.
    pub(super) const EMPTY: Self = Self {
        octets: 0,
        sent: 0,
        duplicated: 0,
        injected: 0,
        delivered: 0,
        in_flight: 0,
        corrupted: 0,
        mangled: 0,
        reordered: 0,
        dropped: [0; DropReason::ALL.len()],
    };

    /// Counts the arrival of a copy that was in flight. One arrival too many unbalances the account.
    pub fn arrived(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.delivered += 1;
    }

    /// Datagrams that were dropped for this reason.
    #[must_use]
    pub const fn dropped_for(&self, reason: DropReason) -> u32 {
        self.dropped[reason as usize]
    }

    /// Datagrams that were dropped, for whatever reason.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.dropped.iter().sum()
    }

    /// Whether every copy is accounted for: sent + duplicated + injected = delivered + dropped + in flight.
    #[must_use]
    pub fn balances(&self) -> bool {
        let sum = |columns: [u32; 3]| columns.into_iter().map(u64::from).sum::<u64>();
        sum([self.sent, self.duplicated, self.injected])
            == sum([self.delivered, self.dropped(), self.in_flight])
    }

    pub(super) fn entered(&mut self, len: usize, outcome: &Outcome) {
        self.sent = next(self.sent);
        self.octets += len as u64;
        match outcome {
            Outcome::Dropped(reason) => self.dropped[*reason as usize] += 1,
            Outcome::Delivered(deliveries) => {
                self.duplicated += u32::from(deliveries.duplicate.is_some());
                for delivery in deliveries.iter() {
                    self.in_flight += 1;
                    self.reordered += u32::from(delivery.reordered);
                    match delivery.damage.map(|damage| damage.kind()) {
                        Some(DamageKind::Corrupt) => self.corrupted += 1,
                        Some(DamageKind::Mangle) => self.mangled += 1,
                        None => {}
                    }
                }
            }
        }
    }

    /// Counts an injected datagram and gives its index.
    pub(super) fn injected(&mut self) -> u64 {
        let index = self.injected.into();
        self.injected = next(self.injected);
        self.in_flight += 1;
        index
    }
}

fn next(count: u32) -> u32 {
    count.checked_add(1).expect("fewer than 2^32 datagrams")
}
