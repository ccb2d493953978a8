//! What many cases for responders do.

use crate::message::{Part, ProposalDraft, SelectorDraft, sa_part, ts_part};
use crate::peer::{Opened, seen};
use crate::verdict::{Outcome, Stop};
use crate::{Device, Draft};
use ike_core::{ExchangeType, NotifyType, PayloadType};

/// A change to a lawful request, with its name.
pub(super) type Change = (&'static str, fn(&mut Draft));

/// From an IKE_SA_INIT response to an SA that answers.
fn goes_on(device: &mut Device, id: &'static str, what: &str) -> Outcome {
    let answer = device.clear_answer();
    makes_sa(device, id, what, answer.as_ref())?;
    let request = device.auth_request()?;
    authenticates(device, id, (what, &request)).map(|_| ())
}

/// The answer must be one that makes an SA; it is taken.
pub(super) fn makes_sa(
    device: &mut Device,
    id: &'static str,
    what: &str,
    answer: Option<&Opened>,
) -> Outcome {
    let found = || answer.map_or("nothing".into(), Opened::summary);
    let good = answer.is_some_and(|answer| answer.body(PayloadType::KE).is_some());
    device.demand(id, good, &format!("an IKE_SA_INIT response with KE to {what}"), found)?;
    let none = || Stop::Inconclusive("no answer to IKE_SA_INIT".into());
    device.take_init(answer.ok_or_else(none)?)
}

/// The IKE_AUTH request must be answered with AUTH, and the SA must work.
pub(super) fn authenticates(
    device: &mut Device,
    id: &'static str,
    (what, request): (&str, &Draft),
) -> Outcome<Opened> {
    let answer = device.exchange(request)?;
    let found = answer.as_ref().map_or("nothing".into(), Opened::summary);
    let good = answer.as_ref().is_some_and(|answer| answer.body(PayloadType::AUTH).is_some());
    device.demand(id, good, &format!("an IKE_AUTH response with AUTH to {what}"), || found)?;
    is_up(device, id, what)?;
    answer.ok_or(Stop::Failed)
}

/// The SA must answer.
pub(super) fn is_up(device: &mut Device, id: &'static str, what: &str) -> Outcome {
    let up = device.is_up()?;
    device.demand(id, up, &format!("an SA that answers after {what}"), || "no answer".into())
}

/// The SA must not answer any more, or never have done so.
pub(super) fn is_down(device: &mut Device, id: &'static str, what: &str) -> Outcome {
    let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let answer = device.exchange(&request)?;
    let found = answer.as_ref().map_or("nothing".into(), Opened::summary);
    device.demand(id, answer.is_none(), &format!("no SA that answers after {what}"), || found)
}

/// Each change to the IKE_SA_INIT request, in an attempt of its own, must be accepted.
pub(super) fn accepts_init(device: &mut Device, id: &'static str, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        device.restart();
        let mut request = device.init_request();
        change(&mut request);
        device.send_init(&request)?;
        goes_on(device, id, what)?;
    }
    Ok(())
}

/// Each change to the IKE_AUTH request, in an attempt of its own, must be accepted.
pub(super) fn accepts_auth(device: &mut Device, id: &'static str, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        change(&mut request);
        authenticates(device, id, (what, &request))?;
    }
    Ok(())
}

/// Each change to the IKE_SA_INIT request, in an attempt of its own, must get no word, and a true
/// request behind it must be served.
pub(super) fn drops_init(device: &mut Device, id: &'static str, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        device.restart();
        let mut request = device.init_request();
        change(&mut request);
        device.send_init(&request)?;
        is_silent(device, id, what)?;
        device.restart();
        let request = device.init_request();
        device.send_init(&request)?;
        goes_on(device, id, &format!("a true request behind {what}"))?;
    }
    Ok(())
}

/// Each change to the IKE_SA_INIT request, in an attempt of its own, must get this error alone.
pub(super) fn refuses_init(
    device: &mut Device,
    id: &'static str,
    kind: NotifyType,
    changes: &[Change],
) -> Outcome {
    for (what, change) in changes {
        device.restart();
        let mut request = device.init_request();
        change(&mut request);
        device.send_init(&request)?;
        let answer = device.clear_answer();
        is_only(device, id, (what, answer.as_ref()), kind)?;
    }
    Ok(())
}

/// No change to the IKE_SA_INIT request, each in an attempt of its own, may make an SA; an error or
/// silence are as good.
pub(super) fn makes_none(device: &mut Device, id: &'static str, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        device.restart();
        let mut request = device.init_request();
        change(&mut request);
        device.send_init(&request)?;
        let answer = device.clear_answer();
        let made = answer.as_ref().is_some_and(|answer| answer.body(PayloadType::KE).is_some());
        let found = || answer.as_ref().map_or(String::new(), Opened::summary);
        device.demand(id, !made, &format!("no SA after {what}"), found)?;
    }
    // Who answers nobody shows nothing.
    device.restart();
    device.reach_auth()
}

/// Each change to the IKE_AUTH request, in an attempt of its own, must get this error alone, under
/// protection.
pub(super) fn refuses_auth(
    device: &mut Device,
    id: &'static str,
    kind: NotifyType,
    changes: &[Change],
) -> Outcome {
    for (what, change) in changes {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        change(&mut request);
        let answer = device.exchange(&request)?;
        is_only(device, id, (what, answer.as_ref()), kind)?;
        is_down(device, id, what)?;
    }
    Ok(())
}

/// Each change to the IKE_AUTH request, in an attempt of its own, must get an answer with AUTH, this
/// error and no Child SA.
pub(super) fn refuses_child(
    device: &mut Device,
    id: &'static str,
    kind: NotifyType,
    changes: &[Change],
) -> Outcome {
    for (what, change) in changes {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        change(&mut request);
        let answer = authenticates(device, id, (what, &request))?;
        let holds = answer.notify(kind).is_some() && answer.body(PayloadType::SA).is_none();
        let expected = format!("{kind} and no Child SA after {what}");
        device.demand(id, holds, &expected, || answer.summary())?;
    }
    Ok(())
}

/// The IKE_AUTH request as sent octets must get no word, and the true one must be served.
pub(super) fn drops_auth(device: &mut Device, id: &'static str, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        change(&mut request);
        device.send_draft(&request)?;
        is_silent(device, id, what)?;
        device.next_id = 1;
        let request = device.auth_request()?;
        authenticates(device, id, (&format!("the true request behind {what}"), &request))?;
    }
    Ok(())
}

/// The answer must be there with that one notify and nothing else.
pub(super) fn is_only(
    device: &mut Device,
    id: &'static str,
    (what, answer): (&str, Option<&Opened>),
    kind: NotifyType,
) -> Outcome {
    let found = || answer.map_or("nothing".into(), Opened::summary);
    let holds =
        answer.is_some_and(|answer| answer.parts.len() == 1 && answer.notify(kind).is_some());
    device.demand(id, holds, &format!("{kind} alone after {what}"), found)
}

/// The responder says nothing for a while.
pub(super) fn is_silent(device: &mut Device, id: &'static str, what: &str) -> Outcome {
    let (packets, words) = device.overhear();
    device.demand(id, packets.is_empty(), &format!("silence after {what}"), || words)
}

/// These octets must get no word, and the SA must live on.
pub(super) fn ignores(
    device: &mut Device,
    id: &'static str,
    (what, octets): (&str, &[u8]),
) -> Outcome {
    device.send(octets)?;
    is_silent(device, id, what)?;
    is_up(device, id, what)
}

/// A request inside the SA must be answered, in the same exchange and with the flags of a response.
pub(super) fn answered(
    device: &mut Device,
    id: &'static str,
    (what, request): (&str, &Draft),
) -> Outcome<Opened> {
    let answer = device.exchange(request)?;
    let right = answer.as_ref().is_some_and(|answer| {
        answer.header.exchange == request.header.exchange && answer.header.flags.0 == 0x20
    });
    let found = answer.as_ref().map_or("nothing".into(), Opened::summary);
    device.demand(id, right, &format!("an answer to {what}"), || found)?;
    answer.ok_or(Stop::Failed)
}

/// A request inside the SA must get an answer without an error.
pub(super) fn answered_well(
    device: &mut Device,
    id: &'static str,
    (what, exchange, parts): (&str, ExchangeType, Vec<Part>),
) -> Outcome<Opened> {
    let request = device.ask(exchange, parts)?;
    let answer = answered(device, id, (what, &request))?;
    let error = answer.notifies().iter().any(|(kind, _)| kind.is_error());
    device.demand(id, !error, &format!("no error in answer to {what}"), || answer.summary())?;
    Ok(answer)
}

/// The same octets sent again must get the same octets back, once.
pub(super) fn repeats(
    device: &mut Device,
    id: &'static str,
    (what, request): (&str, &[u8]),
    first: &[u8],
) -> Outcome {
    for _ in 0..3 {
        device.send(request)?;
        let span = device.patience.answer;
        let packets = device.listen(span);
        let expected = format!("one answer to {what} again");
        device.demand(id, packets.len() == 1, &expected, || seen(&packets))?;
        let again = packets.first().map_or(&[][..], |packet| &packet.octets);
        device.demand_same(id, &format!("the stored answer to {what}"), (first, again))?;
    }
    Ok(())
}

/// Replaces the SA payload.
pub(super) fn set_sa(draft: &mut Draft, proposals: &[ProposalDraft]) {
    *draft.part(PayloadType::SA) = sa_part(proposals);
}

/// Replaces the selectors of one side.
pub(super) fn set_ts(draft: &mut Draft, whose: PayloadType, selectors: &[SelectorDraft]) {
    *draft.part(whose) = ts_part(whose, selectors);
}
