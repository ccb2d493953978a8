//! The last events of everybody who is awake, for the context of a violation.

use super::per_node::PerNode;
use crate::event::{Actor, Event, Place, What};
use crate::scenario::Forgery;
use crate::trace::trace_line;
use core::time::Duration;
use ike_core::Instant;
use std::collections::VecDeque;
use vnet::link::{Deliveries, Delivery, Direction, Outcome};

/// So many events are kept of each.
const EVENTS: usize = 10;
/// So many nodes that sleep are still remembered.
const SLEEPERS: usize = 64;

/// An event without what it borrowed: told only when somebody asks, which is hardly ever.
struct Kept {
    at: Instant,
    who: Actor,
    what: Owned,
}

/// [`What`] without what it borrowed.
enum Owned {
    Plain(What<'static>),
    Sent { place: Place, len: usize, digest: u64, fate: Fate },
    Injected { place: Place, kind: Forgery, packet: Box<[u8]> },
    Initiator(Box<ike_initiator::Event>),
    Responder(Box<ike_responder::Event>),
    ApplicationSent { text: Box<str>, repeated: bool },
    ApplicationReceived { text: Box<str> },
    ApplicationFailed { reason: Box<str> },
}

/// What a link decided; mostly that the datagram arrives once and whole.
enum Fate {
    Plain { after_us: u64 },
    Other(Box<Outcome>),
}

impl Fate {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Delivered(Deliveries {
                original: Delivery { after_us, reordered: false, damage: None },
                duplicate: None,
            }) => Self::Plain { after_us: *after_us },
            other => Self::Other(Box::new(*other)),
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Plain { after_us } => Outcome::plain(Duration::from_micros(*after_us)),
            Self::Other(outcome) => **outcome,
        }
    }
}

impl Owned {
    fn of(what: &What<'_>) -> Self {
        Self::Plain(match *what {
            What::Sent { place, len, digest, fate } => {
                return Self::Sent { place, len, digest, fate: Fate::of(fate) };
            }
            What::Injected { place, kind, packet } => {
                return Self::Injected { place, kind, packet: packet.into() };
            }
            What::Initiator(event) => return Self::Initiator(Box::new(event.clone())),
            What::Responder(event) => return Self::Responder(Box::new(event.clone())),
            What::ApplicationSent { text, repeated } => {
                return Self::ApplicationSent { text: text.into(), repeated };
            }
            What::ApplicationReceived { text } => {
                return Self::ApplicationReceived { text: text.into() };
            }
            What::ApplicationFailed { reason } => {
                return Self::ApplicationFailed { reason: reason.into() };
            }
            What::Woke { wake } => What::Woke { wake },
            What::WakeIgnored { wake } => What::WakeIgnored { wake },
            What::Slept => What::Slept,
            What::Attempt { number } => What::Attempt { number },
            What::Lost { place, reason } => What::Lost { place, reason },
            What::Arrived { place, copy, damaged } => What::Arrived { place, copy, damaged },
            What::Request { exchange, message_id, transmission } => {
                What::Request { exchange, message_id, transmission }
            }
            What::Message { exchange, message_id, response } => {
                What::Message { exchange, message_id, response }
            }
            What::Computing { for_us } => What::Computing { for_us },
            What::Transmitting { len, air } => What::Transmitting { len, air },
            What::Receiving { len, air } => What::Receiving { len, air },
            What::EspSent { spi, sequence, inner } => What::EspSent { spi, sequence, inner },
            What::EspReceived { spi, sequence, inner } => {
                What::EspReceived { spi, sequence, inner }
            }
            What::EspHandedIn { spi, sequence } => What::EspHandedIn { spi, sequence },
            What::InnerHandedIn { inner } => What::InnerHandedIn { inner },
            What::PacketDropped { reason } => What::PacketDropped { reason },
            What::ApplicationCompleted => What::ApplicationCompleted,
        })
    }
}

impl Kept {
    fn of(event: &Event<'_>) -> Self {
        Self { at: event.at, who: event.who, what: Owned::of(&event.what) }
    }

    fn line(&self, name: &dyn Fn(u32) -> String) -> String {
        let outcome;
        let what = match &self.what {
            Owned::Plain(what) => what.clone(),
            Owned::Sent { place, len, digest, fate } => {
                outcome = fate.outcome();
                What::Sent { place: *place, len: *len, digest: *digest, fate: &outcome }
            }
            Owned::Injected { place, kind, packet } => {
                What::Injected { place: *place, kind: *kind, packet }
            }
            Owned::Initiator(event) => What::Initiator(event),
            Owned::Responder(event) => What::Responder(event),
            Owned::ApplicationSent { text, repeated } => {
                What::ApplicationSent { text, repeated: *repeated }
            }
            Owned::ApplicationReceived { text } => What::ApplicationReceived { text },
            Owned::ApplicationFailed { reason } => What::ApplicationFailed { reason },
        };
        trace_line(&Event { at: self.at, who: self.who, what }, name)
    }
}

/// The last events of one.
#[derive(Default)]
struct Ring {
    events: VecDeque<Kept>,
    asleep: bool,
}

impl Ring {
    fn add(&mut self, event: &Event<'_>) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        } else if self.events.is_empty() {
            self.events.reserve_exact(EVENTS);
        }
        self.events.push_back(Kept::of(event));
    }
}

/// Whether it happens to the gateway or the server, or arrives there.
fn concerns_others(event: &Event<'_>) -> bool {
    match (&event.what, event.who) {
        (What::Injected { place, .. }, _) => place.direction == Direction::Towards,
        (_, who) => !matches!(who, Actor::Node(_)),
    }
}

/// The last events: of gateway and server, of each node that is awake with what happens on its link,
/// and of a few nodes that fell asleep last. Memory: ten events for each of them.
#[derive(Default)]
pub(super) struct Recent {
    nodes: PerNode<Ring>,
    others: Ring,
    sleepers: VecDeque<u32>,
}

impl Recent {
    pub(super) fn add(&mut self, event: &Event<'_>) {
        if concerns_others(event) {
            self.others.add(event);
        }
        let link = match (&event.what, event.who) {
            (
                What::Sent { place, .. }
                | What::Lost { place, .. }
                | What::Arrived { place, .. }
                | What::Injected { place, .. },
                _,
            ) => place.link,
            (_, Actor::Node(number)) => number,
            _ => return,
        };
        let falls_asleep = match &event.what {
            What::Slept => true,
            // Something on the link of a node that sleeps and is not remembered any more.
            _ => self.nodes.get(link).is_none() && !matches!(event.what, What::Woke { .. }),
        };
        let ring = self.nodes.entry(link);
        ring.add(event);
        if falls_asleep {
            ring.asleep = true;
            self.sleepers.push_back(link);
            self.forget();
        } else if let What::Woke { .. } = event.what {
            ring.asleep = false;
        }
    }

    fn forget(&mut self) {
        if self.sleepers.len() <= SLEEPERS {
            return;
        }
        let Some(number) = self.sleepers.pop_front() else { return };
        if self.nodes.get(number).is_some_and(|ring| ring.asleep) {
            self.nodes.remove(number);
        }
    }

    /// The last events of that actor as lines of a trace.
    pub(super) fn lines(&self, who: Actor, name: &dyn Fn(u32) -> String) -> Vec<String> {
        let ring = match who {
            Actor::Node(number) => self.nodes.get(number),
            _ => Some(&self.others),
        };
        ring.into_iter().flat_map(|ring| &ring.events).map(|kept| kept.line(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64, who: Actor, what: What<'_>) -> Event<'_> {
        Event { at: Instant::from_micros(us), who, what }
    }

    fn name(number: u32) -> String {
        format!("n-{number}")
    }

    #[test]
    fn the_context_is_the_last_lines_of_the_trace() {
        let (mut recent, mut lines) = (Recent::default(), Vec::new());
        for us in 0..15 {
            let text = format!("open {us}");
            let what = What::ApplicationSent { text: &text, repeated: us % 2 == 0 };
            let event = at(us, Actor::Node(3), what);
            recent.add(&event);
            lines.push(trace_line(&event, &name));
        }
        assert_eq!(recent.lines(Actor::Node(3), &name), lines[5..]);
        assert!(recent.lines(Actor::Node(2), &name).is_empty());
    }

    #[test]
    fn what_a_link_decided_is_told_as_it_was() {
        let (mut recent, mut lines) = (Recent::default(), Vec::new());
        for text in
            ["+20000us", "+20000us +35000us reordered", "dropped loss", "+1us corrupt 34:08"]
        {
            let fate: Outcome = text.parse().expect("an outcome");
            let place = Place { link: 3, direction: vnet::link::Direction::Towards, index: 0 };
            let what = What::Sent { place, len: 100, digest: 7, fate: &fate };
            let event = at(1, Actor::Node(3), what);
            recent.add(&event);
            lines.push(trace_line(&event, &name));
            assert!(lines[lines.len() - 1].contains(text), "{lines:?}");
        }
        assert_eq!(recent.lines(Actor::Node(3), &name), lines);
    }

    #[test]
    fn nodes_that_sleep_are_forgotten_but_for_the_last() {
        let mut recent = Recent::default();
        for number in 0..100 {
            recent.add(&at(1, Actor::Node(number), What::Woke { wake: 0 }));
        }
        for number in 0..100 {
            recent.add(&at(2, Actor::Node(number), What::Slept));
        }
        assert!(recent.lines(Actor::Node(0), &name).is_empty());
        assert_eq!(recent.lines(Actor::Node(99), &name).len(), 2);
        let held = (0..100).filter(|number| recent.nodes.get(*number).is_some()).count();
        assert_eq!(held, SLEEPERS);
    }
}
