//! The types around the algorithms: ids, lengths, secrets.

use crate::common::PROTECTIONS;
use crypto::{Crypto, RustCrypto};
use crypto::{
    Encryption, Group, Integrity, Prf, PrfAlgorithm, PrivateKey, Protection, ProtectionKey, Secret,
    constant_time_eq,
};
use rstest::rstest;

#[test]
fn every_transform_is_found_by_its_id_and_key_length() {
    for (encryption, _) in PROTECTIONS {
        let (id, bits) = (encryption.transform_id(), encryption.key_length_attribute());
        assert_eq!(Encryption::from_transform(id, bits), Some(encryption));
        // RFC 7296 3.3.5: the attribute decides the transform, and its absence too.
        let other = if bits.is_none() { Some(256) } else { None };
        assert_eq!(Encryption::from_transform(id, other), None);
        assert_eq!(Encryption::from_transform(id, Some(192)), None);
    }
    for group in [Group::Modp2048, Group::Ecp256, Group::Curve25519] {
        assert_eq!(Group::from_transform(group.transform_id()), Some(group));
    }
    assert_eq!(Integrity::from_transform(12), Some(Integrity::HmacSha256_128));
    assert_eq!(PrfAlgorithm::from_transform(5), Some(PrfAlgorithm::HmacSha256));
    assert_eq!(Encryption::from_transform(0, None), None);
    assert_eq!(Group::from_transform(0), None);
    assert_eq!(Integrity::from_transform(0), None);
    assert_eq!(PrfAlgorithm::from_transform(0), None);
}

#[rstest]
// RFC 3602 5.3 and RFC 4868 2.1.1; RFC 5282 7.1 with RFC 4106 8.1; with RFC 4309 7.1; RFC 7634 4.
#[case(0, 16, 32, 16, 16)]
#[case(1, 20, 0, 8, 16)]
#[case(2, 19, 0, 8, 8)]
#[case(3, 36, 0, 8, 16)]
#[case(4, 36, 0, 8, 16)]
fn keys_ivs_and_icvs_have_the_lengths_of_their_rfcs(
    #[case] index: usize,
    #[case] key: usize,
    #[case] integrity_key: usize,
    #[case] iv: usize,
    #[case] icv: usize,
) {
    let (encryption, integrity) = PROTECTIONS[index];
    let protection = Protection::new(encryption, integrity).expect("a sensible combination");
    assert_eq!(encryption.key_len(), key);
    assert_eq!(protection.integrity_key_len(), integrity_key);
    assert_eq!(encryption.iv_len(), iv);
    assert_eq!(protection.icv_len(), icv);

    let new = |key: usize, integrity: usize| {
        ProtectionKey::new(protection, &vec![1; key], &vec![2; integrity]).is_some()
    };
    assert!(new(key, integrity_key));
    assert!(!new(key - 1, integrity_key) && !new(key + 1, integrity_key));
    assert!(!new(key, integrity_key + 1) && (integrity_key == 0 || !new(key, integrity_key - 1)));
}

#[test]
fn an_aead_has_no_integrity_transform_and_cbc_must_have_one() {
    for (encryption, integrity) in PROTECTIONS {
        assert!(Protection::new(encryption, integrity).is_some());
        let other = if integrity.is_some() { None } else { Some(Integrity::HmacSha256_128) };
        assert!(Protection::new(encryption, other).is_none());
    }
}

#[test]
fn secrets_show_their_length_only() {
    let secret = Secret::<36>::new(&[0xab; 20]).expect("fits");
    assert_eq!(format!("{secret:?}"), "Secret(20 octets)");
    let private = PrivateKey::from_octets(Group::Curve25519, &[0xab; 32]).expect("any will do");
    let prf = RustCrypto.prf(PrfAlgorithm::HmacSha256, &[0xab; 32]);
    let (encryption, integrity) = PROTECTIONS[0];
    let protection = Protection::new(encryption, integrity).expect("a sensible combination");
    let key = ProtectionKey::new(protection, &[0xab; 16], &[0xab; 32]).expect("right lengths");
    for text in [format!("{private:?}"), format!("{key:?}"), format!("{prf:?}")] {
        assert!(!text.contains("171") && !text.to_lowercase().contains("ab, ab"), "{text}");
    }
}

#[test]
fn secrets_have_a_capacity_and_compare_by_octets_and_length() {
    assert!(Secret::<4>::new(&[0; 5]).is_none());
    let secret = |octets: &[u8]| Secret::<4>::new(octets).expect("fits");
    assert_eq!(secret(&[1, 2]), secret(&[1, 2]));
    assert_ne!(secret(&[1, 2]), secret(&[1, 3]));
    assert_ne!(secret(&[1, 2]), secret(&[1, 2, 0]));
    assert!(constant_time_eq(&[], &[]) && !constant_time_eq(&[1], &[1, 1]));
}

#[test]
fn a_wiped_secret_is_empty() {
    let mut secret = Secret::<4>::new(&[1, 2, 3]).expect("fits");
    zeroize::Zeroize::zeroize(&mut secret);
    assert_eq!(secret.as_slice(), [0_u8; 0]);
}

#[test]
fn a_prf_takes_its_data_in_pieces() {
    let whole = crate::common::hmac_sha256(b"key", b"some data");
    let mut prf = RustCrypto.prf(PrfAlgorithm::HmacSha256, b"key");
    for piece in [&b"some"[..], b"", b" data"] {
        prf.update(piece);
    }
    assert_eq!(prf.finalize(), whole);
}
