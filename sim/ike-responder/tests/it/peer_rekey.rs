//! The peer rekeys the IKE SA (RFC 7296 1.3.2, 2.18).

use crate::client::{Client, ESP_SPI, raw};
use crate::create_child::Connected;
use crate::creation::{NEW_IKE_SPI, Wish, ike_offer, ke};
use crate::exchanges::{assert_alive, delete_esp, delete_ike};
use crate::world::World;
use core::time::Duration;
use crypto::Group;
use ike_core::payload::{KeyExchange, ProposalRepr, SaRepr};
use ike_core::{ExchangeType, Header, NotifyType, Operation, PayloadType, ProtocolId, Suite};
use ike_responder::{CloseReason, Event, GatewayRequest, OutPayload, Phase, SaId};
use rstest::rstest;

impl Connected {
    /// The client rekeys the IKE SA; it in the new one, and that one.
    pub(crate) fn rekey(&mut self, message_id: u32, suite: Suite) -> (Client, SaId) {
        let request = self.client.rekey(message_id, suite);
        let response = self.world.ask(self.client.path, &request);
        let new = self.client.take_rekey(&response, suite);
        let found = |event: &Event| match event {
            Event::Rekeyed { new, .. } => Some(*new),
            _ => None,
        };
        let id = self.world.events.iter().rev().find_map(found).expect("it was rekeyed");
        (new, id)
    }

    fn phase(&self, sa: SaId) -> Option<Phase> {
        self.world.responder.sas().find(|summary| summary.id == sa).map(|summary| summary.phase)
    }
}

#[rstest]
fn a_new_ike_sa_takes_the_place_of_the_old_one(
    #[values(Suite::AesGcmX25519, Suite::AesCbcModp2048, Suite::AesGcmP256)] old: Suite,
    #[values(Suite::AesGcmX25519, Suite::AesCcm8P256, Suite::ChaCha20X25519)] suite: Suite,
) {
    let mut it = Connected::with_suite(old);
    let (mut client, new) = it.rekey(2, suite);
    let (sa, group) = (Some(it.sa), suite.ike().group);
    let (spi_i, spi_r) = (NEW_IKE_SPI, client.spi_r);
    let expected = [
        Event::Operation { sa, operation: Operation::DiffieHellman(group) },
        Event::Operation { sa, operation: Operation::KeyGeneration(group) },
        Event::Answered { sa: it.sa, exchange: ExchangeType::CREATE_CHILD_SA },
        Event::Rekeyed { old: it.sa, new, spi_i, spi_r },
    ];
    assert_eq!(it.world.take_events(), expected);
    assert_eq!((new.spi_r(), it.world.responder.established()), (spi_r, 1));
    assert_eq!((it.phase(it.sa), it.phase(new)), (Some(Phase::Replaced), Some(Phase::Established)));
    let (agreed, keys, ..) = it.world.responder.ike_keys(new).expect("keys");
    assert_eq!((agreed, keys), (&suite.ike(), client.keys()));
    // RFC 7296 2.18: both count from 0 again.
    assert_alive(&mut it.world, &mut client, 0);
    assert_alive(&mut it.world, &mut client, 1);
    assert!(it.world.responder.request(it.world.now, new, GatewayRequest::Liveness));
    let check = it.sent();
    assert_eq!(Header::parse(&check).expect("a header").message_id, 0);
    let answer = client.respond(&check);
    it.world.silence(client.path, &answer);
    assert_eq!(it.world.last_event(), &Event::PeerAnswered { sa: new, message_id: 0 });
    assert_eq!(it.world.responder.counters().rekeyed, 1);
}

#[test]
fn the_new_ike_sa_inherits_the_child_sas() {
    let mut it = Connected::new();
    let (_, second) = it.create(2, &Wish::plain());
    let (mut client, new) = it.rekey(3, Suite::default());
    let children = |it: &Connected, sa| it.world.responder.children(sa).collect::<Vec<_>>();
    assert_eq!(
        (children(&it, it.sa), children(&it, new)),
        (vec![], vec![it.child.spi, second.spi])
    );
    // Whatever was not taken yet.
    let taken = it.world.responder.take_child_keys(new).expect("that of IKE_AUTH");
    assert_eq!((taken.sa, taken.spi_in), (it.sa, it.child.spi));
    let request = client.informational(0, &[delete_esp(ESP_SPI)]);
    let response = it.world.ask(client.path, &request);
    assert_eq!(client.open(&response).kinds(), [PayloadType::D]);
    let closed = Event::ChildClosed { sa: new, spi_in: it.child.spi };
    assert_eq!(it.world.last_event(), &closed);
    // New ones come of the new SK_d.
    let wish = Wish { spi: 0x8888, ..Wish::pfs() };
    let request = client.child(1, &wish);
    let response = it.world.ask(client.path, &request);
    let (_, third) = client.take_child(&response);
    assert_eq!(it.world.responder.take_child_keys(new).map(|child| child.spi_in), Some(second.spi));
    let taken = it.world.responder.take_child_keys(new).expect("the third");
    assert_eq!((taken.inbound, taken.outbound), (third.keys.initiator, third.keys.responder));
}

#[test]
fn the_old_ike_sa_answers_until_the_peer_deletes_it() {
    let mut it = Connected::new();
    let (mut client, new) = it.rekey(2, Suite::default());
    assert_alive(&mut it.world, &mut it.client, 3);
    let request = it.client.child(4, &Wish::plain());
    let response = it.world.ask(it.client.path, &request);
    let expected = (NotifyType::TEMPORARY_FAILURE, Vec::new());
    assert_eq!(it.client.open(&response).only_notify(), expected);
    assert!(!it.world.responder.request(it.world.now, it.sa, GatewayRequest::NewChild));
    let delete = it.client.informational(5, &[delete_ike()]);
    let response = it.world.ask(it.client.path, &delete);
    assert_eq!(it.client.open(&response).kinds(), []);
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::DeletedByPeer };
    assert_eq!(it.world.last_event(), &closed);
    assert_alive(&mut it.world, &mut client, 0);
    assert_eq!(it.world.responder.children(new).count(), 1);
    assert_eq!(it.world.ask(it.client.path, &delete), response, "sent again as it was");
}

#[test]
fn an_old_ike_sa_that_nobody_deletes_ends_by_itself() {
    let mut it = Connected::new();
    let (mut client, new) = it.rekey(2, Suite::default());
    assert_eq!(it.world.pass(Duration::from_secs(239)), []);
    assert_eq!(it.phase(it.sa), Some(Phase::Replaced));
    assert_eq!(it.world.pass(Duration::from_secs(1)), []);
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::Replaced };
    assert_eq!(it.world.last_event(), &closed);
    assert_eq!((it.phase(it.sa), it.phase(new)), (None, Some(Phase::Established)));
    assert_eq!(it.world.responder.poll_timeout(), None);
    assert_alive(&mut it.world, &mut client, 0);
}

#[test]
fn a_lost_answer_is_sent_again_and_rekeys_nothing_twice() {
    let mut it = Connected::new();
    let request = it.client.rekey(2, Suite::default());
    let first = it.world.ask(it.client.path, &request);
    let mut client = it.client.take_rekey(&first, Suite::default());
    assert_alive(&mut it.world, &mut client, 0);
    assert_eq!(it.world.ask(it.client.path, &request), first);
    assert_eq!(it.world.responder.sas().count(), 2);
    assert_eq!(it.world.responder.counters().rekeyed, 1);
}

#[test]
fn what_was_rekeyed_is_rekeyed_again() {
    let mut it = Connected::new();
    let mut spis = vec![it.client.spi_r];
    for _ in 0..3 {
        let id = if spis.len() == 1 { 2 } else { 0 };
        let (client, new) = it.rekey(id, Suite::default());
        assert!(!spis.contains(&client.spi_r));
        spis.push(client.spi_r);
        (it.client, it.sa) = (client, new);
    }
    assert_eq!(it.world.responder.children(it.sa).collect::<Vec<_>>(), [it.child.spi]);
    assert_eq!(it.world.responder.established(), 1);
    it.world.pass(Duration::from_secs(300));
    assert_eq!(it.world.responder.sas().count(), 1);
}

#[test]
fn another_group_is_asked_for_and_the_ike_sa_stays() {
    let mut it = Connected::new();
    let p256 = Suite::AesGcmP256;
    let mut payloads = it.client.rekey_payloads(p256);
    payloads[2] = ke(Group::Curve25519);
    assert_eq!(it.refusal(2, &payloads), (NotifyType::INVALID_KE_PAYLOAD, vec![0, 19]));
    assert_eq!(it.phase(it.sa), Some(Phase::Established));
    it.rekey(3, p256);
}

#[rstest]
#[case::no_spi(&[])]
#[case::half_a_spi(&[1; 4])]
#[case::a_zero_spi(&[0; 8])]
fn an_offer_needs_a_new_spi(#[case] spi: &[u8]) {
    let mut it = Connected::new();
    let mut payloads = it.client.rekey_payloads(Suite::default());
    payloads[0] = ike_offer(spi, &Suite::default().ike().transforms());
    assert_eq!(it.refusal(2, &payloads), (NotifyType::NO_PROPOSAL_CHOSEN, Vec::new()));
    assert_alive(&mut it.world, &mut it.client, 3);
}

/// As strongSwan offers it: combined-mode and other ciphers in proposals of their own.
#[test]
fn the_acceptable_one_of_many_proposals_is_chosen() {
    let mut it = Connected::new();
    let mut strong = Suite::AesCbcModp2048.ike().transforms().to_vec();
    strong[0].key_length = Some(256);
    let ours = Suite::default().ike().transforms();
    let spi = NEW_IKE_SPI.to_octets();
    let proposal = |number, transforms| {
        let (protocol, spi) = (ProtocolId::IKE, &spi[..]);
        ProposalRepr { number, protocol, spi, transforms }
    };
    let mut payloads = it.client.rekey_payloads(Suite::default());
    payloads[0] = OutPayload::of(&SaRepr(&[proposal(1, &strong), proposal(2, &ours)]));
    let request = it.client.create(2, &payloads);
    let response = it.world.ask(it.client.path, &request);
    let opened = it.client.open(&response);
    let answer = ike_core::payload::Sa::parse(&opened.payload(PayloadType::SA)).expect("an SA");
    let [chosen] = answer.proposals().collect::<Vec<_>>()[..] else { panic!("one proposal") };
    assert_eq!(chosen.number(), 2);
}

#[rstest]
#[case::no_ke(None)]
#[case::a_cut_ke(Some(raw(PayloadType::KE.0, false, &[0, 31])))]
#[case::an_impossible_value(Some(OutPayload::of(&KeyExchange { group: 31, data: &[0; 32] })))]
#[case::a_short_value(Some(OutPayload::of(&KeyExchange { group: 31, data: &[9; 31] })))]
fn what_is_no_request_ends_the_ike_sa(#[case] ke: Option<OutPayload>) {
    let mut it = Connected::new();
    let mut payloads = it.client.rekey_payloads(Suite::default());
    payloads.truncate(2);
    payloads.extend(ke);
    assert_eq!(it.refusal(2, &payloads), (NotifyType::INVALID_SYNTAX, Vec::new()));
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::InvalidSyntax };
    assert_eq!(it.world.last_event(), &closed);
}

#[test]
fn initial_contact_ends_the_new_and_the_old_ike_sa() {
    let mut it = Connected::new();
    let (_, new) = it.rekey(2, Suite::default());
    it.world.take_events();
    let mut again = Client::new(17);
    assert_eq!(again.identity, it.client.identity);
    it.world.half_open(&mut again);
    let auth = again.auth_initial_contact();
    it.world.ask(again.path, &auth);
    let reason = CloseReason::InitialContact;
    for sa in [it.sa, new] {
        assert!(it.world.events.contains(&Event::Closed { sa, reason }));
    }
    assert_eq!(it.world.responder.sas().count(), 1);
}

#[test]
fn a_crash_ends_both() {
    let mut it = Connected::new();
    let (_, new) = it.rekey(2, Suite::default());
    it.world.take_events();
    it.world.responder.crash(it.world.now);
    it.world.sent();
    let reason = CloseReason::Crashed;
    let mut closed = [it.sa, new];
    closed.sort();
    let expected = closed.map(|sa| Event::Closed { sa, reason });
    assert_eq!(it.world.take_events()[..2], expected);
    assert_eq!(it.world.responder.poll_timeout(), None);
}

#[test]
fn the_new_ike_sa_does_not_depend_on_the_order_of_arrival() {
    let run = |others: u8| {
        let mut it = Connected::new();
        for index in 0..others {
            let mut client = Client::new(2 + index);
            it.world.connect(&mut client);
            let request = client.rekey(2, Suite::default());
            it.world.ask(client.path, &request);
        }
        let request = it.client.rekey(2, Suite::default());
        let response = it.world.ask(it.client.path, &request);
        let mut client = it.client.take_rekey(&response, Suite::default());
        let request = client.child(0, &Wish::pfs());
        it.world.ask(client.path, &request)
    };
    assert_eq!(run(0), run(3));
}

/// RFC 7296 2.8: what the peer has rekeyed is new, and lasts as long as one that IKE_AUTH made.
#[test]
fn lifetimes_begin_anew() {
    let spans = (Duration::from_secs(60), Duration::from_secs(100));
    let mut it = Connected::build(
        World::with(|config| {
            (config.child_lifetime, config.ike_lifetime) = (Some(spans.0), Some(spans.1));
        }),
        Suite::default(),
    );
    assert_eq!(it.world.pass(Duration::from_secs(50)), []);
    it.create(2, &Wish::plain().rekeying(ESP_SPI));
    let (mut client, _) = it.rekey(3, Suite::default());
    let delete = it.client.informational(4, &[delete_ike()]);
    it.world.ask(it.client.path, &delete);
    assert_eq!(it.world.pass(Duration::from_secs(59)), []);
    let asked = it.world.pass(Duration::from_secs(1));
    assert_eq!(asked.len(), 1);
    let opened = client.open(&asked[0].1);
    assert_eq!(opened.header.message_id, 0);
    let spi = ike_core::payload::Notify::parse(&opened.payload(PayloadType::N)).expect("a notify");
    assert_eq!(spi.kind, NotifyType::REKEY_SA);
}
