//! Liveness checks and Deletes of the responder.

use crate::client::{Client, notify, raw};
use crate::exchanges::{assert_alive, delete_ike};
use crate::world::{World, at_s};
use core::time::Duration;
use ike_core::{
    DropReason, ExchangeType, Flags, Header, Instant, NotifyType, PayloadType, Schedule,
};
use ike_responder::{CloseReason, Event, Phase, SaId};

const LIVENESS: Duration = Duration::from_secs(20);

/// Liveness checks after 20 s, sent again after 1, 2, 4 s and so on, four times in all.
fn connected() -> (World, Client, SaId) {
    let mut world = World::with(|config| {
        config.liveness = Some(LIVENESS);
        config.schedule = Schedule { tries: 4, ..Schedule::RFC7296 };
    });
    let mut client = Client::new(1);
    let sa = world.connect(&mut client);
    world.take_events();
    (world, client, sa)
}

fn times(sent: &[(Instant, Vec<u8>)]) -> Vec<Instant> {
    sent.iter().map(|(at, _)| *at).collect()
}

/// Whatever the responder sends without being asked.
fn unasked(world: &mut World) -> Vec<u8> {
    let mut sent = world.sent();
    assert_eq!(sent.len(), 1);
    sent.remove(0).1
}

#[test]
fn a_silent_peer_is_asked_after_exactly_the_time_and_given_up_by_the_schedule() {
    let (mut world, mut client, sa) = connected();
    assert_eq!(world.responder.poll_timeout(), Some(at_s(20)));
    let sent = world.pass(Duration::from_secs(600));
    assert_eq!(times(&sent), [20, 21, 23, 27].map(at_s));
    assert!(sent.iter().all(|(_, octets)| *octets == sent[0].1), "bitwise identical");
    let opened = client.open(&sent[0].1);
    assert_eq!((opened.header.flags, opened.header.message_id), (Flags(0), 0));
    assert_eq!(opened.header.exchange, ExchangeType::INFORMATIONAL);
    assert_eq!(opened.kinds(), []);
    let reason = CloseReason::LivenessFailed;
    assert_eq!(world.take_events(), [Event::Closed { sa, reason }]);
    assert_eq!((world.responder.sas().count(), world.responder.poll_timeout()), (0, None));
}

#[test]
fn the_sa_is_given_up_when_the_last_timeout_ends() {
    let (mut world, _, _) = connected();
    world.pass(Duration::from_secs(27));
    assert_eq!(world.responder.poll_timeout(), Some(at_s(35)));
    world.pass(Duration::from_millis(7_999));
    assert_eq!(world.responder.established(), 1);
    world.pass(Duration::from_millis(1));
    assert_eq!(world.responder.established(), 0);
}

#[test]
fn an_answer_starts_the_time_again() {
    let (mut world, mut client, sa) = connected();
    for message_id in 0..3 {
        let sent = world.pass(LIVENESS + Duration::from_secs(1));
        assert_eq!(sent.len(), 2);
        assert_eq!(Header::parse(&sent[0].1).map(|header| header.message_id), Ok(message_id));
        let response = client.respond(&sent[0].1);
        world.silence(client.path, &response);
        assert_eq!(world.take_events(), [Event::PeerAnswered { sa, message_id }]);
        assert_eq!(world.responder.poll_timeout(), Some(world.now + LIVENESS));
    }
}

#[test]
fn a_fresh_request_of_the_peer_starts_the_time_again_and_a_retransmission_does_not() {
    let (mut world, mut client, _) = connected();
    world.pass(Duration::from_secs(15));
    let request = client.informational(2, &[]);
    world.ask(client.path, &request);
    assert_eq!(world.responder.poll_timeout(), Some(at_s(35)));
    world.pass(Duration::from_secs(10));
    world.ask(client.path, &request);
    assert_eq!(world.responder.poll_timeout(), Some(at_s(35)));
}

#[test]
fn traffic_that_the_caller_tells_of_starts_the_time_again() {
    let (mut world, _, sa) = connected();
    world.pass(Duration::from_secs(15));
    world.responder.note_traffic(world.now, sa);
    assert_eq!(world.responder.poll_timeout(), Some(at_s(35)));
}

#[test]
fn the_timer_of_a_request_starts_when_it_leaves() {
    let (mut world, _, _) = connected();
    world.responder.handle_timeout(at_s(20));
    assert_eq!(world.responder.poll_timeout(), None);
    world.now = at_s(22);
    unasked(&mut world);
    assert_eq!(world.responder.poll_timeout(), Some(at_s(23)));
}

#[test]
fn a_retransmission_that_was_answered_meanwhile_does_not_leave() {
    let (mut world, mut client, _) = connected();
    let sent = world.pass(LIVENESS);
    world.responder.handle_timeout(at_s(21));
    let response = client.respond(&sent[0].1);
    world.now = at_s(21);
    world.silence(client.path, &response);
}

#[test]
fn a_delete_that_follows_an_answer_leaves_once() {
    let (mut world, mut client, sa) = connected();
    let check = world.pass(LIVENESS).remove(0).1;
    world.responder.delete(world.now, sa);
    // The retransmission of the check waits to leave when the answer comes.
    world.now = at_s(21);
    world.responder.handle_timeout(world.now);
    let response = client.respond(&check);
    let delete = world.ask(client.path, &response);
    assert_eq!(client.open(&delete).payloads, [delete_ike()]);
}

#[test]
fn a_forged_answer_proves_nothing() {
    let (mut world, mut client, _) = connected();
    let sent = world.pass(LIVENESS);
    let mut forged = client.respond(&sent[0].1);
    *forged.last_mut().expect("an ICV") ^= 1;
    world.silence(client.path, &forged);
    let reason = DropReason::IcvMismatch;
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    let header = Header::parse(&sent[0].1).expect("a header").flags(crate::client::RESPONSE);
    let other = Header { exchange: ExchangeType::CREATE_CHILD_SA, ..header };
    let other = client.seal_as(&other, &[]);
    world.silence(client.path, &other);
    let clear = crate::client::clear(&header, &[]);
    world.silence(client.path, &clear);
    assert_eq!(world.pass(Duration::from_secs(1)).len(), 1, "still asked");
}

#[test]
fn a_second_answer_is_late() {
    let (mut world, mut client, _) = connected();
    let sent = world.pass(LIVENESS);
    let response = client.respond(&sent[0].1);
    world.silence(client.path, &response);
    world.silence(client.path, &response);
    let reason = DropReason::LateResponse;
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
}

#[test]
fn the_peer_is_answered_while_our_request_is_outstanding() {
    let (mut world, mut client, _) = connected();
    let sent = world.pass(LIVENESS);
    assert_alive(&mut world, &mut client, 2);
    let response = client.respond(&sent[0].1);
    world.silence(client.path, &response);
    assert_alive(&mut world, &mut client, 3);
}

#[test]
fn a_fatal_or_malformed_answer_ends_the_sa() {
    let fatal = notify(NotifyType::INVALID_SYNTAX, &[]);
    let malformed = raw(PayloadType::N.0, false, &[1]);
    for (payload, reason) in [
        (fatal, CloseReason::RefusedByPeer(NotifyType::INVALID_SYNTAX)),
        (malformed, CloseReason::InvalidSyntax),
    ] {
        let (mut world, mut client, sa) = connected();
        let sent = world.pass(LIVENESS);
        let header = Header::parse(&sent[0].1).expect("a header").flags(crate::client::RESPONSE);
        let response = client.seal_as(&header, &[payload]);
        world.silence(client.path, &response);
        assert_eq!(world.last_event(), &Event::Closed { sa, reason });
        assert_eq!(world.responder.sas().count(), 0);
    }
}

#[test]
fn our_delete_is_sent_until_it_is_answered() {
    let (mut world, mut client, sa) = connected();
    world.responder.delete(world.now, sa);
    let delete = unasked(&mut world);
    let opened = client.open(&delete);
    assert_eq!(opened.payloads, [delete_ike()]);
    assert_eq!((opened.header.flags, opened.header.message_id), (Flags(0), 0));
    assert_eq!(world.responder.sas().next().map(|sa| sa.phase), Some(Phase::Closing));
    assert_eq!(world.responder.established(), 0);
    let sent = world.pass(Duration::from_secs(2));
    assert_eq!(sent, [(at_s(1), delete.clone())]);
    world.responder.delete(world.now, sa);
    assert_eq!(world.sent(), [], "one Delete is enough");
    let response = client.respond(&delete);
    world.silence(client.path, &response);
    let reason = CloseReason::DeletedByUs;
    assert_eq!(
        world.take_events(),
        [Event::PeerAnswered { sa, message_id: 0 }, Event::Closed { sa, reason }]
    );
    assert_eq!((world.responder.sas().count(), world.responder.poll_timeout()), (0, None));
}

#[test]
fn our_delete_that_nobody_answers_is_given_up() {
    let (mut world, _, sa) = connected();
    world.responder.delete(world.now, sa);
    unasked(&mut world);
    let sent = world.pass(Duration::from_secs(600));
    assert_eq!(times(&sent), [1, 3, 7].map(at_s));
    let reason = CloseReason::DeletedByUs;
    assert_eq!(world.take_events(), [Event::Closed { sa, reason }]);
    assert_eq!(world.responder.sas().count(), 0);
}

#[test]
fn our_delete_waits_for_the_answer_to_an_earlier_request() {
    let (mut world, mut client, sa) = connected();
    let check = world.pass(LIVENESS).remove(0).1;
    world.responder.delete(world.now, sa);
    assert_eq!(world.sent(), []);
    let response = client.respond(&check);
    let delete = world.ask(client.path, &response);
    let opened = client.open(&delete);
    assert_eq!((opened.header.message_id, opened.payloads), (1, vec![delete_ike()]));
    let response = client.respond(&delete);
    world.silence(client.path, &response);
    assert_eq!(world.last_event(), &Event::Closed { sa, reason: CloseReason::DeletedByUs });
}

#[test]
fn while_closing_the_peer_is_answered_but_gets_no_new_child() {
    let (mut world, mut client, sa) = connected();
    world.responder.delete(world.now, sa);
    unasked(&mut world);
    assert_alive(&mut world, &mut client, 2);
    let request = client.seal(ExchangeType::CREATE_CHILD_SA, 3, &[]);
    let response = world.ask(client.path, &request);
    let expected = (NotifyType::TEMPORARY_FAILURE, Vec::new());
    assert_eq!(client.open(&response).only_notify(), expected);
}

#[test]
fn deletes_that_cross_end_the_sa_once() {
    let (mut world, mut client, sa) = connected();
    world.responder.delete(world.now, sa);
    let ours = unasked(&mut world);
    let theirs = client.informational(2, &[delete_ike()]);
    let response = world.ask(client.path, &theirs);
    assert_eq!(client.open(&response).kinds(), []);
    assert_eq!(world.last_event(), &Event::Closed { sa, reason: CloseReason::DeletedByPeer });
    let answer = client.respond(&ours);
    world.silence(client.path, &answer);
    assert_eq!(world.pass(Duration::from_secs(600)), []);
    assert_eq!(world.responder.sas().count(), 0);
}

#[test]
fn a_half_open_sa_is_forgotten_without_a_word() {
    let mut world = World::new();
    world.half_open(&mut Client::new(1));
    let sa = world.responder.sas().next().expect("an SA").id;
    world.responder.delete(world.now, sa);
    assert_eq!(world.sent(), []);
    assert_eq!(world.last_event(), &Event::Closed { sa, reason: CloseReason::DeletedByUs });
    assert_eq!((world.responder.half_open(), world.responder.poll_timeout()), (0, None));
    world.responder.delete(world.now, sa);
    assert_eq!(world.sent(), []);
}

#[test]
fn jitter_comes_from_the_sa_and_stays_the_same() {
    let run = || {
        let mut world = World::with(|config| {
            config.liveness = Some(LIVENESS);
            config.schedule = Schedule::COAP;
        });
        world.connect(&mut Client::new(1));
        times(&world.pass(Duration::from_secs(600)))
    };
    let sent = run();
    assert_eq!(sent, run());
    let first = sent[1].saturating_duration_since(sent[0]);
    assert!(first > Duration::from_secs(2) && first < Duration::from_secs(3));
    let second = sent[2].saturating_duration_since(sent[1]);
    assert_eq!(second.as_millis() / 2, first.as_millis(), "one draw stretches all");
}
