//! Scenarios as a person writes them.

mod documented;
mod faults;
mod fleet;
mod nodes;
mod overriding;
mod refused;
mod values;

use super::{
    Address, Application, Backend, ChildPolicy, Close, Cookies, Family, GarageDoor,
    GatewaySelectors, Link, LinkDirection, Listed, Ping, Profile, Queue, Rate, Remote, Restart,
    RoomSensor, Scenario,
};
use core::time::Duration;
use ike_core::{Schedule, Suite};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

/// The least that a scenario says.
const LEAST: &str = r#"description = "the least"
duration = "1min"
[[node]]
name = "door"
wakes = { at = ["1s"] }
application = { kind = "garage-door" }
"#;

fn read(text: &str) -> Scenario {
    Scenario::parse("x.toml", text, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The least with lines above and below it.
fn with(top: &str, bottom: &str) -> String {
    let (head, node) = LEAST.split_at(LEAST.find("[[node]]").expect("there is a node"));
    format!("{head}{top}\n{node}{bottom}\n")
}

/// The scenarios that are shipped, however deep; plans are no scenarios.
fn shipped() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.extend((!path.ends_with("plans")).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_shipped_scenario_is_one() {
    let files = shipped();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable file");
        let folder = file.parent().expect("a folder");
        let beside = |name: &str| fs::read_to_string(folder.join(name)).map_err(|e| e.to_string());
        let scenario = Scenario::parse_beside(&file.display().to_string(), &text, &[], &beside);
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        assert!(!scenario.expect.is_empty(), "{} expects nothing", file.display());
    }
}

#[test]
fn what_a_file_does_not_say_has_its_documented_default() {
    let scenario = read(LEAST);
    assert_eq!((scenario.seed, scenario.family), (1, Family::Ipv4));
    assert_eq!(scenario.crypto, Backend::Real);
    let direction = LinkDirection {
        delay: Duration::from_millis(20),
        jitter: Duration::ZERO,
        loss: Rate::ZERO,
        mtu: 1_280,
        duplicate: Rate::ZERO,
        reorder: Rate::ZERO,
        reorder_delay: Duration::from_millis(50),
        corrupt: Rate::ZERO,
        mangle: Rate::ZERO,
        bandwidth: None,
        queue: Queue { datagrams: 16, octets: u64::MAX },
        frame: None,
        loss_trace: None,
    };
    assert_eq!((scenario.link.towards, scenario.link.back), (direction.clone(), direction));
    assert!(scenario.link.outages.is_empty());
    assert_eq!(scenario.link.drops, Listed::default());
    assert!(scenario.expect.is_empty() && scenario.forgers.is_empty());

    let gateway = scenario.gateway;
    assert_eq!(gateway.identity.to_string(), "fqdn:gw.example");
    assert_eq!(gateway.suites, Suite::ALL);
    assert_eq!(gateway.cookies, Cookies::Never);
    assert_eq!((gateway.liveness, gateway.delete_after), (None, None));
    assert_eq!((gateway.ike_lifetime, gateway.child_lifetime), (None, None));
    assert_eq!((gateway.idle_timeout, gateway.service_time), (None, None));
    assert_eq!(gateway.half_open_timeout, Duration::from_secs(30));
    assert_eq!((gateway.half_open_limit, gateway.half_open_per_address), (20_000, None));
    assert!(gateway.requests.is_empty() && gateway.crashes.is_empty());
    assert_eq!(gateway.child, ChildPolicy::Accept);
    assert_eq!(gateway.selectors, GatewaySelectors::Host);
}

#[test]
fn what_a_group_does_not_say_has_its_documented_default() {
    let [group] = read(LEAST).groups.try_into().expect("one group");
    assert_eq!((group.first, group.count), (0, 1));
    assert_eq!(group.identity(0).to_string(), "fqdn:door-0.example");
    assert_eq!(group.psk(0).as_slice(), b"door-0 shared secret");
    assert_eq!(group.gateway_psk(0), Some(group.psk(0)));
    assert_eq!(group.suite, Suite::AesGcmX25519);
    assert_eq!(group.profile, Profile::Rfc7296Min);
    assert_eq!(group.retransmission, Schedule::RFC7296);
    assert!(group.initial_contact);
    assert_eq!((group.address, group.remote), (Address::Own, Remote::Server));
    assert_eq!(group.link, Link::default());
    assert_eq!((group.awake, group.close), (Duration::from_secs(5), Close::Silent));
    let garage_door = GarageDoor {
        travel: Duration::from_secs(12),
        status_every: Duration::from_secs(1),
        reply_timeout: Duration::from_secs(2),
        tries: 5,
    };
    assert_eq!(group.application, Application::GarageDoor(garage_door));
    let restart = Restart::default();
    assert_eq!(group.restart, restart);
    assert_eq!((restart.attempts, restart.hold_off), (1, Duration::from_secs(10)));
    assert_eq!((restart.growth.numerator, restart.growth.denominator), (2, 1));

    let text = LEAST.replace("garage-door", "ping");
    let [group] = read(&text).groups.try_into().expect("one group");
    let ping = Ping {
        count: 1,
        interval: Duration::from_secs(1),
        payload: 56,
        timeout: Duration::from_secs(2),
        tries: 1,
    };
    assert_eq!(group.application, Application::Ping(ping));

    let text = LEAST.replace("garage-door", "room-sensor");
    let [group] = read(&text).groups.try_into().expect("one group");
    let sensor =
        RoomSensor { reports: 1, poll: false, reply_timeout: Duration::from_secs(2), tries: 4 };
    assert_eq!(group.application, Application::RoomSensor(sensor));
}

#[test]
fn a_default_shared_secret_has_at_least_16_octets() {
    let [group] = read(&LEAST.replace("\"door\"", "\"a\"")).groups.try_into().expect("one group");
    assert!(group.psk(0).as_slice().len() >= 16);
}

proptest! {
    #[test]
    fn no_text_panics(text in ".*") {
        let _ = Scenario::parse("x.toml", &text, &[]);
    }

    #[test]
    fn no_change_of_a_scenario_panics(at in 0..LEAST.len(), text in ".{0,8}") {
        let mut changed = LEAST.to_owned();
        changed.replace_range(at..=at, &text);
        if let Err(error) = Scenario::parse("x.toml", &changed, &[]) {
            prop_assert!(error.to_string().starts_with("x.toml:"));
        }
    }

    #[test]
    fn no_override_panics(key in "[a-z0-9.]{0,12}|node\\.(0|door)\\.[a-z_.]{1,20}", value in ".*") {
        let _ = Scenario::parse("x.toml", LEAST, &[(key, value)]);
    }
}
