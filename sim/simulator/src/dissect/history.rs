//! Which messages were there before.

use super::Repeats;
use ike_core::payload::{KeyExchange, Notify, Payload, Payloads};
use ike_core::{ExchangeType, HEADER_LEN, Header, NotifyType, PayloadType};
use std::collections::BTreeMap;

/// What makes a message the same one as another: where it goes, what its header says, and what may
/// lawfully differ between two with equal headers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    conversation: usize,
    /// Version, exchange, flags.
    head: (u8, u8, u8),
    spis: (u64, u64),
    message_id: u32,
    from_first: bool,
    variant: Vec<u8>,
}

/// Octets that were seen, in which packet first, and how often.
struct Copy {
    octets: Vec<u8>,
    packet: u64,
    times: u32,
}

/// The messages of a capture so far.
#[derive(Default)]
pub(super) struct History {
    seen: BTreeMap<Identity, Vec<Copy>>,
}

impl History {
    /// Takes in a message and tells whether it repeats one.
    pub(super) fn add(
        &mut self,
        (conversation, from_first): (usize, bool),
        packet: u64,
        header: &Header,
        message: &[u8],
    ) -> Option<Repeats> {
        let identity = Identity {
            conversation,
            head: (header.version, header.exchange.0, header.flags.0),
            spis: (header.spi_i.0, header.spi_r.0),
            message_id: header.message_id,
            from_first,
            variant: variant(header, message),
        };
        let copies = self.seen.entry(identity).or_default();
        if let Some(copy) = copies.iter_mut().find(|copy| copy.octets == message) {
            copy.times += 1;
            return Some(Repeats { packet: copy.packet, identical: true, times: copy.times - 1 });
        }
        let first = copies.first().map(|copy| copy.packet);
        let times = copies.iter().map(|copy| copy.times).sum();
        copies.push(Copy { octets: message.to_vec(), packet, times: 1 });
        first.map(|packet| Repeats { packet, identical: false, times })
    }
}

/// RFC 7296 2.6 and 1.2: an IKE_SA_INIT request comes again with a cookie or another group, under the same
/// header; its answers differ likewise. RFC 7383 2.5: the fragments of a message share their header.
fn variant(header: &Header, message: &[u8]) -> Vec<u8> {
    let mut variant = Vec::new();
    let init = header.exchange == ExchangeType::IKE_SA_INIT;
    for payload in Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN) {
        let Ok(payload) = payload else { break };
        match payload.kind {
            PayloadType::SKF => variant.extend(payload.body.iter().take(4)),
            PayloadType::N if init => variant.extend(notified(&payload).unwrap_or_default()),
            PayloadType::KE if init => {
                let group = KeyExchange::parse(&payload).map(|ke| ke.group.to_be_bytes());
                variant.extend(group.unwrap_or_default());
            }
            _ => {}
        }
    }
    variant
}

fn notified(payload: &Payload<'_>) -> Option<Vec<u8>> {
    let notify = Notify::parse(payload).ok()?;
    let tells = matches!(notify.kind, NotifyType::COOKIE | NotifyType::INVALID_KE_PAYLOAD);
    tells.then(|| [&notify.kind.0.to_be_bytes()[..], notify.data].concat())
}
