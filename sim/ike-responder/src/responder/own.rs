//! What the responder does by itself: its own requests, and its deadlines.

use super::receive::Content;
use super::{Outgoing, Responder, lend};
use crate::request::Informational;
use crate::sa::{Established, OwnRequest, Purposed, Sa};
use crate::{Behaviour, CloseReason, Event, OutPayload, SaId};
use crypto::Crypto;
use ike_core::payload::Delete;
use ike_core::{ExchangeType, Instant, Transmit};

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    pub(super) fn on_deadline(&mut self, now: Instant, id: SaId) {
        let Some(sa) = self.table.take(id) else { return };
        let next = match sa {
            Sa::HalfOpen(_) => {
                self.closed(id, CloseReason::HalfOpenTimeout);
                None
            }
            Sa::Closed(_) => None,
            Sa::Established(live) => self.on_live_deadline(live).map(Sa::Established),
            Sa::Closing(live) => self.on_live_deadline(live).map(Sa::Closing),
        };
        if let Some(sa) = next {
            debug_assert!(sa.deadline().is_none_or(|deadline| deadline > now));
            self.table.put(sa);
        }
    }

    /// Without an outstanding request it is the liveness check's; else the retransmission's.
    fn on_live_deadline(&mut self, mut live: Established) -> Option<Established> {
        let tries = self.config.schedule.tries.max(1);
        let Some(request) = &mut live.outstanding else {
            return self.request(live, Purposed::Liveness);
        };
        if request.transmissions < tries {
            request.due = None;
            let (sa, message_id) = (live.common.id, request.message_id);
            self.outgoing.push_back(Outgoing::Request { sa, message_id });
            return Some(live);
        }
        let reason = match request.purpose {
            Purposed::Liveness => CloseReason::LivenessFailed,
            Purposed::Delete => CloseReason::DeletedByUs,
        };
        self.closed(live.common.id, reason);
        None
    }

    /// Starts a request of ours; none is outstanding. `None`: the Message IDs have run out, and the
    /// SA must end (RFC 7296 2.2).
    fn request(&mut self, mut live: Established, purpose: Purposed) -> Option<Established> {
        let (sa, message_id) = (live.common.id, live.next_request);
        let Some(next) = message_id.checked_add(1) else {
            self.closed(sa, CloseReason::DeletedByUs);
            return None;
        };
        live.next_request = next;
        let payloads = match purpose {
            Purposed::Liveness => Vec::new(),
            Purposed::Delete => vec![OutPayload::of(&Delete::IKE_SA)],
        };
        let header = live.common.header(ExchangeType::INFORMATIONAL, message_id);
        let message = self.protect(&mut live.common, &header, payloads);
        live.outstanding =
            Some(OwnRequest { message_id, purpose, message, transmissions: 0, due: None });
        self.outgoing.push_back(Outgoing::Request { sa, message_id });
        Some(live)
    }

    /// Lends a request to be sent and starts its timer; `None` where nobody waits for it any more.
    pub(super) fn send_request(
        &mut self,
        now: Instant,
        (id, message_id): (SaId, u32),
        buffer: &mut [u8],
    ) -> Option<Transmit> {
        let mut sa = self.table.take(id)?;
        let transmit = sa.live_mut().and_then(|live| {
            let request =
                live.outstanding.as_ref().filter(|request| request.message_id == message_id)?;
            let transmit = lend(buffer, live.path, &request.message);
            live.sent(now, &self.config.schedule);
            Some(transmit)
        });
        self.table.put(sa);
        transmit
    }

    pub(super) fn begin_delete(&mut self, id: SaId) {
        let Some(sa) = self.table.take(id) else { return };
        let next = match sa {
            Sa::HalfOpen(_) => {
                self.closed(id, CloseReason::DeletedByUs);
                None
            }
            Sa::Established(live) if live.outstanding.is_none() => {
                self.request(live, Purposed::Delete).map(Sa::Closing)
            }
            // RFC 7296 2.3: one request at a time; the Delete follows its response.
            Sa::Established(live) => Some(Sa::Closing(live)),
            other => Some(other),
        };
        if let Some(sa) = next {
            self.table.put(sa);
        }
    }

    /// A verified response to our outstanding request.
    pub(super) fn on_response(
        &mut self,
        now: Instant,
        mut sa: Sa,
        content: Content<'_>,
    ) -> Option<Sa> {
        let Some(live) = sa.live_mut() else { return Some(sa) };
        let Some(request) = live.outstanding.take() else { return Some(sa) };
        live.heard(now, self.config.liveness);
        let id = live.common.id;
        self.event(Event::PeerAnswered { sa: id, message_id: request.message_id });
        let ended = match content.and_then(Informational::parse) {
            _ if request.purpose == Purposed::Delete => Some(CloseReason::DeletedByUs),
            // RFC 7296 2.21: a bad response is not answered, but the state is cleaned up.
            Err(_) => Some(CloseReason::InvalidSyntax),
            // RFC 7296 2.21.3: fatal for both.
            Ok(response) => response.fatal.map(CloseReason::RefusedByPeer),
        };
        if let Some(reason) = ended {
            self.closed(id, reason);
            return None;
        }
        match sa {
            Sa::Closing(live) => self.request(live, Purposed::Delete).map(Sa::Closing),
            other => Some(other),
        }
    }
}
