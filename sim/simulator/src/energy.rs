//! The energy that nodes need, counted from the events of a run: how long each is in which state, and what that costs.
//!
//! At every instant a node with a radio is in exactly one [`State`], so its times add up to the run. They are whole
//! microseconds, powers are whole picowatts, and so energies are exact: nothing is rounded before it is shown.

mod report;
mod usage;

pub use report::{AttemptsReport, EnergyReport, HandshakesReport, StateReport, UsageReport};
pub use usage::{Energy, State, Times, Usage};

use crate::event::{Actor, Event, What};
use crate::observer::Observer;
use crate::scenario::{Group, Listen, Radio, Scenario};
use core::ops::{AddAssign, Range};
use ike_core::Instant;
use ike_initiator::Event as Initiator;
use std::collections::BTreeMap;

/// An attempt to connect that came to an end. It begins when the node wakes, or where the attempt before it failed, so
/// that a hold-off counts with the attempt behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Whose it is.
    pub node: u32,
    /// When it ended, in virtual time.
    pub at: Instant,
    /// Whether it led to an IKE SA and its Child SA.
    pub established: bool,
    /// What it took.
    pub usage: Usage,
}

/// Attempts of one outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// How many.
    pub count: u64,
    /// What they took together.
    pub usage: Usage,
}

impl Attempts {
    fn add(&mut self, usage: Usage) {
        self.count += 1;
        self.usage += usage;
    }
}

impl AddAssign for Attempts {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.usage += other.usage;
    }
}

/// What a group's nodes took, or those of all groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Nodes with a radio.
    pub nodes: u64,
    /// All that they took.
    pub usage: Usage,
    /// Attempts that ended with an IKE SA and its Child SA.
    pub established: Attempts,
    /// Attempts that were given up.
    pub failed: Attempts,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.usage += other.usage;
        self.established += other.established;
        self.failed += other.failed;
    }
}

/// The energy of all nodes of a run that have a radio. An observer: it sees events and never touches a node.
///
/// A node that sleeps costs 32 octets, one that is awake a few more, a node without a radio nothing.
#[derive(Clone, Debug)]
pub struct Ledger {
    groups: Vec<GroupLedger>,
    awake: BTreeMap<u32, Awake>,
    /// Where each attempt is wanted, too.
    attempts: Option<Vec<Attempt>>,
    end_us: u64,
}

#[derive(Clone, Debug)]
struct GroupLedger {
    numbers: Range<u32>,
    radio: Radio,
    listen: Listen,
    /// Of each node: the time in all states but the last. The rest is sleep.
    nodes: Vec<[u64; 4]>,
    established: Attempts,
    failed: Attempts,
}

/// A node that is awake.
#[derive(Clone, Copy, Debug)]
struct Awake {
    woke_us: u64,
    /// Counted up to then, which is in the future while it is busy.
    counted_us: u64,
    times: Times,
    /// Whether its radio is on when it is not busy.
    on: bool,
    /// Where the attempt under way began, and the times then.
    attempt: Option<(u64, Times)>,
    /// What it is busy with, or was last.
    work: State,
}

impl Awake {
    /// Counts what it did while it was not busy.
    fn count_to(&mut self, at_us: u64, listen: Listen) {
        let Some(idle) = at_us.checked_sub(self.counted_us).filter(|idle| *idle > 0) else {
            return;
        };
        let on = match self.on {
            true => listen.on_us(self.counted_us - self.woke_us, at_us - self.woke_us),
            false => 0,
        };
        self.times.add(State::Listen, on);
        self.times.add(State::Sleep, idle - on);
        self.counted_us = at_us;
    }

    /// It is busy from now on.
    fn work(&mut self, work: State, times: Times) {
        self.work = work;
        self.times += times;
        self.counted_us += times.total_us();
    }

    /// The run ends while it is busy: what was not done does not count, the last first. Of a datagram in several frames all
    /// that is sent is taken to come in one piece, then all that is listened for, then all acknowledgements.
    fn cut(&mut self, end_us: u64) {
        let order = match self.work {
            State::Transmit => [State::Receive, State::Listen, State::Transmit],
            State::Receive => [State::Transmit, State::Listen, State::Receive],
            other => [other; 3],
        };
        let over = self.counted_us.saturating_sub(end_us);
        let left = order.into_iter().fold(over, |over, state| self.times.take(state, over));
        self.counted_us -= over - left;
    }
}

impl GroupLedger {
    fn new(group: &Group) -> Option<Self> {
        let count = usize::try_from(group.count).expect("a node's number fits");
        Some(Self {
            numbers: group.numbers(),
            radio: group.radio?,
            listen: group.listen,
            nodes: vec![[0; 4]; count],
            established: Attempts::default(),
            failed: Attempts::default(),
        })
    }

    fn slot(&mut self, number: u32) -> &mut [u64; 4] {
        let index = usize::try_from(number - self.numbers.start).expect("a node's number fits");
        &mut self.nodes[index]
    }

    fn totals(&self, end_us: u64) -> Totals {
        let mut times = Times::default();
        self.nodes.iter().for_each(|node| times += whole(node, end_us));
        Totals {
            nodes: self.nodes.len() as u64,
            usage: Usage::of(times, &self.radio),
            established: self.established,
            failed: self.failed,
        }
    }
}

impl Ledger {
    /// An empty one for a run of that scenario. `None`: no node has a radio.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Option<Self> {
        let groups: Vec<GroupLedger> =
            scenario.groups.iter().filter_map(GroupLedger::new).collect();
        (!groups.is_empty()).then(|| Self {
            groups,
            awake: BTreeMap::new(),
            attempts: None,
            end_us: 0,
        })
    }

    /// As it is, and it keeps each attempt: about 150 octets for each.
    #[must_use]
    pub fn with_attempts(self) -> Self {
        Self { attempts: Some(Vec::new()), ..self }
    }

    /// The run is over: to be called once, after the last event.
    pub fn finish(&mut self, end: Instant) {
        self.end_us = end.micros();
        for (number, mut awake) in core::mem::take(&mut self.awake) {
            let Some(group) = find(&mut self.groups, number) else { continue };
            awake.count_to(self.end_us, group.listen);
            awake.cut(self.end_us);
            settle(group.slot(number), &awake.times);
        }
    }

    /// What a node took in the whole run. `None`: it has no radio.
    #[must_use]
    pub fn node(&self, number: u32) -> Option<Usage> {
        let group = self.groups.iter().find(|group| group.numbers.contains(&number))?;
        let index = usize::try_from(number - group.numbers.start).ok()?;
        Some(Usage::of(whole(group.nodes.get(index)?, self.end_us), &group.radio))
    }

    /// What the nodes of a group took, by the number of its first node. `None`: they have no radio.
    #[must_use]
    pub fn group(&self, first: u32) -> Option<Totals> {
        let group = self.groups.iter().find(|group| group.numbers.start == first)?;
        Some(group.totals(self.end_us))
    }

    /// What all nodes took.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut all = Totals::default();
        self.groups.iter().for_each(|group| all += group.totals(self.end_us));
        all
    }

    /// The attempts in the order of their ends; none unless they are kept ([`Self::with_attempts`]).
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        self.attempts.as_deref().unwrap_or_default()
    }

    fn attempt_ends(&mut self, number: u32, at: Instant, established: bool) {
        let (Some(group), Some(awake)) =
            (find(&mut self.groups, number), self.awake.get_mut(&number))
        else {
            return;
        };
        let Some((_, before)) = awake.attempt.take() else { return };
        let usage = Usage::of(awake.times - before, &group.radio);
        if established {
            group.established.add(usage);
        } else {
            group.failed.add(usage);
            awake.attempt = Some((at.micros(), awake.times));
        }
        if let Some(attempts) = &mut self.attempts {
            attempts.push(Attempt { node: number, at, established, usage });
        }
    }
}

/// The group of a node, if that has a radio.
fn find(groups: &mut [GroupLedger], number: u32) -> Option<&mut GroupLedger> {
    let behind = groups.partition_point(|group| group.numbers.start <= number);
    let group = groups.get_mut(behind.checked_sub(1)?)?;
    group.numbers.contains(&number).then_some(group)
}

/// The times of a node in a run of that length.
fn whole(node: &[u64; 4], end_us: u64) -> Times {
    let [transmit, receive, listen, cpu] = *node;
    Times([transmit, receive, listen, cpu, end_us - node.iter().sum::<u64>()])
}

/// Adds the times of a node's wake to what it has; the time asleep is what is left.
fn settle(node: &mut [u64; 4], times: &Times) {
    for (slot, us) in node.iter_mut().zip(times.0) {
        *slot += us;
    }
}

impl Observer for Ledger {
    fn event(&mut self, event: &Event<'_>) {
        let Actor::Node(number) = event.who else { return };
        let Some(group) = find(&mut self.groups, number) else { return };
        let at_us = event.at.micros();
        if let What::Woke { .. } = event.what {
            let times = Times::default();
            let (on, attempt, work) = (false, Some((at_us, times)), State::Sleep);
            let awake = Awake { woke_us: at_us, counted_us: at_us, times, on, attempt, work };
            self.awake.insert(number, awake);
            return;
        }
        let Some(awake) = self.awake.get_mut(&number) else { return };
        awake.count_to(at_us, group.listen);
        match &event.what {
            What::Computing { for_us } => {
                let mut times = Times::default();
                times.add(State::Cpu, *for_us);
                awake.work(State::Cpu, times);
            }
            What::Transmitting { air, .. } => awake.work(State::Transmit, Times::of(air)),
            What::Receiving { air, .. } => awake.work(State::Receive, Times::of(air)),
            What::Attempt { .. } => {
                awake.on = true;
                awake.attempt.get_or_insert((at_us, awake.times));
            }
            What::Initiator(Initiator::Established { .. }) => {
                self.attempt_ends(number, event.at, true);
            }
            What::Initiator(Initiator::Failed(_)) => self.attempt_ends(number, event.at, false),
            // Nothing that comes can mean anything any more.
            What::Initiator(Initiator::Closed(_)) => awake.on = false,
            What::Slept => {
                settle(group.slot(number), &awake.times);
                self.awake.remove(&number);
            }
            _ => {}
        }
    }
}
