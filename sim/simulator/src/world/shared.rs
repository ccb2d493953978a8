//! What everybody in the world shares: time, queue, links, randomness, the observer.

use super::address::Addresses;
use super::behaviour::NodeBehaviour;
use super::{from_net, to_net};
use crate::event::{Actor, Event, Place, What};
use crate::fingerprint::digest;
use crate::observer::{Arrival, Datagram, Observer};
use crate::scenario::{LinkDirection, Scenario};
use core::net::SocketAddr;
use ike_core::Instant;
use rand_chacha::ChaCha20Rng;
use vnet::link::{Direction, DirectionConfig, Link, LinkConfig, Outcome};
use vnet::queue::{Queue, Ticket};
use vnet::random::{Probability, Streams};

/// The port of IKE (RFC 7296 2).
pub(crate) const IKE_PORT: u16 = 500;

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    Wake { node: u32, wake: u32 },
    NodeTimer { node: u32 },
    GatewayTimer,
    ServerTimer,
    Arrive { place: Place, packet: Vec<u8> },
}

/// The shared part of the world.
pub(crate) struct Core<'a> {
    pub(crate) now: Instant,
    pub(crate) addresses: Addresses,
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) links: Vec<Link>,
    queue: Queue<Next>,
    streams: Streams,
    behaviour: Box<dyn Fn(u32) -> Box<dyn ike_initiator::Behaviour>>,
}

/// A timer of somebody: at most one event in the queue.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    set: Option<(Instant, Ticket)>,
}

impl<'a> Core<'a> {
    pub(crate) fn new(
        scenario: &Scenario,
        seed: u64,
        observer: &'a mut dyn Observer,
        behaviour: Box<dyn Fn(u32) -> Box<dyn ike_initiator::Behaviour>>,
    ) -> Self {
        let streams = Streams::new(seed);
        let config = LinkConfig {
            towards: direction_config(&scenario.link.towards),
            back: direction_config(&scenario.link.back),
        };
        Self {
            now: Instant::default(),
            addresses: super::addresses(scenario),
            observer,
            links: (0..scenario.nodes()).map(|id| Link::new(id, config, &streams)).collect(),
            queue: Queue::new(),
            streams,
            behaviour,
        }
    }

    /// The random stream of one purpose: nobody else draws from it.
    pub(crate) fn stream(&self, consumer: u64, purpose: &'static str) -> ChaCha20Rng {
        self.streams.stream(consumer, purpose)
    }

    pub(super) fn node_behaviour(&self, number: u32) -> NodeBehaviour {
        NodeBehaviour((self.behaviour)(number))
    }

    /// The nodes that a timer in the queue is for; each as often as it has one.
    pub(crate) fn node_timers(&self) -> impl Iterator<Item = u32> + '_ {
        self.queue.events().filter_map(|next| match next {
            Next::NodeTimer { node } => Some(*node),
            _ => None,
        })
    }

    pub(crate) fn schedule(&mut self, at: Instant, next: Next) -> Ticket {
        self.queue.schedule(to_net(at.max(self.now)), next)
    }

    /// Makes `alarm` go off at `at`, or not at all.
    pub(crate) fn set_alarm(&mut self, alarm: &mut Alarm, at: Option<Instant>, next: Next) {
        if alarm.set.as_ref().map(|(set, _)| *set) == at {
            return;
        }
        if let Some((_, ticket)) = alarm.set.take() {
            self.queue.cancel(ticket);
        }
        alarm.set = at.map(|at| (at, self.schedule(at, next)));
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.queue.next_time().map(from_net)
    }

    pub(crate) fn pop(&mut self) -> Option<Next> {
        let (at, next) = self.queue.pop()?;
        self.now = from_net(at);
        Some(next)
    }

    pub(crate) fn emit(&mut self, who: Actor, what: What<'_>) {
        self.observer.event(&Event { at: self.now, who, what });
    }

    /// An IP datagram enters a link; `who` sent it.
    pub(crate) fn send(&mut self, who: Actor, link: u32, direction: Direction, packet: Vec<u8>) {
        let now = to_net(self.now);
        let fate = self.links[super::index(link)].transmit(now, direction, packet.len());
        let place = Place { link, direction, index: fate.index };
        self.observer.datagram(&Datagram { at: self.now, who, place, fate, octets: &packet });
        let (len, digest) = (packet.len(), digest(&packet));
        self.emit(who, What::Sent { place, len, digest });
        match fate.outcome {
            Outcome::Delivered { at } => {
                self.queue.schedule(at, Next::Arrive { place, packet });
            }
            Outcome::Dropped(reason) => self.emit(who, What::Lost { place, reason }),
        }
    }

    /// A datagram leaves a link.
    pub(crate) fn arrived(&mut self, place: Place, octets: &[u8]) {
        self.links[super::index(place.link)].arrived(place.direction);
        let who = match place.direction {
            Direction::Towards => Actor::Gateway,
            Direction::Back => Actor::Node(place.link),
        };
        self.observer.arrival(&Arrival { at: self.now, who, place, octets });
        self.emit(who, What::Arrived { place });
    }

    pub(crate) fn gateway_ike(&self) -> SocketAddr {
        SocketAddr::new(self.addresses.gateway(), IKE_PORT)
    }
}

impl Alarm {
    /// The alarm went off: its event is no longer in the queue.
    pub(crate) fn rang(&mut self) {
        self.set = None;
    }
}

fn direction_config(direction: &LinkDirection) -> DirectionConfig {
    DirectionConfig {
        delay: direction.delay,
        jitter: direction.jitter,
        loss: Probability::from_ppm(direction.loss.ppm()),
        mtu: direction.mtu.into(),
    }
}
