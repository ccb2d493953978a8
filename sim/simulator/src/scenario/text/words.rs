//! The words of a scenario.

use super::{FromText, word};
use crate::scenario::schema::{Accept, ChildError};
use crate::scenario::{
    Address, Backend, CHILD_ERRORS, Close, Cookies, Family, Forgery, ForgeryTarget,
    GatewaySelectors, Profile, Remote, RequestKind,
};
use ike_core::Suite;

impl FromText for Suite {
    const EXPECTED: &'static str = "the name of a suite";

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &Self::ALL.map(|suite| (suite.name(), suite)))
    }
}

impl FromText for Backend {
    const EXPECTED: &'static str = r#""real" or "modelled""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[Self::Real, Self::Modelled].map(|backend| (backend.name(), backend)))
    }
}

impl FromText for Family {
    const EXPECTED: &'static str = r#""ipv4" or "ipv6""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("ipv4", Self::Ipv4), ("ipv6", Self::Ipv6)])
    }
}

impl FromText for Cookies {
    const EXPECTED: &'static str = r#""never" or "always""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("never", Self::Never), ("always", Self::Always)])
    }
}

impl FromText for Close {
    const EXPECTED: &'static str = r#""silent" or "delete""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("silent", Self::Silent), ("delete", Self::Delete)])
    }
}

impl FromText for Profile {
    const EXPECTED: &'static str = r#""rfc7296-min", "rfc7815" or "modern""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let words = [Self::Rfc7296Min, Self::Rfc7815, Self::Modern];
        word(text, &words.map(|profile| (profile.name(), profile)))
    }
}

impl FromText for Address {
    const EXPECTED: &'static str = r#""own" or "shared""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("own", Self::Own), ("shared", Self::Shared)])
    }
}

impl FromText for Remote {
    const EXPECTED: &'static str = r#""server" or "any""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("server", Self::Server), ("any", Self::Any)])
    }
}

impl FromText for GatewaySelectors {
    const EXPECTED: &'static str = r#""host", "network" or "widen""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("host", Self::Host), ("network", Self::Network), ("widen", Self::Widen)])
    }
}

impl FromText for RequestKind {
    const EXPECTED: &'static str =
        r#""liveness", "new-child", "rekey-child", "rekey-ike" or "delete""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(
            text,
            &[
                ("liveness", Self::Liveness),
                ("new-child", Self::NewChild),
                ("rekey-child", Self::RekeyChild),
                ("rekey-ike", Self::RekeyIke),
                ("delete", Self::Delete),
            ],
        )
    }
}

impl FromText for Forgery {
    const EXPECTED: &'static str = r#""garbage", "forged-error", "forged-response" or "replay""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &Self::ALL.map(|kind| (kind.name(), kind)))
    }
}

impl FromText for ForgeryTarget {
    const EXPECTED: &'static str = r#""nodes" or "gateway""#;

    fn from_text(text: &str) -> Result<Self, String> {
        word(text, &[("nodes", Self::Nodes), ("gateway", Self::Gateway)])
    }
}

/// The Child SA is made.
impl FromText for Accept {
    const EXPECTED: &'static str = r#""accept""#;

    fn from_text(text: &str) -> Result<Self, String> {
        let expected = r#"expected "accept" or { refuse = "TS_UNACCEPTABLE" }"#;
        if text == "accept" {
            Ok(Self)
        } else {
            Err(format!(r#""{text}" is not known: {expected}"#))
        }
    }
}

/// The errors that leave the IKE SA as it is (RFC 7296 1.2).
impl FromText for ChildError {
    const EXPECTED: &'static str = "the error of a Child SA";

    fn from_text(text: &str) -> Result<Self, String> {
        let names = CHILD_ERRORS.map(|error| error.to_string());
        let words: Vec<_> = names.iter().map(String::as_str).zip(CHILD_ERRORS).collect();
        word(text, &words).map(Self)
    }
}
