//! Requests that come again, and those that are out of turn.

use super::common::{
    answered, authenticates, beside, ignores, is_silent, is_up, makes_sa, refused, repeats, words,
};
use crate::message::Part;
use crate::peer::seen;
use crate::subject::Packet;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Ids};
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::{ExchangeType, Header, IkeSpi, PayloadType};

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "retransmission/init",
        &["RT6", "RT8"],
        init,
        "repeats IKE_SA_INIT; the stored octets must come back, so that there was one Diffie-Hellman",
    ),
    Case::responder(
        "retransmission/auth",
        &["RT6", "RT13"],
        auth,
        "repeats IKE_AUTH; the stored octets must come back",
    ),
    Case::responder(
        "retransmission/informational",
        &["RT13", "RT6"],
        informational,
        "repeats an INFORMATIONAL request",
    ),
    Case::responder(
        "retransmission/delete",
        &["RT6", "PO5"],
        delete,
        "repeats a Delete of the IKE SA, whose answer was lost",
    ),
    Case::responder(
        "retransmission/unasked",
        &["RT5"],
        unasked,
        "listens 20 s after IKE_SA_INIT, 3 min after IKE_AUTH and INFORMATIONAL; no answer comes unasked",
    ),
    Case::responder(
        "retransmission/minutes-later",
        &["RT8"],
        minutes_later,
        "repeats IKE_AUTH two minutes later; the same octets or silence",
    ),
    Case::responder(
        "retransmission/init-after-auth",
        &["RT8", "RT6"],
        init_after_auth,
        "repeats IKE_SA_INIT when the SA is up; no second SA, and the first lives",
    ),
    Case::responder(
        "retransmission/same-spi",
        &["RT9"],
        same_spi,
        "two devices with one SPI at two addresses get an SA each",
    ),
    Case::responder(
        "retransmission/same-spi-same-address",
        &["RT9"],
        same_spi_same_address,
        "two requests with one SPI at one address that differ are two requests",
    ),
    Case::responder(
        "retransmission/other-address",
        &["RT17"],
        other_address,
        "repeats a request from another port; the answer goes there, from where it was asked",
    ),
    Case::responder(
        "retransmission/new-port",
        &["RT17"],
        new_port,
        "asks for the first time from another port; the answer goes there, from where it was asked",
    ),
    Case::responder(
        "window/skipped",
        &["RT14"],
        |d| out_of_turn(d, &[3, 7]),
        "skips Message IDs; no answer, and the SA lives",
    ),
    Case::responder(
        "window/huge",
        &["RT14"],
        |d| out_of_turn(d, &[1 << 20, u32::MAX]),
        "asks with huge Message IDs; no answer, and the SA lives",
    ),
    Case::responder(
        "window/zero",
        &["RT14"],
        |d| out_of_turn(d, &[0]),
        "asks with the Message ID of IKE_SA_INIT; no answer, and the SA lives",
    ),
    Case::responder(
        "window/old",
        &["RT14", "PO15"],
        old,
        "replays old requests of the SA; nothing may happen a second time",
    ),
    Case::responder(
        "window/other-octets",
        &["PO15"],
        other_octets,
        "asks something else with a Message ID that was used; it must change nothing",
    ),
    Case::responder(
        "window/counts",
        &["RT10"],
        counts,
        "asks five times in turn; each answer bears the request's Message ID, that of IKE_SA_INIT 0",
    ),
    Case::responder(
        "window/before-auth",
        &["RT15"],
        before_auth,
        "asks INFORMATIONAL and CREATE_CHILD_SA before IKE_AUTH, which must work after silence",
    ),
    Case::responder(
        "window/unknown-spi",
        &["RT18"],
        unknown_spi,
        "asks with an SPI that is one off; the SA must not answer",
    ),
];

fn answer_octets(device: &mut Device, what: &str) -> Outcome<Vec<u8>> {
    let within = device.patience.answer;
    let packet = device.receive_ike(within);
    packet
        .map(|packet| packet.octets)
        .ok_or_else(|| Stop::Inconclusive(format!("no answer to {what}")))
}

/// Sends a request again and compares.
fn twice(device: &mut Device, ids: impl Ids, (what, octets): (&str, &[u8])) -> Outcome {
    device.send(octets)?;
    let first = answer_octets(device, what)?;
    repeats(device, ids, (what, octets), &first)
}

fn init(device: &mut Device) -> Outcome {
    let request = device.init_request().octets(None);
    twice(device, ["RT6", "RT8"], ("IKE_SA_INIT", &request))
}

fn auth(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let request = device.auth_request()?;
    let octets = device.seal(&request)?;
    twice(device, ["RT6", "RT13"], ("IKE_AUTH", &octets))?;
    is_up(device, "RT6", "IKE_AUTH again")
}

fn informational(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(INFORMATIONAL, Vec::new())?;
    let octets = device.seal(&request)?;
    twice(device, ["RT6", "RT13"], ("INFORMATIONAL", &octets))?;
    is_up(device, "RT13", "INFORMATIONAL again")
}

fn delete(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(INFORMATIONAL, vec![Part::delete_ike()])?;
    let octets = device.seal(&request)?;
    twice(device, ["RT6", "PO5"], ("Delete", &octets))
}

fn unasked(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    // Shorter than a half-open SA is kept: what comes then is none of its answers.
    let packets = device.listen(Duration::from_secs(20));
    device.demand("RT5", packets.is_empty(), "silence after IKE_SA_INIT", || seen(&packets))?;
    device.restart();
    device.establish()?;
    let is_answer = |packet: &Packet| {
        Header::parse(&packet.octets).is_ok_and(|header| header.flags.is_response())
    };
    for what in ["IKE_AUTH", "INFORMATIONAL"] {
        let long = device.patience.retransmission;
        let packets = device.listen(long);
        let answers = packets.iter().any(is_answer);
        let expected = format!("no response unasked after {what}");
        device.demand("RT5", !answers, &expected, || seen(&packets))?;
        is_up(device, "RT5", what)?;
    }
    Ok(())
}

fn minutes_later(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let request = device.auth_request()?;
    let octets = device.seal(&request)?;
    device.send(&octets)?;
    let first = answer_octets(device, "IKE_AUTH")?;
    let long = device.patience.retransmission;
    let _ = device.listen(long);
    device.send(&octets)?;
    let span = device.patience.answer;
    let packets = device.listen(span);
    let same = packets.iter().all(|packet| packet.octets == first);
    device.demand("RT8", same, "the stored answer or silence", || seen(&packets))
}

fn init_after_auth(device: &mut Device) -> Outcome {
    device.establish()?;
    let octets = device.sent.clone();
    device.send(&octets)?;
    let (packets, words) = device.overhear();
    let stored = device.response.as_ref().map(|it| it.packet.octets.clone()).unwrap_or_default();
    let same = packets.iter().all(|packet| packet.octets == stored);
    device.demand("RT8", same, "the stored answer or silence", || words)?;
    is_up(device, "RT6", "IKE_SA_INIT again")
}

/// Begins two attempts under one SPI, the second from `there`; both must get an SA that works.
fn two_attempts(device: &mut Device, there: SocketAddr) -> Outcome {
    device.reach_auth()?;
    let first = (device.sa.clone(), device.sent.clone(), device.path.local, device.child_spi);
    let (spi, first_spi) = (device.spi_i, device.sa()?.spis.1);
    device.restart();
    device.spi_i = spi;
    device.path.local = there;
    let request = device.init_request();
    device.send_init(&request)?;
    let answer = device.clear_answer();
    makes_sa(device, "RT9", "another request of that SPI", answer.as_ref())?;
    let differ = device.sa()?.spis.1 != first_spi;
    device.demand("RT9", differ, "an SA of its own", || "the same SPI".into())?;
    let request = device.auth_request()?;
    authenticates(device, "RT9", ("the second request", &request))?;
    (device.sa, device.sent, device.path.local, device.child_spi) = first;
    device.next_id = 1;
    let request = device.auth_request()?;
    authenticates(device, "RT9", ("the first request", &request)).map(drop)
}

fn same_spi(device: &mut Device) -> Outcome {
    let mut there = device.path.local;
    there.set_ip(beside(there.ip()));
    two_attempts(device, there)
}

fn same_spi_same_address(device: &mut Device) -> Outcome {
    let there = device.path.local;
    two_attempts(device, there)
}

fn other_address(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(INFORMATIONAL, Vec::new())?;
    let octets = device.seal(&request)?;
    device.send(&octets)?;
    let first = answer_octets(device, "INFORMATIONAL")?;
    let mut other = device.path.local;
    other.set_port(other.port().wrapping_add(7));
    device.send_from(other, &octets)?;
    let (packets, words) = device.overhear();
    let back = packets.iter().find(|it| it.path.local == other && it.octets == first);
    let expected = "the stored answer to where the request came from";
    device.demand("RT17", back.is_some(), expected, || words)?;
    demand_source(device, back)
}

/// RFC 7296 2.11: an answer comes from where the request was received.
fn demand_source(device: &mut Device, answer: Option<&Packet>) -> Outcome {
    let (asked, from) = (device.path.remote, answer.map(|answer| answer.path.remote));
    let expected = format!("an answer from {asked}");
    device.demand("RT17", from == Some(asked), &expected, || format!("one from {from:?}"))
}

fn new_port(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(INFORMATIONAL, Vec::new())?;
    let octets = device.seal(&request)?;
    let mut local = device.path.local;
    local.set_port(40_500);
    device.send_from(local, &octets)?;
    let (packets, words) = device.overhear();
    let to = packets.first().map(|packet| packet.path.local);
    let expected = format!("an answer to {local}");
    device.demand("RT17", to == Some(local), &expected, || match to {
        Some(to) => format!("one to {to}"),
        None => words,
    })?;
    demand_source(device, packets.first())
}

fn out_of_turn(device: &mut Device, ids: &[u32]) -> Outcome {
    device.establish()?;
    for id in ids {
        let request = device.ask_with(INFORMATIONAL, *id, Vec::new())?;
        let octets = device.seal(&request)?;
        device.send(&octets)?;
        is_silent(device, "RT14", &format!("Message ID {id} in the place of 2"))?;
    }
    is_up(device, "RT14", "Message IDs out of turn")
}

fn old(device: &mut Device) -> Outcome {
    device.establish()?;
    let delete = device.ask(INFORMATIONAL, vec![Part::delete_esp(0x0bad_0bad)])?;
    let octets = device.seal(&delete)?;
    answered(device, "PO15", ("a Delete of what is not there", &delete))?;
    for _ in 0..3 {
        is_up(device, "PO15", "a request in turn")?;
    }
    ignores(device, ["RT14", "PO15"], ("an old request", &octets))
}

fn other_octets(device: &mut Device) -> Outcome {
    device.establish()?;
    is_up(device, "PO15", "IKE_AUTH")?;
    let used = device.next_id - 1;
    let request = device.ask_with(INFORMATIONAL, used, vec![Part::delete_ike()])?;
    device.send_draft(&request)?;
    let _ = device.overhear();
    is_up(device, "PO15", "a Delete with a used Message ID")
}

fn counts(device: &mut Device) -> Outcome {
    device.establish()?;
    let id = device.response.as_ref().map(|answer| answer.header.message_id);
    let right = id == Some(0);
    device.demand("RT10", right, "Message ID 0 in IKE_SA_INIT", || format!("{id:?}"))?;
    for _ in 0..5 {
        let request = device.ask(INFORMATIONAL, Vec::new())?;
        answered(device, "RT10", ("a request in turn", &request))?;
    }
    let id = refused(device, |_| {})?.map(|answer| answer.header.message_id);
    let right = id.is_none_or(|id| id == 0);
    device.demand("RT10", right, "Message ID 0 in a refusal", || format!("{id:?}"))
}

fn before_auth(device: &mut Device) -> Outcome {
    for exchange in [INFORMATIONAL, ExchangeType::CREATE_CHILD_SA] {
        for id in [0, 1, 2] {
            device.restart();
            device.reach_auth()?;
            let request = device.ask_with(exchange, id, Vec::new())?;
            let answer = device.exchange(&request)?;
            let accepted = answer.as_ref().is_some_and(|answer| answer.notifies().is_empty());
            let expected = format!("no success of {exchange} {id} before IKE_AUTH");
            device.demand("RT15", !accepted, &expected, || words(answer.as_ref()))?;
            if answer.is_none() {
                let request = device.auth_request()?;
                authenticates(device, "RT15", ("IKE_AUTH after that", &request))?;
            }
        }
    }
    Ok(())
}

fn unknown_spi(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut request = device.ask_with(INFORMATIONAL, 2, vec![Part::delete_ike()])?;
    request.header.spi_r = IkeSpi(request.header.spi_r.0 ^ 1);
    device.send_draft(&request)?;
    let (packets, words) = device.overhear();
    let sealed = packets.iter().any(|packet| packet.octets.get(16) == Some(&PayloadType::SK.0));
    device.demand("RT18", !sealed, "no protected answer under another SPI", || words)?;
    is_up(device, "RT18", "a message of another SPI")?;
    is_silent(device, "RT18", "that")
}
