//! What the gateway asks of an established device (RFC 7815 2.2, RFC 7296 1.3, 1.4, 2.3).

use crate::support::gateway::CHILD_SPI;
use crate::support::part::{Inside, Part, clear};
use crate::support::{Pair, answer, config, path, path_of, polite};
use ike_core::payload::{Nonce, Notify};
use ike_core::{DropReason, ExchangeType, Flags, NotifyType, Path, PayloadType, ProtocolId};
use ike_initiator::{CloseReason, Config, Event, Profile, StateName};
use rstest::rstest;

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;
const CREATE_CHILD_SA: ExchangeType = ExchangeType::CREATE_CHILD_SA;

fn answered(exchange: ExchangeType, message_id: u32, notify: Option<NotifyType>) -> [Event; 1] {
    [Event::Answered { exchange, message_id, notify }]
}

fn notify(kind: NotifyType) -> Part {
    Part::notify(kind, &[])
}

fn rfc7815() -> Config {
    Config { profile: Profile::Rfc7815, ..config() }
}

/// N(REKEY_SA) names the Child SA by the SPI of packets to its sender.
fn rekey_child() -> Part {
    let spi = &CHILD_SPI.to_be_bytes();
    Part::of(&Notify { protocol: ProtocolId::ESP, spi, kind: NotifyType::REKEY_SA, data: &[] })
}

#[rstest]
#[case::liveness(INFORMATIONAL, vec![], None)]
#[case::a_status(INFORMATIONAL, vec![notify(NotifyType(40_000))], None)]
#[case::an_unknown_error(INFORMATIONAL, vec![notify(NotifyType(8_000))], None)]
#[case::configuration(INFORMATIONAL, vec![Part::raw(PayloadType::CP, &[3, 0, 0, 0])], None)]
#[case::unknown_payloads(
    INFORMATIONAL,
    vec![Part::raw(PayloadType(1), b"?"), Part::raw(PayloadType(255), b"")],
    None
)]
#[case::critical_on_a_defined_type(
    INFORMATIONAL,
    vec![Part::raw(PayloadType::V, b"vendor").critical()],
    None
)]
#[case::another_child(CREATE_CHILD_SA, vec![], Some(NotifyType::NO_ADDITIONAL_SAS))]
#[case::a_new_child(
    CREATE_CHILD_SA,
    vec![Part::raw(PayloadType::SA, &[0; 8]), Part::of(&Nonce(&[1; 32]))],
    Some(NotifyType::NO_ADDITIONAL_SAS)
)]
#[case::rekey_the_child(CREATE_CHILD_SA, vec![rekey_child()], Some(NotifyType::NO_ADDITIONAL_SAS))]
#[case::a_delete_in_the_wrong_exchange(
    CREATE_CHILD_SA,
    vec![Part::delete_ike()],
    Some(NotifyType::NO_ADDITIONAL_SAS)
)]
fn every_request_is_answered_with_nothing_or_an_error(
    #[case] exchange: ExchangeType,
    #[case] parts: Vec<Part>,
    #[case] error: Option<NotifyType>,
    #[values(config(), rfc7815())] config: Config,
) {
    let mut pair = Pair::established(config);
    let request = pair.gateway.request(exchange, &parts);
    assert_eq!(pair.receive(&request), answered(exchange, 0, error));
    let response = pair.sent();
    assert_eq!(answer(&pair, &response), (exchange, 0, error.map(notify)));
    assert_eq!(pair.device.state(), StateName::Established);
    // And the next one is answered, too.
    let next = pair.gateway.request(INFORMATIONAL, &[]);
    assert_eq!(pair.receive(&next), answered(INFORMATIONAL, 1, None));
    let response = pair.sent();
    assert_eq!(answer(&pair, &response), (INFORMATIONAL, 1, None));
}

/// RFC 7296 2.5: the notify's data is the one octet of the payload's type.
#[rstest]
fn an_unknown_critical_payload_is_named(
    #[values(INFORMATIONAL, CREATE_CHILD_SA)] exchange: ExchangeType,
    #[values(1, 49, 255)] kind: u8,
) {
    let mut pair = Pair::established(config());
    let unknown = || Part::raw(PayloadType(kind), b"?").critical();
    let unsupported = NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD;
    let request = pair.gateway.request(exchange, &[unknown(), Part::delete_ike()]);
    assert_eq!(pair.receive(&request), answered(exchange, 0, Some(unsupported)));
    let response = pair.sent();
    let named = Some(Part::notify(unsupported, &[kind]));
    assert_eq!(answer(&pair, &response), (exchange, 0, named.clone()));

    // Rejected as a whole: a Delete before it does not count.
    let request = pair.gateway.request(exchange, &[Part::delete_ike(), unknown()]);
    pair.receive(&request);
    pair.sent();
    assert_eq!(pair.device.state(), StateName::Established);

    // In clear before SK it is authenticated, and counts.
    let header = pair.gateway.header(exchange, 2);
    let request = pair.gateway.seal(&header, &[unknown()], &Inside::of(&[]));
    assert_eq!(pair.receive(&request), answered(exchange, 2, Some(unsupported)));
    let response = pair.sent();
    assert_eq!(answer(&pair, &response), (exchange, 2, named));
}

/// RFC 7296 2.21.3: INVALID_SYNTAX is fatal on both sides. The gateway forgets the IKE SA without a Delete, so a device that
/// kept it would send into the void.
fn ends_by_invalid_syntax(mut pair: Pair, exchange: ExchangeType, request: &[u8]) {
    let ended = Event::Closed(CloseReason::InvalidSyntax);
    let [answered] = answered(exchange, 0, Some(NotifyType::INVALID_SYNTAX));
    assert_eq!(pair.receive(request), [answered, ended]);
    assert!(pair.device.ike_keys().is_none() && pair.device.take_child_keys().is_none());
    let response = pair.sent();
    let invalid = Some(notify(NotifyType::INVALID_SYNTAX));
    assert_eq!(answer(&pair, &response), (exchange, 0, invalid), "and no Delete");
    assert_eq!(pair.device.close_reason(), Some(CloseReason::InvalidSyntax));
    assert_eq!(pair.drops(request), DropReason::NotExpected);
}

#[rstest]
#[case::an_unknown_exchange(ExchangeType(250), vec![])]
#[case::ike_auth_again(ExchangeType::IKE_AUTH, vec![])]
#[case::ike_sa_init_inside(ExchangeType::IKE_SA_INIT, vec![])]
#[case::a_malformed_delete(INFORMATIONAL, vec![Part::raw(PayloadType::D, &[1, 0, 0])])]
#[case::a_delete_that_counts_wrong(
    INFORMATIONAL,
    vec![Part::raw(PayloadType::D, &[3, 4, 0, 2, 1, 2, 3, 4])]
)]
#[case::sk_inside_sk(INFORMATIONAL, vec![Part::raw(PayloadType::SK, &[0; 40])])]
fn a_request_that_makes_no_sense_ends_the_sa(
    #[case] exchange: ExchangeType,
    #[case] parts: Vec<Part>,
    #[values(config(), polite(), rfc7815())] config: Config,
) {
    let mut pair = Pair::established(config);
    let request = pair.gateway.request(exchange, &parts);
    ends_by_invalid_syntax(pair, exchange, &request);
}

#[rstest]
#[case::padding_beyond_the_text(Inside { pad_length: Some(99), ..Inside::of(&[]) })]
#[case::a_cut_payload(Inside {
    first: PayloadType::N,
    octets: vec![0, 0, 0, 9, 0],
    pad_length: None,
})]
#[case::octets_after_the_last_payload(Inside {
    first: PayloadType::NONE,
    octets: vec![1, 2, 3],
    pad_length: None,
})]
#[case::a_payload_of_length_3(Inside {
    first: PayloadType::N,
    octets: vec![0, 0, 0, 3],
    pad_length: None,
})]
fn a_request_with_nonsense_inside_ends_the_sa(#[case] inside: Inside) {
    let mut pair = Pair::established(config());
    let header = pair.gateway.header(INFORMATIONAL, 0);
    let request = pair.gateway.seal(&header, &[], &inside);
    ends_by_invalid_syntax(pair, INFORMATIONAL, &request);
}

/// RFC 7296 3.10.1: INVALID_SYNTAX is for those who have the keys; to all others silence.
#[test]
fn what_is_not_authentic_gets_no_answer() {
    let mut pair = Pair::established(config());
    let request = pair.gateway.request(INFORMATIONAL, &[]);
    for at in 28..request.len() {
        let mut forged = request.clone();
        forged[at] ^= 0x40;
        let reason = pair.drops(&forged);
        let weather = matches!(reason, DropReason::IcvMismatch | DropReason::Malformed(_));
        assert!(weather, "octet {at}: {reason}");
    }
    let open = clear(&pair.gateway.header(INFORMATIONAL, 0), &[Part::delete_ike()]);
    assert_eq!(pair.drops(&open), DropReason::NotProtected);
    let mut other = request.clone();
    other[8] ^= 1;
    assert_eq!(pair.drops(&other), DropReason::UnknownSpi);
    // A bug that others had: a message with the response flag is answered.
    let response = pair.gateway.response(INFORMATIONAL, 0, &[]);
    assert_eq!(pair.drops(&response), DropReason::LateResponse);
    // The forgeries moved no window.
    assert_eq!(pair.receive(&request), answered(INFORMATIONAL, 0, None));
    pair.sent();
}

/// A bug that others had: reserved flags come back. RFC 7296 3.1: sent as zero.
#[test]
fn reserved_flags_are_not_copied() {
    let mut pair = Pair::established(config());
    let header = pair.gateway.header(INFORMATIONAL, 0).flags(Flags(0xd7 & !0x08));
    let request = pair.gateway.seal(&header, &[], &Inside::of(&[]));
    assert_eq!(pair.receive(&request), answered(INFORMATIONAL, 0, None));
    let response = pair.sent();
    // `answer` checks the flags.
    assert_eq!(answer(&pair, &response), (INFORMATIONAL, 0, None));
}

/// RFC 7296 2.1, 2.3: a repeated request gets the octets that the first one got.
#[test]
fn a_repeated_request_gets_the_same_octets_and_does_nothing_else() {
    let mut pair = Pair::established(config());
    let first = pair.gateway.request(CREATE_CHILD_SA, &[]);
    pair.receive(&first);
    let response = pair.sent();
    for _ in 0..3 {
        assert_eq!(pair.receive(&first), [Event::Repeated { message_id: 0 }]);
        assert_eq!(pair.sent(), response);
    }
    // Nobody repeats a response by himself (RFC 7296 2.1).
    pair.device.handle_timeout(pair.now, &mut pair.rng);
    assert_eq!(pair.sends(), [] as [Vec<u8>; 0]);

    // A forged repetition gets nothing.
    let mut forged = first.clone();
    forged[40] ^= 1;
    assert_eq!(pair.drops(&forged), DropReason::IcvMismatch);
}

/// A bug that others had: old Deletes and CREATE_CHILD_SAs can be replayed.
#[test]
fn requests_outside_the_window_are_not_acknowledged() {
    let mut pair = Pair::established(config());
    // Before the first one there is none that could be repeated, not even round the corner.
    for other in [1, u32::MAX] {
        let request = pair.gateway.request_with_id(INFORMATIONAL, other, &[Part::delete_ike()]);
        assert_eq!(pair.drops(&request), DropReason::MessageId(other));
    }
    let requests: Vec<_> = (0..4).map(|_| pair.gateway.request(INFORMATIONAL, &[])).collect();
    for request in &requests {
        pair.receive(request);
        pair.sent();
    }
    for old in 0..3 {
        let reason = pair.drops(&requests[old as usize]);
        assert_eq!(reason, DropReason::MessageId(old));
    }
    for future in [5, 6, 0x8000_0000, u32::MAX] {
        let request = pair.gateway.request_with_id(INFORMATIONAL, future, &[Part::delete_ike()]);
        assert_eq!(pair.drops(&request), DropReason::MessageId(future));
    }
    assert_eq!(pair.receive(&requests[3]), [Event::Repeated { message_id: 3 }]);
    pair.sent();
}

/// The last request, with other octets under its Message ID, gets the kept answer and no effect.
#[test]
fn another_request_with_the_last_message_id_has_no_effect() {
    let mut pair = Pair::established(config());
    let first = pair.gateway.request(INFORMATIONAL, &[]);
    pair.receive(&first);
    let response = pair.sent();
    let second = pair.gateway.request_with_id(INFORMATIONAL, 0, &[Part::delete_ike()]);
    assert_eq!(pair.receive(&second), [Event::Repeated { message_id: 0 }]);
    assert_eq!(pair.sent(), response);
    assert_eq!(pair.device.state(), StateName::Established);
}

/// RFC 7815 2.1: a minimal device may answer whatever the Message ID is. An AEAD must not see an
/// IV twice, so each answer is a new one (checked in `Pair`).
#[test]
fn the_profile_of_rfc_7815_answers_every_message_id_afresh() {
    let mut pair = Pair::established(rfc7815());
    let before = pair.protected_messages();
    let mut answers = Vec::new();
    for id in [0, 0, 7, 3, 0, u32::MAX] {
        let request = pair.gateway.request_with_id(INFORMATIONAL, id, &[]);
        assert_eq!(pair.receive(&request), answered(INFORMATIONAL, id, None));
        let response = pair.sent();
        assert_eq!(answer(&pair, &response), (INFORMATIONAL, id, None));
        answers.push(response);
    }
    answers.sort();
    answers.dedup();
    assert_eq!((answers.len(), pair.protected_messages() - before), (6, 6));
}

#[rstest]
#[case::another_port(path().local, "[2001:db8::1]:40000")]
#[case::another_address(path().local, "[2001:db8::99]:500")]
#[case::another_family(path_of("192.0.2.13:500", "192.0.2.1:1").local, "192.0.2.1:1")]
fn an_answer_goes_back_where_the_request_came_from(
    #[case] local: std::net::SocketAddr,
    #[case] remote: &str,
) {
    let changed = Path { local, remote: remote.parse().expect("a socket") };
    let mut pair = Pair::established(polite());
    let request = pair.gateway.request(INFORMATIONAL, &[]);
    pair.receive_on(changed, &request);
    let sent = pair.sends_along();
    assert_eq!((sent.len(), sent[0].0), (1, changed));
    // A repetition from elsewhere is answered there.
    pair.receive(&request);
    assert_eq!(pair.sends_along(), [(path(), sent[0].1.clone())]);
    // The device's own requests stay on its path (RFC 7296 2.11 is about answers).
    pair.close();
    pair.sent();
}

/// An answer that the owner has not fetched is replaced by the next one: the gateway, with a
/// window of 1, has seen the former if it asks anew.
#[test]
fn an_answer_that_was_not_fetched_gives_way_to_the_next() {
    let mut pair = Pair::established(config());
    let first = pair.gateway.request(INFORMATIONAL, &[]);
    pair.receive(&first);
    let second = pair.gateway.request(CREATE_CHILD_SA, &[]);
    pair.receive(&second);
    let response = pair.sent();
    assert_eq!(answer(&pair, &response).1, 1);
}

#[test]
fn what_counts_is_remembered_as_heard() {
    let mut pair = Pair::established(config());
    let established = pair.now;
    pair.wait(std::time::Duration::from_secs(5));
    let mut request = pair.gateway.request(INFORMATIONAL, &[]);
    request[40] ^= 1;
    pair.drops(&request);
    assert_eq!(pair.device.last_heard(), Some(established));
    request[40] ^= 1;
    pair.receive(&request);
    assert_eq!(pair.device.last_heard(), Some(pair.now));
    pair.sent();
}

/// A Delete of the Child SA, or one for SPIs that are not ours (RFC 7296 1.4.1).
#[test]
fn a_delete_for_another_child_is_only_answered() {
    let mut pair = Pair::established(config());
    let ours = pair.device.take_child_keys().expect("established").spi_in;
    let ah = Part::raw(PayloadType::D, &[2, 4, 0, 1, 0xc0, 0xff, 0xee, 1]);
    let none = Part::raw(PayloadType::D, &[3, 4, 0, 0]);
    for part in [Part::delete_esp(CHILD_SPI ^ 1), Part::delete_esp(ours), ah, none] {
        let request = pair.gateway.request(INFORMATIONAL, &[part]);
        let events = pair.receive(&request);
        assert!(matches!(events[..], [Event::Answered { notify: None, .. }]), "{events:?}");
        pair.sent();
    }
    assert_eq!(pair.device.state(), StateName::Established);
    assert_eq!(pair.device.close_reason(), None::<CloseReason>);
}
