extern crate std;
use super::*;
use crate::{HEADER_LEN, ProtocolId};
use rstest::rstest;
use std::vec::Vec;

fn chain(first: u8, octets: &[u8]) -> Result<Vec<Payload<'_>>, Malformed> {
    Payloads::new(PayloadType(first), octets, HEADER_LEN).collect()
}

fn alone(body: &[u8]) -> Payload<'_> {
    let (kind, next) = (PayloadType::N, PayloadType::NONE);
    Payload { kind, critical: false, next, body, offset: 100 }
}

#[test]
fn a_chain_shows_each_payload_with_its_place_and_its_flag() {
    // RFC 7296 2.5: the reserved bits beside the critical flag are ignored.
    let octets = [40, 0x80, 0, 4, 200, 0x7f, 0, 6, 1, 2, 0, 0xff, 0, 5, 3];
    let expected = [
        (PayloadType(1), true, PayloadType::NONCE, &octets[4..4], 32),
        (PayloadType::NONCE, false, PayloadType(200), &octets[8..10], 36),
        (PayloadType(200), true, PayloadType::NONE, &octets[14..], 42),
    ]
    .map(|(kind, critical, next, body, offset)| Payload { kind, critical, next, body, offset });
    assert_eq!(chain(1, &octets).as_deref(), Ok(&expected[..]));
    assert_eq!(chain(0, &[]), Ok(Vec::new()));
}

const HEADER: &str = "a generic payload header";
const LENGTH: &str = "a payload length within the message";
const END: &str = "the end of the message after its last payload";

#[rstest]
#[case::nothing_where_one_is_announced(33, &[], HEADER, 28)]
#[case::header_cut(33, &[0, 0, 0], HEADER, 28)]
#[case::length_shorter_than_the_header(33, &[0, 0, 0, 3], LENGTH, 30)]
#[case::length_zero(33, &[0, 0, 0, 0], LENGTH, 30)]
#[case::longer_than_the_message(33, &[0, 0, 0, 6, 1], LENGTH, 30)]
#[case::length_in_the_high_octet(33, &[0, 0, 1, 5, 1], LENGTH, 30)]
#[case::another_announced(33, &[34, 0, 0, 5, 1], HEADER, 33)]
#[case::second_too_long(33, &[34, 0, 0, 5, 1, 0, 0, 0, 5], LENGTH, 35)]
#[case::more_behind_the_last(33, &[0, 0, 0, 4, 9], END, 32)]
#[case::more_behind_nothing(0, &[9], END, 28)]
#[case::more_behind_sk(46, &[33, 0, 0, 5, 1, 0, 0, 0, 4], END, 33)]
#[case::more_behind_skf(53, &[33, 0, 0, 5, 1, 9], END, 33)]
fn an_inconsistent_chain_is_malformed_at_its_place_and_ends(
    #[case] first: u8,
    #[case] octets: &[u8],
    #[case] what: &'static str,
    #[case] offset: usize,
) {
    assert_eq!(chain(first, octets), Err(Malformed::new(what, offset)));
    let after = Payloads::new(PayloadType(first), octets, HEADER_LEN).skip_while(Result::is_ok);
    assert_eq!(after.count(), 1);
}

#[test]
fn sk_ends_the_chain_and_names_the_first_payload_inside() {
    for kind in [PayloadType::SK, PayloadType::SKF] {
        let found = chain(kind.0, &[35, 0, 0, 6, 1, 2]).expect("a chain");
        assert_eq!((found.len(), found[0].next), (1, PayloadType::IDI));
    }
}

/// RFC 7296 2.5 and 3.2: the flag counts on types only that are not understood.
#[rstest]
fn only_an_undefined_type_can_be_an_unsupported_critical_payload(
    #[values(1, 32, 49, 52, 54, 127, 128, 255)] undefined: u8,
    #[values(33, 40, 46, 48, 53)] defined: u8,
) {
    for (critical, flags) in [(false, 0x7f), (true, 0x80)] {
        let octets = [undefined, flags, 0, 4, 0, flags, 0, 4];
        let outcome: Vec<bool> = match chain(defined, &octets) {
            Ok(found) => found.iter().map(Payload::is_unsupported_critical).collect(),
            // SK and SKF end the chain.
            Err(error) => {
                assert_eq!((error.what, defined == 46 || defined == 53), (END, true));
                continue;
            }
        };
        assert_eq!(outcome, [false, critical]);
    }
}

#[rstest]
#[case::ke(|p: &Payload<'_>| KeyExchange::parse(p).err(), "a KE payload of 4 octets or more")]
#[case::id(|p: &Payload<'_>| Identification::parse(p).err(), "an ID payload of 4 octets or more")]
#[case::auth(|p: &Payload<'_>| Auth::parse(p).err(), "an AUTH payload of 4 octets or more")]
#[case::notify(|p: &Payload<'_>| Notify::parse(p).err(), "a Notify payload of 4 octets or more")]
#[case::delete(|p: &Payload<'_>| Delete::parse(p).err(), "a Delete payload of 4 octets or more")]
fn a_body_without_its_fixed_part_is_malformed(
    #[case] error: fn(&Payload<'_>) -> Option<Malformed>,
    #[case] what: &'static str,
) {
    for len in 0..4 {
        assert_eq!(error(&alone(&[0; 4][..len])), Some(Malformed::new(what, 100)));
    }
    assert_eq!(error(&alone(&[0; 4])), None);
}

/// RFC 7296 2.5: reserved fields are ignored on receipt.
#[test]
fn reserved_octets_are_ignored() {
    let ke = KeyExchange::parse(&alone(&[0, 31, 0xff, 0xff, 7])).expect("a KE payload");
    assert_eq!(ke, KeyExchange { group: 31, data: &[7] });
    let auth = Auth::parse(&alone(&[2, 0xff, 0xff, 0xff, 7])).expect("an AUTH payload");
    assert_eq!(auth, Auth { method: crate::AuthMethod::SHARED_KEY_MIC, data: &[7] });
    let id = Identification::parse(&alone(&[2, 0xff, 0, 1, b'a'])).expect("an ID payload");
    assert_eq!(crate::Identity::from_payload(&id), crate::Identity::fqdn("a"));
    assert_eq!(id.body(), [2, 0xff, 0, 1, b'a']);
}

#[test]
fn the_spi_of_a_notify_is_within_it() {
    let body = [3, 4, 0, 11, 1, 2, 3, 4, 9];
    let notify = Notify::parse(&alone(&body)).expect("a Notify payload");
    let (protocol, kind) = (ProtocolId::ESP, crate::NotifyType::INVALID_SPI);
    assert_eq!(notify, Notify { protocol, spi: &[1, 2, 3, 4], kind, data: &[9] });
    for len in 4..8 {
        let error = Malformed::new("an SPI within the Notify payload", 101);
        assert_eq!(Notify::parse(&alone(&body[..len])), Err(error));
    }
}

#[rstest]
#[case::one_counted_too_few([3, 4, 0, 1])]
#[case::one_counted_too_many([3, 4, 0, 3])]
#[case::other_size([3, 3, 0, 2])]
#[case::counted_without_a_size([3, 0, 0, 2])]
#[case::none_counted([3, 4, 0, 0])]
#[case::count_in_the_high_octet([3, 4, 1, 2])]
fn a_delete_holds_as_many_spis_as_it_counts(#[case] fixed: [u8; 4]) {
    let spis = [0, 0, 1, 0, 0, 0, 1, 1];
    let right = [&[3, 4, 0, 2][..], &spis].concat();
    let delete = Delete::parse(&alone(&right)).expect("a Delete payload");
    assert!(delete.names_esp(256) && delete.names_esp(257) && !delete.names_esp(0x0001_0000));
    let wrong = [&fixed[..], &spis].concat();
    let error = Malformed::new("as many SPIs as the Delete payload counts", 100);
    assert_eq!(Delete::parse(&alone(&wrong)), Err(error));
}

/// RFC 7296 3.11: the SPI of an IKE SA is in the header, so there is none to count.
#[test]
fn a_delete_of_an_ike_sa_counts_no_spi() {
    assert_eq!(Delete::parse(&alone(&[1, 0, 0, 0])), Ok(Delete::IKE_SA));
    let error = Malformed::new("as many SPIs as the Delete payload counts", 100);
    assert_eq!(Delete::parse(&alone(&[1, 0, 0, 1])), Err(error));
}

#[test]
fn only_a_delete_of_esp_names_an_esp_spi() {
    let ah = Delete { protocol: ProtocolId::AH, spi_size: 4, spis: &[0, 0, 1, 0] };
    let wide = Delete { protocol: ProtocolId::ESP, spi_size: 8, spis: &[0, 0, 1, 0, 0, 0, 1, 0] };
    assert!(!ah.names_esp(256) && !wide.names_esp(256) && !Delete::IKE_SA.names_esp(0));
}

/// RFC 7296 3.14: the Encrypted payload is always the last one, and holds the others.
#[test]
fn inside_sk_there_is_no_other() {
    for kind in [PayloadType::SK, PayloadType::SKF] {
        let found: Result<Vec<_>, _> =
            Payloads::inside(kind, &[35, 0, 0, 6, 1, 2], HEADER_LEN).collect();
        let what = "no Encrypted payload inside another";
        assert_eq!(found, Err(Malformed::new(what, HEADER_LEN + 4)));
    }
}
