//! A device that creates and rekeys SAs, which no virtual node does: its messages are made by hand with
//! the keys that the node has shown.

use super::*;
use crate::Backend;
use crate::Observer;
use crate::event::Event as RunEvent;
use crate::observer::{Arrival, Datagram};
use crate::recording::{Keep, Recording};
use crate::world::World;
use crate::world::outside::Edge;
use core::cell::RefCell;
use crypto::{Group, PrivateKey, RustCrypto};
use ike_core::payload::{Delete, KeyExchange, Nonce, Notify, ProposalRepr, SaRepr, TsRepr};
use ike_core::{
    ChildKeys, EspSuite, ExchangeType, Flags, IkeKeys, IkeSpi, IkeSuite, MessageWriter, NotifyType,
    PayloadType, ProtocolId, SaNonces, Suite, open_protected,
};
use ike_responder::OutPayload;
use std::rc::Rc;
use vnet::link::Direction;

const DOOR: &str = include_str!("../../../../../scenarios/garage-door.toml");
const NONCE: [u8; 32] = [0x4e; 32];

/// What a run has shown so far, to be looked at while it goes on.
#[derive(Clone)]
struct Watch(Rc<RefCell<(Recording, Vec<Vec<u8>>)>>);

impl Watch {
    fn new(scenario: &Scenario) -> Self {
        let recording = Recording::new(scenario, None, Keep::default());
        Self(Rc::new(RefCell::new((recording, Vec::new()))))
    }

    fn esp(&self) -> Vec<EspKeyLog<'static>> {
        self.0.borrow().0.esp_keys.clone()
    }

    fn ike(&self) -> Vec<IkeKeyLog<'static>> {
        self.0.borrow().0.ike_keys.clone()
    }

    /// The last IKE message of the gateway.
    fn answer(&self) -> Vec<u8> {
        self.0.borrow().1.last().expect("an answer").clone()
    }

    fn has(&self, event: &str) -> bool {
        self.0.borrow().0.trace().contains(&format!("\"event\":\"{event}\""))
    }
}

impl Observer for Watch {
    fn event(&mut self, event: &RunEvent<'_>) {
        self.0.borrow_mut().0.event(event);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        let mut all = self.0.borrow_mut();
        all.0.datagram(datagram);
        let outer = ip::parse(datagram.octets).expect("an IP datagram");
        if datagram.place.direction == Direction::Back && outer.protocol == protocol::UDP {
            let inner = udp::parse(outer.source, outer.destination, outer.payload).expect("UDP");
            all.1.push(inner.payload.to_vec());
        }
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.0.borrow_mut().0.arrival(arrival);
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.0.borrow_mut().0.ike_keys(keys);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        self.0.borrow_mut().0.esp_keys(keys);
    }
}

/// The device's end of an IKE SA.
struct Device {
    spis: (IkeSpi, IkeSpi),
    suite: IkeSuite,
    keys: IkeKeys,
    next: u32,
}

/// A world whose node is connected, and that node's IKE SA.
struct Run<'a> {
    world: World<'a>,
    watch: Watch,
    device: Device,
}

fn private() -> PrivateKey {
    PrivateKey::from_octets(Group::Curve25519, &[0x21; 32]).expect("a key")
}

fn ke() -> OutPayload {
    let mut public = [0; 32];
    RustCrypto.public_value(&private(), &mut public);
    OutPayload::of(&KeyExchange { group: 31, data: &public })
}

impl<'a> Run<'a> {
    fn new(scenario: &'a Scenario, watch: Watch, observer: &'a mut Watch) -> Self {
        let mut world = World::new(scenario, 3, observer);
        while !watch.has("esp_received") {
            assert!(world.step());
        }
        let log = watch.ike().remove(0);
        let device =
            Device { spis: log.spis, suite: log.suite, keys: log.keys.into_owned(), next: 2 };
        Self { world, watch, device }
    }

    fn peer(&self) -> IpAddr {
        self.world.core.addresses.node(0)
    }

    /// A datagram for the gateway; when it returns, that has had it and answered.
    fn send(&mut self, who: Actor, packet: Vec<u8>) {
        self.world.core.send(who, 0, Direction::Towards, packet);
        let arrival = self.world.core.now + core::time::Duration::from_millis(50);
        self.world.step_until(arrival);
    }

    /// A request in the device's IKE SA; the payloads of the answer.
    fn ask(&mut self, exchange: ExchangeType, payloads: &[OutPayload]) -> Vec<OutPayload> {
        let Device { spis, suite, keys, next } = &mut self.device;
        let header =
            Header::new(spis.0, spis.1, exchange).message_id(*next).flags(Flags::INITIATOR);
        let mut buffer = vec![0; BUFFER];
        let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
        let iv = (u64::MAX - u64::from(*next)).to_be_bytes();
        writer.begin_protected(suite.protection, &iv).expect("room");
        for payload in payloads {
            writer
                .payload(&ike_core::payload::Raw { kind: payload.kind, body: &payload.body })
                .expect("room");
        }
        let len = writer.seal(&RustCrypto, &keys.initiator).expect("room");
        *next += 1;
        let addresses = self.world.core.addresses;
        let at = |address| SocketAddr::new(address, IKE_PORT);
        let (from, to) = (at(addresses.node(0)), at(addresses.gateway()));
        // Not in the node's name: it has not asked that, and would never see it answered.
        self.send(Actor::Server, udp::emit(from, to, &buffer[..len]));
        let mut answer = self.watch.answer();
        let inner = open_protected(&RustCrypto, &self.device.keys.responder, &mut answer);
        let inner = inner.expect("an answer in this IKE SA");
        let found = inner.payloads(&answer).map(|payload| payload.expect("a payload"));
        found
            .map(|payload| OutPayload {
                kind: payload.kind,
                critical: payload.critical,
                body: payload.body.to_vec(),
            })
            .collect()
    }

    /// Asks for a Child SA, in place of another one; our SPI of it, and a tunnel that has it.
    fn create_child(&mut self, spi_in: u32, old: Option<u32>) -> (u32, Tunnel<RustCrypto>) {
        let addresses = self.world.core.addresses;
        let tsi = [TrafficSelector::host(addresses.node(0))];
        let tsr = [TrafficSelector::host(addresses.server())];
        let suite: EspSuite = Suite::default().esp();
        let octets = spi_in.to_be_bytes();
        let transforms = suite.transforms_with(Some(Group::Curve25519));
        let offer = ProposalRepr {
            number: 1,
            protocol: ProtocolId::ESP,
            spi: &octets,
            transforms: &transforms,
        };
        let rekey = old.map(|old| {
            let (protocol, kind) = (ProtocolId::ESP, NotifyType::REKEY_SA);
            OutPayload::of(&Notify { protocol, spi: &old.to_be_bytes(), kind, data: &[] })
        });
        let mut payloads: Vec<_> = rekey.into_iter().collect();
        payloads.extend([
            OutPayload::of(&SaRepr(&[offer])),
            OutPayload::of(&Nonce(&NONCE)),
            ke(),
            OutPayload::of(&TsRepr { whose: PayloadType::TSI, selectors: &tsi }),
            OutPayload::of(&TsRepr { whose: PayloadType::TSR, selectors: &tsr }),
        ]);
        let answer = self.ask(ExchangeType::CREATE_CHILD_SA, &payloads);
        let [sa, nonce_r, ke, ..] = &answer[..] else { panic!("agreed: {answer:?}") };
        let spi_out = u32::from_be_bytes(sa.body[8..12].try_into().expect("4 octets"));
        let shared = RustCrypto.shared_secret(&private(), &ke.body[4..]).expect("a value");
        let nonces = SaNonces { initiator: &NONCE, responder: &nonce_r.body };
        let key = (self.device.suite.prf, &self.device.keys.d);
        let keys = ChildKeys::derive_pfs(&RustCrypto, key, &shared, &nonces, &suite);
        // What a node would show: the checkers compare it with what the gateway has.
        let (node, gateway) = (addresses.node(0), addresses.gateway());
        for (source, destination, spi, key) in
            [(node, gateway, spi_out, &keys.initiator), (gateway, node, spi_in, &keys.responder)]
        {
            let (who, ike, key) = (Actor::Node(0), self.device.spis, key.clone());
            let key = Cow::Owned(key);
            let log = EspKeyLog { who, ike, source, destination, spi, key };
            self.world.core.observer.esp_keys(&log);
        }
        let (inbound, outbound) = (&keys.responder, &keys.initiator);
        let keys = TunnelKeys { spi_in, spi_out, inbound, outbound, local: &tsi, remote: &tsr };
        (spi_out, Tunnel::new(RustCrypto, &keys))
    }

    fn delete(&mut self, delete: &Delete<'_>) {
        self.ask(ExchangeType::INFORMATIONAL, &[OutPayload::of(delete)]);
    }

    fn delete_child(&mut self, spi: u32) {
        let spis = &spi.to_be_bytes();
        self.delete(&Delete { protocol: ProtocolId::ESP, spi_size: 4, spis });
    }

    fn gateway(&self) -> &Gateway<Backend> {
        match &self.world.gateway {
            Edge::Inside(gateway) => gateway,
            Edge::Outside(_) => panic!("the gateway is inside"),
        }
    }

    /// Over which Child SA the gateway sends to the device.
    fn outbound(&self) -> Option<u32> {
        let addresses = self.world.core.addresses;
        let inner = ip::emit(addresses.server(), addresses.node(0), 59, &[]);
        self.gateway().outbound(self.peer(), &inner)
    }

    /// Rekeys the IKE SA; the device is in the new one, the old one is returned.
    fn rekey(&mut self) -> Device {
        let new_spi = IkeSpi(0x2222);
        let suite = self.device.suite;
        let transforms = suite.transforms();
        let offer = ProposalRepr {
            number: 1,
            protocol: ProtocolId::IKE,
            spi: &new_spi.to_octets(),
            transforms: &transforms,
        };
        let payloads = [OutPayload::of(&SaRepr(&[offer])), OutPayload::of(&Nonce(&NONCE)), ke()];
        let answer = self.ask(ExchangeType::CREATE_CHILD_SA, &payloads);
        let [sa, nonce_r, ke] = &answer[..] else { panic!("agreed: {answer:?}") };
        let spi_r = u64::from_be_bytes(sa.body[8..16].try_into().expect("8 octets"));
        let spis = (new_spi, IkeSpi(spi_r));
        let shared = RustCrypto.shared_secret(&private(), &ke.body[4..]).expect("a value");
        let nonces = SaNonces { initiator: &NONCE, responder: &nonce_r.body };
        let keys = self.device.keys.rekey(&RustCrypto, (&suite, &suite), (&nonces, spis), &shared);
        core::mem::replace(&mut self.device, Device { spis, suite, keys, next: 0 })
    }
}

fn run(test: impl FnOnce(&mut Run<'_>)) {
    let scenario = Scenario::parse("garage-door.toml", DOOR, &[]).expect("a scenario");
    let watch = Watch::new(&scenario);
    let mut observer = watch.clone();
    let mut run = Run::new(&scenario, watch.clone(), &mut observer);
    test(&mut run);
    drop(run);
    let all = watch.0.borrow();
    let found: Vec<_> =
        all.0.judge.jury.checkers.violations().iter().map(|found| &found.what).collect();
    assert_eq!(found, Vec::<&String>::new());
}

/// The device's SPI of the Child SA that IKE_AUTH made, and the gateway's.
fn first(run: &Run<'_>) -> (u32, u32) {
    let spi_in = run.outbound().expect("a Child SA");
    let to_node = run.watch.esp().into_iter().find(|log| log.destination == run.peer());
    (to_node.expect("keys").spi, spi_in)
}

/// RFC 7296 2.8: until the device is known to have the answer, it gets its packets over the old one.
#[test]
fn a_rekeyed_child_sa_is_sent_over_when_something_came_in_over_it() {
    run(|run| {
        let (theirs, old) = first(run);
        let (new, mut tunnel) = run.create_child(0x7001, Some(theirs));
        assert_eq!((run.outbound(), run.gateway().children.len()), (Some(old), 2));
        let addresses = run.world.core.addresses;
        let inner = ip::emit(addresses.node(0), addresses.server(), 59, &[]);
        let outer = (addresses.node(0), addresses.gateway());
        let mut rng = run.world.core.stream(9, "a device's ESP");
        let core = &mut run.world.core;
        let packet = tunnel.seal(core, Actor::Node(0), (&inner, outer), &mut rng);
        run.send(Actor::Node(0), packet.expect("it is allowed"));
        assert_eq!(run.outbound(), Some(new));
    });
}

#[test]
fn a_rekeyed_child_sa_is_sent_over_when_the_old_one_is_deleted() {
    run(|run| {
        let (theirs, old) = first(run);
        let (new, _) = run.create_child(0x7001, Some(theirs));
        assert_eq!(run.outbound(), Some(old));
        run.delete_child(theirs);
        assert_eq!((run.outbound(), run.gateway().children.len()), (Some(new), 1));
        for event in ["child_created", "child_closed"] {
            assert!(run.watch.has(event), "{event}");
        }
    });
}

#[test]
fn the_latest_child_sa_is_sent_over_and_then_the_one_that_is_left() {
    run(|run| {
        let (_, old) = first(run);
        let (new, _) = run.create_child(0x7001, None);
        assert_eq!(run.outbound(), Some(new), "nothing is replaced, so nothing is waited for");
        run.delete_child(0x7001);
        assert_eq!(run.outbound(), Some(old));
        // The node itself goes on as if nothing had been, and connects again when it wakes again.
        run.world.step_until(ike_core::Instant::from_micros(100_000_000));
        assert_eq!(run.watch.0.borrow().0.judge.jury.counter.figures.established, 2);
        assert_eq!(run.world.gateway_sas(), (0, 1));
    });
}

#[test]
fn a_rekeyed_ike_sa_keeps_its_child_sas_and_shows_its_keys() {
    run(|run| {
        let (_, child) = first(run);
        let shown = run.watch.ike().len();
        let old = run.rekey();
        let logs = run.watch.ike();
        assert_eq!(logs.len(), shown + 1);
        let log = logs.last().expect("keys");
        assert_eq!((log.spis, log.keys.as_ref()), (run.device.spis, &run.device.keys));
        let new = core::mem::replace(&mut run.device, old);
        run.delete(&Delete::IKE_SA);
        run.device = new;
        assert_eq!(run.outbound(), Some(child));
        assert_eq!(run.world.gateway_sas(), (0, 1));
        let (second, _) = run.create_child(0x7001, None);
        assert_eq!(run.outbound(), Some(second));
        run.delete(&Delete::IKE_SA);
        assert_eq!((run.outbound(), run.world.gateway_sas()), (None, (0, 0)));
        let Gateway { children, by_sa, by_inner, .. } = run.gateway();
        assert!(children.len() == 0 && by_sa.len() == 0 && by_inner.is_empty());
        assert!(run.watch.has("rekeyed"));
    });
}
