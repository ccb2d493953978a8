//! One node's attempt under way: which transmission of a request was answered, and which were too many.

use super::Observed;
use ike_core::ExchangeType;

/// A datagram that a link delivers: its index there, and which transmission of which exchange it is or answers.
#[derive(Clone, Copy, Debug)]
struct OnTheWay {
    index: u64,
    attempt: u32,
    exchange: u32,
    transmission: u32,
    octets: usize,
    init: bool,
    /// It is at the other end.
    arrived: bool,
    /// So is an IKE_SA_INIT request of its attempt.
    reached: bool,
}

/// The exchange under way.
#[derive(Clone, Copy, Debug)]
struct Current {
    kind: ExchangeType,
    began_us: u64,
    /// Transmissions so far.
    sent: u32,
    /// The transmission whose answer came last: the exchange ends with the first that is accepted.
    winner: Option<u32>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Attempt {
    began_us: Option<u64>,
    /// Counts the attempts of this node.
    number: u32,
    current: Option<Current>,
    /// Counts the exchanges of this node.
    exchange: u32,
    /// The IKE_SA_INIT exchanges of this attempt.
    rounds: u32,
    /// A request was given to the stack and enters the link next.
    enters: bool,
    requests: Vec<OnTheWay>,
    answers: Vec<OnTheWay>,
    /// The request that the gateway has in front of it.
    at_gateway: Option<OnTheWay>,
    /// It waits in the gateway's queue; copies that arrive meanwhile get nothing.
    queued: bool,
    reached: bool,
    /// What the gateway has made of it.
    sa: Option<u64>,
    /// Its first request has not entered the link yet, and it is the first attempt of its wake.
    untried: bool,
    established_at_gateway: bool,
}

impl Attempt {
    pub(super) fn begin(&mut self, now_us: u64, first: bool) {
        // A second copy of what is older than an attempt with cookies has arrived or never will.
        let recent = self.exchange.saturating_sub(8);
        let may_arrive = |datagram: &OnTheWay| !datagram.arrived || datagram.exchange > recent;
        self.requests.retain(may_arrive);
        self.answers.retain(may_arrive);
        *self = Self {
            began_us: Some(now_us),
            number: self.number + 1,
            exchange: self.exchange,
            untried: first,
            // What the last attempt left on the way still arrives.
            requests: core::mem::take(&mut self.requests),
            answers: core::mem::take(&mut self.answers),
            ..Self::default()
        };
    }

    /// A request is given to the stack. Whether it is in turn: the one before has left, and its answer was not there.
    pub(super) fn request(&mut self, now_us: u64, kind: ExchangeType, transmission: u32) -> bool {
        let in_turn = transmission == 0 || !self.is_owed();
        if transmission == 0 {
            self.exchange += 1;
            self.queued = false;
            self.current = Some(Current { kind, began_us: now_us, sent: 0, winner: None });
            self.rounds += u32::from(kind == ExchangeType::IKE_SA_INIT);
        }
        if let Some(current) = &mut self.current {
            current.sent = transmission + 1;
        }
        self.enters = true;
        in_turn
    }

    pub(super) const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// The request that was sent last has yet to leave, or its answer to be looked at.
    fn is_owed(&self) -> bool {
        self.enters || self.current.is_some_and(|current| current.winner.is_some())
    }

    /// Whether a datagram is of the exchange under way, and its node has sent no request since.
    fn is_in_turn(&self, datagram: OnTheWay) -> bool {
        let latest = |current: Current| current.sent == datagram.transmission + 1;
        datagram.exchange == self.exchange && self.current.is_some_and(latest)
    }

    /// The exchange under way is over.
    pub(super) fn conclude(&mut self, observed: &mut Observed, now_us: u64, succeeded: bool) {
        observed.out_of_turn += u64::from(!succeeded && self.is_owed());
        let Some(current) = self.current.take() else { return };
        let Some(counts) = super::Collector::counts(observed, current.kind) else { return };
        if succeeded {
            counts.succeeded += 1;
            counts.latency_us.add(now_us - current.began_us);
            let needed = current.winner.map_or(current.sent, |winner| winner + 1);
            counts.spurious += u64::from(current.sent.saturating_sub(needed));
        } else {
            counts.in_vain += u64::from(current.sent);
        }
    }

    /// The attempt is over: when it began.
    pub(super) fn over(&mut self) -> Option<u64> {
        self.began_us.take()
    }

    pub(super) fn is_orphan(&self) -> bool {
        let init = |current: Current| current.kind == ExchangeType::IKE_SA_INIT;
        self.reached && self.current.is_some_and(init)
    }

    /// The gateway made an SA of the request in front of it: of which attempt.
    pub(super) fn half_open(&mut self, sa: u64) -> u32 {
        self.sa = Some(sa);
        self.at_gateway.map_or(self.number, |request| request.attempt)
    }

    /// The SA that the gateway made last, which both ends have now.
    pub(super) const fn take_sa(&mut self) -> Option<u64> {
        self.sa.take()
    }

    /// Whether that attempt goes on, or a request of it may still reach the gateway.
    pub(super) fn tries(&self, number: u32) -> bool {
        let on_its_way = |request: &OnTheWay| request.attempt == number && !request.arrived;
        self.number == number && self.began_us.is_some() || self.requests.iter().any(on_its_way)
    }

    pub(super) const fn is_one_sided(&self) -> bool {
        self.established_at_gateway
    }

    pub(super) const fn established_at_gateway(&mut self) {
        self.established_at_gateway = true;
    }

    pub(super) const fn queued(&mut self) {
        self.queued = true;
    }

    /// A datagram of the node entered the link, which delivers it or not. If it is a request: its exchange, and whether it is
    /// the first of its wake.
    pub(super) fn sent(
        &mut self,
        index: u64,
        octets: usize,
        delivered: bool,
    ) -> Option<(ExchangeType, bool)> {
        if !core::mem::take(&mut self.enters) {
            return None;
        }
        let current = self.current?;
        if delivered {
            self.requests.push(OnTheWay {
                index,
                attempt: self.number,
                exchange: self.exchange,
                transmission: current.sent - 1,
                octets,
                init: current.kind == ExchangeType::IKE_SA_INIT,
                arrived: false,
                reached: self.reached,
            });
        }
        Some((current.kind, core::mem::take(&mut self.untried)))
    }

    /// A datagram of the node reached the gateway; its octets if it is an IKE_SA_INIT request.
    pub(super) fn request_arrived(&mut self, index: u64, observed: &mut Observed) -> Option<u64> {
        let place = self.requests.iter().position(|request| request.index == index)?;
        // A copy may still come, and counts by its index.
        self.requests[place].arrived = true;
        let request = self.requests[place];
        observed.out_of_turn += u64::from(self.queued || !self.is_in_turn(request));
        if request.init && !request.reached {
            observed.reached += 1;
            self.reached |= request.attempt == self.number;
            for other in &mut self.requests {
                other.reached |= other.attempt == request.attempt;
            }
        }
        if !self.queued {
            self.at_gateway = Some(request);
        }
        request.init.then_some(request.octets as u64)
    }

    /// The gateway's answer entered the link, which delivers it or not. Whether it is in turn.
    pub(super) fn answered(&mut self, index: u64, delivered: bool) -> bool {
        self.queued = false;
        let Some(request) = self.at_gateway else { return true };
        if delivered {
            self.answers.push(OnTheWay { index, arrived: false, ..request });
        }
        self.is_in_turn(request)
    }

    /// A datagram of the gateway reached the node. Whether it is in turn, if it is an answer.
    pub(super) fn answer_arrived(&mut self, index: u64) -> bool {
        let Some(answer) = self.answers.iter_mut().find(|answer| answer.index == index) else {
            return true;
        };
        answer.arrived = true;
        let answer = *answer;
        let in_turn = self.is_in_turn(answer);
        if let Some(current) = self.current.as_mut().filter(|_| answer.exchange == self.exchange) {
            current.winner = Some(answer.transmission);
        }
        in_turn
    }
}
