//! The Wycheproof vectors: among them the edge cases that implementations are known to get wrong.

use crate::common::{hmac_sha256, open, protection_key, seal};
use crypto::{Crypto, Encryption, Group, PrivateKey, RustCrypto};
use rstest::rstest;
use wycheproof::{TestResult, aead, ecdh, mac, xdh};

#[rstest]
// AES-CCM has no group with nonces of 11 octets and ICVs of 8; see `published.rs`.
#[case(aead::TestName::AesGcm, Encryption::AesGcm16_128, 67)]
#[case(aead::TestName::AesGcm, Encryption::AesGcm16_256, 66)]
#[case(aead::TestName::ChaCha20Poly1305, Encryption::ChaCha20Poly1305, 316)]
fn aead_agrees(
    #[case] set: aead::TestName,
    #[case] encryption: Encryption,
    #[case] expected: usize,
) {
    let groups = aead::TestSet::load(set).expect("the vectors parse").test_groups;
    let mut seen = 0;
    for group in groups {
        // The other groups have lengths that ESP and IKE never use.
        if group.key_size != 8 * encryption.cipher_key_len()
            || group.nonce_size != 8 * (encryption.salt_len() + encryption.iv_len())
            || group.tag_size != 8 * encryption.aead_icv_len()
        {
            continue;
        }
        for test in group.tests {
            let (salt, iv) = test.nonce.split_at(encryption.salt_len());
            let key = protection_key(encryption, &[&test.key, salt].concat(), &[]);
            let opened = open(&key, [&test.aad, iv, &test.ct, &test.tag]);
            if test.result == TestResult::Invalid {
                assert_eq!(opened, None, "{:?} {}", set, test.tc_id);
            } else {
                assert_eq!(opened.as_deref(), Some(&test.pt[..]), "{:?} {}", set, test.tc_id);
                let sealed = seal(&key, &test.aad, iv, &test.pt);
                assert_eq!(
                    sealed,
                    (test.ct.to_vec(), test.tag.to_vec()),
                    "{:?} {}",
                    set,
                    test.tc_id
                );
            }
            seen += 1;
        }
    }
    assert_eq!(seen, expected);
}

#[test]
fn hmac_sha256_agrees() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).expect("the vectors parse");
    for group in set.test_groups {
        for test in group.tests {
            let mac = hmac_sha256(&test.key, &test.msg);
            let equal = mac.as_slice()[..group.tag_size / 8] == test.tag[..];
            assert_eq!(equal, test.result == TestResult::Valid, "{}", test.tc_id);
        }
    }
}

#[test]
fn x25519_agrees_and_refuses_only_the_all_zero_secret() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).expect("the vectors parse");
    let mut refused = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let octets = test.private_key[..].try_into().expect("32 octets");
        let private = PrivateKey::from_octets(Group::Curve25519, octets).expect("any will do");
        let shared = RustCrypto.shared_secret(&private, &test.public_key).ok();
        // "Acceptable" are twists, small subgroups and non-canonical values: RFC 8031 3.2 takes
        // them all, and RFC 7748 6.1 leaves the all-zero secret to us.
        if test.public_key.len() != 32 || test.shared_secret.iter().all(|&octet| octet == 0) {
            assert!(shared.is_none(), "{}", test.tc_id);
            refused += 1;
        } else {
            let shared = shared.expect("accepted");
            assert_eq!(shared.as_slice(), &test.shared_secret[..], "{}", test.tc_id);
        }
    }
    assert!(refused > 0);
}

#[test]
fn p256_agrees_and_refuses_points_off_the_curve() {
    let name = ecdh::TestName::EcdhSecp256r1Ecpoint;
    let set = ecdh::TestSet::load(name).expect("the vectors parse");
    let (mut agreed, mut refused) = (0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        // The KE payload has x | y only; an encoding with another tag does not exist there.
        let Some(public) = test.public_key.strip_prefix(&[4]) else { continue };
        let mut octets = [0; 32];
        let digits = test.private_key.len().min(32);
        octets[32 - digits..].copy_from_slice(&test.private_key[test.private_key.len() - digits..]);
        let private = PrivateKey::from_octets(Group::Ecp256, &octets).expect("below the order");
        let shared = RustCrypto.shared_secret(&private, public).ok();
        if test.result == TestResult::Invalid {
            assert!(shared.is_none(), "{}", test.tc_id);
            refused += 1;
        } else {
            let shared = shared.expect("accepted");
            assert_eq!(shared.as_slice(), &test.shared_secret[..], "{}", test.tc_id);
            agreed += 1;
        }
    }
    assert!(agreed > 100 && refused > 10, "{agreed} {refused}");
}
