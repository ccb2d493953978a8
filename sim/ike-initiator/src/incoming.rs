//! What the gateway asks once the SA is there: the least that may be answered (RFC 7815 2.2).

use crate::auth::inside;
use crate::machine::DELETE_MESSAGE_ID;
use crate::state::{Closing, Sa, State};
use crate::{Behaviour, CloseReason, Event, Initiator};
use core::mem;
use crypto::Crypto;
use ike_core::payload::{Delete, Notify, Payloads};
use ike_core::{
    BufferTooSmall, DropReason, Error, ExchangeType, Flags, Header, MessageWriter, NotifyType,
    Path, PayloadType, PeerMisbehaved, ProtocolId, answer,
};
use rand_core::CryptoRng;

/// What the answer is, and what follows once it is given.
#[derive(Default)]
struct Answer {
    /// The error notify, with up to two octets of data.
    notify: Option<(NotifyType, [u8; 2], usize)>,
    /// The SA ends, for this reason.
    ends: Option<CloseReason>,
}

impl Answer {
    fn error(error: &Error) -> Self {
        Self::refusal(answer(error))
    }

    fn notify(kind: NotifyType) -> Self {
        Self::refusal((kind, [0; 2], 0))
    }

    /// RFC 7296 2.21.3: INVALID_SYNTAX is fatal on both sides, without a Delete: the gateway forgets the SA.
    fn refusal(notify: (NotifyType, [u8; 2], usize)) -> Self {
        let is_fatal = notify.0 == NotifyType::INVALID_SYNTAX;
        Self { notify: Some(notify), ends: is_fatal.then_some(CloseReason::InvalidSyntax) }
    }
}

/// Judges what is inside a request of the gateway.
fn judge(exchange: ExchangeType, payloads: Payloads<'_>, child_spi_out: Option<u32>) -> Answer {
    let mut ends = None;
    for payload in payloads {
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => return Answer::error(&error.into()),
        };
        if payload.is_unsupported_critical() {
            let error = PeerMisbehaved::UnsupportedCriticalPayload(payload.kind);
            return Answer::error(&error.into());
        }
        if payload.kind == PayloadType::D {
            match Delete::parse(&payload) {
                // With a Delete of both SAs, in either order, nobody is left to be told anything.
                Ok(_) if ends == Some(CloseReason::DeletedByPeer) => {}
                Ok(delete) => ends = ended_by(&delete, child_spi_out).or(ends),
                Err(error) => return Answer::error(&error.into()),
            }
        }
    }
    match exchange {
        ExchangeType::INFORMATIONAL => Answer { notify: None, ends },
        // RFC 7815 2.2: no further SAs; the gateway must cope (RFC 7296 4).
        ExchangeType::CREATE_CHILD_SA => Answer::notify(NotifyType::NO_ADDITIONAL_SAS),
        // RFC 7296 2.21.3: after authentication every bad request gets a response.
        _ => Answer::notify(NotifyType::INVALID_SYNTAX),
    }
}

fn ended_by(delete: &Delete<'_>, child_spi_out: Option<u32>) -> Option<CloseReason> {
    if delete.protocol == ProtocolId::IKE {
        return Some(CloseReason::DeletedByPeer);
    }
    // RFC 7296 1.4.1: the gateway names the SPI of packets that it receives.
    child_spi_out
        .is_some_and(|spi| delete.names_esp(spi))
        .then_some(CloseReason::ChildDeletedByPeer)
}

impl<C: Crypto, B: Behaviour> Initiator<C, B> {
    /// The SA, the gateway's next Message ID, and the SPI of the Child SA while there is one.
    fn live(&self) -> Option<(Sa, u32, Option<u32>)> {
        match &self.state {
            State::Established(state) => {
                Some((state.sa, state.next_request, Some(state.child_spi_out)))
            }
            State::Closing(state) => Some((state.sa, state.next_request, None)),
            _ => None,
        }
    }

    pub(crate) fn receive_request(
        &mut self,
        header: &Header,
        path: Path,
        message: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), DropReason> {
        let Some((sa, next, child_spi_out)) = self.live() else {
            return Err(DropReason::NotExpected);
        };
        check_spis(&sa, header)?;
        let id = self.behaviour.request_id(header.message_id, next);
        let window = self.config.profile.has_window();
        let is_last = next.checked_sub(1) == Some(id);
        if window && id != next && !is_last {
            // RFC 7296 2.3: not acknowledged.
            return Err(DropReason::MessageId(id));
        }
        let found = match self.open(message) {
            Ok(inner) => judge(header.exchange, inner.payloads(message), child_spi_out),
            Err(error) => Answer::error(&inside(error)?),
        };
        if window && is_last {
            // It came before, so its answer is the one that is kept.
            self.response.repeat(path, |kept| self.behaviour.edit_repeated(kept));
            self.emit(Event::Repeated { message_id: id });
            return Ok(());
        }
        if self.behaviour.answers(header.exchange, found.ends.is_some()) {
            self.respond(&sa, header, (path, &found), rng).map_err(|_| DropReason::NotExpected)?;
        }
        let notify = found.notify.map(|(kind, _, _)| kind);
        self.emit(Event::Answered { exchange: header.exchange, message_id: id, notify });
        if window {
            self.advance_window();
        }
        if let Some(reason) = found.ends {
            self.end_by_peer(reason, rng);
        }
        Ok(())
    }

    fn respond(
        &mut self,
        sa: &Sa,
        request: &Header,
        (mut path, answer): (Path, &Answer),
        rng: &mut dyn CryptoRng,
    ) -> Result<(), BufferTooSmall> {
        let mut header = Header::new(sa.spi_i, sa.spi_r, request.exchange)
            .flags(Flags::INITIATOR.with(Flags::RESPONSE))
            .message_id(request.message_id);
        self.behaviour.edit_answer(request, &mut header, &mut path);
        let iv = self.next_iv(sa, rng);
        let keys = self.secrets.ike.as_ref().ok_or(BufferTooSmall)?;
        let crypto = &self.crypto;
        self.response.write(path, |buffer| {
            let mut writer = MessageWriter::new(buffer, &header)?;
            writer.begin_protected(sa.suite.protection, &iv)?;
            if let Some((kind, data, len)) = &answer.notify {
                writer.payload(&Notify::new(*kind, &data[..*len]))?;
            }
            writer.seal(crypto, &keys.initiator)
        })
    }

    fn advance_window(&mut self) {
        match &mut self.state {
            State::Established(state) => state.next_request = state.next_request.wrapping_add(1),
            State::Closing(state) => state.next_request = state.next_request.wrapping_add(1),
            _ => {}
        }
    }

    fn end_by_peer(&mut self, reason: CloseReason, rng: &mut dyn CryptoRng) {
        if reason == CloseReason::ChildDeletedByPeer {
            self.emit(Event::ChildClosed);
        }
        match mem::replace(&mut self.state, State::Idle) {
            // The IKE SA is left without a Child SA: it goes, too, with a word if wanted.
            State::Established(state)
                if reason == CloseReason::ChildDeletedByPeer && self.config.delete_on_close =>
            {
                self.begin_closing(state.sa, state.next_request, Some(reason), rng);
            }
            // What it was over for when our Delete went out stays the reason.
            State::Closing(state) => self.finish(state.reason.unwrap_or(reason)),
            _ => self.finish(reason),
        }
    }

    /// The only response that is expected once the SA is there: the one to our Delete.
    pub(crate) fn receive_delete_response(
        &mut self,
        header: &Header,
        message: &mut [u8],
    ) -> Result<(), DropReason> {
        let Some((sa, _, _)) = self.live() else { return Err(DropReason::NotExpected) };
        check_spis(&sa, header)?;
        if header.message_id < DELETE_MESSAGE_ID {
            return Err(DropReason::LateResponse);
        }
        let State::Closing(Closing { reason, .. }) = &self.state else {
            return Err(DropReason::MessageId(header.message_id));
        };
        if header.message_id != DELETE_MESSAGE_ID {
            return Err(DropReason::MessageId(header.message_id));
        }
        if header.exchange != ExchangeType::INFORMATIONAL {
            return Err(DropReason::Exchange(header.exchange));
        }
        let reason = reason.unwrap_or(CloseReason::DeleteAnswered);
        if let Err(error) = self.open(message) {
            // Whatever is inside, it is from the gateway, which has got the Delete.
            inside(error)?;
        }
        self.finish(reason);
        Ok(())
    }
}

/// Whether the message belongs to the SA. What still arrives for the IKE_SA_INIT request is late,
/// whichever SPI of the gateway's it bears.
pub(crate) fn check_spis(sa: &Sa, header: &Header) -> Result<(), DropReason> {
    if header.spi_i != sa.spi_i {
        return Err(DropReason::UnknownSpi);
    }
    if header.exchange == ExchangeType::IKE_SA_INIT && header.flags.is_response() {
        return Err(DropReason::LateResponse);
    }
    if header.spi_r == sa.spi_r { Ok(()) } else { Err(DropReason::UnknownSpi) }
}
