//! What holds for any octets: agreement, recipient tests, refusal of what was changed.

use crate::common::{PROTECTIONS, open, protection_key, seal};
use core::convert::Infallible;
use crypto::{Crypto, Group, Opening, PrivateKey, ProtectionKey, RustCrypto};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{SeedableRng, TryCryptoRng, TryRng};
use rstest::rstest;

fn public_value(private: &PrivateKey) -> Vec<u8> {
    let mut public = vec![0; private.group().public_value_len()];
    RustCrypto.public_value(private, &mut public);
    public
}

#[rstest]
fn both_sides_agree(
    #[values(Group::Modp2048, Group::Ecp256, Group::Curve25519)] group: Group,
    #[values(0, 1, 2)] seed: u64,
) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let a = PrivateKey::generate(group, &mut rng);
    let b = PrivateKey::generate(group, &mut rng);
    let ab = RustCrypto.shared_secret(&a, &public_value(&b)).expect("an honest peer");
    let ba = RustCrypto.shared_secret(&b, &public_value(&a)).expect("an honest peer");
    assert_ne!(a, b);
    assert_eq!(ab, ba);
    assert_eq!(ab.as_slice().len(), group.shared_secret_len());
}

/// RFC 7296 2.14: leading zeros belong to the secret. The exponents are small on purpose: 2^(x y)
/// is then known without arithmetic.
#[rstest]
#[case(1, 1, 2)]
#[case(3, 5, 1 << 15)]
#[case(9, 7, 1 << 63)]
fn modp_values_and_secrets_are_padded_to_the_prime(
    #[case] x: u8,
    #[case] y: u8,
    #[case] secret: u64,
) {
    let key = |exponent: u8| {
        let mut octets = [0; 32];
        octets[31] = exponent;
        PrivateKey::from_octets(Group::Modp2048, &octets).expect("not zero")
    };
    let padded = |value: u64| [&[0; 248][..], &value.to_be_bytes()].concat();
    assert_eq!(public_value(&key(x)), padded(1 << x));
    let shared = RustCrypto.shared_secret(&key(x), &public_value(&key(y))).expect("in range");
    assert_eq!(shared.as_slice(), padded(secret));
}

#[rstest]
fn a_secret_with_a_leading_zero_octet_keeps_it(
    #[values(Group::Modp2048, Group::Ecp256, Group::Curve25519)] group: Group,
) {
    // One pair in 256 has such a secret: a search with a fixed seed always ends at the same one.
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let a = PrivateKey::generate(group, &mut rng);
    let found = (0..2_000).find_map(|_| {
        let b = PrivateKey::generate(group, &mut rng);
        let ab = RustCrypto.shared_secret(&a, &public_value(&b)).expect("an honest peer");
        (ab.as_slice()[0] == 0).then_some((b, ab))
    });
    let (b, ab) = found.expect("2,000 tries for a chance of 1/256");
    let ba = RustCrypto.shared_secret(&b, &public_value(&a)).expect("an honest peer");
    assert_eq!(ab, ba);
    assert_eq!(ab.as_slice().len(), group.shared_secret_len());
}

#[rstest]
#[case::too_short(Group::Modp2048, vec![2; 255])]
#[case::too_long(Group::Modp2048, vec![2; 257])]
#[case::zero(Group::Modp2048, modp(0))]
#[case::one(Group::Modp2048, modp(1))]
#[case::all_ones(Group::Modp2048, vec![0xff; 256])]
#[case::too_short(Group::Ecp256, vec![4; 63])]
#[case::with_sec1_tag(Group::Ecp256, vec![4; 65])]
#[case::origin(Group::Ecp256, vec![0; 64])]
#[case::off_the_curve(Group::Ecp256, vec![1; 64])]
#[case::coordinates_above_the_prime(Group::Ecp256, vec![0xff; 64])]
#[case::empty(Group::Curve25519, vec![])]
#[case::too_long(Group::Curve25519, vec![9; 33])]
#[case::small_order(Group::Curve25519, vec![0; 32])]
fn impossible_public_values_are_refused(#[case] group: Group, #[case] peer: Vec<u8>) {
    let private = PrivateKey::generate(group, &mut ChaCha20Rng::seed_from_u64(1));
    assert!(RustCrypto.shared_secret(&private, &peer).is_err());
}

fn modp(value: u8) -> Vec<u8> {
    let mut octets = vec![0; 256];
    octets[255] = value;
    octets
}

const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P256_ORDER_MINUS_1: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";

#[rstest]
#[case::zero(Group::Ecp256, [0; 32], false)]
#[case::one(Group::Ecp256, number(1), true)]
#[case::order_minus_one(Group::Ecp256, octets(P256_ORDER_MINUS_1), true)]
#[case::order(Group::Ecp256, octets(P256_ORDER), false)]
#[case::all_ones(Group::Ecp256, [0xff; 32], false)]
#[case::zero(Group::Modp2048, [0; 32], false)]
#[case::one(Group::Modp2048, number(1), true)]
#[case::all_ones(Group::Modp2048, [0xff; 32], true)]
#[case::zero(Group::Curve25519, [0; 32], true)]
fn private_keys_are_those_of_the_group(
    #[case] group: Group,
    #[case] octets: [u8; 32],
    #[case] valid: bool,
) {
    let key = PrivateKey::from_octets(group, &octets);
    assert_eq!(key.is_some(), valid);
    if let Some(key) = key {
        assert_eq!(key.as_slice(), octets);
        assert_eq!(public_value(&key).len(), group.public_value_len());
    }
}

fn number(value: u8) -> [u8; 32] {
    let mut octets = [0; 32];
    octets[31] = value;
    octets
}

fn octets(hex: &str) -> [u8; 32] {
    crate::common::hex(hex).expect("hexadecimal").try_into().expect("256 bits")
}

#[test]
fn generating_a_p256_key_draws_again_above_the_order() {
    /// Ones for the first draw, then octets that make a key.
    struct OnesFirst(u8);
    impl TryRng for OnesFirst {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("keys are drawn as octets")
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("keys are drawn as octets")
        }
        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            out.fill(self.0);
            self.0 = 0x11;
            Ok(())
        }
    }
    impl TryCryptoRng for OnesFirst {}
    let key = PrivateKey::generate(Group::Ecp256, &mut OnesFirst(0xff));
    assert_eq!(key.as_slice(), [0x11; 32]);
}

fn keys(protection: usize) -> ProtectionKey {
    let encryption = PROTECTIONS[protection].0;
    let octets: Vec<u8> = (0..encryption.key_len()).map(|i| i as u8).collect();
    let integrity = if encryption.is_aead() { vec![] } else { vec![0x77; 32] };
    protection_key(encryption, &octets, &integrity)
}

proptest! {
    #[test]
    fn open_undoes_seal_and_notices_every_changed_bit(
        protection in 0..4_usize,
        aad in prop::collection::vec(any::<u8>(), 0..40),
        iv in prop::collection::vec(any::<u8>(), 16),
        text in prop::collection::vec(any::<u8>(), 0..6 * 16),
        flip in any::<prop::sample::Index>(),
    ) {
        let key = keys(protection);
        let encryption = key.protection().encryption();
        let iv = &iv[..encryption.iv_len()];
        let text = &text[..text.len() - text.len() % encryption.block_len()];
        let (ciphertext, icv) = seal(&key, &aad, iv, text);
        let opened = open(&key, [&aad, iv, &ciphertext, &icv]);
        prop_assert_eq!(opened.as_deref(), Some(text));

        let lengths = [aad.len(), iv.len(), ciphertext.len(), icv.len()];
        let mut packet = [&aad, iv, &ciphertext, &icv].concat();
        let bit = flip.index(packet.len() * 8);
        packet[bit / 8] ^= 1 << (bit % 8);
        let mut rest = &packet[..];
        let parts = lengths.map(|len| rest.split_off(..len).expect("as many as went in"));
        prop_assert_eq!(open(&key, parts), None);
    }

    #[test]
    fn open_refuses_any_lengths_without_panic(
        protection in 0..4_usize,
        parts in prop::array::uniform4(prop::collection::vec(any::<u8>(), 0..40)),
    ) {
        let [aad, iv, mut text, icv] = parts;
        let opening = Opening { aad: &aad, iv: &iv, text: &mut text, icv: &icv };
        prop_assert!(RustCrypto.open(&keys(protection), opening).is_err());
    }

    #[test]
    fn no_public_value_makes_it_panic(
        group in prop::sample::select(vec![Group::Ecp256, Group::Curve25519, Group::Modp2048]),
        peer in prop::collection::vec(any::<u8>(), 0..260),
    ) {
        let private = PrivateKey::generate(group, &mut ChaCha20Rng::seed_from_u64(1));
        let exact = peer.len() == group.public_value_len();
        prop_assert!(exact || RustCrypto.shared_secret(&private, &peer).is_err());
        let mut right = peer;
        right.resize(group.public_value_len(), 0);
        let _ = RustCrypto.shared_secret(&private, &right);
    }
}

#[test]
#[should_panic(expected = "the caller built the parts")]
fn sealing_less_than_a_block_is_the_callers_mistake() {
    let _ = seal(&keys(0), &[], &[0; 16], &[0; 15]);
}

#[test]
fn cbc_text_with_a_valid_icv_but_half_a_block_is_refused() {
    let key = keys(0);
    let mac = crate::common::hmac_sha256(key.integrity(), &[&[0; 16][..], &[1; 24]].concat());
    assert_eq!(open(&key, [&[], &[0; 16], &[1; 24], &mac.as_slice()[..16]]), None);
}
