//! Answers that come twice, late or reflected, that refuse, and that say more or less than was asked.

use super::common::{
    Change, accepts_each_auth, accepts_init, afresh, afresh_to_auth, auth_goes_on, init_goes_on,
    is_not_up, is_silent, is_up, refuses_each_init, shows_that_it_is_up,
};
use crate::message::{Part, ProposalDraft, SelectorDraft, TransformDraft, sa_part, ts_part};
use crate::peer::{Opened, seen};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Draft, Gateway, Profile};
use ike_core::{ExchangeType, Header, NotifyType, PayloadType, Suite, TransformType};

pub(super) const CASES: &[Case] = &[
    Case::initiator("answers/responses-twice", &["RT25"], twice, "sends both answers twice"),
    Case::initiator(
        "answers/last-answer",
        &["RT24", "RT7"],
        last_answer,
        "answers the last transmission only",
    ),
    Case::initiator(
        "answers/reflected",
        &["AU14"],
        reflected,
        "sends the device's own messages and its own AUTH back",
    ),
    Case::initiator(
        "answers/refused",
        &["ER4"],
        refused,
        "says AUTHENTICATION_FAILED under protection in the place of AUTH",
    ),
    Case::initiator(
        "answers/child-refused",
        &["ER2"],
        child_refused,
        "proves who it is and refuses the Child SA with each error: no AUTHENTICATION_FAILED; RFC 7815 ends the IKE SA",
    ),
    Case::initiator(
        "answers/no-child",
        &["ER2"],
        |gateway| childless(gateway, "nothing of a Child SA", None),
        "proves who it is and says nothing of a Child SA",
    ),
    Case::initiator(
        "answers/long-init",
        &["RT16"],
        long_init,
        "answers IKE_SA_INIT with 1,280 octets, and with 3,000",
    ),
    Case::initiator(
        "answers/long-auth",
        &["RT16"],
        long_auth,
        "answers IKE_AUTH with 1,280 octets, and with 3,000",
    ),
    Case::initiator(
        "answers/narrowed",
        &["TS7", "TS5"],
        narrowed,
        "answers with selectors that are narrowed, and says ADDITIONAL_TS_POSSIBLE",
    ),
    Case::initiator(
        "answers/additional-key-exchange",
        &["KE2"],
        |gateway| refuses_each_init(gateway, "KE2", ADDKE),
        "answers with an additional key exchange that nobody offered",
    ),
    Case::initiator(
        "answers/auth-methods",
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

/// Once to count its transmissions, and once to answer the last of them.
fn last_answer(gateway: &mut Gateway) -> Outcome {
    let first = gateway.wake()?.packet;
    let mut count = 1;
    while let Some(again) = gateway.retransmission() {
        gateway.demand_same("RT7", "the request as before", (&first.octets, &again.octets))?;
        count += 1;
    }
    // The same once more, answered at the last transmission.
    afresh(gateway)?;
    for _ in 1..count {
        if gateway.retransmission().is_none() {
            return Err(Stop::Inconclusive("the second attempt sent less often".into()));
        }
    }
    let answer = gateway.init_answer()?;
    accepts_init(gateway, "RT24", ("an answer to the last transmission", &answer))
}

fn reflected(gateway: &mut Gateway) -> Outcome {
    shows_that_it_is_up(gateway)?;
    let request = afresh(gateway)?;
    gateway.send(&request.packet.octets)?;
    init_goes_on(gateway, "AU14", "its own IKE_SA_INIT request")?;
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

/// What may stand in the place of the Child SA (RFC 7296 2.21.2).
const REFUSALS: [NotifyType; 5] = [
    NotifyType::NO_PROPOSAL_CHOSEN,
    NotifyType::TS_UNACCEPTABLE,
    NotifyType::SINGLE_PAIR_REQUIRED,
    NotifyType::INTERNAL_ADDRESS_FAILURE,
    NotifyType::FAILED_CP_REQUIRED,
];

fn child_refused(gateway: &mut Gateway) -> Outcome {
    for refusal in REFUSALS {
        childless(gateway, &refusal.to_string(), Some(refusal))?;
    }
    Ok(())
}

/// A good AUTH without what makes a Child SA, and what the device makes of it.
fn childless(gateway: &mut Gateway, what: &str, refusal: Option<NotifyType>) -> Outcome {
    afresh_to_auth(gateway)?;
    let mut answer = gateway.auth_answer()?;
    for kind in [PayloadType::SA, PayloadType::TSI, PayloadType::TSR] {
        answer.remove(kind);
    }
    answer.payloads().extend(refusal.map(|refusal| Part::notify(refusal, &[])));
    gateway.send_draft(&answer)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let said: Vec<Opened> = packets.iter().filter_map(|packet| gateway.open(packet)).collect();
    let again = said.iter().any(|it| it.header.exchange == ExchangeType::IKE_AUTH);
    let expected = format!("no IKE_AUTH again after {what}");
    gateway.demand("ER2", !again, &expected, || seen(&packets))?;
    let failed = said.iter().any(|it| it.notify(NotifyType::AUTHENTICATION_FAILED).is_some());
    let expected = format!("no AUTHENTICATION_FAILED after {what} beside a good AUTH");
    gateway.demand("ER2", !failed, &expected, || seen(&packets))?;
    for told in said {
        let Header { exchange, message_id, .. } = told.header;
        let answer = gateway.respond(exchange, message_id, Vec::new())?;
        gateway.send_draft(&answer)?;
    }
    if gateway.setup.profile != Profile::Rfc7815 {
        // Whoever does more than the least may keep it (RFC 7296 1.2).
        return Ok(());
    }
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let up = gateway.exchange(&request)?.is_some();
    let expected = format!("an IKE SA that has ended after {what}");
    gateway.demand("ER2", !up, &expected, || "one that answers".into())
}

/// A message of that many octets, more than the usual answer needs.
fn long(gateway: &Gateway, draft: &mut Draft, total: usize) -> Outcome {
    let filler = |octets: usize| Part::notify(NotifyType(60_000), &vec![0x5a; octets]);
    draft.payloads().push(filler(0));
    let least = gateway.seal(draft)?.len();
    draft.payloads().pop();
    draft.payloads().push(filler(total.saturating_sub(least)));
    Ok(())
}

fn long_init(gateway: &mut Gateway) -> Outcome {
    for total in [1_280, 3_000] {
        afresh(gateway)?;
        let mut answer = gateway.init_answer()?;
        long(gateway, &mut answer, total)?;
        accepts_init(gateway, "RT16", (&format!("an answer of {total} octets"), &answer))?;
    }
    Ok(())
}

fn long_auth(gateway: &mut Gateway) -> Outcome {
    for total in [1_280, 3_000] {
        afresh_to_auth(gateway)?;
        let mut answer = gateway.auth_answer()?;
        long(gateway, &mut answer, total)?;
        gateway.send_draft(&answer)?;
        is_up(gateway, "RT16", &format!("an answer of {total} octets"))?;
    }
    Ok(())
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
