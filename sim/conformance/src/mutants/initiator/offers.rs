//! What is offered, and what is said of oneself.

use crate::message::{Part, TransformDraft};
use crate::mutants::Mutant;
use crate::mutants::tamper::{edit_ciphers, edit_sa, is, part};
use ike_core::{ExchangeType, Flags, Identity, NotifyType, PayloadType, TransformType};

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;
const AUTH: ExchangeType = ExchangeType::IKE_AUTH;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::device("auth-id-2", &["RT10"], "gives IKE_AUTH Message ID 2").writing(|it, _| {
        it.header.message_id += u32::from(is(it, AUTH, false));
        true
    }),
    Mutant::device("minor-version-sent", &["HD3"], "sends version 2.1").writing(|it, _| {
        it.header.version = 0x21;
        true
    }),
    Mutant::device("reserved-flags-sent", &["HD5"], "sets a reserved flag in its requests")
        .writing(|it, _| {
            it.header.flags.0 |= 1;
            true
        }),
    Mutant::device("initiator-flag-unset", &["HD6"], "leaves the initiator flag out of requests")
        .writing(|it, _| {
            it.header.flags.0 &= !Flags::INITIATOR.0;
            true
        }),
    Mutant::device("esn-missing", &["NG6"], "offers ESP without an ESN transform").writing(
        |it, _| {
            if is(it, AUTH, false) {
                edit_sa(it, |proposal| proposal.remove(TransformType::ESN));
            }
            true
        },
    ),
    Mutant::device("prf-missing", &["NG6"], "offers an IKE SA without a PRF").writing(|it, _| {
        if is(it, INIT, false) {
            edit_sa(it, |proposal| proposal.remove(TransformType::PRF));
        }
        true
    }),
    Mutant::device("md5-offered", &["AL1"], "offers PRF-HMAC-MD5 beside its own").writing(
        |it, _| {
            if is(it, INIT, false) {
                let md5 = TransformDraft::new(TransformType::PRF, 1);
                edit_sa(it, |proposal| proposal.transforms.push(md5));
            }
            true
        },
    ),
    Mutant::device("only-camellia", &["AL1"], "offers no cipher but one that few have").writing(
        |it, _| {
            edit_ciphers(it, 20, 23);
            true
        },
    ),
    Mutant::device("no-aead", &["ES4"], "offers AES-CBC alone for ESP").writing(|it, _| {
        if is(it, AUTH, false) {
            edit_ciphers(it, 20, 12);
        }
        true
    }),
    Mutant::device(
        "identity-distinguished-name",
        &["AU7"],
        "says a kind of identity that few know",
    )
    .writing(|it, _| {
        if is(it, AUTH, false)
            && let Some(id) = part(it, PayloadType::IDI)
        {
            id.body[0] = 9;
        }
        true
    }),
    Mutant::device("name-terminated", &["AU8"], "puts a zero octet behind a name").set_up(
        |setup| {
            let name = [setup.identity.data(), &[0]].concat();
            if let Ok(ended) = Identity::new(setup.identity.kind(), &name) {
                setup.identity = ended;
            }
        },
    ),
    Mutant::device("ports-turned-round", &["TS3"], "proposes ports from 500 to 100").writing(
        |it, _| {
            if is(it, AUTH, false)
                && let Some(ts) = part(it, PayloadType::TSI)
            {
                ts.body[8..12].copy_from_slice(&[1, 0xf4, 0, 100]);
            }
            true
        },
    ),
    Mutant::device("fragments-unasked", &["FR1"], "sends IKE_AUTH as a fragment").writing(
        |it, _| {
            if is(it, AUTH, false) {
                let body = [&[0, 1, 0, 1][..], &[0x5a; 60]].concat();
                it.parts = vec![Part::raw(PayloadType::SKF, &body)];
                it.inside = None;
            }
            true
        },
    ),
    Mutant::device("ppk-unasked", &["PK1"], "names a PPK to a gateway that alone said USE_PPK")
        .writing(|it, _| {
            if is(it, AUTH, false) {
                it.payloads().push(Part::notify(NotifyType::PPK_IDENTITY, &[2, 1, 2, 3]));
            }
            true
        }),
    Mutant::device("auth-wrong", &["AU3"], "sends an AUTH that proves nothing").writing(|it, _| {
        if is(it, AUTH, false)
            && let Some(auth) = part(it, PayloadType::AUTH)
        {
            auth.body[4] ^= 1;
        }
        true
    }),
    Mutant::device("transport-asked", &["TS6"], "asks for transport mode where a tunnel is wanted")
        .writing(|it, _| {
            if is(it, AUTH, false) {
                it.payloads().push(Part::notify(NotifyType::USE_TRANSPORT_MODE, &[]));
            }
            true
        }),
];
