//! A column of a gateway in a container, at the pace of the clock.

use super::agenda::{Agenda, Told, list};
use super::cases::Case;
use super::cell::{Counterpart, Ran, Run};
use super::container::{self, LastWords, Started, TICK};
use super::witness::Witness;
use crate::gateways::{Plug, Running, Setting, orders};
use crate::outside::{self, Past};
use crate::{Pacer, Portal, Stop};
use anyhow::{Context, Result, ensure};
use core::time::Duration;
use ike_core::Instant;
use runner::Named;
use simulator::{Both, Keep, Recording, World};
use std::rc::Rc;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::LocalSet;

/// How long all devices must have slept before the gateway is asked for the last time.
const GRACE: Duration = Duration::from_millis(400);

/// Runs a case at an implementation.
///
/// # Errors
/// The case is wrong, Docker is not there, or somebody ended it.
pub async fn run(case: &Case, plug: &Plug, stop: &mut Stop) -> Result<Ran> {
    let overrides = case.overrides();
    let file = runner::workspace().join(case.file());
    let mut named = Named::read(&file, &overrides)?;
    named.name.clone_from(&case.name);
    outside::check(&named.scenario, false, true).with_context(|| case.name.clone())?;
    let setting = Setting::gateway(&named.scenario);
    let (mut portal, running) = match container::start(plug, &setting).await? {
        Started::Up(portal, running) => (portal, running),
        Started::Ended(ran) => return Ok(ran),
    };
    let cell = PluggedCell { case, named: &named, overrides: &overrides, running };
    LocalSet::new().run_until(cell.run(&mut portal, stop)).await
}

struct PluggedCell<'a> {
    case: &'a Case,
    named: &'a Named,
    overrides: &'a [(String, String)],
    running: Rc<Running>,
}

impl PluggedCell<'_> {
    async fn run(self, portal: &mut Portal, stop: &mut Stop) -> Result<Ran> {
        let scenario = &self.named.scenario;
        let keep = Keep::default();
        let commit = runner::commit();
        let mut recording = Recording::with_gateway_outside(scenario, keep.ladder(scenario), keep);
        let mut witness = Witness::new(scenario);
        let mut agenda = Agenda::new(self.case);
        let mut observer = Both(&mut recording, &mut witness);
        let (asks, mut asked) = unbounded_channel();
        let mut world = World::with_gateway_outside(scenario, scenario.seed, &mut observer);
        portal.drain();
        let mut pacer = Pacer::start(false, Some(asks));
        let end = Instant::default() + scenario.duration;
        let mut good_night = None;
        while world.now() < end && good_night.is_none_or(|at: Instant| world.now() < at + GRACE) {
            let tick = (world.now() + TICK).min(end);
            let next = agenda.next().map_or(tick, |at| at.clamp(world.now(), tick));
            ensure!(pacer.until(&mut world, next, portal, stop).await, "stopped before its end");
            while let Ok(ask) = asked.try_recv() {
                if let Some(command) = orders::line(scenario, &ask) {
                    agenda.command(world.now(), command);
                }
            }
            agenda.perform(world.now(), &self.running);
            good_night = world.sleeps_for_good().then(|| good_night.unwrap_or(world.now()));
        }
        let past = Past {
            crossings: world.crossings().to_vec(),
            standing: world.standing(),
            skipped: pacer.skipped(),
            commit,
        };
        drop(world);
        self.finish(past, recording, witness, agenda).await
    }

    /// Asks the gateway for the last time and puts all together.
    async fn finish(
        self,
        past: Past,
        recording: Recording,
        witness: Witness,
        agenda: Agenda,
    ) -> Result<Ran> {
        let told = agenda.answers().await;
        let LastWords { name, version, log, lists } = container::end(self.running).await;
        let (last, raw) = match lists {
            Ok(lists) => lists,
            Err(error) => return Ok(Ran::Broken { version, reason: format!("{error:#}"), log }),
        };
        if last.starts_with("unsupported: ") {
            // One side's word alone is no verdict.
            let reason = "it does not tell its SAs".to_owned();
            return Ok(Ran::Unsupported { version, reason, log });
        }
        let last = match list(&last) {
            Ok(last) => last,
            Err(error) => return Ok(Ran::Broken { version, reason: format!("{error:#}"), log }),
        };
        let (looks, trouble) = match told {
            Told::Lists { looks, trouble } => (looks, trouble),
            Told::Unsupported(reason) => return Ok(Ran::Unsupported { version, reason, log }),
        };
        let seed = self.named.scenario.seed;
        let (mut outcome, mut tape) = past.finish(self.named, self.overrides, seed, recording)?;
        outcome.report.tell_outside(&name, tape.skipped_us);
        tape.gateway = name;
        let tape = Some(tape.to_text());
        let other = Counterpart::Nodes(witness);
        let run = Run { version, outcome, other, looks, last, raw, log, tape, trouble };
        Ok(Ran::Through(Box::new(run)))
    }
}
