//! How a device answers its gateway.

use super::common::{FULL, answered, answered_empty, answered_error, is_silent};
use crate::message::Part;
use crate::peer::seen;
use crate::verdict::Outcome;
use crate::{Case, Gateway};
use ike_core::{ExchangeType, NotifyType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "answering/informational",
        &["PO1", "HD23"],
        informational,
        "asks empty INFORMATIONAL requests in a row; each must get an empty answer",
    ),
    Case::initiator("answering/flags", &["HD6"], flags, "looks at the flags of an answer"),
    Case::initiator("answering/create-child", &["PO2"], create_child, "asks for another Child SA"),
    Case::initiator(
        "answering/delete",
        &["PO10", "PO11"],
        delete,
        "deletes the IKE SA; an empty answer, and none to what is asked after it",
    ),
    Case::initiator(
        "answering/again",
        &["RT13"],
        again,
        "sends a request twice; the answers are the same to the octet",
    )
    .only(FULL),
    Case::initiator(
        "answering/message-ids",
        &["RT14"],
        message_ids,
        "asks with Message IDs out of turn",
    )
    .only(FULL),
    Case::initiator("answering/port", &["RT17"], port, "asks from another port"),
    Case::initiator(
        "answering/responses",
        &["HD7"],
        responses,
        "sends responses that nobody asked for",
    ),
];

fn informational(gateway: &mut Gateway) -> Outcome {
    gateway.reach_auth()?;
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    for _ in 0..3 {
        let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        answered_empty(gateway, ["PO1", "HD23"], ("an empty request", &request))?;
    }
    Ok(())
}

fn flags(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    answered(gateway, "HD6", ("an empty request", &request)).map(|_| ())
}

fn create_child(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::CREATE_CHILD_SA, Vec::new())?;
    let wanted = (NotifyType::NO_ADDITIONAL_SAS, &[][..]);
    answered_error(gateway, "PO2", ("a request for a Child SA", &request), wanted)
}

fn delete(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![Part::delete_ike()])?;
    answered_empty(gateway, "PO11", ("a Delete", &request))?;
    is_silent(gateway, "PO11", "the answer to a Delete")?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let answer = gateway.exchange(&request)?;
    let expected = "no answer under an SA that was deleted";
    gateway.demand(["PO10", "PO11"], answer.is_none(), expected, || "one".into())
}

fn again(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let first = answered(gateway, "RT13", ("a request", &request))?;
    let second = answered(gateway, "RT13", ("the request again", &request))?;
    let pair = (&first.packet.octets[..], &second.packet.octets[..]);
    gateway.demand_same("RT13", "the answer as before", pair)
}

fn message_ids(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let next = gateway.next_id;
    for id in [next + 1, next + 5, 1 << 20, u32::MAX] {
        let request = gateway.ask_with(ExchangeType::INFORMATIONAL, id, Vec::new())?;
        gateway.send_draft(&request)?;
        is_silent(gateway, "RT14", &format!("Message ID {id} in the place of {next}"))?;
    }
    Ok(())
}

fn port(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let octets = gateway.seal(&request)?;
    let mut local = gateway.path.local;
    local.set_port(40_500);
    gateway.send_from(local, &octets)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let right = packets.first().is_some_and(|packet| packet.path.local == local);
    gateway.demand("RT17", right, "an answer to port 40500", || match packets.first() {
        Some(packet) => format!("one to port {}", packet.path.local.port()),
        None => seen(&packets),
    })
}

fn responses(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    for id in 0..4 {
        let response = gateway.respond(ExchangeType::INFORMATIONAL, id, Vec::new())?;
        gateway.send_draft(&response)?;
    }
    is_silent(gateway, "HD7", "responses to nothing")
}
