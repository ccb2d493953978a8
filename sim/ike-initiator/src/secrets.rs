//! The one slot in which keys live, beside the state: a state that moves would leave copies
//! behind that no wiping finds. They are made in it, too. What a backend has on the stack while it computes is its own to wipe.

use crypto::{Crypto, Encryption, PrivateKey, ProtectionKey};
use ike_core::{EspSuite, IkeKeys, IkeSuite, Selectors};
use rand_core::CryptoRng;

/// The Child SA, for whoever does the ESP. The keys are wiped when it is dropped.
///
/// An inner packet whose ends are not within `local` and `remote` is not to be sent, nor to be accepted however
/// authentic it is (RFC 4301 5.1, 5.2): a [`TrafficSelector`](ike_core::TrafficSelector) of its address, protocol and
/// port is in one of them, by [`contains`](ike_core::TrafficSelector::contains).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSa {
    /// The SPI of packets to us.
    pub spi_in: u32,
    /// The SPI of packets to the gateway.
    pub spi_out: u32,
    /// The algorithms.
    pub suite: EspSuite,
    /// The keys of packets to us.
    pub inbound: ProtectionKey,
    /// The keys of packets to the gateway.
    pub outbound: ProtectionKey,
    /// What is ours in the tunnel, as narrowed by the gateway.
    pub local: Selectors,
    /// What is on the other side, as narrowed by the gateway.
    pub remote: Selectors,
}

/// All that is secret.
pub(crate) struct Secrets<C: Crypto> {
    /// Until the IKE_SA_INIT response.
    pub(crate) private: Option<PrivateKey>,
    /// From the IKE_SA_INIT response on.
    pub(crate) ike: Option<IkeKeys>,
    /// The gateway's AUTH under way, until the IKE_AUTH response.
    pub(crate) peer_auth: Option<C::Prf>,
    /// From the IKE_AUTH response until the owner takes it.
    pub(crate) child: Option<ChildSa>,
    /// Protected messages sent under the current keys: the IV of the next one with an AEAD.
    iv_counter: u64,
}

impl<C: Crypto> Secrets<C> {
    pub(crate) const fn new() -> Self {
        Self { private: None, ike: None, peer_auth: None, child: None, iv_counter: 0 }
    }

    /// Drops all keys in place, which wipes them.
    pub(crate) fn wipe(&mut self) {
        self.private = None;
        self.ike = None;
        self.peer_auth = None;
        self.child = None;
    }

    /// The place of new keys, to be derived there: their IVs start anew.
    pub(crate) fn new_ike(&mut self, suite: &IkeSuite) -> &mut IkeKeys {
        self.iv_counter = 0;
        self.ike.insert(IkeKeys::empty(suite))
    }

    /// The counter for the next IV; it never comes twice under the same keys.
    pub(crate) fn next_iv_counter(&mut self) -> u64 {
        let counter = self.iv_counter;
        self.iv_counter = counter.checked_add(1).expect("fewer than 2^64 messages");
        counter
    }
}

/// An IV for the encryption: a counter for an AEAD (RFC 5282 3), fresh random octets for CBC, whose
/// IV must not be predictable (RFC 7296 3.14).
pub(crate) fn iv(
    encryption: Encryption,
    counter: u64,
    rng: &mut dyn CryptoRng,
) -> heapless::Vec<u8, 16> {
    let mut iv = heapless::Vec::new();
    if encryption.is_aead() {
        iv.extend_from_slice(&counter.to_be_bytes()).expect("8 of 16 octets");
    } else {
        let mut random = [0; 16];
        rng.fill_bytes(&mut random);
        iv.extend_from_slice(&random[..encryption.iv_len()]).expect("16 octets");
    }
    iv
}

#[cfg(test)]
mod tests;
