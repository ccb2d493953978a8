//! Notifies: unknown ones, those that do not belong there, and the fields of the device's own.

use super::common::{
    Change, accepts_each_auth, accepts_each_init, answered, answered_empty, insert_before, is_up,
    refuses_each_auth,
};
use crate::message::Part;
use crate::verdict::Outcome;
use crate::{Case, Draft, Gateway};
use ike_core::{ExchangeType, NotifyType, PayloadType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "notify/unknown-status",
        &["HD16"],
        unknown_status,
        "adds statuses that nobody knows to answers and a request",
    ),
    Case::initiator(
        "notify/unknown-error",
        &["HD16"],
        unknown_error,
        "puts errors that nobody knows into the IKE_AUTH answer: the request has failed",
    ),
    Case::initiator(
        "notify/error-in-request",
        &["HD16"],
        error_in_request,
        "asks with unknown error notifies inside, which are ignored",
    ),
    Case::initiator(
        "notify/nat-detection",
        &["NT1"],
        |gateway| {
            let add: Change = ("notifies of NAT detection", |answer| {
                for kind in
                    [NotifyType::NAT_DETECTION_SOURCE_IP, NotifyType::NAT_DETECTION_DESTINATION_IP]
                {
                    answer.parts.push(Part::notify(kind, &[1; 20]));
                }
            });
            accepts_each_init(gateway, "NT1", &[add])
        },
        "adds notifies of NAT detection that match nothing to the IKE_SA_INIT answer",
    ),
    Case::initiator(
        "notify/signature-hashes",
        &["SG2"],
        |gateway| {
            let add: Change = ("SIGNATURE_HASH_ALGORITHMS", |answer| {
                answer.parts.push(Part::notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, &[0, 2]));
            });
            accepts_each_init(gateway, "SG2", &[add])
        },
        "adds SIGNATURE_HASH_ALGORITHMS to the IKE_SA_INIT answer",
    ),
    Case::initiator(
        "notify/fields",
        &["HD15"],
        notify_fields,
        "looks at protocol and SPI size of the device's notifies",
    ),
];

fn unknown_status(gateway: &mut Gateway) -> Outcome {
    let add = |answer: &mut Draft| {
        for kind in [40_000, 65_535, 16_500] {
            answer.payloads().insert(0, Part::notify(NotifyType(kind), b"data"));
        }
    };
    accepts_each_init(gateway, "HD16", &[("statuses that nobody knows", add)])?;
    accepts_each_auth(gateway, "HD16", &[("statuses that nobody knows", add)])?;
    let part = Part::notify(NotifyType(40_000), &[]);
    let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![part])?;
    answered_empty(gateway, "HD16", ("a status that nobody knows", &request))
}

fn unknown_error(gateway: &mut Gateway) -> Outcome {
    refuses_each_auth(
        gateway,
        "HD16",
        &[
            ("error 8000", |answer| {
                insert_before(answer, PayloadType::SA, Part::notify(NotifyType(8_000), &[]));
            }),
            ("error 16383 alone", |answer| {
                *answer.payloads() = vec![Part::notify(NotifyType(16_383), &[])];
            }),
        ],
    )
}

fn error_in_request(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    // Types that nobody has defined: what a known error means in a request is not said (RFC 7296 3.10.1).
    for kind in [NotifyType(8_000), NotifyType(8_191), NotifyType(16_383)] {
        let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![Part::notify(kind, &[])])?;
        answered_empty(gateway, "HD16", ("an error notify", &request))?;
    }
    is_up(gateway, "HD16", "error notifies in requests")
}

fn notify_fields(gateway: &mut Gateway) -> Outcome {
    let asked = gateway.reach_auth()?;
    gateway.finish_auth()?;
    let parts = gateway.child_request()?;
    let request = gateway.ask(ExchangeType::CREATE_CHILD_SA, parts)?;
    let refusal = answered(gateway, "HD15", ("CREATE_CHILD_SA", &request))?;
    for part in asked.parts.iter().chain(&refusal.parts).filter(|it| it.kind == PayloadType::N) {
        let fields = part.body.get(..2).unwrap_or_default().to_vec();
        let right = fields == [0, 0];
        gateway.demand("HD15", right, "protocol 0 and SPI size 0", || format!("{fields:?}"))?;
    }
    Ok(())
}
