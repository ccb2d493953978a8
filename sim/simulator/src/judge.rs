//! What every run is judged by, whether it leaves files behind or not: figures, checkers, fingerprint.

use crate::checkers::Checkers;
use crate::energy::Ledger;
use crate::event::Event;
use crate::figures::Counter;
use crate::fingerprint::Fingerprint;
use crate::observer::{Arrival, Datagram, EspKeyLog, IkeKeyLog, Observer};
use crate::report::{Facts, Report, judge};
use crate::scenario::Scenario;
use crate::world::{Placement, Standing};

/// Figures, checkers and fingerprint of a run under way.
pub struct Judge {
    pub(crate) counter: Counter,
    pub(crate) checkers: Checkers,
    pub(crate) fingerprint: Fingerprint,
    /// Where some node has a radio.
    energy: Option<Ledger>,
    placement: Placement,
}

impl Judge {
    /// The judge of a run of this scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, placement: Placement) -> Self {
        Self {
            counter: Counter::new(scenario.nodes()),
            checkers: Checkers::with_gateway(scenario, placement),
            fingerprint: Fingerprint::default(),
            energy: Ledger::new(scenario).filter(|_| placement != Placement::DeviceOutside),
            placement,
        }
    }

    /// The same without the context of each violation.
    #[must_use]
    pub fn without_context(self) -> Self {
        Self { checkers: self.checkers.without_context(), ..self }
    }

    /// The verdict, once the run has come to its end like that.
    pub fn finish(&mut self, scenario: &Scenario, run: (&str, u64), standing: &Standing) -> Report {
        let (half_open, established) = standing.gateway_sas;
        self.counter.finish(standing.at.micros(), half_open + established);
        self.checkers.finish(standing);
        if let Some(energy) = &mut self.energy {
            energy.finish(standing.at);
            self.counter.figures.took(&energy.totals());
        }
        judge(
            scenario,
            run,
            &Facts {
                figures: &self.counter.figures,
                nodes: &self.counter.nodes,
                energy: self.energy.as_ref(),
                hashes: (self.fingerprint.full(), self.fingerprint.shape()),
                checkpoints: self.fingerprint.checkpoints(),
                events: self.fingerprint.events(),
                end: standing.at,
                balances: standing.accounts.iter().all(|(_, _, account)| account.balances()),
                checkers: &self.checkers,
                placement: self.placement,
            },
        )
    }
}

impl Observer for Judge {
    fn event(&mut self, event: &Event<'_>) {
        self.counter.event(event);
        self.checkers.event(event);
        self.fingerprint.update(event);
        if let Some(energy) = &mut self.energy {
            energy.event(event);
        }
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.checkers.arrival(arrival);
    }

    fn taken(&mut self, arrival: &Arrival<'_>) {
        self.checkers.taken(arrival);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        self.checkers.datagram(datagram);
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog) {
        self.checkers.ike_keys(keys);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog) {
        self.checkers.esp_keys(keys);
    }
}
