//! What notes and ESP arrows of a ladder say.

use crate::backend::Backend;
use crate::event::What;
use crate::observer::EspKeyLog;
use crate::scenario::Forgery;
use esp::{Inbound, Opened, ReplayWindow, spi_of};
use ike_core::{Header, Path};
use ike_decode::MessageKeys;
use ike_initiator::Event as Initiator;
use ike_responder::Event as Responder;
use std::collections::BTreeMap;
use vnet::ip::{self, protocol};
use vnet::link::{DamageKind, Delivery};
use vnet::udp;

/// The note of an event at a node, if it deserves one: arrows speak for what crosses the link.
pub(super) fn node_note(what: &What<'_>) -> Option<String> {
    Some(match what {
        What::Woke { .. } => "wakes".into(),
        What::WakeIgnored { .. } => "is to wake, but is awake".into(),
        What::Slept => "sleeps".into(),
        What::Attempt { number } if *number > 1 => format!("connects again (attempt {number})"),
        What::PacketDropped { reason } => format!("drops a packet: {reason}"),
        What::ApplicationCompleted => "application is done".into(),
        What::ApplicationFailed { reason } => format!("application gives up: {reason}"),
        What::Initiator(event) => initiator_note(event)?,
        _ => return None,
    })
}

fn initiator_note(event: &Initiator) -> Option<String> {
    Some(match event {
        Initiator::CookieRequested { at_once: true, .. } => "answers the cookie".into(),
        Initiator::CookieRequested { at_once: false, .. } => "keeps the cookie for later".into(),
        Initiator::GroupRequested(group) => format!("changes to {group:?}"),
        Initiator::Established { peer, .. } => format!("established with {peer}"),
        Initiator::Failed(reason) => format!("attempt fails: {reason}"),
        Initiator::Dropped(reason) => format!("drops: {reason}"),
        Initiator::Closed(reason) => reason.to_string(),
        // Why it is over is told when it is.
        Initiator::Operation(_)
        | Initiator::Answered { .. }
        | Initiator::Repeated { .. }
        | Initiator::ChildClosed => return None,
    })
}

/// The note of an event at the gateway, with the node it is about: `at` tells it by the path, and `sas`
/// remembers whose SA is whose.
pub(super) fn responder_note(
    event: &Responder,
    at: &dyn Fn(&Path) -> Option<u32>,
    sas: &mut BTreeMap<u64, u32>,
) -> Option<(u32, String)> {
    match event {
        Responder::HalfOpen { sa, path, .. } => {
            sas.insert(sa.spi_r().0, at(path)?);
            None
        }
        Responder::Established { identity, path, replaced, .. } => {
            let replaced = match replaced {
                0 => String::new(),
                count => format!(", {count} older SA deleted"),
            };
            Some((at(path)?, format!("established with {identity}{replaced}")))
        }
        Responder::Refused { path, notify, .. } => Some((at(path)?, format!("refuses: {notify}"))),
        Responder::Dropped { path, reason } => Some((at(path)?, format!("drops: {reason}"))),
        Responder::ChildCreated { sa, spi_in, replaces } => {
            let node = *sas.get(&sa.spi_r().0)?;
            let instead = replaces.map_or(String::new(), |old| format!(", in place of {old:08x}"));
            Some((node, format!("new Child SA {spi_in:08x}{instead}")))
        }
        Responder::ChildClosed { sa, spi_in } => {
            let node = *sas.get(&sa.spi_r().0)?;
            Some((node, format!("Child SA {spi_in:08x} closed")))
        }
        Responder::Rekeyed { old, new, .. } => {
            let node = *sas.get(&old.spi_r().0)?;
            sas.insert(new.spi_r().0, node);
            Some((node, format!("IKE SA rekeyed: {old} is now {new}")))
        }
        Responder::Closed { sa, reason } => {
            let node = sas.remove(&sa.spi_r().0)?;
            Some((node, format!("SA closed: {reason:?}")))
        }
        _ => None,
    }
}

/// What an arrow says of an IKE message of so many octets.
pub(super) fn message(header: &Header, len: usize) -> String {
    let kind = if header.flags.is_response() { "response" } else { "request" };
    format!("{} {kind} {}, {len} octets", header.exchange, header.message_id)
}

/// What an arrow says of an injected datagram, and the payloads below it where they are not known.
pub(super) fn forged_words(kind: Forgery, octets: &[u8]) -> (String, Vec<String>) {
    let Ok(outer) = ip::parse(octets) else { return ("not IP".into(), Vec::new()) };
    let len = outer.payload.len();
    let inner = udp::parse(outer.source, outer.destination, outer.payload);
    let ike = inner.ok().filter(|_| outer.protocol == protocol::UDP).map(|inner| inner.payload);
    if kind == Forgery::Garbage {
        let of = if ike.is_some() { "UDP" } else { "ESP" };
        return (format!("garbage, {len} octets of {of}"), Vec::new());
    }
    let again = if kind == Forgery::Replay { ", replayed" } else { "" };
    match ike.and_then(|ike| Some((Header::parse(ike).ok()?, ike))) {
        Some((header, ike)) => {
            let details = match kind {
                Forgery::Error | Forgery::Response => {
                    ike_decode::describe(ike, None::<MessageKeys<'_>>)
                }
                Forgery::Garbage | Forgery::Replay => Vec::new(),
            };
            (format!("{}{again}", message(&header, ike.len())), details)
        }
        None => (format!("{}{again}", esp_label(outer.payload)), Vec::new()),
    }
}

/// What is to be seen of an ESP packet without its key.
fn esp_label(packet: &[u8]) -> String {
    let sequence = packet.get(4..8).and_then(|octets| octets.try_into().ok());
    format!("ESP {}, {} octets", sequence.map_or(0, u32::from_be_bytes), packet.len())
}

/// What a link did to a copy of a datagram, to be appended to its label.
pub(super) fn fault_words(delivery: &Delivery) -> String {
    let reordered = if delivery.reordered { ", reordered" } else { "" };
    let damaged = match delivery.damage.map(|damage| damage.kind()) {
        Some(DamageKind::Corrupt) => ", corrupted",
        Some(DamageKind::Mangle) => ", mangled",
        None => "",
    };
    format!("{reordered}{damaged}")
}

/// Looks into ESP packets with the keys of the run.
#[derive(Default)]
pub(super) struct EspReader {
    sas: BTreeMap<u32, Inbound>,
}

impl EspReader {
    pub(super) fn add(&mut self, keys: &EspKeyLog<'_>) {
        let window = ReplayWindow::default();
        self.sas.insert(keys.spi, Inbound::new(keys.spi, keys.key.as_ref().clone(), window));
    }

    pub(super) fn label(&mut self, crypto: Backend, packet: &[u8]) -> String {
        let label = esp_label(packet);
        let mut copy = packet.to_vec();
        let inner = spi_of(packet)
            .and_then(|spi| self.sas.get_mut(&spi))
            .and_then(|sa| sa.open(&crypto, &mut copy).ok());
        match inner {
            Some(Opened::Packet { inner, .. }) => format!("{label}: {}", said(inner)),
            Some(Opened::Dummy) => format!("{label}: dummy"),
            None => label,
        }
    }
}

/// What the inner packet says.
fn said(inner: &[u8]) -> String {
    let Ok(packet) = ip::parse(inner) else { return "not IP".into() };
    match packet.protocol {
        protocol::UDP => udp::parse(packet.source, packet.destination, packet.payload).map_or_else(
            |error| error.to_string(),
            |datagram| format!("\"{}\"", String::from_utf8_lossy(datagram.payload).escape_debug()),
        ),
        protocol::ICMP | protocol::ICMPV6 => match packet.payload.first() {
            Some(8 | 128) => "echo request".into(),
            Some(0 | 129) => "echo reply".into(),
            _ => "ICMP".into(),
        },
        other => format!("IP protocol {other}"),
    }
}
