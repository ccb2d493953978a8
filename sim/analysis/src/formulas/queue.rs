//! What queues at a gateway that needs some time for each Diffie-Hellman.

/// So many nodes wake at once; the gateway serves one IKE_SA_INIT after the other and a duplicate of one that waits costs
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Herd {
    /// Nodes.
    pub nodes: u64,
    /// c: the time of one, in microseconds; not zero.
    pub service_us: u64,
    /// R, in microseconds.
    pub round_trip_us: u64,
}

impl Herd {
    /// When node number `place` in the queue (from 1) has its answer, in microseconds after all woke: place x c + R.
    #[must_use]
    pub const fn answered_us(&self, place: u64) -> u64 {
        place * self.service_us + self.round_trip_us
    }

    /// IKE_SA_INIT transmissions of all together, by a schedule that transmits at these times (the first is 0) and never
    /// gives up before it is served: each node sends again at S_j unless place x c + R is before that (at the same time
    /// the timer, which was set earlier, rings first), so n + sum over j >= 1 of max(0, n - max(0, ceil((S_j - R) / c) - 1)).
    #[must_use]
    pub fn transmissions(&self, starts_us: &[u64]) -> u64 {
        let again = starts_us.iter().skip(1).map(|start_us| {
            let queued_us = start_us.saturating_sub(self.round_trip_us);
            let served = queued_us.div_ceil(self.service_us).saturating_sub(1);
            self.nodes.saturating_sub(served)
        });
        self.nodes + again.sum::<u64>()
    }
}

/// rho = lambda c: the share of time that the server works, by its arrivals in a second and its time for each.
#[must_use]
pub fn utilisation(arrivals_per_s: f64, service_us: u64) -> f64 {
    arrivals_per_s * service_us as f64 / 1e6
}

/// The mean time that an arrival waits before it is served, in microseconds: Poisson arrivals, one server, each takes the
/// same time (M/D/1). Pollaczek and Khinchine with no variance: rho c / (2 (1 - rho)). Infinite from rho = 1 on.
#[must_use]
pub fn md1_wait_us(utilisation: f64, service_us: u64) -> f64 {
    if utilisation >= 1.0 {
        return f64::INFINITY;
    }
    utilisation * service_us as f64 / (2.0 * (1.0 - utilisation))
}
