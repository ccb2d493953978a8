//! Loss in bursts: the model of Gilbert and Elliott, stepped in time.
//!
//! A link is in a good or in a bad state, the same for both directions; at the end of each step it may change.
//! Datagrams are lost by the rate of the state in which they enter. The chain goes on while nothing is sent, so that
//! waiting longer helps against a burst, as it does on the air.
//!
//! # The state at a time
//!
//! It depends on (seed, link, step number) and the configuration, never on which states were asked for before, and is found
//! without walking there. Steps are grouped into blocks of 2^levels, so long that the chain has forgotten its beginning at
//! the end of each (to less than 2^-63). So the states at the borders of blocks are independent draws from the
//! stationary distribution; the state half way between two known ones is drawn by the chain's probabilities
//! given both (a Markov bridge), and so on down to the step. All of it is integer arithmetic, and each draw has its own place in a
//! key stream: see [`BurstState::draw`].

use crate::random::{Probability, Streams};
use crate::time::{Instant, whole_micros};
use core::time::Duration;
use rand_core::Rng;

/// Loss in bursts, by the model of Gilbert and Elliott. It begins in a state drawn from the stationary distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GilbertElliott {
    /// How long a step takes, in microseconds; not zero.
    step_us: u64,
    good_to_bad: Probability,
    bad_to_good: Probability,
    /// The probability that a frame is lost that enters in the good state, and in the bad one.
    loss_good: Probability,
    loss_bad: Probability,
    /// Levels of a block: it has 2^levels steps.
    pub(super) levels: u8,
}

/// One as a fixed-point number: 63 bits behind the point.
const ONE: u64 = 1 << 63;

/// Words of key stream of one draw.
const WORDS: u128 = 2;

/// The consumer's purpose of the state's key stream.
const PURPOSE: &str = "link bursts";

impl GilbertElliott {
    /// The chain with steps of this length and these probabilities of a change at the end of each; nothing is lost in
    /// the good state and everything in the bad one.
    ///
    /// `None`: a step shorter than a microsecond; a change that never happens; or changes so likely (more than 1
    /// together) that a state would rather flip than stay, which is the opposite of a burst.
    #[must_use]
    pub fn new(step: Duration, good_to_bad: Probability, bad_to_good: Probability) -> Option<Self> {
        let step_us = whole_micros(step);
        let never = good_to_bad == Probability::NEVER || bad_to_good == Probability::NEVER;
        let together = good_to_bad.ppm() + bad_to_good.ppm();
        if step_us == 0 || never || together > Probability::ALWAYS.ppm() {
            return None;
        }
        let (loss_good, loss_bad) = (Probability::NEVER, Probability::ALWAYS);
        let chain = Self { step_us, good_to_bad, bad_to_good, loss_good, loss_bad, levels: 0 };
        let mut power = chain.eigenvalue();
        let mut levels = 0;
        // Until nothing is left of it behind 63 bits.
        while power != 0 {
            power = times(power, power);
            levels += 1;
        }
        Some(Self { levels, ..chain })
    }

    /// The same with these probabilities that a frame is lost which enters in the good state, and in the bad one.
    #[must_use]
    pub const fn losing(self, loss_good: Probability, loss_bad: Probability) -> Self {
        Self { loss_good, loss_bad, ..self }
    }

    /// 1 - p - r: what is left of a state's influence after a step.
    fn eigenvalue(&self) -> u64 {
        let together = self.good_to_bad.ppm() + self.bad_to_good.ppm();
        share(Probability::ALWAYS.ppm() - together, Probability::ALWAYS.ppm())
    }

    /// The stationary probability of the bad state: p / (p + r).
    fn stationary_bad(&self) -> u64 {
        share(self.good_to_bad.ppm(), self.good_to_bad.ppm() + self.bad_to_good.ppm())
    }

    /// The probabilities of a change at the end of a step that is good, and of one that is bad.
    #[must_use]
    pub const fn changes(&self) -> (Probability, Probability) {
        (self.good_to_bad, self.bad_to_good)
    }

    /// The probability of a loss in that state.
    #[must_use]
    pub const fn loss(&self, bad: bool) -> Probability {
        if bad { self.loss_bad } else { self.loss_good }
    }

    /// Whether the link with that number is in the bad state at that time.
    #[must_use]
    pub fn is_bad(&self, streams: &Streams, link: u32, at: Instant) -> bool {
        BurstState { chain: self, streams, link }.at_step(at.micros() / self.step_us)
    }
}

/// `above / below` as a fixed-point number; at most one.
fn share(above: u32, below: u32) -> u64 {
    let value = u128::from(above) * u128::from(ONE) / u128::from(below);
    u64::try_from(value).unwrap_or(ONE)
}

fn times(a: u64, b: u64) -> u64 {
    // Below 2^127 before the shift.
    ((u128::from(a) * u128::from(b)) >> 63) as u64
}

/// The chain of one link.
struct BurstState<'a> {
    chain: &'a GilbertElliott,
    streams: &'a Streams,
    link: u32,
}

impl BurstState<'_> {
    fn at_step(&self, step: u64) -> bool {
        let levels = self.chain.levels;
        let block = step.checked_shr(levels.into()).unwrap_or(0);
        // Both ends of what is left, and the number of its middle in the tree of the block, whose root is 1.
        let (mut start, mut end) = (self.border(block), self.border(block + 1));
        let mut node = 1_u64;
        for half in (0..levels).rev() {
            let middle = self.between((start, end), half, (block, node));
            let in_second_half = step >> half & 1 == 1;
            (start, end) = if in_second_half { (middle, end) } else { (start, middle) };
            node = node << 1 | u64::from(in_second_half);
        }
        start
    }

    /// The state at the first step of a block.
    fn border(&self, block: u64) -> bool {
        self.draw(block, 0) < self.chain.stationary_bad()
    }

    /// The state half way between two that are 2^(half + 1) steps apart.
    fn between(&self, ends: (bool, bool), half: u8, (block, node): (u64, u64)) -> bool {
        let mut power = self.chain.eigenvalue();
        for _ in 0..half {
            power = times(power, power);
        }
        let way = |through: bool| {
            let (first, second) =
                (self.steps(ends.0, through, power), self.steps(through, ends.1, power));
            times(first, second)
        };
        let (bad, good) = (way(true), way(false));
        // Bad with a probability of bad / (bad + good).
        let drawn =
            (u128::from(self.draw(block, node)) * (u128::from(bad) + u128::from(good))) >> 63;
        drawn < u128::from(bad)
    }

    /// The probability to come from one state to the other in steps whose power of the eigenvalue is given.
    fn steps(&self, from: bool, to: bool, power: u64) -> u64 {
        let of_bad = self.chain.stationary_bad();
        let stationary = if to { of_bad } else { ONE - of_bad };
        let left = times(ONE - stationary, power);
        if from == to { stationary + left } else { stationary - times(stationary, power) }
    }

    /// A uniform number below one. The key is the link's own; the stream is the number of the block, the place in it that
    /// of the node in the block's tree, two words each: 0 is the border at its first step, 1 its middle, 2 and 3 the quarters.
    fn draw(&self, block: u64, node: u64) -> u64 {
        let mut rng = self.streams.stream(self.link.into(), PURPOSE);
        rng.set_stream(block);
        rng.set_word_pos(u128::from(node) * WORDS);
        rng.next_u64() >> 1
    }
}
