//! Where a replayed run first differs from the recorded one, in words.

use super::locate::{self, Place};
use crate::observer::IkeKeyLog;
use crate::world::Crossing;
use core::fmt;
use crypto::RustCrypto;
use ike_core::{Header, Instant};
use ike_decode::{MessageKeys, describe};

/// The first packet towards the gateway that is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The how-manieth packet towards the gateway, from 1.
    pub packet: usize,
    /// What is different.
    pub kind: Differs,
    /// What the packet is: exchange, kind and Message ID, as far as its outside tells.
    pub what: String,
}

/// What is different about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Differs {
    /// It was recorded and does not come.
    Missing {
        /// When it left.
        at: Instant,
    },
    /// It comes and was not recorded.
    Extra {
        /// When it leaves.
        at: Instant,
    },
    /// It comes at another time.
    Time {
        /// When it left.
        recorded: Instant,
        /// When it leaves.
        now: Instant,
    },
    /// It says something else.
    Octets {
        /// Where the first difference is, such as `payload TSi in SK, octet 12`: counted from 0, from
        /// the start of what is named.
        place: String,
        /// The octet there, if the packet was so long.
        recorded: Option<u8>,
        /// The octet there, if the packet is so long.
        now: Option<u8>,
        /// The payload as it was recorded and as it is, in words, where both are understood.
        words: Option<(String, String)>,
    },
}

impl Difference {
    /// The first one; `keys` are those of the replayed run.
    pub(super) fn first(
        recorded: &[&Crossing],
        now: &[Crossing],
        keys: &[IkeKeyLog<'_>],
    ) -> Option<Self> {
        for index in 0..recorded.len().max(now.len()) {
            let (packet, old, new) = (index + 1, recorded.get(index), now.get(index));
            let (kind, what) = match (old, new) {
                (Some(old), Some(new)) => match differs(old, new, keys) {
                    Some(kind) => (kind, what(&old.octets)),
                    None => continue,
                },
                (Some(old), None) => (Differs::Missing { at: old.at }, what(&old.octets)),
                (None, Some(new)) => (Differs::Extra { at: new.at }, what(&new.octets)),
                (None, None) => continue,
            };
            return Some(Self { packet, kind, what });
        }
        None
    }
}

/// Octets first: a packet that says something else explains its time better than the other way round.
fn differs(old: &Crossing, new: &Crossing, keys: &[IkeKeyLog<'_>]) -> Option<Differs> {
    if old.octets == new.octets {
        let (recorded, now) = (old.at, new.at);
        return (recorded != now).then_some(Differs::Time { recorded, now });
    }
    let Place { name, recorded, now, payload } = locate::first(&old.octets, &new.octets, keys);
    let words = payload.and_then(|index| {
        let line = |octets: &[u8]| {
            let message = locate::ike_message(octets)?;
            // No gateway outside has the modelled ones.
            let keys = locate::keys_of(message, keys);
            let keys = keys.map(|keys| MessageKeys::new(keys, RustCrypto));
            describe(message, keys).into_iter().nth(index)
        };
        Some((line(&old.octets)?, line(&new.octets)?)).filter(|(old, new)| old != new)
    });
    Some(Differs::Octets { place: name, recorded, now, words })
}

fn what(octets: &[u8]) -> String {
    let Some(message) = locate::ike_message(octets) else {
        return format!("{}, {} octets", locate::kind(octets), octets.len());
    };
    let Ok(header) = Header::parse(message) else { return "UDP".into() };
    let kind = if header.flags.is_response() { "response" } else { "request" };
    format!("{} {kind} {}, {} octets", header.exchange, header.message_id, message.len())
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packet {} to the gateway ({}) ", self.packet, self.what)?;
        match &self.kind {
            Differs::Missing { at } => write!(f, "was recorded at {at} s and does not come"),
            Differs::Extra { at } => write!(f, "comes at {at} s and was not recorded"),
            Differs::Time { recorded, now } => {
                write!(f, "was recorded at {recorded} s and comes at {now} s")
            }
            Differs::Octets { place, recorded, now, words } => {
                write!(f, "differs in {place}")?;
                let octet = |octet: &Option<u8>| {
                    octet.map_or_else(|| "the end".to_owned(), |octet| format!("{octet:02x}"))
                };
                if recorded.is_some() || now.is_some() {
                    write!(f, ": recorded {}, now {}", octet(recorded), octet(now))?;
                }
                match words {
                    Some((old, new)) => write!(f, "\n  recorded  {old}\n  now       {new}"),
                    None => Ok(()),
                }
            }
        }
    }
}
