//! A set of numbers that come mostly one after the other.

use std::collections::BTreeMap;

/// Ranges by their first number, with their last one: a counter takes one, whatever it counts to.
#[derive(Default)]
pub(super) struct Ranges {
    /// First and last number of the last range; it is not among the others.
    current: Option<(u128, u128)>,
    others: BTreeMap<u128, u128>,
}

impl Ranges {
    /// Takes a number in; `false`: it is in already.
    pub(super) fn insert(&mut self, number: u128) -> bool {
        // What comes one after the other costs no search and no memory.
        match &mut self.current {
            None => {
                self.current = Some((number, number));
                return true;
            }
            Some((first, last)) if (*first..=*last).contains(&number) => return false,
            Some((_, last)) if last.checked_add(1) == Some(number) => {
                *last = number;
                return true;
            }
            Some((first, last)) => {
                self.others.insert(*first, *last);
            }
        }
        let new = self.insert_among_others(number);
        self.current = self.others.pop_last();
        new
    }

    fn insert_among_others(&mut self, number: u128) -> bool {
        let before = self.others.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let joins = before.filter(|(_, last)| last.checked_add(1) == Some(number));
        let first = joins.map_or(number, |(first, _)| first);
        let behind = number.checked_add(1).and_then(|next| self.others.remove(&next));
        self.others.insert(first, behind.unwrap_or(number));
        true
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.others.len() + usize::from(self.current.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_counter_takes_one_range() {
        let mut ranges = Ranges::default();
        assert!((0..1_000).all(|number| ranges.insert(number)));
        assert!(ranges.insert(u128::MAX) && !ranges.insert(u128::MAX));
        assert_eq!(ranges.len(), 2);
    }

    proptest! {
        #[test]
        fn ranges_are_a_set(numbers in prop::collection::vec(0_u128..40, 0..80)) {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(ranges.insert(number), set.insert(number));
            }
            let gaps = set.iter().filter(|number| !set.contains(&(**number + 1))).count();
            prop_assert_eq!(ranges.len(), gaps);
        }
    }
}
