//! The replay window, and that only authentic packets move it (RFC 4303 3.4.3).

use super::{SPI, ipv4, key};
use crate::{Inbound, OpenError, Opened, Outbound, ReplayWindow};
use crypto::RustCrypto;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rstest::rstest;
use std::vec;
use std::vec::Vec;

const OLD: Result<(), OpenError> = Err(OpenError::OutsideWindow);
const AGAIN: Result<(), OpenError> = Err(OpenError::Replayed);
const ZERO: Result<(), OpenError> = Err(OpenError::SequenceZero);
const NEW: Result<(), OpenError> = Ok(());

#[rstest]
#[case::in_order(64, &[(1, NEW), (2, NEW), (3, NEW)])]
#[case::zero_is_never_used(64, &[(0, ZERO), (1, NEW), (0, ZERO)])]
#[case::same_again(64, &[(1, NEW), (1, AGAIN), (5, NEW), (5, AGAIN), (1, AGAIN)])]
#[case::overtaken_packets_arrive_once(64, &[(3, NEW), (1, NEW), (2, NEW), (1, AGAIN), (2, AGAIN)])]
#[case::left_edge(64, &[(64, NEW), (1, NEW), (65, NEW), (1, OLD), (2, NEW), (2, AGAIN)])]
#[case::jump_by_the_size(64, &[(1, NEW), (65, NEW), (1, OLD), (2, NEW)])]
#[case::jump_by_less(64, &[(1, NEW), (64, NEW), (1, AGAIN)])]
#[case::jump_beyond_all_memory(64, &[(1, NEW), (1_000, NEW), (936, OLD), (937, NEW), (1_000, AGAIN)])]
#[case::size_1(1, &[(1, NEW), (1, AGAIN), (3, NEW), (2, OLD), (3, AGAIN), (4, NEW)])]
#[case::size_32(32, &[(40, NEW), (9, NEW), (8, OLD), (9, AGAIN)])]
#[case::size_128(128, &[(128, NEW), (1, NEW), (1, AGAIN), (129, NEW), (1, OLD), (2, NEW)])]
#[case::jump_by_128(128, &[(1, NEW), (129, NEW), (1, OLD), (2, NEW), (129, AGAIN)])]
#[case::the_last_number(64, &[(u32::MAX, NEW), (u32::MAX, AGAIN), (u32::MAX - 63, NEW), (1, OLD)])]
#[case::from_first_to_last(64, &[(1, NEW), (u32::MAX, NEW), (1, OLD)])]
fn sequence_numbers_are_judged(
    #[case] size: u32,
    #[case] arrivals: &[(u32, Result<(), OpenError>)],
) {
    let window = ReplayWindow::new(size).expect("a size that exists");
    let mut inbound = Inbound::new(SPI, key(1), window);
    for &(sequence, expected) in arrivals {
        let got = inbound.open(&RustCrypto, &mut packet_with(sequence)).map(|_| ());
        assert_eq!(got, expected, "sequence number {sequence}");
    }
}

fn packet_with(sequence: u32) -> Vec<u8> {
    // Number 0 is refused before anything is authenticated, so any packet shows it.
    let mut outbound = Outbound::continuing(SPI, key(1), sequence.saturating_sub(1));
    let mut out = vec![0; 100];
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let len = outbound.seal(&RustCrypto, &ipv4(20), &mut rng, &mut out).expect("room enough");
    out[4..8].copy_from_slice(&sequence.to_be_bytes());
    out.truncate(len);
    out
}

#[test]
fn a_window_spans_1_to_128_packets_and_64_by_default() {
    assert!(ReplayWindow::new(0).is_none());
    assert!(ReplayWindow::new(129).is_none());
    assert_eq!(ReplayWindow::new(64), Some(ReplayWindow::default()));
    assert_eq!(ReplayWindow::default().size(), ReplayWindow::DEFAULT_SIZE);
}

#[test]
fn a_forged_packet_moves_nothing() {
    let mut inbound = Inbound::new(SPI, key(1), ReplayWindow::default());
    let mut forged = packet_with(5_000);
    *forged.last_mut().expect("not empty") ^= 1;
    let verdict = inbound.open(&RustCrypto, &mut forged);
    assert_eq!(verdict, Err(OpenError::AuthenticationFailed));
    assert_eq!(inbound.window().highest(), 0);

    // The number is still free for the honest packet, and so are the older ones.
    assert!(matches!(inbound.open(&RustCrypto, &mut packet_with(1)), Ok(Opened::Packet { .. })));
    assert!(inbound.open(&RustCrypto, &mut packet_with(5_000)).is_ok());
    assert_eq!(inbound.window().highest(), 5_000);
}
