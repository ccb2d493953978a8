//! The anti-replay window (RFC 4303 3.4.3).

use crate::OpenError;

/// Which of the latest sequence numbers have been received: a bit each, up to the highest one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayWindow {
    size: u32,
    highest: u32,
    /// Bit n: `highest - n` has been received.
    received: u128,
}

impl ReplayWindow {
    /// RFC 4303 3.4.3: 64 packets should be the default.
    pub const DEFAULT_SIZE: u32 = 64;

    /// An empty window of 1 to 128 packets; `None` for other sizes.
    ///
    /// RFC 9333 4 allows the size 1 where packets cannot overtake each other; RFC 4303 3.4.3 wants at
    /// least 32 to be supported.
    #[must_use]
    pub const fn new(size: u32) -> Option<Self> {
        if size >= 1 && size <= u128::BITS {
            Some(Self { size, highest: 0, received: 0 })
        } else {
            None
        }
    }

    /// The number of packets that the window spans.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// The highest sequence number received, 0 before the first packet.
    #[must_use]
    pub const fn highest(&self) -> u32 {
        self.highest
    }

    /// The check before any cryptography. Changes nothing: the number is not authenticated yet.
    pub(crate) fn check(&self, sequence: u32) -> Result<(), OpenError> {
        if sequence == 0 {
            return Err(OpenError::SequenceZero);
        }
        match self.highest.checked_sub(sequence) {
            None => Ok(()),
            Some(age) if age >= self.size => Err(OpenError::OutsideWindow),
            Some(age) if self.received >> age & 1 == 1 => Err(OpenError::Replayed),
            Some(_) => Ok(()),
        }
    }

    /// Takes note of a packet that passed `check` and whose ICV has verified.
    pub(crate) fn accept(&mut self, sequence: u32) {
        if let Some(age) = self.highest.checked_sub(sequence) {
            self.received |= 1_u128.unbounded_shl(age);
        } else {
            self.received = self.received.unbounded_shl(sequence - self.highest) | 1;
            self.highest = sequence;
        }
    }
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self { size: Self::DEFAULT_SIZE, highest: 0, received: 0 }
    }
}
