//! An [`Outcome`] as a text, and back.

use super::damage::{Damage, DamageKind, Flip};
use super::outcome::{Deliveries, Delivery, DropReason, Outcome};
use core::fmt;
use core::iter::Peekable;
use core::str::{FromStr, Split};

/// Why a text is no [`Outcome`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeError {
    expected: &'static str,
    found: Option<String>,
}

impl fmt::Display for OutcomeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Some(found) => {
                write!(f, "expected {}, found \"{}\"", self.expected, found.escape_debug())
            }
            None => write!(f, "expected {} at the end", self.expected),
        }
    }
}

impl core::error::Error for OutcomeError {}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)?;
        self.flips().try_for_each(|flip| write!(f, " {}:{:02x}", flip.offset, flip.mask))
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}us", self.after_us)?;
        if self.reordered {
            f.write_str(" reordered")?;
        }
        self.damage.iter().try_for_each(|damage| write!(f, " {damage}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped(reason) => write!(f, "dropped {reason}"),
            Self::Delivered(deliveries) => {
                deliveries.original.fmt(f)?;
                deliveries.duplicate.iter().try_for_each(|duplicate| write!(f, " {duplicate}"))
            }
        }
    }
}

/// Reads exactly what `Display` writes: one text for each outcome.
impl FromStr for Outcome {
    type Err = OutcomeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = Words { words: text.split(' ').peekable() };
        let outcome = if words.take_if(|word| word == "dropped") {
            Self::Dropped(words.reason()?)
        } else {
            let original = words.delivery()?;
            let duplicate = words.words.peek().is_some().then(|| words.delivery()).transpose()?;
            Self::Delivered(Deliveries { original, duplicate })
        };
        match words.words.next() {
            None => Ok(outcome),
            found => Err(error("the end", found)),
        }
    }
}

fn error(expected: &'static str, found: Option<&str>) -> OutcomeError {
    OutcomeError { expected, found: found.map(str::to_owned) }
}

struct Words<'t> {
    words: Peekable<Split<'t, char>>,
}

impl Words<'_> {
    fn take_if(&mut self, wanted: impl Fn(&str) -> bool) -> bool {
        self.words.next_if(|word| wanted(word)).is_some()
    }

    fn reason(&mut self) -> Result<DropReason, OutcomeError> {
        let found = self.words.next();
        DropReason::ALL
            .into_iter()
            .find(|reason| Some(reason.name()) == found)
            .ok_or_else(|| error("a reason", found))
    }

    fn delivery(&mut self) -> Result<Delivery, OutcomeError> {
        let found = self.words.next();
        let after_us = found
            .and_then(|word| word.strip_prefix('+')?.strip_suffix("us"))
            .and_then(decimal)
            .ok_or_else(|| error("a delay such as +20000us", found))?;
        let reordered = self.take_if(|word| word == "reordered");
        let kind = [DamageKind::Corrupt, DamageKind::Mangle]
            .into_iter()
            .find(|kind| self.take_if(|word| word == kind.name()));
        let damage = kind.map(|kind| self.damage(kind)).transpose()?;
        Ok(Delivery { after_us, reordered, damage })
    }

    fn damage(&mut self, kind: DamageKind) -> Result<Damage, OutcomeError> {
        let mut flips = Vec::new();
        while let Some(word) = self.words.next_if(|word| !word.starts_with('+')) {
            flips.push(flip(word).ok_or_else(|| error("a flip such as 34:08", Some(word)))?);
        }
        let expected = "1 to 4 flips with ascending offsets";
        Damage::new(kind, &flips).ok_or_else(|| error(expected, self.words.peek().copied()))
    }
}

fn flip(word: &str) -> Option<Flip> {
    let (offset, mask) = word.split_once(':')?;
    let offset = u16::try_from(decimal(offset)?).ok()?;
    let hexadecimal = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
    if mask.len() != 2 || !mask.bytes().all(hexadecimal) {
        return None;
    }
    Some(Flip { offset, mask: u8::from_str_radix(mask, 16).ok()? })
}

/// A number without sign and leading zeros.
fn decimal(word: &str) -> Option<u64> {
    let canonical = word == "0" || !word.starts_with(['0', '+']);
    word.parse().ok().filter(|_| canonical)
}
