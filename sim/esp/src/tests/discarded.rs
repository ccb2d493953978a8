//! What an inbound SA discards, and why.

use super::{SPI, ipv4, ipv6, key, protection};
use crate::{Inbound, NextHeader, OpenError, Opened, ReplayWindow, overhead};
use crypto::{Crypto, RustCrypto, Sealing};
use proptest::prelude::*;
use rstest::rstest;
use std::vec;
use std::vec::Vec;

/// An authentic packet around any text at all, GCM, sequence number 1.
fn around(text: &[u8]) -> Vec<u8> {
    let mut packet = [&SPI.to_be_bytes()[..], &[0, 0, 0, 1], &[9; 8], text, &[0; 16]].concat();
    let (aad, rest) = packet.split_at_mut(8);
    let (iv, rest) = rest.split_at_mut(8);
    let (text, icv) = rest.split_at_mut(rest.len() - 16);
    RustCrypto.seal(&key(1), Sealing { aad, iv, text, icv });
    packet
}

fn text(payload: &[u8], padding: &[u8], trailer: [u8; 2]) -> Vec<u8> {
    [payload, padding, &trailer].concat()
}

const ONE_TO_TEN: [u8; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const V4: u8 = NextHeader::IPV4.0;
const V6: u8 = NextHeader::IPV6.0;

#[rstest]
#[case::more_padding_than_needed(text(&ipv4(20), &ONE_TO_TEN, [10, V4]), Ok(ipv4(20)))]
#[case::tfc_padding_v4(text(&[ipv4(20), vec![0xaa; 1_000]].concat(), &[1, 2], [2, V4]), Ok(ipv4(20)))]
#[case::tfc_padding_v6(text(&[ipv6(50), vec![0xaa; 8]].concat(), &[], [0, V6]), Ok(ipv6(50)))]
#[case::ipv4_options(text(&long_header(), &[], [0, V4]), Ok(long_header()))]
#[case::ipv6_header_alone(text(&ipv6(40), &[1, 2], [2, V6]), Ok(ipv6(40)))]
#[case::padding_of_zeros(text(&ipv4(20), &[0, 0], [2, V4]), Err(OpenError::BadPadding))]
#[case::padding_from_0(text(&ipv4(20), &[0, 1], [2, V4]), Err(OpenError::BadPadding))]
#[case::padding_ends_wrong(text(&ipv4(20), &[1, 3], [2, V4]), Err(OpenError::BadPadding))]
#[case::padding_beyond_the_text(text(&ipv4(20), &[1, 2], [23, V4]), Err(OpenError::BadPadding))]
#[case::nothing_but_a_trailer(text(&[], &[1, 2], [2, V4]), Err(OpenError::NotAnIpPacket))]
#[case::v6_called_v4(text(&ipv6(50), &[], [0, V4]), Err(OpenError::NotAnIpPacket))]
#[case::v4_called_v6(text(&ipv4(50), &[], [0, V6]), Err(OpenError::NotAnIpPacket))]
#[case::transport_mode(text(&ipv4(20), &[1, 2], [2, 17]), Err(OpenError::NotAnIpPacket))]
#[case::version_5(text(&[0x55; 20], &[1, 2], [2, V4]), Err(OpenError::NotAnIpPacket))]
#[case::v4_cut_short(text(&ipv4(24)[..23], &[1, 2, 3], [3, V4]), Err(OpenError::NotAnIpPacket))]
#[case::v6_cut_short(text(&ipv6(44)[..43], &[1, 2, 3], [3, V6]), Err(OpenError::NotAnIpPacket))]
#[case::v4_header_cut(text(&[0x45, 0, 0], &[1, 2, 3], [3, V4]), Err(OpenError::NotAnIpPacket))]
#[case::v4_header_of_16(text(&header(0x44, 20), &[], [0, V4]), Err(OpenError::NotAnIpPacket))]
#[case::v4_shorter_than_its_header(text(&header(0x46, 20), &[], [0, V4]), Err(OpenError::NotAnIpPacket))]
fn authentic_texts_are_judged(#[case] text: Vec<u8>, #[case] expected: Result<Vec<u8>, OpenError>) {
    let mut inbound = Inbound::new(SPI, key(1), ReplayWindow::default());
    let mut packet = around(&text);
    let got = inbound.open(&RustCrypto, &mut packet).map(|opened| match opened {
        Opened::Packet { inner, sequence: 1, .. } => inner.to_vec(),
        other => panic!("{other:?}"),
    });
    assert_eq!(got, expected);
    // Authentic in any case, so a repetition is one.
    assert_eq!(inbound.open(&RustCrypto, &mut around(&text)), Err(OpenError::Replayed));
}

/// IPv4 with a header of 24 octets.
fn long_header() -> Vec<u8> {
    header(0x46, 30)
}

fn header(first: u8, len: u16) -> Vec<u8> {
    let mut packet = ipv4(len.max(30));
    packet[0] = first;
    packet[2..4].copy_from_slice(&len.to_be_bytes());
    packet
}

#[rstest]
#[case::plain(text(&[0xbb; 6], &[], [0, 59]))]
#[case::empty(text(&[], &[1, 2], [2, 59]))]
#[case::ill_formed_padding(text(&[0xbb; 2], &[], [200, 59]))]
fn dummy_packets_are_no_error(#[case] text: Vec<u8>) {
    let mut inbound = Inbound::new(SPI, key(1), ReplayWindow::default());
    assert_eq!(inbound.open(&RustCrypto, &mut around(&text)), Ok(Opened::Dummy));
    assert_eq!(inbound.window().highest(), 1);
}

#[test]
fn other_spis_and_broken_packets_are_told_apart() {
    let mut inbound = Inbound::new(SPI, key(1), ReplayWindow::default());
    let packet = around(&text(&ipv4(20), &[1, 2], [2, V4]));
    let mut open = |packet: &mut [u8]| inbound.open(&RustCrypto, packet).map(|_| ());

    let mut foreign = packet.clone();
    foreign[3] ^= 1;
    assert_eq!(open(&mut foreign), Err(OpenError::WrongSpi));
    for (at, octet) in packet.iter().enumerate().skip(8) {
        let mut changed = packet.clone();
        changed[at] = !octet;
        assert_eq!(open(&mut changed), Err(OpenError::AuthenticationFailed), "octet {at}");
    }
    // The sequence number is authenticated too.
    let mut renumbered = packet.clone();
    renumbered[7] = 2;
    assert_eq!(open(&mut renumbered), Err(OpenError::AuthenticationFailed));
    assert_eq!(open(&mut packet.clone()), Ok(()));
}

#[rstest]
fn everything_below_the_shortest_packet_is_too_short(#[values(0, 1, 2, 3)] index: usize) {
    let shortest = overhead(protection(index), 0);
    let mut inbound = Inbound::new(0, key(index), ReplayWindow::default());
    for len in 0..shortest {
        assert_eq!(inbound.open(&RustCrypto, &mut vec![0; len]), Err(OpenError::TooShort));
    }
    let mut packet = vec![0; shortest];
    assert_eq!(inbound.open(&RustCrypto, &mut packet), Err(OpenError::SequenceZero));
}

proptest! {
    #[test]
    fn no_authentic_text_makes_open_panic(
        mut text in prop::collection::vec(any::<u8>(), 4..120),
        first in prop::sample::select(vec![0x45_u8, 0x4f, 0x60, 0]),
        trailer in (0..8_u8, prop::sample::select(vec![V4, V6, 17, 59])),
        len in 0..120_u16,
    ) {
        // Near enough to sense that every check is reached. The trailer comes last: of a short text it is a part of that.
        text[0] = first;
        if let Some(field) = text.get_mut(2..6) {
            field.copy_from_slice(&[len.to_be_bytes(), len.to_be_bytes()].concat());
        }
        let end = text.len() - 2;
        text[end..].copy_from_slice(&[trailer.0, trailer.1]);
        let pad_len = usize::from(trailer.0).min(end);
        for (octet, value) in text[end - pad_len..end].iter_mut().zip(1..) {
            *octet = value;
        }
        let mut inbound = Inbound::new(SPI, key(1), ReplayWindow::default());
        let mut packet = around(&text);
        match inbound.open(&RustCrypto, &mut packet) {
            Ok(Opened::Packet { inner, .. }) => prop_assert!(text.starts_with(inner)),
            Ok(Opened::Dummy) => prop_assert_eq!(trailer.1, 59),
            Err(error) => prop_assert!(
                matches!(error, OpenError::BadPadding | OpenError::NotAnIpPacket)
            ),
        }
        prop_assert_eq!(inbound.window().highest(), 1);
    }
}
