//! Names of transforms, by the numbers of IANA's registry "IKEv2 Parameters".

use ike_core::TransformType;
use ike_core::payload::Transform;

/// What a transform is; type and number where nobody here knows it.
pub(super) fn transform(transform: &Transform) -> String {
    let id = transform.id;
    let unknown = || format!("{} {id}", transform.kind);
    let known = match transform.kind {
        TransformType::ENCR => return encryption(id, transform.key_length).unwrap_or_else(unknown),
        TransformType::PRF => prf(id),
        TransformType::INTEG => integrity(id),
        TransformType::ESN if id == 0 => Some("no-ESN"),
        TransformType::ESN => Some("ESN"),
        TransformType::DH => return group(id),
        // RFC 9370 2: additional key exchanges are numbered like the first one.
        TransformType(6..=12) => return format!("{} {}", transform.kind, group(id)),
        _ => None,
    };
    known.map_or_else(unknown, Into::into)
}

/// A cipher; the length of its key stands behind, before it only in names that end so.
fn encryption(id: u16, key_length: Option<u16>) -> Option<String> {
    let name = match id {
        1 => "DES-IV64",
        2 => "DES",
        3 => "3DES",
        4 => "RC5",
        5 => "IDEA",
        6 => "CAST",
        7 => "Blowfish",
        11 => "NULL",
        12 => "AES-CBC",
        13 => "AES-CTR",
        14 => "AES-CCM-8",
        15 => "AES-CCM-12",
        16 => "AES-CCM-16",
        18 => "AES-GCM-8",
        19 => "AES-GCM-12",
        20 => "AES-GCM-16",
        21 => "AES-GMAC",
        23 => "Camellia-CBC",
        24 => "Camellia-CTR",
        25 => "Camellia-CCM-8",
        26 => "Camellia-CCM-12",
        27 => "Camellia-CCM-16",
        28 => "ChaCha20-Poly1305",
        29 => "AES-CCM-8-IIV",
        30 => "AES-GCM-16-IIV",
        31 => "ChaCha20-Poly1305-IIV",
        32 => "Kuznyechik-MGM-KTREE",
        33 => "Magma-MGM-KTREE",
        34 => "Kuznyechik-MGM-MAC-KTREE",
        35 => "Magma-MGM-MAC-KTREE",
        _ => return None,
    };
    Some(key_length.map_or_else(|| name.to_owned(), |bits| format!("{name}-{bits}")))
}

fn prf(id: u16) -> Option<&'static str> {
    Some(match id {
        1 => "PRF-HMAC-MD5",
        2 => "PRF-HMAC-SHA1",
        3 => "PRF-HMAC-TIGER",
        4 => "PRF-AES128-XCBC",
        5 => "PRF-HMAC-SHA2-256",
        6 => "PRF-HMAC-SHA2-384",
        7 => "PRF-HMAC-SHA2-512",
        8 => "PRF-AES128-CMAC",
        9 => "PRF-HMAC-STREEBOG-512",
        _ => return None,
    })
}

fn integrity(id: u16) -> Option<&'static str> {
    Some(match id {
        0 => "no-INTEG",
        1 => "HMAC-MD5-96",
        2 => "HMAC-SHA1-96",
        3 => "DES-MAC",
        4 => "KPDK-MD5",
        5 => "AES-XCBC-96",
        6 => "HMAC-MD5-128",
        7 => "HMAC-SHA1-160",
        8 => "AES-CMAC-96",
        9 => "AES-128-GMAC",
        10 => "AES-192-GMAC",
        11 => "AES-256-GMAC",
        12 => "HMAC-SHA2-256-128",
        13 => "HMAC-SHA2-384-192",
        14 => "HMAC-SHA2-512-256",
        _ => return None,
    })
}

/// A key exchange method, which most call a group.
pub(super) fn group(id: u16) -> String {
    let name = match id {
        0 => "no-KE",
        1 => "768-bit MODP",
        2 => "1024-bit MODP",
        5 => "1536-bit MODP",
        14 => "2048-bit MODP",
        15 => "3072-bit MODP",
        16 => "4096-bit MODP",
        17 => "6144-bit MODP",
        18 => "8192-bit MODP",
        19 => "256-bit ECP",
        20 => "384-bit ECP",
        21 => "521-bit ECP",
        22 => "1024-bit MODP with 160-bit subgroup",
        23 => "2048-bit MODP with 224-bit subgroup",
        24 => "2048-bit MODP with 256-bit subgroup",
        25 => "192-bit ECP",
        26 => "224-bit ECP",
        27 => "224-bit Brainpool",
        28 => "256-bit Brainpool",
        29 => "384-bit Brainpool",
        30 => "512-bit Brainpool",
        31 => "Curve25519",
        32 => "Curve448",
        33 => "GOST3410-2012-256",
        34 => "GOST3410-2012-512",
        35 => "ML-KEM-512",
        36 => "ML-KEM-768",
        37 => "ML-KEM-1024",
        _ => return format!("group {id}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: TransformType, id: u16, key_length: Option<u16>) -> String {
        let mut made = Transform::new(kind, id);
        made.key_length = key_length;
        transform(&made)
    }

    #[test]
    fn ours_and_others_have_names_and_unknown_ones_their_numbers() {
        assert_eq!(named(TransformType::ENCR, 20, Some(128)), "AES-GCM-16-128");
        assert_eq!(named(TransformType::ENCR, 12, Some(256)), "AES-CBC-256");
        assert_eq!(named(TransformType::ENCR, 28, None), "ChaCha20-Poly1305");
        assert_eq!(named(TransformType::ENCR, 999, None), "ENCR 999");
        assert_eq!(named(TransformType::PRF, 6, None), "PRF-HMAC-SHA2-384");
        assert_eq!(named(TransformType::DH, 31, None), "Curve25519");
        assert_eq!(named(TransformType::DH, 1000, None), "group 1000");
        assert_eq!(named(TransformType(6), 36, None), "ADDKE1 ML-KEM-768");
        assert_eq!(named(TransformType(250), 1, None), "0xfa 1");
    }
}
