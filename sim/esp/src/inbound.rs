//! ESP packets into inner packets.

use crate::ip::packet_at_start;
use crate::{HEADER_LEN, NextHeader, ReplayWindow, overhead, spi_of};
use core::fmt;
use crypto::{AuthenticationFailed, Crypto, Opening, ProtectionKey};

/// The receiving half of an SA.
#[derive(Debug)]
pub struct Inbound {
    spi: u32,
    key: ProtectionKey,
    window: ReplayWindow,
}

/// What an authentic packet carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened<'p> {
    /// An IP packet.
    Packet {
        /// [`NextHeader::IPV4`] or [`NextHeader::IPV6`].
        next_header: NextHeader,
        /// The inner packet, as long as its own header says: TFC padding is cut (RFC 4303 2.7).
        inner: &'p [u8],
        /// The sequence number it came with.
        sequence: u32,
    },
    /// A dummy packet: to be discarded without an error (RFC 4303 2.6).
    Dummy,
}

/// Why a packet is discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpenError {
    /// Fewer octets than the shortest packet under this protection.
    TooShort,
    /// Not this SA's SPI.
    WrongSpi,
    /// Sequence number 0, which no sender without ESN uses (RFC 4303 3.3.3).
    SequenceZero,
    /// A packet with this sequence number has been received.
    Replayed,
    /// The sequence number is left of the window: too old to know.
    OutsideWindow,
    /// The ICV does not verify.
    AuthenticationFailed,
    /// Authentic, but the padding is not 1, 2, 3, ... or longer than the text (RFC 4303 2.4).
    BadPadding,
    /// Authentic, but not a whole IPv4 or IPv6 packet of the kind that the next header says.
    NotAnIpPacket,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "too short for an ESP packet",
            Self::WrongSpi => "another SA's SPI",
            Self::SequenceZero => "sequence number 0",
            Self::Replayed => "replayed",
            Self::OutsideWindow => "older than the replay window",
            Self::AuthenticationFailed => "the ICV does not verify",
            Self::BadPadding => "bad padding",
            Self::NotAnIpPacket => "the inner packet is not an IP packet",
        })
    }
}

impl core::error::Error for OpenError {}

impl Inbound {
    /// A fresh SA. `window` is empty: [`ReplayWindow::default`] or [`ReplayWindow::new`].
    #[must_use]
    pub fn new(spi: u32, key: ProtectionKey, window: ReplayWindow) -> Self {
        Self { spi, key, window }
    }

    /// The SPI that we chose.
    #[must_use]
    pub fn spi(&self) -> u32 {
        self.spi
    }

    /// The sequence numbers received.
    #[must_use]
    pub fn window(&self) -> &ReplayWindow {
        &self.window
    }

    /// Checks and decrypts a packet in place (RFC 4303 3.4).
    ///
    /// # Errors
    /// As [`OpenError`] says; the octets of `packet` are then unspecified. Only a packet whose ICV has
    /// verified changes the replay window.
    pub fn open<'p, C: Crypto>(
        &mut self,
        crypto: &C,
        packet: &'p mut [u8],
    ) -> Result<Opened<'p>, OpenError> {
        let protection = self.key.protection();
        if packet.len() < overhead(protection, 0) {
            return Err(OpenError::TooShort);
        }
        if spi_of(packet) != Some(self.spi) {
            return Err(OpenError::WrongSpi);
        }
        let sequence = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        self.window.check(sequence)?;

        let (aad, rest) = packet.split_at_mut(HEADER_LEN);
        let (iv, rest) = rest.split_at_mut(protection.encryption().iv_len());
        let (text, icv) = rest.split_at_mut(rest.len() - protection.icv_len());
        crypto
            .open(&self.key, Opening { aad, iv, text, icv })
            .map_err(|AuthenticationFailed| OpenError::AuthenticationFailed)?;
        self.window.accept(sequence);
        opened(text, sequence)
    }
}

/// The meaning of an authentic text.
fn opened(text: &[u8], sequence: u32) -> Result<Opened<'_>, OpenError> {
    let [padded @ .., pad_len, next_header] = text else { return Err(OpenError::TooShort) };
    let next_header = NextHeader(*next_header);
    // RFC 4303 2.6: but for this field a dummy packet need not be well-formed.
    if next_header == NextHeader::NO_NEXT_HEADER {
        return Ok(Opened::Dummy);
    }
    let payload_len =
        padded.len().checked_sub(usize::from(*pad_len)).ok_or(OpenError::BadPadding)?;
    let (payload, padding) = padded.split_at(payload_len);
    if !padding.iter().copied().eq(1..=*pad_len) {
        return Err(OpenError::BadPadding);
    }
    match packet_at_start(payload) {
        Some((kind, len)) if kind == next_header => {
            Ok(Opened::Packet { next_header, inner: &payload[..len], sequence })
        }
        _ => Err(OpenError::NotAnIpPacket),
    }
}
