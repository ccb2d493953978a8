//! Policies against each other: which of them no other one beats.

use super::Sweep;

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
    /// What a device spends on each handshake that succeeds: [`Rivals::cost`].
    pub(crate) cost: f64,
    /// The most that was half-open or waited at the gateway at one time.
    pub(crate) peak: f64,
    /// Whether its schedules are what RFC 7815 2.1 allows.
    pub(crate) conforms: bool,
    /// No other one is at least as good in all, and better in one.
    pub(crate) in_front: bool,
}

impl Rival {
    /// As far as a page shows them: what only later digits tell apart is no victory.
    fn costs(&self) -> [f64; 4] {
        [self.failures, self.latency_s, self.cost, self.peak].map(shown)
    }
}

/// Four digits that count.
fn shown(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
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
        Some(Rival {
            name: row.series.clone(),
            failures: 1.0 - row.all.established as f64 / row.all.attempts as f64,
            latency_s: p99_us.map_or(f64::INFINITY, |us| us as f64 / 1e6),
            cost: energy.or_else(|| row.per_established(needed + spurious))?,
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
    let costs: Vec<[f64; 4]> = all.iter().map(Rival::costs).collect();
    let beats = |a: &[f64; 4], b: &[f64; 4]| {
        a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
    };
    for (rival, own) in all.iter_mut().zip(&costs) {
        rival.in_front = !costs.iter().any(|other| beats(other, own));
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
        let mut never = [rival(f64::INFINITY, 2.0, 5.0), rival(17.0, 2.0, 5.0)];
        mark(&mut never);
        assert_eq!(never.map(|rival| rival.in_front), [false, true]);
    }
}
