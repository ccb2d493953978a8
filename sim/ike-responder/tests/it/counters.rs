//! What is counted agrees with what is reported, whatever happens.

use crate::client::Client;
use crate::world::World;
use core::time::Duration;
use ike_core::{DropReason, Instant, Operation};
use ike_responder::{CookiePolicy, Counters, Event, SaId};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What an observer of the events knows.
#[derive(Default)]
struct Ledger {
    half_open: BTreeMap<SaId, Instant>,
    live: BTreeSet<SaId>,
    durations_us: u128,
    queued: usize,
    counted: Counters,
}

impl Ledger {
    fn begin(&mut self, at: Instant, sa: SaId) {
        assert_eq!(self.half_open.insert(sa, at), None, "it begins once");
        self.counted.half_open += 1;
        self.counted.half_open_peak = self.counted.half_open_peak.max(self.half_open.len());
    }

    fn end(&mut self, at: Instant, sa: SaId) -> bool {
        let begun = self.half_open.remove(&sa);
        self.durations_us +=
            begun.map_or(0, |begun| at.saturating_duration_since(begun).as_micros());
        begun.is_some()
    }

    fn note(&mut self, at: Instant, event: &Event) {
        match event {
            Event::Queued { ahead, .. } => {
                assert_eq!(*ahead, self.queued);
                self.queued += 1;
                self.counted.queue_peak = self.counted.queue_peak.max(self.queued);
            }
            Event::HalfOpen { sa, .. } => {
                self.queued = self.queued.saturating_sub(1);
                self.begin(at, *sa);
            }
            Event::Established { sa, .. } => {
                assert!(self.end(at, *sa), "only what was half-open is established");
                assert!(self.live.insert(*sa));
                self.counted.established += 1;
            }
            Event::Closed { sa, .. } => {
                assert!(self.end(at, *sa) != self.live.remove(sa), "what is there ends once");
            }
            Event::Crashed { queued } => {
                assert_eq!(*queued, self.queued);
                self.queued = 0;
            }
            Event::Operation { operation: Operation::DiffieHellman(_), .. } => {
                self.counted.diffie_hellman += 1;
            }
            Event::CookieRequested { .. } => self.counted.cookies_sent += 1,
            Event::Dropped { reason: DropReason::InProgress, .. } => self.counted.in_progress += 1,
            Event::Dropped { reason: DropReason::TooManyHalfOpen, .. } => {
                self.counted.half_open_refused += 1;
            }
            _ => {}
        }
    }

    fn drain(&mut self, world: &mut World) -> Vec<Vec<u8>> {
        let sent = world.sent().into_iter().map(|(_, message)| message).collect();
        let at = world.now;
        world.take_events().iter().for_each(|event| self.note(at, event));
        sent
    }

    fn pass(&mut self, world: &mut World, span: Duration) -> Vec<Vec<u8>> {
        let end = world.now + span;
        let mut sent = Vec::new();
        while let Some(deadline) = world.responder.poll_timeout().filter(|at| *at <= end) {
            world.now = deadline;
            world.responder.handle_timeout(deadline);
            sent.extend(self.drain(world));
        }
        world.now = end;
        sent
    }

    /// Little's law, and every figure that both know.
    fn assert_agrees(&self, world: &World) {
        let open = self.half_open.values();
        let open_us: u128 =
            open.map(|begun| world.now.saturating_duration_since(*begun).as_micros()).sum();
        let integral = world.responder.half_open_integral_us(world.now);
        assert_eq!(integral, self.durations_us + open_us);
        assert_eq!(self.half_open.len(), world.responder.half_open());
        assert_eq!(self.queued, world.responder.queue_len());
        let counters = world.responder.counters();
        let known = Counters {
            key_generations: counters.key_generations,
            dropped: counters.dropped,
            refused: counters.refused,
            peer_refused: counters.peer_refused,
            responses_repeated: counters.responses_repeated,
            half_open_timeouts: counters.half_open_timeouts,
            ..self.counted
        };
        assert_eq!(counters, known);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Init(u8),
    Auth(u8),
    DeleteOldest,
    Crash,
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..6_u8).prop_map(Step::Init),
        4 => (0..6_u8).prop_map(Step::Auth),
        1 => Just(Step::DeleteOldest),
        1 => Just(Step::Crash),
        6 => (0..40_000_u64).prop_map(Step::Pass),
    ];
    vec(step, 1..60)
}

/// All clients share two addresses; client `n` has SPI and identity of its own.
fn client(index: u8) -> Client {
    Client::with_suite(index, Default::default(), [198, 51, 100, index % 2].into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn events_counters_and_the_integral_agree(
        steps in steps(),
        service_us in prop_oneof![Just(0), 1..20_000_u64],
        limits in (1..8_usize, 1..5_usize, 0..8_usize),
    ) {
        let mut world = World::with(|config| {
            config.service_time = Duration::from_micros(service_us);
            config.half_open_timeout = Duration::from_millis(50);
            config.half_open_limit = limits.0;
            config.half_open_per_address = Some(limits.1);
            config.cookies = CookiePolicy::Above(limits.2);
            config.idle_timeout = Some(Duration::from_millis(70));
        });
        let mut ledger = Ledger::default();
        let mut answers: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for step in steps {
            let sent = match step {
                Step::Init(index) => {
                    let client = client(index);
                    world.responder.handle_datagram(world.now, client.path, &mut client.init());
                    ledger.drain(&mut world)
                }
                Step::Auth(index) => {
                    let mut client = client(index);
                    if let Some(answer) = answers.get(&client.spi_i.0) {
                        client.take_init(answer);
                        let mut auth = client.auth();
                        world.responder.handle_datagram(world.now, client.path, &mut auth);
                    }
                    ledger.drain(&mut world);
                    Vec::new()
                }
                Step::DeleteOldest => {
                    let first = world.responder.sas().next().map(|sa| sa.id);
                    first.into_iter().for_each(|sa| world.responder.delete(world.now, sa));
                    ledger.drain(&mut world);
                    Vec::new()
                }
                Step::Crash => {
                    world.responder.crash(world.now);
                    ledger.drain(&mut world)
                }
                Step::Pass(us) => ledger.pass(&mut world, Duration::from_micros(us)),
            };
            // Answers to IKE_SA_INIT that made an SA: longer than a cookie.
            for answer in sent.into_iter().filter(|answer| answer[18] == 34 && answer.len() > 100) {
                let spi = u64::from_be_bytes(answer[..8].try_into().expect("8 octets"));
                answers.insert(spi, answer);
            }
            ledger.assert_agrees(&world);
        }
        ledger.pass(&mut world, Duration::from_secs(1_000));
        ledger.assert_agrees(&world);
        prop_assert!(ledger.half_open.is_empty() && ledger.live.is_empty());
        prop_assert_eq!(world.responder.sas().count(), 0);
    }
}
