//! The seam for deliberate misbehaviour.

use crate::SaId;
use crypto::SharedSecret;
use ike_core::payload::{Body, Raw};
use ike_core::{DropReason, ExchangeType, Header, NotifyType, Path, PayloadType, TrafficSelector};

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

    /// May change how a header is read; the octets of the message stay.
    fn read_header(&mut self, _header: &mut Header) {}

    /// May change the payloads of a request, in clear or once it has been verified and decrypted,
    /// before they are judged. `first` is the type of the first one.
    fn read_payloads(&mut self, _first: PayloadType, _octets: &mut [u8]) {}

    /// Whether a request that came before is recognised, so that the stored response goes out.
    fn knows_again(&mut self, _exchange: ExchangeType) -> bool {
        true
    }

    /// Whether a request is taken that has not the next Message ID.
    fn takes_message_id(&mut self, _message_id: u32) -> bool {
        false
    }

    /// Whether a message that was dropped ends the SA that its SPI names.
    fn ends_for(&mut self, _dropped: &DropReason) -> bool {
        false
    }

    /// The group that the KE payload of IKE_SA_INIT is taken to be of.
    fn ke_group(&mut self, found: u16) -> u16 {
        found
    }

    /// What SKEYSEED is made from, where `judged` is the secret that the initiator's public value gives;
    /// `None`: the value is impossible, and the request refused.
    fn secret(&mut self, _public: &[u8], judged: Option<SharedSecret>) -> Option<SharedSecret> {
        judged
    }

    /// Whether a cookie is the one that was asked for.
    fn takes_cookie(&mut self, judged: bool) -> bool {
        judged
    }

    /// Whether a malformed IKE_SA_INIT request is answered INVALID_SYNTAX.
    fn answers_malformed(&mut self) -> bool {
        false
    }

    /// Whether the initiator's AUTH is the expected one.
    fn verifies(&mut self, _expected: &[u8], _found: &[u8], equal: bool) -> bool {
        equal
    }

    /// Whether a refusal of IKE_AUTH is sent in clear.
    fn refuses_in_clear(&mut self) -> bool {
        false
    }

    /// May change the IV of the next protected message.
    fn edit_iv(&mut self, _iv: &mut [u8]) {}

    /// May change the header and the path of a protected response; whether it is sent.
    fn edit_answer(&mut self, _request: &Header, _answer: &mut Header, _path: &mut Path) -> bool {
        true
    }

    /// May change a stored response that is sent again; one without octets is not sent.
    fn edit_repeated(&mut self, _response: &mut Vec<u8>) {}

    /// How often each response is sent.
    fn copies(&mut self) -> usize {
        1
    }
}

/// The behaviour of RFC 7296: nothing is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Honest;

impl Behaviour for Honest {}
