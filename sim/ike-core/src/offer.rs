//! What one side offers, and whether an answer is one of the offers (RFC 7296 2.7, 3.3.6).

use crate::payload::{Proposal, Sa, Transform};
use crate::{Error, IkeSpi, PeerMisbehaved, ProtocolId, TransformType};
use crypto::{Encryption, Group, Integrity, PrfAlgorithm, Protection};
use heapless::Vec;

/// The transforms of one proposal.
type Transforms = Vec<Transform, 12>;

/// The algorithms of an IKE SA, agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IkeSuite {
    /// How messages are protected.
    pub protection: Protection,
    /// The pseudorandom function.
    pub prf: PrfAlgorithm,
    /// The Diffie-Hellman group.
    pub group: Group,
}

/// The algorithms of a Child SA, agreed: ESP with 32-bit sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EspSuite {
    /// How packets are protected.
    pub protection: Protection,
}

/// What is offered for the IKE SA: one proposal with lists of alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeOffer {
    protections: Vec<Protection, 4>,
    prfs: Vec<PrfAlgorithm, 2>,
    groups: Vec<Group, 3>,
}

impl IkeOffer {
    /// The offer, or `None` where a list is empty or too long, or AEADs and other ciphers are
    /// mixed, which one proposal cannot do (RFC 5282 8).
    #[must_use]
    pub fn new(
        protections: &[Protection],
        prfs: &[PrfAlgorithm],
        groups: &[Group],
    ) -> Option<Self> {
        if prfs.is_empty() || groups.is_empty() {
            return None;
        }
        Some(Self {
            protections: one_kind(protections)?,
            prfs: Vec::from_slice(prfs).ok()?,
            groups: Vec::from_slice(groups).ok()?,
        })
    }

    /// The groups, the preferred one first.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The transforms to emit (RFC 7296 3.3.3: ENCR, PRF, INTEG unless AEAD, D-H).
    #[must_use]
    pub fn transforms(&self) -> Transforms {
        let mut all = encryption_transforms(&self.protections);
        for prf in &self.prfs {
            add(&mut all, Transform::new(TransformType::PRF, prf.transform_id()));
        }
        add_integrity(&mut all, &self.protections);
        for group in &self.groups {
            add(&mut all, Transform::new(TransformType::DH, group.transform_id()));
        }
        all
    }

    /// The suite that the responder chose.
    ///
    /// # Errors
    /// [`PeerMisbehaved::NotOffered`]: the answer is not exactly one of the offers.
    pub fn accept(&self, answer: &Sa<'_>) -> Result<IkeSuite, Error> {
        let proposal = only_proposal(answer, ProtocolId::IKE)?;
        // RFC 7296 3.3.1: no SPI in IKE_SA_INIT; it is in the header.
        if !proposal.spi().is_empty() {
            return Err(not_offered("an SPI in the IKE proposal"));
        }
        let chosen = Chosen::read(&proposal)?;
        if chosen.esn.is_some() {
            return Err(not_offered("a transform of another type"));
        }
        let suite = IkeSuite {
            protection: chosen.protection()?,
            prf: chosen.prf.ok_or(not_offered("no PRF"))?,
            group: chosen.group.ok_or(not_offered("no Diffie-Hellman group"))?,
        };
        let offered = self.protections.contains(&suite.protection)
            && self.prfs.contains(&suite.prf)
            && self.groups.contains(&suite.group);
        if offered { Ok(suite) } else { Err(not_offered("an algorithm of the IKE SA")) }
    }
}

/// What is offered for the Child SA: one proposal with lists of alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EspOffer {
    protections: Vec<Protection, 4>,
}

impl EspOffer {
    /// The offer; `None` as for [`IkeOffer::new`].
    #[must_use]
    pub fn new(protections: &[Protection]) -> Option<Self> {
        Some(Self { protections: one_kind(protections)? })
    }

    /// The transforms to emit (RFC 7296 3.3.3: ENCR, INTEG unless AEAD, ESN; 1.2: no D-H).
    #[must_use]
    pub fn transforms(&self) -> Transforms {
        let mut all = encryption_transforms(&self.protections);
        add_integrity(&mut all, &self.protections);
        add(&mut all, Transform::new(TransformType::ESN, NO_ESN));
        all
    }

    /// The suite that the responder chose, and its SPI.
    ///
    /// # Errors
    /// [`PeerMisbehaved::NotOffered`]: the answer is not exactly one of the offers.
    pub fn accept(&self, answer: &Sa<'_>) -> Result<(EspSuite, u32), Error> {
        let proposal = only_proposal(answer, ProtocolId::ESP)?;
        let spi = proposal.spi().try_into().map(u32::from_be_bytes);
        let Ok(spi @ 256..) = spi else {
            // RFC 4303 2.1: 0 is for local use, 1 to 255 are reserved.
            return Err(not_offered("an ESP SPI below 256 or not of 4 octets"));
        };
        let chosen = Chosen::read(&proposal)?;
        if chosen.prf.is_some() || chosen.group.is_some() || chosen.esn != Some(NO_ESN) {
            return Err(not_offered("a transform of another type"));
        }
        let suite = EspSuite { protection: chosen.protection()? };
        if self.protections.contains(&suite.protection) {
            Ok((suite, spi))
        } else {
            Err(not_offered("an algorithm of the Child SA"))
        }
    }
}

/// "No Extended Sequence Numbers" (RFC 7296 3.3.2).
const NO_ESN: u16 = 0;

fn one_kind(protections: &[Protection]) -> Option<Vec<Protection, 4>> {
    let is_aead = protections.first()?.encryption().is_aead();
    protections
        .iter()
        .all(|protection| protection.encryption().is_aead() == is_aead)
        .then(|| Vec::from_slice(protections).ok())
        .flatten()
}

/// Adds what is not there yet; the lists are so short that the room is always enough.
fn add(all: &mut Transforms, transform: Transform) {
    if !all.contains(&transform) {
        all.push(transform).expect("at most 4 ciphers, 1 integrity, 2 PRFs and 3 groups");
    }
}

fn encryption_transforms(protections: &[Protection]) -> Transforms {
    let mut all = Vec::new();
    for protection in protections {
        add(&mut all, Transform::encryption(protection.encryption()));
    }
    all
}

fn add_integrity(all: &mut Transforms, protections: &[Protection]) {
    for integrity in protections.iter().filter_map(|protection| protection.integrity()) {
        add(all, Transform::new(TransformType::INTEG, integrity.transform_id()));
    }
}

const fn not_offered(what: &'static str) -> Error {
    Error::Misbehaved(PeerMisbehaved::NotOffered(what))
}

fn only_proposal<'a>(answer: &Sa<'a>, protocol: ProtocolId) -> Result<Proposal<'a>, Error> {
    let mut proposals = answer.proposals();
    let (Some(proposal), None) = (proposals.next(), proposals.next()) else {
        return Err(not_offered("an answer of other than one proposal"));
    };
    // RFC 7296 3.3.1: the number of the accepted proposal is repeated; ours is 1.
    if proposal.number() != 1 || proposal.protocol() != protocol {
        return Err(not_offered("another proposal number or protocol"));
    }
    Ok(proposal)
}

/// The one transform of each type that an answer holds.
#[derive(Default)]
struct Chosen {
    encryption: Option<Encryption>,
    prf: Option<PrfAlgorithm>,
    integrity: Option<Integrity>,
    group: Option<Group>,
    esn: Option<u16>,
}

impl Chosen {
    fn read(proposal: &Proposal<'_>) -> Result<Self, Error> {
        let mut chosen = Self::default();
        for transform in proposal.transforms() {
            if !chosen.take(&transform) {
                return Err(not_offered("a transform that is unknown, repeated or has attributes"));
            }
        }
        Ok(chosen)
    }

    /// Whether the transform is known and the first of its type.
    fn take(&mut self, transform: &Transform) -> bool {
        if transform.unknown_attribute {
            return false;
        }
        let id = transform.id;
        if transform.kind == TransformType::ENCR {
            return set(&mut self.encryption, Encryption::from_transform(id, transform.key_length));
        }
        if transform.key_length.is_some() {
            return false;
        }
        match transform.kind {
            TransformType::PRF => set(&mut self.prf, PrfAlgorithm::from_transform(id)),
            TransformType::INTEG => set(&mut self.integrity, Integrity::from_transform(id)),
            TransformType::DH => set(&mut self.group, Group::from_transform(id)),
            TransformType::ESN => set(&mut self.esn, Some(id)),
            _ => false,
        }
    }

    fn protection(&self) -> Result<Protection, Error> {
        self.encryption
            .and_then(|encryption| Protection::new(encryption, self.integrity))
            .ok_or(not_offered("encryption and integrity that do not go together"))
    }
}

fn set<T>(slot: &mut Option<T>, found: Option<T>) -> bool {
    let first = slot.is_none() && found.is_some();
    *slot = found;
    first
}

impl IkeSuite {
    /// The transforms of exactly this suite.
    #[must_use]
    pub fn transforms(&self) -> Transforms {
        IkeOffer::new(&[self.protection], &[self.prf], &[self.group])
            .expect("lists of one")
            .transforms()
    }

    /// Whether the proposal of an IKE_SA_INIT request, which may list alternatives, lets this suite be
    /// chosen: each of its transforms is there and each type that is there has one of ours (RFC 7296
    /// 3.3.6).
    #[must_use]
    pub fn is_in(&self, proposal: &Proposal<'_>) -> bool {
        proposal.protocol() == ProtocolId::IKE
            && proposal.spi().is_empty()
            && is_choice(proposal, &self.transforms())
    }

    /// As [`Self::is_in`], for a proposal to rekey an IKE SA; gives the peer's new SPI (RFC 7296 1.3.2).
    #[must_use]
    pub fn spi_in(&self, proposal: &Proposal<'_>) -> Option<IkeSpi> {
        let spi = IkeSpi(u64::from_be_bytes(proposal.spi().try_into().ok()?));
        (proposal.protocol() == ProtocolId::IKE
            && spi != IkeSpi::ZERO
            && is_choice(proposal, &self.transforms()))
        .then_some(spi)
    }
}

impl EspSuite {
    /// The transforms of exactly this suite.
    #[must_use]
    pub fn transforms(&self) -> Transforms {
        EspOffer::new(&[self.protection]).expect("a list of one").transforms()
    }

    /// The transforms of this suite with a Diffie-Hellman exchange of its own in that group; `None`:
    /// without one. Only CREATE_CHILD_SA can have one (RFC 7296 1.2, 1.3.1).
    #[must_use]
    pub fn transforms_with(&self, group: Option<Group>) -> Transforms {
        let mut all = self.transforms();
        if let Some(group) = group {
            add(&mut all, Transform::new(TransformType::DH, group.transform_id()));
        }
        all
    }

    /// As [`IkeSuite::is_in`]; gives the peer's SPI.
    #[must_use]
    pub fn spi_in(&self, proposal: &Proposal<'_>) -> Option<u32> {
        self.spi_in_with(proposal, None)
    }

    /// As [`Self::spi_in`], with the group as in [`Self::transforms_with`].
    #[must_use]
    pub fn spi_in_with(&self, proposal: &Proposal<'_>, group: Option<Group>) -> Option<u32> {
        let spi = u32::from_be_bytes(proposal.spi().try_into().ok()?);
        (proposal.protocol() == ProtocolId::ESP
            && spi > 255
            && is_choice(proposal, &self.transforms_with(group)))
        .then_some(spi)
    }
}

fn is_choice(proposal: &Proposal<'_>, ours: &[Transform]) -> bool {
    let all_ours_offered =
        ours.iter().all(|wanted| proposal.transforms().any(|offered| offered == *wanted));
    // RFC 7296 3.3.6: one of each offered type must be chosen. "NONE" (id 0) may stand for none
    // at all with an AEAD's integrity (RFC 7296 3.3.3) and with a group in IKE_AUTH (1.2). It is looked for once: anybody
    // may send an offer of thousands of transforms.
    let is_none_offered =
        |kind| proposal.transforms().any(|offered| offered.kind == kind && offered.id == 0);
    let dispensable =
        [TransformType::INTEG, TransformType::DH].map(|kind| (kind, is_none_offered(kind)));
    let all_types_ours = proposal.transforms().all(|offered| {
        ours.iter().any(|wanted| wanted.kind == offered.kind)
            || dispensable.contains(&(offered.kind, true))
    });
    all_ours_offered && all_types_ours
}

#[cfg(test)]
mod tests;
