//! A scenario with its gateway behind a portal: the gateway is a thread of the test with a socket of its own.

#[path = "../../../sim/simulator/tests/it/outside/gateway.rs"]
mod gateway;

use gateway::FakeGateway;
use harness::outside::{self, Finished, Options, Told};
use harness::{Portal, Stop};
use ike_core::Instant;
use runner::Named;
use simulator::scenario::RequestKind;
use simulator::scenario::Scenario;
use simulator::{Ask, Keep, Tape, replay};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

/// Two doors at once, and one of them again an hour later: nobody waits for that.
const SHORT: &str = r#"
description = "two doors behind a portal"
duration = "2h"
link = { delay = "5ms" }

[[node]]
name = "door"
count = 2
wakes = { at = ["50ms", "1h"] }
application = { kind = "garage-door", travel = "300ms", status_every = "100ms" }
awake = "100ms"

[expect]
established = 4
application_completed = 4
nodes_asleep_at_end = 2
gateway_sas_at_end = 2
"#;

/// A gateway on a thread, with its interface behind a portal.
struct Running {
    over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Running {
    fn start(scenario: &Scenario, portal: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (ended, scenario) = (Arc::clone(&over), scenario.clone());
        let thread = std::thread::spawn(move || serve(FakeGateway::new(&scenario), portal, &ended));
        Self { over, thread }
    }

    /// How many IKE SAs it holds.
    fn end(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("no panic")
    }
}

fn serve(mut gateway: FakeGateway, portal: SocketAddr, over: &AtomicBool) -> usize {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.connect(portal).expect("loopback");
    socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    let start = std::time::Instant::now();
    let now = || Instant::from_micros(u64::try_from(start.elapsed().as_micros()).expect("short"));
    let mut buffer = vec![0; 65_535];
    let mut known = false;
    while !over.load(Ordering::Relaxed) {
        if !known {
            // Nobody may listen yet.
            let _ = socket.send(&[]);
        }
        let mut packets = Vec::new();
        if let Ok(len) = socket.recv(&mut buffer) {
            known = true;
            packets.extend(gateway.receive(now(), &buffer[..len]));
        }
        if gateway.next_time().is_some_and(|at| at <= now()) {
            packets.extend(gateway.handle_timeout(now()));
        }
        for packet in packets {
            socket.send(&packet).expect("loopback");
        }
    }
    gateway.responder.established()
}

fn named(overrides: &[(String, String)]) -> Named {
    let scenario = Scenario::parse("short.toml", SHORT, overrides).expect("a scenario");
    Named { name: "short".into(), path: "short.toml".into(), text: SHORT.into(), scenario }
}

/// A run that is over, the SAs that the gateway has then, and what it was to be asked.
struct Done {
    finished: Finished,
    sas: usize,
    orders: Vec<Ask>,
}

fn run(overrides: &[(&str, &str)], skip_idle: bool) -> Done {
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let named = named(&overrides);
    outside::check(&named.scenario, skip_idle, true).expect("nothing that is only ours");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let address = "127.0.0.1:0".parse().expect("an address");
        let mut portal = Portal::bind(address).await.expect("a port");
        let gateway = Running::start(&named.scenario, portal.local().expect("bound"));
        portal.peer().await;
        let (asks, mut asked) = unbounded_channel();
        let options = Options { seed: 5, keep: Keep::default(), skip_idle, asks: Some(asks) };
        let stop = &mut Stop::never();
        let run = outside::run(&named, &overrides, &options, &mut portal, stop);
        let mut finished = run.await.expect("a capture");
        drop(options);
        let mut orders = Vec::new();
        while let Some(ask) = asked.recv().await {
            orders.push(ask);
        }
        finished.was("fake 1");
        assert_eq!(portal.lost(), 0);
        Done { finished, sas: gateway.end(), orders }
    })
}

fn assert_replays(finished: &Finished, tape: &Tape) {
    let again = replay(tape, Keep::default()).expect("a run");
    assert_eq!(again.difference, None);
    let (outcome, now) = (&finished.outcome, &again.outcome);
    assert_eq!(now.trace, outcome.trace);
    assert_eq!(now.capture, outcome.capture);
    assert_eq!(now.ladder, outcome.ladder);
    assert_eq!(now.report.fingerprint, outcome.report.fingerprint);
    assert_eq!(now.report.outside, outcome.report.outside);
}

#[test]
fn idle_hours_are_skipped_and_the_recording_replays() {
    let Done { finished, sas, orders } = run(&[], true);
    assert_eq!(orders, []);
    let report = &finished.outcome.report;
    assert_eq!(report.violations, []);
    assert!(report.passed && !finished.stopped, "{:#?}", report.expectations);
    // INITIAL_CONTACT of the second wake cleared the first: the gateway is a real one.
    assert_eq!(sas, 2);
    assert_eq!(report.end_us, 7_200_000_000);
    let outside = report.outside.as_ref().expect("a gateway outside");
    assert!(outside.skipped_us > 7_000_000_000 && outside.gateway.as_deref() == Some("fake 1"));
    let tape = Tape::parse(&finished.tape.to_text()).expect("a tape");
    assert_eq!(tape, finished.tape);
    assert_replays(&finished, &tape);
}

#[test]
fn faults_happen_in_the_virtual_network_and_the_gateway_meets_them() {
    let faults = [
        ("link.loss", "15%"),
        ("link.duplicate", "30%"),
        ("link.mangle", "5%"),
        ("node.door.retransmission", r#"{ first = "100ms", factor = "2", tries = 8 }"#),
        ("node.door.restart", r#"{ attempts = 5, hold_off = "100ms" }"#),
    ];
    let Done { finished, .. } = run(&faults, true);
    let report = &finished.outcome.report;
    assert_eq!(report.violations, []);
    assert!(report.accounting_balances);
    let figures = &report.figures;
    assert!(figures.datagrams_lost > 0 && figures.datagrams_duplicated > 0);
    assert_replays(&finished, &finished.tape);
}

#[test]
fn without_skipping_the_run_lasts_as_long_as_it_says() {
    let at = ("node.door.wakes", r#"{ at = ["50ms"] }"#);
    let Done { finished, .. } = run(&[("duration", "1s"), at], false);
    assert_eq!(finished.outcome.report.end_us, 1_000_000);
    assert_eq!(finished.tape.skipped_us, 0);
    assert_replays(&finished, &finished.tape);
}

#[test]
fn the_gateway_is_asked_for_what_the_scenario_has_it_send() {
    let overrides = [
        ("node.door.wakes", r#"{ at = ["50ms"] }"#),
        ("node.door.awake", "3s"),
        ("gateway.requests", r#"[{ kind = "rekey-child", after = "50ms" }]"#),
        ("duration", "1min"),
    ];
    let mut done = run(&overrides, true);
    done.orders.sort_by_key(|ask| ask.node);
    let kind = RequestKind::RekeyChild;
    assert_eq!(done.orders, [0, 1].map(|node| Ask { node, kind }));
    assert_replays(&done.finished, &done.finished.tape);
}

#[test]
fn what_only_the_reference_gateway_does_is_refused_by_its_key() {
    let refused = |key: &str, value: &str, skip_idle| {
        let named = named(&[(key.to_owned(), value.to_owned())]);
        outside::check(&named.scenario, skip_idle, false).map_err(|error| error.to_string())
    };
    for (key, value) in [
        ("gateway.service_time", "1ms"),
        ("gateway.selectors", "widen"),
        ("gateway.delete_after", "1s"),
        ("gateway.crashes", r#"["1s"]"#),
        ("gateway.requests", r#"[{ kind = "liveness", after = "1s" }]"#),
    ] {
        let error = refused(key, value, false).expect_err(key);
        assert!(error.starts_with(key), "{error}");
    }
    for (key, value) in [
        ("gateway.liveness", "1s"),
        ("gateway.ike_lifetime", "1min"),
        ("gateway.child_lifetime", "1min"),
        ("gateway.idle_timeout", "1min"),
        ("gateway.half_open_timeout", "5s"),
    ] {
        assert_eq!(refused(key, value, false), Ok(()));
        let error = refused(key, value, true).expect_err(key);
        assert!(error.starts_with("--skip-idle") && error.contains(key), "{error}");
    }
}

/// The program, with a gateway that somebody brings himself.
#[test]
fn the_program_waits_at_its_portal_and_leaves_all_files() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("outside");
    std::fs::create_dir_all(&folder).expect("a writable folder");
    let path = folder.join("short.toml");
    std::fs::write(&path, SHORT).expect("a writable file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_simulate-outside"))
        .arg(&path)
        .args(["--gateway", "portal:127.0.0.1:0", "--skip-idle", "--set", "link.delay=1ms"])
        .arg("--out")
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    stderr.read_line(&mut line).expect("a line");
    let portal = line.trim_end().rsplit(' ').next().expect("a word").parse().expect("an address");
    let gateway = Running::start(&named(&[]).scenario, portal);
    let mut shown = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut shown).expect("text");
    let status = child.wait().expect("a status");
    gateway.end();
    assert_eq!(status.code(), Some(0), "{shown}");
    for said in ["gateway_sas_at_end: expected 2, not observed", "not checked: same keys, "] {
        assert!(shown.contains(said), "{shown}");
    }
    assert!(!shown.contains("fingerprint") && shown.contains("\nrecording    "), "{shown}");
    the_files_are_those_of_any_run(&folder);
}

fn the_files_are_those_of_any_run(folder: &Path) {
    let read = |name: &str| {
        let octets = std::fs::read(folder.join(name)).expect(name);
        String::from_utf8_lossy(&octets).into_owned()
    };
    let tape = Tape::parse(&read("recording.jsonl")).expect("a tape");
    assert_eq!(tape.overrides, ["link.delay=1ms"]);
    let again = replay(&tape, Keep::default()).expect("a run");
    assert_eq!(again.difference, None);
    assert_eq!(read("trace.jsonl"), again.outcome.trace);
    assert_eq!(Some(read("ladder.txt")), again.outcome.ladder);
    assert_eq!(read("esp_sa"), again.outcome.esp_sa);
    assert_eq!(again.outcome.esp_sa.lines().count(), 9);
    assert_eq!(again.outcome.ikev2_decryption_table.lines().count(), 5);
    assert!(read("report.json").contains(&again.outcome.report.fingerprint));
    assert!(!folder.join("gateway.log").exists());
}

#[test]
fn what_the_gateway_tells_is_written_and_nothing_of_an_older_run_stays() {
    let at = ("node.door.wakes", r#"{ at = ["50ms"] }"#);
    let Done { finished, .. } = run(&[("duration", "1min"), at], true);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("told");
    let text = |text: &str| Some(text.to_owned());
    let told = Told { gateway: "x".into(), log: text("l"), sas: text("{}"), raw: text("r") };
    finished.write(&folder, &told).expect("files");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let names = ["gateway.log", "gateway-sas.json", "gateway-sas.txt"];
    assert_eq!(names.map(read), ["l", "{}", "r"].map(text));
    finished.write(&folder, &Told::default()).expect("files");
    assert_eq!(names.map(read), [None, None, None]);
}

#[test]
fn what_is_no_gateway_is_bad_input() {
    for (gateway, expected) in [
        ("portal:here", "expected portal:ADDRESS:PORT"),
        ("strangswan", "no gateway strangswan; expected one of strongswan, libreswan"),
        ("portal:192.0.2.1:1", "no portal at 192.0.2.1:1"),
    ] {
        let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/garage-door.toml");
        let output = Command::new(env!("CARGO_BIN_EXE_simulate-outside"))
            .args([scenario, "--gateway", gateway])
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected), "{said}");
        assert_eq!(output.status.code(), Some(2));
    }
}
