//! What a Child SA is agreed from, in IKE_AUTH and in CREATE_CHILD_SA.

use super::Responder;
use crate::narrow::narrow;
use crate::negotiate::{self, ChildChoice};
use crate::request::ChildRequest;
use crate::sa::Child;
use crate::{Behaviour, ChildSa, OutPayload, SaId, TunnelSelectors};
use crypto::Crypto;
use ike_core::payload::{ProposalRepr, SaRepr, TsRepr};
use ike_core::{
    ChildKeys, Identity, Path, PayloadType, PeerIncompatible, ProtocolId, TrafficSelector,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// Where the keys of a Child SA may come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keying {
    /// Of the IKE SA alone: IKE_AUTH.
    OfIkeSa,
    /// Of an exchange of its own, too, if there is a KE payload, of that group: CREATE_CHILD_SA.
    Ke(Option<u16>),
}

/// Where a Child SA is to be.
pub(super) struct Place<'a> {
    /// Where its IKE_AUTH came from.
    pub(super) path: Path,
    /// Those that there are already.
    pub(super) children: &'a [Child],
}

/// A Child SA that is about to be agreed, and the payloads that agree to it.
pub(super) struct NewChild {
    pub(super) keys: Box<ChildSa>,
    pub(super) payloads: Vec<OutPayload>,
}

/// A Child SA but for its keys.
pub(super) struct Draft {
    pub(super) choice: ChildChoice,
    spi_in: u32,
    selectors: TunnelSelectors,
}

impl Draft {
    /// The accepted offer.
    pub(super) fn sa_payload(&self) -> OutPayload {
        let proposal = ProposalRepr {
            number: self.choice.esp.number,
            protocol: ProtocolId::ESP,
            spi: &self.spi_in.to_be_bytes(),
            transforms: &self.choice.esp.transforms,
        };
        OutPayload::of(&SaRepr(&[proposal]))
    }

    /// TSi and TSr.
    pub(super) fn selector_payloads(&self) -> [OutPayload; 2] {
        let TunnelSelectors { local, remote } = &self.selectors;
        [
            OutPayload::of(&TsRepr { whose: PayloadType::TSI, selectors: remote }),
            OutPayload::of(&TsRepr { whose: PayloadType::TSR, selectors: local }),
        ]
    }

    /// The Child SA with these keys, of that IKE SA; in place of another one of it.
    pub(super) fn finish(
        self,
        keys: ChildKeys,
        (sa, peer, path): (SaId, &Identity, Path),
        replaces: Option<u32>,
    ) -> Box<ChildSa> {
        Box::new(ChildSa {
            sa,
            spi_in: self.spi_in,
            spi_out: self.choice.spi,
            suite: self.choice.esp.suite,
            inbound: keys.initiator,
            outbound: keys.responder,
            peer: peer.clone(),
            path,
            replaces,
            local: self.selectors.local,
            remote: self.selectors.remote,
        })
    }
}

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// What is accepted of a request, with an SPI from `stream`.
    pub(super) fn draft(
        &mut self,
        request: &ChildRequest<'_>,
        keying: Keying,
        place: Place<'_>,
        stream: ChaCha20Rng,
    ) -> Result<Draft, PeerIncompatible> {
        let (groups, ke): (&[_], _) = match (keying, &self.config.create) {
            (Keying::Ke(ke), Some(policy)) => (&policy.pfs, ke),
            (Keying::OfIkeSa, _) | (_, None) => (&[], None),
        };
        let choice = negotiate::choose_esp(&self.config.suites, &request.offer, groups, ke)?;
        let selectors = self.narrow(place.path, request)?;
        Ok(Draft { choice, spi_in: self.unused_esp_spi(stream, place.children), selectors })
    }

    fn narrow(
        &mut self,
        path: Path,
        request: &ChildRequest<'_>,
    ) -> Result<TunnelSelectors, PeerIncompatible> {
        let its_address = [TrafficSelector::host(path.remote.ip().to_canonical())];
        let allowed: &[_] =
            if self.config.remote.is_empty() { &its_address } else { &self.config.remote };
        let mut narrowed = TunnelSelectors {
            local: narrow(request.tsr.iter(), &self.config.local),
            remote: narrow(request.tsi.iter(), allowed),
        };
        if !narrowed.local.is_empty() && !narrowed.remote.is_empty() {
            self.behaviour.selectors(&mut narrowed);
        }
        if narrowed.local.is_empty() || narrowed.remote.is_empty() {
            return Err(PeerIncompatible::TsUnacceptable);
        }
        Ok(narrowed)
    }

    /// An SPI that no other SA has, nor one of these. RFC 4303 2.1: those up to 255 are reserved.
    pub(super) fn unused_esp_spi(&self, mut stream: ChaCha20Rng, own: &[Child]) -> u32 {
        loop {
            let spi = stream.next_u32();
            let is_own = own.iter().any(|child| child.inbound == spi);
            if spi > 255 && !is_own && !self.table.is_inbound_spi(spi) {
                return spi;
            }
        }
    }
}
