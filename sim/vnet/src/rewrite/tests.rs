use super::*;
use crate::udp;
use core::net::{Ipv4Addr, Ipv6Addr};
use proptest::prelude::*;
use rstest::rstest;

fn v4() -> impl Strategy<Value = SocketAddr> {
    (any::<u32>(), 1..=u16::MAX)
        .prop_map(|(bits, port)| SocketAddr::from((Ipv4Addr::from_bits(bits), port)))
}

fn v6() -> impl Strategy<Value = SocketAddr> {
    (any::<u128>(), 1..=u16::MAX)
        .prop_map(|(bits, port)| SocketAddr::from((Ipv6Addr::from_bits(bits), port)))
}

/// Sender, receiver, and who takes the place of one of them: of one family.
fn three() -> impl Strategy<Value = [SocketAddr; 3]> {
    let (v4, v6) = ([v4(), v4(), v4()], [v6(), v6(), v6()]);
    prop_oneof![v4, v6]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Source), Just(End::Destination)]
}

fn with(end: End, from: SocketAddr, at: SocketAddr, to: SocketAddr) -> (SocketAddr, SocketAddr) {
    match end {
        End::Source => (to, at),
        End::Destination => (from, to),
    }
}

/// A checksum of 0xffff and one of zero are the same sum; an emitted one may be either.
fn with_one_zero(mut octets: Vec<u8>, header: usize) -> Vec<u8> {
    if octets[header + 6..header + 8] == [0xff, 0xff] {
        octets[header + 6..header + 8].fill(0);
    }
    octets
}

proptest! {
    #[test]
    fn a_rewritten_udp_datagram_is_the_one_that_the_other_would_have_sent(
        [from, at, to] in three(),
        end in end(),
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut octets = udp::emit(from, at, &payload);
        prop_assert_eq!(rewrite(&mut octets, end, to), Ok(()));
        let (from, at) = with(end, from, at, to);
        let header = if from.is_ipv4() { 20 } else { 40 };
        let expected = with_one_zero(udp::emit(from, at, &payload), header);
        prop_assert_eq!(with_one_zero(octets, header), expected);
    }

    #[test]
    fn a_rewritten_esp_packet_is_the_one_that_the_other_would_have_sent(
        [from, at, to] in three(),
        end in end(),
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut octets = ip::emit(from.ip(), at.ip(), protocol::ESP, &payload);
        prop_assert_eq!(rewrite(&mut octets, end, to), Ok(()));
        let (from, at) = with(end, from, at, to);
        prop_assert_eq!(octets, ip::emit(from.ip(), at.ip(), protocol::ESP, &payload));
    }

    #[test]
    fn what_a_checksum_catches_before_it_catches_behind(
        [from, at, to] in three(),
        end in end(),
        flip in (0..40_usize, 0..8_u8),
    ) {
        let mut octets = udp::emit(from, at, &[7; 32]);
        let header = if from.is_ipv4() { 20 } else { 40 };
        octets[header + flip.0] ^= 1 << flip.1;
        let parse = |octets: &[u8]| {
            let datagram = ip::parse(octets).expect("the IP header is right");
            udp::parse(datagram.source, datagram.destination, datagram.payload).is_ok()
        };
        // A flip that makes it zero is none that a checksum can catch, nor is a port that is written over.
        let own_port = if end == End::Source { 0..2 } else { 2..4 };
        prop_assume!(octets[header + 6..header + 8] != [0, 0] && !own_port.contains(&flip.0));
        prop_assert!(!parse(&octets));
        prop_assert_eq!(rewrite(&mut octets, end, to), Ok(()));
        prop_assert!(!parse(&octets));
    }

    #[test]
    fn no_octets_make_it_panic_and_a_refused_datagram_stays_as_it_was(
        mut octets in prop::collection::vec(any::<u8>(), 0..80),
        version in prop_oneof![Just(0x45_u8), Just(0x60)],
        to in prop_oneof![v4(), v6()],
        end in end(),
    ) {
        if let Some(first) = octets.first_mut() {
            *first = version;
        }
        let before = octets.clone();
        if rewrite(&mut octets, end, to).is_err() {
            prop_assert_eq!(octets, before);
        }
    }
}

#[test]
fn no_checksum_stays_none() {
    let mut octets = udp::emit(([192, 0, 2, 1], 500).into(), ([192, 0, 2, 2], 500).into(), b"x");
    octets[26..28].fill(0);
    assert_eq!(rewrite(&mut octets, End::Source, ([198, 51, 100, 1], 10_000).into()), Ok(()));
    assert_eq!(octets[26..28], [0, 0]);
    let datagram = ip::parse(&octets).expect("a right header");
    assert_eq!(datagram.source, IpAddr::from([198, 51, 100, 1]));
}

#[rstest]
#[case::icmp(protocol::ICMP, &[0; 8], RewriteError::Protocol(1))]
#[case::short(protocol::UDP, &[0; 7], RewriteError::Udp(UdpError::Truncated))]
fn what_has_other_checksums_or_none_is_refused(
    #[case] number: u8,
    #[case] payload: &[u8],
    #[case] expected: RewriteError,
) {
    let mut octets = ip::emit([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), number, payload);
    let to = ([198, 51, 100, 1], 10_000).into();
    assert_eq!(rewrite(&mut octets, End::Destination, to), Err(expected));
    let other = SocketAddr::from((Ipv6Addr::LOCALHOST, 1));
    let family = RewriteError::Udp(UdpError::AddressFamily);
    assert_eq!(rewrite(&mut octets, End::Source, other), Err(family));
    assert_eq!(rewrite(&mut [], End::Source, other), Err(RewriteError::Ip(IpError::Truncated)));
}
