extern crate std;
use super::*;
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
    assert_eq!(sends(&Schedule::RFC7296)[..4], [0, 1_000, 3_000, 7_000]);
    assert_eq!(sends(&Schedule::RFC7296)[12], (127 + 5 * 64) * 1_000);
}

#[test]
fn every_preset_says_whether_it_conforms() {
    assert_eq!(Schedule::STRONGSWAN.growth(), Growth::Exponential);
    assert_eq!(Schedule::COAP.growth(), Growth::Exponential);
    assert_eq!(Schedule::RFC7296.growth(), Growth::ExponentialToCap);
    assert_eq!(Schedule::LIBRESWAN.growth(), Growth::RepeatsFirst);
    assert!(Schedule::RFC7296.conforms() && !Schedule::LIBRESWAN.conforms());
    let fixed = Schedule { factor: Factor { numerator: 1, denominator: 1 }, ..Schedule::COAP };
    assert_eq!(fixed.growth(), Growth::None);
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
