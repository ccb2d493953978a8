//! Retransmission schedules as data (RFC 7296 2.1, 2.4; RFC 7815 2.1).

use core::time::Duration;

/// A rational number: a float would round differently on different machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor {
    /// Above the line.
    pub numerator: u32,
    /// Below the line; zero is taken as 1.
    pub denominator: u32,
}

impl Factor {
    /// `numerator / denominator`; `None` where the denominator is zero.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Option<Self> {
        if denominator == 0 { None } else { Some(Self { numerator, denominator }) }
    }
}

/// How a timeout departs from the exact one; the draws are uniform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Jitter {
    /// Not at all.
    None,
    /// One draw a request stretches all its timeouts by up to so many percent (RFC 7252 4.2:
    /// ACK_RANDOM_FACTOR 1.5 is 50).
    Stretch {
        /// At most.
        percent: u8,
    },
    /// A draw for each timeout shortens it by up to so many percent (strongSwan's
    /// `retransmit_jitter`).
    Shorten {
        /// At most.
        percent: u8,
    },
    /// A draw for each timeout makes it anything from nothing to the exact one: nodes that failed together
    /// are spread as far as they can be, and no interval need be longer than the one before.
    Full,
}

/// How the timeouts of a schedule grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Growth {
    /// Each is longer than the one before.
    Exponential,
    /// As above until the cap, which the later ones share.
    ExponentialToCap,
    /// One below the cap is no longer than the one before: libreswan's second repeats the first,
    /// then they grow.
    RepeatsFirst,
    /// They never grow, the first is zero, or there is no retransmission at all.
    None,
}

/// When a request is sent again, and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// The timeout after the first transmission.
    pub first: Duration,
    /// What a timeout is multiplied by for the next one.
    pub factor: Factor,
    /// No timeout is longer but for jitter that stretches it; nor is any longer than a day.
    pub cap: Option<Duration>,
    /// Transmissions, the first among them; at least 1.
    pub tries: u8,
    /// How timeouts depart from the exact ones.
    pub jitter: Jitter,
    /// Whether the second timeout repeats the first.
    pub repeat_first: bool,
    /// Timeouts are rounded down to a multiple of this; zero is taken as a microsecond.
    pub resolution: Duration,
}

const DOUBLING: Schedule = Schedule {
    first: Duration::from_secs(1),
    factor: Factor { numerator: 2, denominator: 1 },
    cap: None,
    tries: 1,
    jitter: Jitter::None,
    repeat_first: false,
    resolution: Duration::from_micros(1),
};

impl Schedule {
    /// strongSwan's defaults: 4 s x 1.8^n in whole milliseconds, 6 transmissions.
    pub const STRONGSWAN: Self = Self {
        first: Duration::from_secs(4),
        factor: Factor { numerator: 9, denominator: 5 },
        tries: 6,
        resolution: Duration::from_millis(1),
        ..DOUBLING
    };
    /// libreswan's defaults: 0.5 s twice, then doubled, 8 transmissions.
    pub const LIBRESWAN: Self =
        Self { first: Duration::from_millis(500), tries: 8, repeat_first: true, ..DOUBLING };
    /// RFC 7252 4.8: 2 to 3 s, doubled, 5 transmissions.
    pub const COAP: Self = Self {
        first: Duration::from_secs(2),
        tries: 5,
        jitter: Jitter::Stretch { percent: 50 },
        ..DOUBLING
    };
    /// RFC 7296 2.4's advice of a dozen tries over several minutes: 1 s, doubled up to 64 s.
    pub const RFC7296: Self = Self { cap: Some(Duration::from_secs(64)), tries: 12, ..DOUBLING };

    /// OpenIKED's: 2 s, doubled, 5 transmissions.
    pub const OPENIKED: Self = Self { first: Duration::from_secs(2), tries: 5, ..DOUBLING };
    /// Seen in the field, and wrong on purpose: every 15 s, 5 transmissions.
    pub const FIXED: Self = Self {
        first: Duration::from_secs(15),
        factor: Factor { numerator: 1, denominator: 1 },
        tries: 5,
        ..DOUBLING
    };

    /// The schedules that a configuration names.
    pub const PRESETS: [(&'static str, Self); 6] = [
        ("strongswan", Self::STRONGSWAN),
        ("libreswan", Self::LIBRESWAN),
        ("coap", Self::COAP),
        ("rfc7296", Self::RFC7296),
        ("openiked", Self::OPENIKED),
        ("fixed", Self::FIXED),
    ];

    /// The preset of that name.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|(known, _)| *known == name).map(|(_, schedule)| *schedule)
    }

    /// The time from transmission `index` (0 is the first) to the next, without jitter.
    #[must_use]
    pub fn exact_timeout(&self, index: u8) -> Duration {
        let steps = if self.repeat_first { index.saturating_sub(1) } else { index };
        self.rounded(self.scaled(steps, self.cap_us()))
    }

    fn cap_us(&self) -> u128 {
        self.cap.map_or(MAX_TIMEOUT_US, |cap| cap.as_micros().min(MAX_TIMEOUT_US))
    }

    fn rounded(&self, us: u128) -> Duration {
        let resolution = self.resolution.as_micros().max(1);
        Duration::from_micros(u64::try_from(us / resolution * resolution).unwrap_or(u64::MAX))
    }

    /// first x factor^steps in microseconds, exact as long as it fits, at most `cap`.
    fn scaled(&self, steps: u8, cap: u128) -> u128 {
        let up = u128::from(self.factor.numerator);
        let down = u128::from(self.factor.denominator.max(1));
        let (mut numerator, mut denominator) = (self.first.as_micros(), 1_u128);
        for _ in 0..steps {
            if up >= down && numerator / denominator >= cap {
                return cap;
            }
            match (numerator.checked_mul(up), denominator.checked_mul(down)) {
                (Some(n), Some(d)) => (numerator, denominator) = (n, d),
                // Too many digits for an exact fraction: go on from the whole microsecond.
                _ => (numerator, denominator) = (numerator / denominator * up / down, 1),
            }
        }
        (numerator / denominator).min(cap)
    }

    /// The time from transmission `index` to the next. `request_draw` was drawn once for the
    /// request, `draw` for this timeout; both are uniform over all of `u32`.
    #[must_use]
    pub fn timeout(&self, index: u8, request_draw: u32, draw: u32) -> Duration {
        let exact = self.exact_timeout(index);
        let us = u64::try_from(exact.as_micros()).unwrap_or(u64::MAX);
        let share = |percent: u8, draw: u32| {
            let most = u128::from(us) * u128::from(percent) / 100;
            u64::try_from((most * u128::from(draw)) >> 32).unwrap_or(u64::MAX)
        };
        match self.jitter {
            Jitter::None => exact,
            Jitter::Stretch { percent } => {
                Duration::from_micros(us.saturating_add(share(percent, request_draw)))
            }
            Jitter::Shorten { percent } => {
                Duration::from_micros(us.saturating_sub(share(percent.min(100), draw)))
            }
            Jitter::Full => {
                let range = u128::from(us) + 1;
                Duration::from_micros(u64::try_from((range * u128::from(draw)) >> 32).unwrap_or(us))
            }
        }
    }

    /// The shortest that jitter makes of an exact timeout, beside other timeouts of the same request.
    fn shortest(&self, exact: Duration) -> Duration {
        match self.jitter {
            // One draw stretches all of them alike.
            Jitter::None | Jitter::Stretch { .. } => exact,
            Jitter::Shorten { percent } => exact - exact * u32::from(percent.min(100)) / 100,
            Jitter::Full => Duration::ZERO,
        }
    }

    /// Whether each timeout is longer than the one before whatever is drawn, until the cap is reached.
    fn grows_whatever_is_drawn(&self) -> bool {
        let longest = self.rounded(self.cap_us());
        (1..self.tries).all(|index| {
            let before = self.exact_timeout(index - 1);
            before == longest || before < self.shortest(self.exact_timeout(index))
        })
    }

    /// How the timeouts grow, jitter aside.
    #[must_use]
    pub fn growth(&self) -> Growth {
        if self.tries < 2 || self.exact_timeout(0).is_zero() {
            return Growth::None;
        }
        let timeouts = || (0..self.tries).map(|index| self.exact_timeout(index));
        let pairs = || timeouts().zip(timeouts().skip(1));
        if pairs().all(|(a, b)| a < b) {
            return Growth::Exponential;
        }
        if pairs().all(|(a, b)| a >= b) {
            return Growth::None;
        }
        let longest = self.rounded(self.cap_us());
        let until_cap = pairs().skip_while(|(a, b)| a < b).all(|(_, b)| b == longest);
        if until_cap { Growth::ExponentialToCap } else { Growth::RepeatsFirst }
    }

    /// Whether the schedule is what RFC 7815 2.1 and RFC 7296 2.1 demand: retransmissions at
    /// exponentially increasing intervals, whatever is drawn for the jitter. A cap conforms; its reader is
    /// told by [`Self::growth`].
    #[must_use]
    pub fn conforms(&self) -> bool {
        matches!(self.growth(), Growth::Exponential | Growth::ExponentialToCap)
            && self.grows_whatever_is_drawn()
    }
}

/// A day: longer timeouts would outlive any battery's patience.
const MAX_TIMEOUT_US: u128 = 86_400_000_000;

#[cfg(test)]
mod tests;
