//! The IKE header of what a device asks.

use super::common::{
    Change, accepts_auth, accepts_init, answered, drops_auth, drops_init, ignores, refused, words,
};
use crate::message::Part;
use crate::verdict::Outcome;
use crate::{Case, Device, Draft, Opened, Wish};
use ike_core::{ExchangeType, Flags, Header, IkeSpi};

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "header/minor-version",
        &["HD3"],
        |d| {
            accepts_init(
                d,
                "HD3",
                &[
                    ("minor version 1", |r| r.header.version = 0x21),
                    ("minor version 15", |r| r.header.version = 0x2f),
                ],
            )?;
            let made = d.response.clone();
            let refused = refused(d, |r| r.header.version = 0x2f)?;
            made.iter().chain(&refused).try_for_each(|answer| demand_version(d, answer))
        },
        "asks IKE_SA_INIT with minor versions 1 and 15; answers and refusals are of version 2.0",
    ),
    Case::responder(
        "header/minor-version-auth",
        &["HD3"],
        minor_version_auth,
        "asks IKE_AUTH and behind it with minor version 7; answers and own requests are of version 2.0",
    ),
    Case::responder(
        "header/major-version",
        &["HD4"],
        major_version,
        "asks IKE_SA_INIT with major version 3; no SA may come of it",
    ),
    Case::responder(
        "header/major-version-in-sa",
        &["HD4"],
        major_version_in_sa,
        "asks an SA in major version 3; no protected answer, and nothing may change",
    ),
    Case::responder(
        "header/major-version-response",
        &["HD7"],
        |d| {
            drops_init(
                d,
                "HD7",
                &[("a response of version 3", |r| {
                    r.header.version = 0x30;
                    r.header.flags = Flags(0x28);
                })],
            )
        },
        "sends a response of major version 3, which must not be answered",
    ),
    Case::responder(
        "header/reserved-flags",
        &["HD5"],
        |d| {
            accepts_init(
                d,
                "HD5",
                &[
                    ("flag 0x01", |r| r.header.flags.0 |= 0x01),
                    ("flag 0x02", |r| r.header.flags.0 |= 0x02),
                    ("flag 0x04", |r| r.header.flags.0 |= 0x04),
                    ("flag 0x40", |r| r.header.flags.0 |= 0x40),
                    ("flag 0x80", |r| r.header.flags.0 |= 0x80),
                    ("the version flag", |r| r.header.flags.0 |= 0x10),
                ],
            )
        },
        "sets each reserved flag and the version flag in IKE_SA_INIT",
    ),
    Case::responder(
        "header/reserved-flags-auth",
        &["HD5"],
        |d| accepts_auth(d, "HD5", &[("all reserved flags", |r| r.header.flags.0 |= 0xd7)]),
        "sets all reserved flags and the version flag in IKE_AUTH",
    ),
    Case::responder(
        "header/answer-flags",
        &["HD5", "HD6"],
        answer_flags,
        "sets reserved flags and looks at those of the answer; looks at those of IKE_SA_INIT and IKE_AUTH",
    ),
    Case::responder(
        "header/response-flag-init",
        &["HD7", "ER6"],
        response_flag_init,
        "sends IKE_SA_INIT marked as a response",
    ),
    Case::responder(
        "header/response-flag-auth",
        &["HD7"],
        |d| {
            drops_auth(
                d,
                "HD7",
                &[("IKE_AUTH marked as a response", |r| r.header.flags = Flags(0x28))],
            )
        },
        "sends IKE_AUTH marked as a response",
    ),
    Case::responder(
        "header/response-flag-sa",
        &["HD7"],
        response_flag_sa,
        "sends a protected INFORMATIONAL marked as a response that nobody waits for",
    ),
    Case::responder(
        "header/no-initiator-flag",
        &["HD6"],
        |d| {
            drops_auth(d, "HD6", &[("no initiator flag", |r| r.header.flags = Flags(0))])?;
            let id = d.next_id;
            let mut request = d.ask_with(INFORMATIONAL, id, vec![Part::delete_ike()])?;
            request.header.flags = Flags(0);
            let octets = d.seal(&request)?;
            ignores(d, "HD6", ("a Delete without the initiator flag", &octets))
        },
        "asks IKE_AUTH and a Delete without the initiator flag",
    ),
    Case::responder(
        "header/length-init",
        &["HD21"],
        |d| {
            drops_init(
                d,
                "HD21",
                &[
                    ("a length one too long", |r| r.length = Some(length(r) + 1)),
                    ("a length one too short", |r| r.length = Some(length(r) - 1)),
                    ("length 0", |r| r.length = Some(0)),
                    ("length 27", |r| r.length = Some(27)),
                    ("a length of 4 GiB", |r| r.length = Some(u32::MAX)),
                ],
            )
        },
        "asks IKE_SA_INIT with wrong lengths in the header",
    ),
    Case::responder(
        "header/trailing-octets",
        &["HD21"],
        |d| {
            drops_init(
                d,
                "HD21",
                &[("an octet behind the length", |r| {
                    r.length = Some(length(r));
                    r.trailing = vec![0];
                })],
            )?;
            let id = d.next_id;
            let mut request = d.ask_with(INFORMATIONAL, id, vec![Part::delete_ike()])?;
            request.length = u32::try_from(d.seal(&request)?.len()).ok();
            request.trailing = vec![0];
            let octets = d.seal(&request)?;
            ignores(d, "HD21", ("a Delete with an octet behind the length", &octets))
        },
        "sends IKE_SA_INIT and a Delete with an octet behind what the header's length counts",
    ),
    Case::responder(
        "header/zero-spi",
        &["ER6"],
        |d| {
            drops_init(
                d,
                "ER6",
                &[("a response of SPI zero", |r| {
                    (r.header.spi_i, r.header.flags) = (IkeSpi::ZERO, Flags(0x28));
                })],
            )
        },
        "sends a response of SPI zero outside any SA",
    ),
    Case::responder(
        "header/message-id-init",
        &["RT10"],
        |d| {
            drops_init(d, "RT10", &[("IKE_SA_INIT with Message ID 1", |r| r.header.message_id = 1)])
        },
        "asks IKE_SA_INIT with Message ID 1",
    ),
    Case::responder(
        "header/spoilt-icv",
        &["ER9"],
        |d| drops_auth(d, "ER9", &[("a spoilt ICV", Draft::spoil_icv)]),
        "asks IKE_AUTH with a spoilt ICV, then truly",
    ),
];

fn length(draft: &Draft) -> u32 {
    let plain = Draft { length: None, trailing: Vec::new(), ..draft.clone() };
    u32::try_from(plain.octets(None).len()).unwrap_or(u32::MAX)
}

fn major_version(device: &mut Device) -> Outcome {
    super::common::makes_none(
        device,
        "HD4",
        &[
            ("major version 3", |r| r.header.version = 0x30),
            ("major version 15", |r| r.header.version = 0xf0),
        ],
    )
}

fn major_version_in_sa(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut request = device.ask_with(INFORMATIONAL, 2, vec![Part::delete_ike()])?;
    request.header.version = 0x30;
    let answer = device.exchange(&request)?;
    let expected = "no protected answer to major version 3";
    device.demand("HD4", answer.is_none(), expected, || words(answer.as_ref()))?;
    super::common::is_up(device, "HD4", "a Delete in major version 3")
}

fn response_flag_init(device: &mut Device) -> Outcome {
    let response: &[Change] = &[("a response", |r| r.header.flags = Flags(0x28))];
    drops_init(device, ["HD7", "ER6"], response)
}

fn response_flag_sa(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut message = device.ask_with(INFORMATIONAL, 2, Vec::new())?;
    message.header.flags = Flags(0x28);
    let octets = device.seal(&message)?;
    ignores(device, "HD7", ("a response that nobody waits for", &octets))
}

fn demand_version(device: &mut Device, said: &Opened) -> Outcome {
    let found = said.header.version;
    let expected = format!("version 2.0 in {}", said.summary());
    device.demand("HD3", found == Header::VERSION, &expected, || format!("{found:#04x}"))
}

fn minor_version_auth(device: &mut Device) -> Outcome {
    accepts_auth(device, "HD3", &[("minor version 7", |r| r.header.version = 0x27)])?;
    let mut request = device.ask(INFORMATIONAL, Vec::new())?;
    request.header.version = 0x27;
    let answer = answered(device, "HD3", ("a request of minor version 7", &request))?;
    demand_version(device, &answer)?;
    // Whoever cannot be made to ask shows nothing.
    if device.wish(Wish::CheckLiveness).is_err() {
        return Ok(());
    }
    let within = device.patience.answer;
    let asked = device.receive_ike(within).and_then(|packet| device.open(&packet));
    asked.iter().try_for_each(|asked| demand_version(device, asked))
}

/// The flags of the answers that make the SAs, and of a refusal: that of a response, and no other.
fn handshake_flags(device: &mut Device) -> Outcome {
    let refused = refused(device, |_| {})?;
    device.restart();
    let auth = device.establish()?;
    let init = device.response.clone();
    for answer in refused.iter().chain(&init).chain([&auth]) {
        let flags = answer.header.flags.0;
        let found = || format!("{flags:#04x} in {}", answer.summary());
        device.demand("HD6", flags & 0x28 == 0x20, "the response flag, not the other", found)?;
        device.demand("HD5", flags & !0x28 == 0, "no reserved flag", found)?;
    }
    Ok(())
}

fn answer_flags(device: &mut Device) -> Outcome {
    handshake_flags(device)?;
    let mut request = device.ask(INFORMATIONAL, Vec::new())?;
    request.header.flags = Flags(0xc7).with(Flags::INITIATOR);
    let answer = device.exchange(&request)?;
    let found = answer.map(|answer| answer.header.flags.0);
    let shown = || format!("{found:02x?}");
    let initiator = found.is_some_and(|flags| flags & Flags::INITIATOR.0 != 0);
    device.demand("HD6", !initiator, "no initiator flag", shown)?;
    device.demand(["HD5", "HD6"], found == Some(0x20), "the response flag alone", shown)
}
