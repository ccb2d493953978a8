//! What a device sends of its own accord, and when.

use super::common::{FULL, afresh_to_auth, is_of};
use crate::message::{Part, ProposalDraft, find};
use crate::peer::{Side, seen};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Gateway, Wish};
use core::time::Duration;
use ike_core::{ExchangeType, Header, NotifyType, PayloadType};
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "sending/schedule",
        &["RT1", "RT2", "RT3"],
        schedule,
        "never answers: the request comes again, the same, after ever longer times",
    ),
    Case::initiator(
        "sending/stops",
        &["RT23"],
        stops,
        "answers each request once; it must not come again",
    ),
    Case::initiator(
        "sending/fresh",
        &["HD2", "NG13", "NG9", "ES1"],
        fresh,
        "compares SPIs and nonces of several wakes, and looks for SPIs in both SA payloads",
    ),
    Case::initiator(
        "sending/cookie",
        &["NG15", "AU4"],
        cookie,
        "asks for a cookie: it comes first, all else stays, the header, too; AUTH covers the request with it",
    )
    .only(FULL),
    Case::initiator(
        "sending/no-initial-contact",
        &["PO6"],
        no_initial_contact,
        "a device whose identity is shared must not say INITIAL_CONTACT",
    )
    .with(|setup| setup.initial_contact = false),
    Case::initiator(
        "sending/ivs",
        &["AU11"],
        ivs,
        "compares the IVs of all protected messages, answers and Delete among them, and those of ESP packets",
    ),
];

fn schedule(gateway: &mut Gateway) -> Outcome {
    let first = gateway.wake()?.packet;
    let mut times = vec![first.at];
    while let Some(again) = gateway.retransmission() {
        gateway.demand_same("RT2", "the request as before", (&first.octets, &again.octets))?;
        times.push(again.at);
    }
    let came = times.len();
    gateway.demand("RT1", came > 1, "the request again", || "silence".into())?;
    let gaps: Vec<Duration> =
        times.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).collect();
    gateway.demand("RT3", grow(&gaps), GROWTH, || format!("{gaps:?}"))?;
    gateway.demand("RT2", came > 1, "the request again", || "silence".into())
}

/// What [`grow`] looks for.
pub(super) const GROWTH: &str = "times that grow exponentially up to a cap, and never shrink";

/// Whether each is at least the one before, and below the cap at least 1.4 times the one before that: with one
/// that repeats, as some have, a factor of 1.4 in two steps is the least that is still told from adding up.
pub(super) fn grow(gaps: &[Duration]) -> bool {
    let cap = gaps.iter().max().copied().unwrap_or_default();
    let enough = |from: Duration, to: Duration| to * 10 >= from * 14;
    gaps.windows(2).all(|pair| pair[1] >= pair[0])
        && gaps.windows(3).all(|three| three[2] == cap || enough(three[0], three[2]))
        && gaps.first().is_some_and(|first| enough(*first, cap))
}

fn stops(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    // Shorter than any timeout of IKE_AUTH, which comes once.
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let again = packets.iter().any(|packet| is_of(packet, ExchangeType::IKE_SA_INIT));
    gateway.demand("RT23", !again, "no IKE_SA_INIT after its answer", || seen(&packets))?;
    afresh_to_auth(gateway)?;
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    let span = gateway.patience.retransmission;
    let packets = gateway.listen(span);
    let again = packets.iter().any(|packet| is_of(packet, ExchangeType::IKE_AUTH));
    gateway.demand("RT23", !again, "no IKE_AUTH after its answer", || seen(&packets))
}

fn fresh(gateway: &mut Gateway) -> Outcome {
    let (mut spis, mut nonces) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..3 {
        let asked = afresh_to_auth(gateway)?;
        let init = gateway.request()?.clone();
        let spi = init.header.spi_i;
        gateway.demand("HD2", spis.insert(spi), "another SPI", || format!("{spi} again"))?;
        let nonce = init.body(PayloadType::NONCE).unwrap_or_default().to_vec();
        let fits = (16..=256).contains(&nonce.len());
        gateway.demand("NG13", fits, "16 to 256 octets", || nonce.len().to_string())?;
        let is_new = nonces.insert(nonce);
        gateway.demand("NG13", is_new, "another nonce", || "the same again".into())?;
        let sa = find(&init.parts, PayloadType::SA).map(ProposalDraft::all_of).unwrap_or_default();
        let none = !sa.is_empty() && sa.iter().all(|proposal| proposal.spi.is_empty());
        gateway.demand("NG9", none, "no SPI in proposals of IKE_SA_INIT", || format!("{sa:?}"))?;
        let spi = asked.esp_spi();
        let right = spi.is_some_and(|spi| spi > 255);
        let expected = "an ESP SPI of four octets above 255";
        gateway.demand(["NG9", "ES1"], right, expected, || format!("{spi:?}"))?;
    }
    Ok(())
}

fn cookie(gateway: &mut Gateway) -> Outcome {
    let first = gateway.wake()?;
    let cookie = gateway.random(33);
    let wish = gateway.init_refusal(Part::notify(NotifyType::COOKIE, &cookie))?;
    let octets = wish.octets(None);
    gateway.send(&octets)?;
    let span = gateway.patience.answer;
    let Some(second) = gateway.next_init(span)? else {
        let nothing = || "nothing".into();
        return gateway.demand("NG15", false, "the request with the cookie", nothing);
    };
    let leads = second.parts.first() == Some(&Part::notify(NotifyType::COOKIE, &cookie));
    gateway.demand("NG15", leads, "the cookie first", || second.summary())?;
    let same = second.parts.get(1..) == Some(&first.parts[..]);
    gateway.demand("NG15", same, "all other payloads as before", || second.summary())?;
    let (before, after) = (first.header.spi_i, second.header.spi_i);
    gateway.demand("NG15", before == after, &before.to_string(), || after.to_string())?;
    let Header { next_payload, length, .. } = first.header;
    let same = Header { next_payload, length, ..second.header } == first.header;
    gateway.demand("NG15", same, "the header as before but for its length", || {
        format!("{:?} behind {:?}", second.header, first.header)
    })?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    let asked = gateway.expect_auth()?;
    let id = asked.body(PayloadType::IDI).unwrap_or_default();
    let psk = &gateway.setup.psk;
    let proof = gateway.sa()?.proof(Side::Initiator, psk, &second.packet.octets, id);
    let data = asked.body(PayloadType::AUTH).and_then(|auth| auth.get(4..)).unwrap_or_default();
    gateway.demand_same("AU4", "AUTH over the request with the cookie", (&proof, data))
}

fn no_initial_contact(gateway: &mut Gateway) -> Outcome {
    let asked = gateway.reach_auth()?;
    let says = asked.notify(NotifyType::INITIAL_CONTACT).is_some();
    gateway.demand("PO6", !says, "no INITIAL_CONTACT", || asked.summary())
}

fn ivs(gateway: &mut Gateway) -> Outcome {
    let asked = gateway.reach_auth()?;
    let mut messages = vec![asked.packet];
    gateway.finish_auth()?;
    for _ in 0..3 {
        let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        let answer = gateway.exchange(&request)?;
        let nothing = || Stop::Inconclusive("no answer to INFORMATIONAL".into());
        messages.push(answer.ok_or_else(nothing)?.packet);
    }
    gateway.demand_other_esp_ivs("AU11")?;
    // What cannot be told to end says nothing.
    let _ = gateway.wish(Wish::Close);
    let span = gateway.patience.answer;
    messages.extend(gateway.receive_ike(span));
    gateway.demand_other_ivs("AU11", &messages)
}
