//! IKE messages in words: what a ladder says about each.
#![forbid(unsafe_code)]

mod names;
mod payload;

use core::fmt;
use crypto::{Crypto, ProtectionKey, RustCrypto};
use ike_core::payload::{Notify, Payload, Payloads};
use ike_core::{
    HEADER_LEN, Header, IkeKeys, Malformed, PayloadType, ProtectedError, open_protected,
};

pub use payload::{hex, name};

/// What opens the SK payloads of an IKE SA.
#[derive(Clone, Copy)]
pub struct MessageKeys<'k, C = RustCrypto> {
    /// Of messages of the original initiator.
    pub initiator: &'k ProtectionKey,
    /// Of messages of the original responder.
    pub responder: &'k ProtectionKey,
    /// The algorithms behind their names.
    pub crypto: C,
}

impl<'k, C> MessageKeys<'k, C> {
    /// The keys of an IKE SA.
    #[must_use]
    pub const fn new(keys: &'k IkeKeys, crypto: C) -> Self {
        Self { initiator: &keys.initiator, responder: &keys.responder, crypto }
    }
}

/// A payload of a message, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Whether it was encrypted.
    pub encrypted: bool,
    /// `None`: the chain of payloads breaks off, or SK is empty or stays shut.
    pub payload: Option<Shown>,
    /// What stands in it.
    pub text: String,
    /// What is wrong with it.
    pub malformed: Option<Malformed>,
}

/// A payload as it stands in its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its type.
    pub kind: PayloadType,
    /// The critical flag as it was received.
    pub critical: bool,
    /// Where its body starts, in octets from the start of the message.
    pub offset: usize,
    /// Octets of its body.
    pub len: usize,
    /// Type, protocol and SPI of a notify.
    pub notify: Option<(u16, u8, Vec<u8>)>,
}

/// What became of the SK payload of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// There is none.
    None,
    /// Nobody knows its keys.
    NoKeys,
    /// It was opened.
    Opened,
    /// The keys do not fit, or it does not parse.
    Failed(ProtectedError),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.encrypted {
            f.write_str("SK  ")?;
        }
        if let Some(payload) = &self.payload {
            write!(f, "{} ", name(payload.kind))?;
            if payload.critical && !payload.kind.is_defined() {
                f.write_str("critical, ")?;
            }
        }
        match &self.malformed {
            Some(error) => error.fmt(f),
            None => f.write_str(&self.text),
        }
    }
}

impl Item {
    fn remark(text: String) -> Self {
        Self { encrypted: true, payload: None, text, malformed: None }
    }

    fn take(payload: Result<Payload<'_>, Malformed>, encrypted: bool) -> Self {
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => {
                let malformed = Some(error);
                return Self { encrypted, payload: None, text: String::new(), malformed };
            }
        };
        let notify = (payload.kind == PayloadType::N).then(|| Notify::parse(&payload).ok());
        let shown = Shown {
            kind: payload.kind,
            critical: payload.critical,
            offset: payload.offset,
            len: payload.body.len(),
            notify: notify.flatten().map(|n| (n.kind.0, n.protocol.0, n.spi.to_vec())),
        };
        let (text, malformed) = match payload::details(&payload) {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(error)),
        };
        Self { encrypted, payload: Some(shown), text, malformed }
    }
}

/// The payloads of a message, each with what is in it; SK payloads are opened with `keys`.
#[must_use]
pub fn items<C: Crypto>(
    message: &[u8],
    keys: Option<MessageKeys<'_, C>>,
) -> (Vec<Item>, Protection) {
    let Ok(header) = Header::parse(message) else { return (Vec::new(), Protection::None) };
    let (mut items, mut protection) = (Vec::new(), Protection::None);
    let keys = keys.as_ref();
    for payload in Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN) {
        match payload {
            Ok(payload) if payload.kind == PayloadType::SK => {
                protection = open_sk(&header, message, keys, &mut items);
            }
            other => {
                if other.is_ok_and(|payload| payload.kind == PayloadType::SKF) {
                    protection = Protection::NoKeys;
                }
                items.push(Item::take(other, false));
            }
        }
    }
    (items, protection)
}

fn open_sk<C: Crypto>(
    header: &Header,
    message: &[u8],
    keys: Option<&MessageKeys<'_, C>>,
    items: &mut Vec<Item>,
) -> Protection {
    let Some(keys) = keys else {
        items.push(Item::remark("(no keys)".into()));
        return Protection::NoKeys;
    };
    let key = if header.flags.is_initiator() { keys.initiator } else { keys.responder };
    let mut copy = message.to_vec();
    match open_protected(&keys.crypto, key, &mut copy) {
        Ok(inner) => {
            let before = items.len();
            items.extend(inner.payloads(&copy).map(|payload| Item::take(payload, true)));
            if items.len() == before {
                items.push(Item::remark("empty".into()));
            }
            Protection::Opened
        }
        Err(error) => {
            items.push(Item::remark(format!("does not open: {error:?}")));
            Protection::Failed(error)
        }
    }
}

/// The payloads of a message as lines; SK payloads are opened with `keys`.
#[must_use]
pub fn describe<C: Crypto>(message: &[u8], keys: Option<MessageKeys<'_, C>>) -> Vec<String> {
    if Header::parse(message).is_err() {
        return vec!["no IKE header".into()];
    }
    items(message, keys).0.iter().map(Item::to_string).collect()
}
