//! `[link]` and `[node.link]`.

use super::{List, Number, Positive, Text};
use crate::scenario::Rate;
use core::time::Duration;
use serde::Deserialize;
use toml::Spanned;

/// `[link]` and `[node.link]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
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
    pub(in crate::scenario) towards: Option<LinkDirection>,
    pub(in crate::scenario) back: Option<LinkDirection>,
    pub(in crate::scenario) outages: Option<Vec<Outage>>,
    pub(in crate::scenario) drops: Option<Listed>,
    pub(in crate::scenario) duplicates: Option<Listed>,
    pub(in crate::scenario) reorders: Option<Listed>,
    pub(in crate::scenario) corrupts: Option<Listed>,
    pub(in crate::scenario) mangles: Option<Listed>,
}

/// `[link.towards]` and `[link.back]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
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
}

/// The bounds of either family; those of the scenario's are checked later.
pub(in crate::scenario) type Mtu = Number<576, 9_000>;

/// An element of `outages`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Outage {
    pub(in crate::scenario) from: Spanned<Text<Duration>>,
    pub(in crate::scenario) until: Spanned<Text<Duration>>,
}

/// `drops`, and the lists of other faults.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Listed {
    pub(in crate::scenario) towards: Option<List<DatagramNumber>>,
    pub(in crate::scenario) back: Option<List<DatagramNumber>>,
}

/// Which datagram of a link, from 1.
pub(in crate::scenario) type DatagramNumber = Number<1, { u32::MAX as u64 }>;
