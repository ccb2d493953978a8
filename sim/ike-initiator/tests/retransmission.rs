//! When a request is sent again, and when it is given up (RFC 7815 2.1, RFC 7296 2.1, 2.4).

use crate::support::{Pair, config, polite};
use ike_core::{ExchangeType, Jitter, Schedule};
use ike_initiator::{CloseReason, Config, Event, FailReason, Instant, StateName};
use rstest::rstest;
use std::time::Duration;

/// Times out until the device gives up: the milliseconds of each transmission and of the end, each
/// transmission being the same octets as the first.
fn run_down(pair: &mut Pair, first: &[u8]) -> (Vec<u64>, Vec<Event>) {
    let start = pair.now;
    let millis = |now: Instant| {
        u64::try_from(now.saturating_duration_since(start).as_millis()).expect("a short time")
    };
    let mut times = vec![0];
    loop {
        let events = pair.timeout();
        times.push(millis(pair.now));
        if !events.is_empty() {
            assert_eq!(pair.sends(), [] as [Vec<u8>; 0]);
            return (times, events);
        }
        assert_eq!(pair.sent(), first, "bitwise identical");
    }
}

const STRONGSWAN: [u64; 7] = [0, 4_000, 11_200, 24_160, 47_488, 89_478, 165_060];
const LIBRESWAN: [u64; 9] = [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000];
const RFC7296: [u64; 13] = [
    0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 127_000, 191_000, 255_000, 319_000, 383_000,
    447_000,
];

#[rstest]
#[case::strongswan(Schedule::STRONGSWAN, &STRONGSWAN)]
#[case::libreswan(Schedule::LIBRESWAN, &LIBRESWAN)]
#[case::rfc7296(Schedule::RFC7296, &RFC7296)]
#[case::coap_without_jitter(
    Schedule { jitter: Jitter::None, ..Schedule::COAP },
    &[0, 2_000, 6_000, 14_000, 30_000, 62_000]
)]
#[case::one_try(Schedule { tries: 1, ..Schedule::RFC7296 }, &[0, 1_000])]
fn each_request_is_sent_at_the_times_of_the_schedule_and_given_up(
    #[case] schedule: Schedule,
    #[case] times: &[u64],
) {
    let config = Config { schedule, ..polite() };
    let failed = |exchange| {
        vec![Event::Failed(FailReason::TimedOut(exchange)), Event::Closed(CloseReason::Failed)]
    };

    let (mut pair, request) = Pair::init_sent(config.clone());
    let expected = (times.to_vec(), failed(ExchangeType::IKE_SA_INIT));
    assert_eq!(run_down(&mut pair, &request), expected);

    let (mut pair, request) = Pair::auth_sent(config.clone());
    let expected = (times.to_vec(), failed(ExchangeType::IKE_AUTH));
    assert_eq!(run_down(&mut pair, &request), expected);

    let mut pair = Pair::established(config);
    pair.close();
    let delete = pair.sent();
    let expected = (times.to_vec(), vec![Event::Closed(CloseReason::DeleteUnanswered)]);
    assert_eq!(run_down(&mut pair, &delete), expected);
    assert_eq!(pair.device.state(), StateName::Closed);
}

/// RFC 7252 4.2: one factor between 1 and 1.5 for all timeouts of a request.
#[test]
fn the_jitter_of_coap_stretches_all_timeouts_of_a_request_alike() {
    let (mut pair, request) = Pair::init_sent(Config { schedule: Schedule::COAP, ..config() });
    let (times, _) = run_down(&mut pair, &request);
    let intervals: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((2_000..3_000).contains(&intervals[0]), "{intervals:?}");
    assert!(intervals[0] > 2_000, "this seed draws some jitter: {intervals:?}");
    for pair in intervals.windows(2) {
        // Each is doubled; whole milliseconds may be one off.
        assert!(pair[1].abs_diff(2 * pair[0]) <= 1, "{intervals:?}");
    }
}

#[test]
fn shortening_jitter_is_drawn_for_each_timeout() {
    let schedule = Schedule { jitter: Jitter::Shorten { percent: 20 }, ..Schedule::STRONGSWAN };
    let (mut pair, request) = Pair::init_sent(Config { schedule, ..config() });
    let (times, _) = run_down(&mut pair, &request);
    let per_mille: Vec<u64> = times
        .windows(2)
        .zip(STRONGSWAN.windows(2))
        .map(|(got, exact)| (got[1] - got[0]) * 1000 / (exact[1] - exact[0]))
        .collect();
    assert!(per_mille.iter().all(|share| (799..=1000).contains(share)), "{per_mille:?}");
    assert!(per_mille.iter().any(|share| *share != per_mille[0]), "{per_mille:?}");
}

/// A bug that others had: IKE_SA_INIT goes on after its response.
#[test]
fn the_response_stops_the_retransmission() {
    let (mut pair, request) = Pair::init_sent(config());
    pair.timeout();
    assert_eq!(pair.sent(), request);
    let response = pair.gateway.init(&request);
    assert_eq!(pair.receive(&response), []);
    let auth = pair.sent();
    let deadline = pair.now + Duration::from_secs(1);
    assert_eq!(pair.device.poll_timeout(), Some(deadline), "IKE_AUTH starts anew");
    pair.timeout();
    assert_eq!(pair.sent(), auth);
    let response = pair.gateway.auth(&auth);
    pair.expect_established(&response);
    assert_eq!(pair.device.poll_timeout(), None);
    pair.wait(Duration::from_secs(3600));
    pair.device.handle_timeout(pair.now, &mut pair.rng);
    assert_eq!((pair.events(), pair.sends()), (vec![], vec![]));
}

#[test]
fn a_timeout_called_too_early_does_nothing() {
    let (mut pair, _) = Pair::init_sent(config());
    let deadline = pair.device.poll_timeout();
    pair.wait(Duration::from_micros(999_999));
    pair.device.handle_timeout(pair.now, &mut pair.rng);
    assert_eq!((pair.events(), pair.sends()), (vec![], vec![]));
    assert_eq!(pair.device.poll_timeout(), deadline);
}

/// The timer starts when the datagram leaves, not when it is ready.
#[test]
fn the_deadline_counts_from_the_transmission() {
    let mut pair = Pair::new(config());
    pair.device.connect(pair.now, &mut pair.rng).expect("idle");
    assert_eq!(pair.device.poll_timeout(), None);
    pair.wait(Duration::from_secs(5));
    pair.sent();
    assert_eq!(pair.device.poll_timeout(), Some(pair.now + Duration::from_secs(1)));
    // An owner that comes late sends once, and waits from then.
    pair.wait(Duration::from_secs(50));
    pair.device.handle_timeout(pair.now, &mut pair.rng);
    pair.wait(Duration::from_secs(1));
    pair.sent();
    assert_eq!(pair.device.poll_timeout(), Some(pair.now + Duration::from_secs(2)));
}

/// A bug that others had: the back-off overflows and sends without delay.
#[test]
fn the_longest_schedule_never_sends_without_delay() {
    let schedule = Schedule { tries: 255, ..Schedule::STRONGSWAN };
    let (mut pair, request) = Pair::init_sent(Config { schedule, ..config() });
    let (times, _) = run_down(&mut pair, &request);
    assert_eq!(times.len(), 256);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 4_000));
}

#[test]
fn a_response_to_a_retransmission_is_as_good_as_any() {
    let (mut pair, request) = Pair::init_sent(config());
    for _ in 0..11 {
        pair.timeout();
        assert_eq!(pair.sent(), request);
    }
    pair.go_on_from_init(&request);
}
