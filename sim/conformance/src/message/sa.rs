//! SA payloads with full freedom over every field.

use crate::message::Part;
use ike_core::payload::{Proposal, Sa, Transform};
use ike_core::{EspSuite, IkeSuite, PayloadType, ProtocolId, TransformType};

/// A transform to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransformDraft {
    /// Its type.
    pub kind: TransformType,
    /// The algorithm.
    pub id: u16,
    /// The octets of its attributes.
    pub attributes: Vec<u8>,
    /// In the place of the right length.
    pub length: Option<u16>,
    /// What stands in its reserved octets.
    pub reserved: u8,
}

impl TransformDraft {
    /// A transform without attributes.
    #[must_use]
    pub const fn new(kind: TransformType, id: u16) -> Self {
        Self { kind, id, attributes: Vec::new(), length: None, reserved: 0 }
    }

    /// The same with one more Key Length attribute.
    #[must_use]
    pub fn key_length(mut self, bits: u16) -> Self {
        let [high, low] = bits.to_be_bytes();
        self.attributes.extend([0x80, 14, high, low]);
        self
    }

    fn of(transform: &Transform) -> Self {
        let plain = Self::new(transform.kind, transform.id);
        transform.key_length.map_or(plain.clone(), |bits| plain.key_length(bits))
    }

    fn octets(&self, last: bool) -> Vec<u8> {
        let right = u16::try_from(8 + self.attributes.len()).unwrap_or(u16::MAX);
        let [high, low] = self.length.unwrap_or(right).to_be_bytes();
        let [id_high, id_low] = self.id.to_be_bytes();
        let marker = if last { 0 } else { 3 };
        let mut octets = vec![marker, self.reserved, high, low];
        octets.extend([self.kind.0, self.reserved, id_high, id_low]);
        octets.extend(&self.attributes);
        octets
    }
}

/// A proposal to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalDraft {
    /// Its number.
    pub number: u8,
    /// What it is to protect.
    pub protocol: ProtocolId,
    /// The sender's SPI.
    pub spi: Vec<u8>,
    /// Its transforms.
    pub transforms: Vec<TransformDraft>,
    /// In the place of the right SPI size.
    pub spi_size: Option<u8>,
    /// In the place of the right number of transforms.
    pub count: Option<u8>,
    /// In the place of the right length.
    pub length: Option<u16>,
    /// What stands in its reserved octet.
    pub reserved: u8,
}

impl ProposalDraft {
    /// Its transforms by type, number and attributes, whatever their order.
    #[must_use]
    pub fn sorted(&self) -> Vec<(TransformType, u16, Vec<u8>)> {
        let all = self.transforms.iter().map(|it| (it.kind, it.id, it.attributes.clone()));
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all
    }

    fn new(protocol: ProtocolId, spi: &[u8], transforms: &[Transform]) -> Self {
        Self {
            number: 1,
            protocol,
            spi: spi.to_vec(),
            transforms: transforms.iter().map(TransformDraft::of).collect(),
            spi_size: None,
            count: None,
            length: None,
            reserved: 0,
        }
    }

    /// Exactly this suite, for an IKE SA.
    #[must_use]
    pub fn ike(suite: &IkeSuite) -> Self {
        Self::new(ProtocolId::IKE, &[], &suite.transforms())
    }

    /// Exactly this suite, for a Child SA.
    #[must_use]
    pub fn esp(suite: &EspSuite, spi: u32) -> Self {
        Self::new(ProtocolId::ESP, &spi.to_be_bytes(), &suite.transforms())
    }

    /// Those of a payload; none where it does not parse.
    #[must_use]
    pub fn all_of(part: &Part) -> Vec<Self> {
        let view = part.view();
        let Ok(sa) = Sa::parse(&view) else { return Vec::new() };
        let draft = |proposal: Proposal<'_>| {
            let transforms: Vec<Transform> = proposal.transforms().collect();
            let draft = Self::new(proposal.protocol(), proposal.spi(), &transforms);
            Self { number: proposal.number(), ..draft }
        };
        sa.proposals().map(draft).collect()
    }

    /// The first transform of that type, to be changed.
    ///
    /// # Panics
    /// When there is none: the case is wrong.
    pub fn transform(&mut self, kind: TransformType) -> &mut TransformDraft {
        let found = self.transforms.iter_mut().find(|transform| transform.kind == kind);
        found.unwrap_or_else(|| panic!("the proposal has a {kind} transform"))
    }

    /// Takes out the transforms of that type.
    pub fn remove(&mut self, kind: TransformType) {
        self.transforms.retain(|transform| transform.kind != kind);
    }

    fn octets(&self, last: bool) -> Vec<u8> {
        let mut behind = self.spi.clone();
        for (index, transform) in self.transforms.iter().enumerate() {
            behind.extend(transform.octets(index + 1 == self.transforms.len()));
        }
        let right = u16::try_from(8 + behind.len()).unwrap_or(u16::MAX);
        let [high, low] = self.length.unwrap_or(right).to_be_bytes();
        let spi_size = u8::try_from(self.spi.len()).unwrap_or(u8::MAX);
        let count = u8::try_from(self.transforms.len()).unwrap_or(u8::MAX);
        let marker = if last { 0 } else { 2 };
        let mut octets = vec![marker, self.reserved, high, low, self.number, self.protocol.0];
        octets.extend([self.spi_size.unwrap_or(spi_size), self.count.unwrap_or(count)]);
        octets.extend(behind);
        octets
    }
}

/// An SA payload of these proposals.
#[must_use]
pub fn sa_part(proposals: &[ProposalDraft]) -> Part {
    let mut body = Vec::new();
    for (index, proposal) in proposals.iter().enumerate() {
        body.extend(proposal.octets(index + 1 == proposals.len()));
    }
    Part::raw(PayloadType::SA, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ike_core::Suite;
    use ike_core::payload::{ProposalRepr, SaRepr};

    #[test]
    fn a_lawful_draft_has_the_octets_of_the_codec() {
        for suite in Suite::ALL {
            let transforms = suite.esp().transforms();
            let proposal = ProposalRepr {
                number: 1,
                protocol: ProtocolId::ESP,
                spi: &7_u32.to_be_bytes(),
                transforms: &transforms,
            };
            let drawn = sa_part(&[ProposalDraft::esp(&suite.esp(), 7)]);
            assert_eq!(drawn, Part::of(&SaRepr(&[proposal])));
        }
    }
}
