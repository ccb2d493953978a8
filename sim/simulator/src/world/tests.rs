//! What faults of the network look like in a run.

use super::*;
use crate::Ladder;
use crate::ladder::Lifelines;
use crate::recording::{Keep, Recording};
use core::time::Duration;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use vnet::link::{DirectionConfig, DropReason, Fault, Link, LinkConfig, Outage, Outcome};
use vnet::random::Probability;
use vnet::random::Streams;

const DOOR: &str = include_str!("../../../../scenarios/garage-door.toml");

fn door() -> Scenario {
    Scenario::parse("garage-door.toml", DOOR, &[]).expect("a scenario")
}

fn faulty() -> LinkConfig {
    let some = Probability::from_ppm(150_000);
    let mut link = LinkConfig::symmetric(DirectionConfig {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(5),
        loss: some,
        duplicate: some,
        reorder: some,
        reorder_delay: Duration::from_millis(700),
        corrupt: some,
        mangle: some,
        ..DirectionConfig::default()
    });
    let at = vnet::time::Instant::from_millis;
    link.outages = vec![Outage { from: at(4_000), until: at(9_000) }];
    link
}

/// Gives the only node another link.
fn relink(world: &mut World<'_>, link: LinkConfig) {
    world.core.links[0] = Link::new(0, Arc::new(link), &Streams::new(3));
}

/// A run over such links, after `prepare` did something to them.
fn record(link: LinkConfig, prepare: impl FnOnce(&mut World<'_>)) -> Recording {
    let scenario = door();
    let mut recording = Recording::new(&scenario, Some(Ladder::default()), Keep::default());
    let mut world = World::new(&scenario, 3, &mut recording);
    relink(&mut world, link);
    prepare(&mut world);
    world.step_until(Instant::default() + scenario.duration);
    assert!(world.accounting().all(|(_, _, account)| account.balances()));
    drop(world);
    recording
}

fn events(recording: &Recording, name: &str) -> Vec<Value> {
    let trace = recording.trace();
    let lines = trace.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    lines.filter(|event: &Value| event["event"] == name).collect()
}

fn place(event: &Value) -> (Direction, u64) {
    let direction = if event["direction"] == "back" { Direction::Back } else { Direction::Towards };
    (direction, event["index"].as_u64().expect("a number"))
}

fn fate(sent: &Value) -> Outcome {
    sent["fate"].as_str().expect("a text").parse().expect("an outcome")
}

fn ladder(recording: &Recording) -> String {
    let heads = |_| Lifelines { node: "door-0".into(), gateway: "gateway".into() };
    recording.ladder.as_ref().expect("a ladder").render(&heads)
}

#[test]
fn what_arrives_is_exactly_what_the_fates_say() {
    let recording = record(faulty(), |_| {});
    let mut expected = Vec::new();
    for sent in events(&recording, "sent") {
        let fate = fate(&sent);
        let twice = fate.deliveries().count() == 2;
        for (copy, delivery) in fate.deliveries().enumerate() {
            let at = sent["at_us"].as_u64().expect("a number") + delivery.after_us;
            let damaged = delivery.damage.map(|damage| damage.kind().to_string());
            expected.push((at, place(&sent), twice.then_some(copy as u64), damaged));
        }
    }
    let mut arrived: Vec<_> = events(&recording, "arrived")
        .iter()
        .map(|event| {
            let damaged = event["damaged"].as_str().map(str::to_owned);
            let at = event["at_us"].as_u64().expect("a number");
            (at, place(event), event["copy"].as_u64(), damaged)
        })
        .collect();
    expected.sort();
    arrived.sort();
    assert_eq!(arrived, expected);
    assert!(arrived.iter().any(|(_, _, copy, damaged)| copy.is_some() && damaged.is_some()));
    let lost = events(&recording, "lost");
    for reason in ["loss", "outage"] {
        assert!(lost.iter().any(|event| event["reason"] == reason), "{reason}");
    }
}

#[test]
fn the_figures_of_the_faults_are_those_of_the_links() {
    let mut sums = [0; 6];
    let scenario = door();
    let mut recording = Recording::new(&scenario, None, Keep::default());
    let mut world = World::new(&scenario, 3, &mut recording);
    relink(&mut world, faulty());
    world.step_until(Instant::default() + scenario.duration);
    for (_, _, account) in world.accounting() {
        let lost = account.dropped_for(DropReason::Loss);
        let columns = [
            account.sent,
            lost,
            account.duplicated,
            account.reordered,
            account.corrupted,
            account.mangled,
        ];
        for (sum, column) in sums.iter_mut().zip(columns) {
            *sum += u64::from(column);
        }
    }
    drop(world);
    let figures = &recording.judge.jury.counter.figures;
    let counted = [
        figures.datagrams_sent,
        figures.datagrams_lost,
        figures.datagrams_duplicated,
        figures.datagrams_reordered,
        figures.datagrams_corrupted,
        figures.datagrams_mangled,
    ];
    assert_eq!(counted, sums);
    assert!(sums.iter().all(|sum| *sum > 0), "{sums:?}");
}

/// Every decision is in the trace: links that have no faults do the same with the decisions of that run.
#[test]
fn a_run_is_repeated_from_the_fates_in_its_trace() {
    let recorded = record(faulty(), |_| {});
    let mut tables: BTreeMap<Direction, BTreeMap<u64, Outcome>> = BTreeMap::new();
    for sent in events(&recorded, "sent") {
        let (direction, index) = place(&sent);
        tables.entry(direction).or_default().insert(index, fate(&sent));
    }
    let replayed = record(LinkConfig::default(), |world| {
        for (direction, table) in tables {
            world.core.links[0].replay(direction, table);
        }
    });
    assert_eq!(replayed.trace(), recorded.trace());
    assert_eq!(replayed.judge.fingerprint.full(), recorded.judge.fingerprint.full());
    assert_eq!(ladder(&replayed), ladder(&recorded));
}

#[test]
fn a_corrupted_datagram_fails_its_checksum_and_a_mangled_one_gets_to_ike() {
    let one = |corrupt, mangle| {
        let way = DirectionConfig {
            delay: Duration::from_millis(20),
            corrupt,
            mangle,
            ..DirectionConfig::default()
        };
        let towards = LinkConfig { towards: way, ..LinkConfig::default() };
        record(towards, |_| {})
    };
    let corrupted = one(Probability::ALWAYS, Probability::NEVER);
    let dropped = events(&corrupted, "packet_dropped");
    assert!(dropped.len() > 4);
    assert!(dropped.iter().all(|event| event["reason"] == "UDP checksum is wrong"));
    assert_eq!(corrupted.judge.jury.counter.figures.half_open_peak, 0);
    let mangled = one(Probability::NEVER, Probability::ALWAYS);
    assert_eq!(events(&mangled, "packet_dropped").len(), 0);
    assert_eq!(mangled.judge.jury.counter.figures.established, 0);
}

#[test]
fn the_ladder_shows_both_copies_and_what_was_done_to_them() {
    let way = DirectionConfig {
        delay: Duration::from_millis(20),
        duplicate: Probability::ALWAYS,
        ..DirectionConfig::default()
    };
    let link = LinkConfig { towards: way, ..LinkConfig::default() };
    let recording = record(link, |world| {
        let first = "+20000us +35000us reordered corrupt 28:01".parse().expect("an outcome");
        world.core.links[0].replay(Direction::Towards, BTreeMap::from([(0, first)]));
        world.core.links[0].order(Direction::Back, Fault::Drop, [1]);
    });
    let ladder = ladder(&recording);
    let lines: Vec<&str> = ladder.lines().collect();
    let first = lines.iter().position(|line| line.contains("IKE_SA_INIT request 0")).expect("sent");
    let ends = |line: &str| line.rsplit("  ").next().map(str::to_owned);
    assert!(lines[first + 1].contains("-- duplicate, reordered, corrupted --"), "{ladder}");
    let sent = lines[first].split("  |").next();
    assert_eq!(lines[first + 1].split("  |").next(), sent);
    assert_ne!(ends(lines[first]), ends(lines[first + 1]));
    assert!(lines.iter().any(|line| line.starts_with(" lost (listed)  |")), "{ladder}");
}

#[test]
fn nothing_is_said_of_faults_where_there_are_none() {
    let recording = record(LinkConfig::default(), |_| {});
    assert!(!recording.trace().contains("\"copy\"") && !recording.trace().contains("\"damaged\""));
    let sent = events(&recording, "sent");
    assert!(sent.len() > 10 && sent.iter().all(|event| event["fate"] == "+0us"));
}
