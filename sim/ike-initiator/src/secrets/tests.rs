//! Which slots hold something, state by state: from outside nobody can see that.

extern crate std;

use crate::{Config, Initiator, Instant, MAX_REQUEST, Path, StateName};
use crypto::{Crypto, Group, MAX_PUBLIC_VALUE, PrivateKey, RustCrypto};
use ike_core::payload::{KeyExchange, Nonce, ProposalRepr, SaRepr};
use ike_core::{
    ExchangeType, Flags, Header, Identity, IkeSpi, MessageWriter, ProtocolId, Psk, Suite,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Private key, IKE keys, AUTH under way, Child SA.
fn held(device: &Initiator<RustCrypto>) -> [bool; 4] {
    let secrets = &device.secrets;
    [
        secrets.private.is_some(),
        secrets.ike.is_some(),
        secrets.peer_auth.is_some(),
        secrets.child.is_some(),
    ]
}

/// A device that has sent IKE_SA_INIT, and a response to that.
fn init_sent(rng: &mut ChaCha20Rng) -> (Initiator<RustCrypto>, Path, ([u8; MAX_REQUEST], usize)) {
    let socket = |text: &str| text.parse().expect("a socket");
    let path = Path { local: socket("192.0.2.13:500"), remote: socket("192.0.2.1:500") };
    let identity = Identity::key_id(b"device01").expect("8 octets");
    let config = Config::new(path, identity, Psk::new(b"secret").expect("a key"));
    let mut device = Initiator::new(config, RustCrypto).expect("a usable configuration");
    let now = Instant::from_micros(0);
    device.connect(now, rng).expect("idle");
    let mut buffer = [0; MAX_REQUEST];
    let sent = device.poll_transmit(now, &mut buffer).expect("a request");
    let spi_i = Header::parse(&buffer[..sent.len]).expect("a header").spi_i;

    let group = Group::Curve25519;
    let mut public = [0; MAX_PUBLIC_VALUE];
    let public = &mut public[..group.public_value_len()];
    RustCrypto.public_value(&PrivateKey::generate(group, rng), public);
    let header = Header::new(spi_i, IkeSpi(7), ExchangeType::IKE_SA_INIT).flags(Flags::RESPONSE);
    let transforms = Suite::default().ike().transforms();
    let proposal =
        ProposalRepr { number: 1, protocol: ProtocolId::IKE, spi: &[], transforms: &transforms };
    let mut response = [0; MAX_REQUEST];
    let mut writer = MessageWriter::new(&mut response, &header).expect("room");
    writer
        .payload(&SaRepr(&[proposal]))
        .and_then(|writer| {
            writer.payload(&KeyExchange { group: group.transform_id(), data: public })
        })
        .and_then(|writer| writer.payload(&Nonce(&[5; 32])))
        .expect("room");
    let len = writer.finish().expect("room");
    (device, path, (response, len))
}

/// RFC 7296 2.12: the private key goes as soon as the shared secret is there, the rest with the SA.
#[test]
fn every_state_holds_the_keys_that_it_needs_and_no_other() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let now = Instant::from_micros(0);
    let (mut device, path, (mut response, len)) = init_sent(&mut rng);
    assert_eq!(held(&device), [true, false, false, false]);
    device.handle_datagram(now, path, &mut response[..len], &mut rng);
    assert_eq!(device.state(), StateName::AuthSent);
    assert_eq!(held(&device), [false, true, true, false]);
    device.close(now, &mut rng);
    assert_eq!(held(&device), [false; 4]);
    assert!(device.request.as_slice().is_empty());
}

#[test]
fn an_attempt_that_is_abandoned_leaves_no_private_key() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let now = Instant::from_micros(0);
    let (mut device, _, _) = init_sent(&mut rng);
    device.close(now, &mut rng);
    assert_eq!(held(&device), [false; 4]);

    device.connect(now, &mut rng).expect("closed");
    let mut buffer = [0; MAX_REQUEST];
    let mut transmissions = 0;
    while device.poll_transmit(now, &mut buffer).is_some() {
        transmissions += 1;
        let deadline = device.poll_timeout().expect("a deadline");
        device.handle_timeout(deadline, &mut rng);
    }
    assert_eq!((transmissions, held(&device)), (12, [false; 4]));
}
