//! Tables that are looked up and hardly ever walked: a look costs one miss of the caches, whatever the number of SAs.

use core::hash::Hash;
use rustc_hash::FxBuildHasher;
#[expect(
    clippy::disallowed_types,
    reason = "the hasher has no key, and whoever walks the table sorts it"
)]
use std::collections::HashMap;

/// A table without an order. Whoever chooses SPIs or addresses so that they collide slows it down: a server that cannot
/// have that takes a hasher with a key.
pub(crate) struct Hashed<K, V>(
    #[expect(clippy::disallowed_types, reason = "as above")] HashMap<K, V, FxBuildHasher>,
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
