//! Which IKE_SA_INIT requests have been used up.

use crate::digests::Digests;
use crate::random::Digest;
use std::collections::VecDeque;

/// How many requests are remembered.
const REMEMBERED: usize = 65_536;

/// The requests whose IKE_AUTH has been answered: a late copy of one is ignored (RFC 7296 2.1).
///
/// All keys of an SA derive from (seed, generation, request). Were a recorded request accepted again
/// in its generation, the same keys would protect other content under the same IVs. So requests
/// are remembered longer than a generation lasts.
#[derive(Default)]
pub(crate) struct UsedRequests {
    digests: Digests<()>,
    in_order: VecDeque<Digest>,
    total: u64,
}

/// The generation after so many requests whose IKE_AUTH has been answered.
#[must_use]
pub const fn generation_after(requests: u64) -> u64 {
    requests / (REMEMBERED as u64 / 2)
}

impl UsedRequests {
    /// Counts half as many requests as are remembered.
    pub(crate) fn generation(&self) -> u64 {
        generation_after(self.total)
    }

    /// How many there were.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn contains(&self, request: &Digest) -> bool {
        self.digests.contains(request)
    }

    pub(crate) fn insert(&mut self, request: Digest) {
        self.total += 1;
        if self.digests.insert(request, ()).is_none() {
            self.in_order.push_back(request);
        }
        if self.in_order.len() > REMEMBERED
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::digest;

    #[test]
    fn a_request_is_forgotten_only_generations_after_its_own() {
        let mut used = UsedRequests::default();
        let request = |n: usize| digest(&n.to_be_bytes());
        used.insert(request(0));
        let mut next = 1;
        while used.contains(&request(0)) {
            used.insert(request(next));
            next += 1;
        }
        assert_eq!(next, REMEMBERED + 1);
        assert!(used.generation() >= 2);
        assert!(used.contains(&request(1)));
    }
}
