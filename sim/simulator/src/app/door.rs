//! The garage door opener: the side with the buttons.
//!
//! Messages are short texts with the number of the press: `open 1` asks, `ack 1` acknowledges, then
//! `status 1 40%` each second while the door moves, then `done 1`, which `bye 1` acknowledges.

use super::Output;
use crate::scenario::GarageDoor;
use ike_core::Instant;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not connected.
    Idle,
    /// `open` waits for its acknowledgement.
    Opening { sent: u8, until: Instant },
    /// The door moves; if nothing comes until then, something is wrong.
    Moving { until: Instant },
    /// `done` has come; a further one is acknowledged again.
    Done,
    /// It gave up.
    Failed,
}

/// One press of the button.
#[derive(Clone, Debug)]
pub(crate) struct DoorOpener {
    config: GarageDoor,
    press: u32,
    state: State,
    outputs: VecDeque<Output>,
}

impl DoorOpener {
    pub(super) fn new(config: GarageDoor, wake: u32) -> Self {
        Self { config, press: wake + 1, state: State::Idle, outputs: VecDeque::new() }
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.open(now, 0);
    }

    pub(super) fn stop(&mut self) {
        if !matches!(self.state, State::Done | State::Failed) {
            self.state = State::Idle;
        }
    }

    fn open(&mut self, now: Instant, sent: u8) {
        let text = format!("open {}", self.press);
        self.outputs.push_back(Output::Send { text, repeated: sent > 0 });
        self.state = State::Opening { sent: sent + 1, until: now + self.config.reply_timeout };
    }

    fn fail(&mut self, reason: &'static str) {
        self.state = State::Failed;
        self.outputs.push_back(Output::Failed(reason));
    }

    pub(super) fn handle_message(&mut self, now: Instant, text: &str) {
        let mut words = text.split(' ');
        let (Some(kind), Some(press)) = (words.next(), words.next()) else { return };
        if press.parse() != Ok(self.press) || self.state == State::Idle {
            return;
        }
        match kind {
            "ack" | "status"
                if matches!(self.state, State::Opening { .. } | State::Moving { .. }) =>
            {
                self.state = State::Moving { until: now + self.patience() };
            }
            "done" => {
                let repeated = self.state == State::Done;
                self.outputs.push_back(Output::Send { text: format!("bye {press}"), repeated });
                if !repeated {
                    self.state = State::Done;
                    self.outputs.push_back(Output::Completed);
                }
            }
            _ => {}
        }
    }

    /// How long the server may be silent while the door moves: a few messages in a row may be lost.
    fn patience(&self) -> core::time::Duration {
        let longest = self.config.status_every.max(self.config.reply_timeout);
        longest.saturating_mul(u32::from(self.config.tries).max(2))
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Opening { sent, until } if until <= now => {
                if sent < self.config.tries {
                    self.open(now, sent);
                } else {
                    self.fail("the open message was never acknowledged");
                }
            }
            State::Moving { until } if until <= now => {
                self.fail("the server fell silent while the door moved");
            }
            _ => {}
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Opening { until, .. } | State::Moving { until } => Some(until),
            State::Idle | State::Done | State::Failed => None,
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
