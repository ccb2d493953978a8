//! What a link decides about a datagram.

use super::damage::Damage;
use crate::time::whole_micros;
use core::time::Duration;

/// Why a link dropped a datagram. Where several reasons hold, the one that is written last here does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// Longer than the MTU.
    TooBig,
    /// The link was down.
    Outage,
    /// The queue before the link had no room.
    QueueFull,
    /// On the list of drops.
    Listed,
    /// Lost at a time at which a recorded trace has a loss.
    Traced,
    /// Lost by chance.
    Loss,
    /// Lost by the chance of a state: see [`GilbertElliott`](super::GilbertElliott).
    GilbertElliott,
}

impl DropReason {
    /// All reasons there are, in the order of declaration.
    pub const ALL: [Self; 7] = [
        Self::TooBig,
        Self::Outage,
        Self::QueueFull,
        Self::Listed,
        Self::Traced,
        Self::Loss,
        Self::GilbertElliott,
    ];

    /// Whether the datagram was sent and got lost on its way: it took its time of the bandwidth.
    #[must_use]
    pub const fn is_after_sending(self) -> bool {
        match self {
            Self::TooBig | Self::Outage | Self::QueueFull => false,
            Self::Listed | Self::Traced | Self::Loss | Self::GilbertElliott => true,
        }
    }

    /// The name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooBig => "too_big",
            Self::Outage => "outage",
            Self::QueueFull => "queue_full",
            Self::Listed => "listed",
            Self::Traced => "traced",
            Self::Loss => "loss",
            Self::GilbertElliott => "gilbert_elliott",
        }
    }
}

/// How one copy of a datagram arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// How long after the datagram entered, in microseconds.
    pub after_us: u64,
    /// Whether it was held back, which `after_us` includes.
    pub reordered: bool,
    /// What is to be done to its octets.
    pub damage: Option<Damage>,
}

impl Delivery {
    /// In time and undamaged; whole microseconds count.
    #[must_use]
    pub fn plain(after: Duration) -> Self {
        Self { after_us: whole_micros(after), reordered: false, damage: None }
    }

    /// How long after the datagram entered.
    #[must_use]
    pub const fn after(&self) -> Duration {
        Duration::from_micros(self.after_us)
    }
}

/// The copies of a datagram that arrive. The second may arrive before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deliveries {
    /// The datagram.
    pub original: Delivery,
    /// Its second copy.
    pub duplicate: Option<Delivery>,
}

impl Deliveries {
    /// The original, then the duplicate.
    pub fn iter(&self) -> impl Iterator<Item = &Delivery> {
        core::iter::once(&self.original).chain(&self.duplicate)
    }
}

/// What a link does with one datagram. As a text (`Display`, `FromStr`) it is for example `+21462us`,
/// `+21462us +35000us` (duplicated), `+71462us reordered`, `+20000us corrupt 34:08 57:80` (offset and mask of each
/// flip), `dropped loss`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It arrives, once or twice.
    Delivered(Deliveries),
    /// It does not.
    Dropped(DropReason),
}

impl Outcome {
    /// It arrives once, in time and undamaged; whole microseconds count.
    #[must_use]
    pub fn plain(after: Duration) -> Self {
        Self::Delivered(Deliveries { original: Delivery::plain(after), duplicate: None })
    }

    /// The same with all copies later by so much.
    pub(super) fn delayed(mut self, by: Duration) -> Self {
        if let Self::Delivered(Deliveries { original, duplicate }) = &mut self {
            for copy in core::iter::once(original).chain(duplicate) {
                copy.after_us = copy.after_us.saturating_add(whole_micros(by));
            }
        }
        self
    }

    /// The copies that arrive: the original, then the duplicate. None if it was dropped.
    pub fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        match self {
            Self::Delivered(deliveries) => Some(deliveries),
            Self::Dropped(_) => None,
        }
        .into_iter()
        .flat_map(Deliveries::iter)
    }
}

/// The decision about one datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// The place of the datagram among all that entered the link in this direction, dropped ones included; from 0.
    pub index: u64,
    /// What happens to it.
    pub outcome: Outcome,
}
