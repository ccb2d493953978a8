//! Wireshark's table of IKE keys, as Wireshark writes it and as a run does.

#[cfg(test)]
mod tests;

use crate::keylog::{ike_encryption_name, ike_integrity_name};
use core::fmt;
use crypto::{Encryption, Integrity, Protection, ProtectionKey, RustCrypto};
use data_encoding::HEXLOWER_PERMISSIVE;
use ike_core::IkeSpi;
use ike_decode::MessageKeys;
use std::collections::BTreeMap;

/// The ciphers that are decrypted here.
const ENCRYPTIONS: [Encryption; 5] = [
    Encryption::AesCbc128,
    Encryption::AesGcm16_128,
    Encryption::AesGcm16_256,
    Encryption::AesCcm8_128,
    Encryption::ChaCha20Poly1305,
];

/// The keys of IKE SAs, by both SPIs.
#[derive(Default)]
pub struct KeyTable {
    rows: BTreeMap<(IkeSpi, IkeSpi), Row>,
}

/// What is known of an SA.
struct Row {
    /// What the table calls its algorithms.
    algorithms: String,
    /// `None`: nobody here can decrypt these.
    keys: Option<(ProtectionKey, ProtectionKey)>,
}

/// What the table says about an SA.
pub(super) enum Known<'t> {
    /// Nothing.
    Nothing,
    /// Its keys.
    Keys(MessageKeys<'t>),
    /// Its keys, for algorithms that are not decrypted here.
    Algorithms(&'t str),
}

/// A row that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTableError {
    /// Its line, from 1.
    pub line: usize,
    /// What was expected.
    pub reason: String,
}

impl fmt::Display for KeyTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.reason)
    }
}

impl std::error::Error for KeyTableError {}

impl KeyTable {
    /// Reads `ikev2_decryption_table`: SPIi, SPIr, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity.
    ///
    /// Lines that start with `#` are comments, except for the rows that a run writes behind one because Wireshark does
    /// not know their cipher.
    ///
    /// # Errors
    /// [`KeyTableError`]: a row has not eight fields, or one of them is not what it should be. Algorithms that
    /// nobody knows are none.
    pub fn parse(text: &str) -> Result<Self, KeyTableError> {
        let mut table = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            let row = match line.strip_prefix('#') {
                // A remark is no row, whatever is wrong with it.
                Some(remark) => parse_row(remark.trim_start()).ok(),
                None if line.is_empty() => None,
                None => {
                    Some(parse_row(line).map_err(|reason| KeyTableError { line: number, reason })?)
                }
            };
            table.rows.extend(row);
        }
        Ok(table)
    }

    pub(super) fn known(&self, spis: (IkeSpi, IkeSpi)) -> Known<'_> {
        match self.rows.get(&spis) {
            None => Known::Nothing,
            Some(Row { keys: Some((initiator, responder)), .. }) => {
                Known::Keys(MessageKeys { initiator, responder, crypto: RustCrypto })
            }
            Some(row) => Known::Algorithms(&row.algorithms),
        }
    }
}

fn parse_row(line: &str) -> Result<((IkeSpi, IkeSpi), Row), String> {
    let fields = split(line)?;
    let Ok([spi_i, spi_r, ei, er, encryption, ai, ar, integrity]) = <[String; 8]>::try_from(fields)
    else {
        let what = "SPIi, SPIr, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity";
        return Err(format!("expected eight fields: {what}"));
    };
    let spis = (spi("SPIi", &spi_i)?, spi("SPIr", &spi_r)?);
    let (ei, er) = (octets("SK_ei", &ei)?, octets("SK_er", &er)?);
    let (ai, ar) = (octets("SK_ai", &ai)?, octets("SK_ar", &ar)?);
    let keys = match protection(&encryption, &integrity) {
        None => None,
        Some(protection) => {
            let key = |names: [&str; 2], e: &[u8], a: &[u8]| {
                length(names[0], e, protection.encryption().key_len())?;
                length(names[1], a, protection.integrity_key_len())?;
                ProtectionKey::new(protection, e, a).ok_or_else(|| "expected keys".to_owned())
            };
            Some((key(["SK_ei", "SK_ai"], &ei, &ai)?, key(["SK_er", "SK_ar"], &er, &ar)?))
        }
    };
    let algorithms = if integrity.starts_with("NONE") {
        encryption
    } else {
        format!("{encryption}, {integrity}")
    };
    Ok((spis, Row { algorithms, keys }))
}

/// The algorithms by Wireshark's names, if they are ours.
fn protection(encryption: &str, integrity: &str) -> Option<Protection> {
    let encryption = ENCRYPTIONS.into_iter().find(|e| ike_encryption_name(*e) == encryption)?;
    // Wireshark ignores the integrity of an AEAD.
    if encryption.is_aead() {
        return Protection::new(encryption, None);
    }
    let ours = [Integrity::HmacSha256_128].into_iter();
    let integrity = ours.map(Some).find(|i| ike_integrity_name(*i) == integrity)?;
    Protection::new(encryption, integrity)
}

fn length(name: &str, key: &[u8], expected: usize) -> Result<(), String> {
    let found = key.len();
    if found == expected {
        return Ok(());
    }
    Err(format!("{name}: expected {expected} octets for this algorithm, found {found}"))
}

fn spi(name: &str, field: &str) -> Result<IkeSpi, String> {
    let octets = octets(name, field)?;
    let octets =
        octets.try_into().map_err(|_| format!("{name}: expected 16 hexadecimal digits"))?;
    Ok(IkeSpi(u64::from_be_bytes(octets)))
}

fn octets(name: &str, field: &str) -> Result<Vec<u8>, String> {
    let wrong = |_| format!("{name}: expected pairs of hexadecimal digits");
    HEXLOWER_PERMISSIVE.decode(field.as_bytes()).map_err(wrong)
}

/// The fields of a row: separated by commas, in quotation marks where Wireshark writes a text.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let (field, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').ok_or("expected a closing quotation mark")?;
            (&quoted[..end], quoted[end + 1..].trim_start())
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim_end(), &rest[end..])
        };
        fields.push(field.to_owned());
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind,
            None if behind.is_empty() => return Ok(fields),
            None => return Err("expected a comma behind a quoted field".into()),
        }
    }
}
