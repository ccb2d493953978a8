//! Opening the SK payload (RFC 7296 3.14, RFC 5282).

use crate::payload::{GENERIC_HEADER_LEN, Payloads};
use crate::{HEADER_LEN, Header, Malformed, PayloadType, PeerMisbehaved};
use core::ops::Range;
use crypto::{Crypto, Opening, ProtectionKey};

/// Why an SK payload was not opened. Only [`Self::Inside`] comes from the peer for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectedError {
    /// The chain up to the SK payload does not parse, or that one has an impossible length.
    Malformed(Malformed),
    /// There is no SK payload.
    NotProtected,
    /// The ICV does not verify.
    IcvMismatch,
    /// The ICV verifies and the padding is impossible.
    Inside(Malformed),
    /// The ICV verifies and a payload before SK is critical and unknown.
    UnsupportedCritical(PeerMisbehaved),
}

/// The payloads inside an opened SK payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inner {
    /// The type of the first one.
    pub first: PayloadType,
    /// Where they are in the message.
    pub range: Range<usize>,
}

impl Inner {
    /// The payloads.
    #[must_use]
    pub fn payloads<'a>(&self, message: &'a [u8]) -> Payloads<'a> {
        Payloads::inside(self.first, &message[self.range.clone()], self.range.start)
    }
}

/// Verifies and decrypts the SK payload of `message` in place.
///
/// # Errors
/// [`ProtectedError`]; the message may then be garbled.
pub fn open_protected<C: Crypto>(
    crypto: &C,
    key: &ProtectionKey,
    message: &mut [u8],
) -> Result<Inner, ProtectedError> {
    let (first, body, critical) = find_sk(message)?;
    let protection = key.protection();
    let (iv_len, icv_len) = (protection.encryption().iv_len(), protection.icv_len());
    if body.len() < iv_len + icv_len + 1 {
        return Err(ProtectedError::Malformed(Malformed::new(
            "room for IV, pad length and ICV",
            body.start,
        )));
    }
    let text_len = body.len() - iv_len - icv_len;
    if !text_len.is_multiple_of(protection.encryption().block_len()) {
        return Err(ProtectedError::Malformed(Malformed::new(
            "a text of whole blocks",
            body.start + iv_len,
        )));
    }
    let (aad, rest) = message[..body.end].split_at_mut(body.start);
    let (iv, rest) = rest.split_at_mut(iv_len);
    let (text, icv) = rest.split_at_mut(text_len);
    crypto.open(key, Opening { aad, iv, text, icv }).map_err(|_| ProtectedError::IcvMismatch)?;
    if let Some(kind) = critical {
        return Err(ProtectedError::UnsupportedCritical(
            PeerMisbehaved::UnsupportedCriticalPayload(kind),
        ));
    }
    let start = body.start + iv_len;
    let last = start + text.len() - 1;
    let padding = usize::from(text[text.len() - 1]);
    match last.checked_sub(padding).filter(|end| *end >= start) {
        Some(end) => Ok(Inner { first, range: start..end }),
        None => Err(ProtectedError::Inside(Malformed::new("a pad length within the text", last))),
    }
}

/// The type of the first payload inside, where the body of SK is, and a critical payload of no
/// known type before it.
type Found = (PayloadType, Range<usize>, Option<PayloadType>);

fn find_sk(message: &[u8]) -> Result<Found, ProtectedError> {
    let header = Header::parse(message).map_err(ProtectedError::Malformed)?;
    let mut critical = None;
    for payload in Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN) {
        let payload = payload.map_err(ProtectedError::Malformed)?;
        if payload.kind == PayloadType::SK {
            let end = payload.offset + payload.body.len();
            // RFC 7296 3.14: SK is the last payload of the message.
            if end != message.len() {
                return Err(ProtectedError::Malformed(Malformed::new(
                    "the end of the message after SK",
                    end,
                )));
            }
            debug_assert!(payload.offset >= HEADER_LEN + GENERIC_HEADER_LEN);
            return Ok((payload.next, payload.offset..end, critical));
        }
        if payload.is_unsupported_critical() && critical.is_none() {
            critical = Some(payload.kind);
        }
    }
    Err(ProtectedError::NotProtected)
}

#[cfg(test)]
mod tests;
