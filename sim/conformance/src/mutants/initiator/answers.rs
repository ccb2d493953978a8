//! What is taken for an answer, and what is made of it.

use crate::message::{Draft, Part, find};
use crate::mutants::Mutant;
use crate::mutants::tamper::{Desk, has, has_error, is, notified, part, rename_notify};
use crate::peer::public_value;
use crate::subject::Wish;
use crypto::{Crypto, Group, PrivateKey, RustCrypto};
use ike_core::payload::Sa;
use ike_core::{ExchangeType, Header, NotifyType, PayloadType};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;
const AUTH: ExchangeType = ExchangeType::IKE_AUTH;

/// An error that nobody knows, for what is to be taken for one.
const SOME_ERROR: NotifyType = NotifyType(8_001);

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::device("narrowed-refused", &["TS7"], "takes narrowed selectors for a failure")
        .reading(|it, desk| {
            if is(it, AUTH, true) && find_ts(it) != desk.kept && has(it, PayloadType::TSI) {
                it.payloads().push(Part::notify(SOME_ERROR, &[]));
            }
            true
        })
        .writing(|it, desk| {
            if is(it, AUTH, false) {
                desk.kept = find_ts(it);
            }
            true
        }),
    Mutant::device("more-selectors-refused", &["TS5"], "takes ADDITIONAL_TS_POSSIBLE for an error")
        .reading(|it, _| {
            rename_notify(it, NotifyType::ADDITIONAL_TS_POSSIBLE, SOME_ERROR);
            true
        }),
    Mutant::device(
        "unknown-status-rejected",
        &["HD16", "AM1", "NT1", "SG2", "TS5"],
        "rejects messages with a status notify that it does not know",
    )
    .reading(|it, _| {
        let known = |kind: &NotifyType| kind.is_error() || *kind == NotifyType::COOKIE;
        notified(it).iter().all(known)
    }),
    Mutant::device("errors-ignored", &["HD16"], "ignores errors that it does not know in IKE_AUTH")
        .reading(|it, _| {
            rename_notify(it, NotifyType(8_000), NotifyType(40_000));
            true
        }),
    Mutant::device("tries-again-at-once", &["ER4"], "begins anew at once when it was refused")
        .reading(|it, desk| {
            if is(it, AUTH, true) && notified(it) == [NotifyType::AUTHENTICATION_FAILED] {
                desk.wants = Some(Wish::Connect);
            }
            true
        }),
    Mutant::device("child-error-ignored", &["ER2"], "waits on when the Child SA is refused")
        .reading(|it, _| !is(it, AUTH, true) || has(it, PayloadType::SA)),
    Mutant::device(
        "child-error-as-auth",
        &["ER2"],
        "says AUTHENTICATION_FAILED when the Child SA is refused",
    )
    .writing(|it, _| {
        if is(it, ExchangeType::INFORMATIONAL, false) {
            *it.payloads() = vec![Part::notify(NotifyType::AUTHENTICATION_FAILED, &[])];
        }
        true
    }),
    Mutant::device(
        "stays-without-child",
        &["ER2"],
        "keeps the IKE SA when the Child SA is refused",
    )
    .reading(|it, desk| {
        desk.count += u32::from(is(it, AUTH, true) && has_error(it));
        let asks = desk.count > 0 && is(it, ExchangeType::INFORMATIONAL, false);
        if asks {
            desk.answer(&it.header, Vec::new());
        }
        true
    })
    .writing(|it, desk| desk.count == 0 || !has(it, PayloadType::D)),
    Mutant::device("own-proof-taken", &["AU14"], "takes its own AUTH for the gateway's")
        .writing(|it, desk| {
            if is(it, AUTH, false)
                && let Some(auth) = part(it, PayloadType::AUTH)
            {
                desk.kept = auth.body.clone();
            }
            true
        })
        .reading(own_proof),
    Mutant::device("null-accepted", &["NU1"], "takes AUTH of method 13").reading(|it, _| {
        if is(it, AUTH, true)
            && let Some(auth) = part(it, PayloadType::AUTH)
            && auth.body[0] == 13
        {
            auth.body[0] = 2;
        }
        true
    }),
    Mutant::device("ke-group-unchecked", &["NG10"], "does not look which group KE names").reading(
        |it, _| {
            if is(it, INIT, true)
                && let Some(ke) = part(it, PayloadType::KE)
                && ke.body.len() == 4 + 32
            {
                ke.body[..2].copy_from_slice(&Group::Curve25519.transform_id().to_be_bytes());
            }
            true
        },
    ),
    Mutant::device("zero-secret-accepted", &["NG14"], "goes on with a shared secret of zeros")
        .reading(|it, desk| {
            repair_public_value(it, desk);
            true
        }),
    Mutant::device("sa-not-parsed", &["HD17"], "takes an SA that does not parse for its own offer")
        .reading(|it, desk| {
            let offered = desk.request.as_ref().and_then(|it| find(&it.parts, PayloadType::SA));
            if is(it, INIT, true)
                && let Some(sa) = part(it, PayloadType::SA)
                && Sa::parse(&sa.view()).is_err()
            {
                sa.body = offered.map(|sa| sa.body.clone()).unwrap_or_default();
            }
            true
        }),
    Mutant::device(
        "response-unmatched",
        &["RT26"],
        "takes any response for that to its request, whatever its Message ID and exchange",
    )
    .reading(|it, desk| {
        if let Some(asked) = desk.asked.filter(|_| it.header.flags.is_response()) {
            let Header { exchange, message_id, .. } = asked;
            (it.header.exchange, it.header.message_id) = (exchange, message_id);
        }
        true
    }),
    Mutant::device("spi-unchecked", &["ER6"], "does not look which SPI an answer bears").reading(
        |it, desk| {
            if is(it, INIT, true)
                && let Some(asked) = desk.asked
            {
                it.header.spi_i = asked.spi_i;
            }
            true
        },
    ),
    Mutant::device("second-answer-ends", &["RT25"], "gives up when IKE_SA_INIT is answered again")
        .reading(|it, desk| {
            let late = is(it, INIT, true) && desk.asked.is_some_and(|it| it.exchange != INIT);
            if late { desk.hang() } else { true }
        }),
    Mutant::device(
        "last-answer-ignored",
        &["RT24"],
        "does not wait behind its fourth transmission",
    )
    .writing(|it, desk| {
        if is(it, INIT, false) {
            let same = desk.kept == it.header.spi_i.to_octets();
            desk.count = if same { desk.count + 1 } else { 1 };
            desk.kept = it.header.spi_i.to_octets().to_vec();
        }
        true
    })
    .reading(|it, desk| !is(it, INIT, true) || desk.count < 4),
    Mutant::device(
        "intermediate-unasked",
        &["KE1"],
        "asks IKE_INTERMEDIATE when the gateway alone said that it can",
    )
    .reading(|it, desk| {
        if notified(it).contains(&NotifyType::INTERMEDIATE_EXCHANGE_SUPPORTED) {
            desk.count = 1;
        }
        true
    })
    .writing(|it, desk| {
        if is(it, AUTH, false) && desk.count == 1 {
            it.header.exchange = ExchangeType::IKE_INTERMEDIATE;
        }
        true
    }),
];

fn find_ts(draft: &Draft) -> Vec<u8> {
    let ts = crate::mutants::tamper::payloads(draft);
    let bodies = ts.iter().filter(|it| matches!(it.kind, PayloadType::TSI | PayloadType::TSR));
    bodies.flat_map(|part| part.body.clone()).collect()
}

fn own_proof(it: &mut Draft, desk: &mut Desk) -> bool {
    let id = find(crate::mutants::tamper::payloads(it), PayloadType::IDR).cloned();
    if is(it, AUTH, true)
        && let (Some(id), Some(auth)) = (id, part(it, PayloadType::AUTH))
        && auth.body == desk.kept
        && let Some(proof) = desk.proof(&id.body)
    {
        auth.body.truncate(4);
        auth.body.extend(proof);
    }
    true
}

/// Puts a value that is none in the place of one that comes to no secret.
fn repair_public_value(it: &mut Draft, desk: &Desk) {
    let group = desk.setup.suite.ike().group;
    let Some(ke) = part(it, PayloadType::KE) else { return };
    let private = PrivateKey::generate(group, &mut ChaCha20Rng::from_seed([9; 32]));
    let value = ke.body.get(4..).unwrap_or_default();
    if value.len() == group.public_value_len() && RustCrypto.shared_secret(&private, value).is_err()
    {
        ke.body.truncate(4);
        ke.body.extend(public_value(&private));
    }
}
