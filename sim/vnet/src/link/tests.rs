mod bursts;
mod damage;
mod faults;
mod orders;
mod text;
mod time;

use super::*;
use crate::random::Probability;
use core::time::Duration;
use proptest::prelude::*;
use rstest::rstest;
use std::collections::BTreeMap;

const MTU: usize = 1_280;

fn direction(delay_ms: u64, jitter_us: u64, loss_ppm: u32) -> DirectionConfig {
    DirectionConfig {
        delay: Duration::from_millis(delay_ms),
        jitter: Duration::from_micros(jitter_us),
        loss: Probability::from_ppm(loss_ppm),
        mtu: MTU,
        ..DirectionConfig::default()
    }
}

fn link(id: u32, both: DirectionConfig) -> Link {
    Link::new(id, LinkConfig::symmetric(both), &Streams::new(7))
}

fn plain_ms(delay_ms: u64) -> Outcome {
    Outcome::plain(Duration::from_millis(delay_ms))
}

/// The fate of a datagram of that length that enters at 0.
fn send(link: &mut Link, direction: Direction, len: usize) -> Fate {
    link.transmit(Instant::ZERO, direction, &vec![0; len])
}

/// What happens to each of the first datagrams.
fn outcomes(link: &mut Link, direction: Direction, count: usize) -> Vec<Outcome> {
    (0..count).map(|_| send(link, direction, 100).outcome).collect()
}

/// How long each of the first datagrams takes; `None` is lost.
fn arrivals(link: &mut Link, direction: Direction, count: usize) -> Vec<Option<u64>> {
    let after = |outcome: &Outcome| outcome.deliveries().next().map(|delivery| delivery.after_us);
    outcomes(link, direction, count).iter().map(after).collect()
}

/// Whether a count is what independent trials of that probability give.
fn within_five_sigma(count: u32, trials: u32, ppm: u32) -> bool {
    let (share, trials) = (f64::from(ppm) / 1e6, f64::from(trials));
    let (mean, sigma) = (trials * share, (trials * share * (1.0 - share)).sqrt());
    (f64::from(count) - mean).abs() <= 5.0 * sigma
}

#[test]
fn a_perfect_link_delivers_after_exactly_its_delay() {
    let mut link = link(1, direction(20, 0, 0));
    let now = Instant::from_secs(3);
    for index in 0..3 {
        let fate = link.transmit(now, Direction::Towards, &[0; MTU]);
        assert_eq!(fate, Fate { index, outcome: plain_ms(20) });
    }
}

#[test]
fn the_directions_have_their_own_configuration_and_index() {
    let (towards, back) = (direction(10, 0, 0), direction(30, 0, 0));
    let config = LinkConfig { towards, back, ..LinkConfig::default() };
    let mut link = Link::new(1, config, &Streams::new(7));
    send(&mut link, Direction::Towards, 1);
    let fate = send(&mut link, Direction::Back, 1);
    assert_eq!(fate, Fate { index: 0, outcome: plain_ms(30) });
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
    let far = link.decide(Instant::ZERO, (Direction::Towards, 1_000_000), &[0; 100]);
    assert_eq!(far, Outcome::plain(Duration::from_micros(14_539)));
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
    let fate = send(&mut link(1, direction(1, 0, 0)), Direction::Towards, len);
    assert_eq!(fate.outcome, dropped.map_or(plain_ms(1), Outcome::Dropped));
}

#[test]
fn too_big_outranks_loss_and_still_takes_an_index() {
    let mut link = link(1, direction(1, 0, 1_000_000));
    let big = send(&mut link, Direction::Towards, MTU + 1);
    assert_eq!(big, Fate { index: 0, outcome: Outcome::Dropped(DropReason::TooBig) });
    let small = send(&mut link, Direction::Towards, 1);
    assert_eq!(small, Fate { index: 1, outcome: Outcome::Dropped(DropReason::Loss) });
    let account = link.accounting(Direction::Towards);
    let counts = DropReason::ALL.map(|reason| account.dropped_for(reason));
    assert_eq!((counts, account.dropped()), ([1, 0, 0, 0, 0, 1, 0], 2));
}

#[test]
fn one_arrival_too_many_unbalances_the_account() {
    let mut link = link(1, direction(1, 0, 0));
    send(&mut link, Direction::Towards, 1);
    assert_eq!(link.accounting(Direction::Towards).in_flight, 1);
    link.arrived(Direction::Towards);
    let account = link.accounting(Direction::Towards);
    assert!(account.balances());
    assert_eq!((account.delivered, account.in_flight), (1, 0));
    link.arrived(Direction::Towards);
    assert!(!link.accounting(Direction::Towards).balances());
}

#[test]
fn a_link_is_small_enough_for_a_million_of_them() {
    assert!(size_of::<Link>() <= 144, "{} octets", size_of::<Link>());
}
