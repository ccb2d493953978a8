//! Forgers: somebody outside who has no key, hears what crosses the links and puts datagrams on their far ends.
//!
//! They are no part of the queue: what they do at some time comes before all else at that time, so that a run
//! with injections from a trace is the run that wrote it. What a forger does at its n-th time is drawn from a stream
//! of its own for (forger, n), so it shifts no draw of anybody.

mod ear;
mod forge;

use super::shared::Core;
use crate::backend::Backend;
use crate::faults::Injection;
use crate::scenario::{self, Forgery, ForgeryTarget, Scenario};
use ear::Heard;
use forge::Scene;
use ike_core::Instant;
use rand_chacha::ChaCha20Rng;
use std::collections::VecDeque;
use vnet::link::Direction;
use vnet::random::uniform;

pub(crate) use ear::Ear;

/// All forgers of a run, or what an earlier run's forgers did.
pub(crate) struct Forgers {
    /// By their numbers.
    forgers: Vec<Forger>,
    /// In the order of time.
    recorded: VecDeque<Injection>,
}

struct Forger {
    plan: scenario::Forger,
    number: u64,
    crypto: Backend,
    /// How often it acted.
    acted: u64,
    next: Option<Instant>,
    /// The node whose turn it is, or the next one above.
    turn: u32,
}

impl Forgers {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let forgers = (0..).zip(&scenario.forgers).map(|(number, plan)| Forger {
            plan: *plan,
            number,
            crypto: scenario.crypto,
            acted: 0,
            next: Some(Instant::default() + plan.from),
            turn: 0,
        });
        Self { forgers: forgers.collect(), recorded: VecDeque::new() }
    }

    /// From `now` on does what is recorded, and nothing else.
    pub(super) fn replay(&mut self, recorded: &[Injection], now: Instant) {
        self.forgers.clear();
        self.recorded = recorded.iter().filter(|injection| injection.at >= now).cloned().collect();
    }

    /// When somebody acts next.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let forgers = self.forgers.iter().filter_map(|forger| forger.next);
        forgers.chain(self.recorded.front().map(|injection| injection.at)).min()
    }

    /// What is done next, now; `None`: there is nothing to forge.
    pub(super) fn next(&mut self, core: &Core<'_>) -> Option<Injection> {
        let due = |forger: &&mut Forger| forger.next == Some(core.now);
        match self.forgers.iter_mut().find(due) {
            Some(forger) => forger.act(core),
            None => self.recorded.pop_front(),
        }
    }
}

impl Forger {
    fn act(&mut self, core: &Core<'_>) -> Option<Injection> {
        let mut rng = core.stream(self.number << 48 | self.acted, "forger");
        self.acted += 1;
        let until = Instant::default() + self.plan.until;
        self.next = Some(core.now + self.plan.every).filter(|next| *next < until);
        let direction = match self.plan.target {
            ForgeryTarget::Nodes => Direction::Back,
            ForgeryTarget::Gateway => Direction::Towards,
        };
        let ear = core.ear.as_ref()?;
        let link = self.choose(core, ear, direction)?;
        self.turn = link.wrapping_add(1);
        let (addresses, heard, crypto) = (core.addresses, ear.heard(link), self.crypto);
        let scene = Scene { addresses, link, direction, heard, crypto };
        let packet = match (self.plan.kind, scene.heard) {
            (Forgery::Garbage, _) => forge::garbage(&scene, &mut rng),
            (Forgery::Error, Some(heard)) => forge::error(&scene, heard, &mut rng),
            (Forgery::Response, Some(heard)) => forge::response(&scene, heard, &mut rng),
            (Forgery::Replay, Some(heard)) => replay(heard, direction, &mut rng)?,
            (_, None) => return None,
        };
        Some(Injection { at: core.now, link, direction, kind: self.plan.kind, packet })
    }

    /// The link whose turn it is. Garbage needs no knowledge; a forgery goes to where an exchange is under way, as
    /// long as there is one.
    fn choose(&self, core: &Core<'_>, ear: &Ear, direction: Direction) -> Option<u32> {
        match self.plan.kind {
            Forgery::Garbage => {
                let links = u32::try_from(core.links.len()).unwrap_or(u32::MAX);
                Some(if self.turn < links { self.turn } else { 0 })
            }
            Forgery::Error | Forgery::Response => ear
                .next_under_way(direction.reversed(), self.turn)
                .or_else(|| ear.next_heard(self.turn)),
            Forgery::Replay => ear.next_heard(self.turn),
        }
    }
}

/// One of the datagrams that went that way, octet by octet.
fn replay(heard: &Heard, direction: Direction, rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
    let packets = heard.packets(direction);
    let last = packets.len().checked_sub(1)?;
    let which = usize::try_from(uniform(rng, last as u64)).unwrap_or(last);
    packets.get(which).cloned()
}
