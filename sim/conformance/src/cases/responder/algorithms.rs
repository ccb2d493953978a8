//! Which algorithms a responder takes, by RFC 8247 and RFC 8221.

use super::common::{authenticates, makes_none, refuses_child, set_sa};
use crate::levels;
use crate::message::{ProposalDraft, TransformDraft, find};
use crate::verdict::Outcome;
use crate::{Case, Device, Draft};
use ike_core::{EspSuite, NotifyType, PayloadType, Suite, TransformType};

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "algorithms/forbidden-ike",
        &["AL1"],
        |d| makes_none(d, "AL1", FORBIDDEN),
        "offers forbidden ciphers, PRFs, integrity algorithms and groups for the IKE SA",
    ),
    Case::responder(
        "algorithms/forbidden-esp",
        &["AL1"],
        |d| {
            refuses_child(
                d,
                "AL1",
                NotifyType::NO_PROPOSAL_CHOSEN,
                &[("DES with HMAC-MD5 for ESP", |r| {
                    let mut proposal = esp(r, Suite::AesCbcModp2048);
                    *proposal.transform(TransformType::ENCR) = plain(TransformType::ENCR, 2);
                    *proposal.transform(TransformType::INTEG) = plain(TransformType::INTEG, 1);
                    set_sa(r, &[proposal]);
                })],
            )
        },
        "offers DES with HMAC-MD5 for ESP; the IKE SA must stand",
    ),
    Case::responder(
        "algorithms/aead",
        &["ES4"],
        aead,
        "offers ESP with AES-CBC as number 1 and with the suite's AEAD as number 2",
    ),
];

const fn plain(kind: TransformType, id: u16) -> TransformDraft {
    TransformDraft::new(kind, id)
}

/// The usual proposal with some transforms in the place of its own.
fn offer(request: &mut Draft, other: &[TransformDraft]) {
    let mut proposal = ProposalDraft::ike(&Suite::default().ike());
    for transform in other {
        proposal.remove(transform.kind);
        proposal.transforms.push(transform.clone());
    }
    set_sa(request, &[proposal]);
}

const FORBIDDEN: &[super::common::Change] = &[
    ("DES with HMAC-SHA2-256", |r| {
        offer(r, &[plain(TransformType::ENCR, 2), plain(TransformType::INTEG, 12)]);
    }),
    ("NULL with HMAC-SHA2-256", |r| {
        offer(r, &[plain(TransformType::ENCR, 11), plain(TransformType::INTEG, 12)]);
    }),
    ("PRF-HMAC-MD5", |r| offer(r, &[plain(TransformType::PRF, 1)])),
    ("AES-CBC with HMAC-MD5-96", |r| {
        let cbc = plain(TransformType::ENCR, 12).key_length(128);
        offer(r, &[cbc, plain(TransformType::INTEG, 1)]);
    }),
    ("768-bit MODP", |r| offer(r, &[plain(TransformType::DH, 1)])),
];

/// For ESP, with the SPI that the request has: behind the generic header of its one proposal.
fn esp(request: &mut Draft, suite: Suite) -> ProposalDraft {
    let suite: EspSuite = suite.esp();
    let body = &request.part(PayloadType::SA).body;
    let spi = body.get(8..12).and_then(|spi| spi.try_into().ok()).unwrap_or_default();
    ProposalDraft::esp(&suite, u32::from_be_bytes(spi))
}

fn aead(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let suite = device.setup.suite;
    let first = esp(&mut request, Suite::AesCbcModp2048);
    let second = ProposalDraft { number: 2, ..esp(&mut request, suite) };
    set_sa(&mut request, &[first, second]);
    let answer = authenticates(device, "ES4", ("AES-CBC and an AEAD for ESP", &request))?;
    let chosen = find(&answer.parts, PayloadType::SA).map(ProposalDraft::all_of);
    let chosen = chosen.unwrap_or_default();
    let right = chosen.iter().flat_map(|it| &it.transforms).any(levels::is_aead);
    device.demand("ES4", right, "the AEAD", || format!("{chosen:?}"))
}
