//! Flipped bits: which a checksum catches, and which none does.

use crate::ip::{self, protocol};
use crate::random::uniform;
use core::ops::Range;
use rand_core::Rng;
use smoltcp::wire::{IpAddress, UDP_HEADER_LEN, UdpPacket};

/// The most octets of a datagram that are damaged.
pub const MAX_FLIPS: usize = 4;

/// Length and checksum in the UDP header.
const UDP_LENGTH_AND_CHECKSUM: Range<usize> = 4..8;

/// What a damage is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DamageKind {
    /// Bits behind the IP header flip, so that the checksum of UDP (or ICMP) or the integrity check of ESP catches
    /// it.
    Corrupt,
    /// Bits of the payload of UDP flip, or behind the IP header of another protocol, and the checksum of UDP is
    /// made right again: only what is above UDP, or ESP itself, can catch it.
    Mangle,
}

impl DamageKind {
    /// The name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::Mangle => "mangle",
        }
    }
}

/// Bits of one octet that change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Flip {
    /// Where, in octets from the start of the IP header.
    pub offset: u16,
    /// Which bits.
    pub mask: u8,
}

/// What is done to the octets of one copy of a datagram: at least one bit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    kind: DamageKind,
    /// Ascending; behind the used ones those with an empty mask.
    flips: [Flip; MAX_FLIPS],
}

impl Damage {
    /// These flips. `None` unless they are 1 to [`MAX_FLIPS`] with ascending offsets, and none has an empty mask.
    #[must_use]
    pub fn new(kind: DamageKind, flips: &[Flip]) -> Option<Self> {
        let ascending = flips.is_sorted_by(|a, b| a.offset < b.offset);
        if flips.is_empty() || !ascending || flips.iter().any(|flip| flip.mask == 0) {
            return None;
        }
        let mut all = [Flip::default(); MAX_FLIPS];
        all.get_mut(..flips.len())?.copy_from_slice(flips);
        Some(Self { kind, flips: all })
    }

    /// What it is good for.
    #[must_use]
    pub const fn kind(&self) -> DamageKind {
        self.kind
    }

    /// The octets that change, in ascending order.
    pub fn flips(&self) -> impl Iterator<Item = Flip> + use<> {
        self.flips.into_iter().take_while(|flip| flip.mask != 0)
    }

    /// Does it to a datagram. Flips beyond its end have no effect. Applied twice, the octets are as before (only a
    /// wrong UDP checksum stays right after [`DamageKind::Mangle`]).
    pub fn apply(&self, octets: &mut [u8]) {
        for flip in self.flips() {
            if let Some(octet) = octets.get_mut(usize::from(flip.offset)) {
                *octet ^= flip.mask;
            }
        }
        if self.kind == DamageKind::Mangle {
            fill_udp_checksum(octets);
        }
    }

    /// A random one for this datagram: 1 to 4 bits flip. `None` if it has no octet that could change.
    ///
    /// It depends on the form of the datagram (lengths, protocol) and not on what is in it. All flipped bits have
    /// different places in their 16-bit words, so the sum of the datagram's words changes by a signed sum of
    /// different powers of two, which is neither 0 nor (four of them being too few) 65,535: a checksum in ones'
    /// complement always catches it.
    pub(super) fn draw<R: Rng + ?Sized>(
        kind: DamageKind,
        octets: &[u8],
        rng: &mut R,
    ) -> Option<Self> {
        let target = Target::of(kind, octets);
        let bits = 8 * u64::try_from(target.len()).ok()?;
        let last = bits.checked_sub(1)?;
        let count = 1 + uniform(rng, MAX_FLIPS as u64 - 1);
        let mut flips = [Flip::default(); MAX_FLIPS];
        let mut used = 0_u16;
        for flip in flips.iter_mut().take(usize::try_from(count).ok()?) {
            let bit = uniform(rng, last);
            let offset = target.offset(usize::try_from(bit / 8).ok()?);
            // The next free place of the octet: at most three of its eight are taken.
            let place = |bit: u64| 1_u16 << (8 * (offset % 2) + (bit % 8) as usize);
            let free = (bit..bit + 8).find(|bit| used & place(*bit) == 0)?;
            used |= place(free);
            *flip = Flip { offset: u16::try_from(offset).ok()?, mask: 1 << (free % 8) };
        }
        Some(Self { kind, flips: merged(flips) })
    }
}

/// Ascending, one for each octet, unused ones last.
fn merged(mut drawn: [Flip; MAX_FLIPS]) -> [Flip; MAX_FLIPS] {
    drawn.sort_unstable_by_key(|flip| (flip.mask == 0, flip.offset));
    let mut flips = [Flip::default(); MAX_FLIPS];
    let mut len = 0;
    for flip in drawn.into_iter().filter(|flip| flip.mask != 0) {
        match flips[..len].last_mut() {
            Some(last) if last.offset == flip.offset => last.mask |= flip.mask,
            _ => {
                flips[len] = flip;
                len += 1;
            }
        }
    }
    flips
}

/// The octets of a datagram that may change: a range with a hole in it.
struct Target {
    range: Range<usize>,
    hole: Range<usize>,
}

impl Target {
    /// Octets that are no IP datagram may change anywhere.
    fn of(kind: DamageKind, octets: &[u8]) -> Self {
        let Some(payload) = payload_of(octets) else {
            return Self::whole(0..octets.len());
        };
        let Some(end) = udp_end(octets, &payload) else {
            return Self::whole(payload);
        };
        match kind {
            DamageKind::Mangle => Self::whole(payload.start + UDP_HEADER_LEN..end),
            // Another length makes another sum, and a checksum of 0 means "none" (RFC 768): by accident the damage
            // could pass.
            DamageKind::Corrupt => {
                let [from, to] = [UDP_LENGTH_AND_CHECKSUM.start, UDP_LENGTH_AND_CHECKSUM.end]
                    .map(|offset| payload.start + offset);
                Self { range: payload.start..end, hole: from..to }
            }
        }
    }

    const fn whole(range: Range<usize>) -> Self {
        Self { hole: range.end..range.end, range }
    }

    /// Only those that an offset can name.
    fn len(&self) -> usize {
        let end = self.range.end.min(usize::from(u16::MAX) + 1);
        end.saturating_sub(self.range.start) - self.hole.len()
    }

    /// Where the n-th octet is.
    fn offset(&self, n: usize) -> usize {
        let offset = self.range.start + n;
        if offset < self.hole.start { offset } else { offset + self.hole.len() }
    }
}

/// Where the payload of an IP datagram is.
fn payload_of(octets: &[u8]) -> Option<Range<usize>> {
    let len = ip::parse(octets).ok()?.payload.len();
    let start = match octets.first()? >> 4 {
        4 => usize::from(octets[0] & 0x0f) * 4,
        _ => smoltcp::wire::IPV6_HEADER_LEN,
    };
    Some(start..start + len)
}

/// Where the UDP datagram in the payload ends, if it is one.
fn udp_end(octets: &[u8], payload: &Range<usize>) -> Option<usize> {
    if ip::parse(octets).ok()?.protocol != protocol::UDP || payload.len() < UDP_HEADER_LEN {
        return None;
    }
    let len = usize::from(UdpPacket::new_unchecked(&octets[payload.clone()]).len());
    (UDP_HEADER_LEN..=payload.len()).contains(&len).then_some(payload.start + len)
}

/// Makes the checksum of a UDP datagram right. One without a checksum stays without.
fn fill_udp_checksum(octets: &mut [u8]) {
    let Some(payload) = payload_of(octets) else { return };
    let Some(end) = udp_end(octets, &payload) else { return };
    let Ok(datagram) = ip::parse(octets) else { return };
    let (source, destination) =
        (IpAddress::from(datagram.source), IpAddress::from(datagram.destination));
    let mut packet = UdpPacket::new_unchecked(&mut octets[payload.start..end]);
    if packet.checksum() != 0 {
        packet.fill_checksum(&source, &destination);
    }
}
