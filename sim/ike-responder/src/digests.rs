//! Tables that are looked up and hardly ever walked: a look costs one miss of the caches, whatever the number of SAs.

use core::hash::{BuildHasherDefault, Hash, Hasher};
#[expect(
    clippy::disallowed_types,
    reason = "the hasher has no key, and whoever walks the table sorts it"
)]
use std::collections::HashMap;

/// Mixes the words of a key; the same at each start. Whoever chooses SPIs or addresses so that they collide slows the
/// table down: a server that cannot have that takes a hasher with a key.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Mix {
    fn word(&mut self, word: u64) {
        // An odd number with its bits spread (2^64 / golden ratio): what differs in any bit differs above.
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Mix {
    fn write(&mut self, octets: &[u8]) {
        for part in octets.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.word(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.word(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.word(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.word(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// A table without an order.
pub(crate) struct Hashed<K, V>(
    #[expect(clippy::disallowed_types, reason = "as above")] HashMap<K, V, BuildHasherDefault<Mix>>,
);

/// A table by digests.
pub(crate) type Digests<V> = Hashed<crate::random::Digest, V>;

impl<K, V> Default for Hashed<K, V> {
    fn default() -> Self {
        Self(Default::default())
    }
}

impl<K: Eq + Hash, V> Hashed<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// What was there before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    pub(crate) fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.0.entry(key).or_default()
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All values in the order of their keys: takes as long as the table is long.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = &V>
    where
        K: Ord,
    {
        let mut all: Vec<(&K, &V)> = self.0.iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.into_iter().map(|(_, value)| value)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_found_and_walked_in_order() {
        let mut table = Hashed::default();
        for key in (0..1_000_u32).rev() {
            assert_eq!(table.insert(key, key), None);
        }
        assert!((0..1_000).all(|key| table.get(&key) == Some(&key)));
        assert!(!table.contains(&1_000));
        assert!(table.sorted().copied().eq(0..1_000));
        *table.entry(7) += 1;
        assert_eq!((table.remove(&7), table.remove(&7), table.len()), (Some(8), None, 999));
    }
}
