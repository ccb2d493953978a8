use super::*;
use proptest::prelude::*;
use rstest::rstest;

/// A generator that says one thing for ever.
struct Stuck(u64);

impl rand_core::TryRng for Stuck {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0 as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), Self::Error> {
        place.fill(self.0 as u8);
        Ok(())
    }
}

fn first_words(mut rng: ChaCha20Rng) -> [u32; 4] {
    core::array::from_fn(|_| rng.next_u32())
}

/// The words are those of an independent ChaCha20 (64-bit counter, nonce 0) with the key
/// seed | consumer | purpose | padding: a run stays the same when the library changes.
#[test]
fn a_stream_is_chacha20_keyed_by_seed_consumer_and_purpose() {
    let stream = Streams::new(0x0123_4567_89ab_cdef).stream(17, "nonces");
    assert_eq!(first_words(stream), [0xa7d8_00ba, 0xbbbb_be5a, 0x930d_9910, 0x05bc_6a83]);
}

#[rstest]
#[case::seed(2, 5, "nonces")]
#[case::consumer(1, 6, "nonces")]
#[case::purpose(1, 5, "jitter")]
#[case::prefix_of_the_purpose(1, 5, "nonce")]
#[case::seed_and_consumer_exchanged(5, 1, "nonces")]
fn streams_differ_in(#[case] seed: u64, #[case] consumer: u64, #[case] purpose: &'static str) {
    let one = first_words(Streams::new(1).stream(5, "nonces"));
    assert_ne!(first_words(Streams::new(seed).stream(consumer, purpose)), one);
}

#[test]
fn a_stream_starts_again_whenever_it_is_derived() {
    let streams = Streams::new(3);
    let mut used = streams.stream(1, "jitter");
    used.next_u64();
    assert_eq!(
        first_words(streams.stream(1, "jitter")),
        first_words(Streams::new(3).stream(1, "jitter"))
    );
}

#[rstest]
#[case::empty("")]
#[case::seventeen_octets("seventeen octets!")]
#[case::nul("a\0")]
#[should_panic(expected = "a purpose has")]
fn a_purpose_that_could_collide_is_refused(#[case] purpose: &'static str) {
    let _ = Streams::new(1).stream(1, purpose);
}

#[test]
fn sixteen_octets_of_purpose_fit() {
    let _ = Streams::new(1).stream(1, "sixteen octets!!");
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(u64::MAX / 2)]
#[case(u64::MAX)]
fn never_and_always_are_exact(#[case] draw: u64) {
    assert!(!Probability::NEVER.hits(&mut Stuck(draw)));
    assert!(Probability::ALWAYS.hits(&mut Stuck(draw)));
}

#[test]
fn a_probability_parts_the_draws_at_its_share() {
    // One quarter of 2^64 draws: the last that hits and the first that misses.
    let quarter = Probability::from_ppm(250_000);
    assert!(quarter.hits(&mut Stuck((1 << 62) - 1)));
    assert!(!quarter.hits(&mut Stuck(1 << 62)));
    assert!(Probability::from_ppm(1).hits(&mut Stuck(0)));
    assert!(!Probability::from_ppm(999_999).hits(&mut Stuck(u64::MAX)));
}

#[test]
fn a_probability_above_one_is_refused() {
    assert_eq!(Probability::checked_from_ppm(1_000_001), None);
    assert_eq!(Probability::checked_from_ppm(1_000_000), Some(Probability::ALWAYS));
    assert_eq!(Probability::from_ppm(7).ppm(), 7);
}

#[rstest]
#[case(0, 1)]
#[case(1, 10_000)]
#[case(2, 100_000)]
#[case(3, 500_000)]
#[case(4, 999_000)]
fn the_frequency_is_within_five_sigma(#[case] consumer: u64, #[case] ppm: u32) {
    const DRAWS: u64 = 1_000_000;
    let mut rng = Streams::new(2026).stream(consumer, "frequency");
    let probability = Probability::from_ppm(ppm);
    let hits = (0..DRAWS).filter(|_| probability.hits(&mut rng)).count();
    let share = f64::from(ppm) / 1e6;
    let (mean, sigma) = (DRAWS as f64 * share, (DRAWS as f64 * share * (1.0 - share)).sqrt());
    assert!((hits as f64 - mean).abs() <= 5.0 * sigma, "{hits} hits, {mean} +- {sigma} expected");
}

#[test]
fn uniform_microseconds_reach_both_ends_equally_often() {
    let mut rng = Streams::new(2026).stream(9, "uniform");
    let mut seen = [0u32; 7];
    for _ in 0..70_000 {
        seen[usize::try_from(uniform(&mut rng, 6)).unwrap()] += 1;
    }
    // Binomial with 70,000 draws of 1/7: sigma is 92.6.
    assert!(seen.iter().all(|count| count.abs_diff(10_000) <= 5 * 93), "{seen:?}");
}

#[test]
fn the_extremes_of_a_draw_are_the_extremes_of_the_range() {
    for max in [0, 1, 999, u64::MAX - 1, u64::MAX] {
        assert_eq!(uniform(&mut Stuck(0), max), 0);
        assert_eq!(uniform(&mut Stuck(u64::MAX), max), max);
    }
}

#[test]
fn a_draw_consumes_the_same_whatever_it_decides() {
    let streams = Streams::new(4);
    let mut rng = streams.stream(0, "consumption");
    for (draws, probability) in [Probability::NEVER, Probability::ALWAYS].iter().enumerate() {
        probability.hits(&mut rng);
        assert_eq!(rng.get_word_pos(), 2 * (draws as u128 + 1));
    }
    for (draws, max) in [0, 1, u64::MAX].into_iter().enumerate() {
        uniform(&mut rng, max);
        assert_eq!(rng.get_word_pos(), 2 * (draws as u128 + 3));
    }
}

proptest! {
    #[test]
    fn uniform_microseconds_stay_in_range(draw: u64, max: u64) {
        prop_assert!(uniform(&mut Stuck(draw), max) <= max);
    }
}

#[test]
fn a_stream_that_is_made_late_is_the_same() {
    let streams = Streams::new(7);
    let mut early = streams.stream(3, "link towards");
    let mut late = streams.lazy(3, "link towards");
    assert_eq!((late.next_u32(), late.next_u64()), (early.next_u32(), early.next_u64()));
    let (mut a, mut b) = ([0; 300], [0; 300]);
    early.fill_bytes(&mut a);
    late.fill_bytes(&mut b);
    assert_eq!(a, b);
}
