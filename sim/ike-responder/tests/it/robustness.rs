//! No octets from outside do harm, whatever the state.

use crate::client::{Client, ESP_SPI, RESPONSE, notify};
use crate::creation::Wish;
use crate::exchanges::delete_ike;
use crate::world::World;
use core::time::Duration;
use ike_core::{ExchangeType, Header, NotifyType, Suite};
use ike_responder::{CookiePolicy, GatewayRequest, OutPayload};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// A world in one of its states, and a message that would be right there.
fn prepared(state: u8, suite: Suite) -> (World, Client, Vec<u8>) {
    let mut world = World::with(|config| {
        config.liveness = Some(Duration::from_secs(20));
        if state == 1 {
            config.cookies = CookiePolicy::Always;
        }
    });
    let mut client = Client::with_suite(1, suite, [198, 51, 100, 1].into());
    let message = match state {
        0 | 1 => client.init(),
        2 => {
            world.half_open(&mut client);
            client.auth()
        }
        3 => {
            world.connect(&mut client);
            client.informational(2, &[delete_ike()])
        }
        4 => {
            world.connect(&mut client);
            let check = world.pass(Duration::from_secs(20)).remove(0).1;
            client.respond(&check)
        }
        5 => {
            let sa = world.connect(&mut client);
            world.responder.delete(world.now, sa);
            let delete = world.sent().remove(0).1;
            client.respond(&delete)
        }
        6 => {
            let sa = world.connect(&mut client);
            assert!(world.responder.request(world.now, sa, GatewayRequest::NewChild));
            let request = world.sent().remove(0).1;
            let header = Header::parse(&request).expect("a header").flags(RESPONSE);
            client.seal_as(&header, &[notify(NotifyType::NO_ADDITIONAL_SAS, &[])])
        }
        7 => {
            world.responder.config_mut().service_time = Duration::from_millis(10);
            world.silence(client.path, &client.init());
            client.init()
        }
        9 => {
            world.connect(&mut client);
            client.child(2, &Wish::pfs().rekeying(ESP_SPI))
        }
        10 => {
            world.connect(&mut client);
            client.rekey(2, suite)
        }
        11 | 12 => {
            world.connect(&mut client);
            let rekey = client.rekey(2, suite);
            let response = world.ask(client.path, &rekey);
            let mut new = client.take_rekey(&response, suite);
            if state == 12 {
                let child = new.child(0, &Wish::pfs());
                return (world, new, child);
            }
            client.informational(3, &[delete_ike()])
        }
        _ => {
            world.connect(&mut client);
            let delete = client.informational(2, &[delete_ike()]);
            world.ask(client.path, &delete);
            delete
        }
    };
    (world, client, message)
}

/// Everything goes on as it should: time passes, and the next device connects.
fn assert_sound(mut world: World) {
    world.pass(Duration::from_secs(2_000));
    // Liveness has ended whatever was still there; no index remembers it.
    assert_eq!((world.responder.sas().count(), world.responder.poll_timeout()), (0, None));
    assert_eq!((world.responder.half_open(), world.responder.established()), (0, 0));
    world.responder.config_mut().cookies = CookiePolicy::Never;
    world.responder.config_mut().service_time = Duration::ZERO;
    world.connect(&mut Client::new(8));
}

fn suites() -> impl Strategy<Value = Suite> {
    // MODP-2048 is slow, and no state differs by the group.
    prop_oneof![Just(Suite::AesGcmX25519), Just(Suite::ChaCha20X25519)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_octets_never_panic(
        state in 0..=12_u8,
        datagrams in vec(vec(any::<u8>(), 0..200), 1..8),
    ) {
        let (mut world, client, _) = prepared(state, Suite::default());
        for datagram in datagrams {
            world.deliver(client.path, &datagram);
        }
        assert_sound(world);
    }

    #[test]
    fn arbitrary_bodies_behind_a_good_header_never_panic(
        state in 0..=12_u8,
        first in any::<u8>(),
        body in vec(any::<u8>(), 0..300),
    ) {
        let (mut world, client, message) = prepared(state, Suite::default());
        let mut datagram = message[..28].to_vec();
        datagram[16] = first;
        datagram.extend(body);
        let len = u32::try_from(datagram.len()).expect("short");
        datagram[24..28].copy_from_slice(&len.to_be_bytes());
        world.deliver(client.path, &datagram);
        assert_sound(world);
    }

    #[test]
    fn mutated_messages_never_panic(
        state in 0..=12_u8,
        suite in suites(),
        changes in vec((any::<Index>(), any::<u8>()), 1..6),
        cut in any::<Option<Index>>(),
    ) {
        let (mut world, client, message) = prepared(state, suite);
        let mut mutated = message.clone();
        for (index, octet) in changes {
            let index = index.index(mutated.len());
            mutated[index] = octet;
        }
        if let Some(cut) = cut {
            mutated.truncate(cut.index(message.len()));
        }
        world.deliver(client.path, &mutated);
        world.deliver(client.path, &message);
        assert_sound(world);
    }

    /// What verifies and is nonsense inside: the peer itself is mad.
    #[test]
    fn arbitrary_payloads_inside_never_panic(
        state in prop_oneof![2..=6_u8, 9..=12_u8],
        exchange in 34..=38_u8,
        payloads in vec((33..=54_u8, any::<bool>(), vec(any::<u8>(), 0..60)), 0..6),
        genuine in any::<bool>(),
    ) {
        let (mut world, mut client, message) = prepared(state, Suite::default());
        let header = Header::parse(&message).expect("a header");
        let header = Header { exchange: ExchangeType(exchange), ..header };
        let mut all = match state {
            2 if genuine => client.auth_payloads(),
            9 | 12 if genuine => client.child_payloads(&Wish::pfs()),
            10 if genuine => client.rekey_payloads(Suite::default()),
            _ => Vec::new(),
        };
        all.extend(payloads.into_iter().map(|(kind, critical, body)| OutPayload {
            kind: ike_core::PayloadType(kind),
            critical,
            body,
        }));
        // An SK payload inside would end the chain.
        all.retain(|payload| !matches!(payload.kind.0, 46 | 53));
        all.push(notify(NotifyType(50_000), &[]));
        let sealed = client.seal_as(&header, &all);
        let answers = world.deliver(client.path, &sealed);
        prop_assert!(answers.len() <= 1);
        assert_sound(world);
    }
}
