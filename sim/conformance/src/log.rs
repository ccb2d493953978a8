//! What crossed between tester and subject, and the ladder that shows it.

use crate::subject::{Packet, Wire};
use core::fmt::Write as _;
use crypto::RustCrypto;
use ike_core::{Header, IkeKeys, IkeSpi};
use ike_decode::MessageKeys;

/// Who sent a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The tester.
    ToSubject,
    /// The subject.
    FromSubject,
}

/// What crossed, in order, and the keys that open it.
#[derive(Clone, Debug, Default)]
pub struct Log {
    packets: Vec<(Direction, Packet)>,
    keys: Vec<((IkeSpi, IkeSpi), IkeKeys)>,
}

impl Log {
    pub(crate) fn push(&mut self, direction: Direction, packet: Packet) {
        self.packets.push((direction, packet));
    }

    pub(crate) fn learn(&mut self, spis: (IkeSpi, IkeSpi), keys: &IkeKeys) {
        self.keys.retain(|(known, _)| *known != spis);
        self.keys.push((spis, keys.clone()));
    }

    pub(crate) fn last_from_subject(&self) -> Option<usize> {
        self.packets.iter().rposition(|(direction, _)| *direction == Direction::FromSubject)
    }

    /// What crossed.
    #[must_use]
    pub fn packets(&self) -> &[(Direction, Packet)] {
        &self.packets
    }

    /// The exchange as a ladder with the payloads in words. `marked` is the message to point at.
    #[must_use]
    pub fn ladder(&self, marked: Option<usize>) -> String {
        let mut text = String::new();
        let start = self.packets.first().map_or(0, |(_, packet)| packet.at.micros());
        for (index, (direction, packet)) in self.packets.iter().enumerate() {
            let us = packet.at.micros().saturating_sub(start);
            let arrow = match direction {
                Direction::ToSubject => "tester -> subject",
                Direction::FromSubject => "tester <- subject",
            };
            let mark = if marked == Some(index) { "*" } else { " " };
            let (title, details) = self.describe(packet);
            let (seconds, rest) = (us / 1_000_000, us % 1_000_000);
            let _ = writeln!(
                text,
                "{mark}{index:>3} {seconds:>5}.{rest:06} {arrow}  {title}, {} octets",
                packet.octets.len()
            );
            for line in details {
                let _ = writeln!(text, "{:37}{line}", "");
            }
        }
        text
    }

    fn describe(&self, packet: &Packet) -> (String, Vec<String>) {
        if let Wire::Unreachable(code) = packet.wire {
            return (format!("ICMP type 3 code {code}, about the message of"), Vec::new());
        }
        if packet.wire == Wire::Esp {
            let spi = packet.octets.get(..4).map(ike_decode::hex).unwrap_or_default();
            return (format!("ESP SPI {spi}"), Vec::new());
        }
        let Ok(header) = Header::parse(&packet.octets) else {
            return ("no IKE header".into(), Vec::new());
        };
        let spis = (header.spi_i, header.spi_r);
        let keys = self.keys.iter().find(|(known, _)| *known == spis).map(|(_, keys)| keys);
        let kind = if header.flags.is_response() { "response" } else { "request" };
        let version = match header.version {
            Header::VERSION => String::new(),
            other => format!(" version {}.{}", other >> 4, other & 15),
        };
        let title = format!("{} {kind} {}{version}", header.exchange, header.message_id);
        (
            title,
            ike_decode::describe(
                &packet.octets,
                keys.map(|keys| MessageKeys::new(keys, RustCrypto)),
            ),
        )
    }
}
