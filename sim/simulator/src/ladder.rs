//! Exchanges as a sequence diagram: who sent what to whom when, payloads decoded, losses and
//! retransmissions visible.

mod draw;
mod words;

use crate::event::{Actor, Event, What};
use crate::observer::{Datagram, EspKeyLog, IkeKeyLog, Observer};
use draw::{Arrow, End, Side};
use ike_core::{Header, IkeKeys, IkeSpi, Instant};
use std::collections::{BTreeMap, BTreeSet};
use vnet::ip::{self, protocol};
use vnet::link::{Delivery, Direction, DropReason, Outcome};
use vnet::udp;
use words::{EspReader, fault_words, node_note, responder_note};

/// The names above the two lifelines of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifelines {
    /// On the left.
    pub node: String,
    /// On the right.
    pub gateway: String,
}

/// Draws a ladder for each node as the run goes on. Meant for small runs: it keeps every line.
#[derive(Default)]
pub struct Ladder {
    lines: BTreeMap<u32, Vec<String>>,
    keys: BTreeMap<(IkeSpi, IkeSpi), IkeKeys>,
    esp: EspReader,
    /// IKE messages seen, and how often.
    seen: BTreeMap<(u32, Vec<u8>), u32>,
    /// Whose the responder's SAs are.
    sas: BTreeMap<u64, u32>,
    only: Option<BTreeSet<u32>>,
}

impl Ladder {
    /// A ladder of these nodes only.
    #[must_use]
    pub fn only(nodes: BTreeSet<u32>) -> Self {
        Self { only: Some(nodes), ..Self::default() }
    }

    fn wants(&self, node: u32) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&node))
    }

    /// The ladders, one node after the other. `names` gives the heads of a node's lifelines.
    #[must_use]
    pub fn render(&self, names: &dyn Fn(u32) -> Lifelines) -> String {
        let mut text = String::new();
        for (node, lines) in &self.lines {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&draw::heads(&names(*node)));
            for line in lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }

    fn add(&mut self, node: u32, line: String) {
        self.lines.entry(node).or_default().push(line);
    }

    fn note(&mut self, node: u32, at: Instant, side: Side, text: &str) {
        if self.wants(node) {
            self.add(node, draw::note(at, side, text));
        }
    }

    /// What an arrow says, and the lines below it.
    fn label(&mut self, node: u32, octets: &[u8]) -> (String, Vec<String>) {
        let Ok(datagram) = ip::parse(octets) else { return ("not IP".into(), Vec::new()) };
        match datagram.protocol {
            protocol::ESP => (self.esp.label(datagram.payload), Vec::new()),
            protocol::UDP => {
                match udp::parse(datagram.source, datagram.destination, datagram.payload) {
                    Ok(datagram) => self.ike_label(node, datagram.payload),
                    Err(error) => (format!("UDP: {error}"), Vec::new()),
                }
            }
            other => (format!("IP protocol {other}"), Vec::new()),
        }
    }

    fn ike_label(&mut self, node: u32, message: &[u8]) -> (String, Vec<String>) {
        let Ok(header) = Header::parse(message) else {
            return (format!("{} octets", message.len()), Vec::new());
        };
        let kind = if header.flags.is_response() { "response" } else { "request" };
        let mut label =
            format!("{} {kind} {}, {} octets", header.exchange, header.message_id, message.len());
        let seen = self.seen.entry((node, message.to_vec())).or_insert(0);
        *seen += 1;
        if *seen > 1 {
            let again = if header.flags.is_response() { "sent again" } else { "retransmission" };
            label.push_str(&format!(", {again} {}", *seen - 1));
            return (label, Vec::new());
        }
        let keys = self.keys.get(&(header.spi_i, header.spi_r));
        (label, crate::decode::describe(message, keys))
    }
}

impl Observer for Ladder {
    fn event(&mut self, event: &Event<'_>) {
        match (&event.what, event.who) {
            (What::Responder(what), _) => {
                if let Some((node, text)) = responder_note(what, &mut self.sas) {
                    self.note(node, event.at, Side::Gateway, &text);
                }
            }
            (what, Actor::Node(node)) => {
                if let Some(text) = node_note(what) {
                    self.note(node, event.at, Side::Node, &text);
                }
            }
            _ => {}
        }
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        let node = datagram.place.link;
        let (label, details) = self.label(node, datagram.octets);
        if !self.wants(node) {
            return;
        }
        let towards = datagram.place.direction == Direction::Towards;
        let arrow = |end, label: &str| Arrow { towards, sent: datagram.at, end }.line(label);
        let copy = |delivery: &Delivery, label: &str| {
            let end = End::Arrives(datagram.at + delivery.after());
            arrow(end, &format!("{label}{}", fault_words(delivery)))
        };
        match datagram.fate.outcome {
            Outcome::Dropped(DropReason::Loss) => self.add(node, arrow(End::Lost(None), &label)),
            Outcome::Dropped(reason) => {
                self.add(node, arrow(End::Lost(Some(reason.name())), &label));
            }
            Outcome::Delivered(deliveries) => {
                self.add(node, copy(&deliveries.original, &label));
                if let Some(duplicate) = &deliveries.duplicate {
                    self.add(node, copy(duplicate, "duplicate"));
                }
            }
        }
        for detail in details {
            self.add(node, draw::detail(&detail));
        }
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog) {
        self.keys.insert(keys.spis, keys.keys.clone());
    }

    fn esp_keys(&mut self, keys: &EspKeyLog) {
        self.esp.add(keys);
    }
}
