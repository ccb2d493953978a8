//! Requests to an established SA.

use crate::client::{Client, ESP_SPI, notify, raw};
use crate::world::World;
use core::time::Duration;
use ike_core::payload::Delete;
use ike_core::{DropReason, ExchangeType, Flags, NotifyType, PayloadType, ProtocolId};
use ike_responder::{CloseReason, Event, OutPayload, SaId};
use rstest::rstest;

pub(crate) fn delete_ike() -> OutPayload {
    OutPayload::of(&Delete::IKE_SA)
}

pub(crate) fn delete_esp(spi: u32) -> OutPayload {
    let spis = spi.to_be_bytes();
    OutPayload::of(&Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spis })
}

/// An empty INFORMATIONAL request is answered.
pub(crate) fn assert_alive(world: &mut World, client: &mut Client, message_id: u32) {
    let request = client.informational(message_id, &[]);
    let response = world.ask(client.path, &request);
    let opened = client.open(&response);
    assert_eq!((opened.header.flags, opened.header.message_id), (Flags::RESPONSE, message_id));
    assert_eq!(opened.header.exchange, ExchangeType::INFORMATIONAL);
    assert_eq!(opened.kinds(), []);
}

fn connected() -> (World, Client, SaId) {
    let mut world = World::new();
    let mut client = Client::new(1);
    let sa = world.connect(&mut client);
    world.take_events();
    (world, client, sa)
}

#[test]
fn empty_requests_are_answered_one_after_the_other() {
    let (mut world, mut client, sa) = connected();
    for message_id in 2..6 {
        assert_alive(&mut world, &mut client, message_id);
    }
    let answered = Event::Answered { sa, exchange: ExchangeType::INFORMATIONAL };
    assert_eq!(world.take_events(), vec![answered; 4]);
}

#[test]
fn a_delete_is_answered_empty_and_its_lost_answer_again() {
    let (mut world, mut client, sa) = connected();
    let request = client.informational(2, &[delete_ike()]);
    let response = world.ask(client.path, &request);
    assert_eq!(client.open(&response).kinds(), []);
    assert_eq!(
        world.take_events(),
        [
            Event::Answered { sa, exchange: ExchangeType::INFORMATIONAL },
            Event::Closed { sa, reason: CloseReason::DeletedByPeer }
        ]
    );
    assert_eq!(world.responder.established(), 0);
    assert!(world.responder.ike_keys(sa).is_none());
    assert_eq!(world.responder.take_child_keys(sa), None);
    assert_eq!(world.ask(client.path, &request), response);
    let next = client.informational(3, &[]);
    world.silence(client.path, &next);
    let reason = DropReason::NotExpected;
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    world.pass(Duration::from_secs(600));
    world.silence(client.path, &request);
}

#[test]
fn a_delete_of_the_child_sa_is_answered_with_ours() {
    let (mut world, mut client, sa) = connected();
    let child = world.responder.take_child_keys(sa).expect("a Child SA");
    let request = client.informational(2, &[delete_esp(ESP_SPI)]);
    let response = world.ask(client.path, &request);
    let opened = client.open(&response);
    assert_eq!(opened.kinds(), [PayloadType::D]);
    let body = opened.payload(PayloadType::D);
    assert!(Delete::parse(&body).expect("a Delete payload").names_esp(child.spi_in));
    let spi_in = child.spi_in;
    assert_eq!(world.last_event(), &Event::ChildClosed { sa, spi_in });
    // RFC 7296 2.25.1: one that does not exist is answered without a Delete.
    let request = client.informational(3, &[delete_esp(ESP_SPI)]);
    let response = world.ask(client.path, &request);
    assert_eq!(client.open(&response).kinds(), []);
    assert_alive(&mut world, &mut client, 4);
}

#[rstest]
#[case::an_unknown_spi(delete_esp(0x7777))]
#[case::another_protocol(raw(PayloadType::D.0, false, &[2, 4, 0, 1, 0x0c, 0x0f, 0xfe, 0xe0]))]
#[case::a_status_notify(notify(NotifyType(50_000), b"?"))]
#[case::an_unknown_payload(raw(77, false, b"?"))]
#[case::a_configuration_payload(raw(PayloadType::CP.0, false, &[1, 0, 0, 0]))]
#[case::an_error_notify_after_the_first_exchange(notify(NotifyType(8_000), &[]))]
fn what_means_nothing_here_is_answered_empty(#[case] payload: OutPayload) {
    let (mut world, mut client, sa) = connected();
    let request = client.informational(2, &[payload]);
    let response = world.ask(client.path, &request);
    assert_eq!(client.open(&response).kinds(), []);
    assert!(world.responder.take_child_keys(sa).is_some());
    assert_alive(&mut world, &mut client, 3);
}

#[test]
fn by_policy_create_child_sa_is_refused_whatever_it_asks_and_the_sa_stays() {
    let (mut world, mut client, sa) = connected();
    world.responder.config_mut().create = None;
    let request = client.seal(ExchangeType::CREATE_CHILD_SA, 2, &[]);
    let response = world.ask(client.path, &request);
    let opened = client.open(&response);
    assert_eq!(opened.header.exchange, ExchangeType::CREATE_CHILD_SA);
    assert_eq!(opened.only_notify(), (NotifyType::NO_ADDITIONAL_SAS, Vec::new()));
    let notify = NotifyType::NO_ADDITIONAL_SAS;
    assert_eq!(world.last_event(), &Event::Refused { sa: Some(sa), path: client.path, notify });
    assert_alive(&mut world, &mut client, 3);
}

#[rstest]
fn a_critical_payload_of_an_unknown_type_is_named_and_the_sa_stays(
    #[values(ExchangeType::INFORMATIONAL, ExchangeType::CREATE_CHILD_SA)] exchange: ExchangeType,
) {
    let (mut world, mut client, _) = connected();
    // The whole request is rejected: the Delete in it is not done.
    let request = client.seal(exchange, 2, &[delete_ike(), raw(99, true, &[])]);
    let response = world.ask(client.path, &request);
    let expected = (NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, vec![99]);
    assert_eq!(client.open(&response).only_notify(), expected);
    assert_alive(&mut world, &mut client, 3);
}

#[rstest]
#[case::a_cut_delete(ExchangeType::INFORMATIONAL, raw(PayloadType::D.0, false, &[1, 0]))]
#[case::an_ike_delete_with_spis(ExchangeType::INFORMATIONAL,
    raw(PayloadType::D.0, false, &[1, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]))]
#[case::an_esp_delete_with_short_spis(ExchangeType::INFORMATIONAL,
    raw(PayloadType::D.0, false, &[3, 2, 0, 1, 1, 2]))]
#[case::a_cut_notify(ExchangeType::INFORMATIONAL, raw(PayloadType::N.0, false, &[]))]
#[case::sk_inside_sk(ExchangeType::INFORMATIONAL, raw(PayloadType::SK.0, false, &[0; 40]))]
#[case::sk_inside_a_creation(ExchangeType::CREATE_CHILD_SA, raw(PayloadType::SK.0, false, &[0; 40]))]
#[case::a_fragment_inside_sk(ExchangeType::INFORMATIONAL, raw(PayloadType::SKF.0, false, &[0; 40]))]
#[case::an_exchange_that_is_over(ExchangeType::IKE_AUTH, notify(NotifyType(50_000), &[]))]
#[case::an_exchange_that_nobody_defined(ExchangeType(240), notify(NotifyType(50_000), &[]))]
fn what_is_malformed_inside_ends_the_sa(
    #[case] exchange: ExchangeType,
    #[case] payload: OutPayload,
) {
    let (mut world, mut client, sa) = connected();
    let request = client.seal(exchange, 2, &[payload]);
    let response = world.ask(client.path, &request);
    let expected = (NotifyType::INVALID_SYNTAX, Vec::new());
    assert_eq!(client.open(&response).only_notify(), expected);
    let reason = CloseReason::InvalidSyntax;
    assert_eq!(world.last_event(), &Event::Closed { sa, reason });
    assert_eq!(world.ask(client.path, &request), response);
}

#[test]
fn an_initiator_that_could_not_verify_us_says_so_and_the_sa_ends() {
    // RFC 7296 2.21.2: only right after IKE_AUTH.
    let failed = || notify(NotifyType::AUTHENTICATION_FAILED, &[]);
    let (mut world, mut client, sa) = connected();
    let request = client.informational(2, &[failed()]);
    let response = world.ask(client.path, &request);
    assert_eq!(client.open(&response).kinds(), []);
    let reason = CloseReason::RefusedByPeer(NotifyType::AUTHENTICATION_FAILED);
    assert_eq!(world.last_event(), &Event::Closed { sa, reason });

    let (mut world, mut client, _) = connected();
    assert_alive(&mut world, &mut client, 2);
    let request = client.informational(3, &[failed()]);
    world.ask(client.path, &request);
    assert_alive(&mut world, &mut client, 4);
}

#[rstest]
#[case::ahead(4, DropReason::MessageId(4))]
#[case::far_ahead(u32::MAX, DropReason::MessageId(u32::MAX))]
#[case::behind(0, DropReason::MessageId(0))]
#[case::the_last_one_with_other_octets(2, DropReason::MessageId(2))]
fn a_message_id_outside_the_window_is_ignored(#[case] id: u32, #[case] reason: DropReason) {
    let (mut world, mut client, _) = connected();
    assert_alive(&mut world, &mut client, 2);
    let request = client.informational(id, &[]);
    world.silence(client.path, &request);
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    assert_alive(&mut world, &mut client, 3);
}

#[test]
fn a_response_is_never_answered() {
    let (mut world, mut client, _) = connected();
    for (id, exchange) in [(0, ExchangeType::INFORMATIONAL), (2, ExchangeType::INFORMATIONAL)] {
        let header = client.header(exchange, id).flags(crate::client::RESPONSE);
        let response = client.seal_as(&header, &[]);
        world.silence(client.path, &response);
        let reason = DropReason::MessageId(id);
        assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    }
    assert_alive(&mut world, &mut client, 2);
}

#[test]
fn an_unprotected_request_is_ignored() {
    let (mut world, client, _) = connected();
    let header = client.header(ExchangeType::INFORMATIONAL, 2);
    let message = crate::client::clear(&header, &[delete_ike()]);
    world.silence(client.path, &message);
    let reason = DropReason::NotProtected;
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
}

#[test]
fn a_request_from_a_new_address_is_answered_there() {
    let (mut world, mut client, _) = connected();
    client.path = Client::new(200).path;
    assert_alive(&mut world, &mut client, 2);
}

#[test]
fn a_request_of_three_thousand_octets_is_read() {
    let (mut world, mut client, _) = connected();
    let padding = notify(NotifyType(50_000), &[0; 2_900]);
    let request = client.informational(2, &[padding]);
    assert!(request.len() > 2_950);
    world.ask(client.path, &request);
    assert_alive(&mut world, &mut client, 3);
}
