//! What the test programs share.

use crypto::{Crypto, Encryption, Integrity, Opening, Protection, ProtectionKey, Sealing};
use crypto::{Prf, PrfAlgorithm, PrfOutput, RustCrypto};
use serde::de::DeserializeOwned;

/// Octets that a fixture writes in hexadecimal, in as many lines as it likes.
#[derive(serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = data_encoding::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self(hex(&text)?))
    }
}

impl std::ops::Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) fn hex(text: &str) -> Result<Vec<u8>, data_encoding::DecodeError> {
    let digits: String = text.split_whitespace().collect();
    data_encoding::HEXLOWER.decode(digits.as_bytes())
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

pub(crate) const PROTECTIONS: [(Encryption, Option<Integrity>); 5] = [
    (Encryption::AesCbc128, Some(Integrity::HmacSha256_128)),
    (Encryption::AesGcm16_128, None),
    (Encryption::AesCcm8_128, None),
    (Encryption::ChaCha20Poly1305, None),
    (Encryption::AesGcm16_256, None),
];

pub(crate) fn protection_key(
    encryption: Encryption,
    octets: &[u8],
    integrity: &[u8],
) -> ProtectionKey {
    let transform = (!encryption.is_aead()).then_some(Integrity::HmacSha256_128);
    let protection = Protection::new(encryption, transform).expect("a sensible combination");
    ProtectionKey::new(protection, octets, integrity).expect("keys of the right lengths")
}

pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> PrfOutput {
    let mut prf = RustCrypto.prf(PrfAlgorithm::HmacSha256, key);
    prf.update(data);
    prf.finalize()
}

/// The ciphertext and the ICV.
pub(crate) fn seal(
    key: &ProtectionKey,
    aad: &[u8],
    iv: &[u8],
    plaintext: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let mut text = plaintext.to_vec();
    let mut icv = vec![0; key.protection().icv_len()];
    RustCrypto.seal(key, Sealing { aad, iv, text: &mut text, icv: &mut icv });
    (text, icv)
}

/// The plaintext, if the ICV verifies. `packet` is aad, iv, ciphertext, icv.
pub(crate) fn open(key: &ProtectionKey, packet: [&[u8]; 4]) -> Option<Vec<u8>> {
    let [aad, iv, ciphertext, icv] = packet;
    let mut text = ciphertext.to_vec();
    RustCrypto.open(key, Opening { aad, iv, text: &mut text, icv }).ok()?;
    Some(text)
}
