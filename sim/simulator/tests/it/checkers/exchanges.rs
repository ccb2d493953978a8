//! Rules of the exchanges: retransmission, silence, authentication, Diffie-Hellman, half-open SAs.

use super::support::{Seen, Watched, assert_found, door, ike, with_message};
use ike_core::{ExchangeType, Instant, Operation};
use rstest::rstest;
use simulator::{Actor, Arrival, Behaviours, Checkers, Datagram, Event, Observer, What};
use std::time::Duration;

/// Every retransmission has another octet in its SA payload.
struct Changing;

impl ike_initiator::Behaviour for Changing {
    fn edit_request(&mut self, _: ExchangeType, transmission: u8, datagram: &mut [u8]) {
        datagram[40] ^= transmission;
    }
}

#[test]
fn a_retransmission_that_differs_is_seen() {
    let scenario = door(&[("link.loss", "100%")]);
    let behaviours = Behaviours { node: Box::new(|_| Box::new(Changing)), ..Default::default() };
    let violations = Watched { behaviours, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "retransmission", "transmission 2 of IKE_SA_INIT 0");
    assert!(violations.iter().all(|violation| violation.checker == "retransmission"));
}

#[rstest]
#[case::another_pace("rfc7296", "strongswan", "waited 1000000 us after transmission 1")]
#[case::fewer_tries(
    "rfc7296",
    r#"{ preset = "rfc7296", tries = 3 }"#,
    "was sent 4 times, the schedule has 3"
)]
#[case::more_tries(
    r#"{ preset = "rfc7296", tries = 3 }"#,
    "rfc7296",
    "was given up after 3 of 12 transmissions"
)]
#[case::jitter_beyond_its_bounds(
    r#"{ preset = "rfc7296", jitter = { shorten = "40%" } }"#,
    r#"{ preset = "rfc7296", jitter = { shorten = "1%" } }"#,
    "the schedule has 990000 to 1000000 us"
)]
fn a_schedule_that_is_not_the_groups_is_seen(
    #[case] kept: &str,
    #[case] configured: &str,
    #[case] what: &str,
) {
    let changed = |schedule| door(&[("link.loss", "100%"), ("node.door.retransmission", schedule)]);
    let (scenario, taken_for) = (changed(kept), changed(configured));
    let violations = Watched { taken_for: &taken_for, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "retransmission", what);
}

/// A node that may be busy may be late for that, and for nothing else.
#[rstest]
#[case("1s", "1.02s")]
#[case("1.02s", "1s")]
fn a_node_with_a_radio_keeps_to_its_schedule(#[case] kept: &str, #[case] configured: &str) {
    let changed = |first| {
        let schedule = format!("{{ first = \"{first}\" }}");
        let radio = ("node.door.radio", "nrf52840");
        door(&[("link.loss", "100%"), radio, ("node.door.retransmission", &schedule)])
    };
    let (scenario, taken_for) = (changed(kept), changed(configured));
    assert_eq!(Watched::new(&scenario).violations(), []);
    let violations = Watched { taken_for: &taken_for, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "retransmission", "the schedule has");
}

#[test]
fn timeouts_that_one_draw_does_not_explain_are_seen() {
    let scenario = door(&[("link.loss", "100%"), ("node.door.retransmission", "coap")]);
    let mut sent = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::Datagram(datagram) => {
            sent += 1;
            // Half a second later than it was, and so still within 8 to 12 s.
            let late = Duration::from_millis(if sent == 4 { 500 } else { 0 });
            checkers.datagram(&Datagram { at: datagram.at + late, ..*datagram });
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "retransmission", "not stretched as its earlier timeouts were");
}

#[test]
fn a_request_that_is_sent_after_its_response_was_accepted_is_seen() {
    let scenario = door(&[]);
    let mut first: Option<Vec<u8>> = None;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        let Seen::Datagram(datagram) = seen else { return };
        let request = first.get_or_insert_with(|| datagram.octets.to_vec());
        if datagram.who == Actor::Node(0) && datagram.place.index == 3 {
            checkers.datagram(&Datagram { octets: request, ..*datagram });
        }
    });
    assert_found(&violations, "retransmission", "IKE_SA_INIT 0 came after IKE_AUTH 1");
}

#[test]
fn a_request_that_is_sent_at_once_after_its_response_was_accepted_is_seen() {
    let scenario = door(&[]);
    let mut last: Vec<u8> = Vec::new();
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        match seen {
            Seen::Datagram(Datagram { who: Actor::Node(0), octets, .. }) => last = octets.to_vec(),
            Seen::Event(Event {
                at,
                what: What::Initiator(ike_initiator::Event::Established { .. }),
                ..
            }) => {
                let place = simulator::Place {
                    link: 0,
                    direction: vnet::link::Direction::Towards,
                    index: 2,
                };
                let outcome = vnet::link::Outcome::Dropped(vnet::link::DropReason::Loss);
                let fate = vnet::link::Fate { index: 2, outcome };
                let who = Actor::Node(0);
                checkers.datagram(&Datagram { at: *at, who, place, fate, octets: &last });
            }
            _ => {}
        }
    });
    assert_found(&violations, "retransmission", "IKE_AUTH 1 was sent again after its exchange");
}

#[test]
fn a_second_request_beside_an_outstanding_one_is_seen() {
    let scenario = door(&[]);
    let is_acceptance = |event: &Event<'_>| {
        let operation = match &event.what {
            What::Initiator(ike_initiator::Event::Operation(operation)) => operation,
            _ => return false,
        };
        matches!(operation, Operation::DiffieHellman(_))
    };
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::Event(event) if is_acceptance(event) => {}
        other => other.show(checkers),
    });
    assert_found(
        &violations,
        "retransmission",
        "IKE_AUTH 1 was sent while IKE_SA_INIT 0 was outstanding",
    );
}

#[test]
fn requests_of_the_gateway_are_watched_as_well() {
    // The node sleeps, so that its liveness checks are sent again.
    let scenario = door(&[("gateway.liveness", "10s"), ("duration", "5min")]);
    let mut requests = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::Datagram(datagram) if datagram.who == Actor::Gateway => {
            let request = ike(datagram.octets).filter(|(header, _)| !header.flags.is_response());
            requests += u32::from(request.is_some());
            if request.is_some() && requests == 3 {
                let octets = with_message(datagram.octets, |message| message[40] ^= 1);
                checkers.datagram(&Datagram { octets: &octets, ..*datagram });
            } else {
                checkers.datagram(datagram);
            }
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "retransmission", "is not what was sent before");
    let who = violations.iter().find(|violation| violation.checker == "retransmission");
    assert_eq!(who.map(|violation| violation.who), Some(Actor::Gateway));
}

#[rstest]
#[case::gateway(Actor::Gateway, "IKE_SA_INIT 0")]
#[case::node(Actor::Node(0), "INFORMATIONAL 0")]
fn a_response_that_nobody_asked_for_again_is_seen(#[case] who: Actor, #[case] what: &str) {
    let scenario = door(&[("gateway.liveness", "2s")]);
    let mut done = false;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        let Seen::Datagram(datagram) = seen else { return };
        let response = ike(datagram.octets).filter(|(header, _)| header.flags.is_response());
        if datagram.who == who && response.is_some() && !std::mem::replace(&mut done, true) {
            checkers.datagram(datagram);
        }
    });
    assert_found(&violations, "silence", &format!("a response to {what}"));
}

/// Shows arrivals at one end with another last octet: the ICV does not verify then.
fn spoilt(who: Actor, seen: Seen<'_>, checkers: &mut Checkers) {
    match seen {
        Seen::Arrival(arrival) if arrival.who == who && ike(arrival.octets).is_some() => {
            let octets = with_message(arrival.octets, |message| {
                if let Some(last) = message.last_mut() {
                    *last ^= 1;
                }
            });
            checkers.arrival(&Arrival { octets: &octets, ..*arrival });
        }
        other => other.show(checkers),
    }
}

#[rstest]
#[case::established(&[], "established came without")]
#[case::refused(&[("node.door.gateway_psk", "quite another shared secret")], "failed came without")]
#[case::answered(&[("gateway.liveness", "2s")], "established came without")]
fn a_node_that_is_moved_by_an_unauthenticated_message_is_seen(
    #[case] change: &[(&str, &str)],
    #[case] what: &str,
) {
    let scenario = door(change);
    let violations = Watched::new(&scenario)
        .doctored(&mut |seen, checkers| spoilt(Actor::Node(0), seen, checkers));
    assert_found(&violations, "authentication", what);
}

#[test]
fn a_gateway_that_is_moved_by_an_unauthenticated_message_is_seen() {
    let scenario = door(&[("node.door.close", "delete")]);
    let violations = Watched::new(&scenario)
        .doctored(&mut |seen, checkers| spoilt(Actor::Gateway, seen, checkers));
    assert_found(&violations, "authentication", "established of SA");
    let deleted = |what: &str| what.contains("closed of SA") && what.contains("verifies");
    assert!(violations.iter().any(|violation| deleted(&violation.what)), "{violations:#?}");
}

#[test]
fn a_cookie_that_is_answered_against_the_profile_is_seen() {
    let scenario = door(&[("gateway.cookies", "always")]);
    let taken_for = door(&[("gateway.cookies", "always"), ("node.door.profile", "rfc7815")]);
    let violations = Watched { taken_for: &taken_for, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "authentication", "cookie_requested came without");
}

#[test]
fn an_initial_contact_of_nobody_is_seen() {
    let scenario = door(&[]);
    let mut established = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        if let Seen::Event(Event { what: What::Responder(event), .. }) = &seen
            && matches!(event, ike_responder::Event::Established { .. })
        {
            established += 1;
            if established == 2 {
                return;
            }
        }
        seen.show(checkers);
    });
    assert_found(&violations, "authentication", "1 SAs were closed at 60.");
}

#[test]
fn a_second_diffie_hellman_for_one_request_is_seen() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        if let Seen::Event(Event { what: What::Responder(event), .. }) = &seen
            && let ike_responder::Event::Operation { operation, .. } = event
            && matches!(operation, Operation::DiffieHellman(_))
        {
            seen.show(checkers);
        }
    });
    assert_found(
        &violations,
        "one Diffie-Hellman",
        "2 Diffie-Hellman operations for 1 different IKE_SA_INIT requests",
    );
}

#[rstest]
#[case::begins_twice("half_open", 2, "became half-open and was half-open already")]
#[case::never_begins("half_open", 0, "ended and never was half-open")]
#[case::is_established_twice("established", 2, "was established twice")]
fn a_half_open_sa_has_one_begin_and_one_end(
    #[case] name: &str,
    #[case] times: usize,
    #[case] what: &str,
) {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        let doctored = match &seen {
            Seen::Event(event) => {
                matches!(event.what, What::Responder(_)) && event.what.name() == name
            }
            _ => false,
        };
        for _ in 0..if doctored { times } else { 1 } {
            seen.show(checkers);
        }
    });
    assert_found(&violations, "half-open", what);
}

#[test]
fn half_open_sas_over_time_are_the_sum_of_their_durations() {
    let scenario = door(&[]);
    let mut open = None;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        // The SA began once more, a millisecond after it did.
        if let Seen::Event(event) = &seen
            && event.what.name() == "half_open"
            && open.replace(event.at).is_none()
        {
            let at = Instant::from_micros(event.at.micros() + 1_000);
            checkers.event(&Event { at, ..(*event).clone() });
        }
    });
    let sums = violations.iter().find(|violation| violation.what.contains("add up to"));
    assert!(sums.is_some_and(|sums| sums.checker == "half-open"), "{violations:#?}");
}
