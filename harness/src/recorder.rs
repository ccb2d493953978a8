//! What one end sees, as a ladder that grows and as files.

use crate::Files;
use anyhow::{Context, Result};
use core::net::SocketAddr;
use ike_core::{Identity, Instant, Path};
use simulator::{
    Actor, EspKeyLog, Event, IkeKeyLog, Ladder, Lifelines, Observer as _, Side, Sighting, What,
    printable,
};
use std::collections::BTreeMap;
use std::io::Write;
use vnet::link::Direction;
use vnet::udp;

/// Shows each line as it comes; a ladder for each peer, under its own head whenever the peer changes.
pub struct Recorder {
    side: Side,
    /// Our name on the lifeline.
    us: String,
    output: Box<dyn Write>,
    files: Option<Files>,
    ladder: Ladder,
    /// Numbered in the order in which they appeared.
    peers: BTreeMap<SocketAddr, u32>,
    /// Whose ladder the last line belongs to.
    shown: Option<SocketAddr>,
    /// Datagrams that the ladder remembers.
    remembered: usize,
}

impl Recorder {
    /// A recorder of the initiator's or the responder's side, who is called `identity`.
    #[must_use]
    pub fn new(side: Side, identity: &Identity, output: Box<dyn Write>) -> Self {
        Self {
            side,
            us: identity.to_string(),
            output,
            files: None,
            ladder: Ladder::default(),
            peers: BTreeMap::new(),
            shown: None,
            remembered: 0,
        }
    }

    /// The same with files.
    #[must_use]
    pub fn files(mut self, files: Files) -> Self {
        self.files = Some(files);
        self
    }

    /// A line outside the ladder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn say(&mut self, line: &str) -> Result<()> {
        writeln!(self.output, "{line}").context("the output cannot be written")?;
        self.output.flush().context("the output cannot be written")
    }

    /// How many datagrams the ladder remembers, to tell which come again.
    pub(crate) fn remembered(&self) -> usize {
        self.remembered
    }

    /// Forgets all that was: the peers, their messages, their keys.
    pub(crate) fn forget(&mut self) {
        self.ladder = Ladder::default();
        self.peers.clear();
        self.shown = None;
        self.remembered = 0;
    }

    /// We sent a message.
    pub(crate) fn sent(&mut self, at: Instant, path: &Path, message: &[u8]) -> Result<()> {
        let octets = udp::emit(path.local, path.remote, message);
        let direction = match self.side {
            Side::Node => Direction::Towards,
            Side::Gateway => Direction::Back,
        };
        self.sighting(at, path, (direction, &octets, "sent"))
    }

    /// A message arrived.
    pub(crate) fn received(&mut self, at: Instant, path: &Path, message: &[u8]) -> Result<()> {
        let octets = udp::emit(path.remote, path.local, message);
        let direction = match self.side {
            Side::Node => Direction::Back,
            Side::Gateway => Direction::Towards,
        };
        self.sighting(at, path, (direction, &octets, "received"))
    }

    fn sighting(
        &mut self,
        at: Instant,
        path: &Path,
        (direction, octets, comment): (Direction, &[u8], &str),
    ) -> Result<()> {
        if let Some(files) = &mut self.files {
            files.datagram(at, octets, comment)?;
        }
        let node = self.number(path.remote);
        self.remembered += 1;
        self.ladder.sighting(&Sighting { at, node, side: self.side, direction, octets });
        self.show()
    }

    /// The initiator reported something about its SA with `remote`.
    pub(crate) fn initiator(
        &mut self,
        at: Instant,
        remote: SocketAddr,
        event: &ike_initiator::Event,
    ) -> Result<()> {
        let who = Actor::Node(self.number(remote));
        self.ladder.event(&Event { at, who, what: What::Initiator(event) });
        self.show()
    }

    /// The responder reported something.
    pub(crate) fn responder(&mut self, at: Instant, event: &ike_responder::Event) -> Result<()> {
        self.ladder.event(&Event { at, who: Actor::Gateway, what: What::Responder(event) });
        self.show()
    }

    /// Something else happened here, about `remote`.
    pub(crate) fn remark(&mut self, at: Instant, remote: SocketAddr, text: &str) -> Result<()> {
        let node = self.number(remote);
        self.ladder.remark(node, at, self.side, text);
        self.show()
    }

    /// An IKE SA has keys.
    pub(crate) fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) -> Result<()> {
        self.remember_keys(keys);
        self.files.as_mut().map_or(Ok(()), |files| files.ike_keys(keys))
    }

    /// The ladder shall know keys that the files have.
    pub(crate) fn remember_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.ladder.ike_keys(keys);
    }

    /// A direction of a Child SA has keys.
    pub(crate) fn esp_keys(&mut self, keys: &EspKeyLog<'_>) -> Result<()> {
        self.files.as_mut().map_or(Ok(()), |files| files.esp_keys(keys))
    }

    /// The number of a peer, which the ladder is told when the peer is new.
    pub(crate) fn number(&mut self, remote: SocketAddr) -> u32 {
        if let Some(number) = self.peers.get(&remote) {
            return *number;
        }
        let number = u32::try_from(self.peers.len()).unwrap_or(u32::MAX);
        self.peers.insert(remote, number);
        self.ladder.peer(remote, number);
        number
    }

    fn show(&mut self) -> Result<()> {
        for (number, line) in self.ladder.take_lines() {
            let peer = self.peers.iter().find(|(_, known)| **known == number).map(|(at, _)| *at);
            if let Some(peer) = peer.filter(|peer| self.shown != Some(*peer)) {
                let head = self.lifelines(peer).heads();
                if self.shown.is_some() {
                    self.line("")?;
                }
                self.line(head.trim_end())?;
                self.shown = Some(peer);
            }
            self.line(&line)?;
        }
        Ok(())
    }

    fn lifelines(&self, peer: SocketAddr) -> Lifelines {
        let (us, peer) = (self.us.clone(), peer.to_string());
        match self.side {
            Side::Node => Lifelines { node: us, gateway: peer },
            Side::Gateway => Lifelines { node: peer, gateway: us },
        }
    }

    fn line(&mut self, line: &str) -> Result<()> {
        let line = printable(line);
        self.say(&line)?;
        self.files.as_mut().map_or(Ok(()), |files| files.line(&line))
    }
}
