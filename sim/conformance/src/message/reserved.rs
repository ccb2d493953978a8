//! The reserved octets in the bodies of payloads, which are sent as zero (RFC 7296 2.5).

use crate::message::Part;
use ike_core::PayloadType;

/// Octets of a proposal before its SPI (RFC 7296 3.3.1), and of a transform before its attributes (3.3.2).
const FIXED: usize = 8;

/// What stands in the reserved octets of a payload's body, in order.
#[must_use]
pub(crate) fn reserved(part: &Part) -> Vec<u8> {
    let range = match part.kind {
        PayloadType::SA => return of_sa(&part.body).unwrap_or_default(),
        // RFC 7296 3.4, 3.5, 3.8, 3.13.
        PayloadType::KE => 2..4,
        PayloadType::IDI
        | PayloadType::IDR
        | PayloadType::AUTH
        | PayloadType::TSI
        | PayloadType::TSR => 1..4,
        _ => 0..0,
    };
    part.body.get(range).map(<[u8]>::to_vec).unwrap_or_default()
}

/// Those of each proposal and of its transforms; `None` where the lengths lead nowhere.
fn of_sa(mut octets: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while let Some((proposal, behind)) = structure(octets) {
        all.push(proposal[1]);
        let mut transforms = proposal.get(FIXED + usize::from(proposal[6])..)?;
        while let Some((transform, behind)) = structure(transforms) {
            all.extend([transform[1], transform[5]]);
            transforms = behind;
        }
        octets = behind;
    }
    Some(all)
}

/// The proposal or transform that comes first, as long as it says, and what is behind it.
fn structure(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[_, _, high, low, ..] = octets else { return None };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len < FIXED { None } else { octets.split_at_checked(len) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ProposalDraft, sa_part};
    use ike_core::Suite;

    #[test]
    fn each_reserved_octet_of_an_sa_is_found() {
        let suite = Suite::default();
        let mut proposals = [
            ProposalDraft::ike(&suite.ike()),
            ProposalDraft { number: 2, ..ProposalDraft::esp(&suite.esp(), 7) },
        ];
        assert_eq!(reserved(&sa_part(&proposals)), [0; 1 + 2 * 3 + 1 + 2 * 2]);
        proposals[1].reserved = 9;
        proposals[1].transforms[1].reserved = 5;
        assert_eq!(reserved(&sa_part(&proposals)), [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 5, 5]);
    }

    #[test]
    fn a_body_that_is_cut_has_none() {
        assert!(reserved(&Part::raw(PayloadType::KE, &[0, 31, 0])).is_empty());
        assert!(reserved(&Part::raw(PayloadType::SA, &[0, 0, 0, 0])).is_empty());
    }
}
