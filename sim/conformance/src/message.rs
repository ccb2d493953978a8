//! Messages with full freedom over every octet.
//!
//! A [`Draft`] starts lawful; a case changes fields until it is what it wants to send. Lengths, next
//! payload fields, padding and ICV are computed unless they are set.

mod reserved;
mod sa;
mod ts;

pub(crate) use reserved::reserved;
pub use sa::{ProposalDraft, TransformDraft, sa_part};
pub use ts::{SelectorDraft, ts_part};

use crypto::{Crypto, ProtectionKey, RustCrypto, Sealing};
use ike_core::payload::{Body, Delete, Notify, Payloads};
use ike_core::{HEADER_LEN, Header, Malformed, NotifyType, PayloadType, ProtocolId};

/// One payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its type, which the payload before it names.
    pub kind: PayloadType,
    /// The octet with the critical flag (0x80) and the reserved bits.
    pub flags: u8,
    /// What follows the generic header.
    pub body: Vec<u8>,
    /// In the place of the right length.
    pub length: Option<u16>,
    /// In the place of the type of the payload behind it.
    pub next: Option<PayloadType>,
}

impl Part {
    /// Any octets as a payload.
    #[must_use]
    pub fn raw(kind: PayloadType, body: &[u8]) -> Self {
        Self { kind, flags: 0, body: body.to_vec(), length: None, next: None }
    }

    /// A payload of the codec.
    #[must_use]
    pub fn of(body: &dyn Body) -> Self {
        let mut octets = vec![0; body.body_len()];
        body.emit(&mut octets);
        Self::raw(body.kind(), &octets)
    }

    /// A notify without SPI.
    #[must_use]
    pub fn notify(kind: NotifyType, data: &[u8]) -> Self {
        Self::of(&Notify::new(kind, data))
    }

    /// A Delete of the IKE SA.
    #[must_use]
    pub fn delete_ike() -> Self {
        Self::of(&Delete::IKE_SA)
    }

    /// A Delete of one ESP SA.
    #[must_use]
    pub fn delete_esp(spi: u32) -> Self {
        Self::of(&Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spi.to_be_bytes() })
    }

    /// The same with the critical flag.
    #[must_use]
    pub fn critical(mut self) -> Self {
        self.flags |= 0x80;
        self
    }

    /// The payload as the codec's parsers want it.
    #[must_use]
    pub fn view(&self) -> ike_core::payload::Payload<'_> {
        ike_core::payload::Payload {
            kind: self.kind,
            critical: self.flags & 0x80 != 0,
            next: PayloadType::NONE,
            body: &self.body,
            offset: 0,
        }
    }
}

/// Where the octet with the critical flag is, before the body of its payload.
const FLAGS_BEFORE_BODY: usize = 3;

/// The parts of a chain of that message.
///
/// # Errors
/// Where it does not parse.
pub fn parts(payloads: Payloads<'_>, message: &[u8]) -> Result<Vec<Part>, Malformed> {
    // The codec keeps no reserved bits.
    let flags = |body: usize| {
        let at = body.checked_sub(FLAGS_BEFORE_BODY);
        at.and_then(|at| message.get(at)).copied().unwrap_or_default()
    };
    payloads
        .map(|payload| {
            let payload = payload?;
            let part = Part::raw(payload.kind, payload.body);
            Ok(Part { flags: flags(payload.offset), ..part })
        })
        .collect()
}

/// The first part of that type.
#[must_use]
pub fn find(parts: &[Part], kind: PayloadType) -> Option<&Part> {
    parts.iter().find(|part| part.kind == kind)
}

/// The first payload's type and the octets of the chain (RFC 7296 3.2).
fn chain(parts: &[Part], last: PayloadType) -> (PayloadType, Vec<u8>) {
    let kind = |index: usize| parts.get(index).map_or(last, |part| part.kind);
    let mut octets = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let right = u16::try_from(part.body.len() + 4).unwrap_or(u16::MAX);
        let [high, low] = part.length.unwrap_or(right).to_be_bytes();
        octets.extend([part.next.unwrap_or(kind(index + 1)).0, part.flags, high, low]);
        octets.extend(&part.body);
    }
    (kind(0), octets)
}

/// What goes into an SK payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// The payloads.
    pub parts: Vec<Part>,
    /// Octets behind the payloads and before the padding.
    pub trailing: Vec<u8>,
    /// Its length is that of the protection, or the message is nonsense on purpose.
    pub iv: Vec<u8>,
    /// Whole blocks of padding more than are needed, in octets.
    pub more_padding: usize,
    /// What padding is filled with.
    pub filler: u8,
    /// Whether a bit of the ICV is flipped once it has been computed.
    pub spoil_icv: bool,
}

impl Inside {
    /// These payloads.
    #[must_use]
    pub fn of(parts: Vec<Part>, iv: Vec<u8>) -> Self {
        Self { parts, trailing: Vec::new(), iv, more_padding: 0, filler: 0, spoil_icv: false }
    }

    fn text(&self, block: usize) -> (PayloadType, Vec<u8>) {
        let (first, mut text) = chain(&self.parts, PayloadType::NONE);
        text.extend(&self.trailing);
        let least = (text.len() + 1).next_multiple_of(block) - text.len() - 1;
        let padding = least + self.more_padding;
        text.resize(text.len() + padding, self.filler);
        text.push(u8::try_from(padding).expect("a pad length is one octet"));
        (first, text)
    }
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its first payload and length are computed, see [`Self::length`].
    pub header: Header,
    /// The payloads in clear.
    pub parts: Vec<Part>,
    /// The SK payload behind them.
    pub inside: Option<Inside>,
    /// In the place of the right length of the message.
    pub length: Option<u32>,
    /// Octets behind the last payload, which the header's length counts.
    pub trailing: Vec<u8>,
}

impl Draft {
    /// A message in clear.
    #[must_use]
    pub fn clear(header: Header, parts: Vec<Part>) -> Self {
        Self { header, parts, inside: None, length: None, trailing: Vec::new() }
    }

    /// A protected message.
    #[must_use]
    pub fn protected(header: Header, inside: Inside) -> Self {
        Self { inside: Some(inside), ..Self::clear(header, Vec::new()) }
    }

    /// The payloads that are inside, or those in clear.
    pub fn payloads(&mut self) -> &mut Vec<Part> {
        match &mut self.inside {
            Some(inside) => &mut inside.parts,
            None => &mut self.parts,
        }
    }

    /// The first payload of that type, to be changed.
    ///
    /// # Panics
    /// When there is none: the case is wrong.
    pub fn part(&mut self, kind: PayloadType) -> &mut Part {
        let found = self.payloads().iter_mut().find(|part| part.kind == kind);
        found.unwrap_or_else(|| panic!("the draft has a {kind} payload"))
    }

    /// Takes out the payloads of that type.
    pub fn remove(&mut self, kind: PayloadType) {
        self.payloads().retain(|part| part.kind != kind);
    }

    /// Flips a bit of the ICV once it has been computed.
    pub fn spoil_icv(&mut self) {
        if let Some(inside) = &mut self.inside {
            inside.spoil_icv = true;
        }
    }

    /// The octets that travel; `key` protects what is inside.
    ///
    /// # Panics
    /// When something is inside and there is no key: the case is wrong.
    #[must_use]
    pub fn octets(&self, key: Option<&ProtectionKey>) -> Vec<u8> {
        let behind = if self.inside.is_some() { PayloadType::SK } else { PayloadType::NONE };
        let (first, mut payloads) = chain(&self.parts, behind);
        let Some(inside) = &self.inside else {
            payloads.extend(&self.trailing);
            return self.message(first, &payloads);
        };
        let key = key.expect("a key for what is inside");
        let protection = key.protection();
        let (inner, mut text) = inside.text(protection.encryption().block_len());
        let mut icv = vec![0; protection.icv_len()];
        let right = 4 + inside.iv.len() + text.len() + icv.len();
        let [high, low] = u16::try_from(right).unwrap_or(u16::MAX).to_be_bytes();
        payloads.extend([inner.0, 0, high, low]);
        let before = payloads.len();
        payloads.resize(before + right - 4, 0);
        payloads.extend(&self.trailing);
        let mut octets = self.message(first, &payloads);
        let start = HEADER_LEN + before;
        octets.truncate(start);
        RustCrypto
            .seal(key, Sealing { aad: &octets, iv: &inside.iv, text: &mut text, icv: &mut icv });
        icv[0] ^= u8::from(inside.spoil_icv);
        octets.extend(inside.iv.iter().chain(&text).chain(&icv).chain(&self.trailing));
        octets
    }

    fn message(&self, first: PayloadType, payloads: &[u8]) -> Vec<u8> {
        let right = u32::try_from(HEADER_LEN + payloads.len()).unwrap_or(u32::MAX);
        let length = self.length.unwrap_or(right);
        let mut octets = Header { next_payload: first, length, ..self.header }.emit().to_vec();
        octets.extend(payloads);
        octets
    }
}
