//! How many half-open SAs there may be, in all and of one address.

use crate::client::{Client, notify, parse};
use crate::world::World;
use core::net::IpAddr;
use core::time::Duration;
use ike_core::{DropReason, NotifyType, Suite};
use ike_responder::{CookiePolicy, Event};

const ADDRESS: [u8; 4] = [198, 51, 100, 200];

/// A client behind the one address of a fleet.
fn behind_one(index: u8) -> Client {
    Client::with_suite(index, Suite::default(), ADDRESS.into())
}

fn assert_blocked(world: &mut World, client: &Client) {
    world.take_events();
    world.silence(client.path, &client.init());
    let reason = DropReason::TooManyHalfOpen;
    assert_eq!(world.take_events(), [Event::Dropped { path: client.path, reason }]);
}

#[test]
fn an_address_with_its_share_of_half_open_sas_gets_no_more_and_others_do() {
    let mut world = World::with(|config| config.half_open_per_address = Some(2));
    world.half_open(&mut behind_one(1));
    world.half_open(&mut behind_one(2));
    assert_blocked(&mut world, &behind_one(3));
    world.half_open(&mut Client::new(4));
    // What is there is still answered.
    world.ask(behind_one(1).path, &behind_one(1).init());
}

#[test]
fn a_share_is_free_again_once_ike_auth_came_or_the_time_is_over() {
    let mut world = World::with(|config| config.half_open_per_address = Some(1));
    let mut first = behind_one(1);
    world.connect(&mut first);
    world.half_open(&mut behind_one(2));
    assert_blocked(&mut world, &behind_one(3));
    world.pass(Duration::from_secs(30));
    world.half_open(&mut behind_one(3));
}

#[test]
fn the_two_forms_of_an_ipv4_address_share() {
    let mut world = World::with(|config| config.half_open_per_address = Some(1));
    world.half_open(&mut behind_one(1));
    let mapped: IpAddr = core::net::Ipv4Addr::from(ADDRESS).to_ipv6_mapped().into();
    assert_blocked(&mut world, &Client::with_suite(2, Suite::default(), mapped));
}

#[test]
fn a_cookie_is_wanted_from_the_address_that_has_many_half_open_sas() {
    let cookies = CookiePolicy::AboveEither { total: 100, per_address: 1 };
    let mut world = World::with(|config| config.cookies = cookies);
    world.half_open(&mut behind_one(1));
    world.half_open(&mut behind_one(2));
    let mut third = behind_one(3);
    let answer = parse(&world.ask(third.path, &third.init()));
    let (kind, cookie) = answer.only_notify();
    assert_eq!(kind, NotifyType::COOKIE);
    world.half_open(&mut Client::new(4));
    let mut payloads = third.init_payloads();
    payloads.insert(0, notify(NotifyType::COOKIE, &cookie));
    third.set_init(payloads);
    world.half_open(&mut third);
}

#[test]
fn a_cookie_is_wanted_from_all_while_there_are_many_half_open_sas() {
    let cookies = CookiePolicy::AboveEither { total: 1, per_address: 100 };
    let mut world = World::with(|config| config.cookies = cookies);
    world.half_open(&mut Client::new(1));
    world.half_open(&mut Client::new(2));
    let client = Client::new(3);
    let answer = parse(&world.ask(client.path, &client.init()));
    assert_eq!(answer.only_notify().0, NotifyType::COOKIE);
}

#[test]
fn the_cookie_comes_before_the_block() {
    let mut world = World::with(|config| {
        config.cookies = CookiePolicy::Always;
        config.half_open_per_address = Some(0);
    });
    let mut client = behind_one(1);
    let (kind, cookie) = parse(&world.ask(client.path, &client.init())).only_notify();
    assert_eq!(kind, NotifyType::COOKIE);
    let mut payloads = client.init_payloads();
    payloads.insert(0, notify(NotifyType::COOKIE, &cookie));
    client.set_init(payloads);
    assert_blocked(&mut world, &client);
}
