//! Child SAs that the peer asks for with CREATE_CHILD_SA (RFC 7296 1.3.1, 1.3.3).

use crate::client::{Agreed, ESP_SPI, notify, raw};
use crate::create_child::{Connected, NO_ADDITIONAL_SAS};
use crate::creation::{Wish, esp_offer, rekey_sa};
use crate::exchanges::{assert_alive, delete_esp, delete_ike};
use crypto::Group;
use ike_core::payload::{Delete, KeyExchange, Nonce, Notify, ProposalRepr, SaRepr, Transform};
use ike_core::{
    ExchangeType, NotifyType, Operation, PayloadType, ProtocolId, Suite, TrafficSelector,
    TransformType,
};
use ike_responder::{CloseReason, CreatePolicy, Event, MAX_MESSAGE, OutPayload};
use rstest::rstest;

const GROUPS: [Group; 3] = [Group::Curve25519, Group::Ecp256, Group::Modp2048];

impl Connected {
    /// The answer to a request for a Child SA.
    pub(crate) fn create(&mut self, message_id: u32, wish: &Wish) -> (Option<Group>, Agreed) {
        let request = self.client.child(message_id, wish);
        let response = self.world.ask(self.client.path, &request);
        self.client.take_child(&response)
    }

    /// The one notify that answers a CREATE_CHILD_SA request.
    pub(crate) fn refusal(
        &mut self,
        message_id: u32,
        payloads: &[OutPayload],
    ) -> (NotifyType, Vec<u8>) {
        let request = self.client.create(message_id, payloads);
        let response = self.world.ask(self.client.path, &request);
        self.client.open(&response).only_notify()
    }

    /// The Child SA whose keys were not taken yet has the same keys at both ends.
    fn assert_same_keys(&mut self, theirs: &Agreed, wish: &Wish) {
        let ours = self.world.responder.take_child_keys(self.sa).expect("a Child SA");
        assert_eq!((ours.sa, ours.spi_in, ours.spi_out), (self.sa, theirs.spi, wish.spi));
        assert_eq!(
            (&ours.inbound, &ours.outbound),
            (&theirs.keys.initiator, &theirs.keys.responder)
        );
        assert_ne!(ours.inbound, ours.outbound);
        assert_eq!((&ours.remote, &ours.local), (&theirs.tsi, &theirs.tsr));
        assert_eq!((&ours.peer, ours.path), (&self.client.identity, self.client.path));
    }

    fn children(&self) -> Vec<u32> {
        self.world.responder.children(self.sa).collect()
    }
}

#[rstest]
fn a_further_child_sa_has_keys_of_its_own(
    #[values(
        Suite::AesGcmX25519,
        Suite::AesCbcModp2048,
        Suite::AesCcm8P256,
        Suite::ChaCha20X25519
    )]
    suite: Suite,
) {
    let mut it = Connected::with_suite(suite);
    let first = it.world.responder.take_child_keys(it.sa).expect("that of IKE_AUTH");
    let wish = Wish::plain();
    let (group, child) = it.create(2, &wish);
    assert_eq!(group, None);
    let (sa, spi_in) = (it.sa, child.spi);
    let exchange = ExchangeType::CREATE_CHILD_SA;
    let created = Event::ChildCreated { sa, spi_in, replaces: None };
    assert_eq!(it.world.take_events(), [Event::Answered { sa, exchange }, created]);
    assert_ne!(child.keys.initiator, first.inbound);
    it.assert_same_keys(&child, &wish);
    assert_eq!(it.world.responder.take_child_keys(it.sa), None, "once, and never again");
    assert_eq!(it.children(), [it.child.spi, child.spi]);
    assert_alive(&mut it.world, &mut it.client, 3);
}

#[rstest]
fn a_child_sa_with_an_exchange_of_its_own_has_keys_that_come_of_it(
    #[values(Group::Curve25519, Group::Ecp256, Group::Modp2048)] group: Group,
) {
    let mut it = Connected::new();
    it.world.responder.take_child_keys(it.sa);
    let wish = Wish::of(group);
    let (chosen, child) = it.create(2, &wish);
    assert_eq!(chosen, Some(group));
    let sa = Some(it.sa);
    let work = [Operation::DiffieHellman(group), Operation::KeyGeneration(group)];
    let work = work.map(|operation| Event::Operation { sa, operation });
    assert_eq!(it.world.take_events()[..2], work);
    it.assert_same_keys(&child, &wish);
}

#[test]
fn each_child_sa_has_another_spi_nonce_and_public_value() {
    let mut it = Connected::new();
    let mut seen = std::collections::BTreeSet::new();
    for id in 2..5 {
        let request = it.client.child(id, &Wish { spi: 0x9000 + id, ..Wish::pfs() });
        let response = it.world.ask(it.client.path, &request);
        let opened = it.client.open(&response);
        for kind in [PayloadType::SA, PayloadType::NONCE, PayloadType::KE] {
            assert!(seen.insert(opened.body(kind).to_vec()), "{kind} again");
        }
    }
    assert_eq!(it.children().len(), 4);
}

#[test]
fn a_lost_answer_is_sent_again_and_makes_no_second_child_sa() {
    let mut it = Connected::new();
    let request = it.client.child(2, &Wish::pfs());
    let first = it.world.ask(it.client.path, &request);
    it.world.take_events();
    assert_eq!(it.world.ask(it.client.path, &request), first);
    let repeated = Event::ResponseRepeated { sa: it.sa, message_id: 2 };
    assert_eq!(it.world.take_events(), [repeated]);
    assert_eq!(it.children().len(), 2);
}

/// RFC 7296 1.3.1: the offer decides whether there is an exchange, and the KE payload in which group.
#[rstest]
#[case::neither_offered_nor_there(&[], None, Ok(None))]
#[case::offered_and_there(&[31], Some(Group::Curve25519), Ok(Some(Group::Curve25519)))]
#[case::any_of_those_offered(&[31, 19], Some(Group::Ecp256), Ok(Some(Group::Ecp256)))]
#[case::none_is_offered_too(&[31, 0], None, Ok(None))]
#[case::there_although_none_is_offered(&[0], Some(Group::Curve25519), Ok(None))]
#[case::there_and_not_offered(&[], Some(Group::Curve25519), Ok(None))]
#[case::another_than_the_offered_one(&[19], Some(Group::Curve25519), Err(Some(19)))]
#[case::another_than_the_acceptable_one(&[99, 14], Some(Group::Curve25519), Err(Some(14)))]
#[case::offered_and_missing(&[19], None, Err(Some(19)))]
#[case::better_than_none(&[31, 0], Some(Group::Ecp256), Err(Some(31)))]
#[case::nothing_acceptable(&[99], Some(Group::Curve25519), Err(None))]
fn the_group_is_the_offered_one_of_the_ke_payload(
    #[case] offered: &[u16],
    #[case] ke: Option<Group>,
    #[case] expected: Result<Option<Group>, Option<u16>>,
) {
    let mut it = Connected::new();
    let wish = Wish { groups: offered.to_vec(), ke, ..Wish::plain() };
    match expected {
        Ok(group) => {
            let request = it.client.child(2, &wish);
            let response = it.world.ask(it.client.path, &request);
            let opened = it.client.open(&response);
            let has_ke = opened.kinds().contains(&PayloadType::KE);
            assert_eq!(has_ke, group.is_some(), "{:?}", opened.payloads);
        }
        Err(wanted) => {
            let payloads = it.client.child_payloads(&wish);
            let expected = match wanted {
                Some(id) => (NotifyType::INVALID_KE_PAYLOAD, id.to_be_bytes().to_vec()),
                None => (NotifyType::NO_PROPOSAL_CHOSEN, Vec::new()),
            };
            assert_eq!(it.refusal(2, &payloads), expected);
            assert_eq!(it.children(), [it.child.spi]);
        }
    }
    assert_alive(&mut it.world, &mut it.client, 3);
}

#[test]
fn only_the_groups_of_the_policy_are_accepted() {
    let mut it = Connected::new();
    let policy = CreatePolicy { pfs: vec![Group::Modp2048], ..CreatePolicy::default() };
    it.world.responder.config_mut().create = Some(policy);
    let groups = GROUPS.map(Group::transform_id).to_vec();
    let wish = Wish { groups, ..Wish::pfs() };
    let payloads = it.client.child_payloads(&wish);
    assert_eq!(it.refusal(2, &payloads), (NotifyType::INVALID_KE_PAYLOAD, vec![0, 14]));
    let wish = Wish { ke: Some(Group::Modp2048), ..wish };
    assert_eq!(it.create(3, &wish).0, Some(Group::Modp2048));
}

/// As strongSwan and libreswan offer it: several proposals, key lengths, ESN and its absence.
#[test]
fn the_acceptable_one_of_many_proposals_is_chosen() {
    let mut it = Connected::new();
    let suite = Suite::default().esp();
    let esn = Transform::new(TransformType::ESN, 1);
    let mut first = Suite::AesCbcModp2048.esp().transforms().to_vec();
    first[0].key_length = Some(256);
    let mut second = suite.transforms_with(Some(Group::Ecp256)).to_vec();
    second.push(esn);
    let spi = 0x0c0f_fee1_u32.to_be_bytes();
    let proposal = |number, transforms| {
        let (protocol, spi) = (ProtocolId::ESP, &spi[..]);
        ProposalRepr { number, protocol, spi, transforms }
    };
    let mut payloads = it.client.child_payloads(&Wish::of(Group::Ecp256));
    payloads[0] = OutPayload::of(&SaRepr(&[proposal(1, &first), proposal(2, &second)]));
    let kinds = [
        NotifyType::ESP_TFC_PADDING_NOT_SUPPORTED,
        NotifyType::NON_FIRST_FRAGMENTS_ALSO,
        NotifyType::USE_TRANSPORT_MODE,
        NotifyType::MOBIKE_SUPPORTED,
    ];
    payloads.extend(kinds.map(|kind| notify(kind, &[])));
    payloads.push(raw(PayloadType::V.0, false, b"vendor"));
    let request = it.client.create(2, &payloads);
    let response = it.world.ask(it.client.path, &request);
    let opened = it.client.open(&response);
    // No answer to what is not done: tunnel mode, and the rest as if unasked.
    use PayloadType as P;
    assert_eq!(opened.kinds(), [P::SA, P::NONCE, P::KE, P::TSI, P::TSR]);
    let answer = ike_core::payload::Sa::parse(&opened.payload(P::SA)).expect("an SA payload");
    let [chosen] = answer.proposals().collect::<Vec<_>>()[..] else { panic!("one proposal") };
    assert_eq!(chosen.number(), 2);
    let transforms: Vec<_> = chosen.transforms().collect();
    assert_eq!(transforms, suite.transforms_with(Some(Group::Ecp256)).to_vec());
}

#[test]
fn the_policy_limits_how_many_child_sas_there_are() {
    let mut it = Connected::new();
    it.world.responder.config_mut().create =
        Some(CreatePolicy { children: 2, ..CreatePolicy::default() });
    let (_, second) = it.create(2, &Wish::plain());
    let third = Wish { spi: 0x8888, ..Wish::plain() };
    let payloads = it.client.child_payloads(&third);
    assert_eq!(it.refusal(3, &payloads), (NO_ADDITIONAL_SAS, Vec::new()));
    // Rekeying is no matter of their number, and what is replaced does not count.
    let (_, rekeyed) = it.create(4, &third.clone().rekeying(ESP_SPI));
    assert_eq!(it.children(), [it.child.spi, second.spi, rekeyed.spi]);
    assert_eq!(it.refusal(5, &payloads).0, NO_ADDITIONAL_SAS);
    let delete = it.client.informational(6, &[delete_esp(Wish::plain().spi)]);
    it.world.ask(it.client.path, &delete);
    it.create(7, &Wish { spi: 0x9999, ..third });
}

/// A peer that rekeys and never deletes must not fill the memory, nor the answer to a Delete of all of them.
#[rstest]
#[case::of_the_policy(3, 3)]
#[case::of_a_policy_without_bounds(usize::MAX, CreatePolicy::MOST_CHILDREN)]
fn what_the_peer_has_rekeyed_and_not_deleted_is_bounded(
    #[case] children: usize,
    #[case] most: usize,
) {
    let mut it = Connected::new();
    it.world.responder.config_mut().create =
        Some(CreatePolicy { children, ..CreatePolicy::default() });
    let most = u32::try_from(most).expect("few");
    let spi = |index: u32| if index == 0 { ESP_SPI } else { 0x1_0000 + index };
    let wish = |index: u32| {
        let wish = Wish { spi: spi(index), ..Wish::plain() };
        if index < most { wish } else { wish.rekeying(spi(index - most)) }
    };
    for index in 1..2 * most {
        it.create(index + 1, &wish(index));
    }
    let payloads = it.client.child_payloads(&wish(2 * most));
    assert_eq!(it.refusal(2 * most + 1, &payloads).0, NotifyType::TEMPORARY_FAILURE);
    let named: Vec<u8> = (0..2 * most).flat_map(|index| spi(index).to_be_bytes()).collect();
    let delete = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &named };
    let request = it.client.informational(2 * most + 2, &[OutPayload::of(&delete)]);
    assert!(it.world.ask(it.client.path, &request).len() <= MAX_MESSAGE);
    assert_eq!(it.children(), []);
}

#[test]
fn a_rekeyed_child_sa_stays_until_the_peer_deletes_it() {
    let mut it = Connected::new();
    it.world.responder.take_child_keys(it.sa);
    let wish = Wish::pfs().rekeying(ESP_SPI);
    let (_, new) = it.create(2, &wish);
    let (sa, old) = (it.sa, it.child.spi);
    let created = Event::ChildCreated { sa, spi_in: new.spi, replaces: Some(old) };
    assert_eq!(it.world.last_event(), &created);
    let ours = it.world.responder.take_child_keys(sa).expect("a Child SA");
    assert_eq!(ours.replaces, Some(old));
    assert_eq!((ours.inbound, ours.outbound), (new.keys.initiator, new.keys.responder));
    assert_eq!(it.children(), [old, new.spi]);
    let request = it.client.informational(3, &[delete_esp(ESP_SPI)]);
    let response = it.world.ask(it.client.path, &request);
    let expected = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &old.to_be_bytes() };
    assert_eq!(it.client.open(&response).payloads, [OutPayload::of(&expected)]);
    assert_eq!(it.world.last_event(), &Event::ChildClosed { sa, spi_in: old });
    assert_eq!(it.children(), [new.spi]);
    assert_eq!(it.world.responder.counters().children_created, 1);
}

#[rstest]
#[case::an_unknown_one(ProtocolId::ESP, 0x7777_u32)]
#[case::our_own_half(ProtocolId::ESP, 0)]
#[case::an_ah_sa(ProtocolId::AH, 0x7777)]
fn a_child_sa_that_does_not_exist_is_not_rekeyed(#[case] protocol: ProtocolId, #[case] spi: u32) {
    let mut it = Connected::new();
    let spi = if spi == 0 { it.child.spi } else { spi }.to_be_bytes();
    let mut payloads = it.client.child_payloads(&Wish::plain());
    payloads.insert(0, rekey_sa(protocol, &spi));
    let request = it.client.create(2, &payloads);
    let response = it.world.ask(it.client.path, &request);
    let opened = it.client.open(&response);
    // RFC 7296 2.25: the SPI is copied.
    let kind = NotifyType::CHILD_SA_NOT_FOUND;
    let expected = Notify { protocol: ProtocolId::ESP, spi: &spi, kind, data: &[] };
    assert_eq!(opened.payloads, [OutPayload::of(&expected)]);
    let refused = Event::Refused { sa: Some(it.sa), path: it.client.path, notify: kind };
    assert_eq!(it.world.last_event(), &refused);
    assert_alive(&mut it.world, &mut it.client, 3);
}

#[test]
fn a_replaced_child_sa_is_not_rekeyed_once_more() {
    let mut it = Connected::new();
    it.create(2, &Wish::plain().rekeying(ESP_SPI));
    let again = Wish { spi: 0x8888, ..Wish::plain() }.rekeying(ESP_SPI);
    let payloads = it.client.child_payloads(&again);
    assert_eq!(it.refusal(3, &payloads), (NotifyType::TEMPORARY_FAILURE, Vec::new()));
    it.create(4, &Wish { rekeys: Some(Wish::plain().spi), ..again });
}

#[test]
fn one_delete_closes_all_that_it_names_and_is_answered_by_one() {
    let mut it = Connected::new();
    let (_, second) = it.create(2, &Wish::plain());
    let (_, third) = it.create(3, &Wish { spi: 0x8888, ..Wish::plain() });
    let named = [0x8888_u32, 0x1234_5678, ESP_SPI].map(u32::to_be_bytes).concat();
    let delete = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &named };
    it.world.take_events();
    let request = it.client.informational(4, &[OutPayload::of(&delete)]);
    let response = it.world.ask(it.client.path, &request);
    let spis = [it.child.spi, third.spi].map(u32::to_be_bytes).concat();
    let expected = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spis };
    assert_eq!(it.client.open(&response).payloads, [OutPayload::of(&expected)]);
    let sa = it.sa;
    let closed = [it.child.spi, third.spi].map(|spi_in| Event::ChildClosed { sa, spi_in });
    assert_eq!(it.world.take_events()[1..], closed);
    assert_eq!(it.children(), [second.spi]);
}

#[test]
fn an_ike_sa_without_a_child_sa_gets_one() {
    let mut it = Connected::new();
    let delete = it.client.informational(2, &[delete_esp(ESP_SPI)]);
    it.world.ask(it.client.path, &delete);
    assert_eq!(it.children(), []);
    let (_, child) = it.create(3, &Wish::pfs());
    it.assert_same_keys(&child, &Wish::pfs());
}

#[test]
fn selectors_are_narrowed_and_where_none_is_left_refused() {
    let mut it = Connected::new();
    let narrow = TrafficSelector::network([10, 1, 0, 0].into(), 16).expect("a network");
    it.world.responder.config_mut().local = vec![narrow];
    let (_, child) = it.create(2, &Wish::plain());
    assert_eq!(child.tsr, [narrow]);
    it.client.tsr = vec![TrafficSelector::network([10, 2, 0, 0].into(), 16).expect("a network")];
    let payloads = it.client.child_payloads(&Wish { spi: 0x8888, ..Wish::plain() });
    assert_eq!(it.refusal(3, &payloads), (NotifyType::TS_UNACCEPTABLE, Vec::new()));
    assert_alive(&mut it.world, &mut it.client, 4);
}

/// RFC 7296 2.21.3, RFC 6989 2.5: INVALID_SYNTAX is the end of the IKE SA on both sides.
#[rstest]
#[case::no_sa(vec![1, 2, 3], None)]
#[case::no_nonce(vec![0, 2, 3], None)]
#[case::no_tsi(vec![0, 1, 3], None)]
#[case::no_tsr(vec![0, 1, 2], None)]
#[case::two_sas(vec![0, 0, 1, 2, 3], None)]
#[case::a_short_nonce(vec![0, 2, 3], Some(OutPayload::of(&Nonce(&[1; 15]))))]
#[case::a_cut_ke(vec![0, 1, 2, 3], Some(raw(PayloadType::KE.0, false, &[0])))]
#[case::rekey_sa_without_an_spi(vec![0, 1, 2, 3], Some(notify(NotifyType::REKEY_SA, &[])))]
fn what_is_no_request_ends_the_ike_sa(#[case] kept: Vec<usize>, #[case] added: Option<OutPayload>) {
    let mut it = Connected::new();
    let all = it.client.child_payloads(&Wish::plain());
    let mut payloads: Vec<_> = kept.into_iter().map(|index| all[index].clone()).collect();
    payloads.extend(added);
    assert_eq!(it.refusal(2, &payloads), (NotifyType::INVALID_SYNTAX, Vec::new()));
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::InvalidSyntax };
    assert_eq!(it.world.last_event(), &closed);
}

#[rstest]
fn an_impossible_public_value_ends_the_ike_sa(
    #[values(Group::Curve25519, Group::Ecp256, Group::Modp2048)] group: Group,
    #[values(0, 1)] missing: usize,
) {
    let mut it = Connected::new();
    let mut payloads = it.client.child_payloads(&Wish::of(group));
    let data = vec![0; group.public_value_len() - missing];
    payloads[2] = OutPayload::of(&KeyExchange { group: group.transform_id(), data: &data });
    assert_eq!(it.refusal(2, &payloads), (NotifyType::INVALID_SYNTAX, Vec::new()));
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::InvalidSyntax };
    assert_eq!(it.world.last_event(), &closed);
    assert_eq!(it.world.responder.sas().filter(|sa| sa.identity.is_some()).count(), 0);
}

#[test]
fn what_is_offered_must_be_esp_with_an_spi_that_can_be_one() {
    let mut it = Connected::new();
    let transforms = Suite::default().esp().transforms();
    let mut payloads = it.client.child_payloads(&Wish::plain());
    payloads[0] = esp_offer(255, &transforms);
    let expected = (NotifyType::NO_PROPOSAL_CHOSEN, Vec::new());
    assert_eq!(it.refusal(2, &payloads), expected);
    let proposal =
        ProposalRepr { number: 1, protocol: ProtocolId::AH, spi: &[9; 4], transforms: &transforms };
    payloads[0] = OutPayload::of(&SaRepr(&[proposal]));
    assert_eq!(it.refusal(3, &payloads), expected);
    assert_alive(&mut it.world, &mut it.client, 4);
}

/// Nothing that the responder says depends on what it did for others meanwhile.
#[test]
fn the_answer_does_not_depend_on_the_order_of_arrival() {
    let run = |others: u8| {
        let mut it = Connected::new();
        for index in 0..others {
            let mut client = crate::client::Client::new(2 + index);
            it.world.connect(&mut client);
            let request = client.child(2, &Wish::pfs());
            it.world.ask(client.path, &request);
        }
        let request = it.client.child(2, &Wish::pfs());
        it.world.ask(it.client.path, &request)
    };
    assert_eq!(run(0), run(3));
}

#[test]
fn a_child_sa_ends_with_its_ike_sa() {
    let mut it = Connected::new();
    it.create(2, &Wish::plain());
    let delete = it.client.informational(3, &[delete_ike()]);
    it.world.ask(it.client.path, &delete);
    assert_eq!(it.children(), []);
    assert_eq!(it.world.responder.take_child_keys(it.sa), None);
    let request = it.client.child(4, &Wish { spi: 0x8888, ..Wish::plain() });
    it.world.silence(it.client.path, &request);
}
