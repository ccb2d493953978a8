//! What anybody could have sent changes nothing: it is dropped with its reason, and the exchange
//! goes on (RFC 7815 2.1, RFC 7296 2.4, 2.21).

use crate::support::gateway::Gateway;
use crate::support::part::{Inside, Part, clear, protected};
use crate::support::{Pair, config, polite};
use ike_core::payload::{KeyExchange, Nonce, ProposalRepr, SaRepr, Transform};
use ike_core::{
    DropReason, Error, ExchangeType, Flags, Malformed, NotifyType, PayloadType, PeerMisbehaved,
    ProtocolId, Suite, TransformType,
};
use ike_initiator::StateName;
use rstest::rstest;

/// What each octet of the header means, and why a message is dropped in which it is flipped.
fn header_reason(at: usize, auth: bool) -> fn(&DropReason) -> bool {
    match at {
        0..8 => |reason| matches!(reason, DropReason::UnknownSpi),
        // In IKE_SA_INIT, any other SPI of the gateway's would do.
        8..16 if auth => |reason| matches!(reason, DropReason::UnknownSpi),
        16 => |reason| {
            matches!(
                reason,
                DropReason::Unacceptable(_) | DropReason::Malformed(_) | DropReason::NotProtected
            )
        },
        17 => |reason| matches!(reason, DropReason::MajorVersion(_)),
        // One of the flips makes it an IKE_SA_INIT response.
        18 => |reason| matches!(reason, DropReason::Exchange(_) | DropReason::LateResponse),
        19 => |reason| matches!(reason, DropReason::Flags(_) | DropReason::NotExpected),
        20..24 => |reason| matches!(reason, DropReason::MessageId(_)),
        _ => |reason| matches!(reason, DropReason::LengthMismatch),
    }
}

/// The flips that matter: of the version its major part, of the flags those with a meaning.
fn flips(at: usize) -> &'static [u8] {
    match at {
        17 => &[0x10, 0x20, 0x80],
        19 => &[0x08, 0x20],
        _ => &[0x01, 0x80],
    }
}

#[test]
fn an_ike_sa_init_response_with_a_wrong_header_is_dropped() {
    let (mut pair, request) = Pair::init_sent(config());
    let response = pair.gateway.init(&request);
    for at in (0..8).chain(16..28) {
        for flip in flips(at) {
            let mut forged = response.clone();
            forged[at] ^= flip;
            let reason = pair.drops(&forged);
            assert!(header_reason(at, false)(&reason), "octet {at}, {flip:#x}: {reason}");
        }
    }
    assert_eq!(pair.receive(&response), []);
    let request = pair.sent();
    let response = pair.gateway.auth(&request);
    pair.expect_established(&response);
}

#[test]
fn an_ike_auth_response_with_a_wrong_header_is_dropped() {
    let (mut pair, request) = Pair::auth_sent(config());
    let response = pair.gateway.auth(&request);
    for at in 0..28 {
        for flip in flips(at) {
            let mut forged = response.clone();
            forged[at] ^= flip;
            let reason = pair.drops(&forged);
            assert!(header_reason(at, true)(&reason), "octet {at}, {flip:#x}: {reason}");
        }
    }
    pair.expect_established(&response);
}

/// The minor version and the flags without a meaning for us are in the authenticated header, yet
/// nobody judges their values (RFC 7296 3.1).
#[rstest]
#[case::minor_version(17, 0x2f)]
#[case::version_flag(19, 0x30)]
#[case::reserved_flags(19, 0xe7)]
fn what_must_be_ignored_in_the_header_is(#[case] at: usize, #[case] value: u8) {
    let (mut pair, request) = Pair::init_sent(config());
    let mut response = pair.gateway.init(&request);
    response[at] = value;
    // AUTH covers the octets as they travelled.
    pair.gateway.sa.as_mut().expect("answered").response.clone_from(&response);
    assert_eq!(pair.receive(&response), []);
    let request = pair.sent();
    let response = pair.gateway.auth(&request);
    pair.expect_established(&response);
}

#[rstest]
fn each_octet_of_the_sk_payload_counts(
    #[values(Suite::AesGcmX25519, Suite::AesCbcModp2048)] suite: Suite,
) {
    let mut pair = Pair::with_suite(suite, config().suite(suite));
    let request = pair.reach_auth();
    let response = pair.gateway.auth(&request);
    for at in 28..response.len() {
        for flip in [0x01, 0x80] {
            let mut forged = response.clone();
            forged[at] ^= flip;
            let reason = pair.drops(&forged);
            match at {
                // The reserved bits of the generic header are authenticated, too.
                28 | 29 | 32.. => assert_eq!(reason, DropReason::IcvMismatch, "octet {at}"),
                _ => assert!(matches!(reason, DropReason::Malformed(_)), "octet {at}: {reason}"),
            }
        }
    }
    pair.expect_established(&response);
}

#[test]
fn every_truncation_is_dropped() {
    let (mut pair, request) = Pair::init_sent(config());
    let response = pair.gateway.init(&request);
    for len in 0..response.len() {
        let reason = pair.drops(&response[..len]);
        match len {
            0..28 => assert_eq!(
                reason,
                DropReason::Malformed(Malformed::new("a header of 28 octets", len))
            ),
            _ => assert_eq!(reason, DropReason::LengthMismatch),
        }
        if len >= 28 {
            // With a header that agrees, a payload is cut.
            let mut cut = response[..len].to_vec();
            cut[24..28].copy_from_slice(&u32::try_from(len).expect("short").to_be_bytes());
            let reason = pair.drops(&cut);
            assert!(
                matches!(reason, DropReason::Malformed(_) | DropReason::Unacceptable(_)),
                "{len}: {reason}"
            );
        }
    }
    assert_eq!(pair.receive(&response), []);
}

#[rstest]
#[case(NotifyType::NO_PROPOSAL_CHOSEN)]
#[case(NotifyType::AUTHENTICATION_FAILED)]
#[case(NotifyType::INVALID_SYNTAX)]
#[case(NotifyType::INVALID_MAJOR_VERSION)]
#[case(NotifyType::INVALID_IKE_SPI)]
#[case(NotifyType(8000))]
#[case(NotifyType(16383))]
fn an_unauthenticated_error_ends_nothing(#[case] kind: NotifyType) {
    let (mut pair, request) = Pair::init_sent(config());
    let forged = Gateway::init_notify(&request, Part::notify(kind, &[]));
    assert_eq!(pair.drops(&forged), DropReason::UnauthenticatedError(kind));
    let response = pair.gateway.init(&request);
    assert_eq!(pair.receive(&response), []);
    let request = pair.sent();

    let header = pair.gateway.header(ExchangeType::IKE_AUTH, 1).flags(Flags::RESPONSE);
    let forged = clear(&header, &[Part::notify(kind, &[])]);
    assert_eq!(pair.drops(&forged), DropReason::NotProtected);
    let response = pair.gateway.auth(&request);
    pair.expect_established(&response);

    // Not even a request in clear with the right SPIs ends an SA (RFC 7296 2.4).
    let forged =
        clear(&pair.gateway.header(ExchangeType::INFORMATIONAL, 0), &[Part::notify(kind, &[])]);
    assert_eq!(pair.drops(&forged), DropReason::NotProtected);
    assert_eq!(pair.device.state(), StateName::Established);
}

fn sa_with(transforms: &[Transform], number: u8, protocol: ProtocolId, spi: &[u8]) -> Part {
    Part::of(&SaRepr(&[ProposalRepr { number, protocol, spi, transforms }]))
}

/// SAr1 must be one of the offers, exactly (RFC 7296 3.3.6).
#[test]
fn an_ike_sa_that_was_not_offered_is_dropped() {
    let usual = Suite::AesGcmX25519.ike().transforms();
    let with = |edit: fn(&mut Vec<Transform>)| {
        let mut transforms = usual.to_vec();
        edit(&mut transforms);
        transforms
    };
    let long_key = with(|all| all[0].key_length = Some(256));
    let no_key_length = with(|all| all[0].key_length = None);
    let other_group = with(|all| all[2].id = 19);
    let other_prf = with(|all| all[1].id = 2);
    let missing = with(|all| all.retain(|one| one.kind != TransformType::PRF));
    let twice = with(|all| all.push(all[0]));
    let integrity = with(|all| all.push(Transform::new(TransformType::INTEG, 12)));
    let esn = with(|all| all.push(Transform::new(TransformType::ESN, 0)));
    let unknown = with(|all| all.push(Transform::new(TransformType(6), 1)));
    let ike = ProtocolId::IKE;
    let mut cases = vec![
        sa_with(&usual, 2, ike, &[]),
        sa_with(&usual, 1, ProtocolId::ESP, &[]),
        sa_with(&usual, 1, ike, &[1; 8]),
    ];
    for transforms in
        [long_key, no_key_length, other_group, other_prf, missing, twice, integrity, esn, unknown]
    {
        cases.push(sa_with(&transforms, 1, ike, &[]));
    }
    let one = ProposalRepr { number: 1, protocol: ike, spi: &[], transforms: &usual };
    cases.push(Part::of(&SaRepr(&[one, ProposalRepr { number: 2, ..one }])));

    let (mut pair, request) = Pair::init_sent(config());
    for (index, case) in cases.into_iter().enumerate() {
        let forged = pair.gateway.init_edited(&request, |parts| parts[0] = case);
        let reason = pair.drops(&forged);
        let refused = matches!(
            reason,
            DropReason::Unacceptable(Error::Misbehaved(PeerMisbehaved::NotOffered(_)))
        );
        assert!(refused, "case {index}: {reason}");
    }
    pair.go_on_from_init(&request);
}

#[test]
fn key_exchange_and_nonce_must_be_the_agreed_groups() {
    let nonce = |len| Part::of(&Nonce(&vec![9; len]));
    let ke = |group, data: &[u8]| Part::of(&KeyExchange { group, data });
    use PeerMisbehaved as Wrong;
    let cases: [(usize, Part, Wrong); 7] = [
        (2, nonce(15), Wrong::NonceLength(15)),
        (2, nonce(257), Wrong::NonceLength(257)),
        (2, nonce(0), Wrong::NonceLength(0)),
        (1, ke(19, &[4; 64]), Wrong::WrongGroup(19)),
        (1, ke(31, &[4; 31]), Wrong::InvalidPublicValue),
        (1, ke(31, &[4; 33]), Wrong::InvalidPublicValue),
        // The neutral element: the shared secret would be zero (RFC 7748 6.1).
        (1, ke(31, &[0; 32]), Wrong::InvalidPublicValue),
    ];
    let (mut pair, request) = Pair::init_sent(config());
    for (at, part, wrong) in cases {
        let forged = pair.gateway.init_edited(&request, |parts| parts[at] = part);
        assert_eq!(pair.drops(&forged), DropReason::Unacceptable(wrong.into()));
    }
    for (at, kind) in [PayloadType::SA, PayloadType::KE, PayloadType::NONCE].into_iter().enumerate()
    {
        let forged = pair.gateway.init_edited(&request, |parts| drop(parts.remove(at)));
        let missing = Wrong::MissingPayload(kind);
        assert_eq!(pair.drops(&forged), DropReason::Unacceptable(missing.into()));
        let forged = pair.gateway.init_edited(&request, |parts| parts.push(parts[at].clone()));
        let repeated = Wrong::RepeatedPayload(kind);
        assert_eq!(pair.drops(&forged), DropReason::Unacceptable(repeated.into()));
    }
    pair.go_on_from_init(&request);
}

/// Nonces of 16 and of 256 octets are lawful (RFC 7296 3.9).
#[rstest]
fn the_longest_and_the_shortest_nonce_are_taken(#[values(16, 256)] len: usize) {
    let (mut pair, request) = Pair::init_sent(config());
    let response = pair.gateway.init_edited(&request, |parts| {
        parts[2] = Part::of(&Nonce(&vec![9; len]));
    });
    assert_eq!(pair.receive(&response), []);
    assert_eq!(pair.device.state(), StateName::AuthSent);
}

#[test]
fn a_response_without_an_spi_of_the_gateway_is_dropped() {
    let (mut pair, request) = Pair::init_sent(config());
    let mut response = pair.gateway.init(&request);
    response[8..16].fill(0);
    assert_eq!(
        pair.drops(&response),
        DropReason::Unacceptable(Malformed::new("a responder SPI other than zero", 8).into())
    );
}

/// RFC 7296 2.5: whoever wrote it broke a rule; the whole message is rejected.
#[test]
fn an_unknown_critical_payload_in_an_ike_sa_init_response_is_dropped() {
    let unknown = || Part::raw(PayloadType(200), b"?").critical();
    let (mut pair, request) = Pair::init_sent(config());
    for at in 0..=3 {
        let forged = pair.gateway.init_edited(&request, |parts| parts.insert(at, unknown()));
        let wrong = PeerMisbehaved::UnsupportedCriticalPayload(PayloadType(200));
        assert_eq!(pair.drops(&forged), DropReason::Unacceptable(wrong.into()));
    }
    pair.go_on_from_init(&request);
}

/// Late responses of either exchange, and the answer to a Delete that was never sent.
#[test]
fn late_responses_are_dropped() {
    let (mut pair, request) = Pair::auth_sent(polite());
    let init = pair.gateway.sa().response.clone();
    assert_eq!(pair.drops(&init), DropReason::LateResponse);
    let response = pair.gateway.auth(&request);
    pair.expect_established(&response);
    assert_eq!(pair.drops(&init), DropReason::LateResponse);
    assert_eq!(pair.drops(&response), DropReason::LateResponse);
    let to_delete = pair.gateway.response(ExchangeType::INFORMATIONAL, 2, &[]);
    assert_eq!(pair.drops(&to_delete), DropReason::MessageId(2));
    pair.close();
    pair.sent();
    assert_eq!(pair.drops(&init), DropReason::LateResponse);
    assert_eq!(pair.drops(&response), DropReason::LateResponse);
}

/// RFC 7296 1: other exchanges come after IKE_AUTH.
#[test]
fn requests_before_establishment_are_ignored() {
    let (mut pair, request) = Pair::init_sent(config());
    pair.gateway.pretend(ike_core::IkeSpi(0));
    let mut early = pair.gateway.request_with_id(ExchangeType::INFORMATIONAL, 0, &[]);
    early[..8].copy_from_slice(&request[..8]);
    assert_eq!(pair.drops(&early), DropReason::Flags(0));
    let response = pair.gateway.init(&request);
    pair.receive(&response);
    let auth = pair.sent();
    for exchange in [ExchangeType::INFORMATIONAL, ExchangeType::CREATE_CHILD_SA] {
        let early = pair.gateway.request_with_id(exchange, 0, &[Part::delete_ike()]);
        assert_eq!(pair.drops(&early), DropReason::NotExpected);
    }
    let response = pair.gateway.auth(&auth);
    pair.expect_established(&response);
}

/// The keys of the other direction prove nothing.
#[test]
fn a_reflected_message_is_dropped() {
    let (mut pair, request) = Pair::auth_sent(config());
    assert_eq!(pair.drops(&request), DropReason::Flags(8));
    let header = pair.gateway.header(ExchangeType::IKE_AUTH, 1).flags(Flags::RESPONSE);
    let key = pair.gateway.sa().keys.initiator.clone();
    let forged = protected(&header, &[], &Inside::of(&[]), &key, &[0; 8]);
    assert_eq!(pair.drops(&forged), DropReason::IcvMismatch);
}

#[test]
fn nothing_is_expected_before_and_after() {
    let mut idle = Pair::new(config());
    let mut pair = Pair::established(config());
    let request = pair.gateway.request(ExchangeType::INFORMATIONAL, &[]);
    assert_eq!(idle.drops(&request), DropReason::NotExpected);
    pair.close();
    assert_eq!(pair.drops(&request), DropReason::NotExpected);
}
