//! What a report says of energy: whole microseconds and microjoules.

use super::{Attempts, State, Totals, Usage};
use serde::Serialize;

/// The time in a state, and what it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StateReport {
    /// In microseconds, exactly.
    pub time_us: u64,
    /// In microjoules, rounded down.
    pub energy_uj: u64,
}

/// What a node, or some nodes together, took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the states say what they are")]
pub struct UsageReport {
    pub transmit: StateReport,
    pub receive: StateReport,
    pub listen: StateReport,
    pub cpu: StateReport,
    pub sleep: StateReport,
    /// In all states together, in microjoules, rounded down once.
    pub energy_uj: u64,
    /// The time in the first three, in microseconds.
    pub radio_on_us: u64,
}

/// What attempts of one outcome took together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptsReport {
    /// How many.
    pub count: u64,
    /// What they took.
    #[serde(flatten)]
    pub usage: UsageReport,
}

/// What attempts to connect took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HandshakesReport {
    /// Those that ended with an IKE SA and its Child SA.
    pub established: AttemptsReport,
    /// Those that were given up.
    pub failed: AttemptsReport,
    /// All of them, for each that was established; `None`: none was.
    pub for_each_established: Option<UsageReport>,
}

/// What nodes with a radio took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EnergyReport {
    /// How many nodes.
    pub nodes: u64,
    /// All that they took.
    #[serde(flatten)]
    pub usage: UsageReport,
    /// What of that went into attempts that ended.
    pub handshakes: HandshakesReport,
}

impl UsageReport {
    /// The report of that.
    #[must_use]
    pub fn of(usage: Usage) -> Self {
        Self::part(&usage, 1)
    }

    /// One of so many equal parts, rounded down.
    fn part(usage: &Usage, parts: u64) -> Self {
        let share = |energy: super::Energy| super::Energy(energy.0 / u128::from(parts));
        let state = |state| StateReport {
            time_us: usage.times.us(state) / parts,
            energy_uj: share(usage.energy(state)).microjoules(),
        };
        Self {
            transmit: state(State::Transmit),
            receive: state(State::Receive),
            listen: state(State::Listen),
            cpu: state(State::Cpu),
            sleep: state(State::Sleep),
            energy_uj: share(usage.total()).microjoules(),
            radio_on_us: usage.times.radio_on_us() / parts,
        }
    }

    /// Each state with its name.
    pub fn states(&self) -> [(&'static str, StateReport); 5] {
        let all = [self.transmit, self.receive, self.listen, self.cpu, self.sleep];
        let mut named = State::ALL.map(|state| (state.name(), StateReport::default()));
        named.iter_mut().zip(all).for_each(|((_, slot), state)| *slot = state);
        named
    }
}

impl AttemptsReport {
    fn of(attempts: &Attempts) -> Self {
        Self { count: attempts.count, usage: UsageReport::of(attempts.usage) }
    }
}

impl EnergyReport {
    /// The report of that.
    #[must_use]
    pub fn of(totals: &Totals) -> Self {
        let (established, failed) = (&totals.established, &totals.failed);
        let mut all = established.usage;
        all += failed.usage;
        let some = (established.count > 0).then_some(established.count);
        Self {
            nodes: totals.nodes,
            usage: UsageReport::of(totals.usage),
            handshakes: HandshakesReport {
                established: AttemptsReport::of(established),
                failed: AttemptsReport::of(failed),
                for_each_established: some.map(|count| UsageReport::part(&all, count)),
            },
        }
    }
}
