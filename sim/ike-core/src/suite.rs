//! The suites that a configuration names.

use crate::{EspOffer, EspSuite, IkeOffer, IkeSuite};
use core::fmt;
use core::str::FromStr;
use crypto::{Encryption, Group, Integrity, PrfAlgorithm, Protection};

/// A named combination of algorithms for the IKE SA and its Child SA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// AES-GCM-16-128, PRF-HMAC-SHA2-256, Curve25519; ESP AES-GCM-16-128.
    #[default]
    AesGcmX25519,
    /// AES-GCM-16-128, PRF-HMAC-SHA2-256, 256-bit ECP; ESP AES-GCM-16-128.
    AesGcmP256,
    /// AES-CBC-128, HMAC-SHA2-256-128, PRF-HMAC-SHA2-256, 2048-bit MODP; ESP AES-CBC-128 with
    /// HMAC-SHA2-256-128.
    AesCbcModp2048,
    /// AES-CCM-8-128, PRF-HMAC-SHA2-256, 256-bit ECP; ESP AES-CCM-8-128.
    AesCcm8P256,
    /// ChaCha20-Poly1305, PRF-HMAC-SHA2-256, Curve25519; ESP ChaCha20-Poly1305.
    ChaCha20X25519,
    /// AES-GCM-16-256, PRF-HMAC-SHA2-256, Curve25519; ESP AES-GCM-16-256.
    Aes256GcmX25519,
}

impl Suite {
    /// All of them, the default first.
    pub const ALL: [Self; 6] = [
        Self::AesGcmX25519,
        Self::AesGcmP256,
        Self::AesCbcModp2048,
        Self::AesCcm8P256,
        Self::ChaCha20X25519,
        Self::Aes256GcmX25519,
    ];

    /// The name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesGcmX25519 => "aes-gcm-x25519",
            Self::AesGcmP256 => "aes-gcm-p256",
            Self::AesCbcModp2048 => "aes-cbc-modp2048",
            Self::AesCcm8P256 => "aes-ccm8-p256",
            Self::ChaCha20X25519 => "chacha20-x25519",
            Self::Aes256GcmX25519 => "aes256-gcm-x25519",
        }
    }

    const fn protection(self) -> Protection {
        let made = match self {
            Self::AesGcmX25519 | Self::AesGcmP256 => {
                Protection::new(Encryption::AesGcm16_128, None)
            }
            Self::AesCbcModp2048 => {
                Protection::new(Encryption::AesCbc128, Some(Integrity::HmacSha256_128))
            }
            Self::AesCcm8P256 => Protection::new(Encryption::AesCcm8_128, None),
            Self::ChaCha20X25519 => Protection::new(Encryption::ChaCha20Poly1305, None),
            Self::Aes256GcmX25519 => Protection::new(Encryption::AesGcm16_256, None),
        };
        made.expect("each suite is a combination that exists")
    }

    /// The algorithms of the IKE SA.
    #[must_use]
    pub const fn ike(self) -> IkeSuite {
        let group = match self {
            Self::AesGcmX25519 | Self::ChaCha20X25519 | Self::Aes256GcmX25519 => Group::Curve25519,
            Self::AesGcmP256 | Self::AesCcm8P256 => Group::Ecp256,
            Self::AesCbcModp2048 => Group::Modp2048,
        };
        IkeSuite { protection: self.protection(), prf: PrfAlgorithm::HmacSha256, group }
    }

    /// The algorithms of the Child SA.
    #[must_use]
    pub const fn esp(self) -> EspSuite {
        EspSuite { protection: self.protection() }
    }

    /// An offer of exactly this IKE suite.
    #[must_use]
    pub fn ike_offer(self) -> IkeOffer {
        let ike = self.ike();
        IkeOffer::new(&[ike.protection], &[ike.prf], &[ike.group]).expect("lists of one")
    }

    /// An offer of exactly this Child SA suite.
    #[must_use]
    pub fn esp_offer(self) -> EspOffer {
        EspOffer::new(&[self.protection()]).expect("a list of one")
    }
}

/// No suite has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSuite;

impl fmt::Display for UnknownSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected one of")?;
        Suite::ALL.iter().try_for_each(|suite| write!(f, " {}", suite.name()))
    }
}

impl core::error::Error for UnknownSuite {}

impl FromStr for Suite {
    type Err = UnknownSuite;

    fn from_str(text: &str) -> Result<Self, UnknownSuite> {
        Self::ALL.into_iter().find(|suite| suite.name() == text).ok_or(UnknownSuite)
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_suite_is_found_by_the_name_that_it_prints() {
        for suite in Suite::ALL {
            assert_eq!(suite.to_string().parse(), Ok(suite));
        }
        assert_eq!("aes-gcm".parse::<Suite>(), Err(UnknownSuite));
        assert!(UnknownSuite.to_string().ends_with("aes256-gcm-x25519"));
    }

    /// RFC 7296 3.3.3, RFC 5282 8: an AEAD has no integrity transform; ESP has no D-H here.
    #[test]
    fn a_suite_offers_the_types_that_its_protocol_wants() {
        for suite in Suite::ALL {
            let kinds = |transforms: &[crate::payload::Transform]| {
                transforms.iter().map(|transform| transform.kind.0).collect::<std::vec::Vec<_>>()
            };
            let is_cbc = suite == Suite::AesCbcModp2048;
            let (ike, esp) = (suite.ike_offer().transforms(), suite.esp_offer().transforms());
            assert_eq!(kinds(&ike), if is_cbc { &[1, 2, 3, 4][..] } else { &[1, 2, 4] });
            assert_eq!(kinds(&esp), if is_cbc { &[1, 3, 5][..] } else { &[1, 5] });
        }
    }
}
