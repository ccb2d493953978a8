//! Octets that are wiped when dropped, redacted in `Debug`, and compared in constant time.

use core::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The longest output of a PRF here.
pub const MAX_PRF_OUTPUT: usize = 32;

/// The output of a PRF, or a key of a PRF's preferred length.
pub type PrfOutput = Secret<MAX_PRF_OUTPUT>;

/// At most `N` secret octets.
#[derive(Clone)]
pub struct Secret<const N: usize> {
    octets: [u8; N],
    len: usize,
}

impl<const N: usize> Secret<N> {
    /// A copy of `octets`, or `None` where they are more than `N`.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut secret = Self::empty();
        secret.set(octets)?;
        Some(secret)
    }

    /// No octets yet: a place for [`Self::set`]. What moves while it is empty leaves no copy of a secret behind.
    #[must_use]
    pub const fn empty() -> Self {
        Self { octets: [0; N], len: 0 }
    }

    /// Writes a copy of `octets` over what was there; `None` where they are more than `N`, and then it is empty.
    #[must_use]
    pub fn set(&mut self, octets: &[u8]) -> Option<()> {
        // Empty is all zero already, and to wipe it costs as much as any secret.
        if self.len > 0 {
            self.zeroize();
        }
        self.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        self.len = octets.len();
        Some(())
    }

    /// The octets. Whoever copies them answers for wiping the copy.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

impl<const N: usize> Zeroize for Secret<N> {
    fn zeroize(&mut self) {
        self.octets.zeroize();
        self.len = 0;
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.as_slice(), other.as_slice())
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} octets)", self.len)
    }
}

/// Compares in a time that depends on the lengths only.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
