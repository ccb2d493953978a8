//! Which algorithms a run has.

use crypto::{
    AuthenticationFailed, Crypto, InvalidPublicValue, Opening, Prf, PrfAlgorithm, PrfOutput,
    PrivateKey, ProtectionKey, RustCrypto, Sealing, SharedSecret,
};
use modelled_crypto::ModelledCrypto;

/// The algorithms of nodes, gateway and forgers, and of whoever looks at what they send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The real ones: captures can be decrypted.
    #[default]
    Real,
    /// A model of them in the same sizes: the same times and outcomes, and nothing that anybody else could decrypt.
    Modelled,
}

impl Backend {
    /// Its name in scenarios and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Modelled => "modelled",
        }
    }
}

impl Crypto for Backend {
    type Prf = BackendPrf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> BackendPrf {
        match self {
            Self::Real => BackendPrf::Real(RustCrypto.prf(algorithm, key)),
            Self::Modelled => BackendPrf::Modelled(ModelledCrypto.prf(algorithm, key)),
        }
    }

    fn public_value(&self, private: &PrivateKey, public: &mut [u8]) {
        match self {
            Self::Real => RustCrypto.public_value(private, public),
            Self::Modelled => ModelledCrypto.public_value(private, public),
        }
    }

    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue> {
        match self {
            Self::Real => RustCrypto.shared_secret(private, peer),
            Self::Modelled => ModelledCrypto.shared_secret(private, peer),
        }
    }

    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>) {
        match self {
            Self::Real => RustCrypto.seal(key, parts),
            Self::Modelled => ModelledCrypto.seal(key, parts),
        }
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        match self {
            Self::Real => RustCrypto.open(key, parts),
            Self::Modelled => ModelledCrypto.open(key, parts),
        }
    }
}

/// A PRF of a [`Backend`] under way.
pub enum BackendPrf {
    /// Of the real algorithms.
    Real(<RustCrypto as Crypto>::Prf),
    /// Of the model.
    Modelled(<ModelledCrypto as Crypto>::Prf),
}

impl Prf for BackendPrf {
    fn update(&mut self, data: &[u8]) {
        match self {
            Self::Real(prf) => prf.update(data),
            Self::Modelled(prf) => prf.update(data),
        }
    }

    fn finalize(self) -> PrfOutput {
        match self {
            Self::Real(prf) => prf.finalize(),
            Self::Modelled(prf) => prf.finalize(),
        }
    }
}
