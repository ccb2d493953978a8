//! IKE_SA_INIT.

use super::queue::Work;
use super::{Arrival, Responder};
use crate::cookie::{self, Asker};
use crate::negotiate::{self, Choice};
use crate::random::Purpose;
use crate::request::InitRequest;
use crate::sa::{Common, HalfOpen, Sa};
use crate::{Behaviour, CookiePolicy, Event, OutPayload, SaId, message};
use crypto::{Crypto, MAX_PUBLIC_VALUE, PrivateKey};
use ike_core::payload::{KeyExchange, Nonce, Notify, ProposalRepr, SaRepr};
use ike_core::{
    DropReason, Error, ExchangeType, Flags, IkeKeys, IkeSuite, Instant, NotifyType, Operation,
    PeerMisbehaved, ProtocolId, SaNonces, answer,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// Octets of our nonce: the key length of every PRF here (RFC 7296 2.10 wants half of it).
const NONCE_LEN: usize = 32;

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// The three cases of RFC 7296 2.1: a retransmission to a half-open SA, one that comes after
    /// IKE_AUTH, a new request; told apart by the hash of the whole message.
    pub(super) fn on_init(&mut self, arrival: &Arrival, message: &[u8]) -> Result<(), DropReason> {
        if let Some(sa) = self.table.of_request(&arrival.digest)
            && self.behaviour.knows_again(ExchangeType::IKE_SA_INIT)
        {
            self.repeat(arrival, sa);
            return Ok(());
        }
        if self.used.contains(&arrival.digest) {
            return Err(DropReason::LateRequest);
        }
        if self.queue.contains(&arrival.digest) {
            return Err(DropReason::InProgress);
        }
        let request = match InitRequest::parse(&arrival.header, message) {
            Ok(request) => request,
            Err(error) => return self.refuse_init(arrival, error),
        };
        if self.wants_cookie(arrival) && !self.has_cookie(arrival, &request) {
            self.ask_for_cookie(arrival, &request);
            return Ok(());
        }
        if self.is_full(arrival) {
            return Err(DropReason::TooManyHalfOpen);
        }
        let group = self.behaviour.ke_group(request.ke.group);
        match negotiate::choose_ike(&self.config.suites, &request.offer, group) {
            Ok(choice) if self.config.service_time.is_zero() && self.queue.len() == 0 => {
                self.open_half(arrival, &request, &choice, message)
            }
            Ok(choice) => {
                self.enqueue(arrival, choice, message);
                Ok(())
            }
            Err(error) => self.refuse_init(arrival, error.into()),
        }
    }

    fn enqueue(&mut self, arrival: &Arrival, choice: Choice<IkeSuite>, message: &[u8]) {
        let answer_at = self.queue.done_at(arrival.now, self.config.service_time);
        let ahead = self.queue.len();
        let (path, spi_i) = (arrival.path, arrival.header.spi_i);
        self.event(Event::Queued { path, spi_i, ahead, answer_at });
        let message = message.to_vec();
        self.queue.push(Work { arrival: *arrival, message, choice, done_at: answer_at });
        self.counters.queue_peak = self.counters.queue_peak.max(self.queue.len());
    }

    /// Answers the requests whose work is done.
    pub(super) fn finish_work(&mut self, now: Instant) {
        while let Some(Work { arrival, message, choice, .. }) = self.queue.pop(now) {
            let arrival = Arrival { now, ..arrival };
            let finished = match InitRequest::parse(&arrival.header, &message) {
                Ok(request) => self.open_half(&arrival, &request, &choice, &message),
                Err(error) => self.refuse_init(&arrival, error),
            };
            if let Err(reason) = finished {
                self.event(Event::Dropped { path: arrival.path, reason });
            }
        }
    }

    /// Nobody authenticated the request, so only what helps an honest initiator is answered; never
    /// INVALID_SYNTAX (RFC 7296 3.10.1), nor anything to an impossible public value (RFC 6989 2.5).
    fn refuse_init(&mut self, arrival: &Arrival, error: Error) -> Result<(), DropReason> {
        match error {
            Error::Malformed(_) if self.behaviour.answers_malformed() => {
                self.answer_clear(arrival, &Notify::new(NotifyType::INVALID_SYNTAX, &[]));
                Ok(())
            }
            Error::Malformed(malformed) => Err(malformed.into()),
            Error::Misbehaved(PeerMisbehaved::UnsupportedCriticalPayload(_))
            | Error::Incompatible(_) => {
                let (kind, data, len) = answer(&error);
                self.answer_clear(arrival, &Notify::new(kind, &data[..len]));
                self.refused(None, arrival.path, kind);
                Ok(())
            }
            Error::Misbehaved(_) => Err(DropReason::Unacceptable(error)),
        }
    }

    /// How many SAs are half-open or wait for the processor: in all, and of the address that asks.
    fn waiting(&self, arrival: &Arrival) -> (usize, usize) {
        let address = arrival.path.remote.ip();
        let all = self.table.half_open() + self.queue.len();
        (all, self.table.half_open_of(address) + self.queue.of_address(address))
    }

    fn wants_cookie(&self, arrival: &Arrival) -> bool {
        let (all, of_address) = self.waiting(arrival);
        match self.config.cookies {
            CookiePolicy::Never => false,
            CookiePolicy::Always => true,
            CookiePolicy::Above(total) => all > total,
            CookiePolicy::AboveEither { total, per_address } => {
                all > total || of_address > per_address
            }
        }
    }

    fn is_full(&self, arrival: &Arrival) -> bool {
        let (all, of_address) = self.waiting(arrival);
        all >= self.config.half_open_limit
            || self.config.half_open_per_address.is_some_and(|limit| of_address >= limit)
    }

    /// RFC 7296 2.6: a wrong cookie is no cookie.
    fn has_cookie(&mut self, arrival: &Arrival, request: &InitRequest<'_>) -> bool {
        let Some(cookie) = request.cookie else { return false };
        let valid = cookie::is_valid(&self.seed, arrival.now, &asker(arrival, request), cookie);
        self.behaviour.takes_cookie(valid)
    }

    fn ask_for_cookie(&mut self, arrival: &Arrival, request: &InitRequest<'_>) {
        let cookie = cookie::make(&self.seed, arrival.now, &asker(arrival, request));
        self.answer_clear(arrival, &Notify::new(NotifyType::COOKIE, &cookie));
        self.event(Event::CookieRequested { path: arrival.path });
    }

    /// An SPI that no SA here has (RFC 7296 2.6), and not zero.
    pub(super) fn unused_id(&self, mut stream: ChaCha20Rng) -> SaId {
        loop {
            let id = SaId(stream.next_u64());
            if id.0 != 0 && self.table.get(id).is_none() {
                return id;
            }
        }
    }

    /// The one Diffie-Hellman exchange of this request, and the SA that comes of it.
    fn open_half(
        &mut self,
        arrival: &Arrival,
        request: &InitRequest<'_>,
        choice: &Choice<IkeSuite>,
        message: &[u8],
    ) -> Result<(), DropReason> {
        let streams = self.seed.streams(self.used.generation(), &arrival.digest);
        let id = self.unused_id(streams.stream(Purpose::SPI));
        let suite = choice.suite;
        let private = streams.private_key(suite.group);
        let shared = self.crypto.shared_secret(&private, request.ke.data).ok();
        let shared = self.behaviour.secret(request.ke.data, shared);
        let sa = shared.is_some().then_some(id);
        self.event(Event::Operation { sa, operation: Operation::DiffieHellman(suite.group) });
        let Some(shared) = shared else {
            let error = Error::Misbehaved(PeerMisbehaved::InvalidPublicValue);
            return self.refuse_init(arrival, error);
        };
        let mut nonce_r = vec![0; NONCE_LEN];
        streams.stream(Purpose::NONCE).fill_bytes(&mut nonce_r);
        let nonces = SaNonces { initiator: request.nonce, responder: &nonce_r };
        let spis = (arrival.header.spi_i, id.spi_r());
        let keys = IkeKeys::derive(&self.crypto, &suite, &nonces, spis, &shared);
        let common = Box::new(Common::new((id, spis.0), suite, keys, streams));
        let response = self.init_response(&common, choice, &private, &nonce_r);
        self.send(arrival.path, response.clone());
        let path = arrival.path;
        self.event(Event::HalfOpen { sa: id, spi_i: spis.0, spi_r: spis.1, path });
        self.table.put(Sa::HalfOpen(HalfOpen {
            common,
            path,
            digest: arrival.digest,
            request: message.to_vec(),
            response,
            nonce_i: request.nonce.to_vec(),
            nonce_r,
            deadline: arrival.now + self.config.half_open_timeout,
        }));
        self.counters.half_open_peak = self.counters.half_open_peak.max(self.table.half_open());
        Ok(())
    }

    fn init_response(
        &mut self,
        common: &Common,
        choice: &Choice<IkeSuite>,
        private: &PrivateKey,
        nonce: &[u8],
    ) -> Vec<u8> {
        let group = choice.suite.group;
        let mut public = [0; MAX_PUBLIC_VALUE];
        let public = &mut public[..group.public_value_len()];
        self.crypto.public_value(private, public);
        let operation = Operation::KeyGeneration(group);
        self.event(Event::Operation { sa: Some(common.id), operation });
        let proposal = ProposalRepr {
            number: choice.number,
            protocol: ProtocolId::IKE,
            spi: &[],
            transforms: &choice.transforms,
        };
        let mut payloads = vec![
            OutPayload::of(&SaRepr(&[proposal])),
            OutPayload::of(&KeyExchange { group: group.transform_id(), data: public }),
            OutPayload::of(&Nonce(nonce)),
        ];
        let header = common.header(ExchangeType::IKE_SA_INIT, 0).flags(Flags::RESPONSE);
        self.edit(Some(common.id), &header, &mut payloads);
        message::clear(&header, &payloads)
    }
}

fn asker<'a>(arrival: &Arrival, request: &InitRequest<'a>) -> Asker<'a> {
    Asker { address: arrival.path.remote.ip(), spi_i: arrival.header.spi_i, nonce: request.nonce }
}
