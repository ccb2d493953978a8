//! Half-open SAs at the gateway: each begins once and ends once, and their number over time adds up to
//! the sum of their durations, exactly.
//!
//! Memory: the SAs that are half-open or established, and two sums.

use super::{Check, Findings};
use crate::by_spi::BySpi;
use crate::event::{Actor, Event, What};
use crate::world::Standing;
use ike_core::Instant;
use ike_responder::Event as Gateway;

#[derive(Default)]
pub(super) struct HalfOpen {
    /// By the responder's SPI: since when it is half-open, or `None` once it is established.
    sas: BySpi<u64, Option<Instant>>,
    now: u64,
    changed_at: Instant,
    /// The number over time, in SAs x microseconds.
    integral: u128,
    /// The durations, in microseconds.
    durations: u128,
}

impl HalfOpen {
    fn count(&mut self, at: Instant) {
        let since = at.micros().saturating_sub(self.changed_at.micros());
        self.integral += u128::from(since) * u128::from(self.now);
        self.changed_at = at;
    }

    fn begin(&mut self, at: Instant, spi: u64) -> Option<String> {
        self.count(at);
        self.now += 1;
        let before = self.sas.insert(spi, Some(at))?;
        let state = if before.is_some() { "half-open" } else { "established" };
        Some(format!("SA {spi:016x} became half-open and was {state} already"))
    }

    /// An SA that comes of rekeying was never half-open.
    fn rekeyed(&mut self, spi: u64) -> Option<String> {
        self.sas.insert(spi, None).map(|_| format!("SA {spi:016x} came of rekeying and was there"))
    }

    fn end(&mut self, at: Instant, spi: u64, remains: bool) -> Option<String> {
        let before = if remains { self.sas.insert(spi, None) } else { self.sas.remove(&spi) };
        match before {
            Some(Some(since)) => {
                self.count(at);
                self.now = self.now.saturating_sub(1);
                self.durations += u128::from(at.micros().saturating_sub(since.micros()));
                None
            }
            Some(None) if !remains => None,
            Some(None) => Some(format!("SA {spi:016x} was established twice")),
            None => Some(format!("SA {spi:016x} ended and never was half-open")),
        }
    }
}

#[cfg(test)]
impl HalfOpen {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.sas.len()
    }
}

impl Check for HalfOpen {
    fn name(&self) -> &'static str {
        "half-open"
    }

    fn event(&mut self, event: &Event<'_>, findings: &mut Findings) {
        let What::Responder(what) = &event.what else { return };
        let wrong = match what {
            Gateway::HalfOpen { sa, .. } => self.begin(event.at, sa.spi_r().0),
            Gateway::Established { sa, .. } => self.end(event.at, sa.spi_r().0, true),
            Gateway::Rekeyed { new, .. } => self.rekeyed(new.spi_r().0),
            Gateway::Closed { sa, .. } => self.end(event.at, sa.spi_r().0, false),
            _ => None,
        };
        if let Some(what) = wrong {
            findings.add(event.who, what);
        }
    }

    fn end(&mut self, standing: &Standing, findings: &mut Findings) {
        self.count(standing.at);
        let open: Vec<Instant> = self.sas.values().copied().flatten().collect();
        let lasting: u128 = open
            .iter()
            .map(|since| u128::from(standing.at.micros().saturating_sub(since.micros())))
            .sum();
        let (integral, sum) = (self.integral, self.durations + lasting);
        if integral != sum {
            findings.add(
                Actor::Gateway,
                format!(
                    "half-open SAs over time are {integral} us, their durations add up to {sum} us"
                ),
            );
        }
        let (told, holds) = (open.len(), standing.gateway_sas.0);
        if told != holds {
            findings.add(
                Actor::Gateway,
                format!("{told} SAs are half-open by what was told, the gateway holds {holds}"),
            );
        }
    }
}
