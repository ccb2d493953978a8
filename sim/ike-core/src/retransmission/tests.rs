extern crate std;
use super::*;
use proptest::prelude::*;
use rstest::rstest;
use std::vec::Vec;

/// When each transmission happens, and when the request is given up, in milliseconds.
fn sends(schedule: &Schedule) -> Vec<u128> {
    let mut at = Duration::ZERO;
    let mut all = Vec::new();
    for index in 0..schedule.tries {
        all.push(at.as_millis());
        at += schedule.timeout(index, 0, 0);
    }
    all.push(at.as_millis());
    all
}

#[test]
fn the_presets_send_when_their_models_do() {
    assert_eq!(sends(&Schedule::STRONGSWAN), [0, 4_000, 11_200, 24_160, 47_488, 89_478, 165_060]);
    assert_eq!(
        sends(&Schedule::LIBRESWAN),
        [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]
    );
    assert_eq!(sends(&Schedule::COAP), [0, 2_000, 6_000, 14_000, 30_000, 62_000]);
    assert_eq!(sends(&Schedule::OPENIKED), [0, 2_000, 6_000, 14_000, 30_000, 62_000]);
    assert_eq!(sends(&Schedule::FIXED), [0, 15_000, 30_000, 45_000, 60_000, 75_000]);
    assert_eq!(sends(&Schedule::RFC7296)[..4], [0, 1_000, 3_000, 7_000]);
    assert_eq!(sends(&Schedule::RFC7296)[12], (127 + 5 * 64) * 1_000);
}

#[test]
fn every_preset_says_whether_it_conforms() {
    assert_eq!(Schedule::STRONGSWAN.growth(), Growth::Exponential);
    assert_eq!(Schedule::COAP.growth(), Growth::Exponential);
    assert_eq!(Schedule::RFC7296.growth(), Growth::ExponentialToCap);
    assert_eq!(Schedule::LIBRESWAN.growth(), Growth::RepeatsFirst);
    assert_eq!(Schedule::OPENIKED.growth(), Growth::Exponential);
    assert_eq!(Schedule::FIXED.growth(), Growth::None);
    let conforming = Schedule::PRESETS.into_iter().filter(|(_, schedule)| schedule.conforms());
    let conforming: Vec<&str> = conforming.map(|(name, _)| name).collect();
    assert_eq!(conforming, ["strongswan", "coap", "rfc7296", "openiked"]);
}

/// Jitter that may make an interval shorter than the one before breaks the rule that a schedule keeps without it.
#[rstest]
#[case::stretched_as_one(PLAIN, Jitter::Stretch { percent: 255 }, true)]
#[case::shortened_a_little(PLAIN, Jitter::Shorten { percent: 49 }, true)]
#[case::shortened_to_the_one_before(PLAIN, Jitter::Shorten { percent: 50 }, false)]
#[case::strongswan(Schedule::STRONGSWAN, Jitter::Shorten { percent: 20 }, true)]
#[case::strongswan_too_much(Schedule::STRONGSWAN, Jitter::Shorten { percent: 45 }, false)]
#[case::at_the_cap_nothing_grows(Schedule::RFC7296, Jitter::Shorten { percent: 20 }, true)]
#[case::shortened_where_the_cap_is_reached(
    Schedule { cap: Some(MS(5_000)), ..PLAIN },
    Jitter::Shorten { percent: 20 },
    false
)]
#[case::full(PLAIN, Jitter::Full, false)]
#[case::fixed(Schedule::FIXED, Jitter::Full, false)]
fn jitter_conforms_while_every_interval_still_grows(
    #[case] schedule: Schedule,
    #[case] jitter: Jitter,
    #[case] conforms: bool,
) {
    assert_eq!(Schedule { jitter, ..schedule }.conforms(), conforms);
}

#[test]
fn full_jitter_is_uniform_from_nothing_to_the_exact_timeout() {
    let full = Schedule { jitter: Jitter::Full, ..Schedule::COAP };
    assert_eq!(full.timeout(1, u32::MAX, 0), Duration::ZERO);
    assert_eq!(full.timeout(1, 0, u32::MAX), Duration::from_secs(4));
    assert_eq!(full.timeout(1, 0, 1 << 31), Duration::from_secs(2));
    assert_eq!(full.timeout(1, 0, 1 << 30), Duration::from_secs(1));
}

#[test]
fn jitter_stays_within_its_bounds() {
    let coap = Schedule::COAP;
    assert_eq!(coap.timeout(1, 0, u32::MAX), Duration::from_secs(4));
    let most = coap.timeout(1, u32::MAX, 0);
    assert!(most > Duration::from_millis(5_999) && most < Duration::from_secs(6));
    let short = Schedule { jitter: Jitter::Shorten { percent: 20 }, ..Schedule::STRONGSWAN };
    let least = short.timeout(0, 0, u32::MAX);
    assert!(least >= Duration::from_millis(3_200) && least < Duration::from_millis(3_201));
}

#[test]
fn a_hundred_tries_neither_overflow_nor_shrink() {
    let long = Schedule { tries: 255, ..Schedule::STRONGSWAN };
    for index in 1..255 {
        assert!(long.exact_timeout(index) >= long.exact_timeout(index - 1), "{index}");
    }
}

const fn times(numerator: u32, denominator: u32) -> Factor {
    Factor { numerator, denominator }
}

const MS: fn(u64) -> Duration = Duration::from_millis;
/// 1 s, doubled, 6 transmissions.
const PLAIN: Schedule = Schedule { tries: 6, ..DOUBLING };

#[rstest]
#[case::doubling(PLAIN, &[1_000, 2_000, 4_000, 8_000, 16_000, 32_000], Growth::Exponential)]
#[case::cap_between_two(
    Schedule { cap: Some(MS(5_000)), ..PLAIN },
    &[1_000, 2_000, 4_000, 5_000, 5_000, 5_000],
    Growth::ExponentialToCap
)]
#[case::cap_met_exactly(
    Schedule { cap: Some(MS(8_000)), ..PLAIN },
    &[1_000, 2_000, 4_000, 8_000, 8_000, 8_000],
    Growth::ExponentialToCap
)]
#[case::cap_reached_by_the_last_only(
    Schedule { cap: Some(MS(20_000)), ..PLAIN },
    &[1_000, 2_000, 4_000, 8_000, 16_000, 20_000],
    Growth::Exponential
)]
#[case::cap_of_the_first(
    Schedule { cap: Some(MS(1_000)), ..PLAIN },
    &[1_000; 6],
    Growth::None
)]
#[case::cap_below_the_first(Schedule { cap: Some(MS(300)), ..PLAIN }, &[300; 6], Growth::None)]
#[case::cap_rounded_down(
    Schedule { cap: Some(MS(5_500)), resolution: MS(1_000), ..PLAIN },
    &[1_000, 2_000, 4_000, 5_000, 5_000, 5_000],
    Growth::ExponentialToCap
)]
#[case::first_repeated(
    Schedule { repeat_first: true, ..PLAIN },
    &[1_000, 1_000, 2_000, 4_000, 8_000, 16_000],
    Growth::RepeatsFirst
)]
#[case::first_repeated_and_capped(
    Schedule { repeat_first: true, cap: Some(MS(2_000)), ..PLAIN },
    &[1_000, 1_000, 2_000, 2_000, 2_000, 2_000],
    Growth::RepeatsFirst
)]
#[case::first_repeated_and_no_more(
    Schedule { repeat_first: true, tries: 2, ..PLAIN },
    &[1_000, 1_000],
    Growth::None
)]
#[case::fixed(Schedule { factor: times(1, 1), ..PLAIN }, &[1_000; 6], Growth::None)]
#[case::shrinking(
    Schedule { factor: times(1, 2), tries: 3, ..PLAIN },
    &[1_000, 500, 250],
    Growth::None
)]
#[case::shrinking_from_a_cap(
    Schedule { factor: times(1, 2), cap: Some(MS(400)), tries: 4, ..PLAIN },
    &[400, 400, 250, 125],
    Growth::None
)]
#[case::no_retransmission(Schedule { tries: 1, ..PLAIN }, &[1_000], Growth::None)]
#[case::one_retransmission(Schedule { tries: 2, ..PLAIN }, &[1_000, 2_000], Growth::Exponential)]
#[case::too_slow_for_the_resolution(
    Schedule { factor: times(6, 5), resolution: MS(1_000), tries: 4, ..PLAIN },
    &[1_000, 1_000, 1_000, 1_000],
    Growth::None
)]
#[case::repeated_by_rounding(
    Schedule { factor: times(3, 2), resolution: MS(1_000), tries: 5, ..PLAIN },
    &[1_000, 1_000, 2_000, 3_000, 5_000],
    Growth::RepeatsFirst
)]
#[case::first_rounded_to_nothing(
    Schedule { first: MS(500), resolution: MS(1_000), tries: 4, ..PLAIN },
    &[0, 1_000, 2_000, 4_000],
    Growth::None
)]
fn a_schedule_waits_as_it_says_and_says_how_it_grows(
    #[case] schedule: Schedule,
    #[case] timeouts_ms: &[u64],
    #[case] growth: Growth,
) {
    let timeouts: Vec<Duration> =
        (0..schedule.tries).map(|index| schedule.exact_timeout(index)).collect();
    let expected: Vec<Duration> = timeouts_ms.iter().copied().map(MS).collect();
    assert_eq!(timeouts, expected);
    assert_eq!(schedule.growth(), growth);
    let conforms = matches!(growth, Growth::Exponential | Growth::ExponentialToCap);
    assert_eq!(schedule.conforms(), conforms);
}

/// No timeout is longer than a day, cap or not.
#[test]
fn growth_that_ends_at_a_day_ends_at_a_cap() {
    let long = Schedule { tries: 60, ..Schedule::STRONGSWAN };
    assert_eq!(long.exact_timeout(59), Duration::from_secs(86_400));
    assert_eq!(long.growth(), Growth::ExponentialToCap);
    let weekly = Schedule { cap: Some(Duration::from_secs(7 * 86_400)), ..long };
    assert_eq!(weekly.growth(), Growth::ExponentialToCap);
}

#[test]
fn a_factor_has_a_denominator() {
    assert_eq!(Factor::new(9, 0), None);
    assert_eq!(Factor::new(9, 5), Some(Schedule::STRONGSWAN.factor));
    let zero = Schedule { factor: times(2, 0), ..PLAIN };
    assert_eq!(zero.exact_timeout(3), PLAIN.exact_timeout(3), "taken as 1");
}

#[test]
fn a_preset_is_found_by_its_name() {
    for (name, schedule) in Schedule::PRESETS {
        assert_eq!(Schedule::preset(name), Some(schedule));
    }
    assert_eq!(Schedule::preset("RFC7296"), None);
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0_u64..10_000_000).prop_map(Duration::from_micros),
        any::<u64>().prop_map(Duration::from_secs),
    ]
}

prop_compose! {
    fn schedules()(
        first in durations(),
        factor in prop_oneof![any::<(u32, u32)>(), (0_u32..30, 0_u32..20)],
        cap in proptest::option::of(durations()),
        tries in 1_u8..,
        repeat_first: bool,
        resolution in durations(),
        jitter in (0..4, any::<u8>()),
    ) -> Schedule {
        let (kind, percent) = jitter;
        let jitter = match kind {
            0 => Jitter::None,
            1 => Jitter::Stretch { percent },
            2 => Jitter::Shorten { percent },
            _ => Jitter::Full,
        };
        let factor = times(factor.0, factor.1);
        Schedule { first, factor, cap, tries, jitter, repeat_first, resolution }
    }
}

proptest! {
    #[test]
    fn no_schedule_panics_or_breaks_its_bounds(schedule in schedules(), draws in any::<(u32, u32)>()) {
        let resolution = schedule.resolution.as_micros().max(1);
        let rises = schedule.factor.numerator >= schedule.factor.denominator.max(1);
        for index in 0..schedule.tries {
            let exact = schedule.exact_timeout(index);
            prop_assert!(exact <= schedule.cap.unwrap_or(Duration::MAX));
            prop_assert!(exact <= Duration::from_secs(86_400));
            prop_assert_eq!(exact.as_micros() % resolution, 0);
            if index > 0 {
                let before = schedule.exact_timeout(index - 1);
                let ordered = if rises { exact >= before } else { exact <= before };
                prop_assert!(ordered);
            }
            let drawn = schedule.timeout(index, draws.0, draws.1);
            match schedule.jitter {
                Jitter::None => prop_assert_eq!(drawn, exact),
                Jitter::Stretch { percent } => {
                    prop_assert!(exact <= drawn && drawn <= exact + exact * u32::from(percent) / 100);
                }
                Jitter::Shorten { .. } | Jitter::Full => prop_assert!(drawn <= exact),
            }
        }
        let exact = || (0..schedule.tries).map(|index| schedule.exact_timeout(index));
        let always_longer = schedule.tries > 1 && exact().is_sorted_by(|a, b| a < b);
        prop_assert!(schedule.growth() != Growth::Exponential || always_longer);
    }
}

#[test]
fn no_timeout_is_shortened_by_more_than_all_of_it() {
    let shorten = |percent| Schedule { jitter: Jitter::Shorten { percent }, ..PLAIN };
    for draw in [0, 1 << 30, 1 << 31, u32::MAX] {
        assert_eq!(shorten(255).timeout(2, 0, draw), shorten(100).timeout(2, 0, draw));
    }
    assert_eq!(shorten(100).timeout(2, 0, 1 << 31), MS(2_000));
}
