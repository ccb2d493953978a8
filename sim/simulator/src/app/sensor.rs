//! The room sensor: it reports a temperature, perhaps asks for its configuration, and is done.
//!
//! Messages are short texts with a number: `report 1 20.7` tells, `ok 1` acknowledges, `config? 1` asks,
//! `config 1 3` answers with the version of the configuration.

use super::Output;
use crate::scenario::RoomSensor;
use core::fmt;
use ike_core::Instant;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not connected.
    Idle,
    /// A message waits for its answer.
    Waiting { sent: u8, until: Instant },
    /// All was answered, or it gave up.
    Over,
}

/// One wake of a sensor.
#[derive(Clone, Debug)]
pub(crate) struct Sensor {
    config: RoomSensor,
    number: u32,
    wake: u32,
    /// Messages that were answered in this wake.
    answered: u8,
    /// Whether the message that is next was sent before.
    repeated: bool,
    state: State,
    outputs: VecDeque<Output>,
}

impl Sensor {
    pub(super) fn new(config: RoomSensor, number: u32, wake: u32) -> Self {
        let (state, outputs) = (State::Idle, VecDeque::new());
        Self { config, number, wake, answered: 0, repeated: false, state, outputs }
    }

    pub(super) fn start(&mut self, now: Instant) {
        if self.state != State::Over {
            self.send(now, 0);
        }
    }

    /// What was answered stays so: another SA goes on where this one ended.
    pub(super) fn stop(&mut self) {
        if self.state != State::Over {
            self.state = State::Idle;
        }
    }

    /// The number of the report under way: they count on from wake to wake.
    fn report(&self) -> u32 {
        let before = self.wake.saturating_mul(self.config.reports.into());
        before.saturating_add(self.answered.into()).saturating_add(1)
    }

    fn polls(&self) -> bool {
        self.answered >= self.config.reports
    }

    fn send(&mut self, now: Instant, sent: u8) {
        let text = if self.polls() {
            format!("config? {}", self.wake.saturating_add(1))
        } else {
            let report = self.report();
            format!("report {report} {}", Temperature::of(self.number, report - 1))
        };
        self.outputs.push_back(Output::Send { text, repeated: self.repeated });
        self.repeated = true;
        self.state = State::Waiting { sent: sent + 1, until: now + self.config.reply_timeout };
    }

    pub(super) fn handle_message(&mut self, now: Instant, text: &str) {
        let mut words = text.split(' ');
        let (Some(kind), Some(Ok(number))) = (words.next(), words.next().map(str::parse)) else {
            return;
        };
        let expected = if self.polls() {
            ("config", self.wake.saturating_add(1))
        } else {
            ("ok", self.report())
        };
        if matches!(self.state, State::Waiting { .. }) && (kind, number) == expected {
            self.answer(now);
        }
    }

    fn answer(&mut self, now: Instant) {
        let last = self.polls() || !self.config.poll && self.answered + 1 == self.config.reports;
        if last {
            self.state = State::Over;
            self.outputs.push_back(Output::Completed);
        } else {
            self.answered += 1;
            self.repeated = false;
            self.send(now, 0);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Waiting { sent, until } if until <= now => {
                if sent < self.config.tries {
                    self.send(now, sent);
                } else {
                    self.state = State::Over;
                    self.outputs.push_back(Output::Failed("a message was never answered"));
                }
            }
            _ => {}
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until, .. } => Some(until),
            State::Idle | State::Over => None,
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}

/// A temperature, in tenths of a degree Celsius.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Temperature(u32);

/// Measurements of a day: one each quarter of an hour.
const DAY: u32 = 96;

impl Temperature {
    /// What the sensor of a node measures: up and down by as much each time, once a day, from 18 to 22 degrees Celsius
    /// at night, by the node, to 4.8 degrees more.
    fn of(node: u32, measurement: u32) -> Self {
        let part = measurement % DAY;
        Self(180 + node % 41 + part.min(DAY - part))
    }
}

impl fmt::Display for Temperature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temperature_goes_up_and_down_once_a_day_and_differs_by_node() {
        let day: Vec<u32> = (0..=DAY).map(|part| Temperature::of(0, part).0).collect();
        assert_eq!((day[0], day[48], day[96]), (180, 228, 180));
        assert!(day[..=48].is_sorted() && day[48..].is_sorted_by(|one, next| one >= next));
        assert_eq!(Temperature::of(0, DAY), Temperature::of(0, 0));
        assert_eq!(Temperature::of(40, 48).to_string(), "26.8");
        assert!((180..=268).contains(&Temperature::of(u32::MAX, u32::MAX).0));
    }
}
