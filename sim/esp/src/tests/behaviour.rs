//! Round trips, lengths, exhaustion, and no panic on any input.

use super::{PROTECTIONS, SPI, ipv4, ipv6, key, protection};
use crate::{
    HEADER_LEN, Inbound, MAX_OVERHEAD, NextHeader, Opened, Outbound, ReplayWindow, SealError,
    max_inner_len, overhead, spi_of,
};
use crypto::RustCrypto;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rstest::rstest;
use std::collections::BTreeSet;
use std::format;
use std::vec;
use std::vec::Vec;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(42)
}

fn seal(outbound: &mut Outbound, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![0; inner.len() + MAX_OVERHEAD];
    let len = outbound.seal(&RustCrypto, inner, &mut rng(), &mut out).expect("room enough");
    out.truncate(len);
    out
}

#[rstest]
fn what_goes_in_comes_out(
    #[values(0, 1, 2, 3)] index: usize,
    #[values(NextHeader::IPV4, NextHeader::IPV6)] kind: NextHeader,
) {
    let inner = if kind == NextHeader::IPV4 { ipv4 } else { ipv6 };
    let mut outbound = Outbound::new(SPI, key(index));
    let mut inbound = Inbound::new(SPI, key(index), ReplayWindow::default());
    for (len, sequence) in (40..=90).chain([1_280, 1_500, 0xffff]).zip(1..) {
        let inner = inner(len);
        let mut packet = seal(&mut outbound, &inner);
        let plain = packet.windows(20).any(|octets| octets == &inner[20..40]);
        assert!(!plain, "the packet is readable");
        assert_eq!(packet.len(), inner.len() + overhead(protection(index), inner.len()));
        assert_eq!(packet.len() % 4, 0);
        assert_eq!(spi_of(&packet), Some(SPI));
        let opened = inbound.open(&RustCrypto, &mut packet);
        assert_eq!(opened, Ok(Opened::Packet { next_header: kind, inner: &inner, sequence }));
    }
}

#[rstest]
fn sequence_numbers_start_at_1_and_end_before_they_cycle(#[values(0, 1, 2, 3)] index: usize) {
    let mut outbound = Outbound::new(SPI, key(index));
    assert_eq!(outbound.sequence(), 0);
    assert_eq!(seal(&mut outbound, &ipv4(20))[4..8], [0, 0, 0, 1]);
    assert_eq!(outbound.sequence(), 1);

    let mut outbound = Outbound::continuing(SPI, key(index), u32::MAX - 1);
    assert_eq!(seal(&mut outbound, &ipv4(20))[4..8], [0xff; 4]);
    for _ in 0..2 {
        let result = outbound.seal(&RustCrypto, &ipv4(20), &mut rng(), &mut [0; 100]);
        assert_eq!(result, Err(SealError::SequenceExhausted));
        let result = outbound.seal_dummy(&RustCrypto, &[], &mut rng(), &mut [0; 100]);
        assert_eq!(result, Err(SealError::SequenceExhausted));
    }
    assert_eq!(outbound.sequence(), u32::MAX);
}

#[rstest]
fn ivs_never_repeat(#[values(0, 1, 2, 3)] index: usize) {
    let mut outbound = Outbound::new(SPI, key(index));
    let iv_len = protection(index).encryption().iv_len();
    let (mut rng, mut out) = (rng(), [0; 100]);
    let ivs: BTreeSet<Vec<u8>> = (0..500)
        .map(|_| {
            outbound.seal(&RustCrypto, &ipv4(20), &mut rng, &mut out).expect("room enough");
            out[HEADER_LEN..][..iv_len].to_vec()
        })
        .collect();
    assert_eq!(ivs.len(), 500);
}

#[rstest]
fn a_failed_seal_uses_no_sequence_number(#[values(0, 1, 2, 3)] index: usize) {
    let mut outbound = Outbound::new(SPI, key(index));
    let needed = 20 + overhead(protection(index), 20);
    let mut out = vec![0; needed];
    let result = outbound.seal(&RustCrypto, &ipv4(20), &mut rng(), &mut out[1..]);
    assert_eq!(result, Err(SealError::BufferTooSmall { needed }));
    for not_ip in [&[][..], &[0x45], &[0x15; 60], &ipv4(60)[..59], &ipv6(60)[..59]] {
        let result = outbound.seal(&RustCrypto, not_ip, &mut rng(), &mut out);
        assert_eq!(result, Err(SealError::NotAnIpPacket));
    }
    assert_eq!(outbound.sequence(), 0);
    assert_eq!(outbound.seal(&RustCrypto, &ipv4(20), &mut rng(), &mut out), Ok(needed));
}

#[rstest]
fn a_dummy_packet_looks_like_any_other(#[values(0, 1, 2, 3)] index: usize) {
    let mut outbound = Outbound::new(SPI, key(index));
    let mut inbound = Inbound::new(SPI, key(index), ReplayWindow::default());
    let mut out = [0; 200];
    let len = outbound.seal_dummy(&RustCrypto, &[0x5c; 33], &mut rng(), &mut out);
    let len = len.expect("room enough");
    assert_eq!(len, seal(&mut outbound, &ipv4(33)).len());
    assert_eq!(inbound.open(&RustCrypto, &mut out[..len]), Ok(Opened::Dummy));
}

#[rstest]
// Header 8, IV, text with trailer to the alignment, ICV.
#[case::cbc(0, 84, 8 + 16 + 10 + 2 + 16)]
#[case::cbc_worst(0, 15, 8 + 16 + 15 + 2 + 16)]
#[case::gcm(1, 84, 8 + 8 + 2 + 2 + 16)]
#[case::gcm_worst(1, 83, 8 + 8 + 3 + 2 + 16)]
#[case::gcm_best(1, 82, 8 + 8 + 2 + 16)]
#[case::ccm(2, 84, 8 + 8 + 2 + 2 + 8)]
#[case::chacha20(3, 84, 8 + 8 + 2 + 2 + 16)]
fn packets_grow_by(#[case] index: usize, #[case] inner_len: usize, #[case] expected: usize) {
    assert_eq!(overhead(protection(index), inner_len), expected);
}

#[test]
fn overhead_has_a_maximum_and_max_inner_len_is_its_inverse() {
    let all = || (0..PROTECTIONS.len()).flat_map(|index| (0..400).map(move |len| (index, len)));
    let most = all().map(|(index, len)| overhead(protection(index), len)).max();
    assert_eq!(most, Some(MAX_OVERHEAD));
    for (index, len) in all() {
        let fits = |inner: usize| inner + overhead(protection(index), inner) <= len;
        let longest = max_inner_len(protection(index), len);
        assert!(longest == 0 || fits(longest), "{index} {len}");
        assert!(!fits(longest + 1), "{index} {len}");
    }
}

#[test]
fn a_short_packet_has_no_spi() {
    assert_eq!(spi_of(&[1, 2, 3]), None);
    assert_eq!(spi_of(&[1, 2, 3, 4]), Some(0x0102_0304));
}

#[test]
fn keys_do_not_show_in_debug_output() {
    let outbound = format!("{:?}", Outbound::new(SPI, key(0)));
    let inbound = format!("{:?}", Inbound::new(SPI, key(0), ReplayWindow::default()));
    for text in [outbound, inbound] {
        assert!(text.contains("Secret(16 octets)") && !text.contains("64, 65"), "{text}");
    }
}

proptest! {
    #[test]
    fn no_packet_makes_open_panic(
        index in 0..4_usize,
        mut packet in prop::collection::vec(any::<u8>(), 0..120),
        sequence in any::<u32>(),
    ) {
        let mut inbound = Inbound::new(SPI, key(index), ReplayWindow::default());
        prop_assert!(inbound.open(&RustCrypto, &mut packet.clone()).is_err());
        // The same beyond the first checks.
        if let Some(header) = packet.first_chunk_mut::<8>() {
            header[..4].copy_from_slice(&SPI.to_be_bytes());
            header[4..].copy_from_slice(&sequence.to_be_bytes());
        }
        prop_assert!(inbound.open(&RustCrypto, &mut packet).is_err());
        prop_assert_eq!(inbound.window(), &ReplayWindow::default());
    }
}
