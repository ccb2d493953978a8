//! What nodes say, as traces: a line for each output, and what made it.

use super::{App, Output};
use crate::scenario::{Application, GarageDoor, Ping, RoomSensor};
use core::time::Duration;
use ike_core::Instant;
use std::fmt::Write as _;

/// What reaches an application from outside.
enum Input<'a> {
    Start,
    Stop,
    Message(&'a str),
    Echo(u16),
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn line(trace: &mut String, now: Instant, app: &mut App) {
    while let Some(output) = app.poll_output() {
        let _ = write!(trace, "{} ms: ", now.micros() / 1_000);
        let _ = match output {
            Output::Send { text, repeated: false } => writeln!(trace, "send {text}"),
            Output::Send { text, repeated: true } => writeln!(trace, "repeat {text}"),
            Output::Ping { sequence, repeated: false, .. } => writeln!(trace, "ping {sequence}"),
            Output::Ping { sequence, repeated: true, .. } => {
                writeln!(trace, "ping {sequence} again")
            }
            Output::Completed => writeln!(trace, "completed"),
            Output::Failed(reason) => writeln!(trace, "failed: {reason}"),
        };
    }
}

/// The trace of the fourth wake of node 7, with these inputs at these milliseconds and all timeouts between, up to a
/// minute.
fn trace(application: &Application, inputs: &[(u64, Input<'_>)]) -> String {
    let mut app = App::new(application, 7, 3);
    let mut trace = String::new();
    let end = Instant::default() + ms(60_000);
    let times = inputs.iter().map(|(at, input)| (Instant::default() + ms(*at), Some(input)));
    for (at, input) in times.chain([(end, None)]) {
        while let Some(timeout) = app.poll_timeout().filter(|timeout| *timeout <= at) {
            app.handle_timeout(timeout);
            line(&mut trace, timeout, &mut app);
        }
        match input {
            Some(Input::Start) => app.start(at),
            Some(Input::Stop) => app.stop(),
            Some(Input::Message(text)) => app.handle_message(at, text),
            Some(Input::Echo(sequence)) => app.handle_echo(at, *sequence),
            None => {}
        }
        line(&mut trace, at, &mut app);
    }
    trace
}

const SENSOR: RoomSensor =
    RoomSensor { reports: 1, poll: false, reply_timeout: ms(2_000), tries: 3 };

fn sensor(config: RoomSensor, inputs: &[(u64, Input<'_>)]) -> String {
    trace(&Application::RoomSensor(config), inputs)
}

#[test]
fn a_sensor_reports_and_is_done() {
    let trace = sensor(SENSOR, &[(0, Input::Start), (40, Input::Message("ok 4"))]);
    assert_eq!(trace, "0 ms: send report 4 19.0\n40 ms: completed\n");
}

#[test]
fn a_sensor_that_polls_is_done_when_it_has_its_configuration() {
    let config = RoomSensor { poll: true, ..SENSOR };
    let inputs = [
        (0, Input::Start),
        (40, Input::Message("ok 4")),
        (80, Input::Message("config 4 1")),
        // A late duplicate changes nothing.
        (90, Input::Message("config 4 1")),
    ];
    let expected = "0 ms: send report 4 19.0\n40 ms: send config? 4\n80 ms: completed\n";
    assert_eq!(sensor(config, &inputs), expected);
}

#[test]
fn reports_count_on_from_wake_to_wake_and_go_one_by_one() {
    let config = RoomSensor { reports: 2, poll: true, ..SENSOR };
    let inputs = [
        (0, Input::Start),
        (40, Input::Message("ok 7")),
        (80, Input::Message("ok 8")),
        (120, Input::Message("config 4 2")),
    ];
    let expected = "0 ms: send report 7 19.3\n40 ms: send report 8 19.4\n80 ms: send config? 4\n\
                    120 ms: completed\n";
    assert_eq!(sensor(config, &inputs), expected);
}

#[test]
fn an_unanswered_message_is_repeated_and_then_given_up() {
    let expected = "0 ms: send report 4 19.0\n2000 ms: repeat report 4 19.0\n\
                    4000 ms: repeat report 4 19.0\n6000 ms: failed: a message was never answered\n";
    assert_eq!(sensor(SENSOR, &[(0, Input::Start)]), expected);
}

#[test]
fn each_message_has_its_own_tries() {
    let config = RoomSensor { poll: true, tries: 2, ..SENSOR };
    let inputs = [(0, Input::Start), (3_000, Input::Message("ok 4"))];
    let expected = "0 ms: send report 4 19.0\n2000 ms: repeat report 4 19.0\n3000 ms: send config? 4\n\
                    5000 ms: repeat config? 4\n7000 ms: failed: a message was never answered\n";
    assert_eq!(sensor(config, &inputs), expected);
}

#[test]
fn what_answers_something_else_is_ignored() {
    let config = RoomSensor { tries: 1, ..SENSOR };
    let texts = ["ok 3", "ok", "ok four", "config 4 1", "report 4 19.0", "", "OK 4", "ok  4"];
    let mut inputs = vec![(0, Input::Start)];
    inputs.extend(texts.map(|text| (10, Input::Message(text))));
    let expected = "0 ms: send report 4 19.0\n2000 ms: failed: a message was never answered\n";
    assert_eq!(sensor(config, &inputs), expected);
}

#[test]
fn another_child_sa_goes_on_where_the_last_one_ended() {
    let config = RoomSensor { reports: 2, ..SENSOR };
    let inputs = [
        (0, Input::Start),
        (40, Input::Message("ok 7")),
        (50, Input::Stop),
        // Without an SA nothing counts, and no timeout passes.
        (60, Input::Message("ok 8")),
        (20_000, Input::Start),
        (20_040, Input::Message("ok 8")),
        (20_050, Input::Stop),
        (30_000, Input::Start),
    ];
    let expected = "0 ms: send report 7 19.3\n40 ms: send report 8 19.4\n\
                    20000 ms: repeat report 8 19.4\n20040 ms: completed\n";
    assert_eq!(sensor(config, &inputs), expected);
}

const PING: Ping = Ping { count: 2, interval: ms(1_000), payload: 8, timeout: ms(1_500), tries: 1 };

fn ping(config: Ping, inputs: &[(u64, Input<'_>)]) -> String {
    trace(&Application::Ping(config), inputs)
}

#[test]
fn a_ping_of_one_try_is_not_repeated() {
    let inputs = [(0, Input::Start), (1_040, Input::Echo(2))];
    let expected = "0 ms: ping 1\n1000 ms: ping 2\n1500 ms: failed: an echo request was not answered in time\n";
    assert_eq!(ping(PING, &inputs), expected);
}

#[test]
fn an_unanswered_ping_is_repeated_under_its_number() {
    let config = Ping { tries: 3, ..PING };
    let inputs = [(0, Input::Start), (1_040, Input::Echo(2)), (1_540, Input::Echo(1))];
    let expected = "0 ms: ping 1\n1000 ms: ping 2\n1500 ms: ping 1 again\n1540 ms: completed\n";
    assert_eq!(ping(config, &inputs), expected);

    let expected = "0 ms: ping 1\n1000 ms: ping 2\n1500 ms: ping 1 again\n2500 ms: ping 2 again\n\
                    3000 ms: ping 1 again\n4000 ms: ping 2 again\n\
                    5500 ms: failed: an echo request was not answered in time\n";
    assert_eq!(ping(config, &[(0, Input::Start)]), expected);
}

#[test]
fn a_second_reply_to_a_repeated_ping_does_not_count_twice() {
    let config = Ping { tries: 2, ..PING };
    let inputs = [
        (0, Input::Start),
        (1_540, Input::Echo(1)),
        (1_550, Input::Echo(1)),
        (3_000, Input::Echo(1)),
    ];
    let expected = "0 ms: ping 1\n1000 ms: ping 2\n1500 ms: ping 1 again\n2500 ms: ping 2 again\n\
                    4000 ms: failed: an echo request was not answered in time\n";
    assert_eq!(ping(config, &inputs), expected);
}

#[test]
fn a_door_opener_waits_for_done_and_acknowledges_it_as_often_as_it_comes() {
    let config =
        GarageDoor { travel: ms(2_000), status_every: ms(1_000), reply_timeout: ms(500), tries: 3 };
    let inputs = [
        (0, Input::Start),
        (540, Input::Message("ack 4")),
        (1_540, Input::Message("status 4 50%")),
        (2_540, Input::Message("done 4")),
        (3_040, Input::Message("done 4")),
    ];
    let expected = "0 ms: send open 4\n500 ms: repeat open 4\n2540 ms: send bye 4\n2540 ms: completed\n\
                    3040 ms: repeat bye 4\n";
    assert_eq!(trace(&Application::GarageDoor(config), &inputs), expected);
}
