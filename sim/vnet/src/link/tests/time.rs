//! A link that takes time for octets, loses as was recorded, and sends a datagram in frames.

use super::*;
use core::num::{NonZeroU64, NonZeroUsize};

/// 80 kbit/s, ten octets a millisecond, and two may wait; 10 ms of delay.
fn slow() -> DirectionConfig {
    let bandwidth = Bandwidth {
        bits_per_second: NonZeroU64::new(80_000).unwrap(),
        queue_datagrams: 2,
        queue_octets: 10_000,
    };
    DirectionConfig { bandwidth: Some(bandwidth), ..direction(10, 0, 0) }
}

fn at_ms(link: &mut Link, ms: u64, len: usize) -> Outcome {
    link.transmit(Instant::from_millis(ms), Direction::Towards, &vec![0; len]).outcome
}

const FULL: Outcome = Outcome::Dropped(DropReason::QueueFull);

#[test]
fn a_burst_is_sent_one_by_one_until_the_queue_is_full() {
    let mut link = link(1, slow());
    let burst = [0; 5].map(|ms| at_ms(&mut link, ms, 100));
    assert_eq!(burst, [plain_ms(20), plain_ms(30), plain_ms(40), FULL, FULL]);
    assert_eq!(at_ms(&mut link, 10, 50), plain_ms(35), "20 ms of two others, 5 of its own");
    let back = link.transmit(Instant::ZERO, Direction::Back, &[0; 100]).outcome;
    assert_eq!(back, plain_ms(20), "the other way is free");
    let account = link.accounting(Direction::Towards);
    assert_eq!((account.dropped_for(DropReason::QueueFull), account.in_flight), (2, 4));
    assert!(account.balances());
}

#[test]
fn what_gets_lost_on_the_way_took_its_time_and_what_never_entered_did_not() {
    let outage = Outage { from: Instant::from_millis(1), until: Instant::from_millis(2) };
    let config = LinkConfig { outages: vec![outage], ..LinkConfig::symmetric(slow()) };
    let mut link = Link::new(1, config, &Streams::new(7));
    link.order(Direction::Towards, Fault::Drop, [0]);
    assert_eq!(at_ms(&mut link, 0, 100), Outcome::Dropped(DropReason::Listed));
    assert_eq!(at_ms(&mut link, 0, MTU + 1), Outcome::Dropped(DropReason::TooBig));
    assert_eq!(at_ms(&mut link, 1, 100), Outcome::Dropped(DropReason::Outage));
    assert_eq!(at_ms(&mut link, 5, 100), plain_ms(25), "5 ms of the first, 10 of its own");
}

#[test]
fn both_copies_of_a_duplicate_come_of_one_that_was_sent() {
    let config = DirectionConfig { duplicate: Probability::ALWAYS, ..slow() };
    let mut link = link(1, config);
    at_ms(&mut link, 0, 100);
    let outcome = at_ms(&mut link, 0, 100);
    assert_eq!(outcome.deliveries().map(|copy| copy.after_us).collect::<Vec<_>>(), [30_000; 2]);
}

/// A run again from its outcomes is the run; what is not among them is sent in its turn and never finds the queue full.
#[test]
fn a_replay_takes_the_times_that_are_written_and_no_queue_is_full() {
    let mut first = link(1, DirectionConfig { jitter: Duration::from_millis(3), ..slow() });
    let sends = [(0, 100), (0, 60), (2, 80), (3, 90), (40, 100), (41, 10)];
    let outcomes: Vec<Outcome> =
        sends.iter().map(|(ms, len)| at_ms(&mut first, *ms, *len)).collect();
    assert!(outcomes.contains(&FULL));
    let mut again = link(1, DirectionConfig { jitter: Duration::from_millis(3), ..slow() });
    again.replay(Direction::Towards, (0..).zip(outcomes.iter().copied()).collect());
    let replayed: Vec<Outcome> =
        sends.iter().map(|(ms, len)| at_ms(&mut again, *ms, *len)).collect();
    assert_eq!(replayed, outcomes);

    let mut empty = link(1, slow());
    empty.replay(Direction::Towards, BTreeMap::new());
    let burst = [0; 4].map(|ms| at_ms(&mut empty, ms, 100));
    assert_eq!(burst, [20, 30, 40, 50].map(plain_ms));
}

#[test]
fn recorded_loss_hits_its_direction_at_its_times() {
    let ms = Duration::from_millis;
    let trace = LossTrace::new([(ms(10), false), (ms(5), true)], false);
    let both = direction(1, 0, 0);
    let config = LinkConfig { trace_towards: trace, ..LinkConfig::symmetric(both) };
    let mut link = Link::new(1, config, &Streams::new(7));
    let traced = Outcome::Dropped(DropReason::Traced);
    let towards = [9, 10, 14, 15].map(|ms| at_ms(&mut link, ms, 100));
    assert_eq!(towards, [plain_ms(1), traced, traced, plain_ms(1)]);
    let back = link.transmit(Instant::from_millis(12), Direction::Back, &[0; 100]).outcome;
    assert_eq!(back, plain_ms(1));
}

/// A datagram in n frames is lost with 1 - (1 - p)^n.
#[rstest]
#[case(80, 100_000)]
#[case(81, 190_000)]
#[case(400, 409_510)]
fn each_frame_may_be_lost(#[case] len: usize, #[case] ppm: u32) {
    let frame = NonZeroUsize::new(80);
    let mut framed = link(1, DirectionConfig { frame, ..direction(1, 0, 100_000) });
    let mut whole = link(1, direction(1, 0, 100_000));
    for _ in 0..20_000 {
        let of_whole = send(&mut whole, Direction::Back, len).outcome;
        let of_framed = send(&mut framed, Direction::Back, len).outcome;
        // The first frame is drawn as a whole datagram is.
        assert!(of_whole == of_framed || of_whole == plain_ms(1));
    }
    let lost = framed.accounting(Direction::Back).dropped_for(DropReason::Loss);
    assert!(within_five_sigma(lost, 20_000, ppm), "{lost} of {len} octets");
}

#[test]
fn in_a_bad_state_each_frame_has_its_chance_too() {
    let (there, back) = (Probability::from_ppm(999_999), Probability::from_ppm(1));
    let bursts = GilbertElliott::new(Duration::from_millis(1), there, back)
        .map(|chain| chain.losing(Probability::NEVER, Probability::from_ppm(200_000)));
    let both = DirectionConfig { frame: NonZeroUsize::new(50), ..direction(1, 0, 0) };
    let mut link =
        Link::new(1, LinkConfig { bursts, ..LinkConfig::symmetric(both) }, &Streams::new(7));
    for number in 0..20_000 {
        link.transmit(Instant::from_millis(number), Direction::Back, &[0; 150]);
    }
    let lost = link.accounting(Direction::Back).dropped_for(DropReason::GilbertElliott);
    // 1 - 0.8^3.
    assert!(within_five_sigma(lost, 20_000, 488_000), "{lost}");
}
