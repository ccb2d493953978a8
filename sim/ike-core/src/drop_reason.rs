//! Why a received datagram changed nothing.

use crate::{ExchangeType, Malformed, NotifyType};
use core::fmt;

/// Why a datagram was dropped. Forged and late packets are weather: they are reported, never
/// errors of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// It does not parse.
    Malformed(Malformed),
    /// The header's length is not the datagram's.
    LengthMismatch,
    /// Another major version than 2 (RFC 7296 2.5).
    MajorVersion(u8),
    /// The SPIs are not those of an SA here.
    UnknownSpi,
    /// A response flag or an initiator flag that the message cannot have (RFC 7296 3.1).
    Flags(u8),
    /// An exchange type that does not fit the state or the request.
    Exchange(ExchangeType),
    /// A Message ID outside the window (RFC 7296 2.3).
    MessageId(u32),
    /// The ICV does not verify (RFC 7296 3.14).
    IcvMismatch,
    /// No SK payload where all must be protected.
    NotProtected,
    /// An error notify that nobody authenticated (RFC 7815 2.1, RFC 7296 2.21.1).
    UnauthenticatedError(NotifyType),
    /// A COOKIE, in a profile that ignores them or of a length outside 1 to 64 octets.
    CookieIgnored,
    /// An INVALID_KE_PAYLOAD, in a profile that ignores them or for a group that was not offered.
    InvalidKeIgnored,
    /// An IKE_SA_INIT message that would be unacceptable even if it were genuine.
    Unacceptable(crate::Error),
    /// A response to a request that has been answered already.
    LateResponse,
    /// An IKE_SA_INIT request whose SA has answered IKE_AUTH already (RFC 7296 2.1).
    LateRequest,
    /// A retransmitted request whose answer is still being computed.
    InProgress,
    /// Nothing is expected in this state.
    NotExpected,
    /// The table of half-open SAs is full.
    TooManyHalfOpen,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::LengthMismatch => f.write_str("the header's length is not the datagram's"),
            Self::MajorVersion(major) => write!(f, "major version {major}"),
            Self::UnknownSpi => f.write_str("unknown SPI"),
            Self::Flags(flags) => write!(f, "flags {flags:#04x} do not fit"),
            Self::Exchange(exchange) => write!(f, "exchange {exchange} does not fit"),
            Self::MessageId(id) => write!(f, "Message ID {id} is outside the window"),
            Self::IcvMismatch => f.write_str("the ICV does not verify"),
            Self::NotProtected => f.write_str("not protected"),
            Self::UnauthenticatedError(kind) => write!(f, "unauthenticated {kind}"),
            Self::CookieIgnored => f.write_str("COOKIE ignored"),
            Self::InvalidKeIgnored => f.write_str("INVALID_KE_PAYLOAD ignored"),
            Self::Unacceptable(error) => write!(f, "unacceptable: {error}"),
            Self::LateResponse => f.write_str("the request has been answered"),
            Self::LateRequest => f.write_str("its SA is beyond IKE_SA_INIT"),
            Self::InProgress => f.write_str("the answer is being computed"),
            Self::NotExpected => f.write_str("nothing is expected in this state"),
            Self::TooManyHalfOpen => f.write_str("too many half-open SAs"),
        }
    }
}

impl From<Malformed> for DropReason {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}
