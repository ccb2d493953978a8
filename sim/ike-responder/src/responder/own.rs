//! What the responder does by itself: its own requests, and its deadlines.

use super::create::{After, Offer};
use super::receive::Content;
use super::{Outgoing, Responder, lend};
use crate::request::{CreateAnswer, Informational};
use crate::sa::{Established, OwnRequest, Purposed, Replaced, Sa, Wanted};
use crate::{Behaviour, CloseReason, Event, GatewayRequest, OutPayload, SaId};
use crypto::Crypto;
use ike_core::payload::Delete;
use ike_core::{Instant, ProtocolId, Transmit};

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    pub(super) fn on_deadline(&mut self, now: Instant, id: SaId) {
        let Some(sa) = self.table.take(id) else { return };
        let next = match sa {
            Sa::HalfOpen(_) => {
                self.closed(id, CloseReason::HalfOpenTimeout);
                None
            }
            Sa::Closed(_) => None,
            Sa::Established(live) => self.on_live_deadline(now, live).map(Sa::Established),
            Sa::Replaced(sa) if sa.until <= now => {
                self.closed(id, CloseReason::Replaced);
                None
            }
            Sa::Replaced(Replaced { live, until }) => {
                self.on_live_deadline(now, live).map(|live| Sa::Replaced(Replaced { live, until }))
            }
            Sa::Closing(live) => self.on_request_deadline(live).map(Sa::Closing),
        };
        if let Some(sa) = next {
            debug_assert!(sa.deadline().is_none_or(|deadline| deadline > now));
            self.table.put(sa);
        }
    }

    fn on_live_deadline(&mut self, now: Instant, mut live: Established) -> Option<Established> {
        let passed = |due: &Instant| *due <= now;
        if live.idle_due.as_ref().is_some_and(passed) {
            self.closed(live.common.id, CloseReason::Idle);
            return None;
        }
        // RFC 7296 2.8: what has expired is rekeyed; the IKE SA goes first, for it may end all.
        let expired = |due: &mut Option<Instant>| due.take_if(|due| passed(due)).is_some();
        if expired(&mut live.ike_due) {
            live.pending.push_back(Purposed::create(Wanted::RekeyIke, true));
        }
        let Established { children, pending, .. } = &mut live;
        for child in
            children.iter_mut().filter_map(|child| expired(&mut child.due).then_some(child.inbound))
        {
            pending.push_back(Purposed::create(Wanted::RekeyChild(child), true));
        }
        match &live.outstanding {
            Some(request) if request.due.as_ref().is_some_and(passed) => {
                self.on_request_deadline(live)
            }
            None if live.pending.is_empty() => self.begin(live, Purposed::Liveness),
            _ => self.begin_pending(live),
        }
    }

    /// The outstanding request is sent again, or given up.
    fn on_request_deadline(&mut self, mut live: Established) -> Option<Established> {
        let tries = self.config.schedule.tries.max(1);
        let Some(request) = &mut live.outstanding else { return Some(live) };
        if request.transmissions < tries {
            request.due = None;
            let (sa, message_id) = (live.common.id, request.message_id);
            self.outgoing.push_back(Outgoing::Request { sa, message_id });
            return Some(live);
        }
        let reason = match request.purpose {
            Purposed::Delete => CloseReason::DeletedByUs,
            Purposed::Liveness | Purposed::DeleteChild(_) | Purposed::Create(_) => {
                CloseReason::LivenessFailed
            }
        };
        self.closed(live.common.id, reason);
        None
    }

    /// Asks the peer, now or behind what is outstanding; whether there is whom and what to ask for.
    pub(super) fn ask(&mut self, id: SaId, what: GatewayRequest) -> bool {
        let Some(sa) = self.table.take(id) else { return false };
        let (next, asked) = match sa {
            Sa::Established(mut live) => {
                let purpose =
                    Purposed::of(what, &live).filter(|purpose| self.is_possible(&live, *purpose));
                live.pending.extend(purpose);
                (self.begin_pending(live).map(Sa::Established), purpose.is_some())
            }
            other => (Some(other), false),
        };
        if let Some(sa) = next {
            self.table.put(sa);
        }
        asked
    }

    /// Starts the first pending request that there still is a use for, unless one is outstanding.
    pub(super) fn begin_pending(&mut self, mut live: Established) -> Option<Established> {
        while live.outstanding.is_none()
            && let Some(purpose) = live.pending.pop_front()
        {
            live = self.begin(live, purpose)?;
        }
        Some(live)
    }

    /// Starts a request of ours; none is outstanding. `None`: the Message IDs have run out, and the
    /// SA must end (RFC 7296 2.2).
    fn begin(&mut self, mut live: Established, purpose: Purposed) -> Option<Established> {
        let (sa, message_id) = (live.common.id, live.next_request);
        let Some(next) = message_id.checked_add(1) else {
            self.closed(sa, CloseReason::DeletedByUs);
            return None;
        };
        let Some((payloads, offered)) = self.own_payloads(&live, purpose) else {
            return Some(live);
        };
        live.next_request = next;
        let header = live.common.header(purpose.exchange(), message_id);
        let message = self.protect(&mut live.common, &header, payloads);
        let (transmissions, due) = (0, None);
        live.outstanding =
            Some(OwnRequest { message_id, purpose, offered, message, transmissions, due });
        self.outgoing.push_back(Outgoing::Request { sa, message_id });
        Some(live)
    }

    fn own_payloads(&mut self, live: &Established, purpose: Purposed) -> Option<Offer> {
        match purpose {
            Purposed::Liveness => Some((Vec::new(), None)),
            Purposed::Delete => Some((vec![OutPayload::of(&Delete::IKE_SA)], None)),
            Purposed::DeleteChild(spi) => {
                let spis = spi.to_be_bytes();
                let delete = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &spis };
                Some((vec![OutPayload::of(&delete)], None))
            }
            Purposed::Create(creation) => self.creation(live, creation.wanted),
        }
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
            Sa::Established(live) | Sa::Replaced(Replaced { live, .. })
                if live.outstanding.is_none() =>
            {
                self.begin(live, Purposed::Delete).map(Sa::Closing)
            }
            // RFC 7296 2.3: one request at a time; the Delete follows its response.
            Sa::Established(live) | Sa::Replaced(Replaced { live, .. }) => Some(Sa::Closing(live)),
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
        live.heard(now, &self.config);
        let id = live.common.id;
        self.event(Event::PeerAnswered { sa: id, message_id: request.message_id });
        let after = self.judge_answer(live, &request, content);
        if let After::Ends(reason) = after {
            self.closed(id, reason);
            return None;
        }
        match (sa, after) {
            (Sa::Closing(live), _)
            | (Sa::Established(live) | Sa::Replaced(Replaced { live, .. }), After::DeleteIke) => {
                self.begin(live, Purposed::Delete).map(Sa::Closing)
            }
            (Sa::Established(mut live), after) => {
                if let After::DeleteChild(spi) = after {
                    live.pending.push_front(Purposed::DeleteChild(spi));
                }
                self.begin_pending(live).map(Sa::Established)
            }
            (other, _) => Some(other),
        }
    }

    fn judge_answer(
        &mut self,
        live: &mut Established,
        request: &OwnRequest,
        content: Content<'_>,
    ) -> After {
        let judged = match request.purpose {
            Purposed::Delete => return After::Ends(CloseReason::DeletedByUs),
            Purposed::Create(creation) => content
                .and_then(CreateAnswer::parse)
                .map(|answer| self.after_creation(live, (creation, request), &answer)),
            Purposed::Liveness | Purposed::DeleteChild(_) => {
                // RFC 7296 2.21.3: a fatal error is fatal for both.
                content.and_then(Informational::parse).map(|answer| match answer.fatal {
                    Some(notify) => After::Ends(CloseReason::RefusedByPeer(notify)),
                    None => After::Nothing,
                })
            }
        };
        // RFC 7296 2.21: a bad response is not answered, but the state is cleaned up.
        judged.unwrap_or(After::Ends(CloseReason::InvalidSyntax))
    }
}
