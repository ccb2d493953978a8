//! The protection of one packet: what the SK payload and ESP have in common.

use crate::{Protection, Secret};
use core::fmt;

/// The keys of one direction of an SA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectionKey {
    protection: Protection,
    encryption: Secret<36>,
    integrity: Secret<32>,
}

impl ProtectionKey {
    /// `encryption` is the key with, for AEAD, its salt behind it; `integrity` is empty for AEAD.
    /// `None` where a length is not the protection's.
    #[must_use]
    pub fn new(protection: Protection, encryption: &[u8], integrity: &[u8]) -> Option<Self> {
        let mut key = Self::empty(protection);
        key.set(encryption, integrity)?;
        Some(key)
    }

    /// No keys yet: a place for [`Self::set`]. With it nothing can be sealed or opened.
    #[must_use]
    pub const fn empty(protection: Protection) -> Self {
        Self { protection, encryption: Secret::empty(), integrity: Secret::empty() }
    }

    /// Writes keys as those of [`Self::new`] in place, so that no move leaves a copy behind; `None` where a length is not the
    /// protection's, and then nothing has changed.
    #[must_use]
    pub fn set(&mut self, encryption: &[u8], integrity: &[u8]) -> Option<()> {
        if encryption.len() != self.protection.encryption().key_len()
            || integrity.len() != self.protection.integrity_key_len()
        {
            return None;
        }
        self.encryption.set(encryption)?;
        self.integrity.set(integrity)
    }

    /// The algorithms the keys are for.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// SK_e, or the encryption key of ESP: the cipher's key and the salt behind it.
    #[must_use]
    pub fn encryption(&self) -> &[u8] {
        self.encryption.as_slice()
    }

    /// SK_a, or the integrity key of ESP; empty for AEAD.
    #[must_use]
    pub fn integrity(&self) -> &[u8] {
        self.integrity.as_slice()
    }
}

/// A packet about to be encrypted. Without AEAD the ICV covers `aad | iv | ciphertext`, which is
/// both the SK payload's rule (RFC 7296 3.14) and that of ESP (RFC 4303 2.8).
pub struct Sealing<'a> {
    /// What is authenticated and not encrypted: for SK the message up to the IV (RFC 5282 5.1), for
    /// ESP the SPI and the sequence number.
    pub aad: &'a [u8],
    /// [`crate::Encryption::iv_len`] octets.
    pub iv: &'a [u8],
    /// The padded plaintext, a multiple of [`crate::Encryption::block_len`]; the ciphertext afterwards.
    pub text: &'a mut [u8],
    /// [`Protection::icv_len`] octets, written.
    pub icv: &'a mut [u8],
}

/// A packet about to be verified and decrypted; fields as in [`Sealing`].
pub struct Opening<'a> {
    /// What is authenticated and not encrypted.
    pub aad: &'a [u8],
    /// The IV that travelled.
    pub iv: &'a [u8],
    /// The ciphertext; the padded plaintext afterwards.
    pub text: &'a mut [u8],
    /// The ICV that travelled.
    pub icv: &'a [u8],
}

/// The ICV did not verify, or a part had an impossible length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticationFailed;

impl fmt::Display for AuthenticationFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ICV does not verify")
    }
}

impl core::error::Error for AuthenticationFailed {}
