//! What is secret stays so, and is gone in time (RFC 7296 2.12, RFC 5282 3.1).

use crate::support::part::Part;
use crate::support::{Pair, config, path, polite, psk};
use crypto::{
    AuthenticationFailed, Crypto, InvalidPublicValue, Opening, Prf, PrfAlgorithm, PrfOutput,
    PrivateKey, ProtectionKey, RustCrypto, Sealing, SharedSecret,
};
use ike_core::{ExchangeType, IkeKeys, Suite};
use ike_initiator::{Behaviour, Config, Event, Honest, Initiator, MAX_REQUEST, Profile, StateName};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rstest::rstest;
use std::cell::Cell;
use std::rc::Rc;

/// A long life with every kind of message; `Pair` complains about an IV in two messages.
#[rstest]
fn no_iv_ever_stands_in_two_messages(
    #[values(Profile::Rfc7815, Profile::Rfc7296Min)] profile: Profile,
    #[values(
        Suite::AesGcmX25519,
        Suite::AesCcm8P256,
        Suite::ChaCha20X25519,
        Suite::AesCbcModp2048
    )]
    suite: Suite,
) {
    let config = Config { profile, ..polite() }.suite(suite);
    let mut pair = Pair::with_suite(suite, config);
    for _ in 0..2 {
        let auth = pair.reach_auth();
        pair.timeout();
        assert_eq!(pair.sent(), auth);
        let response = pair.gateway.auth(&auth);
        pair.expect_established(&response);
        for exchange in [ExchangeType::INFORMATIONAL, ExchangeType::CREATE_CHILD_SA] {
            for part in [vec![], vec![Part::raw(ike_core::PayloadType(200), b"?").critical()]] {
                let request = pair.gateway.request(exchange, &part);
                for _ in 0..3 {
                    pair.receive(&request);
                    pair.sent();
                }
            }
        }
        pair.close();
        let delete = pair.sent();
        let request = pair.gateway.request(ExchangeType::INFORMATIONAL, &[]);
        pair.receive(&request);
        pair.sent();
        pair.timeout();
        assert_eq!(pair.sent(), delete);
        let response = pair.gateway.response(ExchangeType::INFORMATIONAL, 2, &[]);
        pair.receive(&response);
        assert_eq!(pair.device.state(), StateName::Closed);
    }
    // IKE_AUTH, answers (one a request, or one a copy), Delete, one more answer; twice.
    let answers = if profile == Profile::Rfc7815 { 12 } else { 4 };
    assert_eq!(pair.protected_messages(), 2 * (1 + answers + 1 + 1));
}

/// With the keys of each SA the counter starts anew: a device that wakes up tells nobody how often
/// it did.
#[test]
fn the_first_iv_of_every_sa_is_zero() {
    let mut pair = Pair::new(config());
    for _ in 0..2 {
        let auth = pair.reach_auth();
        assert_eq!(auth[32..40], [0; 8]);
        let response = pair.gateway.auth(&auth);
        pair.expect_established(&response);
        let request = pair.gateway.request(ExchangeType::INFORMATIONAL, &[]);
        pair.receive(&request);
        assert_eq!(pair.sent()[32..40], [0, 0, 0, 0, 0, 0, 0, 1]);
        pair.close();
        pair.sends();
    }
}

#[test]
fn child_keys_leave_once() {
    let mut pair = Pair::established(config());
    assert!(pair.device.take_child_keys().is_some());
    assert!(pair.device.take_child_keys().is_none());
    assert!(pair.device.ike_keys().is_some(), "the IKE SA is still there");
}

#[test]
fn child_keys_that_nobody_took_are_gone_with_the_sa() {
    let mut pair = Pair::established(config());
    pair.close();
    assert!(pair.device.take_child_keys().is_none());
}

/// No key, and nothing it was made of, in what a log may print.
#[test]
fn debug_output_shows_no_key() {
    let mut pair = Pair::established(config());
    let (_, _, keys) = pair.device.ike_keys().expect("established");
    let mut secrets: Vec<Vec<u8>> = vec![psk().as_slice().to_vec()];
    let IkeKeys { d, initiator, responder, pi, pr } = keys;
    secrets.extend([d, pi, pr].map(|key| key.as_slice().to_vec()));
    secrets.extend([initiator, responder].map(|key| key.encryption().to_vec()));
    let keys = format!("{keys:?} {keys:#?}");
    let child = pair.device.take_child_keys().expect("established");
    secrets.extend([&child.inbound, &child.outbound].map(|key| key.encryption().to_vec()));
    let config = config();
    let event = Event::Established { suite: config_suite(), peer: pair.gateway.identity.clone() };
    let shown = format!("{keys} {child:?} {config:?} {event:?} {Honest:?} {child:#?} {config:#?}");
    for secret in secrets {
        let hex: String = secret[..4].iter().map(|octet| format!("{octet:02x}")).collect();
        let decimal = format!("{}, {}, {}", secret[0], secret[1], secret[2]);
        let text = String::from_utf8_lossy(&secret[..4]).into_owned();
        for form in [hex.clone(), hex.to_uppercase(), decimal, text] {
            assert!(!shown.contains(&form), "{form}");
        }
    }
    assert!(shown.contains("Secret("), "the keys are there, redacted");
}

fn config_suite() -> ike_core::IkeSuite {
    Suite::default().ike()
}

/// Counts the PRF computations that are alive: each holds what a key was hashed to.
#[derive(Clone, Default)]
struct Counting(Rc<Cell<usize>>);

struct CountedPrf {
    prf: <RustCrypto as Crypto>::Prf,
    _counted: Counted,
}

struct Counted(Rc<Cell<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Prf for CountedPrf {
    fn update(&mut self, data: &[u8]) {
        self.prf.update(data);
    }

    fn finalize(self) -> PrfOutput {
        self.prf.finalize()
    }
}

impl Crypto for Counting {
    type Prf = CountedPrf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> CountedPrf {
        self.0.set(self.0.get() + 1);
        CountedPrf { prf: RustCrypto.prf(algorithm, key), _counted: Counted(self.0.clone()) }
    }

    fn public_value(&self, private: &PrivateKey, public: &mut [u8]) {
        RustCrypto.public_value(private, public);
    }

    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue> {
        RustCrypto.shared_secret(private, peer)
    }

    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>) {
        RustCrypto.seal(key, parts);
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        RustCrypto.open(key, parts)
    }
}

/// Between the two responses one PRF is under way, and it is dropped with the state that needs it.
#[rstest]
fn the_auth_under_way_is_dropped_in_time(#[values(true, false)] answered: bool) {
    let live = Counting::default();
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let mut pair = Pair::new(config());
    let mut device = Initiator::new(config(), live.clone()).expect("a usable configuration");
    device.connect(pair.now, &mut rng).expect("idle");
    let mut buffer = [0; MAX_REQUEST];
    let mut sent = |device: &mut Initiator<Counting>| {
        let transmit = device.poll_transmit(pair.now, &mut buffer).expect("a request");
        buffer[..transmit.len].to_vec()
    };
    let request = sent(&mut device);
    assert_eq!(live.0.get(), 0);
    let mut response = pair.gateway.init(&request);
    device.handle_datagram(pair.now, path(), &mut response, &mut rng);
    assert_eq!(live.0.get(), 1);
    let request = sent(&mut device);
    if answered {
        let mut response = pair.gateway.auth(&request);
        device.handle_datagram(pair.now, path(), &mut response, &mut rng);
        assert_eq!(device.state(), StateName::Established);
    } else {
        device.close(pair.now, &mut rng);
    }
    assert_eq!(live.0.get(), 0);
}

/// The seam for misbehaviour: a counter that stands still would repeat the IV, and edits reach the
/// wire but not the octets that are kept.
struct Stuck;

impl Behaviour for Stuck {
    fn edit_request(&mut self, exchange: ExchangeType, transmission: u8, datagram: &mut [u8]) {
        if exchange == ExchangeType::IKE_SA_INIT && transmission == 1 {
            datagram[17] = 0x30;
        }
    }

    fn iv_counter(&mut self, _: u64) -> u64 {
        0x5afe
    }
}

#[test]
fn a_behaviour_sees_each_transmission_and_each_iv() {
    let mut pair = Pair::new(config());
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let mut device = Initiator::with_behaviour(config(), RustCrypto, Stuck).expect("usable");
    device.connect(pair.now, &mut rng).expect("idle");
    let mut buffer = [0; MAX_REQUEST];
    let mut requests = Vec::new();
    for _ in 0..3 {
        let transmit = device.poll_transmit(pair.now, &mut buffer).expect("a request");
        requests.push(buffer[..transmit.len].to_vec());
        pair.now = device.poll_timeout().expect("a deadline");
        device.handle_timeout(pair.now, &mut rng);
    }
    assert_eq!((requests[0][17], requests[1][17], requests[2][17]), (0x20, 0x30, 0x20));
    assert_eq!(requests[0], requests[2]);
    let mut response = pair.gateway.init(&requests[0]);
    device.handle_datagram(pair.now, path(), &mut response, &mut rng);
    device.poll_transmit(pair.now, &mut buffer).expect("IKE_AUTH");
    assert_eq!(buffer[32..40], [0, 0, 0, 0, 0, 0, 0x5a, 0xfe]);
}
