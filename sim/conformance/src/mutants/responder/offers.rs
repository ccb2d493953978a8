//! What is made of proposals, keys and selectors, and what is answered to them.

use crate::message::{Part, ProposalDraft, sa_part};
use crate::mutants::Mutant;
use crate::mutants::tamper::{edit_ciphers, edit_sa, has, is, notified, part, rename_notify};

use crypto::SharedSecret;
use ike_core::payload::Sa;
use ike_core::{ExchangeType, IdType, NotifyType, PayloadType, Suite, TransformType};
use ike_responder::{Behaviour, TunnelSelectors};

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;
const AUTH: ExchangeType = ExchangeType::IKE_AUTH;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::gateway(
        "unknown-transform-fatal",
        &["NG2", "NG8"],
        "refuses proposals with a transform that it does not know",
    )
    .reading(|it, _| {
        edit_sa(it, |proposal| {
            if proposal.transforms.iter().any(|transform| transform.id == 1_023) {
                proposal.transforms.truncate(1);
            }
        });
        true
    }),
    Mutant::gateway(
        "unknown-type-skipped",
        &["NG8"],
        "skips transform types that it does not know",
    )
    .reading(|it, _| {
        edit_sa(it, |proposal| proposal.transforms.retain(|it| it.kind.0 <= 5));
        true
    }),
    Mutant::gateway("refusal-unsaid", &["NG2"], "does not answer what it cannot accept")
        .writing(|it, _| !notified(it).contains(&NotifyType::NO_PROPOSAL_CHOSEN)),
    Mutant::gateway(
        "sa-guessed",
        &["HD17", "NG2", "NG6"],
        "takes an SA that does not parse, or lacks a transform, for the usual one",
    )
    .reading(|it, desk| {
        let usual = ProposalDraft::ike(&desk.setup.suite.ike());
        if is(it, INIT, false)
            && let Some(sa) = part(it, PayloadType::SA)
        {
            let whole = Sa::parse(&sa.view()).is_ok_and(|_| {
                let all = ProposalDraft::all_of(sa);
                all.first().is_some_and(|it| it.transforms.len() >= usual.transforms.len())
            });
            if !whole {
                *sa = sa_part(&[usual]);
            }
        }
        true
    }),
    Mutant::gateway("integrity-ignored", &["NG5"], "ignores an integrity algorithm beside an AEAD")
        .reading(|it, _| {
            edit_sa(it, |proposal| proposal.remove(TransformType::INTEG));
            true
        }),
    Mutant::gateway("integrity-none-refused", &["NG5"], "refuses an AEAD with integrity NONE")
        .reading(|it, _| {
            edit_sa(it, |proposal| {
                for transform in &mut proposal.transforms {
                    let none = transform.kind == TransformType::INTEG && transform.id == 0;
                    transform.id = if none { 1_023 } else { transform.id };
                }
            });
            true
        }),
    Mutant::gateway("key-length-guessed", &["NG4"], "takes any Key Length for one of 128 bits")
        .reading(|it, _| {
            edit_sa(it, |proposal| {
                for transform in &mut proposal.transforms {
                    if transform.kind == TransformType::ENCR && transform.id == 20 {
                        transform.attributes = vec![0x80, 14, 0, 128];
                    }
                }
            });
            true
        }),
    Mutant::gateway(
        "implicit-iv-taken",
        &["IV1"],
        "takes a cipher with implicit IVs for the IKE SA",
    )
    .reading(|it, _| {
        edit_ciphers(it, 30, 20);
        true
    }),
    Mutant::gateway("forbidden-taken", &["AL1"], "takes algorithms that are forbidden").reading(
        |it, _| {
            edit_sa(it, |proposal| {
                if proposal.transforms.iter().any(|it| [1, 2, 11].contains(&it.id)) {
                    let suite = Suite::default();
                    *proposal = match <[u8; 4]>::try_from(&proposal.spi[..]) {
                        Ok(spi) => ProposalDraft::esp(&suite.esp(), u32::from_be_bytes(spi)),
                        Err(_) => ProposalDraft::ike(&suite.ike()),
                    };
                }
            });
            true
        },
    ),
    Mutant::gateway("cbc-preferred", &["ES4"], "takes AES-CBC for ESP where an AEAD is offered")
        .writing(|it, _| {
            if is(it, AUTH, true) {
                edit_ciphers(it, 20, 12);
            }
            true
        }),
    Mutant::gateway("esp-number-not-echoed", &["NG1"], "answers each ESP proposal as number 1")
        .writing(|it, _| {
            if is(it, AUTH, true) {
                edit_sa(it, |proposal| proposal.number = 1);
            }
            true
        }),
    Mutant::gateway("nonce-length-unchecked", &["NG13"], "takes nonces of any length").reading(
        |it, _| {
            if let Some(nonce) = part(it, PayloadType::NONCE) {
                let len = nonce.body.len().clamp(16, 256);
                nonce.body.resize(len, 0);
            }
            true
        },
    ),
    Mutant::gateway("nonce-reused", &["NG13"], "has one nonce for all answers").writing(|it, _| {
        if let Some(nonce) = part(it, PayloadType::NONCE) {
            nonce.body.fill(0x5a);
        }
        true
    }),
    Mutant::gateway("spi-reused", &["HD2"], "answers each IKE_SA_INIT with one SPI").writing(
        |it, _| {
            if is(it, INIT, true) {
                it.header.spi_r = ike_core::IkeSpi(0x0123_4567_89ab_cdef);
            }
            true
        },
    ),
    Mutant::gateway("ke-length-unchecked", &["NG10"], "takes public values of any length").reading(
        |it, desk| {
            let len = desk.setup.suite.ike().group.public_value_len();
            if let Some(ke) = part(it, PayloadType::KE) {
                ke.body.resize(4 + len, 9);
            }
            true
        },
    ),
    Mutant::responder::<Impossible>(
        "impossible-value-taken",
        &["NG14"],
        "goes on with the secret of a public value that is none",
    ),
    Mutant::responder::<LeadingZeros>(
        "leading-zeros-of-secret-dropped",
        &["NG21"],
        "drops leading zeros of the shared secret",
    ),
    Mutant::gateway("leading-zeros-dropped", &["NG21"], "drops leading zeros of a public value")
        .reading(|it, _| {
            if let Some(ke) = part(it, PayloadType::KE)
                && ke.body.get(4) == Some(&0)
            {
                ke.body.remove(4);
            }
            true
        }),
    Mutant::gateway(
        "right-cookie-refused",
        &["NG16"],
        "asks for a cookie again when it has got it",
    )
    .reading(|it, _| {
        if is(it, INIT, false) {
            it.parts.retain(|part| part.kind != PayloadType::N);
        }
        true
    }),
    Mutant::gateway("only-key-ids", &["AU7", "AU8"], "knows opaque identities only").reading(
        |it, _| {
            let known = |part: &mut Part| part.body.first() == Some(&IdType::ID_KEY_ID.0);
            part(it, PayloadType::IDI).is_none_or(known)
        },
    ),
    Mutant::gateway("opaque-ports-rejected", &["TS3"], "rejects selectors of opaque ports")
        .reading(|it, _| {
            let ts = part(it, PayloadType::TSR).map(|ts| ts.body.clone()).unwrap_or_default();
            !ts.windows(4).any(|ports| ports == [0xff, 0xff, 0, 0])
        }),
    Mutant::gateway("transport-mode-rejected", &["TS6"], "rejects a wish for transport mode")
        .reading(|it, _| !notified(it).contains(&NotifyType::USE_TRANSPORT_MODE)),
    Mutant::gateway("selectors-misnamed", &["TS1"], "says NO_PROPOSAL_CHOSEN of selectors")
        .writing(|it, _| {
            let (from, to) = (NotifyType::TS_UNACCEPTABLE, NotifyType::NO_PROPOSAL_CHOSEN);
            rename_notify(it, from, to);
            true
        }),
    Mutant::responder::<OnePort>(
        "narrows-to-one-port",
        &["TS1"],
        "narrows to a port that it likes",
    ),
    Mutant::gateway("initial-contact-rejected", &["PO7"], "rejects INITIAL_CONTACT").reading(
        |it, _| !is(it, AUTH, false) || !notified(it).contains(&NotifyType::INITIAL_CONTACT),
    ),
    Mutant::gateway("one-sa-an-identity", &["HD2"], "takes one IKE_AUTH request and no more")
        .reading(|it, desk| {
            desk.count += u32::from(is(it, AUTH, false) && has(it, PayloadType::AUTH));
            desk.count <= 1 || !is(it, AUTH, false)
        }),
    Mutant::gateway("ppk-unasked", &["PK1"], "says USE_PPK to who did not").writing(|it, _| {
        if is(it, INIT, true) && has(it, PayloadType::KE) {
            it.parts.push(Part::notify(NotifyType::USE_PPK, &[]));
        }
        true
    }),
];

#[derive(Default)]
struct OnePort;

impl Behaviour for OnePort {
    fn selectors(&mut self, narrowed: &mut TunnelSelectors) {
        for selector in &mut narrowed.local {
            (selector.protocol, selector.ports) = (17, (9, 9));
        }
    }
}

/// Zero and one stay what they are, and so does the first coordinate of a point of order two.
#[derive(Default)]
struct Impossible;

impl Behaviour for Impossible {
    fn secret(&mut self, public: &[u8], judged: Option<SharedSecret>) -> Option<SharedSecret> {
        let len = match public.len() {
            64 => 32,
            other => other,
        };
        judged.or_else(|| SharedSecret::new(&public[..len]))
    }
}

#[derive(Default)]
struct LeadingZeros;

impl Behaviour for LeadingZeros {
    fn secret(&mut self, _: &[u8], judged: Option<SharedSecret>) -> Option<SharedSecret> {
        let octets = judged.as_ref()?.as_slice();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        SharedSecret::new(&octets[zeros..])
    }
}
