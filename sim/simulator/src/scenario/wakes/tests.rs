//! Wakes are where they should be, and drawn as they should be.

use super::*;
use proptest::prelude::*;
use rstest::rstest;
use vnet::random::Streams;

const fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// The wakes of node `node` up to `end`, each from a stream of its own as in a run.
fn wakes_of(wakes: &Wakes, node: u64, end: Duration) -> Vec<Duration> {
    let streams = Streams::new(1);
    let mut all = Vec::new();
    loop {
        let index = u32::try_from(all.len()).expect("few wakes");
        let mut rng = streams.stream(u64::from(index) << 32 | node, "node wakes");
        match wakes.next(&mut rng, all.last().copied(), index).filter(|next| *next < end) {
            Some(next) => all.push(next),
            None => return all,
        }
    }
}

/// Whether so many draws have a mean within five standard errors of what is expected.
fn assert_mean(values: &[Duration], expected_us: f64, deviation_us: f64) {
    let sum: f64 = values.iter().map(|value| value.as_secs_f64() * 1e6).sum();
    let count = f64::from(u32::try_from(values.len()).expect("few values"));
    let (mean, error) = (sum / count, deviation_us / count.sqrt());
    assert!((mean - expected_us).abs() < 5.0 * error, "{mean} for {expected_us} +- {error}");
}

/// Each time without the one before; the first counts from zero.
fn gaps(times: &[Duration]) -> Vec<Duration> {
    let before = core::iter::once(&Duration::ZERO).chain(times);
    times.iter().zip(before).map(|(time, before)| *time - *before).collect()
}

#[test]
fn listed_wakes_come_as_listed() {
    let wakes = Wakes::At(vec![s(1), s(5), s(6)]);
    assert_eq!(wakes_of(&wakes, 0, s(100)), [s(1), s(5), s(6)]);
}

#[test]
fn periodic_wakes_without_jitter_are_exact() {
    let wakes = Wakes::Every { period: s(900), jitter: s(0), first: FirstWake::At(s(60)) };
    let all = wakes_of(&wakes, 7, s(86_400));
    let expected: Vec<Duration> = (0..96).map(|wake| s(60 + 900 * wake)).collect();
    assert_eq!(all, expected);
}

#[test]
fn the_first_wake_is_spread_over_the_first_period() {
    let wakes = Wakes::Every { period: s(900), jitter: s(60), first: FirstWake::Spread };
    let firsts: Vec<Duration> = (0..2_000).map(|node| wakes_of(&wakes, node, s(900))[0]).collect();
    assert!(firsts.iter().all(|first| *first < s(900)));
    assert_mean(&firsts, 450e6, 900e6 / 12_f64.sqrt());
    // A day without jitter has as many wakes for each node, wherever it begins.
    let exact = Wakes::Every { period: s(900), jitter: s(0), first: FirstWake::Spread };
    assert!((0..100).all(|node| wakes_of(&exact, node, s(86_400)).len() == 96));
}

#[test]
fn jitter_makes_each_period_longer_by_up_to_so_much() {
    let wakes = Wakes::Every { period: s(10), jitter: s(4), first: FirstWake::At(s(0)) };
    let all = wakes_of(&wakes, 3, s(24_000));
    let gaps = gaps(&all)[1..].to_vec();
    assert!(gaps.len() > 1_900);
    assert!(gaps.iter().all(|gap| (s(10)..=s(14)).contains(gap)));
    assert_mean(&gaps, 12e6, 4e6 / 12_f64.sqrt());
}

#[test]
fn one_wake_of_each_node_is_somewhere_within() {
    let wakes = Wakes::Once { at: s(1), within: s(1) };
    let all: Vec<Vec<Duration>> = (0..2_000).map(|node| wakes_of(&wakes, node, s(60))).collect();
    assert!(all.iter().all(|wakes| wakes.len() == 1));
    let times: Vec<Duration> = all.concat();
    assert!(times.iter().all(|time| (s(1)..s(2)).contains(time)));
    assert_mean(&times, 1.5e6, 1e6 / 12_f64.sqrt());
    let together = Wakes::Once { at: s(1), within: s(0) };
    assert!((0..100).all(|node| wakes_of(&together, node, s(60)) == [s(1)]));
}

#[test]
fn poisson_wakes_have_the_mean_and_the_deviation_of_their_distribution() {
    let wakes = Wakes::Poisson { mean: s(10) };
    let gaps = gaps(&wakes_of(&wakes, 9, s(100_000)));
    // An exponential distribution deviates by its mean.
    assert_mean(&gaps, 10e6, 10e6);
    let squares: Vec<Duration> =
        gaps.iter().map(|gap| s(1).mul_f64(gap.as_secs_f64().powi(2))).collect();
    // E(x^2) = 2 m^2, and E(x^4) = 24 m^4.
    assert_mean(&squares, 200e6, 20_f64.sqrt() * 100e6);
    let longer = gaps.iter().filter(|gap| **gap > s(20)).count();
    let (expected, count) = ((-2_f64).exp(), gaps.len() as f64);
    let deviation = (count * expected * (1.0 - expected)).sqrt();
    assert!((longer as f64 - count * expected).abs() < 5.0 * deviation, "{longer} of {count}");
    // And their number is Poisson distributed.
    let numbers: Vec<Duration> =
        (0..500).map(|node| s(1) * wakes_of(&wakes, node, s(1_000)).len() as u32).collect();
    assert_mean(&numbers, 100e6, 10e6);
}

#[rstest]
// -ln of 2^-64, of a half, of a quarter, and of what is as close to 1 as can be.
#[case(0, 44_361_419)]
#[case(1, 44_361_419)]
#[case(1 << 63, 693_147)]
#[case(1 << 62, 1_386_294)]
#[case(u64::MAX, 0)]
// 2^64 / e; rounding is downwards throughout.
#[case(6_786_177_901_268_885_274, 999_999)]
fn an_exponential_draw_is_the_logarithm_to_the_microsecond(#[case] draw: u64, #[case] us: u64) {
    assert_eq!(exponential_us(1_000_000, draw), us);
}

#[test]
fn a_mean_of_a_century_does_not_overflow() {
    let century_us = 36_500 * 86_400_000_000;
    assert_eq!(exponential_us(century_us, 0) / century_us, 44);
}

proptest! {
    #[test]
    fn a_logarithm_agrees_with_that_of_the_machine(value in 1..u64::MAX) {
        let log = log2(value) as f64 / (1_u64 << PLACES) as f64;
        prop_assert!((log - (value as f64).log2()).abs() < 1e-8);
    }

    #[test]
    fn wakes_increase(node in 0..1_000_u64, us in 1..5_u64, jitter in 0..5_u64) {
        let (period, jitter) = (Duration::from_micros(us), Duration::from_micros(jitter));
        let patterns = [
            Wakes::Every { period, jitter, first: FirstWake::Spread },
            Wakes::Poisson { mean: period },
        ];
        for wakes in patterns {
            let all = wakes_of(&wakes, node, Duration::from_micros(200));
            prop_assert!(all.is_sorted_by(|one, next| one < next), "{:?}", all);
        }
    }
}
