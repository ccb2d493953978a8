//! The IKE header: versions, flags, SPIs, lengths.

use super::common::{
    FULL, accepts_each_auth, accepts_each_init, answered_empty, auth_goes_on, init_goes_on,
    is_silent, is_up, refuses_each_init,
};
use crate::peer::{Opened, seen};
use crate::verdict::Outcome;
use crate::{Case, Gateway, Profile};
use ike_core::{ExchangeType, Flags, Header, IkeSpi, NotifyType, PayloadType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "header/requests",
        &["HD1", "HD3", "HD5", "HD6", "HD9"],
        requests,
        "looks at SPIs, version, flags and critical flags of both requests, and of the one with a cookie",
    ),
    Case::initiator(
        "header/minor-version",
        &["HD3"],
        minor_version,
        "answers and asks with minor versions 1 and 15; the device still says 2.0",
    ),
    Case::initiator(
        "header/major-version-init",
        &["HD4"],
        major_version_init,
        "answers IKE_SA_INIT with major version 3 before the true answer",
    ),
    Case::initiator(
        "header/major-version-auth",
        &["HD4"],
        major_version_auth,
        "answers IKE_AUTH with major version 3 before the true answer",
    ),
    Case::initiator(
        "header/major-version-request",
        &["HD4"],
        major_version_request,
        "asks an established device in major version 3; no protected answer, and the SA survives",
    ),
    Case::initiator(
        "header/major-version-told",
        &["HD24"],
        major_version_told,
        "asks in major version 3 and looks for INVALID_MAJOR_VERSION",
    )
    .only(FULL),
    Case::initiator(
        "header/major-version-silent",
        &["XP4"],
        major_version_silent,
        "asks in major version 3; a device of RFC 7815 says nothing",
    )
    .only(&[Profile::Rfc7815]),
    Case::initiator(
        "header/major-version-response",
        &["HD7"],
        major_version_response,
        "sends a response in major version 3, which must not be answered",
    ),
    Case::initiator(
        "header/reserved-flags",
        &["HD5"],
        reserved_flags,
        "sets each reserved flag and the version flag in answers and a request",
    ),
    Case::initiator(
        "header/initiator-flag",
        &["HD6"],
        initiator_flag,
        "answers with the initiator flag, which nobody but the device may set",
    ),
    Case::initiator(
        "header/no-response-flag",
        &["HD6"],
        no_response_flag,
        "answers without the response flag",
    ),
    Case::initiator(
        "header/length",
        &["HD21"],
        length,
        "answers and asks with a length that is not the datagram's",
    ),
    Case::initiator(
        "header/short",
        &["HD21"],
        short,
        "cuts the IKE_SA_INIT answer at every octet of its header and then here and there",
    ),
    Case::initiator(
        "header/response-id",
        &["RT26"],
        response_id,
        "answers both requests with other Message IDs before the true answers",
    ),
    Case::initiator(
        "header/response-exchange",
        &["RT26"],
        response_exchange,
        "answers both requests in other exchanges before the true answers",
    ),
    Case::initiator(
        "header/other-spi",
        &["ER6"],
        other_spi,
        "answers with SPIs of no SA; they are not answered and change nothing",
    ),
    Case::initiator(
        "header/zero-spi",
        &["HD26"],
        zero_spi,
        "answers IKE_SA_INIT in full, with a responder SPI of zero",
    ),
];

/// Each request of IKE_SA_INIT: the first one, and in the profiles that answer cookies the one with a cookie.
fn init_requests(gateway: &mut Gateway) -> Outcome<Vec<Opened>> {
    let first = gateway.wake()?;
    if !FULL.contains(&gateway.setup.profile) {
        return Ok(vec![first]);
    }
    let cookie = gateway.random(20);
    super::cookies::ask(gateway, NotifyType::COOKIE, &cookie)?;
    let second = super::cookies::another(gateway, &first)?;
    Ok([first].into_iter().chain(second).collect())
}

fn requests(gateway: &mut Gateway) -> Outcome {
    let mut said = init_requests(gateway)?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    for Header { spi_i, spi_r, .. } in said.iter().map(|init| init.header) {
        let right = spi_i != IkeSpi::ZERO && spi_r == IkeSpi::ZERO;
        gateway.demand("HD1", right, "an SPI of the device's and none of ours", || {
            format!("{spi_i} and {spi_r}")
        })?;
    }
    said.push(gateway.expect_auth()?);
    for opened in &said {
        let Header { version, flags, .. } = opened.header;
        gateway.demand("HD3", version == 0x20, "version 2.0", || format!("{version:#04x}"))?;
        let reserved = flags.0 & !0x28;
        gateway.demand("HD5", reserved == 0, "no other flags", || format!("{:#04x}", flags.0))?;
        let right = flags.0 & 0x28 == Flags::INITIATOR.0;
        gateway.demand("HD6", right, "the initiator flag and no response flag", || {
            format!("{:#04x}", flags.0)
        })?;
        let critical = opened.parts.iter().find(|part| part.flags & 0x80 != 0);
        gateway.demand("HD9", critical.is_none(), "no critical flag", || {
            format!("one on {}", critical.map_or(PayloadType::NONE, |part| part.kind))
        })?;
        let outer = opened.is_outer_critical();
        gateway.demand("HD9", !outer, "no critical flag on SK", || "one".into())?;
    }
    Ok(())
}

fn minor_version(gateway: &mut Gateway) -> Outcome {
    accepts_each_init(
        gateway,
        "HD3",
        &[
            ("minor version 1", |answer| answer.header.version = 0x21),
            ("minor version 15", |answer| answer.header.version = 0x2f),
        ],
    )?;
    accepts_each_auth(gateway, "HD3", &[("minor version 15", |it| it.header.version = 0x2f)])?;
    for version in [0x21, 0x2f] {
        let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        request.header.version = version;
        let answer = gateway.exchange(&request)?.map(|answer| answer.header.version);
        let expected = "an answer of version 2.0";
        gateway.demand("HD3", answer == Some(Header::VERSION), expected, || {
            answer.map_or_else(|| "none".into(), |version| format!("one of {version:#04x}"))
        })?;
    }
    Ok(())
}

fn major_version_init(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    for version in [0x30, 0x31, 0xf0] {
        let mut answer = gateway.init_answer()?;
        answer.header.version = version;
        let octets = answer.octets(None);
        gateway.send(&octets)?;
    }
    init_goes_on(gateway, "HD4", "answers of higher major versions")
}

fn major_version_auth(gateway: &mut Gateway) -> Outcome {
    gateway.reach_auth()?;
    let mut answer = gateway.auth_answer()?;
    answer.header.version = 0x30;
    gateway.send_draft(&answer)?;
    auth_goes_on(gateway, "HD4", "an answer of major version 3")
}

fn major_version_request(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.version = 0x30;
    let answer = gateway.exchange(&request)?;
    let expected = "no protected answer to major version 3";
    gateway.demand("HD4", answer.is_none(), expected, || "one".into())?;
    gateway.next_id -= 1;
    is_up(gateway, "HD4", "a request of major version 3")
}

fn major_version_told(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.version = 0x30;
    gateway.send_draft(&request)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let said = packets.first().and_then(crate::Opened::clear);
    let right = said.as_ref().is_some_and(|said| {
        let (ours, theirs) = (&request.header, &said.header);
        let copied = (ours.spi_i, ours.spi_r, ours.exchange, ours.message_id)
            == (theirs.spi_i, theirs.spi_r, theirs.exchange, theirs.message_id);
        // RFC 7296 1.5: a response, in clear, with the one notify, which has no data.
        copied
            && theirs.version == Header::VERSION
            && theirs.flags == Flags::INITIATOR.with(Flags::RESPONSE)
            && said.notifies() == [(NotifyType::INVALID_MAJOR_VERSION, Vec::new())]
    });
    let one = right && packets.len() == 1;
    gateway.demand("HD24", one, "one INVALID_MAJOR_VERSION response in clear", || {
        said.map_or_else(|| seen(&packets), |said| said.summary())
    })
}

fn major_version_silent(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.version = 0x30;
    gateway.send_draft(&request)?;
    is_silent(gateway, "XP4", "a request of major version 3")
}

fn major_version_response(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut response = gateway.respond(ExchangeType::INFORMATIONAL, 2, Vec::new())?;
    response.header.version = 0x30;
    gateway.send_draft(&response)?;
    is_silent(gateway, "HD7", "a response of major version 3")
}

fn reserved_flags(gateway: &mut Gateway) -> Outcome {
    accepts_each_init(
        gateway,
        "HD5",
        &[
            ("reserved flags in IKE_SA_INIT", |answer| answer.header.flags.0 |= 0xc7),
            ("the version flag in IKE_SA_INIT", |answer| answer.header.flags.0 |= 0x10),
        ],
    )?;
    accepts_each_auth(gateway, "HD5", &[("reserved flags", |it| it.header.flags.0 |= 0xd7)])?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.flags.0 |= 0xd7;
    let answer = gateway.exchange(&request)?;
    let flags = answer.map(|answer| answer.header.flags.0);
    let expected = "an answer that copies no reserved flag";
    gateway.demand("HD5", flags == Some(0x28), expected, || format!("{flags:02x?}"))
}

fn initiator_flag(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let mut answer = gateway.init_answer()?;
    answer.header.flags = Flags(0x28);
    let octets = answer.octets(None);
    gateway.send(&octets)?;
    init_goes_on(gateway, "HD6", "an IKE_SA_INIT answer with the initiator flag")?;
    super::common::afresh_to_auth(gateway)?;
    let mut answer = gateway.auth_answer()?;
    answer.header.flags = Flags(0x28);
    gateway.send_draft(&answer)?;
    auth_goes_on(gateway, "HD6", "an IKE_AUTH answer with the initiator flag")?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.header.flags = Flags::INITIATOR;
    let answer = gateway.exchange(&request)?;
    gateway.demand("HD6", answer.is_none(), "no answer to our initiator flag", || "one".into())
}

fn no_response_flag(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let mut answer = gateway.init_answer()?;
    answer.header.flags = Flags(0);
    let octets = answer.octets(None);
    gateway.send(&octets)?;
    init_goes_on(gateway, "HD6", "an IKE_SA_INIT answer without the response flag")?;
    super::common::afresh_to_auth(gateway)?;
    let mut answer = gateway.auth_answer()?;
    answer.header.flags = Flags(0);
    gateway.send_draft(&answer)?;
    auth_goes_on(gateway, "HD6", "an IKE_AUTH answer without the response flag")
}

fn length(gateway: &mut Gateway) -> Outcome {
    refuses_each_init(
        gateway,
        "HD21",
        &[
            ("a length one too small", |answer| answer.length = Some(length_of(answer) - 1)),
            ("a length one too large", |answer| answer.length = Some(length_of(answer) + 1)),
            ("a length of 28", |answer| answer.length = Some(28)),
            ("a length of 0", |answer| answer.length = Some(0)),
            ("a length of 4,294,967,295", |answer| answer.length = Some(u32::MAX)),
            ("four octets behind the end", |answer| {
                answer.length = Some(length_of(answer));
                answer.trailing = vec![0; 4];
            }),
        ],
    )?;
    gateway.init_answer().and_then(|answer| gateway.send_init(&answer))?;
    super::common::goes_on(gateway, "HD21", "the true answer behind one with octets at its end")?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.length = Some(27);
    let answer = gateway.exchange(&request)?;
    gateway.demand("HD21", answer.is_none(), "no answer to a length of 27", || "one".into())?;
    gateway.next_id -= 1;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let right = gateway.seal(&request)?.len();
    (request.length, request.trailing) = (u32::try_from(right).ok(), vec![0; 4]);
    let answer = gateway.exchange(&request)?;
    let expected = "no answer to a request with four octets behind its end";
    gateway.demand("HD21", answer.is_none(), expected, || "one".into())?;
    gateway.next_id -= 1;
    is_up(gateway, "HD21", "requests of wrong lengths")
}

fn length_of(draft: &crate::Draft) -> u32 {
    u32::try_from(draft.octets(None).len()).unwrap_or(u32::MAX)
}

fn short(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let octets = gateway.init_answer()?.octets(None);
    for cut in (0..=32).chain((33..octets.len()).step_by(7)) {
        gateway.send(&octets[..cut])?;
    }
    init_goes_on(gateway, "HD21", "cut answers")
}

fn response_id(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    for id in [1, 2, u32::MAX] {
        let mut answer = gateway.init_answer()?;
        answer.header.message_id = id;
        let octets = answer.octets(None);
        gateway.send(&octets)?;
    }
    init_goes_on(gateway, "RT26", "IKE_SA_INIT answers with other Message IDs")?;
    super::common::afresh_to_auth(gateway)?;
    for id in [0, 2, u32::MAX] {
        let mut answer = gateway.auth_answer()?;
        answer.header.message_id = id;
        gateway.send_draft(&answer)?;
    }
    auth_goes_on(gateway, "RT26", "IKE_AUTH answers with other Message IDs")
}

fn response_exchange(gateway: &mut Gateway) -> Outcome {
    use ExchangeType as X;
    gateway.wake()?;
    for exchange in [X::IKE_AUTH, X::INFORMATIONAL, X::CREATE_CHILD_SA, ExchangeType(255)] {
        let mut answer = gateway.init_answer()?;
        answer.header.exchange = exchange;
        let octets = answer.octets(None);
        gateway.send(&octets)?;
    }
    init_goes_on(gateway, "RT26", "IKE_SA_INIT answers in other exchanges")?;
    super::common::afresh_to_auth(gateway)?;
    for exchange in [X::INFORMATIONAL, X::CREATE_CHILD_SA, ExchangeType(255)] {
        let mut answer = gateway.auth_answer()?;
        answer.header.exchange = exchange;
        gateway.send_draft(&answer)?;
    }
    auth_goes_on(gateway, "RT26", "IKE_AUTH answers in other exchanges")
}

fn other_spi(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let mut answer = gateway.init_answer()?;
    answer.header.spi_i.0 ^= 1;
    let octets = answer.octets(None);
    gateway.send(&octets)?;
    init_goes_on(gateway, "ER6", "an IKE_SA_INIT answer to another SPI")?;
    for side in [0, 1] {
        let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        gateway.next_id -= 1;
        let header = &mut request.header;
        if side == 0 {
            header.spi_i.0 ^= 1
        } else {
            header.spi_r.0 ^= 1
        }
        request.header.flags = Flags::RESPONSE;
        gateway.send_draft(&request)?;
        is_silent(gateway, "ER6", "a response with an unknown SPI")?;
    }
    let request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    answered_empty(gateway, "ER6", ("a request of the SA", &request))
}

fn zero_spi(gateway: &mut Gateway) -> Outcome {
    refuses_each_init(
        gateway,
        "HD26",
        &[("a responder SPI of zero", |answer| answer.header.spi_r = IkeSpi::ZERO)],
    )
}
