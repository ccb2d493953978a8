//! Traffic selectors and mode of the first Child SA.

use super::common::{accepts_auth, authenticates, refuses_auth, refuses_child, set_ts};
use crate::message::{Part, SelectorDraft, find};
use crate::verdict::Outcome;
use crate::{Case, Device, Draft};
use core::net::Ipv4Addr;
use ike_core::payload::TrafficSelectors;
use ike_core::{NotifyType, PayloadType, TrafficSelector};

const SYNTAX: NotifyType = NotifyType::INVALID_SYNTAX;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "selectors/nothing-allowed",
        &["TS1"],
        |d| {
            refuses_child(
                d,
                "TS1",
                NotifyType::TS_UNACCEPTABLE,
                &[
                    ("TSr of another network", |r| set_ts(r, PayloadType::TSR, &[host(203)])),
                    ("TSi of another network", |r| set_ts(r, PayloadType::TSI, &[host(203)])),
                ],
            )
        },
        "proposes selectors of which nothing is allowed; the IKE SA must stand",
    ),
    Case::responder(
        "selectors/narrowed",
        &["TS1"],
        narrowed,
        "proposes everything; the answer must be within what is allowed and not be empty",
    ),
    Case::responder(
        "selectors/as-proposed",
        &["TS1"],
        as_proposed,
        "proposes what is allowed; the answer must be a part of it",
    ),
    Case::responder(
        "selectors/first-choice",
        &["TS1"],
        first_choice,
        "proposes one port first, then everything; the answer must hold the first",
    ),
    Case::responder(
        "selectors/unknown-type",
        &["TS4"],
        unknown_type,
        "proposes a selector of an unknown type on either side, which must not be repeated",
    ),
    Case::responder(
        "selectors/opaque-ports",
        &["TS3"],
        |d| {
            accepts_auth(
                d,
                "TS3",
                &[("opaque ports behind any ports", |r| {
                    let opaque = SelectorDraft { ports: (65_535, 0), ..of(r, PayloadType::TSR) };
                    let any = of(r, PayloadType::TSR);
                    set_ts(r, PayloadType::TSR, &[any, opaque]);
                })],
            )
        },
        "proposes opaque ports behind any ports",
    ),
    Case::responder(
        "selectors/counts",
        &["ER3"],
        |d| {
            refuses_auth(
                d,
                "ER3",
                SYNTAX,
                &[
                    ("a count of selectors that is not there", |r| {
                        r.part(PayloadType::TSI).body[0] = 9
                    }),
                    ("a selector beyond its payload", |r| r.part(PayloadType::TSI).body[7] = 200),
                ],
            )
        },
        "proposes selectors whose count or length is wrong",
    ),
    Case::responder(
        "selectors/transport",
        &["TS6"],
        transport,
        "asks for transport mode; the answer says so too, or the Child SA is in tunnel mode",
    ),
    Case::responder(
        "selectors/tunnel",
        &["TS6"],
        |d| {
            d.restart();
            let answer = d.establish()?;
            let mode = answer.notify(NotifyType::USE_TRANSPORT_MODE);
            d.demand("TS6", mode.is_none(), "no transport mode unasked", || answer.summary())
        },
        "does not ask for transport mode",
    ),
];

fn host(first: u8) -> SelectorDraft {
    let address = Ipv4Addr::new(first, 0, 113, 77);
    SelectorDraft::v4(address, address)
}

fn of(draft: &mut Draft, whose: PayloadType) -> SelectorDraft {
    SelectorDraft::of(draft.part(whose)).swap_remove(0)
}

/// Proposes everything on both sides.
fn everything(draft: &mut Draft) {
    let all = SelectorDraft::v4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
    set_ts(draft, PayloadType::TSI, core::slice::from_ref(&all));
    set_ts(draft, PayloadType::TSR, &[all]);
}

fn selectors(answer: &crate::Opened, whose: PayloadType) -> Vec<SelectorDraft> {
    SelectorDraft::of(&Part::raw(whose, answer.body(whose).unwrap_or_default()))
}

fn narrowed(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    everything(&mut request);
    let answer = authenticates(device, "TS1", ("everything proposed", &request))?;
    let (theirs, ours) = (device.setup.allowed().to_vec(), device.setup.local.clone());
    for (whose, allowed) in [(PayloadType::TSI, theirs), (PayloadType::TSR, ours)] {
        let found = find(&answer.parts, whose).map(known).unwrap_or_default();
        let within = !found.is_empty() && TrafficSelector::all_within(&found, &allowed);
        let expected = format!("{whose} narrowed to what is allowed");
        device.demand("TS1", within, &expected, || format!("{found:?}"))?;
    }
    Ok(())
}

fn first_choice(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let wide = of(&mut request, PayloadType::TSR);
    let first = SelectorDraft { protocol: 17, ports: (5683, 5683), ..wide.clone() };
    set_ts(&mut request, PayloadType::TSR, &[first.clone(), wide.clone()]);
    let answer = authenticates(device, "TS1", ("one port first", &request))?;
    let found = selectors(&answer, PayloadType::TSR);
    let holds = found.iter().any(|it| *it == first || *it == wide);
    device.demand("TS1", holds, "selectors that hold the first choice", || format!("{found:?}"))
}

/// A responder that declines makes the Child SA in tunnel mode (RFC 7296 1.3.1); from outside that is a
/// Child SA with no word of transport mode, or with the same status.
fn transport(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let status = Part::notify(NotifyType::USE_TRANSPORT_MODE, &[]);
    request.payloads().push(status.clone());
    let answer = authenticates(device, "TS6", ("transport mode asked for", &request))?;
    let said: Vec<&Part> = answer.parts.iter().filter(|part| part.kind == PayloadType::N).collect();
    let right = said.is_empty() || said == [&status];
    device.demand("TS6", right, "USE_TRANSPORT_MODE or no word", || answer.summary())
}

fn as_proposed(device: &mut Device) -> Outcome {
    let answer = device.establish()?;
    let (remote, local) = (device.setup.remote.clone(), device.setup.local.clone());
    for (whose, proposed) in [(PayloadType::TSI, remote), (PayloadType::TSR, local)] {
        let part = answer.parts.iter().find(|part| part.kind == whose);
        let found = part.map(known).unwrap_or_default();
        let within = !found.is_empty() && TrafficSelector::all_within(&found, &proposed);
        let expected = format!("a part of {proposed:?} in {whose}");
        device.demand("TS1", within, &expected, || format!("{found:?}"))?;
    }
    Ok(())
}

fn known(part: &Part) -> Vec<TrafficSelector> {
    let view = part.view();
    TrafficSelectors::parse(&view).map(|list| list.iter().collect()).unwrap_or_default()
}

fn unknown_type(device: &mut Device) -> Outcome {
    for whose in [PayloadType::TSI, PayloadType::TSR] {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        let usual = of(&mut request, whose);
        let unknown = SelectorDraft { kind: 200, ..usual.clone() };
        set_ts(&mut request, whose, &[unknown, usual]);
        let answer = authenticates(device, "TS4", ("a selector of an unknown type", &request))?;
        let body = answer.body(whose).unwrap_or_default();
        let right = body.first() == Some(&1) && body.get(4) == Some(&7);
        let expected = format!("the known selector alone in {whose}");
        device.demand("TS4", right, &expected, || format!("{body:02x?}"))?;
    }
    Ok(())
}
