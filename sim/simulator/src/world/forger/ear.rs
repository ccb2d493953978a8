//! What an outsider hears: datagrams as they enter the links, and when they leave them.

use crate::event::Place;
use crate::world::shared::IKE_PORT;
use ike_core::{ExchangeType, Header, IkeSpi};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use vnet::ip::{self, protocol};
use vnet::link::Direction;
use vnet::udp;

/// So many datagrams of each link and way are kept, the last ones.
const KEPT: usize = 16;

/// All that was heard. Memory: for each link with traffic the last request and the last 16 datagrams of each way.
#[derive(Default)]
pub(crate) struct Ear {
    links: BTreeMap<u32, Heard>,
    /// The links on which a request that went this way has no answer yet.
    under_way: [BTreeSet<u32>; 2],
}

/// What was heard on one link.
#[derive(Default)]
pub(super) struct Heard {
    /// The SPIs of the latest IKE SA; the responder's is zero as long as it was not heard.
    spis: (IkeSpi, IkeSpi),
    /// The last request of each way.
    requests: [Option<Request>; 2],
    packets: [VecDeque<Vec<u8>>; 2],
}

/// A request of that IKE SA.
pub(super) struct Request {
    pub(super) header: Header,
    pub(super) message: Vec<u8>,
    /// Whether its response has not arrived yet.
    pub(super) under_way: bool,
}

const fn way(direction: Direction) -> usize {
    match direction {
        Direction::Towards => 0,
        Direction::Back => 1,
    }
}

/// The IKE message of an IP datagram.
fn message(packet: &[u8]) -> Option<(Header, Vec<u8>)> {
    let datagram = ip::parse(packet).ok().filter(|outer| outer.protocol == protocol::UDP)?;
    let inner = udp::parse(datagram.source, datagram.destination, datagram.payload).ok()?;
    if inner.destination_port != IKE_PORT {
        return None;
    }
    Some((Header::parse(inner.payload).ok()?, inner.payload.to_vec()))
}

impl Ear {
    /// A datagram enters a link.
    pub(crate) fn sent(&mut self, place: Place, packet: &[u8]) {
        let heard = self.links.entry(place.link).or_default();
        let packets = &mut heard.packets[way(place.direction)];
        if packets.len() == KEPT {
            packets.pop_front();
        }
        packets.push_back(packet.to_vec());
        let Some((header, message)) = message(packet) else { return };
        if heard.spis.0 != header.spi_i {
            heard.spis = (header.spi_i, IkeSpi::ZERO);
            heard.requests = [None, None];
            self.under_way.iter_mut().for_each(|links| {
                links.remove(&place.link);
            });
        }
        if header.spi_r != IkeSpi::ZERO {
            heard.spis.1 = header.spi_r;
        }
        if !header.flags.is_response() {
            heard.requests[way(place.direction)] =
                Some(Request { header, message, under_way: true });
            self.under_way[way(place.direction)].insert(place.link);
        }
    }

    /// A datagram leaves a link.
    pub(crate) fn arrived(&mut self, place: Place, packet: &[u8]) {
        let Some(heard) = self.links.get_mut(&place.link) else { return };
        let Some((header, _)) = message(packet).filter(|(header, _)| header.flags.is_response())
        else {
            return;
        };
        let asked = way(place.direction.reversed());
        let Some(request) = &mut heard.requests[asked] else { return };
        let answered = (header.spi_i, header.message_id);
        if answered == (request.header.spi_i, request.header.message_id) {
            request.under_way = false;
            self.under_way[asked].remove(&place.link);
        }
    }

    pub(super) fn heard(&self, link: u32) -> Option<&Heard> {
        self.links.get(&link)
    }

    /// The first link from `turn` on, and around, on which anything was heard.
    pub(super) fn next_heard(&self, turn: u32) -> Option<u32> {
        let mut next = self.links.range(turn..).chain(&self.links);
        next.next().map(|(link, _)| *link)
    }

    /// The first link from `turn` on, and around, on which a request that went this way has no answer yet.
    pub(super) fn next_under_way(&self, direction: Direction, turn: u32) -> Option<u32> {
        let links = &self.under_way[way(direction)];
        links.range(turn..).chain(links).next().copied()
    }
}

impl Heard {
    pub(super) fn spis(&self) -> (IkeSpi, IkeSpi) {
        self.spis
    }

    /// The last request that went this way.
    pub(super) fn request(&self, direction: Direction) -> Option<&Request> {
        self.requests[way(direction)].as_ref()
    }

    /// The last datagrams that went this way.
    pub(super) fn packets(&self, direction: Direction) -> &VecDeque<Vec<u8>> {
        &self.packets[way(direction)]
    }
}

impl Request {
    pub(super) fn is_init(&self) -> bool {
        self.header.exchange == ExchangeType::IKE_SA_INIT
    }
}
