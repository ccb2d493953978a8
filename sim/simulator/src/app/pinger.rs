//! ICMP echo through the Child SA: the classic proof that both sides derived the same keys.

use super::Output;
use crate::scenario::Ping;
use ike_core::Instant;
use std::collections::VecDeque;

/// Sends so many echo requests and waits for each reply.
#[derive(Clone, Debug)]
pub(crate) struct Pinger {
    config: Ping,
    running: bool,
    /// Requests sent so far.
    sent: u16,
    replies: u16,
    next: Option<Instant>,
    /// Requests without a reply, with the time until which one counts.
    waiting: VecDeque<(u16, Instant)>,
    outputs: VecDeque<Output>,
}

impl Pinger {
    pub(super) fn new(config: Ping) -> Self {
        let (waiting, outputs) = (VecDeque::new(), VecDeque::new());
        Self { config, running: false, sent: 0, replies: 0, next: None, waiting, outputs }
    }

    pub(super) fn start(&mut self, now: Instant) {
        *self = Self { running: true, ..Self::new(self.config) };
        self.send(now);
    }

    pub(super) fn stop(&mut self) {
        self.running = false;
        (self.next, self.waiting) = (None, VecDeque::new());
    }

    fn send(&mut self, now: Instant) {
        self.sent += 1;
        let (sequence, payload) = (self.sent, self.config.payload);
        self.outputs.push_back(Output::Ping { sequence, payload, repeated: false });
        self.waiting.push_back((sequence, now + self.config.timeout));
        self.next = (self.sent < self.config.count).then(|| now + self.config.interval);
    }

    pub(super) fn handle_echo(&mut self, now: Instant, sequence: u16) {
        let before = self.waiting.len();
        self.waiting.retain(|(waiting, until)| *waiting != sequence || *until < now);
        if self.waiting.len() < before {
            self.replies += 1;
        }
        self.finish_if_done();
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.waiting.retain(|(_, until)| now < *until);
        if self.next.is_some_and(|next| next <= now) {
            self.send(now);
        }
        self.finish_if_done();
    }

    fn finish_if_done(&mut self) {
        if !self.running || self.next.is_some() || !self.waiting.is_empty() {
            return;
        }
        self.running = false;
        self.outputs.push_back(if self.replies == self.config.count {
            Output::Completed
        } else {
            Output::Failed("an echo request was not answered in time")
        });
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.iter().map(|(_, until)| *until).chain(self.next).min()
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
