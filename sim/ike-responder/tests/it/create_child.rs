//! CREATE_CHILD_SA requests of the responder (RFC 7296 1.3).

use crate::client::{Agreed, Client, Opened, RESPONSE, notify, raw};
use crate::exchanges::{assert_alive, delete_ike};
use crate::world::{World, at_s};
use core::time::Duration;
use ike_core::payload::{
    Delete, KeyExchange, Nonce, Notify, ProposalRepr, Sa, SaRepr, TrafficSelectors, TsRepr,
};
use ike_core::{
    DropReason, ExchangeType, Flags, Header, NotifyType, Operation, PayloadType, ProtocolId,
    Schedule, Suite, TrafficSelector,
};
use ike_responder::{CloseReason, Event, GatewayRequest, OutPayload, SaId};
use rstest::rstest;
use std::collections::BTreeSet;

pub(crate) const NO_ADDITIONAL_SAS: NotifyType = NotifyType::NO_ADDITIONAL_SAS;

pub(crate) struct Connected {
    pub(crate) world: World,
    pub(crate) client: Client,
    pub(crate) sa: SaId,
    pub(crate) child: Agreed,
}

impl Connected {
    pub(crate) fn new() -> Self {
        Self::with_suite(Suite::default())
    }

    pub(crate) fn with_suite(suite: Suite) -> Self {
        let schedule = Schedule { tries: 4, ..Schedule::RFC7296 };
        Self::build(World::with(|config| config.schedule = schedule), suite)
    }

    pub(crate) fn build(mut world: World, suite: Suite) -> Self {
        let mut client = Client::with_suite(1, suite, [198, 51, 100, 1].into());
        world.half_open(&mut client);
        let request = client.auth();
        let response = world.ask(client.path, &request);
        let child = client.take_auth(&response);
        let sa = world.established()[0];
        world.take_events();
        Self { world, client, sa, child }
    }

    pub(crate) fn request(&mut self, what: GatewayRequest) -> bool {
        self.world.responder.request(self.world.now, self.sa, what)
    }

    /// The one datagram that the responder sends now.
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        let mut sent = self.world.sent();
        assert_eq!(sent.len(), 1, "{:?}", self.world.events);
        sent.remove(0).1
    }

    pub(crate) fn ask(&mut self, what: GatewayRequest) -> (Vec<u8>, Opened) {
        assert!(self.request(what));
        self.open_sent()
    }

    pub(crate) fn open_sent(&mut self) -> (Vec<u8>, Opened) {
        let message = self.sent();
        let opened = self.client.open(&message);
        (message, opened)
    }

    /// Answers a request of the responder; what comes back.
    pub(crate) fn answer(&mut self, request: &[u8], payloads: &[OutPayload]) -> Vec<Vec<u8>> {
        let header = Header::parse(request).expect("a header").flags(RESPONSE);
        let response = self.client.seal_as(&header, payloads);
        self.world.deliver(self.client.path, &response)
    }

    /// The answer of a minimal initiator (RFC 7815 2.2).
    pub(crate) fn refuse(&mut self, request: &[u8]) -> Vec<Vec<u8>> {
        self.answer(request, &[notify(NO_ADDITIONAL_SAS, &[])])
    }

    /// A success answer to the offer of a Child SA.
    pub(crate) fn accept(&mut self, request: &[u8]) -> Vec<Vec<u8>> {
        let payloads = self.acceptance();
        self.answer(request, &payloads)
    }

    fn acceptance(&self) -> Vec<OutPayload> {
        let transforms = self.client.suite.esp().transforms();
        let spi = &[0, 0, 9, 9];
        let proposal =
            ProposalRepr { number: 1, protocol: ProtocolId::ESP, spi, transforms: &transforms };
        let selectors = [TrafficSelector::host(self.client.path.remote.ip())];
        vec![
            OutPayload::of(&SaRepr(&[proposal])),
            OutPayload::of(&Nonce(&[3; 32])),
            OutPayload::of(&TsRepr { whose: PayloadType::TSI, selectors: &selectors }),
            OutPayload::of(&TsRepr { whose: PayloadType::TSR, selectors: &selectors }),
        ]
    }

    fn refused(&self, notify: NotifyType) -> Event {
        Event::PeerRefused { sa: self.sa, exchange: ExchangeType::CREATE_CHILD_SA, notify }
    }
}

/// Protocol and SPI of the one proposal, and its transforms.
fn proposal(opened: &Opened) -> (ProtocolId, Vec<u8>, Vec<ike_core::payload::Transform>) {
    let payload = opened.payload(PayloadType::SA);
    let offer = Sa::parse(&payload).expect("an SA payload");
    let proposals: Vec<_> = offer.proposals().collect();
    assert_eq!((proposals.len(), proposals[0].number()), (1, 1));
    let transforms = proposals[0].transforms().collect();
    (proposals[0].protocol(), proposals[0].spi().to_vec(), transforms)
}

fn assert_offers_child(opened: &Opened, suite: Suite, child: &Agreed) {
    let (protocol, spi, transforms) = proposal(opened);
    assert_eq!((protocol, spi.len()), (ProtocolId::ESP, 4));
    assert!(spi[..3] != [0; 3] && spi != child.spi.to_be_bytes(), "a fresh SPI above 255");
    assert_eq!(transforms, suite.esp().transforms().to_vec());
    let selectors = |kind| {
        let payload = opened.payload(kind);
        TrafficSelectors::parse(&payload).expect("selectors").iter().collect::<Vec<_>>()
    };
    // RFC 7296 1.3.1: here the gateway is the initiator of the exchange.
    assert_eq!(selectors(PayloadType::TSI), child.tsr);
    assert_eq!(selectors(PayloadType::TSR), child.tsi);
    assert_eq!(opened.body(PayloadType::NONCE).len(), 32);
}

fn assert_header(opened: &Opened, message_id: u32) {
    assert_eq!((opened.header.flags, opened.header.message_id), (Flags(0), message_id));
    assert_eq!(opened.header.exchange, ExchangeType::CREATE_CHILD_SA);
}

#[rstest]
fn a_new_child_sa_is_asked_for_with_the_selectors_of_the_old_one(
    #[values(Suite::AesGcmX25519, Suite::AesCbcModp2048, Suite::AesCcm8P256)] suite: Suite,
) {
    let mut it = Connected::with_suite(suite);
    let (_, opened) = it.ask(GatewayRequest::NewChild);
    assert_header(&opened, 0);
    use PayloadType as P;
    assert_eq!(opened.kinds(), [P::SA, P::NONCE, P::TSI, P::TSR]);
    assert_offers_child(&opened, suite, &it.child);
}

#[test]
fn a_child_sa_is_rekeyed_by_the_spi_that_the_gateway_receives_with() {
    let mut it = Connected::new();
    let (_, opened) = it.ask(GatewayRequest::RekeyChild);
    assert_header(&opened, 0);
    use PayloadType as P;
    assert_eq!(opened.kinds(), [P::N, P::SA, P::NONCE, P::TSI, P::TSR]);
    let payload = opened.payload(P::N);
    let rekey = Notify::parse(&payload).expect("a notify");
    let spi = it.child.spi.to_be_bytes();
    let expected =
        Notify { protocol: ProtocolId::ESP, spi: &spi, kind: NotifyType::REKEY_SA, data: &[] };
    assert_eq!(rekey, expected);
    assert_offers_child(&opened, Suite::default(), &it.child);
}

#[rstest]
fn the_ike_sa_is_rekeyed_with_a_new_spi_and_a_key_exchange(
    #[values(Suite::AesGcmX25519, Suite::AesCbcModp2048, Suite::AesGcmP256)] suite: Suite,
) {
    let mut it = Connected::with_suite(suite);
    let (_, opened) = it.ask(GatewayRequest::RekeyIke);
    assert_header(&opened, 0);
    use PayloadType as P;
    assert_eq!(opened.kinds(), [P::SA, P::NONCE, P::KE]);
    let (protocol, spi, transforms) = proposal(&opened);
    assert_eq!((protocol, spi.len()), (ProtocolId::IKE, 8));
    assert!(spi != [0; 8] && spi != it.sa.spi_r().to_octets());
    assert_eq!(transforms, suite.ike().transforms().to_vec());
    let group = suite.ike().group;
    let payload = opened.payload(P::KE);
    let ke = KeyExchange::parse(&payload).expect("a KE payload");
    assert_eq!((ke.group, ke.data.len()), (group.transform_id(), group.public_value_len()));
    let operation = Operation::KeyGeneration(group);
    assert_eq!(it.world.take_events(), [Event::Operation { sa: Some(it.sa), operation }]);
}

/// Not even a part of it, shifted.
#[test]
fn nothing_random_of_one_request_comes_back_in_the_next() {
    let mut it = Connected::new();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let (message, opened) = it.ask(GatewayRequest::RekeyIke);
        let random = [proposal(&opened).1, opened.body(PayloadType::NONCE).to_vec()];
        let windows = random.iter().flat_map(|octets| octets.windows(4));
        assert!(windows.map(<[u8]>::to_vec).all(|window| seen.insert(window)));
        assert!(seen.insert(opened.body(PayloadType::KE).to_vec()));
        it.refuse(&message);
    }
}

#[test]
fn the_same_run_asks_with_the_same_octets() {
    let run = || Connected::new().ask(GatewayRequest::RekeyIke).0;
    assert_eq!(run(), run());
}

#[rstest]
#[case(GatewayRequest::NewChild)]
#[case(GatewayRequest::RekeyChild)]
#[case(GatewayRequest::RekeyIke)]
fn a_minimal_initiator_refuses_and_the_sa_stays(#[case] what: GatewayRequest) {
    let mut it = Connected::new();
    let (request, _) = it.ask(what);
    it.world.take_events();
    assert_eq!(it.refuse(&request), Vec::<Vec<u8>>::new());
    let answered = Event::PeerAnswered { sa: it.sa, message_id: 0 };
    assert_eq!(it.world.take_events(), [answered, it.refused(NO_ADDITIONAL_SAS)]);
    assert_eq!(it.world.responder.counters().peer_refused, 1);
    assert_alive(&mut it.world, &mut it.client, 2);
    assert_eq!(it.world.responder.poll_timeout(), None);
}

#[test]
fn a_request_is_sent_again_bit_by_bit_and_given_up_by_the_schedule() {
    let mut it = Connected::new();
    let (request, _) = it.ask(GatewayRequest::RekeyIke);
    it.world.take_events();
    let sent = it.world.pass(Duration::from_secs(60));
    assert_eq!(sent, [1, 3, 7].map(|seconds| (at_s(seconds), request.clone())));
    let reason = CloseReason::LivenessFailed;
    assert_eq!(it.world.take_events(), [Event::Closed { sa: it.sa, reason }]);
}

#[test]
fn requests_wait_for_each_other_in_order() {
    let mut it = Connected::new();
    let (first, _) = it.ask(GatewayRequest::Liveness);
    assert!(it.request(GatewayRequest::NewChild));
    assert!(it.request(GatewayRequest::RekeyIke));
    assert_eq!(it.world.sent(), [], "RFC 7296 2.3: window 1");
    let second = it.answer(&first, &[]).remove(0);
    let opened = it.client.open(&second);
    assert_header(&opened, 1);
    assert_eq!(opened.kinds().len(), 4);
    let third = it.refuse(&second).remove(0);
    let opened = it.client.open(&third);
    assert_header(&opened, 2);
    assert_eq!(opened.kinds().len(), 3);
    assert_eq!(it.refuse(&third), Vec::<Vec<u8>>::new());
}

#[test]
fn a_liveness_check_can_be_asked_for() {
    let mut it = Connected::new();
    let (_, opened) = it.ask(GatewayRequest::Liveness);
    assert_eq!((opened.header.exchange, opened.kinds().len()), (ExchangeType::INFORMATIONAL, 0));
}

#[test]
fn an_answer_of_another_exchange_is_none() {
    let mut it = Connected::new();
    let (request, _) = it.ask(GatewayRequest::NewChild);
    let header = Header::parse(&request).expect("a header").flags(RESPONSE);
    let header = Header { exchange: ExchangeType::INFORMATIONAL, ..header };
    let response = it.client.seal_as(&header, &[]);
    it.world.silence(it.client.path, &response);
    let reason = DropReason::Exchange(ExchangeType::INFORMATIONAL);
    assert_eq!(it.world.last_event(), &Event::Dropped { path: it.client.path, reason });
    assert_eq!(it.refuse(&request), Vec::<Vec<u8>>::new());
}

#[rstest]
#[case(GatewayRequest::NewChild)]
#[case(GatewayRequest::RekeyChild)]
fn a_child_sa_that_comes_of_it_is_deleted_at_once(#[case] what: GatewayRequest) {
    let mut it = Connected::new();
    let (request, opened) = it.ask(what);
    let (_, spi, _) = proposal(&opened);
    let delete = it.accept(&request).remove(0);
    let opened = it.client.open(&delete);
    assert_eq!(
        (opened.header.exchange, opened.header.message_id),
        (ExchangeType::INFORMATIONAL, 1)
    );
    let expected = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spi };
    assert_eq!(opened.payloads, [OutPayload::of(&expected)]);
    let theirs = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &[0, 0, 9, 9] };
    assert_eq!(it.answer(&delete, &[OutPayload::of(&theirs)]), Vec::<Vec<u8>>::new());
    assert_alive(&mut it.world, &mut it.client, 2);
    assert!(it.request(GatewayRequest::RekeyChild), "the first Child SA is still there");
}

#[test]
fn it_is_deleted_before_anything_else_is_asked() {
    let mut it = Connected::new();
    let (request, _) = it.ask(GatewayRequest::NewChild);
    assert!(it.request(GatewayRequest::RekeyIke));
    let delete = it.accept(&request).remove(0);
    assert_eq!(it.client.open(&delete).kinds(), [PayloadType::D]);
    let rekey = it.answer(&delete, &[]).remove(0);
    assert_header(&it.client.open(&rekey), 2);
}

#[test]
fn the_ike_sa_ends_when_the_peer_agrees_to_rekey_it() {
    let mut it = Connected::new();
    let (request, _) = it.ask(GatewayRequest::RekeyIke);
    let transforms = Suite::default().ike().transforms();
    let proposal = ProposalRepr {
        number: 1,
        protocol: ProtocolId::IKE,
        spi: &[7; 8],
        transforms: &transforms,
    };
    let payloads = [
        OutPayload::of(&SaRepr(&[proposal])),
        OutPayload::of(&Nonce(&[3; 32])),
        OutPayload::of(&KeyExchange { group: 31, data: &[9; 32] }),
    ];
    let delete = it.answer(&request, &payloads).remove(0);
    assert_eq!(it.client.open(&delete).payloads, [delete_ike()]);
    assert_eq!(it.answer(&delete, &[]), Vec::<Vec<u8>>::new());
    let reason = CloseReason::DeletedByUs;
    assert_eq!(it.world.last_event(), &Event::Closed { sa: it.sa, reason });
}

#[test]
fn a_child_sa_that_the_peer_does_not_have_is_gone() {
    let mut it = Connected::new();
    let (request, _) = it.ask(GatewayRequest::RekeyChild);
    let kind = NotifyType::CHILD_SA_NOT_FOUND;
    assert_eq!(it.answer(&request, &[notify(kind, &[])]), Vec::<Vec<u8>>::new());
    let events = it.world.take_events();
    let closed = Event::ChildClosed { sa: it.sa, spi_in: it.child.spi };
    assert_eq!(events[1..], [it.refused(kind), closed]);
    assert!(!it.request(GatewayRequest::RekeyChild));
    assert!(it.world.responder.take_child_keys(it.sa).is_none());
    let (_, opened) = it.ask(GatewayRequest::NewChild);
    // Without one, what the configuration allows is proposed.
    let payload = opened.payload(PayloadType::TSR);
    let selectors =
        TrafficSelectors::parse(&payload).expect("selectors").iter().collect::<Vec<_>>();
    assert_eq!(selectors, [TrafficSelector::host(it.client.path.remote.ip())]);
}

#[rstest]
#[case::empty(vec![], CloseReason::InvalidSyntax)]
#[case::without_a_nonce(vec![0, 2, 3], CloseReason::InvalidSyntax)]
#[case::without_an_sa(vec![1, 2, 3], CloseReason::InvalidSyntax)]
fn an_answer_that_is_none_ends_the_sa(#[case] kept: Vec<usize>, #[case] reason: CloseReason) {
    let mut it = Connected::new();
    let (request, _) = it.ask(GatewayRequest::NewChild);
    let all = it.acceptance();
    let payloads: Vec<_> = kept.into_iter().map(|index| all[index].clone()).collect();
    assert_eq!(it.answer(&request, &payloads), Vec::<Vec<u8>>::new());
    assert_eq!(it.world.last_event(), &Event::Closed { sa: it.sa, reason });
}

#[test]
fn a_fatal_or_malformed_answer_ends_the_sa() {
    let kind = NotifyType::INVALID_SYNTAX;
    for (payload, reason) in [
        (notify(kind, &[]), CloseReason::RefusedByPeer(kind)),
        (raw(PayloadType::N.0, false, &[1]), CloseReason::InvalidSyntax),
        (raw(PayloadType::SA.0, false, &[1]), CloseReason::InvalidSyntax),
    ] {
        let mut it = Connected::new();
        let (request, _) = it.ask(GatewayRequest::NewChild);
        assert_eq!(it.answer(&request, &[payload]), Vec::<Vec<u8>>::new());
        assert_eq!(it.world.last_event(), &Event::Closed { sa: it.sa, reason });
    }
}

#[test]
fn nobody_is_asked_who_is_not_there() {
    let mut world = World::new();
    world.half_open(&mut Client::new(2));
    let half_open = world.responder.sas().next().expect("an SA").id;
    assert!(!world.responder.request(world.now, half_open, GatewayRequest::Liveness));
    assert_eq!(world.responder.half_open(), 1);
    let mut it = Connected::new();
    it.world.responder.delete(it.world.now, it.sa);
    let (delete, _) = it.open_sent();
    assert!(!it.request(GatewayRequest::NewChild));
    it.answer(&delete, &[]);
    assert!(!it.request(GatewayRequest::NewChild));
    assert_eq!(it.world.sent(), []);
}

#[test]
fn a_delete_overtakes_what_waits() {
    let mut it = Connected::new();
    let (first, _) = it.ask(GatewayRequest::NewChild);
    assert!(it.request(GatewayRequest::RekeyIke));
    it.world.responder.delete(it.world.now, it.sa);
    let delete = it.refuse(&first).remove(0);
    assert_eq!(it.client.open(&delete).payloads, [delete_ike()]);
}

#[test]
fn a_rekey_that_waits_is_left_out_when_its_child_sa_is_gone() {
    let mut it = Connected::new();
    let (first, _) = it.ask(GatewayRequest::Liveness);
    assert!(it.request(GatewayRequest::RekeyChild));
    assert!(it.request(GatewayRequest::Liveness));
    let spis = crate::client::ESP_SPI.to_be_bytes();
    let delete = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spis };
    let delete = it.client.informational(2, &[OutPayload::of(&delete)]);
    it.world.ask(it.client.path, &delete);
    let next = it.answer(&first, &[]).remove(0);
    let opened = it.client.open(&next);
    assert_eq!(
        (opened.header.exchange, opened.header.message_id),
        (ExchangeType::INFORMATIONAL, 1)
    );
}
