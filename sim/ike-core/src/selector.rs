//! Traffic selectors: what may pass through a Child SA (RFC 7296 2.9, 3.13.1).

use core::fmt;
use core::net::IpAddr;

/// How many selectors a side may have here.
pub const MAX_SELECTORS: usize = 4;

/// A bounded list of selectors.
pub type Selectors = heapless::Vec<TrafficSelector, MAX_SELECTORS>;

/// A range of addresses of one family, with a protocol and a range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrafficSelector {
    start: IpAddr,
    end: IpAddr,
    /// The IP protocol; 0 is any.
    pub protocol: u8,
    /// First and last port; (0, 65535) is any, (65535, 0) is OPAQUE.
    pub ports: (u16, u16),
}

/// Any port.
const ANY_PORT: (u16, u16) = (0, u16::MAX);
/// Traffic whose ports cannot be seen (RFC 7296 3.13.1).
const OPAQUE: (u16, u16) = (u16::MAX, 0);

impl TrafficSelector {
    /// The range, or `None` where it mixes families, ends before it starts, or its ports do.
    #[must_use]
    pub fn new(start: IpAddr, end: IpAddr, protocol: u8, ports: (u16, u16)) -> Option<Self> {
        let families_match = start.is_ipv4() == end.is_ipv4();
        let ports_ok = ports.0 <= ports.1 || ports == OPAQUE;
        (families_match && start <= end && ports_ok).then_some(Self { start, end, protocol, ports })
    }

    /// All traffic of one address.
    #[must_use]
    pub const fn host(address: IpAddr) -> Self {
        Self { start: address, end: address, protocol: 0, ports: ANY_PORT }
    }

    /// All traffic of the network of `address` with a prefix of `bits`; `None` where the family
    /// has fewer bits.
    #[must_use]
    pub fn network(address: IpAddr, bits: u8) -> Option<Self> {
        let (start, end) = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
                let base = v4.to_bits() & mask;
                (IpAddr::V4(base.into()), IpAddr::V4((base | !mask).into()))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
                let base = v6.to_bits() & mask;
                (IpAddr::V6(base.into()), IpAddr::V6((base | !mask).into()))
            }
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Self { start, end, protocol: 0, ports: ANY_PORT })
    }

    /// The first address.
    #[must_use]
    pub const fn start(&self) -> IpAddr {
        self.start
    }

    /// The last address.
    #[must_use]
    pub const fn end(&self) -> IpAddr {
        self.end
    }

    /// Whether the address is in the range.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.start.is_ipv4() && self.start <= address && address <= self.end
    }

    /// Whether all that `other` selects is selected here, too.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.intersection(other) == Some(*other)
    }

    /// What both select, or `None` where that is nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        if self.start.is_ipv4() != other.start.is_ipv4() {
            return None;
        }
        let protocol = match (self.protocol, other.protocol) {
            (0, protocol) | (protocol, 0) => protocol,
            (a, b) if a == b => a,
            _ => return None,
        };
        let ports = match (self.ports, other.ports) {
            // "Any" includes traffic whose ports cannot be seen.
            (OPAQUE, OPAQUE | ANY_PORT) | (ANY_PORT, OPAQUE) => OPAQUE,
            (OPAQUE, _) | (_, OPAQUE) => return None,
            (a, b) => {
                let (first, last) = (a.0.max(b.0), a.1.min(b.1));
                // Port 65535 and port 0 have nothing in common, least of all OPAQUE.
                if first > last {
                    return None;
                }
                (first, last)
            }
        };
        Self::new(self.start.max(other.start), self.end.min(other.end), protocol, ports)
    }

    /// Whether each of `narrow` is within one of `wide` (RFC 7296 2.9); so it is where `narrow` is
    /// empty, which the caller must not take for an answer.
    #[must_use]
    pub fn all_within(narrow: &[Self], wide: &[Self]) -> bool {
        narrow.iter().all(|inner| wide.iter().any(|outer| outer.contains(inner)))
    }
}

impl fmt::Display for TrafficSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.start == self.end {
            write!(f, "{}", self.start)?;
        } else {
            write!(f, "{}-{}", self.start, self.end)?;
        }
        if self.protocol != 0 {
            write!(f, " protocol {}", self.protocol)?;
        }
        match self.ports {
            ANY_PORT => Ok(()),
            OPAQUE => f.write_str(" opaque"),
            (first, last) => write!(f, " ports {first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests;
