//! CREATE_CHILD_SA requests of the client, and what the answers agree to.

use crate::client::{Agreed, Client, Opened};
use crypto::{Crypto, Group, PrivateKey, RustCrypto, SharedSecret};
use ike_core::payload::{
    KeyExchange, Nonce, Notify, ProposalRepr, Sa, SaRepr, TrafficSelectors, Transform, TsRepr,
};
use ike_core::{
    ChildKeys, ExchangeType, Flags, IkeSpi, NotifyType, PayloadType, ProtocolId, SaNonces, Suite,
    TransformType,
};
use ike_responder::OutPayload;

pub(crate) const NONCE: [u8; 32] = [0x4e; 32];

/// The client's SPI of an IKE SA that is to take the place of another.
pub(crate) const NEW_IKE_SPI: IkeSpi = IkeSpi(0x2222);

/// What the client wants of a Child SA.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Its own SPI.
    pub(crate) spi: u32,
    /// The Diffie-Hellman groups of its offer.
    pub(crate) groups: Vec<u16>,
    /// The group of its KE payload.
    pub(crate) ke: Option<Group>,
    /// Its own SPI of the Child SA that is to be rekeyed.
    pub(crate) rekeys: Option<u32>,
}

impl Wish {
    pub(crate) fn plain() -> Self {
        Self { spi: 0x0c0f_fee1, groups: Vec::new(), ke: None, rekeys: None }
    }

    pub(crate) fn pfs() -> Self {
        Self::of(Group::Curve25519)
    }

    pub(crate) fn of(group: Group) -> Self {
        Self { groups: vec![group.transform_id()], ke: Some(group), ..Self::plain() }
    }

    pub(crate) fn rekeying(self, old: u32) -> Self {
        Self { rekeys: Some(old), ..self }
    }
}

pub(crate) fn private(group: Group) -> PrivateKey {
    PrivateKey::from_octets(group, &[0x21; 32]).expect("a key")
}

pub(crate) fn ke(group: Group) -> OutPayload {
    let mut public = vec![0; group.public_value_len()];
    RustCrypto.public_value(&private(group), &mut public);
    OutPayload::of(&KeyExchange { group: group.transform_id(), data: &public })
}

pub(crate) fn rekey_sa(protocol: ProtocolId, spi: &[u8]) -> OutPayload {
    OutPayload::of(&Notify { protocol, spi, kind: NotifyType::REKEY_SA, data: &[] })
}

pub(crate) fn esp_offer(spi: u32, transforms: &[Transform]) -> OutPayload {
    let (spi, protocol) = (&spi.to_be_bytes()[..], ProtocolId::ESP);
    OutPayload::of(&SaRepr(&[ProposalRepr { number: 1, protocol, spi, transforms }]))
}

pub(crate) fn ike_offer(spi: &[u8], transforms: &[Transform]) -> OutPayload {
    let protocol = ProtocolId::IKE;
    OutPayload::of(&SaRepr(&[ProposalRepr { number: 1, protocol, spi, transforms }]))
}

impl Client {
    /// The payloads of a request for a Child SA.
    pub(crate) fn child_payloads(&self, wish: &Wish) -> Vec<OutPayload> {
        let mut transforms = self.suite.esp().transforms().to_vec();
        transforms.extend(wish.groups.iter().map(|id| Transform::new(TransformType::DH, *id)));
        let rekeys = wish.rekeys.map(|spi| rekey_sa(ProtocolId::ESP, &spi.to_be_bytes()));
        let mut all: Vec<_> = rekeys.into_iter().collect();
        all.extend([esp_offer(wish.spi, &transforms), OutPayload::of(&Nonce(&NONCE))]);
        all.extend(wish.ke.map(ke));
        all.push(OutPayload::of(&TsRepr { whose: PayloadType::TSI, selectors: &self.tsi }));
        all.push(OutPayload::of(&TsRepr { whose: PayloadType::TSR, selectors: &self.tsr }));
        all
    }

    /// A request for a Child SA.
    pub(crate) fn child(&mut self, message_id: u32, wish: &Wish) -> Vec<u8> {
        let payloads = self.child_payloads(wish);
        self.create(message_id, &payloads)
    }

    pub(crate) fn create(&mut self, message_id: u32, payloads: &[OutPayload]) -> Vec<u8> {
        self.seal(ExchangeType::CREATE_CHILD_SA, message_id, payloads)
    }

    /// What an answer agrees to: the chosen group, and the Child SA.
    pub(crate) fn take_child(&mut self, response: &[u8]) -> (Option<Group>, Agreed) {
        let opened = self.open(response);
        assert_eq!(opened.header.exchange, ExchangeType::CREATE_CHILD_SA);
        assert_eq!(opened.header.flags, Flags::RESPONSE);
        let has_ke = opened.kinds().contains(&PayloadType::KE);
        use PayloadType as P;
        let expected: &[_] = if has_ke {
            &[P::SA, P::NONCE, P::KE, P::TSI, P::TSR]
        } else {
            &[P::SA, P::NONCE, P::TSI, P::TSR]
        };
        assert_eq!(opened.kinds(), expected);
        let (spi, transforms) = chosen(&opened, ProtocolId::ESP);
        let group = group_of(&transforms);
        assert_eq!(group.is_some(), has_ke, "KEr is there where a group was chosen");
        let suite = self.suite.esp();
        let without = |kind| {
            let rest = transforms.iter().copied().filter(move |transform| transform.kind != kind);
            rest.collect::<Vec<_>>()
        };
        assert_eq!(without(TransformType::DH), suite.transforms().to_vec());
        let nonce_r = opened.body(PayloadType::NONCE);
        let nonces = SaNonces { initiator: &NONCE, responder: nonce_r };
        let (prf, sk_d) = (self.suite.ike().prf, &self.keys().d);
        let keys = match group {
            Some(group) => {
                let shared = shared(&opened, group);
                ChildKeys::derive_pfs(&RustCrypto, (prf, sk_d), &shared, &nonces, &suite)
            }
            None => ChildKeys::derive(&RustCrypto, prf, sk_d, &nonces, &suite),
        };
        let selectors = |kind| {
            let payload = opened.payload(kind);
            TrafficSelectors::parse(&payload).expect("selectors").iter().collect()
        };
        let spi = u32::from_be_bytes(spi.try_into().expect("4 octets"));
        (group, Agreed { spi, keys, tsi: selectors(P::TSI), tsr: selectors(P::TSR) })
    }

    /// The payloads of a request to rekey the IKE SA.
    pub(crate) fn rekey_payloads(&self, suite: Suite) -> Vec<OutPayload> {
        let transforms = suite.ike().transforms();
        vec![
            ike_offer(&NEW_IKE_SPI.to_octets(), &transforms),
            OutPayload::of(&Nonce(&NONCE)),
            ke(suite.ike().group),
        ]
    }

    /// A request to rekey the IKE SA.
    pub(crate) fn rekey(&mut self, message_id: u32, suite: Suite) -> Vec<u8> {
        let payloads = self.rekey_payloads(suite);
        self.create(message_id, &payloads)
    }

    /// The client in the IKE SA that an answer agrees to.
    pub(crate) fn take_rekey(&mut self, response: &[u8], suite: Suite) -> Self {
        let opened = self.open(response);
        use PayloadType as P;
        assert_eq!(opened.kinds(), [P::SA, P::NONCE, P::KE], "{:?}", opened.payloads);
        let (spi, transforms) = chosen(&opened, ProtocolId::IKE);
        assert_eq!(transforms, suite.ike().transforms().to_vec());
        let spi_r = IkeSpi(u64::from_be_bytes(spi.try_into().expect("8 octets")));
        assert!(spi_r != IkeSpi::ZERO && spi_r != self.spi_r);
        let nonce_r = opened.body(PayloadType::NONCE);
        let nonces = SaNonces { initiator: &NONCE, responder: nonce_r };
        let shared = shared(&opened, suite.ike().group);
        let (suites, spis) = ((&self.suite.ike(), &suite.ike()), (NEW_IKE_SPI, spi_r));
        let keys = self.keys().rekey(&RustCrypto, suites, (&nonces, spis), &shared);
        self.successor(suite, spis, keys)
    }
}

/// SPI and transforms of the one proposal of an answer.
fn chosen(opened: &Opened, protocol: ProtocolId) -> (Vec<u8>, Vec<Transform>) {
    let payload = opened.payload(PayloadType::SA);
    let offer = Sa::parse(&payload).expect("an SA payload");
    let proposals: Vec<_> = offer.proposals().collect();
    assert_eq!((proposals.len(), proposals[0].number()), (1, 1));
    assert_eq!(proposals[0].protocol(), protocol);
    (proposals[0].spi().to_vec(), proposals[0].transforms().collect())
}

fn group_of(transforms: &[Transform]) -> Option<Group> {
    let of_group = transforms.iter().find(|transform| transform.kind == TransformType::DH)?;
    Group::from_transform(of_group.id)
}

fn shared(opened: &Opened, group: Group) -> SharedSecret {
    let payload = opened.payload(PayloadType::KE);
    let ke = KeyExchange::parse(&payload).expect("a KE payload");
    assert_eq!(ke.group, group.transform_id());
    RustCrypto.shared_secret(&private(group), ke.data).expect("a public value")
}
