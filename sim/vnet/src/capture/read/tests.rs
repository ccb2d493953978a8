//! Captures of every kind, made by hand and by the library.

use super::*;
use crate::capture::Capture;
use crate::time::Instant;
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use proptest::prelude::*;
use rstest::rstest;
use std::time::Duration;

#[rstest]
fn classic_captures_of_either_order_and_resolution_are_read(
    #[values(Endianness::Big, Endianness::Little)] endianness: Endianness,
    #[values(TsResolution::MicroSecond, TsResolution::NanoSecond)] ts_resolution: TsResolution,
) {
    let header = PcapHeader {
        endianness,
        ts_resolution,
        datalink: DataLink::ETHERNET,
        ..Default::default()
    };
    let mut writer = PcapWriter::with_header(Vec::new(), header).expect("a header");
    let at = Duration::new(1_700_000_000, 123_456_000);
    for octets in [&b"whole"[..], b"cut"] {
        writer.write_packet(&PcapPacket::new(at, 5, octets)).expect("a packet");
    }
    let file = writer.into_writer();
    let found = read(&file).expect("a capture");
    assert_eq!((found.format, found.cut_short), (Format::Pcap, None));
    let frame = |octets| Frame {
        at_ns: Some(1_700_000_000_123_456_000),
        link_type: 1,
        octets,
        original_len: 5,
        comment: None,
    };
    assert_eq!(found.frames, [frame(b"whole"), frame(b"cut")]);
}

#[test]
fn a_packet_longer_than_the_snapshot_length_is_read() {
    let mut file = hex("d4c3b2a1 02000400 00000000 00000000 04000000 65000000");
    file.extend(hex("01000000 02000000 04000000 40000000 45000040"));
    let found = read(&file).expect("a capture");
    assert_eq!(found.frames[0].octets, [0x45, 0, 0, 0x40]);
    assert_eq!((found.frames[0].original_len, found.frames[0].at_ns), (64, Some(1_000_002_000)));
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| {
        u8::from_str_radix(core::str::from_utf8(pair).expect("ASCII"), 16).expect("digits")
    };
    digits.chunks(2).map(pair).collect()
}

/// A block of pcapng in either byte order, from its type and 32-bit words and octets.
fn block(big: bool, kind: u32, words: &[u32], rest: &[u8]) -> Vec<u8> {
    let word = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let padded = rest.len().next_multiple_of(4);
    let len = u32::try_from(12 + 4 * words.len() + padded).expect("a short block");
    let mut octets = [word(kind), word(len)].concat();
    octets.extend(words.iter().flat_map(|value| word(*value)));
    octets.extend(rest);
    octets.resize(octets.len() + padded - rest.len(), 0);
    octets.extend(word(len));
    octets
}

fn section(big: bool) -> Vec<u8> {
    let version = if big { 0x0001_0000 } else { 0x0000_0001 };
    block(big, 0x0a0d_0d0a, &[0x1a2b_3c4d, version, u32::MAX, u32::MAX], &[])
}

/// An interface of a link type, with options.
fn interface(big: bool, link_type: u16, options: &[u8]) -> Vec<u8> {
    let first = if big { u32::from(link_type) << 16 } else { link_type.into() };
    block(big, 1, &[first, 0], options)
}

fn option(big: bool, code: u16, value: &[u8]) -> Vec<u8> {
    let half = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let len = u16::try_from(value.len()).expect("a short option");
    let mut octets = [half(code), half(len)].concat();
    octets.extend(value);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

#[rstest]
fn interfaces_have_their_own_link_type_and_clock(#[values(false, true)] big: bool) {
    let offset = if big { 7_u64.to_be_bytes() } else { 7_u64.to_le_bytes() };
    let in_halves = [option(big, 9, &[0x81]), option(big, 14, &offset)].concat();
    let file = [
        section(big),
        interface(big, 1, &[]),
        interface(big, 101, &option(big, 9, &[9])),
        interface(big, 113, &in_halves),
        // A block of names, which nobody asked for.
        block(big, 4, &[0], &[]),
        block(big, 6, &[0, 1, 5, 3, 3], b"abc"),
        // The list of options has no end.
        block(big, 6, &[1, 1, 5, 4, 9], &[b"abcd", &option(big, 1, b"why")[..]].concat()),
        block(big, 6, &[2, 0, 3, 1, 1], b"x"),
        block(big, 3, &[2], b"hi"),
    ]
    .concat();
    let found = read(&file).expect("a capture");
    assert_eq!((found.format, &found.cut_short), (Format::PcapNg, &None));
    let seen: Vec<_> =
        found.frames.iter().map(|f| (f.link_type, f.at_ns, f.octets, f.original_len)).collect();
    let ticks = (1 << 32) + 5;
    assert_eq!(
        seen,
        [
            (1, Some(ticks * 1_000), &b"abc"[..], 3),
            (101, Some(ticks), &b"abcd"[..], 9),
            (113, Some(8_500_000_000), &b"x"[..], 1),
            (1, None, &b"hi"[..], 2),
        ]
    );
    assert_eq!(found.frames[1].comment.as_deref(), Some("why"));
}

#[test]
fn a_section_begins_anew() {
    let file = [
        section(false),
        interface(false, 1, &[]),
        section(true),
        interface(true, 101, &[]),
        block(true, 6, &[0, 0, 1, 1, 1], b"x"),
    ]
    .concat();
    assert_eq!(read(&file).expect("a capture").frames[0].link_type, 101);
}

#[test]
fn what_we_write_is_read() {
    let mut capture = Capture::new(Vec::new(), &["vnet"]).expect("a capture");
    capture.write(Instant::from_micros(1_500_001), 0, b"octets", Some("lost")).expect("a packet");
    let file = capture.finish().expect("a file");
    let found = read(&file).expect("a capture");
    let frame = Frame {
        at_ns: Some(1_500_001_000),
        link_type: 101,
        octets: b"octets",
        original_len: 6,
        comment: Some("lost".into()),
    };
    assert_eq!((found.frames, found.cut_short), (vec![frame], None));
}

#[rstest]
#[case::empty(&[])]
#[case::picture(b"GIF89a, and then some more octets than a header has")]
#[case::short_header(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0])]
#[case::short_section(&[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0])]
fn what_does_not_begin_as_a_capture_is_none(#[case] octets: &[u8]) {
    assert_eq!(read(octets), Err(NotACapture));
}

#[test]
fn a_file_that_ends_early_or_loses_the_thread_gives_what_it_has() {
    let whole = [section(false), interface(false, 1, &[]), block(false, 6, &[0, 0, 1, 1, 1], b"x")];
    let whole = whole.concat();
    let cut = [&whole[..], &block(false, 6, &[0, 0, 1, 4, 4], b"abcd")[..20]].concat();
    let found = read(&cut).expect("a capture");
    let reason = "the file ends within a packet".to_owned();
    assert_eq!(found.cut_short, Some(CutShort { offset: whole.len(), reason }));
    assert_eq!(found.frames.len(), 1);
    for wrong in [
        block(false, 6, &[9, 0, 1, 1, 1], b"x"),
        block(false, 6, &[0, 0, 1, 99, 99], b"x"),
        block(false, 6, &[0], &[]),
        block(false, 3, &[2], &[]),
        vec![6, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
    ] {
        let file = [&whole[..], &wrong].concat();
        let found = read(&file).expect("a capture");
        assert_eq!(found.frames.len(), 1, "{wrong:?}");
        assert_eq!(found.cut_short.expect("a reason").offset, whole.len(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn no_octets_panic(octets: Vec<u8>, big: bool, kind in 0_u32..12, words: [u32; 5]) {
        let pcap = [&hex("d4c3b2a1 02000400 00000000 00000000 04000000 65000000")[..], &octets];
        let _ = read(&pcap.concat());
        let ng = [section(big), interface(big, 1, &octets), block(big, kind, &words, &octets)];
        let _ = read(&ng.concat());
        let _ = read(&octets);
    }

    /// Anything may be damaged in a capture that was one.
    #[test]
    fn no_damage_panics(at: usize, octet: u8, cut: usize) {
        let mut file = [
            section(true),
            interface(true, 1, &option(true, 9, &[6])),
            block(true, 6, &[0, 0, 1, 4, 4], &[b"abcd", &option(true, 1, b"why")[..]].concat()),
            block(true, 2, &[0, 0, 1, 4, 4], b"abcd"),
        ]
        .concat();
        let len = file.len();
        file[at % len] = octet;
        file.truncate(cut % (len + 1));
        let _ = read(&file);
    }
}
