//! All SAs, with the indexes over them.

use crate::random::Digest;
use crate::sa::Sa;
use crate::{Phase, SaId};
use ike_core::{Identity, Instant};
use std::collections::{BTreeMap, BTreeSet};

/// The SAs. An SA is taken out, changed and put back, so that every index follows from what the SA
/// is when it is put.
#[derive(Default)]
pub(crate) struct Table {
    sas: BTreeMap<SaId, Sa>,
    by_request: BTreeMap<Digest, SaId>,
    by_identity: BTreeMap<Identity, BTreeSet<SaId>>,
    inbound_spis: BTreeSet<u32>,
    deadlines: BTreeSet<(Instant, SaId)>,
    established: usize,
}

impl Table {
    pub(crate) fn get(&self, id: SaId) -> Option<&Sa> {
        self.sas.get(&id)
    }

    /// For a change that no index sees.
    pub(crate) fn get_unindexed(&mut self, id: SaId) -> Option<&mut Sa> {
        self.sas.get_mut(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sa> {
        self.sas.values()
    }

    pub(crate) fn take(&mut self, id: SaId) -> Option<Sa> {
        let sa = self.sas.remove(&id)?;
        if let Some(deadline) = sa.deadline() {
            self.deadlines.remove(&(deadline, id));
        }
        if sa.phase() == Phase::Established {
            self.established -= 1;
        }
        if let Sa::HalfOpen(half_open) = &sa {
            self.by_request.remove(&half_open.digest);
        }
        if let Some(live) = sa.live() {
            if let Some(ids) = self.by_identity.get_mut(&live.identity) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_identity.remove(&live.identity);
                }
            }
            if let Some(child) = live.child {
                self.inbound_spis.remove(&child.inbound);
            }
        }
        Some(sa)
    }

    pub(crate) fn put(&mut self, sa: Sa) {
        let id = sa.id();
        if let Some(deadline) = sa.deadline() {
            self.deadlines.insert((deadline, id));
        }
        if sa.phase() == Phase::Established {
            self.established += 1;
        }
        if let Sa::HalfOpen(half_open) = &sa {
            self.by_request.insert(half_open.digest, id);
        }
        if let Some(live) = sa.live() {
            self.by_identity.entry(live.identity.clone()).or_default().insert(id);
            if let Some(child) = live.child {
                self.inbound_spis.insert(child.inbound);
            }
        }
        self.sas.insert(id, sa);
    }

    pub(crate) fn half_open(&self) -> usize {
        self.by_request.len()
    }

    pub(crate) fn established(&self) -> usize {
        self.established
    }

    /// The half-open SA that this request began.
    pub(crate) fn of_request(&self, digest: &Digest) -> Option<SaId> {
        self.by_request.get(digest).copied()
    }

    /// The SAs of an authenticated identity.
    pub(crate) fn of_identity(&self, identity: &Identity) -> Vec<SaId> {
        self.by_identity.get(identity).into_iter().flatten().copied().collect()
    }

    pub(crate) fn is_inbound_spi(&self, spi: u32) -> bool {
        self.inbound_spis.contains(&spi)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The SAs whose deadline has passed, in the order of the deadlines.
    pub(crate) fn due(&self, now: Instant) -> Vec<SaId> {
        self.deadlines
            .iter()
            .take_while(|(deadline, _)| *deadline <= now)
            .map(|due| due.1)
            .collect()
    }
}
