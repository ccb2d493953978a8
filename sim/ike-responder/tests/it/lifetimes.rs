//! Lifetimes of SAs, and peers that fell silent.

use crate::client::{Client, notify};
use crate::create_child::{Connected, NO_ADDITIONAL_SAS};
use crate::exchanges::{assert_alive, delete_ike};
use crate::world::{World, at_s};
use core::time::Duration;
use ike_core::payload::Delete;
use ike_core::{ExchangeType, NotifyType, PayloadType, ProtocolId, Schedule, Suite};
use ike_responder::{Behaviour, CloseReason, Config, Event, OutPayload};
use rstest::rstest;

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

fn connected(change: impl FnOnce(&mut Config)) -> Connected {
    let world = World::with(|config| {
        config.schedule = Schedule { tries: 4, ..Schedule::RFC7296 };
        change(config);
    });
    Connected::build(world, Suite::default())
}

fn ike_for_an_hour(config: &mut Config) {
    config.ike_lifetime = Some(HOUR);
}

fn child_for_an_hour(config: &mut Config) {
    config.child_lifetime = Some(HOUR);
}

fn both_for_an_hour(config: &mut Config) {
    config.ike_lifetime = Some(HOUR);
    config.child_lifetime = Some(HOUR);
}

#[rstest]
#[case::ike(ike_for_an_hour, PayloadType::SA)]
#[case::child(child_for_an_hour, PayloadType::N)]
#[case::both_ike_first(both_for_an_hour, PayloadType::SA)]
fn what_has_expired_is_rekeyed_and_deleted_when_the_peer_will_not(
    #[case] change: fn(&mut Config),
    #[case] first: PayloadType,
) {
    let mut it = connected(change);
    assert_eq!(it.world.responder.poll_timeout(), Some(at_s(3_600)));
    // Use does not prolong it.
    assert_alive(&mut it.world, &mut it.client, 2);
    let (at, request) = it.world.pass(HOUR).remove(0);
    assert_eq!(at, at_s(3_600));
    let opened = it.client.open(&request);
    assert_eq!((opened.header.exchange, opened.kinds()[0]), (ExchangeType::CREATE_CHILD_SA, first));
    it.world.take_events();
    let delete = it.refuse(&request).remove(0);
    assert_eq!(it.client.open(&delete).payloads, [delete_ike()]);
    assert_eq!(it.answer(&delete, &[]), Vec::<Vec<u8>>::new());
    let exchange = ExchangeType::CREATE_CHILD_SA;
    let sa = it.sa;
    assert_eq!(
        it.world.take_events(),
        [
            Event::PeerAnswered { sa, message_id: 0 },
            Event::PeerRefused { sa, exchange, notify: NO_ADDITIONAL_SAS },
            Event::PeerAnswered { sa, message_id: 1 },
            Event::Closed { sa, reason: CloseReason::DeletedByUs },
        ]
    );
    assert_eq!((it.world.responder.sas().count(), it.world.responder.poll_timeout()), (0, None));
}

#[test]
fn a_child_sa_that_is_rekeyed_after_its_time_ends_with_the_ike_sa() {
    let mut it = connected(child_for_an_hour);
    let request = it.world.pass(HOUR).remove(0).1;
    let delete = it.accept(&request).remove(0);
    assert_eq!(it.client.open(&delete).payloads, [delete_ike()]);
}

#[test]
fn a_sleeping_peer_is_given_up() {
    let mut it = connected(ike_for_an_hour);
    it.world.take_events();
    let sent = it.world.pass(2 * HOUR);
    let times: Vec<_> = sent.iter().map(|sent| sent.0).collect();
    assert_eq!(times, [3_600, 3_601, 3_603, 3_607].map(at_s));
    assert!(sent.iter().all(|(_, message)| *message == sent[0].1));
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::LivenessFailed };
    assert_eq!(it.world.last_event(), &closed);
}

#[test]
fn a_rekey_waits_for_the_answer_to_an_earlier_request() {
    let mut it = connected(|config| {
        config.ike_lifetime = Some(HOUR);
        config.liveness = Some(HOUR - Duration::from_millis(500));
    });
    let sent = it.world.pass(HOUR);
    assert_eq!(sent.len(), 1, "the liveness check");
    let request = it.answer(&sent[0].1, &[]).remove(0);
    assert_eq!(it.client.open(&request).header.exchange, ExchangeType::CREATE_CHILD_SA);
    assert_eq!(it.refuse(&request).len(), 1, "the Delete");
}

#[test]
fn one_request_is_enough_when_liveness_and_lifetime_end_together() {
    let mut it = connected(|config| {
        config.ike_lifetime = Some(HOUR);
        config.liveness = Some(HOUR);
    });
    let sent = it.world.pass(HOUR);
    assert_eq!(sent.len(), 1);
    assert_eq!(it.client.open(&sent[0].1).header.exchange, ExchangeType::CREATE_CHILD_SA);
}

#[test]
fn a_child_sa_that_is_gone_does_not_expire() {
    let mut it = connected(child_for_an_hour);
    let spis = crate::client::ESP_SPI.to_be_bytes();
    let delete = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spis };
    let delete = it.client.informational(2, &[OutPayload::of(&delete)]);
    it.world.ask(it.client.path, &delete);
    assert_eq!(it.world.responder.poll_timeout(), None);
}

struct NoChild;

impl Behaviour for NoChild {
    fn refuse_child(&mut self) -> Option<NotifyType> {
        Some(NotifyType::NO_PROPOSAL_CHOSEN)
    }
}

#[test]
fn a_child_sa_that_never_was_does_not_expire() {
    let mut world = World::with_behaviour(child_for_an_hour, NoChild);
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let request = client.auth();
    world.ask(client.path, &request);
    assert_eq!(world.responder.established(), 1);
    assert_eq!(world.responder.poll_timeout(), None);
}

#[test]
fn a_delete_under_way_is_not_disturbed_by_lifetimes() {
    let mut it = connected(|config| {
        both_for_an_hour(config);
        config.idle_timeout = Some(HOUR);
    });
    it.world.pass(HOUR - Duration::from_secs(2));
    it.world.responder.delete(it.world.now, it.sa);
    let sent = it.world.pass(MINUTE);
    assert_eq!(sent.len(), 4, "one Delete, four times");
    assert!(sent.iter().all(|(_, message)| *message == sent[0].1));
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::DeletedByUs };
    assert_eq!(it.world.last_event(), &closed);
}

fn idle() -> Connected {
    connected(|config| config.idle_timeout = Some(MINUTE))
}

fn assert_idle(it: &mut Connected) {
    it.world.take_events();
    assert_eq!(it.world.sent(), []);
    let now = it.world.responder.poll_timeout().expect("a deadline");
    it.world.now = now;
    it.world.responder.handle_timeout(now);
    assert_eq!(it.world.sent(), [], "without a word");
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::Idle };
    assert_eq!(it.world.take_events(), [closed]);
    assert_eq!((it.world.responder.sas().count(), it.world.responder.poll_timeout()), (0, None));
}

#[test]
fn an_sa_whose_peer_fell_silent_is_removed_without_a_word() {
    let mut it = idle();
    it.world.pass(MINUTE - Duration::from_micros(1));
    assert_eq!(it.world.responder.established(), 1);
    assert_eq!(it.world.responder.poll_timeout(), Some(at_s(60)));
    assert_idle(&mut it);
}

#[test]
fn whatever_the_peer_sends_starts_the_time_again_and_a_repetition_does_not() {
    let mut it = idle();
    it.world.pass(Duration::from_secs(50));
    it.world.responder.note_traffic(it.world.now, it.sa);
    assert_eq!(it.world.responder.poll_timeout(), Some(at_s(110)));
    it.world.pass(Duration::from_secs(50));
    let request = it.client.informational(2, &[]);
    it.world.ask(it.client.path, &request);
    assert_eq!(it.world.responder.poll_timeout(), Some(at_s(160)));
    it.world.pass(Duration::from_secs(50));
    it.world.ask(it.client.path, &request);
    assert_eq!(it.world.responder.poll_timeout(), Some(at_s(160)));
    assert_idle(&mut it);
}

#[test]
fn an_answer_starts_the_time_again_and_our_own_requests_do_not() {
    let mut it = connected(|config| {
        config.idle_timeout = Some(MINUTE);
        config.liveness = Some(MINUTE - Duration::from_secs(2));
    });
    let sent = it.world.pass(Duration::from_secs(59));
    assert_eq!(sent.len(), 2, "a liveness check, twice");
    assert_eq!(it.answer(&sent[0].1, &[]), Vec::<Vec<u8>>::new());
    let sent = it.world.pass(Duration::from_secs(59));
    assert_eq!(sent.len(), 2);
    assert_idle(&mut it);
}

#[test]
fn a_half_open_sa_is_not_idle() {
    let mut world = World::with(|config| config.idle_timeout = Some(Duration::from_secs(1)));
    let mut client = Client::new(1);
    world.half_open(&mut client);
    assert_eq!(world.responder.poll_timeout(), Some(at_s(30)));
}

#[test]
fn a_refusal_without_an_expired_lifetime_changes_no_deadline() {
    let mut it = connected(ike_for_an_hour);
    let asked = ike_responder::GatewayRequest::RekeyIke;
    let (request, _) = it.ask(asked);
    let refusal = [notify(NotifyType::TEMPORARY_FAILURE, &[])];
    assert_eq!(it.answer(&request, &refusal), Vec::<Vec<u8>>::new());
    assert_eq!(it.world.responder.poll_timeout(), Some(at_s(3_600)));
}

/// Each SA with three deadlines; a millisecond apart.
#[test]
fn ten_thousand_sas_expire_each_in_its_own_moment() {
    const COUNT: u64 = 10_000;
    let mut world = World::with(|config| {
        config.ike_lifetime = Some(HOUR);
        config.child_lifetime = Some(2 * HOUR);
        config.idle_timeout = Some(2 * HOUR);
        config.schedule = Schedule { tries: 1, ..Schedule::RFC7296 };
    });
    let mut sas = Vec::new();
    for index in 0..COUNT {
        let mut client = Client::new(1);
        client.spi_i = ike_core::IkeSpi(1 + index);
        client.set_init(client.init_payloads());
        sas.push((world.now, world.connect(&mut client)));
        world.take_events();
        world.now = world.now + Duration::from_millis(1);
    }
    assert_eq!(world.responder.established(), 10_000);
    let sent = world.pass(HOUR);
    assert!(sent.iter().map(|sent| sent.0).eq(sas.iter().map(|(begun, _)| *begun + HOUR)));
    world.pass(Duration::from_secs(1));
    let reason = CloseReason::LivenessFailed;
    assert!(
        world
            .take_events()
            .into_iter()
            .filter(|event| matches!(event, Event::Closed { .. }))
            .eq(sas.iter().map(|(_, sa)| Event::Closed { sa: *sa, reason }))
    );
    assert_eq!(world.responder.poll_timeout(), None);
}
