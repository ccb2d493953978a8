//! The gateway, and who speaks in its name.

use core::fmt;
use core::time::Duration;
use ike_core::{Identity, NotifyType, Suite};

/// The gateway that all nodes connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Who it says it is.
    pub identity: Identity,
    /// What it accepts, the best first; at least one, each once.
    pub suites: Vec<Suite>,
    /// When it asks for a cookie.
    pub cookies: Cookies,
    /// A peer that was silent for so long is asked whether it lives (RFC 7296 2.4); `None`: never.
    pub liveness: Option<Duration>,
    /// An IKE SA whose IKE_AUTH does not come is forgotten after this.
    pub half_open_timeout: Duration,
    /// So many IKE SAs may be half-open; IKE_SA_INIT requests beyond it get no answer. At least 1.
    pub half_open_limit: u32,
    /// The same for the IKE SAs of one address, whatever the port; at least 1. `None`: no limit of its own.
    pub half_open_per_address: Option<u32>,
    /// The time that each Diffie-Hellman takes, first come first served; `None`: everything is done at once.
    pub service_time: Option<Duration>,
    /// An IKE SA is to be rekeyed so long after it was established (RFC 7296 2.8); a peer that refuses gets a Delete.
    /// `None`: it lives on.
    pub ike_lifetime: Option<Duration>,
    /// A Child SA is to be rekeyed so long after it was established (RFC 7296 2.8); a peer that refuses loses the IKE
    /// SA, too. `None`: it lives on.
    pub child_lifetime: Option<Duration>,
    /// An IKE SA is forgotten, without a word, when nothing authentic came from its peer for so long, neither in IKE
    /// nor in ESP; `None`: it is kept.
    pub idle_timeout: Option<Duration>,
    /// The gateway deletes an IKE SA when so much time has passed since it was established; `None`: it does not.
    pub delete_after: Option<Duration>,
    /// What it asks each peer, in the order of the file.
    pub requests: Vec<Request>,
    /// When it loses all SAs, half-open ones and all keys and cookie secrets too, and goes on empty; increasing, before
    /// the end of the run.
    pub crashes: Vec<Duration>,
    /// What becomes of the Child SA of IKE_AUTH.
    pub child: ChildPolicy,
    /// What it makes of the responder's traffic selectors (TSr).
    pub selectors: GatewaySelectors,
}

/// When a gateway answers IKE_SA_INIT with COOKIE (RFC 7296 2.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cookies {
    /// Never.
    #[default]
    Never,
    /// Whenever a request has none.
    Always,
    /// When a request has none and too many IKE SAs are half-open.
    Above {
        /// More than so many of all peers.
        half_open: u32,
        /// Or more than so many of the address that the request comes from.
        per_address: Option<u32>,
    },
}

/// A request that the gateway sends in each IKE SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it asks.
    pub kind: RequestKind,
    /// How long after the IKE SA was established; not zero.
    pub after: Duration,
    /// From one to the next, should there be more than one; not zero.
    pub every: Option<Duration>,
}

/// What a gateway asks a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Whether it lives: INFORMATIONAL without a payload (RFC 7296 2.4).
    Liveness,
    /// CREATE_CHILD_SA for one more Child SA (RFC 7296 1.3.1).
    NewChild,
    /// CREATE_CHILD_SA to rekey the Child SA (RFC 7296 1.3.3).
    RekeyChild,
    /// CREATE_CHILD_SA to rekey the IKE SA (RFC 7296 1.3.2).
    RekeyIke,
    /// Delete of the IKE SA (RFC 7296 1.4.1).
    Delete,
}

/// What a gateway does about the Child SA that IKE_AUTH asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChildPolicy {
    /// It makes it.
    #[default]
    Accept,
    /// It refuses it with this error, one of [`CHILD_ERRORS`]; the IKE SA is made all the same.
    Refuse(NotifyType),
}

/// The errors that refuse a Child SA and leave the IKE SA as it is (RFC 7296 1.2).
pub const CHILD_ERRORS: [NotifyType; 5] = [
    NotifyType::NO_PROPOSAL_CHOSEN,
    NotifyType::TS_UNACCEPTABLE,
    NotifyType::SINGLE_PAIR_REQUIRED,
    NotifyType::INTERNAL_ADDRESS_FAILURE,
    NotifyType::FAILED_CP_REQUIRED,
];

/// What a gateway has behind it, so what it makes of a proposed TSr (RFC 7296 2.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatewaySelectors {
    /// The server's address: whatever is proposed is narrowed to that.
    #[default]
    Host,
    /// The server's network: a proposal of all addresses is narrowed to that, one of the server stays as it is.
    Network,
    /// It answers with all addresses, whatever was proposed: wider than allowed where the node asked for less.
    Widen,
}

/// Somebody who injects datagrams without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forger {
    /// What.
    pub kind: Forgery,
    /// To whom.
    pub target: ForgeryTarget,
    /// From one datagram to the next; not zero.
    pub every: Duration,
    /// The time of the first one; before the end of the run.
    pub from: Duration,
    /// None at that time or later; later than [`Self::from`].
    pub until: Duration,
}

/// What a forger injects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// Octets that were drawn, to the port of IKE.
    Garbage,
    /// An IKE message whose only payload is an error notify without protection. It fits the exchange under way.
    Error,
    /// A response to the exchange under way: to IKE_SA_INIT a whole one with somebody else's Diffie-Hellman value,
    /// later an SK payload that was drawn.
    Response,
    /// A datagram that crossed the link before, IKE or ESP, octet by octet.
    Replay,
}

impl Forgery {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Garbage, Self::Error, Self::Response, Self::Replay];

    /// The word in scenarios and traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::Error => "forged-error",
            Self::Response => "forged-response",
            Self::Replay => "replay",
        }
    }

    /// The kind with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whom a forger injects datagrams to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeryTarget {
    /// The nodes in the name of the gateway; they take turns in the order of their numbers.
    Nodes,
    /// The gateway in the name of the nodes, which take turns in the order of their numbers.
    Gateway,
}
