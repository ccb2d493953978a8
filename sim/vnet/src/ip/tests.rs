use super::*;
use proptest::prelude::*;
use rstest::rstest;

/// 192.0.2.1 to 198.51.100.2, ESP, three octets; assembled field by field from RFC 791 3.1.
const V4: [u8; 23] = [
    0x45, 0x00, 0x00, 0x17, 0x00, 0x00, 0x40, 0x00, 0x40, 0x32, 0x4e, 0x7e, 0xc0, 0x00, 0x02, 0x01,
    0xc6, 0x33, 0x64, 0x02, 0x01, 0x02, 0x03,
];

/// 2001:db8::1 to 2001:db8::2, ESP, three octets; assembled field by field from RFC 8200 3.
const V6: [u8; 43] = [
    0x60, 0x00, 0x00, 0x00, 0x00, 0x03, 0x32, 0x40, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x02, 0x03,
];

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Changes octets and makes the header checksum right again.
fn v4_with(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut octets = V4.to_vec();
    change(&mut octets);
    Ipv4Packet::new_unchecked(&mut octets).fill_checksum();
    octets
}

#[rstest]
#[case("192.0.2.1", "198.51.100.2", &V4)]
#[case("2001:db8::1", "2001:db8::2", &V6)]
fn emits_and_parses_known_octets(
    #[case] source: &str,
    #[case] destination: &str,
    #[case] octets: &[u8],
) {
    let (source, destination) = (address(source), address(destination));
    assert_eq!(emit(source, destination, protocol::ESP, &[1, 2, 3]), octets);
    let datagram = Datagram { source, destination, protocol: protocol::ESP, payload: &[1, 2, 3] };
    assert_eq!(parse(octets), Ok(datagram));
}

#[rstest]
#[case::v4(&V4)]
#[case::v6(&V6)]
fn no_prefix_of_a_datagram_parses(#[case] octets: &[u8]) {
    for len in 0..octets.len() {
        assert_eq!(parse(&octets[..len]), Err(IpError::Truncated), "{len} octets");
    }
}

#[rstest]
#[case::v4(&V4)]
#[case::v6(&V6)]
fn what_trails_a_datagram_is_not_its_payload(#[case] octets: &[u8]) {
    let longer = [octets, &[9, 9]].concat();
    assert_eq!(parse(&longer).unwrap().payload, [1, 2, 3]);
}

#[test]
fn options_are_skipped() {
    // Four octets of "no operation", so a header length of 24.
    let octets = v4_with(|octets| {
        octets.splice(20..20, [1; 4]);
        (octets[0], octets[3]) = (0x46, 27);
    });
    assert_eq!(parse(&octets).unwrap().payload, [1, 2, 3]);
}

#[rstest]
#[case::version(|octets: &mut Vec<u8>| octets[0] = 0x55, IpError::Version(5))]
#[case::header_below_twenty(|octets: &mut Vec<u8>| octets[0] = 0x44, IpError::HeaderLength(16))]
#[case::header_above_total(|octets: &mut Vec<u8>| octets[0] = 0x46, IpError::HeaderLength(24))]
#[case::more_fragments(|octets: &mut Vec<u8>| octets[6] = 0x20, IpError::Fragment)]
#[case::later_fragment(|octets: &mut Vec<u8>| octets[7] = 1, IpError::Fragment)]
fn a_bad_v4_header_is_named(#[case] change: fn(&mut Vec<u8>), #[case] error: IpError) {
    let mut octets = V4.to_vec();
    change(&mut octets);
    if error == IpError::Fragment {
        octets = v4_with(change);
    }
    assert_eq!(parse(&octets), Err(error));
}

#[test]
fn every_flipped_bit_of_the_v4_header_is_noticed() {
    for bit in 0..20 * 8 {
        let mut octets = V4;
        octets[bit / 8] ^= 1 << (bit % 8);
        assert!(parse(&octets).is_err(), "bit {bit}");
    }
}

#[rstest]
#[case::hop_by_hop(0)]
#[case::routing(43)]
#[case::fragment(44)]
#[case::destination_options(60)]
#[case::mobility(135)]
#[case::shim6(140)]
fn extension_headers_are_refused(#[case] next: u8) {
    let mut octets = V6;
    octets[6] = next;
    assert_eq!(parse(&octets), Err(IpError::ExtensionHeader(next)));
}

#[test]
#[should_panic(expected = "different families")]
fn a_datagram_cannot_mix_families() {
    let _ = emit(address("192.0.2.1"), address("2001:db8::2"), protocol::ESP, &[]);
}

#[rstest]
#[case("192.0.2.1", 65_515)]
#[case("2001:db8::1", 65_535)]
fn the_longest_payload_fits(#[case] host: &str, #[case] len: usize) {
    let octets = emit(address(host), address(host), protocol::ESP, &vec![7; len]);
    assert_eq!(parse(&octets).unwrap().payload, vec![7; len]);
}

#[rstest]
#[case("192.0.2.1", 65_516)]
#[case("2001:db8::1", 65_536)]
#[should_panic(expected = "do not fit")]
fn a_longer_payload_is_refused(#[case] host: &str, #[case] len: usize) {
    let _ = emit(address(host), address(host), protocol::ESP, &vec![7; len]);
}

/// Two addresses of the same family.
fn pair() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    prop_oneof![
        any::<([u8; 4], [u8; 4])>().prop_map(|(a, b)| (a.into(), b.into())),
        any::<([u8; 16], [u8; 16])>().prop_map(|(a, b)| (a.into(), b.into())),
    ]
}

proptest! {
    #[test]
    fn parse_inverts_emit(
        (source, destination) in pair(),
        protocol: u8,
        payload in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let octets = emit(source, destination, protocol, &payload);
        let expected = if source.is_ipv6() && EXTENSION_HEADERS.contains(&protocol) {
            Err(IpError::ExtensionHeader(protocol))
        } else {
            Ok(Datagram { source, destination, protocol, payload: &payload })
        };
        prop_assert_eq!(parse(&octets), expected);
    }

    #[test]
    fn no_octets_make_parse_panic(octets in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = parse(&octets);
    }

    #[test]
    fn no_damage_to_a_datagram_makes_parse_panic(
        v6: bool,
        damage in prop::collection::vec((0..43usize, any::<u8>()), 1..6),
        len in 0..44usize,
    ) {
        let mut octets = if v6 { V6.to_vec() } else { V4.to_vec() };
        for (place, value) in damage {
            if let Some(octet) = octets.get_mut(place) {
                *octet = value;
            }
        }
        octets.truncate(len);
        if let Ok(datagram) = parse(&octets) {
            prop_assert!(datagram.payload.len() + 20 <= octets.len());
        }
    }
}
