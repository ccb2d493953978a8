//! Cookies and groups that a gateway asks for, secrets, and ESP.

use crate::message::{Draft, Part, find};
use crate::mutants::Mutant;
use crate::mutants::both::inner;
use crate::mutants::tamper::{Desk, is, notified, part};
use crate::subject::ChildEnd;
use crypto::{Crypto, RustCrypto, Sealing};
use ike_core::payload::Notify;
use ike_core::{ExchangeType, NotifyType, PayloadType};

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::device("endless-cookies", &["NG18", "RT22"], "answers each cookie at once")
        .reading(endless),
    Mutant::device("cookie-spoilt", &["NG12"], "spoils the cookie once another group is asked for")
        .reading(|it, desk| {
            desk.count |= u32::from(notified(it).contains(&NotifyType::INVALID_KE_PAYLOAD));
            true
        })
        .writing(|it, desk| {
            if is(it, INIT, false)
                && desk.count > 0
                && let Some(cookie) = part(it, PayloadType::N)
                && let Some(last) = cookie.body.last_mut()
            {
                *last ^= 1;
            }
            true
        }),
    Mutant::device(
        "first-cookie-kept",
        &["NG12", "NG15"],
        "goes on with the first of several cookies",
    )
    .writing(|it, desk| {
        if is(it, INIT, false)
            && let Some(cookie) = part(it, PayloadType::N)
        {
            if desk.kept.is_empty() {
                desk.kept.clone_from(&cookie.body);
            }
            cookie.body.clone_from(&desk.kept);
        }
        true
    }),
    Mutant::device(
        "cookie-hangs",
        &["XP1", "RT25"],
        "gives up at a cookie where it should leave it out, and behind the true answer",
    )
    .reading(|it, desk| if notified(it) == [NotifyType::COOKIE] { desk.hang() } else { true }),
    Mutant::device("group-hangs", &["XP2"], "gives up at INVALID_KE_PAYLOAD").reading(
        |it, desk| {
            if notified(it) == [NotifyType::INVALID_KE_PAYLOAD] { desk.hang() } else { true }
        },
    ),
    Mutant::device("odd-cookie-hangs", &["NG20"], "gives up at a cookie of an impossible length")
        .reading(|it, desk| {
            let odd = |part: &Part| {
                let notify = Notify::parse(&part.view()).ok();
                notify.is_some_and(|it| {
                    it.kind == NotifyType::COOKIE && !(1..=64).contains(&it.data.len())
                })
            };
            if it.parts.iter().any(odd) { desk.hang() } else { true }
        }),
    Mutant::device("transport-unasked", &["TS6"], "sends ESP in transport mode").sealing(transport),
];

/// Sends the latest request again with each cookie.
fn endless(it: &mut Draft, desk: &mut Desk) -> bool {
    let asks = is(it, INIT, true) && notified(it) == [NotifyType::COOKIE];
    if let (true, Some(request)) = (asks, &desk.request) {
        let mut again = request.clone();
        again.parts.retain(|part| part.kind != PayloadType::N);
        again.parts.splice(0..0, find(&it.parts, PayloadType::N).cloned());
        desk.says.push(again);
    }
    !asks
}

/// Seals what is behind the inner IP header alone (RFC 4303 3.1.1).
fn transport(octets: &mut Vec<u8>, end: &ChildEnd) {
    let Some((inner, _)) = inner(octets, end) else { return };
    let protection = end.outbound.protection();
    let iv_len = protection.encryption().iv_len();
    let block = protection.encryption().block_len().max(4);
    let protocol = inner[9];
    let mut text = inner[20..].to_vec();
    let padding = (text.len() + 2).next_multiple_of(block) - text.len() - 2;
    text.extend((1..=padding).map(|octet| u8::try_from(octet).unwrap_or(0)));
    text.extend([u8::try_from(padding).unwrap_or(0), protocol]);
    let (aad, iv) = (octets[..8].to_vec(), octets[8..8 + iv_len].to_vec());
    let mut icv = vec![0; protection.icv_len()];
    let sealing = Sealing { aad: &aad, iv: &iv, text: &mut text, icv: &mut icv };
    RustCrypto.seal(&end.outbound, sealing);
    *octets = [aad, iv, text, icv].concat();
}
