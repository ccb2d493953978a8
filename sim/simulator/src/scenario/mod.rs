//! Scenarios: what is to be simulated, read from a strict TOML file.
//!
//! A file says everything in text with units; here it has become integers. Every key, its default and
//! its bounds are in `docs/scenario.md`. An unknown key or an impossible value is an error that names
//! the place ([`ScenarioError`]): a run that quietly ignores half of its file proves nothing.

mod application;
mod build;
mod error;
mod figures;
mod gateway;
mod group;
mod hardware;
mod link;
mod overrides;
mod schema;
mod source;
mod text;
mod units;
mod wakes;

#[cfg(test)]
mod tests;

pub use crate::backend::Backend;
pub use application::{Application, GarageDoor, Ping, RoomSensor};
pub use error::ScenarioError;
pub use figures::FIGURES;
pub use gateway::{
    CHILD_ERRORS, ChildPolicy, Cookies, Forger, Forgery, ForgeryTarget, Gateway, GatewaySelectors,
    Request, RequestKind,
};
pub use group::{Address, Group, Remote};
pub use hardware::{Airtime, Cpu, Fragments, Framing, GroupTimes, Listen, Power, Radio};
pub use ike_initiator::Profile;
pub use link::{Link, LinkDirection, Listed, Outage, Queue};
pub use overrides::as_text;
pub use text::in_plain_words;
pub use units::{Rate, duration};
pub use wakes::{FirstWake, Wakes};

use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;
use ike_core::Factor;
use std::collections::BTreeMap;

/// The most nodes of one run, over all groups: each has an address of its own.
pub const MAX_NODES: u32 = 1_000_000;

/// The most nodes behind one shared address: each has a port of its own, from 10000 on.
pub const MAX_SHARED: u32 = 55_536;

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it tells, in one line.
    pub description: String,
    /// The virtual time at which the run ends at the latest.
    pub duration: Duration,
    /// Where all randomness of the run comes from.
    pub seed: u64,
    /// The algorithms that everybody has.
    pub crypto: Backend,
    /// The addresses that everybody has.
    pub family: Family,
    /// A node's link to the gateway where its group says nothing else: see [`Group::link`].
    pub link: Link,
    /// The gateway.
    pub gateway: Gateway,
    /// The nodes by groups, at least one, in the order of the file.
    pub groups: Vec<Group>,
    /// Who injects datagrams, in the order of the file.
    pub forgers: Vec<Forger>,
    /// What the run must show.
    pub expect: Expect,
    /// The texts of the files that it was made from beside its own, by the names that it gives them.
    pub files: BTreeMap<String, String>,
}

/// The text of a file beside a scenario, by its name: a relative path of plain names. The error is what is wrong with it.
pub type Files<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

impl Scenario {
    /// Reads the text of a scenario, then applies `overrides`: dotted keys with their values, as a
    /// person types them after `--set`. Arrays of tables are indexed by group name or number, as in
    /// `node.door.count`. A value that is no TOML integer, boolean, quoted text, array or table is taken as
    /// text.
    ///
    /// The text must be a scenario without the overrides, too.
    ///
    /// # Errors
    /// The first [`ScenarioError`]: in the file, or else made by an override. One that names another file is wrong, too.
    pub fn parse(
        file_name: &str,
        text: &str,
        overrides: &[(String, String)],
    ) -> Result<Self, ScenarioError> {
        let nothing = |_: &str| Err("there are no files beside this scenario".to_owned());
        Self::parse_beside(file_name, text, overrides, &nothing)
    }

    /// As [`Scenario::parse`], with the files that lie beside the scenario's own.
    ///
    /// # Errors
    /// As [`Scenario::parse`]; or a file cannot be had, or something is wrong in it.
    pub fn parse_beside(
        file_name: &str,
        text: &str,
        overrides: &[(String, String)],
        files: &Files<'_>,
    ) -> Result<Self, ScenarioError> {
        let scenario = source::Source::file(file_name, text).read(files)?;
        if overrides.is_empty() {
            return Ok(scenario);
        }
        let changed = overrides::apply(file_name, text, overrides)?;
        source::Source::overridden(file_name, &changed).read(files)
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

/// How a node ends its SA before it sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Close {
    /// It forgets, without a word (RFC 7815 2.1).
    #[default]
    Silent,
    /// It sends a Delete and waits for the answer (RFC 7815 B.1).
    Delete,
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
