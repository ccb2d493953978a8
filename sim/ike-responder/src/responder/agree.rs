//! CREATE_CHILD_SA requests of the peer (RFC 7296 1.3): Child SAs, and rekeying of either kind.
//!
//! All random octets of an answer derive from the SA and the Message ID, which no other request of the
//! SA has.

use super::auth::LINGER;
use super::child::{Keying, NewChild, Place};
use super::exchange::{Then, Verdict};
use super::{Arrival, Responder};
use crate::negotiate::{self, Choice};
use crate::random::Purpose;
use crate::request::{ChildRequest, CreateRequest, PeerWants};
use crate::sa::{Common, Creation, Established, Purposed, Replaced, Sa, Wanted};
use crate::{Behaviour, CreatePolicy, Event, OutPayload, SaId};
use crypto::{Crypto, Group, MAX_PUBLIC_VALUE, PrivateKey, SharedSecret};
use ike_core::payload::{KeyExchange, Nonce, Notify, Payloads, ProposalRepr, SaRepr};
use ike_core::{
    ChildKeys, Error, IkeSpi, IkeSuite, NotifyType, Operation, PayloadType, PeerMisbehaved,
    ProtocolId, SaNonces,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use std::collections::VecDeque;

/// Octets of our nonce, as in IKE_SA_INIT.
const NONCE_LEN: usize = 32;

/// Each answer has so many words (a power of two) of each stream for itself.
const WORDS: u32 = 12;

fn stream(arrival: &Arrival, common: &Common, purpose: Purpose) -> ChaCha20Rng {
    common.streams.stream_at(purpose, u128::from(arrival.header.message_id) << WORDS)
}

fn own_nonce(arrival: &Arrival, common: &Common) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    stream(arrival, common, Purpose::ANSWER_NONCE).fill_bytes(&mut nonce);
    nonce
}

/// Whether a request of ours is about a Child SA (RFC 7296 2.25.1), of an exchange that is under way.
fn is_about_child(live: &Established) -> bool {
    live.outstanding.as_ref().is_some_and(|request| match request.purpose {
        Purposed::DeleteChild(_) => true,
        Purposed::Create(Creation { wanted, .. }) => wanted != Wanted::RekeyIke,
        Purposed::Liveness | Purposed::Delete => false,
    })
}

/// Whether we are rekeying the IKE SA (RFC 7296 2.25.2).
fn is_rekeying(live: &Established) -> bool {
    live.outstanding.as_ref().is_some_and(|request| {
        matches!(request.purpose, Purposed::Create(Creation { wanted: Wanted::RekeyIke, .. }))
    })
}

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// A well-formed chain of payloads, to an SA that is neither closing nor replaced.
    pub(super) fn judge_creation(
        &mut self,
        arrival: &Arrival,
        live: &Established,
        payloads: Payloads<'_>,
    ) -> Result<Verdict, Error> {
        if self.config.create.is_none() {
            return Ok(Verdict::refuse(NotifyType::NO_ADDITIONAL_SAS, &[]));
        }
        let request = CreateRequest::parse(payloads)?;
        match &request.wanted {
            PeerWants::Child(..) if is_rekeying(live) => {
                Ok(Verdict::refuse(NotifyType::TEMPORARY_FAILURE, &[]))
            }
            PeerWants::Child(child, rekeys) => {
                self.judge_child(arrival, live, (&request, child, *rekeys))
            }
            PeerWants::Ike(_) if is_about_child(live) => {
                Ok(Verdict::refuse(NotifyType::TEMPORARY_FAILURE, &[]))
            }
            PeerWants::Ike(offer) => {
                let ke = request.ke.ok_or(PeerMisbehaved::MissingPayload(PayloadType::KE))?;
                let chosen = negotiate::choose_rekey(&self.config.suites, offer, ke.group)?;
                self.rekey(arrival, live, (request.nonce, &ke), &chosen)
            }
        }
    }

    fn judge_child(
        &mut self,
        arrival: &Arrival,
        live: &Established,
        (request, child, rekeys): (&CreateRequest<'_>, &ChildRequest<'_>, Option<&[u8]>),
    ) -> Result<Verdict, Error> {
        let most = self.config.create.as_ref().map_or(0, CreatePolicy::most_children);
        let replaced = live.children.iter().filter(|child| child.replaced).count();
        let replaces = match rekeys {
            None => {
                if live.children.len() - replaced >= most {
                    return Ok(Verdict::refuse(NotifyType::NO_ADDITIONAL_SAS, &[]));
                }
                None
            }
            Some(spi) => {
                let is_meant = |outbound: u32| outbound.to_be_bytes() == *spi;
                match live.children.iter().find(|child| is_meant(child.outbound)) {
                    None => return Ok(not_found(spi)),
                    // It is about to be closed (RFC 7296 2.25.1), or too many others are.
                    Some(old) if old.replaced || replaced >= most => {
                        return Ok(Verdict::refuse(NotifyType::TEMPORARY_FAILURE, &[]));
                    }
                    Some(old) => Some(old.inbound),
                }
            }
        };
        let child = self.add_child(arrival, live, (request, child, replaces))?;
        Ok(Verdict::new(child.payloads, Then::AddChild(child.keys)))
    }

    fn add_child(
        &mut self,
        arrival: &Arrival,
        live: &Established,
        (request, child, replaces): (&CreateRequest<'_>, &ChildRequest<'_>, Option<u32>),
    ) -> Result<NewChild, Error> {
        let common = &live.common;
        let keying = Keying::Ke(request.ke.map(|ke| ke.group));
        let spis = stream(arrival, common, Purpose::ANSWER_SPI);
        let place = Place { path: live.path, children: &live.children };
        let draft = self.draft(child, keying, place, spis)?;
        let nonce = own_nonce(arrival, common);
        let nonces = SaNonces { initiator: request.nonce, responder: &nonce };
        let mut payloads = vec![draft.sa_payload(), OutPayload::of(&Nonce(&nonce))];
        let (key, suite) = ((common.suite.prf, &common.keys.d), draft.choice.esp.suite);
        let keys = match (draft.choice.group, request.ke) {
            (Some(group), Some(ke)) => {
                let (shared, own_ke) = self.exchange(arrival, common, (group, &ke))?;
                payloads.push(own_ke);
                ChildKeys::derive_pfs(&self.crypto, key, &shared, &nonces, &suite)
            }
            _ => ChildKeys::derive(&self.crypto, key.0, key.1, &nonces, &suite),
        };
        payloads.extend(draft.selector_payloads());
        let of = (common.id, &live.identity, live.path);
        Ok(NewChild { keys: draft.finish(keys, of, replaces), payloads })
    }

    /// A Diffie-Hellman exchange within the SA: the shared secret, and our KE payload.
    fn exchange(
        &mut self,
        arrival: &Arrival,
        common: &Common,
        (group, ke): (Group, &KeyExchange<'_>),
    ) -> Result<(SharedSecret, OutPayload), Error> {
        let sa = Some(common.id);
        let mut keys = stream(arrival, common, Purpose::ANSWER_KEY);
        let private = PrivateKey::generate(group, &mut keys);
        let shared = self.crypto.shared_secret(&private, ke.data);
        self.event(Event::Operation { sa, operation: Operation::DiffieHellman(group) });
        // RFC 6989 2.5: here, who sends such a value is answered INVALID_SYNTAX and loses the IKE SA.
        let shared = shared.map_err(|_| PeerMisbehaved::InvalidPublicValue)?;
        let mut public = [0; MAX_PUBLIC_VALUE];
        let public = &mut public[..group.public_value_len()];
        self.crypto.public_value(&private, public);
        self.event(Event::Operation { sa, operation: Operation::KeyGeneration(group) });
        let own = KeyExchange { group: group.transform_id(), data: public };
        Ok((shared, OutPayload::of(&own)))
    }

    /// SA, Nr, KEr (RFC 7296 1.3.2), and what the new SA has of its own (2.18).
    fn rekey(
        &mut self,
        arrival: &Arrival,
        live: &Established,
        (nonce_i, ke): (&[u8], &KeyExchange<'_>),
        (choice, spi_i): &(Choice<IkeSuite>, IkeSpi),
    ) -> Result<Verdict, Error> {
        let old = &live.common;
        let (shared, own_ke) = self.exchange(arrival, old, (choice.suite.group, ke))?;
        let id = self.unused_id(stream(arrival, old, Purpose::ANSWER_SPI));
        let nonce = own_nonce(arrival, old);
        let nonces = SaNonces { initiator: nonce_i, responder: &nonce };
        let (suites, spis) = ((&old.suite, &choice.suite), (*spi_i, id.spi_r()));
        let keys = old.keys.rekey(&self.crypto, suites, (&nonces, spis), &shared);
        let streams = old.streams.successor(arrival.header.message_id);
        let proposal = ProposalRepr {
            number: choice.number,
            protocol: ProtocolId::IKE,
            spi: &id.spi_r().to_octets(),
            transforms: &choice.transforms,
        };
        let payloads =
            vec![OutPayload::of(&SaRepr(&[proposal])), OutPayload::of(&Nonce(&nonce)), own_ke];
        let common = Common::new((id, *spi_i), choice.suite, keys, streams);
        Ok(Verdict::new(payloads, Then::Rekey(Box::new(common))))
    }

    /// The answer that agrees to a Child SA is sent.
    pub(super) fn child_created(
        &mut self,
        arrival: &Arrival,
        live: &mut Established,
        keys: Box<crate::ChildSa>,
    ) {
        let (sa, spi_in, replaces) = (live.common.id, keys.spi_in, keys.replaces);
        live.add_child(keys, self.config.child_lifetime.map(|span| arrival.now + span));
        self.event(Event::ChildCreated { sa, spi_in, replaces });
    }

    /// The answer that agrees to a new IKE SA is sent: that inherits the Child SAs (RFC 7296 2.8) and
    /// what we have still to ask for; the old one is the peer's to delete.
    pub(super) fn replace_ike(
        &mut self,
        arrival: &Arrival,
        mut old: Established,
        common: Box<Common>,
    ) -> Sa {
        let (id, spi_i): (SaId, IkeSpi) = (common.id, common.spi_i);
        let mut pending = core::mem::take(&mut old.pending);
        pending.retain(|purpose| {
            !matches!(purpose, Purposed::Create(Creation { wanted: Wanted::RekeyIke, .. }))
        });
        let mut new = Established {
            common,
            identity: old.identity.clone(),
            path: old.path,
            last: None,
            rekeyed: true,
            children: core::mem::take(&mut old.children),
            child_keys: core::mem::take(&mut old.child_keys),
            next_request: 0,
            outstanding: None,
            pending,
            liveness_due: None,
            idle_due: None,
            ike_due: self.config.ike_lifetime.map(|span| arrival.now + span),
        };
        new.heard(arrival.now, &self.config);
        let spi_r = id.spi_r();
        self.event(Event::Rekeyed { old: old.common.id, new: id, spi_i, spi_r });
        if let Some(new) = self.begin_pending(new) {
            self.table.put(Sa::Established(new));
        }
        (old.pending, old.ike_due) = (VecDeque::new(), None);
        Sa::Replaced(Replaced { live: old, until: arrival.now + LINGER })
    }
}

/// RFC 7296 2.25: the SPI is that of the request.
fn not_found(spi: &[u8]) -> Verdict {
    let kind = NotifyType::CHILD_SA_NOT_FOUND;
    let notify = Notify { protocol: ProtocolId::ESP, spi, kind, data: &[] };
    Verdict::refusal(OutPayload::of(&notify), kind)
}
