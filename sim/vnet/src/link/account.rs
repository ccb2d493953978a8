//! What crossed a link.

use super::damage::DamageKind;
use super::outcome::{DropReason, Outcome};

/// What crossed one direction of a link, in datagrams unless said otherwise. The two copies of a duplicated datagram
/// are counted one by one from `delivered` on.
///
/// 32 bits each: a link carries less in a run.
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

/// Both accounts of a link. There are a million of them and each counts little, so they are kept in octets until one
/// of them no longer fits.
#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    few: [Few; 2],
    many: Option<Box<[Accounting; 2]>>,
}

impl Accounts {
    /// That of the direction with this index.
    pub(super) fn of(&self, way: usize) -> Accounting {
        self.many.as_ref().map_or_else(|| self.few[way].account(), |many| many[way])
    }

    pub(super) fn change<T>(&mut self, way: usize, change: impl FnOnce(&mut Accounting) -> T) -> T {
        if let Some(many) = &mut self.many {
            return change(&mut many[way]);
        }
        let mut account = self.of(way);
        let result = change(&mut account);
        match Few::of(&account) {
            Some(few) => self.few[way] = few,
            None => {
                let mut many = [self.of(0), self.of(1)];
                many[way] = account;
                self.many = Some(Box::new(many));
            }
        }
        result
    }
}

/// The counts of an [`Accounting`] but for the octets.
const COUNTS: usize = 8 + DropReason::ALL.len();

/// An [`Accounting`] whose counts are small.
#[derive(Debug, Clone, Copy, Default)]
struct Few {
    octets: u32,
    counts: [u8; COUNTS],
}

impl Few {
    /// `None`: it does not fit.
    fn of(account: &Accounting) -> Option<Self> {
        let Accounting { sent, duplicated, injected, delivered, in_flight, .. } = *account;
        let Accounting { octets, corrupted, mangled, reordered, dropped, .. } = *account;
        let what =
            [sent, duplicated, injected, delivered, in_flight, corrupted, mangled, reordered];
        let counts = what.into_iter().chain(dropped);
        let mut few = Self { octets: u32::try_from(octets).ok()?, counts: [0; COUNTS] };
        for (few, count) in few.counts.iter_mut().zip(counts) {
            *few = u8::try_from(count).ok()?;
        }
        Some(few)
    }

    fn account(&self) -> Accounting {
        let [sent, duplicated, injected, delivered, in_flight, rest @ ..] =
            self.counts.map(u32::from);
        let [corrupted, mangled, reordered, dropped @ ..] = rest;
        let octets = self.octets.into();
        Accounting {
            octets,
            sent,
            duplicated,
            injected,
            delivered,
            in_flight,
            corrupted,
            mangled,
            reordered,
            dropped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beyond 255 of anything, or 2^32 octets, the account is kept in full, and so is that of the other direction.
    #[test]
    fn nothing_is_lost_when_an_account_outgrows_its_octets() {
        let mut accounts = Accounts::default();
        accounts.change(1, |back| back.arrived());
        let lost = Outcome::Dropped(DropReason::Loss);
        for sent in 1..=300 {
            accounts.change(0, |towards| towards.entered(20_000_000, &lost));
            let towards = accounts.of(0);
            assert_eq!((towards.sent, towards.dropped_for(DropReason::Loss)), (sent, sent));
            assert_eq!(towards.octets, 20_000_000 * u64::from(sent));
            assert_eq!(accounts.of(1), Accounting { delivered: 1, ..Accounting::default() });
        }
        assert!(accounts.many.is_some());
    }

    #[test]
    fn each_count_has_its_place() {
        let account = Accounting {
            octets: 13,
            sent: 1,
            duplicated: 2,
            injected: 3,
            delivered: 4,
            in_flight: 5,
            corrupted: 6,
            mangled: 7,
            reordered: 8,
            dropped: core::array::from_fn(|at| 9 + u32::try_from(at).unwrap()),
        };
        assert_eq!(Few::of(&account).map(|few| few.account()), Some(account));
        assert!(Few::of(&Accounting { reordered: 256, ..account }).is_none());
    }
}
