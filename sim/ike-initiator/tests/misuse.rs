//! What the owner must not do, and what it may do at any time.

use crate::support::{Pair, config, path_of, psk};
use crypto::RustCrypto;
use ike_core::{
    ExchangeType, Identity, MAX_IDENTITY, Psk, Schedule, Selectors, Suite, TrafficSelector,
};
use ike_initiator::{Config, Event, Initiator, MAX_REQUEST, Misuse, Profile, StateName};
use proptest::prelude::*;
use rstest::rstest;

fn refused(config: Config) -> Option<Misuse> {
    Initiator::new(config, RustCrypto).err()
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let none = Selectors::new();
    assert_eq!(refused(config()), None);
    assert_eq!(refused(Config { local: none.clone(), ..config() }), Some(Misuse::NoSelectors));
    assert_eq!(refused(Config { remote: none, ..config() }), Some(Misuse::NoSelectors));
    let schedule = Schedule { tries: 0, ..Schedule::RFC7296 };
    assert_eq!(refused(Config { schedule, ..config() }), Some(Misuse::NoTries));
    let (local, remote) = (v6(4), v6(4));
    assert_eq!(refused(Config { local, remote, ..config() }), Some(Misuse::RequestTooLarge));
}

/// A dual-stack socket says IPv4 addresses in the form of IPv6 ones; packets in the tunnel have none such, and no
/// gateway would accept them. The path stays as the socket said it.
#[test]
fn the_selectors_behind_a_dual_stack_socket_are_of_ipv4() {
    let path = path_of("[::ffff:192.0.2.13]:500", "[::ffff:192.0.2.1]:500");
    let config = Config::new(path, config().identity, psk());
    let hosts = [&config.local, &config.remote].map(|side| side[0].to_string());
    assert_eq!((hosts, config.path), (["192.0.2.13", "192.0.2.1"].map(String::from), path));
}

#[rstest]
#[case(Misuse::AlreadyConnecting)]
#[case(Misuse::NoSelectors)]
#[case(Misuse::NoTries)]
#[case(Misuse::RequestTooLarge)]
fn every_misuse_says_what_was_wrong(#[case] misuse: Misuse) {
    assert!(misuse.to_string().len() > 10, "{misuse}");
}

#[test]
fn connecting_twice_is_a_misuse_that_changes_nothing() {
    let (mut init, request) = Pair::init_sent(config());
    let (mut auth, _) = Pair::auth_sent(config());
    let mut established = Pair::established(config());
    let (mut closing, _) = Pair::closing();
    for pair in [&mut init, &mut auth, &mut established, &mut closing] {
        let (state, deadline) = (pair.device.state(), pair.device.poll_timeout());
        let refused = pair.device.connect(pair.now, &mut pair.rng);
        assert_eq!(refused, Err(Misuse::AlreadyConnecting));
        assert_eq!((pair.events(), pair.sends()), (vec![], vec![]));
        assert_eq!((pair.device.state(), pair.device.poll_timeout()), (state, deadline));
    }
    init.go_on_from_init(&request);
}

#[test]
#[should_panic(expected = "a buffer of at least 512 octets")]
fn a_buffer_that_may_be_too_small_is_refused_at_once() {
    let mut pair = Pair::new(config());
    pair.device.poll_transmit(pair.now, &mut [0; MAX_REQUEST - 1]);
}

/// Documented: an owner that never drains loses the newest events, and nothing else.
#[test]
fn an_owner_that_does_not_drain_still_gets_its_sa() {
    let mut pair = Pair::new(config());
    pair.device.connect(pair.now, &mut pair.rng).expect("idle");
    for _ in 0..100 {
        pair.device.handle_datagram(pair.now, pair.path, &mut [0; 5], &mut pair.rng);
    }
    let request = pair.sent();
    let mut response = pair.gateway.init(&request);
    pair.device.handle_datagram(pair.now, pair.path, &mut response, &mut pair.rng);
    let request = pair.sent();
    let mut response = pair.gateway.auth(&request);
    pair.device.handle_datagram(pair.now, pair.path, &mut response, &mut pair.rng);
    assert_eq!(pair.device.state(), StateName::Established);
    let events = pair.events();
    assert!(events.len() <= 16 && !events.iter().any(|e| matches!(e, Event::Established { .. })));
    assert!(pair.device.take_child_keys().is_some());
}

#[test]
fn profiles_have_names_that_parse() {
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
    }
    let unknown = "rfc9999".parse::<Profile>().expect_err("no such profile");
    assert_eq!(unknown.to_string(), "expected one of rfc7815 rfc7296-min modern");
    assert_eq!(Profile::default(), Profile::Rfc7296Min);
}

/// RFC 7296 2.15: secrets of 64 octets and more; a gateway that knows them is believed.
#[rstest]
fn long_secrets_work(#[values(1, 64, 65, 128)] len: usize) {
    let psk = Psk::new(&vec![0x5a; len]).expect("within the maximum");
    Pair::established(Config { psk, ..config() });
}

/// RFC 7815 3: each kind of identity.
#[rstest]
fn every_kind_of_identity_is_sent(
    #[values("door.example", "user@door.example", "192.0.2.7", "2001:db8::7", "keyid:00ff00")]
    identity: &str,
) {
    let identity: Identity = identity.parse().expect("an identity");
    let pair = Pair::established(Config { identity, ..config() });
    assert_eq!(pair.device.state(), StateName::Established);
}

fn v6(count: usize) -> Selectors {
    let address = "2001:db8::7".parse().expect("an address");
    std::iter::repeat_n(TrafficSelector::host(address), count).collect()
}

fn v4(count: usize) -> Selectors {
    let address = "192.0.2.7".parse().expect("an address");
    std::iter::repeat_n(TrafficSelector::host(address), count).collect()
}

proptest! {
    /// What is not refused fits: there is no third way.
    #[test]
    fn a_configuration_that_is_taken_connects(
        id in 1..=MAX_IDENTITY,
        (local, remote) in (1_usize..=4, 1_usize..=4),
        (local_v6, remote_v6, initial_contact) in any::<(bool, bool, bool)>(),
        suite in prop::sample::select(Suite::ALL.as_slice()),
    ) {
        let make = |v6_side, count| if v6_side { v6(count) } else { v4(count) };
        let config = Config {
            identity: Identity::key_id(&vec![7; id]).expect("within the maximum"),
            local: make(local_v6, local),
            remote: make(remote_v6, remote),
            initial_contact,
            psk: psk(),
            ..config()
        }
        .suite(suite);
        if let Some(refused) = refused(config.clone()) {
            prop_assert_eq!(refused, Misuse::RequestTooLarge);
            return Ok(());
        }
        let mut pair = Pair::with_suite(suite, config);
        let request = pair.reach_auth();
        prop_assert!(request.len() <= MAX_REQUEST);
        let (header, _) = pair.gateway.open(&request);
        prop_assert_eq!(header.exchange, ExchangeType::IKE_AUTH);
    }
}

/// The limit is not needlessly tight: the longest identity with one selector a side, and a long
/// list with a short identity.
#[test]
fn usual_configurations_are_far_from_the_limit() {
    let longest = Identity::key_id(&[7; MAX_IDENTITY]).expect("within the maximum");
    for suite in Suite::ALL {
        let config = Config { local: v6(2), remote: v6(2), ..config() }.suite(suite);
        assert_eq!(refused(Config { identity: longest.clone(), ..config }), None);
        let config = Config { local: v4(4), remote: v4(4), ..self::config() }.suite(suite);
        assert_eq!(refused(Config { identity: longest.clone(), ..config }), None);
    }
}
