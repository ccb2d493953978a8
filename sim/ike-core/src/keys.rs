//! Key schedule and AUTH (RFC 7296 2.13 to 2.17).

use crate::{EspSuite, IkeSpi, IkeSuite, Psk};
use crypto::{Crypto, Prf, PrfAlgorithm, PrfOutput, ProtectionKey, SharedSecret};
use heapless::Vec;

/// A nonce, 16 to 256 octets (RFC 7296 3.9).
pub type NonceData = Vec<u8, 256>;

/// The longest key material taken at once: seven IKE keys of at most 36 octets.
const MAX_KEY_MATERIAL: usize = 256;

/// Wiped where it lies.
type KeyMaterial = zeroize::Zeroizing<[u8; MAX_KEY_MATERIAL]>;

/// The public values that key material is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaNonces<'a> {
    /// Ni, without its payload header.
    pub initiator: &'a [u8],
    /// Nr, without its payload header.
    pub responder: &'a [u8],
}

/// The keys of an IKE SA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeKeys {
    /// SK_d: the source of Child SA keys.
    pub d: PrfOutput,
    /// SK_ei and SK_ai: what protects messages of the original initiator.
    pub initiator: ProtectionKey,
    /// SK_er and SK_ar: what protects messages of the responder.
    pub responder: ProtectionKey,
    /// SK_pi: for the initiator's AUTH.
    pub pi: PrfOutput,
    /// SK_pr: for the responder's AUTH.
    pub pr: PrfOutput,
}

impl IkeKeys {
    /// SKEYSEED = prf(Ni | Nr, g^ir), then the seven keys from prf+(SKEYSEED, Ni | Nr | SPIi | SPIr)
    /// (RFC 7296 2.14).
    ///
    /// # Panics
    /// When a nonce has more than 256 octets (RFC 7296 3.9): the caller checked the peer's.
    #[must_use]
    pub fn derive<C: Crypto>(
        crypto: &C,
        suite: &IkeSuite,
        nonces: &SaNonces<'_>,
        spis: (IkeSpi, IkeSpi),
        shared: &SharedSecret,
    ) -> Self {
        let mut keys = Self::empty(suite);
        keys.derive_into(crypto, suite, (nonces, spis), shared);
        keys
    }

    /// No keys yet: a place for [`Self::derive_into`].
    #[must_use]
    pub const fn empty(suite: &IkeSuite) -> Self {
        Self {
            d: PrfOutput::empty(),
            initiator: ProtectionKey::empty(suite.protection),
            responder: ProtectionKey::empty(suite.protection),
            pi: PrfOutput::empty(),
            pr: PrfOutput::empty(),
        }
    }

    /// As [`Self::derive`], in the place where the keys are to stay: a move would leave a copy behind. They were
    /// [`Self::empty`] for the same suite.
    ///
    /// # Panics
    /// As [`Self::derive`], or where the place is one for another suite.
    pub fn derive_into<C: Crypto>(
        &mut self,
        crypto: &C,
        suite: &IkeSuite,
        (nonces, spis): (&SaNonces<'_>, (IkeSpi, IkeSpi)),
        shared: &SharedSecret,
    ) {
        let skeyseed = skeyseed(crypto, suite.prf, nonces, shared);
        self.expand(crypto, suite, &skeyseed, (nonces, spis));
    }

    /// The keys of the IKE SA that replaces this one: SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr)
    /// with the PRF of the old SA, the rest as in [`Self::derive`] with the new suite, nonces and SPIs
    /// (RFC 7296 2.18).
    ///
    /// # Panics
    /// As [`Self::derive`].
    #[must_use]
    pub fn rekey<C: Crypto>(
        &self,
        crypto: &C,
        (old, new): (&IkeSuite, &IkeSuite),
        (nonces, spis): (&SaNonces<'_>, (IkeSpi, IkeSpi)),
        shared: &SharedSecret,
    ) -> Self {
        let mut prf = crypto.prf(old.prf, self.d.as_slice());
        prf.update(shared.as_slice());
        prf.update(nonces.initiator);
        prf.update(nonces.responder);
        let mut keys = Self::empty(new);
        keys.expand(crypto, new, &prf.finalize(), (nonces, spis));
        keys
    }

    fn expand<C: Crypto>(
        &mut self,
        crypto: &C,
        suite: &IkeSuite,
        skeyseed: &PrfOutput,
        (nonces, spis): (&SaNonces<'_>, (IkeSpi, IkeSpi)),
    ) {
        let (spi_i, spi_r) = (spis.0.to_octets(), spis.1.to_octets());
        let seed = [nonces.initiator, nonces.responder, &spi_i, &spi_r];
        let protection = suite.protection;
        let prf_len = suite.prf.output_len();
        let (a_len, e_len) = (protection.integrity_key_len(), protection.encryption().key_len());
        let total = 3 * prf_len + 2 * a_len + 2 * e_len;
        let mut material = KeyMaterial::new([0; MAX_KEY_MATERIAL]);
        let mut rest = prf_plus(crypto, (suite.prf, skeyseed), &seed, &mut material[..total]);
        let mut take = |len| {
            let (key, behind) = rest.split_at(len);
            rest = behind;
            key
        };
        // The order of RFC 7296 2.14: d, ai, ar, ei, er, pi, pr.
        let d = take(prf_len);
        let (ai, ar) = (take(a_len), take(a_len));
        let (ei, er) = (take(e_len), take(e_len));
        let (pi, pr) = (take(prf_len), take(prf_len));
        for (key, octets) in [(&mut self.d, d), (&mut self.pi, pi), (&mut self.pr, pr)] {
            key.set(octets).expect("the output of a PRF fits");
        }
        self.initiator.set(ei, ai).expect(OF_THE_PROTECTION);
        self.responder.set(er, ar).expect(OF_THE_PROTECTION);
    }
}

/// The keys of a Child SA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildKeys {
    /// From the initiator to the responder.
    pub initiator: ProtectionKey,
    /// From the responder to the initiator.
    pub responder: ProtectionKey,
}

impl ChildKeys {
    /// KEYMAT = prf+(SK_d, Ni | Nr): the initiator's direction first, encryption before integrity
    /// (RFC 7296 2.17).
    #[must_use]
    pub fn derive<C: Crypto>(
        crypto: &C,
        prf: PrfAlgorithm,
        sk_d: &PrfOutput,
        nonces: &SaNonces<'_>,
        suite: &EspSuite,
    ) -> Self {
        Self::expand(crypto, (prf, sk_d), &[nonces.initiator, nonces.responder], suite)
    }

    /// As [`Self::derive`], into the places where the initiator's key and the responder's are to stay: a move would leave copies
    /// behind. Both were [`ProtectionKey::empty`] for the suite's protection.
    ///
    /// # Panics
    /// Where one is for another protection than the other.
    pub fn derive_into<C: Crypto>(
        (initiator, responder): (&mut ProtectionKey, &mut ProtectionKey),
        crypto: &C,
        key: (PrfAlgorithm, &PrfOutput),
        nonces: &SaNonces<'_>,
    ) {
        expand_child((initiator, responder), crypto, key, &[nonces.initiator, nonces.responder]);
    }

    /// As [`Self::derive`] with a Diffie-Hellman exchange of its own, for perfect forward secrecy:
    /// KEYMAT = prf+(SK_d, g^ir (new) | Ni | Nr).
    #[must_use]
    pub fn derive_pfs<C: Crypto>(
        crypto: &C,
        key: (PrfAlgorithm, &PrfOutput),
        shared: &SharedSecret,
        nonces: &SaNonces<'_>,
        suite: &EspSuite,
    ) -> Self {
        let seed = [shared.as_slice(), nonces.initiator, nonces.responder];
        Self::expand(crypto, key, &seed, suite)
    }

    fn expand<C: Crypto>(
        crypto: &C,
        key: (PrfAlgorithm, &PrfOutput),
        seed: &[&[u8]],
        suite: &EspSuite,
    ) -> Self {
        let empty = || ProtectionKey::empty(suite.protection);
        let mut keys = Self { initiator: empty(), responder: empty() };
        expand_child((&mut keys.initiator, &mut keys.responder), crypto, key, seed);
        keys
    }
}

const OF_THE_PROTECTION: &str = "keys of the protection's lengths";

fn expand_child<C: Crypto>(
    (initiator, responder): (&mut ProtectionKey, &mut ProtectionKey),
    crypto: &C,
    key: (PrfAlgorithm, &PrfOutput),
    seed: &[&[u8]],
) {
    let protection = initiator.protection();
    let (e_len, a_len) = (protection.encryption().key_len(), protection.integrity_key_len());
    let mut material = KeyMaterial::new([0; MAX_KEY_MATERIAL]);
    let octets = prf_plus(crypto, key, seed, &mut material[..2 * (e_len + a_len)]);
    for (key, octets) in [initiator, responder].into_iter().zip(octets.chunks(e_len + a_len)) {
        let (encryption, integrity) = octets.split_at(e_len);
        key.set(encryption, integrity).expect(OF_THE_PROTECTION);
    }
}

fn skeyseed<C: Crypto>(
    crypto: &C,
    algorithm: PrfAlgorithm,
    nonces: &SaNonces<'_>,
    shared: &SharedSecret,
) -> PrfOutput {
    let mut key: Vec<u8, 512> = Vec::new();
    key.extend_from_slice(nonces.initiator).expect("a nonce has at most 256 octets");
    key.extend_from_slice(nonces.responder).expect("a nonce has at most 256 octets");
    let mut prf = crypto.prf(algorithm, &key);
    prf.update(shared.as_slice());
    prf.finalize()
}

/// prf+ (RFC 7296 2.13): T1 | T2 | ..., Tn = prf(K, Tn-1 | S | n). Fills `material`, and gives it back.
fn prf_plus<'m, C: Crypto>(
    crypto: &C,
    (algorithm, key): (PrfAlgorithm, &PrfOutput),
    seed: &[&[u8]],
    material: &'m mut [u8],
) -> &'m [u8] {
    // Each block is the next one's beginning, and lies there already: it is in no other place.
    let mut previous: &[u8] = &[];
    let mut blocks = material.chunks_mut(algorithm.output_len());
    for counter in 1..=u8::MAX {
        let Some(block) = blocks.next() else { break };
        let mut prf = crypto.prf(algorithm, key.as_slice());
        prf.update(previous);
        seed.iter().for_each(|part| prf.update(part));
        prf.update(&[counter]);
        let output = prf.finalize();
        block.copy_from_slice(&output.as_slice()[..block.len()]);
        previous = block;
    }
    material
}

/// prf(Shared Secret, "Key Pad for IKEv2"): it may be computed ahead (RFC 7296 2.15).
pub type AuthKey = PrfOutput;

/// The key under which AUTH is computed.
#[must_use]
pub fn auth_key<C: Crypto>(crypto: &C, algorithm: PrfAlgorithm, psk: &Psk) -> AuthKey {
    let mut prf = crypto.prf(algorithm, psk.as_slice());
    prf.update(b"Key Pad for IKEv2");
    prf.finalize()
}

/// Starts AUTH over the octets of an IKE_SA_INIT message and the other side's nonce; nothing of
/// them need be kept for [`finish_auth`] (RFC 7296 2.15).
#[must_use]
pub fn auth_prf<C: Crypto>(
    crypto: &C,
    algorithm: PrfAlgorithm,
    key: &AuthKey,
    real_message: &[u8],
    peer_nonce: &[u8],
) -> C::Prf {
    let mut prf = crypto.prf(algorithm, key.as_slice());
    prf.update(real_message);
    prf.update(peer_nonce);
    prf
}

/// Ends AUTH with prf(SK_p, ID'), where ID' is the body of the ID payload as it travels.
#[must_use]
pub fn finish_auth<C: Crypto>(
    crypto: &C,
    algorithm: PrfAlgorithm,
    mut auth: C::Prf,
    sk_p: &PrfOutput,
    id_body: &[u8],
) -> PrfOutput {
    let mut maced_id = crypto.prf(algorithm, sk_p.as_slice());
    maced_id.update(id_body);
    auth.update(maced_id.finalize().as_slice());
    auth.finalize()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Suite;
    use crypto::RustCrypto;

    fn keys(suite: Suite, nonces: [&[u8]; 2], spis: (u64, u64)) -> IkeKeys {
        let nonces = SaNonces { initiator: nonces[0], responder: nonces[1] };
        let shared = SharedSecret::new(&[0x5a; 32]).expect("within the maximum");
        let spis = (IkeSpi(spis.0), IkeSpi(spis.1));
        IkeKeys::derive(&RustCrypto, &suite.ike(), &nonces, spis, &shared)
    }

    #[test]
    fn nonces_up_to_256_octets_make_keys_and_every_octet_counts() {
        for suite in Suite::ALL {
            let (short, long, mut other) = ([1; 16], [1; 256], [1; 256]);
            other[255] = 2;
            let made = keys(suite, [&long, &long], (1, 2));
            assert_ne!(made.d, keys(suite, [&long, &other], (1, 2)).d);
            assert_ne!(made.d, keys(suite, [&short, &long], (1, 2)).d);
            assert_ne!(made.d, keys(suite, [&long, &long], (2, 1)).d);
            assert_ne!(made.initiator, made.responder);
            assert_ne!(made.pi, made.pr);
        }
    }

    #[test]
    fn keys_are_never_shown() {
        let made = keys(Suite::AesCbcModp2048, [&[1; 16], &[2; 16]], (1, 2));
        let nonces = SaNonces { initiator: &[1; 16], responder: &[2; 16] };
        let suite = Suite::AesCbcModp2048;
        let child = ChildKeys::derive(&RustCrypto, suite.ike().prf, &made.d, &nonces, &suite.esp());
        let shown = std::format!("{made:?} {child:?}");
        for secret in [
            made.d.as_slice(),
            made.pi.as_slice(),
            made.initiator.encryption(),
            made.initiator.integrity(),
            child.initiator.encryption(),
            child.responder.integrity(),
        ] {
            let (list, hex) = (std::format!("{secret:?}"), std::format!("{secret:02x?}"));
            let (list, hex) = (list.trim_matches(['[', ']']), hex.trim_matches(['[', ']']));
            assert!(!shown.contains(list) && !shown.contains(hex), "{shown}");
        }
        assert!(shown.contains("Secret(32 octets)"), "{shown}");
    }

    /// RFC 7296 2.13: each block takes in the one before, and the counter starts at 1.
    #[test]
    fn prf_plus_is_a_chain_of_which_any_beginning_can_be_taken() {
        let algorithm = PrfAlgorithm::HmacSha256;
        let block = |parts: &[&[u8]]| {
            let mut prf = RustCrypto.prf(algorithm, b"key");
            parts.iter().for_each(|part| prf.update(part));
            prf.finalize()
        };
        let first = block(&[b"seed", &[1]]);
        let second = block(&[first.as_slice(), b"seed", &[2]]);
        let third = block(&[second.as_slice(), b"seed", &[3]]);
        let all = [first.as_slice(), second.as_slice(), third.as_slice()].concat();
        for len in 0..=all.len() {
            let mut material = [0; 96];
            let key = PrfOutput::new(b"key").expect("3 octets");
            let seed: [&[u8]; 2] = [b"se", b"ed"];
            let filled = prf_plus(&RustCrypto, (algorithm, &key), &seed, &mut material[..len]);
            assert_eq!(filled, &all[..len]);
        }
    }
}
