//! Requests that are sent again: the same octets, at the times of the schedule, until they are
//! answered, and one at a time (RFC 7296 2.1, 2.3; RFC 7815 2.1).
//!
//! Memory: the outstanding request of each node that is awake and of each SA of the gateway, as a
//! hash.

use super::packet::{Ike, Packet};
use super::per_node::PerNode;
use super::{Check, Findings};
use crate::by_spi::BySpi;
use crate::event::{Actor, Event, What};
use crate::scenario::{Group, Scenario};
use crate::world::Placement;
use core::time::Duration;
use ike_core::{ExchangeType, Instant, Jitter, Schedule};
use ike_initiator::{Event as Node, FailReason};
use ike_responder::{Config, Event as Gateway};

/// Notifies that an IKE_SA_INIT request may be changed for (RFC 7296 2.6, 1.2).
const COOKIE: u16 = 16_390;
const INVALID_KE_PAYLOAD: u16 = 17;

/// No timeout is longer than a day, whatever the schedule says.
const LONGEST_US: u128 = 86_400_000_000;

pub(super) struct Retransmission {
    /// The first number of each group, with the group's schedule and whether its nodes may be busy.
    schedules: Vec<(u32, Schedule, bool)>,
    /// That of a gateway inside; one outside has its own, which nobody knows.
    gateway: Option<Schedule>,
    /// Whether the nodes are ours: a device outside has a schedule of its own, too.
    judges_nodes: bool,
    nodes: PerNode<Requests>,
    /// By the responder's SPI.
    sas: BySpi<u64, Requests>,
}

/// The requests of one end of an IKE SA.
#[derive(Default)]
struct Requests {
    last: Option<Outstanding>,
    /// When a notify came for which the request may be changed, once.
    change: Option<Instant>,
    /// Of a node that may be busy: without a pause from then until then.
    busy: (Instant, Instant),
    /// And when the last request was given to its radio, at the earliest and in fact.
    asked: Option<When>,
}

/// When something happened, and since when it may have been due: a node that is busy does it as soon as it is free.
#[derive(Clone, Copy)]
struct When {
    due: Instant,
    at: Instant,
}

impl When {
    const fn exactly(at: Instant) -> Self {
        Self { due: at, at }
    }
}

/// A request, and what its transmissions have shown.
struct Outstanding {
    spi_i: u64,
    exchange: ExchangeType,
    message_id: u32,
    digest: u64,
    len: usize,
    sent_at: Instant,
    transmissions: u32,
    /// What the one draw that stretches all timeouts can have been, of 2^32.
    draw: (u128, u128),
    over: bool,
}

impl Outstanding {
    fn first(ike: &Ike<'_>, when: When) -> Self {
        Self {
            spi_i: ike.header.spi_i.0,
            exchange: ike.header.exchange,
            message_id: ike.header.message_id,
            digest: ike.digest(),
            len: ike.message.len(),
            sent_at: when.at,
            transmissions: 1,
            draw: (0, u128::from(u32::MAX)),
            over: false,
        }
    }

    fn is_of(&self, ike: &Ike<'_>) -> bool {
        let header = &ike.header;
        (self.spi_i, self.exchange, self.message_id)
            == (header.spi_i.0, header.exchange, header.message_id)
    }

    /// One more transmission, now.
    fn again(&mut self, when: When, schedule: &Schedule) -> Option<String> {
        let wrong = self.waited(when, schedule);
        self.transmissions += 1;
        self.sent_at = when.at;
        let (exchange, id) = (self.exchange, self.message_id);
        if self.transmissions > u32::from(schedule.tries.max(1)) {
            let (sent, tries) = (self.transmissions, schedule.tries);
            return Some(format!(
                "{exchange} {id} was sent {sent} times, the schedule has {tries}"
            ));
        }
        wrong
    }

    /// Judges the time since the last transmission.
    fn waited(&mut self, when: When, schedule: &Schedule) -> Option<String> {
        let since = |at: Instant| u128::from(at.micros().saturating_sub(self.sent_at.micros()));
        let (due, waited) = (since(when.due), since(when.at));
        let exact = exact_us(schedule, self.transmissions - 1)?;
        let most = |percent: u8| exact * u128::from(percent) / 100;
        let (least, longest) = match schedule.jitter {
            Jitter::None => (exact, exact),
            Jitter::Shorten { percent } => (exact - most(percent.min(100)), exact),
            Jitter::Stretch { percent } => (exact, exact + most(percent)),
            Jitter::Full => (0, exact),
        };
        let (exchange, id, sent) = (self.exchange, self.message_id, self.transmissions);
        if waited < least || due > longest {
            return Some(format!(
                "{exchange} {id} waited {waited} us after transmission {sent}, \
                 the schedule has {least} to {longest} us"
            ));
        }
        if let Jitter::Stretch { percent } = schedule.jitter {
            let stretch = (due.max(exact) - exact, waited - exact);
            let fits = self.narrow(stretch, most(percent));
            return (!fits).then(|| {
                format!(
                    "{exchange} {id} waited {waited} us after transmission {sent}: \
                     not stretched as its earlier timeouts were"
                )
            });
        }
        None
    }

    /// Whether one draw explains a stretch between these as well: stretch = most x draw / 2^32, rounded down.
    fn narrow(&mut self, (shortest, longest): (u128, u128), most: u128) -> bool {
        if most == 0 {
            return true;
        }
        let least = (shortest << 32).div_ceil(most);
        let greatest = (((longest + 1) << 32) - 1) / most;
        self.draw = (self.draw.0.max(least), self.draw.1.min(greatest));
        self.draw.0 <= self.draw.1
    }
}

/// The timeout after transmission `index` (from 0) without jitter; `None`: too many digits to say.
fn exact_us(schedule: &Schedule, index: u32) -> Option<u128> {
    let steps = if schedule.repeat_first { index.saturating_sub(1) } else { index };
    let (mut above, mut below) = (schedule.first.as_micros(), 1_u128);
    for _ in 0..steps {
        above = above.checked_mul(schedule.factor.numerator.into())?;
        below = below.checked_mul(schedule.factor.denominator.max(1).into())?;
    }
    let cap = schedule.cap.as_ref().map_or(LONGEST_US, Duration::as_micros);
    let resolution = schedule.resolution.as_micros().max(1);
    Some((above / below).min(cap).min(LONGEST_US) / resolution * resolution)
}

impl Requests {
    fn request(&mut self, ike: &Ike<'_>, at: When, schedule: &Schedule) -> Option<String> {
        let (exchange, id, len) = (ike.header.exchange, ike.header.message_id, ike.message.len());
        let Some(old) = &mut self.last else {
            self.last = Some(Outstanding::first(ike, at));
            return None;
        };
        let (old_exchange, old_id) = (old.exchange, old.message_id);
        if old.is_of(ike) {
            if old.over {
                return Some(format!(
                    "{exchange} {id} was sent again after its exchange had ended"
                ));
            }
            let digest = ike.digest();
            if old.digest == digest {
                return old.again(at, schedule);
            }
            if let Some(change) = self.change.take() {
                if change == at.at {
                    self.last = Some(Outstanding::first(ike, at));
                    return None;
                }
                (old.digest, old.len) = (digest, len);
                return old.again(at, schedule);
            }
            let (sent, before) = (old.transmissions, old.len);
            (old.digest, old.len) = (digest, len);
            let _ = old.again(at, schedule);
            return Some(format!(
                "transmission {} of {exchange} {id}, {len} octets, is not what was sent before, \
                 {before} octets",
                sent + 1
            ));
        }
        let wrong = if !old.over {
            Some(format!("{exchange} {id} was sent while {old_exchange} {old_id} was outstanding"))
        } else if old.spi_i == ike.header.spi_i.0 && old_id.checked_add(1) != Some(id) {
            Some(format!("{exchange} {id} came after {old_exchange} {old_id}"))
        } else {
            None
        };
        self.last = Some(Outstanding::first(ike, at));
        self.change = None;
        wrong
    }

    fn end(&mut self) {
        if let Some(last) = &mut self.last {
            last.over = true;
        }
    }

    /// A request of that exchange was given up for want of an answer.
    fn timed_out(
        &mut self,
        at: When,
        exchange: ExchangeType,
        schedule: &Schedule,
    ) -> Option<String> {
        // A request that its own host could not send never was on a link.
        let last = self.last.as_mut().filter(|last| last.exchange == exchange)?;
        if last.transmissions < u32::from(schedule.tries.max(1)) {
            let (sent, tries) = (last.transmissions, schedule.tries);
            return Some(format!("{exchange} was given up after {sent} of {tries} transmissions"));
        }
        last.waited(at, schedule)
    }
}

/// Of nodes that may be busy.
impl Requests {
    /// The node is busy from now on.
    fn work(&mut self, at: Instant, busy_us: u64) {
        if self.busy.1 != at {
            self.busy.0 = at;
        }
        self.busy.1 = at + Duration::from_micros(busy_us);
    }

    /// What happens now may have been due since the node was busy.
    fn when(&self, at: Instant) -> When {
        let (since, until) = self.busy;
        if until == at { When { due: since, at } } else { When::exactly(at) }
    }
}

impl Retransmission {
    pub(super) fn new(scenario: &Scenario, placement: Placement) -> Self {
        let of = |group: &Group| (group.first, group.retransmission, group.is_delayed());
        let schedules = scenario.groups.iter().map(of).collect();
        let gateway = match placement {
            Placement::Inside | Placement::DeviceOutside => {
                Some(Config::new(scenario.gateway.identity.clone()).schedule)
            }
            Placement::Outside => None,
        };
        let (nodes, sas) = (PerNode::default(), BySpi::default());
        let judges_nodes = placement != Placement::DeviceOutside;
        Self { schedules, gateway, judges_nodes, nodes, sas }
    }

    /// The schedule of a node, and whether it may be busy.
    fn schedule(&self, node: u32) -> (Schedule, bool) {
        let behind = self.schedules.partition_point(|(first, ..)| *first <= node);
        let (_, schedule, delayed) = self.schedules[behind.saturating_sub(1)];
        (schedule, delayed)
    }

    /// Something that tells how busy a node is.
    fn busy_event(&mut self, number: u32, event: &Event<'_>) {
        let busy_us = event.what.busy_us();
        if busy_us.is_none() && !matches!(event.what, What::Request { .. }) {
            return;
        }
        if !self.judges_nodes || !self.schedule(number).1 {
            return;
        }
        if let Some(us) = busy_us {
            self.nodes.entry(number).work(event.at, us);
        } else {
            let requests = self.nodes.entry(number);
            requests.asked = Some(requests.when(event.at));
        }
    }

    fn node_event(&mut self, at: Instant, number: u32, event: &Node) -> Option<String> {
        let (schedule, _) = self.schedule(number);
        let requests = self.nodes.get_mut(number)?;
        match event {
            // The other Diffie-Hellman value is only in the response that is accepted.
            Node::Operation(ike_core::Operation::DiffieHellman(_))
            | Node::Established { .. }
            | Node::Closed(_) => requests.end(),
            Node::Failed(reason) => {
                let wrong = match reason {
                    FailReason::TimedOut(exchange) => {
                        requests.timed_out(requests.when(at), *exchange, &schedule)
                    }
                    _ => None,
                };
                requests.end();
                return wrong;
            }
            _ => {}
        }
        None
    }

    fn gateway_event(&mut self, event: &Gateway) {
        match event {
            Gateway::Established { sa, .. } | Gateway::Rekeyed { new: sa, .. } => {
                self.sas.insert(sa.spi_r().0, Requests::default());
            }
            Gateway::PeerAnswered { sa, .. } => {
                if let Some(requests) = self.sas.get_mut(&sa.spi_r().0) {
                    requests.end();
                }
            }
            Gateway::Closed { sa, .. } => {
                self.sas.remove(&sa.spi_r().0);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
impl Retransmission {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.nodes.len() + self.sas.len()
    }
}

impl Check for Retransmission {
    fn name(&self) -> &'static str {
        "retransmission"
    }

    fn event(&mut self, event: &Event<'_>, findings: &mut Findings) {
        match (&event.what, event.who) {
            (What::Initiator(what), Actor::Node(number)) => {
                if let Some(what) = self.node_event(event.at, number, what) {
                    findings.add(event.who, what);
                }
            }
            (What::Responder(what), _) => self.gateway_event(what),
            (What::Slept, Actor::Node(number)) => {
                self.nodes.remove(number);
            }
            (_, Actor::Node(number)) => self.busy_event(number, event),
            _ => {}
        }
    }

    fn sent(&mut self, packet: &Packet<'_>, findings: &mut Findings) {
        let Some(ike) = packet.ike().filter(|ike| !ike.is_response()) else { return };
        let wrong = match packet.who {
            Actor::Node(_) if !self.judges_nodes => None,
            Actor::Node(number) => {
                let (schedule, delayed) = self.schedule(number);
                let requests = self.nodes.entry(number);
                // The timer starts when the datagram is handed over: before its processor's time and its radio's.
                let asked = requests.asked.filter(|_| delayed);
                requests.request(ike, asked.unwrap_or(When::exactly(packet.at)), &schedule)
            }
            Actor::Gateway => self.gateway.and_then(|schedule| {
                if let Some(requests) = self.sas.get_mut(&ike.header.spi_r.0) {
                    return requests.request(ike, When::exactly(packet.at), &schedule);
                }
                let (exchange, id) = (ike.header.exchange, ike.header.message_id);
                let sa = ike.header.spi_r;
                Some(format!("{exchange} {id} was sent for SA {sa}, which is not established"))
            }),
            _ => None,
        };
        if let Some(what) = wrong {
            findings.add(packet.who, what);
        }
    }

    fn arrived(&mut self, packet: &Packet<'_>, _findings: &mut Findings) {
        let Actor::Node(number) = packet.who else { return };
        let Some(ike) = packet.ike().filter(|ike| ike.is_init() && ike.is_response()) else {
            return;
        };
        let Some(requests) = self.nodes.get_mut(number) else { return };
        let asked = [COOKIE, INVALID_KE_PAYLOAD].iter().any(|kind| ike.notify(*kind).is_some());
        if asked && requests.last.as_ref().is_some_and(|last| last.spi_i == ike.header.spi_i.0) {
            requests.change = Some(packet.at);
        }
    }
}
