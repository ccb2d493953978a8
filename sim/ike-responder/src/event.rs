//! What the responder reports, and how it names its SAs.

use core::fmt;
use crypto::ProtectionKey;
use ike_core::{
    DropReason, EspSuite, ExchangeType, Identity, IkeSpi, Instant, NotifyType, Operation, Path,
    TrafficSelector,
};

/// An IKE SA of this responder. It is the responder's SPI, so it does not depend on the order of
/// arrival and is found again in a capture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaId(pub(crate) u64);

impl SaId {
    /// The responder's SPI of the SA.
    #[must_use]
    pub const fn spi_r(self) -> IkeSpi {
        IkeSpi(self.0)
    }
}

impl fmt::Display for SaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spi_r().fmt(f)
    }
}

impl fmt::Debug for SaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spi_r().fmt(f)
    }
}

/// A Child SA with its keys, handed out once. `in` is from the initiator to the gateway.
/// It may outlive the IKE SA that made it: [`Event::Rekeyed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSa {
    /// The IKE SA that made it.
    pub sa: SaId,
    /// The SPI of packets that the gateway receives.
    pub spi_in: u32,
    /// The SPI of packets that the gateway sends.
    pub spi_out: u32,
    /// The algorithms.
    pub suite: EspSuite,
    /// The keys of packets that the gateway receives.
    pub inbound: ProtectionKey,
    /// The keys of packets that the gateway sends.
    pub outbound: ProtectionKey,
    /// Who authenticated.
    pub peer: Identity,
    /// Where IKE_AUTH came from.
    pub path: Path,
    /// The inbound SPI of the Child SA that it takes the place of, which is there until
    /// [`Event::ChildClosed`]. Until then, or until the first packet comes in over the new one, what is
    /// sent belongs into the old one (RFC 7296 2.8).
    pub replaces: Option<u32>,
    /// Agreed for the gateway's side (TSr).
    pub local: Vec<TrafficSelector>,
    /// Agreed for the initiator's side (TSi).
    pub remote: Vec<TrafficSelector>,
}

/// How far an SA is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// IKE_SA_INIT was answered, IKE_AUTH has not come.
    HalfOpen,
    /// Authenticated.
    Established,
    /// Rekeyed by the peer, who is to delete it.
    Replaced,
    /// Our Delete is on its way or waits for an earlier request's response.
    Closing,
    /// Gone; only its last response is kept, for a retransmitted request.
    Closed,
}

/// An SA, for a list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaSummary<'a> {
    /// Its name.
    pub id: SaId,
    /// How far it is.
    pub phase: Phase,
    /// The peer's authenticated identity.
    pub identity: Option<&'a Identity>,
    /// Where it was set up from.
    pub path: Path,
}

/// Why an SA is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// The peer sent a Delete.
    DeletedByPeer,
    /// Our Delete was answered, or given up.
    DeletedByUs,
    /// The peer came back with INITIAL_CONTACT (RFC 7296 2.4).
    InitialContact,
    /// A request of ours was never answered.
    LivenessFailed,
    /// No IKE_AUTH request came in time.
    HalfOpenTimeout,
    /// The peer was not heard for [`crate::Config::idle_timeout`].
    Idle,
    /// The peer has rekeyed it and not deleted it for minutes.
    Replaced,
    /// The gateway lost everything: [`crate::Responder::crash`].
    Crashed,
    /// The peer did not prove who it is.
    AuthenticationFailed,
    /// An unknown critical payload in IKE_AUTH (RFC 7296 2.21.2).
    UnsupportedCriticalPayload,
    /// A message of the peer that verifies and does not parse (RFC 7296 2.21.3).
    InvalidSyntax,
    /// The peer sent an error notify that is fatal for both (RFC 7296 2.21.2, 2.21.3).
    RefusedByPeer(NotifyType),
}

/// What a gateway may ask of an authenticated peer: see [`crate::Responder::request`].
///
/// Nothing that we ask for is created in earnest. Where the peer agrees to a Child SA, that is deleted at once,
/// and a rekeyed one stays as it was; where it agrees to rekey the IKE SA, that is deleted and the
/// new one never used, so the peer's liveness checks end it. A minimal initiator agrees to neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GatewayRequest {
    /// An empty INFORMATIONAL request (RFC 7296 1.4).
    Liveness,
    /// Another Child SA with the algorithms and selectors of the one that there is (RFC 7296
    /// 1.3.1); without one, as the configuration prefers and allows.
    NewChild,
    /// A new Child SA in place of the one that there is, of several the oldest (RFC 7296 1.3.3).
    RekeyChild,
    /// A new IKE SA in place of this one, with a key exchange (RFC 7296 1.3.2). Our new key takes
    /// none of [`crate::Config::service_time`].
    RekeyIke,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A costly computation was done; without an SA where none came of it.
    Operation {
        /// For which SA.
        sa: Option<SaId>,
        /// What was computed.
        operation: Operation,
    },
    /// An IKE_SA_INIT request was accepted and is computed, or waits for that: see
    /// [`crate::Config::service_time`]. It ends with [`Event::HalfOpen`], with [`Event::Dropped`]
    /// where its public value proves impossible, or with [`Event::Crashed`].
    Queued {
        /// Where it came from.
        path: Path,
        /// The initiator's SPI.
        spi_i: IkeSpi,
        /// How many requests are served before it, the one at work among them.
        ahead: usize,
        /// When its answer will leave.
        answer_at: Instant,
    },
    /// An IKE_SA_INIT request was accepted and answered. The SA is half-open until the first
    /// [`Event::Established`] or [`Event::Closed`] of it, exactly one of which ends that.
    HalfOpen {
        /// The new SA.
        sa: SaId,
        /// The initiator's SPI.
        spi_i: IkeSpi,
        /// Ours.
        spi_r: IkeSpi,
        /// Where the request came from.
        path: Path,
    },
    /// IKE_AUTH succeeded. Whether there is a Child SA says [`crate::Responder::take_child_keys`].
    Established {
        /// The SA.
        sa: SaId,
        /// Who the peer is.
        identity: Identity,
        /// Where IKE_AUTH came from.
        path: Path,
        /// SAs of the same identity that INITIAL_CONTACT ended.
        replaced: usize,
    },
    /// A request was answered with an error notify.
    Refused {
        /// The SA; `None` in an unprotected answer.
        sa: Option<SaId>,
        /// Where the request came from.
        path: Path,
        /// What was answered.
        notify: NotifyType,
    },
    /// A datagram changed nothing and was not answered (but for INVALID_MAJOR_VERSION).
    Dropped {
        /// Where it came from.
        path: Path,
        /// Why.
        reason: DropReason,
    },
    /// An IKE_SA_INIT request was answered with a cookie.
    CookieRequested {
        /// Where it came from.
        path: Path,
    },
    /// A retransmitted request got its stored response again.
    ResponseRepeated {
        /// The SA.
        sa: SaId,
        /// The Message ID of both.
        message_id: u32,
    },
    /// A request of an established SA was answered.
    Answered {
        /// The SA.
        sa: SaId,
        /// The exchange.
        exchange: ExchangeType,
    },
    /// A request of ours was answered.
    PeerAnswered {
        /// The SA.
        sa: SaId,
        /// The Message ID of both.
        message_id: u32,
    },
    /// The answer, reported just before, is an error notify: what was asked for will not be.
    PeerRefused {
        /// The SA.
        sa: SaId,
        /// The exchange.
        exchange: ExchangeType,
        /// Why: of a minimal initiator, always NO_ADDITIONAL_SAS (RFC 7815 2.2).
        notify: NotifyType,
    },
    /// A CREATE_CHILD_SA request of the peer made a Child SA: [`crate::Responder::take_child_keys`].
    ChildCreated {
        /// The SA.
        sa: SaId,
        /// The SPI of packets that the gateway receives over it.
        spi_in: u32,
        /// That of the Child SA which it takes the place of, until the peer deletes that.
        replaces: Option<u32>,
    },
    /// A Child SA is gone, the IKE SA stays.
    ChildClosed {
        /// The SA.
        sa: SaId,
        /// The SPI of packets that the gateway received over it.
        spi_in: u32,
    },
    /// The peer rekeyed an SA. The new one has all its Child SAs; the old one is [`Phase::Replaced`]
    /// until its own [`Event::Closed`]. The keys of the new one are there: [`crate::Responder::ike_keys`].
    Rekeyed {
        /// The old SA.
        old: SaId,
        /// The SA that takes its place.
        new: SaId,
        /// The initiator's new SPI.
        spi_i: IkeSpi,
        /// Our new SPI.
        spi_r: IkeSpi,
    },
    /// The SA is gone, its Child SA with it.
    Closed {
        /// The SA.
        sa: SaId,
        /// Why.
        reason: CloseReason,
    },
    /// Everything was lost, after an [`Event::Closed`] for each SA: [`crate::Responder::crash`].
    Crashed {
        /// How many [`Event::Queued`] requests were lost.
        queued: usize,
    },
}
