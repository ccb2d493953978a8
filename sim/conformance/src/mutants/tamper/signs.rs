//! What a reader that is too strict stumbles over.

use super::read::payloads;
use crate::message::{Draft, ProposalDraft, reserved};
use ike_core::{PayloadType, TransformType};

/// As the RFC shows the payloads of IKE_SA_INIT and IKE_AUTH.
const USUAL: [PayloadType; 8] = [
    PayloadType::IDI,
    PayloadType::IDR,
    PayloadType::AUTH,
    PayloadType::SA,
    PayloadType::KE,
    PayloadType::NONCE,
    PayloadType::TSI,
    PayloadType::TSR,
];

/// Whether the payloads stand in another order than the usual.
pub(in crate::mutants) fn is_unordered(draft: &Draft) -> bool {
    let at = |kind| USUAL.iter().position(|usual| *usual == kind);
    let places: Vec<usize> = payloads(draft).iter().filter_map(|part| at(part.kind)).collect();
    !places.is_sorted()
}

/// Whether a payload of a defined type is critical.
pub(in crate::mutants) fn is_critical(draft: &Draft) -> bool {
    payloads(draft).iter().any(|part| part.kind.is_defined() && part.flags & 0x80 != 0)
}

/// Whether a reserved octet in the body of a payload is not zero.
pub(in crate::mutants) fn has_reserved(draft: &Draft) -> bool {
    payloads(draft).iter().any(|part| reserved(part).iter().any(|octet| *octet != 0))
}

/// Whether a payload is of one of those types.
pub(in crate::mutants) fn has_any(draft: &Draft, kinds: &[u8]) -> bool {
    payloads(draft).iter().any(|part| kinds.contains(&part.kind.0))
}

/// Whether it is longer than many a buffer.
pub(in crate::mutants) fn is_long(draft: &Draft) -> bool {
    payloads(draft).iter().map(|part| part.body.len()).sum::<usize>() > 900
}

/// Changes the first proposal of the first SA payload.
pub(in crate::mutants) fn edit_sa(draft: &mut Draft, change: impl FnOnce(&mut ProposalDraft)) {
    let Some(part) = super::read::part(draft, PayloadType::SA) else { return };
    let mut proposals = ProposalDraft::all_of(part);
    let Some(first) = proposals.first_mut() else { return };
    change(first);
    part.body = crate::message::sa_part(&proposals).body;
}

/// As [`edit_sa`], for each cipher.
pub(in crate::mutants) fn edit_ciphers(draft: &mut Draft, from: u16, to: u16) {
    edit_sa(draft, |proposal| {
        for transform in &mut proposal.transforms {
            if transform.kind == TransformType::ENCR && transform.id == from {
                transform.id = to;
            }
        }
    });
}
