use super::*;
use proptest::prelude::*;
use rstest::rstest;

const MTU: usize = 1_280;

fn direction(delay_ms: u64, jitter_us: u64, loss_ppm: u32) -> DirectionConfig {
    DirectionConfig {
        delay: Duration::from_millis(delay_ms),
        jitter: Duration::from_micros(jitter_us),
        loss: Probability::from_ppm(loss_ppm),
        mtu: MTU,
    }
}

fn link(id: u32, both: DirectionConfig) -> Link {
    Link::new(id, LinkConfig::symmetric(both), &Streams::new(7))
}

/// When each of the first datagrams arrives, sent at 0; `None` is lost.
fn arrivals(link: &mut Link, direction: Direction, count: usize) -> Vec<Option<u64>> {
    let arrival = |_| match link.transmit(Instant::ZERO, direction, 100).outcome {
        Outcome::Delivered { at } => Some(at.micros()),
        Outcome::Dropped(_) => None,
    };
    (0..count).map(arrival).collect()
}

#[test]
fn a_perfect_link_delivers_after_exactly_its_delay() {
    let mut link = link(1, direction(20, 0, 0));
    let now = Instant::from_secs(3);
    for index in 0..3 {
        let fate = link.transmit(now, Direction::Towards, MTU);
        let at = now + Duration::from_millis(20);
        assert_eq!(fate, Fate { index, outcome: Outcome::Delivered { at } });
    }
}

#[test]
fn the_directions_have_their_own_configuration_and_index() {
    let config = LinkConfig { towards: direction(10, 0, 0), back: direction(30, 0, 0) };
    let mut link = Link::new(1, config, &Streams::new(7));
    link.transmit(Instant::ZERO, Direction::Towards, 1);
    let fate = link.transmit(Instant::ZERO, Direction::Back, 1);
    let at = Instant::from_millis(30);
    assert_eq!(fate, Fate { index: 0, outcome: Outcome::Delivered { at } });
    assert_eq!(link.config(Direction::Back), &direction(30, 0, 0));
    assert_eq!(Direction::Towards.reversed(), Direction::Back);
    assert_eq!(Direction::Back.reversed(), Direction::Towards);
}

/// Computed by an independent ChaCha20 from the documented layout: block = index, words 0 and 1 decide loss, 2 and 3
/// jitter.
#[test]
fn the_decisions_are_those_of_the_documented_key_stream() {
    let mut link = link(3, direction(10, 5_000, 300_000));
    assert_eq!(
        arrivals(&mut link, Direction::Towards, 6),
        [Some(11_899), None, None, Some(14_156), None, Some(13_557)]
    );
    assert_eq!(
        arrivals(&mut link, Direction::Back, 6),
        [Some(10_414), None, Some(14_285), None, Some(14_600), None]
    );
    let far = link.decide(Instant::ZERO, Direction::Towards, 1_000_000, 100);
    assert_eq!(far, Outcome::Delivered { at: Instant::from_micros(14_539) });
}

proptest! {
    /// Datagram `k` fares the same after any mix of sizes, times and datagrams the other way.
    #[test]
    fn the_fate_of_a_datagram_does_not_depend_on_what_happened_before(
        seed: u64,
        history in prop::collection::vec((0..2_000usize, any::<bool>()), 0..40),
    ) {
        let config = LinkConfig::symmetric(direction(10, 5_000, 300_000));
        let mut busy = Link::new(3, config, &Streams::new(seed));
        let mut quiet = Link::new(3, config, &Streams::new(seed));
        for (len, back) in history {
            let way = if back { Direction::Back } else { Direction::Towards };
            busy.transmit(Instant::from_secs(9), way, len);
            if !back {
                quiet.transmit(Instant::ZERO, Direction::Towards, 1);
            }
        }
        prop_assert_eq!(
            busy.transmit(Instant::ZERO, Direction::Towards, 100),
            quiet.transmit(Instant::ZERO, Direction::Towards, 100)
        );
    }

    #[test]
    fn every_datagram_is_accounted_for(
        sends in prop::collection::vec((0..2_000usize, any::<bool>()), 0..200),
    ) {
        let mut link = link(1, direction(10, 1_000, 400_000));
        let mut octets = 0;
        for (len, arrives) in sends {
            let fate = link.transmit(Instant::ZERO, Direction::Towards, len);
            octets += len as u64;
            if arrives && matches!(fate.outcome, Outcome::Delivered { .. }) {
                link.arrived(Direction::Towards);
            }
            prop_assert!(link.accounting(Direction::Towards).balances());
        }
        prop_assert_eq!(link.accounting(Direction::Towards).octets, octets);
        prop_assert_eq!(*link.accounting(Direction::Back), Accounting::default());
    }
}

#[rstest]
#[case::link(|| (link(2, direction(0, 1_000, 0)), Direction::Towards))]
#[case::direction(|| (link(1, direction(0, 1_000, 0)), Direction::Back))]
#[case::seed(|| {
    let config = LinkConfig::symmetric(direction(0, 1_000, 0));
    (Link::new(1, config, &Streams::new(8)), Direction::Towards)
})]
fn the_decisions_differ_in(#[case] other: fn() -> (Link, Direction)) {
    let mut one = link(1, direction(0, 1_000, 0));
    let (mut other, way) = other();
    assert_ne!(arrivals(&mut one, Direction::Towards, 10), arrivals(&mut other, way, 10));
}

#[test]
fn changing_the_loss_does_not_move_the_jitter() {
    let calm = arrivals(&mut link(1, direction(0, 1_000, 0)), Direction::Towards, 100);
    let lossy = arrivals(&mut link(1, direction(0, 1_000, 500_000)), Direction::Towards, 100);
    assert!(lossy.contains(&None));
    for (calm, lossy) in calm.iter().zip(&lossy) {
        assert!(lossy.is_none() || lossy == calm);
    }
}

#[test]
fn raising_the_loss_keeps_what_was_lost_lost() {
    let some = arrivals(&mut link(1, direction(0, 0, 200_000)), Direction::Towards, 1_000);
    let more = arrivals(&mut link(1, direction(0, 0, 400_000)), Direction::Towards, 1_000);
    assert!(some.iter().zip(&more).all(|(some, more)| some.is_some() || more.is_none()));
}

#[rstest]
#[case(1, 1_000)]
#[case(2, 100_000)]
#[case(3, 500_000)]
#[case(4, 900_000)]
fn the_frequency_of_loss_is_within_five_sigma(#[case] id: u32, #[case] ppm: u32) {
    const DATAGRAMS: u32 = 100_000;
    let mut link = link(id, direction(0, 1_000, ppm));
    for _ in 0..DATAGRAMS {
        link.transmit(Instant::ZERO, Direction::Back, 100);
    }
    let lost = link.accounting(Direction::Back).dropped_loss as f64;
    let share = f64::from(ppm) / 1e6;
    let mean = f64::from(DATAGRAMS) * share;
    let sigma = (mean * (1.0 - share)).sqrt();
    assert!((lost - mean).abs() <= 5.0 * sigma, "{lost} lost, {mean} +- {sigma} expected");
}

/// Independent loss: the number of neighbours that are both lost is binomial enough for five sigma.
#[test]
fn neighbours_are_lost_independently() {
    let arrivals = arrivals(&mut link(5, direction(0, 0, 300_000)), Direction::Towards, 100_000);
    let pairs = arrivals.chunks_exact(2).filter(|pair| pair == &[None, None]).count() as f64;
    let (mean, sigma) = (50_000.0 * 0.09, (50_000.0f64 * 0.09 * 0.91).sqrt());
    assert!((pairs - mean).abs() <= 5.0 * sigma, "{pairs} pairs, {mean} +- {sigma} expected");
}

#[test]
fn jitter_covers_its_range_and_reorders() {
    let arrivals = arrivals(&mut link(1, direction(10, 9, 0)), Direction::Towards, 1_000);
    let arrivals: Vec<_> = arrivals.into_iter().flatten().collect();
    assert_eq!(arrivals.iter().min(), Some(&10_000));
    assert_eq!(arrivals.iter().max(), Some(&10_009));
    assert!(!arrivals.is_sorted());
}

#[rstest]
#[case(MTU, None)]
#[case(MTU + 1, Some(DropReason::TooBig))]
fn only_what_exceeds_the_mtu_is_too_big(#[case] len: usize, #[case] dropped: Option<DropReason>) {
    let fate = link(1, direction(1, 0, 0)).transmit(Instant::ZERO, Direction::Towards, len);
    let expected =
        dropped.map_or(Outcome::Delivered { at: Instant::from_millis(1) }, Outcome::Dropped);
    assert_eq!(fate.outcome, expected);
}

#[test]
fn too_big_outranks_loss_and_still_takes_an_index() {
    let mut link = link(1, direction(1, 0, 1_000_000));
    let big = link.transmit(Instant::ZERO, Direction::Towards, MTU + 1);
    assert_eq!(big, Fate { index: 0, outcome: Outcome::Dropped(DropReason::TooBig) });
    let small = link.transmit(Instant::ZERO, Direction::Towards, 1);
    assert_eq!(small, Fate { index: 1, outcome: Outcome::Dropped(DropReason::Loss) });
    let account = *link.accounting(Direction::Towards);
    assert_eq!((account.dropped_too_big, account.dropped_loss, account.dropped()), (1, 1, 2));
}

#[test]
fn one_arrival_too_many_unbalances_the_account() {
    let mut link = link(1, direction(1, 0, 0));
    link.transmit(Instant::ZERO, Direction::Towards, 1);
    assert_eq!(link.accounting(Direction::Towards).in_flight, 1);
    link.arrived(Direction::Towards);
    let account = link.accounting(Direction::Towards);
    assert!(account.balances());
    assert_eq!((account.delivered, account.in_flight), (1, 0));
    link.arrived(Direction::Towards);
    assert!(!link.accounting(Direction::Towards).balances());
}
