//! The seam for deliberate misbehaviour.

use crate::SaId;
use ike_core::payload::{Body, Raw};
use ike_core::{ExchangeType, NotifyType, PayloadType, TrafficSelector};

/// A payload about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutPayload {
    /// Its type.
    pub kind: PayloadType,
    /// Its critical flag; an honest responder never sets it (RFC 7296 2.5).
    pub critical: bool,
    /// Its body, without the generic header; at most 65,531 octets.
    pub body: Vec<u8>,
}

impl OutPayload {
    /// The payload with this body.
    #[must_use]
    pub fn of(body: &dyn Body) -> Self {
        let mut octets = vec![0; body.body_len()];
        body.emit(&mut octets);
        Self { kind: body.kind(), critical: false, body: octets }
    }

    pub(crate) fn raw(&self) -> Raw<'_> {
        Raw { kind: self.kind, body: &self.body }
    }
}

/// Which message is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageContext {
    /// The SA; `None` for an answer that makes none (an error, a cookie).
    pub sa: Option<SaId>,
    /// The exchange.
    pub exchange: ExchangeType,
    /// The Message ID.
    pub message_id: u32,
    /// Whether it is a response; else it is a request of ours.
    pub response: bool,
}

/// The selectors of a Child SA, as they will be agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelSelectors {
    /// The gateway's side (TSr).
    pub local: Vec<TrafficSelector>,
    /// The initiator's side (TSi).
    pub remote: Vec<TrafficSelector>,
}

/// What a responder does other than an honest one would. Each method is asked at one place and
/// does nothing unless it is overridden; what is sent again is the stored message, so nothing
/// here is asked twice about one message.
pub trait Behaviour {
    /// May change the payloads of a message before it is protected and stored. AUTH covers the
    /// IKE_SA_INIT response as it was changed, so the initiator's check of it still succeeds.
    fn edit(&mut self, _context: &MessageContext, _payloads: &mut Vec<OutPayload>) {}

    /// May change the narrowed selectors, which the response names and the Child SA then has. When
    /// one side is left empty, the answer is TS_UNACCEPTABLE.
    fn selectors(&mut self, _narrowed: &mut TunnelSelectors) {}

    /// Refuses the Child SA of IKE_AUTH with this notify.
    fn refuse_child(&mut self) -> Option<NotifyType> {
        None
    }

    /// Whether AUTH of the response is falsified.
    fn spoil_auth(&mut self) -> bool {
        false
    }
}

/// The behaviour of RFC 7296: nothing is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Honest;

impl Behaviour for Honest {}
