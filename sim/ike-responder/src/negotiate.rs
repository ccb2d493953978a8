//! Choosing from an offer (RFC 7296 2.7, 3.3.6).

use ike_core::payload::{Proposal, Sa, Transform};
use ike_core::{EspSuite, IkeSuite, PeerIncompatible, Suite, TransformType};

/// What was chosen from an offer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice<S> {
    pub(crate) suite: S,
    /// The number of the accepted proposal, which the answer repeats.
    pub(crate) number: u8,
    /// The transforms of the answer.
    pub(crate) transforms: Vec<Transform>,
}

/// The preferred suite that is offered with the group of the KE payload. Where another one is
/// acceptable, its group is asked for (RFC 7296 1.2): a round trip costs a sleeping device more than
/// our preference is worth.
pub(crate) fn choose_ike(
    suites: &[Suite],
    offer: &Sa<'_>,
    group: u16,
) -> Result<Choice<IkeSuite>, PeerIncompatible> {
    let acceptable = || {
        suites.iter().map(|suite| suite.ike()).filter_map(|suite| {
            let proposal = offer.proposals().find(|proposal| suite.is_in(proposal))?;
            Some((suite, proposal))
        })
    };
    match acceptable().find(|(suite, _)| suite.group.transform_id() == group) {
        Some((suite, proposal)) => Ok(Choice {
            suite,
            number: proposal.number(),
            transforms: answer(&proposal, &suite.transforms()),
        }),
        None => Err(match acceptable().next() {
            Some((suite, _)) => PeerIncompatible::InvalidKe(suite.group.transform_id()),
            None => PeerIncompatible::NoProposalChosen,
        }),
    }
}

/// The preferred suite that is offered, and the peer's SPI.
pub(crate) fn choose_esp(
    suites: &[Suite],
    offer: &Sa<'_>,
) -> Result<(Choice<EspSuite>, u32), PeerIncompatible> {
    suites
        .iter()
        .map(|suite| suite.esp())
        .find_map(|suite| {
            let mut proposals = offer.proposals();
            let (spi, proposal) =
                proposals.find_map(|proposal| Some((suite.spi_in(&proposal)?, proposal)))?;
            let transforms = answer(&proposal, &suite.transforms());
            Some((Choice { suite, number: proposal.number(), transforms }, spi))
        })
        .ok_or(PeerIncompatible::NoProposalChosen)
}

/// One transform of each type that the proposal has: the suite's, and NONE where that was offered
/// for a type that the suite does without (RFC 7296 2.7, 3.3.6).
fn answer(proposal: &Proposal<'_>, ours: &[Transform]) -> Vec<Transform> {
    let mut transforms = ours.to_vec();
    for kind in [TransformType::INTEG, TransformType::DH] {
        let none = Transform::new(kind, 0);
        let is_ours = transforms.iter().any(|transform| transform.kind == kind);
        if !is_ours && proposal.transforms().any(|offered| offered == none) {
            transforms.push(none);
        }
    }
    transforms
}
