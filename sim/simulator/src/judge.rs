//! What every run is judged by, whether it leaves files behind or not: figures, checkers, fingerprint.

use crate::checkers::Checkers;
use crate::energy::Ledger;
use crate::event::Event;
use crate::figures::Counter;
use crate::fingerprint::Fingerprint;
use crate::observer::{Arrival, Datagram, EspKeyLog, IkeKeyLog, Observer};
use crate::report::{Facts, Report, expectations, judge, passed};
use crate::scenario::Scenario;
use crate::world::{Placement, Standing};

/// Figures and checkers of a run under way: what is needed to say whether it passes.
pub struct Jury {
    pub(crate) counter: Counter,
    pub(crate) checkers: Checkers,
    /// Where some node has a radio.
    energy: Option<Ledger>,
    placement: Placement,
}

impl Jury {
    /// That of a run of this scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, placement: Placement) -> Self {
        Self {
            counter: Counter::new(scenario.nodes()),
            checkers: Checkers::with_gateway(scenario, placement),
            energy: Ledger::new(scenario).filter(|_| placement != Placement::DeviceOutside),
            placement,
        }
    }

    /// The same without the context of each violation.
    #[must_use]
    pub fn without_context(self) -> Self {
        Self { checkers: self.checkers.without_context(), ..self }
    }

    /// Counts and judges what is left at the end.
    fn close(&mut self, standing: &Standing) {
        let (half_open, established) = standing.gateway_sas;
        self.counter.finish(standing.at.micros(), half_open + established);
        self.checkers.finish(standing);
        if let Some(energy) = &mut self.energy {
            energy.finish(standing.at);
            self.counter.figures.took(&energy.totals());
        }
    }

    /// Whether the run did what was expected and kept all rules, once it has come to its end like that.
    pub fn passes(&mut self, scenario: &Scenario, standing: &Standing) -> bool {
        self.close(standing);
        let expected = expectations(scenario, &self.counter.figures, self.placement);
        passed(balances(standing), &self.checkers, &expected)
    }
}

fn balances(standing: &Standing) -> bool {
    standing.accounts.iter().all(|(_, _, account)| account.balances())
}

impl Observer for Jury {
    fn event(&mut self, event: &Event<'_>) {
        self.counter.event(event);
        self.checkers.event(event);
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

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.checkers.ike_keys(keys);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        self.checkers.esp_keys(keys);
    }
}

/// A jury, and the fingerprint of the run.
pub struct Judge {
    pub(crate) jury: Jury,
    pub(crate) fingerprint: Fingerprint,
}

impl Judge {
    /// The judge of a run of this scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, placement: Placement) -> Self {
        Self { jury: Jury::new(scenario, placement), fingerprint: Fingerprint::default() }
    }

    /// The same without the context of each violation.
    #[must_use]
    pub fn without_context(self) -> Self {
        Self { jury: self.jury.without_context(), ..self }
    }

    /// The verdict, once the run has come to its end like that.
    pub fn finish(&mut self, scenario: &Scenario, run: (&str, u64), standing: &Standing) -> Report {
        self.jury.close(standing);
        let Jury { counter, checkers, energy, placement } = &self.jury;
        judge(
            scenario,
            run,
            &Facts {
                figures: &counter.figures,
                nodes: &counter.nodes,
                energy: energy.as_ref(),
                hashes: (self.fingerprint.full(), self.fingerprint.shape()),
                checkpoints: self.fingerprint.checkpoints(),
                events: self.fingerprint.events(),
                end: standing.at,
                balances: balances(standing),
                checkers,
                placement: *placement,
            },
        )
    }
}

impl Observer for Judge {
    fn event(&mut self, event: &Event<'_>) {
        self.jury.event(event);
        self.fingerprint.update(event);
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.jury.arrival(arrival);
    }

    fn taken(&mut self, arrival: &Arrival<'_>) {
        self.jury.taken(arrival);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        self.jury.datagram(datagram);
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.jury.ike_keys(keys);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        self.jury.esp_keys(keys);
    }
}
