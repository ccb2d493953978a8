//! Small runs whose counts anybody can check by hand.

use super::*;
use crate::cell::run;
use simulator::scenario::Scenario;

fn observed(overrides: &[(&str, &str)]) -> Observed {
    let text = r#"
        description = "devices"
        duration = "20min"
        [gateway]
        half_open_timeout = "10min"
        [[node]]
        name = "device"
        wakes = { once = "1s" }
        application = { kind = "ping" }
        retransmission = "libreswan"
    "#;
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let scenario = Scenario::parse("x.toml", text, &overrides).expect("a scenario");
    run(&scenario, 1).0.observed
}

#[test]
fn a_handshake_on_a_good_link_is_two_round_trips() {
    let observed = observed(&[]);
    assert_eq!((observed.attempts, observed.established, observed.reached), (1, 1, 1));
    assert_eq!(observed.latency_us.iter().collect::<Vec<_>>(), [(80_000, 1)]);
    assert_eq!(
        (observed.init.requests, observed.init.responses, observed.init.spurious),
        (1, 1, 0)
    );
    assert_eq!(
        (observed.auth.requests, observed.auth.responses, observed.auth.spurious),
        (1, 1, 0)
    );
    // Half-open from the answer to IKE_SA_INIT until IKE_AUTH arrives.
    assert_eq!((observed.half_open_integral_us, observed.half_open_durations_us), (40_000, 40_000));
    assert_eq!((observed.half_open_peak, observed.diffie_hellman), (1, 1));
    assert_eq!((observed.first_attempt_us, observed.last_wake_us), (1_000_000, 1_000_000));
}

#[test]
fn a_late_answer_makes_transmissions_spurious() {
    // Sent at 0, 0.5, 1, 2 s; the answer to the first is there after 1.2 s: two too many, in each exchange.
    let observed = observed(&[("link.delay", "600ms")]);
    assert_eq!((observed.init.requests, observed.init.spurious), (3, 2));
    assert_eq!((observed.auth.requests, observed.auth.spurious), (3, 2));
    assert_eq!(observed.latency_us.iter().collect::<Vec<_>>(), [(2_400_000, 1)]);
}

#[test]
fn what_the_second_transmission_won_needed_two() {
    let observed = observed(&[("link.drops", "{ back = [1] }")]);
    assert_eq!(
        (observed.init.requests, observed.init.responses, observed.init.spurious),
        (2, 2, 0)
    );
    assert_eq!(observed.latency_us.iter().collect::<Vec<_>>(), [(580_000, 1)]);
    assert_eq!((observed.back.1, observed.dropped_otherwise), (1, 1));
}

#[test]
fn copies_that_wait_in_the_queue_are_spurious_too() {
    // The gateway answers after 1.7 s; what came after 0.5 and 1 s meanwhile gets nothing.
    let observed = observed(&[("gateway.service_time", "1.7s")]);
    assert_eq!(
        (observed.init.requests, observed.init.responses, observed.init.spurious),
        (3, 1, 2)
    );
    assert_eq!(observed.init.latency_us.iter().collect::<Vec<_>>(), [(1_740_000, 1)]);
}

#[test]
fn an_attempt_without_an_answer_leaves_an_orphan_if_it_reached_the_gateway() {
    let lost = observed(&[("link.back.loss", "100%")]);
    assert_eq!((lost.failed, lost.refused, lost.reached, lost.orphans), (1, 0, 1, 1));
    assert_eq!((lost.init.in_vain, lost.init.succeeded, lost.one_sided), (8, 0, 0));
    assert_eq!(lost.half_open_integral_us, 600_000_000);
    let unheard = observed(&[("link.towards.loss", "100%")]);
    assert_eq!((unheard.failed, unheard.reached, unheard.orphans), (1, 0, 0));
    let list = "{ back = [2, 3, 4, 5, 6, 7, 8, 9] }";
    let one_sided = observed(&[("link.drops", list)]);
    assert_eq!((one_sided.orphans, one_sided.one_sided, one_sided.auth.in_vain), (0, 1, 8));
}

/// All at once at a gateway that needs its time: few are half-open, and many wait.
#[test]
fn requests_beyond_the_limit_are_counted_whatever_it_is_that_waits() {
    let herd = [("gateway.service_time", "5ms"), ("node.device.count", "30")];
    let limit = ("gateway.half_open_limit", "20");
    let limited = observed(&[herd[0], herd[1], limit]);
    assert!(limited.dropped_at_limit >= 10, "{}", limited.dropped_at_limit);
    assert!(limited.half_open_peak < 20, "{}", limited.half_open_peak);
    assert_eq!((limited.waiting_peak, observed(&herd).waiting_peak), (20, 30));
    assert_eq!(observed(&herd).dropped_at_limit, 0);
}

/// Thirty wait for 5 ms each when the gateway loses all: those that ask again wait anew, and nothing else does.
#[test]
fn what_waits_at_a_gateway_that_crashes_waits_no_longer() {
    let crash = [
        ("gateway.service_time", "5ms"),
        ("node.device.count", "30"),
        ("gateway.crashes", r#"["1050ms"]"#),
    ];
    let seen = observed(&crash);
    assert_eq!((seen.waiting_peak, seen.unserved), (30, 0));
}

/// The timeouts of the schedule are 0.5, 0.5, 1 s ...
#[test]
fn whatever_meets_a_node_that_has_gone_on_is_out_of_turn() {
    let out_of_turn = |overrides: &[(&str, &str)]| observed(overrides).out_of_turn;
    assert_eq!(out_of_turn(&[]), 0);
    // Lost is not late: neither one answer, nor all.
    assert_eq!(out_of_turn(&[("link.drops", "{ towards = [2], back = [1] }")]), 0);
    assert_eq!(out_of_turn(&[("link.back.loss", "100%")]), 0);
    assert_eq!(out_of_turn(&[("link.delay", "249999us")]), 0);
    assert!(out_of_turn(&[("link.delay", "250ms")]) > 0);
    // The gateway answers after the second request has come, and that answer is lost; or after all were given up.
    let late = ("gateway.service_time", "600ms");
    assert!(out_of_turn(&[late, ("link.drops", "{ back = [1] }")]) > 0);
    assert!(out_of_turn(&[("gateway.service_time", "100s"), ("duration", "90s")]) > 0);
    // An answer is there and the receiver off: the timer rings first, or the request is given up.
    let deaf = [
        ("node.device.radio", "nrf52840"),
        ("node.device.listen", r#"{ every = "2min", for = "1ms" }"#),
    ];
    assert!(out_of_turn(&deaf) > 0);
    let once = ("node.device.retransmission", r#"{ preset = "libreswan", tries = 1 }"#);
    assert!(out_of_turn(&[deaf[0], deaf[1], once]) > 0);
}

#[test]
fn octets_before_the_address_is_proven_are_counted_both_ways() {
    let observed = observed(&[]);
    assert!(observed.init_octets_in > 100 && observed.init_octets_out > 100);
}

#[test]
fn two_runs_joined_are_both() {
    let (one, other) = (observed(&[]), observed(&[("link.back.loss", "100%")]));
    let mut both = one.clone();
    both.join(&other);
    assert_eq!((both.attempts, both.established, both.failed, both.unfinished()), (2, 1, 1, 0));
    assert_eq!(
        both.half_open_durations_us,
        one.half_open_durations_us + other.half_open_durations_us
    );
    assert_eq!(both.init.requests, 9);
}

#[test]
fn a_request_whose_public_value_proves_impossible_was_served_and_waits_no_more() {
    use ike_core::{IkeSpi, Path};
    let mut collector = Collector::default();
    let at = |s: u64| Instant::from_micros(s * 1_000_000);
    let address = |text: &str| text.parse().expect("an address");
    let path = Path { local: address("192.0.2.1:500"), remote: address("192.0.2.7:500") };
    let mut gateway = |now, event: ike_responder::Event| {
        let what = What::Responder(&event);
        collector.event(&Event { at: at(now), who: Actor::Gateway, what });
    };
    let queued =
        ike_responder::Event::Queued { path, spi_i: IkeSpi(1), ahead: 0, answer_at: at(2) };
    gateway(1, queued);
    gateway(2, ike_responder::Event::Dropped { path, reason: IMPOSSIBLE });
    let seen = collector.finish(at(9));
    assert_eq!((seen.observed.served, seen.observed.unserved), (1, 0));
    assert_eq!((seen.observed.busy_us, seen.observed.waiting_peak), (1_000_000, 1));
}
