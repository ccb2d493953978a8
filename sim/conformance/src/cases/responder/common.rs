//! What many cases for responders do.

use crate::message::{Part, ProposalDraft, SelectorDraft, sa_part, ts_part};
use crate::peer::{Opened, seen};
use crate::verdict::{Outcome, Stop};
use crate::{Device, Draft, Ids};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use crypto::SharedSecret;
use ike_core::{ExchangeType, NotifyType, PayloadType, TransformType};

/// A change to a lawful request, with its name.
pub(super) type Change = (&'static str, fn(&mut Draft));

/// The address beside one: a tester outside may have no network of its own but that of its usual address.
pub(super) fn beside(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() ^ 1).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() ^ 1).into(),
    }
}

/// What was answered, in words.
pub(super) fn words(answer: Option<&Opened>) -> String {
    answer.map_or("nothing".into(), Opened::summary)
}

/// Whether it is an answer to IKE_SA_INIT that makes an SA, or a part of one.
fn offers_sa(answer: Option<&Opened>) -> bool {
    answer
        .is_some_and(|it| it.body(PayloadType::SA).is_some() || it.body(PayloadType::KE).is_some())
}

/// Whether it is a response in that exchange.
fn is_response(answer: &Opened, exchange: ExchangeType) -> bool {
    answer.header.exchange == exchange && answer.header.flags.is_response()
}

/// Sends the changed IKE_SA_INIT request in an attempt of its own.
fn changed_init(device: &mut Device, change: fn(&mut Draft)) -> Outcome {
    device.restart();
    let mut request = device.init_request();
    change(&mut request);
    device.send_init(&request)
}

/// The changed IKE_AUTH request, in an attempt of its own.
fn changed_auth(device: &mut Device, change: fn(&mut Draft)) -> Outcome<Draft> {
    device.restart();
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    change(&mut request);
    Ok(request)
}

/// From an IKE_SA_INIT response to an SA that answers.
fn goes_on(device: &mut Device, ids: impl Ids, what: &str) -> Outcome {
    let answer = device.clear_answer();
    makes_sa(device, ids, what, answer.as_ref())?;
    let request = device.auth_request()?;
    authenticates(device, ids, (what, &request)).map(|_| ())
}

/// The answer must be one that makes an SA; it is taken.
pub(super) fn makes_sa(
    device: &mut Device,
    ids: impl Ids,
    what: &str,
    answer: Option<&Opened>,
) -> Outcome {
    let all = [PayloadType::SA, PayloadType::KE, PayloadType::NONCE];
    let good = answer.is_some_and(|answer| {
        is_response(answer, ExchangeType::IKE_SA_INIT)
            && all.iter().all(|kind| answer.body(*kind).is_some())
    });
    let expected = format!("an IKE_SA_INIT response with SA, KE and a nonce to {what}");
    device.demand(ids, good, &expected, || words(answer))?;
    let none = || Stop::Inconclusive("no answer to IKE_SA_INIT".into());
    device.take_init(answer.ok_or_else(none)?)
}

/// The IKE_AUTH request must be answered with AUTH and a Child SA, and the IKE SA must work.
pub(super) fn authenticates(
    device: &mut Device,
    ids: impl Ids,
    (what, request): (&str, &Draft),
) -> Outcome<Opened> {
    let answer = proves(device, ids, (what, request))?;
    let child = answer.body(PayloadType::SA).is_some();
    device.demand(ids, child, &format!("a Child SA after {what}"), || answer.summary())?;
    Ok(answer)
}

/// The IKE_AUTH request must be answered with AUTH, and the IKE SA must work.
fn proves(device: &mut Device, ids: impl Ids, (what, request): (&str, &Draft)) -> Outcome<Opened> {
    let answer = device.exchange(request)?;
    let good = answer.as_ref().is_some_and(|answer| {
        is_response(answer, ExchangeType::IKE_AUTH) && answer.body(PayloadType::AUTH).is_some()
    });
    let expected = format!("an IKE_AUTH response with AUTH to {what}");
    device.demand(ids, good, &expected, || words(answer.as_ref()))?;
    is_up(device, ids, what)?;
    answer.ok_or(Stop::Failed)
}

/// The SA must answer.
pub(super) fn is_up(device: &mut Device, ids: impl Ids, what: &str) -> Outcome {
    let up = device.is_up()?;
    device.demand(ids, up, &format!("an SA that answers after {what}"), || "no answer".into())
}

/// The SA must not answer any more, or never have done so.
pub(super) fn is_down(device: &mut Device, ids: impl Ids, what: &str) -> Outcome {
    let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let answer = device.exchange(&request)?;
    let expected = format!("no SA that answers after {what}");
    device.demand(ids, answer.is_none(), &expected, || words(answer.as_ref()))
}

/// Each change to the IKE_SA_INIT request, in an attempt of its own, must be accepted.
pub(super) fn accepts_init(device: &mut Device, ids: impl Ids, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        changed_init(device, *change)?;
        goes_on(device, ids, what)?;
    }
    Ok(())
}

/// The answer to an IKE_SA_INIT request whose cipher nobody has, in an attempt of its own; silence is as good.
pub(super) fn refused(device: &mut Device, change: fn(&mut Draft)) -> Outcome<Option<Opened>> {
    device.restart();
    let mut request = device.init_request();
    let mut proposal = ProposalDraft::ike(&device.setup.suite.ike());
    proposal.transform(TransformType::ENCR).id = 1023;
    set_sa(&mut request, &[proposal]);
    change(&mut request);
    device.send_init(&request)?;
    Ok(device.clear_answer())
}

/// Each change to the IKE_AUTH request, in an attempt of its own, must be accepted.
pub(super) fn accepts_auth(device: &mut Device, ids: impl Ids, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        let request = changed_auth(device, *change)?;
        authenticates(device, ids, (what, &request))?;
    }
    Ok(())
}

/// Each change to the IKE_SA_INIT request, in an attempt of its own, must get no word, and a true
/// request behind it must be served.
pub(super) fn drops_init(device: &mut Device, ids: impl Ids, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        changed_init(device, *change)?;
        is_silent(device, ids, what)?;
        device.restart();
        let request = device.init_request();
        device.send_init(&request)?;
        goes_on(device, ids, &format!("a true request behind {what}"))?;
    }
    Ok(())
}

/// Each change to the IKE_SA_INIT request, in an attempt of its own, must get this error alone.
pub(super) fn refuses_init(
    device: &mut Device,
    ids: impl Ids,
    kind: NotifyType,
    changes: &[Change],
) -> Outcome {
    for (what, change) in changes {
        changed_init(device, *change)?;
        let answer = device.clear_answer();
        is_only(device, ids, (what, answer.as_ref()), kind)?;
    }
    Ok(())
}

/// No change to the IKE_SA_INIT request, each in an attempt of its own, may make an SA; an error or
/// silence are as good.
pub(super) fn makes_none(device: &mut Device, ids: impl Ids, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        changed_init(device, *change)?;
        let answer = device.clear_answer();
        let made = offers_sa(answer.as_ref());
        let expected = format!("no SA after {what}");
        device.demand(ids, !made, &expected, || words(answer.as_ref()))?;
    }
    // Who answers nobody shows nothing.
    device.restart();
    device.reach_auth()
}

/// A public value that must not be used: its name, the change to the request, and the shared secret that it gives as a
/// number, where the tester can know it.
pub(super) type Weak = (&'static str, fn(&mut Draft), Option<u8>);

/// No weak public value, each in an attempt of its own, may make an SA. A responder that computes the secret only
/// when it needs it answers IKE_SA_INIT all the same: then it must not answer what is protected by that secret.
pub(super) fn shares_nothing(device: &mut Device, ids: impl Ids, values: &[Weak]) -> Outcome {
    let mut unseen = Vec::new();
    for (what, change, secret) in values {
        changed_init(device, *change)?;
        let mut answer = device.clear_answer().filter(|answer| offers_sa(Some(answer)));
        match (answer.take(), secret) {
            (None, _) => {}
            (Some(_), None) => unseen.push(*what),
            (Some(offer), Some(secret)) => {
                let mut octets = vec![0; device.private.group().shared_secret_len()];
                if let Some(last) = octets.last_mut() {
                    *last = *secret;
                }
                let shared = SharedSecret::new(&octets).expect("as long as a shared secret");
                device.take_shared(&offer, &shared)?;
                let request = device.auth_request()?;
                answer = device.exchange(&request)?;
            }
        }
        let expected = format!("nothing protected by the secret of {what}");
        device.demand(ids, answer.is_none(), &expected, || words(answer.as_ref()))?;
    }
    // Who answers nobody shows nothing.
    device.restart();
    device.reach_auth()?;
    if unseen.is_empty() {
        return Ok(());
    }
    let text = format!("IKE_SA_INIT is answered after {}", unseen.join(", "));
    Err(Stop::Inconclusive(format!("{text}; whether the secret is ever computed cannot be seen")))
}

/// Each change to the IKE_AUTH request, in an attempt of its own, must get this error alone, under
/// protection.
pub(super) fn refuses_auth(
    device: &mut Device,
    ids: impl Ids,
    kind: NotifyType,
    changes: &[Change],
) -> Outcome {
    for (what, change) in changes {
        let request = changed_auth(device, *change)?;
        let answer = device.exchange(&request)?;
        is_only(device, ids, (what, answer.as_ref()), kind)?;
        is_down(device, ids, what)?;
    }
    Ok(())
}

/// Each change to the IKE_AUTH request, in an attempt of its own, must get an answer with AUTH, this
/// error and no Child SA.
pub(super) fn refuses_child(
    device: &mut Device,
    ids: impl Ids,
    kind: NotifyType,
    changes: &[Change],
) -> Outcome {
    for (what, change) in changes {
        let request = changed_auth(device, *change)?;
        let answer = proves(device, ids, (what, &request))?;
        let holds = answer.notify(kind).is_some() && answer.body(PayloadType::SA).is_none();
        let expected = format!("{kind} and no Child SA after {what}");
        device.demand(ids, holds, &expected, || answer.summary())?;
    }
    Ok(())
}

/// No change to the IKE_AUTH request, each in an attempt of its own, may convince (`ids`); who fails
/// to is told so under protection (ER1).
pub(super) fn convinces_not(device: &mut Device, ids: impl Ids, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        let request = changed_auth(device, *change)?;
        unconvinced(device, ids, (what, &request))?;
        is_down(device, ids, what)?;
    }
    Ok(())
}

/// The IKE_AUTH request must not convince (`ids`); the answer is a protected AUTHENTICATION_FAILED
/// (ER1).
pub(super) fn unconvinced(
    device: &mut Device,
    ids: impl Ids,
    (what, request): (&str, &Draft),
) -> Outcome {
    let answer = device.exchange(request)?;
    let made = answer.as_ref().is_some_and(|answer| {
        answer.body(PayloadType::AUTH).is_some() || answer.body(PayloadType::SA).is_some()
    });
    let expected = format!("neither AUTH nor a Child SA after {what}");
    device.demand(ids, !made, &expected, || words(answer.as_ref()))?;
    is_only(device, "ER1", (what, answer.as_ref()), NotifyType::AUTHENTICATION_FAILED)
}

/// The IKE_AUTH request as sent octets must get no word, and the true one must be served.
pub(super) fn drops_auth(device: &mut Device, ids: impl Ids, changes: &[Change]) -> Outcome {
    for (what, change) in changes {
        let request = changed_auth(device, *change)?;
        device.send_draft(&request)?;
        is_silent(device, ids, what)?;
        device.next_id = 1;
        let request = device.auth_request()?;
        authenticates(device, ids, (&format!("the true request behind {what}"), &request))?;
    }
    Ok(())
}

/// The answer must be there with that one notify and nothing else.
pub(super) fn is_only(
    device: &mut Device,
    ids: impl Ids,
    (what, answer): (&str, Option<&Opened>),
    kind: NotifyType,
) -> Outcome {
    let holds =
        answer.is_some_and(|answer| answer.parts.len() == 1 && answer.notify(kind).is_some());
    device.demand(ids, holds, &format!("{kind} alone after {what}"), || words(answer))
}

/// The answer must say nothing (`ids`) but that it does not know this critical payload (HD11).
pub(super) fn names_critical(
    device: &mut Device,
    ids: impl Ids,
    (answer, critical): (Option<&Opened>, PayloadType),
) -> Outcome {
    let kind = NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD;
    is_only(device, ids, ("an unknown critical payload", answer), kind)?;
    let data = answer.and_then(|answer| answer.notify(kind)).unwrap_or_default();
    device.demand_same("HD11", "the type of the payload", (&[critical.0], &data))
}

/// The responder says nothing for a while.
pub(super) fn is_silent(device: &mut Device, ids: impl Ids, what: &str) -> Outcome {
    let (packets, words) = device.overhear();
    device.demand(ids, packets.is_empty(), &format!("silence after {what}"), || words)
}

/// These octets must get no word, and the SA must live on.
pub(super) fn ignores(
    device: &mut Device,
    ids: impl Ids,
    (what, octets): (&str, &[u8]),
) -> Outcome {
    device.send(octets)?;
    is_silent(device, ids, what)?;
    is_up(device, ids, what)
}

/// A request inside the SA must be answered, in the same exchange and with the flags of a response.
pub(super) fn answered(
    device: &mut Device,
    ids: impl Ids,
    (what, request): (&str, &Draft),
) -> Outcome<Opened> {
    let answer = device.exchange(request)?;
    let right = answer.as_ref().is_some_and(|answer| {
        answer.header.exchange == request.header.exchange && answer.header.flags.0 == 0x20
    });
    let expected = format!("an answer to {what}");
    device.demand(ids, right, &expected, || words(answer.as_ref()))?;
    answer.ok_or(Stop::Failed)
}

/// A request inside the SA must get an answer without an error.
pub(super) fn answered_well(
    device: &mut Device,
    ids: impl Ids,
    (what, exchange, parts): (&str, ExchangeType, Vec<Part>),
) -> Outcome<Opened> {
    let request = device.ask(exchange, parts)?;
    let answer = answered(device, ids, (what, &request))?;
    let error = answer.notifies().iter().any(|(kind, _)| kind.is_error());
    device.demand(ids, !error, &format!("no error in answer to {what}"), || answer.summary())?;
    Ok(answer)
}

/// The same octets sent again must get the same octets back, once.
pub(super) fn repeats(
    device: &mut Device,
    ids: impl Ids,
    (what, request): (&str, &[u8]),
    first: &[u8],
) -> Outcome {
    for _ in 0..3 {
        device.send(request)?;
        let span = device.patience.answer;
        let packets = device.listen(span);
        let expected = format!("one answer to {what} again");
        device.demand(ids, packets.len() == 1, &expected, || seen(&packets))?;
        let again = packets.first().map_or(&[][..], |packet| &packet.octets);
        device.demand_same(ids, &format!("the stored answer to {what}"), (first, again))?;
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
