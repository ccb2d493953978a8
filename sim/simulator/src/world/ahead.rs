//! Key work ahead of time. Public values and shared secrets are pure functions of (seed, node, wake), so they can be
//! computed before the node wakes: by whom and in what order changes nothing.

use super::address::Addresses;
use super::awake::{self, NODE_KEYS};
use super::gateway;
use crate::backend::Backend;
use crate::by_spi::BySpi;
use crate::scenario::{Group, Scenario};
use core::cell::RefCell;
use crypto::{
    AuthenticationFailed, Crypto, InvalidPublicValue, Opening, PrfAlgorithm, PrivateKey,
    ProtectionKey, Sealing, SharedSecret,
};
use ike_core::{Identity, Instant, Psk};
use ike_initiator::{Initiator, MAX_REQUEST};
use ike_responder::{generation_after, private_key};
use std::rc::Rc;
use vnet::random::Streams;

/// Key work that nobody has asked for is kept for so many batches more: a request may be lost many times.
const BATCHES: u64 = 16;

/// A wake to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wake {
    /// When.
    pub at: Instant,
    /// Whose it is.
    pub node: u32,
    /// Counts the wakes of the node, from 0.
    pub wake: u32,
}

/// Knows which keys a wake will need. It can be shared between threads.
pub struct Foresight {
    groups: Vec<Group>,
    addresses: Addresses,
    streams: Streams,
    gateway: [u8; 32],
    crypto: Backend,
    /// Somebody's.
    credentials: (Identity, Psk),
}

/// What one end computes of its private key.
pub struct KeyWork {
    private: [u8; 32],
    public: Vec<u8>,
    /// The other end's public value, and what comes of both.
    peer: Vec<u8>,
    shared: SharedSecret,
}

impl Foresight {
    /// That of a run of this scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let streams = Streams::new(seed);
        let somebody = Identity::fqdn("somebody.example").expect("a name");
        Self {
            credentials: (somebody, Psk::new(b"somebody").expect("a key")),
            groups: scenario.groups.clone(),
            addresses: super::addresses(scenario),
            streams,
            gateway: gateway::seed_of(streams.stream(0, gateway::KEYS)),
            crypto: scenario.crypto,
        }
    }

    /// The key work of the first attempt in that wake, at both ends, if the gateway takes the first offer when it has used
    /// up `requests` ([`World::used_requests`](super::World::used_requests)). `None`: the node does not get that far.
    #[must_use]
    pub fn keys(&self, wake: &Wake, requests: u64) -> Option<[KeyWork; 2]> {
        let behind = self.groups.partition_point(|group| group.first <= wake.node);
        let group = self.groups.get(behind.checked_sub(1)?)?;
        let probe = Probe { crypto: self.crypto, key: Rc::default() };
        // The first request says nothing of them, and to write a node's own takes time.
        let config = awake::config(self.addresses, wake.node, group, self.credentials.clone());
        let mut initiator = Initiator::new(config, probe.clone()).ok()?;
        let consumer = super::per_wake(wake.node, wake.wake);
        initiator.connect(wake.at, &mut self.streams.stream(consumer, NODE_KEYS)).ok()?;
        let mut buffer = [0; MAX_REQUEST];
        let request = initiator.poll_transmit(wake.at, &mut buffer)?.len;
        let (node, public_i) = probe.key.take()?;
        let generation = generation_after(requests);
        let group = node.group();
        let gateway = private_key(self.gateway, generation, group, &buffer[..request]);
        let mut public_r = vec![0; group.public_value_len()];
        self.crypto.public_value(&gateway, &mut public_r);
        let of_node = self.crypto.shared_secret(&node, &public_r).ok()?;
        let of_gateway = self.crypto.shared_secret(&gateway, &public_i).ok()?;
        let work = |private: &PrivateKey, public: &[u8], peer: &[u8], shared| KeyWork {
            private: private.as_slice().try_into().expect("32 octets"),
            public: public.to_vec(),
            peer: peer.to_vec(),
            shared,
        };
        Some([
            work(&node, &public_i, &public_r, of_node),
            work(&gateway, &public_r, &public_i, of_gateway),
        ])
    }
}

/// A private key with its public value.
type KeyPair = (PrivateKey, Vec<u8>);

/// Algorithms for an initiator that only writes its first request, which no PRF is part of: notes its key.
#[derive(Clone)]
struct Probe {
    crypto: Backend,
    key: Rc<RefCell<Option<KeyPair>>>,
}

impl Crypto for Probe {
    type Prf = <Backend as Crypto>::Prf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> Self::Prf {
        self.crypto.prf(algorithm, key)
    }

    fn public_value(&self, private: &PrivateKey, public: &mut [u8]) {
        self.crypto.public_value(private, public);
        *self.key.borrow_mut() = Some((private.clone(), public.to_vec()));
    }

    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue> {
        self.crypto.shared_secret(private, peer)
    }

    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>) {
        self.crypto.seal(key, parts);
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        self.crypto.open(key, parts)
    }
}

/// A backend with key work done ahead, which all its clones share. What is not there it computes.
#[derive(Clone)]
pub struct KeyAhead {
    crypto: Backend,
    table: Rc<RefCell<Table>>,
}

#[derive(Default)]
struct Table {
    /// By private key. Boxed: what the table moves to make room stays small.
    works: BySpi<[u8; 32], Box<Entry>>,
    batch: u64,
    hits: u64,
    misses: u64,
}

struct Entry {
    work: KeyWork,
    batch: u64,
    /// Whether the public value, or the shared secret, was asked for.
    asked: bool,
}

impl KeyAhead {
    /// With nothing done yet.
    #[must_use]
    pub fn new(crypto: Backend) -> Self {
        Self { crypto, table: Rc::default() }
    }

    /// Takes what was computed for some wakes to come.
    pub fn add(&self, works: impl IntoIterator<Item = KeyWork>) {
        let mut table = self.table.borrow_mut();
        table.batch += 1;
        let batch = table.batch;
        table.works.retain(|entry| entry.batch + BATCHES > batch);
        for work in works {
            let entry = Entry { work, batch, asked: false };
            table.works.insert(entry.work.private, Box::new(entry));
        }
    }

    /// How often something was there, and how often it had to be computed.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let table = self.table.borrow();
        (table.hits, table.misses)
    }
}

impl Table {
    /// What `take` finds in the work of a key. Each end asks for two things of it.
    fn take<T>(
        &mut self,
        private: &PrivateKey,
        take: impl FnOnce(&KeyWork) -> Option<T>,
    ) -> Option<T> {
        let key: [u8; 32] = private.as_slice().try_into().ok()?;
        let found = self.works.get_mut(&key).and_then(|entry| {
            let taken = take(&entry.work)?;
            Some((taken, core::mem::replace(&mut entry.asked, true)))
        });
        match found {
            Some((taken, asked)) => {
                self.hits += 1;
                if asked {
                    self.works.remove(&key);
                }
                Some(taken)
            }
            None => {
                self.misses += 1;
                None
            }
        }
    }
}

impl Crypto for KeyAhead {
    type Prf = <Backend as Crypto>::Prf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> Self::Prf {
        self.crypto.prf(algorithm, key)
    }

    fn public_value(&self, private: &PrivateKey, public: &mut [u8]) {
        let found = self.table.borrow_mut().take(private, |work| {
            (work.public.len() == public.len()).then(|| public.copy_from_slice(&work.public))
        });
        if found.is_none() {
            self.crypto.public_value(private, public);
        }
    }

    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue> {
        let found = self
            .table
            .borrow_mut()
            .take(private, |work| (work.peer == peer).then(|| work.shared.clone()));
        found.map_or_else(|| self.crypto.shared_secret(private, peer), Ok)
    }

    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>) {
        self.crypto.seal(key, parts);
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        self.crypto.open(key, parts)
    }
}
