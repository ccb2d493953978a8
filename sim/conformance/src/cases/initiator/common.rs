//! What many cases for initiators do.
//!
//! An answer that is unacceptable may be dropped, or end the attempt: the RFCs leave that open. What
//! must not happen is that the device goes on as if it were good.

use crate::message::{Part, sa_part};
use crate::peer::{Fate, Gateway, Opened, seen};
use crate::subject::{Packet, Wish};
use crate::verdict::{Outcome, Stop};
use crate::{Draft, Ids, Profile};
use ike_core::{ExchangeType, Header, NotifyType, PayloadType};

pub(super) use crate::message::ProposalDraft;

/// The profiles that answer cookies and track Message IDs.
pub(super) const FULL: &[Profile] = &[Profile::Rfc7296Min, Profile::Modern];

/// A change to a lawful answer, with its name.
pub(super) type Change = (&'static str, fn(&mut Draft));

/// Whether a packet is of that exchange.
pub(super) fn is_of(packet: &Packet, exchange: ExchangeType) -> bool {
    Header::parse(&packet.octets).is_ok_and(|header| header.exchange == exchange)
}

/// Ends whatever is there, and the device begins anew.
pub(super) fn afresh(gateway: &mut Gateway) -> Outcome<Opened> {
    // A device that cannot be told to end ends by itself, or has not begun.
    let _ = gateway.wish(Wish::Close);
    let _ = gateway.fate_of_silence()?;
    (gateway.sa, gateway.next_id) = (None, 0);
    gateway.wake()
}

/// As [`afresh`], up to the IKE_AUTH request.
pub(super) fn afresh_to_auth(gateway: &mut Gateway) -> Outcome<Opened> {
    afresh(gateway)?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    gateway.expect_auth()
}

/// The device must not go on to IKE_AUTH after this IKE_SA_INIT answer.
pub(super) fn refuses_init(
    gateway: &mut Gateway,
    ids: impl Ids,
    (what, answer): (&str, &Draft),
) -> Outcome {
    gateway.send_init(answer)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let goes_on = packets.iter().any(|packet| is_of(packet, ExchangeType::IKE_AUTH));
    gateway.demand(ids, !goes_on, &format!("no IKE_AUTH after {what}"), || seen(&packets))
}

/// Each change to the IKE_SA_INIT answer, in an attempt of its own, must be refused.
pub(super) fn refuses_each_init(
    gateway: &mut Gateway,
    ids: impl Ids,
    changes: &[Change],
) -> Outcome {
    each_init(gateway, changes, |gateway, changed| refuses_init(gateway, ids, changed))
}

/// Each change to the IKE_SA_INIT answer, in an attempt of its own, must be accepted.
pub(super) fn accepts_each_init(
    gateway: &mut Gateway,
    ids: impl Ids,
    changes: &[Change],
) -> Outcome {
    each_init(gateway, changes, |gateway, changed| accepts_init(gateway, ids, changed))
}

fn each_init(
    gateway: &mut Gateway,
    changes: &[Change],
    judge: impl Fn(&mut Gateway, (&str, &Draft)) -> Outcome,
) -> Outcome {
    for (what, change) in changes {
        afresh(gateway)?;
        let mut answer = gateway.init_answer()?;
        change(&mut answer);
        judge(gateway, (what, &answer))?;
    }
    Ok(())
}

/// The device must go on to IKE_AUTH after this IKE_SA_INIT answer, and be up after that.
pub(super) fn accepts_init(
    gateway: &mut Gateway,
    ids: impl Ids,
    (what, answer): (&str, &Draft),
) -> Outcome {
    gateway.send_init(answer)?;
    goes_on(gateway, ids, what)
}

/// The device must send IKE_AUTH, which opens, and be up once it is answered.
pub(super) fn goes_on(gateway: &mut Gateway, ids: impl Ids, what: &str) -> Outcome {
    let asked = gateway.expect_auth();
    if let Err(Stop::Unsupported(reason)) = asked {
        return Err(Stop::Unsupported(reason));
    }
    let expected = format!("IKE_AUTH after {what}");
    let why = asked.as_ref().err().cloned();
    gateway.demand(ids, asked.is_ok(), &expected, || match why {
        Some(Stop::Inconclusive(reason)) => reason,
        other => format!("{other:?}"),
    })?;
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    is_up(gateway, ids, what)
}

/// The device must be up.
pub(super) fn is_up(gateway: &mut Gateway, ids: impl Ids, what: &str) -> Outcome {
    let fate = gateway.fate()?;
    let expected = format!("a device that is up after {what}");
    gateway.demand(ids, fate == Fate::Up, &expected, || format!("{fate:?}"))
}

/// The device must not be up.
pub(super) fn is_not_up(gateway: &mut Gateway, ids: impl Ids, what: &str) -> Outcome {
    let fate = gateway.fate()?;
    let expected = format!("a device that is not up after {what}");
    gateway.demand(ids, fate != Fate::Up, &expected, || format!("{fate:?}"))
}

/// The device must be seen to be up by the book: of one that never answers a request, silence says nothing.
pub(super) fn shows_that_it_is_up(gateway: &mut Gateway) -> Outcome {
    afresh_to_auth(gateway)?;
    gateway.finish_auth()
}

/// Each change to the IKE_AUTH answer, in an attempt of its own, must not convince.
pub(super) fn refuses_each_auth(
    gateway: &mut Gateway,
    ids: impl Ids,
    changes: &[Change],
) -> Outcome {
    shows_that_it_is_up(gateway)?;
    each_auth(gateway, changes, |gateway, what| is_not_up(gateway, ids, what))
}

/// Each change to the IKE_AUTH answer, in an attempt of its own, must be accepted.
pub(super) fn accepts_each_auth(
    gateway: &mut Gateway,
    ids: impl Ids,
    changes: &[Change],
) -> Outcome {
    each_auth(gateway, changes, |gateway, what| is_up(gateway, ids, what))
}

fn each_auth(
    gateway: &mut Gateway,
    changes: &[Change],
    judge: impl Fn(&mut Gateway, &str) -> Outcome,
) -> Outcome {
    for (what, change) in changes {
        afresh_to_auth(gateway)?;
        let mut answer = gateway.auth_answer()?;
        change(&mut answer);
        gateway.send_draft(&answer)?;
        judge(gateway, what)?;
    }
    Ok(())
}

/// What was sent must have changed nothing while IKE_SA_INIT is outstanding: the device does not go
/// on, and the true answer works.
pub(super) fn init_goes_on(gateway: &mut Gateway, ids: impl Ids, what: &str) -> Outcome {
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let odd = packets.iter().any(|packet| !is_of(packet, ExchangeType::IKE_SA_INIT));
    let expected = format!("nothing but IKE_SA_INIT again after {what}");
    gateway.demand(ids, !odd, &expected, || seen(&packets))?;
    let answer = gateway.init_answer()?;
    accepts_init(gateway, ids, (&format!("the true answer behind {what}"), &answer))
}

/// What was sent must have changed nothing while IKE_AUTH is outstanding: the device asks again, and the
/// true answer works.
pub(super) fn auth_goes_on(gateway: &mut Gateway, ids: impl Ids, what: &str) -> Outcome {
    let span = gateway.patience.answer;
    let mut packets = gateway.listen(span);
    let is_auth = |packet: &Packet| is_of(packet, ExchangeType::IKE_AUTH);
    if !packets.iter().any(is_auth) {
        // Who took it for the answer does not ask again, and would not mind the true one.
        packets.extend(gateway.retransmission());
    }
    let right = !packets.is_empty() && packets.iter().all(is_auth);
    let expected = format!("IKE_AUTH again and nothing else after {what}");
    gateway.demand(ids, right, &expected, || seen(&packets))?;
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    is_up(gateway, ids, &format!("the true answer behind {what}"))
}

/// The device says nothing for a while.
pub(super) fn is_silent(gateway: &mut Gateway, ids: impl Ids, what: &str) -> Outcome {
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let expected = format!("silence after {what}");
    gateway.demand(ids, packets.is_empty(), &expected, || seen(&packets))
}

/// The device's answer to this request, which must be there with the right header.
pub(super) fn answered(
    gateway: &mut Gateway,
    ids: impl Ids,
    (what, request): (&str, &Draft),
) -> Outcome<Opened> {
    let answer = gateway.exchange(request)?;
    let Some(answer) = answer else {
        gateway.demand(ids, false, &format!("an answer to {what}"), || "none".into())?;
        return Err(Stop::Failed);
    };
    let header = &answer.header;
    let right = header.exchange == request.header.exchange && header.flags.0 == 0x28;
    let found = format!("{} with flags {:#04x}", header.exchange, header.flags.0);
    let expected = format!("a response of the same exchange, of the initiator, to {what}");
    gateway.demand(ids, right, &expected, || found)?;
    Ok(answer)
}

/// The device's answer to this request, which must be empty.
pub(super) fn answered_empty(
    gateway: &mut Gateway,
    ids: impl Ids,
    (what, request): (&str, &Draft),
) -> Outcome {
    let answer = answered(gateway, ids, (what, request))?;
    let expected = format!("an empty answer to {what}");
    gateway.demand(ids, answer.parts.is_empty(), &expected, || answer.summary())
}

/// The device's answer to this request, which must be this error and nothing else.
pub(super) fn answered_error(
    gateway: &mut Gateway,
    ids: impl Ids,
    (what, request): (&str, &Draft),
    wanted: (NotifyType, &[u8]),
) -> Outcome {
    let answer = answered(gateway, ids, (what, request))?;
    let (kind, data) = wanted;
    let expected = format!("{kind} to {what}");
    let holds = answer.notifies() == [(kind, data.to_vec())] && answer.parts.len() == 1;
    gateway.demand(ids, holds, &expected, || answer.summary())
}

/// Puts a payload in front of the first of that type, or at the end.
pub(super) fn insert_before(draft: &mut Draft, kind: PayloadType, part: Part) {
    let payloads = draft.payloads();
    let at = payloads.iter().position(|part| part.kind == kind).unwrap_or(payloads.len());
    payloads.insert(at, part);
}

/// Replaces the SA payload.
pub(super) fn set_sa(draft: &mut Draft, proposals: &[ProposalDraft]) {
    *draft.part(PayloadType::SA) = sa_part(proposals);
}
