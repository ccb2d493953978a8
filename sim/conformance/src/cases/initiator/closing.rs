//! Answers that come twice, late or reflected, and how a device ends.

use super::common::{
    Change, accepts_each_auth, accepts_init, afresh_to_auth, auth_goes_on, is_not_up, is_silent,
    is_up, refuses_each_init,
};
use crate::message::{Part, ProposalDraft, SelectorDraft, TransformDraft, sa_part, ts_part};
use crate::peer::{Opened, seen};
use crate::subject::Wish;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Draft, Gateway};
use ike_core::{ExchangeType, Header, IkeSpi, NotifyType, PayloadType, Suite, TransformType};

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
    Case::initiator("closing/responses-twice", &["RT25"], twice, "sends both answers twice"),
    Case::initiator(
        "closing/last-answer",
        &["RT24", "RT7"],
        last_answer,
        "answers the last transmission only",
    ),
    Case::initiator(
        "closing/reflected",
        &["AU14"],
        reflected,
        "sends the device's own messages and its own AUTH back",
    ),
    Case::initiator(
        "closing/refused",
        &["ER4"],
        refused,
        "says AUTHENTICATION_FAILED under protection in the place of AUTH",
    ),
    Case::initiator(
        "closing/narrowed",
        &["TS7", "TS5"],
        narrowed,
        "answers with selectors that are narrowed, and says ADDITIONAL_TS_POSSIBLE",
    ),
    Case::initiator(
        "closing/additional-key-exchange",
        &["KE2"],
        |gateway| refuses_each_init(gateway, "KE2", ADDKE),
        "answers with an additional key exchange that nobody offered",
    ),
    Case::initiator(
        "closing/malformed-in-clear",
        &["HD18"],
        malformed,
        "sends malformed requests in clear, of the SA and of none",
    ),
    Case::initiator(
        "closing/auth-methods",
        &["AM1"],
        |gateway| {
            gateway.wake()?;
            let mut answer = gateway.init_answer()?;
            answer.payloads().push(Part::notify(NotifyType(16_443), &[3, 0, 14]));
            accepts_init(gateway, "AM1", ("SUPPORTED_AUTH_METHODS", &answer))
        },
        "says SUPPORTED_AUTH_METHODS",
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

fn twice(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    gateway.expect_auth()?;
    let octets = answer.octets(None);
    gateway.send(&octets)?;
    auth_goes_on(gateway, "RT25", "the answer to IKE_SA_INIT again")?;
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    is_silent(gateway, "RT25", "the answer to IKE_AUTH again")?;
    is_up(gateway, "RT25", "the answer to IKE_AUTH again")
}

/// A device that says nothing for so many waits has given up.
fn last_answer(gateway: &mut Gateway) -> Outcome {
    let first = gateway.wake()?.packet;
    let mut count = 1;
    while let Some(again) = gateway.retransmission() {
        gateway.demand_same("RT7", "the request as before", (&first.octets, &again.octets))?;
        count += 1;
    }
    // The same once more, answered at the last transmission.
    super::common::afresh(gateway)?;
    for _ in 1..count {
        if gateway.retransmission().is_none() {
            return Err(Stop::Inconclusive("the second attempt sent less often".into()));
        }
    }
    let answer = gateway.init_answer()?;
    accepts_init(gateway, "RT24", ("an answer to the last transmission", &answer))
}

fn reflected(gateway: &mut Gateway) -> Outcome {
    let request = gateway.wake()?;
    gateway.send(&request.packet.octets)?;
    super::common::init_goes_on(gateway, "AU14", "its own IKE_SA_INIT request")?;
    let asked = afresh_to_auth(gateway)?;
    gateway.send(&asked.packet.octets)?;
    auth_goes_on(gateway, "AU14", "its own IKE_AUTH request")?;
    let asked = afresh_to_auth(gateway)?;
    let proof = asked.body(PayloadType::AUTH).unwrap_or_default().to_vec();
    let mut answer = gateway.auth_answer()?;
    answer.part(PayloadType::AUTH).body = proof;
    gateway.send_draft(&answer)?;
    is_not_up(gateway, "AU14", "its own AUTH")
}

fn refused(gateway: &mut Gateway) -> Outcome {
    afresh_to_auth(gateway)?;
    let parts = vec![Part::notify(NotifyType::AUTHENTICATION_FAILED, &[])];
    let answer = gateway.respond(ExchangeType::IKE_AUTH, 1, parts)?;
    gateway.send_draft(&answer)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let expected = "no IKE_AUTH and no new attempt at once";
    gateway.demand("ER4", packets.is_empty(), expected, || seen(&packets))
}

/// The first selector, narrowed to one protocol, or to one port of it.
fn narrow(draft: &mut Draft, protocol: u8, ports: (u16, u16)) {
    for whose in [PayloadType::TSI, PayloadType::TSR] {
        let mut selectors = SelectorDraft::of(draft.part(whose));
        selectors.truncate(1);
        if let Some(first) = selectors.first_mut() {
            (first.protocol, first.ports) = (protocol, ports);
        }
        *draft.part(whose) = ts_part(whose, &selectors);
    }
}

fn narrowed(gateway: &mut Gateway) -> Outcome {
    let changes: &[Change] = &[
        ("selectors of UDP alone", |it| narrow(it, 17, (0, u16::MAX))),
        ("selectors of one port of UDP", |it| narrow(it, 17, (5_683, 5_683))),
    ];
    accepts_each_auth(gateway, "TS7", changes)?;
    let more: &[Change] = &[("ADDITIONAL_TS_POSSIBLE", |it| {
        it.payloads().push(Part::notify(NotifyType(16_386), &[]));
    })];
    accepts_each_auth(gateway, "TS5", more)
}

const ADDKE: &[Change] = &[("an additional key exchange", |it| {
    let mut proposal = ProposalDraft::ike(&Suite::default().ike());
    proposal.transforms.push(TransformDraft::new(TransformType::ADDKE1, 36));
    *it.part(PayloadType::SA) = sa_part(&[proposal]);
})];

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
