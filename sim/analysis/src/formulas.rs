//! Closed formulas of retransmission: what a lossy link, a schedule and a queue must lead to.
//!
//! Notation: a request is lost with probability `p_f`, a response with `p_r`, each independent of all others.
//! s = (1 - p_f)(1 - p_r) is the chance that one transmission is answered, q = 1 - s. N transmissions at most, at the times
//! S_0 = 0, S_1, ... after the first; S_N is when the request is given up. R is the round trip. When a formula holds is
//! said by [`crate::premise`]; `docs/retransmission.md` tells where each comes from.

mod handshake;
mod queue;

pub use handshake::Handshake;
pub use queue::{Herd, Sleepers, utilisation};

use crate::stats::Moments;
use ike_core::Schedule;

/// One exchange over a link that loses independently.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The probability that a request is lost.
    pub loss_towards: f64,
    /// The probability that a response is lost.
    pub loss_back: f64,
    /// S_0 to S_(N-1): when each transmission leaves, in microseconds after the first.
    pub starts_us: Vec<u64>,
    /// S_N: when the request is given up, in microseconds after the first transmission.
    pub gives_up_us: u64,
    /// R, in microseconds.
    pub round_trip_us: u64,
    /// What of R is the way back.
    pub back_us: u64,
}

impl Exchange {
    /// An exchange by that schedule, its jitter aside, on a link with these losses and delays each way.
    #[must_use]
    pub fn new(schedule: &Schedule, loss: (f64, f64), (towards_us, back_us): (u64, u64)) -> Self {
        let mut starts_us = Vec::new();
        let mut at_us = 0_u64;
        for index in 0..schedule.tries.max(1) {
            starts_us.push(at_us);
            let timeout = schedule.exact_timeout(index).as_micros();
            at_us = at_us.saturating_add(u64::try_from(timeout).unwrap_or(u64::MAX));
        }
        let (loss_towards, loss_back) = loss;
        let round_trip_us = towards_us.saturating_add(back_us);
        Self { loss_towards, loss_back, starts_us, gives_up_us: at_us, round_trip_us, back_us }
    }

    /// s: one transmission is answered.
    #[must_use]
    pub fn answered(&self) -> f64 {
        (1.0 - self.loss_towards) * (1.0 - self.loss_back)
    }

    /// q = 1 - s.
    #[must_use]
    pub fn unanswered(&self) -> f64 {
        1.0 - self.answered()
    }

    /// N.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.starts_us.len()
    }

    /// The answer to the last transmission comes only when the request is given up.
    #[must_use]
    pub fn answers_late(&self) -> bool {
        let last_us = self.starts_us.last().copied().unwrap_or(0);
        last_us.saturating_add(self.round_trip_us) >= self.gives_up_us
    }

    /// The exchange succeeds: 1 - q^N, since it fails only if all N transmissions do.
    #[must_use]
    pub fn success(&self) -> f64 {
        1.0 - power(self.unanswered(), self.tries())
    }

    /// The exchange is won by transmission `index` (from 0): s q^index.
    #[must_use]
    pub fn won_by(&self, index: usize) -> f64 {
        self.answered() * power(self.unanswered(), index)
    }

    /// Requests sent in one exchange, failed ones too, where R is below the first timeout. The mean is (1 - q^N) / s:
    /// transmission k is sent if all before failed, so it is the sum of q^(k-1).
    #[must_use]
    pub fn requests(&self) -> Moments {
        let last = self.tries() - 1;
        let counts = (0..=last).map(|index| {
            // The last one is sent whether it wins or not.
            let share =
                if index == last { power(self.unanswered(), last) } else { self.won_by(index) };
            (index as f64 + 1.0, share)
        });
        Moments::of(counts)
    }

    /// Responses sent in one exchange: each request that arrives is answered, so the mean is (1 - p_f) times that of the
    /// requests.
    #[must_use]
    pub fn responses(&self) -> Moments {
        // still[j]: nothing won so far, and j requests arrived. over[j]: won, with j arrived.
        let (lost, unlucky) = (self.loss_towards, (1.0 - self.loss_towards) * self.loss_back);
        let mut still = vec![0.0; self.tries() + 1];
        let mut over = still.clone();
        still[0] = 1.0;
        for _ in 0..self.tries() {
            let mut next = vec![0.0; still.len()];
            for (arrived, share) in still.iter().enumerate().take(self.tries()) {
                next[arrived] += share * lost;
                next[arrived + 1] += share * unlucky;
                over[arrived + 1] += share * self.answered();
            }
            still = next;
        }
        let all = still.iter().zip(&over).enumerate();
        Moments::of(all.map(|(arrived, (still, over))| (arrived as f64, still + over)))
    }

    /// Transmissions of an exchange that transmission `index` (from 0) wins: all that leave until its answer is back,
    /// min(N, 1 + #{i >= 1: S_i <= S_index + R}). What falls due as the answer comes leaves if its timer rings first. Those
    /// beyond `index + 1` are spurious.
    #[must_use]
    pub fn sent_when_won_by(&self, index: usize) -> usize {
        let answer_us = self.starts_us[index].saturating_add(self.round_trip_us);
        let leaves = |place: &usize| {
            let start_us = self.starts_us[*place];
            let on_the_way_us = (self.back_us, self.round_trip_us - self.back_us);
            start_us < answer_us
                || start_us == answer_us && rings_first(&self.starts_us, *place, on_the_way_us)
        };
        1 + (1..self.tries()).filter(leaves).count()
    }

    /// Spurious transmissions in one exchange that succeeds.
    #[must_use]
    pub fn spurious(&self) -> Moments {
        let each = (0..self.tries()).map(|index| {
            let spurious = self.sent_when_won_by(index) - index - 1;
            (spurious as f64, self.won_by(index) / self.success())
        });
        Moments::of(each)
    }

    /// An attempt leaves an orphan at the gateway: no response came back and a request arrived, q^N - p_f^N.
    #[must_use]
    pub fn orphan(&self) -> f64 {
        power(self.unanswered(), self.tries()) - power(self.loss_towards, self.tries())
    }
}

/// Whether the timer of a transmission (from 1), which rings as an answer comes, was set before that answer left the gateway: of
/// two events at one time the one that was known first goes first. If both were known at the same time, the same is asked of
/// what set the timer, the transmission before, and of what made the gateway answer, which began `before_us` earlier.
fn rings_first(starts_us: &[u64], place: usize, (back_us, before_us): (u64, u64)) -> bool {
    let timeout_us = |place: usize| starts_us[place] - starts_us[place - 1];
    timeout_us(place) > back_us
        || timeout_us(place) == back_us && (place == 1 || timeout_us(place - 1) > before_us)
}

/// A link that is either good or bad, by a Markov chain stepped once each step of time or frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GilbertElliott {
    /// p: from good to bad, each step.
    pub to_bad: f64,
    /// r: from bad to good, each step.
    pub to_good: f64,
    /// 1 - k: what is lost while it is good.
    pub loss_good: f64,
    /// 1 - h: what is lost while it is bad.
    pub loss_bad: f64,
}

impl GilbertElliott {
    /// The share of time that it is bad, p / (p + r): as many steps lead there as back.
    #[must_use]
    pub fn bad(&self) -> f64 {
        self.to_bad / (self.to_bad + self.to_good)
    }

    /// The share of datagrams in so many frames that are lost, sent at any time: all their frames meet the same state.
    #[must_use]
    pub fn mean_loss(&self, frames: usize) -> f64 {
        let lost = |loss| in_frames(loss, frames);
        lost(self.loss_good) * (1.0 - self.bad()) + lost(self.loss_bad) * self.bad()
    }
}

/// A datagram in so many frames of the link layer is lost, each of which is lost with that probability: 1 - (1 - p)^n.
#[must_use]
pub fn in_frames(loss: f64, frames: usize) -> f64 {
    // One frame is no sum, so that nothing is rounded.
    if frames == 1 { loss } else { 1.0 - power(1.0 - loss, frames) }
}

/// base^exponent by multiplication, so that no library rounds it differently elsewhere.
fn power(base: f64, exponent: usize) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

#[cfg(test)]
mod tests;
