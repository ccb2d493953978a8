//! The machine and its drive contract.

mod agree;
mod auth;
mod child;
mod create;
mod exchange;
mod init;
mod own;
mod queue;
mod receive;

use crate::counters::Integral;
use crate::message;
use crate::random::{Digest, Seed};
use crate::sa::{Common, LastAnswer, Sa};
use crate::seen::UsedRequests;
use crate::table::Table;
use crate::{
    Behaviour, ChildSa, CloseReason, Config, Counters, Event, GatewayRequest, Honest,
    MessageContext, OutPayload,
};
use crate::{Phase, SaId, SaSummary};
use crypto::Crypto;
use ike_core::payload::Notify;
use ike_core::{Flags, Header, IkeKeys, IkeSpi, IkeSuite, Instant, NotifyType, Path, Transmit};
use queue::Queue;
use std::collections::VecDeque;

/// Octets that a buffer needs for each message of an honest responder.
pub const MAX_MESSAGE: usize = 3_000;

/// A responder: all its SAs, what it has to send, and what it has to report.
pub struct Responder<C: Crypto, B: Behaviour = Honest> {
    config: Config,
    crypto: C,
    behaviour: B,
    seed: Seed,
    table: Table,
    used: UsedRequests,
    queue: Queue,
    outgoing: VecDeque<Outgoing>,
    events: VecDeque<Event>,
    /// When INVALID_MAJOR_VERSION was last sent.
    version_answered: Option<Instant>,
    counters: Counters,
    half_open_over_time: Integral,
}

/// What waits to be sent.
enum Outgoing {
    Response {
        path: Path,
        message: Vec<u8>,
    },
    /// Looked up when it leaves: a request that was answered meanwhile does not.
    Request {
        sa: SaId,
        message_id: u32,
    },
}

/// A received message, apart from its octets.
#[derive(Clone, Copy)]
struct Arrival {
    now: Instant,
    path: Path,
    header: Header,
    digest: Digest,
}

impl<C: Crypto> Responder<C> {
    /// An honest responder. Whoever knows `seed` knows all keys: a server takes a fresh one at each
    /// start, a simulation the one of the run.
    #[must_use]
    pub fn new(config: Config, crypto: C, seed: [u8; 32]) -> Self {
        Self::with_behaviour(config, crypto, seed, Honest)
    }
}

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// A responder that behaves as it is told; otherwise as [`Responder::new`].
    #[must_use]
    pub fn with_behaviour(config: Config, crypto: C, seed: [u8; 32], behaviour: B) -> Self {
        Self {
            config,
            crypto,
            behaviour,
            seed: Seed::new(seed),
            table: Table::default(),
            used: UsedRequests::default(),
            queue: Queue::default(),
            outgoing: VecDeque::new(),
            events: VecDeque::new(),
            version_answered: None,
            counters: Counters::default(),
            half_open_over_time: Integral::default(),
        }
    }

    /// A UDP payload arrived; it is decrypted in place.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, message: &mut [u8]) {
        if let Err(reason) = self.receive(now, path, message) {
            let ends = self.behaviour.ends_for(&reason);
            self.event(Event::Dropped { path, reason });
            if let Ok(header) = Header::parse(message)
                && ends
                && let Some(sa) = self.table.take(SaId(header.spi_r.0))
            {
                self.closed(sa.id(), CloseReason::InvalidSyntax);
            }
        }
        self.note_half_open(now);
    }

    /// The deadline of [`Self::poll_timeout`] has passed. Calling it early changes nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        for id in self.table.due(now) {
            self.on_deadline(now, id);
        }
        self.finish_work(now);
        self.note_half_open(now);
    }

    /// The next datagram, into the first octets of `buffer`. The timer of a request starts here.
    ///
    /// # Panics
    /// When the datagram does not fit; [`MAX_MESSAGE`] octets are enough for an honest responder.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<Transmit> {
        loop {
            match self.outgoing.pop_front()? {
                Outgoing::Response { path, message } => return Some(lend(buffer, path, &message)),
                Outgoing::Request { sa, message_id } => {
                    if let Some(transmit) = self.send_request(now, (sa, message_id), buffer) {
                        return Some(transmit);
                    }
                }
            }
        }
    }

    /// When [`Self::handle_timeout`] wants to be called next; `None`: nothing to wait for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.table.next_deadline().into_iter().chain(self.queue.next_done()).min()
    }

    /// What happened, in order; to be drained after each call.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// A Child SA of an established SA, the oldest one first: each once, and never again.
    pub fn take_child_keys(&mut self, sa: SaId) -> Option<ChildSa> {
        let live = self.table.get_unindexed(sa)?.live_mut()?;
        (!live.child_keys.is_empty()).then(|| *live.child_keys.remove(0))
    }

    /// Closes the SA: a Delete request, sent again until it is answered or given up (RFC 7296
    /// 1.4.1, 2.4). A half-open SA is forgotten at once; one that is gone stays so. The request's timer starts when it leaves.
    pub fn delete(&mut self, now: Instant, sa: SaId) {
        self.begin_delete(sa);
        self.note_half_open(now);
    }

    /// Sends a request of the gateway's own to an established SA: at once, or when those before it
    /// are answered (RFC 7296 2.3: window 1). It is sent again by the schedule, and where that gives
    /// up, the SA ends. Whether anything is asked: not of an SA that is not there, not
    /// authenticated or about to be closed, nor for a rekey of a Child SA that there is not.
    ///
    /// The answer is [`Event::PeerAnswered`], behind which [`Event::PeerRefused`] says that the peer
    /// will not. The timer starts when the request leaves.
    pub fn request(&mut self, _now: Instant, sa: SaId, what: GatewayRequest) -> bool {
        self.ask(sa, what)
    }

    /// The gateway loses everything and comes back empty: all SAs, the stored responses, the
    /// requests at the processor, what was about to leave, and which requests were used up. Each SA
    /// that was not closed yet ends with [`Event::Closed`]. Configuration, behaviour and counters
    /// stay.
    ///
    /// From here on all random octets come from another seed, a hash of the one before: a server
    /// takes a fresh one at each start. So a recorded IKE_SA_INIT request that is accepted again
    /// never gets the keys that it had before, whose IVs have been used; and a run that crashes
    /// stays reproducible.
    pub fn crash(&mut self, now: Instant) {
        let lost = core::mem::take(&mut self.table);
        for sa in lost.iter().filter(|sa| sa.phase() != Phase::Closed) {
            self.closed(sa.id(), CloseReason::Crashed);
        }
        let queued = core::mem::take(&mut self.queue).len();
        self.event(Event::Crashed { queued });
        self.used = UsedRequests::default();
        self.outgoing.clear();
        self.version_answered = None;
        self.seed = self.seed.after_restart();
        self.note_half_open(now);
    }

    /// A fresh, verified ESP packet came in over the SA's Child SA: that proves the peer alive as an
    /// IKE message does (RFC 7296 2.4). A caller that wants liveness checks regardless does not
    /// tell.
    pub fn note_traffic(&mut self, now: Instant, sa: SaId) {
        self.table.change_deadline(sa, |live| live.heard(now, &self.config));
    }

    /// The algorithms, keys and SPIs (initiator's, responder's) of an SA, for a key log; from
    /// [`Event::HalfOpen`] or [`Event::Rekeyed`] until it is gone.
    #[must_use]
    pub fn ike_keys(&self, sa: SaId) -> Option<(&IkeSuite, &IkeKeys, IkeSpi, IkeSpi)> {
        let common = self.table.get(sa)?.common()?;
        Some((&common.suite, &common.keys, common.spi_i, sa.spi_r()))
    }

    /// The Child SAs of an SA by the SPI of packets that the gateway receives, the oldest one first.
    pub fn children(&self, sa: SaId) -> impl Iterator<Item = u32> {
        let live = self.table.get(sa).and_then(Sa::live);
        live.into_iter().flat_map(|live| live.children.iter().map(|child| child.inbound))
    }

    /// All SAs, by their SPI.
    pub fn sas(&self) -> impl Iterator<Item = SaSummary<'_>> {
        self.table.iter().map(|sa| SaSummary {
            id: sa.id(),
            phase: sa.phase(),
            identity: sa.live().map(|live| &live.identity),
            path: sa.path(),
        })
    }

    /// How many SAs wait for IKE_AUTH. Requests at the processor have no SA yet.
    #[must_use]
    pub fn half_open(&self) -> usize {
        self.table.half_open()
    }

    /// How many IKE_SA_INIT requests are at the processor, the one at work among them.
    #[must_use]
    pub fn queue_len(&self) -> usize {
        self.queue.len()
    }

    /// How many requests were used up since the last start, which [`generation_after`](crate::generation_after) takes.
    #[must_use]
    pub fn used_requests(&self) -> u64 {
        self.used.total()
    }

    /// What has been done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The integral of [`Self::half_open`] over time, in microseconds times SAs, up to `now`: by
    /// Little's law the sum of the durations of all half-open SAs, exactly.
    #[must_use]
    pub fn half_open_integral_us(&self, now: Instant) -> u128 {
        self.half_open_over_time.until(now)
    }

    /// How many SAs are authenticated and not about to be closed.
    #[must_use]
    pub fn established(&self) -> usize {
        self.table.established()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration, to be changed: that holds for what happens from then on.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// The behaviour, to be changed.
    pub fn behaviour_mut(&mut self) -> &mut B {
        &mut self.behaviour
    }

    /// After each call that may begin or end a half-open SA; all of its changes are at `now`.
    fn note_half_open(&mut self, now: Instant) {
        self.half_open_over_time.set(now, self.table.half_open());
    }

    fn event(&mut self, event: Event) {
        self.counters.count(&event);
        self.events.push_back(event);
    }

    fn closed(&mut self, sa: SaId, reason: CloseReason) {
        self.event(Event::Closed { sa, reason });
    }

    fn send(&mut self, path: Path, message: Vec<u8>) {
        for _ in 1..self.behaviour.copies() {
            self.outgoing.push_back(Outgoing::Response { path, message: message.clone() });
        }
        self.outgoing.push_back(Outgoing::Response { path, message });
    }

    /// Sends an unprotected answer that makes no SA: the responder's SPI is zero (RFC 7296 2.6).
    fn answer_clear(&mut self, arrival: &Arrival, notify: &Notify<'_>) {
        let header = Header::new(arrival.header.spi_i, IkeSpi::ZERO, arrival.header.exchange)
            .message_id(arrival.header.message_id)
            .flags(Flags::RESPONSE);
        let mut payloads = vec![OutPayload::of(notify)];
        self.edit(None, &header, &mut payloads);
        self.send(arrival.path, message::clear(&header, &payloads));
    }

    /// Sends the protected answer to a request; it must be kept.
    fn answer(
        &mut self,
        arrival: &Arrival,
        common: &mut Common,
        payloads: Vec<OutPayload>,
    ) -> LastAnswer {
        let message_id = arrival.header.message_id;
        let mut header = common.header(arrival.header.exchange, message_id).flags(Flags::RESPONSE);
        let mut path = arrival.path;
        let is_sent = self.behaviour.edit_answer(&arrival.header, &mut header, &mut path);
        let response = self.protect(common, &header, payloads);
        if is_sent {
            self.send(path, response.clone());
        }
        LastAnswer { message_id, digest: arrival.digest, response }
    }

    fn refused(&mut self, sa: Option<SaId>, path: Path, notify: NotifyType) {
        self.event(Event::Refused { sa, path, notify });
    }

    fn protect(
        &mut self,
        common: &mut Common,
        header: &Header,
        mut payloads: Vec<OutPayload>,
    ) -> Vec<u8> {
        self.edit(Some(common.id), header, &mut payloads);
        let mut iv = common.next_iv();
        self.behaviour.edit_iv(&mut iv);
        message::protected(&self.crypto, &common.keys.responder, header, &iv, &payloads)
    }

    fn edit(&mut self, sa: Option<SaId>, header: &Header, payloads: &mut Vec<OutPayload>) {
        let context = MessageContext {
            sa,
            exchange: header.exchange,
            message_id: header.message_id,
            response: header.flags.is_response(),
        };
        self.behaviour.edit(&context, payloads);
    }

    /// Sends the stored response of a retransmitted request to where that came from.
    fn repeat(&mut self, arrival: &Arrival, sa: SaId) {
        let stored = match self.table.get(sa) {
            Some(Sa::HalfOpen(half_open)) => Some((0, half_open.response.clone())),
            Some(sa) => sa.last_answer().map(|last| (last.message_id, last.response.clone())),
            None => None,
        };
        if let Some((message_id, mut response)) = stored {
            self.behaviour.edit_repeated(&mut response);
            if !response.is_empty() {
                self.send(arrival.path, response);
                self.event(Event::ResponseRepeated { sa, message_id });
            }
        }
    }
}

fn lend(buffer: &mut [u8], path: Path, message: &[u8]) -> Transmit {
    let room = buffer.get_mut(..message.len()).expect("a buffer as long as the datagram");
    room.copy_from_slice(message);
    Transmit { path, len: message.len() }
}
