//! Anybody's capture as ladders: IKEv2 and ESP out of pcap or pcapng, decrypted with Wireshark's table of keys.
//!
//! Octets in, text or a document out. Nothing in a capture is an error of ours: what is not understood is shown as
//! such, what is malformed with the offset and the reason.

mod draw;
mod history;
mod keys;
mod message;
#[cfg(test)]
mod tests;

pub use keys::{KeyTable, KeyTableError};
pub use vnet::capture::NotACapture;

use core::net::{IpAddr, SocketAddr};
use history::History;
use ike_core::Header;
use serde::Serialize;
use std::collections::BTreeMap;
use vnet::capture::{Frame, read};
use vnet::frame::{Checksum, Content, Datagram, Udp, parse};
use vnet::ip::protocol::{ESP, UDP};

/// RFC 7296 2: IKE.
const IKE_PORT: u16 = 500;
/// RFC 3948: IKE behind four zero octets, ESP and keep-alives.
const NAT_PORT: u16 = 4500;

/// What a capture holds. Its JSON is described in `docs/decode.md`.
#[derive(Debug, Serialize)]
pub struct Dissection {
    /// `pcap` or `pcapng`.
    pub format: String,
    /// All packets, shown or not.
    pub packets: u64,
    /// The time of the first packet that has one, in nanoseconds since 1970.
    pub start_ns: Option<u64>,
    /// Where the file ends too early or makes no sense.
    pub cut_short: Option<CutShort>,
    /// Who talks to whom.
    pub conversations: Vec<Conversation>,
    /// The packets that are shown, in their order.
    pub shown: Vec<Entry>,
    /// The packets that are not, counted by what they are.
    pub others: BTreeMap<String, u64>,
}

/// Why the rest of a capture is missing.
#[derive(Debug, Serialize)]
pub struct CutShort {
    /// The number that the first missing packet would have.
    pub packet: u64,
    /// Where, in octets from the start of the file.
    pub offset: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Two that talk to each other.
#[derive(Debug, Serialize)]
pub struct Conversation {
    /// Who set up the first IKE SA, as far as the capture tells.
    pub left: String,
    /// The other one.
    pub right: String,
}

/// A packet that is shown.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Its number in the capture, from 1, as Wireshark has it.
    pub packet: u64,
    /// In nanoseconds since 1970.
    pub time_ns: Option<u64>,
    /// The index of its conversation.
    pub conversation: usize,
    /// Whether it goes from left to right.
    pub from_left: bool,
    /// Address, with the port where there is one.
    pub source: String,
    /// Address, with the port where there is one.
    pub destination: String,
    /// What is odd about it, outside IKE.
    pub notes: Vec<String>,
    /// The remark of whoever made the capture.
    pub comment: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    #[serde(skip)]
    from_first: bool,
}

/// What a packet is.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// An IKE message.
    Ike(Box<Ike>),
    /// An ESP packet.
    Esp {
        /// Eight hexadecimal digits.
        spi: String,
        /// Its sequence number, the low 32 bits.
        sequence: u32,
        /// Octets from the SPI on.
        octets: usize,
        /// Whether it travels in UDP (RFC 3948).
        in_udp: bool,
    },
    /// One octet 0xff (RFC 3948 2.3).
    KeepAlive,
    /// A part of a fragmented IP datagram.
    IpFragment {
        /// The protocol of the whole.
        protocol: u8,
        /// Where it belongs, in octets.
        offset: u16,
        /// Whether more follow.
        more: bool,
        /// Octets of it.
        octets: usize,
    },
    /// Too short for what it should be.
    Malformed {
        /// `IKE` or `ESP`.
        what: String,
        /// Octets of it.
        octets: usize,
        /// Where it is wrong, in octets from its start.
        offset: usize,
        /// What was expected there.
        reason: String,
    },
}

/// An IKE message.
#[derive(Debug, Serialize)]
pub struct Ike {
    /// The initiator's SPI, 16 hexadecimal digits.
    pub spi_i: String,
    /// The responder's SPI.
    pub spi_r: String,
    /// Major and minor; nothing but the header is read of another major version than 2.
    pub version: String,
    /// The exchange type.
    pub exchange: u8,
    /// Its name, if it is known.
    pub exchange_name: Option<&'static str>,
    /// Whether the sender is the original initiator.
    pub initiator: bool,
    /// Whether it is a response.
    pub response: bool,
    /// The Message ID.
    pub message_id: u32,
    /// Octets that it had on the wire, from the header on.
    pub octets: usize,
    /// Octets that were captured, where not all were.
    pub captured: Option<usize>,
    /// Whether it was there before.
    pub repeats: Option<Repeats>,
    /// What became of its SK payload; `None`: it has none.
    pub decryption: Option<Decryption>,
    /// What is wrong with it.
    pub malformed: Vec<MalformedPart>,
    /// Its payloads, those inside SK included.
    pub payloads: Vec<PayloadEntry>,
    #[serde(skip)]
    lines: Vec<String>,
}

/// A message that was there before: the same sender, exchange, SPIs, flags and Message ID.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Repeats {
    /// The packet that it repeats.
    pub packet: u64,
    /// Whether all octets are the same.
    pub identical: bool,
    /// How often it was there before.
    pub times: u32,
}

/// What became of an SK payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decryption {
    /// It was verified and decrypted.
    Opened,
    /// The table does not know the SA.
    NoKeys,
    /// The table knows it, with algorithms that are not decrypted here.
    Unsupported(String),
    /// It does not verify with the table's keys.
    Failed,
    /// It is one of several fragments (RFC 7383).
    Fragment,
    /// Not all of it was captured.
    Cut,
}

/// What is wrong with a message.
#[derive(Debug, Serialize)]
pub struct MalformedPart {
    /// In which payload; `None`: in the header or between payloads.
    pub payload: Option<String>,
    /// In octets from the start of the message.
    pub offset: usize,
    /// What was expected there.
    pub reason: String,
}

/// A payload.
#[derive(Debug, Serialize)]
pub struct PayloadEntry {
    /// Its type.
    pub number: u8,
    /// The name of the type, if it is known.
    pub name: Option<String>,
    /// The critical flag.
    pub critical: bool,
    /// Whether it was inside SK.
    pub encrypted: bool,
    /// Where its body starts, in octets from the start of the message.
    pub offset: usize,
    /// Octets of its body.
    pub octets: usize,
    /// What stands in it; empty where it is malformed.
    pub text: String,
    /// Only of notifies.
    pub notify: Option<NotifyEntry>,
}

/// A notify.
#[derive(Debug, Serialize)]
pub struct NotifyEntry {
    /// Its type.
    pub number: u16,
    /// The name of the type, if it is known.
    pub name: Option<&'static str>,
    /// The protocol of the SA that it is about.
    pub protocol: u8,
    /// The SPI of that SA in hexadecimal digits; empty for most.
    pub spi: String,
}

/// An end of a conversation. Ports tell two ends apart only where their address is the same.
type End = (IpAddr, Option<u16>);

/// Reads a capture file. `ports` are those where IKE is spoken besides 500 and 4500.
///
/// # Errors
/// [`NotACapture`].
pub fn dissect(file: &[u8], keys: &KeyTable, ports: &[u16]) -> Result<Dissection, NotACapture> {
    let frames = read(file)?;
    let mut reader = Reader::new(keys, ports);
    for (number, frame) in (1..).zip(&frames.frames) {
        reader.take(number, frame);
    }
    let packets = frames.frames.len() as u64;
    let cut_short = frames.cut_short.map(|cut| CutShort {
        packet: packets + 1,
        offset: cut.offset,
        reason: cut.reason,
    });
    let start_ns = frames.frames.iter().find_map(|frame| frame.at_ns);
    let mut shown = reader.shown;
    let lefts = lefts(&shown, reader.ends.len());
    for entry in &mut shown {
        entry.from_left = entry.from_first == lefts[entry.conversation];
    }
    let name = |end: &End| match end {
        (address, Some(port)) => SocketAddr::new(*address, *port).to_string(),
        (address, None) => address.to_string(),
    };
    let conversations = reader.ends.iter().zip(&lefts).map(|((first, second), first_is_left)| {
        let (left, right) = if *first_is_left { (first, second) } else { (second, first) };
        Conversation { left: name(left), right: name(right) }
    });
    Ok(Dissection {
        format: frames.format.to_string(),
        packets,
        start_ns,
        cut_short,
        conversations: conversations.collect(),
        shown,
        others: reader.others,
    })
}

/// For each conversation whether its first end is the left one: the sender of what says that it comes from the
/// original initiator, or of the first packet at all.
fn lefts(shown: &[Entry], conversations: usize) -> Vec<bool> {
    let mut told: Vec<Option<bool>> = vec![None; conversations];
    let mut first: Vec<Option<bool>> = vec![None; conversations];
    for entry in shown {
        first[entry.conversation].get_or_insert(entry.from_first);
        if let Kind::Ike(ike) = &entry.kind {
            told[entry.conversation].get_or_insert(entry.from_first == ike.initiator);
        }
    }
    told.into_iter().zip(first).map(|(told, first)| told.or(first).unwrap_or(true)).collect()
}

/// The state of reading a capture.
struct Reader<'r> {
    keys: &'r KeyTable,
    ports: &'r [u16],
    ends: Vec<(End, End)>,
    known: BTreeMap<(End, End), usize>,
    history: History,
    shown: Vec<Entry>,
    others: BTreeMap<String, u64>,
}

impl<'r> Reader<'r> {
    fn new(keys: &'r KeyTable, ports: &'r [u16]) -> Self {
        Self {
            keys,
            ports,
            ends: Vec::new(),
            known: BTreeMap::new(),
            history: History::default(),
            shown: Vec::new(),
            others: BTreeMap::new(),
        }
    }

    fn take(&mut self, number: u64, frame: &Frame<'_>) {
        match parse(frame.link_type, frame.octets) {
            Ok(datagram) => self.datagram(number, frame, &datagram),
            Err(error) => self.other(error.to_string()),
        }
    }

    fn other(&mut self, what: String) {
        *self.others.entry(what).or_default() += 1;
    }

    fn datagram(&mut self, packet: u64, frame: &Frame<'_>, datagram: &Datagram<'_>) {
        let Datagram { source, destination, .. } = *datagram;
        let kind = match &datagram.content {
            Content::Udp(udp) => self.udp(udp),
            Content::Other { protocol: ESP, payload } => Ok(esp(payload, payload.len(), false)),
            Content::Fragment { protocol, offset, more, len } => {
                let (protocol, offset, more) = (*protocol, *offset, *more);
                // Other fragmented traffic is nobody's business here.
                match protocol {
                    UDP | ESP => Ok(Kind::IpFragment { protocol, offset, more, octets: *len }),
                    other => Err(format!("{} fragment", protocol_name(other))),
                }
            }
            Content::Other { protocol, .. } => Err(protocol_name(*protocol)),
        };
        let mut kind = match kind {
            Ok(kind) => kind,
            Err(what) => return self.other(what),
        };
        let ports = match &datagram.content {
            Content::Udp(udp) => Some((udp.source_port, udp.destination_port)),
            _ => None,
        };
        let (conversation, from_first) = self.conversation((source, destination), ports);
        if let (Kind::Ike(ike), Content::Udp(udp)) = (&mut kind, &datagram.content) {
            let message = message_in(udp);
            if let Ok(header) = Header::parse(message) {
                let place = (conversation, from_first);
                ike.repeats = self.history.add(place, packet, &header, message);
            }
        }
        let end = |address: IpAddr, port: Option<u16>| match port {
            Some(port) => SocketAddr::new(address, port).to_string(),
            None => address.to_string(),
        };
        self.shown.push(Entry {
            packet,
            time_ns: frame.at_ns,
            conversation,
            from_left: true,
            source: end(source, ports.map(|ports| ports.0)),
            destination: end(destination, ports.map(|ports| ports.1)),
            notes: notes(datagram),
            comment: frame.comment.clone(),
            kind,
            from_first,
        });
    }

    /// What a UDP datagram is, or what to count it as.
    fn udp(&self, udp: &Udp<'_>) -> Result<Kind, String> {
        let ports = [udp.source_port, udp.destination_port];
        if ports.contains(&NAT_PORT) {
            return Ok(match udp.payload {
                [0xff] => Kind::KeepAlive,
                [0, 0, 0, 0, ..] => message::read(message_in(udp), udp.len - 4, self.keys),
                payload => esp(payload, udp.len, true),
            });
        }
        if ports.contains(&IKE_PORT) || ports.iter().any(|port| self.ports.contains(port)) {
            return Ok(message::read(udp.payload, udp.len, self.keys));
        }
        Err(format!("UDP port {}", udp.source_port.min(udp.destination_port)))
    }

    /// The conversation of a packet, and whether its first end sent it.
    fn conversation(
        &mut self,
        (source, destination): (IpAddr, IpAddr),
        ports: Option<(u16, u16)>,
    ) -> (usize, bool) {
        let ports = ports.filter(|_| source == destination);
        let from = (source, ports.map(|ports| ports.0));
        let to = (destination, ports.map(|ports| ports.1));
        let pair = if from <= to { (from, to) } else { (to, from) };
        let next = self.ends.len();
        let index = *self.known.entry(pair).or_insert(next);
        if index == next {
            self.ends.push(pair);
        }
        (index, from == pair.0)
    }
}

/// The IKE message in a datagram, without the marker that stands before it on port 4500.
fn message_in<'a>(udp: &Udp<'a>) -> &'a [u8] {
    let marked = [udp.source_port, udp.destination_port].contains(&NAT_PORT);
    if marked { udp.payload.get(4..).unwrap_or_default() } else { udp.payload }
}

fn esp(octets: &[u8], len: usize, in_udp: bool) -> Kind {
    match octets.first_chunk::<8>() {
        Some(&[a, b, c, d, e, f, g, h]) => Kind::Esp {
            spi: ike_decode::hex(&[a, b, c, d]),
            sequence: u32::from_be_bytes([e, f, g, h]),
            octets: len,
            in_udp,
        },
        None => Kind::Malformed {
            what: "ESP".into(),
            octets: len,
            offset: octets.len(),
            reason: "an SPI and a sequence number".into(),
        },
    }
}

fn notes(datagram: &Datagram<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if datagram.bad_header_checksum {
        notes.push("the IPv4 header checksum is wrong".into());
    }
    if let Content::Udp(Udp { checksum: Checksum::Wrong, .. }) = datagram.content {
        notes.push("the UDP checksum is wrong".into());
    }
    notes
}

/// The protocols that one meets beside IKE; the others by their number.
fn protocol_name(number: u8) -> String {
    match number {
        1 => "ICMP".into(),
        2 => "IGMP".into(),
        6 => "TCP".into(),
        17 => "UDP".into(),
        50 => "ESP".into(),
        51 => "AH".into(),
        58 => "ICMPv6".into(),
        other => format!("IP protocol {other}"),
    }
}
