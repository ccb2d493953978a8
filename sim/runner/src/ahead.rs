//! A run whose key work is computed ahead, on all processors, while its events go on one after the other.
//!
//! What is computed ahead is what the run would compute itself, so the number of threads changes nothing but the time.

use ike_core::Instant;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use simulator::scenario::Scenario;
use simulator::{
    CaptureError, Foresight, KeyAhead, KeyWork, Options, Outcome, Wake, World, pass, run_ahead,
};
use std::sync::Mutex;

/// So many wakes at a time: a few tenths of a second of work.
const BATCH: usize = 1_024;

/// So many wakes are told by the world at a time: to find them costs a look at all that waits.
const AT_ONCE: usize = 64 * BATCH;

/// The threads that compute ahead, the calling one among them: it lends a hand when its events wait for keys.
pub struct Ahead {
    pool: ThreadPool,
}

impl Ahead {
    /// On so many processors; 0 is all of them. Once in a thread's life.
    ///
    /// # Errors
    /// The threads cannot be made, or this one is part of others already.
    pub fn new(threads: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build()?;
        Ok(Self { pool })
    }

    /// As [`simulator::run_with`]: the same octets, whatever the number of threads.
    ///
    /// # Errors
    /// As there.
    pub fn run_with(
        &self,
        name: &str,
        scenario: &Scenario,
        seed: u64,
        options: &mut Options<'_>,
    ) -> Result<Outcome, CaptureError> {
        let (keys, foresight) = (KeyAhead::new(scenario.crypto), Foresight::new(scenario, seed));
        let mut drive = |world: &mut World<'_, KeyAhead>, progress: &mut dyn FnMut(u8)| {
            self.run(world, (&keys, &foresight), progress);
        };
        run_ahead((name, seed), scenario, options, &keys, &mut drive)
    }

    /// Lets the world, whose algorithms are `keys`, go on to its end, and tells now and then how many percent of virtual time
    /// are over.
    pub fn run(
        &self,
        world: &mut World<'_, KeyAhead>,
        (keys, foresight): (&KeyAhead, &Foresight),
        progress: &mut dyn FnMut(u8),
    ) {
        loop {
            let wakes = world.wakes(AT_ONCE);
            if wakes.is_empty() {
                return pass(world, progress);
            }
            let mut chunks = wakes.chunks(BATCH).peekable();
            let mut requests = world.used_requests();
            let mut works = self
                .pool
                .install(|| compute(foresight, &wakes[..BATCH.min(wakes.len())], requests));
            while let Some(chunk) = chunks.next() {
                keys.add(core::mem::take(&mut works));
                let next = chunks.peek().copied();
                // Up to the wake that needs what is computed meanwhile.
                let until = next.map_or(chunk[chunk.len() - 1].at, |next| just_before(&next[0]));
                requests = world.used_requests() + chunk.len() as u64;
                let computed = Mutex::new(Vec::new());
                self.pool.in_place_scope(|scope| {
                    if let Some(next) = next {
                        let computed = &computed;
                        scope.spawn(move |_| {
                            let works = compute(foresight, next, requests);
                            *computed.lock().expect("nobody panics with it") = works;
                        });
                    }
                    world.step_until(until);
                });
                works = computed.into_inner().expect("nobody panicked with it");
                progress(percent(until, world.end()));
            }
        }
    }
}

fn percent(now: Instant, end: Instant) -> u8 {
    let percent = u128::from(now.micros()) * 100 / u128::from(end.micros().max(1));
    u8::try_from(percent).unwrap_or(100)
}

fn just_before(wake: &Wake) -> Instant {
    Instant::from_micros(wake.at.micros().saturating_sub(1))
}

/// The key work of those wakes. The gateway has used up so many requests when the first of them comes, if all goes well.
fn compute(foresight: &Foresight, wakes: &[Wake], requests: u64) -> Vec<KeyWork> {
    let keys = |(index, wake)| foresight.keys(wake, requests + index as u64);
    wakes.par_iter().enumerate().filter_map(keys).flatten_iter().collect()
}

#[cfg(test)]
mod tests;
