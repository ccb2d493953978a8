//! The backend over RustCrypto and dalek.

mod cipher;
mod dh;
mod modp;

pub use modp::modp_2048_prime;

use crate::{
    AuthenticationFailed, Crypto, InvalidPublicValue, Opening, Prf, PrfAlgorithm, PrfOutput,
    PrivateKey, ProtectionKey, Sealing, Secret, SharedSecret,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

pub(crate) use dh::is_private_key;

/// RustCrypto and dalek: portable, constant time where a secret decides, without a state of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    type Prf = RustCryptoPrf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> RustCryptoPrf {
        RustCryptoPrf::new(algorithm, key)
    }

    fn public_value(&self, private: &PrivateKey, public: &mut [u8]) {
        dh::public_value(private, public);
    }

    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue> {
        dh::shared_secret(private, peer).ok_or(InvalidPublicValue)
    }

    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>) {
        cipher::seal(key, parts).expect("the caller built the parts in the protection's lengths");
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        cipher::open(key, parts).ok_or(AuthenticationFailed)
    }
}

/// A PRF of [`RustCrypto`] under way; its state is wiped when dropped.
#[derive(Clone)]
pub struct RustCryptoPrf(Hmac<Sha256>);

impl RustCryptoPrf {
    fn new(algorithm: PrfAlgorithm, key: &[u8]) -> Self {
        match algorithm {
            // RFC 2104 2: a longer key than the block is hashed, a shorter one padded.
            PrfAlgorithm::HmacSha256 => {
                Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
            }
        }
    }
}

impl Prf for RustCryptoPrf {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self) -> PrfOutput {
        let mut output = self.0.finalize().into_bytes();
        let mut secret = Secret::empty();
        secret.set(&output).expect("MAX_PRF_OUTPUT holds every PRF's output");
        output.zeroize();
        secret
    }
}

impl core::fmt::Debug for RustCryptoPrf {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RustCryptoPrf(HMAC-SHA-256)")
    }
}
