//! Against numbers from textbooks, and against counting.

use super::*;

#[test]
fn a_wilson_interval_is_that_of_the_textbook_and_stays_within_0_and_1() {
    // Brown, Cai and DasGupta (2001) give the formula; 7 of 10 is 0.3968 to 0.8922.
    let Interval { low, high } = wilson(7, 10);
    assert_eq!((format!("{low:.4}"), format!("{high:.4}")), ("0.3968".into(), "0.8922".into()));
    let none = wilson(0, 50);
    assert!(none.low == 0.0 && none.high > 0.05 && none.high < 0.08, "{none:?}");
    let all = wilson(50, 50);
    assert!(all.high == 1.0 && all.low > 0.92, "{all:?}");
    assert_eq!(wilson(0, 0), Interval { low: 0.0, high: 1.0 });
}

#[test]
fn a_binomial_residual_follows_the_bell_curve_where_that_holds_and_the_exact_tail_where_not() {
    // 500,000 expected, deviation 500: three of them.
    let sigmas = binomial_sigmas(501_500, 1_000_000, 0.5);
    assert!((sigmas - 3.0).abs() < 0.01, "{sigmas}");
    let sigmas = binomial_sigmas(497_500, 1_000_000, 0.5);
    assert!((sigmas + 5.0).abs() < 0.01, "{sigmas}");
    // One where 0.01 were expected: the bell curve would cry 9.9 sigmas, and it happens once in a hundred.
    let sigmas = binomial_sigmas(1, 1_000, 0.000_01);
    assert!((2.2..2.5).contains(&sigmas), "{sigmas}");
    assert!(binomial_sigmas(600_000, 1_000_000, 0.5) > 100.0);
    assert_eq!(binomial_sigmas(10, 10, 1.0), 0.0);
    assert_eq!(binomial_sigmas(9, 10, 1.0), f64::NEG_INFINITY);
    assert_eq!(binomial_sigmas(1, 10, 0.0), f64::INFINITY);
}

#[test]
fn a_mean_that_cannot_vary_may_not_differ() {
    let fixed = Moments { mean: 3.0, variance: 0.0 };
    assert_eq!(fixed.sigmas(3.0, 10), 0.0);
    assert_eq!(fixed.sigmas(3.1, 10), f64::INFINITY);
    let coin = Moments::of([(0.0, 0.5), (1.0, 0.5)].into_iter());
    assert_eq!(coin, Moments { mean: 0.5, variance: 0.25 });
    assert!((coin.sigmas(0.55, 100) - 1.0).abs() < 1e-9);
}

#[test]
fn a_few_values_are_judged_by_students_distribution() {
    // Student's table: 97.5 % below 2.776 with four degrees of freedom, and below 12.706 with one.
    let five = Sample::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("more than one");
    let error = (2.5_f64 / 5.0).sqrt();
    assert_eq!(five.mean, 3.0);
    assert!((five.half - 2.776 * error).abs() < 1e-3, "{five:?}");
    let two = Sample::of(&[-1.0, 3.0]).expect("more than one");
    assert!((two.half - 12.706 * 2.0).abs() < 1e-2, "{two:?}");
    // What the table says is rarer than one in forty on either side is 1.96 deviations.
    let [low, high] = [-1.0, 1.0].map(|sign| {
        let mean = sign * five.half;
        Sample::of(&[mean - 2.0, mean - 1.0, mean, mean + 1.0, mean + 2.0]).expect("some").sigmas
    });
    assert!((low + 1.96).abs() < 1e-3 && (high - 1.96).abs() < 1e-3, "{low} {high}");
    assert_eq!(Sample::of(&[1.0]), None);
    assert_eq!(Sample::of(&[0.0, 0.0]).map(|sample| sample.sigmas), Some(0.0));
}

#[test]
fn a_tally_has_mean_and_standard_error() {
    let mut tally = Tally::default();
    assert_eq!((tally.mean(), tally.standard_error()), (None, None));
    [2, 4, 4, 4, 5, 5, 7, 9].into_iter().for_each(|value| tally.add(value));
    assert_eq!(tally.mean(), Some(5.0));
    // The sample's variance is 32 / 7.
    let error = tally.standard_error().expect("more than one");
    assert!((error - (32.0_f64 / 7.0 / 8.0).sqrt()).abs() < 1e-12);
    let json = serde_json::to_string(&tally).expect("JSON");
    assert_eq!(serde_json::from_str::<Tally>(&json).expect("a tally"), tally);
}

#[test]
fn percentiles_are_ranks() {
    let mut distribution = Distribution::default();
    assert_eq!(distribution.percentile(500), None);
    (1..=1_000).for_each(|value| distribution.add(value));
    for (per_mille, value) in
        [(500, 500), (900, 900), (990, 990), (999, 999), (1_000, 1_000), (0, 1)]
    {
        assert_eq!(distribution.percentile(per_mille), Some(value));
    }
    assert_eq!((distribution.max(), distribution.times(7)), (Some(1_000), 1));
    // Ten more never came to an end: one in a hundred.
    assert_eq!(distribution.percentile_among(990, 1_010), Some(1_000));
    assert_eq!(distribution.percentile_among(990, 1_011), None);
    assert_eq!(distribution.percentile_among(500, 1_010), Some(505));
}

#[test]
fn too_many_values_become_coarse_and_their_tally_stays_exact() {
    let (mut all, mut first, mut second) =
        (Distribution::default(), Distribution::default(), Distribution::default());
    for value in (0..10_000).map(|index| index * index) {
        all.add(value);
        if value % 2 == 0 { first.add(value) } else { second.add(value) }
    }
    assert!(!all.is_exact());
    first.join(&second);
    assert_eq!(first, all);
    let exact: u128 = (0..10_000_u128).map(|index| index * index).sum();
    assert_eq!(all.tally.sum, exact);
    // Both ends stay exact, whoever is joined to whom.
    assert_eq!((all.min(), all.max()), (Some(0), Some(99_980_001)));
    assert_eq!((all.percentile(0), all.percentile(1_000)), (Some(0), Some(99_980_001)));
    assert_eq!((Distribution::default().min(), Distribution::default().max()), (None, None));
    let median = all.percentile(500).expect("values");
    let least = (24_990_001.0 * (1.0 - COARSE)) as u64;
    assert!((least..=24_990_001).contains(&median), "{median}");
}
