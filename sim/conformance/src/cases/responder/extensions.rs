//! Extensions that were not asked for, and fields of what the responder says of its own accord.

use super::common::{
    accepts_auth, answered_well, authenticates, makes_none, makes_sa, set_sa, set_ts, words,
};
use crate::message::{Part, ProposalDraft, SelectorDraft};
use crate::peer::{Opened, requests, seen};
use crate::subject::Wish;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device};
use core::net::Ipv4Addr;
use ike_core::{ExchangeType, NotifyType, PayloadType, Suite, TransformType};

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "extensions/ppk",
        &["PK1"],
        ppk,
        "connects without USE_PPK, which must not be said then, and with it",
    ),
    Case::responder(
        "extensions/intermediate",
        &["KE1"],
        intermediate,
        "asks IKE_INTERMEDIATE of which nobody spoke; no success, and IKE_AUTH must work after silence",
    ),
    Case::responder(
        "extensions/implicit-iv",
        &["IV1"],
        |d| {
            makes_none(
                d,
                "IV1",
                &[("an IKE cipher with implicit IVs", |r| {
                    let mut proposal = ProposalDraft::ike(&Suite::default().ike());
                    // ENCR_AES_GCM_16_IIV, which is for ESP alone (RFC 8750 5).
                    proposal.transform(TransformType::ENCR).id = 30;
                    set_sa(r, &[proposal]);
                })],
            )
        },
        "offers a cipher with implicit IVs for the IKE SA, where there is none",
    ),
    Case::responder(
        "extensions/window-size",
        &["NG19"],
        window_size,
        "looks for SET_WINDOW_SIZE in all answers, and says a window of one",
    ),
    Case::responder(
        "extensions/auth-methods",
        &["AM1"],
        |d| {
            accepts_auth(
                d,
                "AM1",
                &[("SUPPORTED_AUTH_METHODS", |r| {
                    r.payloads().push(Part::notify(NotifyType(16_443), &[3, 0, 14]));
                })],
            )
        },
        "says SUPPORTED_AUTH_METHODS",
    ),
    Case::responder(
        "extensions/notify-fields",
        &["HD15"],
        notify_fields,
        "causes errors of five kinds; each notify has protocol and SPI size zero",
    ),
    Case::responder(
        "extensions/one-at-a-time",
        &["RT11"],
        one_at_a_time,
        "leaves a liveness check without an answer while two more are wanted",
    ),
];

/// The answer to IKE_SA_INIT with or without a status.
fn said(device: &mut Device, status: Option<NotifyType>) -> Outcome<Option<Opened>> {
    device.restart();
    let mut request = device.init_request();
    request.parts.extend(status.map(|kind| Part::notify(kind, &[])));
    device.send_init(&request)?;
    Ok(device.clear_answer())
}

/// The status must not come unasked; with it, the usual IKE_AUTH must do.
fn stays_usual(device: &mut Device, id: &'static str, status: NotifyType) -> Outcome {
    let answer = said(device, None)?;
    let unasked = answer.as_ref().is_some_and(|answer| answer.notify(status).is_some());
    let expected = format!("no {status} unasked");
    device.demand(id, !unasked, &expected, || words(answer.as_ref()))?;
    makes_sa(device, id, "a usual request", answer.as_ref())?;
    let answer = said(device, Some(status))?;
    if answer.as_ref().is_some_and(|answer| answer.notify(status).is_some()) {
        return Err(Stop::Unsupported(format!("the responder wants {status}, too")));
    }
    makes_sa(device, id, &format!("a request with {status}"), answer.as_ref())
}

fn ppk(device: &mut Device) -> Outcome {
    stays_usual(device, "PK1", NotifyType::USE_PPK)?;
    let request = device.auth_request()?;
    authenticates(device, "PK1", ("a handshake without PPK", &request)).map(drop)
}

fn intermediate(device: &mut Device) -> Outcome {
    stays_usual(device, "KE1", NotifyType::INTERMEDIATE_EXCHANGE_SUPPORTED)?;
    let request = device.ask_with(ExchangeType::IKE_INTERMEDIATE, 1, Vec::new())?;
    let answer = device.exchange(&request)?;
    let refused = answer
        .as_ref()
        .is_none_or(|answer| answer.notifies().iter().any(|(kind, _)| kind.is_error()));
    let expected = "an error, or silence after IKE_INTERMEDIATE";
    device.demand("KE1", refused, expected, || words(answer.as_ref()))?;
    if answer.is_some() {
        return Ok(());
    }
    let request = device.auth_request()?;
    authenticates(device, "KE1", ("IKE_AUTH after that", &request)).map(drop)
}

fn window_size(device: &mut Device) -> Outcome {
    let one = || Part::notify(NotifyType::SET_WINDOW_SIZE, &1_u32.to_be_bytes());
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    request.payloads().push(one());
    let auth = authenticates(device, "NG19", ("a window of one", &request))?;
    let init = device.response.clone();
    for answer in init.iter().chain([&auth]) {
        let size = answer.notify(NotifyType::SET_WINDOW_SIZE);
        let right = size.as_ref().is_none_or(|size| size.len() == 4);
        device.demand("NG19", right, "a window size of four octets", || format!("{size:?}"))?;
    }
    let what = ("a window of one", ExchangeType::INFORMATIONAL, vec![one()]);
    answered_well(device, "NG19", what).map(drop)
}

fn notify_fields(device: &mut Device) -> Outcome {
    let mut answers = Vec::new();
    for spoil in [cipher as fn(&mut crate::Draft), group] {
        device.restart();
        let mut request = device.init_request();
        spoil(&mut request);
        device.send_init(&request)?;
        answers.extend(device.clear_answer());
    }
    for spoil in [proof as fn(&mut crate::Draft), selectors, critical] {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        spoil(&mut request);
        answers.extend(device.exchange(&request)?);
    }
    let of = |answer: &Opened| answer.parts.clone();
    let notifies: Vec<Part> =
        answers.iter().flat_map(of).filter(|part| part.kind == PayloadType::N).collect();
    if notifies.is_empty() {
        return Err(Stop::Inconclusive("no error was told".into()));
    }
    for part in notifies {
        let fields = part.body.get(..2).unwrap_or_default().to_vec();
        let right = fields == [0, 0];
        device.demand("HD15", right, "protocol 0 and SPI size 0", || format!("{fields:?}"))?;
    }
    Ok(())
}

fn cipher(request: &mut crate::Draft) {
    let mut proposal = ProposalDraft::ike(&Suite::default().ike());
    proposal.transform(TransformType::ENCR).id = 1023;
    set_sa(request, &[proposal]);
}

fn group(request: &mut crate::Draft) {
    let body = &mut request.part(PayloadType::KE).body;
    body[..2].copy_from_slice(&14_u16.to_be_bytes());
    body.resize(4 + 256, 7);
}

fn proof(request: &mut crate::Draft) {
    request.part(PayloadType::AUTH).body[4] ^= 1;
}

fn selectors(request: &mut crate::Draft) {
    let address = Ipv4Addr::new(203, 0, 113, 77);
    set_ts(request, PayloadType::TSR, &[SelectorDraft::v4(address, address)]);
}

fn critical(request: &mut crate::Draft) {
    request.payloads().push(Part::raw(PayloadType(200), b"").critical());
}

fn one_at_a_time(device: &mut Device) -> Outcome {
    device.establish()?;
    for _ in 0..3 {
        device.wish(Wish::CheckLiveness)?;
    }
    let span = device.patience.retransmission / 2;
    let packets = device.listen(span);
    let asked = requests(&packets);
    let Some((exchange, id)) = asked.first().copied() else {
        return Err(Stop::Inconclusive("the responder did not ask".into()));
    };
    let expected = "one request until it is answered";
    device.demand("RT11", asked.len() == 1, expected, || seen(&packets))?;
    let answer = device.respond(exchange, id, Vec::new())?;
    device.send_draft(&answer)?;
    let packets = device.listen(span);
    let asked = requests(&packets);
    device.demand("RT11", asked.len() <= 1, expected, || seen(&packets))?;
    let Some((exchange, id)) = asked.first().copied() else { return Ok(()) };
    let answer = device.respond(exchange, id, Vec::new())?;
    device.send_draft(&answer)
}
