//! Which cryptographic operations a run does: a backend that writes down each of them.

use crypto::{
    AuthenticationFailed, Crypto, Group, InvalidPublicValue, Opening, Prf, PrfAlgorithm, PrfOutput,
    PrivateKey, Protection, ProtectionKey, Sealing, SharedSecret,
};
use simulator::scenario::Scenario;
use simulator::{Backend, BackendPrf, Behaviours, Nobody, World};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One operation, with all that its time depends on. Lengths in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// A public value of the group was computed.
    PublicValue(Group),
    /// A shared secret of the group was computed.
    SharedSecret(Group),
    /// A PRF or a MAC was computed.
    Prf { algorithm: PrfAlgorithm, key: u32, data: u32 },
    /// A text was encrypted.
    Seal { protection: Protection, aad: u32, text: u32 },
    /// A text was verified and decrypted, or refused.
    Open { protection: Protection, aad: u32, text: u32, authentic: bool },
}

/// The algorithms of a run with a log that all its clones share.
#[derive(Clone)]
struct Recorder {
    crypto: Backend,
    log: Rc<RefCell<Log>>,
}

/// What is written down.
enum Log {
    InOrder(Vec<Operation>),
    /// How often each: a million handshakes have few different ones.
    Counted(BTreeMap<Operation, u64>),
}

/// A PRF under way.
struct RecordedPrf {
    recorder: Recorder,
    algorithm: PrfAlgorithm,
    key: u32,
    data: u32,
    inner: BackendPrf,
}

fn length(octets: &[u8]) -> u32 {
    u32::try_from(octets.len()).expect("a message is short")
}

impl Recorder {
    fn add(&self, operation: Operation) {
        match &mut *self.log.borrow_mut() {
            Log::InOrder(operations) => operations.push(operation),
            Log::Counted(counts) => *counts.entry(operation).or_default() += 1,
        }
    }
}

impl Crypto for Recorder {
    type Prf = RecordedPrf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> RecordedPrf {
        let inner = self.crypto.prf(algorithm, key);
        RecordedPrf { recorder: self.clone(), algorithm, key: length(key), data: 0, inner }
    }

    fn public_value(&self, private: &PrivateKey, public: &mut [u8]) {
        self.add(Operation::PublicValue(private.group()));
        self.crypto.public_value(private, public);
    }

    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue> {
        self.add(Operation::SharedSecret(private.group()));
        self.crypto.shared_secret(private, peer)
    }

    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>) {
        let (aad, text) = (length(parts.aad), length(parts.text));
        self.add(Operation::Seal { protection: key.protection(), aad, text });
        self.crypto.seal(key, parts);
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        let (protection, aad, text) = (key.protection(), length(parts.aad), length(parts.text));
        let opened = self.crypto.open(key, parts);
        self.add(Operation::Open { protection, aad, text, authentic: opened.is_ok() });
        opened
    }
}

impl Prf for RecordedPrf {
    fn update(&mut self, data: &[u8]) {
        self.data += length(data);
        self.inner.update(data);
    }

    fn finalize(self) -> PrfOutput {
        let Self { algorithm, key, data, .. } = self;
        self.recorder.add(Operation::Prf { algorithm, key, data });
        self.inner.finalize()
    }
}

fn recorded(scenario: &Scenario, log: Log) -> Log {
    let (log, mut nobody) = (Rc::new(RefCell::new(log)), Nobody);
    let recorder = Recorder { crypto: scenario.crypto, log: Rc::clone(&log) };
    let behaviours = Behaviours::default();
    let mut world = World::with_crypto(scenario, scenario.seed, &mut nobody, behaviours, recorder);
    world.step_until(world.end());
    drop(world);
    log.replace(Log::InOrder(Vec::new()))
}

/// The operations that nodes and gateway do in a run, in their order.
pub(crate) fn record(scenario: &Scenario) -> Vec<Operation> {
    match recorded(scenario, Log::InOrder(Vec::new())) {
        Log::InOrder(operations) => operations,
        Log::Counted(_) => unreachable!("it was written down in order"),
    }
}

/// How often nodes and gateway do which operation in a run.
pub(crate) fn count(scenario: &Scenario) -> BTreeMap<Operation, u64> {
    match recorded(scenario, Log::Counted(BTreeMap::new())) {
        Log::Counted(counts) => counts,
        Log::InOrder(_) => unreachable!("it was counted"),
    }
}
