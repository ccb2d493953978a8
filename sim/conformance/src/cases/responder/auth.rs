//! Authentication.

use super::common::{
    accepts_auth, authenticates, beside, convinces_not, refuses_auth, unconvinced,
};
use crate::message::Part;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Draft, Ids, Setup};
use core::net::{Ipv4Addr, SocketAddr};
use ike_core::{ExchangeType, IdType, Identity, NotifyType, PayloadType, Psk};

const SYNTAX: NotifyType = NotifyType::INVALID_SYNTAX;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "auth/each-octet",
        &["AU6", "ER1"],
        each_octet,
        "flips each octet of the AUTH data",
    ),
    Case::responder(
        "auth/each-octet-of-id",
        &["AU6", "ER1"],
        each_octet_of_id,
        "flips each octet of IDi under an AUTH that covers the true one",
    ),
    Case::responder(
        "auth/length",
        &["AU6", "ER1"],
        |d| {
            convinces_not(
                d,
                "AU6",
                &[
                    ("AUTH one octet short", |r| {
                        r.part(PayloadType::AUTH).body.pop();
                    }),
                    ("AUTH one octet long", |r| r.part(PayloadType::AUTH).body.push(0)),
                    ("AUTH cut to 8 octets", |r| r.part(PayloadType::AUTH).body.truncate(12)),
                    ("AUTH without data", |r| r.part(PayloadType::AUTH).body.truncate(4)),
                ],
            )
        },
        "cuts and extends the AUTH data",
    ),
    Case::responder(
        "auth/wrong-key",
        &["AU6", "ER1"],
        wrong_key,
        "proves another secret; AUTHENTICATION_FAILED must come under protection",
    ),
    Case::responder(
        "auth/method",
        &["AU6", "ER1"],
        |d| {
            convinces_not(
                d,
                "AU6",
                &[
                    ("AUTH method 1", |r| r.part(PayloadType::AUTH).body[0] = 1),
                    ("AUTH method 9", |r| r.part(PayloadType::AUTH).body[0] = 9),
                    ("AUTH method 14", |r| r.part(PayloadType::AUTH).body[0] = 14),
                    ("AUTH method 0", |r| r.part(PayloadType::AUTH).body[0] = 0),
                ],
            )
        },
        "claims other AUTH methods",
    ),
    Case::responder(
        "auth/null",
        &["NU1", "ER1"],
        |d| {
            convinces_not(
                d,
                "NU1",
                &[("AUTH method 13", |r| r.part(PayloadType::AUTH).body[0] = 13)],
            )
        },
        "claims to authenticate nobody",
    ),
    Case::responder(
        "auth/wrong-message",
        &["AU3", "ER1"],
        wrong_message,
        "signs another IKE_SA_INIT request than the one that was sent",
    ),
    Case::responder(
        "auth/unknown-id",
        &["AU13", "ER1"],
        unknown_id,
        "claims an identity without a key, signed with the key of the true one",
    ),
    Case::responder(
        "auth/other-id-type",
        &["AU6", "ER1"],
        other_id_type,
        "claims the same octets as another type of identity",
    ),
    Case::responder("auth/id-fqdn", &["AU7", "AU8"], identified, "authenticates as a name")
        .with(|setup| identify(setup, Identity::fqdn("dev.example").ok())),
    Case::responder(
        "auth/id-rfc822",
        &["AU7", "AU8"],
        identified,
        "authenticates as a mail address",
    )
    .with(|setup| identify(setup, Identity::rfc822("dev@a.example").ok())),
    Case::responder("auth/id-ipv4", &["AU7"], identified_by_address, "authenticates as an address")
        .with(|setup| identify(setup, Some(Identity::address(Ipv4Addr::new(10, 9, 8, 7).into())))),
    Case::responder(
        "auth/id-ipv6",
        &["AU7"],
        identified_by_address,
        "authenticates as an IPv6 address",
    )
    .with(|setup| {
        identify(setup, Some(Identity::address(core::net::Ipv6Addr::LOCALHOST.into())));
    }),
    Case::responder(
        "auth/psk-64",
        &["AU5"],
        |d| accepts_auth(d, "AU5", &[("a secret of 64 octets", |_| {})]),
        "authenticates with a secret of 64 octets",
    )
    .with(|setup| key(setup, &[0xa5; 64])),
    Case::responder(
        "auth/psk-zero-octets",
        &["AU5"],
        |d| accepts_auth(d, "AU5", &[("a secret with zeros", |_| {})]),
        "authenticates with a secret that has zero octets",
    )
    .with(|setup| key(setup, b"\0a\0b\0")),
    Case::responder(
        "auth/psk-1",
        &["AU5"],
        |d| accepts_auth(d, "AU5", &[("a secret of one octet", |_| {})]),
        "authenticates with a secret of one octet",
    )
    .with(|setup| key(setup, &[0x5a])),
    Case::responder(
        "auth/psk-65",
        &["AU5"],
        |d| accepts_auth(d, "AU5", &[("a secret of 65 octets", |_| {})]),
        "authenticates with a secret of 65 octets, one more than the PRF has in a block",
    )
    .with(|setup| key(setup, &[0x96; 65])),
    Case::responder(
        "auth/from-another-address",
        &["AU13", "RT18"],
        another_address,
        "asks IKE_AUTH from another address than IKE_SA_INIT; the SA goes by SPIs, the key by IDi",
    ),
    Case::responder(
        "auth/from-another-port",
        &["RT17"],
        another_port,
        "asks IKE_AUTH from another port than IKE_SA_INIT; the answer goes there",
    ),
    Case::responder(
        "auth/missing",
        &["ER3"],
        |d| refuses_auth(d, "ER3", SYNTAX, &[("no IDi", |r| r.remove(PayloadType::IDI))]),
        "leaves IDi out of IKE_AUTH",
    ),
    Case::responder(
        "auth/cut",
        &["ER3"],
        |d| {
            refuses_auth(
                d,
                "ER3",
                SYNTAX,
                &[("AUTH of 2 octets", |r| {
                    r.part(PayloadType::AUTH).body.truncate(2);
                })],
            )
        },
        "cuts the AUTH payload into its fixed part",
    ),
];

fn identify(setup: &mut Setup, identity: Option<Identity>) {
    setup.peer = identity.expect("an identity that fits");
}

fn key(setup: &mut Setup, octets: &[u8]) {
    setup.psk = Psk::new(octets).expect("a secret that fits");
}

fn each_octet(device: &mut Device) -> Outcome {
    for at in 0..32 {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        request.part(PayloadType::AUTH).body[4 + at] ^= 1;
        unconvinced(device, "AU6", (&format!("octet {at} of AUTH flipped"), &request))?;
    }
    Ok(())
}

fn each_octet_of_id(device: &mut Device) -> Outcome {
    for at in 0..device.setup.peer.body().len() {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        request.part(PayloadType::IDI).body[at] ^= 1;
        unconvinced(device, "AU6", (&format!("octet {at} of IDi flipped"), &request))?;
    }
    Ok(())
}

fn wrong_key(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    device.setup.psk = Psk::new(b"another secret").ok_or(Stop::Failed)?;
    let request = device.auth_request()?;
    unconvinced(device, "AU6", ("another secret", &request))
}

fn wrong_message(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let last = device.sent.len() - 1;
    device.sent[last] ^= 1;
    let request = device.auth_request()?;
    unconvinced(device, "AU3", ("AUTH over another message", &request))
}

/// An IKE_AUTH request with that body of IDi, and the AUTH that goes with it under the true secret.
fn claims(device: &mut Device, body: &[u8]) -> Outcome<Draft> {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    *request.part(PayloadType::IDI) = Part::raw(PayloadType::IDI, body);
    *request.part(PayloadType::AUTH) = device.auth_part(body)?;
    Ok(request)
}

fn unknown_id(device: &mut Device) -> Outcome {
    let request = claims(device, &[&[11, 0, 0, 0][..], b"nobody"].concat())?;
    unconvinced(device, "AU13", ("an unknown identity", &request))
}

fn other_id_type(device: &mut Device) -> Outcome {
    let mut body = device.setup.peer.body().to_vec();
    body[0] = IdType(2).0;
    let request = claims(device, &body)?;
    unconvinced(device, "AU6", ("another type of identity", &request))
}

fn identified(device: &mut Device) -> Outcome {
    accepts_auth(device, ["AU7", "AU8"], &[("that identity", |_| {})])
}

fn identified_by_address(device: &mut Device) -> Outcome {
    accepts_auth(device, "AU7", &[("that identity", |_| {})])
}

/// IKE_AUTH and a request behind it from there; both must be answered to there.
fn from_there(device: &mut Device, ids: impl Ids, there: SocketAddr) -> Outcome {
    device.restart();
    device.reach_auth()?;
    let here = core::mem::replace(&mut device.path.local, there);
    let request = device.auth_request()?;
    authenticates(device, ids, (&format!("a request from {there}"), &request))?;
    let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let answer = device.exchange(&request)?;
    let found = answer.map(|answer| answer.packet.path.local);
    let expected = format!("an answer to {there}");
    device.demand(ids, found == Some(there), &expected, || format!("{found:?}"))?;
    device.path.local = here;
    Ok(())
}

fn another_address(device: &mut Device) -> Outcome {
    let mut there = device.path.local;
    there.set_ip(beside(there.ip()));
    from_there(device, ["AU13", "RT18"], there)
}

fn another_port(device: &mut Device) -> Outcome {
    let mut there = device.path.local;
    there.set_port(4_321);
    from_there(device, "RT17", there)
}
