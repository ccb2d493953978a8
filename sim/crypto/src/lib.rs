//! The algorithms of IKEv2 and ESP, named by their transforms.
//!
//! [`Crypto`] is what the protocol crates need of a backend; [`RustCrypto`] is the one that a
//! device ships. `no_std`, without an allocator: lengths are bounded by the constants here.
#![no_std]
#![forbid(unsafe_code)]

mod algorithm;
mod dh;
mod protect;
mod rust_crypto;
mod secret;

pub use algorithm::{Encryption, Group, Integrity, PrfAlgorithm, Protection};
pub use dh::{InvalidPublicValue, MAX_PUBLIC_VALUE, PrivateKey, SharedSecret};
pub use protect::{AuthenticationFailed, Opening, ProtectionKey, Sealing};
pub use rust_crypto::{RustCrypto, modp_2048_prime};
pub use secret::{MAX_PRF_OUTPUT, PrfOutput, Secret, constant_time_eq};

/// What the protocol crates ask of a cryptographic backend.
///
/// A value and not a set of functions, so that a backend may carry work done ahead. All of it is
/// a pure function of its arguments.
pub trait Crypto {
    /// A PRF under way; also the MAC of the integrity transforms (RFC 4868).
    type Prf: Prf;

    /// Starts a PRF under `key`, which may have any length (RFC 7296 2.13).
    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> Self::Prf;

    /// Writes the public value that goes into the KE payload; `public` has
    /// [`Group::public_value_len`] octets (MODP: left-padded, RFC 7296 3.4; ECP: x | y, RFC 5903).
    fn public_value(&self, private: &PrivateKey, public: &mut [u8]);

    /// The shared secret g^ir in the form that SKEYSEED wants (RFC 7296 2.14: padded to the
    /// modulus; RFC 5903 9: the x coordinate; RFC 8031 3.2).
    ///
    /// # Errors
    /// [`InvalidPublicValue`] when the peer's value fails the recipient tests of RFC 6989 or has
    /// another length than the group's.
    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue>;

    /// Encrypts in place and writes the ICV.
    ///
    /// # Panics
    /// When a part of `parts` has another length than the protection's: the caller built it.
    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>);

    /// Verifies the ICV, then decrypts in place.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when the ICV is wrong or a part has an impossible length; the
    /// text is then unspecified and must not be used.
    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed>;
}

/// A PRF or MAC computation under way.
pub trait Prf {
    /// Appends octets.
    fn update(&mut self, data: &[u8]);
    /// The full output.
    fn finalize(self) -> PrfOutput;
}
