//! Headers and payloads, read too strictly or not strictly enough.

use crate::mutants::Mutant;
use crate::mutants::tamper::{has, has_any, is};
use ike_core::{ExchangeType, Flags, HEADER_LEN, PayloadType};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::device(
        "version-3-answer-taken",
        &["HD4"],
        "takes answers of major version 3 for such of version 2",
    )
    .reading(|it, _| {
        if it.header.flags.is_response() {
            it.header.version = 0x20;
        }
        true
    }),
    Mutant::device(
        "flags-unchecked",
        &["HD6"],
        "looks neither at the initiator nor the response flag",
    )
    .reading(|it, _| {
        let asks = matches!(
            it.header.exchange,
            ExchangeType::INFORMATIONAL | ExchangeType::CREATE_CHILD_SA
        );
        let flags = it.header.flags.0 & !Flags::INITIATOR.0;
        let response = if asks { 0 } else { Flags::RESPONSE.0 };
        it.header.flags = Flags(flags | response);
        true
    }),
    Mutant::device("length-unchecked", &["HD21"], "takes the datagram's length for the message's")
        .receiving(|octets, _| {
            let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
            if octets.len() >= HEADER_LEN {
                octets[24..28].copy_from_slice(&len.to_be_bytes());
            }
        }),
    Mutant::device(
        "short-datagram-hangs",
        &["HD21"],
        "gives up at a datagram without a whole header",
    )
    .receiving(|octets, desk| {
        desk.hangs |= octets.len() < HEADER_LEN;
    }),
    Mutant::device("beside-sk-rejected", &["HD10"], "rejects a payload in clear before SK")
        .reading(|it, _| it.inside.is_none() || it.parts.is_empty()),
    Mutant::device(
        "optional-types-rejected",
        &["HD20"],
        "rejects CERT, CERTREQ, Vendor ID, CP and EAP payloads",
    )
    .reading(|it, _| !has_any(it, &[37, 38, 43, 47, 48])),
    Mutant::device("critical-in-answer", &["HD12"], "sets the critical flag in its answers")
        .writing(|it, _| {
            if it.header.flags.is_response() {
                it.payloads().iter_mut().for_each(|part| part.flags |= 0x80);
            }
            true
        }),
    Mutant::device("critical-in-request", &["HD9"], "sets the critical flag on SA payloads")
        .writing(|it, _| {
            if is(it, ExchangeType::IKE_SA_INIT, false) {
                it.payloads().iter_mut().for_each(|part| part.flags |= 0x80);
            }
            true
        }),
    Mutant::device("fragment-hangs", &["FR2"], "waits for the rest of a fragment for ever")
        .reading(|it, desk| if has(it, PayloadType::SKF) { desk.hang() } else { true }),
];
