//! Cookies (RFC 7296 2.6).

use crate::client::{Client, notify, parse};
use crate::world::World;
use core::time::Duration;
use ike_core::{Flags, IkeSpi, NotifyType};
use ike_responder::{CookiePolicy, Event};

fn always() -> World {
    World::with(|config| config.cookies = CookiePolicy::Always)
}

/// Sends IKE_SA_INIT, expects a cookie.
fn ask(world: &mut World, client: &Client) -> Vec<u8> {
    let answer = parse(&world.ask(client.path, &client.init()));
    assert_eq!((answer.header.spi_r, answer.header.flags), (IkeSpi::ZERO, Flags::RESPONSE));
    let (kind, cookie) = answer.only_notify();
    assert_eq!(kind, NotifyType::COOKIE);
    assert!((1..=64).contains(&cookie.len()));
    assert_eq!(world.take_events(), [Event::CookieRequested { path: client.path }]);
    cookie
}

fn add_cookie(client: &mut Client, cookie: &[u8], index: usize) {
    let mut payloads = client.init_payloads();
    payloads.insert(index, notify(NotifyType::COOKIE, cookie));
    client.set_init(payloads);
}

#[test]
fn the_right_cookie_opens_the_door() {
    let mut world = always();
    let mut client = Client::new(1);
    let cookie = ask(&mut world, &client);
    assert_eq!((world.responder.sas().count(), world.responder.poll_timeout()), (0, None));
    add_cookie(&mut client, &cookie, 0);
    // AUTH covers the request with the cookie.
    world.connect(&mut client);
}

#[test]
fn asking_again_costs_no_state_and_gives_the_same_cookie() {
    let mut world = always();
    let client = Client::new(1);
    assert_eq!(ask(&mut world, &client), ask(&mut world, &client));
    assert_eq!(world.responder.sas().count(), 0);
}

#[test]
fn a_wrong_cookie_is_no_cookie() {
    let mut world = always();
    let mut client = Client::new(1);
    let mut cookie = ask(&mut world, &client);
    cookie[5] ^= 1;
    add_cookie(&mut client, &cookie, 0);
    cookie[5] ^= 1;
    assert_eq!(ask(&mut world, &client), cookie);
    add_cookie(&mut client, &[], 0);
    ask(&mut world, &client);
}

#[test]
fn a_cookie_that_is_not_the_first_payload_is_no_cookie() {
    let mut world = always();
    let mut client = Client::new(1);
    let cookie = ask(&mut world, &client);
    add_cookie(&mut client, &cookie, 1);
    ask(&mut world, &client);
}

#[test]
fn a_cookie_of_another_address_is_no_cookie() {
    let mut world = always();
    let mut client = Client::new(1);
    let cookie = ask(&mut world, &client);
    add_cookie(&mut client, &cookie, 0);
    client.path = Client::new(2).path;
    ask(&mut world, &client);
}

#[test]
fn a_cookie_grows_old() {
    let mut world = always();
    let mut client = Client::new(1);
    let cookie = ask(&mut world, &client);
    world.pass(Duration::from_secs(121));
    add_cookie(&mut client, &cookie, 0);
    ask(&mut world, &client);
}

#[test]
fn cookies_are_wanted_only_above_the_limit() {
    let mut world = World::with(|config| config.cookies = CookiePolicy::Above(1));
    world.half_open(&mut Client::new(1));
    world.half_open(&mut Client::new(2));
    world.take_events();
    let mut third = Client::new(3);
    let cookie = ask(&mut world, &third);
    // A half-open SA's own retransmission needs none.
    let second = Client::new(2);
    world.ask(second.path, &second.init());
    add_cookie(&mut third, &cookie, 0);
    world.half_open(&mut third);
    world.pass(Duration::from_secs(31));
    world.half_open(&mut Client::new(4));
}

#[test]
fn a_cookie_that_nobody_asked_for_does_no_harm() {
    let mut world = World::new();
    let mut client = Client::new(1);
    add_cookie(&mut client, b"whatever", 0);
    world.connect(&mut client);
}
