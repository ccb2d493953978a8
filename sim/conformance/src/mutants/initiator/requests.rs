//! What the gateway asks, what comes in clear, and how a device ends.

use crate::message::Part;
use crate::mutants::Mutant;
use crate::mutants::tamper::{has, has_any, has_error, is, notified, part};
use ike_core::{ExchangeType, NotifyType, PayloadType};

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::device("address-checked", &["RT18", "RT17"], "hears its gateway's usual address only")
        .reading(|_, desk| desk.path == desk.setup.path),
    Mutant::device("answers-early", &["RT15"], "answers requests before IKE_AUTH is answered")
        .reading(|it, desk| {
            let early = !desk.up && it.inside.is_some() && !it.header.flags.is_response();
            if early {
                desk.answer(&it.header, Vec::new());
            }
            !early
        }),
    Mutant::device("error-in-request-ends", &["HD16"], "ends for an error notify in a request")
        .reading(|it, desk| {
            let told = is(it, INFORMATIONAL, false) && it.inside.is_some() && has_error(it);
            if told { desk.hang() } else { true }
        }),
    Mutant::device("any-delete-ends", &["PO14"], "takes each Delete for that of the IKE SA")
        .reading(|it, _| {
            if let Some(delete) = part(it, PayloadType::D) {
                delete.body = vec![1, 0, 0, 0];
            }
            true
        }),
    Mutant::device(
        "optional-types-unanswered",
        &["ER5"],
        "does not answer what it cannot make sense of",
    )
    .reading(|it, _| {
        it.header.flags.is_response()
            || matches!(it.header.exchange, INFORMATIONAL | ExchangeType::CREATE_CHILD_SA)
    }),
    Mutant::device(
        "window-not-kept",
        &["XP5"],
        "answers the next Message ID only, in RFC 7815, too",
    )
    .reading(|it, desk| {
        if it.header.flags.is_response() || it.inside.is_none() {
            return true;
        }
        let next = it.header.message_id == desk.count;
        desk.count += u32::from(next);
        next
    }),
    Mutant::device("cbc-iv-counts", &["AU10"], "counts its IVs under AES-CBC").writing(
        |it, desk| {
            if let Some(inside) = it.inside.as_mut().filter(|inside| inside.iv.len() == 16) {
                desk.count += 1;
                inside.iv = u128::from(desk.count).to_be_bytes().to_vec();
            }
            true
        },
    ),
    Mutant::device("answers-in-clear", &["PO9"], "answers INFORMATIONAL in clear").reading(
        |it, desk| {
            if it.inside.is_none() && is(it, INFORMATIONAL, false) {
                desk.answer_clear(&it.header, Vec::new());
            }
            true
        },
    ),
    Mutant::device("syntax-in-clear", &["HD18"], "says INVALID_SYNTAX in clear").reading(
        |it, desk| {
            let malformed = it.parts.iter().any(|part| part.length.is_some());
            if malformed && !it.header.flags.is_response() {
                let syntax = Part::notify(NotifyType::INVALID_SYNTAX, &[]);
                desk.answer_clear(&it.header, vec![syntax]);
            }
            true
        },
    ),
    Mutant::device("invalid-spi-told", &["ER8"], "answers INVALID_SPI in clear").reading(
        |it, desk| {
            if it.inside.is_none() && notified(it) == [NotifyType::INVALID_SPI] {
                desk.answer_clear(&it.header, Vec::new());
            }
            true
        },
    ),
    Mutant::device("invalid-ike-spi-told", &["ER7"], "answers INVALID_IKE_SPI in clear").reading(
        |it, desk| {
            if it.inside.is_none() && notified(it) == [NotifyType::INVALID_IKE_SPI] {
                desk.answer_clear(&it.header, Vec::new());
            }
            true
        },
    ),
    Mutant::device("errors-in-clear-end", &["RT19"], "ends for an error in clear when it is up")
        .reading(|it, desk| {
            let told = desk.up && it.inside.is_none() && has_error(it);
            if told { desk.hang() } else { true }
        }),
    Mutant::device("icmp-ends", &["RT19"], "takes an ICMP error for the end of its gateway").told(
        |desk| {
            desk.hang();
        },
    ),
    Mutant::device("delete-beside-critical", &["ER3"], "deletes in spite of a critical payload")
        .reading(|it, _| {
            if has(it, PayloadType::D) {
                it.payloads().retain(|part| part.kind == PayloadType::D);
            }
            true
        }),
    Mutant::device(
        "odd-payloads-unanswered",
        &["PO1", "ER5"],
        "does not answer INFORMATIONAL with payloads of the first exchanges",
    )
    .reading(|it, _| {
        it.header.exchange != INFORMATIONAL || !has_any(it, &[33, 34, 35, 36, 39, 40, 44, 45])
    }),
    Mutant::device("delete-without-effect", &["PO10", "PO11"], "answers a Delete and goes on")
        .reading(|it, _| {
            if let Some(delete) = part(it, PayloadType::D) {
                delete.body = vec![3, 4, 0, 1, 0x0b, 0xad, 0x0b, 0xad];
            }
            true
        }),
    Mutant::device(
        "version-told-always",
        &["RT22"],
        "tells its version to each who asks in version 3",
    )
    .reading(|it, desk| {
        if it.header.version >> 4 == 3 && !it.header.flags.is_response() {
            let told = Part::notify(NotifyType::INVALID_MAJOR_VERSION, &[]);
            desk.answer_clear(&it.header, vec![told]);
        }
        true
    }),
    Mutant::device("delete-of-esp", &["PO4"], "sends a Delete of protocol 3 for its IKE SA")
        .writing(|it, _| {
            if is(it, INFORMATIONAL, false)
                && let Some(delete) = part(it, PayloadType::D)
            {
                delete.body = vec![3, 0, 0, 0];
            }
            true
        }),
    Mutant::device("vanishes", &["PO12"], "ends without a Delete where it should send one")
        .writing(|it, _| !is(it, INFORMATIONAL, false)),
    Mutant::device(
        "deaf-when-ending",
        &["RT12"],
        "does not answer while its Delete is outstanding",
    )
    .writing(|it, desk| {
        desk.count |= u32::from(is(it, INFORMATIONAL, false));
        true
    })
    .reading(|it, desk| desk.count == 0 || it.header.flags.is_response()),
    Mutant::device("asks-twice", &["RT11"], "asks something else while its Delete is outstanding")
        .writing(|it, desk| {
            if is(it, INFORMATIONAL, false) && has(it, PayloadType::D) {
                let mut header = it.header;
                header.message_id += 1;
                let more = desk.protected(header, Vec::new());
                desk.says.push(more);
            }
            true
        }),
    Mutant::device("few-tries", &["RT4"], "sends each request three times").writing(|it, desk| {
        if !is(it, ExchangeType::IKE_SA_INIT, false) {
            return true;
        }
        let same = desk.kept == it.header.spi_i.to_octets();
        desk.count = if same { desk.count + 1 } else { 1 };
        desk.kept = it.header.spi_i.to_octets().to_vec();
        desk.count <= 3
    }),
];
