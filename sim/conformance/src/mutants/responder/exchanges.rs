//! Requests, what comes from outside an SA, and the responder's own requests.

use crate::message::{Draft, Part};
use crate::mutants::Mutant;
use crate::mutants::tamper::{Desk, has, has_error, is, notified, part};
use ike_core::{DropReason, ExchangeType, Flags, NotifyType, PayloadType};
use ike_responder::Behaviour;

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;
const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;
const CREATE: ExchangeType = ExchangeType::CREATE_CHILD_SA;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::gateway(
        "init-forgotten",
        &["RT8", "RT6"],
        "takes a repeated IKE_SA_INIT for another one",
    )
    .reading(|it, desk| {
        let nonce = part(it, PayloadType::NONCE).map(|part| part.body.clone());
        if let Some(nonce) = nonce.filter(|_| is(it, INIT, false)) {
            if desk.kept == nonce {
                desk.count += 1;
                it.parts.push(Part::raw(PayloadType::V, &desk.count.to_be_bytes()));
            }
            desk.kept = nonce;
        }
        true
    }),
    Mutant::gateway(
        "spi-names-request",
        &["RT9"],
        "takes IKE_SA_INIT with a known SPI for a repeated one",
    )
    .reading(|it, desk| {
        let spi = it.header.spi_i.to_octets();
        let known = is(it, INIT, false) && desk.kept == spi;
        if is(it, INIT, false) {
            desk.kept = spi.to_vec();
        }
        !known
    }),
    Mutant::gateway(
        "repeats-to-the-first-port",
        &["RT17"],
        "sends a stored answer to where the request first came from",
    )
    .reading(|it, desk| {
        let sealed = it.inside.as_ref().map(|inside| inside.iv.clone()).unwrap_or_default();
        if desk.kept == sealed
            && let Some(first) = desk.from
        {
            desk.path = first;
        }
        (desk.kept, desk.from) = (sealed, Some(desk.path));
        true
    }),
    Mutant::gateway(
        "answer-id-wrong",
        &["RT10", "ER5"],
        "answers with the Message ID behind the request's",
    )
    .writing(|it, _| {
        it.header.message_id += u32::from(is(it, INFORMATIONAL, true));
        true
    }),
    Mutant::gateway("delete-forgotten", &["RT6", "PO5"], "does not answer a repeated Delete")
        .reading(|it, desk| {
            if !has(it, PayloadType::D) {
                return true;
            }
            let iv = it.inside.as_ref().map(|inside| inside.iv.clone()).unwrap_or_default();
            let again = desk.kept == iv;
            desk.kept = iv;
            !again
        }),
    Mutant::gateway("repeated-init-ends", &["RT6"], "ends for a repeated IKE_SA_INIT").reading(
        |it, desk| {
            let nonce = part(it, PayloadType::NONCE).map(|part| part.body.clone());
            let Some(nonce) = nonce.filter(|_| is(it, INIT, false)) else { return true };
            if desk.kept == nonce {
                return desk.hang();
            }
            desk.kept = nonce;
            true
        },
    ),
    Mutant::gateway(
        "delete-without-effect",
        &["PO5", "PO10", "PO11"],
        "answers a Delete and goes on",
    )
    .reading(|it, _| {
        if let Some(delete) = part(it, PayloadType::D) {
            delete.body = vec![3, 4, 0, 1, 0x0b, 0xad, 0x0b, 0xad];
        }
        true
    }),
    Mutant::gateway("errors-unanswered", &["ER5"], "does not answer requests with an error notify")
        .reading(|it, _| !is(it, INFORMATIONAL, false) || !has_error(it)),
    Mutant::gateway("error-and-more", &["ER3"], "says more beside an error").writing(|it, _| {
        if it.header.exchange == CREATE && has_error(it) {
            it.payloads().push(Part::raw(PayloadType::V, b"sorry"));
        }
        true
    }),
    Mutant::gateway("own-id-wrong", &["RT10"], "begins its own requests with Message ID 1")
        .writing(|it, _| {
            it.header.message_id += u32::from(is(it, INFORMATIONAL, false));
            true
        }),
    Mutant::gateway("answers-early", &["RT15", "KE1"], "answers requests before IKE_AUTH").reading(
        |it, desk| {
            let auth = it.header.exchange == ExchangeType::IKE_AUTH;
            let early = !desk.up && it.inside.is_some() && !auth;
            if early {
                desk.answer(&it.header, Vec::new());
            }
            !early
        },
    ),
    Mutant::gateway("spi-unchecked", &["RT18"], "does not look at its own SPI").reading(
        |it, desk| {
            if let (Some((spis, _)), Some(_)) = (&desk.sa, &it.inside) {
                (it.header.spi_i, it.header.spi_r) = *spis;
            }
            true
        },
    ),
    Mutant::gateway(
        "address-checked",
        &["RT18", "AU13", "RT17"],
        "hears a device at its usual address only",
    )
    .reading(|_, desk| desk.path == desk.setup.path),
    Mutant::gateway(
        "any-delete-ends",
        &["PO15", "PO11"],
        "takes each Delete for that of the IKE SA",
    )
    .reading(|it, _| {
        if let Some(delete) = part(it, PayloadType::D) {
            delete.body = vec![1, 0, 0, 0];
        }
        true
    }),
    Mutant::gateway(
        "unknown-exchange-ignored",
        &["ER5"],
        "does not answer exchanges that it does not know",
    )
    .reading(|it, _| it.header.exchange.name().is_some()),
    Mutant::gateway(
        "unknown-sa-told",
        &["ER6"],
        "answers responses of an SA that it does not know",
    )
    .reading(|it, desk| {
        if it.inside.is_none() && it.header.flags.is_response() {
            let told = Part::notify(NotifyType::INVALID_IKE_SPI, &[]);
            desk.answer_clear(&it.header, vec![told]);
        }
        true
    }),
    Mutant::gateway("invalid-spi-told", &["ER7", "ER8"], "answers INVALID_SPI and INVALID_IKE_SPI")
        .reading(|it, desk| {
            if it.inside.is_none() && has_error(it) && it.header.exchange == INFORMATIONAL {
                desk.answer_clear(&it.header, Vec::new());
            }
            true
        }),
    Mutant::responder::<ClearEnds>(
        "clear-ends",
        &["ER9", "ER7"],
        "ends the SA for a message in clear that bears its SPIs",
    ),
    Mutant::gateway("asks-for-ever", &["PO3"], "asks again when its request was refused")
        .reading(|it, _| !is(it, CREATE, true)),
    Mutant::gateway(
        "never-gives-up",
        &["PO8"],
        "takes silence for an answer to its liveness checks",
    )
    .writing(|it, desk| {
        let checks = is(it, INFORMATIONAL, false) && !has(it, PayloadType::D);
        if checks {
            let mut header = it.header;
            header.flags = Flags::INITIATOR.with(Flags::RESPONSE);
            let answer = desk.protected(header, Vec::new());
            desk.hears.push(answer);
        }
        !checks
    }),
    Mutant::gateway(
        "asks-twice",
        &["RT11"],
        "asks again under another Message ID before the first is answered",
    )
    .writing(another),
    Mutant::gateway("auth-failure-unsaid", &["ER1"], "does not answer an AUTH that fails")
        .writing(|it, _| !notified(it).contains(&NotifyType::AUTHENTICATION_FAILED)),
];

fn another(it: &mut Draft, desk: &mut Desk) -> bool {
    if is(it, INFORMATIONAL, false) {
        let mut header = it.header;
        header.message_id += 1;
        let more = desk.protected(header, Vec::new());
        desk.says.push(more);
    }
    true
}

#[derive(Default)]
struct ClearEnds;

impl Behaviour for ClearEnds {
    fn ends_for(&mut self, dropped: &DropReason) -> bool {
        *dropped == DropReason::NotProtected
    }
}
