//! What a device repeats beside its first request, and how often its messages may be lost.

use super::common::{FULL, afresh, afresh_to_auth, is_up};
use super::sending::{GROWTH, grow};
use crate::message::Part;
use crate::subject::Packet;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Gateway, Ids, Wish};
use core::time::Duration;
use ike_core::NotifyType;

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "repeating/auth",
        &["RT1", "RT2", "RT3"],
        auth,
        "never answers IKE_AUTH: the request comes again, the same, after ever longer times",
    ),
    Case::initiator(
        "repeating/cookie",
        &["RT2"],
        cookie,
        "asks for a cookie and then says nothing: the request with the cookie comes again, the same",
    )
    .only(FULL),
    Case::initiator(
        "repeating/delete",
        &["RT2"],
        delete,
        "does not answer a Delete: if it comes again, it is the same",
    ),
    Case::initiator(
        "repeating/lost",
        &["RT7", "RT24"],
        lost,
        "answers both requests when they come the second, third and fourth time",
    ),
];

/// All transmissions of a request that is never answered; each must be the first one's octets.
fn all(gateway: &mut Gateway, ids: impl Ids, first: &Packet) -> Outcome<Vec<Duration>> {
    let mut times = vec![first.at];
    while let Some(again) = gateway.retransmission() {
        gateway.demand_same(ids, "the request as before", (&first.octets, &again.octets))?;
        times.push(again.at);
    }
    Ok(times.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).collect())
}

fn auth(gateway: &mut Gateway) -> Outcome {
    let first = gateway.reach_auth()?.packet;
    let gaps = all(gateway, "RT2", &first)?;
    let silence = || "silence".into();
    gateway.demand(["RT1", "RT2"], !gaps.is_empty(), "the request again", silence)?;
    gateway.demand("RT3", grow(&gaps), GROWTH, || format!("{gaps:?}"))
}

fn cookie(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let cookie = gateway.random(20);
    let wish = gateway.init_refusal(Part::notify(NotifyType::COOKIE, &cookie))?;
    gateway.send_draft(&wish)?;
    let span = gateway.patience.answer;
    let nothing = || Stop::Inconclusive("the device sent no request with the cookie".into());
    let request = gateway.next_init(span)?.ok_or_else(nothing)?;
    if request.notify(NotifyType::COOKIE) != Some(cookie) {
        return Err(nothing());
    }
    let gaps = all(gateway, "RT2", &request.packet)?;
    gateway.demand("RT2", !gaps.is_empty(), "the request again", || "silence".into())
}

fn delete(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    gateway.wish(Wish::Close)?;
    let within = gateway.patience.answer;
    let none = || Stop::Inconclusive("the device sent no Delete".into());
    let first = gateway.receive_ike(within).ok_or_else(none)?;
    let gaps = all(gateway, "RT2", &first)?;
    let once = || Stop::Inconclusive("the device sends its Delete once".into());
    gaps.first().map(drop).ok_or_else(once)
}

/// So many transmissions of a message may be lost here.
const LOST: usize = 3;

/// Lets so many more transmissions of what is outstanding go by; each must come.
fn lets_go(gateway: &mut Gateway, count: usize) -> Outcome {
    for lost in 1..=count {
        let came = gateway.retransmission().is_some();
        let expected = format!("the request again when {lost} went without an answer");
        gateway.demand("RT7", came, &expected, || "silence".into())?;
    }
    Ok(())
}

fn lost(gateway: &mut Gateway) -> Outcome {
    for count in 1..=LOST {
        afresh(gateway)?;
        lets_go(gateway, count)?;
        let answer = gateway.init_answer()?;
        gateway.send_init(&answer)?;
        let asked = gateway.expect_auth().is_ok();
        let expected = format!("IKE_AUTH when {count} IKE_SA_INIT went without an answer");
        gateway.demand("RT24", asked, &expected, || "none".into())?;
        afresh_to_auth(gateway)?;
        lets_go(gateway, count)?;
        let answer = gateway.auth_answer()?;
        gateway.send_draft(&answer)?;
        is_up(gateway, "RT24", &format!("an answer when {count} IKE_AUTH went without one"))?;
    }
    Ok(())
}
