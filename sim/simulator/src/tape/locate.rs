//! Which part of a packet an octet belongs to.

use crate::observer::IkeKeyLog;
use crypto::RustCrypto;
use ike_core::payload::{Payload, Payloads};
use ike_core::{HEADER_LEN, Header, IkeKeys, PayloadType, open_protected};
use ike_decode::name as payload_name;
use vnet::ip::{self, protocol};
use vnet::udp;

/// Where two packets differ first.
pub(super) struct Place {
    /// The part, and the octet in it, from 0.
    pub(super) name: String,
    /// The octet in the recorded packet.
    pub(super) recorded: Option<u8>,
    /// The octet in the packet now.
    pub(super) now: Option<u8>,
    /// Which payload of the message, if it is in one: counted as a decoder lists them, those in SK instead of SK.
    pub(super) payload: Option<usize>,
}

/// Where the length is in the IKE header (RFC 7296 3.1).
const LENGTH_OFFSET: usize = HEADER_LEN - 4;

/// A piece of a packet.
struct Part {
    name: String,
    octets: Vec<u8>,
    payload: Option<usize>,
}

impl Part {
    fn new(name: &str, octets: &[u8]) -> Self {
        Self { name: name.to_owned(), octets: octets.to_vec(), payload: None }
    }
}

/// Where they differ first; they do. What is most telling comes first: the IKE message, then the headers around it,
/// whose lengths and checksums follow.
pub(super) fn first(recorded: &[u8], now: &[u8], keys: &[IkeKeyLog<'_>]) -> Place {
    let message = compare(&ike_parts(recorded, keys), &ike_parts(now, keys));
    message.or_else(|| compare(&around(recorded), &around(now))).unwrap_or_else(|| Place {
        name: "no part of it".into(),
        recorded: None,
        now: None,
        payload: None,
    })
}

fn compare(recorded: &[Part], now: &[Part]) -> Option<Place> {
    let nowhere = |name| Some(Place { name, recorded: None, now: None, payload: None });
    for (one, other) in recorded.iter().zip(now) {
        if one.name != other.name {
            return nowhere(format!("the order of its parts, {} for {}", other.name, one.name));
        }
        if one.octets != other.octets {
            return Some(place(one, other));
        }
    }
    let both = recorded.len().min(now.len());
    match (recorded.get(both), now.get(both)) {
        (Some(gone), _) => nowhere(format!("{}, which is not there any more", gone.name)),
        (_, Some(added)) => nowhere(format!("{}, which was not there", added.name)),
        (None, None) => None,
    }
}

fn place(one: &Part, other: &Part) -> Place {
    let same = one.octets.iter().zip(&other.octets).take_while(|(old, new)| old == new).count();
    Place {
        name: format!("{}, octet {same}", one.name),
        recorded: one.octets.get(same).copied(),
        now: other.octets.get(same).copied(),
        payload: one.payload,
    }
}

/// The IKE message in a packet.
pub(super) fn ike_message(octets: &[u8]) -> Option<&[u8]> {
    let datagram = ip::parse(octets).ok()?;
    if datagram.protocol != protocol::UDP {
        return None;
    }
    let udp = udp::parse(datagram.source, datagram.destination, datagram.payload).ok()?;
    Header::parse(udp.payload).is_ok().then_some(udp.payload)
}

/// What a packet is that has no IKE message.
pub(super) fn kind(octets: &[u8]) -> String {
    match ip::parse(octets) {
        Ok(datagram) if datagram.protocol == protocol::ESP => "ESP".into(),
        Ok(datagram) if datagram.protocol == protocol::UDP => "UDP".into(),
        Ok(datagram) => format!("IP protocol {}", datagram.protocol),
        Err(error) => error.to_string(),
    }
}

/// The keys of the message's IKE SA.
pub(super) fn keys_of<'k>(message: &[u8], keys: &'k [IkeKeyLog]) -> Option<&'k IkeKeys> {
    let header = Header::parse(message).ok()?;
    let log = keys.iter().find(|log| log.spis == (header.spi_i, header.spi_r))?;
    Some(&log.keys)
}

/// The header and the payloads of an IKE message; nothing where there is none.
fn ike_parts(octets: &[u8], keys: &[IkeKeyLog<'_>]) -> Vec<Part> {
    let Some(message) = ike_message(octets) else { return Vec::new() };
    let Ok(header) = Header::parse(message) else { return Vec::new() };
    // Its length says nothing that the payloads do not.
    let mut parts = vec![Part::new("the IKE header", &message[..LENGTH_OFFSET])];
    let mut line = 0;
    for payload in Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN) {
        let Ok(payload) = payload else { break };
        let opened = (payload.kind == PayloadType::SK)
            .then(|| in_sk(&header, message, keys_of(message, keys)?))
            .flatten();
        let found = opened.unwrap_or_else(|| vec![of_payload(&payload, "")]);
        for part in found {
            parts.push(Part { payload: Some(line), ..part });
            line += 1;
        }
    }
    parts
}

fn of_payload(payload: &Payload<'_>, inside: &str) -> Part {
    Part::new(&format!("payload {}{inside}", payload_name(payload.kind)), payload.body)
}

/// The payloads inside; the IV and the padding are left to whatever else differs.
fn in_sk(header: &Header, message: &[u8], keys: &IkeKeys) -> Option<Vec<Part>> {
    let key = if header.flags.is_initiator() { &keys.initiator } else { &keys.responder };
    let mut copy = message.to_vec();
    let inner = open_protected(&RustCrypto, key, &mut copy).ok()?;
    let payloads = inner.payloads(&copy).filter_map(Result::ok);
    Some(payloads.map(|payload| of_payload(&payload, " in SK")).collect())
}

/// The headers of IP and what is in it.
fn around(octets: &[u8]) -> Vec<Part> {
    let Ok(datagram) = ip::parse(octets) else { return vec![Part::new("the packet", octets)] };
    let header = octets.len() - datagram.payload.len();
    let name = match datagram.protocol {
        protocol::ESP => "ESP",
        protocol::UDP => "UDP",
        _ => "the payload of IP",
    };
    vec![Part::new("the IP header", &octets[..header]), Part::new(name, datagram.payload)]
}
