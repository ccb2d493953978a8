//! What a responder says with a field wrong that most devices pass over.

use crate::message::{ProposalDraft, find, sa_part};
use crate::mutants::Mutant;
use crate::mutants::tamper::{edit_sa, has, has_error, is, notified, part};
use ike_core::{ExchangeType, Flags, NotifyType, PayloadType};

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;
const AUTH: ExchangeType = ExchangeType::IKE_AUTH;
const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::gateway("init-initiator-flag", &["HD6"], "sets the initiator flag in IKE_SA_INIT")
        .writing(|it, _| {
            if is(it, INIT, true) {
                it.header.flags = it.header.flags.with(Flags::INITIATOR);
            }
            true
        }),
    Mutant::gateway("handshake-reserved-flag", &["HD5"], "sets a reserved flag in IKE_AUTH")
        .writing(|it, _| {
            it.header.flags.0 |= u8::from(is(it, AUTH, true));
            true
        }),
    Mutant::gateway("refusal-minor-version", &["HD3"], "refuses in version 2.1").writing(
        |it, _| {
            it.header.version |= u8::from(is(it, INIT, true) && has_error(it));
            true
        },
    ),
    Mutant::gateway("own-minor-version", &["HD3"], "asks in version 2.1").writing(|it, _| {
        it.header.version |= u8::from(!it.header.flags.is_response());
        true
    }),
    Mutant::gateway("init-id-1", &["RT10"], "answers IKE_SA_INIT with Message ID 1").writing(
        |it, _| {
            it.header.message_id += u32::from(is(it, INIT, true) && has(it, PayloadType::KE));
            true
        },
    ),
    Mutant::gateway("refusal-id-1", &["RT10"], "refuses IKE_SA_INIT with Message ID 1").writing(
        |it, _| {
            it.header.message_id += u32::from(is(it, INIT, true) && has_error(it));
            true
        },
    ),
    Mutant::gateway("spi-not-echoed", &["HD2"], "answers IKE_SA_INIT under another SPI").writing(
        |it, _| {
            it.header.spi_i.0 ^= u64::from(is(it, INIT, true));
            true
        },
    ),
    Mutant::gateway(
        "init-as-auth",
        &["AU1", "CC1", "AU4"],
        "answers IKE_SA_INIT in the exchange IKE_AUTH",
    )
    .writing(|it, _| {
        if is(it, INIT, true) {
            it.header.exchange = AUTH;
        }
        true
    }),
    Mutant::gateway("ke-misnamed", &["NG10"], "names 256-bit ECP in KE, whatever the key is of")
        .writing(|it, _| {
            if let Some(ke) = part(it, PayloadType::KE) {
                ke.body[1] = 19;
            }
            true
        }),
    Mutant::gateway("auth-misnamed", &["AU3"], "names RSA signatures in AUTH").writing(|it, _| {
        if let Some(auth) = part(it, PayloadType::AUTH) {
            auth.body[0] = 1;
        }
        true
    }),
    Mutant::gateway(
        "offer-echoed",
        &["NG2"],
        "answers with all transforms of the proposal, not with one of each type",
    )
    .writing(|it, desk| {
        let asked = desk.request.as_ref().and_then(|it| find(&it.parts, PayloadType::SA));
        let offer = asked.map(ProposalDraft::all_of).unwrap_or_default();
        if is(it, INIT, true)
            && let ([only], Some(sa)) = (&offer[..], part(it, PayloadType::SA))
        {
            sa.body = sa_part(core::slice::from_ref(only)).body;
        }
        true
    }),
    Mutant::gateway(
        "esp-key-lengthened",
        &["NG2"],
        "answers an offer of 128 bits for ESP with 256",
    )
    .writing(|it, _| {
        if is(it, AUTH, true) {
            edit_sa(it, |proposal| {
                for transform in &mut proposal.transforms {
                    if transform.attributes == [0x80, 14, 0, 128] {
                        transform.attributes = vec![0x80, 14, 1, 0];
                    }
                }
            });
        }
        true
    }),
    Mutant::gateway(
        "own-request-iv",
        &["AU11"],
        "counts the IVs of its own requests from zero, too",
    )
    .writing(|it, _| {
        if let (true, Some(inside)) = (is(it, INFORMATIONAL, false), &mut it.inside) {
            inside.iv.fill(0);
        }
        true
    }),
    Mutant::gateway(
        "deletes-another-half",
        &["PO11"],
        "names another SPI than its own when a Child SA is deleted",
    )
    .writing(|it, _| {
        if is(it, INFORMATIONAL, true)
            && let Some(delete) = part(it, PayloadType::D)
            && let Some(last) = delete.body.last_mut()
        {
            *last ^= 1;
        }
        true
    }),
    Mutant::gateway("critical-in-init", &["HD12"], "sets the critical flag on KE in IKE_SA_INIT")
        .writing(|it, _| {
            if let Some(ke) = part(it, PayloadType::KE) {
                ke.flags |= 0x80;
            }
            true
        }),
    Mutant::gateway("cookie-of-ike", &["NG16"], "says protocol 1 in the notify with a cookie")
        .writing(|it, _| {
            if notified(it) == [NotifyType::COOKIE]
                && let Some(cookie) = part(it, PayloadType::N)
            {
                cookie.body[0] = 1;
            }
            true
        }),
];
