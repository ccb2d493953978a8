extern crate std;
use super::*;
use core::net::{Ipv4Addr, Ipv6Addr};
use rstest::rstest;
use std::vec::Vec;

const V4: [u8; 16] = [7, 17, 0, 16, 0x16, 0x33, 0x16, 0x34, 10, 0, 0, 1, 10, 0, 0, 9];
/// What fibre channels select (RFC 4595), and the shortest selector there can be.
const UNKNOWN: [u8; 12] = [9, 0, 0, 8, 1, 2, 3, 4, 200, 0, 0, 4];
const OFFSET: usize = 100;

fn v6() -> Vec<u8> {
    let addresses = [Ipv6Addr::LOCALHOST.octets(), Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 9).octets()];
    [&[8, 0, 0, 40, 0xff, 0xff, 0, 0][..], &addresses.concat()].concat()
}

fn body(count: u8, selectors: &[&[u8]]) -> Vec<u8> {
    [&[count, 0, 0, 0][..], &selectors.concat()].concat()
}

fn parse(body: &[u8]) -> Result<Vec<TrafficSelector>, Malformed> {
    let (kind, next) = (PayloadType::TSI, PayloadType::NONE);
    let payload = Payload { kind, critical: false, next, body, offset: OFFSET };
    TrafficSelectors::parse(&payload).map(|all| all.iter().collect())
}

fn ipv4() -> TrafficSelector {
    let address = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
    TrafficSelector::new(address(1), address(9), 17, (5683, 5684)).expect("a range")
}

fn ipv6_opaque() -> TrafficSelector {
    let end = IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 9));
    TrafficSelector::new(Ipv6Addr::LOCALHOST.into(), end, 0, (u16::MAX, 0)).expect("a range")
}

#[test]
fn selectors_of_both_families_are_read_and_others_skipped() {
    assert_eq!(parse(&body(1, &[&V4])), Ok(Vec::from([ipv4()])));
    let mixed = body(4, &[&UNKNOWN, &v6(), &V4]);
    assert_eq!(parse(&mixed), Ok(Vec::from([ipv6_opaque(), ipv4()])));
    assert_eq!(parse(&body(2, &[&UNKNOWN])), Ok(Vec::new()));
    assert_eq!(parse(&body(0, &[])), Ok(Vec::new()));
}

/// RFC 7296 2.5: reserved fields are ignored on receipt.
#[test]
fn reserved_octets_are_ignored() {
    let mut octets = body(1, &[&V4]);
    octets[1..4].fill(0xff);
    assert_eq!(parse(&octets), Ok(Vec::from([ipv4()])));
}

const CUT: &str = "a traffic selector within its payload";
const RANGE: &str = "a traffic selector that is a range";
const END: &str = "the end of the TS payload";

/// Two selectors: the first at 4, the second at 20.
#[rstest]
#[case::one_counted_too_few(0, 1, END, 20)]
#[case::one_counted_too_many(0, 3, CUT, 36)]
#[case::none_counted(0, 0, END, 4)]
#[case::selector_longer_than_the_payload(23, 17, CUT, 20)]
#[case::selector_that_swallows_the_start_of_the_next(7, 17, RANGE, 4)]
#[case::selector_one_octet_short(7, 15, RANGE, 4)]
#[case::selector_without_addresses(7, 8, RANGE, 4)]
#[case::selector_shorter_than_its_ports(7, 4, RANGE, 4)]
#[case::selector_shorter_than_its_length_field(7, 3, CUT, 4)]
#[case::selector_of_length_zero(23, 0, CUT, 20)]
#[case::ipv6_of_16_octets(20, 8, RANGE, 20)]
#[case::range_that_ends_before_it_starts(15, 10, RANGE, 4)]
#[case::ports_that_end_before_they_start(8, 0x17, RANGE, 4)]
fn what_is_inconsistent_is_malformed_at_its_place(
    #[case] at: usize,
    #[case] value: u8,
    #[case] what: &'static str,
    #[case] offset: usize,
) {
    let mut octets = body(2, &[&V4, &V4]);
    octets[at] = value;
    assert_eq!(parse(&octets), Err(Malformed::new(what, OFFSET + offset)));
}

#[test]
fn a_body_cut_anywhere_or_with_more_behind_it_is_malformed() {
    let whole = body(2, &[&V4, &v6()]);
    for len in 0..whole.len() {
        let error = parse(&whole[..len]).expect_err("cut");
        let (what, offset) = match len {
            0..4 => ("a TS payload of 4 octets or more", 0),
            4..20 => (CUT, 4),
            _ => (CUT, 20),
        };
        assert_eq!(error, Malformed::new(what, OFFSET + offset), "{len}");
    }
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(parse(&longer), Err(Malformed::new(END, OFFSET + whole.len())));
}
