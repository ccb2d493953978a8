//! Each formula against a number that was computed by another way.

use super::*;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} is not {b}");
}

fn strongswan(loss: f64) -> Exchange {
    Exchange::new(&Schedule::STRONGSWAN, (loss, loss), (20_000, 20_000))
}

#[test]
fn schedules_send_when_the_field_says_they_do() {
    let strongswan = strongswan(0.0);
    let expected = [0, 4_000_000, 11_200_000, 24_160_000, 47_488_000, 89_478_000];
    assert_eq!(strongswan.starts_us, expected);
    assert_eq!(strongswan.gives_up_us, 165_060_000);
    let libreswan = Exchange::new(&Schedule::LIBRESWAN, (0.0, 0.0), (20_000, 20_000));
    let expected = [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000].map(|ms| ms * 1_000);
    assert_eq!(
        (libreswan.starts_us.as_slice(), libreswan.gives_up_us),
        (&expected[..], 64_000_000)
    );
}

fn alike(exchange: &Exchange, rounds: u32) -> Handshake {
    Handshake { init: exchange.clone(), rounds, auth: exchange.clone() }
}

/// Adds up every way that six transmissions can go: each request and each response arrives or not.
#[test]
fn requests_responses_and_orphans_are_those_of_every_possible_course() {
    let exchange = Exchange { loss_towards: 0.3, loss_back: 0.2, ..strongswan(0.0) };
    let (mut requests, mut responses, mut success, mut orphan) = (0.0, 0.0, 0.0, 0.0);
    for course in 0..1_u32 << 12 {
        let fate = |bit: u32| course >> bit & 1 == 1;
        let mut share = 1.0;
        let (mut sent, mut arrived, mut won) = (0.0, 0.0, false);
        for transmission in 0..6 {
            let (there, back) = (fate(2 * transmission), fate(2 * transmission + 1));
            share *= if there { 0.7 } else { 0.3 } * if back { 0.8 } else { 0.2 };
            if won {
                continue;
            }
            sent += 1.0;
            arrived += f64::from(u8::from(there));
            won = there && back;
        }
        requests += share * sent;
        responses += share * arrived;
        success += if won { share } else { 0.0 };
        orphan += if !won && arrived > 0.0 { share } else { 0.0 };
    }
    close(exchange.requests().mean, requests);
    close(exchange.responses().mean, responses);
    close(exchange.responses().mean, 0.7 * requests);
    close(exchange.requests().mean, exchange.success() / exchange.answered());
    close(exchange.success(), success);
    close(exchange.orphan(), orphan);
    close(alike(&exchange, 1).success(), success * success);
    close(alike(&exchange, 2).success(), success * success * success);
}

#[test]
fn the_staircase_has_a_step_for_each_pair_of_winners() {
    let exchange = strongswan(0.1);
    let handshake = alike(&exchange, 1);
    let steps = handshake.staircase();
    close(steps.values().sum(), handshake.success());
    // Both at once; one of the two with the second transmission.
    close(steps[&80_000], exchange.answered() * exchange.answered());
    close(steps[&4_080_000], 2.0 * exchange.won_by(0) * exchange.won_by(1));
    let given: f64 =
        (0..6).map(|index| exchange.won_by(index) * exchange.starts_us[index] as f64).sum::<f64>()
            / exchange.success();
    close(handshake.latency_us().mean, 2.0 * (40_000.0 + given));
    let three = alike(&exchange, 2).latency_us();
    close(three.mean, 3.0 * (40_000.0 + given));
    close(three.variance, 1.5 * handshake.latency_us().variance);
    // Of exchanges that differ each has its own chances.
    let lossy = Exchange { loss_back: 0.5, ..exchange.clone() };
    let mixed = Handshake { init: exchange.clone(), rounds: 1, auth: lossy.clone() };
    close(mixed.success(), exchange.success() * lossy.success());
    close(mixed.staircase()[&80_000], exchange.answered() * lossy.answered());
}

#[test]
fn a_round_trip_beyond_the_first_timeouts_makes_transmissions_spurious() {
    // S = 0, 0.5, 1, 2, 4 s ...: an answer after 1.2 s comes when three were sent.
    let exchange = Exchange::new(&Schedule::LIBRESWAN, (0.0, 0.0), (600_000, 600_000));
    assert_eq!(exchange.sent_when_won_by(0), 3);
    close(exchange.spurious().mean, 2.0);
    assert_eq!(exchange.sent_when_won_by(7), 8);
    close(strongswan(0.2).spurious().mean, 0.0);
}

/// Follows the queue node by node.
#[test]
fn the_herd_is_answered_and_sends_as_a_queue_that_is_followed_step_by_step() {
    let starts = strongswan(0.0).starts_us;
    // With the second an answer comes when a timer rings.
    for service_us in [1_001, 1_000] {
        let (round_trip_us, back_us) = (40_000, 20_000);
        let herd = Herd { nodes: 9_000, service_us, round_trip_us, back_us };
        let sent = |place| starts.iter().filter(|at| **at <= herd.answered_us(place)).count();
        let followed: usize = (1..=herd.nodes).map(sent).sum();
        assert!(followed > 9_000);
        assert_eq!(herd.transmissions(&starts), followed as u64);
    }
}

#[test]
fn queues_and_bursts_are_what_textbooks_say() {
    // Half loaded, half a service time; at 90 % four and a half.
    let many = Sleepers { nodes: 10_000_000, service_us: 1_000 };
    for (per_s, wait_us) in [(500.0, 500.0), (900.0, 4_500.0)] {
        assert!((many.wait_us(per_s) - wait_us).abs() < 1e-4 * wait_us, "{}", many.wait_us(per_s));
    }
    assert!(many.wait_us(1_000.0).is_infinite());
    close(utilisation(500.0, 1_000), 0.5);
    let chain = GilbertElliott { to_bad: 0.01, to_good: 0.09, loss_good: 0.0, loss_bad: 1.0 };
    close(chain.mean_loss(1), 0.1);
    let half = GilbertElliott { loss_bad: 0.5, ..chain };
    close(half.mean_loss(3), 0.1 * 0.875);
    close(in_frames(0.1, 2), 0.19);
    assert_eq!((in_frames(0.1, 1), in_frames(0.0, 9)), (0.1, 0.0));
}

/// Of two, one waits for what is left of the other's time if it wakes within that: c - Z (1 - e^(-c / Z)) in the mean.
#[test]
fn few_sleepers_wait_less_since_those_that_wait_do_not_wake() {
    assert!(Sleepers { nodes: 1, service_us: 1_000 }.wait_us(400.0) < 1e-9);
    let (service_us, asleep_us) = (1_000.0_f64, 3_000.0_f64);
    let wait_us = service_us - asleep_us * (1.0 - (-service_us / asleep_us).exp());
    let per_s = 2e6 / (asleep_us + wait_us + service_us);
    let two = Sleepers { nodes: 2, service_us: 1_000 };
    assert!((two.wait_us(per_s) - wait_us).abs() < 1e-6, "{} {wait_us}", two.wait_us(per_s));
    // More nodes at the same rate wait longer, up to the textbook's half a service time.
    let waits = [10, 100, 1_000].map(|nodes| Sleepers { nodes, service_us: 1_000 }.wait_us(500.0));
    assert!(waits[0] < waits[1] && waits[1] < waits[2] && waits[2] < 500.0, "{waits:?}");
    assert!(waits[1] > 470.0, "{waits:?}");
}
