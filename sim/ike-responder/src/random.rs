//! Random octets from (seed, request), never from the order of arrival.

use core::net::IpAddr;
use crypto::{Group, PrivateKey, Secret};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a message.
pub(crate) type Digest = [u8; 32];

/// The hash of a message.
pub(crate) fn digest(message: &[u8]) -> Digest {
    Sha256::digest(message).into()
}

/// What all random octets of a responder come from.
pub(crate) struct Seed(Secret<32>);

impl Seed {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(Secret::new(&seed).expect("32 octets"))
    }

    /// A key that only the holder of the seed can compute.
    fn derive(&self, label: &[u8], parts: &[&[u8]]) -> Secret<32> {
        let mut hash = Sha256::new_with_prefix(self.0.as_slice());
        hash.update(label);
        parts.iter().for_each(|part| hash.update(part));
        Secret::new(&hash.finalize()).expect("SHA-256 has 32 octets")
    }

    /// The seed after a restart. The hash goes one way only, and nothing that comes from one seed
    /// comes from another: no key, nonce, SPI or cookie secret comes back.
    pub(crate) fn after_restart(&self) -> Self {
        Self(self.derive(b"restart", &[]))
    }

    /// The secret of the cookies of one period, for addresses of that family.
    pub(crate) fn cookie_secret(&self, address: IpAddr, period: u64) -> Secret<32> {
        let label: &[u8] = if address.is_ipv4() { b"cookie" } else { b"cookie over ipv6" };
        self.derive(label, &[&period.to_be_bytes()])
    }

    /// The streams of the SA that an IKE_SA_INIT request begins.
    pub(crate) fn streams(&self, generation: u64, request: &Digest) -> Streams {
        Streams(self.derive(b"sa", &[&generation.to_be_bytes(), request]))
    }
}

/// What random octets are for; each purpose has a stream of its own.
#[derive(Clone, Copy)]
pub(crate) struct Purpose(u64);

impl Purpose {
    pub(crate) const SPI: Self = Self::named(b"ike-spi ");
    pub(crate) const NONCE: Self = Self::named(b"nonce   ");
    pub(crate) const PRIVATE_KEY: Self = Self::named(b"dh-key  ");
    pub(crate) const CHILD_SPI: Self = Self::named(b"esp-spi ");
    /// Of our own CREATE_CHILD_SA requests, as the next two.
    pub(crate) const OWN_SPI: Self = Self::named(b"own-spi ");
    pub(crate) const OWN_NONCE: Self = Self::named(b"own-nonc");
    pub(crate) const OWN_KEY: Self = Self::named(b"own-key ");
    /// Of our answers to CREATE_CHILD_SA requests, as the next two.
    pub(crate) const ANSWER_SPI: Self = Self::named(b"ans-spi ");
    pub(crate) const ANSWER_NONCE: Self = Self::named(b"ans-nonc");
    pub(crate) const ANSWER_KEY: Self = Self::named(b"ans-key ");
    pub(crate) const IV: Self = Self::named(b"iv      ");
    pub(crate) const JITTER: Self = Self::named(b"jitter  ");

    const fn named(name: &[u8; 8]) -> Self {
        Self(u64::from_be_bytes(*name))
    }
}

/// The private key with which a responder of this seed answers `request`, an IKE_SA_INIT request that opens an SA in this
/// group: whoever knows the seed can do the key work before the request arrives. `generation` is
/// that of the responder then, see [`generation_after`](crate::generation_after); behind a restart all keys are others.
#[must_use]
pub fn private_key(seed: [u8; 32], generation: u64, group: Group, request: &[u8]) -> PrivateKey {
    Seed::new(seed).streams(generation, &digest(request)).private_key(group)
}

/// The streams of one SA. They are made on demand: ten thousand waiting SAs keep 32 octets each.
pub(crate) struct Streams(Secret<32>);

impl Streams {
    /// The streams of the SA that the peer's request with this Message ID puts in place of this one.
    /// The hash goes one way only: nothing of the new SA tells about the old one.
    pub(crate) fn successor(&self, message_id: u32) -> Self {
        let hash = Sha256::new_with_prefix(self.0.as_slice());
        let hash = hash.chain_update(b"rekey").chain_update(message_id.to_be_bytes());
        Self(Secret::new(&hash.finalize()).expect("SHA-256 has 32 octets"))
    }

    /// That of the exchange that opens the SA.
    pub(crate) fn private_key(&self, group: Group) -> PrivateKey {
        PrivateKey::generate(group, &mut self.stream(Purpose::PRIVATE_KEY))
    }

    /// The stream from its beginning.
    pub(crate) fn stream(&self, purpose: Purpose) -> ChaCha20Rng {
        self.stream_at(purpose, 0)
    }

    /// The stream from its 32-bit word number `word` on.
    pub(crate) fn stream_at(&self, purpose: Purpose, word: u128) -> ChaCha20Rng {
        let key = self.0.as_slice().try_into().expect("32 octets");
        let mut rng = ChaCha20Rng::from_seed(key);
        rng.set_stream(purpose.0);
        rng.set_word_pos(word);
        rng
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::Rng;

    #[test]
    fn each_request_generation_and_purpose_has_its_own_octets() {
        let seed = Seed::new([7; 32]);
        let first = |seed: &Seed, generation, request: &[u8], purpose| {
            seed.streams(generation, &digest(request)).stream(purpose).next_u64()
        };
        let base = first(&seed, 0, b"a", Purpose::NONCE);
        assert_eq!(base, first(&Seed::new([7; 32]), 0, b"a", Purpose::NONCE));
        let others = [
            first(&Seed::new([8; 32]), 0, b"a", Purpose::NONCE),
            first(&seed.after_restart(), 0, b"a", Purpose::NONCE),
            first(&seed.after_restart().after_restart(), 0, b"a", Purpose::NONCE),
            first(&seed, 1, b"a", Purpose::NONCE),
            first(&seed, 0, b"b", Purpose::NONCE),
            first(&seed, 0, b"a", Purpose::SPI),
        ];
        assert!(others.iter().all(|other| *other != base), "{others:x?}");
    }

    #[test]
    fn each_rekeying_has_its_own_octets() {
        let streams = Seed::new([7; 32]).streams(0, &[1; 32]);
        let first = |streams: &Streams| streams.stream(Purpose::SPI).next_u64();
        let [base, one, two] = [&streams, &streams.successor(2), &streams.successor(3)].map(first);
        let later = first(&streams.successor(2).successor(2));
        assert_eq!(one, first(&streams.successor(2)));
        let all = std::collections::BTreeSet::from([base, one, two, later]);
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn a_stream_can_be_entered_at_any_word() {
        let streams = Seed::new([7; 32]).streams(0, &[1; 32]);
        let mut whole = [0; 48];
        streams.stream(Purpose::IV).fill_bytes(&mut whole);
        let mut third = [0; 16];
        streams.stream_at(Purpose::IV, 8).fill_bytes(&mut third);
        assert_eq!(third, whole[32..]);
    }
}
