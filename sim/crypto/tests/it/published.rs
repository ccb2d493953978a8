//! Bytes that the RFCs and another implementation publish. `fixtures/SOURCES.md` names the sources.

use crate::common::{Hex, cases, hmac_sha256, open, protection_key, seal};
use crypto::{Crypto, Encryption, Group, Integrity, PrivateKey, RustCrypto};
use rstest::rstest;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MacCase {
    name: String,
    key: Hex,
    data: Hex,
    mac: Hex,
}

#[test]
fn hmac_sha256_gives_the_published_macs() {
    for case in cases::<MacCase>(include_str!("../../../../fixtures/crypto/hmac-sha256.toml")) {
        let mac = hmac_sha256(&case.key, &case.data);
        assert!(case.mac.len() >= Integrity::HmacSha256_128.icv_len(), "{}", case.name);
        assert_eq!(mac.as_slice()[..case.mac.len()], *case.mac, "{}", case.name);
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DhCase {
    name: String,
    group: u16,
    private: Hex,
    /// What the private key's owner sends, where it is published.
    public: Option<Hex>,
    peer: Hex,
    shared: Hex,
}

#[test]
fn diffie_hellman_gives_the_published_values() {
    for case in cases::<DhCase>(include_str!("../../../../fixtures/crypto/diffie-hellman.toml")) {
        let group = Group::from_transform(case.group).expect("one of our groups");
        let octets = case.private[..].try_into().expect("256 bits");
        let private = PrivateKey::from_octets(group, octets).expect("a key of the group");
        if let Some(published) = case.public {
            let mut public = vec![0; group.public_value_len()];
            RustCrypto.public_value(&private, &mut public);
            assert_eq!(public, *published, "{}", case.name);
        }
        let shared = RustCrypto.shared_secret(&private, &case.peer).expect("an honest peer");
        assert_eq!(shared.as_slice(), &*case.shared, "{}", case.name);
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CbcCase {
    name: String,
    key: Hex,
    iv: Hex,
    /// SPI and sequence number, where the case is an ESP packet.
    header: Option<Hex>,
    plaintext: Hex,
    ciphertext: Hex,
}

#[test]
fn aes_cbc_gives_the_published_ciphertexts_and_authenticates_all_of_the_packet() {
    for case in cases::<CbcCase>(include_str!("../../../../fixtures/crypto/aes-128-cbc.toml")) {
        let integrity_key = [0x5a; 32];
        let key = protection_key(Encryption::AesCbc128, &case.key, &integrity_key);
        let aad = case.header.as_deref().unwrap_or_default();
        let (ciphertext, icv) = seal(&key, aad, &case.iv, &case.plaintext);
        assert_eq!(ciphertext, *case.ciphertext, "{}", case.name);
        // RFC 4868 2.3: the first half of the MAC over everything before the ICV.
        let mac = hmac_sha256(&integrity_key, &[aad, &case.iv, &ciphertext].concat());
        assert_eq!(icv, mac.as_slice()[..16], "{}", case.name);
        let opened = open(&key, [aad, &case.iv, &ciphertext, &icv]);
        assert_eq!(opened.as_deref(), Some(&*case.plaintext), "{}", case.name);
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AeadCase {
    name: String,
    key: Hex,
    salt: Hex,
    iv: Hex,
    aad: Hex,
    plaintext: Hex,
    ciphertext: Hex,
    icv: Hex,
}

#[rstest]
#[case(Encryption::AesGcm16_128, include_str!("../../../../fixtures/crypto/aes-128-gcm-16.toml"))]
#[case(Encryption::AesGcm16_256, include_str!("../../../../fixtures/crypto/aes-256-gcm-16.toml"))]
#[case(Encryption::AesCcm8_128, include_str!("../../../../fixtures/crypto/aes-128-ccm-8.toml"))]
#[case(Encryption::ChaCha20Poly1305, include_str!("../../../../fixtures/crypto/chacha20-poly1305.toml"))]
fn aeads_give_the_published_ciphertexts(#[case] encryption: Encryption, #[case] toml: &str) {
    for case in cases::<AeadCase>(toml) {
        let key = protection_key(encryption, &[&*case.key, &*case.salt].concat(), &[]);
        let (ciphertext, icv) = seal(&key, &case.aad, &case.iv, &case.plaintext);
        assert_eq!(ciphertext, *case.ciphertext, "{}", case.name);
        assert_eq!(icv, *case.icv, "{}", case.name);
        let opened = open(&key, [&case.aad, &case.iv, &ciphertext, &icv]);
        assert_eq!(opened.as_deref(), Some(&*case.plaintext), "{}", case.name);
    }
}
