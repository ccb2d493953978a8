//! INVALID_KE_PAYLOAD (RFC 7296 1.2, 2.6.1, RFC 7815 A.3).

use crate::support::gateway::Gateway;
use crate::support::part::{Part, body, clear_parts};
use crate::support::{Pair, config};
use crypto::{Group, PrfAlgorithm};
use ike_core::payload::{ProposalRepr, SaRepr};
use ike_core::{
    DropReason, Header, IkeOffer, IkeSuite, NotifyType, PayloadType, PeerMisbehaved, ProtocolId,
    Suite,
};
use ike_initiator::{Config, Event, Profile, StateName};
use rstest::rstest;
use std::time::Duration;

/// A device that offers these groups, the first of which it starts with.
fn offering(groups: &[Group]) -> Config {
    let protection = Suite::AesGcmX25519.ike().protection;
    let ike = IkeOffer::new(&[protection], &[PrfAlgorithm::HmacSha256], groups).expect("an offer");
    Config { ike, ..config() }
}

fn two() -> Config {
    offering(&[Group::Curve25519, Group::Ecp256])
}

fn invalid_ke(group: u16) -> Part {
    Part::notify(NotifyType::INVALID_KE_PAYLOAD, &group.to_be_bytes())
}

fn wants(pair: &mut Pair, request: &[u8], group: Group) -> Vec<Event> {
    pair.receive(&Gateway::init_notify(request, invalid_ke(group.transform_id())))
}

fn group_of(request: &[u8]) -> u16 {
    let parts = clear_parts(request);
    let ke = body(&parts, PayloadType::KE);
    u16::from_be_bytes([ke[0], ke[1]])
}

#[test]
fn the_request_is_repeated_with_the_wanted_group_and_all_else_as_it_was() {
    let (mut pair, first) = Pair::init_sent(two());
    assert_eq!(group_of(&first), 31);
    pair.timeout();
    pair.sent();
    let asked = [Event::GroupRequested(Group::Ecp256)];
    assert_eq!(wants(&mut pair, &first, Group::Ecp256), asked);
    let second = pair.sent();
    assert_eq!(group_of(&second), 19);
    let (before, after) = (clear_parts(&first), clear_parts(&second));
    assert_eq!(body(&before, PayloadType::SA), body(&after, PayloadType::SA), "the full proposal");
    assert_eq!(body(&before, PayloadType::NONCE), body(&after, PayloadType::NONCE));
    let (first, header) = (Header::parse(&first).unwrap(), Header::parse(&second).unwrap());
    assert_eq!((header.spi_i, header.spi_r, header.message_id), (first.spi_i, first.spi_r, 0));
    assert_eq!(pair.device.poll_timeout(), Some(pair.now + Duration::from_secs(1)));
    pair.timeout();
    assert_eq!(pair.sent(), second);
    pair.go_on_from_init(&second);
    let (suite, _, _) = pair.device.ike_keys().expect("established");
    assert_eq!(suite.group, Group::Ecp256);
}

#[rstest]
#[case::not_offered(invalid_ke(14))]
#[case::unknown(invalid_ke(2))]
#[case::none(invalid_ke(0))]
#[case::the_one_that_was_sent(invalid_ke(31))]
#[case::no_data(Part::notify(NotifyType::INVALID_KE_PAYLOAD, &[]))]
#[case::one_octet(Part::notify(NotifyType::INVALID_KE_PAYLOAD, &[19]))]
#[case::three_octets(Part::notify(NotifyType::INVALID_KE_PAYLOAD, &[0, 19, 0]))]
fn a_group_that_cannot_be_used_is_ignored(#[case] notify: Part) {
    let (mut pair, first) = Pair::init_sent(two());
    let forged = Gateway::init_notify(&first, notify);
    assert_eq!(pair.drops(&forged), DropReason::InvalidKeIgnored);
    pair.go_on_from_init(&first);
}

#[rstest]
#[case::rfc_7815(Config { profile: Profile::Rfc7815, ..two() })]
#[case::an_offer_of_one_group(config())]
fn some_devices_never_change_the_group(#[case] config: Config) {
    let (mut pair, first) = Pair::init_sent(config);
    let forged = Gateway::init_notify(&first, invalid_ke(19));
    assert_eq!(pair.drops(&forged), DropReason::InvalidKeIgnored);
    pair.go_on_from_init(&first);
}

/// Two gateways, or two attackers, that never agree: the device does not dance for ever.
#[test]
fn the_number_of_changes_is_bounded() {
    let (mut pair, mut last) = Pair::init_sent(two());
    for group in [Group::Ecp256, Group::Curve25519] {
        assert_eq!(wants(&mut pair, &last, group), [Event::GroupRequested(group)]);
        last = pair.sent();
    }
    let forged = Gateway::init_notify(&last, invalid_ke(19));
    assert_eq!(pair.drops(&forged), DropReason::InvalidKeIgnored);
    pair.timeout();
    assert_eq!(pair.sent(), last);
    pair.go_on_from_init(&last);
}

/// The key to the earlier request is gone, and its group is not that of the request any more.
#[test]
fn the_response_to_the_request_before_the_change_is_dropped() {
    let (mut pair, first) = Pair::init_sent(two());
    let response = pair.gateway.init(&first);
    wants(&mut pair, &first, Group::Ecp256);
    let second = pair.sent();
    assert!(matches!(pair.drops(&response), DropReason::Unacceptable(_)));
    pair.go_on_from_init(&second);
}

/// RFC 7296 3.4: the KE payload is of the group that the SA payload names, though both are offered.
#[test]
fn another_group_in_sa_than_in_ke_is_dropped() {
    let (mut pair, request) = Pair::init_sent(two());
    let other = IkeSuite { group: Group::Ecp256, ..Suite::AesGcmX25519.ike() };
    let forged = pair.gateway.init_edited(&request, |parts| {
        parts[0] = Part::of(&SaRepr(&[ProposalRepr {
            number: 1,
            protocol: ProtocolId::IKE,
            spi: &[],
            transforms: &other.transforms(),
        }]));
    });
    let wrong = PeerMisbehaved::WrongGroup(31);
    assert_eq!(pair.drops(&forged), DropReason::Unacceptable(wrong.into()));
    pair.go_on_from_init(&request);
}

/// RFC 7296 2.6.1: whichever comes first, the shorter exchange is possible.
#[rstest]
fn the_cookie_is_kept_when_the_group_changes(#[values(true, false)] sent_between: bool) {
    let (mut pair, first) = Pair::init_sent(two());
    let cookie = Part::notify(NotifyType::COOKIE, b"crumbs");
    pair.receive(&Gateway::init_notify(&first, cookie.clone()));
    if sent_between {
        pair.sent();
    }
    wants(&mut pair, &first, Group::Ecp256);
    let third = pair.sent();
    assert_eq!(clear_parts(&third)[0], cookie);
    assert_eq!(group_of(&third), 19);
    pair.go_on_from_init(&third);
}

#[test]
fn a_cookie_after_the_group_is_taken() {
    let (mut pair, first) = Pair::init_sent(two());
    wants(&mut pair, &first, Group::Ecp256);
    let second = pair.sent();
    let cookie = Part::notify(NotifyType::COOKIE, b"crumbs");
    pair.receive(&Gateway::init_notify(&second, cookie.clone()));
    let third = pair.sent();
    assert_eq!(third[28 + 14..], second[28..]);
    assert_eq!(clear_parts(&third)[0], cookie);
    // The gateway has another secret by now, and then likes another group.
    let other = Part::notify(NotifyType::COOKIE, b"a longer cookie");
    pair.receive(&Gateway::init_notify(&third, other.clone()));
    let fourth = pair.sent();
    wants(&mut pair, &fourth, Group::Curve25519);
    let fifth = pair.sent();
    assert_eq!((clear_parts(&fifth)[0].clone(), group_of(&fifth)), (other, 31));
    pair.go_on_from_init(&fifth);
}

/// A change of the group gives an attacker no way to the three cookies again.
#[test]
fn cookies_are_counted_over_the_whole_attempt() {
    let (mut pair, mut last) = Pair::init_sent(two());
    for number in 0..3 {
        pair.receive(&Gateway::init_notify(&last, Part::notify(NotifyType::COOKIE, &[number])));
        last = pair.sent();
    }
    wants(&mut pair, &last, Group::Ecp256);
    last = pair.sent();
    let events =
        pair.receive(&Gateway::init_notify(&last, Part::notify(NotifyType::COOKIE, b"again")));
    assert_eq!(events, [Event::CookieRequested { len: 5, at_once: false }]);
    assert_eq!(pair.sends(), [] as [Vec<u8>; 0]);
    pair.go_on_from_init(&last);
}

/// MODP-2048, the longest public value, with the longest cookie.
#[test]
fn the_longest_request_fits() {
    let (mut pair, first) =
        Pair::init_sent(offering(&[Group::Curve25519, Group::Modp2048, Group::Ecp256]));
    let cookie = Part::notify(NotifyType::COOKIE, &[0xcc; 64]);
    pair.receive(&Gateway::init_notify(&first, cookie.clone()));
    let second = pair.sent();
    wants(&mut pair, &second, Group::Modp2048);
    let third = pair.sent();
    assert_eq!((clear_parts(&third)[0].clone(), group_of(&third)), (cookie, 14));
    assert!(third.len() <= ike_initiator::MAX_REQUEST);
    pair.go_on_from_init(&third);
    assert_eq!(pair.device.state(), StateName::Established);
}
