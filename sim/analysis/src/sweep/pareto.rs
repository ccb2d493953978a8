//! Policies against each other: which of them no other one beats.

use super::Sweep;
use crate::plot::{short, tick};
use core::cmp::Ordering;

/// One policy, by what it costs. Less is better in each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rival {
    /// Its name.
    pub(crate) name: String,
    /// Handshakes that did not succeed, as a share.
    pub(crate) failures: f64,
    /// The latency that 99 % of all handshakes do not exceed, in seconds. One that fails takes for ever: who gives up early
    /// is not fast.
    pub(crate) latency_s: f64,
    /// What a device spends on each handshake that succeeds: [`Rivals::cost`]. Infinite where none does.
    pub(crate) cost: f64,
    /// The most that was half-open or waited at the gateway at one time.
    pub(crate) peak: f64,
    /// Whether its schedules are what RFC 7815 2.1 allows.
    pub(crate) conforms: bool,
    /// No other one is at least as good in all, and better in one.
    pub(crate) in_front: bool,
}

impl Rival {
    /// What it costs, as a page shows it.
    pub(crate) fn shown(&self) -> [String; 4] {
        [tick(self.failures, true), short(self.latency_s), short(self.cost), short(self.peak)]
    }

    /// It is at least as good as another one in all, and better in one. What only later digits tell apart than those that a
    /// page shows is no victory.
    fn beats(&self, other: &Self) -> bool {
        let costs = |rival: &Self| [rival.failures, rival.latency_s, rival.cost, rival.peak];
        let shown = self.shown().into_iter().zip(other.shown());
        let by_cost = costs(self).into_iter().zip(costs(other)).zip(shown);
        let orders = by_cost.map(|((own, other), (own_shown, other_shown))| {
            if own_shown == other_shown { Ordering::Equal } else { own.total_cmp(&other) }
        });
        let orders: Vec<Ordering> = orders.collect();
        orders.contains(&Ordering::Less) && !orders.contains(&Ordering::Greater)
    }
}

/// Policies, and what their devices spend.
pub(crate) struct Rivals {
    /// The policies.
    pub(crate) all: Vec<Rival>,
    /// What is spent, with its unit: energy where all have radios, or else transmissions.
    pub(crate) cost: &'static str,
}

/// The policies of the cells in focus.
pub(crate) fn rivals(sweep: &Sweep<'_>) -> Rivals {
    let by_energy = sweep.in_focus().all(|row| row.all.spent.is_some());
    let cost = if by_energy { "mJ per success" } else { "transmissions per success" };
    let rival = |row: &super::Row<'_>| {
        let (needed, spurious) = row.transmissions();
        let p99_us = row.all.latency_us.percentile_among(990, row.all.attempts);
        let energy = row.energy().map(|energy| energy.0).filter(|_| by_energy);
        let spent = energy.or_else(|| row.per_established(needed + spurious));
        (row.all.attempts > 0).then(|| Rival {
            name: row.series.clone(),
            failures: (row.all.attempts - row.all.established) as f64 / row.all.attempts as f64,
            latency_s: p99_us.map_or(f64::INFINITY, |us| us as f64 / 1e6),
            cost: spent.unwrap_or(f64::INFINITY),
            peak: row.all.waiting_peak as f64,
            conforms: row
                .planned
                .scenario
                .groups
                .iter()
                .all(|group| group.retransmission.conforms()),
            in_front: false,
        })
    };
    let mut all: Vec<Rival> = sweep.in_focus().filter_map(rival).collect();
    mark(&mut all);
    Rivals { all, cost }
}

fn mark(all: &mut [Rival]) {
    let in_front: Vec<bool> =
        all.iter().map(|rival| !all.iter().any(|other| other.beats(rival))).collect();
    for (rival, in_front) in all.iter_mut().zip(in_front) {
        rival.in_front = in_front;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_beaten_in_everything_is_not_in_front() {
        let rival = |latency_s, cost, peak| Rival {
            name: String::new(),
            failures: 0.0,
            latency_s,
            cost,
            peak,
            conforms: true,
            in_front: false,
        };
        let mut all = [
            rival(1.0, 3.0, 5.0),
            rival(2.0, 2.0, 5.0),
            rival(2.0, 3.0, 5.0),
            rival(1.0, 3.0, 5.0),
        ];
        mark(&mut all);
        assert_eq!(all.map(|rival| rival.in_front), [true, true, false, true]);
        // On the page both cost 2.472.
        let mut alike = [rival(2.0, 2.472_00, 5.0), rival(17.0, 2.471_94, 5.0)];
        mark(&mut alike);
        assert_eq!(alike.map(|rival| rival.in_front), [true, false]);
        // There they cost 13421 and 13428, which are five digits.
        let mut apart = [rival(2.0, 13_421.0, 5.0), rival(2.0, 13_428.0, 5.0)];
        mark(&mut apart);
        assert_eq!(apart.map(|rival| rival.in_front), [true, false]);
        let mut never = [rival(f64::INFINITY, 2.0, 5.0), rival(17.0, 2.0, 5.0)];
        mark(&mut never);
        assert_eq!(never.map(|rival| rival.in_front), [false, true]);
    }
}
