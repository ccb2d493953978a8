//! One IKE message of a capture.

use super::keys::{KeyTable, Known};
use super::{Decryption, Entry, Ike, Kind, MalformedPart, NotifyEntry, PayloadEntry};
use ike_core::payload::Payloads;
use ike_core::{HEADER_LEN, Header, Malformed, NotifyType, PayloadType};
use ike_decode::{Item, MessageKeys, Protection};

/// Reads a message of which `len` octets were on the wire.
pub(super) fn read(message: &[u8], len: usize, keys: &KeyTable) -> Kind {
    let header = match Header::parse(message) {
        Ok(header) => header,
        Err(error) => {
            let (offset, reason) = (error.offset, error.what.to_owned());
            return Kind::Malformed { what: "IKE".into(), octets: len, offset, reason };
        }
    };
    let mut ike = Ike::new(&header, len);
    if header.major_version() != 2 {
        return Kind::Ike(Box::new(ike));
    }
    if message.len() < len {
        ike.captured = Some(message.len());
    }
    // RFC 7296 3.1: the length is that of the whole message.
    if header.length as usize != len {
        ike.malformed.push(MalformedPart {
            payload: None,
            offset: 24,
            reason: format!("a length of {len} octets, not {}", header.length),
        });
    }
    let known = keys.known((header.spi_i, header.spi_r));
    let usable: Option<MessageKeys<'_>> = match known {
        Known::Keys(keys) if message.len() == len => Some(keys),
        _ => None,
    };
    let (items, protection) = ike_decode::items(message, usable);
    ike.decryption = match (protection, known) {
        // An SK payload whose end is not there is none that could be split off.
        (Protection::None, _) if ike.captured.is_some() && starts_protected(&header) => {
            Some(Decryption::Cut)
        }
        (Protection::None, _) => None,
        (Protection::Opened, _) => Some(Decryption::Opened),
        (Protection::Failed(_), _) => Some(Decryption::Failed),
        (Protection::NoKeys, _) if has_fragment(&header, message) => Some(Decryption::Fragment),
        (Protection::NoKeys, _) if ike.captured.is_some() => Some(Decryption::Cut),
        (Protection::NoKeys, Known::Algorithms(name)) => {
            Some(Decryption::Unsupported(name.to_owned()))
        }
        (Protection::NoKeys, _) => Some(Decryption::NoKeys),
    };
    for item in items {
        take(&mut ike, item);
    }
    Kind::Ike(Box::new(ike))
}

fn starts_protected(header: &Header) -> bool {
    [PayloadType::SK, PayloadType::SKF].contains(&header.next_payload)
}

fn has_fragment(header: &Header, message: &[u8]) -> bool {
    Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN)
        .any(|payload| payload.is_ok_and(|payload| payload.kind == PayloadType::SKF))
}

fn take(ike: &mut Ike, item: Item) {
    let line = item.to_string();
    if let Some(Malformed { what, offset }) = item.malformed {
        // Where the capture ends, nothing is wrong with the message.
        if ike.captured.is_some() {
            return;
        }
        let payload = item.payload.as_ref().map(|shown| ike_decode::name(shown.kind));
        ike.malformed.push(MalformedPart { payload, offset, reason: what.to_owned() });
    }
    let Some(shown) = item.payload else {
        // What became of SK, the field `decryption` says; a chain that breaks off, `malformed`.
        let is_empty = item.encrypted && ike.decryption == Some(Decryption::Opened);
        if is_empty && item.malformed.is_none() {
            ike.lines.push(line);
        }
        return;
    };
    let notify = shown.notify.map(|(number, protocol, spi)| NotifyEntry {
        number,
        name: NotifyType(number).name(),
        protocol,
        spi: ike_decode::hex(&spi),
    });
    ike.payloads.push(PayloadEntry {
        number: shown.kind.0,
        name: shown.kind.name().map(|_| ike_decode::name(shown.kind)),
        critical: shown.critical,
        encrypted: item.encrypted,
        offset: shown.offset,
        octets: shown.len,
        text: item.text,
        notify,
    });
    if item.malformed.is_none() {
        ike.lines.push(line);
    }
}

impl Entry {
    /// What the arrow says.
    pub(super) fn label(&self) -> String {
        match &self.kind {
            Kind::Ike(ike) => ike.label(),
            Kind::Esp { spi, sequence, octets, .. } => {
                format!("ESP {spi}, sequence {sequence}, {octets} octets")
            }
            Kind::KeepAlive => "NAT keep-alive".into(),
            Kind::IpFragment { offset, octets, .. } => {
                format!("IP fragment at {offset}, {octets} octets, not reassembled")
            }
            Kind::Malformed { what, octets, .. } => format!("{what}, {octets} octets, malformed"),
        }
    }

    /// What stands below the arrow.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.kind {
            Kind::Ike(ike) => lines.extend(ike.details()),
            Kind::Malformed { offset, reason, .. } => {
                lines.push(format!("malformed at octet {offset}: {reason}"));
            }
            _ => {}
        }
        lines.extend(self.notes.iter().cloned());
        lines
    }
}

impl Ike {
    fn new(header: &Header, len: usize) -> Self {
        Self {
            spi_i: header.spi_i.to_string(),
            spi_r: header.spi_r.to_string(),
            version: format!("{}.{}", header.version >> 4, header.version & 0x0f),
            exchange: header.exchange.0,
            exchange_name: header.exchange.name(),
            initiator: header.flags.is_initiator(),
            response: header.flags.is_response(),
            message_id: header.message_id,
            octets: len,
            captured: None,
            repeats: None,
            decryption: None,
            malformed: Vec::new(),
            payloads: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn is_version_2(&self) -> bool {
        self.version.starts_with("2.")
    }

    fn label(&self) -> String {
        if !self.is_version_2() {
            let (version, exchange) = (&self.version, self.exchange);
            return format!("IKE version {version}, exchange {exchange}, {} octets", self.octets);
        }
        let exchange = ike_core::ExchangeType(self.exchange);
        let kind = if self.response { "response" } else { "request" };
        let mut label = format!("{exchange} {kind} {}, {} octets", self.message_id, self.octets);
        match self.repeats {
            Some(again) if again.identical => {
                let word = if self.response { "sent again" } else { "retransmission" };
                label.push_str(&format!(", {word} {}", again.times));
            }
            Some(again) => label.push_str(&format!(", not as in {}", again.packet)),
            None => {}
        }
        if !self.malformed.is_empty() {
            label.push_str(", malformed");
        }
        label
    }

    fn details(&self) -> Vec<String> {
        // The same octets say the same.
        if self.repeats.is_some_and(|again| again.identical) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        match self.repeats {
            Some(again) => lines.push(format!(
                "same exchange and Message ID as packet {}, other octets",
                again.packet
            )),
            None if !self.is_version_2() => lines.push("not decoded: not version 2".into()),
            None => {}
        }
        if self.is_version_2() && self.version != "2.0" {
            lines.push(format!("minor version {}", &self.version[2..]));
        }
        lines.extend(self.lines.iter().cloned());
        lines.extend(self.decryption.as_ref().and_then(Decryption::remark));
        for MalformedPart { payload, offset, reason } in &self.malformed {
            let payload = payload.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
            lines.push(format!("{payload}malformed at octet {offset}: {reason}"));
        }
        if let Some(captured) = self.captured {
            lines.push(format!("only {captured} octets were captured"));
        }
        lines
    }
}

impl Decryption {
    /// What is said about it, where payloads do not speak for themselves.
    fn remark(&self) -> Option<String> {
        Some(match self {
            Self::Opened | Self::Fragment => return None,
            Self::NoKeys => "SK  (no keys)".into(),
            Self::Unsupported(cipher) => format!("SK  not decrypted: {cipher}"),
            Self::Failed => "SK  does not open with the keys of the table".into(),
            Self::Cut => "SK  not decrypted: not all of it was captured".into(),
        })
    }
}
