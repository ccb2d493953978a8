//! What the bench counts.

use super::*;
use crate::floor::Floor;
use crate::recorder::{Operation, record};

fn ping() -> Scenario {
    let text = include_str!("../../../../scenarios/ping.toml");
    Scenario::parse("ping.toml", text, &[]).expect("a scenario")
}

#[test]
fn the_operations_of_a_run_are_those_of_both_ends() {
    let scenario = ping();
    let floor = Floor::new(record(&scenario));
    let report = simulator::verdict("ping", &scenario, scenario.seed);
    let established = usize::try_from(report.figures.established).expect("few");
    assert!(established > 0);
    for wanted in [Operation::PublicValue, Operation::SharedSecret] {
        let wanted = wanted(crypto::Group::Curve25519);
        assert_eq!(floor.count(|operation| *operation == wanted), 2 * established);
    }
    // IKE_AUTH each way, and what went through ESP.
    let esp = usize::try_from(report.figures.esp_packets_sent).expect("few");
    let sealed = floor.count(|operation| matches!(operation, Operation::Seal { .. }));
    let opened = floor.count(|operation| matches!(operation, Operation::Open { .. }));
    assert!(sealed >= 2 * established + esp, "{sealed}");
    assert_eq!(sealed, opened);
    floor.execute();
}

#[test]
fn the_model_does_the_same_operations() {
    let of = |crypto| recorder::count(&fleet::scenario((20, 500), crypto));
    let counts = of(simulator::Backend::Real);
    assert_eq!(counts, of(simulator::Backend::Modelled));
    floor::execute_counted(&counts);
}

#[test]
fn the_parts_of_the_operations_are_all_of_them() {
    let counts = recorder::count(&fleet::scenario((20, 500), simulator::Backend::Modelled));
    let mut sum = std::collections::BTreeMap::new();
    for index in 0..million::PARTS {
        for (operation, count) in million::part(&counts, index) {
            *sum.entry(operation).or_insert(0) += count;
        }
    }
    assert_eq!(sum, counts);
}

#[test]
fn every_suite_can_be_executed() {
    for suite in [
        "aes-gcm-x25519",
        "aes-cbc-modp2048",
        "aes-ccm8-p256",
        "chacha20-x25519",
        "aes256-gcm-x25519",
    ] {
        let text = include_str!("../../../../scenarios/mangled.toml");
        let overrides = [("node.door.suite".to_owned(), suite.to_owned())];
        let scenario = Scenario::parse("mangled.toml", text, &overrides).expect("a scenario");
        let floor = Floor::new(record(&scenario));
        assert!(floor.count(|operation| matches!(operation, Operation::Prf { .. })) > 0);
        floor.execute();
    }
}

#[test]
fn the_parts_are_told_apart_by_their_names() {
    let parse = |typed: &[&str]| Arguments::try_parse_from([&["bench"], typed].concat());
    assert!(parse(&["power-cut", "million"]).is_ok() && parse(&[]).is_ok());
    let error = parse(&["power-cuts"]).expect_err("no such part");
    assert_eq!(error.exit_code(), 2);
    let text = error.to_string();
    assert!(PARTS.iter().all(|part| text.contains(part.name)), "{text}");
    assert!(parse(&["--rounds", "0"]).is_err());
}

#[test]
fn the_network_alone_delivers_what_the_run_delivered() {
    network::of(("ping", &ping()), 1).expect("somebody listens");
}
