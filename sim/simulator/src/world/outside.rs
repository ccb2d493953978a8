//! A gateway outside: its packets come in and go out by a door, at the times that somebody else keeps.
//!
//! What leaves a link towards the gateway waits for [`World::take_outgoing`]. What the gateway sends comes in by
//! [`World::hand_in`] and is told apart by its destination: a node's outer address stands for that node's link, the
//! server's for an inner packet that the gateway has decrypted. The server's own packets go out in clear, for the
//! gateway to encrypt.

use super::ask::{Ask, Asks};
use super::device::DeviceDoor;
use super::gateway::Gateway;
use super::shared::{Core, IKE_PORT};
use super::{Behaviours, NodeState, World};
use crate::event::{Actor, PacketDrop, What};
use crate::observer::Observer;
use crate::scenario::Scenario;
use crypto::Crypto;
use ike_core::{Header, Instant};
use vnet::ip::{self, protocol};
use vnet::link::Direction;
use vnet::udp;

/// Which end of a run is elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// None: nodes and the reference responder are in the world and show everything.
    #[default]
    Inside,
    /// The gateway: only its packets are seen.
    Outside,
    /// The device: only its packets are seen.
    DeviceOutside,
}

/// A packet that went through the door between the world and a gateway outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Virtual time.
    pub at: Instant,
    /// Towards the gateway, or back from it.
    pub direction: Direction,
    /// The IP datagram.
    pub octets: Vec<u8>,
}

/// All that went through, in order, and what the gateway is to be asked.
pub(super) struct Door {
    crossings: Vec<Crossing>,
    /// How many of them were looked at for what goes out.
    taken: usize,
    asks: Asks,
}

impl Door {
    fn new(scenario: &Scenario) -> Self {
        Self { crossings: Vec::new(), taken: 0, asks: Asks::new(&scenario.gateway) }
    }

    fn note(&mut self, at: Instant, direction: Direction, octets: Vec<u8>) {
        self.crossings.push(Crossing { at, direction, octets });
    }

    fn next(&mut self) -> Option<&Crossing> {
        while let Some(crossing) = self.crossings.get(self.taken) {
            self.taken += 1;
            if crossing.direction == Direction::Towards {
                return self.crossings.get(self.taken - 1);
            }
        }
        None
    }

    fn is_drained(&self) -> bool {
        self.crossings[self.taken..].iter().all(|crossing| crossing.direction == Direction::Back)
    }
}

/// The gateway's end of all links.
pub(super) enum Edge<C: Crypto> {
    /// The reference gateway.
    Inside(Box<Gateway<C>>),
    /// A door to one outside.
    Outside(Box<Door>),
}

impl<C: Crypto + Clone> Edge<C> {
    pub(super) fn settle(&mut self, core: &mut Core<'_>) {
        if let Self::Inside(gateway) = self {
            gateway.settle(core);
        }
    }

    pub(super) fn handle_timeout(&mut self, core: &mut Core<'_>) {
        match self {
            Self::Inside(gateway) => gateway.handle_timeout(core),
            Self::Outside(door) => door.asks.handle_timeout(core),
        }
    }

    /// Takes note of nodes that have got an SA or lost it.
    pub(super) fn note_news(&mut self, core: &mut Core<'_>) {
        let Self::Outside(door) = self else { return };
        let news = core.news.as_mut().map(core::mem::take).unwrap_or_default();
        for (node, established) in &news {
            door.asks.note(core.now, *node, *established);
        }
        if !news.is_empty() {
            door.asks.set_alarm(core);
        }
    }

    /// A datagram leaves a link; what comes back is an inner packet for the server.
    pub(super) fn receive(&mut self, core: &mut Core<'_>, packet: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Inside(gateway) => gateway.receive(core, packet),
            Self::Outside(door) => {
                door.note(core.now, Direction::Towards, packet);
                None
            }
        }
    }

    /// An inner packet of the server goes to the node that it is for.
    pub(super) fn protect(&mut self, core: &mut Core<'_>, inner: Vec<u8>) {
        match self {
            Self::Inside(gateway) => gateway.protect(core, &inner),
            Self::Outside(door) => door.note(core.now, Direction::Towards, inner),
        }
    }

    /// IKE SAs, half-open and established, as far as they are seen.
    pub(super) fn sas(&self) -> (usize, usize) {
        match self {
            Self::Inside(gateway) => gateway.sas(),
            Self::Outside(_) => (0, 0),
        }
    }
}

impl<'a> World<'a> {
    /// As [`World::new`], but the gateway is outside: whoever has it takes the packets for it with
    /// [`World::take_outgoing`] and hands in what it sends with [`World::hand_in`].
    #[must_use]
    pub fn with_gateway_outside(
        scenario: &'a Scenario,
        seed: u64,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let mut core = Core::new(scenario, seed, observer, Behaviours::default().node);
        core.news = Some(Vec::new());
        let edge = Edge::Outside(Box::new(Door::new(scenario)));
        Self::populated(scenario, core, (edge, None), scenario.crypto)
    }

    /// The next packet for a gateway or a device outside, which has left the virtual network; `None`: there is none
    /// now.
    pub fn take_outgoing(&mut self) -> Option<Vec<u8>> {
        if let Some(device) = &mut self.device {
            return device.next();
        }
        match &mut self.gateway {
            Edge::Inside(_) => None,
            Edge::Outside(door) => door.next().map(|crossing| crossing.octets.clone()),
        }
    }

    /// The next request that a gateway outside is to send now, as the scenario says: how it is told is the affair of
    /// whoever has it. `None`: there is none now.
    pub fn take_ask(&mut self) -> Option<Ask> {
        match &mut self.gateway {
            Edge::Inside(_) => None,
            Edge::Outside(door) => door.asks.take(),
        }
    }

    /// An IP packet of the gateway or the device outside enters the world, now: step to the time first. What is for
    /// nobody here is an event with its reason, as is any packet where nobody is outside.
    pub fn hand_in(&mut self, packet: Vec<u8>) {
        if self.device.is_some() {
            return self.pass_in_of_device(packet);
        }
        if let Edge::Outside(door) = &mut self.gateway {
            door.note(self.core.now, Direction::Back, packet.clone());
        }
        if let Err(reason) = self.pass_in(packet) {
            self.core.emit(Actor::Gateway, What::PacketDropped { reason });
        }
    }

    fn pass_in(&mut self, mut packet: Vec<u8>) -> Result<(), PacketDrop> {
        let datagram = ip::parse(&packet).map_err(PacketDrop::Ip)?;
        if matches!(self.gateway, Edge::Inside(_)) {
            return Err(PacketDrop::NobodyThere);
        }
        if datagram.destination == self.core.addresses.server() {
            self.core.emit(Actor::Gateway, What::InnerHandedIn { inner: packet.len() });
            self.server.receive(&mut self.core, packet);
            self.pass_on_from_server();
            return Ok(());
        }
        let seen = seen_in(&datagram);
        let link = self.core.router.back(&mut packet).map_err(|reason| match reason {
            // Whoever has the gateway's SAs is not here.
            PacketDrop::NoSa => PacketDrop::NobodyThere,
            reason => reason,
        })?;
        if let Some(what) = seen {
            self.core.emit(Actor::Gateway, what);
        }
        self.core.send(Actor::Gateway, link, Direction::Back, packet);
        Ok(())
    }

    /// All that went through the door so far, in order; with its gateway inside a world has none.
    #[must_use]
    pub fn crossings(&self) -> &[Crossing] {
        match &self.gateway {
            Edge::Inside(_) => &[],
            Edge::Outside(door) => &door.crossings,
        }
    }

    /// Whether nothing will happen but that nodes wake: all sleep, nothing is on its way, nothing waits to go out.
    /// What a gateway outside may be about to send is not known here.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let drained = match &self.gateway {
            Edge::Inside(_) => true,
            Edge::Outside(door) => door.is_drained(),
        };
        drained
            && self.device.as_ref().is_none_or(DeviceDoor::is_drained)
            && self.core.only_wakes_are_ahead()
            && self.node_states().all(|state| state == NodeState::Asleep)
    }
}

/// What a packet of a gateway or a device is, as far as its outside tells.
pub(super) fn seen_in(datagram: &ip::Datagram<'_>) -> Option<What<'static>> {
    if datagram.protocol == protocol::ESP {
        // RFC 4303 2: SPI and sequence number are in the clear.
        let (spi, rest) = datagram.payload.split_first_chunk()?;
        let (sequence, _) = rest.split_first_chunk()?;
        let (spi, sequence) = (u32::from_be_bytes(*spi), u32::from_be_bytes(*sequence));
        return Some(What::EspHandedIn { spi, sequence });
    }
    if datagram.protocol != protocol::UDP {
        return None;
    }
    let udp = udp::parse(datagram.source, datagram.destination, datagram.payload).ok()?;
    if udp.source_port != IKE_PORT {
        return None;
    }
    let header = Header::parse(udp.payload).ok()?;
    Some(What::Message {
        exchange: header.exchange,
        message_id: header.message_id,
        response: header.flags.is_response(),
    })
}
