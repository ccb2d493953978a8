//! Writing a message: header, chain of payloads, SK payload.

use crate::payload::{Body, GENERIC_HEADER_LEN};
use crate::{HEADER_LEN, Header, PayloadType};
use core::fmt;
use core::ops::Range;
use crypto::{Crypto, Protection, ProtectionKey, Sealing};

/// The message does not fit into the buffer that it is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferTooSmall;

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message does not fit into the buffer")
    }
}

impl core::error::Error for BufferTooSmall {}

/// Where the parts of an SK payload under construction are.
struct Protected {
    /// Of its generic header.
    start: usize,
    iv: Range<usize>,
}

/// A message under construction in the caller's buffer.
pub struct MessageWriter<'b> {
    buffer: &'b mut [u8],
    len: usize,
    /// Where the type of the next payload goes.
    link: usize,
    protected: Option<Protected>,
}

impl<'b> MessageWriter<'b> {
    /// Starts a message. The header's length and first payload are filled in.
    ///
    /// # Errors
    /// [`BufferTooSmall`].
    pub fn new(buffer: &'b mut [u8], header: &Header) -> Result<Self, BufferTooSmall> {
        let mut writer = Self { buffer, len: 0, link: NEXT_PAYLOAD_AT, protected: None };
        writer.extend(HEADER_LEN)?.copy_from_slice(&header.emit());
        writer.buffer[NEXT_PAYLOAD_AT] = PayloadType::NONE.0;
        Ok(writer)
    }

    fn extend(&mut self, count: usize) -> Result<&mut [u8], BufferTooSmall> {
        let start = self.len;
        let end = start.checked_add(count).ok_or(BufferTooSmall)?;
        let new = self.buffer.get_mut(start..end).ok_or(BufferTooSmall)?;
        self.len = end;
        Ok(new)
    }

    /// Nothing is written where not all of it has room.
    fn reserve(&self, count: usize) -> Result<(), BufferTooSmall> {
        let room = self.buffer.len() - self.len;
        if count <= room { Ok(()) } else { Err(BufferTooSmall) }
    }

    fn generic_header(&mut self, kind: PayloadType, len: usize) -> Result<(), BufferTooSmall> {
        let start = self.len;
        let len = u16::try_from(len + GENERIC_HEADER_LEN).map_err(|_| BufferTooSmall)?;
        let [high, low] = len.to_be_bytes();
        self.extend(GENERIC_HEADER_LEN)?.copy_from_slice(&[0, 0, high, low]);
        self.buffer[self.link] = kind.0;
        self.link = start;
        Ok(())
    }

    /// Appends a payload; its critical flag is 0, as for all types that RFC 7296 defines.
    ///
    /// # Errors
    /// [`BufferTooSmall`]; the message is then as it was.
    pub fn payload(&mut self, body: &dyn Body) -> Result<&mut Self, BufferTooSmall> {
        let len = body.body_len();
        self.reserve(GENERIC_HEADER_LEN.saturating_add(len))?;
        self.generic_header(body.kind(), len)?;
        body.emit(self.extend(len)?);
        Ok(self)
    }

    /// Sets the critical flag of the payload appended last: for tests and misbehaviours.
    ///
    /// # Panics
    /// When there is none: the flag would end up in the header.
    pub fn mark_critical(&mut self) -> &mut Self {
        assert_ne!(self.link, NEXT_PAYLOAD_AT, "a payload was appended");
        self.buffer[self.link + 1] |= 0x80;
        self
    }

    /// Begins the SK payload: what is appended from here on is inside. `iv` has the length that
    /// `protection` wants.
    ///
    /// # Errors
    /// [`BufferTooSmall`]; the message is then as it was.
    ///
    /// # Panics
    /// When `iv` has another length, or an SK payload was begun already.
    pub fn begin_protected(
        &mut self,
        protection: Protection,
        iv: &[u8],
    ) -> Result<&mut Self, BufferTooSmall> {
        assert_eq!(iv.len(), protection.encryption().iv_len(), "an IV of the protection's length");
        // RFC 7296 3.14: it is the last payload.
        assert!(self.protected.is_none(), "SK is never nested");
        self.reserve(GENERIC_HEADER_LEN + iv.len())?;
        let start = self.len;
        self.generic_header(PayloadType::SK, 0)?;
        let from = self.len;
        self.extend(iv.len())?.copy_from_slice(iv);
        self.protected = Some(Protected { start, iv: from..self.len });
        Ok(self)
    }

    fn patch_length(&mut self) -> Result<(), BufferTooSmall> {
        let length = u32::try_from(self.len).map_err(|_| BufferTooSmall)?;
        self.buffer[LENGTH_AT..HEADER_LEN].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Ends a message without an SK payload; its octets count.
    ///
    /// # Errors
    /// [`BufferTooSmall`].
    ///
    /// # Panics
    /// When an SK payload was begun: that would send it in clear.
    pub fn finish(mut self) -> Result<usize, BufferTooSmall> {
        assert!(self.protected.is_none(), "a protected message is sealed, not finished");
        self.patch_length()?;
        Ok(self.len)
    }

    /// Pads, encrypts and authenticates; the octets of the message.
    ///
    /// # Errors
    /// [`BufferTooSmall`].
    ///
    /// # Panics
    /// When no SK payload was begun, or `key` wants an IV of another length than it was begun with.
    pub fn seal<C: Crypto>(
        mut self,
        crypto: &C,
        key: &ProtectionKey,
    ) -> Result<usize, BufferTooSmall> {
        let Protected { start, iv } = self.protected.take().expect("an SK payload was begun");
        let protection = key.protection();
        let text = self.len - iv.end + 1;
        let block = protection.encryption().block_len();
        // RFC 7296 3.14: the pad length octet is the last of the last block.
        let padding = text.next_multiple_of(block) - text;
        self.extend(padding)?.fill(0);
        self.extend(1)?[0] = u8::try_from(padding).expect("less than a block");
        let icv_start = self.len;
        self.extend(protection.icv_len())?.fill(0);
        let sk_len = u16::try_from(self.len - start).map_err(|_| BufferTooSmall)?;
        self.buffer[start + 2..start + 4].copy_from_slice(&sk_len.to_be_bytes());
        self.patch_length()?;
        let (aad, rest) = self.buffer[..self.len].split_at_mut(iv.start);
        let (iv, rest) = rest.split_at_mut(iv.len());
        let (text, icv) = rest.split_at_mut(icv_start - aad.len() - iv.len());
        crypto.seal(key, Sealing { aad, iv, text, icv });
        Ok(self.len)
    }
}

const NEXT_PAYLOAD_AT: usize = 16;
const LENGTH_AT: usize = 24;

#[cfg(test)]
mod tests;
