//! IKE messages in words: what a ladder says about each.

mod names;
pub(crate) mod payload;

use crate::backend::Backend;
use core::fmt;
use crypto::ProtectionKey;
use ike_core::payload::{Notify, Payload, Payloads};
use ike_core::{
    HEADER_LEN, Header, IkeKeys, Malformed, PayloadType, ProtectedError, open_protected,
};

pub(crate) use payload::{hex, name};

/// What opens the SK payloads of an IKE SA.
#[derive(Clone, Copy)]
pub(crate) struct MessageKeys<'k> {
    /// Of messages of the original initiator.
    pub(crate) initiator: &'k ProtectionKey,
    /// Of messages of the original responder.
    pub(crate) responder: &'k ProtectionKey,
    /// The algorithms behind their names.
    pub(crate) crypto: Backend,
}

impl<'k> MessageKeys<'k> {
    /// The keys of an IKE SA.
    pub(crate) fn new(keys: &'k IkeKeys, crypto: Backend) -> Self {
        Self { initiator: &keys.initiator, responder: &keys.responder, crypto }
    }
}

/// A payload of a message, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Whether it was encrypted.
    pub(crate) encrypted: bool,
    /// `None`: the chain of payloads breaks off, or SK is empty or stays shut.
    pub(crate) payload: Option<Shown>,
    /// What stands in it.
    pub(crate) text: String,
    /// What is wrong with it.
    pub(crate) malformed: Option<Malformed>,
}

/// A payload as it stands in its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) kind: PayloadType,
    pub(crate) critical: bool,
    /// Where its body starts, in octets from the start of the message.
    pub(crate) offset: usize,
    /// Octets of its body.
    pub(crate) len: usize,
    /// Type, protocol and SPI of a notify.
    pub(crate) notify: Option<(u16, u8, Vec<u8>)>,
}

/// What became of the SK payload of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
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
pub(crate) fn items(message: &[u8], keys: Option<MessageKeys<'_>>) -> (Vec<Item>, Protection) {
    let Ok(header) = Header::parse(message) else { return (Vec::new(), Protection::None) };
    let (mut items, mut protection) = (Vec::new(), Protection::None);
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

fn open_sk(
    header: &Header,
    message: &[u8],
    keys: Option<MessageKeys<'_>>,
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
pub(crate) fn describe(message: &[u8], keys: Option<MessageKeys<'_>>) -> Vec<String> {
    if Header::parse(message).is_err() {
        return vec!["no IKE header".into()];
    }
    items(message, keys).0.iter().map(Item::to_string).collect()
}
