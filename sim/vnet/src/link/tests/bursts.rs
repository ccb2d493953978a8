//! Loss in bursts against the theory of its chain, and as a function of the time alone.

use super::*;

const STEP: Duration = Duration::from_millis(10);
const STEPS: u32 = 30_000;

fn ppm(ppm: u32) -> Probability {
    Probability::from_ppm(ppm)
}

fn chain(good_to_bad: u32, bad_to_good: u32) -> GilbertElliott {
    GilbertElliott::new(STEP, ppm(good_to_bad), ppm(bad_to_good)).expect("a chain")
}

fn states(chain: &GilbertElliott, link: u32, steps: u32) -> Vec<bool> {
    let streams = Streams::new(7);
    let at = |step| Instant::ZERO + STEP * step;
    (0..steps).map(|step| chain.is_bad(&streams, link, at(step))).collect()
}

/// Lengths of runs of bad steps that begin and end among them.
fn bursts(states: &[bool]) -> Vec<usize> {
    let inner = states.split(|bad| !bad).map(<[bool]>::len).filter(|len| *len > 0);
    inner.collect()
}

fn count(states: &[bool]) -> f64 {
    f64::from(u32::try_from(states.iter().filter(|bad| **bad).count()).expect("few"))
}

fn assert_within_five_sigma(value: f64, mean: f64, sigma: f64, what: &str) {
    assert!((value - mean).abs() <= 5.0 * sigma, "{what}: {value}, expected {mean} +- {sigma}");
}

#[rstest]
#[case(10_000, 100_000)]
#[case(10_000, 50_000)]
#[case(100_000, 300_000)]
#[case(500_000, 500_000)]
#[case(300_000, 10_000)]
fn the_share_of_bad_steps_and_the_length_of_bursts_are_those_of_the_chain(
    #[case] good_to_bad: u32,
    #[case] bad_to_good: u32,
) {
    let (p, r) = (f64::from(good_to_bad) / 1e6, f64::from(bad_to_good) / 1e6);
    let states = states(&chain(good_to_bad, bad_to_good), 1, STEPS);
    let (n, bad, left) = (f64::from(STEPS), p / (p + r), 1.0 - p - r);
    // The variance of a sum over a chain of two states: neighbours are alike.
    let sigma = (n * bad * (1.0 - bad) * (1.0 + left) / (1.0 - left)).sqrt();
    assert_within_five_sigma(count(&states), n * bad, sigma, "bad steps");

    let bursts = bursts(&states);
    let number = f64::from(u32::try_from(bursts.len()).expect("few"));
    assert!(number > 200.0, "{number} bursts");
    // Geometric lengths: mean 1 / r, variance (1 - r) / r^2.
    let total: usize = bursts.iter().sum();
    let mean = f64::from(u32::try_from(total).expect("few")) / number;
    let sigma = ((1.0 - r) / (r * r) / number).sqrt();
    assert_within_five_sigma(mean, 1.0 / r, sigma, "steps of a burst");
    // Memoryless: among bursts of two and more, the share that ends there is r as well.
    let longer = bursts.iter().filter(|len| **len >= 2).count();
    let ended = bursts.iter().filter(|len| **len == 2).count();
    let (longer, ended) = (u32::try_from(longer).unwrap(), u32::try_from(ended).unwrap());
    assert!(within_five_sigma(ended, longer, bad_to_good), "{ended} of {longer}");
}

#[test]
fn the_mean_loss_is_that_of_both_states() {
    let bursts = chain(20_000, 100_000).losing(ppm(20_000), ppm(700_000));
    let both = direction(1, 0, 0);
    let config = LinkConfig { bursts: Some(bursts), ..LinkConfig::symmetric(both) };
    let mut link = Link::new(3, config, &Streams::new(7));
    // Far apart: each state is as good as independent of the one before.
    for number in 0..20_000 {
        link.transmit(Instant::from_secs(10 * number), Direction::Back, &[0; 100]);
    }
    let lost = link.accounting(Direction::Back).dropped_for(DropReason::GilbertElliott);
    // 2 % x 5/6 + 70 % x 1/6.
    assert!(within_five_sigma(lost, 20_000, 133_333), "{lost}");
    assert_eq!(link.accounting(Direction::Back).dropped(), lost);
}

#[test]
fn the_state_depends_on_the_time_alone_and_both_directions_share_it() {
    let chain = chain(10_000, 100_000);
    let all = states(&chain, 5, 3_000);
    let streams = Streams::new(7);
    for step in (0..3_000_u32).rev().step_by(7) {
        let at = Instant::ZERO + STEP * step;
        let state = all[usize::try_from(step).expect("small")];
        assert_eq!(chain.is_bad(&streams, 5, at), state, "{step}");
        let end = Instant::from_micros(at.micros() + 9_999);
        assert_eq!(chain.is_bad(&streams, 5, end), state, "one step has one state");
    }
    assert_ne!(all, states(&chain, 6, 3_000), "another link");
    // A day and a century away it takes no longer.
    let far = [86_400, 3_155_760_000].map(Instant::from_secs);
    let _ = far.map(|at| chain.is_bad(&streams, 5, at));
    let _ = chain.is_bad(&streams, 5, Instant::MAX);

    let config = LinkConfig { bursts: Some(chain), ..LinkConfig::symmetric(direction(1, 0, 0)) };
    let mut link = Link::new(5, config, &streams);
    for step in 0..3_000_u32 {
        let at = Instant::ZERO + STEP * step;
        for way in [Direction::Towards, Direction::Back] {
            let lost = link.transmit(at, way, &[0]).outcome.deliveries().next().is_none();
            assert_eq!(lost, all[usize::try_from(step).expect("small")]);
        }
    }
}

#[test]
fn bursts_change_no_other_decision() {
    let config = LinkConfig::symmetric(direction(10, 5_000, 250_000));
    let mut calm = Link::new(4, config.clone(), &Streams::new(7));
    let bursts = Some(chain(50_000, 200_000));
    let mut stormy = Link::new(4, LinkConfig { bursts, ..config }, &Streams::new(7));
    let mut struck = 0;
    for millis in 0..3_000 {
        let send = |link: &mut Link| {
            link.transmit(Instant::from_millis(10 * millis), Direction::Back, &[0; 100]).outcome
        };
        match send(&mut stormy) {
            Outcome::Dropped(DropReason::GilbertElliott) => {
                struck += 1;
                assert_ne!(send(&mut calm), Outcome::Dropped(DropReason::Loss));
            }
            other => assert_eq!(other, send(&mut calm)),
        }
    }
    assert!(struck > 200);
}

#[rstest]
#[case(Duration::ZERO, 1, 1)]
#[case(Duration::from_nanos(999), 1, 1)]
#[case(STEP, 0, 1)]
#[case(STEP, 1, 0)]
#[case(STEP, 500_000, 500_001)]
fn what_is_no_chain_is_none(#[case] step: Duration, #[case] there: u32, #[case] back: u32) {
    assert_eq!(GilbertElliott::new(step, ppm(there), ppm(back)), None);
}

/// The slowest chain there is and the fastest are found in a few levels.
#[rstest]
#[case(1, 1)]
#[case(1, 999_999)]
#[case(999_999, 1)]
fn extreme_chains_are_chains(#[case] there: u32, #[case] back: u32) {
    let chain = chain(there, back);
    assert!(chain.levels <= 26, "{}", chain.levels);
    let states = states(&chain, 1, 500);
    let changes = states.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes < 5, "{changes}");
}
