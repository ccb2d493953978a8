//! A 4-ary min-heap of small keys.
//!
//! With a million entries it pops and pushes nearly twice as fast as the binary heap of the standard library: half
//! the levels, and the four children of a node lie next to each other.

const ARITY: usize = 4;

/// Smallest key first. Keys must be distinct for the order of popping to be fixed.
#[derive(Debug, Clone)]
pub(super) struct Heap<K> {
    keys: Vec<K>,
}

impl<K: Ord + Copy> Heap<K> {
    pub(super) const fn new() -> Self {
        Self { keys: Vec::new() }
    }

    pub(super) fn reserve(&mut self, keys: usize) {
        self.keys.reserve_exact(keys);
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// All keys, in no order that means anything.
    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.keys.capacity()
    }

    pub(super) fn into_keys(self) -> Vec<K> {
        self.keys
    }

    pub(super) fn peek(&self) -> Option<K> {
        self.keys.first().copied()
    }

    pub(super) fn push(&mut self, key: K) {
        super::grow(&mut self.keys);
        self.keys.push(key);
        self.sift_up(self.keys.len() - 1);
    }

    pub(super) fn pop(&mut self) -> Option<K> {
        if self.keys.is_empty() {
            return None;
        }
        let smallest = self.keys.swap_remove(0);
        if !self.keys.is_empty() {
            self.sift_down(0);
        }
        Some(smallest)
    }

    /// Drops every key that `keep` refuses: linear in the number of keys.
    pub(super) fn retain(&mut self, keep: impl FnMut(&K) -> bool) {
        self.keys.retain(keep);
        if self.keys.len() > 1 {
            let last_parent = (self.keys.len() - 2) / ARITY;
            for node in (0..=last_parent).rev() {
                self.sift_down(node);
            }
        }
    }

    fn sift_up(&mut self, mut node: usize) {
        let key = self.keys[node];
        while node > 0 {
            let parent = (node - 1) / ARITY;
            if self.keys[parent] <= key {
                break;
            }
            self.keys[node] = self.keys[parent];
            node = parent;
        }
        self.keys[node] = key;
    }

    fn sift_down(&mut self, mut node: usize) {
        let key = self.keys[node];
        loop {
            let first = node * ARITY + 1;
            let end = (first + ARITY).min(self.keys.len());
            let Some(children) = self.keys.get(first..end).filter(|keys| !keys.is_empty()) else {
                break;
            };
            let (mut smallest, mut place) = (children[0], 0);
            for (other, &key) in children.iter().enumerate().skip(1) {
                if key < smallest {
                    (smallest, place) = (key, other);
                }
            }
            if key <= smallest {
                break;
            }
            self.keys[node] = smallest;
            node = first + place;
        }
        self.keys[node] = key;
    }
}
