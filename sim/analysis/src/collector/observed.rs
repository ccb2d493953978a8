//! What a run showed, in integers.

use super::Spent;
use crate::stats::{Distribution, text};
use serde::{Deserialize, Serialize};
use vnet::link::{DropReason, Outcome};

/// One of the two exchanges of a handshake, over all attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeCounts {
    /// Exchanges that were begun. A round with a cookie or another group is one of its own.
    pub begun: u64,
    /// Exchanges whose response was accepted.
    pub succeeded: u64,
    /// Requests sent, all transmissions.
    pub requests: u64,
    /// Responses that the gateway sent.
    pub responses: u64,
    /// Transmissions of exchanges that succeeded, beyond the one that was answered first.
    pub spurious: u64,
    /// Transmissions of exchanges that failed.
    pub in_vain: u64,
    /// From the first transmission to the accepted response, in microseconds.
    pub latency_us: Distribution,
    /// The datagrams of the requests.
    pub towards: Datagrams,
    /// Those of the responses.
    pub back: Datagrams,
}

/// Datagrams of one kind that entered links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datagrams {
    /// Those that met nothing but the link's `loss` and, later, its bursts.
    pub drawn: u64,
    /// Those of them that its `loss` took.
    pub lost: u64,
    /// The length of the shortest of all, in octets of the IP datagram; 0 of none.
    pub shortest: u64,
    /// The length of the longest.
    pub longest: u64,
}

impl Datagrams {
    /// One more.
    pub(super) fn add(&mut self, octets: u64, outcome: &Outcome) {
        let lost = *outcome == Outcome::Dropped(DropReason::Loss);
        let by_burst = *outcome == Outcome::Dropped(DropReason::GilbertElliott);
        let drawn = lost || by_burst || !matches!(outcome, Outcome::Dropped(_));
        self.join(&Self {
            drawn: u64::from(drawn),
            lost: u64::from(lost),
            shortest: octets,
            longest: octets,
        });
    }

    fn join(&mut self, other: &Self) {
        self.drawn += other.drawn;
        self.lost += other.lost;
        self.shortest = match (self.shortest, other.shortest) {
            (0, one) | (one, 0) => one,
            (one, other) => one.min(other),
        };
        self.longest = self.longest.max(other.longest);
    }
}

impl ExchangeCounts {
    fn join(&mut self, other: &Self) {
        self.begun += other.begun;
        self.succeeded += other.succeeded;
        self.requests += other.requests;
        self.responses += other.responses;
        self.spurious += other.spurious;
        self.in_vain += other.in_vain;
        self.latency_us.join(&other.latency_us);
        self.towards.join(&other.towards);
        self.back.join(&other.back);
    }
}

/// What a run showed. A handshake is an attempt of a node: IKE_SA_INIT, then IKE_AUTH.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Handshakes that were begun.
    pub attempts: u64,
    /// Those of them that were the first of their wake.
    pub wakes: u64,
    /// Those that led to an IKE SA and its Child SA.
    pub established: u64,
    /// Those that were given up.
    pub failed: u64,
    /// Those of them that failed for another reason than that no answer came.
    pub refused: u64,
    /// Requests that the gateway answered with an error notify. A node need not believe what is not authenticated, and then fails
    /// for want of an answer.
    pub refusals: u64,
    /// IKE_SA_INIT.
    pub init: ExchangeCounts,
    /// IKE_AUTH.
    pub auth: ExchangeCounts,
    /// From the first transmission of IKE_SA_INIT to an established SA at the node, in microseconds.
    pub latency_us: Distribution,
    /// How often the gateway asked for a cookie.
    pub cookies: u64,
    /// Handshakes that came to IKE_AUTH after a single IKE_SA_INIT exchange.
    pub single_rounds: u64,
    /// IKE_SA_INIT exchanges beyond the second of a handshake.
    pub further_rounds: u64,
    /// Datagrams of a handshake that met a node which had gone on: requests at the gateway, its answers as they left it
    /// and as they reached the node, where the node had sent again or was through; and nodes that sent again or
    /// gave up while a request had not left yet, or an answer was there. Without any, each request was answered
    /// before the next was due, or it or its answer was lost.
    pub out_of_turn: u64,
    /// First transmissions of a wake, which nothing that was lost before has put off. Without those that met no burst, since
    /// the link dropped them for another reason first.
    pub first_requests: u64,
    /// Those of them that a burst took.
    pub first_in_burst: u64,
    /// SAs that the gateway closed while their node still tried, or a request of it was still on its way.
    pub forgotten: u64,
    /// Handshakes of which a request reached the gateway.
    pub reached: u64,
    /// Handshakes whose IKE_SA_INIT failed although a request reached the gateway: it keeps a half-open SA for nobody.
    pub orphans: u64,
    /// Handshakes that failed at the node and not at the gateway, which holds an SA for nobody.
    pub one_sided: u64,
    /// IKE_SA_INIT requests that the gateway dropped because too many were half-open or waited.
    pub dropped_at_limit: u64,
    /// Diffie-Hellman operations of the gateway.
    pub diffie_hellman: u64,
    /// IKE_SA_INIT requests that a gateway with a service time has served.
    pub served: u64,
    /// Further ones that it had not served when the run ended.
    pub unserved: u64,
    /// How long it had one to serve, in microseconds, up to the last that it served.
    pub busy_us: u64,
    /// The most half-open SAs of the gateway at one time.
    pub half_open_peak: u64,
    /// The most of what its limits count at one time: half-open SAs and requests that wait for its processor.
    pub waiting_peak: u64,
    /// The integral of half-open SAs over time, in SAs times microseconds.
    #[serde(with = "text")]
    pub half_open_integral_us: u128,
    /// The sum of their durations in microseconds, each from its beginning to its end or that of the run.
    #[serde(with = "text")]
    pub half_open_durations_us: u128,
    /// Octets of IP datagrams with IKE_SA_INIT that reached the gateway.
    pub init_octets_in: u64,
    /// Octets of its answers: what somebody with a forged address could have sent elsewhere.
    pub init_octets_out: u64,
    /// IP datagrams that entered links, and those of them that were lost, towards the gateway.
    pub towards: (u64, u64),
    /// The same back to the nodes.
    pub back: (u64, u64),
    /// Datagrams that a link dropped for another reason than its `loss`: too long, an outage, a list.
    pub dropped_otherwise: u64,
    /// What handshakes took, where nodes have a radio.
    pub spent: Option<Spent>,
    /// When the first handshake began, in microseconds of virtual time.
    pub first_attempt_us: u64,
    /// When the last one began that was the first of its wake.
    pub last_wake_us: u64,
}

impl Observed {
    /// All of another run, so that both are one. Times are those of either: the earliest first, the latest last.
    pub fn join(&mut self, other: &Self) {
        self.first_attempt_us = match (self.attempts, other.attempts) {
            (0, _) => other.first_attempt_us,
            (_, 0) => self.first_attempt_us,
            _ => self.first_attempt_us.min(other.first_attempt_us),
        };
        self.attempts += other.attempts;
        self.wakes += other.wakes;
        self.established += other.established;
        self.failed += other.failed;
        self.refused += other.refused;
        self.refusals += other.refusals;
        self.init.join(&other.init);
        self.auth.join(&other.auth);
        self.latency_us.join(&other.latency_us);
        self.cookies += other.cookies;
        self.single_rounds += other.single_rounds;
        self.further_rounds += other.further_rounds;
        self.out_of_turn += other.out_of_turn;
        self.first_requests += other.first_requests;
        self.first_in_burst += other.first_in_burst;
        self.forgotten += other.forgotten;
        self.reached += other.reached;
        self.orphans += other.orphans;
        self.one_sided += other.one_sided;
        self.dropped_at_limit += other.dropped_at_limit;
        self.diffie_hellman += other.diffie_hellman;
        self.served += other.served;
        self.unserved += other.unserved;
        self.busy_us += other.busy_us;
        self.half_open_peak = self.half_open_peak.max(other.half_open_peak);
        self.waiting_peak = self.waiting_peak.max(other.waiting_peak);
        self.half_open_integral_us += other.half_open_integral_us;
        self.half_open_durations_us += other.half_open_durations_us;
        self.init_octets_in += other.init_octets_in;
        self.init_octets_out += other.init_octets_out;
        self.dropped_otherwise += other.dropped_otherwise;
        if let Some(spent) = &other.spent {
            self.spent.get_or_insert_default().join(spent);
        }
        for (ours, theirs) in [(&mut self.towards, other.towards), (&mut self.back, other.back)] {
            *ours = (ours.0 + theirs.0, ours.1 + theirs.1);
        }
        self.last_wake_us = self.last_wake_us.max(other.last_wake_us);
    }

    /// From the first wake to the last, in microseconds.
    #[must_use]
    pub const fn waking_span_us(&self) -> u64 {
        self.last_wake_us - self.first_attempt_us
    }

    /// The time that goodput is taken by, in microseconds: in which nodes woke or, if that is longer, the gateway worked. Not
    /// until the last success: with loss it comes long after all others, and is no part of the rate.
    #[must_use]
    pub const fn goodput_span_us(&self) -> u64 {
        let waking_us = self.waking_span_us();
        if waking_us > self.busy_us { waking_us } else { self.busy_us }
    }

    /// Handshakes that were still going on when the run ended.
    #[must_use]
    pub const fn unfinished(&self) -> u64 {
        self.attempts - self.established - self.failed
    }
}
