//! Payloads: the chain that a message is made of, and the body of each type that is understood.

mod notify;
mod sa;
mod simple;
mod ts;

pub use notify::{Delete, Notify};
pub use sa::{Proposal, ProposalRepr, Sa, SaRepr, Transform};
pub use simple::{Auth, Identification, KeyExchange, Nonce};
pub use ts::{TrafficSelectors, TsRepr};

use crate::{Malformed, PayloadType};

/// Octets of the generic payload header (RFC 7296 3.2).
pub const GENERIC_HEADER_LEN: usize = 4;

/// A body that can emit itself into exactly `body_len` octets.
pub trait Body {
    /// The payload's type.
    fn kind(&self) -> PayloadType;
    /// Octets of the body, without the generic header.
    fn body_len(&self) -> usize;
    /// Writes the body; `out` has [`Body::body_len`] octets.
    fn emit(&self, out: &mut [u8]);
}

/// Any octets as a payload: what a test or a deliberate misbehaviour sends.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// The payload's type.
    pub kind: PayloadType,
    /// Its body.
    pub body: &'a [u8],
}

impl Body for Raw<'_> {
    fn kind(&self) -> PayloadType {
        self.kind
    }

    fn body_len(&self) -> usize {
        self.body.len()
    }

    fn emit(&self, out: &mut [u8]) {
        out.copy_from_slice(self.body);
    }
}

/// One payload of a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// Its type, named by the payload before it.
    pub kind: PayloadType,
    /// The critical flag (RFC 7296 2.5).
    pub critical: bool,
    /// The type of the next payload; of an SK payload: of the first one inside.
    pub next: PayloadType,
    /// What follows the generic header.
    pub body: &'a [u8],
    /// Where the body starts, in octets from the start of the message.
    pub offset: usize,
}

impl Payload<'_> {
    /// Whether the whole message must be rejected for it: critical and of no defined type
    /// (RFC 7296 2.5; on types that are understood the flag is ignored).
    #[must_use]
    pub fn is_unsupported_critical(&self) -> bool {
        self.critical && !self.kind.is_defined()
    }
}

/// The payloads of a chain, in order. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct Payloads<'a> {
    next: PayloadType,
    rest: &'a [u8],
    offset: usize,
    inside: bool,
}

impl<'a> Payloads<'a> {
    /// The chain that starts with a payload of type `first` in `octets`, which stand at `offset`
    /// of the message.
    #[must_use]
    pub fn new(first: PayloadType, octets: &'a [u8], offset: usize) -> Self {
        Self { next: first, rest: octets, offset, inside: false }
    }

    /// The same of what an SK payload held, where no other may be.
    pub(crate) fn inside(first: PayloadType, octets: &'a [u8], offset: usize) -> Self {
        Self { inside: true, ..Self::new(first, octets, offset) }
    }

    fn parse_next(&mut self) -> Result<Option<Payload<'a>>, Malformed> {
        if self.next == PayloadType::NONE {
            return if self.rest.is_empty() {
                Ok(None)
            } else {
                Err(Malformed::new("the end of the message after its last payload", self.offset))
            };
        }
        let Some((&[next, flags, high, low], _)) = self.rest.split_first_chunk() else {
            return Err(Malformed::new("a generic payload header", self.offset));
        };
        let len = usize::from(u16::from_be_bytes([high, low]));
        if len < GENERIC_HEADER_LEN || len > self.rest.len() {
            return Err(Malformed::new("a payload length within the message", self.offset + 2));
        }
        let (payload, rest) = self.rest.split_at(len);
        let found = Payload {
            kind: self.next,
            critical: flags & 0x80 != 0,
            next: PayloadType(next),
            body: &payload[GENERIC_HEADER_LEN..],
            offset: self.offset + GENERIC_HEADER_LEN,
        };
        self.rest = rest;
        self.offset += len;
        // RFC 7296 3.14: SK is the last payload, its next field names the first one inside.
        let last = matches!(found.kind, PayloadType::SK | PayloadType::SKF);
        if last && self.inside {
            return Err(Malformed::new("no Encrypted payload inside another", found.offset));
        }
        self.next = if last { PayloadType::NONE } else { found.next };
        Ok(Some(found))
    }
}

impl<'a> Iterator for Payloads<'a> {
    type Item = Result<Payload<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.parse_next().transpose();
        if matches!(result, Some(Err(_))) {
            self.next = PayloadType::NONE;
            self.rest = &[];
        }
        result
    }
}

#[cfg(test)]
mod tests;
