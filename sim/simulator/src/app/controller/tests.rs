//! What the server answers, as traces.

use super::*;
use crate::scenario::{GarageDoor, Ping, RoomSensor};
use core::time::Duration;
use rstest::rstest;
use std::fmt::Write as _;

const DOOR: Application = Application::GarageDoor(GarageDoor {
    travel: Duration::from_secs(3),
    status_every: Duration::from_secs(2),
    reply_timeout: Duration::from_secs(1),
    tries: 2,
});

const ROOM: Application = Application::RoomSensor(RoomSensor {
    reports: 1,
    poll: true,
    reply_timeout: Duration::from_secs(2),
    tries: 4,
});

fn node(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 64, 1, number], super::super::NODE_PORT))
}

fn at(s: u64) -> Instant {
    Instant::default() + Duration::from_secs(s)
}

/// A message at a second, from a node with its application.
type Message<'a> = (u64, u8, &'a Application, &'a str);

/// A line for each output: the second, the node, the text.
fn trace(messages: &[Message<'_>]) -> String {
    let mut controller = Controller::default();
    let mut trace = String::new();
    let mut note = |now: Instant, controller: &mut Controller| {
        while let Some((to, output)) = controller.poll_output() {
            let Output::Send { text, repeated } = output else { panic!("{output:?}") };
            let node = (0..=u8::MAX).find(|number| node(*number) == to).expect("a node");
            let how = if repeated { "repeats" } else { "tells" };
            let _ = writeln!(trace, "{} {how} {node}: {text}", now.micros() / 1_000_000);
        }
    };
    let inputs = messages.iter().map(|message| (at(message.0), Some(message)));
    for (now, message) in inputs.chain([(at(1_000_000), None)]) {
        while let Some(timeout) = controller.poll_timeout().filter(|timeout| *timeout <= now) {
            controller.handle_timeout(timeout);
            note(timeout, &mut controller);
        }
        if let Some((_, from, application, text)) = message {
            controller.handle_message(now, (node(*from), text), application);
            note(now, &mut controller);
        }
    }
    trace
}

#[test]
fn a_door_moves_once_however_often_it_is_told_to() {
    let messages = [(0, 1, &DOOR, "open 1"), (1, 1, &DOOR, "open 1")];
    let expected = "0 tells 1: ack 1\n1 repeats 1: ack 1\n2 tells 1: status 1 66%\n3 tells 1: done 1\n\
                    4 repeats 1: done 1\n";
    assert_eq!(trace(&messages), expected);
}

#[test]
fn doors_move_independently_and_another_press_moves_one_again() {
    let messages = [
        (0, 1, &DOOR, "open 1"),
        (1, 2, &DOOR, "open 5"),
        (3, 1, &DOOR, "bye 1"),
        (4, 2, &DOOR, "bye 4"),
        (5, 2, &DOOR, "bye 5"),
        (9, 1, &DOOR, "open 2"),
        (12, 1, &DOOR, "bye 2"),
    ];
    let expected = "0 tells 1: ack 1\n1 tells 2: ack 5\n2 tells 1: status 1 66%\n3 tells 1: done 1\n\
                    3 tells 2: status 5 66%\n4 tells 2: done 5\n5 repeats 2: done 5\n\
                    9 tells 1: ack 2\n11 tells 1: status 2 66%\n12 tells 1: done 2\n";
    assert_eq!(trace(&messages), expected);
}

#[test]
fn a_report_is_acknowledged_each_time_it_comes() {
    let messages = [
        (0, 1, &ROOM, "report 1 19.0"),
        (2, 1, &ROOM, "report 1 19.0"),
        (2, 2, &ROOM, "report 1 20.0"),
        (3, 1, &ROOM, "report 2 19.1"),
    ];
    let expected = "0 tells 1: ok 1\n2 repeats 1: ok 1\n2 tells 2: ok 1\n3 tells 1: ok 2\n";
    assert_eq!(trace(&messages), expected);
}

#[test]
fn a_poll_is_answered_with_a_version_that_changes_once_a_day() {
    let messages = [
        (0, 1, &ROOM, "config? 1"),
        (1, 1, &ROOM, "config? 1"),
        (86_399, 1, &ROOM, "config? 2"),
        (86_400, 1, &ROOM, "config? 3"),
    ];
    let expected = "0 tells 1: config 1 1\n1 repeats 1: config 1 1\n86399 tells 1: config 2 1\n\
                    86400 tells 1: config 3 2\n";
    assert_eq!(trace(&messages), expected);
}

#[rstest]
#[case(&ROOM, "report 1")]
#[case(&ROOM, "report one 19.0")]
#[case(&ROOM, "config? 1 2")]
#[case(&ROOM, "open 1")]
#[case(&ROOM, "")]
#[case(&DOOR, "open")]
#[case(&DOOR, "open -1")]
#[case(&DOOR, "bye 1")]
#[case(&DOOR, "report 1 19.0")]
fn what_makes_no_sense_to_an_application_has_no_answer(
    #[case] application: &Application,
    #[case] text: &str,
) {
    assert_eq!(trace(&[(0, 1, application, text)]), "");
}

#[test]
fn a_node_that_pings_has_nobody_to_talk_to() {
    let ping = Application::Ping(Ping {
        count: 1,
        interval: Duration::from_secs(1),
        payload: 0,
        timeout: Duration::from_secs(1),
        tries: 1,
    });
    assert_eq!(trace(&[(0, 1, &ping, "open 1"), (0, 1, &ping, "report 1 19.0")]), "");
}
