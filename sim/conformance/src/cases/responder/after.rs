//! An SA that is up: INFORMATIONAL, CREATE_CHILD_SA, Delete.

use super::common::{
    answered, answered_well, authenticates, ignores, is_down, is_up, names_critical, words,
};
use crate::message::{Part, ProposalDraft, sa_part};
use crate::peer::SkKeys;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Draft, Wish};
use ike_core::payload::{Notify, TsRepr};
use ike_core::{ExchangeType, Header, NotifyType, PayloadType, ProtocolId, Suite};

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;
const CREATE: ExchangeType = ExchangeType::CREATE_CHILD_SA;
const UNKNOWN: PayloadType = PayloadType(200);

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "after/empty",
        &["ER5", "HD23"],
        |d| {
            d.establish()?;
            answered_well(d, ["ER5", "HD23"], ("an empty SK", INFORMATIONAL, Vec::new())).map(drop)
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
            let answer = answered_well(d, "HD10", ("an unknown payload", INFORMATIONAL, parts))?;
            d.demand("HD10", answer.parts.is_empty(), "an empty answer", || answer.summary())
        },
        "sends an unknown payload inside INFORMATIONAL; the answer must be empty",
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
        padding,
        "pads requests with more than is needed, not with zeros, under AES-CBC; looks at all IVs, those of ESP, too",
    )
    .with(|setup| setup.suite = Suite::AesCbcModp2048),
    Case::responder("after/ivs", &["AU11"], ivs, "compares the IVs of all protected answers and of an own request, and those of ESP packets"),
    Case::responder(
        "after/nested",
        &["HD8"],
        nested,
        "puts an SK payload inside SK; the answer is INVALID_SYNTAX, or there is none",
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
            request.spoil_icv();
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
        &["PO5", "PO10", "PO11"],
        |d| {
            d.establish()?;
            let ids = ["PO5", "PO11"];
            let parts = vec![Part::delete_ike()];
            let answer = answered_well(d, ids, ("a Delete", INFORMATIONAL, parts))?;
            d.demand(ids, answer.parts.is_empty(), "an empty answer", || answer.summary())?;
            is_down(d, ["PO5", "PO10", "PO11"], "a Delete of the IKE SA")
        },
        "deletes the IKE SA; an empty answer, and no more after it",
    ),
    Case::responder(
        "after/delete-child",
        &["PO11"],
        delete_child,
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
        |d| {
            let spi = d.child_spi;
            creates(d, "a rekeyed Child SA", Some(spi))
        },
        "asks to rekey the Child SA; it is made, or refused with an error",
    ),
    Case::responder(
        "after/rekey-ike",
        &["ER5"],
        rekey_ike,
        "asks to rekey the IKE SA; it is made, or refused with an error",
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
        "comes anew with INITIAL_CONTACT; the older SA is gone, or the responder does not do that",
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
];

fn delete_child(device: &mut Device) -> Outcome {
    let theirs = device.establish()?.esp_spi().map(|spi| Part::delete_esp(spi).body);
    let parts = vec![Part::delete_esp(device.child_spi)];
    let what = ("a Delete of the Child SA", INFORMATIONAL, parts);
    let answer = answered_well(device, "PO11", what)?;
    let named = answer.body(PayloadType::D).map(<[u8]>::to_vec);
    let expected = "a Delete of the other direction";
    device.demand("PO11", named.is_some(), expected, || answer.summary())?;
    // RFC 7296 1.4.1: by the SPI of packets to whoever answers.
    let expected = "the SPI of the responder's own half in it";
    device.demand("PO11", named == theirs, expected, || format!("{named:02x?}"))?;
    is_up(device, "PO11", "a Delete of the Child SA")
}

fn critical(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(INFORMATIONAL, vec![Part::raw(UNKNOWN, b"").critical()])?;
    let answer = device.exchange(&request)?;
    names_critical(device, "ER3", (answer.as_ref(), UNKNOWN))
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
    let proposal = ProposalDraft::esp(&device.setup.suite.esp(), device.child_spi + 1);
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

/// The old SA stands until it is deleted (RFC 7296 2.8), whatever the answer.
fn rekey_ike(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut proposal = ProposalDraft::ike(&device.setup.suite.ike());
    proposal.spi = device.random(8);
    let nonce = device.random(32);
    let ke = device.init_request().part(PayloadType::KE).clone();
    let parts = vec![sa_part(&[proposal]), Part::raw(PayloadType::NONCE, &nonce), ke];
    let request = device.ask(CREATE, parts)?;
    let what = "a rekeyed IKE SA";
    let answer = answered(device, "ER5", (what, &request))?;
    let error = answer.notifies().iter().any(|(kind, _)| kind.is_error());
    let made = answer.body(PayloadType::SA).is_some() && answer.body(PayloadType::KE).is_some();
    device.demand("ER5", made != error, "an IKE SA or an error", || answer.summary())?;
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

/// Establishes a second SA with this IKE_AUTH request; the first one's keys and next Message ID.
fn second(
    device: &mut Device,
    id: &'static str,
    change: fn(&mut Draft),
) -> Outcome<(Option<SkKeys>, u32)> {
    device.establish()?;
    let first = (device.sa.clone(), device.next_id);
    device.restart();
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    change(&mut request);
    authenticates(device, id, ("a second SA", &request))?;
    Ok(first)
}

/// That the older SA ends is a permission: whoever keeps it does not do what PO7 is about.
fn initial_contact(device: &mut Device) -> Outcome {
    let contact = |request: &mut Draft| {
        request.payloads().push(Part::notify(NotifyType::INITIAL_CONTACT, &[]));
    };
    (device.sa, device.next_id) = second(device, "PO7", contact)?;
    if device.is_up()? {
        return Err(Stop::Unsupported("the responder keeps the older SA".into()));
    }
    Ok(())
}

fn no_initial_contact(device: &mut Device) -> Outcome {
    let (first, _) = second(device, "HD2", |_| {})?;
    // The device's own SPIs differ anyhow.
    let other = device.sa()?.spis.1;
    let differ = first.is_some_and(|first| first.spis.1 != other);
    device.demand("HD2", differ, "SPIs of their own", || "the same".into())
}

fn nested(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(INFORMATIONAL, vec![Part::raw(PayloadType::SK, &[0; 40])])?;
    let answer = device.exchange(&request)?;
    let syntax = answer.as_ref().is_none_or(|answer| {
        answer.notifies() == [(NotifyType::INVALID_SYNTAX, Vec::new())] && answer.parts.len() == 1
    });
    device.demand("HD8", syntax, "INVALID_SYNTAX alone, or silence", || words(answer.as_ref()))
}

fn padding(device: &mut Device) -> Outcome {
    let mut packets = vec![device.establish()?.packet];
    for more in [16, 160] {
        let mut request = device.ask(INFORMATIONAL, Vec::new())?;
        if let Some(inside) = &mut request.inside {
            (inside.more_padding, inside.filler) = (more, 0xa5);
        }
        let what = "padding that is longer than needed";
        packets.push(answered(device, "AU10", (what, &request))?.packet);
    }
    device.demand_other_ivs("AU10", &packets)?;
    device.demand_unforeseen_ivs("AU10", &packets)?;
    device.demand_other_esp_ivs("AU10")
}

fn ivs(device: &mut Device) -> Outcome {
    let mut packets = vec![device.establish()?.packet];
    for _ in 0..3 {
        let request = device.ask(INFORMATIONAL, Vec::new())?;
        let nothing = || Stop::Inconclusive("no answer to INFORMATIONAL".into());
        packets.push(device.exchange(&request)?.ok_or_else(nothing)?.packet);
    }
    // Its own requests are protected with the same key; whoever cannot be made to ask shows none.
    if device.wish(Wish::CheckLiveness).is_ok() {
        packets.extend(its_request(device).map(|asked| asked.packet));
    }
    device.demand_other_ivs("AU11", &packets)?;
    device.demand_other_esp_ivs("AU11")
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
        return Err(Stop::Inconclusive("the responder did not ask".into()));
    };
    let Header { exchange, message_id, .. } = request.header;
    let refusal = vec![Part::notify(NotifyType::NO_ADDITIONAL_SAS, &[])];
    let answer = device.respond(exchange, message_id, refusal)?;
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
        return Err(Stop::Inconclusive("the responder did not ask".into()));
    };
    let Header { message_id, flags, .. } = request.header;
    let right = message_id == 0 && flags.0 == 0;
    device.demand("RT10", right, "Message ID 0 and no flag", || request.summary())?;
    let answer = device.respond(request.header.exchange, message_id, Vec::new())?;
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
