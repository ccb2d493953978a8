//! Simulated counts against the closed formulas, with fixed seeds: success, requests, responses, latency, the steps of the
//! staircase, orphans within five standard deviations; Little's law, Diffie-Hellman and the herd exactly.

use analysis::identity::{Identity, Verdict, identities};
use analysis::{Observed, run};
use simulator::scenario::Scenario;

const FLEET: &str = include_str!("../../../scenarios/sweeps/fleet.toml");

fn scenario(overrides: &[(&str, &str)]) -> Scenario {
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Scenario::parse("fleet.toml", FLEET, &overrides).expect("a scenario")
}

fn fleet(schedule: &str, loss: &str) -> Scenario {
    let (key, count) = ("node.device.retransmission", ("node.device.count", "300"));
    scenario(&[(key, schedule), ("link.loss", loss), count])
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

#[test]
fn every_formula_holds_for_both_schedules_at_every_loss() {
    for schedule in ["strongswan", "libreswan"] {
        for loss in ["5%", "10%", "20%", "30%", "50%"] {
            let scenario = fleet(schedule, loss);
            let all = identities(&scenario, &observed(&scenario));
            for name in COMPARED {
                assert_eq!(verdict(&all, name), &Verdict::Holds, "{schedule}, {loss}: {all:#?}");
            }
        }
    }
}

/// Runs of one schedule are judged by the formulas of another one.
#[test]
fn a_wrong_schedule_is_found() {
    let wrong = "{ preset = \"strongswan\", factor = \"2\" }";
    let runs = observed(&fleet(wrong, "20%"));
    let all = identities(&fleet("strongswan", "20%"), &runs);
    assert_eq!(verdict(&all, "worst step of the staircase"), &Verdict::Differs, "{all:#?}");
    let short = "{ preset = \"strongswan\", tries = 2 }";
    let runs = observed(&fleet(short, "30%"));
    let all = identities(&fleet("strongswan", "30%"), &runs);
    for name in ["exchange succeeds", "handshake succeeds", "orphans per handshake"] {
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
