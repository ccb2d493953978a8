//! Handshakes of a run that somebody will want to see: which node's they were, and when.

use serde::{Deserialize, Serialize};

/// So many different latencies have an example.
const MOST: usize = 32;

/// One handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// The number of its node.
    pub node: u32,
    /// When it began, in microseconds of virtual time.
    pub began_us: u64,
    /// How long it took until it succeeded or failed.
    pub took_us: u64,
}

/// Handshakes that stand for others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examples {
    /// Of those that succeeded: the first with each of the longest latencies, the slowest last.
    pub slowest: Vec<Handshake>,
    /// The first that failed.
    pub first_failed: Option<Handshake>,
}

impl Examples {
    pub(super) fn succeeded(&mut self, handshake: Handshake) {
        let place = self.slowest.partition_point(|other| other.took_us < handshake.took_us);
        if self.slowest.get(place).is_some_and(|other| other.took_us == handshake.took_us) {
            return;
        }
        self.slowest.insert(place, handshake);
        if self.slowest.len() > MOST {
            self.slowest.remove(0);
        }
    }

    pub(super) fn failed(&mut self, handshake: Handshake) {
        self.first_failed.get_or_insert(handshake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_latencies_have_the_first_handshake_that_took_so_long() {
        let mut examples = Examples::default();
        for node in 0..200 {
            // 0, 7, 14, ... 693 and again.
            let took_us = u64::from(node % 100 * 7);
            examples.succeeded(Handshake { node, began_us: 0, took_us });
            examples.failed(Handshake { node, began_us: 5, took_us });
        }
        let nodes: Vec<u32> = examples.slowest.iter().map(|one| one.node).collect();
        assert_eq!(nodes, (68..100).collect::<Vec<u32>>());
        assert_eq!(examples.first_failed, Some(Handshake { node: 0, began_us: 5, took_us: 0 }));
    }
}
