//! Deliberate misbehaviour.

use crate::client::{Client, notify};
use crate::world::World;
use crypto::SharedSecret;
use ike_core::{ExchangeType, NotifyType, PayloadType, TrafficSelector};
use ike_responder::{Behaviour, MessageContext, OutPayload, TunnelSelectors};

struct WrongAuth;

impl Behaviour for WrongAuth {
    fn spoil_auth(&mut self) -> bool {
        true
    }
}

#[test]
fn auth_can_be_falsified() {
    let mut world = World::with_behaviour(|_| {}, WrongAuth);
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let request = client.auth();
    let response = world.ask(client.path, &request);
    let opened = client.open(&response);
    assert!(!client.is_auth_right(&opened));
}

struct NoChild;

impl Behaviour for NoChild {
    fn refuse_child(&mut self) -> Option<NotifyType> {
        Some(NotifyType::SINGLE_PAIR_REQUIRED)
    }
}

#[test]
fn the_child_sa_can_be_refused() {
    let mut world = World::with_behaviour(|_| {}, NoChild);
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let request = client.auth();
    let response = world.ask(client.path, &request);
    let opened = client.open(&response);
    client.verify_auth(&opened);
    assert_eq!(opened.notifies(), [(NotifyType::SINGLE_PAIR_REQUIRED, Vec::new())]);
    assert_eq!(world.responder.established(), 1);
}

struct Wide;

impl Behaviour for Wide {
    fn selectors(&mut self, narrowed: &mut TunnelSelectors) {
        narrowed.remote = vec![TrafficSelector::network([0, 0, 0, 0].into(), 0).expect("all")];
    }
}

#[test]
fn selectors_can_be_widened_and_the_child_sa_has_them() {
    let mut world = World::with_behaviour(|_| {}, Wide);
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let request = client.auth();
    let response = world.ask(client.path, &request);
    let agreed = client.take_auth(&response);
    assert!(!TrafficSelector::all_within(&agreed.tsi, &client.tsi));
    let sa = world.established()[0];
    let child = world.responder.take_child_keys(sa).expect("a Child SA");
    assert_eq!(child.remote, agreed.tsi);
}

/// Puts a notify that nobody knows in front of everything.
#[derive(Default)]
struct Talkative(Vec<MessageContext>);

impl Behaviour for Talkative {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        self.0.push(*context);
        if context.exchange != ExchangeType::IKE_SA_INIT {
            payloads.insert(0, notify(NotifyType(50_000), b"hello"));
        }
    }
}

#[test]
fn every_message_can_be_edited_once_before_it_is_stored() {
    let mut world = World::with_behaviour(|_| {}, Talkative::default());
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let request = client.auth();
    let response = world.ask(client.path, &request);
    assert_eq!(world.ask(client.path, &request), response);
    let opened = client.open(&response);
    client.verify_auth(&opened);
    assert_eq!(opened.kinds()[..2], [PayloadType::N, PayloadType::IDR]);
    let sa = world.established()[0];
    world.responder.delete(world.now, sa);
    assert_eq!(client.open(&world.sent()[0].1).kinds(), [PayloadType::N, PayloadType::D]);
    let seen = std::mem::take(&mut world.responder.behaviour_mut().0);
    let of = |exchange, message_id, response| MessageContext {
        sa: Some(sa),
        exchange,
        message_id,
        response,
    };
    assert_eq!(
        seen,
        [
            of(ExchangeType::IKE_SA_INIT, 0, true),
            of(ExchangeType::IKE_AUTH, 1, true),
            of(ExchangeType::INFORMATIONAL, 0, false)
        ]
    );
}

/// Sets the critical flag in IKE_SA_INIT, and adds a payload of an unknown type.
struct Critical;

impl Behaviour for Critical {
    fn edit(&mut self, _: &MessageContext, payloads: &mut Vec<OutPayload>) {
        payloads.push(OutPayload { kind: PayloadType(99), critical: true, body: vec![1, 2] });
    }
}

#[test]
fn a_critical_payload_can_be_added_even_to_an_answer_without_an_sa() {
    let mut world = World::with_behaviour(|config| config.suites.clear(), Critical);
    let client = Client::new(1);
    let answer = crate::client::parse(&world.ask(client.path, &client.init()));
    assert_eq!(answer.kinds(), [PayloadType::N, PayloadType(99)]);
    assert!(answer.payloads[1].critical);
}

/// Refuses each public value.
struct NoSecret;

impl Behaviour for NoSecret {
    fn secret(&mut self, _: &[u8], judged: Option<SharedSecret>) -> Option<SharedSecret> {
        assert!(judged.is_some(), "the value is a good one");
        None
    }
}

#[test]
fn a_public_value_can_be_refused() {
    let mut world = World::with_behaviour(|_| {}, NoSecret);
    let client = Client::new(1);
    world.silence(client.path, &client.init());
    assert_eq!(world.responder.half_open(), 0);
}
