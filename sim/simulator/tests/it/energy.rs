//! Processors and radios: what they delay, and what the ledger says that they took.

use crate::support::owned;
use core::time::Duration;
use ike_core::Instant;
use ike_initiator::Event as Initiator;
use simulator::energy::{Ledger, State};
use simulator::scenario::{Group, Scenario};
use simulator::{Actor, Datagram, Event, Observer, What, World, run};

const BATTERY: &str = include_str!("../../../../scenarios/battery.toml");

/// One node that wakes once, over a link that loses nothing and takes 20 ms.
const ONE: &str = r#"
    description = "one sensor"
    duration = "1min"
    family = "ipv6"
    [[node]]
    name = "sensor"
    wakes = { at = ["1s"] }
    application = { kind = "room-sensor" }
    awake = "500ms"
"#;

/// The scenario with further lines of its node.
fn one(node: &str) -> Scenario {
    let text = format!("{ONE}\n{node}\n");
    Scenario::parse("one.toml", &text, &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// Keeps what happens to nodes with its times, and a ledger.
struct Watch {
    ledger: Option<Ledger>,
    lines: Vec<(u64, u32, String)>,
    sent: Vec<(u64, usize)>,
}

impl Observer for Watch {
    fn event(&mut self, event: &Event<'_>) {
        if let Some(ledger) = &mut self.ledger {
            ledger.event(event);
        }
        if let Actor::Node(number) = event.who {
            let name = match &event.what {
                What::Initiator(Initiator::Operation(operation)) => format!("{operation:?}"),
                What::Request { exchange, .. } => exchange.to_string(),
                what => what.name().to_owned(),
            };
            self.lines.push((event.at.micros(), number, name));
        }
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        if let Actor::Node(_) = datagram.who {
            self.sent.push((datagram.at.micros(), datagram.octets.len()));
        }
    }
}

impl Watch {
    fn of(scenario: &Scenario) -> Self {
        let ledger = Ledger::new(scenario).map(Ledger::with_attempts);
        let mut watch = Self { ledger, lines: Vec::new(), sent: Vec::new() };
        let mut world = World::new(scenario, scenario.seed, &mut watch);
        let end = Instant::default() + scenario.duration;
        world.step_until(end);
        drop(world);
        if let Some(ledger) = &mut watch.ledger {
            ledger.finish(end);
        }
        watch
    }

    /// When that first happened.
    fn first(&self, name: &str) -> u64 {
        let line = self.lines.iter().find(|(.., line)| line == name);
        line.unwrap_or_else(|| panic!("no {name} in {:?}", self.lines)).0
    }
}

/// The run keeps every rule, with files and without.
fn passes(name: &str, scenario: &Scenario) -> simulator::Report {
    let outcome = run(name, scenario, scenario.seed).expect("a capture");
    assert_eq!(outcome.report.violations, [], "{name}");
    assert!(outcome.report.passed, "{name}: {:?}", outcome.report.expectations);
    outcome.report
}

#[test]
fn a_request_leaves_when_the_work_for_it_is_done() {
    let times = r#"cpu = { x25519 = { key_generation = "300ms", diffie_hellman = "700ms" } }"#;
    let scenario = one(times);
    let watch = Watch::of(&scenario);
    assert_eq!(watch.first("KeyGeneration(Curve25519)"), 1_000_000);
    assert_eq!(watch.first("IKE_SA_INIT"), 1_300_000);
    assert_eq!(watch.sent[0].0, 1_300_000);
    // There and back takes 40 ms.
    assert_eq!(watch.first("DiffieHellman(Curve25519)"), 1_340_000);
    assert_eq!(watch.first("IKE_AUTH"), 2_040_000);
    assert_eq!(watch.first("established"), 2_080_000);
    passes("one", &scenario);
}

#[test]
fn an_answer_waits_until_the_work_is_done() {
    // The gateway asks 1 ms after the SA is there, while the device still looks at the answer.
    let mut slow = one(r#"cpu = { preset = "cortex-m4-64mhz", datagram = "30ms" }"#);
    let asks = "[gateway]\nrequests = [{ kind = \"liveness\", after = \"1ms\" }]\n";
    slow.gateway = Scenario::parse("asks.toml", &format!("{ONE}{asks}"), &[]).expect("one").gateway;
    let watch = Watch::of(&slow);
    let (generated, agreed) = (1_008_577, 8_577);
    assert_eq!(watch.first("IKE_SA_INIT"), generated);
    // 30 ms for each datagram, before it is sent and after it came.
    assert_eq!(watch.sent[0].0, generated + 30_000);
    let heard = watch.sent[0].0 + 40_000 + 30_000;
    assert_eq!(watch.first("DiffieHellman(Curve25519)"), heard);
    assert_eq!(watch.first("IKE_AUTH"), heard + agreed);
    assert_eq!(watch.sent[1].0, heard + agreed + 30_000);
    let established = watch.sent[1].0 + 40_000 + 30_000;
    assert_eq!(watch.first("established"), established);
    // What the device has to say itself goes first, then it looks at what came meanwhile.
    assert_eq!(watch.first("answered"), established + 60_000);
    passes("one", &slow);
}

#[test]
fn a_radio_sends_before_the_link_has_it_and_receives_after() {
    let scenario = one(r#"radio = "nrf52840""#);
    let watch = Watch::of(&scenario);
    let framing = scenario.groups[0].radio.expect("a radio").framing;
    let (at, len) = watch.sent[0];
    // 176 octets of IPv6 in two fragments: 96 octets behind 4 and 80 behind 5, each with 23 octets of frame.
    assert_eq!(len, 176);
    assert_eq!(framing.frames(176).collect::<Vec<u64>>(), [123, 108]);
    let frames_us = (6 + 123 + 6 + 108) * 32;
    let air = framing.sending(176);
    assert_eq!((air.transmit_us, air.receive_us, air.listen_us), (frames_us, 2 * 352, 2 * 192));
    assert_eq!(watch.first("IKE_SA_INIT"), 1_000_000);
    assert_eq!(at, 1_000_000 + air.total_us());
    passes("one", &scenario);
}

#[test]
fn what_comes_between_windows_waits_for_the_next() {
    let scenario = one("radio = \"nrf52840\"\nlisten = { every = \"1s\", for = \"5ms\" }");
    let watch = Watch::of(&scenario);
    // Windows begin with the wake, at 1 s. The answer is there at about 1.05 s.
    let received: Vec<u64> =
        watch.lines.iter().filter(|(.., line)| line == "receiving").map(|(at, ..)| *at).collect();
    assert_eq!(received[..3], [2_000_000, 3_000_000, 4_000_000]);
    assert!(watch.lines.iter().any(|(at, _, line)| line == "arrived" && *at < 1_100_000));
    passes("one", &scenario);
}

#[test]
fn at_every_instant_a_node_is_in_one_state() {
    let scenario = Scenario::parse("battery.toml", BATTERY, &[]).expect("a scenario");
    let watch = Watch::of(&scenario);
    let ledger = watch.ledger.expect("radios");
    let run_us = u64::try_from(scenario.duration.as_micros()).expect("an hour");
    for number in 0..scenario.nodes() {
        let usage = ledger.node(number).expect("a radio");
        assert_eq!(usage.times.total_us(), run_us, "node {number}");
    }
    let totals = ledger.totals();
    assert_eq!(totals.usage.times.total_us(), run_us * u64::from(scenario.nodes()));
    let sum: u128 = (0..scenario.nodes())
        .filter_map(|number| ledger.node(number))
        .map(|usage| usage.total().attojoules())
        .sum();
    assert_eq!(totals.usage.total().attojoules(), sum);
}

/// The time in each state again, by another way: second by second of the run, without closed formulas.
struct Slow<'s> {
    group: &'s Group,
    number: u32,
    woke: Option<u64>,
    on: bool,
    now: u64,
    busy: Vec<(u64, State)>,
    times: [u64; 5],
}

impl Slow<'_> {
    fn count(&mut self, until: u64) {
        while self.now < until {
            let state = match self.busy.first_mut() {
                Some((left, state)) => {
                    *left -= 1;
                    *state
                }
                None if self
                    .woke
                    .is_some_and(|woke| self.on && self.group.listen.is_on(self.now - woke)) =>
                {
                    State::Listen
                }
                None => State::Sleep,
            };
            self.busy.retain(|(left, _)| *left > 0);
            self.times[state as usize] += 1;
            self.now += 1;
        }
    }
}

impl Observer for Slow<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if event.who != Actor::Node(self.number) {
            return;
        }
        self.count(event.at.micros());
        match &event.what {
            What::Woke { .. } => self.woke = Some(event.at.micros()),
            What::Slept => self.woke = None,
            What::Attempt { .. } => self.on = true,
            What::Initiator(Initiator::Closed(_)) => self.on = false,
            What::Computing { for_us } => self.busy.push((*for_us, State::Cpu)),
            What::Transmitting { air, .. } => self.busy.extend([
                (air.transmit_us, State::Transmit),
                (air.listen_us, State::Listen),
                (air.receive_us, State::Receive),
            ]),
            What::Receiving { air, .. } => self.busy.extend([
                (air.receive_us, State::Receive),
                (air.listen_us, State::Listen),
                (air.transmit_us, State::Transmit),
            ]),
            _ => {}
        }
    }
}

#[test]
fn a_count_microsecond_by_microsecond_agrees() {
    let lossy = "radio = \"nrf52840\"\ncpu = \"cortex-m4-64mhz\"\nlisten = { every = \"97ms\", for = \"7ms\" }\n\
                 restart = { attempts = 2, hold_off = \"1s\" }\nretransmission = { tries = 2 }\n\
                 [node.link]\ndrops = { towards = [1, 2, 5], back = [2] }";
    let mut scenario = one(lossy);
    // Ends in the middle of all sorts of things.
    for cut_us in [60_000_000, 1_008_600, 1_009_000, 1_013_000, 1_017_000, 5_060_000, 5_061_000] {
        scenario.duration = Duration::from_micros(cut_us);
        let ledger = Watch::of(&scenario).ledger.expect("a radio");
        let group = &scenario.groups[0];
        let (woke, on, busy, times) = (None, false, Vec::new(), [0; 5]);
        let mut slow = Slow { group, number: 0, woke, on, now: 0, busy, times };
        let mut world = World::new(&scenario, scenario.seed, &mut slow);
        world.step_until(Instant::from_micros(cut_us));
        drop(world);
        slow.count(cut_us);
        let usage = ledger.node(0).expect("a radio");
        for state in State::ALL {
            let (fast, slow) = (usage.times.us(state), slow.times[state as usize]);
            assert_eq!(fast, slow, "{} at {cut_us}", state.name());
        }
    }
}

#[test]
fn a_failed_attempt_and_its_hold_off_are_on_the_bill() {
    let refused = "radio = \"nrf52840\"\nretransmission = { tries = 2 }\n\
                   restart = { attempts = 3, hold_off = \"4s\", growth = 1 }\n\
                   [node.link]\ndrops = { towards = [1, 2] }";
    let scenario = one(refused);
    let ledger = Watch::of(&scenario).ledger.expect("a radio");
    let [first, second] = ledger.attempts() else { panic!("{:?}", ledger.attempts()) };
    // Two transmissions, 1 s and 2 s: 3 s, all of it with the radio on.
    assert!(!first.established);
    assert_eq!(first.usage.times.total_us(), 3_000_000);
    assert_eq!(first.usage.times.radio_on_us(), 3_000_000);
    // In the hold-off nothing can come: the radio is off.
    assert!(second.established);
    assert_eq!(second.usage.times.us(State::Sleep), 4_000_000);
    let totals = ledger.totals();
    assert_eq!((totals.established.count, totals.failed.count), (1, 1));
    assert_eq!(totals.failed.usage, first.usage);
    assert_eq!(totals.established.usage, second.usage);
    // 6.53 mA at 3 V for what is neither sent nor received: 19.59 mW.
    let listen = first.usage.times.us(State::Listen);
    assert_eq!(first.usage.energy(State::Listen).attojoules(), u128::from(listen) * 19_590_000_000);
}

#[test]
fn without_a_radio_nobody_counts() {
    let scenario = one("");
    assert!(Ledger::new(&scenario).is_none());
    let report = passes("one", &scenario);
    assert_eq!((report.energy, report.figures.energy_uj), (None, None));
    assert!(!report.to_json().contains("energy"));
}

#[test]
fn waiting_in_windows_is_cheaper_and_slower() {
    let scenario = Scenario::parse("battery.toml", BATTERY, &[]).expect("a scenario");
    let report = passes("battery", &scenario);
    let of = |name: &str| {
        let group = report.groups.iter().find(|group| group.name == name).expect("a group");
        let handshakes = group.energy.expect("a radio").handshakes;
        handshakes.for_each_established.expect("some were")
    };
    let (always, windows, older, modp) = (of("always"), of("windows"), of("older"), of("modp"));
    assert!(windows.energy_uj < always.energy_uj && always.energy_uj < older.energy_uj);
    assert!(windows.radio_on_us < always.radio_on_us);
    assert!(modp.cpu.energy_uj > always.cpu.energy_uj);
    assert!(always.listen.energy_uj > always.transmit.energy_uj + always.cpu.energy_uj);
}

#[test]
fn no_rule_is_broken_over_bad_links_with_forgers_and_a_chatty_gateway() {
    let forgers = r#"
        [[forger]]
        kind = "forged-response"
        target = "nodes"
        every = "170ms"
        [[forger]]
        kind = "replay"
        target = "nodes"
        every = "230ms"
    "#;
    for seed in 0..2 {
        for (key, value) in [
            ("retransmission", "coap"),
            ("retransmission", "{ preset = \"strongswan\", jitter = { shorten = \"20%\" } }"),
        ] {
            let text = format!("{BATTERY}\n{forgers}");
            let overrides = owned(&[
                ("duration", "11min"),
                ("link.loss", "20%"),
                ("link.duplicate", "10%"),
                ("link.mangle", "5%"),
                ("link.jitter", "30ms"),
                ("gateway.cookies", "always"),
                (
                    "gateway.requests",
                    r#"[{ kind = "liveness", after = "200ms", every = "150ms" }]"#,
                ),
                ("node.windows.close", "delete"),
                ("node.always.cpu", "{ preset = \"cortex-m4-64mhz\", datagram = \"3ms\" }"),
                (&*format!("node.windows.{key}"), value),
                (&*format!("node.older.{key}"), value),
            ]);
            let mut scenario = Scenario::parse("battery.toml", &text, &overrides).expect("one");
            // Some are awake at the end, and however many is right.
            scenario.expect = one("[expect]\nnodes_asleep_at_end = \">= 0\"").expect;
            let outcome = run("battery", &scenario, seed).expect("a capture");
            let broken = &outcome.report.violations;
            assert!(broken.is_empty(), "seed {seed}, {value}: {broken:#?}");
            assert!(outcome.report.figures.established > 5, "seed {seed}");
        }
    }
}
