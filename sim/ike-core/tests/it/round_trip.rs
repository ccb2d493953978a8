//! Parsing and emitting are each other's inverse.

use crate::common::{SUITES, alone, message_of, payloads};
use crypto::{ProtectionKey, RustCrypto};
use ike_core::payload::{
    Auth, Body, Delete, Identification, KeyExchange, Nonce, Notify, ProposalRepr, Raw, Sa, SaRepr,
    TrafficSelectors, Transform, TsRepr,
};
use ike_core::{
    AuthMethod, ExchangeType, Flags, HEADER_LEN, Header, IkeSpi, MessageWriter, NotifyType,
    PayloadType, ProtocolId, Suite, TrafficSelector, TransformType, open_protected,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::IpAddr;

fn emitted(body: &dyn Body) -> Vec<u8> {
    // What is not written shows.
    let mut out = vec![0xaa; body.body_len()];
    body.emit(&mut out);
    out
}

prop_compose! {
    fn headers()(
        spis in any::<(u64, u64)>(),
        octets in any::<(u8, u8, u8, u8)>(),
        numbers in any::<(u32, u32)>(),
    ) -> Header {
        Header {
            spi_i: IkeSpi(spis.0),
            spi_r: IkeSpi(spis.1),
            next_payload: PayloadType(octets.0),
            version: octets.1,
            exchange: ExchangeType(octets.2),
            flags: Flags(octets.3),
            message_id: numbers.0,
            length: numbers.1,
        }
    }
}

prop_compose! {
    fn transforms()(kind: u8, id: u16, key_length: Option<u16>) -> Transform {
        Transform { key_length, ..Transform::new(TransformType(kind), id) }
    }
}

type Parts = (u8, u8, Vec<u8>, Vec<Transform>);

fn proposals() -> impl Strategy<Value = Vec<Parts>> {
    vec((any::<u8>(), any::<u8>(), vec(any::<u8>(), 0..9), vec(transforms(), 0..12)), 1..5)
}

fn selectors() -> impl Strategy<Value = TrafficSelector> {
    let addresses = prop_oneof![
        any::<([u8; 4], [u8; 4])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b))),
        any::<([u8; 16], [u8; 16])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b))),
    ];
    let ports = prop_oneof![any::<(u16, u16)>(), Just((u16::MAX, 0)), Just((0, u16::MAX))];
    (addresses, any::<u8>(), ports).prop_map(|((a, b), protocol, ports)| {
        let opaque = ports == (u16::MAX, 0);
        let sorted = (ports.0.min(ports.1), ports.0.max(ports.1));
        let ports = if opaque { ports } else { sorted };
        TrafficSelector::new(a.min(b), a.max(b), protocol, ports).expect("a range")
    })
}

proptest! {
    #[test]
    fn headers_do(header in headers()) {
        prop_assert_eq!(Header::parse(&header.emit()), Ok(header));
    }

    #[test]
    fn sa_payloads_do(parts in proposals()) {
        let reprs: Vec<ProposalRepr<'_>> = parts
            .iter()
            .map(|(number, protocol, spi, transforms)| ProposalRepr {
                number: *number, protocol: ProtocolId(*protocol), spi, transforms,
            })
            .collect();
        let body = emitted(&SaRepr(&reprs));
        let sa = Sa::parse(&alone(PayloadType::SA, &body)).expect("what was emitted");
        let parsed: Vec<Parts> = sa
            .proposals()
            .map(|p| (p.number(), p.protocol().0, p.spi().to_vec(), p.transforms().collect()))
            .collect();
        prop_assert_eq!(parsed, parts);
    }

    #[test]
    fn ke_payloads_do(group: u16, data in vec(any::<u8>(), 0..300)) {
        let ke = KeyExchange { group, data: &data };
        let body = emitted(&ke);
        prop_assert_eq!(KeyExchange::parse(&alone(PayloadType::KE, &body)), Ok(ke));
    }

    #[test]
    fn auth_payloads_do(method: u8, data in vec(any::<u8>(), 0..300)) {
        let auth = Auth { method: AuthMethod(method), data: &data };
        let body = emitted(&auth);
        prop_assert_eq!(Auth::parse(&alone(PayloadType::AUTH, &body)), Ok(auth));
    }

    /// RFC 7296 2.15: the reserved octets are covered by AUTH, so they are kept.
    #[test]
    fn id_payloads_do_with_their_reserved_octets(body in vec(any::<u8>(), 4..300)) {
        let payload = alone(PayloadType::IDR, &body);
        let id = Identification::parse(&payload).expect("4 octets or more");
        prop_assert_eq!((id.id_type().0, id.data()), (body[0], &body[4..]));
        prop_assert_eq!(id.body(), &body[..]);
        prop_assert_eq!((id.kind(), emitted(&id)), (PayloadType::IDR, body.clone()));
    }

    #[test]
    fn notify_payloads_do(
        numbers in any::<(u8, u16)>(),
        spi in vec(any::<u8>(), 0..256),
        data in vec(any::<u8>(), 0..300),
    ) {
        let (protocol, kind) = (ProtocolId(numbers.0), NotifyType(numbers.1));
        let notify = Notify { protocol, spi: &spi, kind, data: &data };
        let body = emitted(&notify);
        prop_assert_eq!(Notify::parse(&alone(PayloadType::N, &body)), Ok(notify));
    }

    #[test]
    fn delete_payloads_do(protocol: u8, spi_size in 1_u8.., count in 0_usize..20) {
        let spis = vec![0x5a; usize::from(spi_size) * count];
        let delete = Delete { protocol: ProtocolId(protocol), spi_size, spis: &spis };
        let body = emitted(&delete);
        prop_assert_eq!(Delete::parse(&alone(PayloadType::D, &body)), Ok(delete));
    }

    #[test]
    fn ts_payloads_do(all in vec(selectors(), 0..256)) {
        let body = emitted(&TsRepr { whose: PayloadType::TSR, selectors: &all });
        let parsed = TrafficSelectors::parse(&alone(PayloadType::TSR, &body)).expect("emitted");
        prop_assert_eq!(parsed.iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn chains_of_any_payloads_do(
        bodies in vec((1_u8.., vec(any::<u8>(), 0..40)), 0..12),
    ) {
        // SK and SKF end a chain, wherever they stand.
        let end = bodies.iter().position(|(kind, _)| matches!(kind, 46 | 53));
        let bodies = &bodies[..end.map_or(bodies.len(), |at| at + 1)];
        let raw: Vec<Raw<'_>> =
            bodies.iter().map(|(kind, body)| Raw { kind: PayloadType(*kind), body }).collect();
        let message = message_of(&raw.iter().map(|raw| raw as &dyn Body).collect::<Vec<_>>());
        let found = payloads(&message).expect("what was written");
        prop_assert_eq!(found.len(), bodies.len());
        for (payload, (kind, body)) in found.iter().zip(bodies) {
            prop_assert_eq!((payload.kind.0, payload.body, payload.critical), (*kind, &body[..], false));
            prop_assert_eq!(&message[payload.offset..][..body.len()], &body[..]);
        }
    }

    #[test]
    fn protected_messages_do_under_every_protection(
        mut header in headers(),
        which in 0..SUITES.len(),
        key in any::<u8>(),
        nonce in vec(any::<u8>(), 0..80),
        outside in proptest::option::of(vec(any::<u8>(), 0..20)),
    ) {
        let key = key_of(SUITES[which], key);
        let iv = vec![7; key.protection().encryption().iv_len()];
        let mut buffer = vec![0xaa; 400];
        let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
        if let Some(body) = &outside {
            writer.payload(&Raw { kind: PayloadType(200), body }).expect("room");
        }
        writer.begin_protected(key.protection(), &iv).expect("room");
        writer.payload(&Nonce(&nonce)).expect("room");
        writer.payload(&Notify::new(NotifyType::COOKIE, &nonce)).expect("room");
        let len = writer.seal(&RustCrypto, &key).expect("room");
        let message = &mut buffer[..len];

        header.length = u32::try_from(len).expect("short");
        header.next_payload = PayloadType(if outside.is_some() { 200 } else { 46 });
        prop_assert_eq!(Header::parse(message), Ok(header));
        if nonce.len() > 8 {
            prop_assert!(message[HEADER_LEN..].windows(nonce.len()).all(|seen| seen != nonce));
        }
        let inner = open_protected(&RustCrypto, &key, message).expect("what was sealed");
        let found: Vec<_> =
            inner.payloads(message).collect::<Result<_, _>>().expect("what was written");
        prop_assert_eq!(found.len(), 2);
        prop_assert_eq!((found[0].kind, found[0].body), (PayloadType::NONCE, &nonce[..]));
        let notify = Notify::parse(&found[1]).expect("what was written");
        prop_assert_eq!(notify, Notify::new(NotifyType::COOKIE, &nonce));
    }
}

/// A key whose octets are all the same.
pub(crate) fn key_of(suite: Suite, octet: u8) -> ProtectionKey {
    let protection = suite.ike().protection;
    let encryption = vec![octet; protection.encryption().key_len()];
    let integrity = vec![octet; protection.integrity_key_len()];
    ProtectionKey::new(protection, &encryption, &integrity).expect("lengths that fit")
}

/// RFC 7296 3.11: the IKE SA's SPIs are in the header.
#[test]
fn the_delete_of_an_ike_sa_has_no_spi() {
    let body = emitted(&Delete::IKE_SA);
    assert_eq!(body, [1, 0, 0, 0]);
    assert_eq!(Delete::parse(&alone(PayloadType::D, &body)), Ok(Delete::IKE_SA));
}
