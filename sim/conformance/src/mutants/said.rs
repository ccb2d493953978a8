//! What either role says with a field wrong that most readers pass over: the other end goes on, so that nothing fails
//! but what looks at the field.

use crate::Role;
use crate::message::{Draft, reserved};
use crate::mutants::Mutant;
use crate::mutants::both::inner;
use crate::subject::ChildEnd;
use crypto::{Crypto, RustCrypto, Sealing};
use ike_core::{ExchangeType, HEADER_LEN, PayloadType};

/// Versions, reserved fields, ports, IVs of ESP.
pub(super) const fn fields(role: Role) -> [Mutant; 6] {
    [
        Mutant::honest(role, "minor-version-in-answers", &["HD3"], "answers in version 2.1")
            .writing(|it, _| {
                let answers = it.inside.is_some() && it.header.flags.is_response();
                it.header.version |= u8::from(answers);
                true
            }),
        Mutant::honest(
            role,
            "reserved-bits-sent",
            &["HD14"],
            "sets a reserved bit in the headers of its payloads",
        )
        .writing(|it, _| {
            it.payloads().iter_mut().for_each(|part| part.flags |= 1);
            true
        }),
        Mutant::honest(
            role,
            "reserved-octets-sent",
            &["HD14"],
            "sets the first reserved octet in the bodies of its payloads",
        )
        .writing(|it, _| {
            fill_reserved(it);
            true
        }),
        Mutant::honest(role, "answers-from-another-port", &["RT17"], "answers from port 4501")
            .writing(|it, desk| {
                if it.inside.is_some() && it.header.flags.is_response() {
                    desk.path.remote.set_port(4_501);
                }
                true
            }),
        Mutant::honest(
            role,
            "octets-behind-cut",
            &["HD21"],
            "cuts what is behind the length of an INFORMATIONAL message",
        )
        .receiving(|octets, _| {
            let Some(header) = octets.first_chunk::<HEADER_LEN>() else { return };
            let length = u32::from_be_bytes([header[24], header[25], header[26], header[27]]);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if header[18] == ExchangeType::INFORMATIONAL.0 && length >= HEADER_LEN {
                octets.truncate(length);
            }
        }),
        Mutant::honest(
            role,
            "esp-iv-constant",
            &["AU10", "AU11"],
            "has one IV for all packets of ESP",
        )
        .sealing(one_iv),
    ]
}

/// Where the first reserved octet of a body is, as far as it has one.
fn fill_reserved(draft: &mut Draft) {
    for part in draft.payloads() {
        let at = if part.kind == PayloadType::KE { 2 } else { 1 };
        if !reserved(part).is_empty() {
            part.body[at] = 0xff;
        }
    }
}

/// Seals a packet anew, under an IV that is always the same.
fn one_iv(octets: &mut Vec<u8>, end: &ChildEnd) {
    let Some((inner, _)) = inner(octets, end) else { return };
    let protection = end.outbound.protection();
    let iv = vec![0x22; protection.encryption().iv_len()];
    let block = protection.encryption().block_len().max(4);
    let padding = (inner.len() + 2).next_multiple_of(block) - inner.len() - 2;
    let mut text = inner;
    text.extend((1..=padding).map(|octet| u8::try_from(octet).unwrap_or(0)));
    // IPv4 inside (RFC 4303 2.6).
    text.extend([u8::try_from(padding).unwrap_or(0), 4]);
    let aad = octets[..esp::HEADER_LEN].to_vec();
    let mut icv = vec![0; protection.icv_len()];
    RustCrypto.seal(&end.outbound, Sealing { aad: &aad, iv: &iv, text: &mut text, icv: &mut icv });
    *octets = [aad, iv, text, icv].concat();
}
