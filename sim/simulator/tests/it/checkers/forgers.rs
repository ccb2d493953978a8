//! Rules while somebody forges: what is injected breaks none, and who believes it is seen.

use super::support::{Seen, Watched, assert_found, door, door_with, with_message};
use ike_core::NotifyType;
use rstest::rstest;
use simulator::{Actor, Behaviours, Event, Faults, Observer, Place, What};

/// A forger that never rests.
fn forger(kind: &str, target: &str) -> String {
    format!("[[forger]]\nkind = \"{kind}\"\ntarget = \"{target}\"\nevery = \"7ms\"\n")
}

#[rstest]
fn a_forger_makes_nobody_break_a_rule(
    #[values("garbage", "forged-error", "forged-response", "replay")] kind: &str,
    #[values("nodes", "gateway")] target: &str,
    #[values(
        &[],
        &[("link.loss", "20%"), ("link.duplicate", "20%"), ("family", "ipv6")],
        &[("gateway.cookies", "always"), ("gateway.liveness", "2s"), ("node.door.close", "delete")],
        &[("node.door.profile", "rfc7815"), ("node.door.suite", "aes-gcm-p256")],
        &[("gateway.crashes", r#"["3s"]"#), ("gateway.half_open_timeout", "1s")],
    )]
    change: &[(&str, &str)],
) {
    let mut overrides =
        vec![("node.door.count", "2"), ("duration", "30s"), ("node.door.wakes.at", r#"["1s"]"#)];
    overrides.extend_from_slice(change);
    let scenario = door_with(&forger(kind, target), &overrides);
    let mut injected = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        if let Seen::Event(Event { what: What::Injected { .. }, .. }) = seen {
            injected += 1;
        }
        seen.show(checkers);
    });
    assert_eq!(violations, []);
    assert!(injected > 100, "{injected}");
}

/// Takes an error that nobody authenticated for the gateway's word.
struct Gullible;

impl ike_initiator::Behaviour for Gullible {
    fn believes(&mut self, _: NotifyType) -> bool {
        true
    }
}

#[test]
fn a_node_that_believes_a_forged_error_is_seen() {
    let scenario = door_with(&forger("forged-error", "nodes"), &[]);
    let behaviours = Behaviours { node: Box::new(|_| Box::new(Gullible)), ..Default::default() };
    let violations = Watched { behaviours, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "authentication", "failed came without a message that may cause it");
    assert!(violations.iter().all(|found| found.checker == "authentication"), "{violations:#?}");
}

#[test]
fn an_injected_datagram_that_is_not_told_of_is_seen() {
    let seldom = forger("garbage", "nodes").replace("7ms", "20s");
    let scenario = door_with(&seldom, &[]);
    let mut hidden = false;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::Event(Event { what: What::Injected { .. }, .. })
            if !std::mem::replace(&mut hidden, true) => {}
        other => other.show(checkers),
    });
    assert_found(&violations, "links", "injected datagram 0 back 1 is number 0 of its link");
    let account = violations.iter().any(|found| found.what.contains("its account says"));
    assert!(account, "{violations:#?}");
}

#[test]
fn a_datagram_that_is_told_of_and_was_not_injected_is_seen() {
    let scenario = door(&[]);
    let mut told = false;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        if let Seen::Event(event) = seen
            && !std::mem::replace(&mut told, true)
        {
            let place = Place { link: 0, direction: vnet::link::Direction::Back, index: 0 };
            let kind = simulator::scenario::Forgery::Garbage;
            let what = What::Injected { place, kind, packet: &[0; 20] };
            checkers.event(&Event { at: event.at, who: Actor::Forger, what });
        }
    });
    assert_found(&violations, "links", "its account says");
}

/// A line of a trace that puts a datagram on the far end of the way to the gateway.
fn injected(at_us: u64, packet: &[u8]) -> String {
    let packet: String = packet.iter().map(|octet| format!("{octet:02x}")).collect();
    format!(
        r#"{{"at_us":{at_us},"event":"injected","link":0,"direction":"towards","kind":"replay","packet":"{packet}"}}"#
    )
}

/// The gateway forgets a request while it still has an SA for another one of the same initiator: then it
/// may compute for the first one again.
#[test]
fn a_request_whose_sa_was_forgotten_may_be_computed_again() {
    let scenario = door(&[("node.door.wakes.at", r#"["5min"]"#), ("duration", "10min")]);
    let mut first = None;
    Watched::new(&scenario).doctored(&mut |seen, _| {
        if let Seen::Datagram(datagram) = seen {
            first.get_or_insert_with(|| datagram.octets.to_vec());
        }
    });
    let one = first.expect("an IKE_SA_INIT request");
    let other = with_message(&one, |message| {
        if let Some(last) = message.last_mut() {
            *last ^= 1;
        }
    });
    // 30 s is how long a half-open SA lasts.
    let lines = [injected(0, &one), injected(20_000_000, &other), injected(31_000_000, &one)];
    let faults = Faults::parse(&lines.join("\n"), scenario.nodes()).expect("lines of a trace");
    let mut half_open = 0;
    let watched = Watched { faults: Some(faults), ..Watched::new(&scenario) };
    let violations = watched.doctored(&mut |seen, checkers| {
        if let Seen::Event(event) = &seen
            && event.what.name() == "half_open"
        {
            half_open += 1;
        }
        seen.show(checkers);
    });
    // The node itself comes with the first request once more, in its wake.
    assert_eq!((half_open, violations.as_slice()), (4, &[][..]));
}
