//! `cpu`, `radio` and `listen` of `[[node]]`, and the file of their presets.

use super::super::hardware::{self, Fragments};
use super::{FromText, Number, Positive, Text, from_tables};
use crate::scenario::text::alternatives;
use crate::scenario::units;
use core::time::Duration;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use toml::Spanned;

from_tables! { GroupTimes }

/// `cpu` as a table.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { preset = \"cortex-m4-64mhz\" }")]
pub(in crate::scenario) struct Cpu {
    pub(in crate::scenario) preset: Option<Text<CpuPreset>>,
    pub(in crate::scenario) x25519: Option<GroupTimes>,
    pub(in crate::scenario) p256: Option<GroupTimes>,
    pub(in crate::scenario) modp2048: Option<GroupTimes>,
    pub(in crate::scenario) datagram: Option<Text<Duration>>,
}

/// What a processor takes for a group.
#[derive(Clone, Copy, Deserialize)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table of `key_generation` and `diffie_hellman`"
)]
pub(in crate::scenario) struct GroupTimes {
    pub(in crate::scenario) key_generation: Text<Duration>,
    pub(in crate::scenario) diffie_hellman: Text<Duration>,
}

/// `radio` as a table.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { preset = \"nrf52840\" }")]
pub(in crate::scenario) struct Radio {
    pub(in crate::scenario) preset: Option<Text<RadioPreset>>,
    pub(in crate::scenario) supply: Option<Text<Millivolts>>,
    pub(in crate::scenario) transmit: Option<Text<Nanoamperes>>,
    pub(in crate::scenario) receive: Option<Text<Nanoamperes>>,
    pub(in crate::scenario) listen: Option<Text<Nanoamperes>>,
    pub(in crate::scenario) cpu: Option<Text<Nanoamperes>>,
    pub(in crate::scenario) sleep: Option<Text<Nanoamperes>>,
    pub(in crate::scenario) bit_rate: Option<RadioBitRate>,
    pub(in crate::scenario) receive_bit_rate: Option<RadioBitRate>,
    pub(in crate::scenario) frame: Option<Number<32, 65_535>>,
    pub(in crate::scenario) frame_header: Option<Number<0, 255>>,
    pub(in crate::scenario) preamble: Option<Text<Duration>>,
    pub(in crate::scenario) acknowledgement: Option<Text<Duration>>,
    pub(in crate::scenario) turnaround: Option<Text<Duration>>,
    pub(in crate::scenario) fragments: Option<Text<Fragments>>,
}

/// Bits a second, as a number: a bandwidth has its unit in a text.
pub(in crate::scenario) type RadioBitRate = Number<100, 1_000_000_000>;

/// `listen` as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { every = \"100ms\", for = \"5ms\" }")]
pub(in crate::scenario) struct Windows {
    pub(in crate::scenario) every: Text<Positive>,
    #[serde(rename = "for")]
    pub(in crate::scenario) length: Spanned<Text<Positive>>,
}

/// `listen = "always"`.
pub(in crate::scenario) struct Always;

impl FromText for Always {
    const EXPECTED: &'static str = r#""always""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let expected = r#"expected "always" or { every = "100ms", for = "5ms" }"#;
        if text == "always" {
            Ok(Self)
        } else {
            Err(format!(r#""{text}" is not known: {expected}"#))
        }
    }
}

impl FromText for Fragments {
    const EXPECTED: &'static str = r#""plain" or "6lowpan""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let words = [("plain", Self::Plain), ("6lowpan", Self::SixLowpan)];
        crate::scenario::text::word(text, &words)
    }
}

/// A supply voltage, in millivolts.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct Millivolts(pub(in crate::scenario) u64);

impl FromText for Millivolts {
    const EXPECTED: &'static str = units::VOLTAGE;

    fn from_text(text: &str) -> Result<Self, String> {
        units::millivolts(text).map(Self)
    }
}

/// A current, in nanoamperes.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct Nanoamperes(pub(in crate::scenario) u64);

impl FromText for Nanoamperes {
    const EXPECTED: &'static str = units::CURRENT;

    fn from_text(text: &str) -> Result<Self, String> {
        units::nanoamperes(text).map(Self)
    }
}

/// The name of a processor in the file of presets.
#[derive(Clone)]
pub(in crate::scenario) struct CpuPreset(pub(in crate::scenario) Box<Cpu>);

impl FromText for CpuPreset {
    const EXPECTED: &'static str = r#"the name of a processor such as "cortex-m4-64mhz""#;

    fn from_text(text: &str) -> Result<Self, String> {
        named(text, &presets().cpu).map(|cpu| Self(Box::new(cpu)))
    }
}

/// The name of a radio in the file of presets.
#[derive(Clone)]
pub(in crate::scenario) struct RadioPreset(pub(in crate::scenario) Box<Radio>);

impl FromText for RadioPreset {
    const EXPECTED: &'static str = r#"the name of a radio such as "nrf52840""#;

    fn from_text(text: &str) -> Result<Self, String> {
        named(text, &presets().radio).map(|radio| Self(Box::new(radio)))
    }
}

fn named<T: Clone>(text: &str, known: &BTreeMap<String, T>) -> Result<T, String> {
    known.get(text).cloned().ok_or_else(|| {
        let names: Vec<String> = known.keys().map(|name| format!(r#""{name}""#)).collect();
        format!(r#""{text}" is not known: expected {}"#, alternatives(&names))
    })
}

/// The file of presets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Presets {
    pub(in crate::scenario) cpu: BTreeMap<String, Cpu>,
    pub(in crate::scenario) radio: BTreeMap<String, Radio>,
}

/// What the file of presets says.
pub(in crate::scenario) fn presets() -> &'static Presets {
    static PRESETS: OnceLock<Presets> = OnceLock::new();
    PRESETS.get_or_init(|| toml::from_str(hardware::PRESETS).expect("a test reads the file"))
}
