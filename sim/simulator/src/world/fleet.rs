//! The keys that the gateway has on file. A fleet's follow from the groups, so that none is kept.

use super::index;
use crate::scenario::Group;
use core::hash::{Hash, Hasher};
use ike_core::{Identity, Psk};
use std::collections::hash_map::DefaultHasher;

/// Finds a node by its identity: 9 octets for each.
pub(super) struct Fleet {
    groups: Vec<Group>,
    /// The hash of each identity with the node's number, in order.
    numbers: Vec<(u32, u32)>,
    /// Where those begin whose hash begins with so many bits, and where the last of them end: a search among all of a
    /// million would miss the caches at each step.
    starts: Vec<u32>,
}

/// So many nodes have the first bits of their hash in common, on average, or up to twice as many.
const TOGETHER: u32 = 4;

/// Without a key, so the same in every run.
fn hash(identity: &Identity) -> u32 {
    let mut hasher = DefaultHasher::new();
    identity.hash(&mut hasher);
    (hasher.finish() >> 32) as u32
}

impl Fleet {
    pub(super) fn new(groups: &[Group]) -> Self {
        let mut numbers: Vec<(u32, u32)> =
            Vec::with_capacity(groups.iter().map(|group| group.numbers().count()).sum());
        for group in groups {
            numbers.extend(group.numbers().map(|number| (hash(&group.identity(number)), number)));
        }
        numbers.sort_unstable();
        let count = u32::try_from(numbers.len()).expect("nodes have numbers of 32 bits");
        let bits = (count / TOGETHER).max(1).ilog2();
        let before = |first| numbers.partition_point(|(hash, _)| first_bits(*hash, bits) < first);
        let place = |first| u32::try_from(before(first)).expect("as many as there are nodes");
        let starts = (0..=1 << bits).map(place).collect();
        Self { groups: groups.to_vec(), numbers, starts }
    }

    /// The key of an identity; where several nodes share it, what the last of them has on file.
    pub(super) fn psk(&self, identity: &Identity) -> Option<Psk> {
        let hash = hash(identity);
        let first = first_bits(hash, (self.starts.len() - 1).ilog2());
        let near = &self.numbers[index(self.starts[first])..index(self.starts[first + 1])];
        let near = &near[..near.partition_point(|(other, _)| *other <= hash)];
        let found = near.iter().rev().take_while(|(other, _)| *other == hash);
        found.map(|(_, number)| *number).find_map(|number| {
            let group = self.groups.iter().find(|group| group.numbers().contains(&number))?;
            if group.identity(number) == *identity { group.gateway_psk(number) } else { None }
        })
    }
}

/// The number that the first bits are.
fn first_bits(hash: u32, bits: u32) -> usize {
    index(hash.checked_shr(u32::BITS - bits).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn every_node_is_found_by_its_identity_and_nobody_else() {
        let text = r#"
            description = "two groups"
            duration = "1min"
            [[node]]
            name = "a"
            count = 300
            wakes = { at = ["1s"] }
            application = { kind = "ping" }
            [[node]]
            name = "b"
            count = 3
            psk = "of {group} {n}"
            wakes = { at = ["1s"] }
            application = { kind = "ping" }
        "#;
        let scenario = Scenario::parse("two.toml", text, &[]).expect("a scenario");
        let fleet = Fleet::new(&scenario.groups);
        for group in &scenario.groups {
            for number in group.numbers() {
                let psk = fleet.psk(&group.identity(number));
                assert_eq!(psk, group.gateway_psk(number));
            }
        }
        assert_eq!(fleet.numbers.len(), 303);
        assert_eq!(fleet.psk(&"nobody.example".parse().expect("a name")), None);
    }
}
