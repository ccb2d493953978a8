//! A device under test and a gateway built by hand, in virtual time.

pub(crate) mod gateway;
pub(crate) mod part;

use self::gateway::Gateway;
use self::part::Part;
use crypto::RustCrypto;
use ike_core::{DropReason, ExchangeType, Header, Identity, Path, PayloadType, Psk, Suite};
use ike_initiator::{Config, Event, Initiator, Instant, MAX_REQUEST, StateName};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::time::Duration;

/// The usual path: IPv6 on both sides.
pub(crate) fn path() -> Path {
    path_of("[2001:db8::d]:500", "[2001:db8::1]:500")
}

pub(crate) fn path_of(local: &str, remote: &str) -> Path {
    Path { local: local.parse().expect("a socket"), remote: remote.parse().expect("a socket") }
}

pub(crate) fn psk() -> Psk {
    Psk::new(b"correct horse battery staple").expect("a key")
}

/// The usual configuration: identities of 8 octets, INITIAL_CONTACT, no Delete.
pub(crate) fn config() -> Config {
    Config::new(path(), Identity::key_id(b"device01").expect("8 octets"), psk())
}

/// The same with a Delete.
pub(crate) fn polite() -> Config {
    Config { delete_on_close: true, ..config() }
}

/// A device and its gateway. Whatever the device sends or says passes the checks below.
pub(crate) struct Pair {
    pub(crate) device: Initiator<RustCrypto>,
    pub(crate) gateway: Gateway,
    pub(crate) now: Instant,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) path: Path,
    /// Under each pair of SPIs: IV to message.
    ivs: BTreeMap<(u64, u64), BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Pair {
    pub(crate) fn new(config: Config) -> Self {
        Self::with_suite(Suite::default(), config)
    }

    /// A gateway that wants that suite; the offer is the configuration's.
    pub(crate) fn with_suite(suite: Suite, config: Config) -> Self {
        Self {
            path: config.path,
            gateway: Gateway::new(suite, &config.psk),
            device: Initiator::new(config, RustCrypto).expect("a usable configuration"),
            now: Instant::from_micros(1_000_000),
            rng: ChaCha20Rng::from_seed([1; 32]),
            ivs: BTreeMap::new(),
        }
    }

    /// The device has sent IKE_SA_INIT, which is returned.
    pub(crate) fn init_sent(config: Config) -> (Self, Vec<u8>) {
        let mut pair = Self::new(config);
        let request = pair.connect();
        (pair, request)
    }

    /// The device has sent IKE_AUTH, which is returned.
    pub(crate) fn auth_sent(config: Config) -> (Self, Vec<u8>) {
        let mut pair = Self::new(config);
        let request = pair.reach_auth();
        (pair, request)
    }

    pub(crate) fn established(config: Config) -> Self {
        let mut pair = Self::new(config);
        pair.establish();
        pair
    }

    /// The device has sent a Delete, which is returned.
    pub(crate) fn closing() -> (Self, Vec<u8>) {
        let mut pair = Self::established(polite());
        pair.device.close(pair.now, &mut pair.rng);
        let delete = pair.sent();
        (pair, delete)
    }

    pub(crate) fn connect(&mut self) -> Vec<u8> {
        self.device.connect(self.now, &mut self.rng).expect("idle or closed");
        assert_eq!(self.events(), []);
        self.sent()
    }

    pub(crate) fn reach_auth(&mut self) -> Vec<u8> {
        let request = self.connect();
        let response = self.gateway.init(&request);
        assert_eq!(self.receive(&response), []);
        self.sent()
    }

    pub(crate) fn establish(&mut self) {
        let request = self.reach_auth();
        let response = self.gateway.auth(&request);
        self.expect_established(&response);
    }

    /// Receives the IKE_AUTH response, which must convince.
    pub(crate) fn expect_established(&mut self, response: &[u8]) {
        let events = self.receive(response);
        assert!(matches!(events.as_slice(), [Event::Established { .. }]), "{events:?}");
        assert_eq!(self.device.state(), StateName::Established);
    }

    /// From IKE_SA_INIT on, whose last request this is, to the end.
    pub(crate) fn go_on_from_init(&mut self, request: &[u8]) {
        let response = self.gateway.init(request);
        assert_eq!(self.receive(&response), []);
        let request = self.sent();
        let response = self.gateway.auth(&request);
        self.expect_established(&response);
    }

    /// A datagram arrives on the usual path; what the device says to it, costs aside.
    pub(crate) fn receive(&mut self, datagram: &[u8]) -> Vec<Event> {
        self.receive_on(self.path, datagram)
    }

    pub(crate) fn receive_on(&mut self, path: Path, datagram: &[u8]) -> Vec<Event> {
        let mut datagram = datagram.to_vec();
        self.device.handle_datagram(self.now, path, &mut datagram, &mut self.rng);
        self.events()
    }

    /// The datagram is dropped: no other event, nothing to send, the same state and deadline.
    pub(crate) fn drops(&mut self, datagram: &[u8]) -> DropReason {
        let before = (self.device.state(), self.device.poll_timeout(), self.device.last_heard());
        let events = self.receive(datagram);
        let after = (self.device.state(), self.device.poll_timeout(), self.device.last_heard());
        assert_eq!(before, after, "{events:?}");
        assert_eq!(self.sends(), [] as [Vec<u8>; 0], "{events:?}");
        match events.as_slice() {
            [Event::Dropped(reason)] => *reason,
            other => panic!("not dropped: {other:?}"),
        }
    }

    /// Time passes to the deadline.
    pub(crate) fn timeout(&mut self) -> Vec<Event> {
        self.now = self.device.poll_timeout().expect("a deadline");
        self.device.handle_timeout(self.now, &mut self.rng);
        self.events()
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    pub(crate) fn close(&mut self) -> Vec<Event> {
        self.device.close(self.now, &mut self.rng);
        self.events()
    }

    /// All events there are, but for those about costs.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.device.poll_event())
            .filter(|event| !matches!(event, Event::Operation(_)))
            .collect()
    }

    /// The one datagram that the device sends now, on the usual path.
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        let mut all = self.sends();
        assert_eq!(all.len(), 1, "one datagram");
        all.remove(0)
    }

    pub(crate) fn sends(&mut self) -> Vec<Vec<u8>> {
        let path = self.path;
        let all = self.sends_along();
        assert!(all.iter().all(|(along, _)| *along == path), "on another path");
        all.into_iter().map(|(_, octets)| octets).collect()
    }

    pub(crate) fn sends_along(&mut self) -> Vec<(Path, Vec<u8>)> {
        let mut buffer = [0xaa; MAX_REQUEST];
        let mut all = Vec::new();
        while let Some(transmit) = self.device.poll_transmit(self.now, &mut buffer) {
            let octets = buffer[..transmit.len].to_vec();
            self.check_iv(&octets);
            all.push((transmit.path, octets));
        }
        self.check_invariants();
        all
    }

    /// An IV never stands in two different messages under one key (RFC 5282 3.1).
    fn check_iv(&mut self, message: &[u8]) {
        let header = Header::parse(message).expect("a header");
        assert_eq!(header.length as usize, message.len());
        if header.next_payload == PayloadType::SK {
            let len = self.gateway.sa().suite.protection.encryption().iv_len();
            let seen = self.ivs.entry((header.spi_i.0, header.spi_r.0)).or_default();
            let first = seen.entry(message[32..32 + len].to_vec()).or_insert(message.to_vec());
            assert_eq!(first, message, "the same IV in another message");
        }
    }

    /// Different protected messages that the device has sent so far.
    pub(crate) fn protected_messages(&self) -> usize {
        self.ivs.values().map(BTreeMap::len).sum()
    }

    /// What holds in every state once nothing waits to be sent.
    pub(crate) fn check_invariants(&self) {
        use StateName::{AuthSent, Closed, Closing, Established, InitSent};
        let state = self.device.state();
        let outstanding = matches!(state, InitSent | AuthSent | Closing);
        assert_eq!(self.device.poll_timeout().is_some(), outstanding, "a deadline in {state}");
        let keys = matches!(state, AuthSent | Established | Closing);
        assert_eq!(self.device.ike_keys().is_some(), keys, "keys in {state}");
        assert_eq!(self.device.close_reason().is_some(), state == Closed, "a reason in {state}");
    }
}

/// Exchange, Message ID and error notify of the device's answer, which is empty or one error.
pub(crate) fn answer(pair: &Pair, message: &[u8]) -> (ExchangeType, u32, Option<Part>) {
    let (header, inside) = pair.gateway.open(message);
    assert_eq!(header.flags.0, 0x28, "initiator and response, and nothing else");
    assert!(inside.len() <= 1, "{inside:?}");
    (header.exchange, header.message_id, inside.into_iter().next())
}
