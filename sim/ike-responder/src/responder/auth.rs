//! IKE_AUTH.

use super::child::{Keying, NewChild, Place};
use super::receive::Content;
use super::{Arrival, Responder};
use crate::random::Purpose;
use crate::request::AuthRequest;
use crate::sa::{Closed, Common, Established, HalfOpen, LastAnswer, Sa};
use crate::{Behaviour, CloseReason, Event, OutPayload, message};
use core::time::Duration;
use crypto::{Crypto, PrfOutput, constant_time_eq};
use ike_core::payload::{Auth, Notify, Raw};
use ike_core::{
    AuthKey, AuthMethod, ChildKeys, Error, Flags, Identity, Instant, NotifyType, Path, PayloadType,
    PeerIncompatible, PeerMisbehaved, SaNonces, answer, auth_key, auth_prf, finish_auth,
};
use std::collections::VecDeque;

/// How long the last response of an SA that is gone is kept; RFC 7296 2.1: several minutes.
pub(super) const LINGER: Duration = Duration::from_secs(240);

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// The verified request with Message ID 1: after it, nothing is half-open any more.
    pub(super) fn on_auth(
        &mut self,
        arrival: &Arrival,
        half_open: HalfOpen,
        content: Content<'_>,
    ) -> Sa {
        self.used.insert(half_open.digest);
        // RFC 7296 2.21.2: a request that is malformed as a whole is rejected before AUTH is looked
        // at.
        let verified = content.and_then(AuthRequest::parse).and_then(|request| {
            let (identity, key) = self.verify(&half_open, &request)?;
            Ok((request, identity, key))
        });
        match verified {
            Ok((request, identity, key)) => {
                let auth = self.own_auth(&half_open, &key);
                self.establish(arrival, half_open, (&request, identity), &auth)
            }
            Err(error) => self.refuse_auth(arrival, half_open, &error),
        }
    }

    /// Who the initiator is, and the key that both AUTH payloads are made with.
    fn verify(
        &mut self,
        half_open: &HalfOpen,
        request: &AuthRequest<'_>,
    ) -> Result<(Identity, AuthKey), Error> {
        let failed = Error::Incompatible(PeerIncompatible::AuthenticationFailed);
        let auth = request.auth.ok_or(failed)?;
        if auth.method != AuthMethod::SHARED_KEY_MIC {
            return Err(PeerIncompatible::AuthMethod(auth.method).into());
        }
        let identity = Identity::from_payload(&request.id).map_err(|_| failed)?;
        let psk = self.config.credentials.get(&identity).ok_or(failed)?;
        let common = &half_open.common;
        let prf = common.suite.prf;
        let key = auth_key(&self.crypto, prf, &psk);
        let started = auth_prf(&self.crypto, prf, &key, &half_open.request, &half_open.nonce_r);
        // The ID's octets as they travelled, reserved ones among them (RFC 7296 2.15).
        let body = request.id.body();
        let expected = finish_auth(&self.crypto, prf, started, &common.keys.pi, body);
        let equal = constant_time_eq(expected.as_slice(), auth.data);
        if self.behaviour.verifies(expected.as_slice(), auth.data, equal) {
            Ok((identity, key))
        } else {
            Err(failed)
        }
    }

    fn own_auth(&self, half_open: &HalfOpen, key: &AuthKey) -> PrfOutput {
        let common = &half_open.common;
        let prf = common.suite.prf;
        let started = auth_prf(&self.crypto, prf, key, &half_open.response, &half_open.nonce_i);
        let id = self.config.identity.body();
        finish_auth(&self.crypto, prf, started, &common.keys.pr, id)
    }

    /// The one protected answer that creates no SA (RFC 7296 2.21.2).
    fn refuse_auth(&mut self, arrival: &Arrival, mut half_open: HalfOpen, error: &Error) -> Sa {
        let reason = match error {
            Error::Misbehaved(PeerMisbehaved::UnsupportedCriticalPayload(_)) => {
                CloseReason::UnsupportedCriticalPayload
            }
            Error::Malformed(_) | Error::Misbehaved(_) => CloseReason::InvalidSyntax,
            Error::Incompatible(_) => CloseReason::AuthenticationFailed,
        };
        let (kind, data, len) = answer(error);
        let payloads = vec![OutPayload::of(&Notify::new(kind, &data[..len]))];
        let last = if self.behaviour.refuses_in_clear() {
            let header = half_open.common.header(arrival.header.exchange, 1);
            self.send(arrival.path, message::clear(&header.flags(Flags::RESPONSE), &payloads));
            None
        } else {
            Some(self.answer(arrival, &mut half_open.common, payloads))
        };
        self.refused(Some(half_open.common.id), arrival.path, kind);
        self.bury(arrival.now, &half_open.common, (last, half_open.path), reason)
    }

    /// What remains of an SA: its last response, for a while. Its keys are wiped.
    pub(super) fn bury(
        &mut self,
        now: Instant,
        common: &Common,
        (last, path): (Option<LastAnswer>, Path),
        reason: CloseReason,
    ) -> Sa {
        self.closed(common.id, reason);
        let forget_at = now + LINGER;
        Sa::Closed(Closed { id: common.id, spi_i: common.spi_i, path, last, forget_at })
    }

    fn establish(
        &mut self,
        arrival: &Arrival,
        mut half_open: HalfOpen,
        (request, identity): (&AuthRequest<'_>, Identity),
        auth: &PrfOutput,
    ) -> Sa {
        let replaced = if request.initial_contact { self.replace(&identity) } else { 0 };
        let path = arrival.path;
        let id = half_open.common.id;
        self.event(Event::Established { sa: id, identity: identity.clone(), path, replaced });
        let mut payloads = self.proof(auth);
        // RFC 7296 2.21.2: what fails now is the Child SA; the IKE SA stays.
        let child = match self.first_child(&half_open, (request, &identity), path) {
            Ok(child) => {
                payloads.extend(child.payloads);
                Some(child.keys)
            }
            Err(notify) => {
                payloads.push(OutPayload::of(&Notify::new(notify, &[])));
                self.refused(Some(id), path, notify);
                None
            }
        };
        let last = self.answer(arrival, &mut half_open.common, payloads);
        let mut established = Established {
            common: half_open.common,
            identity,
            path,
            last: Some(last),
            rekeyed: false,
            children: Vec::new(),
            child_keys: Vec::new(),
            next_request: 0,
            outstanding: None,
            pending: VecDeque::new(),
            liveness_due: None,
            idle_due: None,
            ike_due: self.config.ike_lifetime.map(|span| arrival.now + span),
        };
        if let Some(keys) = child {
            established.add_child(keys, self.config.child_lifetime.map(|span| arrival.now + span));
        }
        established.heard(arrival.now, &self.config);
        Sa::Established(established)
    }

    /// The Child SA of IKE_AUTH; its keys need no nonces but those of IKE_SA_INIT (RFC 7296 2.17).
    fn first_child(
        &mut self,
        half_open: &HalfOpen,
        (request, peer): (&AuthRequest<'_>, &Identity),
        path: Path,
    ) -> Result<NewChild, NotifyType> {
        if let Some(notify) = self.behaviour.refuse_child() {
            return Err(notify);
        }
        let common = &half_open.common;
        let stream = common.streams.stream(Purpose::CHILD_SPI);
        let draft = self
            .draft(&request.child, Keying::OfIkeSa, Place { path, children: &[] }, stream)
            .map_err(|error| answer(&error.into()).0)?;
        let nonces = SaNonces { initiator: &half_open.nonce_i, responder: &half_open.nonce_r };
        let (prf, sk_d) = (common.suite.prf, &common.keys.d);
        let keys = ChildKeys::derive(&self.crypto, prf, sk_d, &nonces, &draft.choice.esp.suite);
        let mut payloads = vec![draft.sa_payload()];
        payloads.extend(draft.selector_payloads());
        Ok(NewChild { keys: draft.finish(keys, (common.id, peer, path), None), payloads })
    }

    /// Ends the other SAs of the identity without a word (RFC 7296 2.4); how many.
    fn replace(&mut self, identity: &Identity) -> usize {
        let others = self.table.of_identity(identity);
        for sa in &others {
            self.table.take(*sa);
            self.closed(*sa, CloseReason::InitialContact);
        }
        others.len()
    }

    /// IDr and AUTH.
    fn proof(&mut self, auth: &PrfOutput) -> Vec<OutPayload> {
        let mut data = auth.as_slice().to_vec();
        if self.behaviour.spoil_auth() {
            data.iter_mut().for_each(|octet| *octet = !*octet);
        }
        let id = Raw { kind: PayloadType::IDR, body: self.config.identity.body() };
        let auth = Auth { method: AuthMethod::SHARED_KEY_MIC, data: &data };
        vec![OutPayload::of(&id), OutPayload::of(&auth)]
    }
}
