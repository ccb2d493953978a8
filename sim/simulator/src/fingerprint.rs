//! The fingerprint: a rolling hash over compact records of all events, and the shape beside it.

use crate::event::{Actor, Event, Fields};
use core::cell::OnceCell;
use core::fmt::{self, Display, Write};
use sha2::{Digest as _, Sha256};

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
    /// The same without what depends on the cryptography.
    shape: Vec<u8>,
    /// So much of `full` is in `shape`, or is not to be.
    taken: usize,
}

/// One octet after the other: most numbers have one, and to copy so few costs more than to push them.
fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes texts as octets.
struct Octets<'a>(&'a mut Vec<u8>);

impl Write for Octets<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl Record {
    fn put(&mut self, value: u64) {
        put_number(&mut self.full, value);
    }

    fn put_word(&mut self, value: &str) {
        self.put(value.len() as u64);
        self.full.extend_from_slice(value.as_bytes());
    }

    /// In its place at once; few texts are so long that their length has two octets.
    fn put_text(&mut self, value: &dyn Display) {
        let start = self.full.len();
        self.full.push(0);
        let _ = write!(Octets(&mut self.full), "{value}");
        match u8::try_from(self.full.len() - start - 1) {
            Ok(len @ ..=0x7f) => self.full[start] = len,
            _ => {
                let text = self.full.split_off(start + 1);
                self.full.pop();
                self.put(text.len() as u64);
                self.full.extend_from_slice(&text);
            }
        }
    }

    /// What was put until now is part of the shape, too.
    fn catch_up(&mut self) {
        self.shape.extend_from_slice(&self.full[self.taken..]);
        self.taken = self.full.len();
    }

    fn clear(&mut self) {
        self.full.clear();
        self.shape.clear();
        self.taken = 0;
    }
}

impl Fields for Record {
    fn number(&mut self, _key: &'static str, value: u64) {
        self.put(value);
    }

    fn text(&mut self, _key: &'static str, value: &dyn Display) {
        self.put_text(value);
    }

    fn word(&mut self, _key: &'static str, value: &str) {
        self.put_word(value);
    }

    fn opaque(&mut self, _key: &'static str, value: u64) {
        self.catch_up();
        self.put(value);
        self.taken = self.full.len();
    }

    fn octets(&mut self, _key: &'static str, value: &[u8]) {
        self.catch_up();
        self.put(value.len() as u64);
        self.full.extend_from_slice(value);
        self.taken = self.full.len();
    }
}

impl Fingerprint {
    /// Takes the next event.
    pub fn update(&mut self, event: &Event<'_>) {
        self.record.put(event.at.micros());
        self.record.put(match event.who {
            Actor::Gateway => 0,
            Actor::Server => 1,
            Actor::Node(number) => 2 + u64::from(number),
            // Behind all nodes.
            Actor::Forger => 2 + (1 << 32),
        });
        self.record.put_word(event.what.name());
        event.what.fields(&mut self.record);
        self.record.catch_up();
        if self.record.full.len() >= BATCH {
            self.full.update(&self.record.full);
            self.shape.update(&self.record.shape);
            self.record.clear();
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

/// The start of SHA-256 over a datagram: names it in the trace. Computed when somebody asks for it first, since nobody may.
#[derive(Clone, Debug)]
pub struct Digest<'a> {
    octets: &'a [u8],
    value: OnceCell<u64>,
}

impl<'a> Digest<'a> {
    /// That of these octets.
    #[must_use]
    pub const fn of(octets: &'a [u8]) -> Self {
        Self { octets, value: OnceCell::new() }
    }

    /// The first eight octets of the hash, as a number.
    #[must_use]
    pub fn value(&self) -> u64 {
        *self.value.get_or_init(|| digest(self.octets))
    }
}

impl From<u64> for Digest<'static> {
    /// One that was computed before, of octets that are gone.
    fn from(value: u64) -> Self {
        Self { octets: &[], value: value.into() }
    }
}

/// As [`Digest::value`].
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
                what: What::Sent { place, len: 100, digest: &digest.into(), fate: &fate },
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
    fn a_text_has_its_length_before_it() {
        for len in [0, 1, 127, 128, 300] {
            let (mut text, mut word) = (Record::default(), Record::default());
            let said = "x".repeat(len);
            text.text("said", &said);
            word.word("said", &said);
            assert_eq!(text.full, word.full, "{len}");
        }
    }

    #[test]
    fn a_checkpoint_is_the_hash_of_the_beginning() {
        let long = after(1, 2 * CHECKPOINT_EVERY + 1);
        let short = after(1, CHECKPOINT_EVERY);
        assert_eq!(long.checkpoints()[0], (CHECKPOINT_EVERY, short.full()));
        assert_eq!(long.checkpoints().len(), 2);
    }
}
