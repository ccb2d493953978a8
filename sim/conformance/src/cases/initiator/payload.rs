//! Payloads: framing, order, unknown types, the critical flag, reserved fields.

use super::common::{
    Change, accepts_each_auth, accepts_each_init, answered, answered_empty, answered_error,
    refuses_each_auth, refuses_each_init, set_sa,
};
use crate::message::{Part, ProposalDraft};
use crate::verdict::Outcome;
use crate::{Case, Draft, Gateway};
use ike_core::{ExchangeType, NotifyType, PayloadType, Suite};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "payload/length-init",
        &["HD22"],
        length_init,
        "answers IKE_SA_INIT with payload lengths that do not fit",
    ),
    Case::initiator(
        "payload/length-auth",
        &["HD22"],
        length_auth,
        "answers IKE_AUTH with payload lengths inside SK that do not fit",
    ),
    Case::initiator("payload/order-init", &["HD13"], order_init, "permutes SA, KE and Nr"),
    Case::initiator(
        "payload/order-auth",
        &["HD13"],
        order_auth,
        "turns the payloads of the IKE_AUTH answer around",
    ),
    Case::initiator(
        "payload/unknown-init",
        &["HD10", "HD19"],
        unknown_init,
        "puts payloads of unknown types into the IKE_SA_INIT answer, at each place",
    ),
    Case::initiator(
        "payload/unknown-auth",
        &["HD10", "HD19"],
        unknown_auth,
        "puts payloads of unknown types into the IKE_AUTH answer, at each place",
    ),
    Case::initiator(
        "payload/unknown-request",
        &["HD10"],
        unknown_request,
        "asks with payloads of unknown types that are not critical",
    ),
    Case::initiator(
        "payload/unknown-beside-sk",
        &["HD10"],
        unknown_beside_sk,
        "puts a payload of an unknown type in clear before SK",
    ),
    Case::initiator(
        "payload/critical-init",
        &["HD25"],
        critical_init,
        "puts an unknown critical payload into the IKE_SA_INIT answer",
    ),
    Case::initiator(
        "payload/critical-auth",
        &["HD25"],
        critical_auth,
        "puts an unknown critical payload into the IKE_AUTH answer",
    ),
    Case::initiator(
        "payload/critical-request",
        &["HD11", "ER3"],
        critical_request,
        "asks with an unknown critical payload in each exchange",
    ),
    Case::initiator(
        "payload/critical-defined",
        &["HD9"],
        critical_defined,
        "sets the critical flag on payloads that are defined",
    ),
    Case::initiator(
        "payload/reserved-generic",
        &["HD14"],
        reserved_generic,
        "sets the reserved bits of every generic payload header, and looks for them in the device's own",
    ),
    Case::initiator(
        "payload/reserved-init",
        &["HD14"],
        reserved_init,
        "sets the reserved octets of SA and KE, and looks at the device's own",
    ),
    Case::initiator(
        "payload/reserved-auth",
        &["HD14"],
        reserved_auth,
        "sets the reserved octets of IDr, which AUTH covers, of AUTH, SA and selectors; looks at the device's own",
    ),
    Case::initiator(
        "payload/every-type-init",
        &["HD20"],
        every_type_init,
        "adds CERTREQ, Vendor ID and statuses to the IKE_SA_INIT answer",
    ),
    Case::initiator(
        "payload/every-type-auth",
        &["HD20"],
        every_type_auth,
        "adds CERT, CERTREQ, Vendor ID, CP and EAP to the IKE_AUTH answer",
    ),
    Case::initiator(
        "payload/every-type-request",
        &["HD20", "PO1", "ER5"],
        every_type_request,
        "asks with each defined payload type in turn",
    ),
    Case::initiator(
        "payload/group-keys",
        &["GI1", "ER5"],
        group_keys,
        "adds payloads of G-IKEv2 to answers, and asks in its exchange GSA_REKEY",
    ),
    Case::initiator(
        "payload/sa-lengths",
        &["HD17"],
        sa_lengths,
        "answers with lengths and counts in SA that do not agree",
    ),
];

fn length_init(gateway: &mut Gateway) -> Outcome {
    refuses_each_init(
        gateway,
        "HD22",
        &[
            ("an SA length one too large", |it| grow(it, PayloadType::SA, 1)),
            ("an SA length one too small", |it| grow(it, PayloadType::SA, -1)),
            ("a KE length one too large", |it| grow(it, PayloadType::KE, 1)),
            ("a KE length one too small", |it| grow(it, PayloadType::KE, -1)),
            ("a nonce length one too large", |it| grow(it, PayloadType::NONCE, 1)),
            ("a nonce length of 3", |it| it.part(PayloadType::NONCE).length = Some(3)),
            ("a nonce length of 0", |it| it.part(PayloadType::NONCE).length = Some(0)),
            ("a length of 65,535", |it| it.part(PayloadType::SA).length = Some(u16::MAX)),
            ("a payload that is announced and missing", |it| {
                it.part(PayloadType::NONCE).next = Some(PayloadType::V);
            }),
        ],
    )
}

fn grow(draft: &mut Draft, kind: PayloadType, by: i32) {
    let part = draft.part(kind);
    let right = i32::try_from(part.body.len() + 4).unwrap_or(i32::MAX);
    part.length = u16::try_from(right + by).ok();
}

fn length_auth(gateway: &mut Gateway) -> Outcome {
    refuses_each_auth(
        gateway,
        "HD22",
        &[
            ("an IDr length one too small", |it| grow(it, PayloadType::IDR, -1)),
            ("an AUTH length one too large", |it| grow(it, PayloadType::AUTH, 1)),
            ("a TSr length one too large", |it| grow(it, PayloadType::TSR, 1)),
            ("a TSr length of 0", |it| it.part(PayloadType::TSR).length = Some(0)),
            ("a TSi length of 65,535", |it| it.part(PayloadType::TSI).length = Some(u16::MAX)),
            ("octets behind the last payload", |it| {
                if let Some(inside) = &mut it.inside {
                    inside.trailing = vec![0; 4];
                }
            }),
        ],
    )
}

fn order_init(gateway: &mut Gateway) -> Outcome {
    accepts_each_init(
        gateway,
        "HD13",
        &[
            ("Nr, KE, SA", |answer| answer.parts.reverse()),
            ("KE, Nr, SA", |answer| answer.parts.rotate_left(1)),
            ("Nr, SA, KE", |answer| answer.parts.rotate_left(2)),
        ],
    )
}

fn order_auth(gateway: &mut Gateway) -> Outcome {
    accepts_each_auth(
        gateway,
        "HD13",
        &[
            ("TSr to IDr", |answer| answer.payloads().reverse()),
            ("AUTH before IDr", |answer| answer.payloads().swap(0, 1)),
            ("TSr before TSi", |answer| answer.payloads().swap(3, 4)),
        ],
    )
}

fn unknown(draft: &mut Draft, at: usize) {
    for kind in [1, 32, 49, 255] {
        draft.payloads().insert(at, Part::raw(PayloadType(kind), b"unknown"));
    }
}

fn unknown_init(gateway: &mut Gateway) -> Outcome {
    let changes: &[Change] = &[
        ("unknown payloads in front", |answer| unknown(answer, 0)),
        ("unknown payloads in between", |answer| unknown(answer, 1)),
        ("unknown payloads at the end", |answer| unknown(answer, 3)),
        ("an empty unknown payload", |answer| {
            answer.parts.push(Part::raw(PayloadType(200), &[]));
        }),
    ];
    accepts_each_init(gateway, ["HD10", "HD19"], changes)
}

fn unknown_auth(gateway: &mut Gateway) -> Outcome {
    let changes: &[Change] = &[
        ("unknown payloads in front", |answer| unknown(answer, 0)),
        ("unknown payloads in between", |answer| unknown(answer, 2)),
        ("unknown payloads at the end", |answer| unknown(answer, 5)),
    ];
    accepts_each_auth(gateway, ["HD10", "HD19"], changes)
}

fn unknown_request(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    for kind in [1, 32, 49, 54, 128, 255] {
        let part = Part::raw(PayloadType(kind), b"unknown");
        let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![part])?;
        answered_empty(gateway, "HD10", ("an unknown payload", &request))?;
    }
    Ok(())
}

fn unknown_beside_sk(gateway: &mut Gateway) -> Outcome {
    accepts_each_auth(
        gateway,
        "HD10",
        &[("an unknown payload before SK", |answer| {
            answer.parts.push(Part::raw(PayloadType(200), b"in clear"));
        })],
    )
}

fn critical_init(gateway: &mut Gateway) -> Outcome {
    refuses_each_init(
        gateway,
        "HD25",
        &[
            ("critical type 255 in front", |answer| {
                answer.parts.insert(0, Part::raw(PayloadType(255), b"x").critical());
            }),
            ("critical type 1 at the end", |answer| {
                answer.parts.push(Part::raw(PayloadType(1), b"x").critical());
            }),
        ],
    )
}

fn critical_auth(gateway: &mut Gateway) -> Outcome {
    refuses_each_auth(
        gateway,
        "HD25",
        &[
            ("critical type 255 in front", |answer| {
                answer.payloads().insert(0, Part::raw(PayloadType(255), b"x").critical());
            }),
            ("critical type 1 at the end", |answer| {
                answer.payloads().push(Part::raw(PayloadType(1), b"x").critical());
            }),
        ],
    )
}

fn critical_request(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let exchanges = [ExchangeType::INFORMATIONAL, ExchangeType::CREATE_CHILD_SA];
    for (exchange, kind) in exchanges.into_iter().flat_map(|it| [(it, 1), (it, 49), (it, 255)]) {
        let part = Part::raw(PayloadType(kind), b"x").critical();
        let mut parts = match exchange {
            ExchangeType::CREATE_CHILD_SA => gateway.child_request()?,
            _ => Vec::new(),
        };
        parts.push(part);
        let request = gateway.ask(exchange, parts)?;
        let wanted = (NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, &[kind][..]);
        answered_error(gateway, "HD11", ("an unknown critical payload", &request), wanted)?;
    }
    let mut parts = vec![Part::delete_ike()];
    parts.push(Part::raw(PayloadType(255), b"x").critical());
    let request = gateway.ask(ExchangeType::INFORMATIONAL, parts)?;
    let wanted = (NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, &[255][..]);
    answered_error(gateway, "ER3", ("a Delete beside a critical payload", &request), wanted)?;
    super::common::is_up(gateway, "ER3", "a Delete that was rejected")
}

fn critical_defined(gateway: &mut Gateway) -> Outcome {
    let all = |answer: &mut Draft| answer.payloads().iter_mut().for_each(|it| it.flags |= 0x80);
    accepts_each_init(gateway, "HD9", &[("critical SA, KE and Nr", all)])?;
    accepts_each_auth(gateway, "HD9", &[("critical defined payloads", all)])?;
    let part = Part::raw(PayloadType::V, b"vendor").critical();
    let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![part])?;
    answered_empty(gateway, "HD9", ("a critical Vendor ID", &request))
}

fn reserved_generic(gateway: &mut Gateway) -> Outcome {
    let all = |answer: &mut Draft| answer.payloads().iter_mut().for_each(|it| it.flags |= 0x7f);
    accepts_each_init(gateway, "HD14", &[("reserved bits of payload headers", all)])?;
    accepts_each_auth(gateway, "HD14", &[("reserved bits of payload headers", all)])?;
    let mut part = Part::raw(PayloadType::V, b"vendor");
    part.flags = 0x7f;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![part])?;
    answered_empty(gateway, "HD14", ("reserved bits of a payload header", &request))?;
    let parts = gateway.child_request()?;
    let request = gateway.ask(ExchangeType::CREATE_CHILD_SA, parts)?;
    let answer = answered(gateway, "HD14", ("CREATE_CHILD_SA", &request))?;
    let asked = [gateway.request.clone(), gateway.asked.clone()];
    asked.iter().flatten().chain([&answer]).try_for_each(|it| gateway.demand_zero_bits("HD14", it))
}

fn reserved_sa(draft: &mut Draft, mut proposal: ProposalDraft) {
    proposal.reserved = 0xff;
    proposal.transforms.iter_mut().for_each(|transform| transform.reserved = 0xff);
    set_sa(draft, &[proposal]);
}

fn reserved_init(gateway: &mut Gateway) -> Outcome {
    accepts_each_init(
        gateway,
        "HD14",
        &[
            ("reserved octets of KE", |answer| {
                answer.part(PayloadType::KE).body[2..4].fill(0xff);
            }),
            ("reserved octets of SA", |answer| {
                reserved_sa(answer, ProposalDraft::ike(&Suite::default().ike()));
            }),
        ],
    )?;
    let request = gateway.request()?.clone();
    gateway.demand_zeros("HD14", (&request, &[PayloadType::SA, PayloadType::KE]))
}

fn reserved_auth(gateway: &mut Gateway) -> Outcome {
    accepts_each_auth(
        gateway,
        "HD14",
        &[
            ("reserved octets of AUTH", |it| it.part(PayloadType::AUTH).body[1..4].fill(0xff)),
            ("reserved octets of TSi", |it| it.part(PayloadType::TSI).body[1..4].fill(0xff)),
            ("reserved octets of SA", |it| {
                let spi = crate::peer::CHILD_SPI;
                reserved_sa(it, ProposalDraft::esp(&Suite::default().esp(), spi));
            }),
        ],
    )?;
    super::common::afresh_to_auth(gateway)?;
    let mut answer = gateway.auth_answer()?;
    let mut id = gateway.setup.peer.body().to_vec();
    id[1..4].fill(0xff);
    *answer.part(PayloadType::AUTH) = gateway.auth_part(&id)?;
    answer.part(PayloadType::IDR).body = id;
    gateway.send_draft(&answer)?;
    super::common::is_up(gateway, "HD14", "reserved octets of IDr that AUTH covers")?;
    use PayloadType as P;
    let kinds = [P::IDI, P::AUTH, P::SA, P::TSI, P::TSR];
    let asked = gateway.asked.clone();
    asked.iter().try_for_each(|asked| gateway.demand_zeros("HD14", (asked, &kinds)))
}

/// A payload of each type that a device need not understand.
fn bystanders() -> Vec<Part> {
    let raw = Part::raw;
    vec![
        raw(PayloadType::V, b"a vendor"),
        raw(PayloadType::CERT, &[4, 0, 0, 0]),
        raw(PayloadType::CERTREQ, &[4; 21]),
        raw(PayloadType::CP, &[2, 0, 0, 0, 0, 1, 0, 4, 192, 0, 2, 77]),
        raw(PayloadType::EAP, &[1, 1, 0, 5, 1]),
        Part::notify(NotifyType(16_404), &[]),
    ]
}

fn every_type_init(gateway: &mut Gateway) -> Outcome {
    accepts_each_init(
        gateway,
        "HD20",
        &[("CERTREQ, Vendor ID and statuses", |answer| {
            answer.parts.insert(0, Part::raw(PayloadType::V, b"a vendor"));
            answer.parts.push(Part::raw(PayloadType::CERTREQ, &[4; 21]));
            answer.parts.push(Part::notify(NotifyType::MULTIPLE_AUTH_SUPPORTED, &[]));
        })],
    )
}

fn every_type_auth(gateway: &mut Gateway) -> Outcome {
    accepts_each_auth(
        gateway,
        "HD20",
        &[("payloads of all types", |answer| {
            let mut all = bystanders();
            all.append(answer.payloads());
            *answer.payloads() = all;
        })],
    )
}

fn every_type_request(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    for part in bystanders() {
        let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![part])?;
        answered_empty(gateway, "HD20", ("a payload to be skipped", &request))?;
    }
    let mut strangers = gateway.child_request()?;
    // A public value of Curve25519, key IDs, and the proof of a shared key: each well-formed, none of it wanted here.
    let ke = [&[0, 31, 0, 0][..], &[9; 32]].concat();
    let id = [11, 0, 0, 0, 1, 2, 3, 4];
    let auth = [&[2, 0, 0, 0][..], &[7; 32]].concat();
    for (kind, body) in [(34, &ke[..]), (35, &id[..]), (36, &id[..]), (39, &auth[..])] {
        strangers.push(Part::raw(PayloadType(kind), body));
    }
    for part in strangers {
        let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![part])?;
        answered(gateway, ["PO1", "ER5"], ("a payload that does not belong there", &request))?;
    }
    Ok(())
}

fn group_keys(gateway: &mut Gateway) -> Outcome {
    let add = |answer: &mut Draft| {
        for kind in [50, 51, 52] {
            answer.payloads().push(Part::raw(PayloadType(kind), &[0; 8]));
        }
    };
    accepts_each_init(gateway, "GI1", &[("payloads of G-IKEv2", add)])?;
    accepts_each_auth(gateway, "GI1", &[("payloads of G-IKEv2", add)])?;
    let request = gateway.ask(ExchangeType::GSA_REKEY, Vec::new())?;
    answered(gateway, ["GI1", "ER5"], ("an exchange of G-IKEv2", &request)).map(drop)
}

fn sa_lengths(gateway: &mut Gateway) -> Outcome {
    fn change(draft: &mut Draft, change: fn(&mut ProposalDraft)) {
        let mut proposal = ProposalDraft::ike(&Suite::default().ike());
        change(&mut proposal);
        set_sa(draft, &[proposal]);
    }
    let changes: &[Change] = &[
        ("a proposal length one too large", |it| change(it, |it| it.length = Some(37))),
        ("a proposal length one too small", |it| change(it, |it| it.length = Some(35))),
        ("a proposal length of 0", |it| change(it, |it| it.length = Some(0))),
        ("a transform too many in the count", |it| change(it, |it| it.count = Some(4))),
        ("a transform too few in the count", |it| change(it, |it| it.count = Some(2))),
        ("a count of zero", |it| change(it, |it| it.count = Some(0))),
        ("an SPI size of 255", |it| change(it, |it| it.spi_size = Some(255))),
        ("a transform length one too large", |it| {
            change(it, |it| it.transforms[0].length = Some(13));
        }),
        ("a transform length of 7", |it| change(it, |it| it.transforms[1].length = Some(7))),
        ("an attribute that is cut", |it| {
            change(it, |it| it.transforms[0].attributes.truncate(3));
        }),
        ("an empty SA", |it| it.part(PayloadType::SA).body.clear()),
    ];
    refuses_each_init(gateway, "HD17", changes)
}
