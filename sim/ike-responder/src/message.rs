//! Messages as octets.

use crate::OutPayload;
use crypto::{Crypto, ProtectionKey};
use ike_core::payload::GENERIC_HEADER_LEN;
use ike_core::{HEADER_LEN, Header, MessageWriter};

/// IV, padding, pad length and ICV are shorter.
const PROTECTION_ROOM: usize = 64;

const ROOM: &str = "the buffer was made to fit, and no body is longer than a payload may be";

/// An unprotected message.
pub(crate) fn clear(header: &Header, payloads: &[OutPayload]) -> Vec<u8> {
    let mut buffer = vec![0; room(payloads)];
    let mut writer = MessageWriter::new(&mut buffer, header).expect(ROOM);
    append(&mut writer, payloads);
    let len = writer.finish().expect(ROOM);
    buffer.truncate(len);
    buffer
}

/// A message whose payloads are all inside an SK payload.
pub(crate) fn protected<C: Crypto>(
    crypto: &C,
    key: &ProtectionKey,
    header: &Header,
    iv: &[u8],
    payloads: &[OutPayload],
) -> Vec<u8> {
    let mut buffer = vec![0; room(payloads) + GENERIC_HEADER_LEN + PROTECTION_ROOM];
    let mut writer = MessageWriter::new(&mut buffer, header).expect(ROOM);
    writer.begin_protected(key.protection(), iv).expect(ROOM);
    append(&mut writer, payloads);
    let len = writer.seal(crypto, key).expect(ROOM);
    buffer.truncate(len);
    buffer
}

fn room(payloads: &[OutPayload]) -> usize {
    let bodies = payloads.iter().map(|payload| GENERIC_HEADER_LEN + payload.body.len());
    HEADER_LEN + bodies.sum::<usize>()
}

fn append(writer: &mut MessageWriter<'_>, payloads: &[OutPayload]) {
    for payload in payloads {
        writer.payload(&payload.raw()).expect(ROOM);
        if payload.critical {
            writer.mark_critical();
        }
    }
}
