//! How an SA ends: by its owner, by the gateway, by both (RFC 7815 2.1, B.1, RFC 7296 1.4.1).

use crate::support::gateway::CHILD_SPI;
use crate::support::part::{Part, body, clear, clear_parts};
use crate::support::{Pair, answer, config, polite};
use ike_core::{DropReason, ExchangeType, Flags, Header, NotifyType, PayloadType, Schedule};
use ike_initiator::{CloseReason, Config, Event, StateName};
use rstest::rstest;
use std::time::Duration;

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

fn answered(message_id: u32) -> Event {
    Event::Answered { exchange: INFORMATIONAL, message_id, notify: None }
}

/// It is over, and nothing secret, nothing to send and nothing to wait for is left.
fn over(pair: &mut Pair, reason: CloseReason) {
    assert_eq!(pair.device.close_reason(), Some(reason));
    assert!(pair.device.ike_keys().is_none());
    assert!(pair.device.take_child_keys().is_none());
    assert_eq!(pair.sends(), [] as [Vec<u8>; 0]);
    assert_eq!(pair.device.poll_timeout(), None);
}

#[test]
fn a_device_may_vanish_without_a_word() {
    let mut pair = Pair::established(config());
    assert_eq!(pair.close(), [Event::Closed(CloseReason::Silent)]);
    over(&mut pair, CloseReason::Silent);
}

/// Even with Deletes: nothing is established that one could delete.
#[rstest]
fn an_attempt_is_abandoned_without_a_word(#[values(false, true)] auth: bool) {
    let (mut pair, _) = if auth { Pair::auth_sent(polite()) } else { Pair::init_sent(polite()) };
    assert_eq!(pair.close(), [Event::Closed(CloseReason::Silent)]);
    over(&mut pair, CloseReason::Silent);
}

#[test]
fn a_request_that_was_not_fetched_is_not_sent_after_closing() {
    let mut pair = Pair::new(config());
    pair.device.connect(pair.now, &mut pair.rng).expect("idle");
    pair.close();
    over(&mut pair, CloseReason::Silent);
}

/// RFC 7815 B.1: protocol 1, SPI size 0, no SPI; the third request of ours.
#[test]
fn a_polite_device_deletes_the_ike_sa() {
    let mut pair = Pair::established(polite());
    assert_eq!(pair.close(), []);
    let delete = pair.sent();
    let (header, inside) = pair.gateway.open(&delete);
    assert_eq!((header.exchange, header.flags.0, header.message_id), (INFORMATIONAL, 0x08, 2));
    assert_eq!(inside, [Part::raw(PayloadType::D, &[1, 0, 0, 0])]);
    assert!(pair.device.take_child_keys().is_none(), "of no use any more");

    let response = pair.gateway.response(INFORMATIONAL, 2, &[]);
    assert_eq!(pair.receive(&response), [Event::Closed(CloseReason::DeleteAnswered)]);
    over(&mut pair, CloseReason::DeleteAnswered);
}

/// Whatever is inside the answer: the gateway has got the Delete.
#[rstest]
#[case::error(Part::notify(NotifyType::INVALID_SYNTAX, &[]))]
#[case::unknown_critical(Part::raw(PayloadType(200), b"?").critical())]
#[case::a_delete_of_its_own(Part::delete_ike())]
fn any_protected_answer_to_the_delete_ends_it(#[case] part: Part) {
    let (mut pair, _) = Pair::closing();
    let response = pair.gateway.response(INFORMATIONAL, 2, &[part]);
    assert_eq!(pair.receive(&response), [Event::Closed(CloseReason::DeleteAnswered)]);
}

#[test]
fn forged_answers_to_the_delete_end_nothing() {
    let (mut pair, delete) = Pair::closing();
    let response = pair.gateway.response(INFORMATIONAL, 2, &[]);
    let changed = |at: usize, value: u8| {
        let mut forged = response.clone();
        forged[at] = value;
        forged
    };
    assert_eq!(pair.drops(&changed(40, response[40] ^ 1)), DropReason::IcvMismatch);
    assert_eq!(pair.drops(&changed(0, response[0] ^ 1)), DropReason::UnknownSpi);
    assert_eq!(pair.drops(&changed(8, response[8] ^ 1)), DropReason::UnknownSpi);
    assert_eq!(pair.drops(&changed(23, 3)), DropReason::MessageId(3));
    assert_eq!(pair.drops(&changed(23, 1)), DropReason::LateResponse);
    let exchange = ExchangeType::CREATE_CHILD_SA;
    assert_eq!(pair.drops(&changed(18, exchange.0)), DropReason::Exchange(exchange));
    let header = pair.gateway.header(INFORMATIONAL, 2).flags(Flags::RESPONSE);
    assert_eq!(pair.drops(&clear(&header, &[])), DropReason::NotProtected);
    pair.timeout();
    assert_eq!(pair.sent(), delete, "and it is still retransmitted");
    assert_eq!(pair.receive(&response), [Event::Closed(CloseReason::DeleteAnswered)]);
}

#[test]
fn a_lost_delete_is_retransmitted_and_given_up() {
    let schedule = Schedule { tries: 3, ..Schedule::RFC7296 };
    let mut pair = Pair::established(Config { schedule, ..polite() });
    let start = pair.now;
    pair.close();
    let delete = pair.sent();
    for _ in 0..2 {
        assert_eq!(pair.timeout(), []);
        assert_eq!(pair.sent(), delete);
    }
    assert_eq!(pair.timeout(), [Event::Closed(CloseReason::DeleteUnanswered)]);
    assert_eq!(pair.now, start + Duration::from_secs(1 + 2 + 4));
    over(&mut pair, CloseReason::DeleteUnanswered);
}

#[test]
fn a_second_close_forgets_at_once() {
    let (mut pair, _) = Pair::closing();
    assert_eq!(pair.close(), [Event::Closed(CloseReason::DeleteUnanswered)]);
    over(&mut pair, CloseReason::DeleteUnanswered);
    // And a third one does nothing.
    assert_eq!(pair.close(), []);
    over(&mut pair, CloseReason::DeleteUnanswered);
}

#[test]
fn closing_an_idle_device_does_nothing() {
    let mut pair = Pair::new(config());
    assert_eq!(pair.close(), []);
    assert_eq!((pair.device.state(), pair.device.close_reason()), (StateName::Idle, None));
}

/// RFC 7296 2.3: while our own request is outstanding, the gateway's are answered.
#[test]
fn the_gateway_is_answered_while_the_delete_is_outstanding() {
    let (mut pair, delete) = Pair::closing();
    let deadline = pair.device.poll_timeout();
    let request = pair.gateway.request(INFORMATIONAL, &[]);
    assert_eq!(pair.receive(&request), [answered(0)]);
    let response = pair.sent();
    assert_eq!(answer(&pair, &response), (INFORMATIONAL, 0, None));
    assert_eq!(pair.receive(&request), [Event::Repeated { message_id: 0 }]);
    assert_eq!(pair.sent(), response);
    let request = pair.gateway.request(ExchangeType::CREATE_CHILD_SA, &[]);
    pair.receive(&request);
    let response = pair.sent();
    let refusal = Part::notify(NotifyType::NO_ADDITIONAL_SAS, &[]);
    assert_eq!(answer(&pair, &response).2, Some(refusal));
    // The Child SA goes away with ours: its Delete is only answered.
    let request = pair.gateway.request(INFORMATIONAL, &[Part::delete_esp(CHILD_SPI)]);
    assert_eq!(pair.receive(&request), [answered(2)]);
    pair.sent();
    assert_eq!(pair.device.poll_timeout(), deadline);
    pair.timeout();
    assert_eq!(pair.sent(), delete);
}

/// Both delete at once: the gateway's Delete is answered, and that is the end.
#[test]
fn crossing_deletes_end_the_sa() {
    let (mut pair, _) = Pair::closing();
    let request = pair.gateway.request(INFORMATIONAL, &[Part::delete_ike()]);
    assert_eq!(pair.receive(&request), [answered(0), Event::Closed(CloseReason::DeletedByPeer)]);
    let response = pair.sent();
    assert_eq!(answer(&pair, &response), (INFORMATIONAL, 0, None));
    over(&mut pair, CloseReason::DeletedByPeer);
}

/// The answer is still fetched after the keys are gone.
#[rstest]
fn a_delete_of_the_ike_sa_is_answered_and_all_is_forgotten(
    #[values(config(), polite())] config: Config,
) {
    let mut pair = Pair::established(config);
    let request = pair.gateway.request(INFORMATIONAL, &[Part::delete_ike()]);
    let deleted = Event::Closed(CloseReason::DeletedByPeer);
    assert_eq!(pair.receive(&request), [answered(0), deleted]);
    assert!(pair.device.ike_keys().is_none());
    let response = pair.sent();
    assert_eq!(answer(&pair, &response), (INFORMATIONAL, 0, None));
    over(&mut pair, CloseReason::DeletedByPeer);
    assert_eq!(pair.drops(&request), DropReason::NotExpected);
}

#[test]
fn a_delete_of_both_sas_is_one_of_the_ike_sa() {
    let mut pair = Pair::established(polite());
    let parts = [Part::delete_ike(), Part::delete_esp(CHILD_SPI)];
    let request = pair.gateway.request(INFORMATIONAL, &parts);
    let events = pair.receive(&request);
    assert_eq!(events[1..], [Event::Closed(CloseReason::DeletedByPeer)]);
    let parts = [Part::delete_esp(CHILD_SPI), Part::delete_ike()];
    let mut pair = Pair::established(polite());
    let request = pair.gateway.request(INFORMATIONAL, &parts);
    let events = pair.receive(&request);
    assert_eq!(events[1..], [Event::Closed(CloseReason::DeletedByPeer)], "in either order");
}

/// RFC 7815 2.1: without a Child SA there is no use for the IKE SA.
#[test]
fn a_delete_of_the_child_ends_the_ike_sa_too() {
    let reason = CloseReason::ChildDeletedByPeer;
    let mut silent = Pair::established(config());
    let request = silent.gateway.request(INFORMATIONAL, &[Part::delete_esp(CHILD_SPI)]);
    let events = [answered(0), Event::ChildClosed, Event::Closed(reason)];
    assert_eq!(silent.receive(&request), events);
    silent.sent();
    over(&mut silent, reason);

    let mut pair = Pair::established(polite());
    let request = pair.gateway.request(INFORMATIONAL, &[Part::delete_esp(CHILD_SPI)]);
    // The owner is told at once: an answer to the Delete may take minutes.
    assert_eq!(pair.receive(&request), [answered(0), Event::ChildClosed]);
    assert_eq!(pair.device.state(), StateName::Closing);
    let sent = pair.sends();
    assert_eq!(sent.len(), 2, "the answer, then the Delete");
    assert_eq!(answer(&pair, &sent[0]), (INFORMATIONAL, 0, None));
    assert_eq!(pair.gateway.open(&sent[1]).1, [Part::delete_ike()]);
    let response = pair.gateway.response(INFORMATIONAL, 2, &[]);
    assert_eq!(pair.receive(&response), [Event::Closed(reason)]);
    over(&mut pair, reason);
}

/// RFC 7296 2.10, 2.12: nothing of an SA comes back in the next.
#[test]
fn a_reconnection_uses_a_fresh_spi_nonce_and_key() {
    let mut pair = Pair::new(config());
    let mut seen = Vec::new();
    for _ in 0..4 {
        let init = pair.connect();
        let spi = Header::parse(&init).expect("a header").spi_i.to_octets().to_vec();
        let parts = clear_parts(&init);
        let (nonce, key) = (body(&parts, PayloadType::NONCE), body(&parts, PayloadType::KE));
        let response = pair.gateway.init(&init);
        pair.receive(&response);
        let auth = pair.sent();
        let (_, inside) = pair.gateway.open(&auth);
        let child = body(&inside, PayloadType::SA)[8..12].to_vec();
        let response = pair.gateway.auth(&auth);
        pair.expect_established(&response);
        assert!(pair.device.take_child_keys().is_some());
        for fresh in [spi, nonce.to_vec(), key.to_vec(), child] {
            assert!(!seen.contains(&fresh));
            seen.push(fresh);
        }
        pair.close();
        assert_eq!(pair.drops(&response), DropReason::NotExpected);
    }
}

/// The messages of the SA before have other SPIs.
#[test]
fn an_earlier_sa_does_not_disturb_the_next() {
    let mut pair = Pair::established(config());
    let old = pair.gateway.request(INFORMATIONAL, &[Part::delete_ike()]);
    let (init, auth) =
        (pair.gateway.sa().response.clone(), pair.gateway.sa().auth_response.clone());
    pair.close();
    let request = pair.connect();
    for datagram in [&old, &init, &auth] {
        assert_eq!(pair.drops(datagram), DropReason::UnknownSpi);
    }
    let response = pair.gateway.init(&request);
    pair.receive(&response);
    let request = pair.sent();
    for datagram in [&old, &init, &auth] {
        assert_eq!(pair.drops(datagram), DropReason::UnknownSpi);
    }
    let response = pair.gateway.auth(&request);
    pair.expect_established(&response);
    for datagram in [&old, &init, &auth] {
        assert_eq!(pair.drops(datagram), DropReason::UnknownSpi);
    }
}
