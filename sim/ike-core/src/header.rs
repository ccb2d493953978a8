//! The IKE header (RFC 7296 3.1).

use crate::{ExchangeType, Malformed, PayloadType};
use core::fmt;

/// Octets of the header.
pub const HEADER_LEN: usize = 28;

/// An IKE SA's SPI. Zero means: not yet known.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IkeSpi(pub u64);

impl IkeSpi {
    /// The responder's SPI in the first message.
    pub const ZERO: Self = Self(0);

    /// The eight octets that travel.
    #[must_use]
    pub const fn to_octets(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for IkeSpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for IkeSpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The flags octet. Bits that are reserved are sent as zero and ignored when received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// Set by the original initiator of the IKE SA.
    pub const INITIATOR: Self = Self(0x08);
    /// The sender could speak a higher major version.
    pub const VERSION: Self = Self(0x10);
    /// Set in responses.
    pub const RESPONSE: Self = Self(0x20);

    /// Both sets of flags.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the message is a response.
    #[must_use]
    pub const fn is_response(self) -> bool {
        self.contains(Self::RESPONSE)
    }

    /// Whether the sender is the original initiator.
    #[must_use]
    pub const fn is_initiator(self) -> bool {
        self.contains(Self::INITIATOR)
    }
}

/// The header of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The original initiator's SPI.
    pub spi_i: IkeSpi,
    /// The original responder's SPI; zero in the first message.
    pub spi_r: IkeSpi,
    /// The type of the first payload.
    pub next_payload: PayloadType,
    /// Major and minor version, a nibble each.
    pub version: u8,
    /// What the message is part of.
    pub exchange: ExchangeType,
    /// Who sends, and whether it is a response.
    pub flags: Flags,
    /// Counts the requests of one side from 0.
    pub message_id: u32,
    /// Octets of the whole message, the header among them.
    pub length: u32,
}

impl Header {
    /// The version that is sent: 2.0 (RFC 7296 3.1).
    pub const VERSION: u8 = 0x20;

    /// A header of ours; the first payload and the length are filled in by the writer.
    #[must_use]
    pub const fn new(spi_i: IkeSpi, spi_r: IkeSpi, exchange: ExchangeType) -> Self {
        Self {
            spi_i,
            spi_r,
            next_payload: PayloadType::NONE,
            version: Self::VERSION,
            exchange,
            flags: Flags(0),
            message_id: 0,
            length: 0,
        }
    }

    /// The same with these flags.
    #[must_use]
    pub const fn flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }

    /// The same with this Message ID.
    #[must_use]
    pub const fn message_id(mut self, id: u32) -> Self {
        self.message_id = id;
        self
    }

    /// The major version; the minor one is ignored on receipt (RFC 7296 2.5).
    #[must_use]
    pub const fn major_version(&self) -> u8 {
        self.version >> 4
    }

    /// Reads the header of `message`.
    ///
    /// # Errors
    /// [`Malformed`] when there are fewer than 28 octets. The length field is not judged here.
    pub fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let Some((header, _)) = message.split_first_chunk::<HEADER_LEN>() else {
            return Err(Malformed::new("a header of 28 octets", message.len()));
        };
        let u64_at = |at: usize| {
            header[at..at + 8].iter().fold(0, |value, &octet| value << 8 | u64::from(octet))
        };
        let u32_at = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        Ok(Self {
            spi_i: IkeSpi(u64_at(0)),
            spi_r: IkeSpi(u64_at(8)),
            next_payload: PayloadType(header[16]),
            version: header[17],
            exchange: ExchangeType(header[18]),
            flags: Flags(header[19]),
            message_id: u32_at(20),
            length: u32_at(24),
        })
    }

    /// The octets of the header.
    #[must_use]
    pub fn emit(&self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[0..8].copy_from_slice(&self.spi_i.to_octets());
        out[8..16].copy_from_slice(&self.spi_r.to_octets());
        out[16] = self.next_payload.0;
        out[17] = self.version;
        out[18] = self.exchange.0;
        out[19] = self.flags.0;
        out[20..24].copy_from_slice(&self.message_id.to_be_bytes());
        out[24..28].copy_from_slice(&self.length.to_be_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_parses_to_what_was_emitted() {
        let header = Header {
            spi_i: IkeSpi(0x0102_0304_0506_0708),
            spi_r: IkeSpi(0x1112_1314_1516_1718),
            next_payload: PayloadType::SK,
            version: 0x21,
            exchange: ExchangeType::INFORMATIONAL,
            flags: Flags(0xff),
            message_id: 0x2122_2324,
            length: 0x3132_3334,
        };
        assert_eq!(Header::parse(&header.emit()), Ok(header));
        assert_eq!(header.major_version(), 2);
    }

    #[test]
    fn a_short_header_is_malformed_where_it_ends() {
        assert_eq!(Header::parse(&[0; 27]), Err(Malformed::new("a header of 28 octets", 27)));
    }
}
