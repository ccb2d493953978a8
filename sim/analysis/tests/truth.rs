//! Simulated counts against the closed formulas, with fixed seeds: success, requests, responses, latency, the steps of the
//! staircase, orphans within five standard deviations; Little's law, Diffie-Hellman and the herd exactly.

mod fleet;

use analysis::identity::{Identity, Verdict, identities};
use analysis::{Observed, run};
use fleet::{COUNTED, FLEET, observed, scenario, verdict};
use rstest::rstest;
use simulator::scenario::Scenario;

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

/// How long an answer takes does not matter to what is counted, as long as the next request is not due before.
#[rstest]
#[case::link("link.jitter", "100ms", "delays vary")]
#[case::bandwidth("link.bandwidth", "250kbit/s", "delays vary")]
#[case::processor("node.device.cpu", "cortex-m4-64mhz", "nodes take time to work or to send")]
#[case::gateway("gateway.service_time", "1ms", "requests queue at the gateway")]
fn counts_hold_whatever_an_answer_takes_that_comes_in_turn(
    #[case] key: &str,
    #[case] value: &str,
    #[case] why: &str,
) {
    let slow = scenario(&[
        ("node.device.count", "5000"),
        ("node.device.suite", "aes-ccm8-p256"),
        ("link.loss", "20%"),
        ("crypto", "modelled"),
        (key, value),
    ]);
    let runs = observed(&slow);
    let all = identities(&slow, &runs);
    for name in COUNTED {
        assert_eq!(verdict(&all, name), &Verdict::Holds, "{all:#?}");
    }
    let broken = Verdict::PremiseBroken(why.to_owned());
    assert_eq!(verdict(&all, "mean latency, s"), &broken);
    // Of a schedule that gives up earlier they are not.
    let mut other = slow;
    other.groups[0].retransmission.tries = 3;
    assert_eq!(verdict(&identities(&other, &runs), "handshake succeeds"), &Verdict::Differs);
}

/// An answer takes 1.2 s, so libreswan's first timeouts of half a second pass in vain; or it comes when the first one rings.
#[rstest]
#[case("600ms", 2)]
#[case("250ms", 1)]
fn answers_that_come_late_make_as_many_spurious_requests_as_the_formula_says(
    #[case] delay: &str,
    #[case] least: u64,
) {
    let late = scenario(&[
        ("node.device.retransmission", "libreswan"),
        ("node.device.count", "5000"),
        ("link.loss", "20%"),
        ("link.delay", delay),
        ("crypto", "modelled"),
    ]);
    let runs = observed(&late);
    let all = identities(&late, &runs);
    assert_eq!(verdict(&all, "spurious per exchange"), &Verdict::Holds, "{all:#?}");
    let (init, auth) = (&runs[0].init, &runs[0].auth);
    // So many at least with each exchange that the first transmission wins, which are more than half.
    let (spurious, succeeded) = (init.spurious + auth.spurious, init.succeeded + auth.succeeded);
    assert!(2 * spurious > least * succeeded, "{init:?} {auth:?}");
}

/// An answer comes as a timer rings that was set when it had left the gateway, or as it left; or before, where the way back is
/// the shorter one. What was known first goes first.
#[rstest]
#[case("libreswan", ("500ms", "500ms"), 1)]
#[case("libreswan", ("4s", "4s"), 4)]
#[case("openiked", ("0s", "2s"), 1)]
#[case("openiked", ("0s", "6s"), 1)]
#[case("openiked", ("6s", "0s"), 2)]
fn a_timer_that_rings_as_an_answer_comes_sends_if_it_was_set_before_the_answer_left(
    #[case] schedule: &str,
    #[case] (towards, back): (&str, &str),
    #[case] spurious: u64,
) {
    let tied = scenario(&[
        ("node.device.retransmission", schedule),
        ("link.towards.delay", towards),
        ("link.back.delay", back),
        ("crypto", "modelled"),
    ]);
    let runs = observed(&tied);
    assert_eq!(runs[0].init.spurious, spurious * runs[0].init.succeeded);
    let all = identities(&tied, &runs);
    assert_eq!(verdict(&all, "spurious per exchange"), &Verdict::Holds, "{all:#?}");
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

#[rstest]
fn a_herd_is_answered_in_turn_and_sends_what_the_formula_says(
    // With 10 ms answers come when timers ring.
    #[values("13ms", "10ms")] service_time: &str,
) {
    let herd = scenario(&[
        ("node.device.wakes", "{ once = \"1s\" }"),
        ("node.device.retransmission", "libreswan"),
        ("gateway.service_time", service_time),
    ]);
    let runs = observed(&herd);
    let all = identities(&herd, &runs);
    for name in ["herd: IKE_SA_INIT sent", "herd: last answer, s", "knee: served per s while busy"]
    {
        assert_eq!(verdict(&all, name), &Verdict::Holds, "{all:#?}");
    }
    // A hundred are served in 1.3 s, so most have sent again after 0.5 and 1 s.
    assert!(runs[0].init.requests > 150, "{}", runs[0].init.requests);
}

/// Answers come as timers of a second ring, for every hundredth of them, which were set while those answers were on their way back
/// or as they left the gateway.
#[rstest]
#[case("1500ms")]
#[case("1s")]
#[case("700ms")]
fn a_herd_sends_again_at_the_time_of_its_answers_if_its_timers_were_set_before(
    #[case] delay: &str,
) {
    let herd = scenario(&[
        ("node.device.wakes", r#"{ once = "1s" }"#),
        ("node.device.count", "350"),
        ("node.device.retransmission", r#"{ preset = "fixed", first = "1s", tries = 20 }"#),
        ("link.delay", delay),
        ("gateway.service_time", "10ms"),
        ("crypto", "modelled"),
    ]);
    let all = identities(&herd, &observed(&herd));
    assert_eq!(verdict(&all, "herd: IKE_SA_INIT sent"), &Verdict::Holds, "{all:#?}");
}

/// More answers than values are kept of: the last one is exact all the same.
#[test]
fn the_last_answer_of_a_large_herd_is_exact() {
    let herd = scenario(&[
        ("node.device.wakes", "{ once = \"1s\" }"),
        ("node.device.count", "4321"),
        ("gateway.service_time", "7001us"),
        ("crypto", "modelled"),
    ]);
    let runs = observed(&herd);
    assert!(!runs[0].init.latency_us.is_exact());
    let all = identities(&herd, &runs);
    let last = all.iter().find(|one| one.name == "herd: last answer, s").expect("a row");
    assert_eq!((&last.verdict, last.simulated), (&Verdict::Holds, last.expected), "{last:?}");
    assert_eq!(last.simulated, Some(4_321.0 * 0.007_001 + 0.04));
}

/// Two groups of devices wake by Poisson processes, which are one; the gateway is busy half of the time.
#[test]
fn whoever_wakes_at_random_waits_as_long_as_in_the_queue_of_the_textbook() {
    let second = FLEET.replace("[expect]", "[[node]]\nname = \"other\"\ncount = 100\nwakes = { poisson = \"20s\" }\napplication = { kind = \"ping\" }\nawake = \"0s\"\n\n[expect]");
    let overrides = [
        ("duration", "10min"),
        ("crypto", "modelled"),
        ("node.device.wakes", "{ poisson = \"10s\" }"),
        ("gateway.service_time", "33333us"),
    ];
    let overrides = overrides.map(|(key, value)| (key.into(), value.into()));
    let queue = Scenario::parse("queue.toml", &second, &overrides).expect("a scenario");
    let runs: Vec<Observed> = (1..=6).map(|seed| run(&queue, seed).0.observed).collect();
    let all = identities(&queue, &runs);
    let wait = all.iter().find(|one| one.name == "mean wait in the queue, s").expect("a row");
    assert_eq!(wait.verdict, Verdict::Holds, "{all:#?}");
    // Less than half of a service time: one wake in a hundred is ignored, and those that wait do not wake. It is known to a tenth.
    let (expected, interval) = (wait.expected.unwrap(), wait.interval.unwrap());
    let wakes = runs.iter().map(|run| run.attempts).sum::<u64>() as f64 / (6.0 * 600.0);
    assert!((14.7..14.95).contains(&wakes), "{wakes}");
    let load = wakes * 0.033_333;
    let textbook = load * 0.033_333 / (2.0 * (1.0 - load));
    assert!((0.96..0.99).contains(&(expected / textbook)), "{expected} {textbook}");
    assert!(interval.high - interval.low < 0.2 * expected, "{interval:?}");

    let overrides = overrides.into_iter().chain([("gateway.service_time".into(), "70ms".into())]);
    let overrides: Vec<(String, String)> = overrides.collect();
    let crowded = Scenario::parse("queue.toml", &second, &overrides).expect("a scenario");
    let why = Verdict::PremiseBroken("more nodes wake than can be served".to_owned());
    assert_eq!(verdict(&identities(&crowded, &runs), "mean wait in the queue, s"), &why);
}

/// Devices that stay awake for a second do not hear one wake in thirteen.
#[test]
fn wakes_that_are_ignored_do_not_count() {
    let queue = scenario(&[
        ("duration", "10min"),
        ("crypto", "modelled"),
        ("node.device.count", "200"),
        ("node.device.awake", "1s"),
        ("node.device.wakes", "{ poisson = \"13333ms\" }"),
        ("gateway.service_time", "33333us"),
    ]);
    let runs: Vec<Observed> = (1..=8).map(|seed| run(&queue, seed).0.observed).collect();
    let all = identities(&queue, &runs);
    assert_eq!(verdict(&all, "mean wait in the queue, s"), &Verdict::Holds, "{all:#?}");
    // A gateway that takes a twenty-fifth longer than it says is found.
    let mut slow = queue;
    slow.gateway.service_time = Some(std::time::Duration::from_micros(32_000));
    let all = identities(&slow, &runs);
    assert_eq!(verdict(&all, "mean wait in the queue, s"), &Verdict::Differs, "{all:#?}");
}

/// Devices that wake thrice as often as the gateway can serve them, and half as often: the knee is between.
#[test]
fn a_gateway_serves_one_for_each_service_time_while_it_has_any() {
    let load = |poisson: &str| {
        scenario(&[
            ("duration", "5min"),
            ("crypto", "modelled"),
            ("node.device.wakes", poisson),
            ("node.device.retransmission", "coap"),
            ("gateway.service_time", "100ms"),
            ("gateway.half_open_timeout", "4min"),
        ])
    };
    let knee = |all: &[Identity]| {
        let name = "knee: served per s while busy";
        all.iter().find(|one| one.name == name).expect("a row").clone()
    };
    for (poisson, crowded) in [("{ poisson = \"20s\" }", false), ("{ poisson = \"3s\" }", true)] {
        let scenario = load(poisson);
        let runs = observed(&scenario);
        let all = identities(&scenario, &runs);
        // Of those that wait at the end nothing was computed yet.
        assert_eq!(runs[0].unserved > 0, crowded);
        assert_eq!(verdict(&all, "Diffie-Hellman of the gateway"), &Verdict::Holds, "{all:#?}");
        let served = knee(&all);
        assert_eq!(served.verdict, Verdict::Holds);
        assert_eq!((served.expected, served.simulated), (Some(10.0), Some(10.0)));
        // So nobody gets more than that.
        let per_s = runs[0].established as f64 * 1e6 / runs[0].goodput_span_us() as f64;
        assert!(if crowded { 9.0 } else { 4.0 } < per_s && per_s <= 10.0, "{per_s}");
        // A gateway that needs another time than it says, or has two at work, is found.
        let mut other = scenario.clone();
        other.gateway.service_time = Some(std::time::Duration::from_millis(101));
        assert_eq!(knee(&identities(&other, &runs)).verdict, Verdict::Differs);
        other.gateway.service_time = None;
        let why = Verdict::PremiseBroken("the gateway needs no time".to_owned());
        assert_eq!(knee(&identities(&other, &runs)).verdict, why);
    }
}

/// A link that is bad for a tenth of the time, for a second at a time or for a minute.
#[rstest]
#[case("100ms", "1%", "9%")]
#[case("1s", "0.2%", "1.8%")]
fn first_requests_meet_bursts_as_often_as_the_chain_is_bad(
    #[case] step: &str,
    #[case] to_bad: &str,
    #[case] to_good: &str,
) {
    let chain = format!(
        "{{ step = \"{step}\", good_to_bad = \"{to_bad}\", bad_to_good = \"{to_good}\", loss_bad = \"90%\" }}"
    );
    let bursts = scenario(&[
        ("node.device.count", "10000"),
        ("link.gilbert_elliott", &chain),
        ("crypto", "modelled"),
    ]);
    let runs = observed(&bursts);
    let all = identities(&bursts, &runs);
    assert_eq!(verdict(&all, "first requests lost in bursts"), &Verdict::Holds, "{all:#?}");
    assert_eq!(runs[0].first_requests, 10_000);
    let why = "datagrams are lost otherwise than by an independent draw for each".to_owned();
    assert_eq!(verdict(&all, "exchange succeeds"), &Verdict::PremiseBroken(why));
    let [success, sent] =
        ["handshake succeeds, without bursts", "requests per exchange, without bursts"]
            .map(|name| all.iter().find(|one| one.name == name).expect("a row"));
    assert_eq!(
        (&success.verdict, &sent.verdict),
        (&Verdict::ForComparison, &Verdict::ForComparison)
    );
    // A mean loss of 9 % each way.
    let s = 0.91_f64 * 0.91;
    let should = (1.0 - (1.0 - s).powi(12)).powi(2);
    assert!((success.expected.expect("a number") - should).abs() < 1e-9, "{success:?}");
    assert!(success.simulated <= Some(1.0) && sent.simulated > Some(1.0), "{all:#?}");
}

/// Half of the first requests are lost before a burst could take them, or all: those say nothing of the chain.
#[rstest]
#[case("link.towards.loss_trace", r#"{ spans = ["pass 5s", "lose 5s"], repeat = true }"#, 4_500..5_500)]
#[case("link.drops", "{ towards = [1] }", 0..1)]
fn first_requests_that_were_lost_otherwise_met_no_burst(
    #[case] key: &str,
    #[case] value: &str,
    #[case] met: core::ops::Range<u64>,
) {
    let bursts = scenario(&[
        ("node.device.count", "10000"),
        ("link.gilbert_elliott", r#"{ step = "1s", good_to_bad = "2%", bad_to_good = "18%" }"#),
        ("crypto", "modelled"),
        (key, value),
    ]);
    let runs = observed(&bursts);
    assert!(met.contains(&runs[0].first_requests), "{}", runs[0].first_requests);
    let all = identities(&bursts, &runs);
    let nothing = Verdict::PremiseBroken("there is nothing to compare".to_owned());
    let expected = if met.start == 0 { nothing } else { Verdict::Holds };
    assert_eq!(verdict(&all, "first requests lost in bursts"), &expected, "{all:#?}");
}

/// Each kind of datagram has its own number of frames.
#[test]
fn longer_datagrams_are_lost_more_often_by_the_formula() {
    let cut = scenario(&[
        ("node.device.count", "10000"),
        ("link.loss", "5%"),
        ("link.frame", "80"),
        ("node.device.retransmission", "{ preset = \"libreswan\", tries = 3 }"),
        ("crypto", "modelled"),
        // All of one length.
        ("node.device.identity", "keyid:{n}"),
    ]);
    let runs = observed(&cut);
    let all = identities(&cut, &runs);
    for name in [&["datagram in frames is lost"], &COMPARED[..]].concat() {
        assert_eq!(verdict(&all, name), &Verdict::Holds, "{name}: {all:#?}");
    }
    // The request of IKE_SA_INIT is two frames long, that of IKE_AUTH three.
    let Observed { init, auth, .. } = &runs[0];
    assert!((81..=160).contains(&init.towards.longest), "{init:?}");
    assert!((161..=240).contains(&auth.towards.longest), "{auth:?}");
    let mut whole = cut.clone();
    whole.groups[0].link.towards.frame = None;
    let all = identities(&whole, &runs);
    for name in ["exchange succeeds", "handshake succeeds", "requests per exchange"] {
        assert_eq!(verdict(&all, name), &Verdict::Differs, "{name}: {all:#?}");
    }
    let mut longer = cut;
    longer.groups[0].link.back.frame = core::num::NonZeroUsize::new(70);
    let all = identities(&longer, &runs);
    assert_eq!(verdict(&all, "datagram in frames is lost"), &Verdict::Differs, "{all:#?}");
}

/// A cookie is an exchange of its own, which leaves nothing at the gateway.
#[test]
fn a_handshake_with_a_cookie_is_three_exchanges() {
    let asked = |cookies: &str, profile: &str| {
        scenario(&[
            ("node.device.count", "4000"),
            ("node.device.retransmission", "libreswan"),
            ("node.device.profile", profile),
            ("link.loss", "30%"),
            ("gateway.cookies", cookies),
            ("crypto", "modelled"),
        ])
    };
    let always = asked("always", "rfc7296-min");
    let runs = observed(&always);
    let all = identities(&always, &runs);
    for name in COMPARED.into_iter().take(7).filter(|name| *name != "spurious per exchange") {
        assert_eq!(verdict(&all, name), &Verdict::Holds, "{name}: {all:#?}");
    }
    let why = Verdict::PremiseBroken("the gateway asks for cookies".to_owned());
    assert_eq!(verdict(&all, "orphans per handshake"), &why);
    // One that asks only when many are half-open asks nobody here.
    let never = asked("{ above = 5000 }", "rfc7296-min");
    let all = identities(&never, &observed(&never));
    assert_eq!(verdict(&all, "orphans per handshake"), &Verdict::Holds);
    let some = asked("{ above = 3 }", "rfc7296-min");
    let all = identities(&some, &observed(&some));
    let why = "the gateway asks only some for cookies".to_owned();
    assert_eq!(verdict(&all, "handshake succeeds"), &Verdict::PremiseBroken(why));
    // RFC 7815 knows no cookies: nobody gets anywhere, which no formula speaks of.
    let deaf = asked("always", "rfc7815");
    let all = identities(&deaf, &observed(&deaf));
    assert!(matches!(verdict(&all, "handshake succeeds"), Verdict::PremiseBroken(_)), "{all:#?}");
}
