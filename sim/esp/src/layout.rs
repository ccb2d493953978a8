//! Where the parts of a packet lie (RFC 4303 2). Lengths in octets.

use crypto::Protection;

/// The SPI and the sequence number.
pub const HEADER_LEN: usize = 8;

/// Pad Length and Next Header.
pub(crate) const TRAILER_LEN: usize = 2;

/// The most by which any of our protections lengthens a packet: AES-CBC with a full block of padding.
pub const MAX_OVERHEAD: usize = HEADER_LEN + 16 + 15 + TRAILER_LEN + 16;

/// By how much the ESP packet is longer than the inner packet of `inner_len` octets.
#[must_use]
pub const fn overhead(protection: Protection, inner_len: usize) -> usize {
    fixed_len(protection) + pad_len(protection, inner_len) + TRAILER_LEN
}

/// The longest inner packet whose ESP packet has at most `packet_len` octets; 0 where none fits.
#[must_use]
pub const fn max_inner_len(protection: Protection, packet_len: usize) -> usize {
    let text = packet_len.saturating_sub(fixed_len(protection));
    (text - text % alignment(protection)).saturating_sub(TRAILER_LEN)
}

/// The SPI of an ESP packet; `None` for fewer than 4 octets.
///
/// Behind a UDP header, 0 is the Non-ESP Marker of an IKE message (RFC 3948 2.2).
#[must_use]
pub fn spi_of(packet: &[u8]) -> Option<u32> {
    packet.first_chunk().copied().map(u32::from_be_bytes)
}

/// The padding between `payload_len` octets and the trailer.
pub(crate) const fn pad_len(protection: Protection, payload_len: usize) -> usize {
    let alignment = alignment(protection);
    alignment - 1 - (payload_len % alignment + TRAILER_LEN - 1) % alignment
}

/// RFC 4303 2.4: the text ends at the cipher's block and at a multiple of 4. One of the two is always
/// a multiple of the other.
const fn alignment(protection: Protection) -> usize {
    let block = protection.encryption().block_len();
    if block > 4 { block } else { 4 }
}

/// What surrounds the text.
const fn fixed_len(protection: Protection) -> usize {
    HEADER_LEN + protection.encryption().iv_len() + protection.icv_len()
}
