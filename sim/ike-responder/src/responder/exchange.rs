//! Requests of an authenticated peer: INFORMATIONAL and CREATE_CHILD_SA.

use super::receive::Content;
use super::{Arrival, Responder};
use crate::request::{Informational, check_chain};
use crate::sa::{Established, Sa};
use crate::{Behaviour, CloseReason, Event, OutPayload};
use crypto::Crypto;
use ike_core::payload::{Delete, Notify, Payloads};
use ike_core::{Error, ExchangeType, Malformed, NotifyType, PeerMisbehaved, ProtocolId, answer};

/// What a request leads to.
#[derive(Default)]
struct Verdict {
    payloads: Vec<OutPayload>,
    /// Among the payloads, if any.
    refused: Option<NotifyType>,
    closed: Option<CloseReason>,
    child_closed: bool,
}

impl Verdict {
    fn refuse(kind: NotifyType, data: &[u8]) -> Self {
        let payloads = vec![OutPayload::of(&Notify::new(kind, data))];
        Self { payloads, refused: Some(kind), ..Self::default() }
    }

    /// RFC 7296 2.21.3: each bad request is answered, and INVALID_SYNTAX ends the SA on both sides.
    fn of_error(error: &Error) -> Self {
        let (kind, data, len) = answer(error);
        let fatal =
            !matches!(error, Error::Misbehaved(PeerMisbehaved::UnsupportedCriticalPayload(_)));
        let closed = fatal.then_some(CloseReason::InvalidSyntax);
        Self { closed, ..Self::refuse(kind, &data[..len]) }
    }
}

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// A verified request with the next Message ID, to an SA that is established or closing.
    pub(super) fn on_request(&mut self, arrival: &Arrival, mut sa: Sa, content: Content<'_>) -> Sa {
        let closing = matches!(sa, Sa::Closing(_));
        let Some(live) = sa.live_mut() else { return sa };
        live.heard(arrival.now, &self.config);
        let verdict = content
            .and_then(|payloads| judge(arrival, live, closing, payloads))
            .unwrap_or_else(|error| Verdict::of_error(&error));
        let id = live.common.id;
        live.last = self.answer(arrival, &mut live.common, verdict.payloads);
        self.event(Event::Answered { sa: id, exchange: arrival.header.exchange });
        if let Some(notify) = verdict.refused {
            self.refused(Some(id), arrival.path, notify);
        }
        if verdict.child_closed {
            live.lose_child();
            self.event(Event::ChildClosed { sa: id });
        }
        match (sa, verdict.closed) {
            (Sa::Established(live) | Sa::Closing(live), Some(reason)) => {
                let Established { common, last, path, .. } = live;
                self.bury(arrival.now, &common, (last, path), reason)
            }
            (sa, _) => sa,
        }
    }
}

fn judge(
    arrival: &Arrival,
    live: &Established,
    closing: bool,
    payloads: Payloads<'_>,
) -> Result<Verdict, Error> {
    match arrival.header.exchange {
        ExchangeType::INFORMATIONAL => judge_informational(arrival, live, payloads),
        ExchangeType::CREATE_CHILD_SA => {
            check_chain(payloads)?;
            // RFC 7296 2.25.2; 1.3: the one Child SA of IKE_AUTH is all there is.
            let kind =
                if closing { NotifyType::TEMPORARY_FAILURE } else { NotifyType::NO_ADDITIONAL_SAS };
            Ok(Verdict::refuse(kind, &[]))
        }
        _ => Err(Malformed::new("an exchange of an established SA", EXCHANGE_AT).into()),
    }
}

fn judge_informational(
    arrival: &Arrival,
    live: &Established,
    payloads: Payloads<'_>,
) -> Result<Verdict, Error> {
    let request = Informational::parse(payloads)?;
    if request.deletes_ike {
        // RFC 7296 1.4.1: an empty response.
        return Ok(Verdict { closed: Some(CloseReason::DeletedByPeer), ..Verdict::default() });
    }
    // RFC 7296 2.21.2: the exchange right after IKE_AUTH may tell that our answer was not accepted.
    if let Some(kind) = request.fatal.filter(|_| arrival.header.message_id == 2) {
        let closed = Some(CloseReason::RefusedByPeer(kind));
        return Ok(Verdict { closed, ..Verdict::default() });
    }
    match &live.child {
        // The peer names its inbound half, we answer with ours.
        Some(child) if request.deletes_esp(child.outbound) => {
            let spis = child.inbound.to_be_bytes();
            let delete = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spis };
            let payloads = vec![OutPayload::of(&delete)];
            Ok(Verdict { payloads, child_closed: true, ..Verdict::default() })
        }
        _ => Ok(Verdict::default()),
    }
}

/// Where the header has the exchange type.
const EXCHANGE_AT: usize = 18;
