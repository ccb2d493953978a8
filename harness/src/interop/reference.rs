//! The first column: the reference responder, in virtual time.

use super::cases::Case;
use super::cell::{Counterpart, Ran, Run};
use super::sas::SaList;
use super::witness::Witness;
use anyhow::{Context, Result};
use core::time::Duration;
use ike_core::Instant;
use simulator::scenario::Scenario;
use simulator::{Both, Event, Keep, Observer, Recording, What, World, trace_line};

/// Its name among the gateways.
pub const NAME: &str = "reference";
/// What was sent last has arrived after this; the gateway's own timers are for later.
pub const GRACE: Duration = Duration::from_millis(200);

/// The gateway's own events, in place of a log.
#[derive(Default)]
struct Log(String);

impl Observer for Log {
    fn event(&mut self, event: &Event<'_>) {
        if matches!(event.what, What::Responder(_)) {
            self.0.push_str(&trace_line(event, &|number| number.to_string()));
            self.0.push('\n');
        }
    }
}

/// Runs a case.
///
/// # Errors
/// The case is wrong, or its capture cannot be written.
pub fn run(case: &Case) -> Result<Ran> {
    let scenario = case.scenario()?;
    let ladder = Keep::default().ladder(&scenario);
    let mut recording = Recording::new(&scenario, ladder, Keep::default());
    let mut witness = Witness::new(&scenario);
    let mut log = Log::default();
    let mut all = Both(&mut witness, &mut log);
    let mut observer = Both(&mut recording, &mut all);
    let mut world = World::new(&scenario, scenario.seed, &mut observer);
    let mut looks = Vec::new();
    let at = |since: Duration| Instant::default() + since;
    for look in &case.looks {
        world.step_until(at(look.at));
        looks.push(SaList::from(world.gateway_list()));
    }
    until_all_sleep(&mut world, &scenario);
    let last = SaList::from(world.gateway_list());
    world.step_until(at(scenario.duration));
    let standing = world.standing();
    drop(world);
    let raw = serde_json::to_string_pretty(&last).context("a list is plain data")?;
    let outcome = recording
        .outcome(&scenario, (&case.name, scenario.seed), &standing)
        .context("the capture")?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let (log, tape, trouble) = (log.0, None, Vec::new());
    let other = Counterpart::Nodes(witness);
    let run = Run { version, outcome, other, looks, last, raw, log, tape, trouble };
    Ok(Ran::Through(Box::new(run)))
}

/// Until all devices sleep for good and what they sent has arrived, or the run is over.
fn until_all_sleep(world: &mut World<'_>, scenario: &Scenario) {
    let end = Instant::default() + scenario.duration;
    while !world.sleeps_for_good() && world.next_time().is_some_and(|next| next <= end) {
        world.step();
    }
    let quiet = world.now() + GRACE;
    world.step_until(quiet.min(end));
}
