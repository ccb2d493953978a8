//! Headers and payloads that a responder must bear, or must not.

use crate::message::Part;
use crate::verdict::Outcome;
use crate::{Case, Device, Draft, Opened};
use ike_core::{ExchangeType, Flags, NotifyType, PayloadType};

pub(super) const CASES: &[Case] = &[
    Case::responder("framing/minor-version", &["HD3"], minor_version, "asks with minor version 15"),
    Case::responder(
        "framing/major-version",
        &["HD4"],
        major_version,
        "asks with major version 3, before and in an SA",
    ),
    Case::responder(
        "framing/responses",
        &["HD7"],
        responses,
        "sends messages that are marked as responses",
    ),
    Case::responder(
        "framing/flags",
        &["HD5", "HD6"],
        flags,
        "sets reserved flags and looks at the answer's",
    ),
    Case::responder(
        "framing/critical",
        &["HD11"],
        critical,
        "asks with an unknown payload that is critical, in clear and inside SK",
    ),
    Case::responder(
        "framing/unknown",
        &["HD10"],
        unknown,
        "asks with unknown payloads that are not critical, in clear and inside SK",
    ),
    Case::responder(
        "framing/reserved",
        &["HD14"],
        reserved,
        "sets the reserved bits of all generic headers",
    ),
    Case::responder(
        "framing/malformed",
        &["HD18"],
        malformed,
        "asks with payload lengths that do not fit; there is no answer in clear",
    ),
    Case::responder("framing/icv", &["ER9"], icv, "spoils the checksum of two requests"),
];

/// An IKE_SA_INIT request in an attempt of its own.
fn fresh(device: &mut Device) -> Draft {
    device.restart();
    device.init_request()
}

fn makes_sa(answer: Option<&Opened>) -> bool {
    answer.is_some_and(|answer| answer.body(PayloadType::SA).is_some())
}

/// The answer to IKE_SA_INIT, which must make an SA.
fn accepted(device: &mut Device, id: &'static str, (what, request): (&str, &Draft)) -> Outcome {
    device.send_init(request)?;
    let answer = device.clear_answer();
    let expected = format!("an answer to {what}");
    device.demand(id, makes_sa(answer.as_ref()), &expected, || words(answer.as_ref()))
}

fn words(answer: Option<&Opened>) -> String {
    answer.map_or("nothing".to_owned(), Opened::summary)
}

fn minor_version(device: &mut Device) -> Outcome {
    let mut request = fresh(device);
    request.header.version = 0x2f;
    accepted(device, "HD3", ("minor version 15", &request))
}

fn major_version(device: &mut Device) -> Outcome {
    let mut request = fresh(device);
    request.header.version = 0x30;
    device.send_init(&request)?;
    let answer = device.clear_answer();
    let none = !makes_sa(answer.as_ref());
    device.demand("HD4", none, "no SA in major version 3", || words(answer.as_ref()))?;
    device.restart();
    device.establish()?;
    let mut request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.version = 0x30;
    let answer = device.exchange(&request)?;
    device.demand("HD4", answer.is_none(), "no protected answer", || words(answer.as_ref()))?;
    device.next_id -= 1;
    let up = device.is_up()?;
    device.demand("HD4", up, "an SA that survives", || "silence".into())
}

fn responses(device: &mut Device) -> Outcome {
    let mut request = fresh(device);
    request.header.flags = Flags::INITIATOR.with(Flags::RESPONSE);
    device.send_init(&request)?;
    let (packets, words) = device.overhear();
    device.demand("HD7", packets.is_empty(), "silence", || words)?;
    device.restart();
    device.establish()?;
    let mut request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.flags = Flags::INITIATOR.with(Flags::RESPONSE);
    device.send_draft(&request)?;
    let (packets, words) = device.overhear();
    device.demand("HD7", packets.is_empty(), "silence", || words)
}

fn flags(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.flags = Flags(0xc7).with(Flags::INITIATOR);
    let answer = device.exchange(&request)?;
    let found = answer.map(|answer| answer.header.flags.0);
    let initiator = found.is_some_and(|flags| flags & Flags::INITIATOR.0 != 0);
    let shown = || format!("{found:02x?}");
    device.demand("HD6", !initiator, "no initiator flag", shown)?;
    device.demand("HD5", found == Some(0x20), "an answer with no reserved flag", shown)?;
    device.demand("HD6", found == Some(0x20), "the response flag alone", shown)
}

/// Of no defined type.
const UNKNOWN: PayloadType = PayloadType(200);

fn critical(device: &mut Device) -> Outcome {
    let mut request = fresh(device);
    request.parts.push(Part::raw(UNKNOWN, b"unknown").critical());
    device.send_init(&request)?;
    let answer = device.clear_answer();
    told(device, answer.as_ref())?;
    device.restart();
    device.establish()?;
    let part = Part::raw(UNKNOWN, b"unknown").critical();
    let request = device.ask(ExchangeType::INFORMATIONAL, vec![part])?;
    let answer = device.exchange(&request)?;
    told(device, answer.as_ref())
}

fn told(device: &mut Device, answer: Option<&Opened>) -> Outcome {
    let kind = NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD;
    let right = answer.is_some_and(|answer| answer.notifies() == [(kind, vec![UNKNOWN.0])]);
    device.demand("HD11", right, "UNSUPPORTED_CRITICAL_PAYLOAD 200", || words(answer))
}

fn unknown(device: &mut Device) -> Outcome {
    let mut request = fresh(device);
    request.parts.insert(0, Part::raw(PayloadType(1), b"unknown"));
    request.parts.push(Part::raw(UNKNOWN, b"unknown"));
    accepted(device, "HD10", ("unknown payloads in clear", &request))?;
    device.restart();
    device.establish()?;
    let part = Part::raw(UNKNOWN, b"unknown");
    let request = device.ask(ExchangeType::INFORMATIONAL, vec![part])?;
    let answer = device.exchange(&request)?;
    let empty = answer.as_ref().is_some_and(|answer| answer.parts.is_empty());
    device.demand("HD10", empty, "an empty answer", || words(answer.as_ref()))
}

fn reserved(device: &mut Device) -> Outcome {
    let mut request = fresh(device);
    request.parts.iter_mut().for_each(|part| part.flags |= 0x7f);
    accepted(device, "HD14", ("reserved bits in generic headers", &request))
}

fn malformed(device: &mut Device) -> Outcome {
    for kind in [PayloadType::SA, PayloadType::KE, PayloadType::NONCE] {
        let mut request = fresh(device);
        let part = request.part(kind);
        part.length = u16::try_from(part.body.len() + 5).ok();
        device.send_init(&request)?;
        let (packets, words) = device.overhear();
        let expected = format!("silence after a wrong length of {kind}");
        device.demand("HD18", packets.is_empty(), &expected, || words)?;
    }
    Ok(())
}

fn icv(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    spoil(&mut request);
    silent(device, &request)?;
    device.next_id -= 1;
    let request = device.auth_request()?;
    let answer = device.exchange(&request)?;
    let up = answer.is_some();
    device.demand("ER9", up, "an answer to the true IKE_AUTH", || "none".into())?;
    let mut request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    spoil(&mut request);
    silent(device, &request)?;
    device.next_id -= 1;
    let up = device.is_up()?;
    device.demand("ER9", up, "an SA that survives", || "silence".into())
}

fn silent(device: &mut Device, request: &Draft) -> Outcome {
    device.send_draft(request)?;
    let (packets, words) = device.overhear();
    device.demand("ER9", packets.is_empty(), "silence after a wrong checksum", || words)
}

fn spoil(draft: &mut Draft) {
    if let Some(inside) = &mut draft.inside {
        inside.spoil_icv = 1;
    }
}
