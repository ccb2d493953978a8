//! What cannot be checked where the gateway or the device is outside: it shows packets, and neither events nor keys.

use crate::world::Placement;
use serde::Serialize;

/// Whose part of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The whole rule.
    All,
    /// What it says of the gateway; it is checked at the nodes.
    Gateway,
    /// What it says of the device; it is checked at the gateway.
    Device,
}

/// A rule, or a part of it, that a run was not checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// The checker's name.
    pub checker: &'static str,
    /// Which part.
    pub part: Part,
    /// Why.
    pub why: &'static str,
}

const fn not(checker: &'static str, part: Part, why: &'static str) -> NotChecked {
    NotChecked { checker, part, why }
}

/// All of it where the gateway is outside, with the names of [`super::Checkers::names`].
pub const NOT_CHECKED_OUTSIDE: [NotChecked; 6] = [
    not("same keys", Part::All, "the gateway does not show its keys"),
    not("one Diffie-Hellman", Part::All, "the gateway does not tell what it computes"),
    not("half-open", Part::All, "the gateway does not tell when an SA begins and ends"),
    not("retransmission", Part::Gateway, "the gateway has a schedule of its own"),
    not(
        "reuse",
        Part::Gateway,
        "the gateway does not show its keys; its SPIs and nonces are checked",
    ),
    not("authentication", Part::Gateway, "the gateway does not tell what changes its states"),
];

/// All of it where the device is outside, with the names of [`super::Checkers::names`].
pub const NOT_CHECKED_DEVICE: [NotChecked; 6] = [
    not("same keys", Part::All, "the device does not show its keys"),
    not("sleep", Part::All, "the device does not tell when it wakes and sleeps"),
    not("end", Part::All, "the device does not tell when it wakes and sleeps"),
    not("retransmission", Part::Device, "the device has a schedule of its own"),
    not("reuse", Part::Device, "the device shows neither its keys nor where an attempt begins"),
    not("authentication", Part::Device, "the device does not tell what changes its states"),
];

/// What a run with that end elsewhere is not checked against.
pub(crate) const fn not_checked(placement: Placement) -> &'static [NotChecked] {
    match placement {
        Placement::Inside => &[],
        Placement::Outside => &NOT_CHECKED_OUTSIDE,
        Placement::DeviceOutside => &NOT_CHECKED_DEVICE,
    }
}
