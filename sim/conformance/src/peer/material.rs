//! Keys and AUTH as either side computes them.

use crypto::{Crypto, Group, PrfOutput, PrivateKey, ProtectionKey, RustCrypto, SharedSecret};
use ike_core::{
    ChildKeys, EspSuite, IkeKeys, IkeSpi, IkeSuite, Psk, SaNonces, auth_key, auth_prf, finish_auth,
};

/// Which side of an IKE SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The original initiator.
    Initiator,
    /// The original responder.
    Responder,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }
}

/// What an IKE SA is made of, and its keys.
#[derive(Clone, Debug)]
pub struct SkKeys {
    /// The algorithms.
    pub suite: IkeSuite,
    /// The SPIs of initiator and responder.
    pub spis: (IkeSpi, IkeSpi),
    /// Ni and Nr.
    pub nonces: (Vec<u8>, Vec<u8>),
    /// The seven keys.
    pub keys: IkeKeys,
}

impl SkKeys {
    /// The keys of an IKE SA; `None` where a nonce is longer than 256 octets.
    #[must_use]
    pub fn derive(
        suite: IkeSuite,
        spis: (IkeSpi, IkeSpi),
        nonces: (Vec<u8>, Vec<u8>),
        shared: &SharedSecret,
    ) -> Option<Self> {
        if nonces.0.len() > 256 || nonces.1.len() > 256 {
            return None;
        }
        let both = SaNonces { initiator: &nonces.0, responder: &nonces.1 };
        let keys = IkeKeys::derive(&RustCrypto, &suite, &both, spis, shared);
        Some(Self { suite, spis, nonces, keys })
    }

    /// What protects messages of that side.
    #[must_use]
    pub fn protecting(&self, side: Side) -> &ProtectionKey {
        match side {
            Side::Initiator => &self.keys.initiator,
            Side::Responder => &self.keys.responder,
        }
    }

    /// The AUTH data of a side (RFC 7296 2.15): over its own IKE_SA_INIT message, the other's nonce, and its ID body.
    #[must_use]
    pub fn proof(&self, side: Side, psk: &Psk, message: &[u8], id_body: &[u8]) -> Vec<u8> {
        let (nonce, sk_p): (&[u8], &PrfOutput) = match side {
            Side::Initiator => (&self.nonces.1, &self.keys.pi),
            Side::Responder => (&self.nonces.0, &self.keys.pr),
        };
        let prf = self.suite.prf;
        let key = auth_key(&RustCrypto, prf, psk);
        let under_way = auth_prf(&RustCrypto, prf, &key, message, nonce);
        finish_auth(&RustCrypto, prf, under_way, sk_p, id_body).as_slice().to_vec()
    }

    /// The keys of the Child SA that comes with IKE_AUTH.
    #[must_use]
    pub fn child(&self, suite: &EspSuite) -> ChildKeys {
        let nonces = SaNonces { initiator: &self.nonces.0, responder: &self.nonces.1 };
        ChildKeys::derive(&RustCrypto, self.suite.prf, &self.keys.d, &nonces, suite)
    }
}

/// A key pair's public value.
#[must_use]
pub(crate) fn public_value(private: &PrivateKey) -> Vec<u8> {
    let group: Group = private.group();
    let mut public = vec![0; group.public_value_len()];
    RustCrypto.public_value(private, &mut public);
    public
}

/// An IV that does not repeat: a counter at its start, filled up.
#[must_use]
pub(crate) fn iv(counter: u64, len: usize) -> Vec<u8> {
    let mut iv = counter.to_be_bytes().to_vec();
    iv.resize(len, 0x55);
    iv
}
