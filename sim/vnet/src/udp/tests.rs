use super::*;
use proptest::prelude::*;
use rstest::rstest;

/// From 192.0.2.1 port 500 to 198.51.100.2 port 4500, three octets; the checksum by RFC 768.
const V4: [u8; 31] = [
    0x45, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x4e, 0x97, 0xc0, 0x00, 0x02, 0x01,
    0xc6, 0x33, 0x64, 0x02, 0x01, 0xf4, 0x11, 0x94, 0x00, 0x0b, 0x96, 0xb0, 0x00, 0x68, 0x69,
];

/// The same from 2001:db8::1 to 2001:db8::2; the checksum by RFC 8200 8.1.
const V6: [u8; 51] = [
    0x60, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x11, 0x40, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0xf4, 0x11, 0x94, 0x00, 0x0b, 0x27, 0x73,
    0x00, 0x68, 0x69,
];

const PAYLOAD: &[u8] = b"\0hi";

fn addresses(octets: &[u8]) -> (IpAddr, IpAddr) {
    let datagram = ip::parse(octets).unwrap();
    (datagram.source, datagram.destination)
}

/// Parses the UDP datagram of an IP datagram after a change.
fn parse_changed(octets: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<u16, UdpError> {
    let (source, destination) = addresses(octets);
    let mut payload = ip::parse(octets).unwrap().payload.to_vec();
    change(&mut payload);
    parse(source, destination, &payload).map(|datagram| datagram.destination_port)
}

#[rstest]
#[case::v4(&V4)]
#[case::v6(&V6)]
fn emits_and_parses_known_octets(#[case] octets: &[u8]) {
    let (source, destination) = addresses(octets);
    let from = SocketAddr::new(source, 500);
    assert_eq!(emit(from, SocketAddr::new(destination, 4_500), PAYLOAD), octets);
    let datagram = ip::parse(octets).unwrap();
    assert_eq!(datagram.protocol, ip::protocol::UDP);
    assert_eq!(
        parse(source, destination, datagram.payload),
        Ok(UdpDatagram { source_port: 500, destination_port: 4_500, payload: PAYLOAD })
    );
}

#[rstest]
#[case::v4(&V4)]
#[case::v6(&V6)]
fn every_flipped_bit_is_noticed(#[case] octets: &[u8]) {
    for bit in 0..11 * 8 {
        let parsed = parse_changed(octets, |payload| payload[bit / 8] ^= 1 << (bit % 8));
        assert!(parsed.is_err(), "bit {bit}");
    }
}

#[rstest]
#[case::v4(&V4)]
#[case::v6(&V6)]
fn the_checksum_covers_the_addresses(#[case] octets: &[u8]) {
    let (source, destination) = addresses(octets);
    let payload = ip::parse(octets).unwrap().payload;
    assert_eq!(parse(source, source, payload), Err(UdpError::Checksum));
    assert_eq!(parse(destination, destination, payload), Err(UdpError::Checksum));
}

#[rstest]
#[case::allowed_over_v4(&V4, Ok(4_500))]
#[case::refused_over_v6(&V6, Err(UdpError::NoChecksum))]
fn no_checksum_is(#[case] octets: &[u8], #[case] expected: Result<u16, UdpError>) {
    assert_eq!(parse_changed(octets, |payload| payload[6..8].fill(0)), expected);
}

#[test]
fn a_checksum_that_comes_to_zero_is_sent_as_ones() {
    let (source, destination) = addresses(&V4);
    let from = SocketAddr::new(source, 500);
    // These two octets make the sum come to zero.
    let octets = emit(from, SocketAddr::new(destination, 4_500), &[0x00, 0x1b]);
    assert_eq!(octets[26..28], [0xff, 0xff]);
    assert!(parse(source, destination, &octets[20..]).is_ok());
}

#[rstest]
#[case::shorter_than_a_header(|payload: &mut Vec<u8>| payload.truncate(7), UdpError::Truncated)]
#[case::shorter_than_its_length(|payload: &mut Vec<u8>| payload.truncate(10), UdpError::Truncated)]
#[case::length_below_the_header(|payload: &mut Vec<u8>| payload[5] = 7, UdpError::Length(7))]
#[case::port_zero(|payload: &mut Vec<u8>| {
    payload[2..4].fill(0);
    payload[6..8].fill(0);
}, UdpError::DestinationPort)]
fn a_bad_header_is_named(#[case] change: fn(&mut Vec<u8>), #[case] error: UdpError) {
    assert_eq!(parse_changed(&V4, change), Err(error));
}

#[test]
fn what_trails_a_datagram_is_ignored() {
    assert_eq!(parse_changed(&V4, |payload| payload.extend([9, 9])), Ok(4_500));
}

#[test]
fn mixed_families_have_no_checksum_to_verify() {
    let ((v4, _), (v6, _)) = (addresses(&V4), addresses(&V6));
    assert_eq!(parse(v4, v6, &V4[20..]), Err(UdpError::AddressFamily));
}

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
        source_port: u16,
        destination_port in 1..=u16::MAX,
        payload in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let octets = emit(
            SocketAddr::new(source, source_port),
            SocketAddr::new(destination, destination_port),
            &payload,
        );
        let datagram = ip::parse(&octets).unwrap();
        prop_assert_eq!((datagram.source, datagram.destination), (source, destination));
        prop_assert_eq!(
            parse(source, destination, datagram.payload),
            Ok(UdpDatagram { source_port, destination_port, payload: &payload })
        );
    }

    #[test]
    fn no_octets_make_parse_panic(
        (source, destination) in pair(),
        other_family: bool,
        octets in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let destination =
            if other_family { addresses(&V6).1 } else { destination };
        let _ = parse(source, destination, &octets);
    }
}
