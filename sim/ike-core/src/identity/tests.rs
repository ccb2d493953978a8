extern crate std;
use super::*;
use crate::PayloadType;
use crate::payload::Payload;
use proptest::prelude::*;
use rstest::rstest;
use std::string::{String, ToString};
use std::vec::Vec;

#[test]
fn a_text_names_the_kind_by_its_prefix_or_by_its_look() {
    for (text, kind) in [
        ("door.example", IdType::ID_FQDN),
        ("fqdn:10.0.0.1", IdType::ID_FQDN),
        ("user@door.example", IdType::ID_RFC822_ADDR),
        ("keyid:00ff", IdType::ID_KEY_ID),
        ("10.0.0.1", IdType::ID_IPV4_ADDR),
        ("2001:db8::1", IdType::ID_IPV6_ADDR),
        ("ipv6:::1", IdType::ID_IPV6_ADDR),
    ] {
        let identity: Identity = text.parse().expect(text);
        assert_eq!(identity.kind(), kind, "{text}");
        assert_eq!(identity.to_string().parse(), Ok(identity), "{text}");
    }
}

#[test]
fn what_is_no_identity_says_why() {
    assert_eq!("".parse::<Identity>(), Err(IdentityError::Length));
    assert_eq!("keyid:0".parse::<Identity>(), Err(IdentityError::NotHex));
    assert_eq!("keyid:0g".parse::<Identity>(), Err(IdentityError::NotHex));
    assert_eq!("ipv4:::1".parse::<Identity>(), Err(IdentityError::NotAnAddress));
    assert_eq!(Identity::key_id(&[0; 65]), Err(IdentityError::Length));
}

#[test]
fn a_key_of_64_octets_is_taken_and_never_shown() {
    let psk = Psk::new(&[0x41; 65]).expect("within the maximum");
    assert_eq!(psk.as_slice().len(), 65);
    assert!(!std::format!("{psk:?}").contains("41"));
    assert!(Psk::new(&[0; 129]).is_none() && Psk::new(&[]).is_none());
}

#[rstest]
#[case("fqdn:door.example", &[2, 0, 0, 0, b'd', b'o', b'o', b'r', b'.', b'e', b'x', b'a', b'm', b'p', b'l', b'e'])]
#[case("rfc822:a@b", &[3, 0, 0, 0, b'a', b'@', b'b'])]
#[case("keyid:00Ff", &[11, 0, 0, 0, 0, 0xff])]
#[case("ipv4:192.0.2.1", &[1, 0, 0, 0, 192, 0, 2, 1])]
#[case("::1", &[5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])]
#[case("no-prefix:of-ours", &[2, 0, 0, 0, b'n', b'o', b'-', b'p', b'r', b'e', b'f', b'i', b'x', b':', b'o', b'f', b'-', b'o', b'u', b'r', b's'])]
fn a_text_becomes_the_body_of_an_id_payload_without_terminator(
    #[case] text: &str,
    #[case] body: &[u8],
) {
    assert_eq!(text.parse::<Identity>().expect("an identity").body(), body);
}

#[rstest]
#[case("", IdentityError::Length)]
#[case("fqdn:", IdentityError::Length)]
#[case("rfc822:", IdentityError::Length)]
#[case("keyid:", IdentityError::Length)]
#[case("keyid:abc", IdentityError::NotHex)]
#[case("keyid:+1", IdentityError::NotHex)]
#[case("keyid:é", IdentityError::NotHex)]
#[case("ipv4:10.0.0", IdentityError::NotAnAddress)]
#[case("ipv4:10.0.0.256", IdentityError::NotAnAddress)]
#[case("ipv6:10.0.0.1", IdentityError::NotAnAddress)]
#[case("ipv6:", IdentityError::NotAnAddress)]
fn a_text_that_is_no_identity_is_refused(#[case] text: &str, #[case] error: IdentityError) {
    assert_eq!(text.parse::<Identity>(), Err(error));
}

#[test]
fn an_identity_has_64_octets_and_no_more() {
    let longest = "x".repeat(MAX_IDENTITY);
    assert_eq!(Identity::fqdn(&longest).expect("the longest").data().len(), MAX_IDENTITY);
    assert_eq!(Identity::fqdn(&(longest + "x")), Err(IdentityError::Length));
    assert!(Identity::key_id(&[7; MAX_IDENTITY]).is_ok());
    let hex = "keyid:".to_string() + &"ab".repeat(MAX_IDENTITY);
    assert_eq!(hex.parse::<Identity>(), Identity::key_id(&[0xab; MAX_IDENTITY]));
    assert_eq!((hex + "ab").parse::<Identity>(), Err(IdentityError::Length));
}

fn received(body: &[u8]) -> Result<Identity, IdentityError> {
    let (kind, next) = (PayloadType::IDR, PayloadType::NONE);
    let payload = Payload { kind, critical: false, next, body, offset: 0 };
    Identity::from_payload(&Identification::parse(&payload).expect("4 octets or more"))
}

#[test]
fn a_received_identity_is_compared_without_its_reserved_octets() {
    assert_eq!(received(&[2, 0xff, 1, 2, b'a']), Identity::fqdn("a"));
    assert_ne!(received(&[11, 0, 0, 0, b'a']), Identity::fqdn("a"));
    assert_eq!(received(&[2, 0, 0, 0]), Err(IdentityError::Length));
    assert_eq!(received(&[&[2, 0, 0, 0][..], &[b'a'; 65]].concat()), Err(IdentityError::Length));
}

/// Identities end up in logs and on terminals.
#[rstest]
#[case::line_break(IdType::ID_FQDN, b"a\nb", "ID_FQDN:610a62")]
#[case::escape(IdType::ID_RFC822_ADDR, b"\x1b[2J", "ID_RFC822_ADDR:1b5b324a")]
#[case::not_utf8(IdType::ID_FQDN, &[0xff, 0xfe], "ID_FQDN:fffe")]
#[case::short_address(IdType::ID_IPV4_ADDR, &[10, 0, 0], "ID_IPV4_ADDR:0a0000")]
#[case::long_address(IdType::ID_IPV6_ADDR, &[1; 17], "ID_IPV6_ADDR:0101010101010101010101010101010101")]
#[case::name_in_der(IdType::ID_DER_ASN1_DN, &[0x30, 0], "ID_DER_ASN1_DN:3000")]
#[case::unknown_kind(IdType(200), &[1], "0xc8:01")]
fn what_cannot_be_shown_as_text_is_shown_in_hexadecimal(
    #[case] kind: IdType,
    #[case] data: &[u8],
    #[case] shown: &str,
) {
    assert_eq!(Identity::new(kind, data).expect("an identity").to_string(), shown);
}

proptest! {
    #[test]
    fn no_identity_prints_a_control_character(kind in 0_u8..6, data in prop::collection::vec(any::<u8>(), 1..64)) {
        let text = Identity::new(IdType(kind), &data).expect("an identity").to_string();
        prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
    }

    #[test]
    fn every_identity_of_a_configuration_prints_what_parses_again(text in "\\PC{1,40}") {
        if let Ok(identity) = text.parse::<Identity>() {
            prop_assert_eq!(identity.to_string().parse(), Ok(identity));
        }
    }

    #[test]
    fn every_key_id_prints_what_parses_again(octets in prop::collection::vec(any::<u8>(), 1..=64)) {
        let identity = Identity::key_id(&octets).expect("an identity");
        prop_assert_eq!(identity.to_string().parse(), Ok(identity));
    }
}

/// RFC 7296 2.15: any octets, zeros among them, 64 of them at least.
#[test]
fn a_key_is_taken_as_it_is() {
    for len in 1..=MAX_PSK {
        let octets: Vec<u8> = (0..len).map(|at| u8::try_from(at % 7).expect("small")).collect();
        assert_eq!(Psk::new(&octets).expect("within the maximum").as_slice(), octets);
    }
    assert_ne!(Psk::new(b"a"), Psk::new(b"a\0"));
    let shown: String = std::format!("{:?}", Psk::new(b"secret"));
    assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
}
