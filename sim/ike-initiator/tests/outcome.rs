//! What the IKE_AUTH response decides (RFC 7296 1.2, 2.9, 2.21.2, RFC 7815 2.1).

use crate::support::gateway::CHILD_SPI;
use crate::support::part::{Inside, Part};
use crate::support::{Pair, config, polite};
use ike_core::payload::{Auth, Delete, ProposalRepr, SaRepr, Transform, TsRepr};
use ike_core::{
    AuthMethod, DropReason, Error, ExchangeType, Flags, NotifyType, PayloadType, PeerIncompatible,
    PeerMisbehaved, ProtocolId, Suite, TrafficSelector, TransformType,
};
use ike_initiator::{CloseReason, Config, Event, FailReason, StateName};
use rstest::rstest;
use std::net::IpAddr;

/// The attempt ends for this reason, without a word.
pub(crate) fn fails(pair: &mut Pair, response: &[u8], reason: FailReason) {
    assert_eq!(pair.receive(response), [Event::Failed(reason), Event::Closed(CloseReason::Failed)]);
    assert_eq!(pair.sends(), [] as [Vec<u8>; 0]);
    assert_eq!(pair.device.close_reason(), Some(CloseReason::Failed));
    assert!(pair.device.take_child_keys().is_none());
}

/// The attempt ends for this reason with a Delete, which is answered.
pub(crate) fn fails_politely(pair: &mut Pair, response: &[u8], reason: FailReason) {
    assert_eq!(pair.receive(response), [Event::Failed(reason)]);
    assert_eq!(pair.device.state(), StateName::Closing);
    assert!(pair.device.take_child_keys().is_none());
    let delete = pair.sent();
    let (header, inside) = pair.gateway.open(&delete);
    assert_eq!((header.exchange, header.message_id), (ExchangeType::INFORMATIONAL, 2));
    assert_eq!(inside, [Part::delete_ike()]);
    let answer = pair.gateway.response(ExchangeType::INFORMATIONAL, 2, &[]);
    assert_eq!(pair.receive(&answer), [Event::Closed(CloseReason::Failed)]);
}

/// The whole IKE_AUTH answer is one notify.
fn only_notify(kind: NotifyType, config: Config) -> (Pair, Vec<u8>) {
    let (mut pair, request) = Pair::auth_sent(config);
    let response = pair.gateway.auth_edited(&request, |parts| *parts = vec![notify(kind)]);
    (pair, response)
}

fn notify(kind: NotifyType) -> Part {
    Part::notify(kind, &[])
}

#[rstest]
fn a_protected_error_without_auth_ends_the_attempt(
    #[values(
        NotifyType::AUTHENTICATION_FAILED,
        NotifyType::INVALID_SYNTAX,
        NotifyType::NO_PROPOSAL_CHOSEN,
        NotifyType(16383)
    )]
    kind: NotifyType,
    #[values(config(), polite())] config: Config,
) {
    // Even who wants Deletes sends none: the gateway has no SA.
    let (mut pair, response) = only_notify(kind, config);
    fails(&mut pair, &response, FailReason::Refused(kind));
}

#[test]
fn a_response_with_nothing_inside_lacks_an_identity() {
    let (mut pair, _) = Pair::auth_sent(config());
    let response = pair.gateway.response(ExchangeType::IKE_AUTH, 1, &[]);
    let missing = PeerMisbehaved::MissingPayload(PayloadType::IDR);
    fails(&mut pair, &response, FailReason::Unacceptable(missing.into()));
}

#[rstest]
#[case(PayloadType::IDR)]
#[case(PayloadType::AUTH)]
#[case(PayloadType::TSI)]
#[case(PayloadType::TSR)]
fn a_payload_that_must_be_there_is_missed(#[case] kind: PayloadType) {
    let (mut pair, request) = Pair::auth_sent(config());
    let response =
        pair.gateway.auth_edited(&request, |parts| parts.retain(|part| part.kind != kind));
    let missing = PeerMisbehaved::MissingPayload(kind);
    fails(&mut pair, &response, FailReason::Unacceptable(missing.into()));
}

#[rstest]
fn a_payload_may_not_stand_there_twice(#[values(0, 1, 2, 3, 4)] at: usize) {
    let (mut pair, request) = Pair::auth_sent(config());
    let mut kind = PayloadType::NONE;
    let response = pair.gateway.auth_edited(&request, |parts| {
        kind = parts[at].kind;
        parts.push(parts[at].clone());
    });
    let repeated = PeerMisbehaved::RepeatedPayload(kind);
    fails(&mut pair, &response, FailReason::Unacceptable(repeated.into()));
}

#[test]
fn each_octet_of_auth_counts() {
    for at in 4..36 {
        let (mut pair, request) = Pair::auth_sent(polite());
        let response = pair.gateway.auth_edited(&request, |parts| parts[1].body[at] ^= 1);
        fails(&mut pair, &response, FailReason::AuthenticationFailed);
    }
}

#[rstest]
#[case::too_short(31)]
#[case::empty(0)]
fn a_shorter_auth_proves_nothing(#[case] len: usize) {
    let (mut pair, request) = Pair::auth_sent(config());
    let response = pair.gateway.auth_edited(&request, |parts| parts[1].body.truncate(4 + len));
    fails(&mut pair, &response, FailReason::AuthenticationFailed);
}

#[test]
fn a_gateway_with_another_secret_proves_nothing() {
    let (mut pair, request) = Pair::auth_sent(config());
    let psk = ike_core::Psk::new(b"another secret").expect("a key");
    // The gateway takes our AUTH, and makes its own with the other secret.
    let response = {
        let usual = std::mem::replace(&mut pair.gateway.psk, psk);
        let id = pair.gateway.identity.clone();
        let auth = pair.gateway.auth_part(id.body());
        pair.gateway.psk = usual;
        pair.gateway.auth_edited(&request, |parts| parts[1] = auth)
    };
    fails(&mut pair, &response, FailReason::AuthenticationFailed);
}

#[test]
fn another_method_than_the_shared_key_is_unacceptable() {
    let (mut pair, request) = Pair::auth_sent(config());
    let method = AuthMethod::DIGITAL_SIGNATURE;
    let response = pair.gateway.auth_edited(&request, |parts| {
        parts[1] = Part::of(&Auth { method, data: &[0; 32] });
    });
    let wrong = PeerIncompatible::AuthMethod(method);
    fails(&mut pair, &response, FailReason::Unacceptable(wrong.into()));
}

const CHILD_ERRORS: [NotifyType; 5] = [
    NotifyType::NO_PROPOSAL_CHOSEN,
    NotifyType::TS_UNACCEPTABLE,
    NotifyType::SINGLE_PAIR_REQUIRED,
    NotifyType::INTERNAL_ADDRESS_FAILURE,
    NotifyType::FAILED_CP_REQUIRED,
];

/// The gateway is who it claims to be, and there is no Child SA.
#[test]
fn a_refused_child_ends_the_attempt_with_a_word_if_wanted() {
    for kind in CHILD_ERRORS.into_iter().chain([NotifyType(8000)]) {
        let refuse = |parts: &mut Vec<Part>| {
            parts.truncate(2);
            parts.push(notify(kind));
        };
        let (mut pair, request) = Pair::auth_sent(config());
        let response = pair.gateway.auth_edited(&request, refuse);
        fails(&mut pair, &response, FailReason::ChildRefused(Some(kind)));

        let (mut pair, request) = Pair::auth_sent(polite());
        let response = pair.gateway.auth_edited(&request, refuse);
        fails_politely(&mut pair, &response, FailReason::ChildRefused(Some(kind)));
    }
    let (mut pair, request) = Pair::auth_sent(config());
    let response = pair.gateway.auth_edited(&request, |parts| parts.truncate(2));
    fails(&mut pair, &response, FailReason::ChildRefused(None));
}

/// Whoever does not prove its identity is not asked about the Child SA.
#[test]
fn a_refusal_with_a_wrong_auth_is_a_failed_authentication() {
    let (mut pair, request) = Pair::auth_sent(polite());
    let response = pair.gateway.auth_edited(&request, |parts| {
        parts[1].body[10] ^= 1;
        parts.truncate(2);
        parts.push(notify(NotifyType::TS_UNACCEPTABLE));
    });
    fails(&mut pair, &response, FailReason::AuthenticationFailed);
}

/// However its Delete ends, it does not change why the attempt failed.
#[rstest]
#[case::the_gateway_deletes(|pair: &mut Pair| {
    let delete = pair.gateway.request(ExchangeType::INFORMATIONAL, &[Part::delete_ike()]);
    pair.receive(&delete)
})]
#[case::the_owner_closes(Pair::close)]
#[case::nobody_answers(|pair: &mut Pair| {
    loop {
        let events = pair.timeout();
        pair.sends();
        if !events.is_empty() {
            return events;
        }
    }
})]
fn a_failed_attempt_stays_failed_while_it_is_deleted(#[case] end: fn(&mut Pair) -> Vec<Event>) {
    let (mut pair, request) = Pair::auth_sent(polite());
    let response = pair.gateway.auth_edited(&request, |parts| parts.truncate(2));
    assert_eq!(pair.receive(&response), [Event::Failed(FailReason::ChildRefused(None))]);
    pair.sent();
    assert_eq!(end(&mut pair).last(), Some(&Event::Closed(CloseReason::Failed)));
}

fn child_sa(transforms: &[Transform], number: u8, protocol: ProtocolId, spi: &[u8]) -> Part {
    Part::of(&SaRepr(&[ProposalRepr { number, protocol, spi, transforms }]))
}

/// SAr2 must be one of the offers, exactly (RFC 7296 3.3.6): the gateway is known by then, so that a
/// polite device deletes what is of no use.
#[test]
fn a_child_sa_that_was_not_offered_is_unacceptable() {
    let usual = Suite::AesGcmX25519.esp().transforms();
    let with = |edit: fn(&mut Vec<Transform>)| {
        let mut transforms = usual.to_vec();
        edit(&mut transforms);
        transforms
    };
    let spi = CHILD_SPI.to_be_bytes();
    let esp = ProtocolId::ESP;
    let cases = [
        child_sa(&usual, 1, esp, &spi[..3]),
        child_sa(&usual, 1, esp, &[0, 0, 0, 255]),
        child_sa(&usual, 1, esp, &[0; 4]),
        child_sa(&usual, 1, esp, &[1; 8]),
        child_sa(&usual, 2, esp, &spi),
        child_sa(&usual, 1, ProtocolId::AH, &spi),
        child_sa(&with(|all| all[0].key_length = Some(256)), 1, esp, &spi),
        child_sa(&with(|all| all[0].key_length = None), 1, esp, &spi),
        child_sa(&with(|all| all[0].id = 12), 1, esp, &spi),
        child_sa(&with(|all| all[1].id = 1), 1, esp, &spi),
        child_sa(&with(|all| all.truncate(1)), 1, esp, &spi),
        child_sa(&with(|all| all.push(Transform::new(TransformType::DH, 31))), 1, esp, &spi),
        child_sa(&with(|all| all.push(Transform::new(TransformType::INTEG, 12))), 1, esp, &spi),
    ];
    for (index, case) in cases.into_iter().enumerate() {
        let (mut pair, request) = Pair::auth_sent(config());
        let response = pair.gateway.auth_edited(&request, |parts| parts[2] = case);
        let events = pair.receive(&response);
        let refused = matches!(
            events[0],
            Event::Failed(FailReason::Unacceptable(Error::Misbehaved(PeerMisbehaved::NotOffered(
                _
            ))))
        );
        assert!(refused, "case {index}: {events:?}");
        assert_eq!(pair.device.state(), StateName::Closed);
    }
}

fn range(first: &str, last: &str, protocol: u8, ports: (u16, u16)) -> TrafficSelector {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    TrafficSelector::new(address(first), address(last), protocol, ports).expect("a range")
}

/// The answer of a gateway that gives these selectors to a device that proposes a network.
fn with_selectors(
    whose: PayloadType,
    selectors: &[TrafficSelector],
    delete_on_close: bool,
) -> (Pair, Vec<u8>) {
    let net = TrafficSelector::network("2001:db8::".parse().expect("an address"), 64);
    let net: ike_core::Selectors = net.into_iter().collect();
    let config = Config { local: net.clone(), remote: net, delete_on_close, ..config() };
    let (mut pair, request) = Pair::auth_sent(config);
    let response = pair.gateway.auth_edited(&request, |parts| {
        let at = if whose == PayloadType::TSI { 3 } else { 4 };
        parts[at] = Part::of(&TsRepr { whose, selectors });
    });
    (pair, response)
}

#[rstest]
fn narrowed_selectors_are_taken(#[values(PayloadType::TSI, PayloadType::TSR)] whose: PayloadType) {
    let narrow = [
        range("2001:db8::5", "2001:db8::5", 17, (5683, 5683)),
        range("2001:db8::7", "2001:db8::70", 0, (0, 65535)),
    ];
    let (mut pair, response) = with_selectors(whose, &narrow, false);
    pair.expect_established(&response);
    let child = pair.device.take_child_keys().expect("established");
    let got = if whose == PayloadType::TSI { child.local } else { child.remote };
    assert_eq!(got, narrow);
}

#[rstest]
#[case::another_network("2001:db9::1", "2001:db9::1")]
#[case::a_larger_network("2001:db8::", "2001:db8:0:1::")]
#[case::another_family("10.0.0.1", "10.0.0.1")]
fn widened_selectors_are_unacceptable(
    #[case] first: &str,
    #[case] last: &str,
    #[values(PayloadType::TSI, PayloadType::TSR)] whose: PayloadType,
) {
    let wide =
        [range("2001:db8::5", "2001:db8::5", 0, (0, 65535)), range(first, last, 0, (0, 65535))];
    let reason = || FailReason::Unacceptable(PeerMisbehaved::WidenedSelectors.into());
    let (mut pair, response) = with_selectors(whose, &wide, false);
    fails(&mut pair, &response, reason());
    // The gateway has proven who it is: it learns that the SA goes away.
    let (mut pair, response) = with_selectors(whose, &wide, true);
    fails_politely(&mut pair, &response, reason());
}

#[test]
fn a_selector_of_a_type_that_was_not_proposed_widens() {
    let (mut pair, request) = Pair::auth_sent(config());
    let response = pair.gateway.auth_edited(&request, |parts| {
        // A second selector, of 8 octets and a type that nobody here knows.
        parts[3].body[0] += 1;
        parts[3].body.extend_from_slice(&[9, 0, 0, 8, 0, 0, 0, 0]);
    });
    fails(&mut pair, &response, FailReason::Unacceptable(PeerMisbehaved::WidenedSelectors.into()));
}

#[test]
fn no_selector_at_all_is_unacceptable() {
    let (mut pair, response) = with_selectors(PayloadType::TSI, &[], false);
    let reason = FailReason::Unacceptable(PeerIncompatible::TsUnacceptable.into());
    fails(&mut pair, &response, reason);
}

/// A bug that others had: a selector's length runs beyond its payload.
#[rstest]
#[case::beyond_the_payload(6, 0xff)]
#[case::too_short_for_itself(7, 3)]
#[case::not_that_of_its_type(7, 16)]
fn a_selector_of_a_wrong_length_is_malformed(#[case] at: usize, #[case] value: u8) {
    let (mut pair, request) = Pair::auth_sent(config());
    let response = pair.gateway.auth_edited(&request, |parts| parts[3].body[at] = value);
    let events = pair.receive(&response);
    let malformed =
        matches!(events[0], Event::Failed(FailReason::Unacceptable(Error::Malformed(_))));
    assert!(malformed, "{events:?}");
}

/// RFC 7815 2.1, A: whatever else a gateway says is skipped.
#[test]
fn what_a_minimal_device_does_not_know_is_skipped() {
    let extras = || {
        vec![
            notify(NotifyType(40_000)),
            notify(NotifyType::ADDITIONAL_TS_POSSIBLE),
            notify(NotifyType::MOBIKE_SUPPORTED),
            Part::raw(PayloadType::CERTREQ, &[4; 21]),
            Part::raw(PayloadType::CERT, &[4; 9]),
            Part::raw(PayloadType::V, b"vendor"),
            Part::raw(PayloadType::CP, &[2, 0, 0, 0]),
            Part::raw(PayloadType::EAP, &[1, 1, 0, 4]),
            Part::raw(PayloadType(1), b"?"),
            Part::raw(PayloadType(49), b""),
            Part::raw(PayloadType(255), b"?"),
            // Critical is ignored on what is defined (RFC 7296 3.2).
            Part::raw(PayloadType::V, b"vendor").critical(),
        ]
    };
    let (mut pair, request) = Pair::init_sent(config());
    let response = pair.gateway.init_edited(&request, |parts| {
        parts.iter_mut().for_each(|part| part.critical = true);
        parts.reverse();
        parts.splice(1..1, extras());
        parts.push(notify(NotifyType::NAT_DETECTION_SOURCE_IP));
    });
    assert_eq!(pair.receive(&response), []);
    let request = pair.sent();
    let response = pair.gateway.auth_edited(&request, |parts| {
        parts.iter_mut().for_each(|part| part.critical = true);
        parts.reverse();
        parts.splice(2..2, extras());
    });
    pair.expect_established(&response);
}

#[test]
fn an_unknown_critical_payload_in_the_response_is_unacceptable() {
    let unknown = || Part::raw(PayloadType(200), b"?").critical();
    let reason = || {
        let wrong = PeerMisbehaved::UnsupportedCriticalPayload(PayloadType(200));
        FailReason::Unacceptable(wrong.into())
    };
    let (mut pair, request) = Pair::auth_sent(polite());
    let response = pair.gateway.auth_edited(&request, |parts| parts.insert(1, unknown()));
    fails(&mut pair, &response, reason());

    // Before SK it is in clear, and authenticated all the same.
    let (mut pair, _) = Pair::auth_sent(polite());
    let header = pair.gateway.header(ExchangeType::IKE_AUTH, 1).flags(Flags::RESPONSE);
    let response = pair.gateway.seal(&header, &[unknown()], &Inside::of(&[]));
    fails(&mut pair, &response, reason());
}

/// RFC 7296 3.14: SK is the last payload, and there is none inside.
#[rstest]
fn an_encrypted_payload_inside_another_is_malformed(
    #[values(PayloadType::SK, PayloadType::SKF)] kind: PayloadType,
) {
    let (mut pair, request) = Pair::auth_sent(config());
    let response =
        pair.gateway.auth_edited(&request, |parts| parts.push(Part::raw(kind, &[0; 40])));
    let events = pair.receive(&response);
    let malformed =
        matches!(events[0], Event::Failed(FailReason::Unacceptable(Error::Malformed(_))));
    assert!(malformed, "{events:?}");
}

#[test]
fn impossible_padding_is_malformed() {
    let (mut pair, _) = Pair::auth_sent(config());
    let header = pair.gateway.header(ExchangeType::IKE_AUTH, 1).flags(Flags::RESPONSE);
    let inside = Inside { pad_length: Some(200), ..Inside::of(&[notify(NotifyType(40_000))]) };
    let response = pair.gateway.seal(&header, &[], &inside);
    let events = pair.receive(&response);
    let malformed =
        matches!(events[0], Event::Failed(FailReason::Unacceptable(Error::Malformed(_))));
    assert!(malformed, "{events:?}");
}

/// RFC 7296 2: 1,280 octets must be processed, 3,000 should.
#[rstest]
fn long_responses_are_processed(#[values(1_280, 3_000, 60_000)] len: usize) {
    let (mut pair, request) = Pair::init_sent(config());
    let vendor = Part::raw(PayloadType::V, &vec![5; len]);
    let response = pair.gateway.init_edited(&request, |parts| parts.push(vendor.clone()));
    assert_eq!(pair.receive(&response), []);
    let request = pair.sent();
    let response = pair.gateway.auth_edited(&request, |parts| parts.insert(0, vendor));
    pair.expect_established(&response);
}

#[test]
fn a_delete_in_the_response_means_nothing() {
    let (mut pair, request) = Pair::auth_sent(config());
    let response =
        pair.gateway.auth_edited(&request, |parts| parts.push(Part::of(&Delete::IKE_SA)));
    pair.expect_established(&response);
    assert_eq!(pair.drops(&response), DropReason::LateResponse);
}
