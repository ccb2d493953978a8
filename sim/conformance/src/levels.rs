//! How RFC 8247 (IKE) and RFC 8221 (ESP) rate algorithms.

use crate::message::TransformDraft;
use ike_core::{ProtocolId, TransformType};

/// What is said of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Every implementation must or should have it.
    Wanted,
    /// It may be used.
    Allowed,
    /// It must not be.
    Forbidden,
}

/// The types of which one at least must be wanted. Groups are none of them: RFC 8247 2.4 does not know
/// those of RFC 8031.
pub(crate) const RATED: [TransformType; 3] =
    [TransformType::ENCR, TransformType::PRF, TransformType::INTEG];

/// The level of an algorithm.
pub(crate) fn of(protocol: ProtocolId, transform: &TransformDraft) -> Level {
    let ike = protocol == ProtocolId::IKE;
    let (wanted, forbidden): (&[u16], &[u16]) = match transform.kind {
        // RFC 8247 2.1: AES-CBC, AES-CCM-8, AES-GCM-16, ChaCha20-Poly1305; not DES, nor NULL.
        TransformType::ENCR if ike => (&[12, 14, 20, 28], &[1, 2, 9, 11]),
        // RFC 8221 5: NULL with integrity is allowed here; not DES, IDEA, CAST, Blowfish, 3IDEA.
        TransformType::ENCR => (&[12, 14, 20, 28], &[1, 2, 4, 6, 7, 8, 9]),
        // RFC 8247 2.2: HMAC-SHA1 (MUST-), AES-XCBC, HMAC-SHA2-256 and -512; not HMAC-MD5.
        TransformType::PRF => (&[2, 4, 5, 7], &[1]),
        // RFC 8247 2.3, RFC 8221 6: HMAC-SHA1-96 (MUST-), AES-XCBC, SHA2; not MD5, DES-MAC, KPDK-MD5.
        TransformType::INTEG => (&[2, 5, 12, 14], &[1, 3, 4]),
        // RFC 8247 2.4: not 768 bits, nor 1024 bits with a subgroup of 160.
        TransformType::DH => (&[14, 19], &[1, 22]),
        _ => (&[], &[]),
    };
    let id = transform.id;
    if wanted.contains(&id) {
        Level::Wanted
    } else if forbidden.contains(&id) {
        Level::Forbidden
    } else {
        Level::Allowed
    }
}

/// Whether it is a cipher that protects integrity, too: AES-CCM, AES-GCM, ChaCha20-Poly1305, and those
/// with implicit IVs.
pub(crate) fn is_aead(transform: &TransformDraft) -> bool {
    transform.kind == TransformType::ENCR && matches!(transform.id, 14..=16 | 18..=20 | 28..=31)
}

/// Whether a cipher is offered with a Key Length; `None` for one of which nothing is known here.
pub(crate) fn has_key_length(transform: &TransformDraft) -> Option<bool> {
    match transform.id {
        // AES and Camellia in their modes.
        12..=16 | 18..=20 | 23..=27 => Some(true),
        // DES, 3DES, NULL, ChaCha20-Poly1305 (RFC 7296 3.3.5, RFC 7634 4).
        2 | 3 | 11 | 28 => Some(false),
        _ => None,
    }
}
