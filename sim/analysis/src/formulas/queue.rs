//! What queues at a gateway that needs some time for each Diffie-Hellman.

use super::rings_first;

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
    /// What of R is the way back.
    pub back_us: u64,
}

impl Herd {
    /// When node number `place` in the queue (from 1) has its answer, in microseconds after all woke: place x c + R.
    #[must_use]
    pub const fn answered_us(&self, place: u64) -> u64 {
        place * self.service_us + self.round_trip_us
    }

    /// IKE_SA_INIT transmissions of all together, by a schedule that transmits at these times (the first is 0) and never
    /// gives up before it is served: each node sends again at S_j unless place x c + R is before that, so
    /// n + sum over j >= 1 of max(0, n - max(0, ceil((S_j - R) / c) - 1)). At the same time it sends if its timer rings first.
    #[must_use]
    pub fn transmissions(&self, starts_us: &[u64]) -> u64 {
        let again = (1..starts_us.len()).map(|place| {
            let queued_us = starts_us[place].saturating_sub(self.round_trip_us);
            let served = if rings_first(starts_us, place, (self.back_us, self.service_us)) {
                queued_us.div_ceil(self.service_us).saturating_sub(1)
            } else {
                queued_us / self.service_us
            };
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

/// Nodes that wake at random, each by a Poisson process of its own while it sleeps, at a gateway that takes the same time for
/// each: M/D/1 with a finite source. Who waits does not wake, so the longer the queue, the fewer come: with 150 nodes and half
/// a load that is 3 % of the wait, with many nothing, and the wait is Pollaczek's and Khinchine's rho c / (2 (1 - rho)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sleepers {
    /// Nodes; at least one.
    pub nodes: u64,
    /// c, in microseconds; not zero.
    pub service_us: u64,
}

impl Sleepers {
    /// Those served from the first to an idle gateway until it is idle again, in the mean, by x = c / Z where Z is the mean time
    /// from an answer to the next wake: the sum over j of C(n - 1, j) (e^x - 1) (e^2x - 1) .. (e^jx - 1) (Takacs).
    fn served_in_a_row(&self, x: f64) -> f64 {
        let once = exponential_less_one(x);
        let (mut term, mut sum, mut grown) = (1.0, 1.0, 0.0);
        for place in 1..self.nodes {
            grown += once + grown * once;
            term *= (self.nodes - place) as f64 / place as f64 * grown;
            sum += term;
            if !sum.is_finite() || term < sum * 1e-17 {
                break;
            }
        }
        sum
    }

    /// The mean time that one waits before it is served, in microseconds, where so many come in a second. Infinite where they
    /// are as many as can be served.
    ///
    /// A gateway that serves B in a row and is then idle for Z / n serves 1 / (c + Z / (n B)) in a second, which gives Z. A node
    /// comes around once in n / rate = Z + wait + c.
    #[must_use]
    pub fn wait_us(&self, arrivals_per_s: f64) -> f64 {
        if utilisation(arrivals_per_s, self.service_us) >= 1.0 {
            return f64::INFINITY;
        }
        let (nodes, service_us) = (self.nodes as f64, self.service_us as f64);
        let (apart_us, around_us) = (1e6 / arrivals_per_s, nodes * 1e6 / arrivals_per_s);
        let (mut low, mut high) = (0.0, (around_us - service_us).max(0.0));
        for _ in 0..HALVINGS {
            let asleep_us = f64::midpoint(low, high);
            let in_a_row = self.served_in_a_row(service_us / asleep_us);
            let too_many = service_us + asleep_us / (nodes * in_a_row) < apart_us;
            *if too_many { &mut low } else { &mut high } = asleep_us;
        }
        (around_us - high - service_us).max(0.0)
    }
}

/// More than a float has digits.
const HALVINGS: usize = 64;

/// e^x - 1 by its series, so that no library rounds it differently elsewhere.
fn exponential_less_one(x: f64) -> f64 {
    // Beyond this it is more than anybody asks for.
    if x > 50.0 {
        return f64::INFINITY;
    }
    let (mut term, mut sum, mut index) = (x, x, 1.0);
    while term > sum * 1e-17 {
        index += 1.0;
        term *= x / index;
        sum += term;
    }
    sum
}
