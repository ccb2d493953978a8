//! A gateway built by hand for these tests: it answers well unless a test edits the answer.

use super::part::{Inside, Part, body, clear, clear_parts, parts, protected};
use crypto::{Crypto, Group, PrivateKey, ProtectionKey, RustCrypto, Secret, SharedSecret};
use ike_core::payload::{Auth, KeyExchange, Nonce, ProposalRepr, SaRepr};
use ike_core::{
    AuthMethod, ChildKeys, EspSuite, ExchangeType, Flags, Header, Identity, IkeKeys, IkeSpi,
    IkeSuite, PayloadType, ProtocolId, Psk, SaNonces, Suite, auth_key, auth_prf, finish_auth,
    open_protected,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// The SPI of ESP packets to the gateway.
pub(crate) const CHILD_SPI: u32 = 0xc0ff_ee01;

/// One IKE SA as the gateway sees it.
pub(crate) struct GatewaySa {
    pub(crate) spi_i: IkeSpi,
    pub(crate) spi_r: IkeSpi,
    pub(crate) suite: IkeSuite,
    pub(crate) keys: IkeKeys,
    pub(crate) nonce_i: Vec<u8>,
    pub(crate) nonce_r: Vec<u8>,
    /// The IKE_SA_INIT messages of both sides.
    pub(crate) request: Vec<u8>,
    pub(crate) response: Vec<u8>,
    pub(crate) auth_response: Vec<u8>,
    next_request: u32,
    messages: u64,
}

pub(crate) struct Gateway {
    pub(crate) identity: Identity,
    pub(crate) psk: Psk,
    pub(crate) suite: Suite,
    pub(crate) sa: Option<GatewaySa>,
    rng: ChaCha20Rng,
}

impl Gateway {
    pub(crate) fn new(suite: Suite, psk: &Psk) -> Self {
        let identity = Identity::key_id(b"gateway1").expect("8 octets");
        let rng = ChaCha20Rng::from_seed([7; 32]);
        Self { identity, psk: psk.clone(), suite, sa: None, rng }
    }

    pub(crate) fn sa(&self) -> &GatewaySa {
        self.sa.as_ref().expect("the gateway has answered an IKE_SA_INIT")
    }

    pub(crate) fn esp(&self) -> EspSuite {
        self.suite.esp()
    }

    /// The usual answer to an IKE_SA_INIT request; the SA is the gateway's from now on.
    pub(crate) fn init(&mut self, request: &[u8]) -> Vec<u8> {
        self.init_edited(request, |_| {})
    }

    /// The same with other payloads.
    pub(crate) fn init_edited(
        &mut self,
        request: &[u8],
        edit: impl FnOnce(&mut Vec<Part>),
    ) -> Vec<u8> {
        let header = Header::parse(request).expect("a header");
        let asked = clear_parts(request);
        let ke = body(&asked, PayloadType::KE);
        let group = Group::from_transform(u16::from_be_bytes([ke[0], ke[1]])).expect("a group");
        let suite = IkeSuite { group, ..self.suite.ike() };
        let private = PrivateKey::generate(group, &mut self.rng);
        let mut public = vec![0; group.public_value_len()];
        RustCrypto.public_value(&private, &mut public);
        let shared = RustCrypto.shared_secret(&private, &ke[4..]).expect("a public value");
        let mut nonce_r = vec![0; 24];
        self.rng.fill_bytes(&mut nonce_r);
        let mut answer = vec![
            Part::of(&SaRepr(&[ProposalRepr {
                number: 1,
                protocol: ProtocolId::IKE,
                spi: &[],
                transforms: &suite.transforms(),
            }])),
            Part::of(&KeyExchange { group: group.transform_id(), data: &public }),
            Part::of(&Nonce(&nonce_r)),
        ];
        edit(&mut answer);
        let spi_r = IkeSpi(self.rng.next_u64() | 1);
        let response = clear(
            &Header::new(header.spi_i, spi_r, ExchangeType::IKE_SA_INIT).flags(Flags::RESPONSE),
            &answer,
        );
        let nonce_i = body(&asked, PayloadType::NONCE).to_vec();
        self.sa = Some(GatewaySa {
            spi_i: header.spi_i,
            spi_r,
            suite,
            keys: derive(&suite, (&nonce_i, &nonce_r), (header.spi_i, spi_r), &shared),
            nonce_i,
            nonce_r,
            request: request.to_vec(),
            response: response.clone(),
            auth_response: Vec::new(),
            next_request: 0,
            messages: 0,
        });
        response
    }

    /// An SA that no device agreed to, so that there are well-formed messages for the states
    /// before there are keys.
    pub(crate) fn pretend(&mut self, spi_i: IkeSpi) {
        let suite = self.suite.ike();
        let spi_r = IkeSpi(0x0bad_0bad_0bad_0bad);
        let (nonce_i, nonce_r) = (vec![1; 16], vec![2; 16]);
        let shared = Secret::new(&[3; 32]).expect("32 octets");
        let header = Header::new(spi_i, spi_r, ExchangeType::IKE_SA_INIT).flags(Flags::RESPONSE);
        self.sa = Some(GatewaySa {
            spi_i,
            spi_r,
            suite,
            keys: derive(&suite, (&nonce_i, &nonce_r), (spi_i, spi_r), &shared),
            nonce_i,
            nonce_r,
            request: Vec::new(),
            response: clear(&header, &[]),
            auth_response: Vec::new(),
            next_request: 0,
            messages: 0,
        });
    }

    /// An unauthenticated answer to an IKE_SA_INIT request, without an SPI of the gateway's.
    pub(crate) fn init_notify(request: &[u8], notify: Part) -> Vec<u8> {
        let spi_i = Header::parse(request).expect("a header").spi_i;
        let header = Header::new(spi_i, IkeSpi::ZERO, ExchangeType::IKE_SA_INIT);
        clear(&header.flags(Flags::RESPONSE), &[notify])
    }

    /// Opens a message of the device's: its header and what is inside.
    pub(crate) fn open(&self, message: &[u8]) -> (Header, Vec<Part>) {
        let mut message = message.to_vec();
        let header = Header::parse(&message).expect("a header");
        assert_eq!((header.spi_i, header.spi_r), (self.sa().spi_i, self.sa().spi_r));
        let inner = open_protected(&RustCrypto, &self.sa().keys.initiator, &mut message)
            .expect("it is protected with the agreed keys");
        let inside = parts(inner.payloads(&message));
        (header, inside)
    }

    /// The usual answer to IKE_AUTH, whose AUTH must verify.
    pub(crate) fn auth(&mut self, request: &[u8]) -> Vec<u8> {
        self.auth_edited(request, |_| {})
    }

    /// The same with other payloads.
    pub(crate) fn auth_edited(
        &mut self,
        request: &[u8],
        edit: impl FnOnce(&mut Vec<Part>),
    ) -> Vec<u8> {
        let (header, asked) = self.open(request);
        assert_eq!((header.exchange, header.message_id), (ExchangeType::IKE_AUTH, 1));
        let claimed = body(&asked, PayloadType::AUTH);
        assert_eq!(claimed[0], AuthMethod::SHARED_KEY_MIC.0);
        let sa = self.sa();
        let expected =
            self.proof(&sa.request, &sa.nonce_r, (&sa.keys.pi, body(&asked, PayloadType::IDI)));
        assert_eq!(claimed[4..], expected, "the device's AUTH covers its last IKE_SA_INIT request");
        let mut answer = self.auth_parts(&asked);
        edit(&mut answer);
        let response = self.response(ExchangeType::IKE_AUTH, 1, &answer);
        self.sa.as_mut().expect("checked above").auth_response.clone_from(&response);
        response
    }

    /// IDr, AUTH, SAr2 and the selectors as they were proposed.
    pub(crate) fn auth_parts(&self, asked: &[Part]) -> Vec<Part> {
        vec![
            Part::raw(PayloadType::IDR, self.identity.body()),
            self.auth_part(self.identity.body()),
            Part::of(&SaRepr(&[ProposalRepr {
                number: 1,
                protocol: ProtocolId::ESP,
                spi: &CHILD_SPI.to_be_bytes(),
                transforms: &self.suite.esp().transforms(),
            }])),
            Part::raw(PayloadType::TSI, body(asked, PayloadType::TSI)),
            Part::raw(PayloadType::TSR, body(asked, PayloadType::TSR)),
        ]
    }

    /// The AUTH payload that goes with the body of an IDr payload.
    pub(crate) fn auth_part(&self, id_body: &[u8]) -> Part {
        let sa = self.sa();
        let data = self.proof(&sa.response, &sa.nonce_i, (&sa.keys.pr, id_body));
        Part::of(&Auth { method: AuthMethod::SHARED_KEY_MIC, data: &data })
    }

    fn proof(
        &self,
        message: &[u8],
        nonce: &[u8],
        (sk_p, id_body): (&crypto::PrfOutput, &[u8]),
    ) -> Vec<u8> {
        let prf = self.suite.ike().prf;
        let key = auth_key(&RustCrypto, prf, &self.psk);
        let under_way = auth_prf(&RustCrypto, prf, &key, message, nonce);
        finish_auth(&RustCrypto, prf, under_way, sk_p, id_body).as_slice().to_vec()
    }

    /// A protected response.
    pub(crate) fn response(&mut self, exchange: ExchangeType, id: u32, parts: &[Part]) -> Vec<u8> {
        let header = self.header(exchange, id).flags(Flags::RESPONSE);
        self.seal(&header, &[], &Inside::of(parts))
    }

    /// The gateway's next request.
    pub(crate) fn request(&mut self, exchange: ExchangeType, parts: &[Part]) -> Vec<u8> {
        let sa = self.sa.as_mut().expect("an SA");
        let id = sa.next_request;
        sa.next_request += 1;
        self.request_with_id(exchange, id, parts)
    }

    /// A request with a Message ID of the test's choice.
    pub(crate) fn request_with_id(
        &mut self,
        exchange: ExchangeType,
        id: u32,
        parts: &[Part],
    ) -> Vec<u8> {
        let header = self.header(exchange, id);
        self.seal(&header, &[], &Inside::of(parts))
    }

    /// A header with the SA's SPIs, of a request.
    pub(crate) fn header(&self, exchange: ExchangeType, id: u32) -> Header {
        Header::new(self.sa().spi_i, self.sa().spi_r, exchange).message_id(id)
    }

    /// Protects anything with the gateway's keys.
    pub(crate) fn seal(&mut self, header: &Header, before: &[Part], inside: &Inside) -> Vec<u8> {
        let iv = self.next_iv();
        protected(header, before, inside, &self.sa().keys.responder, &iv)
    }

    fn next_iv(&mut self) -> Vec<u8> {
        let sa = self.sa.as_mut().expect("an SA");
        sa.messages += 1;
        let mut iv = sa.messages.to_be_bytes().to_vec();
        iv.resize(sa.suite.protection.encryption().iv_len(), 0x55);
        iv
    }

    /// The Child SA's keys: from the device, from the gateway.
    pub(crate) fn child_keys(&self) -> (ProtectionKey, ProtectionKey) {
        let sa = self.sa();
        let nonces = SaNonces { initiator: &sa.nonce_i, responder: &sa.nonce_r };
        let keys = ChildKeys::derive(&RustCrypto, sa.suite.prf, &sa.keys.d, &nonces, &self.esp());
        (keys.initiator, keys.responder)
    }
}

fn derive(
    suite: &IkeSuite,
    (initiator, responder): (&[u8], &[u8]),
    spis: (IkeSpi, IkeSpi),
    shared: &SharedSecret,
) -> IkeKeys {
    IkeKeys::derive(&RustCrypto, suite, &SaNonces { initiator, responder }, spis, shared)
}
