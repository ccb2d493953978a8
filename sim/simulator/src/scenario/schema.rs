//! What a file may say, key by key. What it means is made of it in [`build`](super::build).
//!
//! `Spanned` is around what can only be checked beside other values.

mod application;
mod gateway;
mod hardware;
mod link;
mod node;

pub(super) use super::text::{FromText, Number, Or, Positive, Text, WholePercent, from_tables};
pub(super) use application::{Application, Kind};
pub(super) use gateway::{Accept, Child, ChildError, Cookies, Forger, Gateway, Request};
#[cfg(test)]
pub(super) use hardware::presets;
pub(super) use hardware::{
    Always, Cpu, CpuPreset, GroupTimes, Millivolts, Nanoamperes, Radio, RadioPreset, Windows,
};
pub(super) use link::{
    BitRate, DatagramNumber, GilbertElliott, Link, LinkDirection, Listed, LossTrace, Outage, Queue,
    QueueLimits, Span,
};
pub(super) use node::{
    Count, First, Jitter, JitterWord, Node, Preset, Restart, Retransmission, Wakes,
};

use super::{Backend, Bound, Family};
use core::fmt;
use core::time::Duration;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

/// A list whose elements have places of their own.
pub(super) type List<T> = Spanned<Vec<Spanned<T>>>;
/// Times since the start of the run.
pub(super) type Times = List<Text<Duration>>;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) description: Spanned<String>,
    pub(super) duration: Text<Positive>,
    pub(super) seed: Option<Number<0, { u64::MAX }>>,
    pub(super) crypto: Option<Text<Backend>>,
    pub(super) family: Option<Text<Family>>,
    pub(super) link: Option<Link>,
    pub(super) gateway: Option<Gateway>,
    pub(super) node: List<Node>,
    pub(super) forger: Option<Vec<Forger>>,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// `[expect]`: its keys are names of figures, and their order is kept.
#[derive(Default)]
pub(super) struct Expect(pub(super) Vec<(Spanned<String>, Bound)>);

struct ExpectVisitor;

impl<'de> Visitor<'de> for ExpectVisitor {
    type Value = Expect;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of figures and their bounds")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Expect, A::Error> {
        let mut figures = Vec::new();
        while let Some(entry) = map.next_entry()? {
            figures.push(entry);
        }
        Ok(Expect(figures))
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ExpectVisitor)
    }
}
