//! The one processor and its queue.

use crate::client::{Client, notify, parse};
use crate::world::World;
use core::time::Duration;
use ike_core::payload::KeyExchange;
use ike_core::{
    DropReason, Error, Instant, NotifyType, PayloadType, PeerMisbehaved, Schedule, Suite,
};
use ike_responder::{CookiePolicy, Event, OutPayload};
use rstest::rstest;

const C: Duration = Duration::from_millis(10);

fn busy() -> World {
    World::with(|config| config.service_time = C)
}

/// Milliseconds after the start of a [`World`].
fn at_ms(milliseconds: u64) -> Instant {
    Instant::from_micros(1_000_000 + 1_000 * milliseconds)
}

fn queued(client: &Client, ahead: usize, answer_at: Instant) -> Event {
    Event::Queued { path: client.path, spi_i: client.spi_i, ahead, answer_at }
}

/// A request that comes in and is not answered at once.
fn enqueue(world: &mut World, client: &Client) {
    world.silence(client.path, &client.init());
}

#[test]
fn the_answer_leaves_exactly_when_its_work_is_done_with_the_same_octets() {
    let mut world = busy();
    let mut client = Client::new(1);
    enqueue(&mut world, &client);
    assert_eq!(world.take_events(), [queued(&client, 0, at_ms(10))]);
    assert_eq!(world.responder.poll_timeout(), Some(at_ms(10)));
    assert_eq!((world.responder.queue_len(), world.responder.half_open()), (1, 0));
    world.responder.handle_timeout(at_ms(9));
    assert_eq!(world.sent(), []);
    let sent = world.pass(C);
    let at_once = World::new().ask(client.path, &client.init());
    assert_eq!(sent, [(at_ms(10), at_once)]);
    assert_eq!((world.responder.queue_len(), world.responder.half_open()), (0, 1));
    client.take_init(&sent[0].1);
    // IKE_AUTH needs no Diffie-Hellman.
    let request = client.auth();
    let response = world.ask(client.path, &request);
    client.take_auth(&response);
    assert_eq!(world.responder.poll_timeout(), None);
}

#[test]
fn requests_are_served_in_the_order_they_come_and_a_pause_is_not_made_up_for() {
    let mut world = busy();
    let clients: Vec<Client> = (1..=4).map(Client::new).collect();
    enqueue(&mut world, &clients[0]);
    world.pass(Duration::from_millis(4));
    enqueue(&mut world, &clients[1]);
    enqueue(&mut world, &clients[2]);
    let sent = world.pass(Duration::from_millis(46));
    assert_eq!(sent.iter().map(|sent| sent.0).collect::<Vec<_>>(), [10, 20, 30].map(at_ms));
    let spis: Vec<_> = sent.iter().map(|sent| parse(&sent.1).header.spi_i).collect();
    assert_eq!(spis, [0, 1, 2].map(|index| clients[index].spi_i));
    enqueue(&mut world, &clients[3]);
    assert_eq!(world.pass(C).remove(0).0, at_ms(60));
    let waits =
        world.take_events().into_iter().filter(|event| matches!(event, Event::Queued { .. }));
    let expected = [(0, 10), (1, 20), (2, 30), (0, 60)];
    let expected =
        clients.iter().zip(expected).map(|(client, (ahead, ms))| queued(client, ahead, at_ms(ms)));
    assert!(waits.eq(expected));
}

#[test]
fn a_repeated_request_gets_nothing_early_and_costs_nothing() {
    let mut world = busy();
    let (first, second) = (Client::new(1), Client::new(2));
    enqueue(&mut world, &first);
    enqueue(&mut world, &second);
    world.take_events();
    for client in [&first, &second] {
        enqueue(&mut world, client);
        let reason = DropReason::InProgress;
        assert_eq!(world.take_events(), [Event::Dropped { path: client.path, reason }]);
    }
    assert_eq!(world.pass(Duration::from_secs(1)).len(), 2);
    let counters = world.responder.counters();
    assert_eq!((counters.diffie_hellman, counters.in_progress, counters.queue_peak), (2, 2, 2));
    // Now there is an answer to repeat.
    world.ask(first.path, &first.init());
    assert_eq!(world.responder.counters().diffie_hellman, 2);
}

/// n nodes at once, FIFO service c, free suppression of repetitions: node i is answered at i c, and
/// IKE_SA_INIT is sent n + sum over j = 1..N-1 of max(0, n - floor(S_j / c)) times; R is 0 here.
#[rstest]
#[case::nobody_repeats(20, 10, Schedule::RFC7296)]
#[case::half_repeat_once(40, 50, Schedule::RFC7296)]
#[case::the_last_repeat_four_times(60, 150, Schedule::LIBRESWAN)]
#[case::strongswan(60, 300, Schedule::STRONGSWAN)]
fn a_burst_is_answered_by_the_closed_form(
    #[case] n: u8,
    #[case] c_ms: u64,
    #[case] schedule: Schedule,
) {
    let c = Duration::from_millis(c_ms);
    let mut world = World::with(|config| config.service_time = c);
    let clients: Vec<Client> = (0..n).map(Client::new).collect();
    clients.iter().for_each(|client| enqueue(&mut world, client));
    let start = world.now;
    let (mut answered, mut sent, mut expected) = (Vec::new(), u128::from(n), u128::from(n));
    let mut passed = Duration::ZERO;
    for j in 0..schedule.tries - 1 {
        passed += schedule.exact_timeout(j);
        answered.extend(world.pass((start + passed).saturating_duration_since(world.now)));
        for client in clients.iter().skip(answered.len()) {
            enqueue(&mut world, client);
            sent += 1;
        }
        expected += u128::from(n).saturating_sub(passed.as_micros() / c.as_micros());
    }
    answered.extend(world.pass(c * u32::from(n)));
    let times = (1..=u64::from(n)).map(|i| start + Duration::from_millis(i * c_ms));
    assert!(answered.iter().map(|answer| answer.0).eq(times));
    assert_eq!(sent, expected);
    let counters = world.responder.counters();
    assert_eq!((counters.diffie_hellman, counters.queue_peak), (n.into(), n.into()));
    assert_eq!(u128::from(counters.in_progress), sent - u128::from(n));
}

#[test]
fn whoever_waits_counts_as_half_open() {
    let mut world = World::with(|config| {
        config.service_time = C;
        config.half_open_limit = 3;
        config.half_open_per_address = Some(1);
    });
    enqueue(&mut world, &Client::new(1));
    let neighbour = Client::with_suite(2, Suite::default(), Client::new(1).path.remote.ip());
    enqueue(&mut world, &neighbour);
    let reason = DropReason::TooManyHalfOpen;
    assert_eq!(world.last_event(), &Event::Dropped { path: neighbour.path, reason });
    world.pass(C);
    enqueue(&mut world, &Client::new(3));
    enqueue(&mut world, &Client::new(4));
    // One is half-open, two wait.
    enqueue(&mut world, &Client::new(5));
    assert_eq!(world.last_event(), &Event::Dropped { path: Client::new(5).path, reason });
    assert_eq!(world.responder.counters().half_open_refused, 2);
    assert_eq!((world.responder.half_open(), world.responder.queue_len()), (1, 2));
}

#[test]
fn a_cookie_is_asked_for_at_once_and_before_any_work() {
    let mut world = World::with(|config| {
        config.service_time = C;
        config.cookies = CookiePolicy::Above(0);
    });
    enqueue(&mut world, &Client::new(1));
    let mut client = Client::new(2);
    let (kind, cookie) = parse(&world.ask(client.path, &client.init())).only_notify();
    assert_eq!((kind, world.responder.queue_len()), (NotifyType::COOKIE, 1));
    let mut payloads = client.init_payloads();
    payloads.insert(0, notify(NotifyType::COOKIE, &cookie));
    client.set_init(payloads);
    enqueue(&mut world, &client);
    assert_eq!(world.last_event(), &queued(&client, 1, at_ms(20)));
    assert_eq!(world.responder.counters().cookies_sent, 1);
}

#[test]
fn a_refusal_needs_no_processor() {
    let mut world = World::with(|config| {
        config.service_time = C;
        config.suites = vec![Suite::AesGcmX25519];
    });
    enqueue(&mut world, &Client::new(1));
    let other = Client::with_suite(2, Suite::AesGcmP256, [198, 51, 100, 2].into());
    let answer = parse(&world.ask(other.path, &other.init()));
    assert_eq!(answer.only_notify().0, NotifyType::NO_PROPOSAL_CHOSEN);
    assert_eq!(world.responder.queue_len(), 1);
}

#[test]
fn an_impossible_public_value_takes_its_time_and_gets_no_answer() {
    let mut world = busy();
    let mut client = Client::new(1);
    let mut payloads = client.init_payloads();
    payloads[1] = OutPayload::of(&KeyExchange { group: 31, data: &[0; 32] });
    assert_eq!(payloads[1].kind, PayloadType::KE);
    client.set_init(payloads);
    enqueue(&mut world, &client);
    enqueue(&mut world, &Client::new(2));
    assert_eq!(world.pass(C), []);
    let reason = DropReason::Unacceptable(Error::Misbehaved(PeerMisbehaved::InvalidPublicValue));
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    assert_eq!(world.pass(C).len(), 1);
}

#[test]
fn who_is_called_late_answers_all_that_is_done_in_order() {
    let mut world = busy();
    for index in 1..=3 {
        enqueue(&mut world, &Client::new(index));
    }
    world.now = at_ms(25);
    world.responder.handle_timeout(world.now);
    let sent: Vec<_> = world.sent().into_iter().map(|(path, _)| path).collect();
    assert_eq!(sent, [Client::new(1).path, Client::new(2).path]);
    assert_eq!(world.responder.poll_timeout(), Some(at_ms(30)));
    assert_eq!(world.responder.queue_len(), 1);
}

#[test]
fn no_work_begins_before_its_request_comes_however_late_the_caller_is() {
    let mut world = busy();
    enqueue(&mut world, &Client::new(1));
    world.now = at_ms(25);
    enqueue(&mut world, &Client::new(2));
    assert_eq!(world.last_event(), &queued(&Client::new(2), 1, at_ms(35)));
}

#[test]
fn whoever_has_been_served_is_forgotten_by_the_queue() {
    let mut world = World::with(|config| {
        config.service_time = C;
        config.half_open_per_address = Some(1);
    });
    let client = Client::new(1);
    for _ in 0..2 {
        enqueue(&mut world, &client);
        assert!(matches!(world.last_event(), Event::Queued { ahead: 0, .. }));
        assert_eq!(world.pass(C).len(), 1);
        // Nor does its half-open SA stay.
        world.pass(Duration::from_secs(30));
    }
}

#[test]
fn a_half_open_sa_waits_for_ike_auth_from_its_answer_on() {
    let mut world = busy();
    enqueue(&mut world, &Client::new(1));
    world.pass(C);
    assert_eq!(world.responder.poll_timeout(), Some(at_ms(30_010)));
}

#[test]
fn nobody_overtakes_when_the_service_time_is_changed() {
    let mut world = busy();
    enqueue(&mut world, &Client::new(1));
    world.responder.config_mut().service_time = Duration::ZERO;
    enqueue(&mut world, &Client::new(2));
    assert_eq!(world.pass(C).len(), 2);
    world.half_open(&mut Client::new(3));
}
