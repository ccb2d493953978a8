//! IKE_AUTH requests that make no IKE SA, or no Child SA.

use crate::client::{Client, ESP_SPI, Opened, notify, raw};
use crate::exchanges::assert_alive;
use crate::world::{World, identity, psk};
use core::time::Duration;
use ike_core::payload::{Auth, ProposalRepr, SaRepr, Transform};
use ike_core::{
    AuthMethod, DropReason, ExchangeType, NotifyType, PayloadType, ProtocolId, Suite,
    TrafficSelector, TransformType,
};
use ike_responder::{CloseReason, Event, OutPayload, Phase};
use rstest::rstest;

/// A half-open SA, and the changed request to it.
fn prepared(change: impl FnOnce(&mut Client, &mut Vec<OutPayload>)) -> (World, Client, Vec<u8>) {
    let mut world = World::new();
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let mut payloads = client.auth_payloads();
    change(&mut client, &mut payloads);
    let request = client.seal(ExchangeType::IKE_AUTH, 1, &payloads);
    world.take_events();
    (world, client, request)
}

/// The one protected notify, the end of the SA, and the same octets for a retransmission.
fn assert_refused(
    (mut world, mut client, request): (World, Client, Vec<u8>),
    expected: (NotifyType, &[u8]),
    reason: CloseReason,
) {
    let response = world.ask(client.path, &request);
    let opened = client.open(&response);
    assert_eq!(opened.only_notify(), (expected.0, expected.1.to_vec()));
    assert_eq!((opened.header.exchange, opened.header.message_id), (ExchangeType::IKE_AUTH, 1));
    let [Event::Refused { sa: Some(sa), path, notify }, closed] = &world.take_events()[..] else {
        panic!("refused and closed")
    };
    assert_eq!((*path, *notify), (client.path, expected.0));
    assert_eq!(*closed, Event::Closed { sa: *sa, reason });
    assert_eq!((world.responder.half_open(), world.responder.established()), (0, 0));
    assert!(world.responder.ike_keys(*sa).is_none(), "the keys are gone");
    assert_eq!(world.responder.sas().next().map(|sa| sa.phase), Some(Phase::Closed));

    world.pass(Duration::from_secs(60));
    assert_eq!(world.ask(client.path, &request), response);
    let next = client.informational(2, &[]);
    world.silence(client.path, &next);
    // RFC 7296 2.1: forgotten after some minutes, and then ignored.
    assert_eq!(world.pass(Duration::from_secs(600)), []);
    assert_eq!(world.responder.sas().count(), 0);
    world.silence(client.path, &request);
}

#[rstest]
#[case::a_wrong_key(|client: &mut Client, payloads: &mut Vec<OutPayload>| {
    client.psk = psk(2);
    *payloads = client.auth_payloads();
})]
#[case::an_unknown_identity(|client: &mut Client, payloads: &mut Vec<OutPayload>| {
    client.identity = "nobody.example".parse().expect("a name");
    *payloads = client.auth_payloads();
})]
#[case::the_identity_of_another(|client: &mut Client, payloads: &mut Vec<OutPayload>| {
    client.identity = identity(2);
    *payloads = client.auth_payloads();
})]
#[case::a_flipped_bit_in_auth(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    payloads[1].body[20] ^= 1;
})]
#[case::a_short_auth(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    payloads[1].body.truncate(12);
})]
#[case::a_flipped_reserved_bit_in_the_id(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    payloads[0].body[2] ^= 1;
})]
#[case::another_method(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    let method = AuthMethod::DIGITAL_SIGNATURE;
    payloads[1] = OutPayload::of(&Auth { method, data: &[1; 64] });
})]
#[case::the_right_data_under_another_method(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    payloads[1].body[0] = AuthMethod::NULL.0;
})]
#[case::no_auth_because_eap_is_wanted(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    payloads.remove(1);
})]
#[case::an_empty_identity(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    payloads[0].body.truncate(4);
})]
#[case::an_identity_that_is_too_long(|_: &mut Client, payloads: &mut Vec<OutPayload>| {
    payloads[0].body.extend([b'x'; 100]);
})]
fn who_cannot_prove_an_identity_is_told_so_and_forgotten(
    #[case] change: fn(&mut Client, &mut Vec<OutPayload>),
) {
    let expected = (NotifyType::AUTHENTICATION_FAILED, &[][..]);
    assert_refused(prepared(change), expected, CloseReason::AuthenticationFailed);
}

#[rstest]
#[case::no_id(|_: &mut Client, p: &mut Vec<OutPayload>| { p.remove(0); })]
#[case::no_offer(|_: &mut Client, p: &mut Vec<OutPayload>| { p.remove(2); })]
#[case::no_selectors_of_the_initiator(|_: &mut Client, p: &mut Vec<OutPayload>| { p.remove(3); })]
#[case::no_selectors_of_the_responder(|_: &mut Client, p: &mut Vec<OutPayload>| { p.remove(4); })]
#[case::two_ids(|_: &mut Client, p: &mut Vec<OutPayload>| p.push(p[0].clone()))]
#[case::a_cut_id(|_: &mut Client, p: &mut Vec<OutPayload>| p[0].body.truncate(2))]
#[case::a_cut_offer(|_: &mut Client, p: &mut Vec<OutPayload>| p[2].body.truncate(9))]
#[case::a_cut_selector(|_: &mut Client, p: &mut Vec<OutPayload>| p[3].body.truncate(9))]
#[case::a_cut_notify(|_: &mut Client, p: &mut Vec<OutPayload>| {
    p.push(raw(PayloadType::N.0, false, &[0]));
})]
fn what_does_not_parse_inside_is_invalid_syntax(
    #[case] change: fn(&mut Client, &mut Vec<OutPayload>),
) {
    let expected = (NotifyType::INVALID_SYNTAX, &[][..]);
    assert_refused(prepared(change), expected, CloseReason::InvalidSyntax);
}

#[test]
fn malformed_comes_before_a_wrong_key() {
    // RFC 7296 2.21.2: AUTH is not looked at.
    let prepared = prepared(|client, payloads| {
        client.psk = psk(2);
        *payloads = client.auth_payloads();
        payloads[3].body.truncate(9);
    });
    assert_refused(prepared, (NotifyType::INVALID_SYNTAX, &[]), CloseReason::InvalidSyntax);
}

#[test]
fn a_critical_payload_of_an_unknown_type_rejects_the_request() {
    let prepared = prepared(|_, payloads| payloads.insert(2, raw(99, true, b"?")));
    let expected = (NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, &[99][..]);
    assert_refused(prepared, expected, CloseReason::UnsupportedCriticalPayload);
}

#[test]
fn a_message_that_does_not_verify_is_dropped_and_the_genuine_one_accepted() {
    let (mut world, mut client, request) = prepared(|_, _| {});
    let mut forged = request.clone();
    *forged.last_mut().expect("an ICV") ^= 1;
    world.silence(client.path, &forged);
    let reason = DropReason::IcvMismatch;
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    let mut header = request.clone();
    header[17] |= 1; // The minor version is ignored, but the ICV covers it.
    world.silence(client.path, &header);
    let response = world.ask(client.path, &request);
    client.take_auth(&response);
}

#[rstest]
#[case::another_exchange(18, 37, DropReason::Exchange(ExchangeType::INFORMATIONAL))]
#[case::a_later_message_id(23, 2, DropReason::MessageId(2))]
#[case::an_earlier_message_id(23, 0, DropReason::MessageId(0))]
#[case::another_initiator_spi(7, 0xee, DropReason::UnknownSpi)]
#[case::another_responder_spi(15, 0xee, DropReason::UnknownSpi)]
#[case::a_response(19, 0x28, DropReason::NotExpected)]
#[case::not_from_the_initiator(19, 0x00, DropReason::Flags(0))]
fn a_header_that_does_not_fit_is_dropped(
    #[case] at: usize,
    #[case] octet: u8,
    #[case] reason: DropReason,
) {
    let (mut world, client, mut request) = prepared(|_, _| {});
    assert_ne!(request[at], octet);
    request[at] = octet;
    world.silence(client.path, &request);
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
}

/// The IKE SA is there, the Child SA is not, and the response says both.
fn assert_childless(
    (mut world, mut client, request): (World, Client, Vec<u8>),
    expected: NotifyType,
) {
    let response = world.ask(client.path, &request);
    let opened: Opened = client.open(&response);
    client.verify_auth(&opened);
    assert_eq!(opened.kinds(), [PayloadType::IDR, PayloadType::AUTH, PayloadType::N]);
    assert_eq!(opened.notifies(), [(expected, Vec::new())]);
    let sa = world.established()[0];
    let refused = Event::Refused { sa: Some(sa), path: client.path, notify: expected };
    assert_eq!(world.last_event(), &refused);
    assert_eq!(world.responder.take_child_keys(sa), None);
    assert_alive(&mut world, &mut client, 2);
}

fn esp_offer(transforms: &[Transform], spi: &[u8]) -> OutPayload {
    let protocol = ProtocolId::ESP;
    OutPayload::of(&SaRepr(&[ProposalRepr { number: 1, protocol, spi, transforms }]))
}

#[rstest]
#[case::a_foreign_cipher(ESP_SPI, |transforms: &mut Vec<Transform>| transforms[0].id = 3)]
#[case::a_missing_esn(ESP_SPI, |transforms: &mut Vec<Transform>| { transforms.pop(); })]
#[case::a_group(ESP_SPI, |transforms: &mut Vec<Transform>| {
    transforms.push(Transform::new(TransformType::DH, 31));
})]
#[case::a_reserved_spi(255, |_: &mut Vec<Transform>| {})]
fn an_unacceptable_offer_costs_the_child_sa_only(
    #[case] spi: u32,
    #[case] change: fn(&mut Vec<Transform>),
) {
    let mut transforms = Suite::AesGcmX25519.esp().transforms().to_vec();
    change(&mut transforms);
    let prepared = prepared(|_, payloads| payloads[2] = esp_offer(&transforms, &spi.to_be_bytes()));
    assert_childless(prepared, NotifyType::NO_PROPOSAL_CHOSEN);
}

#[test]
fn selectors_of_which_nothing_is_left_cost_the_child_sa_only() {
    let prepared = prepared(|client, payloads| {
        client.tsi = vec![TrafficSelector::host([203, 0, 113, 1].into())];
        *payloads = client.auth_payloads();
    });
    assert_childless(prepared, NotifyType::TS_UNACCEPTABLE);
}

#[test]
fn selectors_of_unknown_types_only_leave_nothing() {
    // A selector of type 9, which is skipped.
    let unknown = [1, 0, 0, 0, 9, 0, 0, 8, 1, 2, 3, 4];
    let prepared = prepared(|_, payloads| payloads[3].body = unknown.to_vec());
    assert_childless(prepared, NotifyType::TS_UNACCEPTABLE);
}

#[test]
fn both_sides_are_narrowed_to_what_is_configured() {
    let host = |last| TrafficSelector::host([10, 0, 0, last].into());
    let network = TrafficSelector::network([10, 0, 0, 0].into(), 24).expect("a network");
    let mut world = World::with(|config| {
        config.local = vec![host(5)];
        config.remote = vec![network];
    });
    let mut client = Client::new(1);
    client.tsi = vec![TrafficSelector::network([10, 0, 0, 0].into(), 8).expect("a network")];
    client.tsr = vec![host(5), network];
    world.half_open(&mut client);
    let request = client.auth();
    let response = world.ask(client.path, &request);
    let agreed = client.take_auth(&response);
    assert_eq!((agreed.tsi, agreed.tsr), (vec![network], vec![host(5)]));
}

#[test]
fn initial_contact_ends_the_older_sas_of_the_same_identity_only() {
    let mut world = World::new();
    let mut other = Client::new(2);
    let others = world.connect(&mut other);
    let mut old = Client::new(1);
    let first = world.connect(&mut old);
    // Another wake of the same device: without INITIAL_CONTACT both live.
    let mut woken = Client::new(17);
    assert_eq!(woken.identity, old.identity);
    let second = world.connect(&mut woken);
    assert_eq!(world.responder.established(), 3);

    let mut again = Client::new(33);
    world.half_open(&mut again);
    world.take_events();
    let request = again.auth_initial_contact();
    assert_eq!(world.deliver(again.path, &request).len(), 1, "the old ones end without a word");
    let mut closed = [first, second];
    closed.sort();
    let reason = CloseReason::InitialContact;
    let events = world.take_events();
    assert_eq!(events[..2], closed.map(|sa| Event::Closed { sa, reason }));
    assert!(matches!(events[2], Event::Established { replaced: 2, .. }));
    assert_eq!(world.responder.established(), 2);
    let gone = old.informational(2, &[]);
    world.silence(old.path, &gone);
    assert!(world.responder.ike_keys(others).is_some());
    assert_alive(&mut world, &mut other, 2);
}

#[test]
fn initial_contact_of_somebody_who_fails_ends_nothing() {
    let mut world = World::new();
    world.connect(&mut Client::new(1));
    let mut liar = Client::new(17);
    world.half_open(&mut liar);
    liar.psk = psk(5);
    let mut payloads = liar.auth_payloads();
    payloads.push(notify(NotifyType::INITIAL_CONTACT, &[]));
    let request = liar.seal(ExchangeType::IKE_AUTH, 1, &payloads);
    world.ask(liar.path, &request);
    assert_eq!(world.responder.established(), 1);
}
