//! What the tests share: fixtures, keys, inner packets.

mod behaviour;
mod discarded;
mod published;
mod window;

use crypto::{Encryption, Integrity, Protection, ProtectionKey};
use serde::de::DeserializeOwned;
use std::string::String;
use std::vec;
use std::vec::Vec;

/// Octets that a fixture writes in hexadecimal, in as many lines as it likes.
#[derive(serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = data_encoding::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits: String = text.split_whitespace().collect();
        data_encoding::HEXLOWER.decode(digits.as_bytes()).map(Self)
    }
}

impl core::ops::Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// An ESP packet that somebody else made.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    encryption: u16,
    encryption_key: Hex,
    integrity_key: Hex,
    pub(crate) spi: u32,
    pub(crate) sequence: u32,
    pub(crate) iv: Hex,
    pub(crate) inner: Hex,
    pub(crate) packet: Hex,
}

impl Case {
    pub(crate) fn key(&self) -> ProtectionKey {
        let protection = PROTECTIONS
            .into_iter()
            .find(|&(encryption, _)| encryption.transform_id() == self.encryption)
            .and_then(|(encryption, integrity)| Protection::new(encryption, integrity));
        ProtectionKey::new(protection.expect("ours"), &self.encryption_key, &self.integrity_key)
            .expect("keys of the right lengths")
    }
}

/// A packet of RFC 3602: encrypted, without an ICV.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CbcCase {
    pub(crate) name: String,
    key: Hex,
    pub(crate) iv: Hex,
    pub(crate) header: Option<Hex>,
    pub(crate) plaintext: Hex,
    pub(crate) ciphertext: Hex,
}

impl CbcCase {
    pub(crate) fn key(&self) -> ProtectionKey {
        ProtectionKey::new(protection(0), &self.key, &[7; 32]).expect("keys of the right lengths")
    }
}

/// The cases of a fixture.
pub(crate) fn cases<T: DeserializeOwned>(toml: &str) -> Vec<T> {
    #[derive(serde::Deserialize)]
    struct File<T> {
        case: Vec<T>,
    }
    let file: File<T> = toml::from_str(toml).expect("the fixture parses");
    assert!(!file.case.is_empty());
    file.case
}

const PROTECTIONS: [(Encryption, Option<Integrity>); 5] = [
    (Encryption::AesCbc128, Some(Integrity::HmacSha256_128)),
    (Encryption::AesGcm16_128, None),
    (Encryption::AesCcm8_128, None),
    (Encryption::ChaCha20Poly1305, None),
    (Encryption::AesGcm16_256, None),
];

fn protection(index: usize) -> Protection {
    let (encryption, integrity) = PROTECTIONS[index];
    Protection::new(encryption, integrity).expect("a sensible combination")
}

const SPI: u32 = 0x0a0b_0c0d;

fn key(index: usize) -> ProtectionKey {
    let protection = protection(index);
    let octets: Vec<u8> = (0x40..).take(protection.encryption().key_len()).collect();
    let integrity = vec![0x77; protection.integrity_key_len()];
    ProtectionKey::new(protection, &octets, &integrity).expect("keys of the right lengths")
}

/// An IPv4 packet of `len` octets as far as its length fields go; the rest counts up.
fn ipv4(len: u16) -> Vec<u8> {
    let mut packet: Vec<u8> = (0..len).map(|octet| octet as u8).collect();
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&len.to_be_bytes());
    packet
}

/// The same for IPv6.
fn ipv6(len: u16) -> Vec<u8> {
    let mut packet: Vec<u8> = (0..len).map(|octet| octet as u8).collect();
    packet[0] = 0x60;
    packet[4..6].copy_from_slice(&(len - 40).to_be_bytes());
    packet
}
