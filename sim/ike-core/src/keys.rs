//! Key schedule and AUTH (RFC 7296 2.13 to 2.17).

use crate::{EspSuite, IkeSpi, IkeSuite, Psk};
use crypto::{
    Crypto, Prf, PrfAlgorithm, PrfOutput, Protection, ProtectionKey, Secret, SharedSecret,
};
use heapless::Vec;

/// A nonce, 16 to 256 octets (RFC 7296 3.9).
pub type NonceData = Vec<u8, 256>;

/// The longest key material taken at once: seven IKE keys of at most 36 octets.
const MAX_KEY_MATERIAL: usize = 256;

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
        let skeyseed = skeyseed(crypto, suite.prf, nonces, shared);
        Self::expand(crypto, suite, &skeyseed, (nonces, spis))
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
        Self::expand(crypto, new, &prf.finalize(), (nonces, spis))
    }

    fn expand<C: Crypto>(
        crypto: &C,
        suite: &IkeSuite,
        skeyseed: &PrfOutput,
        (nonces, spis): (&SaNonces<'_>, (IkeSpi, IkeSpi)),
    ) -> Self {
        let (spi_i, spi_r) = (spis.0.to_octets(), spis.1.to_octets());
        let seed = [nonces.initiator, nonces.responder, &spi_i, &spi_r];
        let protection = suite.protection;
        let prf_len = suite.prf.output_len();
        let (a_len, e_len) = (protection.integrity_key_len(), protection.encryption().key_len());
        let total = 3 * prf_len + 2 * a_len + 2 * e_len;
        let material = prf_plus(crypto, suite.prf, skeyseed.as_slice(), &seed, total);
        let mut rest = material.as_slice();
        let mut take = |len| {
            let (key, behind) = rest.split_at(len);
            rest = behind;
            key
        };
        // The order of RFC 7296 2.14: d, ai, ar, ei, er, pi, pr.
        let d = take(prf_len);
        let (ai, ar) = (take(a_len), take(a_len));
        let (ei, er) = (take(e_len), take(e_len));
        Self {
            d: fits(d),
            initiator: protection_key(protection, ei, ai),
            responder: protection_key(protection, er, ar),
            pi: fits(take(prf_len)),
            pr: fits(take(prf_len)),
        }
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
        (prf, sk_d): (PrfAlgorithm, &PrfOutput),
        seed: &[&[u8]],
        suite: &EspSuite,
    ) -> Self {
        let protection = suite.protection;
        let (e_len, a_len) = (protection.encryption().key_len(), protection.integrity_key_len());
        let material = prf_plus(crypto, prf, sk_d.as_slice(), seed, 2 * (e_len + a_len));
        let (initiator, responder) = material.as_slice().split_at(e_len + a_len);
        let key = |octets: &[u8]| {
            let (encryption, integrity) = octets.split_at(e_len);
            protection_key(protection, encryption, integrity)
        };
        Self { initiator: key(initiator), responder: key(responder) }
    }
}

fn fits<const N: usize>(octets: &[u8]) -> Secret<N> {
    Secret::new(octets).expect("the longest of its kind fits")
}

fn protection_key(protection: Protection, encryption: &[u8], integrity: &[u8]) -> ProtectionKey {
    ProtectionKey::new(protection, encryption, integrity).expect("keys of the protection's lengths")
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

/// prf+ (RFC 7296 2.13): T1 | T2 | ..., Tn = prf(K, Tn-1 | S | n).
fn prf_plus<C: Crypto>(
    crypto: &C,
    algorithm: PrfAlgorithm,
    key: &[u8],
    seed: &[&[u8]],
    len: usize,
) -> Secret<MAX_KEY_MATERIAL> {
    let mut material = zeroize::Zeroizing::new([0; MAX_KEY_MATERIAL]);
    let mut previous: Option<PrfOutput> = None;
    for (counter, block) in (1..=u8::MAX).zip(material[..len].chunks_mut(algorithm.output_len())) {
        let mut prf = crypto.prf(algorithm, key);
        if let Some(previous) = &previous {
            prf.update(previous.as_slice());
        }
        seed.iter().for_each(|part| prf.update(part));
        prf.update(&[counter]);
        let output = prf.finalize();
        block.copy_from_slice(&output.as_slice()[..block.len()]);
        previous = Some(output);
    }
    fits(&material[..len])
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
            let material = prf_plus(&RustCrypto, algorithm, b"key", &[b"se", b"ed"], len);
            assert_eq!(material.as_slice(), &all[..len]);
        }
    }
}
