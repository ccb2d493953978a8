//! What a responder agrees to.

use crate::message::{Part, ProposalDraft, sa_part};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Opened};
use crypto::Group;
use ike_core::payload::{Sa, TrafficSelectors};
use ike_core::{NotifyType, PayloadType, TrafficSelector, TransformType};

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "agreeing/ike",
        &["NG1", "NG2", "NG4", "NG13"],
        ike,
        "offers two proposals, the second of which fits; looks at SAr1 and Nr",
    ),
    Case::responder(
        "agreeing/esp",
        &["NG9", "ES1", "TS1", "TS6"],
        esp,
        "looks at SAr2, the selectors and the notifies of the IKE_AUTH answer",
    ),
    Case::responder(
        "agreeing/unknown-selector",
        &["TS4"],
        unknown_selector,
        "proposes a selector of a type that nobody knows beside the usual one",
    ),
    Case::responder(
        "agreeing/cookie",
        &["NG16", "NG17"],
        cookie,
        "looks at the cookie that is asked for, and sends another one",
    )
    .with(|setup| setup.cookies = true),
    Case::responder(
        "agreeing/ke-group",
        &["NG10"],
        ke_group,
        "names another group in KE than the key is of",
    ),
];

/// The answer to the IKE_SA_INIT request, which must come.
fn answer(device: &mut Device) -> Outcome<Opened> {
    device.clear_answer().ok_or_else(|| Stop::Inconclusive("no answer to IKE_SA_INIT".into()))
}

fn ike(device: &mut Device) -> Outcome {
    let suite = device.setup.suite.ike();
    let (mut first, mut second) = (ProposalDraft::ike(&suite), ProposalDraft::ike(&suite));
    // Nobody has such a PRF.
    first.transform(TransformType::PRF).id = 1_000;
    second.number = 2;
    let mut request = device.init_request();
    *request.part(PayloadType::SA) = sa_part(&[first, second.clone()]);
    device.send_init(&request)?;
    let answer = answer(device)?;
    let body = answer.body(PayloadType::SA).unwrap_or_default();
    let number = body.get(4).copied();
    device.demand("NG1", number == Some(2), "proposal 2", || format!("{number:?}"))?;
    let length = answer.parts.iter().find(|part| part.kind == PayloadType::SA).and_then(key_length);
    let offered = suite.transforms().iter().find_map(|transform| transform.key_length);
    let found = || format!("{length:?}");
    device.demand("NG4", length == offered, &format!("a Key Length of {offered:?}"), found)?;
    let wanted = sa_part(&[second]).body;
    device.demand_same("NG2", "the accepted proposal as it was offered", (&wanted, body))?;
    let nonce = answer.body(PayloadType::NONCE).unwrap_or_default().len();
    let fits = (16..=256).contains(&nonce);
    device.demand("NG13", fits, "a nonce of 16 to 256 octets", || format!("{nonce} octets"))
}

fn key_length(part: &Part) -> Option<u16> {
    let view = part.view();
    let sa = Sa::parse(&view).ok()?;
    sa.proposals().next()?.transforms().find_map(|transform| transform.key_length)
}

fn esp(device: &mut Device) -> Outcome {
    let answer = device.establish()?;
    let spi = answer.parts.iter().find(|part| part.kind == PayloadType::SA).and_then(esp_spi);
    let right = spi.is_some_and(|spi| spi > 255);
    for id in ["NG9", "ES1"] {
        device.demand(id, right, "an ESP SPI above 255", || format!("{spi:?}"))?;
    }
    let (remote, local) = (device.setup.remote.clone(), device.setup.local.clone());
    for (whose, proposed) in [(PayloadType::TSI, remote), (PayloadType::TSR, local)] {
        let part = answer.parts.iter().find(|part| part.kind == whose);
        let found = part.map(selectors).unwrap_or_default();
        let within = !found.is_empty() && TrafficSelector::all_within(&found, &proposed);
        let expected = format!("a part of {proposed:?} in {whose}");
        device.demand("TS1", within, &expected, || format!("{found:?}"))?;
    }
    let says = answer.notify(NotifyType::USE_TRANSPORT_MODE).is_some();
    device.demand("TS6", !says, "no USE_TRANSPORT_MODE", || answer.summary())
}

fn esp_spi(part: &Part) -> Option<u32> {
    let view = part.view();
    let sa = Sa::parse(&view).ok()?;
    let spi = sa.proposals().next()?.spi().try_into().ok()?;
    Some(u32::from_be_bytes(spi))
}

fn selectors(part: &Part) -> Vec<TrafficSelector> {
    let view = part.view();
    TrafficSelectors::parse(&view).map(|list| list.iter().collect()).unwrap_or_default()
}

/// A selector of a type that is not assigned, as long as one of IPv4.
const UNKNOWN: [u8; 16] = [99, 0, 0, 16, 0, 0, 0xff, 0xff, 1, 2, 3, 4, 1, 2, 3, 4];

fn unknown_selector(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let part = request.part(PayloadType::TSI);
    part.body[0] += 1;
    part.body.extend(UNKNOWN);
    let answer = device.exchange(&request)?;
    let part = answer
        .as_ref()
        .and_then(|answer| answer.parts.iter().find(|part| part.kind == PayloadType::TSI));
    let Some(part) = part else {
        return device.demand("TS4", false, "the selectors that are known", || {
            answer.as_ref().map_or("nothing".to_owned(), Opened::summary)
        });
    };
    let view = part.view();
    let unknown = TrafficSelectors::parse(&view).map(|list| list.has_unknown());
    let found = || format!("{unknown:?}");
    device.demand("TS4", unknown == Ok(false), "no selector of an unknown type", found)
}

fn cookie(device: &mut Device) -> Outcome {
    let mut request = device.init_request();
    device.send_init(&request)?;
    let asked = answer(device)?.notify(NotifyType::COOKIE);
    let len = asked.as_ref().map(Vec::len);
    let fits = len.is_some_and(|len| (1..=64).contains(&len));
    device.demand("NG16", fits, "a cookie of 1 to 64 octets", || format!("{len:?}"))?;
    let mut wrong = asked.unwrap_or_default();
    if let Some(last) = wrong.last_mut() {
        *last ^= 1;
    }
    request.parts.insert(0, Part::notify(NotifyType::COOKIE, &wrong));
    device.send_init(&request)?;
    let again = answer(device)?;
    let asks = again.notify(NotifyType::COOKIE).is_some();
    device.demand("NG17", asks, "a cookie asked for again", || again.summary())
}

fn ke_group(device: &mut Device) -> Outcome {
    let mut request = device.init_request();
    let other = Group::Ecp256.transform_id().to_be_bytes();
    request.part(PayloadType::KE).body[..2].copy_from_slice(&other);
    device.send_init(&request)?;
    let answer = device.clear_answer();
    let takes = answer.as_ref().is_some_and(|it| it.body(PayloadType::SA).is_some());
    device.demand("NG10", !takes, "no SA with a key of another group", || {
        answer.as_ref().map_or("nothing".to_owned(), Opened::summary)
    })
}
