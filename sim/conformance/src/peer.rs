//! The tester as a peer: a gateway against an initiator, a device against a responder.

mod base;
mod device;
mod gateway;
mod material;
mod tunnel;

pub use base::Peer;
pub use device::Device;
pub use gateway::{CHILD_SPI, Fate, Gateway};
pub(crate) use material::public_value;
pub use material::{Side, SkKeys};

use crate::message::{Part, find, parts};
use crate::subject::Packet;
use ike_core::payload::{Notify, Payloads, Sa};
use ike_core::{HEADER_LEN, Header, NotifyType, PayloadType};
use std::collections::BTreeSet;

/// A message of the subject, parsed; opened if it was protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// As it travelled.
    pub packet: Packet,
    /// Its header.
    pub header: Header,
    /// Its payloads; those inside if it was protected.
    pub parts: Vec<Part>,
    /// Whether they were inside SK.
    pub protected: bool,
}

impl Opened {
    /// A message in clear; `None` where it does not parse.
    #[must_use]
    pub fn clear(packet: &Packet) -> Option<Self> {
        let header = Header::parse(&packet.octets).ok()?;
        let payloads = Payloads::new(header.next_payload, &packet.octets[HEADER_LEN..], HEADER_LEN);
        let parts = parts(payloads, &packet.octets).ok()?;
        Some(Self { packet: packet.clone(), header, parts, protected: false })
    }

    /// The octet with the critical flag of its first payload, which is SK's if it was protected.
    #[must_use]
    pub fn outer_flags(&self) -> Option<u8> {
        self.packet.octets.get(HEADER_LEN + 1).copied()
    }

    /// Whether the critical flag of its first payload is set.
    #[must_use]
    pub fn is_outer_critical(&self) -> bool {
        self.outer_flags().is_some_and(|flags| flags & 0x80 != 0)
    }

    /// The types of its payloads.
    #[must_use]
    pub fn kinds(&self) -> Vec<PayloadType> {
        self.parts.iter().map(|part| part.kind).collect()
    }

    /// The body of the first payload of that type.
    #[must_use]
    pub fn body(&self, kind: PayloadType) -> Option<&[u8]> {
        find(&self.parts, kind).map(|part| &part.body[..])
    }

    /// The data of the first notify of that type.
    #[must_use]
    pub fn notify(&self, kind: NotifyType) -> Option<Vec<u8>> {
        self.notifies().into_iter().find(|(found, _)| *found == kind).map(|(_, data)| data)
    }

    /// Types and data of all notifies.
    #[must_use]
    pub fn notifies(&self) -> Vec<(NotifyType, Vec<u8>)> {
        let notifies = self.parts.iter().filter(|part| part.kind == PayloadType::N);
        notifies
            .filter_map(|part| {
                let notify = Notify::parse(&part.view()).ok()?;
                Some((notify.kind, notify.data.to_vec()))
            })
            .collect()
    }

    /// The ESP SPI of the first proposal of its SA payload.
    #[must_use]
    pub fn esp_spi(&self) -> Option<u32> {
        let view = find(&self.parts, PayloadType::SA)?.view();
        let sa = Sa::parse(&view).ok()?;
        let spi = sa.proposals().next()?.spi().try_into().ok()?;
        Some(u32::from_be_bytes(spi))
    }

    /// What it is, in a few words, for evidence.
    #[must_use]
    pub fn summary(&self) -> String {
        let kind = if self.header.flags.is_response() { "response" } else { "request" };
        let notifies: Vec<String> =
            self.notifies().iter().map(|(kind, _)| kind.to_string()).collect();
        let kinds: Vec<String> = self.kinds().iter().map(ToString::to_string).collect();
        format!(
            "{} {kind} {} [{}] {}",
            self.header.exchange,
            self.header.message_id,
            kinds.join(" "),
            notifies.join(" ")
        )
        .trim_end()
        .to_owned()
    }
}

/// What a packet is, in a few words, for evidence.
#[must_use]
pub fn seen(packets: &[Packet]) -> String {
    if packets.is_empty() {
        return "nothing".into();
    }
    let words: Vec<String> = packets
        .iter()
        .map(|packet| match Header::parse(&packet.octets) {
            Ok(header) if packet.wire == crate::Wire::Ike => {
                let kind = if header.flags.is_response() { "response" } else { "request" };
                format!("{} {kind} {}", header.exchange, header.message_id)
            }
            _ => format!("{:?} packet of {} octets", packet.wire, packet.octets.len()),
        })
        .collect();
    words.join(", ")
}

/// Which requests are among the packets: exchange and Message ID.
pub(crate) fn requests(packets: &[Packet]) -> BTreeSet<(ike_core::ExchangeType, u32)> {
    let ike = packets.iter().filter(|packet| packet.wire == crate::Wire::Ike);
    let headers = ike.filter_map(|packet| Header::parse(&packet.octets).ok());
    let asks = headers.filter(|header| !header.flags.is_response());
    asks.map(|header| (header.exchange, header.message_id)).collect()
}
