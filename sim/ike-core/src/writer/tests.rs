extern crate std;
use super::*;
use crate::payload::{Nonce, Notify, Raw};
use crate::{ExchangeType, IkeSpi, NotifyType, Suite};
use crypto::RustCrypto;
use rstest::rstest;
use std::vec;

const HEADER: Header = Header::new(IkeSpi(1), IkeSpi(2), ExchangeType::INFORMATIONAL);

/// The four protections, each by a suite that has it.
const SUITES: [Suite; 4] =
    [Suite::AesGcmX25519, Suite::AesCcm8P256, Suite::ChaCha20X25519, Suite::AesCbcModp2048];

fn key_of(suite: Suite) -> ProtectionKey {
    let protection = suite.ike().protection;
    let encryption = vec![1; protection.encryption().key_len()];
    let integrity = vec![2; protection.integrity_key_len()];
    ProtectionKey::new(protection, &encryption, &integrity).expect("lengths that fit")
}

fn raw(kind: u8, body: &[u8]) -> Raw<'_> {
    Raw { kind: PayloadType(kind), body }
}

fn in_clear(buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let mut writer = MessageWriter::new(buffer, &HEADER)?;
    writer.payload(&Nonce(&[5; 16]))?.payload(&Notify::new(NotifyType::COOKIE, &[6; 3]))?;
    writer.finish()
}

fn protected(suite: Suite, nonce: &[u8], buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let key = key_of(suite);
    let iv = vec![3; key.protection().encryption().iv_len()];
    let mut writer = MessageWriter::new(buffer, &HEADER)?;
    writer.payload(&raw(200, &[4]))?;
    writer.begin_protected(key.protection(), &iv)?.payload(&Nonce(nonce))?;
    writer.seal(&RustCrypto, &key)
}

#[test]
fn the_chain_and_the_lengths_are_filled_in() {
    let mut buffer = [0xaa; 80];
    // What the caller's header says about both is overwritten.
    let header = Header { next_payload: PayloadType(99), length: 99, ..HEADER };
    let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
    writer.payload(&raw(33, &[7])).expect("room").payload(&raw(200, &[])).expect("room");
    writer.mark_critical().payload(&raw(34, &[8, 9])).expect("room");
    assert_eq!(writer.finish(), Ok(28 + 5 + 4 + 6));
    assert_eq!((buffer[16], &buffer[24..28]), (33, &[0, 0, 0, 43][..]));
    assert_eq!(buffer[28..43], [200, 0, 0, 5, 7, 34, 0x80, 0, 4, 0, 0, 0, 6, 8, 9]);
    assert!(buffer[43..].iter().all(|octet| *octet == 0xaa));
}

#[test]
fn a_message_may_be_a_header_alone() {
    let mut buffer = [0xaa; HEADER_LEN];
    let header = Header { next_payload: PayloadType(99), ..HEADER };
    let writer = MessageWriter::new(&mut buffer, &header).expect("room");
    assert_eq!(writer.finish(), Ok(HEADER_LEN));
    assert_eq!((buffer[16], &buffer[24..]), (0, &[0, 0, 0, 28][..]));
}

#[test]
fn no_buffer_that_is_too_small_is_overrun_or_taken() {
    for protection in SUITES.map(Some).into_iter().chain([None]) {
        let write = |buffer: &mut [u8]| match protection {
            Some(suite) => protected(suite, &[5; 16], buffer),
            None => in_clear(buffer),
        };
        let mut roomy = [0; 300];
        let needed = write(&mut roomy).expect("room");
        for len in 0..needed {
            assert_eq!(write(&mut vec![0; len]), Err(BufferTooSmall), "{len} of {needed}");
        }
        let mut exact = vec![0; needed];
        assert_eq!(write(&mut exact), Ok(needed));
        assert_eq!(exact, roomy[..needed]);
    }
}

#[test]
fn a_payload_that_does_not_fit_leaves_the_message_as_it_was() {
    let mut buffer = [0; HEADER_LEN + 4 + 4 + 2];
    let mut writer = MessageWriter::new(&mut buffer, &HEADER).expect("room");
    writer.payload(&raw(200, &[])).expect("room");
    assert!(writer.payload(&raw(201, &[0; 3])).is_err());
    let protection = Suite::AesGcmX25519.ike().protection;
    assert!(writer.begin_protected(protection, &[0; 8]).is_err());
    writer.payload(&raw(202, &[1, 2])).expect("room");
    assert_eq!(writer.finish(), Ok(38));
    assert_eq!((buffer[16], &buffer[28..]), (200, &[202, 0, 0, 4, 0, 0, 0, 6, 1, 2][..]));
}

#[test]
fn a_payload_is_as_long_as_its_length_field_can_say_and_no_longer() {
    let mut buffer = vec![0; 70_000];
    let mut writer = MessageWriter::new(&mut buffer, &HEADER).expect("room");
    let body = vec![0; 65_532];
    assert!(writer.payload(&raw(40, &body)).is_err());
    writer.payload(&raw(40, &body[1..])).expect("65535 octets with its header");
    assert_eq!(writer.finish(), Ok(28 + 65_535));
    assert_eq!(buffer[30..32], [0xff, 0xff]);
    // The SK payload around one that is just lawful is not.
    for suite in SUITES {
        assert_eq!(protected(suite, &body[1..], &mut buffer), Err(BufferTooSmall));
    }
}

/// RFC 7296 3.14: whole blocks, and no more padding than that needs.
#[rstest]
fn the_protected_text_is_the_shortest_of_whole_blocks(#[values(0, 1, 2, 3)] which: usize) {
    let suite = SUITES[which];
    let protection = suite.ike().protection;
    let block = protection.encryption().block_len();
    for len in 0..40 {
        let mut buffer = [0; 300];
        let used = protected(suite, &[9; 40][..len], &mut buffer).expect("room");
        let around = HEADER_LEN + 5 + 4 + protection.encryption().iv_len() + protection.icv_len();
        assert_eq!(used - around, (4 + len + 1).next_multiple_of(block), "{suite} {len}");
        let sk_len = u16::try_from(used - HEADER_LEN - 5).expect("short");
        assert_eq!(buffer[33..37], [&[40, 0][..], &sk_len.to_be_bytes()].concat());
        assert_eq!(buffer[28], PayloadType::SK.0);
    }
}

#[test]
#[should_panic(expected = "a payload was appended")]
fn a_header_cannot_be_critical() {
    let mut buffer = [0; 60];
    MessageWriter::new(&mut buffer, &HEADER).expect("room").mark_critical();
}

#[test]
#[should_panic(expected = "SK is never nested")]
fn a_second_sk_payload_cannot_begin() {
    let mut buffer = [0; 90];
    let protection = Suite::AesGcmX25519.ike().protection;
    let mut writer = MessageWriter::new(&mut buffer, &HEADER).expect("room");
    let _ = writer
        .begin_protected(protection, &[0; 8])
        .expect("room")
        .begin_protected(protection, &[0; 8]);
}

#[test]
#[should_panic(expected = "sealed, not finished")]
fn a_protected_message_cannot_leave_in_clear() {
    let mut buffer = [0; 90];
    let mut writer = MessageWriter::new(&mut buffer, &HEADER).expect("room");
    writer.begin_protected(Suite::AesGcmX25519.ike().protection, &[0; 8]).expect("room");
    let _ = writer.finish();
}

#[test]
#[should_panic(expected = "an SK payload was begun")]
fn a_message_without_sk_cannot_be_sealed() {
    let mut buffer = [0; 90];
    let writer = MessageWriter::new(&mut buffer, &HEADER).expect("room");
    let _ = writer.seal(&RustCrypto, &key_of(Suite::AesGcmX25519));
}
