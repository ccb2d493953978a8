//! The machine and its drive contract.

use crate::{Behaviour, ChildSa, Config, Event, Honest, SaId, SaSummary};
use crypto::Crypto;
use ike_core::{IkeKeys, IkeSpi, IkeSuite, Instant, Path, Transmit};

/// Octets that a buffer needs for each message of an honest responder.
pub const MAX_MESSAGE: usize = 3_000;

/// A responder: all its SAs, what it has to send, and what it has to report.
pub struct Responder<C: Crypto, B: Behaviour = Honest> {
    config: Config,
    crypto: C,
    behaviour: B,
}

impl<C: Crypto> Responder<C> {
    /// An honest responder. Whoever knows `seed` knows all keys: a server takes a fresh one at each
    /// start, a simulation the one of the run.
    #[must_use]
    pub fn new(config: Config, crypto: C, seed: [u8; 32]) -> Self {
        Self::with_behaviour(config, crypto, seed, Honest)
    }
}

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// A responder that behaves as it is told.
    #[must_use]
    pub fn with_behaviour(config: Config, crypto: C, seed: [u8; 32], behaviour: B) -> Self {
        let _ = seed;
        Self { config, crypto, behaviour }
    }

    /// A UDP payload arrived; it is decrypted in place.
    pub fn handle_datagram(&mut self, _now: Instant, _path: Path, _message: &mut [u8]) {
        todo!()
    }

    /// The deadline of [`Self::poll_timeout`] has passed. Calling it early changes nothing.
    pub fn handle_timeout(&mut self, _now: Instant) {
        todo!()
    }

    /// The next datagram, into the first octets of `buffer`. The timer of a request starts here.
    ///
    /// # Panics
    /// When the datagram does not fit; [`MAX_MESSAGE`] octets are enough for an honest responder.
    pub fn poll_transmit(&mut self, _now: Instant, _buffer: &mut [u8]) -> Option<Transmit> {
        todo!()
    }

    /// When [`Self::handle_timeout`] wants to be called next; `None`: nothing to wait for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }

    /// What happened, in order; to be drained after each call.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }

    /// The Child SA of an established SA: once, and never again.
    pub fn take_child_keys(&mut self, _sa: SaId) -> Option<ChildSa> {
        todo!()
    }

    /// Closes the SA: a Delete request, sent again until it is answered or given up. A half-open SA
    /// is forgotten at once; one that is gone stays so.
    pub fn delete(&mut self, _now: Instant, _sa: SaId) {
        todo!()
    }

    /// The algorithms, keys and SPIs (initiator's, responder's) of an SA, for a key log; from
    /// [`Event::HalfOpen`] until it is gone.
    #[must_use]
    pub fn ike_keys(&self, _sa: SaId) -> Option<(&IkeSuite, &IkeKeys, IkeSpi, IkeSpi)> {
        todo!()
    }

    /// All SAs, by their SPI.
    pub fn sas(&self) -> impl Iterator<Item = SaSummary<'_>> {
        core::iter::empty()
    }

    /// How many SAs wait for IKE_AUTH.
    #[must_use]
    pub fn half_open(&self) -> usize {
        todo!()
    }

    /// How many SAs are authenticated and not about to be closed.
    #[must_use]
    pub fn established(&self) -> usize {
        todo!()
    }

    /// The configuration; a change holds for what arrives from then on.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// The behaviour.
    pub fn behaviour_mut(&mut self) -> &mut B {
        &mut self.behaviour
    }

    /// Whether the caller's cryptography is `C`: the backend.
    pub fn crypto(&self) -> &C {
        &self.crypto
    }
}
