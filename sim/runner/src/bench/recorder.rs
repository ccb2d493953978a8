//! Which cryptographic operations a run does: a backend that writes down each of them.

use crypto::{
    AuthenticationFailed, Crypto, Group, InvalidPublicValue, Opening, Prf, PrfAlgorithm, PrfOutput,
    PrivateKey, Protection, ProtectionKey, RustCrypto, Sealing, SharedSecret,
};
use simulator::scenario::Scenario;
use simulator::{Behaviours, Nobody, World};
use std::cell::RefCell;
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

/// [`RustCrypto`] with a log that all its clones share.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    log: Rc<RefCell<Vec<Operation>>>,
}

/// A PRF under way.
pub(crate) struct RecordedPrf {
    recorder: Recorder,
    algorithm: PrfAlgorithm,
    key: u32,
    data: u32,
    inner: <RustCrypto as Crypto>::Prf,
}

fn length(octets: &[u8]) -> u32 {
    u32::try_from(octets.len()).expect("a message is short")
}

impl Recorder {
    fn add(&self, operation: Operation) {
        self.log.borrow_mut().push(operation);
    }
}

impl Crypto for Recorder {
    type Prf = RecordedPrf;

    fn prf(&self, algorithm: PrfAlgorithm, key: &[u8]) -> RecordedPrf {
        let inner = RustCrypto.prf(algorithm, key);
        RecordedPrf { recorder: self.clone(), algorithm, key: length(key), data: 0, inner }
    }

    fn public_value(&self, private: &PrivateKey, public: &mut [u8]) {
        self.add(Operation::PublicValue(private.group()));
        RustCrypto.public_value(private, public);
    }

    fn shared_secret(
        &self,
        private: &PrivateKey,
        peer: &[u8],
    ) -> Result<SharedSecret, InvalidPublicValue> {
        self.add(Operation::SharedSecret(private.group()));
        RustCrypto.shared_secret(private, peer)
    }

    fn seal(&self, key: &ProtectionKey, parts: Sealing<'_>) {
        let (aad, text) = (length(parts.aad), length(parts.text));
        self.add(Operation::Seal { protection: key.protection(), aad, text });
        RustCrypto.seal(key, parts);
    }

    fn open(&self, key: &ProtectionKey, parts: Opening<'_>) -> Result<(), AuthenticationFailed> {
        let (protection, aad, text) = (key.protection(), length(parts.aad), length(parts.text));
        let opened = RustCrypto.open(key, parts);
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

/// The operations that nodes and gateway do in a run, in their order.
pub(crate) fn record(scenario: &Scenario) -> Vec<Operation> {
    let (recorder, mut nobody) = (Recorder::default(), Nobody);
    let behaviours = Behaviours::default();
    let crypto = recorder.clone();
    let mut world = World::with_crypto(scenario, scenario.seed, &mut nobody, behaviours, crypto);
    world.step_until(world.end());
    drop(world);
    recorder.log.take()
}
