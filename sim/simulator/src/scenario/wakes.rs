//! When nodes wake: computed one wake at a time, so that a fleet that sleeps costs nothing.

use core::time::Duration;
use rand_core::Rng;
use vnet::random::uniform;

#[cfg(test)]
mod tests;

/// When the nodes of a group wake. Times count from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wakes {
    /// At these times, all nodes alike; at least one, increasing, before the end of the run.
    At(Vec<Duration>),
    /// Again and again, whatever the node does in between.
    Every {
        /// From one wake to the next at least; not zero.
        period: Duration,
        /// Up to so much is added to the period, drawn for each wake but the first.
        jitter: Duration,
        /// The first wake.
        first: FirstWake,
    },
    /// At times that know nothing of each other: the times between wakes are exponentially distributed.
    Poisson {
        /// The mean time from one wake to the next, and from the start to the first; not zero.
        mean: Duration,
    },
    /// One wake of each node.
    Once {
        /// Not before; before the end of the run.
        at: Duration,
        /// And not so much later, uniformly drawn for each node; zero: all at the same time.
        within: Duration,
    },
}

/// The first of periodic wakes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstWake {
    /// Uniformly drawn for each node from the first period: a fleet that has run for long.
    #[default]
    Spread,
    /// Then, for all nodes; before the end of the run.
    At(Duration),
}

impl Wakes {
    /// The time of wake `index`, from 0, later than `previous`, the time of wake `index - 1`: `None` for the
    /// first. Another result than `None` may be beyond the end of the run.
    ///
    /// At most one draw is taken from `rng`, which should be a stream of this node and wake, so that nothing need
    /// be kept between wakes. All arithmetic is on integers: the same on every machine.
    pub fn next<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        previous: Option<Duration>,
        index: u32,
    ) -> Option<Duration> {
        match (self, previous) {
            (Self::At(times), _) => times.get(usize::try_from(index).ok()?).copied(),
            (Self::Every { period, first: FirstWake::Spread, .. }, None) => {
                Some(Duration::from_micros(uniform(rng, micros(*period).saturating_sub(1))))
            }
            (Self::Every { first: FirstWake::At(first), .. }, None) => Some(*first),
            (Self::Every { period, jitter, .. }, Some(previous)) => {
                let jitter = Duration::from_micros(uniform(rng, micros(*jitter)));
                previous.checked_add(*period)?.checked_add(jitter)
            }
            (Self::Poisson { mean }, previous) => {
                let gap = exponential_us(micros(*mean), rng.next_u64());
                // Two wakes of a node at one time would be one.
                let gap = if previous.is_some() { gap.max(1) } else { gap };
                previous.unwrap_or_default().checked_add(Duration::from_micros(gap))
            }
            (Self::Once { at, within }, None) => {
                let later = uniform(rng, micros(*within).saturating_sub(1));
                at.checked_add(Duration::from_micros(later))
            }
            (Self::Once { .. }, Some(_)) => None,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Places of the binary fractions below.
const PLACES: u32 = 32;
/// ln 2 as such a fraction, rounded down.
const LN_2: u128 = 0xb172_17f7;

/// A uniform draw of 64 bits as an exponentially distributed time: -ln(draw / 2^64) times the mean. Zero is taken
/// for 1, so the longest is 44.4 times the mean.
fn exponential_us(mean_us: u64, draw: u64) -> u64 {
    let log = (64 << PLACES) - log2(draw.max(1));
    // At most 64 + 38 bits at each step: nothing is lost but the fraction of a microsecond.
    let nats = (u128::from(log) * LN_2) >> PLACES;
    u64::try_from((u128::from(mean_us) * nats) >> PLACES).unwrap_or(u64::MAX)
}

/// The binary logarithm of what is not zero, rounded down to [`PLACES`], bit by bit: squaring a number doubles its
/// logarithm.
fn log2(value: u64) -> u64 {
    let whole = value.ilog2();
    // From 1 to 2, with 63 places.
    let mut rest = u128::from(value << (63 - whole));
    let mut log = u64::from(whole);
    for _ in 0..PLACES {
        rest = (rest * rest) >> 63;
        log <<= 1;
        if rest >= 1 << 64 {
            log |= 1;
            rest >>= 1;
        }
    }
    log
}
