//! COOKIE (RFC 7296 2.6, RFC 7815 1): what anybody may ask for before the exchange goes on.

use crate::support::gateway::Gateway;
use crate::support::part::{Part, clear_parts};
use crate::support::{Pair, config};
use ike_core::{DropReason, Header, IkeSpi, NotifyType, PayloadType, Suite};
use ike_initiator::{Config, Event, Profile, StateName};
use rstest::rstest;
use std::time::Duration;

fn cookie(octets: &[u8]) -> Part {
    Part::notify(NotifyType::COOKIE, octets)
}

fn requested(len: usize, at_once: bool) -> [Event; 1] {
    [Event::CookieRequested { len, at_once }]
}

#[rstest]
fn the_cookie_goes_first_and_the_rest_stays_as_it_was(
    #[values(1, 2, 16, 63, 64)] len: usize,
    #[values(Suite::AesGcmX25519, Suite::AesCbcModp2048)] suite: Suite,
) {
    let mut pair = Pair::with_suite(suite, config().suite(suite));
    let first = pair.connect();
    let octets: Vec<u8> = (1..=64).take(len).collect();
    let wanted = cookie(&octets);
    let response = Gateway::init_notify(&first, wanted.clone());
    assert_eq!(pair.receive(&response), requested(len, true));

    let second = pair.sent();
    let parts = clear_parts(&second);
    assert_eq!(parts[0], wanted);
    assert_eq!(parts[1..], clear_parts(&first));
    // Bytes, not meanings: behind the cookie nothing moved, before it the header says so.
    assert_eq!(second[28 + 8 + len..], first[28..]);
    let (before, after) = (Header::parse(&first).unwrap(), Header::parse(&second).unwrap());
    let expected = Header {
        next_payload: PayloadType::N,
        length: before.length + 8 + u32::try_from(len).unwrap(),
        ..before
    };
    assert_eq!(after, expected);
    assert_eq!((after.spi_r, after.message_id), (IkeSpi::ZERO, 0));

    // The test gateway checks that AUTH covers this request.
    pair.go_on_from_init(&second);
}

#[test]
fn a_retransmission_carries_the_cookie_and_the_schedule_starts_anew() {
    let (mut pair, first) = Pair::init_sent(config());
    pair.timeout();
    assert_eq!(pair.sent(), first);
    pair.receive(&Gateway::init_notify(&first, cookie(b"crumbs")));
    let second = pair.sent();
    assert_eq!(pair.device.poll_timeout(), Some(pair.now + Duration::from_secs(1)));
    pair.timeout();
    assert_eq!(pair.sent(), second);
    assert_eq!(pair.device.poll_timeout(), Some(pair.now + Duration::from_secs(2)));
    pair.go_on_from_init(&second);
}

/// A gateway that changes its secret asks again: the new cookie takes the place of the old one.
#[test]
fn another_cookie_replaces_the_first() {
    let (mut pair, first) = Pair::init_sent(config());
    let mut last = first.clone();
    for octets in [&b"short"[..], &[7; 64], b"x"] {
        assert_eq!(
            pair.receive(&Gateway::init_notify(&last, cookie(octets))),
            requested(octets.len(), true)
        );
        last = pair.sent();
        assert_eq!(last[28 + 8 + octets.len()..], first[28..]);
        assert_eq!(clear_parts(&last)[0], cookie(octets));
    }
    pair.go_on_from_init(&last);
}

#[rstest]
#[case::none(0)]
#[case::too_long(65)]
#[case::far_too_long(255)]
fn a_cookie_of_another_length_is_ignored(#[case] len: usize) {
    let (mut pair, first) = Pair::init_sent(config());
    let forged = Gateway::init_notify(&first, cookie(&vec![1; len]));
    assert_eq!(pair.drops(&forged), DropReason::CookieIgnored);
    pair.go_on_from_init(&first);
}

/// RFC 7815 1: a minimal initiator leaves cookies out.
#[test]
fn the_profile_of_rfc_7815_ignores_cookies() {
    let (mut pair, first) = Pair::init_sent(Config { profile: Profile::Rfc7815, ..config() });
    let response = Gateway::init_notify(&first, cookie(b"crumbs"));
    assert_eq!(pair.drops(&response), DropReason::CookieIgnored);
    pair.timeout();
    assert_eq!(pair.sent(), first);
    pair.go_on_from_init(&first);
}

/// RFC 7296 2.6: the responder's SPI should be zero, and nobody is rejected because it is not.
#[test]
fn a_cookie_with_an_spi_of_the_gateway_is_taken() {
    let (mut pair, first) = Pair::init_sent(config());
    let mut response = Gateway::init_notify(&first, cookie(b"crumbs"));
    response[8..16].fill(9);
    assert_eq!(pair.receive(&response), requested(6, true));
    let second = pair.sent();
    assert_eq!(Header::parse(&second).unwrap().spi_r, IkeSpi::ZERO);
    pair.go_on_from_init(&second);
}

#[test]
fn unknown_status_notifies_beside_the_cookie_do_not_matter() {
    let (mut pair, first) = Pair::init_sent(config());
    let header = Header::parse(&first).unwrap();
    let header = Header { flags: ike_core::Flags::RESPONSE, ..header };
    let parts = [
        Part::notify(NotifyType(40_000), b"?"),
        Part::raw(PayloadType::V, b"vendor"),
        cookie(b"crumbs"),
    ];
    let response = crate::support::part::clear(&header, &parts);
    assert_eq!(pair.receive(&response), requested(6, true));
    pair.sent();
}

/// RFC 7296 2.6: endless cookies, which anybody may forge, set no faster pace than the schedule.
#[test]
fn after_three_cookies_a_further_one_waits_for_the_next_retransmission() {
    let (mut pair, mut last) = Pair::init_sent(config());
    for number in 0..3 {
        assert_eq!(
            pair.receive(&Gateway::init_notify(&last, cookie(&[number]))),
            requested(1, true)
        );
        last = pair.sent();
    }
    let deadline = pair.device.poll_timeout();
    pair.wait(Duration::from_millis(300));
    for number in 3..100 {
        assert_eq!(
            pair.receive(&Gateway::init_notify(&last, cookie(&[number]))),
            requested(1, false)
        );
        assert_eq!(pair.sends(), [] as [Vec<u8>; 0]);
        assert_eq!(pair.device.poll_timeout(), deadline);
    }
    // The schedule goes on: 1 s, then 2 s. The last cookie wins.
    pair.timeout();
    let fourth = pair.sent();
    assert_eq!(clear_parts(&fourth)[0], cookie(&[99]));
    assert_eq!(fourth[28 + 9..], last[28 + 9..]);
    assert_eq!(pair.device.poll_timeout(), Some(pair.now + Duration::from_secs(2)));
    assert_eq!(pair.receive(&Gateway::init_notify(&fourth, cookie(&[100]))), requested(1, false));
    pair.timeout();
    let fifth = pair.sent();
    assert_eq!(clear_parts(&fifth)[0], cookie(&[100]));
    assert_eq!(pair.device.poll_timeout(), Some(pair.now + Duration::from_secs(4)));
    pair.go_on_from_init(&fifth);
}

/// The request that AUTH covers is the one that went out, not the one that waits.
#[test]
fn while_a_cookie_waits_the_response_to_the_request_before_works() {
    let (mut pair, mut last) = Pair::init_sent(config());
    for number in 0..3 {
        pair.receive(&Gateway::init_notify(&last, cookie(&[number])));
        last = pair.sent();
    }
    pair.receive(&Gateway::init_notify(&last, cookie(b"forged")));
    pair.go_on_from_init(&last);
}

/// The same, with a cookie that would go out at once: two datagrams arrive before the owner sends.
#[test]
fn a_response_that_overtakes_the_answer_to_a_cookie_works() {
    let (mut pair, first) = Pair::init_sent(config());
    pair.receive(&Gateway::init_notify(&first, cookie(b"forged")));
    pair.go_on_from_init(&first);
}

/// A retransmitted or duplicated request is answered with the same cookie again: no news, so
/// nothing is sent and no schedule starts anew.
#[test]
fn the_same_cookie_again_changes_nothing() {
    let (mut pair, first) = Pair::init_sent(config());
    let response = Gateway::init_notify(&first, cookie(b"crumbs"));
    assert_eq!(pair.receive(&response), requested(6, true));
    let second = pair.sent();
    for _ in 0..5 {
        assert_eq!(pair.drops(&response), DropReason::LateResponse);
    }
    pair.timeout();
    assert_eq!(pair.sent(), second);
    pair.go_on_from_init(&second);
}

/// The way there and back takes longer than the first timeout, and each copy of the request is asked for another cookie:
/// strongSwan's have the second in them. The answer to the request with the first one is on its way by then, and
/// AUTH must cover that request.
#[rstest]
fn other_cookies_that_earlier_copies_are_asked_for_are_late(#[values(1, 2, 3)] copies: u8) {
    let (mut pair, first) = Pair::init_sent(config());
    for _ in 0..copies {
        pair.timeout();
        assert_eq!(pair.sent(), first);
    }
    pair.receive(&Gateway::init_notify(&first, cookie(b"first")));
    let second = pair.sent();
    for copy in 0..copies {
        let late = Gateway::init_notify(&first, cookie(&[copy]));
        assert_eq!(pair.drops(&late), DropReason::LateResponse);
    }
    pair.go_on_from_init(&second);
}

/// Copies that left while nothing came through at all are not waited for one by one.
#[test]
fn of_many_earlier_copies_three_count() {
    let (mut pair, first) = Pair::init_sent(config());
    for _ in 0..6 {
        pair.timeout();
        pair.sent();
    }
    pair.receive(&Gateway::init_notify(&first, cookie(b"first")));
    pair.sent();
    for copy in 0..3 {
        let late = Gateway::init_notify(&first, cookie(&[copy]));
        assert_eq!(pair.drops(&late), DropReason::LateResponse);
    }
    assert_eq!(pair.receive(&Gateway::init_notify(&first, cookie(b"new"))), requested(3, true));
    let last = pair.sent();
    pair.go_on_from_init(&last);
}

/// What is more than the earlier copies can be asked for is a new wish of the gateway's.
#[test]
fn another_cookie_counts_once_every_earlier_copy_has_its_own() {
    let (mut pair, first) = Pair::init_sent(config());
    pair.timeout();
    assert_eq!(pair.sent(), first);
    pair.receive(&Gateway::init_notify(&first, cookie(b"first")));
    let second = pair.sent();
    let secret = Gateway::init_notify(&second, cookie(b"new secret"));
    assert_eq!(pair.drops(&secret), DropReason::LateResponse);
    // The gateway says it again to the next copy.
    pair.timeout();
    assert_eq!(pair.sent(), second);
    assert_eq!(pair.receive(&secret), requested(10, true));
    let third = pair.sent();
    assert_eq!(clear_parts(&third)[0], cookie(b"new secret"));
    pair.go_on_from_init(&third);
}

#[test]
fn a_cookie_after_the_exchange_is_late() {
    let (mut pair, first) = Pair::init_sent(config());
    let response = pair.gateway.init(&first);
    pair.receive(&response);
    let request = pair.sent();
    let late = Gateway::init_notify(&first, cookie(b"crumbs"));
    assert_eq!(pair.drops(&late), DropReason::LateResponse);
    assert_eq!(pair.device.state(), StateName::AuthSent);
    let response = pair.gateway.auth(&request);
    pair.expect_established(&response);
}
