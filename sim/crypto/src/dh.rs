//! Diffie-Hellman: the values that the groups exchange.

use crate::{Group, Secret};
use core::fmt;
use rand_core::CryptoRng;

/// The longest public value, of the 2048-bit MODP group.
pub const MAX_PUBLIC_VALUE: usize = 256;

/// The shared secret of a Diffie-Hellman exchange.
pub type SharedSecret = Secret<256>;

/// The peer's public value fails the recipient tests (RFC 6989, RFC 8031 3.2) or has a wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPublicValue;

impl fmt::Display for InvalidPublicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the public value is not one of the group's")
    }
}

impl core::error::Error for InvalidPublicValue {}

/// A private key: 256 bits in every group (RFC 3526 8 allows that for 2048-bit MODP).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKey {
    group: Group,
    scalar: Secret<32>,
}

impl PrivateKey {
    /// A new key from the caller's randomness. For ECP, a candidate outside 1..n-1 is drawn again.
    #[must_use]
    pub fn generate(group: Group, rng: &mut dyn CryptoRng) -> Self {
        let mut slot = None;
        Self::generate_into(&mut slot, group, rng);
        slot.expect("it was put there")
    }

    /// As [`Self::generate`], into the slot where the key is to stay: a move would leave a copy behind.
    pub fn generate_into(slot: &mut Option<Self>, group: Group, rng: &mut dyn CryptoRng) {
        let key = slot.insert(Self { group, scalar: Secret::empty() });
        let mut candidate = zeroize::Zeroizing::new([0; 32]);
        loop {
            rng.fill_bytes(candidate.as_mut_slice());
            if crate::rust_crypto::is_private_key(group, &candidate) {
                return key.scalar.set(candidate.as_slice()).expect("32 octets fit");
            }
        }
    }

    /// The key with these octets (big endian, but for Curve25519: as RFC 7748 5 reads them), or
    /// `None` where the group has no such key.
    #[must_use]
    pub fn from_octets(group: Group, octets: &[u8; 32]) -> Option<Self> {
        crate::rust_crypto::is_private_key(group, octets)
            .then(|| Secret::new(octets).map(|scalar| Self { group, scalar }))
            .flatten()
    }

    /// The group the key belongs to.
    #[must_use]
    pub fn group(&self) -> Group {
        self.group
    }

    /// The 32 secret octets.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.scalar.as_slice()
    }
}
