//! The states of an SA, each with the fields that mean something in it.

use crate::random::{Digest, Purpose, Streams};
use crate::{ChildSa, Config, GatewayRequest, Phase, SaId, TunnelSelectors};
use ike_core::{
    DropReason, EspSuite, ExchangeType, Header, Identity, IkeKeys, IkeSpi, IkeSuite, Instant, Path,
    Schedule,
};
use rand_core::Rng;
use std::collections::VecDeque;

/// What an SA has as long as it has keys. It is boxed and stays where it is when the state changes,
/// so that the keys are wiped in the one place where they are.
pub(crate) struct Common {
    pub(crate) id: SaId,
    pub(crate) spi_i: IkeSpi,
    pub(crate) suite: IkeSuite,
    pub(crate) keys: IkeKeys,
    pub(crate) streams: Streams,
    /// How many messages have been protected in our direction.
    sealed: u64,
}

impl Common {
    pub(crate) fn new(
        (id, spi_i): (SaId, IkeSpi),
        suite: IkeSuite,
        keys: IkeKeys,
        streams: Streams,
    ) -> Self {
        Self { id, spi_i, suite, keys, streams, sealed: 0 }
    }

    /// The header of a message of ours.
    pub(crate) fn header(&self, exchange: ExchangeType, message_id: u32) -> Header {
        Header::new(self.spi_i, self.id.spi_r(), exchange).message_id(message_id)
    }

    /// An IV that this direction never had: a counter for an AEAD (RFC 5282 3.1), unpredictable
    /// octets for CBC (RFC 7296 3.14).
    pub(crate) fn next_iv(&mut self) -> Vec<u8> {
        let encryption = self.suite.protection.encryption();
        let index = self.sealed;
        self.sealed = index.checked_add(1).expect("no SA protects 2^64 messages");
        if encryption.is_aead() {
            return index.to_be_bytes().to_vec();
        }
        let mut iv = vec![0; encryption.iv_len()];
        let words = encryption.iv_len().div_ceil(4);
        self.streams.stream_at(Purpose::IV, u128::from(index) * words as u128).fill_bytes(&mut iv);
        iv
    }
}

/// The last response, kept for a retransmitted request (RFC 7296 2.1, 2.3).
pub(crate) struct LastAnswer {
    pub(crate) message_id: u32,
    /// Of the request: another message with its Message ID is no retransmission.
    pub(crate) digest: Digest,
    pub(crate) response: Vec<u8>,
}

/// IKE_SA_INIT was answered.
pub(crate) struct HalfOpen {
    pub(crate) common: Box<Common>,
    pub(crate) path: Path,
    /// Of the request.
    pub(crate) digest: Digest,
    /// RealMessage1 (RFC 7296 2.15).
    pub(crate) request: Vec<u8>,
    /// RealMessage2, and what a retransmitted request gets.
    pub(crate) response: Vec<u8>,
    pub(crate) nonce_i: Vec<u8>,
    pub(crate) nonce_r: Vec<u8>,
    pub(crate) deadline: Instant,
}

/// What was agreed for a Child SA.
pub(crate) struct Child {
    /// The SPI of packets that we receive.
    pub(crate) inbound: u32,
    /// The SPI of packets that we send.
    pub(crate) outbound: u32,
    pub(crate) suite: EspSuite,
    pub(crate) selectors: TunnelSelectors,
    /// When it is to be rekeyed; `None` once that was tried.
    pub(crate) due: Option<Instant>,
    /// The peer has put another one in its place, and is to delete it (RFC 7296 2.8).
    pub(crate) replaced: bool,
}

/// The peer is authenticated.
pub(crate) struct Established {
    pub(crate) common: Box<Common>,
    pub(crate) identity: Identity,
    pub(crate) path: Path,
    /// `None`: nothing was asked yet, of an SA that came of rekeying.
    pub(crate) last: Option<LastAnswer>,
    /// Whether it came of rekeying, not of IKE_AUTH.
    pub(crate) rekeyed: bool,
    /// The oldest one first.
    pub(crate) children: Vec<Child>,
    /// Until the keys are taken, the oldest ones first.
    #[expect(clippy::vec_box, reason = "keys stay where they are until they are taken")]
    pub(crate) child_keys: Vec<Box<ChildSa>>,
    /// The Message ID of our next request.
    pub(crate) next_request: u32,
    pub(crate) outstanding: Option<OwnRequest>,
    /// Requests of ours behind the outstanding one; empty where there is none.
    pub(crate) pending: VecDeque<Purposed>,
    /// When a liveness check is due, if nothing is heard until then.
    pub(crate) liveness_due: Option<Instant>,
    /// When the peer counts as gone, if nothing is heard until then.
    pub(crate) idle_due: Option<Instant>,
    /// When the IKE SA is to be rekeyed; `None` once that was tried.
    pub(crate) ike_due: Option<Instant>,
}

impl Established {
    /// A fresh, verified message has come.
    pub(crate) fn heard(&mut self, now: Instant, config: &Config) {
        self.liveness_due = config.liveness.map(|span| now + span);
        self.idle_due = config.idle_timeout.map(|span| now + span);
    }

    /// When the outstanding request is to be sent again, or else the liveness check is due.
    fn request_due(&self) -> Option<Instant> {
        match &self.outstanding {
            Some(request) => request.due,
            None => self.liveness_due,
        }
    }

    /// There is one more Child SA, until `due`; it may take the place of another one.
    pub(crate) fn add_child(&mut self, keys: Box<ChildSa>, due: Option<Instant>) {
        for old in self.children.iter_mut().filter(|old| Some(old.inbound) == keys.replaces) {
            (old.replaced, old.due) = (true, None);
        }
        let (local, remote) = (keys.local.clone(), keys.remote.clone());
        // Nearly every IKE SA has one: a vector by itself would make room for four.
        self.children.reserve_exact(1);
        self.children.push(Child {
            inbound: keys.spi_in,
            outbound: keys.spi_out,
            suite: keys.suite,
            selectors: TunnelSelectors { local, remote },
            due,
            replaced: false,
        });
        self.child_keys.push(keys);
    }

    /// The Child SA with this inbound SPI.
    pub(crate) fn child(&self, inbound: u32) -> Option<&Child> {
        self.children.iter().find(|child| child.inbound == inbound)
    }

    /// The one that is meant where nobody says which: the oldest that is to stay.
    pub(crate) fn main_child(&self) -> Option<&Child> {
        self.children.iter().find(|child| !child.replaced)
    }

    /// The Child SA with this inbound SPI is gone; whether it was there.
    pub(crate) fn lose_child(&mut self, inbound: u32) -> bool {
        let before = self.children.len();
        self.child_keys.retain(|keys| keys.spi_in != inbound);
        self.children.retain(|child| child.inbound != inbound);
        self.children.len() < before
    }

    /// When something is to be done without a message.
    fn deadline(&self) -> Option<Instant> {
        let own = [self.request_due(), self.idle_due, self.ike_due];
        own.into_iter().chain(self.children.iter().map(|child| child.due)).flatten().min()
    }

    /// The start of the timer of our request that leaves now.
    pub(crate) fn sent(&mut self, now: Instant, schedule: &Schedule) {
        let Some(request) = &mut self.outstanding else { return };
        // Each request has words of its own in the stream: the first for all its timeouts.
        let words = u128::from(request.message_id) << 9;
        let draw = |word| self.common.streams.stream_at(Purpose::JITTER, words + word).next_u32();
        let index = request.transmissions;
        let timeout = schedule.timeout(index, draw(0), draw(1 + u128::from(index)));
        request.transmissions = index.saturating_add(1);
        request.due = Some(now + timeout);
    }
}

/// What a request of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purposed {
    Liveness,
    Delete,
    /// Of the Child SA with this inbound SPI.
    DeleteChild(u32),
    Create(Creation),
}

/// What CREATE_CHILD_SA is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    NewChild,
    /// In place of the one with this inbound SPI.
    RekeyChild(u32),
    RekeyIke,
}

/// A CREATE_CHILD_SA request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Creation {
    pub(crate) wanted: Wanted,
    /// A lifetime has ended: the IKE SA does, too, unless it is rekeyed.
    pub(crate) expired: bool,
}

impl Purposed {
    pub(crate) const fn create(wanted: Wanted, expired: bool) -> Self {
        Self::Create(Creation { wanted, expired })
    }

    /// What the owner wants asked; `None`: there is no Child SA to rekey.
    pub(crate) fn of(what: GatewayRequest, live: &Established) -> Option<Self> {
        Some(match what {
            GatewayRequest::Liveness => Self::Liveness,
            GatewayRequest::NewChild => Self::create(Wanted::NewChild, false),
            GatewayRequest::RekeyChild => {
                Self::create(Wanted::RekeyChild(live.main_child()?.inbound), false)
            }
            GatewayRequest::RekeyIke => Self::create(Wanted::RekeyIke, false),
        })
    }

    pub(crate) const fn exchange(self) -> ExchangeType {
        match self {
            Self::Create(_) => ExchangeType::CREATE_CHILD_SA,
            Self::Liveness | Self::Delete | Self::DeleteChild(_) => ExchangeType::INFORMATIONAL,
        }
    }
}

/// A request of ours that waits for its response: window 1 (RFC 7296 2.3).
pub(crate) struct OwnRequest {
    pub(crate) message_id: u32,
    pub(crate) purpose: Purposed,
    /// The inbound SPI of the Child SA that it offers.
    pub(crate) offered: Option<u32>,
    /// Sent again bit by bit (RFC 7296 2.1).
    pub(crate) message: Vec<u8>,
    /// How many times it has left.
    pub(crate) transmissions: u8,
    /// `None` while it waits to leave.
    pub(crate) due: Option<Instant>,
}

/// The peer has rekeyed the SA and is to delete it.
pub(crate) struct Replaced {
    pub(crate) live: Established,
    /// When it ends without a word, whether the peer's Delete was lost or never sent.
    pub(crate) until: Instant,
}

/// The SA is gone, its keys are wiped.
pub(crate) struct Closed {
    pub(crate) id: SaId,
    pub(crate) spi_i: IkeSpi,
    pub(crate) path: Path,
    pub(crate) last: Option<LastAnswer>,
    pub(crate) forget_at: Instant,
}

/// An SA.
pub(crate) enum Sa {
    HalfOpen(HalfOpen),
    Established(Established),
    Replaced(Replaced),
    /// Our Delete is outstanding, or waits for the response to an earlier request.
    Closing(Established),
    Closed(Closed),
}

/// What a message is to an SA.
pub(crate) enum Admission {
    /// A retransmission: the stored response goes out again.
    Repeat,
    /// The next request, if it verifies.
    Request,
    /// The response to our request, if it verifies.
    Response,
}

impl Sa {
    pub(crate) fn id(&self) -> SaId {
        match self {
            Self::HalfOpen(sa) => sa.common.id,
            Self::Established(sa) | Self::Closing(sa) => sa.common.id,
            Self::Replaced(sa) => sa.live.common.id,
            Self::Closed(sa) => sa.id,
        }
    }

    pub(crate) fn spi_i(&self) -> IkeSpi {
        match self {
            Self::HalfOpen(sa) => sa.common.spi_i,
            Self::Established(sa) | Self::Closing(sa) => sa.common.spi_i,
            Self::Replaced(sa) => sa.live.common.spi_i,
            Self::Closed(sa) => sa.spi_i,
        }
    }

    pub(crate) fn path(&self) -> Path {
        match self {
            Self::HalfOpen(sa) => sa.path,
            Self::Established(sa) | Self::Closing(sa) => sa.path,
            Self::Replaced(sa) => sa.live.path,
            Self::Closed(sa) => sa.path,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::HalfOpen(_) => Phase::HalfOpen,
            Self::Established(_) => Phase::Established,
            Self::Replaced(_) => Phase::Replaced,
            Self::Closing(_) => Phase::Closing,
            Self::Closed(_) => Phase::Closed,
        }
    }

    pub(crate) fn common(&self) -> Option<&Common> {
        match self {
            Self::HalfOpen(sa) => Some(&sa.common),
            Self::Established(sa) | Self::Closing(sa) => Some(&sa.common),
            Self::Replaced(sa) => Some(&sa.live.common),
            Self::Closed(_) => None,
        }
    }

    /// The part of an SA whose peer is authenticated.
    pub(crate) fn live(&self) -> Option<&Established> {
        match self {
            Self::Established(sa) | Self::Closing(sa) => Some(sa),
            Self::Replaced(sa) => Some(&sa.live),
            Self::HalfOpen(_) | Self::Closed(_) => None,
        }
    }

    /// As [`Self::live`].
    pub(crate) fn live_mut(&mut self) -> Option<&mut Established> {
        match self {
            Self::Established(sa) | Self::Closing(sa) => Some(sa),
            Self::Replaced(sa) => Some(&mut sa.live),
            Self::HalfOpen(_) | Self::Closed(_) => None,
        }
    }

    /// The last response; a half-open SA's own is found by its request.
    pub(crate) fn last_answer(&self) -> Option<&LastAnswer> {
        match self {
            Self::HalfOpen(_) => None,
            Self::Established(sa) | Self::Closing(sa) => sa.last.as_ref(),
            Self::Replaced(sa) => sa.live.last.as_ref(),
            Self::Closed(sa) => sa.last.as_ref(),
        }
    }

    /// When something is to be done without a message.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::HalfOpen(sa) => Some(sa.deadline),
            Self::Established(sa) => sa.deadline(),
            Self::Replaced(sa) => sa.live.deadline().into_iter().chain([sa.until]).min(),
            // It ends when the Delete is answered or given up, not before.
            Self::Closing(sa) => sa.request_due(),
            Self::Closed(sa) => Some(sa.forget_at),
        }
    }

    /// Judges flags, window and exchange of a message before any key is used.
    pub(crate) fn admit(&self, header: &Header, digest: &Digest) -> Result<Admission, DropReason> {
        if header.flags.is_response() {
            return self.admit_response(header);
        }
        if let Some(last) = self.last_answer()
            && last.message_id == header.message_id
            && last.digest == *digest
        {
            return Ok(Admission::Repeat);
        }
        let expected = match self {
            Self::HalfOpen(_) => Some(1),
            // RFC 7296 2.2: Message IDs never start again; then there is no next one.
            Self::Established(_) | Self::Replaced(_) | Self::Closing(_) => match self.last_answer()
            {
                Some(last) => last.message_id.checked_add(1),
                // RFC 7296 2.18: after rekeying they count from 0.
                None => Some(0),
            },
            Self::Closed(_) => return Err(DropReason::NotExpected),
        };
        if expected != Some(header.message_id) {
            return Err(DropReason::MessageId(header.message_id));
        }
        // RFC 7296 1: IKE_AUTH comes before all others. What comes later is judged when it verifies.
        if matches!(self, Self::HalfOpen(_)) && header.exchange != ExchangeType::IKE_AUTH {
            return Err(DropReason::Exchange(header.exchange));
        }
        Ok(Admission::Request)
    }

    fn admit_response(&self, header: &Header) -> Result<Admission, DropReason> {
        let Some(live) = self.live() else { return Err(DropReason::NotExpected) };
        match &live.outstanding {
            Some(request) if request.message_id == header.message_id => {
                if header.exchange == request.purpose.exchange() {
                    Ok(Admission::Response)
                } else {
                    Err(DropReason::Exchange(header.exchange))
                }
            }
            _ if header.message_id < live.next_request => Err(DropReason::LateResponse),
            _ => Err(DropReason::MessageId(header.message_id)),
        }
    }
}
