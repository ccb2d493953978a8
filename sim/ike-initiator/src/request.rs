//! The one request that is outstanding, kept to the octet for retransmission.

use core::time::Duration;
use ike_core::{
    BufferTooSmall, ExchangeType, HEADER_LEN, Instant, NotifyType, PayloadType, Schedule,
    payload::{Body, GENERIC_HEADER_LEN, Notify},
};
use rand_core::CryptoRng;

/// The longest request: MODP-2048 with a cookie of 64 octets fits, and so does IKE_AUTH with the
/// longest identity.
pub const MAX_REQUEST: usize = 512;

/// The octets of the outstanding request, bitwise the same in each transmission (RFC 7296 2.1).
pub(crate) struct Request {
    octets: [u8; MAX_REQUEST],
    len: usize,
}

impl Request {
    pub(crate) const fn new() -> Self {
        Self { octets: [0; MAX_REQUEST], len: 0 }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }

    /// Replaces the request with what `write` writes.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut [u8]) -> Result<usize, BufferTooSmall>,
    ) -> Result<(), BufferTooSmall> {
        self.len = write(&mut self.octets)?;
        Ok(())
    }

    /// Puts a cookie in front of all other payloads, in the place of an earlier one; the other
    /// payloads are not touched (RFC 7296 2.6).
    pub(crate) fn set_cookie(&mut self, cookie: &[u8]) -> Result<(), BufferTooSmall> {
        let notify = Notify::new(NotifyType::COOKIE, cookie);
        let (old, first) = self.leading_cookie();
        let new = GENERIC_HEADER_LEN + notify.body_len();
        let len = self.len - old + new;
        if len > MAX_REQUEST {
            return Err(BufferTooSmall);
        }
        self.octets.copy_within(HEADER_LEN + old..self.len, HEADER_LEN + new);
        self.len = len;
        let header = [first.0, 0, 0, u8::try_from(new).map_err(|_| BufferTooSmall)?];
        let (generic, body) = self.octets[HEADER_LEN..HEADER_LEN + new].split_at_mut(header.len());
        generic.copy_from_slice(&header);
        notify.emit(body);
        self.octets[16] = PayloadType::N.0;
        let length = u32::try_from(len).map_err(|_| BufferTooSmall)?;
        self.octets[24..HEADER_LEN].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Octets of the cookie's payload, if the request starts with one, and the type of the first
    /// payload behind. Our IKE_SA_INIT has no other notify.
    fn leading_cookie(&self) -> (usize, PayloadType) {
        let first = PayloadType(self.octets[16]);
        if first != PayloadType::N {
            return (0, first);
        }
        let len = u16::from_be_bytes([self.octets[HEADER_LEN + 2], self.octets[HEADER_LEN + 3]]);
        (usize::from(len), PayloadType(self.octets[HEADER_LEN]))
    }

    pub(crate) fn forget(&mut self) {
        self.len = 0;
    }
}

/// When the outstanding request is sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    exchange: ExchangeType,
    /// Transmissions so far.
    sent: u8,
    /// It waits for [`crate::Initiator::poll_transmit`].
    pending: bool,
    deadline: Option<Instant>,
    /// Drawn once for the request, for [`ike_core::Jitter::Stretch`].
    request_draw: u32,
    /// Drawn for the current timeout, for [`ike_core::Jitter::Shorten`].
    draw: u32,
}

/// What a deadline that passed means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Nothing: it has not passed.
    NotYet,
    /// The request is to be sent again.
    Retransmit,
    /// It has been sent often enough.
    GiveUp,
}

impl Timer {
    /// The timer of a new request, which waits for its first transmission.
    pub(crate) fn start(exchange: ExchangeType, rng: &mut dyn CryptoRng) -> Self {
        let (request_draw, draw) = (rng.next_u32(), rng.next_u32());
        Self { exchange, sent: 0, pending: true, deadline: None, request_draw, draw }
    }

    pub(crate) fn exchange(&self) -> ExchangeType {
        self.exchange
    }

    /// Transmissions so far.
    pub(crate) fn sent(&self) -> u8 {
        self.sent
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the request waits for transmission.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending
    }

    /// If the request waits: the index of this transmission, and the time to the next.
    pub(crate) fn transmit(&mut self, schedule: &Schedule) -> Option<(u8, Duration)> {
        if !self.pending {
            return None;
        }
        let index = self.sent;
        let timeout = schedule.timeout(index, self.request_draw, self.draw);
        self.sent = index.saturating_add(1);
        self.pending = false;
        Some((index, timeout))
    }

    /// The timeout of the latest transmission ends then.
    pub(crate) fn wait(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Judges the deadline; for a retransmission the request waits again.
    pub(crate) fn expire(&mut self, now: Instant, tries: u8, rng: &mut dyn CryptoRng) -> Expiry {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Expiry::NotYet;
        }
        self.deadline = None;
        if self.sent >= tries {
            return Expiry::GiveUp;
        }
        self.draw = rng.next_u32();
        self.pending = true;
        Expiry::Retransmit
    }
}
