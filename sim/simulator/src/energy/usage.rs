//! How long a node is in which state, and what that takes.

use crate::scenario::{Airtime, Radio};
use core::iter::Sum;
use core::ops::{AddAssign, Sub};

/// What a node with a radio is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its radio sends.
    Transmit,
    /// Its radio receives.
    Receive,
    /// Its receiver is on, and nothing comes.
    Listen,
    /// Its processor works, and its radio is off.
    Cpu,
    /// Neither does anything, whether the node is awake or not.
    Sleep,
}

impl State {
    /// All states, in the order of [`Times`].
    pub const ALL: [Self; 5] =
        [Self::Transmit, Self::Receive, Self::Listen, Self::Cpu, Self::Sleep];

    /// Its name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transmit => "transmit",
            Self::Receive => "receive",
            Self::Listen => "listen",
            Self::Cpu => "cpu",
            Self::Sleep => "sleep",
        }
    }
}

/// How long a node is in each state, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times(pub(super) [u64; 5]);

impl Times {
    /// The time in a state, in microseconds.
    #[must_use]
    pub const fn us(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    /// The time in all states together, in microseconds.
    #[must_use]
    pub fn total_us(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The time in which the radio is on, in microseconds.
    #[must_use]
    pub const fn radio_on_us(&self) -> u64 {
        self.us(State::Transmit) + self.us(State::Receive) + self.us(State::Listen)
    }

    /// What that takes in a state with a radio.
    #[must_use]
    pub fn energy(&self, state: State, radio: &Radio) -> Energy {
        let power = match state {
            State::Transmit => radio.transmit,
            State::Receive => radio.receive,
            State::Listen => radio.listen,
            State::Cpu => radio.cpu,
            State::Sleep => radio.sleep,
        };
        Energy(u128::from(power.picowatts()) * u128::from(self.us(state)))
    }

    pub(super) const fn of(air: &Airtime) -> Self {
        Self([air.transmit_us, air.receive_us, air.listen_us, 0, 0])
    }

    pub(super) fn add(&mut self, state: State, us: u64) {
        self.0[state as usize] += us;
    }

    /// Moves up to `us` out of a state; returns what is left of that.
    pub(super) fn take(&mut self, state: State, us: u64) -> u64 {
        let taken = us.min(self.us(state));
        self.0[state as usize] -= taken;
        us - taken
    }
}

impl AddAssign for Times {
    fn add_assign(&mut self, other: Self) {
        for (one, other) in self.0.iter_mut().zip(other.0) {
            *one += other;
        }
    }
}

impl Sub for Times {
    type Output = Self;

    /// The times since `before`.
    fn sub(mut self, before: Self) -> Self {
        for (one, before) in self.0.iter_mut().zip(before.0) {
            *one -= before;
        }
        self
    }
}

/// An energy, in attojoules: a picowatt for a microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Energy(pub(super) u128);

const PER_MICROJOULE: u128 = 1_000_000_000_000;

impl Energy {
    /// In attojoules, exactly.
    #[must_use]
    pub const fn attojoules(self) -> u128 {
        self.0
    }

    /// In microjoules, rounded down.
    #[must_use]
    pub fn microjoules(self) -> u64 {
        u64::try_from(self.0 / PER_MICROJOULE).unwrap_or(u64::MAX)
    }
}

impl AddAssign for Energy {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for Energy {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|one| one.0).sum())
    }
}

/// How long in which state, and what that takes in each: of one node, or of nodes with different radios together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The times.
    pub times: Times,
    energy: [Energy; 5],
}

impl Usage {
    /// What these times take with that radio.
    #[must_use]
    pub fn of(times: Times, radio: &Radio) -> Self {
        Self { times, energy: State::ALL.map(|state| times.energy(state, radio)) }
    }

    /// What is taken in a state.
    #[must_use]
    pub const fn energy(&self, state: State) -> Energy {
        self.energy[state as usize]
    }

    /// What is taken in all states together.
    #[must_use]
    pub fn total(&self) -> Energy {
        self.energy.iter().copied().sum()
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.times += other.times;
        for (one, other) in self.energy.iter_mut().zip(other.energy) {
            *one += other;
        }
    }
}
