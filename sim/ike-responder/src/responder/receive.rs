//! From a datagram to the SA that it belongs to.

use super::{Arrival, Responder};
use crate::sa::{Admission, Sa};
use crate::{Behaviour, SaId, message, random};
use core::time::Duration;
use crypto::Crypto;
use ike_core::payload::{Notify, Payloads};
use ike_core::{
    DropReason, Error, ExchangeType, Flags, HEADER_LEN, Header, IkeSpi, Inner, Instant, NotifyType,
    Path, ProtectedError, open_protected,
};

use crate::OutPayload;

/// RFC 7296 2.21.4: answers to unprotected messages are limited in their rate.
const VERSION_ANSWER_INTERVAL: Duration = Duration::from_secs(1);

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    pub(super) fn receive(
        &mut self,
        now: Instant,
        path: Path,
        message: &mut [u8],
    ) -> Result<(), DropReason> {
        let mut header = Header::parse(message)?;
        self.behaviour.read_header(&mut header);
        if usize::try_from(header.length) != Ok(message.len()) {
            return Err(DropReason::LengthMismatch);
        }
        let arrival = Arrival { now, path, header, digest: random::digest(message) };
        if header.major_version() != 2 {
            self.answer_version(&arrival);
            return Err(DropReason::MajorVersion(header.major_version()));
        }
        // Each SA here was initiated by the peer (RFC 7296 3.1).
        if !header.flags.is_initiator() {
            return Err(DropReason::Flags(header.flags.0));
        }
        if header.spi_r == IkeSpi::ZERO {
            return self.on_first_message(&arrival, message);
        }
        self.on_message_of_sa(&arrival, message)
    }

    fn on_first_message(
        &mut self,
        arrival: &Arrival,
        message: &mut [u8],
    ) -> Result<(), DropReason> {
        let header = &arrival.header;
        if header.flags.is_response() {
            return Err(DropReason::Flags(header.flags.0));
        }
        if header.exchange != ExchangeType::IKE_SA_INIT || header.spi_i == IkeSpi::ZERO {
            return Err(DropReason::UnknownSpi);
        }
        if header.message_id != 0 {
            return Err(DropReason::MessageId(header.message_id));
        }
        self.behaviour.read_payloads(header.next_payload, &mut message[HEADER_LEN..]);
        self.on_init(arrival, message)
    }

    /// RFC 7296 2.5: a higher major version is dropped, and the sender told which one is spoken
    /// here. The header of the answer says it.
    fn answer_version(&mut self, arrival: &Arrival) {
        let Arrival { now, path, header, .. } = arrival;
        let too_soon = self
            .version_answered
            .is_some_and(|last| now.saturating_duration_since(last) < VERSION_ANSWER_INTERVAL);
        if header.major_version() < 2 || header.flags.is_response() || too_soon {
            return;
        }
        self.version_answered = Some(*now);
        let flags = if header.flags.is_initiator() {
            Flags::RESPONSE
        } else {
            Flags::RESPONSE.with(Flags::INITIATOR)
        };
        let answer = Header::new(header.spi_i, header.spi_r, header.exchange)
            .message_id(header.message_id)
            .flags(flags);
        let mut payloads =
            vec![OutPayload::of(&Notify::new(NotifyType::INVALID_MAJOR_VERSION, &[]))];
        self.edit(None, &answer, &mut payloads);
        self.send(*path, message::clear(&answer, &payloads));
        self.refused(None, *path, NotifyType::INVALID_MAJOR_VERSION);
    }

    /// Nothing changes until the message has been verified.
    fn on_message_of_sa(
        &mut self,
        arrival: &Arrival,
        message: &mut [u8],
    ) -> Result<(), DropReason> {
        // RFC 7296 2.6: by the SPIs only, not by the address.
        let id = SaId(arrival.header.spi_r.0);
        let sa = self
            .table
            .get(id)
            .filter(|sa| sa.spi_i() == arrival.header.spi_i)
            .ok_or(DropReason::UnknownSpi)?;
        let Header { exchange, flags, .. } = arrival.header;
        let admission = match sa.admit(&arrival.header, &arrival.digest) {
            Ok(Admission::Repeat) if !self.behaviour.knows_again(exchange) => Admission::Request,
            Err(DropReason::MessageId(message_id))
                if !flags.is_response() && self.behaviour.takes_message_id(message_id) =>
            {
                Admission::Request
            }
            judged => judged?,
        };
        if matches!(admission, Admission::Repeat) {
            self.repeat(arrival, id);
            return Ok(());
        }
        let common = sa.common().ok_or(DropReason::NotExpected)?;
        let opened = open(&self.crypto, common, message)?;
        if let Ok(inner) = &opened {
            self.behaviour.read_payloads(inner.first, &mut message[inner.range.clone()]);
        }
        let payloads = opened.as_ref().map(|inner| inner.payloads(message)).map_err(|e| *e);
        let Some(sa) = self.table.take(id) else { return Err(DropReason::UnknownSpi) };
        let next = match (sa, admission) {
            (Sa::HalfOpen(half_open), _) => Some(self.on_auth(arrival, half_open, payloads)),
            (sa, Admission::Response) => self.on_response(arrival.now, sa, payloads),
            (sa, _) => Some(self.on_request(arrival, sa, payloads)),
        };
        if let Some(sa) = next {
            self.table.put(sa);
        }
        Ok(())
    }
}

/// The payloads of a verified message, or what is wrong with them.
pub(super) type Content<'a> = Result<Payloads<'a>, Error>;

/// Verifies and decrypts. What is wrong with a message that verifies is the peer's fault for sure.
fn open<C: Crypto>(
    crypto: &C,
    common: &crate::sa::Common,
    message: &mut [u8],
) -> Result<Result<Inner, Error>, DropReason> {
    match open_protected(crypto, &common.keys.initiator, message) {
        Ok(inner) => Ok(Ok(inner)),
        Err(ProtectedError::Inside(error)) => Ok(Err(error.into())),
        Err(ProtectedError::UnsupportedCritical(error)) => Ok(Err(error.into())),
        Err(ProtectedError::Malformed(error)) => Err(error.into()),
        Err(ProtectedError::NotProtected) => Err(DropReason::NotProtected),
        Err(ProtectedError::IcvMismatch) => Err(DropReason::IcvMismatch),
    }
}
