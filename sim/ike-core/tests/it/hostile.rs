//! No octets make a parser panic, and nothing forged opens.

use crate::common::{SUITES, alone, payloads};
use crate::round_trip::key_of;
use crypto::{ProtectionKey, RustCrypto};
use ike_core::payload::{
    Auth, Body, Delete, Identification, KeyExchange, Nonce, Notify, Payload, Raw, Sa,
    TrafficSelectors,
};
use ike_core::{
    ExchangeType, HEADER_LEN, Header, Identity, IkeSpi, Malformed, MessageWriter, NotifyType,
    PayloadType, ProtectedError, Suite, open_protected,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Reads all that a payload's type or any other type would read of it.
fn read_everything(payload: &Payload<'_>) {
    let within = |error: Malformed| {
        let end = payload.offset + payload.body.len();
        assert!((payload.offset..=end).contains(&error.offset), "{error} of {payload:?}");
    };
    match Sa::parse(payload) {
        Ok(sa) => {
            let mut proposals = 0;
            for proposal in sa.proposals() {
                proposals += 1;
                let _ = (proposal.number(), proposal.protocol(), proposal.spi());
                let _ = proposal.transforms().count();
                for suite in Suite::ALL {
                    let _ = suite.ike().is_in(&proposal);
                    let _ = suite.esp().spi_in(&proposal);
                }
            }
            assert_ne!(proposals, 0);
            for suite in Suite::ALL {
                let _ = suite.ike_offer().accept(&sa);
                let _ = suite.esp_offer().accept(&sa);
            }
        }
        Err(error) => within(error),
    }
    match TrafficSelectors::parse(payload) {
        Ok(selectors) => {
            assert!(selectors.iter().count() <= usize::from(payload.body[0]));
            assert!(selectors.iter().all(|one| one.covers(one.start()) && one.contains(&one)));
        }
        Err(error) => within(error),
    }
    match Delete::parse(payload) {
        Ok(delete) => {
            let _ = delete.names_esp(0x0102_0304);
            assert_eq!(delete.body_len(), payload.body.len());
        }
        Err(error) => within(error),
    }
    match Identification::parse(payload) {
        Ok(id) => {
            if let Ok(identity) = Identity::from_payload(&id) {
                let _ = format!("{identity}");
            }
        }
        Err(error) => within(error),
    }
    let _ = Notify::parse(payload).map_err(within);
    let _ = KeyExchange::parse(payload).map_err(within);
    let _ = Auth::parse(payload).map_err(within);
}

/// Octets that look like substructures: mostly small numbers, so that lengths and counts fit often.
fn lengths() -> impl Strategy<Value = Vec<u8>> {
    const LIKELY: [u8; 17] = [0, 0, 0, 0, 1, 2, 3, 4, 7, 8, 12, 14, 16, 20, 40, 0x80, 255];
    vec(prop_oneof![4 => select(&LIKELY[..]), 1 => any::<u8>()], 0..120)
}

/// Two proposals, the second with an SPI and a long attribute.
const SA_MODEL: &[u8] = b"\x02\0\0\x24\x01\x01\0\x03\x03\0\0\x0c\x01\0\0\x14\x80\x0e\0\x80\
    \x03\0\0\x08\x02\0\0\x05\0\0\0\x08\x04\0\0\x1f\
    \0\0\0\x18\x02\x03\x04\x01\x01\x02\x03\x04\0\0\0\x0c\x01\0\0\x0c\0\x0e\0\0";
/// A selector of IPv4 addresses and one of an unknown type.
const TS_MODEL: &[u8] = b"\x02\0\0\0\x07\0\0\x10\0\0\xff\xff\x0a\0\0\x01\x0a\0\0\x09\
    \x09\0\0\x08\x01\x02\x03\x04";

/// The models with a few octets changed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<prop::sample::Index>(), 0_u8..48), 0..4);
    (select(vec![SA_MODEL, TS_MODEL]), changes).prop_map(|(octets, changes)| {
        let mut octets = octets.to_vec();
        for (index, value) in changes {
            *index.get_mut(&mut octets) = value;
        }
        octets
    })
}

#[test]
fn the_models_of_the_mutations_parse() {
    assert!(Sa::parse(&alone(PayloadType::SA, SA_MODEL)).is_ok());
    assert!(TrafficSelectors::parse(&alone(PayloadType::TSI, TS_MODEL)).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn no_body_makes_a_parser_panic(
        body in prop_oneof![vec(any::<u8>(), 0..200), lengths(), mutated()],
    ) {
        read_everything(&alone(PayloadType::SA, &body));
    }

    #[test]
    fn no_message_makes_the_chain_panic(
        octets in prop_oneof![vec(any::<u8>(), 0..200), lengths()],
        first in select(&[0_u8, 33, 41, 46, 53, 200][..]),
    ) {
        let mut message = vec![0; HEADER_LEN];
        message[16] = first;
        message.extend_from_slice(&octets);
        match payloads(&message) {
            Ok(found) => found.iter().for_each(read_everything),
            Err(error) => prop_assert!((HEADER_LEN..=message.len()).contains(&error.offset)),
        }
        for suite in SUITES {
            let opened = open_protected(&RustCrypto, &key_of(suite, 1), &mut message.clone());
            prop_assert!(opened.is_err());
        }
        message.truncate(octets.len() % 30);
        let _ = payloads(&message);
    }

    #[test]
    fn nothing_opens_of_which_an_octet_changed(
        which in 0..SUITES.len(),
        index: prop::sample::Index,
        change in 1_u8..,
    ) {
        let key = key_of(SUITES[which], 3);
        let mut message = sealed(&key, &[0x5a; 20]);
        *index.get_mut(&mut message) ^= change;
        prop_assert!(open_protected(&RustCrypto, &key, &mut message).is_err());
    }

    #[test]
    fn nothing_opens_that_was_cut_or_extended(
        which in 0..SUITES.len(),
        len in 0_usize..200,
        patched: bool,
    ) {
        let key = key_of(SUITES[which], 3);
        let mut message = sealed(&key, &[0x5a; 20]);
        prop_assume!(len != message.len());
        message.resize(len, 0);
        if patched && len >= HEADER_LEN + 4 {
            let sk_len = u16::try_from(len - HEADER_LEN).expect("short");
            message[HEADER_LEN + 2..][..2].copy_from_slice(&sk_len.to_be_bytes());
        }
        let error = open_protected(&RustCrypto, &key, &mut message).expect_err("forged");
        let harmless = matches!(error, ProtectedError::Malformed(_) | ProtectedError::IcvMismatch);
        prop_assert!(harmless, "{:?}", error);
    }

    /// Whoever has the keys may put anything inside, and any padding behind it.
    #[test]
    fn no_inside_makes_a_parser_panic(
        which in 0..SUITES.len(),
        first: u8,
        text in prop_oneof![vec(any::<u8>(), 0..100), lengths()],
    ) {
        let key = key_of(SUITES[which], 3);
        let mut message = sealed_text(&key, PayloadType(first), text);
        match open_protected(&RustCrypto, &key, &mut message) {
            Ok(inner) => inner.payloads(&message).flatten().for_each(|p| read_everything(&p)),
            Err(error) => prop_assert!(matches!(error, ProtectedError::Inside(_)), "{:?}", error),
        }
    }
}

/// A message with a Nonce and a COOKIE inside.
fn sealed(key: &ProtectionKey, nonce: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; 300];
    let header = Header::new(IkeSpi(1), IkeSpi(2), ExchangeType::IKE_AUTH);
    let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
    let iv = [9; 16];
    let iv = &iv[..key.protection().encryption().iv_len()];
    writer.begin_protected(key.protection(), iv).expect("room");
    writer.payload(&Nonce(nonce)).expect("room");
    writer.payload(&Notify::new(NotifyType::COOKIE, &[1, 2])).expect("room");
    let len = writer.seal(&RustCrypto, key).expect("room");
    buffer.truncate(len);
    buffer
}

/// A message whose whole decrypted text is `text`, made up to whole blocks.
fn sealed_text(key: &ProtectionKey, first: PayloadType, mut text: Vec<u8>) -> Vec<u8> {
    use crypto::{Crypto, Sealing};
    let (iv_len, icv_len) = (key.protection().encryption().iv_len(), key.protection().icv_len());
    let len = text.len().max(1).next_multiple_of(key.protection().encryption().block_len());
    text.resize(len, 5);
    let placeholder = vec![0; iv_len + text.len() + icv_len];
    let mut message =
        crate::common::message_of(&[&Raw { kind: PayloadType::SK, body: &placeholder }]);
    message[HEADER_LEN] = first.0;
    let (aad, rest) = message.split_at_mut(HEADER_LEN + 4);
    let (iv, rest) = rest.split_at_mut(iv_len);
    let (inside, icv) = rest.split_at_mut(text.len());
    inside.copy_from_slice(&text);
    RustCrypto.seal(key, Sealing { aad, iv, text: inside, icv });
    message
}
