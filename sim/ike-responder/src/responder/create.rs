//! CREATE_CHILD_SA requests of ours (RFC 7296 1.3), and what becomes of their answers.
//!
//! A minimal initiator refuses them all (RFC 7815 2.2). One that agrees is taken at its word only
//! so far that nothing is left behind: see [`crate::GatewayRequest`].

use super::Responder;
use crate::narrow::narrow;
use crate::random::Purpose;
use crate::request::CreateAnswer;
use crate::sa::{Creation, Established, OwnRequest, Purposed, Wanted};
use crate::{Behaviour, CloseReason, Event, OutPayload, TunnelSelectors};
use crypto::{Crypto, MAX_PUBLIC_VALUE, PrivateKey};
use ike_core::payload::{KeyExchange, Nonce, Notify, ProposalRepr, SaRepr, TsRepr};
use ike_core::{
    EspSuite, ExchangeType, NotifyType, Operation, PayloadType, ProtocolId, TrafficSelector,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// What follows an answer to a request of ours.
pub(super) enum After {
    Nothing,
    /// The SA is gone.
    Ends(CloseReason),
    DeleteIke,
    /// By our inbound SPI.
    DeleteChild(u32),
}

/// The payloads of a request, and the inbound SPI of the Child SA that it offers.
pub(super) type Offer = (Vec<OutPayload>, Option<u32>);

/// Octets of our nonce, as in IKE_SA_INIT.
const NONCE_LEN: usize = 32;

/// Each request has so many words (a power of two) of each stream for itself.
const WORDS: u32 = 12;

fn stream(live: &Established, purpose: Purpose) -> ChaCha20Rng {
    let word = u128::from(live.next_request) << WORDS;
    live.common.streams.stream_at(purpose, word)
}

fn nonce(live: &Established) -> OutPayload {
    let mut nonce = [0; NONCE_LEN];
    stream(live, Purpose::OWN_NONCE).fill_bytes(&mut nonce);
    OutPayload::of(&Nonce(&nonce))
}

/// RFC 7296 2.8.1: the peer was first, so that what has expired was replaced while we asked for it.
fn is_rekeyed_by_peer(live: &Established, wanted: Wanted) -> bool {
    match wanted {
        Wanted::RekeyChild(spi) => {
            let gone = live.child(spi).is_none_or(|child| child.replaced);
            gone && live.main_child().is_some()
        }
        Wanted::NewChild | Wanted::RekeyIke => false,
    }
}

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// Whether there is anything to ask for.
    pub(super) fn is_possible(&self, live: &Established, what: Purposed) -> bool {
        !matches!(what, Purposed::Create(Creation { wanted: Wanted::NewChild, .. }))
            || self.child_terms(live).is_some()
    }

    /// The next request of the SA; `None` where there is nothing to ask for any more.
    pub(super) fn creation(&mut self, live: &Established, wanted: Wanted) -> Option<Offer> {
        match wanted {
            Wanted::RekeyIke => Some((self.ike_offer(live), None)),
            Wanted::NewChild => Some(self.child_offer(live, &self.child_terms(live)?)),
            Wanted::RekeyChild(spi) => {
                let child = live.child(spi).filter(|child| !child.replaced)?;
                let terms = (child.suite, child.selectors.clone());
                let (mut payloads, offered) = self.child_offer(live, &terms);
                // RFC 7296 1.3.3: the SPI that the sender of the request receives with.
                let spi = child.inbound.to_be_bytes();
                let (protocol, kind) = (ProtocolId::ESP, NotifyType::REKEY_SA);
                let rekey = Notify { protocol, spi: &spi, kind, data: &[] };
                payloads.insert(0, OutPayload::of(&rekey));
                Some((payloads, offered))
            }
        }
    }

    /// What the SA's Child SA has; without one, what the configuration prefers and allows.
    fn child_terms(&self, live: &Established) -> Option<(EspSuite, TunnelSelectors)> {
        if let Some(child) = live.main_child() {
            return Some((child.suite, child.selectors.clone()));
        }
        let suite = self.config.suites.first()?.esp();
        let its_address = [TrafficSelector::host(live.path.remote.ip().to_canonical())];
        let remote: &[_] =
            if self.config.remote.is_empty() { &its_address } else { &self.config.remote };
        // Within its own bounds a policy is narrowed only to what fits into a message.
        let fitting = |policy: &[TrafficSelector]| narrow(policy.iter().copied(), policy);
        let selectors =
            TunnelSelectors { local: fitting(&self.config.local), remote: fitting(remote) };
        let is_empty = selectors.local.is_empty() || selectors.remote.is_empty();
        (!is_empty).then_some((suite, selectors))
    }

    /// SA, Ni, TSi, TSr (RFC 7296 1.3.1): the sender of the request is the initiator here, so TSi is
    /// the gateway's side. No KE payload: the keys come from SK_d.
    fn child_offer(
        &self,
        live: &Established,
        (suite, selectors): &(EspSuite, TunnelSelectors),
    ) -> Offer {
        let spi = self.unused_esp_spi(stream(live, Purpose::OWN_SPI), &live.children);
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::ESP,
            spi: &spi.to_be_bytes(),
            transforms: &suite.transforms(),
        };
        let payloads = vec![
            OutPayload::of(&SaRepr(&[proposal])),
            nonce(live),
            OutPayload::of(&TsRepr { whose: PayloadType::TSI, selectors: &selectors.local }),
            OutPayload::of(&TsRepr { whose: PayloadType::TSR, selectors: &selectors.remote }),
        ];
        (payloads, Some(spi))
    }

    /// SA, Ni, KEi (RFC 7296 1.3.2) with the suite that the IKE SA has.
    fn ike_offer(&mut self, live: &Established) -> Vec<OutPayload> {
        let suite = live.common.suite;
        let spi = self.unused_id(stream(live, Purpose::OWN_SPI)).spi_r().to_octets();
        let private = PrivateKey::generate(suite.group, &mut stream(live, Purpose::OWN_KEY));
        let mut public = [0; MAX_PUBLIC_VALUE];
        let public = &mut public[..suite.group.public_value_len()];
        self.crypto.public_value(&private, public);
        let operation = Operation::KeyGeneration(suite.group);
        self.event(Event::Operation { sa: Some(live.common.id), operation });
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::IKE,
            spi: &spi,
            transforms: &suite.transforms(),
        };
        vec![
            OutPayload::of(&SaRepr(&[proposal])),
            nonce(live),
            OutPayload::of(&KeyExchange { group: suite.group.transform_id(), data: public }),
        ]
    }

    /// The peer's answer, which verified and parsed.
    pub(super) fn after_creation(
        &mut self,
        live: &mut Established,
        (creation, request): (Creation, &OwnRequest),
        answer: &CreateAnswer,
    ) -> After {
        let sa = live.common.id;
        let rekeyed_by_peer = is_rekeyed_by_peer(live, creation.wanted);
        if let Some(notify) = answer.refused {
            let exchange = ExchangeType::CREATE_CHILD_SA;
            self.event(Event::PeerRefused { sa, exchange, notify });
            // RFC 7296 2.21.3: fatal for both.
            if matches!(notify, NotifyType::INVALID_SYNTAX | NotifyType::AUTHENTICATION_FAILED) {
                return After::Ends(CloseReason::RefusedByPeer(notify));
            }
            // RFC 7296 2.25: then it is gone here, too.
            if notify == NotifyType::CHILD_SA_NOT_FOUND
                && let Wanted::RekeyChild(spi_in) = creation.wanted
                && live.lose_child(spi_in)
            {
                self.event(Event::ChildClosed { sa, spi_in });
            }
        }
        match (creation, request.offered) {
            // RFC 7296 2.8: what has expired is not used any longer. 4: a peer that does not rekey
            // is deleted, and comes back. The Delete of the IKE SA takes a new Child SA with it.
            (Creation { expired: true, .. }, _) if !rekeyed_by_peer => After::DeleteIke,
            (_, Some(spi)) if answer.refused.is_none() => After::DeleteChild(spi),
            _ if answer.refused.is_none() => After::DeleteIke,
            _ => After::Nothing,
        }
    }
}
