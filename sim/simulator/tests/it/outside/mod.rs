//! Runs whose gateway is outside the world: what is seen of it, what is judged, and how a recorded one is had again.

mod gateway;

use crate::support::{DOOR, pairs};
use gateway::FakeGateway;
use ike_core::Instant;
use serde_json::Value;
use simulator::scenario::Scenario;
use simulator::{
    Differs, Keep, NOT_CHECKED_OUTSIDE, Outcome, Part, Recording, Report, Tape, World, replay,
};

const REPORT: &str = include_str!("../../../../../docs/report.md");

fn scenario(overrides: &[&str]) -> Scenario {
    Scenario::parse("garage-door.toml", DOOR, &pairs(overrides)).expect("a scenario")
}

/// How long the gateway takes for an answer, in microseconds.
const THINKS_US: u64 = 321;

/// Does the run with a gateway that is somewhere else, in virtual time.
fn run(overrides: &[&str]) -> (Outcome, Tape) {
    let scenario = scenario(overrides);
    let keep = Keep::default();
    let mut recording = Recording::with_gateway_outside(&scenario, keep.ladder(&scenario), keep);
    let mut world = World::with_gateway_outside(&scenario, scenario.seed, &mut recording);
    let mut gateway = FakeGateway::new(&scenario);
    let end = Instant::default() + scenario.duration;
    let mut coming: Vec<(Instant, Vec<u8>)> = Vec::new();
    loop {
        let due = coming.iter().map(|(at, _)| *at);
        let next = world.next_time().into_iter().chain(gateway.next_time()).chain(due).min();
        let Some(now) = next.filter(|next| *next <= end) else { break };
        world.step_until(now);
        let (ready, later) = coming.into_iter().partition(|(at, _)| *at <= now);
        coming = later;
        for (_, packet) in ready {
            world.hand_in(packet);
        }
        let mut answers = Vec::new();
        while let Some(packet) = world.take_outgoing() {
            answers.extend(gateway.receive(now, &packet));
        }
        if gateway.next_time().is_some_and(|at| at <= now) {
            answers.extend(gateway.handle_timeout(now));
        }
        let at = Instant::from_micros(now.micros() + THINKS_US);
        coming.extend(answers.into_iter().map(|packet| (at, packet)));
    }
    world.step_until(end);
    let crossings = world.crossings().to_vec();
    let standing = world.standing();
    drop(world);
    let run = ("garage-door", scenario.seed);
    let mut outcome = recording.outcome(&scenario, run, &standing).expect("a capture");
    outcome.report.overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
    outcome.report.tell_outside("fake 1", 0);
    let tape = Tape {
        gateway: "fake 1".into(),
        scenario: "garage-door".into(),
        text: DOOR.into(),
        files: scenario.files.clone(),
        overrides: outcome.report.overrides.clone(),
        seed: scenario.seed,
        end,
        skipped_us: 0,
        crossings,
    };
    (outcome, tape)
}

fn assert_passed(report: &Report) {
    assert_eq!(report.violations, []);
    assert!(report.passed, "{:#?}", report.expectations);
}

#[test]
fn a_gateway_outside_opens_the_door() {
    for family in ["ipv4", "ipv6"] {
        let family = format!("family={family}");
        let (outcome, _) = run(&[&family]);
        assert_passed(&outcome.report);
        // The figures that are observed are those of the reference gateway in the world: both ends of each ESP packet
        // are counted, though one of them is not ours.
        let scenario = scenario(&[&family]);
        let inside = simulator::verdict("garage-door", &scenario, scenario.seed).figures;
        let not_observed = outcome.report.outside.expect("a gateway outside").not_observed;
        for (figure, _) in simulator::scenario::FIGURES {
            if !not_observed.contains(figure) {
                assert_eq!(outcome.report.figures.value(figure), inside.value(figure), "{figure}");
            }
        }
        let ladder = outcome.ladder.expect("a small run");
        assert!(ladder.contains("SK  IDr fqdn:gw.example") && ladder.contains("\"ack 1\""));
    }
}

#[test]
fn over_bad_links_the_rules_hold_that_can_be_checked() {
    for (seed, faults) in [(1, "link.loss=25%"), (2, "link.duplicate=40%"), (3, "link.mangle=8%")] {
        let seed = format!("seed={seed}");
        let restart = "node.door.restart={ attempts = 5, hold_off = \"1s\" }";
        let (outcome, tape) = run(&[&seed, faults, restart]);
        assert_eq!(outcome.report.violations, [], "{faults}");
        assert!(outcome.report.accounting_balances && outcome.report.figures.established > 0);
        let again = replay(&tape, Keep::default()).expect("a run");
        assert_eq!(again.difference, None);
        assert_eq!(again.outcome.trace, outcome.trace);
    }
}

#[test]
fn what_only_the_gateway_knows_is_listed_and_not_judged() {
    let (outcome, _) = run(&["expect.gateway_sas_at_end=77", "expect.diffie_hellman_gateway=77"]);
    assert_passed(&outcome.report);
    let outside = outcome.report.outside.as_ref().expect("a gateway outside");
    let not_judged: Vec<_> =
        outside.not_judged.iter().map(|not| (not.figure, not.expected.as_str())).collect();
    let expected =
        [("dropped", "0"), ("gateway_sas_at_end", "77"), ("diffie_hellman_gateway", "77")];
    assert_eq!(not_judged, expected);
    let judged = |figure| outcome.report.expectations.iter().any(|e| e.figure == figure);
    assert!(judged("established") && !judged("dropped") && !judged("gateway_sas_at_end"));
    let report: Value = serde_json::from_str(&outcome.report.to_json()).expect("JSON");
    assert_eq!(report["figures"]["half_open_peak"], Value::Null);
    assert_eq!(report["figures"]["established"], 2);
    assert_eq!(report["outside"]["gateway"], "fake 1");
    assert_eq!(report["outside"]["not_checked"][0]["part"], "all");
    let documented = |key: &String| REPORT.contains(&format!("`{key}`"));
    let keys = report["outside"].as_object().expect("an object").keys();
    assert_eq!(keys.filter(|key| !documented(key)).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn an_expectation_of_what_is_seen_can_fail() {
    let (outcome, _) = run(&["expect.established=3"]);
    assert!(!outcome.report.passed);
}

#[test]
fn what_is_not_checked_are_checkers_by_their_names() {
    let scenario = scenario(&[]);
    let all = simulator::Checkers::new(&scenario);
    let outside = simulator::Checkers::with_gateway(&scenario, simulator::Placement::Outside);
    let all: Vec<_> = all.names().collect();
    let left: Vec<_> = outside.names().collect();
    for not in NOT_CHECKED_OUTSIDE {
        assert!(all.contains(&not.checker), "{}", not.checker);
        assert_eq!(left.contains(&not.checker), not.part == Part::Gateway, "{}", not.checker);
    }
    let whole = NOT_CHECKED_OUTSIDE.iter().filter(|not| not.part == Part::All).count();
    assert_eq!(left.len() + whole, all.len());
}

#[test]
fn a_tape_replays_the_run_to_the_octet() {
    let (outcome, tape) = run(&["link.loss=10%"]);
    let tape = Tape::parse(&tape.to_text()).expect("a tape");
    let again = replay(&tape, Keep::default()).expect("a run");
    assert_eq!(again.difference, None);
    assert_eq!(again.outcome.trace, outcome.trace);
    assert_eq!(again.outcome.ladder, outcome.ladder);
    assert_eq!(again.outcome.capture, outcome.capture);
    assert_eq!(again.outcome.report, outcome.report);
}

#[test]
fn a_replay_that_differs_says_where() {
    let (_, tape) = run(&[]);
    let differs = |change: &str| {
        let mut tape = tape.clone();
        tape.overrides.push(change.into());
        replay(&tape, Keep::default()).expect("a run").difference.expect("a difference")
    };
    let text = differs("node.door.identity=\"dour-{n}.example\"").to_string();
    assert_eq!(
        text,
        "packet 2 to the gateway (IKE_AUTH request 1, 211 octets) differs in payload IDi in SK, \
         octet 6: recorded 6f, now 75\n  recorded  SK  IDi fqdn:door-0.example\n  \
         now       SK  IDi fqdn:dour-0.example"
    );
    let text = differs("node.door.initial_contact=false").to_string();
    assert!(text.ends_with("differs in payload N in SK, which is not there any more"), "{text}");
    let text = differs("node.door.suite=aes-gcm-p256").to_string();
    assert!(text.contains("packet 1 to the gateway (IKE_SA_INIT request 0, "), "{text}");
    assert!(text.contains("differs in payload SA, octet "), "{text}");
    let late = differs("link.delay=21ms");
    assert!(matches!(late.kind, Differs::Time { .. }), "{late}");
    assert!(late.to_string().contains("(IKE_SA_INIT request 0, 128 octets) was recorded at 1.0"));
}

#[test]
fn a_packet_more_or_less_is_a_difference() {
    let (_, tape) = run(&[]);
    let mut less = tape.clone();
    let last = less.crossings.iter().rposition(|c| c.direction == vnet::link::Direction::Towards);
    let removed = less.crossings.remove(last.expect("packets that went out"));
    let extra = replay(&less, Keep::default()).expect("a run").difference.expect("one more");
    assert_eq!(extra.kind, Differs::Extra { at: removed.at });
    let mut more = tape;
    more.crossings.push(removed.clone());
    let gone = replay(&more, Keep::default()).expect("a run").difference.expect("one less");
    assert_eq!(gone.kind, Differs::Missing { at: removed.at });
}

/// What the world's door makes of packets that are for nobody.
#[test]
fn a_packet_for_nobody_is_an_event_with_its_reason() {
    let scenario = scenario(&[]);
    let keep = Keep::default();
    let mut recording = Recording::with_gateway_outside(&scenario, None, keep);
    let mut world = World::with_gateway_outside(&scenario, 1, &mut recording);
    assert!(world.is_idle());
    let gateway = "10.64.0.1".parse().expect("an address");
    let to = |address: &str| {
        vnet::ip::emit(gateway, address.parse().expect("an address"), 1, &[8, 0, 0, 0])
    };
    world.hand_in(vec![0x45, 0]);
    world.hand_in(to("224.0.0.22"));
    // The scenario has one node.
    world.hand_in(to("10.64.1.1"));
    world.hand_in(to("10.64.1.0"));
    assert!(!world.is_idle());
    world.step_until(Instant::from_micros(900_000));
    assert!(world.is_idle() && world.take_outgoing().is_none());
    assert_eq!(world.crossings().len(), 4);
    let standing = world.standing();
    drop(world);
    let outcome = recording.outcome(&scenario, ("door", 1), &standing).expect("a capture");
    let reasons: Vec<Value> = outcome
        .trace
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|event| event["event"] == "packet_dropped")
        .map(|event| event["reason"].clone())
        .collect();
    assert_eq!(reasons, ["IP datagram is truncated", "for nobody here", "for nobody here"]);
    assert_eq!(outcome.trace.matches("\"arrived\"").count(), 1);
}

/// What the reference gateway does by itself, another one is asked for at the same times.
#[test]
fn the_requests_of_a_scenario_are_asked_for() {
    let scenario = scenario(&[
        r#"gateway.requests=[{ kind = "liveness", after = "2s", every = "3s" }, { kind = "rekey-ike", after = "4s" }]"#,
        "gateway.delete_after=12s",
    ]);
    let keep = Keep::default();
    let mut recording = Recording::with_gateway_outside(&scenario, None, keep);
    let mut world = World::with_gateway_outside(&scenario, 1, &mut recording);
    let mut gateway = FakeGateway::new(&scenario);
    let mut asked = Vec::new();
    let end = Instant::from_micros(50_000_000);
    while let Some(now) = world.next_time().filter(|now| *now <= end) {
        world.step_until(now);
        while let Some(packet) = world.take_outgoing() {
            for answer in gateway.receive(now, &packet) {
                world.hand_in(answer);
            }
        }
        while let Some(ask) = world.take_ask() {
            assert_eq!(ask.node, 0);
            asked.push((now.micros() / 100_000, ask.kind));
        }
    }
    use simulator::scenario::RequestKind::{Delete, Liveness, RekeyIke};
    // The node has its SA shortly after 1 s; when it sleeps, shortly after 18 s, it is asked nothing more.
    let liveness = [30, 60, 90, 120, 150, 180].map(|at| (at, Liveness));
    let mut expected = liveness.to_vec();
    expected.extend([(50, RekeyIke), (130, Delete)]);
    expected.sort_by_key(|(at, _)| *at);
    assert_eq!(asked, expected);
    assert!(world.is_idle());
}
