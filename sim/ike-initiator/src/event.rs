//! What the owner is told.

use core::fmt;
use ike_core::{
    DropReason, Error, ExchangeType, Identity, IkeSuite, MAX_IDENTITY, NotifyType, Operation,
};

/// Why an attempt ended without an SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailReason {
    /// No acceptable response to the last transmission either.
    TimedOut(ExchangeType),
    /// A protected error in the place of an AUTH payload.
    Refused(NotifyType),
    /// The gateway is who it claims to be and set up no Child SA; its reason, if it gave one.
    ChildRefused(Option<NotifyType>),
    /// AUTH does not verify, or IDr is somebody else.
    AuthenticationFailed,
    /// AUTH verifies, and IDr has so many octets: an identity here has 1 to [`MAX_IDENTITY`].
    IdentityLength(usize),
    /// The protected response breaks a rule or is not what was offered.
    Unacceptable(Error),
}

impl fmt::Display for FailReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(exchange) => write!(f, "no answer to {exchange}"),
            Self::Refused(notify) => write!(f, "refused: {notify}"),
            Self::ChildRefused(Some(notify)) => write!(f, "no Child SA: {notify}"),
            Self::ChildRefused(None) => f.write_str("no Child SA, no reason given"),
            Self::AuthenticationFailed => f.write_str("the gateway did not prove its identity"),
            Self::IdentityLength(len) => write!(
                f,
                "the gateway's identity has {len} octets, and is taken with 1 to {MAX_IDENTITY}"
            ),
            Self::Unacceptable(error) => write!(f, "unacceptable response: {error}"),
        }
    }
}

/// Why an SA or an attempt is over. Its keys are wiped by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// The owner closed without a Delete.
    Silent,
    /// The owner closed, and the gateway answered the Delete.
    DeleteAnswered,
    /// The owner closed, and nobody answered the Delete.
    DeleteUnanswered,
    /// The gateway deleted the IKE SA.
    DeletedByPeer,
    /// The gateway deleted the Child SA, without which there is no use for the IKE SA.
    ChildDeletedByPeer,
    /// The attempt failed.
    Failed,
    /// A request of the gateway was answered INVALID_SYNTAX, which ends the IKE SA on both sides (RFC 7296 2.21.3).
    InvalidSyntax,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "closed without a Delete",
            Self::DeleteAnswered => "closed, Delete answered",
            Self::DeleteUnanswered => "closed, Delete not answered",
            Self::DeletedByPeer => "the gateway deleted the IKE SA",
            Self::ChildDeletedByPeer => "the gateway deleted the Child SA",
            Self::Failed => "the attempt failed",
            Self::InvalidSyntax => "a request of the gateway made no sense",
        })
    }
}

/// Something that happened. The queue is short: drain it after each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Costly work was done.
    Operation(Operation),
    /// The gateway wants a cookie of so many octets; `at_once` tells whether the request goes out
    /// with it now or, after a few in a row, at the next timeout.
    CookieRequested {
        /// Octets of the cookie.
        len: usize,
        /// Whether it is answered without waiting.
        at_once: bool,
    },
    /// The gateway wants another group, which was offered: the request goes out with it.
    GroupRequested(crypto::Group),
    /// IKE SA and Child SA are there; [`crate::Initiator::take_child_keys`] has the latter's keys.
    Established {
        /// The algorithms of the IKE SA.
        suite: IkeSuite,
        /// IDr.
        peer: Identity,
    },
    /// The attempt failed. [`Event::Closed`] follows, at once or after a Delete.
    Failed(FailReason),
    /// A datagram changed nothing.
    Dropped(DropReason),
    /// A request of the gateway was answered, with this error or none.
    Answered {
        /// Its exchange.
        exchange: ExchangeType,
        /// Its Message ID.
        message_id: u32,
        /// The error notify of the answer.
        notify: Option<NotifyType>,
    },
    /// A request of the gateway came again and gets the same octets again.
    Repeated {
        /// Its Message ID.
        message_id: u32,
    },
    /// The gateway deleted the Child SA (RFC 7296 1.4.1): nothing is to be sent over it or accepted from it any more.
    /// [`Event::Closed`] follows, at once or after a Delete.
    ChildClosed,
    /// It is over and the keys are wiped.
    Closed(CloseReason),
}
