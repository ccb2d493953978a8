//! As much of the inner packet as tunnel mode must know.

use core::fmt;

/// What an ESP packet carries, as an IP protocol number (RFC 4303 2.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NextHeader(pub u8);

impl NextHeader {
    /// An IPv4 packet.
    pub const IPV4: Self = Self(4);
    /// An IPv6 packet.
    pub const IPV6: Self = Self(41);
    /// Nothing: a dummy packet.
    pub const NO_NEXT_HEADER: Self = Self(59);
}

impl fmt::Debug for NextHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::IPV4 => f.write_str("IPv4"),
            Self::IPV6 => f.write_str("IPv6"),
            Self::NO_NEXT_HEADER => f.write_str("NoNextHeader"),
            Self(other) => write!(f, "0x{other:02x}"),
        }
    }
}

const IPV4_HEADER_LEN: usize = 20;
const IPV6_HEADER_LEN: usize = 40;

/// The kind of the IP packet at the beginning of `octets` and its length by its own header. `None`
/// where no whole packet stands there.
pub(crate) fn packet_at_start(octets: &[u8]) -> Option<(NextHeader, usize)> {
    let field = |at: usize| -> Option<usize> {
        Some(usize::from(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?])))
    };
    let first = *octets.first()?;
    let (next_header, header_len, len) = match first >> 4 {
        4 => (NextHeader::IPV4, usize::from(first & 0x0f) * 4, field(2)?),
        6 => (NextHeader::IPV6, IPV6_HEADER_LEN, IPV6_HEADER_LEN + field(4)?),
        _ => return None,
    };
    (header_len >= IPV4_HEADER_LEN && header_len <= len && len <= octets.len())
        .then_some((next_header, len))
}
