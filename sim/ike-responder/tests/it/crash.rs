//! A gateway that loses everything and comes back.

use crate::client::{Client, parse};
use crate::world::World;
use core::time::Duration;
use ike_core::{DropReason, IkeSpi, NotifyType};
use ike_responder::{CloseReason, CookiePolicy, Event, SaId};

fn crash(world: &mut World) -> Vec<Event> {
    world.take_events();
    world.responder.crash(world.now);
    assert_eq!(world.sent(), []);
    world.take_events()
}

fn closed(sa: SaId) -> Event {
    Event::Closed { sa, reason: CloseReason::Crashed }
}

#[test]
fn nothing_is_left_and_every_sa_has_its_end() {
    let mut world = World::with(|config| config.liveness = Some(Duration::from_secs(20)));
    let established = world.connect(&mut Client::new(1));
    world.half_open(&mut Client::new(2));
    let gone = world.connect(&mut Client::new(3));
    world.responder.delete(world.now, gone);
    assert_eq!(world.sent().len(), 1);
    world.responder.config_mut().service_time = Duration::from_millis(10);
    world.silence(Client::new(4).path, &Client::new(4).init());
    let mut expected: Vec<_> = world.responder.sas().map(|sa| closed(sa.id)).collect();
    assert_eq!(expected.len(), 3);
    expected.push(Event::Crashed { queued: 1 });
    assert_eq!(crash(&mut world), expected);
    assert_eq!((world.responder.sas().count(), world.responder.poll_timeout()), (0, None));
    assert_eq!((world.responder.half_open(), world.responder.established()), (0, 0));
    assert_eq!(world.responder.queue_len(), 0);
    assert!(world.responder.take_child_keys(established).is_none());
    assert!(world.responder.ike_keys(established).is_none());
}

#[test]
fn what_had_not_left_does_not_leave() {
    let mut world = World::new();
    let client = Client::new(1);
    world.responder.handle_datagram(world.now, client.path, &mut client.init());
    world.responder.crash(world.now);
    assert_eq!(world.sent(), []);
}

#[test]
fn an_sa_that_was_gone_already_does_not_end_again() {
    let mut world = World::new();
    let mut client = Client::new(1);
    world.connect(&mut client);
    let delete = client.informational(2, &[crate::exchanges::delete_ike()]);
    world.ask(client.path, &delete);
    assert_eq!(world.responder.sas().count(), 1, "its last response is kept");
    assert_eq!(crash(&mut world), [Event::Crashed { queued: 0 }]);
}

#[test]
fn the_peer_of_a_lost_sa_is_not_answered_and_may_come_back() {
    let mut world = World::new();
    let mut client = Client::new(1);
    world.connect(&mut client);
    crash(&mut world);
    let request = client.informational(2, &[]);
    world.silence(client.path, &request);
    let reason = DropReason::UnknownSpi;
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    world.connect(&mut Client::new(17));
}

/// A recorded request would otherwise bring back keys whose IVs have been used.
#[test]
fn the_same_request_gets_other_keys_after_each_crash() {
    let mut world = World::new();
    let mut answers = Vec::new();
    for _ in 0..3 {
        let mut client = Client::new(1);
        let answer = world.ask(client.path, &client.init());
        client.take_init(&answer);
        answers.push((answer[8..].to_vec(), client.keys().clone()));
        let auth = client.auth();
        let response = world.ask(client.path, &auth);
        client.take_auth(&response);
        crash(&mut world);
    }
    for (index, (answer, keys)) in answers.iter().enumerate() {
        for (other, other_keys) in &answers[..index] {
            assert_ne!(answer[..8], other[..8], "the SPI");
            assert_ne!(answer[20..], other[20..], "key and nonce");
            assert_ne!((&keys.d, &keys.responder), (&other_keys.d, &other_keys.responder));
        }
    }
}

#[test]
fn a_cookie_from_before_is_no_cookie() {
    let mut world = World::with(|config| config.cookies = CookiePolicy::Always);
    let client = Client::new(1);
    let cookie = |world: &mut World| {
        let answer = parse(&world.ask(client.path, &client.init()));
        assert_eq!(answer.header.spi_r, IkeSpi::ZERO);
        answer.only_notify()
    };
    let before = cookie(&mut world);
    crash(&mut world);
    let after = cookie(&mut world);
    assert_eq!((before.0, after.0), (NotifyType::COOKIE, NotifyType::COOKIE));
    assert_ne!(before.1, after.1);
}

#[test]
fn two_runs_that_crash_alike_are_alike() {
    let run = || {
        let mut world = World::new();
        crash(&mut world);
        world.ask(Client::new(1).path, &Client::new(1).init())
    };
    assert_eq!(run(), run());
}

#[test]
fn the_counters_outlive_it() {
    let mut world = World::new();
    world.half_open(&mut Client::new(1));
    let counters = world.responder.counters();
    world.pass(Duration::from_secs(1));
    crash(&mut world);
    world.pass(Duration::from_secs(5));
    assert_eq!(world.responder.counters(), counters);
    assert_eq!(world.responder.half_open_integral_us(world.now), 1_000_000);
}
