//! `[[node]]`.

use super::{
    Always, Application, Cpu, CpuPreset, FromText, Link, Number, Or, Positive, Radio, RadioPreset,
    Text, Times, WholePercent, Windows, from_tables,
};
use crate::scenario::text::word;
use crate::scenario::{Address, Close, MAX_NODES, Profile, Remote};
use core::time::Duration;
use ike_core::{Factor, Schedule, Suite};
use serde::Deserialize;
use toml::Spanned;

from_tables! { Node Wakes Restart }

/// How many nodes a group may have.
pub(in crate::scenario) type Count = Number<1, { MAX_NODES as u64 }>;

/// `[[node]]`.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table of a group's keys, such as [[node]]"
)]
pub(in crate::scenario) struct Node {
    pub(in crate::scenario) name: Spanned<String>,
    pub(in crate::scenario) count: Option<Spanned<Count>>,
    pub(in crate::scenario) identity: Option<Spanned<String>>,
    pub(in crate::scenario) psk: Option<Spanned<String>>,
    pub(in crate::scenario) gateway_psk: Option<Spanned<String>>,
    pub(in crate::scenario) known: Option<bool>,
    pub(in crate::scenario) suite: Option<Text<Suite>>,
    pub(in crate::scenario) profile: Option<Text<Profile>>,
    pub(in crate::scenario) retransmission: Option<Spanned<Or<Preset, Retransmission>>>,
    pub(in crate::scenario) initial_contact: Option<bool>,
    pub(in crate::scenario) awake: Option<Text<Duration>>,
    pub(in crate::scenario) close: Option<Text<Close>>,
    pub(in crate::scenario) wakes: Spanned<Wakes>,
    pub(in crate::scenario) application: Application,
    pub(in crate::scenario) restart: Option<Restart>,
    pub(in crate::scenario) link: Option<Link>,
    pub(in crate::scenario) address: Option<Spanned<Text<Address>>>,
    pub(in crate::scenario) remote: Option<Text<Remote>>,
    pub(in crate::scenario) cpu: Option<Spanned<Or<CpuPreset, Cpu>>>,
    pub(in crate::scenario) radio: Option<Spanned<Or<RadioPreset, Radio>>>,
    pub(in crate::scenario) listen: Option<Spanned<Or<Always, Windows>>>,
}

/// `wakes`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, remote = "Self", expecting = "a table such as { every = \"15min\" }")]
pub(in crate::scenario) struct Wakes {
    pub(in crate::scenario) at: Option<Times>,
    pub(in crate::scenario) every: Option<Spanned<Text<Positive>>>,
    pub(in crate::scenario) jitter: Option<Spanned<Text<Duration>>>,
    pub(in crate::scenario) first: Option<Spanned<Text<First>>>,
    pub(in crate::scenario) poisson: Option<Spanned<Text<Positive>>>,
    pub(in crate::scenario) once: Option<Spanned<Text<Duration>>>,
    pub(in crate::scenario) within: Option<Spanned<Text<Duration>>>,
}

/// `first` of `wakes`.
#[derive(Clone, Copy)]
pub(in crate::scenario) enum First {
    /// Drawn for each node.
    Spread,
    /// The same for all.
    At(Duration),
}

impl FromText for First {
    const EXPECTED: &'static str =
        r#""spread", or a duration such as "250ms", "1.5s" or "1h30min""#;

    fn from_text(text: &str) -> Result<Self, String> {
        if text == "spread" { Ok(Self::Spread) } else { Duration::from_text(text).map(Self::At) }
    }
}

/// `retransmission` as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { preset = \"rfc7296\" }")]
pub(in crate::scenario) struct Retransmission {
    pub(in crate::scenario) preset: Option<Text<Preset>>,
    pub(in crate::scenario) first: Option<Text<Positive>>,
    pub(in crate::scenario) factor: Option<Text<Factor>>,
    pub(in crate::scenario) cap: Option<Text<Positive>>,
    pub(in crate::scenario) tries: Option<Number<1, 255>>,
    pub(in crate::scenario) jitter: Option<Spanned<Or<JitterWord, Jitter>>>,
}

/// The name of a schedule.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct Preset(pub(in crate::scenario) Schedule);

impl FromText for Preset {
    const EXPECTED: &'static str = r#"the name of a schedule such as "rfc7296""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &Schedule::PRESETS).map(Self)
    }
}

/// `jitter` as a word.
#[derive(Clone, Copy)]
pub(in crate::scenario) enum JitterWord {
    None,
    Full,
}

impl FromText for JitterWord {
    const EXPECTED: &'static str = r#""none" or "full""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let expected = r#"expected "none", "full", { stretch = "50%" } or { shorten = "20%" }"#;
        word(text, &[("none", Self::None), ("full", Self::Full)])
            .map_err(|_| format!(r#""{text}" is not known: {expected}"#))
    }
}

/// `jitter` as a table: one of its keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { stretch = \"50%\" }")]
pub(in crate::scenario) struct Jitter {
    pub(in crate::scenario) stretch: Option<Text<WholePercent>>,
    pub(in crate::scenario) shorten: Option<Text<WholePercent>>,
}

/// `restart`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, remote = "Self", expecting = "a table such as { attempts = 3 }")]
pub(in crate::scenario) struct Restart {
    pub(in crate::scenario) attempts: Option<Number<1, 255>>,
    pub(in crate::scenario) hold_off: Option<Text<Duration>>,
    pub(in crate::scenario) growth: Option<Text<Factor>>,
}
