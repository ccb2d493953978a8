//! What everybody in the world shares: time, queue, links, randomness, the observer.

use super::address::Addresses;
use super::ahead::Wake;
use super::behaviour::NodeBehaviour;
use super::forger::Ear;
use super::router::Router;
use super::{from_net, to_net};
use crate::event::{Actor, Event, PacketDrop, Place, What};
use crate::faults::Injection;
use crate::fingerprint::Digest;
use crate::observer::{self, Datagram, Observer};
use crate::scenario::{Group, LinkDirection, Rate, Scenario};
use ike_core::Instant;
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;
use vnet::link::{
    Bandwidth, DamageKind, Delivery, Direction, DirectionConfig, DropReason, Fault, Link,
    LinkConfig, Outage, Outcome,
};
use vnet::queue::{Queue, Ticket};
use vnet::random::{LazyStream, Probability, Streams};

/// The port of IKE (RFC 7296 2).
pub(crate) const IKE_PORT: u16 = 500;

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    Wake {
        node: u32,
        wake: u32,
    },
    NodeTimer {
        node: u32,
    },
    GatewayTimer,
    ServerTimer,
    /// Boxed: of what waits in a fleet's queue, most is a wake.
    Arrive(Box<Arrival>),
}

/// A copy of a datagram leaves a link.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) place: Place,
    /// Which copy, if there are two.
    copy: Option<u8>,
    damaged: Option<DamageKind>,
    /// With the damage.
    pub(crate) packet: Vec<u8>,
}

/// The shared part of the world.
pub(crate) struct Core<'a> {
    pub(crate) now: Instant,
    /// When the run ends.
    pub(crate) end: Instant,
    pub(crate) addresses: Addresses,
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) links: Vec<Link>,
    /// What forgers overhear, where there are any.
    pub(crate) ear: Option<Ear>,
    pub(crate) router: Router,
    queue: Queue<Next>,
    streams: Streams,
    behaviour: Box<dyn Fn(u32) -> Box<dyn ike_initiator::Behaviour>>,
    /// Nodes that have got an SA (`true`) or lost it, for whoever watches them in place of the gateway.
    pub(super) news: Option<Vec<(u32, bool)>>,
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
        let nodes = super::index(scenario.nodes());
        let mut links = Vec::with_capacity(nodes);
        for group in &scenario.groups {
            add_links(&mut links, group, &streams);
        }
        let mut queue = Queue::new();
        queue.reserve(nodes);
        let addresses = super::addresses(scenario);
        Self {
            now: Instant::default(),
            end: Instant::default() + scenario.duration,
            router: Router::new(scenario, addresses),
            addresses,
            observer,
            links,
            ear: (!scenario.forgers.is_empty()).then(Ear::default),
            queue,
            streams,
            behaviour,
            news: None,
        }
    }

    /// The random stream of one purpose: nobody else draws from it.
    pub(crate) fn stream(&self, consumer: u64, purpose: &'static str) -> ChaCha20Rng {
        self.streams.stream(consumer, purpose)
    }

    /// The same, of a purpose that may never come.
    pub(crate) fn lazy_stream(&self, consumer: u64, purpose: &'static str) -> LazyStream {
        self.streams.lazy(consumer, purpose)
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

    /// Whether some node is to wake.
    pub(crate) fn wakes_are_ahead(&self) -> bool {
        self.queue.events().any(|next| matches!(next, Next::Wake { .. }))
    }

    /// Whether nothing is in the queue but wakes.
    pub(crate) fn only_wakes_are_ahead(&self) -> bool {
        self.queue.events().all(|next| matches!(next, Next::Wake { .. }))
    }

    /// The next wakes in the queue, at most so many.
    pub(super) fn wakes(&self, most: usize) -> Vec<Wake> {
        self.queue.soonest(most, |at, next| match next {
            Next::Wake { node, wake } => Some(Wake { at: from_net(at), node: *node, wake: *wake }),
            _ => None,
        })
    }

    /// What is in the queue now, a fleet's first wakes, is many for its other events.
    pub(crate) fn arrange(&mut self) {
        self.queue.arrange();
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
        if let (Some(news), Actor::Node(number)) = (&mut self.news, who) {
            match what {
                What::Initiator(ike_initiator::Event::Established { .. }) => {
                    news.push((number, true));
                }
                What::Initiator(ike_initiator::Event::Closed(_)) => news.push((number, false)),
                _ => {}
            }
        }
        self.observer.event(&Event { at: self.now, who, what });
    }

    /// An IP datagram enters a link; `who` sent it.
    pub(crate) fn send(&mut self, who: Actor, link: u32, direction: Direction, packet: Vec<u8>) {
        let now = to_net(self.now);
        let fate = self.links[super::index(link)].transmit(now, direction, &packet);
        let place = Place { link, direction, index: fate.index };
        if let Some(ear) = &mut self.ear
            && fate.outcome != Outcome::Dropped(DropReason::TooBig)
        {
            ear.sent(place, &packet);
        }
        self.observer.datagram(&Datagram { at: self.now, who, place, fate, octets: &packet });
        let (len, digest) = (packet.len(), &Digest::of(&packet));
        self.emit(who, What::Sent { place, len, digest, fate: &fate.outcome });
        match fate.outcome {
            Outcome::Delivered(deliveries) => match deliveries.duplicate {
                None => self.deliver(place, None, &deliveries.original, packet),
                Some(duplicate) => {
                    self.deliver(place, Some(0), &deliveries.original, packet.clone());
                    self.deliver(place, Some(1), &duplicate, packet);
                }
            },
            Outcome::Dropped(reason) => self.emit(who, What::Lost { place, reason }),
        }
    }

    /// A datagram of the gateway enters the link of whoever it is for.
    pub(crate) fn send_back(&mut self, mut packet: Vec<u8>) -> Result<(), PacketDrop> {
        let link = self.router.back(&mut packet)?;
        self.send(Actor::Gateway, link, Direction::Back, packet);
        Ok(())
    }

    /// A copy is on its way from now on. It is damaged where it enters: that is nobody else's business.
    fn deliver(
        &mut self,
        place: Place,
        copy: Option<u8>,
        delivery: &Delivery,
        mut packet: Vec<u8>,
    ) {
        if let Some(damage) = delivery.damage {
            damage.apply(&mut packet);
        }
        let damaged = delivery.damage.map(|damage| damage.kind());
        let at = to_net(self.now) + delivery.after();
        let arrival = Arrival { place, copy, damaged, packet };
        self.queue.schedule(at, Next::Arrive(Box::new(arrival)));
    }

    /// Somebody puts a datagram on the far end of a link, now. `None`: there is no such link, or it is too long for it.
    pub(crate) fn inject(&mut self, injection: &Injection) -> Option<Place> {
        let Injection { link, direction, kind, packet, .. } = injection;
        let there = self.links.get_mut(super::index(*link))?;
        let index = there.inject(*direction, packet.len())?;
        there.arrived(*direction);
        let place = Place { link: *link, direction: *direction, index };
        self.emit(Actor::Forger, What::Injected { place, kind: *kind, packet });
        Some(place)
    }

    /// A copy of a datagram leaves a link.
    pub(crate) fn arrived(&mut self, arrival: &Arrival) {
        let Arrival { place, copy, damaged, .. } = *arrival;
        self.links[super::index(place.link)].arrived(place.direction);
        let who = place.receiver();
        if let Some(ear) = &mut self.ear {
            ear.arrived(place, &arrival.packet);
        }
        let octets = &arrival.packet;
        self.observer.arrival(&observer::Arrival { at: self.now, who, place, octets });
        self.emit(who, What::Arrived { place, copy, damaged });
    }
}

impl Alarm {
    /// The alarm went off: its event is no longer in the queue.
    pub(crate) fn rang(&mut self) {
        self.set = None;
    }
}

/// The links of a group's nodes: each its own, all with one configuration.
fn add_links(links: &mut Vec<Link>, group: &Group, streams: &Streams) {
    let config = Arc::new(link_config(&group.link));
    let orders = orders(&group.link);
    links.extend(group.numbers().map(|id| {
        let mut link = Link::new(id, Arc::clone(&config), streams);
        for (direction, fault, numbers) in &orders {
            link.order(*direction, *fault, numbers.iter().map(|number| number - 1));
        }
        link
    }));
}

/// What is ordered for single datagrams, by their numbers, which count from 1. Most links have none.
fn orders(link: &crate::scenario::Link) -> Vec<(Direction, Fault, &[u64])> {
    let lists = [
        (Fault::Drop, &link.drops),
        (Fault::Duplicate, &link.duplicates),
        (Fault::Reorder, &link.reorders),
        (Fault::Corrupt, &link.corrupts),
        (Fault::Mangle, &link.mangles),
    ];
    let ways = lists.into_iter().flat_map(|(fault, listed)| {
        let towards = (Direction::Towards, fault, listed.towards.as_slice());
        [towards, (Direction::Back, fault, listed.back.as_slice())]
    });
    ways.filter(|(_, _, numbers)| !numbers.is_empty()).collect()
}

/// A scenario's link, as the network has it.
#[must_use]
pub fn link_config(link: &crate::scenario::Link) -> LinkConfig {
    let at = |since: core::time::Duration| to_net(Instant::default() + since);
    LinkConfig {
        towards: direction_config(&link.towards),
        back: direction_config(&link.back),
        bursts: link.gilbert_elliott,
        trace_towards: link.towards.loss_trace.clone(),
        trace_back: link.back.loss_trace.clone(),
        outages: link
            .outages
            .iter()
            .map(|outage| Outage { from: at(outage.from), until: at(outage.until) })
            .collect(),
    }
}

fn direction_config(direction: &LinkDirection) -> DirectionConfig {
    let probability = |rate: Rate| Probability::from_ppm(rate.ppm());
    DirectionConfig {
        delay: direction.delay,
        jitter: direction.jitter,
        loss: probability(direction.loss),
        mtu: direction.mtu.into(),
        duplicate: probability(direction.duplicate),
        reorder: probability(direction.reorder),
        reorder_delay: direction.reorder_delay,
        corrupt: probability(direction.corrupt),
        mangle: probability(direction.mangle),
        bandwidth: direction.bandwidth.map(|bits_per_second| Bandwidth {
            bits_per_second,
            queue_datagrams: direction.queue.datagrams,
            queue_octets: direction.queue.octets,
        }),
        frame: direction.frame,
    }
}
