//! Headers and payloads, read too strictly or not strictly enough.

use crate::mutants::Mutant;
use crate::mutants::tamper::{has, has_any, is, notified, part};
use ike_core::{ExchangeType, Flags, HEADER_LEN, NotifyType, PayloadType};

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::gateway(
        "length-unchecked",
        &["HD21"],
        "does not compare the message's length and the datagram's",
    )
    .receiving(|octets, _| {
        let Some(length) = octets.get(24..28).and_then(|it| it.try_into().ok()) else { return };
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if (HEADER_LEN..octets.len()).contains(&length) {
            octets.truncate(length);
        }
        let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        octets[24..28].copy_from_slice(&len.to_be_bytes());
    }),
    Mutant::gateway("reserved-flags-rejected", &["HD5"], "drops messages with reserved flags")
        .reading(|it, _| it.header.flags.0 & !0x28 == 0),
    Mutant::gateway("initiator-flag-unchecked", &["HD6"], "does not look at the initiator flag")
        .reading(|it, _| {
            it.header.flags = it.header.flags.with(Flags::INITIATOR);
            true
        }),
    Mutant::gateway("init-id-unchecked", &["RT10"], "takes IKE_SA_INIT with any Message ID")
        .reading(|it, _| {
            if is(it, INIT, false) {
                it.header.message_id = 0;
            }
            true
        }),
    Mutant::gateway("old-types-rejected", &["HD19"], "rejects payload types of IKE version 1")
        .reading(|it, _| !has_any(it, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])),
    Mutant::gateway("fragment-answered", &["FR2"], "answers a fragment in clear").reading(
        |it, desk| {
            if has(it, PayloadType::SKF) {
                desk.answer_clear(&it.header, Vec::new());
            }
            true
        },
    ),
    Mutant::gateway("fragments-unasked", &["FR1"], "sends long answers as fragments").writing(
        |it, _| {
            if is(it, ExchangeType::INFORMATIONAL, true) {
                let octets = [0, 1, 0, 2, 1, 2, 3, 4];
                it.parts = vec![crate::Part::raw(PayloadType::SKF, &octets)];
                it.inside = None;
            }
            true
        },
    ),
    Mutant::gateway(
        "unknown-status-rejected",
        &["HD16", "AM1", "NT1", "SG2", "PK1", "KE1", "NG19"],
        "rejects messages with a notify that it does not know",
    )
    .reading(|it, _| notified(it).iter().all(|kind| *kind == NotifyType::COOKIE)),
    Mutant::gateway(
        "critical-unnamed",
        &["HD11", "ER3"],
        "says INVALID_SYNTAX of a critical payload",
    )
    .writing(|it, _| {
        let (from, to) = (NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, NotifyType::INVALID_SYNTAX);
        crate::mutants::tamper::rename_notify(it, from, to);
        true
    }),
    Mutant::gateway("critical-type-zero", &["HD11"], "names type 0 as the critical payload")
        .writing(|it, _| {
            if notified(it) == [NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD]
                && let Some(notify) = part(it, PayloadType::N)
            {
                notify.body[4] = 0;
            }
            true
        }),
    Mutant::gateway("syntax-unsaid", &["ER3", "HD22"], "does not answer what is malformed")
        .writing(|it, _| !notified(it).contains(&NotifyType::INVALID_SYNTAX)),
];
