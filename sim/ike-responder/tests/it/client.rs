//! An initiator without a state machine: it says what the test tells it to.

use crate::world::{identity, psk};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use crypto::{Crypto, PrivateKey, RustCrypto};
use ike_core::payload::{
    Auth, Identification, KeyExchange, Nonce, Notify, Payloads, ProposalRepr, Raw, Sa, SaRepr,
    TrafficSelectors, TsRepr,
};
use ike_core::{
    AuthMethod, ChildKeys, ExchangeType, Flags, HEADER_LEN, Header, Identity, IkeKeys, IkeSpi,
    MessageWriter, NotifyType, Path, PayloadType, ProtocolId, Psk, SaNonces, Suite,
    TrafficSelector, auth_key, auth_prf, finish_auth, open_protected,
};
use ike_responder::OutPayload;
use std::collections::BTreeSet;

pub(crate) const REQUEST: Flags = Flags::INITIATOR;
pub(crate) const RESPONSE: Flags = Flags(0x28);
pub(crate) const ESP_SPI: u32 = 0x0c0f_fee0;

/// A message of the responder, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) header: Header,
    pub(crate) payloads: Vec<OutPayload>,
}

impl Opened {
    pub(crate) fn kinds(&self) -> Vec<PayloadType> {
        self.payloads.iter().map(|payload| payload.kind).collect()
    }

    pub(crate) fn body(&self, kind: PayloadType) -> &[u8] {
        let found = self.payloads.iter().find(|payload| payload.kind == kind);
        &found.unwrap_or_else(|| panic!("a {kind} payload in {self:?}")).body
    }

    /// The payload in the form that the parsers of the codec want.
    pub(crate) fn payload(&self, kind: PayloadType) -> ike_core::payload::Payload<'_> {
        ike_core::payload::Payload {
            kind,
            critical: false,
            next: PayloadType::NONE,
            body: self.body(kind),
            offset: 0,
        }
    }

    /// Type and data of the notifies.
    pub(crate) fn notifies(&self) -> Vec<(NotifyType, Vec<u8>)> {
        let notifies = self.payloads.iter().filter(|payload| payload.kind == PayloadType::N);
        notifies
            .map(|payload| {
                assert_eq!(payload.body[..2], [0, 0], "RFC 7296 3.10: neither protocol nor SPI");
                let kind = NotifyType(u16::from_be_bytes([payload.body[2], payload.body[3]]));
                (kind, payload.body[4..].to_vec())
            })
            .collect()
    }

    /// The one payload that there is, a notify.
    pub(crate) fn only_notify(&self) -> (NotifyType, Vec<u8>) {
        assert_eq!(self.kinds(), [PayloadType::N]);
        self.notifies().remove(0)
    }
}

/// What the responder agreed to in IKE_AUTH.
pub(crate) struct Agreed {
    pub(crate) spi: u32,
    pub(crate) keys: ChildKeys,
    pub(crate) tsi: Vec<TrafficSelector>,
    pub(crate) tsr: Vec<TrafficSelector>,
}

pub(crate) struct Client {
    pub(crate) suite: Suite,
    pub(crate) identity: Identity,
    pub(crate) psk: Psk,
    pub(crate) path: Path,
    pub(crate) spi_i: IkeSpi,
    pub(crate) spi_r: IkeSpi,
    pub(crate) nonce: Vec<u8>,
    pub(crate) nonce_r: Vec<u8>,
    pub(crate) tsi: Vec<TrafficSelector>,
    pub(crate) tsr: Vec<TrafficSelector>,
    private: PrivateKey,
    init: Vec<u8>,
    init_response: Vec<u8>,
    keys: Option<IkeKeys>,
    sealed: u64,
    /// The IVs that the responder has used.
    ivs: BTreeSet<Vec<u8>>,
}

pub(crate) fn path(remote: IpAddr) -> Path {
    let local: IpAddr = match remote {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    Path { local: SocketAddr::new(local, 500), remote: SocketAddr::new(remote, 500) }
}

impl Client {
    pub(crate) fn new(index: u8) -> Self {
        Self::with_suite(index, Suite::default(), [198, 51, 100, index].into())
    }

    pub(crate) fn with_suite(index: u8, suite: Suite, address: IpAddr) -> Self {
        let octets = [index.wrapping_add(1); 32];
        let private = PrivateKey::from_octets(suite.ike().group, &octets).expect("a key");
        let mut client = Self {
            suite,
            identity: identity(index % 16),
            psk: psk(index % 16),
            path: path(address),
            spi_i: IkeSpi(0x1000 + u64::from(index)),
            spi_r: IkeSpi::ZERO,
            nonce: vec![0x60 + index % 16; 32],
            nonce_r: Vec::new(),
            tsi: vec![TrafficSelector::host(address)],
            tsr: vec![TrafficSelector::network(address, 0).expect("a network")],
            private,
            init: Vec::new(),
            init_response: Vec::new(),
            keys: None,
            sealed: 0,
            ivs: BTreeSet::new(),
        };
        client.set_init(client.init_payloads());
        client
    }

    /// The IKE_SA_INIT request; the same octets each time.
    pub(crate) fn init(&self) -> Vec<u8> {
        self.init.clone()
    }

    /// Replaces the IKE_SA_INIT request.
    pub(crate) fn set_init(&mut self, payloads: Vec<OutPayload>) {
        let header = self.header(ExchangeType::IKE_SA_INIT, 0);
        self.init = clear(&Header { spi_r: IkeSpi::ZERO, ..header }, &payloads);
    }

    pub(crate) fn init_payloads(&self) -> Vec<OutPayload> {
        let ike = self.suite.ike();
        let mut public = vec![0; ike.group.public_value_len()];
        RustCrypto.public_value(&self.private, &mut public);
        let transforms = ike.transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::IKE,
            spi: &[],
            transforms: &transforms,
        };
        vec![
            OutPayload::of(&SaRepr(&[proposal])),
            OutPayload::of(&KeyExchange { group: ike.group.transform_id(), data: &public }),
            OutPayload::of(&Nonce(&self.nonce)),
        ]
    }

    /// Takes the keys from an IKE_SA_INIT response.
    pub(crate) fn take_init(&mut self, response: &[u8]) {
        let opened = parse(response);
        assert_eq!(opened.header.spi_i, self.spi_i);
        assert_eq!((opened.header.flags, opened.header.message_id), (Flags::RESPONSE, 0));
        assert_eq!(opened.kinds(), [PayloadType::SA, PayloadType::KE, PayloadType::NONCE]);
        let offer = Sa::parse(&opened.payload(PayloadType::SA)).expect("an SA payload");
        let suite = self.suite.ike_offer().accept(&offer).expect("what was offered");
        let ke = opened.payload(PayloadType::KE);
        let ke = KeyExchange::parse(&ke).expect("a KE payload");
        assert_eq!(ke.group, suite.group.transform_id());
        let shared = RustCrypto.shared_secret(&self.private, ke.data).expect("a public value");
        self.spi_r = opened.header.spi_r;
        assert_ne!(self.spi_r, IkeSpi::ZERO);
        self.nonce_r = opened.body(PayloadType::NONCE).to_vec();
        let nonces = SaNonces { initiator: &self.nonce, responder: &self.nonce_r };
        let spis = (self.spi_i, self.spi_r);
        self.keys = Some(IkeKeys::derive(&RustCrypto, &suite, &nonces, spis, &shared));
        self.init_response = response.to_vec();
    }

    /// The same initiator in the IKE SA that rekeying made.
    pub(crate) fn successor(
        &self,
        suite: Suite,
        (spi_i, spi_r): (IkeSpi, IkeSpi),
        keys: IkeKeys,
    ) -> Self {
        let octets = [0x55; 32];
        Self {
            suite,
            identity: self.identity.clone(),
            psk: self.psk.clone(),
            path: self.path,
            spi_i,
            spi_r,
            nonce: Vec::new(),
            nonce_r: Vec::new(),
            tsi: self.tsi.clone(),
            tsr: self.tsr.clone(),
            private: PrivateKey::from_octets(suite.ike().group, &octets).expect("a key"),
            init: Vec::new(),
            init_response: Vec::new(),
            keys: Some(keys),
            sealed: 0,
            ivs: BTreeSet::new(),
        }
    }

    pub(crate) fn keys(&self) -> &IkeKeys {
        self.keys.as_ref().expect("IKE_SA_INIT is done")
    }

    /// The AUTH data for this body of IDi.
    pub(crate) fn auth_data(&self, id_body: &[u8]) -> Vec<u8> {
        let prf = self.suite.ike().prf;
        let key = auth_key(&RustCrypto, prf, &self.psk);
        let started = auth_prf(&RustCrypto, prf, &key, &self.init, &self.nonce_r);
        finish_auth(&RustCrypto, prf, started, &self.keys().pi, id_body).as_slice().to_vec()
    }

    pub(crate) fn auth_payloads(&self) -> Vec<OutPayload> {
        let data = self.auth_data(self.identity.body());
        let transforms = self.suite.esp().transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::ESP,
            spi: &ESP_SPI.to_be_bytes(),
            transforms: &transforms,
        };
        vec![
            OutPayload::of(&Raw { kind: PayloadType::IDI, body: self.identity.body() }),
            OutPayload::of(&Auth { method: AuthMethod::SHARED_KEY_MIC, data: &data }),
            OutPayload::of(&SaRepr(&[proposal])),
            OutPayload::of(&TsRepr { whose: PayloadType::TSI, selectors: &self.tsi }),
            OutPayload::of(&TsRepr { whose: PayloadType::TSR, selectors: &self.tsr }),
        ]
    }

    /// The IKE_AUTH request, protected anew each time.
    pub(crate) fn auth(&mut self) -> Vec<u8> {
        let payloads = self.auth_payloads();
        self.seal(ExchangeType::IKE_AUTH, 1, &payloads)
    }

    /// The IKE_AUTH request with INITIAL_CONTACT.
    pub(crate) fn auth_initial_contact(&mut self) -> Vec<u8> {
        let mut payloads = self.auth_payloads();
        payloads.insert(1, notify(NotifyType::INITIAL_CONTACT, &[]));
        self.seal(ExchangeType::IKE_AUTH, 1, &payloads)
    }

    /// Verifies an IKE_AUTH response and what it agrees to.
    pub(crate) fn take_auth(&mut self, response: &[u8]) -> Agreed {
        let opened = self.open(response);
        assert_eq!((opened.header.flags, opened.header.message_id), (Flags::RESPONSE, 1));
        self.verify_auth(&opened);
        use PayloadType as P;
        assert_eq!(opened.kinds(), [P::IDR, P::AUTH, P::SA, P::TSI, P::TSR]);
        let offer = Sa::parse(&opened.payload(PayloadType::SA)).expect("an SA payload");
        let (suite, spi) = self.suite.esp_offer().accept(&offer).expect("what was offered");
        let nonces = SaNonces { initiator: &self.nonce, responder: &self.nonce_r };
        let prf = self.suite.ike().prf;
        let keys = ChildKeys::derive(&RustCrypto, prf, &self.keys().d, &nonces, &suite);
        let selectors = |kind| {
            let payload = opened.payload(kind);
            TrafficSelectors::parse(&payload).expect("selectors").iter().collect()
        };
        Agreed { spi, keys, tsi: selectors(PayloadType::TSI), tsr: selectors(PayloadType::TSR) }
    }

    /// The responder proves that it knows the key.
    pub(crate) fn verify_auth(&self, opened: &Opened) {
        assert!(self.is_auth_right(opened), "the responder's AUTH");
    }

    pub(crate) fn is_auth_right(&self, opened: &Opened) -> bool {
        let id = opened.payload(PayloadType::IDR);
        let id = Identification::parse(&id).expect("an ID payload");
        let prf = self.suite.ike().prf;
        let key = auth_key(&RustCrypto, prf, &self.psk);
        let started = auth_prf(&RustCrypto, prf, &key, &self.init_response, &self.nonce);
        let expected = finish_auth(&RustCrypto, prf, started, &self.keys().pr, id.body());
        let payload = opened.payload(PayloadType::AUTH);
        let auth = Auth::parse(&payload).expect("an AUTH payload");
        assert_eq!(auth.method, AuthMethod::SHARED_KEY_MIC);
        auth.data == expected.as_slice()
    }

    pub(crate) fn header(&self, exchange: ExchangeType, message_id: u32) -> Header {
        Header::new(self.spi_i, self.spi_r, exchange).message_id(message_id).flags(REQUEST)
    }

    /// A protected request.
    pub(crate) fn seal(
        &mut self,
        exchange: ExchangeType,
        message_id: u32,
        payloads: &[OutPayload],
    ) -> Vec<u8> {
        let header = self.header(exchange, message_id);
        self.seal_as(&header, payloads)
    }

    /// An INFORMATIONAL request.
    pub(crate) fn informational(&mut self, message_id: u32, payloads: &[OutPayload]) -> Vec<u8> {
        self.seal(ExchangeType::INFORMATIONAL, message_id, payloads)
    }

    /// The empty response to the responder's request.
    pub(crate) fn respond(&mut self, request: &[u8]) -> Vec<u8> {
        let header = Header::parse(request).expect("a header");
        assert_eq!(header.flags, Flags(0), "a request of the original responder");
        self.seal_as(&header.flags(RESPONSE), &[])
    }

    /// A protected message with any header.
    pub(crate) fn seal_as(&mut self, header: &Header, payloads: &[OutPayload]) -> Vec<u8> {
        self.sealed += 1;
        let protection = self.suite.ike().protection;
        let len = protection.encryption().iv_len();
        let mut iv = vec![0; len];
        iv[len - 8..].copy_from_slice(&self.sealed.to_be_bytes());
        let mut buffer = vec![0; 70_000];
        let mut writer = MessageWriter::new(&mut buffer, header).expect("room");
        writer.begin_protected(protection, &iv).expect("room");
        append(&mut writer, payloads);
        let len = writer.seal(&RustCrypto, &self.keys().initiator).expect("room");
        buffer.truncate(len);
        buffer
    }

    /// Opens a protected message of the responder.
    pub(crate) fn open(&mut self, message: &[u8]) -> Opened {
        let iv_len = self.suite.ike().protection.encryption().iv_len();
        let iv = message[HEADER_LEN + 4..HEADER_LEN + 4 + iv_len].to_vec();
        assert!(self.ivs.insert(iv), "an IV never repeats with another message");
        let mut octets = message.to_vec();
        let header = Header::parse(&octets).expect("a header");
        assert_eq!((header.spi_i, header.spi_r), (self.spi_i, self.spi_r));
        let inner = open_protected(&RustCrypto, &self.keys().responder, &mut octets);
        let inner = inner.unwrap_or_else(|error| panic!("{error:?}"));
        Opened { header, payloads: collect(inner.payloads(&octets)) }
    }
}

pub(crate) fn notify(kind: NotifyType, data: &[u8]) -> OutPayload {
    OutPayload::of(&Notify::new(kind, data))
}

/// A payload of any type.
pub(crate) fn raw(kind: u8, critical: bool, body: &[u8]) -> OutPayload {
    OutPayload { kind: PayloadType(kind), critical, body: body.to_vec() }
}

/// Parses an unprotected message.
pub(crate) fn parse(message: &[u8]) -> Opened {
    let header = Header::parse(message).expect("a header");
    assert_eq!(usize::try_from(header.length), Ok(message.len()));
    let chain = Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN);
    Opened { header, payloads: collect(chain) }
}

fn collect(payloads: Payloads<'_>) -> Vec<OutPayload> {
    payloads
        .map(|payload| {
            let payload = payload.expect("a payload");
            OutPayload {
                kind: payload.kind,
                critical: payload.critical,
                body: payload.body.to_vec(),
            }
        })
        .collect()
}

pub(crate) fn clear(header: &Header, payloads: &[OutPayload]) -> Vec<u8> {
    let mut buffer = vec![0; 70_000];
    let mut writer = MessageWriter::new(&mut buffer, header).expect("room");
    append(&mut writer, payloads);
    let len = writer.finish().expect("room");
    buffer.truncate(len);
    buffer
}

fn append(writer: &mut MessageWriter<'_>, payloads: &[OutPayload]) {
    for payload in payloads {
        writer.payload(&Raw { kind: payload.kind, body: &payload.body }).expect("room");
        if payload.critical {
            writer.mark_critical();
        }
    }
}
