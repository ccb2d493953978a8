//! An SA that is up: INFORMATIONAL, CREATE_CHILD_SA, Delete, and what comes from outside.

use super::common::{answered, answered_well, authenticates, ignores, is_down, is_only, is_up};
use crate::message::{Part, ProposalDraft, sa_part};
use crate::verdict::Outcome;
use crate::{Case, Device, Draft, Wish};
use ike_core::payload::{Notify, TsRepr};
use ike_core::{ExchangeType, Flags, Header, IkeSpi, NotifyType, PayloadType, ProtocolId};

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;
const CREATE: ExchangeType = ExchangeType::CREATE_CHILD_SA;
const UNKNOWN: PayloadType = PayloadType(200);

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "after/empty",
        &["ER5", "HD23"],
        |d| {
            d.establish()?;
            answered_well(d, "ER5", ("an empty INFORMATIONAL", INFORMATIONAL, Vec::new()))?;
            answered_well(d, "HD23", ("an empty SK", INFORMATIONAL, Vec::new())).map(|_| ())
        },
        "asks with an empty SK payload",
    ),
    Case::responder(
        "after/unknown-status",
        &["HD16", "ER5"],
        |d| {
            d.establish()?;
            let status = || vec![Part::notify(NotifyType(40_000), b"x")];
            answered_well(d, "HD16", ("an unknown status", INFORMATIONAL, status()))?;
            let error = vec![Part::notify(NotifyType(8_000), b"x")];
            answered_well(d, "ER5", ("an unknown error", INFORMATIONAL, error))?;
            is_up(d, "HD16", "unknown notifies")
        },
        "sends unknown notifies inside INFORMATIONAL",
    ),
    Case::responder(
        "after/unknown-payload",
        &["HD10"],
        |d| {
            d.establish()?;
            let parts = vec![Part::raw(UNKNOWN, b"what")];
            answered_well(d, "HD10", ("an unknown payload", INFORMATIONAL, parts)).map(|_| ())
        },
        "sends an unknown payload inside INFORMATIONAL",
    ),
    Case::responder(
        "after/critical",
        &["HD11", "ER3"],
        critical,
        "sends an unknown critical payload inside INFORMATIONAL",
    ),
    Case::responder(
        "after/padding",
        &["AU10"],
        |d| {
            d.establish()?;
            for more in [16, 160] {
                let mut request = d.ask(INFORMATIONAL, Vec::new())?;
                if let Some(inside) = &mut request.inside {
                    (inside.more_padding, inside.filler) = (more, 0xa5);
                }
                answered(d, "AU10", ("padding that is longer than needed", &request))?;
            }
            Ok(())
        },
        "pads requests with more than is needed, and not with zeros",
    ),
    Case::responder(
        "after/nested",
        &["HD8"],
        |d| {
            d.establish()?;
            let mut request = d.ask(INFORMATIONAL, vec![Part::raw(PayloadType::SK, &[0; 40])])?;
            request.header.message_id = d.next_id - 1;
            let answer = d.exchange(&request)?;
            let good = answer.as_ref().is_none_or(|answer| {
                answer.notifies().iter().all(|(kind, _)| *kind == NotifyType::INVALID_SYNTAX)
            });
            d.demand("HD8", good, "silence, or INVALID_SYNTAX at most", || "another error".into())
        },
        "puts an SK payload inside SK",
    ),
    Case::responder(
        "after/unknown-exchange",
        &["ER5"],
        unknown_exchange,
        "asks in an exchange that nobody knows; it must be answered, with no success",
    ),
    Case::responder(
        "after/spoilt-icv",
        &["ER9"],
        |d| {
            d.establish()?;
            let id = d.next_id;
            let mut request = d.ask_with(INFORMATIONAL, id, vec![Part::delete_ike()])?;
            if let Some(inside) = &mut request.inside {
                inside.spoil_icv = 0x80;
            }
            let octets = d.seal(&request)?;
            ignores(d, "ER9", ("a Delete with a spoilt ICV", &octets))
        },
        "sends a Delete whose ICV is spoilt",
    ),
    Case::responder(
        "after/each-octet",
        &["ER9"],
        each_octet,
        "flips each octet of a protected request behind the header; none may be answered",
    ),
    Case::responder(
        "after/delete-ike",
        &["PO5", "PO10"],
        |d| {
            d.establish()?;
            let parts = vec![Part::delete_ike()];
            let answer = answered_well(d, "PO5", ("a Delete", INFORMATIONAL, parts))?;
            d.demand("PO5", answer.parts.is_empty(), "an empty answer", || answer.summary())?;
            is_down(d, "PO10", "a Delete of the IKE SA")
        },
        "deletes the IKE SA; an empty answer, and no more after it",
    ),
    Case::responder(
        "after/delete-child",
        &["PO11"],
        |d| {
            d.establish()?;
            let parts = vec![Part::delete_esp(0xc0ff_ee02)];
            let answer =
                answered_well(d, "PO11", ("a Delete of the Child SA", INFORMATIONAL, parts))?;
            let names = answer.body(PayloadType::D).is_some();
            d.demand("PO11", names, "a Delete of the other direction", || answer.summary())?;
            is_up(d, "PO11", "a Delete of the Child SA")
        },
        "deletes the Child SA; the other half must be named, and the IKE SA stands",
    ),
    Case::responder(
        "after/delete-nothing",
        &["PO15"],
        |d| {
            d.establish()?;
            let parts = vec![Part::delete_esp(0x0bad_0bad)];
            answered_well(d, "PO15", ("a Delete of what is not there", INFORMATIONAL, parts))?;
            is_up(d, "PO15", "a Delete of what is not there")
        },
        "deletes a Child SA that is not there",
    ),
    Case::responder(
        "after/new-child",
        &["ER5"],
        |d| creates(d, "a new Child SA", None),
        "asks for another Child SA; it is made, or refused with an error",
    ),
    Case::responder(
        "after/rekey-child",
        &["ER5"],
        |d| creates(d, "a rekeyed Child SA", Some(0xc0ff_ee02)),
        "asks to rekey the Child SA; it is made, or refused with an error",
    ),
    Case::responder(
        "after/rekey-nothing",
        &["ER5"],
        |d| creates(d, "a rekeyed SA that is not there", Some(7)),
        "asks to rekey a Child SA that is not there",
    ),
    Case::responder(
        "after/create-empty",
        &["ER5", "ER3"],
        create_empty,
        "asks CREATE_CHILD_SA without a payload",
    ),
    Case::responder(
        "after/initial-contact",
        &["PO7"],
        initial_contact,
        "comes anew with INITIAL_CONTACT; the older SA must be gone",
    ),
    Case::responder(
        "after/no-initial-contact",
        &["HD2"],
        no_initial_contact,
        "comes anew without INITIAL_CONTACT; both SAs have SPIs of their own",
    ),
    Case::responder(
        "after/no-additional-sas",
        &["PO3"],
        no_additional_sas,
        "refuses the responder's rekeying with NO_ADDITIONAL_SAS; it must not ask for ever",
    ),
    Case::responder(
        "after/liveness",
        &["RT10"],
        liveness,
        "the responder's own first request has Message ID 0 and no initiator flag",
    ),
    Case::responder(
        "after/gone",
        &["PO8"],
        gone,
        "does not answer liveness checks; the responder must give up",
    ),
    Case::responder(
        "outside/unprotected-error",
        &["ER7"],
        |d| {
            d.establish()?;
            let octets = clear(d, NotifyType::INVALID_IKE_SPI, 0x08)?;
            ignores(d, "ER7", ("an unprotected INVALID_IKE_SPI", &octets))?;
            let octets = clear(d, NotifyType::INVALID_IKE_SPI, 0x28)?;
            ignores(d, "ER7", ("an unprotected response with INVALID_IKE_SPI", &octets))
        },
        "sends an unprotected INVALID_IKE_SPI under the SPIs of the SA",
    ),
    Case::responder(
        "outside/invalid-spi",
        &["ER8"],
        |d| {
            d.establish()?;
            let octets = clear(d, NotifyType::INVALID_SPI, 0x08)?;
            ignores(d, "ER8", ("an unprotected INVALID_SPI", &octets))
        },
        "sends an unprotected INVALID_SPI under the SPIs of the SA",
    ),
    Case::responder(
        "outside/unprotected-delete",
        &["ER9"],
        |d| {
            d.establish()?;
            let (i, r) = d.sa()?.spis;
            let header = Header::new(i, r, INFORMATIONAL).message_id(2).flags(Flags::INITIATOR);
            let octets = Draft::clear(header, vec![Part::delete_ike()]).octets(None);
            ignores(d, "ER9", ("an unprotected Delete", &octets))
        },
        "sends an unprotected Delete under the SPIs of the SA",
    ),
    Case::responder(
        "outside/unknown-sa",
        &["ER6"],
        |d| {
            let header = Header::new(IkeSpi(5), IkeSpi(6), INFORMATIONAL).flags(Flags(0x28));
            let octets = Draft::clear(header, Vec::new()).octets(None);
            d.send(&octets)?;
            super::common::is_silent(d, "ER6", "a response of no SA")?;
            d.establish().map(|_| ())
        },
        "sends a response of an SA that nobody has",
    ),
    Case::responder(
        "outside/fragment",
        &["FR2"],
        |d| {
            d.establish()?;
            let (i, r) = d.sa()?.spis;
            let header = Header::new(i, r, INFORMATIONAL).message_id(2).flags(Flags::INITIATOR);
            let part = Part::raw(PayloadType::SKF, &[0, 1, 0, 2, 1, 2, 3, 4]);
            let octets = Draft::clear(header, vec![part]).octets(None);
            ignores(d, "FR2", ("a fragment", &octets))
        },
        "sends a fragment, of which nobody spoke",
    ),
];

fn clear(device: &Device, kind: NotifyType, flags: u8) -> Outcome<Vec<u8>> {
    let (i, r) = device.sa()?.spis;
    let header = Header::new(i, r, INFORMATIONAL).flags(Flags(flags));
    Ok(Draft::clear(header, vec![Part::notify(kind, &[])]).octets(None))
}

fn critical(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(INFORMATIONAL, vec![Part::raw(UNKNOWN, b"").critical()])?;
    let answer = device.exchange(&request)?;
    let kind = NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD;
    is_only(device, "ER3", ("an unknown critical payload", answer.as_ref()), kind)?;
    let data = answer.and_then(|answer| answer.notify(kind)).unwrap_or_default();
    device.demand_same("HD11", "the type of the payload", (&[UNKNOWN.0], &data))
}

fn unknown_exchange(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(ExchangeType(240), Vec::new())?;
    let answer = answered(device, "ER5", ("an unknown exchange", &request))?;
    let error = answer.notifies().iter().any(|(kind, _)| kind.is_error());
    device.demand("ER5", error, "an error", || answer.summary())
}

fn each_octet(device: &mut Device) -> Outcome {
    device.establish()?;
    let id = device.next_id;
    let request = device.ask_with(INFORMATIONAL, id, vec![Part::delete_ike()])?;
    let octets = device.seal(&request)?;
    for at in 32..octets.len() {
        let mut spoilt = octets.clone();
        spoilt[at] ^= 1;
        device.send(&spoilt)?;
    }
    let (packets, words) = device.overhear();
    device.demand("ER9", packets.is_empty(), "silence after each", || words)?;
    is_up(device, "ER9", "a Delete with each octet flipped")
}

fn creates(device: &mut Device, what: &str, rekeys: Option<u32>) -> Outcome {
    device.establish()?;
    let proposal = ProposalDraft::esp(&device.setup.suite.esp(), 0xc0ff_ee03);
    let nonce = device.random(32);
    let mut parts = vec![
        sa_part(&[proposal]),
        Part::raw(PayloadType::NONCE, &nonce),
        Part::of(&TsRepr { whose: PayloadType::TSI, selectors: &device.setup.remote }),
        Part::of(&TsRepr { whose: PayloadType::TSR, selectors: &device.setup.local }),
    ];
    if let Some(spi) = rekeys {
        let (spi, kind) = (spi.to_be_bytes(), NotifyType::REKEY_SA);
        let notify = Notify { protocol: ProtocolId::ESP, spi: &spi, kind, data: &[] };
        parts.insert(0, Part::of(&notify));
    }
    let request = device.ask(CREATE, parts)?;
    let answer = answered(device, "ER5", (what, &request))?;
    let error = answer.notifies().iter().any(|(kind, _)| kind.is_error());
    let made = answer.body(PayloadType::SA).is_some();
    device.demand("ER5", made != error, "a Child SA or an error", || answer.summary())?;
    is_up(device, "ER5", what)
}

fn create_empty(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(CREATE, Vec::new())?;
    let answer = answered(device, "ER5", ("an empty CREATE_CHILD_SA", &request))?;
    let holds =
        answer.parts.len() == 1 && answer.notifies().iter().all(|(kind, _)| kind.is_error());
    device.demand("ER3", holds, "an error alone", || answer.summary())
}

/// Establishes a second SA; the first one's keys and next Message ID.
fn second(device: &mut Device, contact: bool) -> Outcome<(Option<crate::peer::SkKeys>, u32)> {
    device.establish()?;
    let first = (device.sa.clone(), device.next_id);
    device.restart();
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    if contact {
        request.payloads().push(Part::notify(NotifyType::INITIAL_CONTACT, &[]));
    }
    let id = if contact { "PO7" } else { "HD2" };
    authenticates(device, id, ("a second SA", &request))?;
    Ok(first)
}

fn initial_contact(device: &mut Device) -> Outcome {
    (device.sa, device.next_id) = second(device, true)?;
    is_down(device, "PO7", "INITIAL_CONTACT of a newer SA")
}

fn no_initial_contact(device: &mut Device) -> Outcome {
    let (first, _) = second(device, false)?;
    let other = device.sa()?.spis;
    let differ = first.is_some_and(|first| first.spis != other);
    device.demand("HD2", differ, "SPIs of their own", || "the same".into())
}

/// The responder's next request inside the SA.
fn its_request(device: &mut Device) -> Option<crate::Opened> {
    let within = device.patience.retransmission;
    let packet = device.receive_ike(within)?;
    device.open(&packet).filter(|opened| !opened.header.flags.is_response())
}

fn no_additional_sas(device: &mut Device) -> Outcome {
    device.establish()?;
    device.wish(Wish::RekeyChild)?;
    let Some(request) = its_request(device) else {
        return Err(crate::verdict::Stop::Inconclusive("the responder did not ask".into()));
    };
    let answer =
        device.respond(&request.header, vec![Part::notify(NotifyType::NO_ADDITIONAL_SAS, &[])])?;
    device.send_draft(&answer)?;
    let next = its_request(device);
    let again =
        next.as_ref().is_some_and(|next| next.header.message_id == request.header.message_id);
    device.demand("PO3", !again, "no repetition of what was answered", || "the same request".into())
}

fn liveness(device: &mut Device) -> Outcome {
    device.establish()?;
    device.wish(Wish::CheckLiveness)?;
    let Some(request) = its_request(device) else {
        return Err(crate::verdict::Stop::Inconclusive("the responder did not ask".into()));
    };
    let Header { message_id, flags, .. } = request.header;
    let right = message_id == 0 && flags.0 == 0;
    device.demand("RT10", right, "Message ID 0 and no flag", || request.summary())?;
    let answer = device.respond(&request.header, Vec::new())?;
    device.send_draft(&answer)?;
    is_up(device, "RT10", "a liveness check")
}

fn gone(device: &mut Device) -> Outcome {
    device.establish()?;
    device.wish(Wish::CheckLiveness)?;
    let span = device.patience.give_up;
    let _ = device.listen(span);
    is_down(device, "PO8", "liveness checks that nobody answered")
}
