//! Simulated counts against the closed formulas, with fixed seeds: success, requests, responses, latency, the steps of the
//! staircase, orphans within five standard deviations; Little's law, Diffie-Hellman and the herd exactly.

use analysis::identity::{Identity, Verdict, identities};
use analysis::{Observed, run};
use rstest::rstest;
use simulator::scenario::Scenario;

const FLEET: &str = include_str!("../../../scenarios/sweeps/fleet.toml");

fn scenario(overrides: &[(&str, &str)]) -> Scenario {
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Scenario::parse("fleet.toml", FLEET, &overrides).expect("a scenario")
}

/// Devices of a fleet, each with one handshake: over both schedules and all losses two hundred thousand of them.
const DEVICES: u64 = 20_000;

/// The primitives are modelled: the same messages at the same times, at a fraction of the work.
fn fleet(schedule: &str, loss: &str) -> Scenario {
    let count = DEVICES.to_string();
    scenario(&[
        ("node.device.retransmission", schedule),
        ("link.loss", loss),
        ("node.device.count", &count),
        ("crypto", "modelled"),
    ])
}

fn observed(scenario: &Scenario) -> Vec<Observed> {
    vec![run(scenario, 7).0.observed]
}

fn verdict<'a>(all: &'a [Identity], name: &str) -> &'a Verdict {
    &all.iter().find(|identity| identity.name == name).expect("a row").verdict
}

/// What is compared for a fleet that does not queue.
const COMPARED: [&str; 10] = [
    "exchange succeeds",
    "handshake succeeds",
    "requests per exchange",
    "responses per exchange",
    "spurious per exchange",
    "mean latency, s",
    "worst step of the staircase",
    "orphans per handshake",
    "half-open SAs x time, s",
    "Diffie-Hellman of the gateway",
];

#[rstest]
fn every_formula_holds(
    #[values("strongswan", "libreswan")] schedule: &str,
    #[values("5%", "10%", "20%", "30%", "50%")] loss: &str,
) {
    let scenario = fleet(schedule, loss);
    let (facts, _) = run(&scenario, 7);
    assert_eq!(facts.broken_rules, [""; 0]);
    assert_eq!((facts.observed.attempts, facts.observed.unfinished()), (DEVICES, 0));
    let all = identities(&scenario, &[facts.observed]);
    for name in COMPARED {
        assert_eq!(verdict(&all, name), &Verdict::Holds, "{all:#?}");
    }
}

/// An answer takes 1.2 s: libreswan's first timeouts of half a second pass in vain.
#[test]
fn answers_that_come_late_make_as_many_spurious_requests_as_the_formula_says() {
    let late = scenario(&[
        ("node.device.retransmission", "libreswan"),
        ("node.device.count", "5000"),
        ("link.loss", "20%"),
        ("link.delay", "600ms"),
        ("crypto", "modelled"),
    ]);
    let runs = observed(&late);
    let all = identities(&late, &runs);
    assert_eq!(verdict(&all, "spurious per exchange"), &Verdict::Holds, "{all:#?}");
    let (init, auth) = (&runs[0].init, &runs[0].auth);
    // Two at least with each exchange that the first transmission wins.
    assert!(init.spurious + auth.spurious > init.succeeded + auth.succeeded, "{init:?} {auth:?}");
}

/// Runs of one schedule are judged by the formulas of another one: of `wrong` by those of strongSwan's.
#[rstest]
#[case::too_steep("{ preset = \"strongswan\", factor = \"2\" }", &["mean latency, s", "worst step of the staircase"])]
#[case::gives_up_early("{ preset = \"strongswan\", tries = 2 }", &[
    "exchange succeeds",
    "handshake succeeds",
    "requests per exchange",
    "responses per exchange",
    "mean latency, s",
    "worst step of the staircase",
    "orphans per handshake",
])]
#[case::never_grows("fixed", &["mean latency, s", "worst step of the staircase"])]
fn a_wrong_schedule_is_found(#[case] wrong: &str, #[case] found: &[&str]) {
    let runs = observed(&fleet(wrong, "30%"));
    let all = identities(&fleet("strongswan", "30%"), &runs);
    for name in found {
        assert_eq!(verdict(&all, name), &Verdict::Differs, "{name}: {all:#?}");
    }
}

#[test]
fn a_herd_is_answered_in_turn_and_sends_what_the_formula_says() {
    let herd = scenario(&[
        ("node.device.wakes", "{ once = \"1s\" }"),
        ("node.device.retransmission", "libreswan"),
        ("gateway.service_time", "13ms"),
    ]);
    let runs = observed(&herd);
    let all = identities(&herd, &runs);
    for name in ["herd: IKE_SA_INIT sent", "herd: last answer, s"] {
        assert_eq!(verdict(&all, name), &Verdict::Holds, "{all:#?}");
    }
    // A hundred are served in 1.3 s, so most have sent again after 0.5 and 1 s.
    assert!(runs[0].init.requests > 150, "{}", runs[0].init.requests);
}

#[test]
fn a_broken_premise_is_named_in_the_place_of_a_verdict() {
    let jitter = scenario(&[("link.jitter", "5ms")]);
    let all = identities(&jitter, &observed(&jitter));
    let why = Verdict::PremiseBroken("delays vary".to_owned());
    assert_eq!(verdict(&all, "mean latency, s"), &why);
    for (key, value, why) in [
        ("link.bandwidth", "250kbit/s", "delays vary"),
        ("node.device.radio", "cc2420", "nodes take time to work or to send"),
        ("link.frame", "80", "longer datagrams are lost more often"),
    ] {
        let changed = scenario(&[("link.loss", "1%"), (key, value)]);
        let all = identities(&changed, &observed(&changed));
        let why = Verdict::PremiseBroken(why.to_owned());
        assert_eq!(verdict(&all, "mean latency, s"), &why, "{key}");
    }
    let forgetful = scenario(&[("gateway.half_open_timeout", "30s")]);
    let all = identities(&forgetful, &observed(&forgetful));
    let Verdict::PremiseBroken(why) = verdict(&all, "requests per exchange") else {
        panic!("{all:#?}")
    };
    assert_eq!(why, "the gateway forgets half-open SAs while nodes still try");
}
