//! Scenarios: what is to be simulated, read from a strict TOML file.
//!
//! A file says everything in text with units; here it has become integers. Every key, its default and
//! its bounds are in `docs/scenario.md`. An unknown key or an impossible value is an error that names
//! the place ([`ScenarioError`]): a run that quietly ignores half of its file proves nothing.

mod build;
mod error;
mod figures;
mod group;
mod overrides;
mod schema;
mod source;
mod text;
mod units;

#[cfg(test)]
mod tests;

pub use error::ScenarioError;
pub use figures::FIGURES;
pub use group::Group;
pub use ike_initiator::Profile;
pub use units::{Rate, duration};

use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;
use ike_core::{Factor, Identity, Suite};

/// The most nodes of one run, over all groups: each has an address of its own.
pub const MAX_NODES: u32 = 1_000_000;

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it tells, in one line.
    pub description: String,
    /// The virtual time at which the run ends at the latest.
    pub duration: Duration,
    /// Where all randomness of the run comes from.
    pub seed: u64,
    /// The addresses that everybody has.
    pub family: Family,
    /// Every node's link to the gateway.
    pub link: Link,
    /// The gateway.
    pub gateway: Gateway,
    /// The nodes by groups, at least one, in the order of the file.
    pub groups: Vec<Group>,
    /// What the run must show.
    pub expect: Expect,
}

impl Scenario {
    /// Reads the text of a scenario, then applies `overrides`: dotted keys with their values, as a
    /// person types them after `--set`. Arrays of tables are indexed by group name or number, as in
    /// `node.door.count`. A value that is no TOML integer, boolean, quoted text, array or table is taken as
    /// text.
    ///
    /// The text must be a scenario without the overrides, too.
    ///
    /// # Errors
    /// The first [`ScenarioError`]: in the file, or else made by an override.
    pub fn parse(
        file_name: &str,
        text: &str,
        overrides: &[(String, String)],
    ) -> Result<Self, ScenarioError> {
        let scenario = source::Source::file(file_name, text).read()?;
        if overrides.is_empty() {
            return Ok(scenario);
        }
        let changed = overrides::apply(file_name, text, overrides)?;
        source::Source::overridden(file_name, &changed).read()
    }

    /// How many nodes all groups have together; at most [`MAX_NODES`].
    #[must_use]
    pub fn nodes(&self) -> u32 {
        self.groups.iter().map(|group| group.count).sum()
    }
}

/// The addresses of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    #[default]
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The MTUs that a link may have, in octets: from what every link of the family must carry (RFC 791
    /// 3.1; RFC 8200 5) to a jumbo frame.
    #[must_use]
    pub const fn mtus(self) -> RangeInclusive<u16> {
        match self {
            Self::Ipv4 => 576..=9_000,
            Self::Ipv6 => 1_280..=9_000,
        }
    }
}

/// A link by its two directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// From the node to the gateway.
    pub towards: LinkDirection,
    /// From the gateway back to the node.
    pub back: LinkDirection,
}

/// One direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkDirection {
    /// The time that each datagram takes at least.
    pub delay: Duration,
    /// Up to so much is added to the delay, drawn for each datagram.
    pub jitter: Duration,
    /// The share of datagrams that is lost.
    pub loss: Rate,
    /// The longest IP datagram, in octets; within [`Family::mtus`].
    pub mtu: u16,
}

/// 20 ms, no jitter, no loss, 1280 octets.
impl Default for LinkDirection {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(20),
            jitter: Duration::ZERO,
            loss: Rate::ZERO,
            mtu: 1_280,
        }
    }
}

/// The gateway that all nodes connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Who it says it is.
    pub identity: Identity,
    /// What it accepts, the best first; at least one, each once.
    pub suites: Vec<Suite>,
    /// When it asks for a cookie.
    pub cookies: Cookies,
    /// A peer that was silent for so long is asked whether it lives (RFC 7296 2.4); `None`: never.
    pub liveness: Option<Duration>,
    /// An IKE SA whose IKE_AUTH does not come is forgotten after this.
    pub half_open_timeout: Duration,
    /// The gateway deletes an IKE SA when so much time has passed since it was established; `None`: it does not.
    pub delete_after: Option<Duration>,
}

/// When a gateway answers IKE_SA_INIT with COOKIE (RFC 7296 2.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cookies {
    /// Never.
    #[default]
    Never,
    /// Whenever a request has none.
    Always,
}

/// How a node ends its SA before it sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Close {
    /// It forgets, without a word (RFC 7815 2.1).
    #[default]
    Silent,
    /// It sends a Delete and waits for the answer (RFC 7815 B.1).
    Delete,
}

/// What a node does with its Child SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// The garage door opener.
    GarageDoor(GarageDoor),
    /// ICMP echo requests.
    Ping(Ping),
}

/// A press of the button: "open", its acknowledgement, a status each [`Self::status_every`] while the door moves, a
/// final message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GarageDoor {
    /// How long the door moves.
    pub travel: Duration,
    /// From one status message to the next; not zero.
    pub status_every: Duration,
    /// How long a message waits for its acknowledgement before it is sent again; not zero.
    pub reply_timeout: Duration,
    /// Transmissions of a message, the first among them; at least 1.
    pub tries: u8,
}

/// Echo requests to the server behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// How many; at least 1.
    pub count: u16,
    /// From one to the next; not zero.
    pub interval: Duration,
    /// Octets after the ICMP header.
    pub payload: u16,
    /// How long a reply may take; not zero.
    pub timeout: Duration,
}

/// What a node does in one wake when an attempt has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// Attempts in one wake, the first among them; at least 1.
    pub attempts: u8,
    /// From the first failure to the second attempt.
    pub hold_off: Duration,
    /// What the hold-off is multiplied by after each further failure; not zero.
    pub growth: Factor,
}

impl Restart {
    /// The time from the failure of attempt `attempt` (from 1) to the next one.
    #[must_use]
    pub fn hold_off_after(&self, attempt: u8) -> Duration {
        let mut us = self.hold_off.as_micros();
        for _ in 1..attempt {
            us = us.saturating_mul(self.growth.numerator.into())
                / u128::from(self.growth.denominator.max(1));
        }
        Duration::from_micros(u64::try_from(us).unwrap_or(u64::MAX))
    }
}

/// One attempt; should there be more, they start 10 s after the failure, and the hold-off doubles.
impl Default for Restart {
    fn default() -> Self {
        Self {
            attempts: 1,
            hold_off: Duration::from_secs(10),
            growth: Factor { numerator: 2, denominator: 1 },
        }
    }
}

/// What a run must show: names of [`FIGURES`], in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect(Vec<(&'static str, Bound)>);

impl Expect {
    /// Each figure's name with its bound.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, Bound)> + '_ {
        self.0.iter().copied()
    }

    /// Whether nothing is expected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a figure may be; a missing side is not limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Not less.
    pub min: Option<u64>,
    /// Not more.
    pub max: Option<u64>,
}

impl Bound {
    /// Exactly this.
    #[must_use]
    pub const fn exactly(value: u64) -> Self {
        Self { min: Some(value), max: Some(value) }
    }

    /// Whether a figure is within.
    #[must_use]
    pub fn holds(&self, value: u64) -> bool {
        self.min.is_none_or(|min| min <= value) && self.max.is_none_or(|max| value <= max)
    }
}

/// As in a file: `3`, `>= 3`, `<= 4`, `2..=5`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => write!(f, "{min}"),
            (Some(min), Some(max)) => write!(f, "{min}..={max}"),
            (Some(min), None) => write!(f, ">= {min}"),
            (None, Some(max)) => write!(f, "<= {max}"),
            (None, None) => f.write_str(">= 0"),
        }
    }
}
