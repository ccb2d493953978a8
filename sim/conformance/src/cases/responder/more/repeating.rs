//! Requests that come again or out of turn, and what is answered at all.

use crate::message::Part;
use crate::peer::{Opened, seen};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Draft};
use ike_core::ExchangeType;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "repeating/init",
        &["RT6"],
        init,
        "sends IKE_SA_INIT twice; the answers are the same to the octet",
    ),
    Case::responder(
        "repeating/auth",
        &["RT6", "RT13"],
        auth,
        "sends IKE_AUTH twice; the answers are the same to the octet",
    ),
    Case::responder(
        "repeating/informational",
        &["RT6", "RT13", "PO15"],
        informational,
        "sends an INFORMATIONAL request twice; the answers are the same to the octet",
    ),
    Case::responder(
        "repeating/unasked",
        &["RT5"],
        unasked,
        "listens after each answer, which must not come again",
    ),
    Case::responder(
        "repeating/message-ids",
        &["RT14"],
        message_ids,
        "asks with Message IDs out of turn",
    ),
    Case::responder("repeating/port", &["RT17"], port, "asks from another port"),
    Case::responder(
        "repeating/create-child",
        &["ER5"],
        create_child,
        "sends a CREATE_CHILD_SA request without payloads, which still gets an answer",
    ),
    Case::responder(
        "repeating/delete",
        &["PO5", "PO11"],
        delete,
        "deletes the IKE SA; the answer is empty, and the SA is gone",
    ),
];

/// Sends the octets twice; both answers must be the same.
fn twice(device: &mut Device, ids: &[&'static str], octets: &[u8]) -> Outcome {
    let within = device.patience.answer;
    device.send(octets)?;
    let nothing = || Stop::Inconclusive("no answer at all".into());
    let first = device.receive_ike(within).ok_or_else(nothing)?;
    device.send(octets)?;
    let second = device.receive_ike(within);
    for id in ids {
        let there = second.is_some();
        device.demand(id, there, "the answer again", || "nothing".into())?;
        let again = second.as_ref().map(|packet| &packet.octets[..]).unwrap_or_default();
        device.demand_same(id, "the answer as before", (&first.octets, again))?;
    }
    Ok(())
}

fn init(device: &mut Device) -> Outcome {
    let octets = device.init_request().octets(None);
    twice(device, &["RT6"], &octets)
}

fn auth(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let request = device.auth_request()?;
    let octets = device.seal(&request)?;
    twice(device, &["RT6", "RT13"], &octets)
}

fn informational(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let octets = device.seal(&request)?;
    twice(device, &["RT6", "RT13", "PO15"], &octets)
}

fn unasked(device: &mut Device) -> Outcome {
    device.establish()?;
    let (packets, words) = device.overhear();
    device.demand("RT5", packets.is_empty(), "silence after IKE_AUTH", || words)?;
    let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    answer_to(device, "RT5", &request)?;
    let (packets, words) = device.overhear();
    device.demand("RT5", packets.is_empty(), "silence after the answer", || words)
}

/// The answer, which must be there.
fn answer_to(device: &mut Device, id: &'static str, request: &Draft) -> Outcome<Opened> {
    let answer = device.exchange(request)?;
    device.demand(id, answer.is_some(), "an answer", || "none".into())?;
    answer.ok_or(Stop::Failed)
}

fn message_ids(device: &mut Device) -> Outcome {
    device.establish()?;
    let next = device.next_id;
    for id in [next + 1, next + 5, 1 << 20, u32::MAX, 0] {
        let request = device.ask_with(ExchangeType::INFORMATIONAL, id, Vec::new())?;
        device.send_draft(&request)?;
        let (packets, words) = device.overhear();
        let expected = format!("silence after Message ID {id} in the place of {next}");
        device.demand("RT14", packets.is_empty(), &expected, || words)?;
    }
    let up = device.is_up()?;
    device.demand("RT14", up, "an answer to the next Message ID", || "none".into())
}

fn port(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let octets = device.seal(&request)?;
    let mut local = device.path.local;
    local.set_port(40_500);
    device.send_from(local, &octets)?;
    let span = device.patience.answer;
    let packets = device.listen(span);
    let right = packets.first().is_some_and(|packet| packet.path.local == local);
    device.demand("RT17", right, "an answer to port 40500", || match packets.first() {
        Some(packet) => format!("one to port {}", packet.path.local.port()),
        None => seen(&packets),
    })
}

fn create_child(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(ExchangeType::CREATE_CHILD_SA, Vec::new())?;
    let answer = answer_to(device, "ER5", &request)?;
    let refused = answer.notifies().iter().any(|(kind, _)| kind.is_error());
    device.demand("ER5", refused, "an error", || answer.summary())
}

fn delete(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(ExchangeType::INFORMATIONAL, vec![Part::delete_ike()])?;
    let answer = answer_to(device, "PO5", &request)?;
    for id in ["PO5", "PO11"] {
        device.demand(id, answer.parts.is_empty(), "an empty answer", || answer.summary())?;
    }
    let up = device.is_up()?;
    device.demand("PO5", !up, "no answer under a deleted SA", || "one".into())
}
