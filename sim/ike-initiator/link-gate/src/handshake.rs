//! A device of `ike-initiator`, and a gateway of a few lines over `ike-core`, without std and
//! without an allocator.

use crate::CountingRng;
use core::hint::black_box;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use crypto::{Crypto, PrivateKey, RustCrypto};
use ike_core::payload::{
    Auth, Delete, KeyExchange, Nonce, Payload, Payloads, ProposalRepr, Raw, SaRepr,
};
use ike_core::{
    AuthMethod, BufferTooSmall, ExchangeType, Flags, HEADER_LEN, Header, Identity, IkeKeys, IkeSpi,
    MessageWriter, PayloadType, ProtocolId, Psk, SaNonces, Suite, auth_key, auth_prf, finish_auth,
    open_protected,
};
use ike_initiator::{Config, Initiator, Instant, MAX_REQUEST, Path, StateName};

const SPI_R: IkeSpi = IkeSpi(0x1122_3344_5566_7788);
const NONCE_R: [u8; 16] = [0x5c; 16];

/// A device, a gateway and what each has to know.
struct Pair {
    device: Initiator<RustCrypto>,
    rng: CountingRng,
    now: Instant,
    path: Path,
    psk: Psk,
    suite: Suite,
}

/// The SA as the gateway sees it.
struct Sa {
    spi_i: IkeSpi,
    nonce_i: [u8; 16],
    keys: IkeKeys,
    response: [u8; MAX_REQUEST],
    response_len: usize,
}

impl Pair {
    fn new(suite: Suite) -> Option<Self> {
        let socket = |last| {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
            SocketAddr::new(IpAddr::V6(address), 500)
        };
        let path = Path { local: socket(0xd), remote: socket(1) };
        let psk = Psk::new(black_box(b"correct horse battery staple"))?;
        let identity = Identity::key_id(b"device01").ok()?;
        let mut config = Config::new(path, identity, psk.clone()).suite(suite);
        config.delete_on_close = true;
        let device = Initiator::new(config, RustCrypto).ok()?;
        Some(Self {
            device,
            rng: CountingRng(1),
            now: Instant::from_micros(black_box(0)),
            path,
            psk,
            suite,
        })
    }

    /// The device's next datagram.
    fn sent(&mut self, buffer: &mut [u8; MAX_REQUEST]) -> Option<usize> {
        self.device.poll_transmit(self.now, buffer).map(|transmit| transmit.len)
    }

    fn receive(&mut self, datagram: &mut [u8]) {
        self.device.handle_datagram(self.now, self.path, black_box(datagram), &mut self.rng);
        while self.device.poll_event().is_some() {}
    }

    fn connect(&mut self) -> Option<()> {
        self.device.connect(self.now, &mut self.rng).ok()
    }

    /// Whether a whole SA comes and goes.
    fn run(&mut self) -> Option<bool> {
        let mut buffer = [0; MAX_REQUEST];
        self.connect()?;
        let len = self.sent(&mut buffer)?;
        let mut sa = self.answer_init(&buffer[..len])?;
        let mut response = sa.response;
        self.receive(&mut response[..sa.response_len]);

        let len = self.sent(&mut buffer)?;
        let len = self.answer_auth(&mut sa, &mut buffer, len)?;
        self.receive(&mut buffer[..len]);
        let established = self.device.state() == StateName::Established;
        let child = self.device.take_child_keys()?;

        let header = header(&sa, ExchangeType::INFORMATIONAL, 0);
        let len = sa.seal(&header, self.suite, &mut buffer, |_| Ok(())).ok()?;
        self.receive(&mut buffer[..len]);
        let answered = self.sent(&mut buffer).is_some();

        self.device.close(self.now, &mut self.rng);
        let len = self.sent(&mut buffer)?;
        let deleted = open_protected(&RustCrypto, &sa.keys.initiator, &mut buffer[..len])
            .ok()?
            .payloads(&buffer[..len])
            .next()?
            .ok()
            .and_then(|payload| Delete::parse(&payload).ok())
            == Some(Delete::IKE_SA);
        Some(established && answered && deleted && child.outbound != child.inbound)
    }

    fn answer_init(&mut self, request: &[u8]) -> Option<Sa> {
        let header = Header::parse(request).ok()?;
        let find = |kind| {
            Payloads::new(header.next_payload, &request[HEADER_LEN..], HEADER_LEN)
                .flatten()
                .find(|payload: &Payload<'_>| payload.kind == kind)
        };
        let ke = KeyExchange::parse(&find(PayloadType::KE)?).ok()?;
        let nonce_i: [u8; 16] = find(PayloadType::NONCE)?.body.try_into().ok()?;
        let suite = self.suite.ike();
        let private = PrivateKey::generate(suite.group, &mut CountingRng(99));
        let shared = RustCrypto.shared_secret(&private, ke.data).ok()?;
        let mut public = [0; crypto::MAX_PUBLIC_VALUE];
        let public = &mut public[..suite.group.public_value_len()];
        RustCrypto.public_value(&private, public);

        let mut response = [0; MAX_REQUEST];
        let answer = Header::new(header.spi_i, SPI_R, header.exchange).flags(Flags::RESPONSE);
        let mut writer = MessageWriter::new(&mut response, &answer).ok()?;
        let transforms = suite.transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::IKE,
            spi: &[],
            transforms: &transforms,
        };
        writer
            .payload(&SaRepr(&[proposal]))
            .and_then(|writer| writer.payload(&KeyExchange { group: ke.group, data: public }))
            .and_then(|writer| writer.payload(&Nonce(&NONCE_R)))
            .ok()?;
        let response_len = writer.finish().ok()?;
        let nonces = SaNonces { initiator: &nonce_i, responder: &NONCE_R };
        let spis = (header.spi_i, SPI_R);
        let keys = IkeKeys::derive(&RustCrypto, &suite, &nonces, spis, &shared);
        Some(Sa { spi_i: header.spi_i, nonce_i, keys, response, response_len })
    }

    /// The device's selectors come back as they are.
    fn answer_auth(
        &self,
        sa: &mut Sa,
        buffer: &mut [u8; MAX_REQUEST],
        len: usize,
    ) -> Option<usize> {
        let mut request = *buffer;
        let inner = open_protected(&RustCrypto, &sa.keys.initiator, &mut request[..len]).ok()?;
        let find =
            |kind| inner.payloads(&request[..len]).flatten().find(|payload| payload.kind == kind);
        let (tsi, tsr) = (find(PayloadType::TSI)?.body, find(PayloadType::TSR)?.body);
        let identity = Identity::key_id(b"gateway1").ok()?;
        let prf = self.suite.ike().prf;
        let key = auth_key(&RustCrypto, prf, &self.psk);
        let response = &sa.response[..sa.response_len];
        let under_way = auth_prf(&RustCrypto, prf, &key, response, &sa.nonce_i);
        let proof = finish_auth(&RustCrypto, prf, under_way, &sa.keys.pr, identity.body());
        let transforms = self.suite.esp().transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::ESP,
            spi: &[0, 0, 1, 0],
            transforms: &transforms,
        };
        let auth = Auth { method: AuthMethod::SHARED_KEY_MIC, data: proof.as_slice() };
        let header = header(sa, ExchangeType::IKE_AUTH, 1).flags(Flags::RESPONSE);
        sa.seal(&header, self.suite, buffer, |writer| {
            writer
                .payload(&Raw { kind: PayloadType::IDR, body: identity.body() })?
                .payload(&auth)?
                .payload(&SaRepr(&[proposal]))?
                .payload(&Raw { kind: PayloadType::TSI, body: tsi })?
                .payload(&Raw { kind: PayloadType::TSR, body: tsr })
                .map(drop)
        })
        .ok()
    }
}

impl Sa {
    fn seal(
        &self,
        header: &Header,
        suite: Suite,
        buffer: &mut [u8],
        write: impl FnOnce(&mut MessageWriter<'_>) -> Result<(), BufferTooSmall>,
    ) -> Result<usize, BufferTooSmall> {
        let protection = suite.ike().protection;
        let mut writer = MessageWriter::new(buffer, header)?;
        // The Message ID makes it unique: two messages are all that the gateway sends.
        let iv = [header.message_id.to_be_bytes()[3]; 16];
        writer.begin_protected(protection, &iv[..protection.encryption().iv_len()])?;
        write(&mut writer)?;
        writer.seal(&RustCrypto, &self.keys.responder)
    }
}

fn header(sa: &Sa, exchange: ExchangeType, message_id: u32) -> Header {
    Header::new(sa.spi_i, SPI_R, exchange).message_id(message_id)
}

pub(crate) fn sa_comes_and_goes() -> bool {
    Suite::ALL
        .into_iter()
        .all(|suite| Pair::new(suite).and_then(|mut pair| pair.run()) == Some(true))
}

/// The schedule runs down.
pub(crate) fn nobody_answers() -> bool {
    let Some(mut pair) = Pair::new(Suite::default()) else { return false };
    let mut buffer = [0; MAX_REQUEST];
    let mut sent = 0;
    if pair.connect().is_none() {
        return false;
    }
    while pair.sent(&mut buffer).is_some() {
        sent += 1;
        if let Some(deadline) = pair.device.poll_timeout() {
            pair.now = deadline;
        }
        pair.device.handle_timeout(pair.now, &mut pair.rng);
    }
    sent == 12 && pair.device.state() == StateName::Closed
}
