//! The last events of everybody who is awake, for the context of a violation.

use crate::event::{Actor, Event, Place, What};
use crate::fingerprint::Digest;
use crate::scenario::Forgery;
use crate::trace::trace_line;
use core::time::Duration;
use ike_core::{Instant, Operation};
use ike_responder::SaId;
use std::collections::VecDeque;
use vnet::link::{Deliveries, Delivery, Direction, Outcome};

/// So many events are kept of each.
const EVENTS: usize = 10;
/// So many nodes that sleep are still remembered.
const SLEEPERS: usize = 64;

/// The log is cleared of what nobody asks for any more when it has so many events, or thrice what was left last time.
const LOG: usize = 16_384;

/// An event without what it borrowed: told only when somebody asks, which is hardly ever.
struct Kept {
    at: Instant,
    who: Actor,
    /// On whose link it happened, or to which node.
    node: Option<u32>,
    /// Whether it is the first that is remembered of that node.
    begins: bool,
    /// Whether it concerns the gateway or the server.
    others: bool,
    what: Owned,
}

/// [`What`] without what it borrowed.
enum Owned {
    Plain(What<'static>),
    Sent {
        place: Place,
        len: usize,
        digest: u64,
        fate: Fate,
    },
    Injected {
        place: Place,
        kind: Forgery,
        packet: Box<[u8]>,
    },
    /// The usual events, which take no allocation.
    InitiatorOperation(Operation),
    ResponderOperation {
        sa: Option<SaId>,
        operation: Operation,
    },
    Initiator(Box<ike_initiator::Event>),
    Responder(Box<ike_responder::Event>),
    ApplicationSent {
        text: Box<str>,
        repeated: bool,
    },
    ApplicationReceived {
        text: Box<str>,
    },
    ApplicationFailed {
        reason: Box<str>,
    },
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
                return Self::Sent { place, len, digest: digest.value(), fate: Fate::of(fate) };
            }
            What::Injected { place, kind, packet } => {
                return Self::Injected { place, kind, packet: packet.into() };
            }
            What::Initiator(ike_initiator::Event::Operation(operation)) => {
                return Self::InitiatorOperation(*operation);
            }
            What::Responder(&ike_responder::Event::Operation { sa, operation }) => {
                return Self::ResponderOperation { sa, operation };
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
    fn line(&self, name: &dyn Fn(u32) -> String) -> String {
        let (outcome, known, initiator, responder);
        let what = match &self.what {
            Owned::Plain(what) => what.clone(),
            Owned::Sent { place, len, digest, fate } => {
                (outcome, known) = (fate.outcome(), Digest::from(*digest));
                What::Sent { place: *place, len: *len, digest: &known, fate: &outcome }
            }
            Owned::Injected { place, kind, packet } => {
                What::Injected { place: *place, kind: *kind, packet }
            }
            Owned::InitiatorOperation(operation) => {
                initiator = ike_initiator::Event::Operation(*operation);
                What::Initiator(&initiator)
            }
            Owned::ResponderOperation { sa, operation } => {
                responder = ike_responder::Event::Operation { sa: *sa, operation: *operation };
                What::Responder(&responder)
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

/// What is remembered of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    Nothing,
    Awake,
    Asleep,
}

/// How many of the last events of somebody are still wanted, from the last one back.
struct Wanted(usize);

impl Wanted {
    /// Whether the next one is.
    fn take(&mut self, begins: bool) -> bool {
        let wanted = self.0 > 0;
        self.0 = if begins { 0 } else { self.0.saturating_sub(1) };
        wanted
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
/// and of a few nodes that fell asleep last. Memory: ten events for each of them, and up to thrice as many that nobody
/// asks for; an octet for each node. All are in one log, in order, so that to add one takes no look at a node's own memory.
#[derive(Default)]
pub(super) struct Recent {
    log: Vec<Kept>,
    /// When the log has so many it is cleared; 0: none was added yet.
    full: usize,
    nodes: Vec<Memory>,
    sleepers: VecDeque<u32>,
}

impl Recent {
    pub(super) fn add(&mut self, event: &Event<'_>) {
        let node = match (&event.what, event.who) {
            (
                What::Sent { place, .. }
                | What::Lost { place, .. }
                | What::Arrived { place, .. }
                | What::Injected { place, .. },
                _,
            ) => Some(place.link),
            (_, Actor::Node(number)) => Some(number),
            _ => None,
        };
        let begins = node.is_some_and(|number| self.note(number, &event.what));
        let (others, what) = (concerns_others(event), Owned::of(&event.what));
        self.log.push(Kept { at: event.at, who: event.who, node, begins, others, what });
        if self.log.len() >= self.full.max(LOG) {
            self.clear();
        }
    }

    /// Takes note of how a node is; whether nothing was known of it.
    fn note(&mut self, number: u32, what: &What<'_>) -> bool {
        let index = index(number);
        if self.nodes.len() <= index {
            self.nodes.resize(index + 1, Memory::Nothing);
        }
        let before = self.nodes[index];
        let falls_asleep = match what {
            What::Slept => true,
            // Something on the link of a node that sleeps and is not remembered any more.
            _ => before == Memory::Nothing && !matches!(what, What::Woke { .. }),
        };
        if falls_asleep {
            self.nodes[index] = Memory::Asleep;
            self.sleepers.push_back(number);
            self.forget();
        } else if let What::Woke { .. } = what {
            self.nodes[index] = Memory::Awake;
        }
        before == Memory::Nothing
    }

    fn forget(&mut self) {
        if self.sleepers.len() <= SLEEPERS {
            return;
        }
        let Some(number) = self.sleepers.pop_front() else { return };
        let memory = &mut self.nodes[index(number)];
        if *memory == Memory::Asleep {
            *memory = Memory::Nothing;
        }
    }

    /// Drops all that nobody will ask for.
    fn clear(&mut self) {
        let of_node = |memory: &Memory| Wanted(if *memory == Memory::Nothing { 0 } else { EVENTS });
        let mut nodes: Vec<Wanted> = self.nodes.iter().map(of_node).collect();
        let mut others = Wanted(EVENTS);
        let mut stays: Vec<bool> = self
            .log
            .iter()
            .rev()
            .map(|kept| {
                let of_others = kept.others && others.take(false);
                let of_node = kept.node.is_some_and(|node| nodes[index(node)].take(kept.begins));
                of_others || of_node
            })
            .collect();
        self.log.retain(|_| stays.pop() == Some(true));
        self.full = self.log.len() * 3;
    }

    /// The last events of that actor as lines of a trace.
    pub(super) fn lines(&self, who: Actor, name: &dyn Fn(u32) -> String) -> Vec<String> {
        let mut wanted = match who {
            Actor::Node(number) if self.memory(number) == Memory::Nothing => Wanted(0),
            _ => Wanted(EVENTS),
        };
        let theirs = |kept: &&Kept| match who {
            Actor::Node(number) => kept.node == Some(number),
            _ => kept.others,
        };
        let back = self.log.iter().rev().filter(theirs);
        let is_node = matches!(who, Actor::Node(_));
        let last = back.take_while(|kept| wanted.take(is_node && kept.begins));
        let mut lines: Vec<String> = last.map(|kept| kept.line(name)).collect();
        lines.reverse();
        lines
    }

    fn memory(&self, number: u32) -> Memory {
        self.nodes.get(index(number)).copied().unwrap_or(Memory::Nothing)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a node's number fits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

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
            let what = What::Sent { place, len: 100, digest: &7.into(), fate: &fate };
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
        let held = (0..100).filter(|number| recent.memory(*number) != Memory::Nothing).count();
        assert_eq!(held, SLEEPERS);
        // Who was forgotten and wakes again begins anew.
        recent.add(&at(3, Actor::Node(0), What::Woke { wake: 1 }));
        assert_eq!(recent.lines(Actor::Node(0), &name).len(), 1);
    }

    #[test]
    fn a_log_that_is_cleared_has_still_what_somebody_asks_for() {
        let (mut recent, mut all) = (Recent::default(), BTreeMap::new());
        let mut add = |recent: &mut Recent, event: Event<'_>| {
            recent.add(&event);
            let lines: &mut Vec<String> = all.entry(event.who).or_default();
            lines.push(trace_line(&event, &name));
        };
        let count = u64::try_from(LOG).unwrap();
        for number in 0..3 {
            add(&mut recent, at(0, Actor::Node(number), What::Woke { wake: 0 }));
        }
        add(&mut recent, at(0, Actor::Node(1), What::Attempt { number: 1 }));
        for us in 1..3 * count {
            let who = if us % 5 == 0 { Actor::Gateway } else { Actor::Node(2 * (us % 2) as u32) };
            add(&mut recent, at(us, who, What::Computing { for_us: us }));
            assert!(recent.log.len() <= LOG, "{us}");
        }
        assert_eq!(recent.lines(Actor::Node(1), &name), all[&Actor::Node(1)]);
        for who in [Actor::Node(0), Actor::Node(2), Actor::Gateway] {
            assert_eq!(recent.lines(who, &name), all[&who][all[&who].len() - EVENTS..]);
        }
    }
}
