//! One datagram in every link layer, and what else may be in a frame.

use super::*;
use crate::{ip, udp};
use core::net::SocketAddr;
use proptest::prelude::*;
use rstest::rstest;

fn addresses(v6: bool) -> (SocketAddr, SocketAddr) {
    let at = |last: u16| -> SocketAddr {
        let text =
            if v6 { format!("[2001:db8::{last}]:500") } else { format!("192.0.2.{last}:500") };
        text.parse().expect("an address")
    };
    (at(1), at(2))
}

fn ike(v6: bool) -> Vec<u8> {
    let (from, to) = addresses(v6);
    udp::emit(from, to, b"message")
}

/// What stands before the datagram.
fn header(link: u32, v6: bool, vlans: usize) -> Vec<u8> {
    let ether_type: [u8; 2] = if v6 { [0x86, 0xdd] } else { [8, 0] };
    match link {
        link_type::ETHERNET => {
            let mut octets = vec![2; 12];
            (0..vlans).for_each(|_| octets.extend([0x81, 0, 0, 7]));
            [octets, ether_type.to_vec()].concat()
        }
        link_type::LINUX_SLL => [&[0; 14][..], &ether_type].concat(),
        link_type::LINUX_SLL2 => [&ether_type[..], &[0; 18]].concat(),
        // AF_INET6 differs between systems; 24 is one of them.
        link_type::NULL => vec![if v6 { 24 } else { 2 }, 0, 0, 0],
        link_type::LOOP => vec![0, 0, 0, if v6 { 24 } else { 2 }],
        _ => Vec::new(),
    }
}

#[rstest]
fn a_datagram_is_found_in_every_link_layer(
    #[values(
        link_type::NULL,
        link_type::ETHERNET,
        link_type::RAW_BSD,
        link_type::RAW_OPENBSD,
        link_type::RAW,
        link_type::LOOP,
        link_type::LINUX_SLL,
        link_type::LINUX_SLL2
    )]
    link: u32,
    #[values(false, true)] v6: bool,
    #[values(0, 1, 2)] vlans: usize,
) {
    // Ethernet pads short frames.
    let padding = if link == link_type::ETHERNET { vec![0; 20] } else { Vec::new() };
    let octets = [header(link, v6, vlans), ike(v6), padding].concat();
    let found = parse(link, &octets).expect("a datagram");
    let (from, to) = addresses(v6);
    assert_eq!((found.source, found.destination), (from.ip(), to.ip()));
    assert!(!found.bad_header_checksum);
    let udp = Udp {
        source_port: 500,
        destination_port: 500,
        payload: b"message",
        len: 7,
        checksum: Checksum::Good,
    };
    assert_eq!(found.content, Content::Udp(udp));
}

#[rstest]
fn what_is_wrong_with_a_datagram_is_told_and_it_is_read(#[values(false, true)] v6: bool) {
    let checksum = |octets: &[u8]| match parse(link_type::RAW, octets).expect("a datagram").content
    {
        Content::Udp(udp) => (udp.checksum, udp.payload.len(), udp.len),
        other => panic!("{other:?}"),
    };
    let whole = ike(v6);
    let mut damaged = whole.clone();
    *damaged.last_mut().expect("octets") ^= 1;
    assert_eq!(checksum(&damaged), (Checksum::Wrong, 7, 7));
    let mut without = whole.clone();
    let at = whole.len() - 7 - 2;
    without[at..at + 2].fill(0);
    assert_eq!(checksum(&without), (Checksum::Absent, 7, 7));
    assert_eq!(checksum(&whole[..whole.len() - 3]), (Checksum::Unknown, 4, 7));
}

#[test]
fn a_wrong_header_checksum_is_told() {
    let mut octets = ike(false);
    octets[10] ^= 1;
    assert!(parse(link_type::RAW, &octets).expect("a datagram").bad_header_checksum);
}

fn content(octets: &[u8]) -> Content<'_> {
    parse(link_type::RAW, octets).expect("a datagram").content
}

#[test]
fn fragments_and_other_protocols_are_told_apart() {
    let (from, to) = addresses(false);
    let esp = ip::emit(from.ip(), to.ip(), ip::protocol::ESP, b"spi.seq.");
    assert_eq!(content(&esp), Content::Other { protocol: 50, payload: b"spi.seq." });
    let icmp = ip::emit(from.ip(), to.ip(), ip::protocol::ICMP, &[8, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(content(&icmp), Content::Other { protocol: 1, payload: &[8, 0, 0, 0, 0, 0, 0, 0] });
    let mut last = ike(false);
    last[6..8].copy_from_slice(&[0, 185]);
    let fragment = |offset, more, len| Content::Fragment { protocol: 17, offset, more, len };
    assert_eq!(content(&last), fragment(1_480, false, 15));
    let mut first = ike(false);
    first[6] = 0x20;
    assert_eq!(content(&first), fragment(0, true, 15));
    // IPv6: an extension header of its own (RFC 8200 4.5).
    let (from, to) = addresses(true);
    let parts = [17, 0, 0x05, 0xc9, 0, 0, 0, 1, b'r', b'e', b's', b't'];
    let v6 = ip::emit(from.ip(), to.ip(), 44, &parts);
    assert_eq!(content(&v6), fragment(1_480, true, 4));
    // UDP that is cut within its header.
    let cut = ike(false)[..24].to_vec();
    assert_eq!(content(&cut), Content::Other { protocol: 17, payload: &cut[20..] });
}

#[rstest]
#[case(link_type::ETHERNET, &[&[2; 12][..], &[8, 6], &[0; 28]].concat(), "ARP")]
#[case(link_type::ETHERNET, &[&[2; 12][..], &[0x88, 0xcc], &[0; 20]].concat(), "EtherType 0x88cc")]
#[case(link_type::ETHERNET, &[&[2; 12][..], &[0, 38], &[0x42; 38]].concat(), "IEEE 802.3")]
#[case(link_type::ETHERNET, &[2; 13], "unreadable headers")]
#[case(link_type::LINUX_SLL, &[0; 15], "unreadable headers")]
#[case(link_type::RAW, &[0x45, 0, 0], "unreadable headers")]
#[case(link_type::RAW, &[], "unreadable headers")]
#[case(147, &[0x45, 0, 0], "link type 147")]
fn a_frame_without_a_datagram_says_what_it_has(
    #[case] link: u32,
    #[case] octets: &[u8],
    #[case] expected: &str,
) {
    assert_eq!(parse(link, octets).expect_err("no datagram").to_string(), expected);
}

proptest! {
    #[test]
    fn no_frame_panics(
        link in prop::sample::select(vec![0_u32, 1, 12, 14, 101, 108, 113, 228, 229, 276, 9]),
        octets: Vec<u8>,
        v6: bool,
        at: usize,
        octet: u8,
        cut: usize,
    ) {
        let _ = parse(link, &octets);
        let mut frame = [header(link, v6, 1), ike(v6)].concat();
        let len = frame.len();
        frame[at % len] = octet;
        frame.truncate(cut % (len + 1));
        let _ = parse(link, &frame);
    }
}
