//! A datagram as the checkers read it: octets, decoded here and by nobody else.

use super::hash_of;
use crate::backend::Backend;
use crate::event::{Actor, Place};
use crate::observer::{Arrival, Datagram};
use core::cell::OnceCell;
use core::net::IpAddr;
use crypto::{Crypto, Opening, ProtectionKey};
use ike_core::{ExchangeType, Header, Instant};
use vnet::ip::{self, protocol};
use vnet::link::Fate;
use vnet::udp;

/// Payload types (RFC 7296 3.2).
pub(super) const SA: u8 = 33;
pub(super) const KE: u8 = 34;
pub(super) const NONCE: u8 = 40;
pub(super) const NOTIFY: u8 = 41;
pub(super) const SK: u8 = 46;

/// Octets of the IKE header, and of the generic header of a payload.
const HEADER: usize = 28;
const GENERIC: usize = 4;

/// A datagram that enters or leaves a link.
pub(super) struct Packet<'a> {
    pub(super) at: Instant,
    /// Who sends it, or who is where it arrives.
    pub(super) who: Actor,
    pub(super) place: Place,
    /// What the link decided when it entered.
    pub(super) fate: Option<Fate>,
    /// Whether nobody sent it: its place counts the injected ones then.
    pub(super) injected: bool,
    pub(super) octets: &'a [u8],
    pub(super) content: Content<'a>,
    digest: OnceCell<u64>,
}

/// What is in an IP datagram.
pub(super) enum Content<'a> {
    Ike(Ike<'a>),
    Esp(Esp<'a>),
    /// Neither, or broken.
    Other,
}

/// An IKE message.
pub(super) struct Ike<'a> {
    pub(super) header: Header,
    pub(super) message: &'a [u8],
    digest: OnceCell<u64>,
}

/// An ESP packet.
pub(super) struct Esp<'a> {
    pub(super) destination: IpAddr,
    pub(super) spi: u32,
    pub(super) sequence: u32,
    /// What follows the sequence number: the IV first.
    pub(super) body: &'a [u8],
}

/// A payload of a chain.
pub(super) struct Part<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
    /// Where the body starts in the message.
    pub(super) offset: usize,
}

impl<'a> Packet<'a> {
    pub(super) fn sent(datagram: &Datagram<'a>) -> Self {
        let Datagram { at, who, place, fate, octets } = *datagram;
        let (fate, content, digest) = (Some(fate), Content::of(octets), OnceCell::new());
        Self { at, who, place, fate, injected: false, octets, content, digest }
    }

    /// What a forger put on the far end of a link, as it arrives there.
    pub(super) fn injected(at: Instant, place: Place, octets: &'a [u8]) -> Self {
        let who = place.receiver();
        let arrived = Self::arrived(&Arrival { at, who, place, octets });
        Self { injected: true, ..arrived }
    }

    pub(super) fn arrived(arrival: &Arrival<'a>) -> Self {
        let Arrival { at, who, place, octets } = *arrival;
        let (content, digest) = (Content::of(octets), OnceCell::new());
        Self { at, who, place, fate: None, injected: false, octets, content, digest }
    }

    /// Whether it is a node's or the gateway's: nobody else keeps to the rules.
    pub(super) fn is_of_machine(&self) -> bool {
        matches!(self.who, Actor::Node(_) | Actor::Gateway)
    }

    /// The IKE message in it.
    pub(super) fn ike(&self) -> Option<&Ike<'a>> {
        match &self.content {
            Content::Ike(ike) => Some(ike),
            _ => None,
        }
    }

    /// A hash over the octets, headers included.
    pub(super) fn digest(&self) -> u64 {
        *self.digest.get_or_init(|| hash_of(&[self.octets]))
    }
}

impl<'a> Content<'a> {
    fn of(octets: &'a [u8]) -> Self {
        let Ok(datagram) = ip::parse(octets) else { return Self::Other };
        match datagram.protocol {
            protocol::ESP => Self::of_esp(datagram.destination, datagram.payload),
            protocol::UDP => {
                let parsed = udp::parse(datagram.source, datagram.destination, datagram.payload);
                let Ok(udp) = parsed else { return Self::Other };
                match Header::parse(udp.payload) {
                    Ok(header) => {
                        let (message, digest) = (udp.payload, OnceCell::new());
                        Self::Ike(Ike { header, message, digest })
                    }
                    Err(_) => Self::Other,
                }
            }
            _ => Self::Other,
        }
    }

    fn of_esp(destination: IpAddr, payload: &'a [u8]) -> Self {
        // RFC 4303 2: SPI and sequence number are in the clear.
        let Some((&[a, b, c, d, e, f, g, h], body)) = payload.split_first_chunk() else {
            return Self::Other;
        };
        let (spi, sequence) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        Self::Esp(Esp { destination, spi, sequence, body })
    }
}

impl<'a> Ike<'a> {
    pub(super) fn is_response(&self) -> bool {
        self.header.flags.is_response()
    }

    pub(super) fn is_init(&self) -> bool {
        self.header.exchange == ExchangeType::IKE_SA_INIT
    }

    /// Both SPIs.
    pub(super) fn spis(&self) -> (u64, u64) {
        (self.header.spi_i.0, self.header.spi_r.0)
    }

    /// A hash over the message.
    pub(super) fn digest(&self) -> u64 {
        *self.digest.get_or_init(|| hash_of(&[self.message]))
    }

    /// The payloads in the clear, up to the first that is broken; the SK payload is the last one
    /// (RFC 7296 3.2, 3.14).
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let (message, mut kind, mut at) = (self.message, self.header.next_payload.0, HEADER);
        core::iter::from_fn(move || {
            let generic = message.get(at..at + GENERIC).filter(|_| kind != 0)?;
            let len = usize::from(u16::from_be_bytes([generic[2], generic[3]]));
            let body = message.get(at + GENERIC..at + len)?;
            let part = Part { kind, body, offset: at + GENERIC };
            (kind, at) = (if kind == SK { 0 } else { generic[0] }, at + len);
            Some(part)
        })
    }

    /// The body of the first payload of that type.
    pub(super) fn part(&self, kind: u8) -> Option<Part<'a>> {
        self.parts().find(|part| part.kind == kind)
    }

    /// The data of the first notify of that type (RFC 7296 3.10).
    pub(super) fn notify(&self, wanted: u16) -> Option<&'a [u8]> {
        self.parts().filter(|part| part.kind == NOTIFY).find_map(|part| {
            let (&[_, spi_len, high, low], rest) = part.body.split_first_chunk()?;
            let data = rest.get(usize::from(spi_len)..)?;
            (u16::from_be_bytes([high, low]) == wanted).then_some(data)
        })
    }

    /// Whether the ICV of the SK payload verifies under the key (RFC 7296 3.14, RFC 5282),
    /// with the algorithms of the run.
    pub(super) fn verifies(&self, crypto: Backend, key: &ProtectionKey) -> bool {
        let Some(sk) = self.part(SK) else { return false };
        let protection = key.protection();
        let (iv_len, icv_len) = (protection.encryption().iv_len(), protection.icv_len());
        let Some(text_len) = sk.body.len().checked_sub(iv_len + icv_len) else { return false };
        let (iv, rest) = sk.body.split_at(iv_len);
        let (text, icv) = rest.split_at(text_len);
        let mut text = text.to_vec();
        let aad = &self.message[..sk.offset];
        crypto.open(key, Opening { aad, iv, text: &mut text, icv }).is_ok()
    }
}

/// Octets of an IV as a number.
pub(super) fn iv_number(iv: &[u8]) -> u128 {
    iv.iter().fold(0, |number, octet| number << 8 | u128::from(*octet))
}
