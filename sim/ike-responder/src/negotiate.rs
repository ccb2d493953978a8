//! Choosing from an offer (RFC 7296 2.7, 3.3.6).

use crypto::Group;
use ike_core::payload::{Proposal, Sa, Transform};
use ike_core::{EspSuite, IkeSpi, IkeSuite, PeerIncompatible, Suite, TransformType};

/// What was chosen from an offer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice<S> {
    pub(crate) suite: S,
    /// The number of the accepted proposal, which the answer repeats.
    pub(crate) number: u8,
    /// The transforms of the answer.
    pub(crate) transforms: Vec<Transform>,
}

/// The preferred suite that an IKE_SA_INIT request offers with the group of its KE payload.
pub(crate) fn choose_ike(
    suites: &[Suite],
    offer: &Sa<'_>,
    group: u16,
) -> Result<Choice<IkeSuite>, PeerIncompatible> {
    let fits = |suite: &IkeSuite, proposal: &Proposal<'_>| suite.is_in(proposal).then_some(());
    choose(suites, offer, group, fits).map(|(choice, ())| choice)
}

/// As [`choose_ike`], for a request to rekey an IKE SA; with the peer's new SPI.
pub(crate) fn choose_rekey(
    suites: &[Suite],
    offer: &Sa<'_>,
    group: u16,
) -> Result<(Choice<IkeSuite>, IkeSpi), PeerIncompatible> {
    choose(suites, offer, group, IkeSuite::spi_in)
}

/// Where another suite is acceptable, its group is asked for (RFC 7296 1.2): a round trip costs a
/// sleeping device more than our preference is worth.
fn choose<T>(
    suites: &[Suite],
    offer: &Sa<'_>,
    group: u16,
    fits: impl Fn(&IkeSuite, &Proposal<'_>) -> Option<T>,
) -> Result<(Choice<IkeSuite>, T), PeerIncompatible> {
    let acceptable = || {
        suites.iter().map(|suite| suite.ike()).filter_map(|suite| {
            let mut proposals = offer.proposals();
            let (fit, proposal) =
                proposals.find_map(|proposal| Some((fits(&suite, &proposal)?, proposal)))?;
            let transforms = answer(&proposal, &suite.transforms());
            Some((Choice { suite, number: proposal.number(), transforms }, fit))
        })
    };
    match acceptable().find(|(choice, _)| choice.suite.group.transform_id() == group) {
        Some(found) => Ok(found),
        None => Err(match acceptable().next() {
            Some((choice, _)) => PeerIncompatible::InvalidKe(choice.suite.group.transform_id()),
            None => PeerIncompatible::NoProposalChosen,
        }),
    }
}

/// What was chosen for a Child SA.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChildChoice {
    pub(crate) esp: Choice<EspSuite>,
    /// Of a Diffie-Hellman exchange of its own.
    pub(crate) group: Option<Group>,
    /// The peer's SPI.
    pub(crate) spi: u32,
}

/// The preferred suite that is offered with the group of the KE payload, if there is one; `groups` are
/// those that are accepted.
///
/// Without a KE payload the peer wants no exchange as long as its offer can do without. With one it
/// does, so another acceptable group is asked for (RFC 7296 1.3.1) before the offer is taken without.
pub(crate) fn choose_esp(
    suites: &[Suite],
    offer: &Sa<'_>,
    groups: &[Group],
    ke: Option<u16>,
) -> Result<ChildChoice, PeerIncompatible> {
    let find = |group: Option<Group>| {
        suites.iter().map(|suite| suite.esp()).find_map(|suite| {
            let mut proposals = offer.proposals();
            let (spi, proposal) = proposals
                .find_map(|proposal| Some((suite.spi_in_with(&proposal, group)?, proposal)))?;
            let transforms = answer(&proposal, &suite.transforms_with(group));
            let esp = Choice { suite, number: proposal.number(), transforms };
            Some(ChildChoice { esp, group, spi })
        })
    };
    let of_ke = groups.iter().copied().find(|group| Some(group.transform_id()) == ke);
    if let Some(found) = of_ke.and_then(|group| find(Some(group))) {
        return Ok(found);
    }
    let other = groups.iter().copied().find(|group| find(Some(*group)).is_some());
    match (ke, other, find(None)) {
        (Some(_), Some(group), _) | (None, Some(group), None) => {
            Err(PeerIncompatible::InvalidKe(group.transform_id()))
        }
        (_, _, Some(found)) => Ok(found),
        (_, None, None) => Err(PeerIncompatible::NoProposalChosen),
    }
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
