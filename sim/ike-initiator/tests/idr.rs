//! Whom the gateway claims to be, and whether it proves that (RFC 7296 2.15, 3.5).

use crate::outcome::{fails, fails_politely};
use crate::support::part::Part;
use crate::support::{Pair, config, polite};
use ike_core::{IdType, Identity, MAX_IDENTITY, PayloadType};
use ike_initiator::{Config, FailReason};
use rstest::rstest;

/// AUTH covers IDr, and a device that knows the gateway's name insists on it.
#[test]
fn idr_must_be_proven_and_the_expected_one() {
    let other = Identity::key_id(b"gateway2").expect("8 octets");
    let (mut pair, request) = Pair::auth_sent(config());
    let unproven = pair
        .gateway
        .auth_edited(&request, |parts| parts[0] = Part::raw(PayloadType::IDR, other.body()));
    fails(&mut pair, &unproven, FailReason::AuthenticationFailed);

    for (expected, ok) in [("gateway1", true), ("gateway2", false)] {
        let id = Identity::key_id(expected.as_bytes()).expect("8 octets");
        let config = Config { remote_identity: Some(id), ..config() };
        let (mut pair, request) = Pair::auth_sent(config);
        let response = pair.gateway.auth(&request);
        if ok {
            pair.expect_established(&response);
        } else {
            fails(&mut pair, &response, FailReason::AuthenticationFailed);
        }
    }
    // The same octets as a name are another identity.
    let name = Identity::fqdn("gateway1").expect("8 octets");
    let (mut pair, request) = Pair::auth_sent(Config { remote_identity: Some(name), ..config() });
    let response = pair.gateway.auth(&request);
    fails(&mut pair, &response, FailReason::AuthenticationFailed);
}

/// RFC 7296 2.15: the reserved octets of the ID payload are covered as they were received.
#[test]
fn reserved_octets_of_idr_go_into_auth() {
    let (mut pair, request) = Pair::auth_sent(config());
    let mut id_body = pair.gateway.identity.body().to_vec();
    id_body[1..4].copy_from_slice(&[1, 2, 3]);
    let auth = pair.gateway.auth_part(&id_body);
    let response = pair.gateway.auth_edited(&request, |parts| {
        parts[0] = Part::raw(PayloadType::IDR, &id_body);
        parts[1] = auth;
    });
    pair.expect_established(&response);
}

/// A limit of ours is told as such, and only of who has proven its identity.
#[rstest]
#[case::longest(MAX_IDENTITY, None)]
#[case::too_long(MAX_IDENTITY + 1, Some(MAX_IDENTITY + 1))]
#[case::far_too_long(1_000, Some(1_000))]
#[case::none(0, Some(0))]
fn an_authentic_idr_that_has_no_room_is_told_as_that(
    #[case] len: usize,
    #[case] told: Option<usize>,
) {
    let body = [&[IdType::ID_KEY_ID.0, 0, 0, 0][..], &vec![7; len]].concat();
    for (config, proven) in [(config(), true), (polite(), true), (polite(), false)] {
        let is_polite = config.delete_on_close;
        let (mut pair, request) = Pair::auth_sent(config);
        let mut auth = pair.gateway.auth_part(&body);
        auth.body[10] ^= u8::from(!proven);
        let response = pair.gateway.auth_edited(&request, |parts| {
            parts[0] = Part::raw(PayloadType::IDR, &body);
            parts[1] = auth;
        });
        match told.map(FailReason::IdentityLength) {
            _ if !proven => fails(&mut pair, &response, FailReason::AuthenticationFailed),
            None => pair.expect_established(&response),
            Some(reason) if is_polite => fails_politely(&mut pair, &response, reason),
            Some(reason) => fails(&mut pair, &response, reason),
        }
    }
    let expected = Identity::key_id(b"gateway1").expect("8 octets");
    let config = Config { remote_identity: Some(expected), ..config() };
    let (mut pair, request) = Pair::auth_sent(config);
    let auth = pair.gateway.auth_part(&body);
    let response = pair.gateway.auth_edited(&request, |parts| {
        parts[0] = Part::raw(PayloadType::IDR, &body);
        parts[1] = auth;
    });
    fails(&mut pair, &response, FailReason::AuthenticationFailed);
}
