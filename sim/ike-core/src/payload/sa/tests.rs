extern crate std;
use super::*;
use rstest::rstest;
use std::vec::Vec;

/// A proposal for ESP with an SPI and two transforms, the first with Key Length.
const BODY: [u8; 32] = [
    0, 0, 0, 32, 1, 3, 4, 2, 0xa, 0xb, 0xc, 0xd, // the proposal and its SPI
    3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 0, 128, // ENCR at 12, its attribute at 20
    0, 0, 0, 8, 5, 0, 0, 0, // ESN at 24
];
const OFFSET: usize = 100;

fn parse(body: &[u8]) -> Result<Sa<'_>, Malformed> {
    let next = PayloadType::NONE;
    Sa::parse(&Payload { kind: PayloadType::SA, critical: false, next, body, offset: OFFSET })
}

fn transforms(body: &[u8]) -> Vec<Transform> {
    let sa = parse(body).expect("an SA payload");
    sa.proposals().flat_map(|proposal| proposal.transforms()).collect()
}

#[test]
fn a_proposal_shows_all_that_it_holds() {
    let sa = parse(&BODY).expect("an SA payload");
    let proposals: Vec<_> = sa.proposals().collect();
    let [proposal] = proposals[..] else { panic!("one proposal") };
    assert_eq!((proposal.number(), proposal.protocol()), (1, ProtocolId::ESP));
    assert_eq!(proposal.spi(), [0xa, 0xb, 0xc, 0xd]);
    assert_eq!(
        transforms(&BODY),
        [
            Transform { key_length: Some(128), ..Transform::new(TransformType::ENCR, 20) },
            Transform::new(TransformType::ESN, 0),
        ]
    );
}

const TRUNCATED: &str = "a proposal or transform";
const LENGTH: &str = "a proposal or transform length within its payload";
const MARKER: &str = "a Last Substruc value";
const PROPOSALS: &str = "as many proposals as are announced";
const TRANSFORMS: &str = "as many transforms as are announced";
const ATTRIBUTE: &str = "an attribute within its transform";

#[rstest]
#[case::proposal_longer_than_the_payload(3, 33, LENGTH, 2)]
#[case::proposal_one_octet_short(3, 31, LENGTH, 26)]
#[case::proposal_shorter_than_its_header(3, 7, LENGTH, 2)]
#[case::proposal_of_length_zero(3, 0, LENGTH, 2)]
#[case::proposal_length_in_the_high_octet(2, 1, LENGTH, 2)]
#[case::another_proposal_announced(0, 2, PROPOSALS, 32)]
#[case::proposal_with_the_marker_of_a_transform(0, 3, MARKER, 0)]
#[case::spi_one_octet_long(6, 5, LENGTH, 15)]
#[case::spi_that_leaves_no_transform(6, 24, TRUNCATED, 32)]
#[case::spi_longer_than_the_proposal(6, 25, "an SPI within its proposal", 6)]
#[case::fewer_transforms_counted(7, 1, TRANSFORMS, 24)]
#[case::more_transforms_counted(7, 3, TRANSFORMS, 32)]
#[case::no_transform_counted(7, 0, "the end of the proposal", 12)]
#[case::transform_with_the_marker_of_a_proposal(12, 2, MARKER, 12)]
#[case::last_marker_too_early(12, 0, TRANSFORMS, 24)]
#[case::last_marker_missing(24, 3, TRANSFORMS, 32)]
#[case::transform_shorter_than_its_header(15, 7, LENGTH, 14)]
#[case::transform_that_cuts_its_attribute(15, 11, ATTRIBUTE, 20)]
#[case::transform_that_ends_in_the_next_one(15, 13, ATTRIBUTE, 24)]
#[case::transform_without_its_attribute(15, 8, LENGTH, 22)]
#[case::transform_longer_than_the_proposal(27, 9, LENGTH, 26)]
#[case::long_attribute_beyond_its_transform(20, 0, ATTRIBUTE, 20)]
fn what_is_inconsistent_is_malformed_at_its_place(
    #[case] at: usize,
    #[case] value: u8,
    #[case] what: &'static str,
    #[case] offset: usize,
) {
    let mut body = BODY;
    body[at] = value;
    assert_eq!(parse(&body), Err(Malformed::new(what, OFFSET + offset)));
}

#[test]
fn a_body_cut_anywhere_or_with_more_behind_it_is_malformed() {
    for len in 0..BODY.len() {
        let error = parse(&BODY[..len]).expect_err("cut");
        let expected = if len < 4 { (TRUNCATED, OFFSET) } else { (LENGTH, OFFSET + 2) };
        assert_eq!((error.what, error.offset), expected);
    }
    let longer = [&BODY[..], &[0]].concat();
    assert_eq!(parse(&longer), Err(Malformed::new(PROPOSALS, OFFSET + BODY.len())));
}

/// RFC 7296 2.5: reserved fields are ignored on receipt.
#[test]
fn reserved_octets_are_ignored() {
    let mut body = BODY;
    for at in [1, 13, 17, 25, 29] {
        body[at] = 0xff;
    }
    assert_eq!(transforms(&body), transforms(&BODY));
}

/// RFC 7296 3.3.6: another proposal or transform may still be acceptable.
#[rstest]
#[case::unknown_short(&[0x80, 15, 0, 128], None)]
#[case::unknown_long(&[0, 99, 0, 2, 1, 2], None)]
#[case::key_length_in_the_long_form(&[0, 14, 0, 2, 0, 128], None)]
#[case::key_length_twice(&[0x80, 14, 0, 128, 0x80, 14, 1, 0], Some(128))]
#[case::key_length_and_an_unknown_one(&[0x80, 14, 1, 0, 0x80, 99, 0, 0], Some(256))]
fn an_attribute_that_nobody_knows_marks_its_transform_only(
    #[case] attributes: &[u8],
    #[case] key_length: Option<u16>,
) {
    let first = u8::try_from(8 + attributes.len()).expect("short");
    let body = [
        &[0, 0, 0, 16 + first, 1, 1, 0, 2, 3, 0, 0, first, 1, 0, 0, 20][..],
        attributes,
        &[0, 0, 0, 8, 2, 0, 0, 5],
    ]
    .concat();
    let marked =
        Transform { kind: TransformType::ENCR, id: 20, key_length, unknown_attribute: true };
    assert_eq!(transforms(&body), [marked, Transform::new(TransformType::PRF, 5)]);
}

#[test]
fn proposals_are_read_in_order_and_may_be_without_transforms() {
    let body = [2, 0, 0, 8, 1, 1, 0, 0, 0, 0, 0, 8, 7, 3, 0, 0];
    let sa = parse(&body).expect("an SA payload");
    let numbers: Vec<u8> = sa.proposals().map(|proposal| proposal.number()).collect();
    assert_eq!(numbers, [1, 7]);
    assert!(transforms(&body).is_empty());
    let mut wrong = body;
    wrong[8] = 1;
    assert_eq!(parse(&wrong), Err(Malformed::new(MARKER, OFFSET + 8)));
}
