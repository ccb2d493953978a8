//! How a link is set up.

use super::{Bandwidth, Direction, GilbertElliott, LossTrace};
use crate::random::Probability;
use crate::time::Instant;
use core::num::NonZeroUsize;
use core::time::Duration;

/// One direction of a link. Every probability holds for each datagram on its own, that of loss for each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectionConfig {
    /// How long every datagram takes at least; whole microseconds count.
    pub delay: Duration,
    /// Added to the delay: uniform in `0..=jitter`, independent for each copy.
    pub jitter: Duration,
    /// The probability that a frame is lost, and with it its datagram.
    pub loss: Probability,
    /// The longest IP datagram that passes, in octets.
    pub mtu: usize,
    /// The probability that a datagram which is not dropped arrives twice.
    pub duplicate: Probability,
    /// The probability that a copy is held back by `reorder_delay`, so that later ones overtake it.
    pub reorder: Probability,
    /// Added to the delay of a copy that is held back; whole microseconds count.
    pub reorder_delay: Duration,
    /// The probability that bits of a copy flip behind its IP header: see
    /// [`DamageKind::Corrupt`](super::DamageKind::Corrupt).
    pub corrupt: Probability,
    /// The probability that bits of a copy's payload flip and no checksum tells: see
    /// [`DamageKind::Mangle`](super::DamageKind::Mangle). A copy that is hit by both is corrupt.
    pub mangle: Probability,
    /// How fast it takes datagrams; `None`: all at once.
    pub bandwidth: Option<Bandwidth>,
    /// Octets of a datagram that go into one frame of the link layer; `None`: all of them.
    pub frame: Option<NonZeroUsize>,
}

impl DirectionConfig {
    /// Frames of a datagram of so many octets; at least one.
    pub(super) fn frames(&self, len: usize) -> u64 {
        self.frame.map_or(1, |frame| len.div_ceil(frame.get()).max(1) as u64)
    }
}

/// No delay, no faults, and any length passes.
impl Default for DirectionConfig {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: Probability::NEVER,
            mtu: usize::MAX,
            duplicate: Probability::NEVER,
            reorder: Probability::NEVER,
            reorder_delay: Duration::ZERO,
            corrupt: Probability::NEVER,
            mangle: Probability::NEVER,
            bandwidth: None,
            frame: None,
        }
    }
}

/// A time in which a link is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The first instant at which nothing enters.
    pub from: Instant,
    /// The first instant at which datagrams pass again.
    pub until: Instant,
}

impl Outage {
    /// Whether the link is down at that time.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

/// Both directions of a link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkConfig {
    /// From the node to the gateway.
    pub towards: DirectionConfig,
    /// From the gateway to the node.
    pub back: DirectionConfig,
    /// What enters the link at these times, either way, is dropped; what is on the way still arrives.
    pub outages: Vec<Outage>,
    /// Loss in bursts: one state for both directions, since a place is bad for sender and receiver alike.
    pub bursts: Option<GilbertElliott>,
    /// Recorded loss on the way from the node to the gateway.
    pub trace_towards: Option<LossTrace>,
    /// Recorded loss on the way back.
    pub trace_back: Option<LossTrace>,
}

impl LinkConfig {
    /// The recorded loss of a direction.
    pub(super) const fn trace(&self, direction: Direction) -> Option<&LossTrace> {
        match direction {
            Direction::Towards => self.trace_towards.as_ref(),
            Direction::Back => self.trace_back.as_ref(),
        }
    }

    /// The same in both directions, without outages, bursts and recorded loss.
    #[must_use]
    pub const fn symmetric(both: DirectionConfig) -> Self {
        Self {
            towards: both,
            back: both,
            outages: Vec::new(),
            bursts: None,
            trace_towards: None,
            trace_back: None,
        }
    }
}
