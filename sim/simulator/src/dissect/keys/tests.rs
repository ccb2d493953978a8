//! Tables of keys, as Wireshark writes them and as a run does.

use super::*;
use rstest::rstest;

const SPIS: (IkeSpi, IkeSpi) = (IkeSpi(0x0102_0304_0506_0708), IkeSpi(0x1112_1314_1516_1718));

fn row(encryption: &str, key_octets: usize, integrity: &str, integrity_octets: usize) -> String {
    let (e, a) = ("5a".repeat(key_octets), "6b".repeat(integrity_octets));
    format!("{},{},{e},{e},\"{encryption}\",{a},{a},\"{integrity}\"", SPIS.0, SPIS.1)
}

#[rstest]
#[case("AES-CBC-128 [RFC3602]", 16, "HMAC_SHA2_256_128 [RFC4868]", 32)]
#[case("AES-GCM-128 with 16 octet ICV [RFC5282]", 20, "NONE [RFC4306]", 0)]
// Wireshark asks for an integrity algorithm even where it is ignored.
#[case("AES-GCM-128 with 16 octet ICV [RFC5282]", 20, "HMAC_SHA1_96 [RFC2404]", 0)]
#[case("AES-CCM-128 with 8 octet ICV [RFC5282]", 19, "NONE [RFC4306]", 0)]
#[case("ChaCha20-Poly1305 [RFC7634]", 36, "NONE [RFC4306]", 0)]
fn what_we_can_decrypt_has_keys(
    #[case] encryption: &str,
    #[case] key: usize,
    #[case] integrity: &str,
    #[case] mac: usize,
) {
    let row = row(encryption, key, integrity, mac);
    for text in
        [row.clone(), format!("\n# This file is generated\n  {row}  \n"), format!("# {row}")]
    {
        let table = KeyTable::parse(&text).expect("a table");
        let Known::Keys(keys) = table.known(SPIS) else { panic!("{text}") };
        assert_eq!(keys.initiator.encryption(), vec![0x5a; key]);
        assert_eq!(keys.responder.integrity(), vec![0x6b; mac]);
        assert!(matches!(table.known((SPIS.1, SPIS.0)), Known::Nothing));
    }
}

#[rstest]
#[case(
    "AES-CBC-256 [RFC3602]",
    32,
    "HMAC_SHA2_512_256 [RFC4868]",
    64,
    "AES-CBC-256 [RFC3602], HMAC_SHA2_512_256 [RFC4868]"
)]
#[case(
    "AES-CBC-128 [RFC3602]",
    16,
    "HMAC_SHA1_96 [RFC2404]",
    20,
    "AES-CBC-128 [RFC3602], HMAC_SHA1_96 [RFC2404]"
)]
#[case(
    "AES-GCM-256 with 12 octet ICV [RFC5282]",
    36,
    "NONE [RFC4306]",
    0,
    "AES-GCM-256 with 12 octet ICV [RFC5282]"
)]
#[case("something new", 3, "NONE [RFC4306]", 0, "something new")]
fn what_we_cannot_decrypt_is_known_by_name(
    #[case] encryption: &str,
    #[case] key: usize,
    #[case] integrity: &str,
    #[case] mac: usize,
    #[case] expected: &str,
) {
    let table = KeyTable::parse(&row(encryption, key, integrity, mac)).expect("a table");
    let Known::Algorithms(found) = table.known(SPIS) else { panic!("keys for {encryption}") };
    assert_eq!(found, expected);
}

#[rstest]
#[case("0102030405060708,1112131415161718,,", "1: expected eight fields: SPIi, SPIr, ")]
#[case("\n\n01,1112131415161718,,,\"x\",,,\"y\"", "3: SPIi: expected 16 hexadecimal digits")]
#[case("0102030405060708,111213141516171z,,,\"x\",,,\"y\"", "1: SPIr: expected pairs of hexa")]
#[case("0102030405060708,1112131415161718,123,,\"x\",,,\"y\"", "1: SK_ei: expected pairs of hexa")]
#[case("0102030405060708,1112131415161718,,,\"x", "1: expected a closing quotation mark")]
#[case("0102030405060708,1112131415161718,,,\"x\"y,,,z", "1: expected a comma behind")]
#[case(
    "0102030405060708,1112131415161718,5a5a,,\"AES-CCM-128 with 8 octet ICV [RFC5282]\",,,\"\"",
    "1: SK_ei: expected 19 octets for this algorithm, found 2"
)]
fn a_bad_row_is_named_by_its_line_and_what_was_expected(#[case] text: &str, #[case] told: &str) {
    let Err(error) = KeyTable::parse(text) else { panic!("{text} is taken") };
    assert!(error.to_string().starts_with(told), "{error}");
}

#[test]
fn a_remark_is_no_row() {
    let table =
        KeyTable::parse("# SPIi, SPIr, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity\n#,\n#");
    assert!(matches!(table.expect("an empty table").known(SPIS), Known::Nothing));
}
