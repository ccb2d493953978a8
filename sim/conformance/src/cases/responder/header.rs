//! Header and framing of what a device asks.

use super::common::{
    accepts_auth, accepts_init, drops_auth, drops_init, ignores, is_only, is_silent, refuses_auth,
};
use crate::message::Part;
use crate::verdict::Outcome;
use crate::{Case, Device};
use ike_core::{ExchangeType, Flags, IkeSpi, NotifyType, PayloadType};

const UNKNOWN: PayloadType = PayloadType(200);

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "header/minor-version",
        &["HD3"],
        |d| {
            accepts_init(
                d,
                "HD3",
                &[
                    ("minor version 1", |r| r.header.version = 0x21),
                    ("minor version 15", |r| r.header.version = 0x2f),
                ],
            )
        },
        "asks IKE_SA_INIT with minor versions 1 and 15",
    ),
    Case::responder(
        "header/minor-version-auth",
        &["HD3"],
        |d| accepts_auth(d, "HD3", &[("minor version 7", |r| r.header.version = 0x27)]),
        "asks IKE_AUTH with minor version 7",
    ),
    Case::responder(
        "header/major-version",
        &["HD4"],
        major_version,
        "asks IKE_SA_INIT with major version 3; no SA may come of it",
    ),
    Case::responder(
        "header/major-version-in-sa",
        &["HD4"],
        major_version_in_sa,
        "asks an SA in major version 3, which must change nothing",
    ),
    Case::responder(
        "header/major-version-response",
        &["HD7"],
        |d| {
            drops_init(
                d,
                "HD7",
                &[("a response of version 3", |r| {
                    r.header.version = 0x30;
                    r.header.flags = Flags(0x28);
                })],
            )
        },
        "sends a response of major version 3, which must not be answered",
    ),
    Case::responder(
        "header/reserved-flags",
        &["HD5"],
        |d| {
            accepts_init(
                d,
                "HD5",
                &[
                    ("flag 0x01", |r| r.header.flags.0 |= 0x01),
                    ("flag 0x02", |r| r.header.flags.0 |= 0x02),
                    ("flag 0x04", |r| r.header.flags.0 |= 0x04),
                    ("flag 0x40", |r| r.header.flags.0 |= 0x40),
                    ("flag 0x80", |r| r.header.flags.0 |= 0x80),
                    ("the version flag", |r| r.header.flags.0 |= 0x10),
                ],
            )
        },
        "sets each reserved flag and the version flag in IKE_SA_INIT",
    ),
    Case::responder(
        "header/reserved-flags-auth",
        &["HD5"],
        |d| accepts_auth(d, "HD5", &[("all reserved flags", |r| r.header.flags.0 |= 0xd7)]),
        "sets all reserved flags and the version flag in IKE_AUTH",
    ),
    Case::responder(
        "header/response-flag-init",
        &["HD7", "ER6"],
        response_flag_init,
        "sends IKE_SA_INIT marked as a response",
    ),
    Case::responder(
        "header/response-flag-auth",
        &["HD7"],
        |d| {
            drops_auth(
                d,
                "HD7",
                &[("IKE_AUTH marked as a response", |r| r.header.flags = Flags(0x28))],
            )
        },
        "sends IKE_AUTH marked as a response",
    ),
    Case::responder(
        "header/response-flag-sa",
        &["HD7"],
        response_flag_sa,
        "sends a protected INFORMATIONAL marked as a response that nobody waits for",
    ),
    Case::responder(
        "header/no-initiator-flag",
        &["HD6"],
        |d| drops_auth(d, "HD6", &[("no initiator flag", |r| r.header.flags = Flags(0))]),
        "asks IKE_AUTH without the initiator flag",
    ),
    Case::responder(
        "header/length-init",
        &["HD21"],
        |d| {
            drops_init(
                d,
                "HD21",
                &[
                    ("a length one too long", |r| r.length = Some(length(r) + 1)),
                    ("a length one too short", |r| r.length = Some(length(r) - 1)),
                    ("length 0", |r| r.length = Some(0)),
                    ("length 27", |r| r.length = Some(27)),
                    ("a length of 4 GiB", |r| r.length = Some(u32::MAX)),
                ],
            )
        },
        "asks IKE_SA_INIT with wrong lengths in the header",
    ),
    Case::responder(
        "header/trailing-octets",
        &["HD21"],
        |d| {
            drops_init(
                d,
                "HD21",
                &[("an octet behind the length", |r| {
                    r.length = Some(length(r));
                    r.trailing = vec![0];
                })],
            )
        },
        "sends an octet behind what the header's length counts",
    ),
    Case::responder(
        "header/payload-length",
        &["HD22", "HD18"],
        |d| {
            for id in ["HD22", "HD18"] {
                drops_init(
                    d,
                    id,
                    &[
                        ("payload length 3", |r| r.part(PayloadType::KE).length = Some(3)),
                        ("payload length 0", |r| r.part(PayloadType::SA).length = Some(0)),
                        ("a payload beyond the end", |r| {
                            r.part(PayloadType::NONCE).length = Some(4000)
                        }),
                    ],
                )?;
            }
            Ok(())
        },
        "asks IKE_SA_INIT with payload lengths outside the message",
    ),
    Case::responder(
        "header/payload-length-inside",
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
        "header/order-init",
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
        "header/order-auth",
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
        "header/unknown-init",
        &["HD10", "AU4"],
        |d| {
            for id in ["HD10", "AU4"] {
                accepts_init(
                    d,
                    id,
                    &[
                        ("an unknown payload at the end", |r| {
                            r.parts.push(Part::raw(UNKNOWN, b"what"))
                        }),
                        ("an unknown payload first", |r| {
                            r.parts.insert(0, Part::raw(UNKNOWN, b""))
                        }),
                    ],
                )?;
            }
            Ok(())
        },
        "asks IKE_SA_INIT with unknown payloads, which AUTH covers",
    ),
    Case::responder(
        "header/unknown-auth",
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
        "header/old-payloads",
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
        "header/group-payloads",
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
        "header/critical-auth",
        &["HD11", "ER3"],
        critical_auth,
        "asks IKE_AUTH with an unknown critical payload",
    ),
    Case::responder(
        "header/critical-defined",
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
        "header/reserved-payload-bits",
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
            )
        },
        "sets the reserved bits of generic payload headers",
    ),
    Case::responder(
        "header/reserved-ke",
        &["HD14"],
        |d| {
            accepts_init(
                d,
                "HD14",
                &[("reserved octets of KE", |r| {
                    r.part(PayloadType::KE).body[2..4].fill(0xff);
                })],
            )
        },
        "sets the reserved octets of KE",
    ),
    Case::responder(
        "header/reserved-auth-ts",
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
            )
        },
        "sets the reserved octets of AUTH and selectors",
    ),
    Case::responder(
        "header/reserved-id",
        &["HD14"],
        reserved_id,
        "sets the reserved octets of IDi, which enter AUTH as they are",
    ),
    Case::responder(
        "header/large-init",
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
        "header/large-auth",
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
    Case::responder(
        "header/zero-spi",
        &["ER6"],
        |d| {
            drops_init(
                d,
                "ER6",
                &[("a response of SPI zero", |r| {
                    (r.header.spi_i, r.header.flags) = (IkeSpi::ZERO, Flags(0x28));
                })],
            )
        },
        "sends a response of SPI zero outside any SA",
    ),
    Case::responder(
        "header/message-id-init",
        &["RT10"],
        |d| {
            drops_init(d, "RT10", &[("IKE_SA_INIT with Message ID 1", |r| r.header.message_id = 1)])
        },
        "asks IKE_SA_INIT with Message ID 1",
    ),
    Case::responder(
        "header/spoilt-icv",
        &["ER9"],
        |d| {
            drops_auth(
                d,
                "ER9",
                &[("a spoilt ICV", |r| {
                    if let Some(inside) = &mut r.inside {
                        inside.spoil_icv = 1;
                    }
                })],
            )
        },
        "asks IKE_AUTH with a spoilt ICV, then truly",
    ),
];

fn length(draft: &crate::Draft) -> u32 {
    let plain = crate::Draft { length: None, trailing: Vec::new(), ..draft.clone() };
    u32::try_from(plain.octets(None).len()).unwrap_or(u32::MAX)
}

fn fill(draft: &mut crate::Draft, octets: usize) {
    let missing = octets - draft.octets(None).len() - 4;
    draft.parts.push(Part::raw(UNKNOWN, &vec![0; missing]));
}

fn major_version(device: &mut Device) -> Outcome {
    super::common::makes_none(
        device,
        "HD4",
        &[
            ("major version 3", |r| r.header.version = 0x30),
            ("major version 15", |r| r.header.version = 0xf0),
        ],
    )
}

fn major_version_in_sa(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut request = device.ask_with(ExchangeType::INFORMATIONAL, 2, vec![Part::delete_ike()])?;
    request.header.version = 0x30;
    device.send_draft(&request)?;
    let _ = device.overhear();
    super::common::is_up(device, "HD4", "a Delete in major version 3")
}

fn response_flag_init(device: &mut Device) -> Outcome {
    for id in ["HD7", "ER6"] {
        drops_init(device, id, &[("a response", |r| r.header.flags = Flags(0x28))])?;
    }
    Ok(())
}

fn response_flag_sa(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut message = device.ask_with(ExchangeType::INFORMATIONAL, 2, Vec::new())?;
    message.header.flags = Flags(0x28);
    let octets = device.seal(&message)?;
    ignores(device, "HD7", ("a response that nobody waits for", &octets))
}

fn critical_auth(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    request.payloads().push(Part::raw(UNKNOWN, b"what").critical());
    let answer = device.exchange(&request)?;
    let kind = NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD;
    is_only(device, "ER3", ("an unknown critical payload", answer.as_ref()), kind)?;
    let data = answer.and_then(|answer| answer.notify(kind)).unwrap_or_default();
    device.demand_same("HD11", "the type of the payload", (&[UNKNOWN.0], &data))
}

fn reserved_id(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let id = request.part(PayloadType::IDI);
    id.body[1..4].fill(0xa5);
    let body = id.body.clone();
    *request.part(PayloadType::AUTH) = device.auth_part(&body)?;
    super::common::authenticates(device, "HD14", ("reserved octets of IDi", &request))?;
    is_silent(device, "HD14", "the SA")
}
