//! The transforms, with the lengths that follow from them. Octets everywhere.

/// An encryption transform (type 1) with its key length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encryption {
    /// ENCR_AES_CBC with 128-bit keys (RFC 3602).
    AesCbc128,
    /// ENCR_AES_GCM_16 with 128-bit keys (RFC 4106, 5282).
    AesGcm16_128,
    /// ENCR_AES_GCM_16 with 256-bit keys (RFC 4106, 5282).
    AesGcm16_256,
    /// ENCR_AES_CCM_8 with 128-bit keys (RFC 4309, 5282).
    AesCcm8_128,
    /// ENCR_CHACHA20_POLY1305 (RFC 7634).
    ChaCha20Poly1305,
}

impl Encryption {
    /// The transform id in IANA's registry.
    #[must_use]
    pub const fn transform_id(self) -> u16 {
        match self {
            Self::AesCbc128 => 12,
            Self::AesCcm8_128 => 14,
            Self::AesGcm16_128 | Self::AesGcm16_256 => 20,
            Self::ChaCha20Poly1305 => 28,
        }
    }

    /// The Key Length attribute in bits; `None` where the key has one length only and the
    /// attribute must be absent (RFC 7296 3.3.5, RFC 7634 4).
    #[must_use]
    pub const fn key_length_attribute(self) -> Option<u16> {
        match self {
            Self::AesCbc128 | Self::AesGcm16_128 | Self::AesCcm8_128 => Some(128),
            Self::AesGcm16_256 => Some(256),
            Self::ChaCha20Poly1305 => None,
        }
    }

    /// The transform with this id and Key Length attribute, if it is one of ours.
    #[must_use]
    pub fn from_transform(id: u16, key_length: Option<u16>) -> Option<Self> {
        [
            Self::AesCbc128,
            Self::AesGcm16_128,
            Self::AesGcm16_256,
            Self::AesCcm8_128,
            Self::ChaCha20Poly1305,
        ]
        .into_iter()
        .find(|e| e.transform_id() == id && e.key_length_attribute() == key_length)
    }

    /// Key material: the cipher's key and, for AEAD, the salt behind it (RFC 5282 7.1).
    #[must_use]
    pub const fn key_len(self) -> usize {
        self.cipher_key_len() + self.salt_len()
    }

    /// The key of the cipher itself.
    #[must_use]
    pub const fn cipher_key_len(self) -> usize {
        match self {
            Self::AesCbc128 | Self::AesGcm16_128 | Self::AesCcm8_128 => 16,
            Self::AesGcm16_256 | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// The secret part of the nonce, taken from the key material.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCbc128 => 0,
            Self::AesCcm8_128 => 3,
            Self::AesGcm16_128 | Self::AesGcm16_256 | Self::ChaCha20Poly1305 => 4,
        }
    }

    /// The IV that travels in each packet.
    #[must_use]
    pub const fn iv_len(self) -> usize {
        match self {
            Self::AesCbc128 => 16,
            _ => 8,
        }
    }

    /// The plaintext's length must be a multiple of this.
    #[must_use]
    pub const fn block_len(self) -> usize {
        match self {
            Self::AesCbc128 => 16,
            _ => 1,
        }
    }

    /// The ICV of an AEAD; 0 for a cipher that needs an integrity transform beside it.
    #[must_use]
    pub const fn aead_icv_len(self) -> usize {
        match self {
            Self::AesCbc128 => 0,
            Self::AesCcm8_128 => 8,
            Self::AesGcm16_128 | Self::AesGcm16_256 | Self::ChaCha20Poly1305 => 16,
        }
    }

    /// Whether the cipher authenticates by itself.
    #[must_use]
    pub const fn is_aead(self) -> bool {
        self.aead_icv_len() != 0
    }
}

/// An integrity transform (type 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Integrity {
    /// AUTH_HMAC_SHA2_256_128 (RFC 4868).
    HmacSha256_128,
}

impl Integrity {
    /// The transform id in IANA's registry.
    #[must_use]
    pub const fn transform_id(self) -> u16 {
        match self {
            Self::HmacSha256_128 => 12,
        }
    }

    /// The transform with this id, if it is one of ours.
    #[must_use]
    pub const fn from_transform(id: u16) -> Option<Self> {
        match id {
            12 => Some(Self::HmacSha256_128),
            _ => None,
        }
    }

    /// The key.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::HmacSha256_128 => 32,
        }
    }

    /// The truncated MAC that travels.
    #[must_use]
    pub const fn icv_len(self) -> usize {
        match self {
            Self::HmacSha256_128 => 16,
        }
    }

    /// The PRF whose output is truncated to the ICV.
    #[must_use]
    pub const fn prf(self) -> PrfAlgorithm {
        match self {
            Self::HmacSha256_128 => PrfAlgorithm::HmacSha256,
        }
    }
}

/// A pseudorandom function (transform type 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrfAlgorithm {
    /// PRF_HMAC_SHA2_256 (RFC 4868).
    HmacSha256,
}

impl PrfAlgorithm {
    /// The transform id in IANA's registry.
    #[must_use]
    pub const fn transform_id(self) -> u16 {
        match self {
            Self::HmacSha256 => 5,
        }
    }

    /// The transform with this id, if it is one of ours.
    #[must_use]
    pub const fn from_transform(id: u16) -> Option<Self> {
        match id {
            5 => Some(Self::HmacSha256),
            _ => None,
        }
    }

    /// The output, which is also the preferred key length (RFC 7296 2.13).
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::HmacSha256 => 32,
        }
    }
}

/// A Diffie-Hellman group (transform type 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// 2048-bit MODP (RFC 3526 3).
    Modp2048,
    /// 256-bit random ECP (RFC 5903).
    Ecp256,
    /// Curve25519 (RFC 8031).
    Curve25519,
}

impl Group {
    /// The transform id in IANA's registry, also the group number in the KE payload.
    #[must_use]
    pub const fn transform_id(self) -> u16 {
        match self {
            Self::Modp2048 => 14,
            Self::Ecp256 => 19,
            Self::Curve25519 => 31,
        }
    }

    /// The group with this number, if it is one of ours.
    #[must_use]
    pub const fn from_transform(id: u16) -> Option<Self> {
        match id {
            14 => Some(Self::Modp2048),
            19 => Some(Self::Ecp256),
            31 => Some(Self::Curve25519),
            _ => None,
        }
    }

    /// The public value in the KE payload.
    #[must_use]
    pub const fn public_value_len(self) -> usize {
        match self {
            Self::Modp2048 => 256,
            Self::Ecp256 => 64,
            Self::Curve25519 => 32,
        }
    }

    /// The shared secret that enters SKEYSEED.
    #[must_use]
    pub const fn shared_secret_len(self) -> usize {
        match self {
            Self::Modp2048 => 256,
            Self::Ecp256 | Self::Curve25519 => 32,
        }
    }
}

/// How packets are protected: an AEAD, or a cipher with an integrity transform.
///
/// Only combinations that make sense exist (RFC 5282 8: an AEAD has no integrity transform).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protection {
    encryption: Encryption,
    integrity: Option<Integrity>,
}

impl Protection {
    /// The combination, or `None` where it makes no sense.
    #[must_use]
    pub const fn new(encryption: Encryption, integrity: Option<Integrity>) -> Option<Self> {
        if encryption.is_aead() == integrity.is_none() {
            Some(Self { encryption, integrity })
        } else {
            None
        }
    }

    /// The encryption transform.
    #[must_use]
    pub const fn encryption(self) -> Encryption {
        self.encryption
    }

    /// The integrity transform; `None` for an AEAD.
    #[must_use]
    pub const fn integrity(self) -> Option<Integrity> {
        self.integrity
    }

    /// The integrity key; 0 for an AEAD.
    #[must_use]
    pub const fn integrity_key_len(self) -> usize {
        match self.integrity {
            Some(integrity) => integrity.key_len(),
            None => 0,
        }
    }

    /// The ICV behind the ciphertext.
    #[must_use]
    pub const fn icv_len(self) -> usize {
        match self.integrity {
            Some(integrity) => integrity.icv_len(),
            None => self.encryption.aead_icv_len(),
        }
    }
}
