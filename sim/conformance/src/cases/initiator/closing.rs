//! How a device ends, and what it does with what nobody protected.

use super::common::{is_silent, is_up};
use crate::message::Part;
use crate::peer::Opened;
use crate::subject::Wish;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Draft, Gateway};
use ike_core::{ExchangeType, Header, IkeSpi, PayloadType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "closing/delete",
        &["PO4", "PO12"],
        delete,
        "has the device end: its Delete has protocol 1, no SPI and Message ID 2",
    ),
    Case::initiator(
        "closing/crossing",
        &["RT12"],
        crossing,
        "asks while the device's Delete is outstanding",
    ),
    Case::initiator(
        "closing/other-child",
        &["PO14"],
        other_child,
        "deletes a Child SA that does not exist",
    ),
    Case::initiator("closing/in-clear", &["PO9"], in_clear, "asks and deletes in clear"),
    Case::initiator(
        "closing/malformed-in-clear",
        &["HD18"],
        malformed,
        "sends malformed requests in clear, of the SA and of none",
    ),
];

/// The device's own next protected request.
fn its_request(gateway: &mut Gateway) -> Outcome<Opened> {
    let within = gateway.patience.answer;
    let none = || Stop::Inconclusive("the device sent no request when it was to end".into());
    let packet = gateway.receive_ike(within).ok_or_else(none)?;
    gateway.open(&packet).ok_or_else(none)
}

fn delete(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    gateway.wish(Wish::Close)?;
    let within = gateway.patience.answer;
    let told = gateway.receive_ike(within).and_then(|packet| gateway.open(&packet));
    gateway.demand("PO12", told.is_some(), "a request that says so", || "silence".into())?;
    let Some(told) = told else { return Err(Stop::Failed) };
    let header = (told.header.exchange, told.header.message_id);
    let right = header == (ExchangeType::INFORMATIONAL, 2)
        && told.body(PayloadType::D) == Some(&[1, 0, 0, 0]);
    gateway.demand(["PO4", "PO12"], right, "a Delete of protocol 1 with Message ID 2", || {
        told.summary()
    })
}

fn crossing(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    gateway.wish(Wish::Close)?;
    let told = its_request(gateway)?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let answer = gateway.exchange(&request)?;
    let expected = "an answer while the device's own request is outstanding";
    gateway.demand("RT12", answer.is_some(), expected, || "none".into())?;
    let id = told.header.message_id;
    let answer = gateway.respond(ExchangeType::INFORMATIONAL, id, Vec::new())?;
    gateway.send_draft(&answer)
}

fn other_child(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![Part::delete_esp(0x0bad_0bad)])?;
    let _ = gateway.exchange(&request)?;
    is_up(gateway, "PO14", "a Delete of a Child SA that does not exist")
}

fn in_clear(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let (spi_i, spi_r) = gateway.sa()?.spis;
    let header = Header::new(spi_i, spi_r, ExchangeType::INFORMATIONAL);
    let header = header.message_id(gateway.next_id);
    for parts in [Vec::new(), vec![Part::delete_ike()]] {
        gateway.send_draft(&Draft::clear(header, parts))?;
        is_silent(gateway, "PO9", "INFORMATIONAL in clear")?;
    }
    is_up(gateway, "PO9", "INFORMATIONAL in clear")
}

fn malformed(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let (spi_i, spi_r) = gateway.sa()?.spis;
    for spis in [(spi_i, spi_r), (IkeSpi(3), IkeSpi(4))] {
        for exchange in [ExchangeType::INFORMATIONAL, ExchangeType::CREATE_CHILD_SA] {
            let header = Header::new(spis.0, spis.1, exchange).message_id(gateway.next_id);
            let mut part = Part::raw(PayloadType::SA, &[0; 7]);
            part.length = Some(400);
            gateway.send_draft(&Draft::clear(header, vec![part]))?;
        }
    }
    is_silent(gateway, "HD18", "malformed requests in clear")?;
    is_up(gateway, "HD18", "malformed requests in clear")
}
