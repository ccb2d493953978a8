//! How a device answers its gateway.

use super::common::{FULL, answered, answered_empty, auth_goes_on, is_silent, is_up};
use crate::message::Part;
use crate::peer::seen;
use crate::verdict::Outcome;
use crate::{Case, Draft, Gateway, Profile};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ike_core::{ExchangeType, Header, NotifyType, PayloadType, Suite};

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
        "asks with Message IDs out of turn, skipped and long used",
    )
    .only(FULL),
    Case::initiator("answering/port", &["RT17"], port, "asks from another port; the answer goes there, from the port that was asked"),
    Case::initiator(
        "answering/address",
        &["RT18"],
        address,
        "asks from another address: the SPIs name the SA; asks with an SPI that is one off: they name none",
    ),
    Case::initiator("answering/long", &["RT16"], long, "asks with 1,280 octets, and with 3,000"),
    Case::initiator(
        "answering/nested",
        &["HD8"],
        nested,
        "puts an Encrypted payload inside another",
    ),
    Case::initiator(
        "answering/critical",
        &["HD12"],
        critical,
        "looks for critical flags in answers of all kinds",
    ),
    Case::initiator(
        "answering/fragment",
        &["FR2"],
        fragment,
        "sends a fragment, of which nobody spoke",
    ),
    Case::initiator(
        "answering/early",
        &["RT15"],
        early,
        "asks under the new keys while IKE_AUTH is outstanding",
    ),
    Case::initiator(
        "answering/used-message-id",
        &["PO15"],
        used_message_id,
        "asks something else with a Message ID that was used; it must change nothing",
    )
    .only(FULL),
    Case::initiator(
        "answering/any-message-id",
        &["XP5"],
        any_message_id,
        "asks with skipped, repeated and huge Message IDs; each answer has that of its request and an IV of its own",
    )
    .only(&[Profile::Rfc7815]),
    Case::initiator(
        "answering/padding",
        &["AU10"],
        padding,
        "pads requests with more than is needed, not with zeros, under AES-CBC; looks at all IVs, those of ESP, too",
    )
    .with(|setup| setup.suite = Suite::AesCbcModp2048),
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
    let parts = gateway.child_request()?;
    let request = gateway.ask(ExchangeType::CREATE_CHILD_SA, parts)?;
    let answer = answered(gateway, "PO2", ("a request for a Child SA", &request))?;
    let refused = answer.parts.len() == 1
        && answer.notifies() == [(NotifyType::NO_ADDITIONAL_SAS, Vec::new())];
    // Whoever does more than the least may grant it.
    let granted = [PayloadType::SA, PayloadType::NONCE, PayloadType::TSI, PayloadType::TSR]
        .into_iter()
        .all(|kind| answer.body(kind).is_some());
    let expected = "NO_ADDITIONAL_SAS alone, or a Child SA";
    gateway.demand("PO2", refused || granted, expected, || answer.summary())
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
    for _ in 0..2 {
        let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        answered(gateway, "RT14", ("a request in turn", &request))?;
    }
    // The latest one may be answered again.
    let next = gateway.next_id;
    for id in 0..next - 1 {
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
    })?;
    let (asked, from) = (gateway.path.remote, packets.first().map(|packet| packet.path.remote));
    let expected = format!("an answer from {asked}");
    gateway.demand("RT17", from == Some(asked), &expected, || format!("one from {from:?}"))
}

fn address(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let octets = gateway.seal(&request)?;
    let mut local = gateway.path.local;
    // One beside the usual: a tester outside may have no other network.
    local.set_ip(match local.ip() {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() ^ 2).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() ^ 2).into(),
    });
    gateway.send_from(local, &octets)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let answers = packets.iter().any(|packet| gateway.open(packet).is_some());
    let expected = "an answer under the SA that the SPIs name";
    gateway.demand("RT18", answers, expected, || seen(&packets))?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.spi_i.0 ^= 1;
    gateway.send_draft(&request)?;
    let packets = gateway.listen(span);
    let sealed = packets.iter().any(|packet| packet.octets.get(16) == Some(&PayloadType::SK.0));
    let expected = "no protected answer under another SPI";
    gateway.demand("RT18", !sealed, expected, || seen(&packets))
}

/// An unknown status notify of that many octets in all.
fn filler(octets: usize) -> Part {
    Part::notify(NotifyType(60_000), &vec![0x5a; octets])
}

fn long(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    for total in [1_280_usize, 3_000] {
        let next = gateway.next_id;
        let bare = gateway.ask_with(ExchangeType::INFORMATIONAL, next, vec![filler(0)])?;
        let overhead = gateway.seal(&bare)?.len();
        let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![filler(total - overhead)])?;
        answered_empty(gateway, "RT16", (&format!("a request of {total} octets"), &request))?;
    }
    Ok(())
}

fn nested(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let inner = Part::raw(PayloadType::SK, &[0; 40]);
    let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![inner])?;
    let answer = gateway.exchange(&request)?;
    let refused = answer.as_ref().is_none_or(|answer| {
        answer.notifies() == [(NotifyType::INVALID_SYNTAX, Vec::new())] && answer.parts.len() == 1
    });
    let expected = "INVALID_SYNTAX alone, or silence";
    gateway.demand("HD8", refused, expected, || answer.map_or_else(String::new, |it| it.summary()))
}

fn critical(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let unknown = Part::raw(PayloadType(200), &[1, 2, 3]).critical();
    let child = gateway.child_request()?;
    for (exchange, parts) in [
        (ExchangeType::INFORMATIONAL, Vec::new()),
        (ExchangeType::CREATE_CHILD_SA, child),
        (ExchangeType::INFORMATIONAL, vec![unknown]),
    ] {
        let request = gateway.ask(exchange, parts)?;
        let answer = answered(gateway, "HD12", ("a request", &request))?;
        let flagged = answer.parts.iter().find(|part| part.flags & 0x80 != 0);
        let holds = flagged.is_none() && !answer.is_outer_critical();
        gateway.demand("HD12", holds, "no critical flag", || answer.summary())?;
    }
    Ok(())
}

fn fragment(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let (spi_i, spi_r) = gateway.sa()?.spis;
    let header = Header::new(spi_i, spi_r, ExchangeType::INFORMATIONAL);
    let part = Part::raw(PayloadType::SKF, &[0, 1, 0, 2, 1, 2, 3, 4]);
    let draft = Draft::clear(header.message_id(gateway.next_id), vec![part]);
    gateway.send_draft(&draft)?;
    is_silent(gateway, "FR2", "a fragment")?;
    is_up(gateway, "FR2", "a fragment")
}

fn early(gateway: &mut Gateway) -> Outcome {
    gateway.reach_auth()?;
    let request = gateway.ask_with(ExchangeType::INFORMATIONAL, 0, Vec::new())?;
    let answer = gateway.exchange(&request)?;
    gateway.demand("RT15", answer.is_none(), "no answer before IKE_AUTH", || "one".into())?;
    auth_goes_on(gateway, "RT15", "a request before IKE_AUTH")
}

fn responses(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    for id in 0..4 {
        let response = gateway.respond(ExchangeType::INFORMATIONAL, id, Vec::new())?;
        gateway.send_draft(&response)?;
    }
    is_silent(gateway, "HD7", "responses to nothing")
}

fn used_message_id(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    answered(gateway, "PO15", ("a request", &request))?;
    let used = request.header.message_id;
    let delete = vec![Part::delete_ike()];
    let request = gateway.ask_with(ExchangeType::INFORMATIONAL, used, delete)?;
    gateway.send_draft(&request)?;
    let span = gateway.patience.answer;
    let _ = gateway.listen(span);
    is_up(gateway, "PO15", "a Delete with a used Message ID")
}

fn any_message_id(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut packets = Vec::new();
    for id in [0, 7, 7, 3, 0, u32::MAX] {
        let request = gateway.ask_with(ExchangeType::INFORMATIONAL, id, Vec::new())?;
        let what = format!("a request with Message ID {id}");
        packets.push(answered(gateway, "XP5", (&what, &request))?.packet);
    }
    gateway.demand_other_ivs("XP5", &packets)
}

fn padding(gateway: &mut Gateway) -> Outcome {
    let mut packets = vec![gateway.reach_auth()?.packet];
    gateway.finish_auth()?;
    for more in [16, 160] {
        let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        if let Some(inside) = &mut request.inside {
            (inside.more_padding, inside.filler) = (more, 0xa5);
        }
        let what = "padding that is longer than needed";
        packets.push(answered(gateway, "AU10", (what, &request))?.packet);
    }
    gateway.demand_other_ivs("AU10", &packets)?;
    gateway.demand_unforeseen_ivs("AU10", &packets)?;
    gateway.demand_other_esp_ivs("AU10")
}
