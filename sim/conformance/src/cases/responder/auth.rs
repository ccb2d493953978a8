//! Authentication, the first Child SA and its selectors.

use super::common::{accepts_auth, authenticates, is_only, refuses_auth, refuses_child, set_ts};
use crate::message::{Part, SelectorDraft};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Setup};
use core::net::Ipv4Addr;
use ike_core::{IdType, Identity, NotifyType, PayloadType, Psk};

const FAILED: NotifyType = NotifyType::AUTHENTICATION_FAILED;
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
        &["AU6"],
        each_octet_of_id,
        "flips each octet of IDi under an AUTH that covers the true one",
    ),
    Case::responder(
        "auth/length",
        &["AU6"],
        |d| {
            refuses_auth(
                d,
                "AU6",
                FAILED,
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
        &["ER1"],
        wrong_key,
        "proves another secret; AUTHENTICATION_FAILED must come under protection",
    ),
    Case::responder(
        "auth/method",
        &["AU6"],
        |d| {
            refuses_auth(
                d,
                "AU6",
                FAILED,
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
        &["NU1"],
        |d| {
            refuses_auth(
                d,
                "NU1",
                FAILED,
                &[("AUTH method 13", |r| r.part(PayloadType::AUTH).body[0] = 13)],
            )
        },
        "claims to authenticate nobody",
    ),
    Case::responder(
        "auth/wrong-message",
        &["AU3"],
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
        &["AU6"],
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
        "auth/from-another-address",
        &["AU13", "RT17", "RT18"],
        another_address,
        "asks IKE_AUTH from another address and port; the key goes by IDi",
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
    Case::responder(
        "selectors/nothing-allowed",
        &["TS1"],
        |d| {
            refuses_child(
                d,
                "TS1",
                NotifyType::TS_UNACCEPTABLE,
                &[
                    ("TSr of another network", |r| set_ts(r, PayloadType::TSR, &[host(203)])),
                    ("TSi of another network", |r| set_ts(r, PayloadType::TSI, &[host(203)])),
                ],
            )
        },
        "proposes selectors of which nothing is allowed; the IKE SA must stand",
    ),
    Case::responder(
        "selectors/narrowed",
        &["TS1"],
        narrowed,
        "proposes everything; the answer must be within what is allowed and not be empty",
    ),
    Case::responder(
        "selectors/first-choice",
        &["TS1"],
        first_choice,
        "proposes one port first, then everything; the answer must hold the first",
    ),
    Case::responder(
        "selectors/unknown-type",
        &["TS4"],
        unknown_type,
        "proposes a selector of an unknown type, which must not be repeated",
    ),
    Case::responder(
        "selectors/one-port",
        &["TS3"],
        |d| {
            accepts_auth(
                d,
                "TS3",
                &[("opaque ports behind any ports", |r| {
                    let opaque = SelectorDraft { ports: (65_535, 0), ..of(r, PayloadType::TSR) };
                    let any = of(r, PayloadType::TSR);
                    set_ts(r, PayloadType::TSR, &[any, opaque]);
                })],
            )
        },
        "proposes opaque ports behind any ports",
    ),
    Case::responder(
        "selectors/counts",
        &["ER3"],
        |d| {
            refuses_auth(
                d,
                "ER3",
                SYNTAX,
                &[
                    ("a count of selectors that is not there", |r| {
                        r.part(PayloadType::TSI).body[0] = 9
                    }),
                    ("a selector beyond its payload", |r| r.part(PayloadType::TSI).body[7] = 200),
                ],
            )
        },
        "proposes selectors whose count or length is wrong",
    ),
    Case::responder(
        "selectors/transport",
        &["TS6"],
        |d| {
            accepts_auth(
                d,
                "TS6",
                &[("transport mode asked for", |r| {
                    r.payloads().push(Part::notify(NotifyType::USE_TRANSPORT_MODE, &[]));
                })],
            )
        },
        "asks for transport mode, which may be declined",
    ),
    Case::responder(
        "selectors/tunnel",
        &["TS6"],
        |d| {
            d.restart();
            let answer = d.establish()?;
            let mode = answer.notify(NotifyType::USE_TRANSPORT_MODE);
            d.demand("TS6", mode.is_none(), "no transport mode unasked", || answer.summary())
        },
        "does not ask for transport mode",
    ),
];

fn identify(setup: &mut Setup, identity: Option<Identity>) {
    setup.peer = identity.expect("an identity that fits");
}

fn key(setup: &mut Setup, octets: &[u8]) {
    setup.psk = Psk::new(octets).expect("a secret that fits");
}

fn host(first: u8) -> SelectorDraft {
    let address = Ipv4Addr::new(first, 0, 113, 77);
    SelectorDraft::v4(address, address)
}

fn of(draft: &mut crate::Draft, whose: PayloadType) -> SelectorDraft {
    SelectorDraft::of(draft.part(whose)).swap_remove(0)
}

/// Proposes everything on both sides.
fn everything(draft: &mut crate::Draft) {
    let all = SelectorDraft::v4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
    set_ts(draft, PayloadType::TSI, core::slice::from_ref(&all));
    set_ts(draft, PayloadType::TSR, &[all]);
}

fn each_octet(device: &mut Device) -> Outcome {
    for at in 0..32 {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        request.part(PayloadType::AUTH).body[4 + at] ^= 1;
        let answer = device.exchange(&request)?;
        let proved = answer.as_ref().is_some_and(|it| it.body(PayloadType::AUTH).is_some());
        device.demand("AU6", !proved, &format!("no SA with AUTH octet {at} flipped"), || {
            "an SA".into()
        })?;
        is_only(device, "ER1", ("a flipped octet of AUTH", answer.as_ref()), FAILED)?;
    }
    Ok(())
}

fn each_octet_of_id(device: &mut Device) -> Outcome {
    for at in 0..device.setup.peer.body().len() {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        request.part(PayloadType::IDI).body[at] ^= 1;
        let answer = device.exchange(&request)?;
        let what = format!("octet {at} of IDi flipped");
        is_only(device, "AU6", (&what, answer.as_ref()), FAILED)?;
    }
    Ok(())
}

fn wrong_key(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    device.setup.psk = Psk::new(b"another secret").ok_or(Stop::Failed)?;
    let request = device.auth_request()?;
    let answer = device.exchange(&request)?;
    is_only(device, "ER1", ("another secret", answer.as_ref()), FAILED)
}

fn wrong_message(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let last = device.request.len() - 1;
    device.request[last] ^= 1;
    let request = device.auth_request()?;
    let answer = device.exchange(&request)?;
    is_only(device, "AU3", ("AUTH over another message", answer.as_ref()), FAILED)
}

fn claims(device: &mut Device, body: &[u8]) -> Outcome<Option<crate::Opened>> {
    device.restart();
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    *request.part(PayloadType::IDI) = Part::raw(PayloadType::IDI, body);
    *request.part(PayloadType::AUTH) = device.auth_part(body)?;
    device.exchange(&request)
}

fn unknown_id(device: &mut Device) -> Outcome {
    let body = [&[11, 0, 0, 0][..], b"nobody"].concat();
    let answer = claims(device, &body)?;
    let proved = answer.as_ref().is_some_and(|it| it.body(PayloadType::AUTH).is_some());
    device.demand("AU13", !proved, "no SA for an unknown identity", || "an SA".into())?;
    is_only(device, "ER1", ("an unknown identity", answer.as_ref()), FAILED)
}

fn other_id_type(device: &mut Device) -> Outcome {
    let mut body = device.setup.peer.body().to_vec();
    body[0] = IdType(2).0;
    let answer = claims(device, &body)?;
    is_only(device, "AU6", ("another type of identity", answer.as_ref()), FAILED)
}

fn identified(device: &mut Device) -> Outcome {
    for id in ["AU7", "AU8"] {
        accepts_auth(device, id, &[("that identity", |_| {})])?;
    }
    Ok(())
}

fn identified_by_address(device: &mut Device) -> Outcome {
    accepts_auth(device, "AU7", &[("that identity", |_| {})])
}

fn another_address(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    device.path.local.set_port(4321);
    for id in ["AU13", "RT17", "RT18"] {
        if id != "AU13" {
            device.restart();
            device.reach_auth()?;
            let port = device.path.local.port();
            device.path.local.set_port(port + 1);
        }
        let request = device.auth_request()?;
        authenticates(device, id, ("a request from another port", &request))?;
        let there = device.path;
        let packet = device.ask(ike_core::ExchangeType::INFORMATIONAL, Vec::new())?;
        let answer = device.exchange(&packet)?;
        let right = answer.is_some_and(|answer| answer.packet.path.local == there.local);
        device.demand(id, right, "an answer to where the request came from", || "none".into())?;
    }
    Ok(())
}

fn selectors(answer: &crate::Opened, whose: PayloadType) -> Vec<SelectorDraft> {
    SelectorDraft::of(&Part::raw(whose, answer.body(whose).unwrap_or_default()))
}

fn narrowed(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let sides = [PayloadType::TSI, PayloadType::TSR];
    let allowed = sides.map(|whose| SelectorDraft::of(request.part(whose)));
    everything(&mut request);
    let answer = authenticates(device, "TS1", ("everything proposed", &request))?;
    for (whose, allowed) in sides.into_iter().zip(allowed) {
        let found = selectors(&answer, whose);
        let within = !found.is_empty() && found.iter().all(|it| allowed.contains(it));
        let expected = format!("{whose} narrowed to what is allowed");
        device.demand("TS1", within, &expected, || format!("{found:?}"))?;
    }
    Ok(())
}

fn first_choice(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let wide = of(&mut request, PayloadType::TSR);
    let first = SelectorDraft { protocol: 17, ports: (5683, 5683), ..wide.clone() };
    set_ts(&mut request, PayloadType::TSR, &[first.clone(), wide.clone()]);
    let answer = authenticates(device, "TS1", ("one port first", &request))?;
    let found = selectors(&answer, PayloadType::TSR);
    let holds = found.iter().any(|it| *it == first || *it == wide);
    device.demand("TS1", holds, "selectors that hold the first choice", || format!("{found:?}"))
}

fn unknown_type(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let known = of(&mut request, PayloadType::TSR);
    let unknown = SelectorDraft { kind: 200, ..known.clone() };
    set_ts(&mut request, PayloadType::TSR, &[unknown, known]);
    let answer = authenticates(device, "TS4", ("a selector of an unknown type", &request))?;
    let body = answer.body(PayloadType::TSR).unwrap_or_default();
    let right = body.first() == Some(&1) && body.get(4) == Some(&7);
    device.demand("TS4", right, "the known selector alone", || format!("{body:02x?}"))
}
