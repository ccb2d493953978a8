//! What the test programs share.

use ike_core::payload::{Body, Payload, Payloads};
use ike_core::{
    ExchangeType, HEADER_LEN, Header, IkeSpi, Malformed, MessageWriter, PayloadType, Suite,
};
use serde::de::DeserializeOwned;

/// Octets that a fixture writes in hexadecimal, in as many lines as it likes.
#[derive(serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = data_encoding::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits: String = text.split_whitespace().collect();
        data_encoding::HEXLOWER.decode(digits.as_bytes()).map(Self)
    }
}

impl std::ops::Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The cases of a fixture.
pub(crate) fn cases<T: DeserializeOwned>(toml: &str) -> Vec<T> {
    #[derive(serde::Deserialize)]
    struct File<T> {
        case: Vec<T>,
    }
    let file: File<T> = toml::from_str(toml).expect("the fixture parses");
    assert!(!file.case.is_empty());
    file.case
}

/// The four protections, each by the suite that it belongs to.
pub(crate) const SUITES: [Suite; 4] =
    [Suite::AesGcmX25519, Suite::AesCcm8P256, Suite::ChaCha20X25519, Suite::AesCbcModp2048];

/// The payloads of a message in clear.
pub(crate) fn payloads(message: &[u8]) -> Result<Vec<Payload<'_>>, Malformed> {
    let header = Header::parse(message)?;
    Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN).collect()
}

/// A message in clear with these payloads.
pub(crate) fn message_of(bodies: &[&dyn Body]) -> Vec<u8> {
    let mut buffer = vec![0; 65_600];
    let header = Header::new(IkeSpi(1), IkeSpi(2), ExchangeType::IKE_SA_INIT);
    let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
    for body in bodies {
        writer.payload(*body).expect("room");
    }
    let len = writer.finish().expect("room");
    buffer.truncate(len);
    buffer
}

/// A payload of `kind` as if it stood alone in a message.
pub(crate) fn alone(kind: PayloadType, body: &[u8]) -> Payload<'_> {
    let next = PayloadType::NONE;
    Payload { kind, critical: false, next, body, offset: HEADER_LEN + 4 }
}
