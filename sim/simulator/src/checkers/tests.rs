//! What the checkers hold on to: nothing of what is over.

use super::*;
use crate::world::World;
use crate::{NodeState, What};

const DOOR: &str = include_str!("../../../../scenarios/garage-door.toml");

fn door(overrides: &[(&str, &str)]) -> Scenario {
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Scenario::parse("garage-door.toml", DOOR, &overrides).expect("a scenario")
}

/// One checker as an observer.
struct One<C> {
    check: C,
    now: Instant,
    findings: Findings,
}

impl<C: Check> Observer for One<C> {
    fn event(&mut self, event: &Event<'_>) {
        self.now = event.at;
        self.check.event(event, &mut self.findings);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        self.check.sent(&Packet::sent(datagram), &mut self.findings);
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.check.left_link(&Packet::arrived(arrival), &mut self.findings);
        self.check.arrived(&Packet::arrived(arrival), &mut self.findings);
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.check.ike_keys(self.now, keys, &mut self.findings);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        self.check.esp_keys(self.now, keys, &mut self.findings);
    }
}

/// The checker after many wakes over a bad link, when nobody has an SA any more.
fn after_many_wakes<C: Check>(check: C, scenario: &Scenario) -> C {
    let mut one = One { check, now: Instant::default(), findings: Findings::default() };
    let mut world = World::new(scenario, 3, &mut one);
    world.step_until(Instant::default() + scenario.duration);
    let standing = world.standing();
    assert!(world.node_states().all(|state| state == NodeState::Asleep));
    assert_eq!(standing.gateway_sas, (0, 0));
    drop(world);
    // The next event lets those go that closed with the last one.
    one.event(&Event { at: standing.at, who: Actor::Gateway, what: What::ApplicationCompleted });
    one.check.end(&standing, &mut one.findings);
    assert!(one.findings.0.is_empty(), "{:?}", one.findings.0);
    one.check
}

fn many_wakes() -> Scenario {
    door(&[
        ("duration", "90min"),
        ("link.loss", "25%"),
        ("gateway.liveness", "20s"),
        ("node.door.count", "4"),
        ("node.door.restart", "{ attempts = 2 }"),
        ("node.door.wakes.at", r#"["1s", "10min", "20min", "30min", "40min"]"#),
    ])
}

#[test]
fn nothing_is_held_of_what_is_over() {
    let scenario = many_wakes();
    let requests = after_many_wakes(
        retransmission::Retransmission::new(&scenario, Placement::Inside),
        &scenario,
    )
    .held();
    let keys = after_many_wakes(same_keys::SameKeys::default(), &scenario).held();
    let used = after_many_wakes(reuse::Reuse::default(), &scenario).held();
    let proofs = after_many_wakes(authentication::Authentication::new(&scenario), &scenario).held();
    let half_open = after_many_wakes(half_open::HalfOpen::default(), &scenario).held();
    let links = after_many_wakes(links::Links::new(&scenario), &scenario).held();
    let ends = after_many_wakes(end::End::new(&scenario), &scenario).held();
    assert_eq!([requests, keys, used, proofs, half_open, links, ends], [0; 7]);
}

/// More initiators than are told apart wait for the gateway's processor at one time.
#[test]
fn a_herd_that_waits_for_its_diffie_hellman_breaks_no_rule() {
    let scenario = door(&[
        ("crypto", "modelled"),
        ("duration", "1500ms"),
        ("gateway.service_time", "1us"),
        ("link.jitter", "0ms"),
        ("node.door.count", "17000"),
        ("node.door.wakes", r#"{ at = ["1s"] }"#),
    ]);
    let check = diffie_hellman::OneDiffieHellman::default();
    let mut one = One { check, now: Instant::default(), findings: Findings::default() };
    let mut world = World::new(&scenario, 3, &mut one);
    world.step_until(world.end());
    assert_eq!(world.gateway_sas(), (0, 17_000));
    drop(world);
    assert!(one.findings.0.is_empty(), "{:?}", one.findings.0.first());
}

/// A request without a cookie, and one with it, wait for the gateway's processor: it forgets the SA of the first before it serves
/// the second.
#[test]
fn a_request_that_waits_longer_than_the_sa_of_another_breaks_no_rule() {
    let scenario = door(&[
        ("crypto", "modelled"),
        ("duration", "2min"),
        ("gateway.service_time", "2s"),
        ("gateway.half_open_timeout", "1s"),
        ("gateway.cookies", "{ above = 4 }"),
        ("link.jitter", "3s"),
        ("node.door.count", "8"),
        ("node.door.wakes", r#"{ at = ["1s"] }"#),
        ("node.door.retransmission", "openiked"),
    ]);
    for seed in [2, 4, 6] {
        let check = diffie_hellman::OneDiffieHellman::default();
        let mut one = One { check, now: Instant::default(), findings: Findings::default() };
        let mut world = World::new(&scenario, seed, &mut one);
        world.step_until(world.end());
        drop(world);
        assert!(one.findings.0.is_empty(), "seed {seed}: {:?}", one.findings.0.first());
    }
}

#[test]
fn what_is_remembered_for_ever_is_eight_hashes_for_each_attempt() {
    let scenario = many_wakes();
    let reuse = after_many_wakes(reuse::Reuse::default(), &scenario);
    // Each of the 20 wakes has its SAs, at the first attempt.
    assert_eq!(reuse.remembered(), 20 * 8);
}

#[test]
fn requests_that_nobody_answers_are_the_only_ones_that_silence_holds() {
    let scenario = door(&[("gateway.suites", r#"["aes-ccm8-p256"]"#), ("duration", "20min")]);
    let answered = after_many_wakes(silence::Silence::default(), &scenario);
    assert_eq!(answered.held(), 0);
    let dropped = after_many_wakes(silence::Silence::default(), &many_wakes());
    assert!((1..60).contains(&dropped.held()), "{}", dropped.held());
}

#[test]
fn a_hash_tells_where_its_parts_end() {
    assert_eq!(hash_of(&[b"ab", b"c"]), hash_of(&[b"ab", b"c"]));
    assert_ne!(hash_of(&[b"ab", b"c"]), hash_of(&[b"a", b"bc"]));
    assert_ne!(hash_of(&[b"ab"]), hash_of(&[b"ab", b""]));
}
