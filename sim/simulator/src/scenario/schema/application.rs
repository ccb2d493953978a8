//! `application`.

use super::{FromText, Number, Positive, Text, from_tables};
use crate::scenario::text::word;
use core::time::Duration;
use serde::Deserialize;
use toml::Spanned;

from_tables! { Application }

/// `application`: the keys of all kinds. Which kind has which is checked later, where each value still has
/// its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, remote = "Self", expecting = "a table such as { kind = \"ping\" }")]
pub(in crate::scenario) struct Application {
    pub(in crate::scenario) kind: Text<Kind>,
    pub(in crate::scenario) travel: Option<Spanned<Text<Duration>>>,
    pub(in crate::scenario) status_every: Option<Spanned<Text<Positive>>>,
    pub(in crate::scenario) reports: Option<Spanned<Number<1, 255>>>,
    pub(in crate::scenario) poll: Option<Spanned<bool>>,
    pub(in crate::scenario) reply_timeout: Option<Spanned<Text<Positive>>>,
    pub(in crate::scenario) tries: Option<Spanned<Number<1, 255>>>,
    pub(in crate::scenario) count: Option<Spanned<Number<1, 65_535>>>,
    pub(in crate::scenario) interval: Option<Spanned<Text<Positive>>>,
    pub(in crate::scenario) payload: Option<Spanned<Number<0, 8_192>>>,
    pub(in crate::scenario) timeout: Option<Spanned<Text<Positive>>>,
}

/// The kinds of application.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) enum Kind {
    GarageDoor,
    RoomSensor,
    Ping,
}

impl FromText for Kind {
    const EXPECTED: &'static str = r#""garage-door", "room-sensor" or "ping""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let kinds = [
            ("garage-door", Self::GarageDoor),
            ("room-sensor", Self::RoomSensor),
            ("ping", Self::Ping),
        ];
        word(text, &kinds)
    }
}
