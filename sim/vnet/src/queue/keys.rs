//! The keys of a queue: a heap, and beside it those of one moment in their order.
//!
//! A fleet has a wake of each node in the queue before anything happens, and then a few events at a time. In one
//! heap each of those few would sink through a million keys that lie far apart in memory; in their order, which costs one
//! sort, the million are read one after the other, and the heap beside them stays small.

use super::heap::Heap;
use super::spare;

/// Smallest key first. Keys must be distinct for the order of popping to be fixed.
#[derive(Debug, Clone)]
pub(super) struct Keys<K> {
    heap: Heap<K>,
    /// The smallest one last.
    sorted: Vec<K>,
}

impl<K: Ord + Copy> Keys<K> {
    pub(super) const fn new() -> Self {
        Self { heap: Heap::new(), sorted: Vec::new() }
    }

    pub(super) fn reserve(&mut self, keys: usize) {
        self.heap.reserve(keys);
    }

    /// Sorts the keys that are there now.
    pub(super) fn arrange(&mut self) {
        let mut keys = core::mem::replace(&mut self.heap, Heap::new()).into_keys();
        keys.append(&mut self.sorted);
        keys.sort_unstable_by(|one, other| other.cmp(one));
        self.sorted = keys;
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len() + self.sorted.len()
    }

    /// The keys of the heap, in no order that means anything.
    pub(super) fn heaped(&self) -> impl Iterator<Item = &K> {
        self.heap.keys().iter()
    }

    /// The other keys, in their order.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &K> {
        self.sorted.iter().rev()
    }

    pub(super) fn peek(&self) -> Option<K> {
        let (heaped, sorted) = (self.heap.peek(), self.sorted.last().copied());
        heaped.into_iter().chain(sorted).min()
    }

    pub(super) fn push(&mut self, key: K) {
        self.heap.push(key);
    }

    pub(super) fn pop(&mut self) -> Option<K> {
        match (self.heap.peek(), self.sorted.last()) {
            (heaped, Some(sorted)) if heaped.is_none_or(|heaped| *sorted < heaped) => {
                self.pop_sorted()
            }
            _ => self.heap.pop(),
        }
    }

    /// Of a million keys what has popped is not kept as room.
    fn pop_sorted(&mut self) -> Option<K> {
        let key = self.sorted.pop();
        let len = self.sorted.len();
        if self.sorted.capacity() > len + 2 * spare(len) {
            self.sorted.shrink_to(len + spare(len));
        }
        key
    }

    /// For how many keys there is room.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.heap.room() + self.sorted.capacity()
    }

    /// Drops every key that `keep` refuses: linear in the number of keys.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.heap.retain(&mut keep);
        self.sorted.retain(keep);
    }
}
