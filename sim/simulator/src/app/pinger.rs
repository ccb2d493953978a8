//! ICMP echo through the Child SA: the classic proof that both sides derived the same keys.

use super::Output;
use crate::scenario::Ping;
use ike_core::Instant;
use std::collections::VecDeque;

/// A request without a reply.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    sequence: u16,
    /// How often it was sent.
    sent: u8,
    /// When it is sent again or given up.
    until: Instant,
}

/// Sends so many echo requests and waits for each reply.
#[derive(Clone, Debug)]
pub(crate) struct Pinger {
    config: Ping,
    running: bool,
    /// Requests sent so far.
    sent: u16,
    replies: u16,
    next: Option<Instant>,
    /// Requests without a reply.
    waiting: VecDeque<Waiting>,
    outputs: VecDeque<Output>,
}

impl Pinger {
    pub(super) fn new(config: Ping) -> Self {
        let (waiting, outputs) = (VecDeque::new(), VecDeque::new());
        Self { config, running: false, sent: 0, replies: 0, next: None, waiting, outputs }
    }

    pub(super) fn start(&mut self, now: Instant) {
        *self = Self { running: true, ..Self::new(self.config) };
        self.send_next(now);
    }

    pub(super) fn stop(&mut self) {
        self.running = false;
        (self.next, self.waiting) = (None, VecDeque::new());
    }

    fn send_next(&mut self, now: Instant) {
        self.sent += 1;
        self.send(now, self.sent, 1);
        self.next = (self.sent < self.config.count).then(|| now + self.config.interval);
    }

    fn send(&mut self, now: Instant, sequence: u16, sent: u8) {
        let payload = self.config.payload;
        self.outputs.push_back(Output::Ping { sequence, payload, repeated: sent > 1 });
        self.waiting.push_back(Waiting { sequence, sent, until: now + self.config.timeout });
    }

    pub(super) fn handle_echo(&mut self, now: Instant, sequence: u16) {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.sequence != sequence || waiting.until < now);
        if self.waiting.len() < before {
            self.replies += 1;
        }
        self.finish_if_done();
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let (late, waiting): (VecDeque<Waiting>, _) =
            self.waiting.drain(..).partition(|waiting| waiting.until <= now);
        self.waiting = waiting;
        for Waiting { sequence, sent, .. } in late {
            if sent < self.config.tries {
                self.send(now, sequence, sent + 1);
            }
        }
        if self.next.is_some_and(|next| next <= now) {
            self.send_next(now);
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
        self.waiting.iter().map(|waiting| waiting.until).chain(self.next).min()
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
