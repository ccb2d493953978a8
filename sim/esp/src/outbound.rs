//! Inner packets into ESP packets.

use crate::ip::packet_at_start;
use crate::layout::{HEADER_LEN, pad_len};
use crate::{NextHeader, overhead};
use core::fmt;
use crypto::{Crypto, ProtectionKey, Sealing};
use rand_core::CryptoRng;

/// The sending half of an SA. Not `Clone`: two counters under one key would repeat IVs.
#[derive(Debug)]
pub struct Outbound {
    spi: u32,
    key: ProtectionKey,
    sequence: u32,
}

/// Why no packet was made; the sequence number has not been used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// The last sequence number has been sent and it must not cycle (RFC 4303 3.3.3): the SA has ended.
    SequenceExhausted,
    /// The output buffer is shorter than the ESP packet.
    BufferTooSmall {
        /// What the packet takes, in octets.
        needed: usize,
    },
    /// The inner octets do not begin with a whole IPv4 or IPv6 packet.
    NotAnIpPacket,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SequenceExhausted => f.write_str("the sequence numbers are used up"),
            Self::BufferTooSmall { needed } => write!(f, "the packet takes {needed} octets"),
            Self::NotAnIpPacket => f.write_str("the inner packet is not an IP packet"),
        }
    }
}

impl core::error::Error for SealError {}

/// What goes under the encryption, before padding.
struct Payload<'a> {
    octets: &'a [u8],
    next_header: NextHeader,
}

impl Outbound {
    /// A fresh SA: the first packet has sequence number 1 (RFC 4303 3.3.3).
    #[must_use]
    pub fn new(spi: u32, key: ProtectionKey) -> Self {
        Self::continuing(spi, key, 0)
    }

    /// An SA on which `sequence` packets have been sent already.
    ///
    /// With AEAD the sequence number is the IV: a number too low breaks the encryption.
    #[must_use]
    pub fn continuing(spi: u32, key: ProtectionKey, sequence: u32) -> Self {
        Self { spi, key, sequence }
    }

    /// The SPI that the receiver chose.
    #[must_use]
    pub fn spi(&self) -> u32 {
        self.spi
    }

    /// The sequence number of the latest packet, 0 before the first.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// The algorithms in use, for [`overhead`].
    #[must_use]
    pub fn protection(&self) -> crypto::Protection {
        self.key.protection()
    }

    /// Writes the ESP packet that carries the IP packet `inner` to the start of `out` and returns
    /// its length in octets.
    ///
    /// Octets behind the end of the inner packet travel as TFC padding (RFC 4303 2.7). `rng` makes the
    /// IV of AES-CBC, which must be unpredictable (RFC 3602 3); the other algorithms leave it alone.
    ///
    /// # Errors
    /// As [`SealError`] says.
    pub fn seal<C: Crypto>(
        &mut self,
        crypto: &C,
        inner: &[u8],
        rng: &mut dyn CryptoRng,
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let (next_header, _) = packet_at_start(inner).ok_or(SealError::NotAnIpPacket)?;
        self.seal_payload(crypto, &Payload { octets: inner, next_header }, rng, out)
    }

    /// As [`seal`](Self::seal), for a dummy packet that the receiver discards (RFC 4303 2.6). `filler` is
    /// arbitrary.
    ///
    /// # Errors
    /// [`SealError::SequenceExhausted`] and [`SealError::BufferTooSmall`].
    pub fn seal_dummy<C: Crypto>(
        &mut self,
        crypto: &C,
        filler: &[u8],
        rng: &mut dyn CryptoRng,
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let payload = Payload { octets: filler, next_header: NextHeader::NO_NEXT_HEADER };
        self.seal_payload(crypto, &payload, rng, out)
    }

    fn seal_payload<C: Crypto>(
        &mut self,
        crypto: &C,
        payload: &Payload<'_>,
        rng: &mut dyn CryptoRng,
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let sequence = self.sequence.checked_add(1).ok_or(SealError::SequenceExhausted)?;
        let needed = payload.octets.len() + overhead(self.protection(), payload.octets.len());
        let packet = out.get_mut(..needed).ok_or(SealError::BufferTooSmall { needed })?;
        self.sequence = sequence;

        let encryption = self.protection().encryption();
        let iv = &mut packet[HEADER_LEN..][..encryption.iv_len()];
        if encryption.is_aead() {
            // A counter never repeats under one key: RFC 4106 3.1, RFC 4309 3.1, RFC 7634 2.
            iv.copy_from_slice(&u64::from(sequence).to_be_bytes());
        } else {
            rng.fill_bytes(iv);
        }
        self.fill(crypto, payload, packet);
        Ok(needed)
    }

    /// Writes everything but the IV, which is in its place already.
    fn fill<C: Crypto>(&self, crypto: &C, payload: &Payload<'_>, packet: &mut [u8]) {
        let protection = self.protection();
        let (aad, rest) = packet.split_at_mut(HEADER_LEN);
        aad[..4].copy_from_slice(&self.spi.to_be_bytes());
        aad[4..].copy_from_slice(&self.sequence.to_be_bytes());

        let (iv, rest) = rest.split_at_mut(protection.encryption().iv_len());
        let (text, icv) = rest.split_at_mut(rest.len() - protection.icv_len());
        let (octets, trailer) = text.split_at_mut(payload.octets.len());
        octets.copy_from_slice(payload.octets);
        // RFC 4303 2.4: 1, 2, 3, ... and then their number; alignment keeps it below 16.
        for (octet, value) in trailer.iter_mut().zip(1_u8..) {
            *octet = value;
        }
        let pad_len = pad_len(protection, payload.octets.len());
        trailer[pad_len] = pad_len as u8;
        trailer[pad_len + 1] = payload.next_header.0;

        crypto.seal(&self.key, Sealing { aad, iv, text, icv });
    }
}

#[cfg(test)]
mod tests;
