//! The two exchanges, and what is in the requests (RFC 7815 2.1).

use crate::support::part::{Part, body, clear_parts};
use crate::support::{Pair, config, path_of};
use crypto::{Group, RustCrypto};
use ike_core::{ExchangeType, Header, IkeSpi, NotifyType, Operation, PayloadType, Suite};
use ike_initiator::{Config, Event, Initiator, StateName};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use rstest::rstest;
use std::convert::Infallible;

const V4: (&str, &str) = ("192.0.2.13:500", "192.0.2.1:500");
const V6: (&str, &str) = ("[2001:db8::d]:500", "[2001:db8::1]:500");

/// The configuration of a device with these addresses.
fn device((local, remote): (&str, &str)) -> Config {
    let usual = config();
    Config::new(path_of(local, remote), usual.identity, usual.psk)
}

fn kinds(parts: &[Part]) -> Vec<PayloadType> {
    parts.iter().map(|part| part.kind).collect()
}

#[rstest]
fn both_ends_derive_the_same_keys(
    #[values(
        Suite::AesGcmX25519,
        Suite::AesGcmP256,
        Suite::AesCbcModp2048,
        Suite::AesCcm8P256,
        Suite::ChaCha20X25519
    )]
    suite: Suite,
    #[values(V4, V6)] addresses: (&str, &str),
) {
    let config = device(addresses).suite(suite);
    let (local, remote) = (config.local.clone(), config.remote.clone());
    let mut pair = Pair::with_suite(suite, config);
    let request = pair.reach_auth();
    let response = pair.gateway.auth(&request);
    let peer = pair.gateway.identity.clone();
    assert_eq!(pair.receive(&response), [Event::Established { suite: suite.ike(), peer }]);
    assert_eq!(pair.sends(), [] as [Vec<u8>; 0]);

    let (agreed, spis, keys) = pair.device.ike_keys().expect("established");
    let sa = pair.gateway.sa();
    assert_eq!((agreed, spis, keys), (suite.ike(), (sa.spi_i, sa.spi_r), &sa.keys));

    let child = pair.device.take_child_keys().expect("established");
    let (from_device, from_gateway) = pair.gateway.child_keys();
    assert_eq!((child.outbound, child.inbound), (from_device, from_gateway));
    assert_eq!((child.suite, child.local, child.remote), (suite.esp(), local, remote));
}

/// The table is that of the minimal messages with identities of 8 octets and IPv6 selectors;
/// INITIAL_CONTACT adds 8 octets, which vanish in the padding of CBC.
#[rstest]
#[case::aes_gcm_x25519(Suite::AesGcmX25519, 128, 245, 8)]
#[case::aes_gcm_p256(Suite::AesGcmP256, 160, 245, 8)]
#[case::aes_cbc_modp2048(Suite::AesCbcModp2048, 360, 272, 0)]
#[case::aes_ccm8_p256(Suite::AesCcm8P256, 160, 237, 8)]
// ChaCha20 has no Key Length attribute (RFC 7634 4): 4 octets less in each request.
#[case::chacha20_x25519(Suite::ChaCha20X25519, 124, 241, 8)]
fn requests_have_the_sizes_of_the_table(
    #[case] suite: Suite,
    #[case] init: usize,
    #[case] auth: usize,
    #[case] initial_contact: usize,
) {
    for (with, more) in [(false, 0), (true, initial_contact)] {
        let config = Config { initial_contact: with, ..config().suite(suite) };
        let mut pair = Pair::with_suite(suite, config);
        let request = pair.connect();
        let response = pair.gateway.init(&request);
        pair.receive(&response);
        assert_eq!((request.len(), pair.sent().len()), (init, auth + more));
    }
}

#[test]
fn ike_sa_init_is_sa_ke_and_nonce_in_this_order() {
    let (pair, request) = Pair::init_sent(config());
    let header = Header::parse(&request).expect("a header");
    assert_ne!(header.spi_i, IkeSpi::ZERO);
    assert_eq!(header.spi_r, IkeSpi::ZERO);
    assert_eq!((header.version, header.flags.0, header.message_id), (0x20, 0x08, 0));
    assert_eq!(header.exchange, ExchangeType::IKE_SA_INIT);
    let parts = clear_parts(&request);
    assert_eq!(kinds(&parts), [PayloadType::SA, PayloadType::KE, PayloadType::NONCE]);
    assert!(parts.iter().all(|part| !part.critical));
    assert_eq!(body(&parts, PayloadType::NONCE).len(), 16);
    assert_eq!(body(&parts, PayloadType::KE)[..4], [0, 31, 0, 0]);
    // One proposal, number 1, protocol IKE, no SPI, three transforms (RFC 7296 3.3.1).
    assert_eq!(body(&parts, PayloadType::SA)[..8], [0, 0, 0, 36, 1, 1, 0, 3]);
    assert_eq!(pair.device.state(), StateName::InitSent);
}

#[test]
fn ike_auth_is_idi_auth_sa_selectors_and_initial_contact() {
    let (pair, request) = Pair::auth_sent(config());
    let (header, parts) = pair.gateway.open(&request);
    assert_eq!((header.version, header.flags.0, header.message_id), (0x20, 0x08, 1));
    assert_eq!(header.exchange, ExchangeType::IKE_AUTH);
    use PayloadType as P;
    assert_eq!(kinds(&parts), [P::IDI, P::AUTH, P::SA, P::TSI, P::TSR, P::N]);
    assert!(parts.iter().all(|part| !part.critical));
    assert_eq!(body(&parts, P::IDI), b"\x0b\0\0\0device01");
    // Shared key, PRF-HMAC-SHA2-256.
    assert_eq!(body(&parts, P::AUTH)[..4], [2, 0, 0, 0]);
    assert_eq!(body(&parts, P::AUTH).len(), 36);
    // Protocol ESP, an SPI of 4 octets that is not reserved, no Diffie-Hellman group.
    let sa = body(&parts, P::SA);
    assert_eq!(sa[..8], [0, 0, 0, 32, 1, 3, 4, 2]);
    assert!(u32::from_be_bytes([sa[8], sa[9], sa[10], sa[11]]) > 255);
    assert_eq!(parts[5], Part::notify(NotifyType::INITIAL_CONTACT, &[]));
}

#[test]
fn without_initial_contact_the_selectors_are_last() {
    let (pair, request) = Pair::auth_sent(Config { initial_contact: false, ..config() });
    let (_, parts) = pair.gateway.open(&request);
    assert_eq!(parts.last().map(|part| part.kind), Some(PayloadType::TSR));
}

#[test]
fn the_childs_inbound_spi_is_the_one_that_was_offered() {
    let (mut pair, request) = Pair::auth_sent(config());
    let (_, parts) = pair.gateway.open(&request);
    let offered = body(&parts, PayloadType::SA)[8..12].to_vec();
    let response = pair.gateway.auth(&request);
    pair.expect_established(&response);
    let child = pair.device.take_child_keys().expect("established");
    assert_eq!(child.spi_in.to_be_bytes(), *offered);
    assert_eq!(child.spi_out, crate::support::gateway::CHILD_SPI);
}

#[test]
fn costly_work_is_reported() {
    let mut pair = Pair::new(config());
    pair.device.connect(pair.now, &mut pair.rng).expect("idle");
    let generated = Event::Operation(Operation::KeyGeneration(Group::Curve25519));
    assert_eq!(pair.device.poll_event(), Some(generated));
    let request = pair.sent();
    let mut response = pair.gateway.init(&request);
    pair.device.handle_datagram(pair.now, pair.path, &mut response, &mut pair.rng);
    let computed = Event::Operation(Operation::DiffieHellman(Group::Curve25519));
    assert_eq!(pair.device.poll_event(), Some(computed));
    assert_eq!(pair.device.poll_event(), None);
}

/// RFC 7296 2.11: whatever the ports are, IKE_AUTH goes where IKE_SA_INIT went.
#[test]
fn requests_go_along_the_configured_path() {
    let config = device(("[2001:db8::d]:40000", "[2001:db8::1]:4500"));
    let mut pair = Pair::new(config);
    pair.establish();
}

#[test]
fn a_new_device_is_idle_and_waits_for_nothing() {
    let device = Initiator::new(config(), RustCrypto).expect("a usable configuration");
    assert_eq!((device.state(), device.poll_timeout()), (StateName::Idle, None));
    assert_eq!((device.last_heard(), device.close_reason()), (None, None));
}

/// Randomness that begins with zeros.
struct ZerosFirst(usize, ChaCha20Rng);

impl TryRng for ZerosFirst {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.1.fill_bytes(out);
        if let Some(left) = self.0.checked_sub(1) {
            self.0 = left;
            out.fill(0);
        }
        Ok(())
    }
}

impl TryCryptoRng for ZerosFirst {}

/// RFC 7296 3.1: an IKE SPI is not zero; RFC 4303 2.1: an ESP SPI is not below 256.
#[test]
fn reserved_spis_are_drawn_again() {
    let mut pair = Pair::new(config());
    let mut rng = ZerosFirst(2, ChaCha20Rng::from_seed([3; 32]));
    pair.device.connect(pair.now, &mut rng).expect("idle");
    let request = pair.sent();
    assert_ne!(Header::parse(&request).expect("a header").spi_i, IkeSpi::ZERO);
    let mut response = pair.gateway.init(&request);
    rng.0 = 2;
    pair.device.handle_datagram(pair.now, pair.path, &mut response, &mut rng);
    let request = pair.sent();
    let (_, parts) = pair.gateway.open(&request);
    let sa = body(&parts, PayloadType::SA);
    assert!(u32::from_be_bytes([sa[8], sa[9], sa[10], sa[11]]) > 255);
    assert_eq!(rng.0, 0, "the zeros were drawn");
}
