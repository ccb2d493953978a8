//! Real gateways in containers. Without Docker these tests end with a line that says so: see `harness::require`.

use harness::gateways::{Plug, Running, Setting, StartError, bridge_address, leftovers};
use harness::outside::{self, Finished, Options};
use harness::{Portal, Stop, require};
use rstest::rstest;
use runner::Named;
use simulator::scenario::Scenario;
use simulator::{Keep, Thinning};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

/// Where a portal can be, if Docker is there.
fn docker() -> Option<SocketAddr> {
    let bridge = bridge_address();
    let found = bridge.clone().map(|_| ()).map_err(|error| error.to_string());
    require::is_there("docker", found).then(|| SocketAddr::new(bridge.expect("is there"), 0))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

fn plug(name: &str) -> &'static Plug {
    Plug::named(name).expect("in the table")
}

fn scenario(extra: &str) -> Scenario {
    let text = format!(
        "description = \"x\"\nduration = \"1min\"\n{extra}\n[[node]]\nname = \"door\"\n\
         wakes = {{ at = [\"1s\"] }}\napplication = {{ kind = \"ping\" }}\n"
    );
    Scenario::parse("x.toml", &text, &[]).expect("a scenario")
}

async fn start(name: &str, scenario: &Scenario, portal: SocketAddr) -> (Portal, Running) {
    let portal = Portal::bind(portal).await.expect("a portal");
    let local = portal.local().expect("an address");
    let running = Running::start(plug(name), &Setting::gateway(scenario), local).await;
    (portal, running.expect("a gateway"))
}

async fn run(name: &str, file: &str, overrides: &[&str], portal: SocketAddr) -> (Finished, String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(file);
    let pair = |text: &&str| text.split_once('=').map(|(key, value)| (key.into(), value.into()));
    let overrides: Vec<(String, String)> = overrides.iter().filter_map(pair).collect();
    let named = Named::read(&path, &overrides).expect("a scenario");
    let (mut portal, running) = start(name, &named.scenario, portal).await;
    portal.peer().await;
    let options = Options {
        seed: named.scenario.seed,
        keep: Keep { thinning: Thinning::Full, node: None },
        skip_idle: true,
        asks: None,
    };
    let mut stop = Stop::never();
    let finished = outside::run(&named, &overrides, &options, &mut portal, &mut stop).await;
    let sas = running.control("sas").await.expect("an answer");
    let log = running.log();
    running.stop().await.unwrap_or_else(|error| panic!("{error}\n{log}"));
    (finished.expect("a run"), sas)
}

/// The whole application, through ESP.
#[rstest]
#[case("strongswan", &[])]
#[case("libreswan", &[])]
#[case("strongswan", &["family=ipv6"])]
#[case("libreswan", &["family=ipv6"])]
#[case("strongswan", &["node.door.suite=aes-cbc-modp2048", "gateway.suites=[\"aes-cbc-modp2048\"]"])]
#[case("libreswan", &["node.door.suite=aes-cbc-modp2048", "gateway.suites=[\"aes-cbc-modp2048\"]"])]
#[case("strongswan", &["node.door.suite=aes-ccm8-p256", "gateway.suites=[\"aes-ccm8-p256\"]"])]
#[case("strongswan", &["node.door.suite=chacha20-x25519", "gateway.suites=[\"chacha20-x25519\"]"])]
#[case("libreswan", &["node.door.suite=chacha20-x25519", "gateway.suites=[\"chacha20-x25519\"]"])]
#[case("strongswan", &["node.door.suite=aes256-gcm-x25519", "gateway.suites=[\"aes256-gcm-x25519\"]"])]
#[case("libreswan", &["node.door.suite=aes256-gcm-x25519", "gateway.suites=[\"aes256-gcm-x25519\"]"])]
fn the_garage_door_opens_at_a_real_gateway(#[case] name: &str, #[case] overrides: &[&str]) {
    let Some(portal) = docker() else { return };
    // A busy machine answers late: only then is anything sent again.
    let patient = [
        "node.door.application.travel=2s",
        "node.door.awake=1s",
        "expect.ike_retransmissions=<= 9",
    ];
    let short = [overrides, &patient].concat();
    let (finished, sas) = block_on(run(name, "garage-door.toml", &short, portal));
    let report = &finished.outcome.report;
    assert!(report.passed, "{name} {overrides:?}: {}", report.to_json());
    let carried = sas.contains("\"octets_in\": ") && !sas.contains("\"octets_in\": 0");
    assert!(carried, "no ESP was opened: {sas}");
}

#[test]
fn what_a_gateway_cannot_do_is_a_verdict_of_its_own() {
    let Some(portal) = docker() else { return };
    let scenario = scenario("[gateway]\nsuites = [\"aes-ccm8-p256\"]");
    let started = block_on(async {
        let portal = Portal::bind(portal).await.expect("a portal");
        let local = portal.local().expect("an address");
        Running::start(plug("libreswan"), &Setting::gateway(&scenario), local).await.map(|_| ())
    });
    let reason = "libreswan has no AES-CCM in IKE: aes-ccm8-p256";
    assert_eq!(started, Err(StartError::Unsupported(reason.into())));
}

#[test]
fn ten_thousand_devices_are_known_to_a_gateway() {
    let Some(portal) = docker() else { return };
    let scenario = Scenario::parse("x.toml", FLEET, &[]).expect("a scenario");
    block_on(async {
        for name in ["strongswan", "libreswan"] {
            let (_portal, running) = start(name, &scenario, portal).await;
            assert_eq!(running.control("sas").await.expect("an answer"), r#"{"ike": []}"#);
            running.stop().await.expect("an end in peace");
        }
    });
}

const FLEET: &str = r#"
description = "A fleet that never comes"
duration = "1min"
[[node]]
name = "door"
count = 10_000
identity = "keyid:{n}"
psk = "hex:00ff{n}"
wakes = { at = ["1s"] }
application = { kind = "ping" }
"#;

#[test]
fn nothing_is_left_of_a_gateway_that_was_dropped() {
    let Some(portal) = docker() else { return };
    let scenario = scenario("");
    let dropped = block_on(async {
        let (_portal, running) = start("strongswan", &scenario, portal).await;
        let id = running.id().to_owned();
        assert!(leftovers().expect("a list").iter().any(|left| id.starts_with(left)));
        id
    });
    let panicked = std::panic::catch_unwind(|| {
        block_on(async {
            let (_portal, running) = start("strongswan", &scenario, portal).await;
            std::panic::panic_any(running.id().to_owned());
        });
    });
    let panicked = panicked.expect_err("a panic").downcast::<String>().expect("an id");
    for id in [dropped, *panicked] {
        assert!(!leftovers().expect("a list").iter().any(|left| id.starts_with(left)), "{id}");
    }
}

/// With a `docker` that is not there, or an engine that is not.
#[test]
fn without_docker_one_sentence_says_what_to_do() {
    let program = || Command::new(env!("CARGO_BIN_EXE_gateways"));
    let nowhere = program().arg("--list").env("PATH", "/nowhere").output().expect("a program");
    let told = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert_eq!(nowhere.status.code(), Some(2), "{told}");
    assert!(told.contains("install Docker and start it") && told.lines().count() == 1, "{told}");
    if docker().is_none() {
        return;
    }
    let engine = "unix:///nowhere/docker.sock";
    let dead = program().arg("--list").env("DOCKER_HOST", engine).output().expect("a program");
    let told = String::from_utf8_lossy(&dead.stderr).into_owned();
    assert_eq!(dead.status.code(), Some(2), "{told}");
    assert!(told.contains("the Docker engine does not answer; real gateways run"), "{told}");
}
