//! Payloads as such: order, lengths, unknown ones, critical flags, reserved bits, sizes.

use super::common::{
    accepts_auth, accepts_init, drops_init, is_silent, names_critical, refuses_auth,
};
use crate::message::Part;
use crate::verdict::Outcome;
use crate::{Case, Device, Opened};
use ike_core::{NotifyType, PayloadType};

const UNKNOWN: PayloadType = PayloadType(200);

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "payload/length",
        &["HD22", "HD18"],
        |d| {
            drops_init(
                d,
                ["HD22", "HD18"],
                &[
                    ("payload length 3", |r| r.part(PayloadType::KE).length = Some(3)),
                    ("payload length 0", |r| r.part(PayloadType::SA).length = Some(0)),
                    ("a payload beyond the end", |r| {
                        r.part(PayloadType::NONCE).length = Some(4000)
                    }),
                    ("SA one octet too long", |r| grow(r, PayloadType::SA)),
                    ("KE one octet too long", |r| grow(r, PayloadType::KE)),
                    ("a nonce one octet too long", |r| grow(r, PayloadType::NONCE)),
                ],
            )
        },
        "asks IKE_SA_INIT with payload lengths that do not fit; there is no answer in clear",
    ),
    Case::responder(
        "payload/length-inside",
        &["HD22"],
        |d| {
            refuses_auth(
                d,
                "HD22",
                NotifyType::INVALID_SYNTAX,
                &[
                    ("payload length 3", |r| r.part(PayloadType::AUTH).length = Some(3)),
                    ("a payload beyond the end", |r| r.part(PayloadType::TSR).length = Some(4000)),
                ],
            )
        },
        "asks IKE_AUTH with payload lengths outside SK",
    ),
    Case::responder(
        "payload/order-init",
        &["HD13"],
        |d| {
            accepts_init(
                d,
                "HD13",
                &[
                    ("the payloads reversed", |r| r.parts.reverse()),
                    ("the payloads rotated", |r| r.parts.rotate_left(1)),
                ],
            )
        },
        "asks IKE_SA_INIT with the payloads in other orders",
    ),
    Case::responder(
        "payload/order-auth",
        &["HD13"],
        |d| {
            accepts_auth(
                d,
                "HD13",
                &[
                    ("the payloads reversed", |r| r.payloads().reverse()),
                    ("the payloads rotated", |r| r.payloads().rotate_left(2)),
                ],
            )
        },
        "asks IKE_AUTH with the payloads in other orders",
    ),
    Case::responder(
        "payload/unknown-init",
        &["HD10", "AU4"],
        |d| {
            accepts_init(
                d,
                ["HD10", "AU4"],
                &[
                    ("an unknown payload at the end", |r| {
                        r.parts.push(Part::raw(UNKNOWN, b"what"))
                    }),
                    ("an unknown payload first", |r| r.parts.insert(0, Part::raw(UNKNOWN, b""))),
                ],
            )
        },
        "asks IKE_SA_INIT with unknown payloads, which AUTH covers",
    ),
    Case::responder(
        "payload/unknown-auth",
        &["HD10"],
        |d| {
            accepts_auth(
                d,
                "HD10",
                &[
                    ("an unknown payload first", |r| {
                        r.payloads().insert(0, Part::raw(UNKNOWN, b"what"))
                    }),
                    ("an unknown payload at the end", |r| {
                        r.payloads().push(Part::raw(UNKNOWN, b""))
                    }),
                ],
            )
        },
        "asks IKE_AUTH with unknown payloads inside SK",
    ),
    Case::responder(
        "payload/old-payloads",
        &["HD19"],
        |d| {
            accepts_auth(
                d,
                "HD19",
                &[
                    ("payload type 1", |r| {
                        r.payloads().insert(0, Part::raw(PayloadType(1), b"old"))
                    }),
                    ("payload type 13", |r| r.payloads().push(Part::raw(PayloadType(13), b"old"))),
                ],
            )
        },
        "asks IKE_AUTH with payloads of IKE version 1",
    ),
    Case::responder(
        "payload/group-payloads",
        &["GI1"],
        |d| {
            accepts_auth(
                d,
                "GI1",
                &[
                    ("payload type 51", |r| {
                        r.payloads().insert(0, Part::raw(PayloadType::GSA, b"group"))
                    }),
                    ("payload type 52", |r| {
                        r.payloads().push(Part::raw(PayloadType::KD, b"group"))
                    }),
                ],
            )
        },
        "asks IKE_AUTH with payloads of group keys",
    ),
    Case::responder(
        "payload/critical-init",
        &["HD11"],
        critical_init,
        "asks IKE_SA_INIT with an unknown critical payload",
    ),
    Case::responder(
        "payload/critical-auth",
        &["HD11", "ER3"],
        critical_auth,
        "asks IKE_AUTH with an unknown critical payload",
    ),
    Case::responder(
        "payload/critical-defined",
        &["HD9"],
        |d| {
            accepts_init(
                d,
                "HD9",
                &[("critical flags", |r| {
                    r.parts.iter_mut().for_each(|part| part.flags = 0x80);
                })],
            )?;
            accepts_auth(
                d,
                "HD9",
                &[("critical flags", |r| {
                    r.payloads().iter_mut().for_each(|part| part.flags = 0x80);
                })],
            )
        },
        "sets the critical flag on defined payloads",
    ),
    Case::responder(
        "payload/reserved-payload-bits",
        &["HD14"],
        |d| {
            accepts_init(
                d,
                "HD14",
                &[("reserved bits of each payload", |r| {
                    r.parts.iter_mut().for_each(|part| part.flags = 0x7f);
                })],
            )?;
            accepts_auth(
                d,
                "HD14",
                &[("reserved bits of each payload", |r| {
                    r.payloads().iter_mut().for_each(|part| part.flags = 0x7f);
                })],
            )?;
            for answer in both_answers(d)? {
                d.demand_zero_bits("HD14", &answer)?;
            }
            Ok(())
        },
        "sets the reserved bits of generic payload headers, and looks for them in answers",
    ),
    Case::responder(
        "payload/reserved-ke",
        &["HD14"],
        |d| {
            accepts_init(
                d,
                "HD14",
                &[("reserved octets of KE", |r| {
                    r.part(PayloadType::KE).body[2..4].fill(0xff);
                })],
            )?;
            zeros(d, &[PayloadType::KE])
        },
        "sets the reserved octets of KE, and looks at those of the answer",
    ),
    Case::responder(
        "payload/reserved-auth-ts",
        &["HD14"],
        |d| {
            accepts_auth(
                d,
                "HD14",
                &[
                    ("reserved octets of AUTH", |r| {
                        r.part(PayloadType::AUTH).body[1..4].fill(0xff)
                    }),
                    ("reserved octets of TSi", |r| r.part(PayloadType::TSI).body[1..4].fill(0xff)),
                    ("reserved octets of TSr", |r| r.part(PayloadType::TSR).body[1..4].fill(0xff)),
                ],
            )?;
            zeros(d, &[PayloadType::AUTH, PayloadType::TSI, PayloadType::TSR])
        },
        "sets the reserved octets of AUTH and selectors, and looks at those of the answer",
    ),
    Case::responder(
        "payload/reserved-id",
        &["HD14"],
        reserved_id,
        "sets the reserved octets of IDi, which enter AUTH as they are, and looks at those of IDr",
    ),
    Case::responder(
        "payload/large-init",
        &["RT16"],
        |d| {
            accepts_init(
                d,
                "RT16",
                &[("1280 octets", |r| fill(r, 1280)), ("3000 octets", |r| fill(r, 3000))],
            )
        },
        "asks IKE_SA_INIT with 1280 and 3000 octets",
    ),
    Case::responder(
        "payload/large-auth",
        &["RT16"],
        |d| {
            accepts_auth(
                d,
                "RT16",
                &[
                    ("about 1280 octets", |r| r.payloads().push(Part::raw(UNKNOWN, &[0; 1000]))),
                    ("about 3000 octets", |r| r.payloads().push(Part::raw(UNKNOWN, &[0; 2700]))),
                ],
            )
        },
        "asks IKE_AUTH with about 1280 and 3000 octets",
    ),
];

fn fill(draft: &mut crate::Draft, octets: usize) {
    let missing = octets - draft.octets(None).len() - 4;
    draft.parts.push(Part::raw(UNKNOWN, &vec![0; missing]));
}

/// The answers to both requests of an attempt of its own.
fn both_answers(device: &mut Device) -> Outcome<Vec<Opened>> {
    device.restart();
    let answer = device.establish()?;
    Ok(device.response.clone().into_iter().chain([answer]).collect())
}

/// The reserved octets in the bodies of those payloads of both answers must be zero.
pub(super) fn zeros(device: &mut Device, kinds: &[PayloadType]) -> Outcome {
    let answers = both_answers(device)?;
    answers.iter().try_for_each(|answer| device.demand_zeros("HD14", (answer, kinds)))
}

fn grow(draft: &mut crate::Draft, kind: PayloadType) {
    let part = draft.part(kind);
    part.length = u16::try_from(part.body.len() + 5).ok();
}

fn critical_init(device: &mut Device) -> Outcome {
    let mut request = device.init_request();
    request.parts.push(Part::raw(UNKNOWN, b"what").critical());
    device.send_init(&request)?;
    let answer = device.clear_answer();
    names_critical(device, "HD11", (answer.as_ref(), UNKNOWN))
}

fn critical_auth(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    request.payloads().push(Part::raw(UNKNOWN, b"what").critical());
    let answer = device.exchange(&request)?;
    names_critical(device, "ER3", (answer.as_ref(), UNKNOWN))
}

fn reserved_id(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let id = request.part(PayloadType::IDI);
    id.body[1..4].fill(0xa5);
    let body = id.body.clone();
    *request.part(PayloadType::AUTH) = device.auth_part(&body)?;
    super::common::authenticates(device, "HD14", ("reserved octets of IDi", &request))?;
    is_silent(device, "HD14", "the SA")?;
    zeros(device, &[PayloadType::IDR])
}
