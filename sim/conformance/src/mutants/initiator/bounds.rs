//! Values at their bounds, proofs that are nearly right, and what is done behind the end.

use crate::message::{Draft, find};
use crate::mutants::Mutant;
use crate::mutants::tamper::{Desk, has, is, part, payloads};
use ike_core::{AuthMethod, ExchangeType, PayloadType};

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;
const AUTH: ExchangeType = ExchangeType::IKE_AUTH;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::device("nonce-length-unchecked", &["NG13"], "goes on with a nonce of any length")
        .reading(|it, _| {
            if is(it, INIT, true)
                && let Some(nonce) = part(it, PayloadType::NONCE)
                && !(16..=256).contains(&nonce.body.len())
            {
                nonce.body.resize(16, 0);
            }
            true
        }),
    Mutant::device("long-nonce-refused", &["NG13"], "has room for 64 octets of a nonce")
        .reading(|it, _| part(it, PayloadType::NONCE).is_none_or(|nonce| nonce.body.len() <= 64)),
    Mutant::device(
        "high-bit-refused",
        &["NG14"],
        "refuses a Curve25519 value whose highest bit is set",
    )
    .reading(|it, _| {
        let last = part(it, PayloadType::KE).and_then(|ke| ke.body.get(4 + 31).copied());
        last.is_none_or(|octet| octet & 0x80 == 0)
    }),
    Mutant::device(
        "identity-unchecked",
        &["AU6"],
        "takes anybody who has the secret for its gateway",
    )
    .reading(anybody),
    Mutant::device("method-unchecked", &["AU6", "NU1"], "does not look at the method of AUTH")
        .reading(|it, _| {
            if is(it, AUTH, true)
                && let Some(auth) = part(it, PayloadType::AUTH)
            {
                auth.body[0] = AuthMethod::SHARED_KEY_MIC.0;
            }
            true
        }),
    Mutant::device("answers-asleep", &["PO10"], "answers requests of the SA that it has deleted")
        .writing(notes_its_delete)
        .reading(|it, desk| {
            let asked = desk.count > 0 && it.inside.is_some() && !it.header.flags.is_response();
            if asked {
                desk.answer(&it.header, Vec::new());
            }
            !asked
        }),
    Mutant::device(
        "asks-asleep",
        &["ER6"],
        "answers a response to the Delete that has been answered before",
    )
    .writing(notes_its_delete)
    .reading(|it, desk| {
        if desk.count > 0 && it.header.flags.is_response() {
            desk.count += 1;
        }
        if desk.count > 2 {
            desk.answer_clear(&it.header, Vec::new());
        }
        true
    }),
];

fn notes_its_delete(it: &mut Draft, desk: &mut Desk) -> bool {
    if has(it, PayloadType::D) && is(it, ExchangeType::INFORMATIONAL, false) {
        desk.count = 1;
    } else if is(it, INIT, false) {
        desk.count = 0;
    }
    true
}

/// Puts the gateway's identity in the place of one that has been proven.
fn anybody(it: &mut Draft, desk: &mut Desk) -> bool {
    let id = find(payloads(it), PayloadType::IDR).map(|id| id.body.clone());
    let data = find(payloads(it), PayloadType::AUTH).and_then(|auth| auth.body.get(4..));
    let proven = id.as_deref().and_then(|id| desk.proof(id));
    if !is(it, AUTH, true) || proven.is_none() || proven.as_deref() != data {
        return true;
    }
    let wanted = desk.setup.peer.body().to_vec();
    if let Some(proof) = desk.proof(&wanted)
        && let Some(auth) = part(it, PayloadType::AUTH)
    {
        auth.body.truncate(4);
        auth.body.extend(proof);
    }
    if let Some(id) = part(it, PayloadType::IDR) {
        id.body = wanted;
    }
    true
}
