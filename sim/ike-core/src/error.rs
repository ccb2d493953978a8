//! What may be wrong with a message, by whose fault it is, and what to answer.

use crate::{NotifyType, PayloadType};
use core::fmt;

/// Octets that do not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Malformed {
    /// What was expected there.
    pub what: &'static str,
    /// Where, in octets from the start of the message.
    pub offset: usize,
}

impl Malformed {
    /// `what` was expected at `offset`.
    #[must_use]
    pub const fn new(what: &'static str, offset: usize) -> Self {
        Self { what, offset }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed at octet {}: {}", self.offset, self.what)
    }
}

impl core::error::Error for Malformed {}

/// A message that parses and that the protocol forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerMisbehaved {
    /// A payload that the exchange needs is missing.
    MissingPayload(PayloadType),
    /// A payload stands there twice that may stand there once.
    RepeatedPayload(PayloadType),
    /// The accepted proposal is not one of ours, or not one at all (RFC 7296 3.3.6).
    NotOffered(&'static str),
    /// The KE payload is of another group than the one agreed (RFC 7296 3.4).
    WrongGroup(u16),
    /// The public value fails the recipient tests (RFC 6989).
    InvalidPublicValue,
    /// A nonce outside 16 to 256 octets (RFC 7296 2.10).
    NonceLength(usize),
    /// Selectors wider than those proposed (RFC 7296 2.9).
    WidenedSelectors,
    /// A payload with the critical flag that nobody defined (RFC 7296 2.5).
    UnsupportedCriticalPayload(PayloadType),
}

impl fmt::Display for PeerMisbehaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingPayload(kind) => write!(f, "no {kind} payload"),
            Self::RepeatedPayload(kind) => write!(f, "more than one {kind} payload"),
            Self::NotOffered(what) => write!(f, "not what was offered: {what}"),
            Self::WrongGroup(group) => {
                write!(f, "KE of group {group}, which is not the agreed one")
            }
            Self::InvalidPublicValue => f.write_str("invalid public value"),
            Self::NonceLength(len) => write!(f, "nonce of {len} octets"),
            Self::WidenedSelectors => f.write_str("selectors wider than proposed"),
            Self::UnsupportedCriticalPayload(kind) => {
                write!(f, "critical payload of unknown type {kind}")
            }
        }
    }
}

/// A message that is lawful and that we cannot agree with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerIncompatible {
    /// No proposal is acceptable.
    NoProposalChosen,
    /// Another group is wanted (RFC 7296 1.2); the number of the wanted one.
    InvalidKe(u16),
    /// No selector is left after narrowing.
    TsUnacceptable,
    /// The peer did not prove its identity.
    AuthenticationFailed,
    /// An authentication method other than the shared key.
    AuthMethod(crate::AuthMethod),
}

impl fmt::Display for PeerIncompatible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProposalChosen => f.write_str("no proposal is acceptable"),
            Self::InvalidKe(group) => write!(f, "group {group} is wanted"),
            Self::TsUnacceptable => f.write_str("no selector is acceptable"),
            Self::AuthenticationFailed => f.write_str("authentication failed"),
            Self::AuthMethod(method) => write!(f, "authentication method {method}"),
        }
    }
}

/// Why a message was not accepted, by culprit. The caller's own mistakes are not here: they are
/// `Misuse` of the machine that was misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Error {
    /// It does not parse.
    Malformed(Malformed),
    /// It breaks a rule.
    Misbehaved(PeerMisbehaved),
    /// We do not agree.
    Incompatible(PeerIncompatible),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Misbehaved(error) => error.fmt(f),
            Self::Incompatible(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

impl From<Malformed> for Error {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

impl From<PeerMisbehaved> for Error {
    fn from(error: PeerMisbehaved) -> Self {
        Self::Misbehaved(error)
    }
}

impl From<PeerIncompatible> for Error {
    fn from(error: PeerIncompatible) -> Self {
        Self::Incompatible(error)
    }
}

/// The notify that answers a *request* with this error, with its data (RFC 7296 2.21, 3.10.1):
/// the type, up to two octets of data and how many of them count.
///
/// Whether anything may be answered at all is the caller's to know: INVALID_SYNTAX, for one, goes
/// only into a protected response (RFC 7815 A.10.1).
#[must_use]
pub fn answer(error: &Error) -> (NotifyType, [u8; 2], usize) {
    match error {
        Error::Misbehaved(PeerMisbehaved::UnsupportedCriticalPayload(kind)) => {
            (NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, [kind.0, 0], 1)
        }
        Error::Malformed(_) | Error::Misbehaved(_) => (NotifyType::INVALID_SYNTAX, [0; 2], 0),
        Error::Incompatible(PeerIncompatible::NoProposalChosen) => {
            (NotifyType::NO_PROPOSAL_CHOSEN, [0; 2], 0)
        }
        Error::Incompatible(PeerIncompatible::InvalidKe(group)) => {
            (NotifyType::INVALID_KE_PAYLOAD, group.to_be_bytes(), 2)
        }
        Error::Incompatible(PeerIncompatible::TsUnacceptable) => {
            (NotifyType::TS_UNACCEPTABLE, [0; 2], 0)
        }
        Error::Incompatible(
            PeerIncompatible::AuthenticationFailed | PeerIncompatible::AuthMethod(_),
        ) => (NotifyType::AUTHENTICATION_FAILED, [0; 2], 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuthMethod;
    use rstest::rstest;

    #[rstest]
    #[case::malformed(Malformed::new("x", 1).into(), 7, &[])]
    #[case::missing(PeerMisbehaved::MissingPayload(PayloadType::SA).into(), 7, &[])]
    #[case::nonce(PeerMisbehaved::NonceLength(15).into(), 7, &[])]
    #[case::public_value(PeerMisbehaved::InvalidPublicValue.into(), 7, &[])]
    #[case::critical(
        PeerMisbehaved::UnsupportedCriticalPayload(PayloadType(200)).into(), 1, &[200]
    )]
    #[case::proposal(PeerIncompatible::NoProposalChosen.into(), 14, &[])]
    #[case::group(PeerIncompatible::InvalidKe(0x011f).into(), 17, &[1, 0x1f])]
    #[case::selectors(PeerIncompatible::TsUnacceptable.into(), 38, &[])]
    #[case::authentication(PeerIncompatible::AuthenticationFailed.into(), 24, &[])]
    #[case::method(PeerIncompatible::AuthMethod(AuthMethod::NULL).into(), 24, &[])]
    fn a_request_in_error_is_answered_by_its_notify(
        #[case] error: Error,
        #[case] kind: u16,
        #[case] data: &[u8],
    ) {
        let (found, octets, len) = answer(&error);
        assert_eq!((found, &octets[..len]), (NotifyType(kind), data));
        assert!(found.is_error());
    }
}
