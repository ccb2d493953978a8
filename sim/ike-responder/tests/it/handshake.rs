//! IKE_SA_INIT and IKE_AUTH as they should go.

use crate::client::{Client, ESP_SPI, notify, parse, raw};
use crate::world::{World, psk};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ike_core::payload::{ProposalRepr, Raw, Sa, SaRepr, Transform};
use ike_core::{
    ExchangeType, Identity, NotifyType, Operation, PayloadType, ProtocolId, Suite, TrafficSelector,
    TransformType,
};
use ike_responder::{Event, OutPayload, Phase};
use rstest::rstest;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, 7));

#[rstest]
fn both_ends_agree_on_all_keys_with_every_suite_and_family(
    #[values(
        Suite::AesGcmX25519,
        Suite::AesGcmP256,
        Suite::AesCbcModp2048,
        Suite::AesCcm8P256,
        Suite::ChaCha20X25519
    )]
    suite: Suite,
    #[values(V4, V6)] address: IpAddr,
) {
    let mut world = World::new();
    let mut client = Client::with_suite(3, suite, address);
    world.half_open(&mut client);
    assert_eq!((world.responder.half_open(), world.responder.established()), (1, 0));
    let request = client.auth();
    let response = world.ask(client.path, &request);
    let agreed = client.take_auth(&response);
    let sa = world.established()[0];
    assert_eq!((world.responder.half_open(), world.responder.established()), (0, 1));

    let (ike, keys, spi_i, spi_r) = world.responder.ike_keys(sa).expect("keys");
    assert_eq!((*ike, keys), (suite.ike(), client.keys()));
    assert_eq!((spi_i, spi_r), (client.spi_i, client.spi_r));

    let child = world.responder.take_child_keys(sa).expect("a Child SA");
    assert_eq!((child.sa, child.spi_in, child.spi_out), (sa, agreed.spi, ESP_SPI));
    assert_eq!((child.suite, child.path), (suite.esp(), client.path));
    assert_eq!((child.inbound, child.outbound), (agreed.keys.initiator, agreed.keys.responder));
    assert_eq!(
        (&child.peer, &child.remote, &child.local),
        (&client.identity, &agreed.tsi, &agreed.tsr)
    );
    assert_eq!(agreed.tsi, [TrafficSelector::host(address)]);
    assert_eq!(agreed.tsr, client.tsr);
    assert_eq!(world.responder.take_child_keys(sa), None, "the keys leave once");

    let group = suite.ike().group;
    assert_eq!(
        world.take_events(),
        [
            Event::Operation { sa: Some(sa), operation: Operation::DiffieHellman(group) },
            Event::Operation { sa: Some(sa), operation: Operation::KeyGeneration(group) },
            Event::HalfOpen { sa, spi_i, spi_r, path: client.path },
            Event::Established {
                sa,
                identity: client.identity.clone(),
                path: client.path,
                replaced: 0
            },
        ]
    );
    let summary = world.responder.sas().next().expect("an SA");
    assert_eq!((summary.id, summary.phase), (sa, Phase::Established));
    assert_eq!(summary.identity, Some(&client.identity));
}

#[rstest]
#[case::address(Identity::address(V4))]
#[case::address_of_six(Identity::address(V6))]
#[case::name(Identity::fqdn("door.example").expect("a name"))]
#[case::mail(Identity::rfc822("me@door.example").expect("an address"))]
#[case::key_id(Identity::key_id(&[0, 255, 7]).expect("octets"))]
fn the_key_is_found_by_every_kind_of_identity(#[case] identity: Identity) {
    let key = psk(9);
    let mut world = World::with(|config| {
        config.credentials.insert(identity.clone(), key.clone());
    });
    let mut client = Client::new(1);
    (client.identity, client.psk) = (identity, key);
    world.connect(&mut client);
}

#[test]
fn the_reserved_octets_of_an_id_are_part_of_what_auth_covers() {
    let mut world = World::new();
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let mut id = client.identity.body().to_vec();
    id[1..4].copy_from_slice(&[1, 2, 3]);
    let mut payloads = client.auth_payloads();
    payloads[0].body = id.clone();
    payloads[1].body.splice(4.., client.auth_data(&id));
    let request = client.seal(ExchangeType::IKE_AUTH, 1, &payloads);
    let response = world.ask(client.path, &request);
    client.take_auth(&response);
}

#[test]
fn an_idr_that_names_somebody_else_is_answered_with_our_own() {
    let mut world = World::new();
    let mut client = Client::new(1);
    world.half_open(&mut client);
    let mut payloads = client.auth_payloads();
    let other = Identity::fqdn("other.example").expect("a name");
    payloads.insert(1, OutPayload::of(&Raw { kind: PayloadType::IDR, body: other.body() }));
    let request = client.seal(ExchangeType::IKE_AUTH, 1, &payloads);
    let response = world.ask(client.path, &request);
    client.take_auth(&response);
    assert!(matches!(world.last_event(), Event::Established { .. }));
}

#[test]
fn another_order_and_unknown_payloads_change_nothing() {
    let mut world = World::new();
    let mut client = Client::new(1);
    let mut payloads = client.init_payloads();
    payloads.reverse();
    payloads.insert(1, raw(1, false, b"unknown"));
    payloads.push(raw(255, false, &[]));
    payloads.push(notify(NotifyType(40_000), b"?"));
    // RFC 7296 2.5: the flag is ignored where the type is known.
    payloads.iter_mut().filter(|payload| payload.kind.is_defined()).for_each(|p| p.critical = true);
    client.set_init(payloads);
    world.half_open(&mut client);
    let mut payloads = client.auth_payloads();
    payloads.reverse();
    payloads.insert(2, raw(200, false, b"unknown"));
    payloads.push(raw(PayloadType::V.0, true, b"vendor"));
    payloads.push(raw(PayloadType::CP.0, false, &[1, 0, 0, 0]));
    payloads.push(notify(NotifyType(8_000), b"an error type in a request"));
    let request = client.seal(ExchangeType::IKE_AUTH, 1, &payloads);
    let response = world.ask(client.path, &request);
    client.take_auth(&response);
}

/// RFC 7296 2.23, 2.5, 1.3.1, 2.19 and the extensions: no NAT is answered for, nothing else is promised.
#[test]
fn what_real_initiators_add_is_answered_as_if_they_had_not() {
    let (mut world, mut client) = (World::new(), Client::new(3));
    let hash = [7; 20];
    let mut init = client.init_payloads();
    init.extend([
        notify(NotifyType::NAT_DETECTION_SOURCE_IP, &hash),
        notify(NotifyType::NAT_DETECTION_DESTINATION_IP, &hash),
        notify(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, &[]),
        notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, &[0, 2, 0, 5]),
        notify(NotifyType::REDIRECT_SUPPORTED, &[]),
        notify(NotifyType::CHILDLESS_IKEV2_SUPPORTED, &[]),
        raw(PayloadType::V.0, false, b"vendor"),
        raw(PayloadType::CERTREQ.0, false, &[4]),
    ]);
    client.set_init(init);
    world.half_open(&mut client);
    let mut auth = client.auth_payloads();
    // EAP_ONLY_AUTHENTICATION, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, NO_ADDITIONAL_ADDRESSES.
    let extensions = [16_417, 16_420, 16_399].map(NotifyType);
    let kinds = [
        NotifyType::INITIAL_CONTACT,
        NotifyType::MULTIPLE_AUTH_SUPPORTED,
        NotifyType::MOBIKE_SUPPORTED,
        NotifyType::ESP_TFC_PADDING_NOT_SUPPORTED,
        NotifyType::NON_FIRST_FRAGMENTS_ALSO,
        NotifyType::USE_TRANSPORT_MODE,
    ];
    auth.extend(kinds.into_iter().chain(extensions).map(|kind| notify(kind, &[])));
    // IDr, and CFG_REQUEST for an INTERNAL_IP4_ADDRESS and INTERNAL_IP4_DNS.
    auth.push(raw(PayloadType::IDR.0, false, b"\x02\0\0\0gateway.example"));
    auth.push(raw(PayloadType::CP.0, false, &[1, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0]));
    auth.push(raw(PayloadType::CERTREQ.0, false, &[4]));
    let request = client.seal(ExchangeType::IKE_AUTH, 1, &auth);
    let response = world.ask(client.path, &request);
    client.take_auth(&response);
    assert_eq!(world.responder.established(), 1);
}

#[test]
fn reserved_bits_and_the_minor_version_are_ignored() {
    let mut world = World::new();
    let mut client = Client::new(1);
    let mut init = client.init();
    init[17] = 0x2f;
    init[19] |= 0xc7 | 0x10;
    let response = world.ask(client.path, &init);
    let header = parse(&response).header;
    assert_eq!((header.version, header.flags.0), (0x20, 0x20));
    client.take_init(&response);
}

#[test]
fn one_of_several_proposals_is_chosen_and_its_number_repeated() {
    let mut world = World::new();
    let mut client = Client::with_suite(1, Suite::AesCcm8P256, V4);
    let foreign = [Transform::new(TransformType::ENCR, 3)];
    let good = Suite::AesCcm8P256.ike().transforms();
    let other = Suite::AesGcmX25519.ike().transforms();
    let proposal = |number, transforms| ProposalRepr {
        number,
        protocol: ProtocolId::IKE,
        spi: &[],
        transforms,
    };
    let mut payloads = client.init_payloads();
    payloads[0] =
        OutPayload::of(&SaRepr(&[proposal(1, &foreign), proposal(2, &good), proposal(3, &other)]));
    client.set_init(payloads);
    // The first suite of the configuration is offered, too; the group of the KE payload decides.
    let response = world.ask(client.path, &client.init());
    let opened = parse(&response);
    let sa = opened.payload(PayloadType::SA);
    let chosen = Sa::parse(&sa).expect("an SA payload").proposals().next().expect("a proposal");
    assert_eq!(chosen.number(), 2);
    assert!(Suite::AesCcm8P256.ike().is_in(&chosen));
    assert_eq!(chosen.transforms().count(), good.len());
}

#[test]
fn ten_thousand_half_open_sas_wait_and_time_out() {
    const COUNT: u32 = 10_000;
    let mut world = World::new();
    let client = Client::new(1);
    for index in 0..COUNT {
        let mut init = client.init();
        init[..4].copy_from_slice(&index.to_be_bytes());
        world.responder.handle_datagram(world.now, client.path, &mut init);
        world.now = world.now + core::time::Duration::from_micros(1);
    }
    assert_eq!(world.sent().len(), 10_000);
    assert_eq!(world.responder.half_open(), 10_000);
    world.take_events();
    world.pass(core::time::Duration::from_secs(31));
    assert_eq!((world.events.len(), world.responder.half_open()), (10_000, 0));
    assert_eq!(world.responder.poll_timeout(), None);
}
