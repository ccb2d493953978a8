//! Payloads as a list that a test can edit, and messages put together by hand: the chain, the
//! lengths and the SK payload are written here once more, not by the writer under test.

use crypto::{Crypto, ProtectionKey, RustCrypto, Sealing};
use ike_core::payload::{Body, Delete, Notify, Payloads};
use ike_core::{HEADER_LEN, Header, NotifyType, PayloadType, ProtocolId};

/// One payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: PayloadType,
    pub(crate) critical: bool,
    pub(crate) body: Vec<u8>,
}

impl Part {
    pub(crate) fn raw(kind: PayloadType, body: &[u8]) -> Self {
        Self { kind, critical: false, body: body.to_vec() }
    }

    pub(crate) fn of(body: &dyn Body) -> Self {
        let mut octets = vec![0; body.body_len()];
        body.emit(&mut octets);
        Self::raw(body.kind(), &octets)
    }

    pub(crate) fn notify(kind: NotifyType, data: &[u8]) -> Self {
        Self::of(&Notify::new(kind, data))
    }

    pub(crate) fn delete_ike() -> Self {
        Self::of(&Delete::IKE_SA)
    }

    pub(crate) fn delete_esp(spi: u32) -> Self {
        let spis = &spi.to_be_bytes();
        Self::of(&Delete { protocol: ProtocolId::ESP, spi_size: 4, spis })
    }

    pub(crate) fn critical(mut self) -> Self {
        self.critical = true;
        self
    }
}

/// The parts of a chain that must parse.
pub(crate) fn parts(payloads: Payloads<'_>) -> Vec<Part> {
    payloads
        .map(|payload| {
            let payload = payload.expect("the chain parses");
            Part { critical: payload.critical, ..Part::raw(payload.kind, payload.body) }
        })
        .collect()
}

/// The parts of a message in clear.
pub(crate) fn clear_parts(message: &[u8]) -> Vec<Part> {
    let header = Header::parse(message).expect("a header");
    parts(Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN))
}

/// The body of the first part of that type.
pub(crate) fn body(parts: &[Part], kind: PayloadType) -> &[u8] {
    let part = parts.iter().find(|part| part.kind == kind);
    &part.unwrap_or_else(|| panic!("a {kind} payload")).body
}

/// The first payload's type and the octets of the chain (RFC 7296 3.2).
pub(crate) fn chain(parts: &[Part]) -> (PayloadType, Vec<u8>) {
    let kind = |index: usize| parts.get(index).map_or(PayloadType::NONE, |part| part.kind);
    let mut octets = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let len = u16::try_from(part.body.len() + 4).expect("a short payload").to_be_bytes();
        octets.extend([kind(index + 1).0, if part.critical { 0x80 } else { 0 }, len[0], len[1]]);
        octets.extend(&part.body);
    }
    (kind(0), octets)
}

fn message(header: &Header, first: PayloadType, payloads: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER_LEN + payloads.len()).expect("a short message");
    let mut octets = Header { next_payload: first, length, ..*header }.emit().to_vec();
    octets.extend(payloads);
    octets
}

/// A message in clear.
pub(crate) fn clear(header: &Header, parts: &[Part]) -> Vec<u8> {
    let (first, payloads) = chain(parts);
    message(header, first, &payloads)
}

/// What goes into an SK payload, however senseless.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    pub(crate) first: PayloadType,
    pub(crate) octets: Vec<u8>,
    /// In the place of the pad length that would be right.
    pub(crate) pad_length: Option<u8>,
}

impl Inside {
    pub(crate) fn of(parts: &[Part]) -> Self {
        let (first, octets) = chain(parts);
        Self { first, octets, pad_length: None }
    }
}

/// A message whose payloads are `before` in clear and the SK payload (RFC 7296 3.14, RFC 5282 3).
pub(crate) fn protected(
    header: &Header,
    before: &[Part],
    inside: &Inside,
    key: &ProtectionKey,
    iv: &[u8],
) -> Vec<u8> {
    let protection = key.protection();
    let block = protection.encryption().block_len();
    let mut text = inside.octets.clone();
    let padding = (text.len() + 1).next_multiple_of(block) - text.len() - 1;
    text.resize(text.len() + padding, 0);
    text.push(inside.pad_length.unwrap_or(u8::try_from(padding).expect("less than a block")));
    let mut icv = vec![0; protection.icv_len()];

    let placeholder = Part::raw(PayloadType::SK, &vec![0; iv.len() + text.len() + icv.len()]);
    let mut all = before.to_vec();
    all.push(placeholder);
    let mut octets = clear(header, &all);
    let sk = octets.len() - icv.len() - text.len() - iv.len() - 4;
    octets[sk] = inside.first.0;
    octets.truncate(sk + 4);
    RustCrypto.seal(key, Sealing { aad: &octets, iv, text: &mut text, icv: &mut icv });
    octets.extend(iv.iter().chain(&text).chain(&icv));
    octets
}
