//! What is known of each node, by its number.

/// A table in which a node that nothing is known of costs one word.
pub(super) struct PerNode<T>(Vec<Option<Box<T>>>);

impl<T> Default for PerNode<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a node's number fits")
}

impl<T> PerNode<T> {
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.0.get(index(number))?.as_deref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.0.get_mut(index(number))?.as_deref_mut()
    }

    pub(super) fn put(&mut self, number: u32, value: T) -> &mut T {
        self.slot(number).insert(Box::new(value))
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<Box<T>> {
        self.0.get_mut(index(number))?.take()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().flatten().count()
    }

    fn slot(&mut self, number: u32) -> &mut Option<Box<T>> {
        let index = index(number);
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        &mut self.0[index]
    }
}

impl<T: Default> PerNode<T> {
    pub(super) fn entry(&mut self, number: u32) -> &mut T {
        self.slot(number).get_or_insert_with(Box::default)
    }
}
