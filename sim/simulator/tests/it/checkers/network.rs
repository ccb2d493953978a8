//! Rules of links and of sleep.

use super::support::{Seen, Watched, assert_found, door};
use rstest::rstest;
use simulator::{Actor, Arrival, Datagram, Event, Observer, What};

#[rstest]
#[case::too_soon("30ms", "0s", "allows 30000 to 30000 us")]
#[case::too_late("20ms", "0s", "allows 20000 to 20000 us")]
fn a_datagram_that_its_link_does_not_explain_is_seen(
    #[case] delay: &str,
    #[case] jitter: &str,
    #[case] what: &str,
) {
    let scenario = door(&[]);
    let taken_for = door(&[("link.delay", delay), ("link.jitter", jitter)]);
    let violations = Watched { taken_for: &taken_for, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "links", what);
}

/// What the links of the run are like, and what the checkers take them for.
#[rstest]
#[case::faster([("link.bandwidth", "40kbit/s"), ("link.queue", "16")], [("link.bandwidth", "20kbit/s"), ("link.queue", "16")])]
#[case::slower([("link.bandwidth", "20kbit/s"), ("link.queue", "16")], [("link.bandwidth", "40kbit/s"), ("link.queue", "16")])]
#[case::at_once([("link.queue", "16"), ("link.delay", "20ms")], [("link.bandwidth", "20kbit/s"), ("link.queue", "16")])]
fn a_datagram_that_its_bandwidth_does_not_explain_is_seen(
    #[case] are: [(&str, &str); 2],
    #[case] taken_for: [(&str, &str); 2],
) {
    let (scenario, taken_for) = (door(&are), door(&taken_for));
    assert_eq!(Watched::new(&scenario).violations(), []);
    let violations = Watched { taken_for: &taken_for, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "links", "us on a link that allows");
}

/// A fast ping over a slow link: in one run the queue is full, and the checkers know more room, or none to be full.
#[rstest]
#[case::nobody_waits("0", "bandwidth", "2kbit/s", "1", "0 datagrams with 0 octets waited")]
#[case::more_may_wait("1", "bandwidth", "2kbit/s", "2", "1 datagrams with ")]
#[case::octets("{ octets = 130 }", "bandwidth", "2kbit/s", "{ octets = 1300 }", " octets waited")]
#[case::idle("0", "bandwidth", "200Mbit/s", "0", "nothing was being sent")]
#[case::no_queue_at_all("0", "delay", "20ms", "0", "its link has none")]
fn a_queue_that_drops_what_it_has_room_for_is_seen(
    #[case] queue: &str,
    #[case] key: &str,
    #[case] value: &str,
    #[case] room: &str,
    #[case] what: &str,
) {
    let ping = r#"{ kind = "ping", count = 9, interval = "100ms" }"#;
    let ping = ("node.door.application", ping);
    let scenario = door(&[ping, ("link.bandwidth", "2kbit/s"), ("link.queue", queue)]);
    assert_eq!(Watched::new(&scenario).violations(), []);
    let taken_for = door(&[ping, (&format!("link.{key}"), value), ("link.queue", room)]);
    let violations = Watched { taken_for: &taken_for, ..Watched::new(&scenario) }.violations();
    let found = violations.iter().find(|found| found.what.contains("dropped by a queue with room"));
    let found = found.unwrap_or_else(|| panic!("{violations:#?}"));
    assert!(found.checker == "links" && found.what.contains(what), "{}", found.what);
}

#[rstest]
#[case::twice(2, "arrived and was not on its way")]
#[case::never(0, "never came")]
fn each_datagram_arrives_once(#[case] times: usize, #[case] what: &str) {
    let scenario = door(&[]);
    let mut arrivals = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        let arrived = matches!(seen, Seen::Arrival(_));
        arrivals += u32::from(arrived);
        for _ in 0..if arrived && arrivals == 2 { times } else { 1 } {
            seen.show(checkers);
        }
    });
    assert_found(&violations, "links", what);
    // The account of the world is not what the checkers counted, either.
    let unbalanced = violations.iter().any(|found| found.what.contains("its account says"));
    assert_eq!(unbalanced, times == 0);
}

#[test]
fn a_datagram_that_changes_on_its_way_is_seen() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::Arrival(arrival) => {
            let mut octets = arrival.octets.to_vec();
            octets[8] ^= 1;
            checkers.arrival(&Arrival { octets: &octets, ..*arrival });
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "links", "datagram 0 towards 0 is not what was sent");
}

#[test]
fn a_datagram_that_was_never_sent_is_seen() {
    let scenario = door(&[]);
    let mut sent = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        sent += u32::from(matches!(seen, Seen::Datagram(_)));
        if matches!(seen, Seen::Datagram(_)) && sent == 1 {
            return;
        }
        seen.show(checkers);
    });
    assert_found(&violations, "links", "datagram 0 towards 0 arrived and was not on its way");
}

#[test]
fn a_loss_that_the_link_did_not_decide_is_seen() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        if let Seen::Event(Event { at, who, what: What::Sent { place, .. } }) = seen {
            let reason = vnet::link::DropReason::Loss;
            checkers.event(&Event {
                at: *at,
                who: *who,
                what: What::Lost { place: *place, reason },
            });
        }
    });
    assert_found(&violations, "links", "datagram 0 towards 0 was lost though its link took it");
}

#[test]
fn a_node_that_sends_in_its_sleep_is_seen() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        if let Seen::Event(event) = seen
            && event.what.name() == "established"
            && event.who == Actor::Node(0)
        {
            checkers.event(&Event { at: event.at, who: event.who, what: What::Slept });
        }
    });
    assert_found(&violations, "sleep", "happened to a sleeping node");
    let sends = violations.iter().any(|found| found.what.contains("a sleeping node sent"));
    assert!(sends, "{violations:#?}");
    // Its SAs are still there: that is not how one falls asleep.
    assert_found(&violations, "end", "fell asleep with an IKE SA that was not closed");
}

#[test]
fn a_node_that_receives_in_its_sleep_is_seen() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        // Without the news that it woke it sleeps.
        Seen::Event(Event { what: What::Woke { .. }, .. }) => {}
        other => other.show(checkers),
    });
    assert_found(&violations, "sleep", "attempt happened to a sleeping node");
    let found = |name: &str| violations.iter().any(|found| found.what.starts_with(name));
    assert!(found("established happened to a sleeping node"), "{violations:#?}");
}

#[test]
fn what_arrives_at_a_sleeping_node_is_not_received() {
    // The gateway checks whether it lives, for as long as its patience lasts.
    let scenario = door(&[("gateway.liveness", "5s"), ("duration", "20min")]);
    let mut asleep_arrivals = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        if let Seen::Datagram(Datagram { who: Actor::Gateway, .. }) = seen {
            asleep_arrivals += 1;
        }
        seen.show(checkers);
    });
    assert!(asleep_arrivals > 40);
    assert_eq!(violations, []);
}
