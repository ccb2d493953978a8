//! The model does what the real algorithms do, in their sizes: agreement, and refusal of what was changed.

use crypto::{
    Crypto, Encryption, Group, Integrity, Opening, Prf, PrfAlgorithm, PrivateKey, Protection,
    ProtectionKey, RustCrypto, Sealing,
};
use modelled_crypto::ModelledCrypto;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rstest::rstest;

const GROUPS: [Group; 3] = [Group::Modp2048, Group::Ecp256, Group::Curve25519];

fn key_of(group: Group, seed: u64) -> PrivateKey {
    PrivateKey::generate(group, &mut ChaCha20Rng::seed_from_u64(seed))
}

fn public_value(crypto: &impl Crypto, private: &PrivateKey) -> Vec<u8> {
    let mut public = vec![0; private.group().public_value_len()];
    crypto.public_value(private, &mut public);
    public
}

#[rstest]
fn both_sides_agree_on_a_secret_of_the_groups_length(
    #[values(Group::Modp2048, Group::Ecp256, Group::Curve25519)] group: Group,
    #[values(0, 1, 2)] seed: u64,
) {
    let (a, b, c) = (key_of(group, seed), key_of(group, seed + 10), key_of(group, seed + 20));
    let public = |key| public_value(&ModelledCrypto, key);
    let secret = |own, peer| ModelledCrypto.shared_secret(own, &public(peer)).expect("honest");
    assert_eq!(secret(&a, &b), secret(&b, &a));
    assert_ne!(secret(&a, &b), secret(&a, &c));
    let real = RustCrypto.shared_secret(&a, &public_value(&RustCrypto, &b)).expect("honest");
    assert_eq!(secret(&a, &b).as_slice().len(), real.as_slice().len());
}

/// A damaged value is refused, or makes another secret, in the same groups and bits as the real one.
#[rstest]
fn a_damaged_public_value_is_treated_as_its_group_does(
    #[values(Group::Modp2048, Group::Ecp256, Group::Curve25519)] group: Group,
) {
    let (a, b) = (key_of(group, 1), key_of(group, 2));
    let outcomes = |crypto: &dyn Fn(&[u8]) -> Option<Vec<u8>>, public: Vec<u8>| {
        let honest = crypto(&public).expect("an honest peer");
        let outcome = |bit: usize| {
            let mut damaged = public.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            crypto(&damaged).map(|secret| secret == honest)
        };
        // MODP takes its time: every 61st bit, and the last ones.
        let step = if group == Group::Modp2048 { 61 } else { 1 };
        (0..public.len() * 8).rev().step_by(step).map(outcome).collect::<Vec<_>>()
    };
    let secret = |secret: crypto::SharedSecret| secret.as_slice().to_vec();
    let modelled = |peer: &[u8]| ModelledCrypto.shared_secret(&a, peer).ok().map(secret);
    let real = |peer: &[u8]| RustCrypto.shared_secret(&a, peer).ok().map(secret);
    let modelled = outcomes(&modelled, public_value(&ModelledCrypto, &b));
    let real = outcomes(&real, public_value(&RustCrypto, &b));
    assert_eq!(modelled, real);
    assert!(modelled.iter().any(|outcome| *outcome != Some(true)));
}

#[test]
fn values_of_another_length_and_zero_are_refused() {
    for group in GROUPS {
        let (private, len) = (key_of(group, 1), group.public_value_len());
        for peer in [vec![9; len - 1], vec![9; len + 1], vec![0; len], vec![]] {
            assert!(ModelledCrypto.shared_secret(&private, &peer).is_err(), "{group:?}");
        }
    }
}

#[test]
fn a_prf_depends_on_key_and_data_and_not_on_portions() {
    let prf = |key: &[u8], portions: &[&[u8]]| {
        let mut prf = ModelledCrypto.prf(PrfAlgorithm::HmacSha256, key);
        portions.iter().for_each(|portion| prf.update(portion));
        prf.finalize()
    };
    let base = prf(b"key", &[b"some ", b"data"]);
    assert_eq!(base, prf(b"key", &[b"some data"]));
    assert_eq!(base.as_slice().len(), PrfAlgorithm::HmacSha256.output_len());
    for (key, data) in [("kez", "some data"), ("key", "some datb"), ("keys", "ome data")] {
        assert_ne!(base, prf(key.as_bytes(), &[data.as_bytes()]), "{key} {data}");
    }
    assert_ne!(prf(&[1; 200], &[]), prf(&[1; 199], &[]));
}

fn protection_key(encryption: Encryption) -> ProtectionKey {
    let integrity = (!encryption.is_aead()).then_some(Integrity::HmacSha256_128);
    let protection = Protection::new(encryption, integrity).expect("it makes sense");
    let octets: Vec<u8> = (0..=255).collect();
    let integrity = &octets[100..100 + protection.integrity_key_len()];
    ProtectionKey::new(protection, &octets[..encryption.key_len()], integrity).expect("lengths")
}

fn open(key: &ProtectionKey, [aad, iv, text, icv]: [&[u8]; 4]) -> Option<Vec<u8>> {
    let mut text = text.to_vec();
    let opening = Opening { aad, iv, text: &mut text, icv };
    ModelledCrypto.open(key, opening).ok().map(|()| text)
}

const ENCRYPTIONS: [Encryption; 5] = [
    Encryption::AesCbc128,
    Encryption::AesGcm16_128,
    Encryption::AesGcm16_256,
    Encryption::AesCcm8_128,
    Encryption::ChaCha20Poly1305,
];

proptest! {
    #[test]
    fn open_undoes_seal_and_notices_every_changed_bit(
        encryption in prop::sample::select(ENCRYPTIONS.to_vec()),
        aad in prop::collection::vec(any::<u8>(), 0..40),
        iv in prop::collection::vec(any::<u8>(), 16),
        text in prop::collection::vec(any::<u8>(), 0..6 * 16),
        flip in any::<prop::sample::Index>(),
    ) {
        let key = protection_key(encryption);
        let iv = &iv[..encryption.iv_len()];
        let text = &text[..text.len() - text.len() % encryption.block_len()];
        let (mut hidden, mut icv) = (text.to_vec(), vec![0; key.protection().icv_len()]);
        ModelledCrypto.seal(&key, Sealing { aad: &aad, iv, text: &mut hidden, icv: &mut icv });
        let opened = open(&key, [&aad, iv, &hidden, &icv]);
        prop_assert_eq!(opened.as_deref(), Some(text));
        prop_assert!(text.len() < 16 || text != hidden);

        let lengths = [aad.len(), iv.len(), hidden.len(), icv.len()];
        let mut packet = [&aad, iv, &hidden, &icv].concat();
        let bit = flip.index(packet.len() * 8);
        packet[bit / 8] ^= 1 << (bit % 8);
        let mut rest = &packet[..];
        let parts = lengths.map(|len| rest.split_off(..len).expect("as many as went in"));
        prop_assert_eq!(open(&key, parts), None);
    }

    #[test]
    fn open_refuses_any_lengths_without_panic(
        encryption in prop::sample::select(ENCRYPTIONS.to_vec()),
        parts in prop::array::uniform4(prop::collection::vec(any::<u8>(), 0..40)),
    ) {
        let [aad, iv, text, icv] = parts;
        prop_assert!(open(&protection_key(encryption), [&aad, &iv, &text, &icv]).is_none());
    }
}

#[test]
#[should_panic(expected = "the caller built the parts")]
fn sealing_less_than_a_block_is_the_callers_mistake() {
    let key = protection_key(Encryption::AesCbc128);
    let (text, icv) = (&mut [0; 15], &mut [0; 16]);
    ModelledCrypto.seal(&key, Sealing { aad: &[], iv: &[0; 16], text, icv });
}
