//! The states: each holds what means something in it, and no key.

use crate::CloseReason;
use crate::request::Timer;
use core::fmt;
use heapless::Vec;
use ike_core::{IkeSpi, IkeSuite, NonceData};

/// Our nonces: half the key of PRF-HMAC-SHA2-256, the least that RFC 7296 2.10 allows.
pub(crate) const NONCE_LEN: usize = 16;

/// A cookie (RFC 7296 2.6: 1 to 64 octets).
pub(crate) type Cookie = Vec<u8, 64>;

/// IKE_SA_INIT is under way.
pub(crate) struct InitSent {
    pub(crate) spi_i: IkeSpi,
    pub(crate) nonce_i: [u8; NONCE_LEN],
    pub(crate) timer: Timer,
    /// Cookies that were answered at once.
    pub(crate) cookies: u8,
    /// The cookie that goes into the request when it is next sent.
    pub(crate) next_cookie: Option<Cookie>,
    /// The cookie that the request carries.
    pub(crate) cookie: Option<Cookie>,
    /// Copies that left before the request carried it, and that nothing has come back to: each may
    /// still be asked for a cookie of its own.
    pub(crate) unanswered: u8,
    /// Groups that the gateway asked for so far.
    pub(crate) group_requests: u8,
}

/// IKE_AUTH is under way.
pub(crate) struct AuthSent {
    pub(crate) sa: Sa,
    pub(crate) nonce_i: [u8; NONCE_LEN],
    pub(crate) nonce_r: NonceData,
    pub(crate) child_spi: u32,
    pub(crate) timer: Timer,
}

/// What names an IKE SA.
#[derive(Clone, Copy)]
pub(crate) struct Sa {
    pub(crate) spi_i: IkeSpi,
    pub(crate) spi_r: IkeSpi,
    pub(crate) suite: IkeSuite,
}

/// Both SAs are there.
pub(crate) struct Established {
    pub(crate) sa: Sa,
    /// Of ESP packets to the gateway: a Delete names it.
    pub(crate) child_spi_out: u32,
    /// The Message ID of the gateway's next request.
    pub(crate) next_request: u32,
}

/// Our Delete is under way.
pub(crate) struct Closing {
    pub(crate) sa: Sa,
    pub(crate) next_request: u32,
    pub(crate) timer: Timer,
    /// Why it is over, if not because the owner closed.
    pub(crate) reason: Option<CloseReason>,
}

pub(crate) enum State {
    Idle,
    InitSent(InitSent),
    AuthSent(AuthSent),
    Established(Established),
    Closing(Closing),
    Closed(CloseReason),
}

/// The state's name, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateName {
    /// Never connected.
    Idle,
    /// IKE_SA_INIT is under way.
    InitSent,
    /// IKE_AUTH is under way.
    AuthSent,
    /// Both SAs are there.
    Established,
    /// Our Delete is under way.
    Closing,
    /// Over; `connect` may begin anew.
    Closed,
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl State {
    pub(crate) const fn name(&self) -> StateName {
        match self {
            Self::Idle => StateName::Idle,
            Self::InitSent(_) => StateName::InitSent,
            Self::AuthSent(_) => StateName::AuthSent,
            Self::Established(_) => StateName::Established,
            Self::Closing(_) => StateName::Closing,
            Self::Closed(_) => StateName::Closed,
        }
    }

    pub(crate) fn timer(&self) -> Option<&Timer> {
        match self {
            Self::InitSent(InitSent { timer, .. })
            | Self::AuthSent(AuthSent { timer, .. })
            | Self::Closing(Closing { timer, .. }) => Some(timer),
            Self::Idle | Self::Established(_) | Self::Closed(_) => None,
        }
    }

    pub(crate) fn timer_mut(&mut self) -> Option<&mut Timer> {
        match self {
            Self::InitSent(InitSent { timer, .. })
            | Self::AuthSent(AuthSent { timer, .. })
            | Self::Closing(Closing { timer, .. }) => Some(timer),
            Self::Idle | Self::Established(_) | Self::Closed(_) => None,
        }
    }
}
