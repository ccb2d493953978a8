extern crate std;
use super::*;
use crate::payload::{Nonce, Raw};
use crate::{ExchangeType, IkeSpi, MessageWriter, Suite};
use crypto::{RustCrypto, Sealing};
use std::vec;
use std::vec::Vec;

/// The four protections, each by a suite that has it.
const SUITES: [Suite; 4] =
    [Suite::AesGcmX25519, Suite::AesCcm8P256, Suite::ChaCha20X25519, Suite::AesCbcModp2048];

fn key_of(suite: Suite, octet: u8) -> ProtectionKey {
    let protection = suite.ike().protection;
    let encryption = vec![octet; protection.encryption().key_len()];
    let integrity = vec![octet; protection.integrity_key_len()];
    ProtectionKey::new(protection, &encryption, &integrity).expect("lengths that fit")
}

/// A message with `before` in clear, and a critical flag on the last of these, and a Nonce inside.
fn sealed(key: &ProtectionKey, before: &[(u8, bool)]) -> Vec<u8> {
    let mut buffer = [0; 300];
    let header = Header::new(IkeSpi(1), IkeSpi(2), ExchangeType::INFORMATIONAL);
    let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
    for (kind, critical) in before {
        writer.payload(&Raw { kind: PayloadType(*kind), body: &[1, 2] }).expect("room");
        if *critical {
            writer.mark_critical();
        }
    }
    let iv = &[8; 16][..key.protection().encryption().iv_len()];
    writer.begin_protected(key.protection(), iv).expect("room");
    writer.payload(&Nonce(&[9; 20])).expect("room");
    let len = writer.seal(&RustCrypto, key).expect("room");
    buffer[..len].to_vec()
}

/// A message whose whole decrypted text is `text`.
fn sealed_text(key: &ProtectionKey, text: &[u8]) -> Vec<u8> {
    let (iv_len, icv_len) = (key.protection().encryption().iv_len(), key.protection().icv_len());
    let mut message = in_clear(PayloadType::SK, &vec![0; iv_len + text.len() + icv_len]);
    let (aad, rest) = message.split_at_mut(HEADER_LEN + GENERIC_HEADER_LEN);
    let (iv, rest) = rest.split_at_mut(iv_len);
    let (inside, icv) = rest.split_at_mut(text.len());
    inside.copy_from_slice(text);
    RustCrypto.seal(key, Sealing { aad, iv, text: inside, icv });
    message
}

/// A message with one payload.
fn in_clear(kind: PayloadType, body: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; HEADER_LEN + GENERIC_HEADER_LEN + body.len()];
    let header = Header::new(IkeSpi(1), IkeSpi(2), ExchangeType::INFORMATIONAL);
    let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
    writer.payload(&Raw { kind, body }).expect("room");
    writer.finish().expect("room");
    buffer
}

fn open(key: &ProtectionKey, message: &[u8]) -> Result<Inner, ProtectedError> {
    open_protected(&RustCrypto, key, &mut message.to_vec())
}

fn malformed(what: &'static str, offset: usize) -> Result<Inner, ProtectedError> {
    Err(ProtectedError::Malformed(Malformed::new(what, offset)))
}

#[test]
fn a_message_with_any_octet_changed_does_not_open() {
    for suite in SUITES {
        let key = key_of(suite, 1);
        let message = sealed(&key, &[(200, false)]);
        assert!(open(&key, &message).is_ok());
        for at in 0..message.len() {
            for bit in [1, 0x80] {
                let mut forged = message.clone();
                forged[at] ^= bit;
                let error = open(&key, &forged).expect_err("forged");
                // The types and lengths of the two payloads in clear are looked at before the ICV.
                let is_chain = matches!(at, 16 | 28 | 30 | 31 | 36 | 37);
                let expected = error == ProtectedError::IcvMismatch || is_chain;
                assert!(expected, "{suite}, octet {at}: {error:?}");
            }
        }
        assert_eq!(open(&key_of(suite, 2), &message), Err(ProtectedError::IcvMismatch));
    }
}

/// RFC 7296 3.14: SK is the last payload.
#[test]
fn octets_behind_sk_are_malformed() {
    for suite in SUITES {
        let key = key_of(suite, 1);
        let mut message = sealed(&key, &[]);
        let end = message.len();
        message.push(0);
        assert_eq!(open(&key, &message), malformed("the end of the message after SK", end));
    }
}

#[test]
fn a_message_without_sk_is_not_protected() {
    let key = key_of(Suite::AesGcmX25519, 1);
    for kind in [PayloadType::N, PayloadType::SKF, PayloadType(200)] {
        let message = in_clear(kind, &[0; 60]);
        assert_eq!(open(&key, &message), Err(ProtectedError::NotProtected), "{kind}");
    }
    let header = Header::new(IkeSpi(1), IkeSpi(2), ExchangeType::INFORMATIONAL).emit();
    assert_eq!(open(&key, &header), Err(ProtectedError::NotProtected));
    assert_eq!(open(&key, &header[1..]), malformed("a header of 28 octets", 27));
}

#[test]
fn an_sk_payload_has_room_for_iv_pad_length_and_icv() {
    for suite in SUITES {
        let key = key_of(suite, 1);
        let protection = key.protection();
        let least = protection.encryption().iv_len()
            + protection.encryption().block_len()
            + protection.icv_len();
        for len in 0..least {
            let message = in_clear(PayloadType::SK, &vec![0; len]);
            let Err(ProtectedError::Malformed(error)) = open(&key, &message) else {
                panic!("{suite}: {len} octets are too few");
            };
            assert!(error.offset >= HEADER_LEN + GENERIC_HEADER_LEN);
        }
        let message = in_clear(PayloadType::SK, &vec![0; least]);
        assert_eq!(open(&key, &message), Err(ProtectedError::IcvMismatch), "{suite}");
    }
}

/// RFC 7296 3.14: the text has whole blocks. What has not is no matter of the ICV.
#[test]
fn a_text_of_broken_blocks_is_malformed_whatever_its_icv() {
    let key = key_of(Suite::AesCbcModp2048, 1);
    for text in [15, 17, 31, 33] {
        let message = in_clear(PayloadType::SK, &vec![0; 16 + text + 16]);
        assert_eq!(open(&key, &message), malformed("a text of whole blocks", 28 + 4 + 16));
    }
}

/// RFC 7296 3.14: any padding is accepted, as long as it is there.
#[test]
fn padding_may_be_long_and_of_any_octets_but_not_longer_than_the_text() {
    for suite in SUITES {
        let key = key_of(suite, 1);
        let start = HEADER_LEN + GENERIC_HEADER_LEN + key.protection().encryption().iv_len();
        let mut text = [0xee; 48];
        for pad_len in 0..48 {
            text[47] = pad_len;
            let inner = open(&key, &sealed_text(&key, &text)).expect("possible");
            assert_eq!(inner.range, start..start + 47 - usize::from(pad_len), "{suite}");
        }
        for pad_len in [48, 49, 255] {
            text[47] = pad_len;
            let error = Malformed::new("a pad length within the text", start + 47);
            let opened = open(&key, &sealed_text(&key, &text));
            assert_eq!(opened, Err(ProtectedError::Inside(error)), "{suite} {pad_len}");
        }
    }
}

#[test]
fn an_empty_sk_payload_has_no_payload_inside() {
    for suite in SUITES {
        let key = key_of(suite, 1);
        let block = key.protection().encryption().block_len();
        let mut text = vec![0; block];
        text[block - 1] = u8::try_from(block - 1).expect("short");
        let mut message = sealed_text(&key, &text);
        let inner = open_protected(&RustCrypto, &key, &mut message).expect("genuine");
        assert_eq!((inner.first, inner.range.len()), (PayloadType::NONE, 0));
        assert_eq!(inner.payloads(&message).count(), 0);
    }
}

/// RFC 7296 2.5: the whole message is rejected, but only if it is the peer's.
#[test]
fn a_critical_unknown_payload_before_sk_counts_only_where_the_icv_verifies() {
    for suite in SUITES {
        let key = key_of(suite, 1);
        let rejected = |kind| {
            Err(ProtectedError::UnsupportedCritical(PeerMisbehaved::UnsupportedCriticalPayload(
                PayloadType(kind),
            )))
        };
        for (before, expected) in [
            (&[(200, true)][..], Some(200)),
            (&[(41, true), (49, true), (1, true)], Some(49)),
            (&[(41, true), (200, false), (43, true)], None),
        ] {
            let mut message = sealed(&key, before);
            match expected {
                Some(kind) => assert_eq!(open(&key, &message), rejected(kind), "{suite}"),
                None => assert!(open(&key, &message).is_ok(), "{suite}"),
            }
            *message.last_mut().expect("octets") ^= 1;
            assert_eq!(open(&key, &message), Err(ProtectedError::IcvMismatch), "{suite}");
        }
    }
}

/// RFC 7296 3.14: SK is never nested.
#[test]
fn an_sk_payload_inside_another_is_malformed() {
    let key = key_of(Suite::ChaCha20X25519, 1);
    let mut buffer = [0; 100];
    let header = Header::new(IkeSpi(1), IkeSpi(2), ExchangeType::INFORMATIONAL);
    let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
    writer.begin_protected(key.protection(), &[0; 8]).expect("room");
    writer.payload(&Raw { kind: PayloadType::SK, body: &[1, 2] }).expect("room");
    let len = writer.seal(&RustCrypto, &key).expect("room");
    let inner = open_protected(&RustCrypto, &key, &mut buffer[..len]).expect("genuine");
    let found: Vec<_> = inner.payloads(&buffer).collect();
    let offset = inner.range.start + 4;
    assert_eq!(found, [Err(Malformed::new("no Encrypted payload inside another", offset))]);
}
