//! Tables by SPIs and by hashes, which are spread evenly already.

use core::hash::Hash;
use rustc_hash::FxBuildHasher;
#[expect(
    clippy::disallowed_types,
    reason = "the hasher has no key, and the wrapper tells no order"
)]
use std::collections::HashMap;

/// A table that is looked up and never walked in order: ten thousand SAs cost a look one miss of the caches, not one for
/// each level of a tree.
pub(crate) struct BySpi<K, V>(
    #[expect(clippy::disallowed_types, reason = "as above")] HashMap<K, V, FxBuildHasher>,
);

impl<K, V> Default for BySpi<K, V> {
    fn default() -> Self {
        Self(Default::default())
    }
}

impl<K: Eq + Hash, V> BySpi<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Puts a new value there unless there is one.
    pub(crate) fn get_or_insert_with(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(new)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Keeps what `keep` says, whose answers must not depend on the order of the questions.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        self.0.retain(|_, value| keep(value));
    }

    /// All that is in it, in order: takes as long as it is long.
    pub(crate) fn sorted(&self) -> Vec<(&K, &V)>
    where
        K: Ord,
    {
        let mut all: Vec<(&K, &V)> = self.0.iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }

    /// The values in no order: for sums.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_found_and_nothing_else() {
        let mut table = BySpi::default();
        for spi in 0..1_000_u64 {
            assert_eq!(table.insert((spi << 32, spi), spi), None);
        }
        assert_eq!(table.len(), 1_000);
        assert!((0..1_000).all(|spi| table.get(&(spi << 32, spi)) == Some(&spi)));
        assert!(table.get(&(7, 7)).is_none());
        table.retain(|spi| spi % 2 == 0);
        assert_eq!((table.len(), table.remove(&(1 << 32, 1))), (500, None));
        assert_eq!(table.values().sum::<u64>(), 249_500);
        let sorted: Vec<u64> = table.sorted().into_iter().map(|(_, spi)| *spi).collect();
        assert_eq!(sorted, (0..1_000).step_by(2).collect::<Vec<u64>>());
    }
}
