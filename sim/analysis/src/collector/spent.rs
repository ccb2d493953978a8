//! What handshakes took from the batteries of nodes with a radio.

use serde::{Deserialize, Serialize};
use simulator::energy::{EnergyReport, State};

/// Times and energies of handshakes, failed ones too, in each state in the order of [`State::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// In microseconds.
    pub time_us: [u64; 5],
    /// In microjoules.
    pub energy_uj: [u64; 5],
}

impl Spent {
    /// What a run's handshakes took.
    #[must_use]
    pub fn of(report: &EnergyReport) -> Self {
        let mut spent = Self::default();
        for attempts in [&report.handshakes.established, &report.handshakes.failed] {
            for (index, (_, state)) in attempts.usage.states().iter().enumerate() {
                spent.time_us[index] += state.time_us;
                spent.energy_uj[index] += state.energy_uj;
            }
        }
        spent
    }

    pub(super) fn join(&mut self, other: &Self) {
        for index in 0..self.time_us.len() {
            self.time_us[index] += other.time_us[index];
            self.energy_uj[index] += other.energy_uj[index];
        }
    }

    /// In all states together, in microjoules.
    #[must_use]
    pub fn total_uj(&self) -> u64 {
        self.energy_uj.iter().sum()
    }

    /// The time in which radios were on, in microseconds.
    #[must_use]
    pub fn radio_on_us(&self) -> u64 {
        [State::Transmit, State::Receive, State::Listen]
            .map(|state| self.time_us[state as usize])
            .iter()
            .sum()
    }

    /// Each state by name, with its time in microseconds and its energy in microjoules.
    pub fn states(&self) -> impl Iterator<Item = (&'static str, u64, u64)> + '_ {
        let both = self.time_us.iter().zip(&self.energy_uj);
        State::ALL.iter().zip(both).map(|(state, (time, energy))| (state.name(), *time, *energy))
    }
}
