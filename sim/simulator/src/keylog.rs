//! The keys of a run in Wireshark's own formats: with them it decrypts the capture.

use crate::observer::{EspKeyLog, IkeKeyLog};
use core::fmt::Write as _;
use crypto::{Encryption, Integrity, Protection};
use ike_decode::hex;

/// Either file of a run with modelled algorithms: a key would promise what no reader can do.
pub(crate) const NOTHING_DECRYPTS: &str =
    "# The cryptography of this run is modelled: nothing decrypts its capture.\n";

/// An IKE SA's cipher as Wireshark calls it, and as it would where it cannot decrypt it.
pub(crate) const fn ike_encryption_name(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::AesCbc128 => "AES-CBC-128 [RFC3602]",
        Encryption::AesGcm16_128 => "AES-GCM-128 with 16 octet ICV [RFC5282]",
        Encryption::AesGcm16_256 => "AES-GCM-256 with 16 octet ICV [RFC5282]",
        Encryption::AesCcm8_128 => "AES-CCM-128 with 8 octet ICV [RFC5282]",
        Encryption::ChaCha20Poly1305 => "ChaCha20-Poly1305 [RFC7634]",
    }
}

/// An IKE SA's integrity transform as Wireshark calls it.
pub(crate) const fn ike_integrity_name(integrity: Option<Integrity>) -> &'static str {
    match integrity {
        Some(Integrity::HmacSha256_128) => "HMAC_SHA2_256_128 [RFC4868]",
        None => "NONE [RFC4306]",
    }
}

/// Wireshark's names of a Child SA's algorithms; `None`: it cannot decrypt them.
fn esp_names(protection: Protection) -> Option<(&'static str, &'static str)> {
    match (protection.encryption(), protection.integrity()) {
        (Encryption::AesCbc128, Some(Integrity::HmacSha256_128)) => {
            Some(("AES-CBC [RFC3602]", "HMAC-SHA-256-128 [RFC4868]"))
        }
        (Encryption::AesGcm16_128 | Encryption::AesGcm16_256, None) => {
            Some(("AES-GCM with 16 octet ICV [RFC4106]", "NULL"))
        }
        _ => None,
    }
}

/// The file `ikev2_decryption_table`: a row for each IKE SA. Suites that Wireshark cannot decrypt are
/// there as comments, which [`crate::dissect`] reads.
#[must_use]
pub fn ikev2_decryption_table<'k>(keys: impl IntoIterator<Item = &'k IkeKeyLog<'k>>) -> String {
    let mut table =
        String::from("# SPIi, SPIr, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity\n");
    for log in keys {
        let (initiator, responder) = (&log.keys.initiator, &log.keys.responder);
        let cipher = log.suite.protection.encryption();
        let encryption = ike_encryption_name(cipher);
        let integrity_name = ike_integrity_name(log.suite.protection.integrity());
        let comment = if cipher == Encryption::ChaCha20Poly1305 { "# " } else { "" };
        let _ = writeln!(
            table,
            "{comment}{},{},{},{},\"{encryption}\",{},{},\"{integrity_name}\"",
            log.spis.0,
            log.spis.1,
            hex(initiator.encryption()),
            hex(responder.encryption()),
            hex(initiator.integrity()),
            hex(responder.integrity()),
        );
    }
    table
}

/// The file `esp_sa`: a row for each direction of each Child SA. Suites that Wireshark cannot decrypt
/// are there as comments.
#[must_use]
pub fn esp_sa<'k>(keys: impl IntoIterator<Item = &'k EspKeyLog<'k>>) -> String {
    let mut table =
        String::from("# family, source, destination, SPI, encryption, key, authentication, key\n");
    for log in keys {
        let family = if log.source.is_ipv4() { "IPv4" } else { "IPv6" };
        let names = esp_names(log.key.protection());
        let (encryption, authentication) = names.unwrap_or(("unknown to Wireshark", ""));
        let comment = if names.is_some() { "" } else { "# " };
        let integrity = log.key.integrity();
        let integrity =
            if integrity.is_empty() { String::new() } else { format!("0x{}", hex(integrity)) };
        let _ = writeln!(
            table,
            "{comment}\"{family}\",\"{}\",\"{}\",\"0x{:08x}\",\"{encryption}\",\"0x{}\",\
             \"{authentication}\",\"{integrity}\"",
            log.source,
            log.destination,
            log.spi,
            hex(log.key.encryption()),
        );
    }
    table
}
