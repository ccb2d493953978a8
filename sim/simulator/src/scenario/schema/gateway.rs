//! `[gateway]` and `[[forger]]`.

use super::{List, Number, Or, Positive, Text, Times, from_tables};
use crate::scenario::{
    Cookies as CookieWord, Forgery, ForgeryTarget, GatewaySelectors, RequestKind,
};
use core::time::Duration;
use ike_core::{Identity, NotifyType, Suite};
use serde::Deserialize;
use toml::Spanned;

from_tables! { Gateway Request Forger }

/// How many of something that is counted in SAs.
pub(in crate::scenario) type Limit<const MIN: u64> = Number<MIN, 1_000_000>;

/// `[gateway]`.
#[derive(Deserialize, Default)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table of the gateway's keys, such as [gateway]"
)]
pub(in crate::scenario) struct Gateway {
    pub(in crate::scenario) identity: Option<Text<Identity>>,
    pub(in crate::scenario) suites: Option<List<Text<Suite>>>,
    pub(in crate::scenario) cookies: Option<Or<CookieWord, Cookies>>,
    pub(in crate::scenario) half_open_timeout: Option<Text<Positive>>,
    pub(in crate::scenario) half_open_limit: Option<Limit<1>>,
    pub(in crate::scenario) half_open_per_address: Option<Limit<1>>,
    pub(in crate::scenario) service_time: Option<Text<Positive>>,
    pub(in crate::scenario) liveness: Option<Spanned<Text<Positive>>>,
    pub(in crate::scenario) ike_lifetime: Option<Text<Positive>>,
    pub(in crate::scenario) child_lifetime: Option<Text<Positive>>,
    pub(in crate::scenario) idle_timeout: Option<Text<Positive>>,
    pub(in crate::scenario) delete_after: Option<Text<Positive>>,
    pub(in crate::scenario) requests: Option<Vec<Request>>,
    pub(in crate::scenario) crashes: Option<Times>,
    pub(in crate::scenario) child: Option<Or<Accept, Child>>,
    pub(in crate::scenario) selectors: Option<Text<GatewaySelectors>>,
}

/// `cookies` as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { above = 100 }")]
pub(in crate::scenario) struct Cookies {
    pub(in crate::scenario) above: Limit<0>,
    pub(in crate::scenario) per_address: Option<Limit<0>>,
}

/// An element of `requests`.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table such as { kind = \"liveness\", after = \"3s\" }"
)]
pub(in crate::scenario) struct Request {
    pub(in crate::scenario) kind: Text<RequestKind>,
    pub(in crate::scenario) after: Text<Positive>,
    pub(in crate::scenario) every: Option<Spanned<Text<Positive>>>,
}

/// `child = "accept"`.
pub(in crate::scenario) struct Accept;

/// `child` as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { refuse = \"TS_UNACCEPTABLE\" }")]
pub(in crate::scenario) struct Child {
    pub(in crate::scenario) refuse: Text<ChildError>,
}

/// The error that refuses a Child SA.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct ChildError(pub(in crate::scenario) NotifyType);

/// `[[forger]]`.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table of a forger's keys, such as [[forger]]"
)]
pub(in crate::scenario) struct Forger {
    pub(in crate::scenario) kind: Text<Forgery>,
    pub(in crate::scenario) target: Text<ForgeryTarget>,
    pub(in crate::scenario) every: Spanned<Text<Positive>>,
    pub(in crate::scenario) from: Option<Spanned<Text<Duration>>>,
    pub(in crate::scenario) until: Option<Spanned<Text<Duration>>>,
}
