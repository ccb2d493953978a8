//! The gateway deletes the Child SA and keeps the IKE SA: no scenario has one that does, so a behaviour of its own.

use crate::support::door;
use ike_core::payload::Delete;
use ike_core::{ExchangeType, ProtocolId};
use ike_responder::{MessageContext, OutPayload};
use serde_json::Value;
use simulator::{Behaviours, Keep, Recording, World};

/// Its first request deletes the Child SA whose inbound SPI at the gateway this is (RFC 7296 1.4.1).
struct DeletesChild(Option<u32>);

impl ike_responder::Behaviour for DeletesChild {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        if context.exchange == ExchangeType::INFORMATIONAL
            && !context.response
            && let Some(spi) = self.0.take()
        {
            let spis = &spi.to_be_bytes();
            payloads.push(OutPayload::of(&Delete { protocol: ProtocolId::ESP, spi_size: 4, spis }));
        }
    }
}

/// What happens to a node that pings while the gateway asks whether it lives, over a link whose round trip takes longer
/// than from one echo request to the next.
fn events(deletes: Option<u32>) -> Vec<Value> {
    let scenario = door(&[
        ("link.delay", "800ms"),
        ("gateway.requests", r#"[{ kind = "liveness", after = "6s" }]"#),
        ("node.door.wakes.at", r#"["1s"]"#),
        ("node.door.application", r#"{ kind = "ping", count = 20, interval = "500ms" }"#),
        ("node.door.close", "delete"),
        ("node.door.retransmission.first", "4s"),
        ("node.door.restart", r#"{ attempts = 2, hold_off = "3s" }"#),
    ]);
    let mut recording = Recording::new(&scenario, None, Keep::default());
    let gateway = Box::new(DeletesChild(deletes));
    let behaviours = Behaviours { gateway, ..Behaviours::default() };
    let mut world = World::with_behaviours(&scenario, 1, &mut recording, behaviours);
    world.step_until(world.end());
    let standing = world.standing();
    drop(world);
    let outcome = recording.outcome(&scenario, ("door", 1), &standing).expect("a capture");
    assert_eq!(outcome.report.violations, []);
    let lines = outcome.trace.lines().map(|line| serde_json::from_str(line).expect("an event"));
    lines.filter(|event: &Value| event["who"] == "door-0").collect()
}

fn first(events: &[Value], name: &str) -> usize {
    let found = events.iter().position(|event| event["event"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_node_whose_child_sa_is_deleted_sends_no_esp_while_it_deletes_the_ike_sa() {
    let honest = events(None);
    let spi = honest[first(&honest, "esp_sent")]["spi"].as_str().expect("digits").to_owned();
    let spi = u32::from_str_radix(&spi, 16).expect("an SPI");
    let events = events(Some(spi));

    let deleted = first(&events, "child_closed");
    let between = &events[deleted..deleted + first(&events[deleted..], "closed")];
    let names = |name: &str| between.iter().filter(|event| event["event"] == name).count();
    let at = |event: &Value| event["at_us"].as_u64().expect("a time");
    let until = at(&events[deleted + between.len()]);
    assert!(until - at(&events[deleted]) >= 1_600_000, "the Delete and its answer");
    assert_eq!((names("esp_sent"), names("application_sent")), (0, 0), "{between:#?}");
    // What the server has answered meanwhile has nobody to open it.
    assert!(names("esp_received") == 0 && names("packet_dropped") > 0, "{between:#?}");
    // With its Child SA the node would have gone on.
    let from = at(&events[deleted]);
    let pings = honest
        .iter()
        .filter(|event| event["event"] == "esp_sent" && (from..until).contains(&at(event)));
    assert!(pings.count() > 0);

    // Then the restart policy applies: another IKE SA, over which the node begins anew.
    let again = &events[deleted + between.len()..];
    assert!(first(again, "established") < first(again, "esp_sent"));
    assert_ne!(again[first(again, "esp_sent")]["spi"], honest[first(&honest, "esp_sent")]["spi"]);
    assert_eq!(again.iter().filter(|event| event["event"] == "application_completed").count(), 1);
}
