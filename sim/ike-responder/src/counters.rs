//! Figures for reports.

use crate::{CloseReason, Event};
use ike_core::{DropReason, Instant, Operation};

/// What a responder has done since it was made; a crash does not reset it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Shared secrets computed.
    pub diffie_hellman: u64,
    /// Public values computed.
    pub key_generations: u64,
    /// Cookies asked for.
    pub cookies_sent: u64,
    /// Requests answered with an error notify.
    pub refused: u64,
    /// Requests of ours that the peer answered with an error notify.
    pub peer_refused: u64,
    /// Datagrams dropped, for whatever reason.
    pub dropped: u64,
    /// Of them, IKE_SA_INIT requests that [`crate::Config::half_open_limit`] or
    /// [`crate::Config::half_open_per_address`] turned away.
    pub half_open_refused: u64,
    /// Of them, repetitions of a request whose answer was being computed.
    pub in_progress: u64,
    /// Retransmitted requests that got their stored response again.
    pub responses_repeated: u64,
    /// Half-open SAs begun.
    pub half_open: u64,
    /// Half-open SAs that no IKE_AUTH request came for in time.
    pub half_open_timeouts: u64,
    /// SAs whose peer was authenticated.
    pub established: u64,
    /// Child SAs that CREATE_CHILD_SA requests of peers made, rekeyed ones among them.
    pub children_created: u64,
    /// IKE SAs that peers rekeyed.
    pub rekeyed: u64,
    /// The most half-open SAs at a time; those that wait for the processor are not among them.
    pub half_open_peak: usize,
    /// The most IKE_SA_INIT requests at the processor at a time, the one at work among them.
    pub queue_peak: usize,
}

impl Counters {
    pub(crate) fn count(&mut self, event: &Event) {
        let counter = match event {
            Event::Operation { operation: Operation::DiffieHellman(_), .. } => {
                &mut self.diffie_hellman
            }
            Event::Operation { operation: Operation::KeyGeneration(_), .. } => {
                &mut self.key_generations
            }
            Event::CookieRequested { .. } => &mut self.cookies_sent,
            Event::Refused { .. } => &mut self.refused,
            Event::PeerRefused { .. } => &mut self.peer_refused,
            Event::ResponseRepeated { .. } => &mut self.responses_repeated,
            Event::HalfOpen { .. } => &mut self.half_open,
            Event::Established { .. } => &mut self.established,
            Event::ChildCreated { .. } => &mut self.children_created,
            Event::Rekeyed { .. } => &mut self.rekeyed,
            Event::Closed { reason: CloseReason::HalfOpenTimeout, .. } => {
                &mut self.half_open_timeouts
            }
            Event::Dropped { reason, .. } => {
                self.dropped += 1;
                match reason {
                    DropReason::TooManyHalfOpen => &mut self.half_open_refused,
                    DropReason::InProgress => &mut self.in_progress,
                    _ => return,
                }
            }
            _ => return,
        };
        *counter += 1;
    }
}

/// The exact integral of a number over time.
#[derive(Default)]
pub(crate) struct Integral {
    area_us: u128,
    value: usize,
    since: Instant,
}

impl Integral {
    /// From `now` on the number is `value`.
    pub(crate) fn set(&mut self, now: Instant, value: usize) {
        self.area_us = self.until(now);
        self.since = self.since.max(now);
        self.value = value;
    }

    /// The integral up to `now`, in units of the number times microseconds.
    pub(crate) fn until(&self, now: Instant) -> u128 {
        let span = now.saturating_duration_since(self.since);
        self.area_us + self.value as u128 * span.as_micros()
    }
}
