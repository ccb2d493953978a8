//! A model of the algorithms: their sizes and their verdicts, without their secrecy and their cost.
//!
//! [`ModelledCrypto`] stands behind the trait [`Crypto`] where a run asks how IKE behaves and not what it
//! hides. Public values, shared secrets, MACs, ICVs and ciphertexts have the lengths of the real ones; both
//! ends of an exchange derive the same secrets; what was changed on the way is refused. Nothing here is a
//! secret to anybody who looks, so no device may have it.
//!
//! Where the real algorithms tell peers apart, so does the model: an elliptic curve point that was damaged is
//! no point any more, while every damaged value of the other two groups is another value
//! (RFC 6989 2.1, RFC 8031 3.2).
#![no_std]
#![forbid(unsafe_code)]

mod dh;
mod mixer;
mod packet;

use crypto::{
    AuthenticationFailed, Crypto, InvalidPublicValue, MAX_PRF_OUTPUT, Opening, Prf, PrfAlgorithm,
    PrfOutput, PrivateKey, ProtectionKey, Sealing, Secret, SharedSecret,
};
use mixer::{Mixer, Purpose};

/// The model: no state, no secrecy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelledCrypto;

impl Crypto for ModelledCrypto {
    type Prf = ModelledPrf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> ModelledPrf {
        let mut mixer = Mixer::new(Purpose::Prf);
        mixer.field(key);
        ModelledPrf { mixer, len: algorithm.output_len() }
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
        packet::seal(key, parts);
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        packet::open(key, parts).ok_or(AuthenticationFailed)
    }
}

/// A PRF of [`ModelledCrypto`] under way.
#[derive(Clone, Debug)]
pub struct ModelledPrf {
    mixer: Mixer,
    /// Octets of the output.
    len: usize,
}

impl Prf for ModelledPrf {
    fn update(&mut self, data: &[u8]) {
        self.mixer.update(data);
    }

    fn finalize(self) -> PrfOutput {
        let mut output = [0; MAX_PRF_OUTPUT];
        let output = &mut output[..self.len];
        self.mixer.finish().fill(output);
        Secret::new(output).expect("MAX_PRF_OUTPUT holds every PRF's output")
    }
}
