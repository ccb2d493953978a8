//! What an awake node is busy with. It does one thing at a time: compute, send, or receive. Whatever else there is to do
//! waits.

use super::super::shared::Core;
use super::{Awake, Phase};
use crate::event::{Actor, Place, What};
use crate::observer::Arrival;
use crate::scenario::{Airtime, Cpu, Group, Listen, Radio};
use core::time::Duration;
use crypto::Crypto;
use ike_core::{Instant, Operation};
use std::collections::VecDeque;
use vnet::link::Direction;

/// A datagram that has left the node's link.
pub(super) struct Incoming {
    pub(super) place: Place,
    pub(super) packet: Vec<u8>,
}

/// Something that takes time.
pub(super) enum Task {
    /// The initiator's work.
    Compute,
    /// The processor's work for a datagram that will be sent.
    Prepare(Vec<u8>),
    Transmit(Vec<u8>),
    Receive(Incoming),
    /// The processor's work for a datagram that was received.
    Examine(Incoming),
}

/// The hardware of a node that is awake.
pub(super) struct Duty<'a> {
    cpu: Option<&'a Cpu>,
    radio: Option<&'a Radio>,
    listen: Listen,
    woke: Instant,
    busy: Option<(Instant, Task)>,
    outgoing: VecDeque<Vec<u8>>,
    /// At the other end of the air.
    waiting: VecDeque<Incoming>,
    /// Something was received, and what waits follows without a pause: whoever sends it says that there is more.
    more: bool,
}

impl<'a> Duty<'a> {
    pub(super) fn new(group: &'a Group, woke: Instant) -> Self {
        Self {
            cpu: group.cpu.as_ref(),
            radio: group.radio.as_ref(),
            listen: group.listen,
            woke,
            busy: None,
            outgoing: VecDeque::new(),
            waiting: VecDeque::new(),
            more: false,
        }
    }

    pub(super) fn has_radio(&self) -> bool {
        self.radio.is_some()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// Whether nothing is left to be sent.
    pub(super) fn is_done(&self) -> bool {
        self.busy.is_none() && self.outgoing.is_empty()
    }

    /// Takes a datagram that is to be sent; gives it back where that takes no time.
    pub(super) fn send(&mut self, packet: Vec<u8>) -> Option<Vec<u8>> {
        if self.radio.is_none() && self.datagram_time().is_zero() {
            return Some(packet);
        }
        self.outgoing.push_back(packet);
        None
    }

    /// A datagram has left the link and waits.
    pub(super) fn arrive(&mut self, incoming: Incoming) {
        self.waiting.push_back(incoming);
    }

    /// The radio is off: nothing that waits will be heard.
    pub(super) fn stop_listening(&mut self) {
        if self.has_radio() {
            self.waiting.clear();
        }
    }

    /// The next thing to be done now, if the node is free; `hears`: it would receive, if its radio is on.
    pub(super) fn next(&mut self, now: Instant, hears: bool) -> Option<Task> {
        if self.is_busy() {
            return None;
        }
        if let Some(packet) = self.outgoing.pop_front() {
            return Some(Task::Prepare(packet));
        }
        self.more &= !self.waiting.is_empty();
        if !hears || !(self.more || self.radio.is_none() || self.listen.is_on(self.since(now))) {
            return None;
        }
        let incoming = self.waiting.pop_front()?;
        self.more = true;
        Some(Task::Receive(incoming))
    }

    /// Begins something; gives it back where it takes no time.
    pub(super) fn begin(&mut self, core: &mut Core<'_>, who: Actor, task: Task) -> Option<Task> {
        let (us, what) = match &task {
            Task::Compute => unreachable!("the work of an operation is begun by itself"),
            Task::Prepare(_) | Task::Examine(_) => computing(self.datagram_time()),
            Task::Transmit(packet) => {
                let air = self.air(packet, |radio, len| radio.framing.sending(len));
                (air.total_us(), What::Transmitting { len: packet.len(), air })
            }
            Task::Receive(Incoming { packet, .. }) => {
                let air = self.air(packet, |radio, len| radio.framing.receiving(len));
                (air.total_us(), What::Receiving { len: packet.len(), air })
            }
        };
        if us == 0 {
            return Some(task);
        }
        core.emit(who, what);
        self.busy = Some((core.now + Duration::from_micros(us), task));
        None
    }

    /// The initiator did that work; it takes its time from now on.
    pub(super) fn work(&mut self, core: &mut Core<'_>, who: Actor, operation: Operation) {
        let time = self.cpu.map_or(Duration::ZERO, |cpu| cpu.time(operation));
        let (us, what) = computing(time);
        if us > 0 {
            core.emit(who, what);
            self.busy = Some((core.now + time, Task::Compute));
        }
    }

    /// What is done by now.
    pub(super) fn finish(&mut self, now: Instant) -> Option<Task> {
        self.busy.take_if(|(until, _)| *until <= now).map(|(_, task)| task)
    }

    /// When something is done, or when the radio is on for what waits.
    pub(super) fn next_time(&self, now: Instant, hears: bool) -> Option<Instant> {
        if let Some((until, _)) = &self.busy {
            return Some(*until);
        }
        let waits = hears && !self.waiting.is_empty();
        waits.then(|| self.woke + Duration::from_micros(self.listen.next_us(self.since(now))))
    }

    fn since(&self, now: Instant) -> u64 {
        now.micros() - self.woke.micros()
    }

    fn datagram_time(&self) -> Duration {
        self.cpu.map_or(Duration::ZERO, |cpu| cpu.datagram)
    }

    fn air(&self, packet: &[u8], of: fn(&Radio, u64) -> Airtime) -> Airtime {
        self.radio.map_or_else(Airtime::default, |radio| of(radio, packet.len() as u64))
    }
}

fn computing(time: Duration) -> (u64, What<'static>) {
    let for_us = u64::try_from(time.as_micros()).expect("a duration of a scenario fits");
    (for_us, What::Computing { for_us })
}

impl<C: Crypto + Clone> Awake<'_, C> {
    /// Whether something that arrives could still mean anything: else a radio is off.
    pub(super) fn hears(&self) -> bool {
        match self.phase {
            Phase::Connecting | Phase::Running | Phase::Resting { .. } | Phase::Closing => true,
            Phase::HoldOff { .. } => !self.duty.has_radio(),
            Phase::Over => false,
        }
    }

    /// A datagram leaves the link.
    pub(crate) fn receive(&mut self, place: Place, packet: Vec<u8>) {
        if self.hears() {
            self.duty.arrive(Incoming { place, packet });
        }
    }

    /// A datagram is there to be looked at: ESP is opened, IKE passes, all else is refused (RFC 4301 5.2).
    fn take(&mut self, core: &mut Core<'_>, incoming: Incoming) {
        let Incoming { place, packet } = incoming;
        if self.group.is_delayed() {
            let (at, who, octets) = (core.now, self.who(), packet.as_slice());
            core.observer.taken(&Arrival { at, who, place, octets });
        }
        match self.unprotect(core, packet) {
            Ok(packet) => self.host.deliver(packet),
            Err(reason) => core.emit(self.who(), What::PacketDropped { reason }),
        }
    }

    /// Passes everything on until nobody has anything to say, or the node is busy.
    pub(crate) fn settle(&mut self, core: &mut Core<'_>) {
        self.begin_next(core);
        self.pass_all(core);
        while self.begin_next(core) {
            self.pass_all(core);
        }
    }

    /// Begins what is to be done next, and does it where that takes no time. `false`: there is nothing.
    fn begin_next(&mut self, core: &mut Core<'_>) -> bool {
        let hears = self.hears();
        let Some(task) = self.duty.next(core.now, hears) else { return false };
        if let Some(done) = self.duty.begin(core, self.who(), task) {
            self.go_on(core, done);
        }
        true
    }

    /// A task is done: does what follows of it, as long as that takes no time.
    pub(super) fn go_on(&mut self, core: &mut Core<'_>, mut done: Task) {
        loop {
            let next = match done {
                Task::Compute => return,
                Task::Prepare(packet) => Task::Transmit(packet),
                Task::Receive(incoming) => Task::Examine(incoming),
                Task::Transmit(packet) => return self.enter_link(core, packet),
                Task::Examine(incoming) => return self.take(core, incoming),
            };
            match self.duty.begin(core, self.who(), next) {
                Some(task) => done = task,
                None => return,
            }
        }
    }

    pub(super) fn enter_link(&self, core: &mut Core<'_>, packet: Vec<u8>) {
        core.send(self.who(), self.number, Direction::Towards, packet);
    }
}
