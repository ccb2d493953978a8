//! A node: asleep it is a number and a timer, awake it has a stack, an initiator and an application.

use super::awake::Awake;
use super::shared::{Alarm, Core, Next};
use crate::event::{Actor, Place, What};
use crate::scenario::Group;
use crypto::Crypto;
use ike_core::Instant;
use ike_initiator::StateName;

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It sleeps and remembers nothing of an SA.
    Asleep,
    /// It is awake, with its initiator in this state.
    Awake(StateName),
}

pub(crate) struct Node<'a, C: Crypto> {
    number: u32,
    group: &'a Group,
    awake: Option<Box<Session<'a, C>>>,
}

/// What a node has while it is awake.
struct Session<'a, C: Crypto> {
    awake: Awake<'a, C>,
    alarm: Alarm,
}

impl<'a, C: Crypto + Clone> Node<'a, C> {
    pub(crate) fn new(number: u32, group: &'a Group) -> Self {
        Self { number, group, awake: None }
    }

    pub(crate) fn state(&self) -> NodeState {
        match &self.awake {
            None => NodeState::Asleep,
            Some(session) => NodeState::Awake(session.awake.initiator_state()),
        }
    }

    /// Puts wake `wake` into the queue, if there is one before the run ends: only ever the next, since a fleet has
    /// more wakes than anybody wants to remember.
    pub(crate) fn schedule_wake(&self, core: &mut Core<'_>, previous: Option<Instant>, wake: u32) {
        let mut rng = core.stream(super::per_wake(self.number, wake), "node wakes");
        let previous = previous.map(|at| at.saturating_duration_since(Instant::default()));
        let next = self.group.wakes.next(&mut rng, previous, wake);
        if let Some(at) = next.map(|at| Instant::default() + at).filter(|at| *at < core.end) {
            core.schedule(at, Next::Wake { node: self.number, wake });
        }
    }

    pub(crate) fn wake(&mut self, core: &mut Core<'_>, crypto: &C, wake: u32) {
        self.schedule_wake(core, Some(core.now), wake + 1);
        let who = Actor::Node(self.number);
        if self.awake.is_some() {
            core.emit(who, What::WakeIgnored { wake });
            return;
        }
        core.emit(who, What::Woke { wake });
        let awake = Awake::new((core, crypto), self.number, self.group, wake);
        let session = self.awake.insert(Box::new(Session { awake, alarm: Alarm::default() }));
        session.awake.connect(core);
        self.settle(core);
    }

    /// A datagram leaves the link; a sleeping node's radio is off.
    pub(crate) fn receive(&mut self, core: &mut Core<'_>, place: Place, packet: Vec<u8>) {
        if let Some(session) = &mut self.awake {
            session.awake.receive(place, packet);
            self.settle(core);
        }
    }

    pub(crate) fn handle_timeout(&mut self, core: &mut Core<'_>) {
        if let Some(session) = &mut self.awake {
            session.alarm.rang();
            session.awake.handle_timeout(core);
            self.settle(core);
        }
    }

    fn settle(&mut self, core: &mut Core<'_>) {
        let Some(session) = &mut self.awake else { return };
        let Session { awake, alarm } = session.as_mut();
        awake.settle(core);
        let (sleeps, timer) = (awake.wants_to_sleep(), Next::NodeTimer { node: self.number });
        let next = if sleeps { None } else { awake.next_time(core) };
        core.set_alarm(alarm, next, timer);
        if sleeps {
            self.awake = None;
            core.emit(Actor::Node(self.number), What::Slept);
        }
    }
}
