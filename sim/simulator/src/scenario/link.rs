//! Links, and what goes wrong on them.

use super::Rate;
use core::num::{NonZeroU64, NonZeroUsize};
use core::time::Duration;

/// A link by its two directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// From the node to the gateway.
    pub towards: LinkDirection,
    /// From the gateway back to the node.
    pub back: LinkDirection,
    /// When the link is down: a datagram that enters it then is dropped, either way. In order of time; none
    /// begins before the one before is over.
    pub outages: Vec<Outage>,
    /// Loss in bursts: one state for both directions.
    pub gilbert_elliott: Option<vnet::link::GilbertElliott>,
    /// Datagrams that are dropped whatever is drawn for them.
    pub drops: Listed,
    /// Datagrams that are delivered twice whatever is drawn for them.
    pub duplicates: Listed,
    /// Datagrams that are held back by [`LinkDirection::reorder_delay`] whatever is drawn for them.
    pub reorders: Listed,
    /// Datagrams in which bits flip so that a checksum catches it, whatever is drawn for them.
    pub corrupts: Listed,
    /// Datagrams in which bits flip so that IKE or ESP must catch it, whatever is drawn for them.
    pub mangles: Listed,
}

/// One direction of a link.
///
/// Each rate is drawn for each datagram, `loss` for each of its frames, and independent of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDirection {
    /// The time that each datagram takes at least.
    pub delay: Duration,
    /// Up to so much is added to the delay, drawn for each datagram.
    pub jitter: Duration,
    /// The share of frames that is lost; without `frame` a datagram is one.
    pub loss: Rate,
    /// The longest IP datagram, in octets; within [`Family::mtus`](super::Family::mtus).
    pub mtu: u16,
    /// The share of datagrams that is delivered twice.
    pub duplicate: Rate,
    /// The share of datagrams that is held back for [`Self::reorder_delay`], so that later ones overtake them.
    pub reorder: Rate,
    /// How much longer a datagram takes that is held back; not zero.
    pub reorder_delay: Duration,
    /// The share of datagrams in which bits are flipped. A checksum catches it.
    pub corrupt: Rate,
    /// The share of datagrams in which bits are flipped and the checksums made right again, so that IKE or ESP
    /// must catch it.
    pub mangle: Rate,
    /// Bits of datagrams in a second; `None`: all at once.
    pub bandwidth: Option<NonZeroU64>,
    /// With a bandwidth: what may wait behind the datagram that is being sent.
    pub queue: Queue,
    /// Octets of a datagram in one frame of the link layer, each of which may be lost; `None`: all of them.
    pub frame: Option<NonZeroUsize>,
    /// When datagrams are lost that enter, as it was recorded.
    pub loss_trace: Option<vnet::link::LossTrace>,
}

/// 20 ms, no jitter, 1280 octets, nothing goes wrong; a reordered datagram would take 50 ms longer.
impl Default for LinkDirection {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(20),
            jitter: Duration::ZERO,
            loss: Rate::ZERO,
            mtu: 1_280,
            duplicate: Rate::ZERO,
            reorder: Rate::ZERO,
            reorder_delay: Duration::from_millis(50),
            corrupt: Rate::ZERO,
            mangle: Rate::ZERO,
            bandwidth: None,
            queue: Queue { datagrams: 16, ..Queue::UNLIMITED },
            frame: None,
            loss_trace: None,
        }
    }
}

/// What may wait for a link that is busy: a datagram that would exceed either limit is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// So many datagrams.
    pub datagrams: u32,
    /// So many octets of all that wait together, with their IP headers.
    pub octets: u64,
}

impl Queue {
    /// All may wait.
    pub const UNLIMITED: Self = Self { datagrams: u32::MAX, octets: u64::MAX };
}

/// A time in which a link is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Since then, counted from the start of the run; before its end.
    pub from: Duration,
    /// It works again from then on; later than [`Self::from`].
    pub until: Duration,
}

/// A list of datagrams for each direction. A number counts the datagrams that enter one node's link that way, from 1,
/// so it is one more than [`Place::index`](crate::Place::index); each list increases. A link of each node has its own
/// count: the first datagram of a hundred nodes is a hundred datagrams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// On the way to the gateway.
    pub towards: Vec<u64>,
    /// On the way back to the node.
    pub back: Vec<u64>,
}
