//! Bodies with one variable part: KE, ID, AUTH, Ni and Nr.

use super::{Body, Payload};
use crate::{AuthMethod, IdType, Malformed, PayloadType};

/// The KE payload (RFC 7296 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyExchange<'a> {
    /// The number of the group.
    pub group: u16,
    /// The public value.
    pub data: &'a [u8],
}

impl<'a> KeyExchange<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`] when the fixed part is cut.
    pub fn parse(payload: &Payload<'a>) -> Result<Self, Malformed> {
        match payload.body.split_first_chunk() {
            Some((&[high, low, _, _], data)) => {
                Ok(Self { group: u16::from_be_bytes([high, low]), data })
            }
            None => Err(Malformed::new("a KE payload of 4 octets or more", payload.offset)),
        }
    }
}

impl Body for KeyExchange<'_> {
    fn kind(&self) -> PayloadType {
        PayloadType::KE
    }

    fn body_len(&self) -> usize {
        4 + self.data.len()
    }

    fn emit(&self, out: &mut [u8]) {
        out[..2].copy_from_slice(&self.group.to_be_bytes());
        out[2..4].fill(0);
        out[4..].copy_from_slice(self.data);
    }
}

/// The Ni or Nr payload (RFC 7296 3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce<'a>(
    /// The nonce.
    pub &'a [u8],
);

impl Body for Nonce<'_> {
    fn kind(&self) -> PayloadType {
        PayloadType::NONCE
    }

    fn body_len(&self) -> usize {
        self.0.len()
    }

    fn emit(&self, out: &mut [u8]) {
        out.copy_from_slice(self.0);
    }
}

/// The body of an IDi or IDr payload as it travels, reserved octets among it: that is what AUTH
/// covers (RFC 7296 2.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identification<'a> {
    whose: PayloadType,
    body: &'a [u8],
}

impl<'a> Identification<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`] when the fixed part is cut.
    pub fn parse(payload: &Payload<'a>) -> Result<Self, Malformed> {
        if payload.body.len() < 4 {
            return Err(Malformed::new("an ID payload of 4 octets or more", payload.offset));
        }
        Ok(Self { whose: payload.kind, body: payload.body })
    }

    /// The kind of identity.
    #[must_use]
    pub fn id_type(&self) -> IdType {
        IdType(self.body[0])
    }

    /// The identity itself.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        &self.body[4..]
    }

    /// All that AUTH covers: the payload without its generic header.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }
}

impl Body for Identification<'_> {
    fn kind(&self) -> PayloadType {
        self.whose
    }

    fn body_len(&self) -> usize {
        self.body.len()
    }

    fn emit(&self, out: &mut [u8]) {
        out.copy_from_slice(self.body);
    }
}

/// The AUTH payload (RFC 7296 3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// How the peer proves its identity.
    pub method: AuthMethod,
    /// The proof.
    pub data: &'a [u8],
}

impl<'a> Auth<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`] when the fixed part is cut.
    pub fn parse(payload: &Payload<'a>) -> Result<Self, Malformed> {
        match payload.body.split_first_chunk() {
            Some((&[method, _, _, _], data)) => Ok(Self { method: AuthMethod(method), data }),
            None => Err(Malformed::new("an AUTH payload of 4 octets or more", payload.offset)),
        }
    }
}

impl Body for Auth<'_> {
    fn kind(&self) -> PayloadType {
        PayloadType::AUTH
    }

    fn body_len(&self) -> usize {
        4 + self.data.len()
    }

    fn emit(&self, out: &mut [u8]) {
        out[0] = self.method.0;
        out[1..4].fill(0);
        out[4..].copy_from_slice(self.data);
    }
}
