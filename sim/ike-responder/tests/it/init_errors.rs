//! IKE_SA_INIT requests that make no SA.

use crate::client::{Client, notify, parse, raw};
use crate::world::World;
use core::time::Duration;
use ike_core::payload::{KeyExchange, Nonce, ProposalRepr, Sa, SaRepr, Transform};
use ike_core::{
    DropReason, Error, ExchangeType, Flags, IkeSpi, NotifyType, PayloadType, PeerMisbehaved,
    ProtocolId, Suite, TransformType,
};
use ike_responder::{Event, OutPayload};
use rstest::rstest;

/// The payloads of a good request, changed.
fn changed(change: impl FnOnce(&mut Vec<OutPayload>)) -> Client {
    let mut client = Client::new(1);
    let mut payloads = client.init_payloads();
    change(&mut payloads);
    client.set_init(payloads);
    client
}

fn offer(transforms: &[Transform], spi: &[u8], protocol: ProtocolId) -> OutPayload {
    OutPayload::of(&SaRepr(&[ProposalRepr { number: 1, protocol, spi, transforms }]))
}

fn ke(group: u16, data: &[u8]) -> OutPayload {
    OutPayload::of(&KeyExchange { group, data })
}

/// The answer is this notify in clear, from no SA.
fn assert_refused(client: &Client, expected: (NotifyType, &[u8])) {
    let mut world = World::new();
    let answer = parse(&world.ask(client.path, &client.init()));
    let header = answer.header;
    assert_eq!((header.spi_i, header.spi_r), (client.spi_i, IkeSpi::ZERO));
    assert_eq!((header.flags, header.message_id), (Flags::RESPONSE, 0));
    assert_eq!(header.exchange, ExchangeType::IKE_SA_INIT);
    assert_eq!(answer.only_notify(), (expected.0, expected.1.to_vec()));
    let refused = Event::Refused { sa: None, path: client.path, notify: expected.0 };
    assert_eq!(world.take_events(), [refused]);
    assert_eq!((world.responder.sas().count(), world.responder.poll_timeout()), (0, None));
    assert_eq!(world.deliver(client.path, &client.init()).len(), 1, "each copy is answered");
}

fn assert_dropped(client: &Client, reason: DropReason) {
    let mut world = World::new();
    world.silence(client.path, &client.init());
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    assert_eq!((world.responder.sas().count(), world.responder.poll_timeout()), (0, None));
}

fn misbehaved(error: PeerMisbehaved) -> DropReason {
    DropReason::Unacceptable(Error::Misbehaved(error))
}

#[test]
fn a_foreign_cipher_is_not_chosen() {
    let mut transforms = Suite::AesGcmX25519.ike().transforms().to_vec();
    transforms[0].id = 3;
    let client = changed(|payloads| payloads[0] = offer(&transforms, &[], ProtocolId::IKE));
    assert_refused(&client, (NotifyType::NO_PROPOSAL_CHOSEN, &[]));
}

#[test]
fn another_key_length_is_not_chosen() {
    let mut transforms = Suite::AesGcmX25519.ike().transforms().to_vec();
    transforms[0].key_length = Some(192);
    let client = changed(|payloads| payloads[0] = offer(&transforms, &[], ProtocolId::IKE));
    assert_refused(&client, (NotifyType::NO_PROPOSAL_CHOSEN, &[]));
}

#[test]
fn a_transform_of_an_unknown_type_spoils_its_proposal() {
    let mut transforms = Suite::AesGcmX25519.ike().transforms().to_vec();
    transforms.push(Transform::new(TransformType(6), 1));
    let client = changed(|payloads| payloads[0] = offer(&transforms, &[], ProtocolId::IKE));
    assert_refused(&client, (NotifyType::NO_PROPOSAL_CHOSEN, &[]));
}

#[test]
fn a_proposal_for_esp_or_with_an_spi_is_not_chosen() {
    let transforms = Suite::AesGcmX25519.ike().transforms();
    for (spi, protocol) in [(&[][..], ProtocolId::ESP), (&[1; 8][..], ProtocolId::IKE)] {
        let client = changed(|payloads| payloads[0] = offer(&transforms, spi, protocol));
        assert_refused(&client, (NotifyType::NO_PROPOSAL_CHOSEN, &[]));
    }
}

#[test]
fn none_as_integrity_of_an_aead_is_answered_with_none() {
    let none = Transform::new(TransformType::INTEG, 0);
    let mut transforms = Suite::AesGcmX25519.ike().transforms().to_vec();
    transforms.push(none);
    let client = changed(|payloads| payloads[0] = offer(&transforms, &[], ProtocolId::IKE));
    let opened = parse(&World::new().ask(client.path, &client.init()));
    let sa = opened.payload(PayloadType::SA);
    let chosen = Sa::parse(&sa).expect("an SA payload").proposals().next().expect("a proposal");
    assert!(chosen.transforms().any(|transform| transform == none));
    assert_eq!(chosen.transforms().count(), transforms.len());
}

#[test]
fn the_group_of_the_preferred_suite_is_asked_for_when_the_ke_has_another() {
    // X25519 and P-256 are offered; the value is of neither.
    let mut transforms = Suite::AesGcmX25519.ike().transforms().to_vec();
    transforms.push(Transform::new(TransformType::DH, 19));
    let client = changed(|payloads| {
        payloads[0] = offer(&transforms, &[], ProtocolId::IKE);
        payloads[1] = ke(14, &[3; 256]);
    });
    assert_refused(&client, (NotifyType::INVALID_KE_PAYLOAD, &[0, 31]));
}

#[test]
fn the_group_of_the_ke_wins_over_the_preferred_suite() {
    let mut client = Client::with_suite(1, Suite::AesGcmP256, [198, 51, 100, 1].into());
    let mut transforms = Suite::AesGcmX25519.ike().transforms().to_vec();
    transforms.push(Transform::new(TransformType::DH, 19));
    let mut payloads = client.init_payloads();
    payloads[0] = offer(&transforms, &[], ProtocolId::IKE);
    client.set_init(payloads);
    let mut world = World::new();
    world.half_open(&mut client);
}

#[test]
fn a_critical_payload_of_an_unknown_type_is_named_in_the_answer() {
    let client = changed(|payloads| payloads.push(raw(201, true, &[])));
    assert_refused(&client, (NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, &[201]));
}

#[rstest]
#[case::no_offer(|p: &mut Vec<OutPayload>| { p.remove(0); },
    PeerMisbehaved::MissingPayload(PayloadType::SA))]
#[case::no_ke(|p: &mut Vec<OutPayload>| { p.remove(1); },
    PeerMisbehaved::MissingPayload(PayloadType::KE))]
#[case::no_nonce(|p: &mut Vec<OutPayload>| { p.remove(2); },
    PeerMisbehaved::MissingPayload(PayloadType::NONCE))]
#[case::nothing(|p: &mut Vec<OutPayload>| p.clear(),
    PeerMisbehaved::MissingPayload(PayloadType::NONCE))]
#[case::two_offers(|p: &mut Vec<OutPayload>| p.push(p[0].clone()),
    PeerMisbehaved::RepeatedPayload(PayloadType::SA))]
#[case::two_kes(|p: &mut Vec<OutPayload>| p.push(p[1].clone()),
    PeerMisbehaved::RepeatedPayload(PayloadType::KE))]
#[case::two_nonces(|p: &mut Vec<OutPayload>| p.push(p[2].clone()),
    PeerMisbehaved::RepeatedPayload(PayloadType::NONCE))]
#[case::a_short_nonce(|p: &mut Vec<OutPayload>| p[2] = OutPayload::of(&Nonce(&[1; 15])),
    PeerMisbehaved::NonceLength(15))]
#[case::a_long_nonce(|p: &mut Vec<OutPayload>| p[2] = OutPayload::of(&Nonce(&[1; 257])),
    PeerMisbehaved::NonceLength(257))]
// RFC 7748 6.1: what yields an all-zero secret; and what has a wrong length.
#[case::a_point_of_small_order(|p: &mut Vec<OutPayload>| p[1] = ke(31, &[0; 32]),
    PeerMisbehaved::InvalidPublicValue)]
#[case::a_short_public_value(|p: &mut Vec<OutPayload>| p[1] = ke(31, &[9; 31]),
    PeerMisbehaved::InvalidPublicValue)]
fn a_request_that_breaks_a_rule_gets_no_answer_in_clear(
    #[case] change: fn(&mut Vec<OutPayload>),
    #[case] error: PeerMisbehaved,
) {
    assert_dropped(&changed(change), misbehaved(error));
}

#[test]
fn a_point_off_the_curve_gets_no_answer() {
    let mut client = Client::with_suite(1, Suite::AesGcmP256, [198, 51, 100, 1].into());
    let mut payloads = client.init_payloads();
    payloads[1] = ke(19, &[1; 64]);
    client.set_init(payloads);
    let mut world = World::new();
    world.silence(client.path, &client.init());
    let reason = misbehaved(PeerMisbehaved::InvalidPublicValue);
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    assert_eq!(world.responder.sas().count(), 0);
}

#[rstest]
#[case::an_impossible_ke(|p: &mut Vec<OutPayload>| p[1].body.truncate(3))]
#[case::an_impossible_offer(|p: &mut Vec<OutPayload>| p[0].body[2] = 0xff)]
#[case::an_impossible_notify(|p: &mut Vec<OutPayload>| p.push(raw(PayloadType::N.0, false, &[0, 9, 0, 0])))]
fn what_does_not_parse_gets_no_answer_in_clear(#[case] change: fn(&mut Vec<OutPayload>)) {
    let client = changed(change);
    let mut world = World::new();
    world.silence(client.path, &client.init());
    let events = world.take_events();
    assert!(
        matches!(events[..], [Event::Dropped { reason: DropReason::Malformed(_), .. }]),
        "{events:?}"
    );
}

#[rstest]
#[case::another_length(27, 0xff, DropReason::LengthMismatch)]
#[case::an_older_version(17, 0x10, DropReason::MajorVersion(1))]
#[case::not_from_an_initiator(19, 0x00, DropReason::Flags(0))]
#[case::a_response(19, 0x28, DropReason::Flags(0x28))]
#[case::a_message_id(23, 1, DropReason::MessageId(1))]
#[case::a_responder_spi(15, 1, DropReason::UnknownSpi)]
#[case::another_exchange(18, 35, DropReason::UnknownSpi)]
fn a_header_that_does_not_fit_gets_no_answer(
    #[case] at: usize,
    #[case] octet: u8,
    #[case] reason: DropReason,
) {
    let client = Client::new(1);
    let mut init = client.init();
    init[at] = octet;
    let mut world = World::new();
    world.silence(client.path, &init);
    assert_eq!(world.take_events(), [Event::Dropped { path: client.path, reason }]);
}

#[test]
fn an_initiator_spi_of_zero_gets_no_answer() {
    let mut client = Client::new(1);
    client.spi_i = IkeSpi::ZERO;
    client.set_init(client.init_payloads());
    assert_dropped(&client, DropReason::UnknownSpi);
}

#[test]
fn a_higher_version_is_told_ours_at_most_once_a_second() {
    let mut world = World::new();
    let client = Client::new(1);
    let mut init = client.init();
    init[17] = 0x30;
    let answer = parse(&world.ask(client.path, &init));
    assert_eq!(answer.only_notify(), (NotifyType::INVALID_MAJOR_VERSION, Vec::new()));
    assert_eq!((answer.header.version, answer.header.flags), (0x20, Flags::RESPONSE));
    let reason = DropReason::MajorVersion(3);
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    world.pass(Duration::from_millis(999));
    world.silence(client.path, &init);
    world.pass(Duration::from_millis(1));
    world.ask(client.path, &init);
    // RFC 7296 2.21: nothing answers a response.
    init[19] = 0x28;
    world.pass(Duration::from_secs(2));
    world.silence(client.path, &init);
}

#[test]
fn a_full_table_takes_no_more() {
    let mut world = World::with(|config| config.half_open_limit = 1);
    let mut first = Client::new(1);
    let second = Client::new(2);
    world.half_open(&mut first);
    world.silence(second.path, &second.init());
    let reason = DropReason::TooManyHalfOpen;
    assert_eq!(world.last_event(), &Event::Dropped { path: second.path, reason });
    // The one that is in is still answered, and makes room.
    world.ask(first.path, &first.init());
    let request = first.auth();
    world.ask(first.path, &request);
    world.ask(second.path, &second.init());
}

#[test]
fn status_notifies_in_the_request_are_ignored() {
    let mut client = changed(|payloads| {
        payloads.push(notify(NotifyType::NAT_DETECTION_SOURCE_IP, &[0; 20]));
        payloads.push(notify(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, &[]));
        payloads.push(notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, &[0, 2]));
    });
    World::new().connect(&mut client);
}
