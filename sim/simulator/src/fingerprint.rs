//! The fingerprint: a rolling hash over compact records of all events, and the shape beside it.

use crate::event::{Actor, Event, Fields};
use core::fmt::{self, Display, Write};
use sha2::{Digest, Sha256};

/// So many events lie between two checkpoints.
pub const CHECKPOINT_EVERY: u64 = 1_000;

/// Octets of a hash that are shown.
const SHOWN: usize = 16;

/// So many octets are hashed at once.
const BATCH: usize = 4_096;

/// A hash of a run, or of its beginning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunHash([u8; SHOWN]);

impl Display for RunHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for RunHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// Hashes events as they come.
///
/// Two hashes: the fingerprint covers everything, the shape leaves out what depends on the
/// cryptography, so that it covers times, sizes and outcomes only.
#[derive(Clone, Default)]
pub struct Fingerprint {
    full: Sha256,
    shape: Sha256,
    events: u64,
    checkpoints: Vec<(u64, RunHash)>,
    record: Record,
}

/// The compact records of the events that are not hashed yet: numbers in LEB128, texts with their length before them. A
/// hash over many of them at once takes less time, and is the same.
#[derive(Clone, Default)]
struct Record {
    full: Vec<u8>,
    shape: Vec<u8>,
    text: String,
}

/// One octet after the other: most numbers have one, and to copy so few costs more than to push them.
fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

impl Record {
    fn both(&mut self, value: u64) {
        put_number(&mut self.full, value);
        put_number(&mut self.shape, value);
    }

    fn both_word(&mut self, value: &str) {
        self.both(value.len() as u64);
        self.full.extend_from_slice(value.as_bytes());
        self.shape.extend_from_slice(value.as_bytes());
    }

    fn both_text(&mut self, value: &dyn Display) {
        let mut text = core::mem::take(&mut self.text);
        text.clear();
        let _ = write!(text, "{value}");
        self.both_word(&text);
        self.text = text;
    }
}

impl Fields for Record {
    fn number(&mut self, _key: &'static str, value: u64) {
        self.both(value);
    }

    fn text(&mut self, _key: &'static str, value: &dyn Display) {
        self.both_text(value);
    }

    fn word(&mut self, _key: &'static str, value: &str) {
        self.both_word(value);
    }

    fn opaque(&mut self, _key: &'static str, value: u64) {
        put_number(&mut self.full, value);
    }

    fn octets(&mut self, _key: &'static str, value: &[u8]) {
        put_number(&mut self.full, value.len() as u64);
        self.full.extend_from_slice(value);
    }
}

impl Fingerprint {
    /// Takes the next event.
    pub fn update(&mut self, event: &Event<'_>) {
        self.record.both(event.at.micros());
        self.record.both(match event.who {
            Actor::Gateway => 0,
            Actor::Server => 1,
            Actor::Node(number) => 2 + u64::from(number),
            // Behind all nodes.
            Actor::Forger => 2 + (1 << 32),
        });
        self.record.both_word(event.what.name());
        event.what.fields(&mut self.record);
        if self.record.full.len() >= BATCH {
            self.full.update(&self.record.full);
            self.shape.update(&self.record.shape);
            self.record.full.clear();
            self.record.shape.clear();
        }
        self.events += 1;
        if self.events.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push((self.events, self.full()));
        }
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The hash over everything.
    #[must_use]
    pub fn full(&self) -> RunHash {
        shown(&self.full, &self.record.full)
    }

    /// The hash over times, sizes and outcomes.
    #[must_use]
    pub fn shape(&self) -> RunHash {
        shown(&self.shape, &self.record.shape)
    }

    /// After how many events the hash was what.
    #[must_use]
    pub fn checkpoints(&self) -> &[(u64, RunHash)] {
        &self.checkpoints
    }
}

/// The hash with what is still to go into it.
fn shown(hash: &Sha256, rest: &[u8]) -> RunHash {
    let digest = hash.clone().chain_update(rest).finalize();
    let mut octets = [0; SHOWN];
    octets.copy_from_slice(&digest[..SHOWN]);
    RunHash(octets)
}

/// The start of SHA-256 over octets: names a datagram in the trace.
#[must_use]
pub fn digest(octets: &[u8]) -> u64 {
    let digest = Sha256::digest(octets);
    u64::from_be_bytes(digest[..8].try_into().expect("32 octets"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;
    use core::time::Duration;
    use ike_core::Instant;

    fn after(digest: u64, times: u64) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        let fate = vnet::link::Outcome::plain(Duration::from_millis(20));
        for at in 0..times {
            let place = crate::event::Place {
                link: 1,
                direction: vnet::link::Direction::Towards,
                index: at,
            };
            fingerprint.update(&Event {
                at: Instant::from_micros(at),
                who: Actor::Node(3),
                what: What::Sent { place, len: 100, digest, fate: &fate },
            });
        }
        fingerprint
    }

    #[test]
    fn what_depends_on_the_cryptography_is_not_part_of_the_shape() {
        let (a, b) = (after(1, 3), after(2, 3));
        assert_ne!(a.full(), b.full());
        assert_eq!(a.shape(), b.shape());
        assert_ne!(a.shape(), after(1, 4).shape());
    }

    #[test]
    fn a_checkpoint_is_the_hash_of_the_beginning() {
        let long = after(1, 2 * CHECKPOINT_EVERY + 1);
        let short = after(1, CHECKPOINT_EVERY);
        assert_eq!(long.checkpoints()[0], (CHECKPOINT_EVERY, short.full()));
        assert_eq!(long.checkpoints().len(), 2);
    }
}
