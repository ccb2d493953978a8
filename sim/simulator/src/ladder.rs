//! Exchanges as a sequence diagram: who sent what to whom when, payloads decoded, losses and
//! retransmissions visible.

pub(crate) mod draw;
mod words;

use crate::backend::Backend;
use crate::event::{Actor, Event, Place, What};
use crate::observer::{Datagram, EspKeyLog, IkeKeyLog, Observer};
use crate::scenario::Forgery;
use core::net::SocketAddr;
use draw::{Arrow, End};
use ike_core::{Header, IkeKeys, IkeSpi, Instant, Path};
use ike_decode::MessageKeys;
use std::collections::{BTreeMap, BTreeSet};
use vnet::ip::{self, protocol};
use vnet::link::{Delivery, Direction, Outcome};
use vnet::udp;
use words::{EspReader, fault_words, forged_words, node_note, responder_note};

pub use draw::Side;

/// The names above the two lifelines of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifelines {
    /// On the left.
    pub node: String,
    /// On the right.
    pub gateway: String,
}

impl Lifelines {
    /// The line above a ladder, with its end.
    #[must_use]
    pub fn heads(&self) -> String {
        draw::heads(self)
    }
}

/// A datagram as one end saw it. On a real wire, unlike on a virtual link, an end knows when it sent or
/// received; not when the other did, nor whether it ever will.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// When.
    pub at: Instant,
    /// In whose ladder.
    pub node: u32,
    /// Who saw it.
    pub side: Side,
    /// The way it goes: the side sends it if that leads away from it.
    pub direction: Direction,
    /// The IP datagram.
    pub octets: &'a [u8],
}

/// Draws a ladder for each node as the run goes on. Meant for small runs: it keeps every line.
#[derive(Default)]
pub struct Ladder {
    crypto: Backend,
    lines: BTreeMap<u32, Vec<String>>,
    keys: BTreeMap<(IkeSpi, IkeSpi), IkeKeys>,
    esp: EspReader,
    /// IKE messages seen, and how often.
    seen: BTreeMap<(u32, Vec<u8>), u32>,
    /// Whose the responder's SAs are.
    sas: BTreeMap<u64, u32>,
    /// Peers whose number their address does not tell.
    peers: BTreeMap<SocketAddr, u32>,
    only: Option<BTreeSet<u32>>,
}

impl Ladder {
    /// A ladder of these nodes only.
    #[must_use]
    pub fn only(nodes: BTreeSet<u32>) -> Self {
        Self { only: Some(nodes), ..Self::default() }
    }

    /// The same of a run with these algorithms.
    #[must_use]
    pub(crate) fn with_crypto(self, crypto: Backend) -> Self {
        Self { crypto, ..self }
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
            text.push_str(&names(*node).heads());
            for line in lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }

    /// Takes the lines drawn since the last time, node by node, for whoever shows them as they come;
    /// [`Self::render`] has them no more.
    pub fn take_lines(&mut self) -> Vec<(u32, String)> {
        let lines = core::mem::take(&mut self.lines);
        lines
            .into_iter()
            .flat_map(|(node, lines)| lines.into_iter().map(move |l| (node, l)))
            .collect()
    }

    /// Tells that a peer has a number: events at the gateway know it by its address, which means
    /// nothing outside a scenario's network.
    pub fn peer(&mut self, remote: SocketAddr, node: u32) {
        self.peers.insert(remote, node);
    }

    /// Draws a datagram of which one end is known.
    pub fn sighting(&mut self, sighting: &Sighting<'_>) {
        let towards = sighting.direction == Direction::Towards;
        let seen = End::At(sighting.at);
        let (sent, arrives) = if towards == (sighting.side == Side::Node) {
            (seen, End::Unseen)
        } else {
            (End::Unseen, seen)
        };
        let arrow = Arrow { towards, sent, arrives };
        self.draw(sighting.node, sighting.octets, |label| arrow.lines(label));
    }

    /// Notes what happened at a side.
    pub fn remark(&mut self, node: u32, at: Instant, side: Side, text: &str) {
        if self.wants(node) {
            self.add(node, draw::note(at, side, text));
        }
    }

    /// The arrows of a datagram, given what they say, and its payloads below them.
    fn draw(&mut self, node: u32, octets: &[u8], arrows: impl FnOnce(&str) -> Vec<String>) {
        let (label, details) = self.label(node, octets);
        if !self.wants(node) {
            return;
        }
        self.add(node, arrows(&label));
        for detail in details {
            self.add(node, draw::detail(&detail));
        }
    }

    fn add(&mut self, node: u32, lines: Vec<String>) {
        self.lines.entry(node).or_default().extend(lines);
    }

    /// What an arrow says, and the lines below it.
    fn label(&mut self, node: u32, octets: &[u8]) -> (String, Vec<String>) {
        let Ok(datagram) = ip::parse(octets) else { return ("not IP".into(), Vec::new()) };
        match datagram.protocol {
            protocol::ESP => (self.esp.label(self.crypto, datagram.payload), Vec::new()),
            protocol::UDP => {
                match udp::parse(datagram.source, datagram.destination, datagram.payload) {
                    Ok(datagram) => self.ike_label(node, datagram.payload),
                    Err(error) => (format!("UDP: {error}"), Vec::new()),
                }
            }
            other => (format!("IP protocol {other}"), Vec::new()),
        }
    }

    /// A datagram that nobody at either end sent.
    fn injected(&mut self, at: Instant, place: Place, (kind, octets): (Forgery, &[u8])) {
        if !self.wants(place.link) {
            return;
        }
        let towards = place.direction == Direction::Towards;
        let arrow = Arrow { towards, sent: End::Forger, arrives: End::At(at) };
        let (label, details) = forged_words(kind, octets);
        self.add(place.link, arrow.lines(&label));
        for detail in details {
            self.add(place.link, draw::detail(&detail));
        }
    }

    fn ike_label(&mut self, node: u32, message: &[u8]) -> (String, Vec<String>) {
        let Ok(header) = Header::parse(message) else {
            return (format!("{} octets", message.len()), Vec::new());
        };
        let mut label = words::message(&header, message.len());
        let seen = self.seen.entry((node, message.to_vec())).or_insert(0);
        *seen += 1;
        if *seen > 1 {
            let again = if header.flags.is_response() { "sent again" } else { "retransmission" };
            label.push_str(&format!(", {again} {}", *seen - 1));
            return (label, Vec::new());
        }
        let keys = self.keys.get(&(header.spi_i, header.spi_r));
        let keys = keys.map(|keys| MessageKeys::new(keys, self.crypto));
        (label, ike_decode::describe(message, keys))
    }
}

/// Control characters spelled out: a stranger's identity must not steer the terminal.
#[must_use]
pub fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}

impl Observer for Ladder {
    fn event(&mut self, event: &Event<'_>) {
        match (&event.what, event.who) {
            (What::Responder(what), _) => {
                let peers = &self.peers;
                let whose = |path: &Path| {
                    let known = peers.get(&path.remote).copied();
                    known.or_else(|| crate::world::number_of(path.remote))
                };
                if let Some((node, text)) = responder_note(what, &whose, &mut self.sas) {
                    self.remark(node, event.at, Side::Gateway, &text);
                }
            }
            (What::Injected { place, kind, packet }, _) => {
                self.injected(event.at, *place, (*kind, *packet));
            }
            (what, Actor::Node(node)) => {
                if let Some(text) = node_note(what) {
                    self.remark(node, event.at, Side::Node, &text);
                }
            }
            _ => {}
        }
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        let towards = datagram.place.direction == Direction::Towards;
        let sent = End::At(datagram.at);
        let arrow = |arrives, label: &str| Arrow { towards, sent, arrives }.lines(label);
        let copy = |delivery: &Delivery, label: &str| {
            let arrives = End::At(datagram.at + delivery.after());
            arrow(arrives, &format!("{label}{}", fault_words(delivery)))
        };
        self.draw(datagram.place.link, datagram.octets, |label| match &datagram.fate.outcome {
            Outcome::Dropped(reason) => arrow(End::Lost(*reason), label),
            Outcome::Delivered(deliveries) => {
                let duplicate =
                    deliveries.duplicate.iter().map(|delivery| copy(delivery, "duplicate"));
                core::iter::once(copy(&deliveries.original, label))
                    .chain(duplicate)
                    .flatten()
                    .collect()
            }
        });
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.keys.insert(keys.spis, keys.keys.as_ref().clone());
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        self.esp.add(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn an_identity_cannot_steer_the_terminal() {
        assert_eq!(printable("IDi fqdn:\u{1b}[2Jdoor\r"), r"IDi fqdn:\u{1b}[2Jdoor\r");
        assert_eq!(printable("| Tür -> |"), "| Tür -> |");
    }
}
