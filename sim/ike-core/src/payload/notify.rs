//! The Notify and Delete payloads.

use super::{Body, Payload};
use crate::{Malformed, NotifyType, PayloadType, ProtocolId};

/// The Notify payload (RFC 7296 3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notify<'a> {
    /// The protocol of the SA that it is about; NONE without an SPI.
    pub protocol: ProtocolId,
    /// The SPI of that SA; empty for most.
    pub spi: &'a [u8],
    /// What is notified.
    pub kind: NotifyType,
    /// What belongs to it.
    pub data: &'a [u8],
}

impl<'a> Notify<'a> {
    /// A notify without an SPI: then the protocol is 0, too (RFC 7296 3.10).
    #[must_use]
    pub const fn new(kind: NotifyType, data: &'a [u8]) -> Self {
        Self { protocol: ProtocolId::NONE, spi: &[], kind, data }
    }

    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`] when the fixed part or the SPI is cut.
    pub fn parse(payload: &Payload<'a>) -> Result<Self, Malformed> {
        let Some((&[protocol, spi_size, high, low], rest)) = payload.body.split_first_chunk()
        else {
            return Err(Malformed::new("a Notify payload of 4 octets or more", payload.offset));
        };
        let Some((spi, data)) = rest.split_at_checked(usize::from(spi_size)) else {
            return Err(Malformed::new("an SPI within the Notify payload", payload.offset + 1));
        };
        let kind = NotifyType(u16::from_be_bytes([high, low]));
        Ok(Self { protocol: ProtocolId(protocol), spi, kind, data })
    }
}

impl Body for Notify<'_> {
    fn kind(&self) -> PayloadType {
        PayloadType::N
    }

    fn body_len(&self) -> usize {
        4 + self.spi.len() + self.data.len()
    }

    fn emit(&self, out: &mut [u8]) {
        out[0] = self.protocol.0;
        out[1] = u8::try_from(self.spi.len()).expect("an SPI has at most 8 octets");
        out[2..4].copy_from_slice(&self.kind.0.to_be_bytes());
        let (spi, data) = out[4..].split_at_mut(self.spi.len());
        spi.copy_from_slice(self.spi);
        data.copy_from_slice(self.data);
    }
}

/// The Delete payload (RFC 7296 3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delete<'a> {
    /// The protocol of the SAs.
    pub protocol: ProtocolId,
    /// Octets of each SPI; 0 for IKE, whose SPIs are in the header.
    pub spi_size: u8,
    /// The SPIs, one behind the other.
    pub spis: &'a [u8],
}

impl<'a> Delete<'a> {
    /// The end of the IKE SA itself.
    pub const IKE_SA: Self = Self { protocol: ProtocolId::IKE, spi_size: 0, spis: &[] };

    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`] when the SPIs are not as many and as long as the fixed part says.
    pub fn parse(payload: &Payload<'a>) -> Result<Self, Malformed> {
        let Some((&[protocol, spi_size, high, low], spis)) = payload.body.split_first_chunk()
        else {
            return Err(Malformed::new("a Delete payload of 4 octets or more", payload.offset));
        };
        let count = usize::from(u16::from_be_bytes([high, low]));
        if spis.len() != count * usize::from(spi_size) || (spi_size == 0 && count != 0) {
            return Err(Malformed::new(
                "as many SPIs as the Delete payload counts",
                payload.offset,
            ));
        }
        Ok(Self { protocol: ProtocolId(protocol), spi_size, spis })
    }

    /// Whether `spi` is among those of protocol ESP.
    #[must_use]
    pub fn names_esp(&self, spi: u32) -> bool {
        self.protocol == ProtocolId::ESP
            && self.spi_size == 4
            && self.spis.chunks_exact(4).any(|octets| octets == spi.to_be_bytes())
    }
}

impl Body for Delete<'_> {
    fn kind(&self) -> PayloadType {
        PayloadType::D
    }

    fn body_len(&self) -> usize {
        4 + self.spis.len()
    }

    fn emit(&self, out: &mut [u8]) {
        let count = self.spis.len().checked_div(usize::from(self.spi_size)).unwrap_or(0);
        out[0] = self.protocol.0;
        out[1] = self.spi_size;
        out[2..4].copy_from_slice(
            &u16::try_from(count).expect("a message has room for fewer SPIs").to_be_bytes(),
        );
        out[4..].copy_from_slice(self.spis);
    }
}
