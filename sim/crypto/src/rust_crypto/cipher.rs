//! The four protections, in place, the ICV beside the text. `None` is a failure of any kind.

use crate::{Encryption, Integrity, Opening, Prf, PrfOutput, ProtectionKey, Sealing};
use aes::Aes128;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::{U8, U11};
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;
use zeroize::Zeroize;

/// RFC 4309 3 and 4: a nonce of 3 octets of salt and 8 of IV leaves 4 for the length.
type Aes128Ccm8 = Ccm<Aes128, U8, U11>;

pub(super) fn seal(key: &ProtectionKey, parts: Sealing<'_>) -> Option<()> {
    match key.protection().encryption() {
        Encryption::AesCbc128 => seal_cbc(key, parts),
        Encryption::AesGcm16_128 => seal_aead::<Aes128Gcm>(key, parts),
        Encryption::AesGcm16_256 => seal_aead::<Aes256Gcm>(key, parts),
        Encryption::AesCcm8_128 => seal_aead::<Aes128Ccm8>(key, parts),
        Encryption::ChaCha20Poly1305 => seal_aead::<ChaCha20Poly1305>(key, parts),
    }
}

pub(super) fn open(key: &ProtectionKey, parts: Opening<'_>) -> Option<()> {
    match key.protection().encryption() {
        Encryption::AesCbc128 => open_cbc(key, parts),
        Encryption::AesGcm16_128 => open_aead::<Aes128Gcm>(key, parts),
        Encryption::AesGcm16_256 => open_aead::<Aes256Gcm>(key, parts),
        Encryption::AesCcm8_128 => open_aead::<Aes128Ccm8>(key, parts),
        Encryption::ChaCha20Poly1305 => open_aead::<ChaCha20Poly1305>(key, parts),
    }
}

fn seal_aead<A: AeadInOut + KeyInit>(key: &ProtectionKey, parts: Sealing<'_>) -> Option<()> {
    let (aead, salt) = keyed::<A>(key)?;
    let mut nonce = nonce::<A>(salt, parts.iv)?;
    let tag = aead.encrypt_inout_detached(&nonce, parts.aad, parts.text.into()).ok();
    nonce.zeroize();
    copy_exact(parts.icv, &tag?)
}

fn open_aead<A: AeadInOut + KeyInit>(key: &ProtectionKey, parts: Opening<'_>) -> Option<()> {
    let (aead, salt) = keyed::<A>(key)?;
    let tag = Tag::<A>::try_from(parts.icv).ok()?;
    let mut nonce = nonce::<A>(salt, parts.iv)?;
    let opened = aead.decrypt_inout_detached(&nonce, parts.aad, parts.text.into(), &tag).ok();
    nonce.zeroize();
    opened
}

/// The cipher under its key, and the salt that stands behind the key (RFC 5282 7.1).
fn keyed<A: KeyInit>(key: &ProtectionKey) -> Option<(A, &[u8])> {
    let len = key.protection().encryption().cipher_key_len();
    let (cipher_key, salt) = key.encryption().split_at_checked(len)?;
    Some((A::new_from_slice(cipher_key).ok()?, salt))
}

/// `salt | iv` (RFC 4106 4, RFC 4309 4, RFC 7634 2).
fn nonce<A: AeadInOut>(salt: &[u8], iv: &[u8]) -> Option<Nonce<A>> {
    let mut nonce = Nonce::<A>::default();
    let (first, last) = nonce.split_at_mut_checked(salt.len())?;
    first.copy_from_slice(salt);
    copy_exact(last, iv)?;
    Some(nonce)
}

fn seal_cbc(key: &ProtectionKey, parts: Sealing<'_>) -> Option<()> {
    let mut cbc = cbc::Encryptor::<Aes128>::new_from_slices(key.encryption(), parts.iv).ok()?;
    let (blocks, []) = Array::slice_as_chunks_mut(parts.text) else { return None };
    cbc.encrypt_blocks(blocks);
    let (integrity, mac) = mac(key, [parts.aad, parts.iv, parts.text])?;
    copy_exact(parts.icv, mac.as_slice().get(..integrity.icv_len())?)
}

fn open_cbc(key: &ProtectionKey, parts: Opening<'_>) -> Option<()> {
    let (integrity, mac) = mac(key, [parts.aad, parts.iv, parts.text])?;
    // RFC 4303 3.4.4.1: nothing is decrypted before the ICV has verified.
    if !crate::constant_time_eq(mac.as_slice().get(..integrity.icv_len())?, parts.icv) {
        return None;
    }
    let mut cbc = cbc::Decryptor::<Aes128>::new_from_slices(key.encryption(), parts.iv).ok()?;
    let (blocks, []) = Array::slice_as_chunks_mut(parts.text) else { return None };
    cbc.decrypt_blocks(blocks);
    Some(())
}

/// The whole MAC over `parts`, of which the ICV is the beginning (RFC 4868 2.3).
fn mac(key: &ProtectionKey, parts: [&[u8]; 3]) -> Option<(Integrity, PrfOutput)> {
    let integrity = key.protection().integrity()?;
    let mut mac = super::RustCryptoPrf::new(integrity.prf(), key.integrity());
    for part in parts {
        mac.update(part);
    }
    Some((integrity, mac.finalize()))
}

fn copy_exact(to: &mut [u8], from: &[u8]) -> Option<()> {
    (to.len() == from.len()).then(|| to.copy_from_slice(from))
}
