//! The SA payload: proposals, their transforms, the attributes of these (RFC 7296 3.3).

use super::{Body, Payload};
use crate::{Malformed, PayloadType, ProtocolId, TransformType};

const PROPOSAL_HEADER: usize = 8;
const TRANSFORM_HEADER: usize = 8;
/// The one attribute that RFC 7296 3.3.5 defines, in its short form.
const KEY_LENGTH: u16 = 14;
const SHORT_FORM: u16 = 0x8000;

/// A transform, as offered or chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transform {
    /// What it is for.
    pub kind: TransformType,
    /// The algorithm, in IANA's registry for the type.
    pub id: u16,
    /// The Key Length attribute in bits.
    pub key_length: Option<u16>,
    /// There is an attribute that nobody here knows, or Key Length twice: the transform is then
    /// not acceptable (RFC 7296 3.3.6). Never emitted.
    pub unknown_attribute: bool,
}

impl Transform {
    /// A transform without attributes.
    #[must_use]
    pub const fn new(kind: TransformType, id: u16) -> Self {
        Self { kind, id, key_length: None, unknown_attribute: false }
    }

    /// An encryption transform.
    #[must_use]
    pub const fn encryption(algorithm: crypto::Encryption) -> Self {
        Self {
            kind: TransformType::ENCR,
            id: algorithm.transform_id(),
            key_length: algorithm.key_length_attribute(),
            unknown_attribute: false,
        }
    }

    fn len(&self) -> usize {
        TRANSFORM_HEADER + if self.key_length.is_some() { 4 } else { 0 }
    }

    fn emit(&self, last: bool, out: &mut [u8]) {
        out[0] = if last { 0 } else { 3 };
        out[1] = 0;
        out[2..4].copy_from_slice(&short(self.len()));
        out[4] = self.kind.0;
        out[5] = 0;
        out[6..8].copy_from_slice(&self.id.to_be_bytes());
        if let Some(bits) = self.key_length {
            out[8..10].copy_from_slice(&(SHORT_FORM | KEY_LENGTH).to_be_bytes());
            out[10..12].copy_from_slice(&bits.to_be_bytes());
        }
    }
}

fn short(len: usize) -> [u8; 2] {
    u16::try_from(len).expect("a proposal is shorter than 64 KiB").to_be_bytes()
}

/// A proposal to emit.
#[derive(Clone, Copy, Debug)]
pub struct ProposalRepr<'a> {
    /// Counts from 1 in an offer; an answer repeats the accepted number.
    pub number: u8,
    /// What is to be protected.
    pub protocol: ProtocolId,
    /// The sender's SPI; empty in IKE_SA_INIT.
    pub spi: &'a [u8],
    /// The transforms.
    pub transforms: &'a [Transform],
}

impl ProposalRepr<'_> {
    fn len(&self) -> usize {
        let transforms: usize = self.transforms.iter().map(Transform::len).sum();
        PROPOSAL_HEADER + self.spi.len() + transforms
    }

    fn emit(&self, last: bool, out: &mut [u8]) {
        out[0] = if last { 0 } else { 2 };
        out[1] = 0;
        out[2..4].copy_from_slice(&short(self.len()));
        out[4] = self.number;
        out[5] = self.protocol.0;
        out[6] = u8::try_from(self.spi.len()).expect("an SPI has at most 8 octets");
        out[7] = u8::try_from(self.transforms.len()).expect("at most 255 transforms");
        let (spi, mut rest) = out[PROPOSAL_HEADER..].split_at_mut(self.spi.len());
        spi.copy_from_slice(self.spi);
        for (index, transform) in self.transforms.iter().enumerate() {
            let (here, behind) = rest.split_at_mut(transform.len());
            transform.emit(index + 1 == self.transforms.len(), here);
            rest = behind;
        }
    }
}

/// An SA payload to emit.
#[derive(Clone, Copy, Debug)]
pub struct SaRepr<'a>(
    /// The proposals, in order of preference.
    pub &'a [ProposalRepr<'a>],
);

impl Body for SaRepr<'_> {
    fn kind(&self) -> PayloadType {
        PayloadType::SA
    }

    fn body_len(&self) -> usize {
        self.0.iter().map(ProposalRepr::len).sum()
    }

    fn emit(&self, out: &mut [u8]) {
        let mut rest = out;
        for (index, proposal) in self.0.iter().enumerate() {
            let (here, behind) = rest.split_at_mut(proposal.len());
            proposal.emit(index + 1 == self.0.len(), here);
            rest = behind;
        }
    }
}

/// A received SA payload; its lengths and counts have been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sa<'a>(&'a [u8]);

impl<'a> Sa<'a> {
    /// Checks every length and count of the body.
    ///
    /// # Errors
    /// [`Malformed`] with the place of the first that is inconsistent.
    pub fn parse(payload: &Payload<'a>) -> Result<Self, Malformed> {
        let mut rest = payload.body;
        let mut offset = payload.offset;
        loop {
            let (proposal, more) = split_substructure(rest, (0, 2), PROPOSAL_HEADER, offset)?;
            check_proposal(proposal, offset)?;
            rest = &rest[proposal.len()..];
            offset += proposal.len();
            if more == rest.is_empty() {
                return Err(Malformed::new("as many proposals as are announced", offset));
            }
            if !more {
                return Ok(Self(payload.body));
            }
        }
    }

    /// The proposals, in order.
    pub fn proposals(&self) -> impl Iterator<Item = Proposal<'a>> + use<'a> {
        substructures(self.0).map(Proposal)
    }
}

/// A proposal of a received SA payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal<'a>(&'a [u8]);

impl<'a> Proposal<'a> {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.0[4]
    }

    /// What it would protect.
    #[must_use]
    pub fn protocol(&self) -> ProtocolId {
        ProtocolId(self.0[5])
    }

    /// The sender's SPI.
    #[must_use]
    pub fn spi(&self) -> &'a [u8] {
        &self.0[PROPOSAL_HEADER..PROPOSAL_HEADER + usize::from(self.0[6])]
    }

    /// Its transforms, in order.
    pub fn transforms(&self) -> impl Iterator<Item = Transform> + use<'a> {
        substructures(&self.0[PROPOSAL_HEADER + usize::from(self.0[6])..]).map(parse_transform)
    }
}

/// The first substructure of `octets` and whether another is announced: proposals and transforms
/// share their first four octets. `(last, more)` are the two lawful values of the first one.
fn split_substructure(
    octets: &[u8],
    (last, more): (u8, u8),
    least: usize,
    offset: usize,
) -> Result<(&[u8], bool), Malformed> {
    let Some((&[marker, _, high, low], _)) = octets.split_first_chunk() else {
        return Err(Malformed::new("a proposal or transform", offset));
    };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len < least || len > octets.len() {
        return Err(Malformed::new(
            "a proposal or transform length within its payload",
            offset + 2,
        ));
    }
    if marker != last && marker != more {
        return Err(Malformed::new("a Last Substruc value", offset));
    }
    Ok((&octets[..len], marker == more))
}

fn check_proposal(proposal: &[u8], offset: usize) -> Result<(), Malformed> {
    let spi_size = usize::from(proposal[6]);
    let Some(mut rest) = proposal.get(PROPOSAL_HEADER + spi_size..) else {
        return Err(Malformed::new("an SPI within its proposal", offset + 6));
    };
    let mut at = offset + PROPOSAL_HEADER + spi_size;
    let count = proposal[7];
    for index in 1..=count {
        let (transform, more) = split_substructure(rest, (0, 3), TRANSFORM_HEADER, at)?;
        check_attributes(&transform[TRANSFORM_HEADER..], at + TRANSFORM_HEADER)?;
        rest = &rest[transform.len()..];
        at += transform.len();
        if more != (index < count) {
            return Err(Malformed::new("as many transforms as are announced", at));
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Malformed::new("the end of the proposal", at)) }
}

fn check_attributes(mut attributes: &[u8], mut offset: usize) -> Result<(), Malformed> {
    while !attributes.is_empty() {
        let Some((_, _, rest)) = split_attribute(attributes) else {
            return Err(Malformed::new("an attribute within its transform", offset));
        };
        offset += attributes.len() - rest.len();
        attributes = rest;
    }
    Ok(())
}

/// Type (with the format bit), value of the short form, rest.
fn split_attribute(octets: &[u8]) -> Option<(u16, u16, &[u8])> {
    let (&[t0, t1, v0, v1], rest) = octets.split_first_chunk()?;
    let (kind, value) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([v0, v1]));
    let long = if kind & SHORT_FORM == 0 { usize::from(value) } else { 0 };
    Some((kind, value, rest.get(long..)?))
}

/// Splits what [`Sa::parse`] has checked.
fn substructures(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    core::iter::from_fn(move || {
        let (&[_, _, high, low], _) = rest.split_first_chunk()?;
        let (here, behind) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        rest = behind;
        Some(here)
    })
}

fn parse_transform(octets: &[u8]) -> Transform {
    let mut transform =
        Transform::new(TransformType(octets[4]), u16::from_be_bytes([octets[6], octets[7]]));
    let mut rest = &octets[TRANSFORM_HEADER..];
    while let Some((kind, value, behind)) = split_attribute(rest) {
        if kind == SHORT_FORM | KEY_LENGTH && transform.key_length.is_none() {
            transform.key_length = Some(value);
        } else {
            transform.unknown_attribute = true;
        }
        rest = behind;
    }
    transform
}

#[cfg(test)]
mod tests;
