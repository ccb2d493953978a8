//! A responder with a clock that the test moves.

use crate::client::Client;
use core::time::Duration;
use crypto::RustCrypto;
use ike_core::{Identity, Instant, Path, Psk};
use ike_responder::{Behaviour, Config, CookiePolicy, Event, Honest, MAX_MESSAGE, Responder, SaId};

pub(crate) const SEED: [u8; 32] = [42; 32];

/// The responder, what it reported, and the time.
pub(crate) struct World<B: Behaviour = Honest> {
    pub(crate) responder: Responder<RustCrypto, B>,
    pub(crate) now: Instant,
    pub(crate) events: Vec<Event>,
}

/// Knows the keys of `device-0` to `device-15`; no cookies.
pub(crate) fn config() -> Config {
    let mut config = Config::new(Identity::fqdn("gateway.example").expect("a name"));
    config.cookies = CookiePolicy::Never;
    for index in 0..16 {
        config.credentials.insert(identity(index), psk(index));
    }
    config
}

pub(crate) fn identity(index: u8) -> Identity {
    Identity::fqdn(&format!("device-{index}")).expect("a name")
}

pub(crate) fn psk(index: u8) -> Psk {
    Psk::new(&[b'a' + index; 32]).expect("a key")
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_behaviour(change, Honest)
    }
}

impl<B: Behaviour> World<B> {
    pub(crate) fn with_behaviour(change: impl FnOnce(&mut Config), behaviour: B) -> Self {
        let mut config = config();
        change(&mut config);
        let responder = Responder::with_behaviour(config, RustCrypto, SEED, behaviour);
        Self { responder, now: Instant::from_micros(1_000_000), events: Vec::new() }
    }

    /// All that is to be sent now.
    pub(crate) fn sent(&mut self) -> Vec<(Path, Vec<u8>)> {
        let mut buffer = [0; MAX_MESSAGE];
        let mut all = Vec::new();
        while let Some(transmit) = self.responder.poll_transmit(self.now, &mut buffer) {
            all.push((transmit.path, buffer[..transmit.len].to_vec()));
        }
        self.events.extend(std::iter::from_fn(|| self.responder.poll_event()));
        all
    }

    /// Hands over a datagram; what comes back.
    pub(crate) fn deliver(&mut self, path: Path, message: &[u8]) -> Vec<Vec<u8>> {
        self.responder.handle_datagram(self.now, path, &mut message.to_vec());
        self.sent()
            .into_iter()
            .map(|(answered, octets)| {
                assert_eq!(answered, path, "RFC 7296 2.11: answered from where it arrived");
                octets
            })
            .collect()
    }

    /// The one answer to a datagram.
    pub(crate) fn ask(&mut self, path: Path, message: &[u8]) -> Vec<u8> {
        let mut answers = self.deliver(path, message);
        assert_eq!(answers.len(), 1, "one answer; events {:?}", self.events);
        answers.remove(0)
    }

    /// Hands over a datagram that must not be answered.
    pub(crate) fn silence(&mut self, path: Path, message: &[u8]) {
        assert_eq!(self.deliver(path, message), Vec::<Vec<u8>>::new());
    }

    /// Moves the clock from deadline to deadline up to `span` from now; what is sent, and when.
    pub(crate) fn pass(&mut self, span: Duration) -> Vec<(Instant, Vec<u8>)> {
        let end = self.now + span;
        let now = self.now;
        let mut all: Vec<_> = self.sent().into_iter().map(|(_, octets)| (now, octets)).collect();
        while let Some(deadline) = self.responder.poll_timeout().filter(|at| *at <= end) {
            assert!(deadline > self.now, "a deadline that has passed is not kept");
            self.now = deadline;
            self.responder.handle_timeout(deadline);
            all.extend(self.sent().into_iter().map(|(_, octets)| (deadline, octets)));
        }
        self.now = end;
        all
    }

    /// IKE_SA_INIT and IKE_AUTH; the SA.
    pub(crate) fn connect(&mut self, client: &mut Client) -> SaId {
        self.half_open(client);
        let request = client.auth();
        let response = self.ask(client.path, &request);
        client.take_auth(&response);
        self.established().last().copied().expect("an established SA")
    }

    /// IKE_SA_INIT only.
    pub(crate) fn half_open(&mut self, client: &mut Client) {
        let response = self.ask(client.path, &client.init());
        client.take_init(&response);
    }

    pub(crate) fn established(&self) -> Vec<SaId> {
        let found = |event: &Event| match event {
            Event::Established { sa, .. } => Some(*sa),
            _ => None,
        };
        self.events.iter().filter_map(found).collect()
    }

    /// The events since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The last event.
    pub(crate) fn last_event(&self) -> &Event {
        self.events.last().expect("an event")
    }
}

/// Seconds after the start of a [`World`].
pub(crate) fn at_s(seconds: u64) -> Instant {
    Instant::from_micros((1 + seconds) * 1_000_000)
}
