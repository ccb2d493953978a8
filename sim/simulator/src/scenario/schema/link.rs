//! `[link]` and `[node.link]`.

use super::{FromText, List, Number, Positive, Text, from_tables};
use crate::scenario::Rate;
use core::fmt;
use core::num::NonZeroU64;
use core::time::Duration;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use toml::Spanned;

from_tables! { Link LinkDirection GilbertElliott LossTrace Outage Listed }

/// `[link]` and `[node.link]`.
#[derive(Deserialize, Default)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table of a link's keys, such as [link]"
)]
pub(in crate::scenario) struct Link {
    pub(in crate::scenario) delay: Option<Text<Duration>>,
    pub(in crate::scenario) jitter: Option<Text<Duration>>,
    pub(in crate::scenario) loss: Option<Text<Rate>>,
    pub(in crate::scenario) mtu: Option<Spanned<Mtu>>,
    pub(in crate::scenario) duplicate: Option<Text<Rate>>,
    pub(in crate::scenario) reorder: Option<Text<Rate>>,
    pub(in crate::scenario) reorder_delay: Option<Text<Positive>>,
    pub(in crate::scenario) corrupt: Option<Text<Rate>>,
    pub(in crate::scenario) mangle: Option<Text<Rate>>,
    pub(in crate::scenario) bandwidth: Option<Text<BitRate>>,
    pub(in crate::scenario) queue: Option<Spanned<Queue>>,
    pub(in crate::scenario) frame: Option<Number<16, 9_000>>,
    pub(in crate::scenario) loss_trace: Option<Spanned<LossTrace>>,
    pub(in crate::scenario) towards: Option<LinkDirection>,
    pub(in crate::scenario) back: Option<LinkDirection>,
    pub(in crate::scenario) gilbert_elliott: Option<Spanned<GilbertElliott>>,
    pub(in crate::scenario) outages: Option<Vec<Outage>>,
    pub(in crate::scenario) drops: Option<Listed>,
    pub(in crate::scenario) duplicates: Option<Listed>,
    pub(in crate::scenario) reorders: Option<Listed>,
    pub(in crate::scenario) corrupts: Option<Listed>,
    pub(in crate::scenario) mangles: Option<Listed>,
}

/// `[link.towards]` and `[link.back]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, remote = "Self", expecting = "a table of the keys of one direction")]
pub(in crate::scenario) struct LinkDirection {
    pub(in crate::scenario) delay: Option<Text<Duration>>,
    pub(in crate::scenario) jitter: Option<Text<Duration>>,
    pub(in crate::scenario) loss: Option<Text<Rate>>,
    pub(in crate::scenario) mtu: Option<Spanned<Mtu>>,
    pub(in crate::scenario) duplicate: Option<Text<Rate>>,
    pub(in crate::scenario) reorder: Option<Text<Rate>>,
    pub(in crate::scenario) reorder_delay: Option<Text<Positive>>,
    pub(in crate::scenario) corrupt: Option<Text<Rate>>,
    pub(in crate::scenario) mangle: Option<Text<Rate>>,
    pub(in crate::scenario) bandwidth: Option<Text<BitRate>>,
    pub(in crate::scenario) queue: Option<Spanned<Queue>>,
    pub(in crate::scenario) frame: Option<Number<16, 9_000>>,
    pub(in crate::scenario) loss_trace: Option<Spanned<LossTrace>>,
}

/// `gilbert_elliott`.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table with `step`, `good_to_bad` and `bad_to_good`"
)]
pub(in crate::scenario) struct GilbertElliott {
    pub(in crate::scenario) step: Text<Positive>,
    pub(in crate::scenario) good_to_bad: Text<Rate>,
    pub(in crate::scenario) bad_to_good: Text<Rate>,
    pub(in crate::scenario) loss_good: Option<Text<Rate>>,
    pub(in crate::scenario) loss_bad: Option<Text<Rate>>,
}

/// `queue`: a number of datagrams, or limits of both kinds.
#[derive(Clone, Copy)]
pub(in crate::scenario) enum Queue {
    Datagrams(QueueLength),
    Limits(QueueLimits),
}

/// Of datagrams.
pub(in crate::scenario) type QueueLength = Number<0, 1_000_000>;

/// `queue` as a table.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { octets = 4096 }")]
pub(in crate::scenario) struct QueueLimits {
    pub(in crate::scenario) datagrams: Option<QueueLength>,
    pub(in crate::scenario) octets: Option<Number<0, 1_000_000_000>>,
}

struct QueueVisitor;

impl<'de> Visitor<'de> for QueueVisitor {
    type Value = Queue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of datagrams, or a table such as { octets = 4096 }")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Queue, E> {
        QueueLength::deserialize(value.into_deserializer()).map(Queue::Datagrams)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Queue, A::Error> {
        QueueLimits::deserialize(MapAccessDeserializer::new(map)).map(Queue::Limits)
    }
}

impl<'de> Deserialize<'de> for Queue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QueueVisitor)
    }
}

/// `loss_trace`.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table such as { spans = [\"pass 1s\", \"lose 250ms\"] } or { file = \"trace.csv\" }"
)]
pub(in crate::scenario) struct LossTrace {
    pub(in crate::scenario) spans: Option<List<Text<Span>>>,
    pub(in crate::scenario) file: Option<Spanned<String>>,
    pub(in crate::scenario) repeat: Option<bool>,
}

/// An element of `spans`: how long it is, and whether it loses.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct Span {
    pub(in crate::scenario) length: Duration,
    pub(in crate::scenario) loses: bool,
}

impl FromText for Span {
    const EXPECTED: &'static str = r#""pass" or "lose" and a duration, such as "lose 250ms""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let (loses, length) = match text.split_once(' ') {
            Some(("pass", length)) => (false, length),
            Some(("lose", length)) => (true, length),
            _ => {
                let expected = Self::EXPECTED;
                return Err(format!(r#""{text}" is not a span: expected {expected}"#));
            }
        };
        Positive::from_text(length).map(|Positive(length)| Self { length, loses })
    }
}

/// Bits in a second.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct BitRate(pub(in crate::scenario) NonZeroU64);

impl FromText for BitRate {
    const EXPECTED: &'static str = r#"a bandwidth such as "250kbit/s""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let units = [("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("bit/s", 1)];
        let read = |(unit, bits): (&str, u64)| {
            let digits = text.strip_suffix(unit)?;
            let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            let number: u64 = digits.parse().ok().filter(|_| plain)?;
            NonZeroU64::new(number.checked_mul(bits)?)
        };
        let bits = units.into_iter().find_map(read);
        bits.map(Self)
            .ok_or_else(|| format!(r#""{text}" is not a bandwidth: expected {}"#, Self::EXPECTED))
    }
}

/// The bounds of either family; those of the scenario's are checked later.
pub(in crate::scenario) type Mtu = Number<576, 9_000>;

/// An element of `outages`.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table such as { from = \"10s\", until = \"30s\" }"
)]
pub(in crate::scenario) struct Outage {
    pub(in crate::scenario) from: Spanned<Text<Duration>>,
    pub(in crate::scenario) until: Spanned<Text<Duration>>,
}

/// `drops`, and the lists of other faults.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, remote = "Self", expecting = "a table such as { towards = [1, 2] }")]
pub(in crate::scenario) struct Listed {
    pub(in crate::scenario) towards: Option<List<DatagramNumber>>,
    pub(in crate::scenario) back: Option<List<DatagramNumber>>,
}

/// Which datagram of a link, from 1.
pub(in crate::scenario) type DatagramNumber = Number<1, { u32::MAX as u64 }>;
