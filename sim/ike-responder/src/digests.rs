//! Tables by the hash of a request. SHA-256 spreads them already, so looking one up costs a single look into memory.

use crate::random::Digest;
use core::hash::{BuildHasherDefault, Hasher};
#[expect(
    clippy::disallowed_types,
    reason = "the hasher has no key, and nobody walks the table"
)]
use std::collections::HashMap;

/// Takes the first octets of a digest for its hash.
#[derive(Default)]
struct FirstOctets(u64);

impl Hasher for FirstOctets {
    fn write(&mut self, octets: &[u8]) {
        if let Some(first) = octets.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length, which is always the same.
    fn write_usize(&mut self, _len: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A table by digests, which has no order.
pub(crate) struct Digests<V>(
    #[expect(clippy::disallowed_types, reason = "as above")]
    HashMap<Digest, V, BuildHasherDefault<FirstOctets>>,
);

impl<V> Default for Digests<V> {
    fn default() -> Self {
        Self(Default::default())
    }
}

impl<V> Digests<V> {
    pub(crate) fn get(&self, digest: &Digest) -> Option<&V> {
        self.0.get(digest)
    }

    pub(crate) fn contains(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    /// What was there before.
    pub(crate) fn insert(&mut self, digest: Digest, value: V) -> Option<V> {
        self.0.insert(digest, value)
    }

    pub(crate) fn remove(&mut self, digest: &Digest) {
        self.0.remove(digest);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
