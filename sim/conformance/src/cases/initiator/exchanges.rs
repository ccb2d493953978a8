//! Exchanges that a gateway begins: more kinds of CREATE_CHILD_SA, Deletes, what nobody knows, and what comes to a
//! device that sleeps.

use super::common::{answered, is_silent, shows_that_it_is_up};
use crate::message::{Part, ProposalDraft, sa_part};
use crate::peer::Opened;
use crate::subject::Wish;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Draft, Gateway};
use ike_core::payload::{Nonce, Notify};
use ike_core::{ExchangeType, NotifyType, PayloadType, ProtocolId};

const CREATE: ExchangeType = ExchangeType::CREATE_CHILD_SA;
const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

pub(super) const CASES: &[Case] = &[
    Case::initiator("exchanges/rekey-child", &["PO2"], rekey_child, "asks to rekey the Child SA"),
    Case::initiator("exchanges/rekey-ike", &["PO2"], rekey_ike, "asks to rekey the IKE SA"),
    Case::initiator(
        "exchanges/create-empty",
        &["PO2", "ER5"],
        create_empty,
        "asks CREATE_CHILD_SA without a payload",
    ),
    Case::initiator(
        "exchanges/unknown",
        &["ER5"],
        unknown,
        "asks in exchanges that nobody knows, and in those of the handshake; each is answered, with no success",
    ),
    Case::initiator(
        "exchanges/delete-child",
        &["PO1", "PO11"],
        delete_child,
        "deletes the Child SA that there is; the answer is empty or names the other half",
    ),
    Case::initiator(
        "exchanges/asleep",
        &["PO10", "ER6"],
        asleep,
        "has the device end, then sends it requests, responses and a Delete of the SA that was",
    ),
];

/// An error alone, or these payloads.
fn refused_or(
    gateway: &mut Gateway,
    (what, parts): (&str, Vec<Part>),
    granted: &[PayloadType],
) -> Outcome {
    let request = gateway.ask(CREATE, parts)?;
    let answer = answered(gateway, "PO2", (what, &request))?;
    let error = answer.notifies().first().is_some_and(|(kind, _)| kind.is_error());
    let refused = error && answer.parts.len() == 1;
    let made = granted.iter().all(|kind| answer.body(*kind).is_some());
    let expected = format!("an error alone, or what was asked for, to {what}");
    gateway.demand("PO2", refused || made, &expected, || answer.summary())
}

fn rekey_child(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut parts = gateway.child_request()?;
    // RFC 7296 1.3.3: the SPI of packets to whoever asks, who is the gateway here.
    let own = crate::peer::CHILD_SPI.to_be_bytes();
    let kind = NotifyType::REKEY_SA;
    let notify = Notify { protocol: ProtocolId::ESP, spi: &own, kind, data: &[] };
    parts.insert(0, Part::of(&notify));
    let granted = [PayloadType::SA, PayloadType::NONCE, PayloadType::TSI, PayloadType::TSR];
    refused_or(gateway, ("a request to rekey the Child SA", parts), &granted)
}

fn rekey_ike(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut proposal = ProposalDraft::ike(&gateway.setup.suite.ike());
    proposal.spi = gateway.random(8);
    let nonce = gateway.random(32);
    let ke = gateway.init_answer()?.part(PayloadType::KE).clone();
    let parts = vec![sa_part(&[proposal]), Part::of(&Nonce(&nonce)), ke];
    let granted = [PayloadType::SA, PayloadType::NONCE, PayloadType::KE];
    refused_or(gateway, ("a request to rekey the IKE SA", parts), &granted)
}

fn create_empty(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(CREATE, Vec::new())?;
    let answer = answered(gateway, ["PO2", "ER5"], ("an empty CREATE_CHILD_SA", &request))?;
    let alone = answer.parts.len() == 1;
    let refused = alone && answer.notifies().iter().all(|(kind, _)| kind.is_error());
    gateway.demand("PO2", refused, "an error alone", || answer.summary())
}

/// Each under an SA of its own: who answers INVALID_SYNTAX has ended the SA with it (RFC 7296 2.21.3).
fn unknown(gateway: &mut Gateway) -> Outcome {
    for exchange in [ExchangeType(240), ExchangeType(0), ExchangeType::IKE_AUTH] {
        shows_that_it_is_up(gateway)?;
        let request = gateway.ask(exchange, Vec::new())?;
        let what = format!("a request in exchange {}", exchange.0);
        let answer = answered(gateway, "ER5", (&what, &request))?;
        let success = answer.parts.iter().any(|part| part.kind != PayloadType::N);
        let expected = format!("no success of {what}");
        gateway.demand("ER5", !success, &expected, || answer.summary())?;
    }
    Ok(())
}

fn delete_child(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    // The gateway names the half that comes to it (RFC 7296 1.4.1).
    let parts = vec![Part::delete_esp(crate::peer::CHILD_SPI)];
    let request = gateway.ask(INFORMATIONAL, parts)?;
    let answer = answered(gateway, ["PO1", "PO11"], ("a Delete of the Child SA", &request))?;
    let theirs = gateway.asked.as_ref().and_then(Opened::esp_spi);
    let named = theirs.map(|spi| Part::delete_esp(spi).body);
    let other = answer.parts.len() == 1 && answer.body(PayloadType::D).map(<[u8]>::to_vec) == named;
    let right = answer.parts.is_empty() || other;
    let expected = "an empty answer, or a Delete of the device's half";
    gateway.demand(["PO1", "PO11"], right, expected, || answer.summary())
}

/// What still reaches a device whose SA has ended: it may hear it, and must not know of it.
fn asleep(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let before = gateway.ask(INFORMATIONAL, Vec::new())?;
    is_awake(gateway, &before)?;
    gateway.wish(Wish::Close)?;
    let _ = gateway.fate_of_silence()?;
    let alive = gateway.ask(INFORMATIONAL, Vec::new())?;
    let delete = gateway.ask(INFORMATIONAL, vec![Part::delete_ike()])?;
    let child = gateway.child_request()?;
    let create = gateway.ask(CREATE, child)?;
    for (what, request) in [
        ("the last request", before),
        ("a request", alive),
        ("a Delete", delete),
        ("a Child SA", create),
    ] {
        unheard(gateway, "PO10", (what, &request))?;
    }
    let response = gateway.respond(INFORMATIONAL, 2, Vec::new())?;
    unheard(gateway, "ER6", ("the answer to its Delete", &response))
}

/// The silence of a device that never answers shows nothing.
fn is_awake(gateway: &mut Gateway, request: &Draft) -> Outcome {
    let none = || Stop::Inconclusive("the device does not answer while it is awake".into());
    gateway.exchange(request)?.map(drop).ok_or_else(none)
}

fn unheard(gateway: &mut Gateway, id: &'static str, (what, draft): (&str, &Draft)) -> Outcome {
    gateway.send_draft(draft)?;
    is_silent(gateway, id, &format!("{what} of an SA that has ended"))
}
