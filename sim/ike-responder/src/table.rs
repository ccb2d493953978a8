//! All SAs, with the indexes over them.

use crate::digests::{Digests, Hashed};
use crate::random::Digest;
use crate::sa::{Established, Sa};
use crate::tally::Tally;
use crate::{Phase, SaId};
use core::net::IpAddr;
use ike_core::{Identity, Instant};
use std::collections::BTreeSet;

/// The SAs. An SA is taken out, changed and put back, so that every index follows from what the SA
/// is when it is put.
#[derive(Default)]
pub(crate) struct Table {
    /// Boxed: what the table moves to make room stays small.
    sas: Hashed<SaId, Box<Sa>>,
    by_request: Digests<SaId>,
    /// The half-open ones.
    by_address: Tally,
    by_identity: Hashed<Identity, Vec<SaId>>,
    inbound_spis: Hashed<u32, ()>,
    deadlines: BTreeSet<(Instant, SaId)>,
    established: usize,
}

impl Table {
    pub(crate) fn get(&self, id: SaId) -> Option<&Sa> {
        self.sas.get(&id).map(Box::as_ref)
    }

    /// For a change that no index sees.
    pub(crate) fn get_unindexed(&mut self, id: SaId) -> Option<&mut Sa> {
        self.sas.get_mut(&id).map(Box::as_mut)
    }

    /// For a change of a live SA that no index sees but that of the deadlines.
    pub(crate) fn change_deadline(&mut self, id: SaId, change: impl FnOnce(&mut Established)) {
        let Some(sa) = self.sas.get_mut(&id) else { return };
        let before = sa.deadline();
        if let Some(live) = sa.live_mut() {
            change(live);
        }
        let after = sa.deadline();
        if before != after {
            if let Some(deadline) = before {
                self.deadlines.remove(&(deadline, id));
            }
            self.deadlines.extend(after.map(|deadline| (deadline, id)));
        }
    }

    /// In the order of their SPIs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sa> {
        self.sas.sorted().map(Box::as_ref)
    }

    pub(crate) fn take(&mut self, id: SaId) -> Option<Sa> {
        let sa = *self.sas.remove(&id)?;
        if let Some(deadline) = sa.deadline() {
            self.deadlines.remove(&(deadline, id));
        }
        if sa.phase() == Phase::Established {
            self.established -= 1;
        }
        if let Sa::HalfOpen(half_open) = &sa {
            self.by_request.remove(&half_open.digest);
            self.by_address.remove(half_open.path.remote.ip());
        }
        if let Some(live) = sa.live() {
            if let Some(ids) = self.by_identity.get_mut(&live.identity) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_identity.remove(&live.identity);
                }
            }
            for child in &live.children {
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
            self.by_address.add(half_open.path.remote.ip());
        }
        if let Some(live) = sa.live() {
            let ids = self.by_identity.entry(live.identity.clone());
            if !ids.contains(&id) {
                ids.push(id);
            }
            for child in &live.children {
                self.inbound_spis.insert(child.inbound, ());
            }
        }
        self.sas.insert(id, Box::new(sa));
    }

    pub(crate) fn half_open(&self) -> usize {
        self.by_request.len()
    }

    /// How many half-open SAs were begun from this address.
    pub(crate) fn half_open_of(&self, address: IpAddr) -> usize {
        self.by_address.of(address)
    }

    pub(crate) fn established(&self) -> usize {
        self.established
    }

    /// The half-open SA that this request began.
    pub(crate) fn of_request(&self, digest: &Digest) -> Option<SaId> {
        self.by_request.get(digest).copied()
    }

    /// The SAs of an authenticated identity, in the order of their SPIs.
    pub(crate) fn of_identity(&self, identity: &Identity) -> Vec<SaId> {
        let mut ids = self.by_identity.get(identity).cloned().unwrap_or_default();
        ids.sort_unstable();
        ids
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TunnelSelectors;
    use crate::random::Seed;
    use crate::sa::{Child, Closed, Common, HalfOpen, LastAnswer, Replaced};
    use crypto::{RustCrypto, Secret};
    use ike_core::{IkeKeys, IkeSpi, Path, SaNonces, Suite};
    use std::collections::VecDeque;

    fn path() -> Path {
        let address = ([127, 0, 0, 1], 500).into();
        Path { local: address, remote: address }
    }

    fn last() -> LastAnswer {
        LastAnswer { message_id: 1, digest: [1; 32], response: Vec::new() }
    }

    fn common(id: u64) -> Box<Common> {
        let suite = Suite::default().ike();
        let nonces = SaNonces { initiator: &[1; 16], responder: &[2; 16] };
        let shared = Secret::new(&[3; 32]).expect("32 octets");
        let spis = (IkeSpi(7), IkeSpi(id));
        let keys = IkeKeys::derive(&RustCrypto, &suite, &nonces, spis, &shared);
        let streams = Seed::new([4; 32]).streams(0, &[5; 32]);
        Box::new(Common::new((SaId(id), IkeSpi(7)), suite, keys, streams))
    }

    fn half_open(id: u64) -> Sa {
        Sa::HalfOpen(HalfOpen {
            common: common(id),
            path: path(),
            digest: [id.to_be_bytes()[7]; 32],
            request: Vec::new(),
            response: Vec::new(),
            nonce_i: Vec::new(),
            nonce_r: Vec::new(),
            deadline: Instant::from_micros(id),
        })
    }

    fn child(inbound: u32) -> Child {
        Child {
            inbound,
            outbound: 0x2000,
            suite: Suite::default().esp(),
            selectors: TunnelSelectors { local: Vec::new(), remote: Vec::new() },
            due: None,
            replaced: false,
        }
    }

    fn live(id: u64) -> Established {
        Established {
            common: common(id),
            identity: "device".parse().expect("a name"),
            path: path(),
            last: Some(last()),
            rekeyed: false,
            children: vec![child(0x1000), child(0x1001)],
            child_keys: Vec::new(),
            next_request: 0,
            outstanding: None,
            pending: VecDeque::new(),
            liveness_due: Some(Instant::from_micros(id)),
            idle_due: None,
            ike_due: None,
        }
    }

    #[test]
    fn no_index_outlives_its_sa() {
        let closed = Sa::Closed(Closed {
            id: SaId(4),
            spi_i: IkeSpi(7),
            path: path(),
            last: Some(last()),
            forget_at: Instant::from_micros(4),
        });
        let until = Instant::from_micros(9);
        let replaced = Sa::Replaced(Replaced { live: live(5), until });
        let all = [half_open(1), Sa::Established(live(2)), Sa::Closing(live(3)), closed, replaced];
        for sa in all {
            let (mut table, id, phase) = (Table::default(), sa.id(), sa.phase());
            let deadline = sa.deadline();
            table.put(sa);
            assert_eq!(table.next_deadline(), deadline, "{phase:?}");
            assert_eq!(table.half_open(), usize::from(phase == Phase::HalfOpen));
            assert_eq!(table.established(), usize::from(phase == Phase::Established));
            assert!(table.take(id).is_some());
            let Table {
                sas,
                by_request,
                by_address,
                by_identity,
                inbound_spis,
                deadlines,
                established,
            } = table;
            assert!(sas.is_empty() && by_request.is_empty() && by_address.is_empty());
            assert!(by_identity.is_empty() && inbound_spis.is_empty());
            assert!(deadlines.is_empty() && established == 0);
        }
    }

    #[test]
    fn a_deadline_that_moves_takes_its_place_in_the_index_along() {
        let mut table = Table::default();
        table.put(Sa::Established(live(2)));
        table.change_deadline(SaId(2), |live| live.liveness_due = Some(Instant::from_micros(7)));
        let deadlines: Vec<_> = table.deadlines.iter().copied().collect();
        assert_eq!(deadlines, [(Instant::from_micros(7), SaId(2))]);
        table.change_deadline(SaId(2), |live| live.liveness_due = None);
        assert!(table.deadlines.is_empty());
        table.change_deadline(SaId(3), |_| unreachable!("there is no such SA"));
    }

    #[test]
    fn what_is_due_comes_in_the_order_of_the_deadlines() {
        let mut table = Table::default();
        for id in [5, 3, 9] {
            table.put(half_open(id));
        }
        assert_eq!(table.due(Instant::from_micros(2)), []);
        assert_eq!(table.due(Instant::from_micros(5)), [SaId(3), SaId(5)]);
    }
}
