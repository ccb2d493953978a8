//! What the owner decides before connecting.

use crate::{Profile, request::MAX_REQUEST};
use core::fmt;
use core::net::IpAddr;
use ike_core::payload::{Body, GENERIC_HEADER_LEN, TsRepr};
use ike_core::{
    EspOffer, HEADER_LEN, Identity, IkeOffer, Path, PayloadType, Psk, Schedule, Selectors, Suite,
    TrafficSelector,
};

/// A call that the owner must not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// `connect` while an attempt or an SA is there.
    AlreadyConnecting,
    /// A side without traffic selectors.
    NoSelectors,
    /// The schedule has no transmission at all.
    NoTries,
    /// The IKE_AUTH request would have more than [`MAX_REQUEST`] octets: fewer selectors, or a
    /// shorter identity.
    RequestTooLarge,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyConnecting => f.write_str("connect while not idle or closed"),
            Self::NoSelectors => f.write_str("a side has no traffic selectors"),
            Self::NoTries => f.write_str("the schedule has no transmission"),
            Self::RequestTooLarge => {
                write!(f, "the IKE_AUTH request would exceed {MAX_REQUEST} octets")
            }
        }
    }
}

impl core::error::Error for Misuse {}

/// What an initiator needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where our requests come from and go to.
    pub path: Path,
    /// IDi.
    pub identity: Identity,
    /// The secret shared with the gateway.
    pub psk: Psk,
    /// IDr as it must be; `None`: whoever proves to know the secret (RFC 7815 2.1).
    pub remote_identity: Option<Identity>,
    /// Offered for the IKE SA.
    pub ike: IkeOffer,
    /// Offered for the Child SA.
    pub esp: EspOffer,
    /// TSi: what may be ours in the tunnel.
    pub local: Selectors,
    /// TSr: what may be on the other side.
    pub remote: Selectors,
    /// Who decides where the two RFCs differ.
    pub profile: Profile,
    /// When requests are sent again.
    pub schedule: Schedule,
    /// Whether IKE_AUTH carries INITIAL_CONTACT: only if nobody else has our identity
    /// (RFC 7296 2.4).
    pub initial_contact: bool,
    /// Whether closing says so with a Delete (RFC 7815 B.1) or is silent (RFC 7815 2.1).
    pub delete_on_close: bool,
}

impl Config {
    /// The usual device: the default suite, one address pair as selectors, INITIAL_CONTACT, and
    /// silence when it goes to sleep. The selectors are the addresses of `path`, so that its local
    /// one is to be the device's own: no gateway accepts an unspecified one.
    #[must_use]
    pub fn new(path: Path, identity: Identity, psk: Psk) -> Self {
        let suite = Suite::default();
        // A dual-stack socket says IPv4 addresses as mapped ones, which no packet in the tunnel has.
        let only =
            |address: IpAddr| Selectors::from_iter([TrafficSelector::host(address.to_canonical())]);
        Self {
            path,
            identity,
            psk,
            remote_identity: None,
            ike: suite.ike_offer(),
            esp: suite.esp_offer(),
            local: only(path.local.ip()),
            remote: only(path.remote.ip()),
            profile: Profile::default(),
            schedule: Schedule::RFC7296,
            initial_contact: true,
            delete_on_close: false,
        }
    }

    /// The same with another suite.
    #[must_use]
    pub fn suite(mut self, suite: Suite) -> Self {
        self.ike = suite.ike_offer();
        self.esp = suite.esp_offer();
        self
    }

    /// Whether an initiator can work with it.
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        if self.local.is_empty() || self.remote.is_empty() {
            return Err(Misuse::NoSelectors);
        }
        if self.schedule.tries == 0 {
            return Err(Misuse::NoTries);
        }
        if self.most_auth_octets() > MAX_REQUEST {
            return Err(Misuse::RequestTooLarge);
        }
        Ok(())
    }

    /// The IKE_AUTH request at its longest.
    fn most_auth_octets(&self) -> usize {
        let ts = |whose, selectors| TsRepr { whose, selectors }.body_len() + GENERIC_HEADER_LEN;
        let id = self.identity.body().len() + GENERIC_HEADER_LEN;
        let auth = GENERIC_HEADER_LEN + 4 + crypto::MAX_PRF_OUTPUT;
        let proposal = GENERIC_HEADER_LEN + 8 + 4 + self.esp.transforms().len() * 12;
        let notify = GENERIC_HEADER_LEN + 4;
        // IV, padding with its length, and ICV of AES-CBC with HMAC, which has the most.
        let protection = GENERIC_HEADER_LEN + 16 + 16 + 16;
        HEADER_LEN
            + protection
            + id
            + auth
            + proposal
            + ts(PayloadType::TSI, &self.local)
            + ts(PayloadType::TSR, &self.remote)
            + notify
    }
}
