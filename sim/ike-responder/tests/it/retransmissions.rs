//! What is sent again, and what never is (RFC 7296 2.1).

use crate::client::Client;
use crate::creation::Wish;
use crate::world::{SEED, World, config};
use core::time::Duration;
use crypto::RustCrypto;
use ike_core::{DropReason, Instant, Operation, Path, Suite};
use ike_responder::{CloseReason, Event, MAX_MESSAGE, Responder};

fn exchanges_of_dh(events: &[Event]) -> usize {
    let is_dh = |event: &&Event| {
        matches!(event, Event::Operation { operation: Operation::DiffieHellman(_), .. })
    };
    events.iter().filter(is_dh).count()
}

#[test]
fn a_retransmitted_ike_sa_init_gets_the_same_octets_and_no_second_diffie_hellman() {
    let mut world = World::new();
    let client = Client::new(1);
    let first = world.ask(client.path, &client.init());
    world.pass(Duration::from_secs(5));
    let second = world.ask(client.path, &client.init());
    assert_eq!(first, second);
    assert_eq!(exchanges_of_dh(&world.events), 1);
    assert_eq!(world.responder.half_open(), 1);
    assert!(matches!(world.last_event(), Event::ResponseRepeated { message_id: 0, .. }));
}

#[test]
fn a_retransmission_is_answered_to_where_it_came_from() {
    let mut world = World::new();
    let mut client = Client::new(1);
    let elsewhere = Client::new(9).path;
    let init = world.ask(client.path, &client.init());
    assert_eq!(world.ask(elsewhere, &client.init()), init);
    client.take_init(&init);
    let request = client.auth();
    let response = world.ask(elsewhere, &request);
    assert_eq!(world.ask(client.path, &request), response);
    assert_eq!(world.established().len(), 1);
}

#[test]
fn two_initiators_with_one_spi_behind_one_address_get_an_sa_each() {
    let mut world = World::new();
    let (mut first, mut second) = (Client::new(1), Client::new(2));
    second.spi_i = first.spi_i;
    second.path = first.path;
    second.tsi = first.tsi.clone();
    second.set_init(second.init_payloads());
    world.half_open(&mut first);
    world.half_open(&mut second);
    assert_ne!(first.spi_r, second.spi_r);
    for client in [&mut first, &mut second] {
        let request = client.auth();
        let response = world.ask(client.path, &request);
        client.take_auth(&response);
    }
    assert_eq!(world.responder.established(), 2);
}

#[test]
fn a_retransmitted_ike_auth_gets_the_same_octets_and_changes_nothing() {
    let mut world = World::new();
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let request = client.auth();
    let first = world.ask(client.path, &request);
    world.take_events();
    world.pass(Duration::from_secs(600));
    assert_eq!(world.ask(client.path, &request), first);
    let events = world.take_events();
    assert!(matches!(events[..], [Event::ResponseRepeated { message_id: 1, .. }]), "{events:?}");
    assert_eq!(world.responder.established(), 1);
}

#[test]
fn another_message_with_the_last_message_id_is_no_retransmission() {
    let mut world = World::new();
    let mut client = Client::new(1);
    world.connect(&mut client);
    // The same payloads under another IV.
    let again = client.auth();
    world.silence(client.path, &again);
    let reason = DropReason::MessageId(1);
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
}

#[test]
fn an_ike_sa_init_that_comes_after_ike_auth_is_ignored() {
    let mut world = World::new();
    let mut client = Client::new(1);
    let sa = world.connect(&mut client);
    for _ in 0..2 {
        world.silence(client.path, &client.init());
        let reason = DropReason::LateRequest;
        assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
        // Nor does it come back to life when the SA is gone: its keys would protect other content.
        world.responder.delete(world.now, sa);
        world.pass(Duration::from_secs(1_000));
        assert_eq!(world.responder.sas().count(), 0);
    }
}

#[test]
fn a_response_is_never_sent_unasked() {
    let mut world = World::new();
    world.half_open(&mut Client::new(1));
    world.connect(&mut Client::new(2));
    assert_eq!(world.pass(Duration::from_secs(3_600)), []);
}

#[test]
fn a_half_open_sa_ends_in_time_and_begins_again_with_the_same_octets() {
    let mut world = World::new();
    let mut client = Client::new(1);
    let first = world.ask(client.path, &client.init());
    client.take_init(&first);
    let end = world.now + Duration::from_secs(30);
    assert_eq!(world.responder.poll_timeout(), Some(end));
    world.responder.handle_timeout(Instant::from_micros(end.micros() - 1));
    assert_eq!(world.responder.half_open(), 1, "not a microsecond early");
    world.pass(Duration::from_secs(30));
    let reason = CloseReason::HalfOpenTimeout;
    assert!(matches!(world.last_event(), Event::Closed { reason: r, .. } if *r == reason));
    let late = client.auth();
    world.silence(client.path, &late);
    let reason = DropReason::UnknownSpi;
    assert_eq!(world.last_event(), &Event::Dropped { path: client.path, reason });
    assert_eq!(world.ask(client.path, &client.init()), first);
    let request = client.auth();
    let response = world.ask(client.path, &request);
    client.take_auth(&response);
}

#[test]
fn what_a_device_gets_does_not_depend_on_who_else_came_or_when() {
    let transcript = |order: &[u8], late: u64| {
        let mut world = World::new();
        world.pass(Duration::from_millis(late));
        let mut octets = Vec::new();
        for index in order {
            let mut client = Client::new(*index);
            let init = world.ask(client.path, &client.init());
            client.take_init(&init);
            let request = client.auth();
            let auth = world.ask(client.path, &request);
            let request = client.informational(2, &[]);
            octets.push((*index, init, auth, world.ask(client.path, &request)));
        }
        octets.sort();
        octets
    };
    let base = transcript(&[1, 2, 3], 0);
    assert_eq!(transcript(&[3, 1, 2], 12_345), base);
    assert_eq!(transcript(&[3, 1], 7)[..], [base[0].clone(), base[2].clone()]);
}

#[test]
fn another_seed_gives_other_octets() {
    let client = Client::new(1);
    let ask = |seed| {
        let mut responder = Responder::new(config(), RustCrypto, seed);
        let now = Instant::default();
        responder.handle_datagram(now, client.path, &mut client.init());
        let mut buffer = [0; MAX_MESSAGE];
        let transmit = responder.poll_transmit(now, &mut buffer).expect("a response");
        buffer[..transmit.len].to_vec()
    };
    assert_eq!(ask(SEED), ask(SEED));
    assert_ne!(ask(SEED), ask([1; 32]));
}

/// The lost response of each exchange is asked for again.
#[test]
fn losing_any_response_costs_a_retransmission_and_nothing_else() {
    let run = |lost: Option<usize>| {
        let mut world = World::new();
        let mut client = Client::new(1);
        let mut octets = Vec::new();
        let mut exchange = |world: &mut World, path: Path, request: &[u8]| {
            let mut response = world.ask(path, request);
            if lost == Some(octets.len()) {
                world.pass(Duration::from_secs(4));
                response = world.ask(path, request);
            }
            octets.push(response.clone());
            response
        };
        let init = exchange(&mut world, client.path, &client.init());
        client.take_init(&init);
        let request = client.auth();
        exchange(&mut world, client.path, &request);
        let child = client.child(2, &Wish::pfs());
        exchange(&mut world, client.path, &child);
        let rekey = client.rekey(3, Suite::default());
        let rekeyed = exchange(&mut world, client.path, &rekey);
        let mut new = client.take_rekey(&rekeyed, Suite::default());
        let child = new.child(0, &Wish { spi: 0x7777, ..Wish::pfs() });
        exchange(&mut world, new.path, &child);
        let delete = client.informational(4, &[crate::exchanges::delete_ike()]);
        exchange(&mut world, client.path, &delete);
        octets
    };
    let base = run(None);
    assert_eq!(base.len(), 6);
    for lost in 0..6 {
        assert_eq!(run(Some(lost)), base, "response {lost} was lost");
    }
}
