//! What a file may say, key by key. What it means is made of it in [`build`](super::build).
//!
//! `Spanned` is around what can only be checked beside other values.

pub(super) use super::text::{FromText, Number, Or, Positive, Text, WholePercent};

use super::text::word;
use super::{Bound, Close, Cookies, Family, MAX_NODES, Profile, Rate};
use core::fmt;
use core::time::Duration;
use ike_core::{Factor, Identity, Schedule, Suite};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) description: Spanned<String>,
    pub(super) duration: Text<Positive>,
    pub(super) seed: Option<Number<0, { u64::MAX }>>,
    pub(super) family: Option<Text<Family>>,
    pub(super) link: Option<Link>,
    pub(super) gateway: Option<Gateway>,
    pub(super) node: Spanned<Vec<Spanned<Node>>>,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// `[link]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    pub(super) delay: Option<Text<Duration>>,
    pub(super) jitter: Option<Text<Duration>>,
    pub(super) loss: Option<Text<Rate>>,
    pub(super) mtu: Option<Spanned<Mtu>>,
    pub(super) towards: Option<LinkDirection>,
    pub(super) back: Option<LinkDirection>,
}

/// `[link.towards]` and `[link.back]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkDirection {
    pub(super) delay: Option<Text<Duration>>,
    pub(super) jitter: Option<Text<Duration>>,
    pub(super) loss: Option<Text<Rate>>,
    pub(super) mtu: Option<Spanned<Mtu>>,
}

/// The bounds of either family; those of the scenario's are checked later.
pub(super) type Mtu = Number<576, 9_000>;

/// `[gateway]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Gateway {
    pub(super) identity: Option<Text<Identity>>,
    pub(super) suites: Option<Spanned<Vec<Spanned<Text<Suite>>>>>,
    pub(super) cookies: Option<Text<Cookies>>,
    pub(super) liveness: Option<Text<Positive>>,
    pub(super) half_open_timeout: Option<Text<Positive>>,
    pub(super) delete_after: Option<Text<Positive>>,
}

/// How many nodes a group may have.
pub(super) type Count = Number<1, { MAX_NODES as u64 }>;

/// `[[node]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    pub(super) name: Spanned<String>,
    pub(super) count: Option<Spanned<Count>>,
    pub(super) identity: Option<Spanned<String>>,
    pub(super) psk: Option<Spanned<String>>,
    pub(super) gateway_psk: Option<Spanned<String>>,
    pub(super) suite: Option<Text<Suite>>,
    pub(super) profile: Option<Text<Profile>>,
    pub(super) retransmission: Option<Spanned<Or<Preset, Retransmission>>>,
    pub(super) initial_contact: Option<bool>,
    pub(super) awake: Option<Text<Duration>>,
    pub(super) close: Option<Text<Close>>,
    pub(super) wakes: Wakes,
    pub(super) application: Application,
    pub(super) restart: Option<Restart>,
}

/// `wakes`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wakes {
    pub(super) at: Spanned<Vec<Spanned<Text<Duration>>>>,
}

/// `retransmission` as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retransmission {
    pub(super) preset: Option<Text<Preset>>,
    pub(super) first: Option<Text<Positive>>,
    pub(super) factor: Option<Text<Factor>>,
    pub(super) cap: Option<Text<Positive>>,
    pub(super) tries: Option<Number<1, 255>>,
    pub(super) jitter: Option<Spanned<Or<NoJitter, Jitter>>>,
}

/// The name of a schedule.
#[derive(Clone, Copy)]
pub(super) struct Preset(pub(super) Schedule);

impl FromText for Preset {
    const EXPECTED: &'static str = r#"the name of a schedule such as "rfc7296""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &Schedule::PRESETS).map(Self)
    }
}

/// `jitter = "none"`.
pub(super) struct NoJitter;

impl FromText for NoJitter {
    const EXPECTED: &'static str = r#""none""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let expected = r#"expected "none", { stretch = "50%" } or { shorten = "20%" }"#;
        if text == "none" { Ok(Self) } else { Err(format!(r#""{text}" is not known: {expected}"#)) }
    }
}

/// `jitter` as a table: one of its keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jitter {
    pub(super) stretch: Option<Text<WholePercent>>,
    pub(super) shorten: Option<Text<WholePercent>>,
}

/// `application`: the keys of all kinds. Which kind has which is checked later, where each value still has
/// its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) kind: Text<Kind>,
    pub(super) travel: Option<Spanned<Text<Duration>>>,
    pub(super) status_every: Option<Spanned<Text<Positive>>>,
    pub(super) reply_timeout: Option<Spanned<Text<Positive>>>,
    pub(super) tries: Option<Spanned<Number<1, 255>>>,
    pub(super) count: Option<Spanned<Number<1, 65_535>>>,
    pub(super) interval: Option<Spanned<Text<Positive>>>,
    pub(super) payload: Option<Spanned<Number<0, 8_192>>>,
    pub(super) timeout: Option<Spanned<Text<Positive>>>,
}

/// The kinds of application.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    GarageDoor,
    Ping,
}

impl FromText for Kind {
    const EXPECTED: &'static str = r#""garage-door" or "ping""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("garage-door", Self::GarageDoor), ("ping", Self::Ping)])
    }
}

/// `restart`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Restart {
    pub(super) attempts: Option<Number<1, 255>>,
    pub(super) hold_off: Option<Text<Duration>>,
    pub(super) growth: Option<Text<Factor>>,
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
