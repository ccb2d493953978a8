//! Nonces, cookies and status notifies of IKE_SA_INIT.

use super::common::{accepts_auth, accepts_init, authenticates, is_only, makes_sa, unconvinced};
use crate::message::Part;
use crate::peer::seen;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Draft, Setup};
use ike_core::{ExchangeType, NotifyType, PayloadType};

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "nonce/shortest",
        &["NG13"],
        |d| nonce(d, 16, true),
        "sends a nonce of 16 octets",
    ),
    Case::responder(
        "nonce/longest",
        &["NG13"],
        |d| nonce(d, 256, true),
        "sends a nonce of 256 octets",
    ),
    Case::responder(
        "nonce/too-short",
        &["NG13"],
        |d| nonce(d, 15, false),
        "sends a nonce of 15 octets",
    ),
    Case::responder(
        "nonce/too-long",
        &["NG13"],
        |d| nonce(d, 257, false),
        "sends a nonce of 257 octets",
    ),
    Case::responder(
        "nonce/fresh",
        &["NG13", "HD2"],
        fresh,
        "looks for nonces and SPIs that repeat in eight attempts, and for the initiator's own SPI in answers",
    ),
    Case::responder(
        "cookie/asked",
        &["NG16"],
        cookie_asked,
        "a responder under load asks for a cookie of 1 to 64 octets under SPI zero",
    )
    .with(cookies),
    Case::responder(
        "cookie/wrong",
        &["NG17"],
        cookie_wrong,
        "returns wrong cookies, one of them a bit off; each time a cookie is asked for",
    )
    .with(cookies),
    Case::responder(
        "cookie/right",
        &["NG16"],
        cookie_right,
        "returns the cookie; AUTH covers the request that has it",
    )
    .with(cookies),
    Case::responder(
        "cookie/wrong-message",
        &["AU3", "AU4", "ER1"],
        cookie_unsigned,
        "returns the cookie, then signs the request that had none",
    )
    .with(cookies),
    Case::responder(
        "cookie/other-group",
        &["NG16", "NG10"],
        cookie_other_group,
        "asks under load with KE of a group that was not offered: no SA before cookie and group are right, in any order",
    )
    .with(cookies),
    Case::responder(
        "status/nat-detection",
        &["NT1"],
        |d| {
            accepts_init(
                d,
                "NT1",
                &[("notifies of NAT detection", |r| {
                    r.parts.push(Part::notify(NotifyType::NAT_DETECTION_SOURCE_IP, &[1; 20]));
                    r.parts.push(Part::notify(NotifyType::NAT_DETECTION_DESTINATION_IP, &[2; 20]));
                })],
            )
        },
        "sends notifies of NAT detection that match nothing",
    ),
    Case::responder(
        "status/unknown",
        &["HD16"],
        |d| {
            accepts_init(
                d,
                "HD16",
                &[
                    ("an unknown status", |r| r.parts.push(Part::notify(NotifyType(40_000), b"x"))),
                    ("an unknown error", |r| r.parts.push(Part::notify(NotifyType(8_000), b"x"))),
                ],
            )?;
            accepts_auth(
                d,
                "HD16",
                &[
                    ("an unknown status", |r| {
                        r.payloads().push(Part::notify(NotifyType(40_000), b"x"))
                    }),
                    ("an unknown error", |r| {
                        r.payloads().push(Part::notify(NotifyType(8_000), b"x"))
                    }),
                ],
            )
        },
        "sends unknown notifies in both requests",
    ),
    Case::responder(
        "status/fragmentation",
        &["FR1"],
        unfragmented,
        "says nothing of fragmentation; no SKF may come in the handshake nor after a long request",
    ),
    Case::responder(
        "status/signature-hashes",
        &["SG2"],
        |d| {
            accepts_init(
                d,
                "SG2",
                &[("SIGNATURE_HASH_ALGORITHMS", |r| {
                    r.parts.push(Part::notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, &[0, 2]));
                })],
            )
        },
        "sends SIGNATURE_HASH_ALGORITHMS",
    ),
];

fn cookies(setup: &mut Setup) {
    setup.cookies = true;
}

fn nonce(device: &mut Device, octets: usize, good: bool) -> Outcome {
    device.restart();
    device.nonce = device.random(octets);
    let request = device.init_request();
    device.send_init(&request)?;
    let answer = device.clear_answer();
    if good {
        makes_sa(device, "NG13", "the nonce", answer.as_ref())?;
        let request = device.auth_request()?;
        return authenticates(device, "NG13", ("the nonce", &request)).map(|_| ());
    }
    let made = answer.as_ref().is_some_and(|answer| answer.body(PayloadType::KE).is_some());
    device.demand("NG13", !made, "no SA with that nonce", || "an SA".into())?;
    device.restart();
    device.reach_auth()
}

fn fresh(device: &mut Device) -> Outcome {
    let (mut nonces, mut spis) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        device.restart();
        device.reach_auth()?;
        let (own, back) = (device.spi_i, device.response.as_ref().map(|it| it.header.spi_i));
        let expected = format!("the initiator's SPI {own}");
        device.demand("HD2", back == Some(own), &expected, || format!("{back:?}"))?;
        let sa = device.sa()?;
        let (nonce, spi) = (sa.nonces.1.clone(), sa.spis.1);
        device.demand("NG13", !nonces.contains(&nonce), "a new nonce", || "an old one".into())?;
        device.demand("HD2", !spis.contains(&spi), "a new SPI", || "an old one".into())?;
        nonces.push(nonce);
        spis.push(spi);
    }
    Ok(())
}

fn cookie_asked(device: &mut Device) -> Outcome {
    let request = device.init_request();
    device.send_init(&request)?;
    let answer = device.clear_answer();
    is_only(device, "NG16", ("no cookie", answer.as_ref()), NotifyType::COOKIE)?;
    let Some(answer) = answer else { return Ok(()) };
    let cookie = answer.notify(NotifyType::COOKIE).unwrap_or_default();
    let plain = answer.parts == [Part::notify(NotifyType::COOKIE, &cookie)];
    device.demand("NG16", plain, "a cookie about no SPI", || format!("{:02x?}", answer.parts))?;
    let length = cookie.len();
    let fits = (1..=64).contains(&length);
    device.demand("NG16", fits, "a cookie of 1 to 64 octets", || length.to_string())?;
    let spi = answer.header.spi_r.0;
    device.demand("NG16", spi == 0, "SPI zero of the responder", || format!("{spi:#x}"))
}

fn cookie_right(device: &mut Device) -> Outcome {
    let mut request = device.init_request();
    device.send_init(&request)?;
    let cookie = device.clear_answer().and_then(|it| it.notify(NotifyType::COOKIE));
    let nothing = || Stop::Inconclusive("the responder asked for no cookie".into());
    request.parts.insert(0, Part::notify(NotifyType::COOKIE, &cookie.ok_or_else(nothing)?));
    device.send_init(&request)?;
    let answer = device.clear_answer();
    makes_sa(device, "NG16", "a cookie that came back", answer.as_ref())?;
    let request = device.auth_request()?;
    authenticates(device, "NG16", ("a cookie that came back", &request)).map(drop)
}

/// A cookie for that request, which the responder must ask for.
fn cookie_for(device: &mut Device, request: &Draft) -> Outcome<Vec<u8>> {
    device.send_init(request)?;
    let cookie = device.clear_answer().and_then(|it| it.notify(NotifyType::COOKIE));
    cookie.ok_or_else(|| Stop::Inconclusive("the responder asked for no cookie".into()))
}

fn cookie_unsigned(device: &mut Device) -> Outcome {
    let mut request = device.init_request();
    let cookie = cookie_for(device, &request)?;
    let first = device.sent.clone();
    request.parts.insert(0, Part::notify(NotifyType::COOKIE, &cookie));
    device.send_init(&request)?;
    let answer = device.clear_answer();
    makes_sa(device, "AU4", "a cookie that came back", answer.as_ref())?;
    device.sent = first;
    let request = device.auth_request()?;
    unconvinced(device, ["AU3", "AU4"], ("AUTH over the request without the cookie", &request))
}

/// RFC 7296 2.6.1: which of both is asked for first is the responder's affair. So many turns are enough.
const TURNS: usize = 4;

fn cookie_other_group(device: &mut Device) -> Outcome {
    let right = device.init_request();
    let mut request = right.clone();
    let body = &mut request.part(PayloadType::KE).body;
    body[..2].copy_from_slice(&14_u16.to_be_bytes());
    body.resize(4 + 256, 7);
    for _ in 0..TURNS {
        device.send_init(&request)?;
        let answer = device.clear_answer();
        let made = answer.as_ref().is_some_and(|answer| answer.body(PayloadType::KE).is_some());
        if made {
            let asked = request.parts.first().is_some_and(|part| part.kind == PayloadType::N);
            let group = request.part(PayloadType::KE) == right.clone().part(PayloadType::KE);
            let found = || format!("an SA with the cookie: {asked}, with the group: {group}");
            let ids = ["NG16", "NG10"];
            device.demand(ids, asked && group, "no SA before both are right", found)?;
            return device.take_init(&answer.ok_or(Stop::Failed)?);
        }
        let told = |kind| answer.as_ref().and_then(|answer| answer.notify(kind));
        if let Some(cookie) = told(NotifyType::COOKIE) {
            let cookie = Part::notify(NotifyType::COOKIE, &cookie);
            request.parts.retain(|part| part.kind != PayloadType::N);
            request.parts.insert(0, cookie);
        } else if told(NotifyType::INVALID_KE_PAYLOAD).is_some() {
            *request.part(PayloadType::KE) = right.clone().part(PayloadType::KE).clone();
        } else {
            break;
        }
    }
    let nothing = || "neither any more".into();
    device.demand(["NG16", "NG10"], false, "an SA once cookie and group are right", nothing)
}

fn cookie_wrong(device: &mut Device) -> Outcome {
    let request = device.init_request();
    device.send_init(&request)?;
    let mut off = device.clear_answer().and_then(|it| it.notify(NotifyType::COOKIE));
    let nothing = || Stop::Inconclusive("the responder asked for no cookie".into());
    let off = off.as_mut().filter(|cookie| !cookie.is_empty()).ok_or_else(nothing)?;
    off[0] ^= 1;
    for cookie in [&off[..], b"wrong", &[7; 64]] {
        let mut request = request.clone();
        request.parts.insert(0, Part::notify(NotifyType::COOKIE, cookie));
        device.send_init(&request)?;
        let answer = device.clear_answer();
        is_only(device, "NG17", ("a wrong cookie", answer.as_ref()), NotifyType::COOKIE)?;
    }
    Ok(())
}

fn unfragmented(device: &mut Device) -> Outcome {
    let answer = device.establish()?;
    let long = Part::notify(NotifyType(40_000), &[0; 2_000]);
    let request = device.ask(ExchangeType::INFORMATIONAL, vec![long])?;
    device.send_draft(&request)?;
    let span = device.patience.answer;
    let mut packets = device.listen(span);
    let none = || Stop::Inconclusive("no answer to a long request".into());
    packets.first().ok_or_else(none)?;
    packets.push(answer.packet);
    let skf = packets.iter().any(|packet| packet.octets.get(16) == Some(&PayloadType::SKF.0));
    device.demand("FR1", !skf, "no SKF payload", || seen(&packets))
}
